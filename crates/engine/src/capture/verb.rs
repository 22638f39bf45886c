//! `cafesentinel-headless screenshot`: an owner sees what a notice would show.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use cafesentinel_platform::files;

use super::{Camera, CaptureError, Desktop, Picture, Screen, Settings};
use crate::clock::Clock;

/// What was asked for.
#[derive(Debug, Clone)]
pub struct Order {
    /// The WebP file to write.
    pub output: PathBuf,
    /// How the picture is made.
    pub settings: Settings,
}

/// What was done.
#[derive(Debug, Clone)]
pub struct Taken {
    /// What was written.
    pub picture: Picture,
    /// How long the capture and the encoding took.
    pub took: Duration,
}

/// Takes a picture of this computer's screen and writes it to the file that was named; it
/// is the one way by which a picture comes to lie in a file. Only this account can read it.
///
/// `privacy` is whether the installation's privacy mode is on: then the screen is not
/// looked at and no file is touched.
///
/// # Errors
/// A [`CaptureError`], with its code before the text; or the file cannot be written.
pub fn screenshot(order: &Order, privacy: bool) -> anyhow::Result<Taken> {
    take_from(|| Desktop, order, privacy)
}

fn take_from<S: Screen + 'static>(
    open: impl FnMut() -> S + Send + 'static,
    order: &Order,
    privacy: bool,
) -> anyhow::Result<Taken> {
    let camera = Camera::start(open, Clock::real())?;
    camera.set_privacy(privacy);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let began = Instant::now();
    let with_code = |error: CaptureError| anyhow::anyhow!("{}: {error}", error.code());
    let picture = runtime.block_on(camera.take(order.settings)).map_err(with_code)?;
    let took = began.elapsed();
    write(order, &picture)
        .with_context(|| format!("{} cannot be written", order.output.display()))?;
    Ok(Taken { picture, took })
}

fn write(order: &Order, picture: &Picture) -> std::io::Result<()> {
    let mut file = File::create(&order.output)?;
    // Before there is anything to be read in it.
    files::restrict_to_owner(&order.output)?;
    file.write_all(&picture.webp)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::super::Simulated;
    use super::super::decoded::Decoded;
    use super::*;

    fn order(folder: &std::path::Path) -> Order {
        let settings = Settings { resize_ratio: 0.5, quality: 80 };
        Order { output: folder.join("screen.webp"), settings }
    }

    #[test]
    fn the_picture_lies_in_the_file_that_was_named() {
        let folder = tempfile::tempdir().unwrap();
        let order = order(folder.path());
        let taken = take_from(|| Simulated::new(Clock::real()), &order, false).unwrap();
        let image = Decoded::new(&std::fs::read(&order.output).unwrap());
        assert_eq!((image.width, image.height), (640, 360));
        assert_eq!((taken.picture.width, taken.picture.height), (640, 360));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "and nothing beside it");
    }

    #[test]
    fn in_privacy_mode_there_is_neither_picture_nor_file() {
        let folder = tempfile::tempdir().unwrap();
        let order = order(folder.path());
        let error = take_from(|| Simulated::new(Clock::real()), &order, true).unwrap_err();
        assert_eq!(error.to_string(), "privacy: privacy mode is on");
        assert!(!order.output.exists());
    }

    #[test]
    fn a_file_that_cannot_be_written_is_named() {
        let order = order(std::path::Path::new("/no/such/folder"));
        let error = take_from(|| Simulated::new(Clock::real()), &order, false).unwrap_err();
        assert!(error.to_string().contains("cannot be written"), "{error:#}");
    }
}
