//! Between the machine, which says when, and the camera: pictures are asked for, taken off
//! the beat, and put where the outbox finds them.

use std::sync::Arc;
use std::sync::mpsc::Sender;

use cafesentinel_domain::capture::Capture;
use cafesentinel_domain::monitor::Input;
use cafesentinel_domain::view::SiteView;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;

use crate::capture::{Camera, Settings};
use crate::driver::Message;
use crate::outbox::{Outbox, Pool};

/// The driver's end. A picture counts as on its way from the moment it is asked for, so
/// that no message overtakes it.
#[derive(Debug, Clone)]
pub struct Photographs {
    orders: UnboundedSender<Capture>,
    pool: Pool,
}

impl Photographs {
    /// The driver's end, and the orders.
    #[must_use]
    pub fn open(pool: Pool) -> (Photographs, UnboundedReceiver<Capture>) {
        let (orders, queue) = unbounded_channel();
        (Photographs { orders, pool }, queue)
    }

    /// Asks for a picture. False if there is nobody to take it.
    #[must_use]
    pub fn ask(&self, capture: Capture) -> bool {
        self.pool.expect(capture.id);
        let asked = self.orders.send(capture).is_ok();
        if !asked {
            self.pool.settle(capture.id, None);
        }
        asked
    }
}

/// Takes what is asked for, one after the other.
pub(super) async fn take(
    camera: Camera,
    mut queue: UnboundedReceiver<Capture>,
    pool: Pool,
    outbox: Outbox,
    inputs: Sender<Message>,
) {
    while let Some(Capture { id, resize_ratio, quality }) = queue.recv().await {
        let quality = u8::try_from(quality.min(100)).unwrap_or(100);
        // The camera logs what goes wrong with it.
        let picture = camera.take(Settings { resize_ratio, quality }).await.ok();
        let there = picture.is_some();
        pool.settle(id, picture);
        let captured = vec![Input::Captured { id, there }];
        if inputs.send(Message::Inputs(captured)).is_err() {
            return;
        }
        outbox.look();
    }
}

/// The camera follows the privacy mode.
pub(super) async fn follow_privacy(camera: Camera, mut view: watch::Receiver<Arc<SiteView>>) {
    while view.changed().await.is_ok() {
        camera.set_privacy(view.borrow_and_update().privacy.on);
    }
}
