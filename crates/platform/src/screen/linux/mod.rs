//! Linux: which display the session has, whether it is locked, and the way to its pixels.

mod session;
mod x11;

use super::{Frame, Unseen};
use session::Display;

/// The portal of a Wayland desktop writes the picture to a file and tells its name; the
/// other way needs PipeWire, also on machines that have no display at all.
const WAYLAND: &str = "a Wayland desktop gives pictures away in files only, which is against \
                       the privacy of the café: log in to an X11 session";

pub(super) fn grab() -> Result<Frame, Unseen> {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let display = session::display(variable).ok_or(Unseen::NoDisplay)?;
    if session::is_locked(&variable("XDG_SESSION_ID")) {
        return Err(Unseen::Locked);
    }
    match display {
        Display::X11 => x11::grab(),
        Display::Wayland => Err(Unseen::Failed(WAYLAND.to_owned())),
    }
}
