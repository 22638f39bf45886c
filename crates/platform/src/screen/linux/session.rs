//! What the environment and logind say of the session.

use std::process::{Command, Stdio};

/// Who shows the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Display {
    /// An X server.
    X11,
    /// A Wayland compositor.
    Wayland,
}

/// The display of the session whose variables these are. Beside a compositor there often
/// is an X server for old programs: its screen is black, so the compositor goes first.
pub(super) fn display(variable: impl Fn(&str) -> String) -> Option<Display> {
    let given = |name| !variable(name).is_empty();
    if given("WAYLAND_DISPLAY") {
        Some(Display::Wayland)
    } else if given("DISPLAY") {
        match variable("XDG_SESSION_TYPE").as_str() {
            "wayland" => Some(Display::Wayland),
            _ => Some(Display::X11),
        }
    } else {
        None
    }
}

/// Whether logind has been told that the session is locked. Screen lockers of desktops say
/// so; where nobody does, or there is no logind, it counts as not locked.
pub(super) fn is_locked(session: &str) -> bool {
    if session.is_empty() {
        return false;
    }
    let asked = Command::new("loginctl")
        .args(["show-session", "--property=LockedHint", "--value", "--", session])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    asked.is_ok_and(|told| told.status.success() && told.stdout.trim_ascii() == b"yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn display_of(variables: &[(&str, &str)]) -> Option<Display> {
        display(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned()).unwrap_or_default()
        })
    }

    #[test]
    fn the_compositor_goes_before_the_x_server_beside_it() {
        assert_eq!(display_of(&[]), None);
        assert_eq!(display_of(&[("DISPLAY", ""), ("XDG_SESSION_TYPE", "tty")]), None);
        assert_eq!(display_of(&[("DISPLAY", ":0")]), Some(Display::X11));
        let both = [("DISPLAY", ":0"), ("WAYLAND_DISPLAY", "wayland-0")];
        assert_eq!(display_of(&both), Some(Display::Wayland));
        let told = [("DISPLAY", ":0"), ("XDG_SESSION_TYPE", "wayland")];
        assert_eq!(display_of(&told), Some(Display::Wayland));
    }

    #[test]
    fn a_session_that_nobody_knows_is_not_locked() {
        assert!(!is_locked(""));
        assert!(!is_locked("no-such-session"));
    }
}
