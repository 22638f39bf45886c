//! From pixels to a WebP that is small enough to be sent.

use bytes::Bytes;
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use webp::{Encoder, WebPConfig};

use super::{CaptureError, Frame, Picture, Settings};

/// How hard libwebp tries (0–6). Measured at 1920×1080 and quality 80: 2 takes half of the
/// time of 4 (79 of 164 ms for a desktop, 114 of 228 ms for a game) for 1.4 and 3.6 % more
/// bytes; 1 saves little more time and costs 18 %.
const METHOD: i32 = 2;
/// The longest side that WebP can have (RFC 9649).
const LONGEST: u32 = 16_383;
/// Each try has at most 0.8 of the sides of the one before: at the last one, a picture has
/// a 300th of its pixels.
const TRIES: usize = 14;

/// Makes a picture of `frame` that is smaller than or equal to `max_bytes`: by Lanczos in
/// the size that `settings` ask for, and smaller still until it fits.
///
/// # Errors
/// [`CaptureError::Failed`]: the frame has no pixels or too few bytes, memory is short, or
/// no size fits.
pub fn encode(
    frame: &Frame,
    settings: Settings,
    max_bytes: usize,
) -> Result<Picture, CaptureError> {
    let pixels = frame.width as usize * frame.height as usize;
    if pixels == 0 || frame.rgba.len() != pixels * 4 {
        return Err(failed("the screen gave fewer pixels than it has"));
    }
    let largest = (f64::from(LONGEST) / f64::from(frame.width.max(frame.height))).min(1.0);
    // What is no number is as small as can be.
    let mut ratio = settings.resize_ratio.max(0.0).min(largest);
    for _ in 0..TRIES {
        let picture = squeeze(frame, ratio, settings.quality)?;
        if picture.webp.len() <= max_bytes {
            return Ok(picture);
        }
        // Bytes go nearly with the area; the rest is for what does not shrink with it.
        let fitting = (max_bytes as f64 / picture.webp.len() as f64).sqrt() * 0.95;
        ratio *= fitting.min(0.8);
    }
    Err(CaptureError::Failed(format!("no size of the picture fits into {max_bytes} bytes")))
}

fn squeeze(frame: &Frame, ratio: f64, quality: u8) -> Result<Picture, CaptureError> {
    let scale = |side: u32| ((f64::from(side) * ratio).round() as u32).max(1);
    let (width, height) = (scale(frame.width), scale(frame.height));
    if (width, height) == (frame.width, frame.height) {
        return webp(&frame.rgba, width, height, quality);
    }
    webp(resize(frame, width, height)?.buffer(), width, height, quality)
}

fn failed(error: impl std::fmt::Display) -> CaptureError {
    CaptureError::Failed(error.to_string())
}

fn resize(frame: &Frame, width: u32, height: u32) -> Result<Image<'static>, CaptureError> {
    let source = ImageRef::new(frame.width, frame.height, &frame.rgba, PixelType::U8x4);
    let mut smaller = Image::new(width, height, PixelType::U8x4);
    let lanczos = ResizeAlg::Convolution(FilterType::Lanczos3);
    // Nothing on a screen is transparent: the fourth byte is 255 everywhere.
    let options = ResizeOptions::new().resize_alg(lanczos).use_alpha(false);
    Resizer::new().resize(&source.map_err(failed)?, &mut smaller, &options).map_err(failed)?;
    Ok(smaller)
}

fn webp(rgba: &[u8], width: u32, height: u32, quality: u8) -> Result<Picture, CaptureError> {
    let mut config = WebPConfig::new().map_err(|()| failed("libwebp does not start"))?;
    config.quality = f32::from(quality.clamp(1, 100));
    config.method = METHOD;
    let encoded = Encoder::from_rgba(rgba, width, height).encode_advanced(&config);
    let encoded = encoded.map_err(|error| failed(format!("libwebp: {error:?}")))?;
    Ok(Picture { webp: Bytes::copy_from_slice(&encoded), width, height })
}

#[cfg(test)]
mod tests {
    use super::super::decoded::Decoded;
    use super::*;

    const FULL: Settings = Settings { resize_ratio: 1.0, quality: 80 };

