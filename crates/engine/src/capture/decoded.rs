//! For tests: a WebP read by another implementation than the one that wrote it.

use std::io::Cursor;

use image_webp::WebPDecoder;

/// A picture without transparency.
pub(super) struct Decoded {
    pub(super) width: u32,
    pub(super) height: u32,
    rgb: Vec<u8>,
}

impl Decoded {
    pub(super) fn new(webp: &[u8]) -> Decoded {
        let mut decoder = WebPDecoder::new(Cursor::new(webp)).expect("a WebP");
        assert!(!decoder.has_alpha(), "nothing on a screen is transparent");
        let (width, height) = decoder.dimensions();
        let mut rgb = vec![0; decoder.output_buffer_size().expect("a size")];
        decoder.read_image(&mut rgb).expect("a whole picture");
        Decoded { width, height, rgb }
    }

    pub(super) fn at(&self, x: u32, y: u32) -> [u8; 3] {
        let start = (y * self.width + x) as usize * 3;
        [self.rgb[start], self.rgb[start + 1], self.rgb[start + 2]]
    }
}
