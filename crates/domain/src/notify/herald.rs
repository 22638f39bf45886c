//! From events to notices: who is told what, and when.

use std::collections::VecDeque;

use super::batch::{Batch, BatchEntry};
use super::{Channel, Notice, Outgoing, PictureId};
use crate::config::Config;
use crate::event::{Event, Incident, IncidentChange, SessionChange, Stamped};
use crate::time::{Moment, Tick, Utc};

/// Names shown of a group that fell; the whole number is told besides.
const SEATS_SHOWN: usize = 30;
/// Changed keys shown; the whole number is told besides.
const KEYS_SHOWN: usize = 30;

/// What is to be stored, in the transaction of the event that caused it.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// A notice for its channel.
    Notice(Outgoing),
    /// A change of a session that waits for company.
    Hold(BatchEntry),
    /// What waited is told (or will not be): forget it.
    Release,
}

/// What the herald is told besides the event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beside {
    /// Seats active now.
    pub(crate) active: u32,
    /// The picture being taken as evidence.
    pub(crate) picture: Option<PictureId>,
}

/// The herald. See the module.
#[derive(Debug, Default)]
pub struct Herald {
    batch: Batch,
    out: VecDeque<Told>,
}

impl Herald {
    /// Begins with what waited when the last run ended.
    #[must_use]
    pub fn restored(batch: Vec<BatchEntry>, now: Moment) -> Herald {
        Herald { batch: Batch::restored(batch, now), out: VecDeque::new() }
    }

    /// Takes an event.
    pub(crate) fn hear(&mut self, told: &Stamped, beside: Beside, config: &Config, now: Moment) {
        let at = told.at;
        match &told.event {
            Event::Incident { change, incident } => {
                self.incident(*change, incident, beside, at, config);
            }
            Event::SeatGroupLost { seats, online_before, start } => {
                let notice = Notice::SeatsLost {
                    seats: seats.iter().take(SEATS_SHOWN).cloned().collect(),
                    lost: count(seats.len()),
                    online_before: *online_before,
                    start: *start,
                };
                self.tell(Channel::Alerts, at, notice, config);
            }
            Event::Session { change, session } => {
                let news = match change {
                    SessionChange::Started | SessionChange::Ended => true,
                    SessionChange::Resumed => false,
                };
                if news && Channel::Occupancy.is_on(config) {
                    let entry = BatchEntry { change: *change, session: session.clone() };
                    self.out.push_back(Told::Hold(entry.clone()));
                    self.batch.add(entry, now);
                }
            }
            Event::HourlySnapshot { hour, online, total } => {
                let notice = Notice::HourlySnapshot { hour: *hour, online: *online, total: *total };
                self.tell(Channel::Occupancy, at, notice, config);
            }
            Event::Privacy { on, until } => {
                let notice = Notice::PrivacySwitched { on: *on, until: *until };
                self.tell(Channel::Alerts, at, notice, config);
            }
            Event::ConfigChanged { changed } => {
                if !changed.is_empty() {
                    let notice = Notice::ConfigChanged {
                        changed: changed.iter().take(KEYS_SHOWN).cloned().collect(),
                        count: count(changed.len()),
                    };
                    self.tell(Channel::Alerts, at, notice, config);
                }
            }
            Event::Started { .. }
            | Event::Unobserved { .. }
            | Event::Link { .. }
            | Event::Warning { .. }
            | Event::Jitter { .. }
            | Event::ShortStay { .. }
            | Event::Frozen { .. }
            // Not of the machine: told where they happen, see `Outgoing::of_security`.
            | Event::LockedOut { .. }
            | Event::Tampering { .. } => {}
        }
    }

    /// A routine picture is there.
    pub(crate) fn routine(&mut self, picture: PictureId, config: &Config, now: Moment) {
        self.tell(Channel::Screenshots, now.utc, Notice::RoutinePicture { picture }, config);
    }

    /// The evidence of an incident is there.
    pub(crate) fn evidence(
        &mut self,
        picture: PictureId,
        incident: &Incident,
        config: &Config,
        now: Moment,
    ) {
        let notice = Notice::EvidencePicture {
            picture,
            incident: incident.id,
            cause: incident.cause,
            start: incident.start,
        };
        self.tell(Channel::Screenshots, now.utc, notice, config);
    }

    fn incident(
        &mut self,
        change: IncidentChange,
        incident: &Incident,
        beside: Beside,
        at: Utc,
        config: &Config,
    ) {
        // The outages within an unstable incident are counted silently.
        if incident.part_of.is_some() {
            return;
        }
        let incident = incident.clone();
        let notice = match change {
            IncidentChange::Opened => Notice::OutageBegan { incident },
            IncidentChange::Closed => {
                Notice::OutageOver { incident, active: beside.active, picture: beside.picture }
            }
            IncidentChange::Resumed
            | IncidentChange::Held
            | IncidentChange::Released
            | IncidentChange::Counted
            | IncidentChange::Merged => return,
        };
        self.tell(Channel::Alerts, at, notice, config);
    }

    /// The batch is due, or nobody is to be told of it any more.
    pub(crate) fn advance(&mut self, config: &Config, now: Moment) {
        if self.batch.is_empty() {
            return;
        }
        if !Channel::Occupancy.is_on(config) {
            self.batch.clear();
            self.out.push_back(Told::Release);
        } else if self.next_deadline(config).is_some_and(|due| due <= now.tick) {
            for notice in self.batch.take() {
                self.tell(Channel::Occupancy, now.utc, notice, config);
            }
            self.out.push_back(Told::Release);
        }
    }

    /// When the batch is due.
    pub(crate) fn next_deadline(&self, config: &Config) -> Option<Tick> {
        self.batch.began().map(|began| began + config.occupancy.batch_delay)
    }

    /// The next thing to store.
    pub(crate) fn poll(&mut self) -> Option<Told> {
        self.out.pop_front()
    }

    fn tell(&mut self, channel: Channel, at: Utc, notice: Notice, config: &Config) {
        if channel.is_on(config) {
            self.out.push_back(Told::Notice(Outgoing { channel, at, notice }));
        }
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
