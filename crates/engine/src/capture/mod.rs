//! Pictures of the screen, from the pixels to the WebP that waits to be sent.
//!
//! In the order of life: a [`Screen`] is looked at (the [`Desktop`] of this computer, or
//! the [`Simulated`] one of the demo), the picture is made smaller and squeezed
//! ([`encode`]), all of it on one thread that the [`Camera`] owns; then it waits among the
//! [`Pictures`] until its notice is delivered. Nothing here ever writes a file, and nothing
//! here waits for the network.
//!
//! While privacy mode is on ([`Camera::set_privacy`]), the screen is not looked at, and a
//! picture that was being made when it was switched on is thrown away.

mod camera;
#[cfg(test)]
mod decoded;
mod encode;
mod pool;
mod screen;
mod simulated;
pub mod verb;

use bytes::Bytes;
use cafesentinel_domain::config::ScreenshotSettings;
use serde::Serialize;

pub use cafesentinel_platform::screen::Frame;
pub use camera::{Camera, CameraState, Condition, PATIENCE, QUEUE};
pub use encode::encode;
pub use pool::{BOUND, PictureState, Pictures};
pub use screen::{Desktop, Screen};
pub use simulated::Simulated;

/// The largest attachment that Discord takes from a webhook: 10 MiB.
pub const MAX_BYTES: usize = 10 << 20;

/// How a picture is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Size relative to the screen, 0.1–1.0 (`screenshot_settings.resize_ratio`).
    pub resize_ratio: f64,
    /// WebP quality, 1–100 (`screenshot_settings.quality`).
    pub quality: u8,
}

impl From<&ScreenshotSettings> for Settings {
    fn from(config: &ScreenshotSettings) -> Settings {
        let quality = u8::try_from(config.quality.min(100)).unwrap_or(100);
        Settings { resize_ratio: config.resize_ratio, quality }
    }
}

/// A picture, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// The WebP file's bytes; clones share them.
    pub webp: Bytes,
    /// Pixels of a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl std::fmt::Debug for Picture {
    /// Without the bytes: what was on the screen is nobody's business in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({}x{}, {} bytes)", self.width, self.height, self.webp.len())
    }
}

/// Why there is no picture. The codes are contract, the texts are not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaptureError {
    /// A state rather than a fault: a server without a screen, a service, nobody logged in.
    #[error("there is no display to take a picture of")]
    NoDisplay,
    /// The session is locked.
    #[error("the screen is locked")]
    Locked,
    /// Privacy mode is on.
    #[error("privacy mode is on")]
    Privacy,
    /// Too many are asking at once.
    #[error("too many pictures are being asked for at once")]
    Busy,
    /// Anything else, in words.
    #[error("the screen could not be captured: {0}")]
    Failed(String),
}

impl CaptureError {
    /// The word for programs.
    #[must_use]
    pub fn code(&self) -> CaptureCode {
        match self {
            CaptureError::NoDisplay => CaptureCode::NoDisplay,
            CaptureError::Locked => CaptureCode::Locked,
            CaptureError::Privacy => CaptureCode::Privacy,
            CaptureError::Busy => CaptureCode::Busy,
            CaptureError::Failed(_) => CaptureCode::Failed,
        }
    }
}

/// [`CaptureError`] without its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptureCode {
    /// `no_display`
    NoDisplay,
    /// `locked`
    Locked,
    /// `privacy`
    Privacy,
    /// `busy`
    Busy,
    /// `failed`
    Failed,
}

impl CaptureCode {
    /// As it is written in JSON and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            CaptureCode::NoDisplay => "no_display",
            CaptureCode::Locked => "locked",
            CaptureCode::Privacy => "privacy",
            CaptureCode::Busy => "busy",
            CaptureCode::Failed => "failed",
        }
    }
}

impl std::fmt::Display for CaptureCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_the_same_in_json_and_in_text() {
        let all = [
            CaptureError::NoDisplay,
            CaptureError::Locked,
            CaptureError::Privacy,
            CaptureError::Busy,
            CaptureError::Failed("x".to_owned()),
        ];
        for error in all {
            let code = error.code();
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }

    #[test]
    fn a_picture_does_not_show_itself_in_a_log() {
        let picture = Picture { webp: Bytes::from_static(b"secret"), width: 4, height: 3 };
        assert_eq!(format!("{picture:?}"), "Picture(4x3, 6 bytes)");
        let frame = Frame { width: 1, height: 1, rgba: vec![7; 4] };
        assert_eq!(format!("{frame:?}"), "Frame(1x1)");
    }
}
