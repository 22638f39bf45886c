//! The pictures that wait for their notice to be delivered.
//!
//! They wait in memory only, and there is room for a few: the oldest gives way to the
//! newest. A notice goes whatever became of its picture, so that is remembered until the
//! notice is done with.

use std::collections::{BTreeMap, VecDeque};

use super::{CaptureCode, Picture};

/// Bytes of all pictures together: 16 MiB.
pub const BOUND: usize = 16 << 20;

/// What became of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PictureState {
    /// It is being taken.
    Pending,
    /// Here it is.
    Ready(Picture),
    /// It could not be taken.
    Failed(CaptureCode),
    /// It had to give way to newer ones.
    Dropped,
}

/// Pictures by a key of the caller's, such as the number of a notice.
///
/// ```text
///   expect ──▶ Pending ──ready──▶ Ready ──newer ones──▶ Dropped
///                 └──────failed──▶ Failed                        remove: forgotten
/// ```
#[derive(Debug)]
pub struct Pictures {
    states: BTreeMap<u64, PictureState>,
    /// The keys of those that are ready, the oldest first.
    order: VecDeque<u64>,
    bytes: usize,
    bound: usize,
}

impl Default for Pictures {
    fn default() -> Self {
        Pictures::bounded(BOUND)
    }
}

impl Pictures {
    /// Room for so many bytes.
    #[must_use]
    pub fn bounded(bound: usize) -> Pictures {
        Pictures { states: BTreeMap::new(), order: VecDeque::new(), bytes: 0, bound }
    }

    /// A picture is being taken. What was there under this key is forgotten.
    pub fn expect(&mut self, key: u64) {
        self.put(key, PictureState::Pending);
    }

    /// A picture is here, expected or not; it is the newest. Gives back the keys of those
    /// that had to give way, the oldest first; among them is its own if it is larger than
    /// all the room there is.
    pub fn ready(&mut self, key: u64, picture: Picture) -> Vec<u64> {
        self.bytes += picture.webp.len();
        self.put(key, PictureState::Ready(picture));
        self.order.push_back(key);
        let mut dropped = Vec::new();
        while self.bytes > self.bound
            && let Some(oldest) = self.order.front().copied()
        {
            self.put(oldest, PictureState::Dropped);
            dropped.push(oldest);
        }
        dropped
    }

    /// A picture could not be taken.
    pub fn failed(&mut self, key: u64, code: CaptureCode) {
        self.put(key, PictureState::Failed(code));
    }

    /// What became of it; nothing if it was never expected, for instance before a restart.
    #[must_use]
    pub fn get(&self, key: u64) -> Option<&PictureState> {
        self.states.get(&key)
    }

    /// Its notice is done with.
    pub fn remove(&mut self, key: u64) -> Option<PictureState> {
        let state = self.states.remove(&key)?;
        self.release(key, &state);
        Some(state)
    }

    /// Privacy: forgets the pixels of every picture, not what became of them. Gives back
    /// the keys, the oldest first.
    pub fn drop_all(&mut self) -> Vec<u64> {
        let dropped: Vec<u64> = self.order.iter().copied().collect();
        for &key in &dropped {
            self.put(key, PictureState::Dropped);
        }
        dropped
    }

