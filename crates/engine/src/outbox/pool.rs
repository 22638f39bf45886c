//! Pictures that wait for their messages, shared between camera and lanes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use cafesentinel_domain::notify::{self, PictureId};

use crate::capture::{Picture, PictureState, Pictures};

/// The pool. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Pool(Arc<Mutex<Pictures>>);

impl Pool {
    fn lock(&self) -> MutexGuard<'_, Pictures> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It is being taken.
    pub fn expect(&self, id: PictureId) {
        self.lock().expect(id.0);
    }

    /// It is here, or could not be taken. What has to give way to it is forgotten, as what
    /// could not be taken is: their messages go without.
    pub fn settle(&self, id: PictureId, picture: Option<Picture>) {
        let mut pictures = self.lock();
        match picture {
            Some(picture) => {
                for gone in pictures.ready(id.0, picture) {
                    pictures.remove(gone);
                }
            }
            None => drop(pictures.remove(id.0)),
        }
    }

    pub(super) fn look(&self, id: PictureId) -> notify::Pictures {
        match self.lock().get(id.0) {
            Some(PictureState::Pending) => notify::Pictures::Pending,
            Some(PictureState::Ready(_)) => notify::Pictures::Ready,
            Some(PictureState::Failed(_) | PictureState::Dropped) | None => notify::Pictures::None,
        }
    }

    pub(super) fn get(&self, id: PictureId) -> Option<Bytes> {
        match self.lock().get(id.0) {
            Some(PictureState::Ready(picture)) => Some(picture.webp.clone()),
            Some(PictureState::Pending | PictureState::Failed(_) | PictureState::Dropped)
            | None => None,
        }
    }

    pub(super) fn forget(&self, id: PictureId) {
        self.lock().remove(id.0);
    }
}
