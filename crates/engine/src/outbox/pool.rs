//! Pictures that wait for their messages, shared between camera and lanes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use cafesentinel_domain::notify::{PictureId, Pictures};

/// The pool. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Pool(Arc<Mutex<BTreeMap<PictureId, Option<Bytes>>>>);

impl Pool {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<PictureId, Option<Bytes>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn look(&self, id: PictureId) -> Pictures {
        match self.lock().get(&id) {
            Some(None) => Pictures::Pending,
            Some(Some(_)) => Pictures::Ready,
            None => Pictures::None,
        }
    }

    pub(super) fn get(&self, id: PictureId) -> Option<Bytes> {
        self.lock().get(&id).cloned().flatten()
    }

    /// Forgets what no notice wants any more.
    pub(super) fn release(&self, wanted: &[PictureId]) {
        self.lock().retain(|id, there| there.is_none() || wanted.contains(id));
    }
}
