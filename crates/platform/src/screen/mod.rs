//! What is on the screen now: the primary monitor, as pixels in memory.
//!
//! First it is found out whether there is anything to see: a display at all, and a session
//! that is not locked. Only then is the display asked. Everything that was opened is closed
//! again before a call returns, so that a display that came, went or was started anew is
//! met as it is.
//!
//! No picture ever lies in a file on the way. That is why a Wayland desktop is not asked:
//! its portal answers with the name of a file.

#[cfg_attr(unix, path = "linux/mod.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod os;
mod pixels;

use std::fmt;

/// What was on a monitor at one moment.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// Pixels of a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Red, green, blue and 255 for each pixel, row by row from the top left:
    /// `width * height * 4` bytes.
    pub rgba: Vec<u8>,
}

impl fmt::Debug for Frame {
    /// Without the pixels: what was on the screen is nobody's business in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame({}x{})", self.width, self.height)
    }
}

/// Why nothing was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unseen {
    /// There is no display: a server without one, a service, nobody logged in.
    NoDisplay,
    /// The session is locked, or the system shows a desktop of its own (a question of the
    /// user account control).
    Locked,
    /// Something else, in words.
    Failed(String),
}

/// Looks at the primary monitor; where none is called primary, at the first one.
///
/// Linux: X11, by `DISPLAY` and the cookies of `XAUTHORITY`, and not Wayland. Locked by
/// logind's `LockedHint` of the session `XDG_SESSION_ID`. Windows: GDI, in physical pixels, of the desktop that takes
/// the input. The mouse pointer is not in the picture.
///
/// It takes some milliseconds, but a display that hangs makes it hang.
///
/// # Errors
/// See [`Unseen`].
pub fn grab() -> Result<Frame, Unseen> {
    os::grab()
}
