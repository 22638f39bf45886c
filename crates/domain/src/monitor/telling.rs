//! From what happened to what is told and pictured.

use std::time::Duration;

use super::Monitor;
use super::io::Output;
use crate::capture::{PrivacyView, Purpose};
use crate::event::{EndReason, Event, IncidentChange, Stamped};
use crate::notify::{Beside, PictureId};
use crate::time::Moment;

impl Monitor {
    /// Gives an event out, and the notices that follow from it, in the same turn.
    pub(super) fn tell(&mut self, event: Event, now: Moment) {
        let picture = self.picture_of(&event);
        // While nobody can be seen, those whose sessions run are taken to be there.
        let active = self.seats.online().max(self.occupancy.running());
        let stamped = Stamped { at: now.utc, event };
        self.herald.hear(&stamped, Beside { active, picture }, &self.config, now);
        self.out.push_back(Output::Event(stamped));
        self.give_out_notices();
    }

    /// Evidence is wanted of an outage that is over and was told for itself.
    fn picture_of(&mut self, event: &Event) -> Option<PictureId> {
        let Event::Incident { change: IncidentChange::Closed, incident } = event else {
            return None;
        };
        if incident.part_of.is_some() || incident.end_reason != Some(EndReason::Restored) {
            return None;
        }
        let capture = self.photographer.evidence(incident, &self.config)?;
        self.out.push_back(Output::Capture(capture));
        Some(capture.id)
    }

    /// A picture is there, or could not be taken.
    pub(super) fn picture_taken(&mut self, id: PictureId, there: bool, now: Moment) {
        match self.photographer.taken(id, there, now.tick) {
            Some(Purpose::Routine) => self.herald.routine(id, &self.config, now),
            Some(Purpose::Evidence(incident)) => {
                self.herald.evidence(id, &incident, &self.config, now);
            }
            None => {}
        }
        self.give_out_notices();
    }

    pub(super) fn switch_privacy(&mut self, on: bool, lasts: Option<Duration>, now: Moment) {
        let until = lasts.filter(|_| on).map(|lasts| now.at(now.tick + lasts));
        if self.photographer.switch(on, until, now) {
            self.tell(Event::Privacy { on, until: until.map(|m| m.utc) }, now);
        }
    }

    /// What is due: gathered changes, a routine picture, the end of the privacy mode.
    pub(super) fn tell_due(&mut self, now: Moment) {
        if self.photographer.privacy_is_over(now.tick) {
            self.switch_privacy(false, None, now);
        }
        if let Some(capture) = self.photographer.routine(&self.config, now.tick) {
            self.out.push_back(Output::Capture(capture));
        }
        self.herald.advance(&self.config, now);
        self.give_out_notices();
    }

    fn give_out_notices(&mut self) {
        while let Some(told) = self.herald.poll() {
            self.out.push_back(Output::Told(told));
        }
    }

    /// The privacy mode.
    pub(super) fn privacy(&self) -> PrivacyView {
        self.photographer.privacy()
    }
}
