//! X11: the root window where the primary monitor shows it (`GetImage`), monitors by
//! RandR 1.5. One connection for each look.

use std::io::ErrorKind;

use x11rb::connection::Connection;
use x11rb::errors::{ConnectError, ReplyError};
use x11rb::protocol::randr::ConnectionExt as _;
use x11rb::protocol::xproto::{ConnectionExt as _, GetImageReply, ImageFormat, ImageOrder, Screen};
use x11rb::rust_connection::RustConnection;

use super::super::pixels::Layout;
use super::{Frame, Unseen};

/// Left, top, width and height, in pixels of the root window.
type Place = (i16, i16, u16, u16);

pub(super) fn grab() -> Result<Frame, Unseen> {
    let (connection, number) = x11rb::connect(None).map_err(unreachable)?;
    let screen = connection.setup().roots.get(number).ok_or(Unseen::NoDisplay)?;
    let (left, top, width, height) = primary(&connection, screen);
    let image = connection
        .get_image(ImageFormat::Z_PIXMAP, screen.root, left, top, width, height, u32::MAX)
        .map_err(ReplyError::from)
        .and_then(|asked| asked.reply())
        .map_err(|error| Unseen::Failed(format!("the X server gives no picture: {error}")))?;
    let (width, height) = (u32::from(width), u32::from(height));
    layout(&connection, screen, &image)
        .and_then(|layout| layout.to_rgba(&image.data, width as usize, height as usize))
        .map(|rgba| Frame { width, height, rgba })
        .ok_or_else(|| Unseen::Failed(format!("a screen of depth {} cannot be read", image.depth)))
}

/// A display whose server has gone is no display; one that turns us away is a fault.
fn unreachable(error: ConnectError) -> Unseen {
    if let ConnectError::IoError(io) = &error
        && matches!(io.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused)
    {
        return Unseen::NoDisplay;
    }
    Unseen::Failed(format!("the X server cannot be reached: {error}"))
}

/// The primary monitor, else the first, else (without RandR) all of the screen.
fn primary(connection: &RustConnection, screen: &Screen) -> Place {
    let asked = connection.randr_get_monitors(screen.root, true).map_err(ReplyError::from);
    let monitors = asked.and_then(|asked| asked.reply()).map(|r| r.monitors).unwrap_or_default();
    let primary = monitors.iter().find(|monitor| monitor.primary);
    primary
        .or_else(|| monitors.first())
        .map_or((0, 0, screen.width_in_pixels, screen.height_in_pixels), |monitor| {
            (monitor.x, monitor.y, monitor.width, monitor.height)
        })
}

fn layout(connection: &RustConnection, screen: &Screen, image: &GetImageReply) -> Option<Layout> {
    let setup = connection.setup();
    let format = setup.pixmap_formats.iter().find(|format| format.depth == image.depth)?;
    let mut visuals = screen.allowed_depths.iter().flat_map(|depth| &depth.visuals);
    let visual = visuals.find(|visual| visual.visual_id == image.visual)?;
    Some(Layout {
        bits: format.bits_per_pixel.into(),
        pad: format.scanline_pad.into(),
        low_first: setup.image_byte_order == ImageOrder::LSB_FIRST,
        masks: [visual.red_mask, visual.green_mask, visual.blue_mask],
    })
}
