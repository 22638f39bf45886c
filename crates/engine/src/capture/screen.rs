//! What can be looked at.

use cafesentinel_platform::screen::{self, Unseen};

use super::{CaptureError, Frame};

/// Something that can be looked at. It lives on the camera's thread, which may wait for it.
pub trait Screen: Send {
    /// What is to be seen now.
    ///
    /// # Errors
    /// Why nothing is to be seen.
    fn grab(&mut self) -> Result<Frame, CaptureError>;
}

/// The primary monitor of this computer.
#[derive(Debug, Clone, Copy, Default)]
pub struct Desktop;

impl Screen for Desktop {
    fn grab(&mut self) -> Result<Frame, CaptureError> {
        screen::grab().map_err(|unseen| match unseen {
            Unseen::NoDisplay => CaptureError::NoDisplay,
            Unseen::Locked => CaptureError::Locked,
            Unseen::Failed(why) => CaptureError::Failed(why),
        })
    }
}
