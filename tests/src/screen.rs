//! A screen to take pictures of: an X server without a monitor, a test card on it, and what
//! a picture of it must show.
#![allow(clippy::expect_used, clippy::missing_panics_doc, clippy::print_stdout)] // of tests

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use image_webp::WebPDecoder;
use x11rb::connection::Connection;
use x11rb::protocol::randr::{ConnectionExt as _, MonitorInfo};
use x11rb::protocol::xproto::{
    ChangeWindowAttributesAux, ConnectionExt as _, CreateGCAux, Gcontext, Pixmap, Rectangle, Screen,
};
use x11rb::rust_connection::RustConnection;

/// Red, green and blue.
pub type Color = [u8; 3];
/// Left above, right above, left below, right below.
pub const CARD: [Color; 4] = [[220, 30, 30], [30, 170, 60], [40, 70, 220], [240, 240, 240]];
/// What is shown around the card.
const ELSEWHERE: Color = [90, 90, 90];
/// Left, top, width, height.
pub type Place = (i16, i16, u16, u16);

/// Whether an X server can be had. Where it cannot, a test says so, and under CI fails.
#[must_use]
pub fn require_xvfb() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|folder| folder.join("Xvfb").is_file()) {
        return true;
    }
    assert!(std::env::var_os("CI").is_none(), "needs Xvfb, and CI must not skip it");
    println!("SKIPPED: needs Xvfb");
    false
}

/// An X server with one screen; dropped, it ends.
#[derive(Debug)]
pub struct Xvfb {
    server: Child,
    /// Its name, like `:1`.
    pub display: String,
}

impl Xvfb {
    /// Starts one; `screen` is its size and depth, like `640x480x24`.
    #[must_use]
    pub fn start(screen: &str) -> Xvfb {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", screen, "-noreset", "-nolisten", "tcp"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb starts");
        let mut number = String::new();
        let told = server.stdout.take().expect("a pipe");
        // It writes its number when it can be reached.
        BufReader::new(told).read_line(&mut number).expect("the display's number");
        let xvfb = Xvfb { server, display: format!(":{}", number.trim()) };
        assert!(xvfb.display.len() > 1, "Xvfb gave no display with {screen}");
        xvfb
    }

    /// Shows the card at a place of the screen, and grey everywhere else.
    pub fn show_card(&self, place: impl FnOnce(&Painter) -> Place) {
        let painter = Painter::open(&self.display);
        let place = place(&painter);
        painter.show(place);
    }
}

impl Drop for Xvfb {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Paints on the root window.
pub struct Painter {
    connection: RustConnection,
    /// The screen.
    pub screen: Screen,
}

impl Painter {
    /// Connects to a display.
    #[must_use]
    pub fn open(display: &str) -> Painter {
        let (connection, number) = x11rb::connect(Some(display)).expect("Xvfb can be reached");
        let screen = connection.setup().roots.get(number).expect("a screen").clone();
        Painter { connection, screen }
    }

    /// Shows the card there.
    pub fn show(&self, (left, top, width, height): Place) {
        let (connection, screen) = (&self.connection, &self.screen);
        let all = (0, 0, screen.width_in_pixels, screen.height_in_pixels);
        let pixmap: Pixmap = connection.generate_id().expect("an id");
        connection
            .create_pixmap(screen.root_depth, pixmap, screen.root, all.2, all.3)
            .expect("a pixmap");
        let gc: Gcontext = connection.generate_id().expect("an id");
        connection.create_gc(gc, pixmap, &CreateGCAux::new()).expect("a context");
        self.fill(pixmap, gc, all, ELSEWHERE);
        let (half_width, half_height) = (width / 2, height / 2);
        for (quarter, color) in CARD.into_iter().enumerate() {
            let x = left + if quarter % 2 == 1 { half_width.cast_signed() } else { 0 };
            let y = top + if quarter / 2 == 1 { half_height.cast_signed() } else { 0 };
            self.fill(pixmap, gc, (x, y, half_width, half_height), color);
        }
        let background = ChangeWindowAttributesAux::new().background_pixmap(pixmap);
        connection.change_window_attributes(screen.root, &background).expect("a background");
        connection.clear_area(false, screen.root, 0, 0, 0, 0).expect("cleared");
        // An answer says that all before it is done.
        connection.get_input_focus().expect("asked").reply().expect("an answer");
    }

    fn fill(&self, pixmap: Pixmap, gc: Gcontext, place: Place, color: Color) {
        let (x, y, width, height) = place;
        let [red, green, blue] = color.map(u32::from);
        let pixel = match self.screen.root_depth {
            16 => (red >> 3) << 11 | (green >> 2) << 5 | blue >> 3,
            _ => red << 16 | green << 8 | blue,
        };
        let paint = x11rb::protocol::xproto::ChangeGCAux::new().foreground(pixel);
        self.connection.change_gc(gc, &paint).expect("a colour");
        let rectangle = Rectangle { x, y, width, height };
        self.connection.poly_fill_rectangle(pixmap, gc, &[rectangle]).expect("painted");
    }

    /// Declares a monitor.
    pub fn monitor(&self, name: &str, primary: bool, (x, y, width, height): Place) {
        let atom = self.connection.intern_atom(false, name.as_bytes()).expect("asked");
        let name = atom.reply().expect("an atom").atom;
        let monitor = MonitorInfo {
            name,
            primary,
            x,
            y,
            width,
            height,
            width_in_millimeters: 300,
            height_in_millimeters: 200,
            ..MonitorInfo::default()
        };
        let set = self.connection.randr_set_monitor(self.screen.root, monitor).expect("asked");
        set.check().expect("a monitor");
    }
}

/// A picture read by another implementation than the one that wrote it.
#[derive(Debug)]
pub struct Picture {
    /// Width and height.
    pub size: (u32, u32),
    rgb: Vec<u8>,
}

impl Picture {
    /// Reads a WebP.
    #[must_use]
    pub fn decode(webp: &[u8]) -> Picture {
        let mut decoder = WebPDecoder::new(std::io::Cursor::new(webp)).expect("a WebP");
        assert!(!decoder.has_alpha(), "nothing on a screen is transparent");
        let mut rgb = vec![0; decoder.output_buffer_size().expect("a size")];
        decoder.read_image(&mut rgb).expect("a whole picture");
        Picture { size: decoder.dimensions(), rgb }
    }

    /// The colour of a pixel.
    #[must_use]
    pub fn at(&self, x: u32, y: u32) -> Color {
        let start = (y * self.size.0 + x) as usize * 3;
        [self.rgb[start], self.rgb[start + 1], self.rgb[start + 2]]
    }
}

/// Panics unless the whole picture is the card, within so much per colour.
#[track_caller]
pub fn assert_card(image: &Picture, tolerance: u8) {
    let (width, height) = image.size;
    let places = [(1, 1), (3, 1), (1, 3), (3, 3)];
    for ((x, y), wanted) in places.into_iter().zip(CARD) {
        // In the middle of the quarter and near its corners.
        for (dx, dy) in [(0, 0), (-1, -1), (1, -1), (-1, 1), (1, 1)] {
            let near = |part: u32, side: u32, to: i32| {
                let middle = i64::from(side * part / 4);
                u32::try_from(middle + i64::from(to) * i64::from(side / 4 - 8)).expect("inside")
            };
            let (x, y) = (near(x, width, dx), near(y, height, dy));
            let found = image.at(x, y);
            let right = (0..3).all(|i| found[i].abs_diff(wanted[i]) <= tolerance);
            assert!(right, "at {x},{y}: {found:?} instead of {wanted:?}");
        }
    }
}
