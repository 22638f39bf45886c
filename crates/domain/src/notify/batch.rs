//! Sessions that begin and end within some seconds are told together.
//!
//! What waits here is stored with the event that brought it, and taken from there again
//! after a restart, so that a crash loses no name.

use serde::{Deserialize, Serialize};

use super::Notice;
use crate::event::{Session, SessionChange};
use crate::time::{Moment, Tick};

/// Room for the lines of one message: Discord takes 4096 characters of description.
const ROOM: usize = 3800;

/// A session that ended, as told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionLine {
    /// Name of the seat.
    pub seat: String,
    /// How long it lasted, in milliseconds.
    pub duration_ms: i64,
}

/// A change of a session that waits for company.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BatchEntry {
    /// Whether it began or ended.
    pub change: SessionChange,
    /// The record.
    pub session: Session,
}

/// What waits, and until when.
#[derive(Debug, Default)]
pub(super) struct Batch {
    entries: Vec<BatchEntry>,
    first: Option<Moment>,
}

impl Batch {
    pub(super) fn restored(entries: Vec<BatchEntry>, now: Moment) -> Batch {
        let first = (!entries.is_empty()).then_some(now);
        Batch { entries, first }
    }

    pub(super) fn add(&mut self, entry: BatchEntry, now: Moment) {
        self.first = self.first.or(Some(now));
        self.entries.push(entry);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The first change, from which the delay counts.
    pub(super) fn began(&self) -> Option<Tick> {
        self.first.map(|m| m.tick)
    }

    pub(super) fn clear(&mut self) {
        *self = Batch::default();
    }

    /// Everything that waits, as messages: starts first, then ends, each in the order in
    /// which they happened and every seat by name.
    pub(super) fn take(&mut self) -> Vec<Notice> {
        self.first = None;
        let mut seats = Vec::new();
        let mut sessions = Vec::new();
        for entry in self.entries.drain(..) {
            match entry.change {
                SessionChange::Started | SessionChange::Resumed => seats.push(entry.session.seat),
                SessionChange::Ended => sessions.push(SessionLine {
                    seat: entry.session.seat,
                    duration_ms: entry.session.duration_ms.unwrap_or(0),
                }),
            }
        }
        let started = u32::try_from(seats.len()).unwrap_or(u32::MAX);
        let ended = u32::try_from(sessions.len()).unwrap_or(u32::MAX);
        let starts = split(seats, |seat| width(seat))
            .into_iter()
            .map(|seats| Notice::SessionsStarted { seats, count: started });
        let ends = split(sessions, |line| width(&line.seat) + 16)
            .into_iter()
            .map(|sessions| Notice::SessionsEnded { sessions, count: ended });
        starts.chain(ends).collect()
    }
}

/// The most room that a name can take on its line, every character escaped.
fn width(name: &str) -> usize {
    2 * name.chars().count() + 4
}

fn split<T>(all: Vec<T>, width: impl Fn(&T) -> usize) -> Vec<Vec<T>> {
    let mut pages: Vec<Vec<T>> = Vec::new();
    let mut used = ROOM;
    for one in all {
        let wanted = width(&one);
        match pages.last_mut() {
            Some(page) if used + wanted <= ROOM => {
                used += wanted;
                page.push(one);
            }
            Some(_) | None => {
                used = wanted;
                pages.push(vec![one]);
            }
        }
    }
    pages
}
