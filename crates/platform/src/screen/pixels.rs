//! From a display's way of storing pixels to red, green, blue, 255.

/// How a display stores pixels (X11: the visual and the pixmap format; Windows: as asked).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    /// Of a pixel: 16, 24 or 32.
    pub(super) bits: usize,
    /// A row is filled up to a multiple of this many bits: 8, 16 or 32.
    pub(super) pad: usize,
    /// Whether a pixel's lowest byte comes first.
    pub(super) low_first: bool,
    /// Where red, green and blue lie in a pixel.
    pub(super) masks: [u32; 3],
}

impl Layout {
    /// Blue, green, red and a byte of nothing: what nearly every display has.
    pub(super) const BGRX: Layout = Layout {
        bits: 32,
        pad: 32,
        low_first: true,
        masks: [0x00ff_0000, 0x0000_ff00, 0x0000_00ff],
    };

    /// Bytes of a row.
    fn stride(&self, width: usize) -> usize {
        (width * self.bits).next_multiple_of(self.pad) / 8
    }

    /// The picture as `width * height * 4` bytes; nothing if the layout is none that can be
    /// read, or data are missing.
    pub(super) fn to_rgba(self, data: &[u8], width: usize, height: usize) -> Option<Vec<u8>> {
        let known = matches!(self.bits, 16 | 24 | 32) && matches!(self.pad, 8 | 16 | 32);
        if !known || self.masks.contains(&0) || width == 0 || height == 0 {
            return None;
        }
        let (stride, bytes) = (self.stride(width), self.bits / 8);
        let mut rgba = Vec::with_capacity(width * height * 4);
        for row in data.get(..stride * height)?.chunks_exact(stride) {
            let pixels = row.get(..width * bytes)?.chunks_exact(bytes);
            if self == Self::BGRX {
                rgba.extend(pixels.flat_map(|p| [p[2], p[1], p[0], 255]));
            } else {
                rgba.extend(pixels.flat_map(|p| self.pixel(p)));
            }
        }
        Some(rgba)
    }

    fn pixel(&self, bytes: &[u8]) -> [u8; 4] {
        let join = |pixel: u32, byte: &u8| pixel << 8 | u32::from(*byte);
        let pixel = match self.low_first {
            true => bytes.iter().rev().fold(0, join),
            false => bytes.iter().fold(0, join),
        };
        let [red, green, blue] = self.masks.map(|mask| {
            let top = u64::from(mask >> mask.trailing_zeros());
            let part = u64::from((pixel & mask) >> mask.trailing_zeros());
            // The top of a channel is white, whatever its bits: 31 of 31 is 255.
            u8::try_from((part * 255 + top / 2) / top).unwrap_or(255)
        });
        [red, green, blue, 255]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_layout_and_the_general_way_agree() {
        let data: Vec<u8> = (0..=255).cycle().take(7 * 3 * 4).collect();
        let fast = Layout::BGRX.to_rgba(&data, 7, 3).unwrap();
        let slow: Vec<u8> = data.chunks(4).flat_map(|p| Layout::BGRX.pixel(p)).collect();
        assert_eq!(fast, slow);
        assert_eq!(fast[..4], [2, 1, 0, 255]);
    }

    #[test]
    fn sixteen_bits_are_stretched_and_the_padding_of_a_row_is_skipped() {
        let layout = Layout { bits: 16, masks: [0xf800, 0x07e0, 0x001f], ..Layout::BGRX };
        // One pixel and two bytes of padding on each row: white, then pure green.
        let data = [0xff, 0xff, 9, 9, 0xe0, 0x07, 9, 9];
        let rgba = layout.to_rgba(&data, 1, 2).unwrap();
        assert_eq!(rgba, [255, 255, 255, 255, 0, 255, 0, 255]);
    }

    #[test]
    fn thirty_bits_and_the_other_byte_order_are_read() {
        let deep = Layout { masks: [0x3ff0_0000, 0x000f_fc00, 0x0000_03ff], ..Layout::BGRX };
        let half = (512u32 << 20 | 1023 << 10).to_le_bytes();
        assert_eq!(deep.to_rgba(&half, 1, 1).unwrap(), [128, 255, 0, 255]);
        let high_first = Layout { bits: 24, low_first: false, ..Layout::BGRX };
        assert_eq!(high_first.to_rgba(&[1, 2, 3, 0], 1, 1).unwrap(), [1, 2, 3, 255]);
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        assert_eq!(Layout { bits: 8, ..Layout::BGRX }.to_rgba(&[0; 64], 1, 1), None);
        assert_eq!(Layout { masks: [0, 1, 2], ..Layout::BGRX }.to_rgba(&[0; 64], 1, 1), None);
        assert_eq!(Layout::BGRX.to_rgba(&[0; 15], 2, 2), None, "a byte is missing");
        assert_eq!(Layout::BGRX.to_rgba(&[], 0, 0), None);
    }
}