    /// Four quarters: red, green, blue, white.
    fn card(width: u32, height: u32) -> Frame {
        let color = |x, y| match (x < width / 2, y < height / 2) {
            (true, true) => [255, 0, 0, 255],
            (false, true) => [0, 255, 0, 255],
            (true, false) => [0, 0, 255, 255],
            (false, false) => [255, 255, 255, 255],
        };
        let rgba = (0..height).flat_map(|y| (0..width).flat_map(move |x| color(x, y))).collect();
        Frame { width, height, rgba }
    }

    /// What no encoder can make small.
    fn noise(width: u32, height: u32) -> Frame {
        let mut state = 0x9e37_79b9_u32;
        let mut rgba = Vec::new();
        for _ in 0..width * height {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            let [red, green, blue, _] = state.to_le_bytes();
            rgba.extend([red, green, blue, 255]);
        }
        Frame { width, height, rgba }
    }

    fn decode(picture: &Picture) -> Decoded {
        let image = Decoded::new(&picture.webp);
        assert_eq!((image.width, image.height), (picture.width, picture.height));
        image
    }

    #[track_caller]
    fn assert_near(image: &Decoded, x: u32, y: u32, wanted: [u8; 3]) {
        let found = image.at(x, y);
        let near = |i: usize| found[i].abs_diff(wanted[i]) <= 12;
        assert!((0..3).all(near), "at {x},{y}: {found:?} instead of {wanted:?}");
    }

    #[test]
    fn colours_and_sizes_are_right_at_every_ratio() {
        for (ratio, width, height) in [(1.0, 320, 200), (0.5, 160, 100), (0.1, 32, 20)] {
            let settings = Settings { resize_ratio: ratio, quality: 80 };
            let picture = encode(&card(320, 200), settings, usize::MAX).unwrap();
            assert_eq!((picture.width, picture.height), (width, height));
            let image = decode(&picture);
            let (left, right) = (width / 4, width * 3 / 4);
            let (top, bottom) = (height / 4, height * 3 / 4);
            assert_near(&image, left, top, [255, 0, 0]);
            assert_near(&image, right, top, [0, 255, 0]);
            assert_near(&image, left, bottom, [0, 0, 255]);
            assert_near(&image, right, bottom, [255, 255, 255]);
        }
    }

    #[test]
    fn less_quality_is_fewer_bytes() {
        let bytes = |quality| {
            let settings = Settings { resize_ratio: 1.0, quality };
            encode(&noise(100, 100), settings, usize::MAX).unwrap().webp.len()
        };
        assert!(bytes(1) < bytes(50) && bytes(50) < bytes(80) && bytes(80) < bytes(100));
    }

    #[test]
    fn what_is_too_large_is_made_smaller_until_it_fits_and_no_smaller_than_that() {
        let frame = noise(300, 200);
        let whole = encode(&frame, FULL, usize::MAX).unwrap();
        for max in [whole.webp.len() - 1, whole.webp.len() / 2, whole.webp.len() / 20] {
            let picture = encode(&frame, FULL, max).unwrap();
            assert!(picture.webp.len() <= max, "{picture:?} for {max}");
            assert!(picture.webp.len() * 4 >= max, "{picture:?} for {max}");
            decode(&picture);
        }
    }

    #[test]
    fn what_cannot_be_a_picture_fails_in_words() {
        let failed = |frame: &Frame, settings, max| {
            matches!(encode(frame, settings, max), Err(CaptureError::Failed(_)))
        };
        assert!(failed(&card(64, 64), FULL, 10), "no WebP has 10 bytes");
        let short = Frame { width: 10, height: 10, rgba: vec![0; 399] };
        let half = Settings { resize_ratio: 0.5, quality: 80 };
        assert!(failed(&short, FULL, usize::MAX) && failed(&short, half, usize::MAX));
        let none = Frame { width: 0, height: 0, rgba: Vec::new() };
        assert!(failed(&none, FULL, usize::MAX) && failed(&none, half, usize::MAX));
    }

    #[test]
    fn the_smallest_ratio_of_the_smallest_screen_is_a_pixel_and_a_wall_of_screens_fits() {
        let tenth = Settings { resize_ratio: 0.1, quality: 80 };
        let picture = encode(&card(2, 2), tenth, usize::MAX).unwrap();
        assert_eq!((picture.width, picture.height), (1, 1));
        let odd = Settings { resize_ratio: f64::NAN, quality: 0 };
        assert!(encode(&card(8, 8), odd, usize::MAX).is_ok());
        let wide = encode(&card(20_000, 4), FULL, usize::MAX).unwrap();
        assert_eq!(wide.width, 16_383);
    }
}
