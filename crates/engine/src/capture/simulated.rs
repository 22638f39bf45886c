//! The screen of the demo: a painted desktop that says that it is one, with the time of
//! the demo's café in the corner. The real screen is never looked at for it.

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil::Time};

use super::{CaptureError, Frame, Screen};
use crate::clock::Clock;

const WIDTH: u32 = 1280;
const HEIGHT: u32 = 720;
const BAR: u32 = 48;

type Color = [u8; 3];
const INK: Color = [232, 238, 247];
const TASK_BAR: Color = [17, 24, 39];
const WINDOW: Color = [248, 250, 252];
const LINE: Color = [203, 213, 225];
const TITLES: [Color; 3] = [[37, 99, 235], [5, 150, 105], [217, 119, 6]];

/// A painted desktop of 1280×720.
#[derive(Debug, Clone, Copy)]
pub struct Simulated {
    clock: Clock,
}

impl Simulated {
    /// Shows the time of this clock.
    #[must_use]
    pub fn new(clock: Clock) -> Simulated {
        Simulated { clock }
    }
}

impl Screen for Simulated {
    fn grab(&mut self) -> Result<Frame, CaptureError> {
        let at = Timestamp::from_millisecond(self.clock.now().utc.0).unwrap_or_default();
        Ok(paint(at.to_zoned(TimeZone::system()).time()))
    }
}

fn paint(time: Time) -> Frame {
    let mut canvas = Canvas::new();
    let minute =
        u32::from(time.hour().unsigned_abs()) * 60 + u32::from(time.minute().unsigned_abs());
    for (place, title) in (0u32..).zip(TITLES) {
        // The windows wander, so that two pictures of a day differ.
        let left = 60 + (place * 400 + minute * 7) % 720;
        let top = 60 + (place * 130 + minute * 3) % 200;
        canvas.fill(left, top, 460, 320, WINDOW);
        canvas.fill(left, top, 460, 36, title);
        for line in 0..7 {
            let length = 400 - (line * 53 + place * 90) % 200;
            canvas.fill(left + 24, top + 64 + line * 34, length, 12, LINE);
        }
    }
    canvas.text(WIDTH / 2 - 15 * 18 / 2, HEIGHT - BAR - 120, 18, "DEMO");
    canvas.fill(0, HEIGHT - BAR, WIDTH, BAR, TASK_BAR);
    canvas.text(WIDTH - 110, HEIGHT - BAR + 12, 5, &time.strftime("%H:%M").to_string());
    Frame { width: WIDTH, height: HEIGHT, rgba: canvas.0 }
}

/// Red, green, blue, 255, row by row.
struct Canvas(Vec<u8>);

impl Canvas {
    /// A sky that gets darker to the bottom.
    fn new() -> Canvas {
        let shade = |y: u32, from: u32, to: u32| {
            u8::try_from(from - (from - to) * y / HEIGHT).unwrap_or(u8::MAX)
        };
        let row = |y| [shade(y, 96, 24), shade(y, 150, 52), shade(y, 210, 110), 255];
        Canvas((0..HEIGHT).map(|y| row(y).repeat(WIDTH as usize)).collect::<Vec<_>>().concat())
    }

    /// A rectangle; what would lie outside is left out.
    fn fill(&mut self, left: u32, top: u32, width: u32, height: u32, color: Color) {
        let (right, bottom) = ((left + width).min(WIDTH), (top + height).min(HEIGHT));
        let [red, green, blue] = color;
        let row = [red, green, blue, 255].repeat(right.saturating_sub(left) as usize);
        for y in top..bottom {
            let start = (y * WIDTH + left.min(right)) as usize * 4;
            self.0[start..start + row.len()].copy_from_slice(&row);
        }
    }

    /// Letters of 3 by 5 dots, each dot `size` pixels wide, one dot between two letters.
    fn text(&mut self, left: u32, top: u32, size: u32, text: &str) {
        for (place, rows) in (0u32..).zip(text.chars().map(glyph)) {
            for (y, row) in (0u32..).zip(rows) {
                for x in (0..3).filter(|x| row & (0b100 >> x) != 0) {
                    self.fill(left + (place * 4 + x) * size, top + y * size, size, size, INK);
                }
            }
        }
    }
}

/// The rows of a letter, from the top; three bits each.
fn glyph(letter: char) -> [u8; 5] {
    match letter {
        '0' | 'O' => [0b111, 0b101, 0b101, 0b101, 0b111],
        '1' => [0b010, 0b110, 0b010, 0b010, 0b111],
        '2' => [0b111, 0b001, 0b111, 0b100, 0b111],
        '3' => [0b111, 0b001, 0b111, 0b001, 0b111],
        '4' => [0b101, 0b101, 0b111, 0b001, 0b001],
        '5' => [0b111, 0b100, 0b111, 0b001, 0b111],
        '6' => [0b111, 0b100, 0b111, 0b101, 0b111],
        '7' => [0b111, 0b001, 0b010, 0b010, 0b010],
        '8' => [0b111, 0b101, 0b111, 0b101, 0b111],
        '9' => [0b111, 0b101, 0b111, 0b001, 0b111],
        ':' => [0b000, 0b010, 0b000, 0b010, 0b000],
        'D' => [0b110, 0b101, 0b101, 0b101, 0b110],
        'E' => [0b111, 0b100, 0b110, 0b100, 0b111],
        'M' => [0b101, 0b111, 0b111, 0b101, 0b101],
        _ => [0; 5],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(frame: &Frame, x: u32, y: u32) -> Color {
        let start = (y * frame.width + x) as usize * 4;
        [frame.rgba[start], frame.rgba[start + 1], frame.rgba[start + 2]]
    }

    #[test]
    fn it_says_that_it_is_a_demo_and_shows_the_time() {
        let morning = paint(Time::constant(9, 41, 0, 0));
        assert_eq!(
            (morning.width, morning.height, morning.rgba.len()),
            (1280, 720, 1280 * 720 * 4)
        );
        // The D's upright, and the hole beside it.
        let (left, top) = (WIDTH / 2 - 135, HEIGHT - BAR - 120);
        assert_eq!(at(&morning, left + 9, top + 45), INK);
        assert_ne!(at(&morning, left + 27, top + 45), INK);
        assert_eq!(at(&morning, 4, HEIGHT - 4), TASK_BAR);
        assert_ne!(morning, paint(Time::constant(9, 42, 0, 0)), "no minute is like another");
        assert!(morning.rgba.chunks(4).all(|pixel| pixel[3] == 255));
    }

    #[test]
    fn every_minute_of_the_day_can_be_painted() {
        for minute in (0..1440i16).step_by(37) {
            let time = Time::constant(0, 0, 0, 0);
            let hour = i8::try_from(minute / 60).unwrap();
            let minute = i8::try_from(minute % 60).unwrap();
            paint(time.with().hour(hour).minute(minute).build().unwrap());
        }
    }
}