    /// Bytes of the pictures that are here.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn put(&mut self, key: u64, state: PictureState) {
        if let Some(before) = self.states.insert(key, state) {
            self.release(key, &before);
        }
    }

    fn release(&mut self, key: u64, state: &PictureState) {
        if let PictureState::Ready(picture) = state {
            self.bytes -= picture.webp.len();
            self.order.retain(|&other| other != key);
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    fn picture(bytes: usize) -> Picture {
        Picture { webp: Bytes::from(vec![0; bytes]), width: 1, height: 1 }
    }

    #[test]
    fn the_oldest_give_way_to_the_newest() {
        let mut pictures = Pictures::bounded(100);
        pictures.expect(1);
        assert_eq!(pictures.get(1), Some(&PictureState::Pending));
        assert!(pictures.ready(2, picture(40)).is_empty());
        assert!(pictures.ready(1, picture(60)).is_empty(), "just full");
        // By when they came, not by their numbers.
        assert_eq!(pictures.ready(3, picture(41)), [2, 1]);
        assert_eq!(pictures.get(2), Some(&PictureState::Dropped));
        assert_eq!(pictures.bytes(), 41);
        assert_eq!(pictures.remove(3), Some(PictureState::Ready(picture(41))));
        assert_eq!((pictures.bytes(), pictures.get(3)), (0, None));
        assert_eq!(pictures.remove(3), None);
    }

    #[test]
    fn one_that_is_larger_than_all_the_room_is_not_kept() {
        let mut pictures = Pictures::bounded(100);
        pictures.ready(1, picture(10));
        assert_eq!(pictures.ready(2, picture(101)), [1, 2]);
        assert_eq!((pictures.bytes(), pictures.get(2)), (0, Some(&PictureState::Dropped)));
    }

    #[test]
    fn a_failure_says_which_and_privacy_leaves_no_pixels() {
        let mut pictures = Pictures::default();
        pictures.failed(1, CaptureCode::Locked);
        pictures.ready(2, picture(10));
        pictures.expect(3);
        assert_eq!(pictures.drop_all(), [2]);
        assert_eq!(pictures.bytes(), 0);
        assert_eq!(pictures.get(1), Some(&PictureState::Failed(CaptureCode::Locked)));
        assert_eq!(pictures.get(2), Some(&PictureState::Dropped));
        assert_eq!(pictures.get(3), Some(&PictureState::Pending));
    }

    #[derive(Debug, Clone)]
    enum Act {
        Expect(u64),
        Ready(u64, usize),
        Fail(u64),
        Remove(u64),
        DropAll,
    }

    fn act() -> impl Strategy<Value = Act> {
        let key = 0u64..12;
        prop_oneof![
            3 => key.clone().prop_map(Act::Expect),
            6 => (key.clone(), 0usize..70).prop_map(|(key, bytes)| Act::Ready(key, bytes)),
            1 => key.clone().prop_map(Act::Fail),
            2 => key.prop_map(Act::Remove),
            1 => Just(Act::DropAll),
        ]
    }

    proptest! {
        #[test]
        fn there_is_never_more_than_the_bound_and_only_the_oldest_give_way(
            acts in prop::collection::vec(act(), 0..60),
        ) {
            let mut pictures = Pictures::bounded(100);
            // Those that are ready, the oldest first, the plain way.
            let mut model: Vec<(u64, usize)> = Vec::new();
            for act in acts {
                match act {
                    Act::Expect(key) => {
                        pictures.expect(key);
                        model.retain(|(k, _)| *k != key);
                        prop_assert_eq!(pictures.get(key), Some(&PictureState::Pending));
                    }
                    Act::Fail(key) => {
                        pictures.failed(key, CaptureCode::Failed);
                        model.retain(|(k, _)| *k != key);
                    }
                    Act::Remove(key) => {
                        pictures.remove(key);
                        model.retain(|(k, _)| *k != key);
                        prop_assert_eq!(pictures.get(key), None);
                    }
                    Act::DropAll => {
                        let keys: Vec<u64> = model.drain(..).map(|(key, _)| key).collect();
                        prop_assert_eq!(pictures.drop_all(), keys);
                    }
                    Act::Ready(key, bytes) => {
                        let dropped = pictures.ready(key, picture(bytes));
                        model.retain(|(k, _)| *k != key);
                        model.push((key, bytes));
                        let sum = |model: &[(u64, usize)]| -> usize {
                            model.iter().map(|(_, bytes)| bytes).sum()
                        };
                        let mut wanted = Vec::new();
                        while sum(&model) > 100 {
                            wanted.push(model.remove(0).0);
                        }
                        prop_assert_eq!(&dropped, &wanted);
                        for key in dropped {
                            prop_assert_eq!(pictures.get(key), Some(&PictureState::Dropped));
                        }
                    }
                }
                let bytes: usize = model.iter().map(|(_, bytes)| bytes).sum();
                prop_assert!(pictures.bytes() <= 100);
                prop_assert_eq!(pictures.bytes(), bytes);
                for (key, bytes) in &model {
                    let kept = pictures.get(*key);
                    let right = matches!(kept, Some(PictureState::Ready(p)) if p.webp.len() == *bytes);
                    prop_assert!(right);
                }
            }
        }
    }
}
