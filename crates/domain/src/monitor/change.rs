//! What changes around the machine: sleep, and another configuration.

use std::time::Duration;

use super::{Monitor, settle};
use crate::config::Config;
use crate::event::{EndReason, Event, Gap, Target};
use crate::link::Link;
use crate::time::Moment;

impl Monitor {
    pub(super) fn wake(&mut self, asleep: Duration, now: Moment) {
        // The time asleep belongs to no state.
        let fell_asleep = now.at(now.tick - asleep);
        if fell_asleep.tick > self.accounted.tick {
            self.clock_states(fell_asleep);
        }
        self.accounted = now;
        let gap = Gap { from: fell_asleep.utc, to: now.utc };
        self.ledger.write_off();
        self.unasked.clear();
        self.next_slice = None;
        self.neighbours.write_off();
        self.falls.clear();
        self.occupancy.woke(fell_asleep, now);
        self.book.unobserved(gap);
        for link in self.links.iter_mut().flatten() {
            link.woke(now);
        }
        self.next_beat = now.tick;
        self.tell(Event::Unobserved { gap }, now);
        self.complete_beats(now);
    }

    /// The configuration was changed while the program did not run: an incident of a target
    /// that is gone, or has another address by now, will not end by itself.
    pub(super) fn close_unwatched(&mut self, last_alive: Moment, now: Moment) {
        for target in Target::ALL {
            if !self.link(target).is_some_and(Link::seen) {
                let cause = settle::cause_of(target);
                self.book.close(cause, last_alive, EndReason::NoLongerWatched, now);
            }
        }
    }

    pub(super) fn reconfigure(&mut self, config: Config, now: Moment) {
        self.account(now);
        let old = std::mem::replace(&mut self.config, config);
        if self.config.monitor.interval != old.monitor.interval {
            self.next_beat = self.next_beat.min(now.tick + self.config.monitor.interval);
        }
        for target in Target::ALL {
            let wanted = self.host_of(target);
            let present = self.link(target).map(|l| l.host().clone());
            if wanted != present {
                self.book.close(settle::cause_of(target), now, EndReason::NoLongerWatched, now);
                self.released[target.index()] = None;
                self.links[target.index()] =
                    wanted.map(|host| self.new_link(target, &host, false, None, now));
            }
        }
        if let Some(link) = &mut self.links[Target::Internet.index()] {
            link.replace_secondary(&self.config.verification.secondary_target);
        }
        let seats = self.config.monitor.seats.clone();
        self.seats.configure(&seats, now);
        self.forget_unasked();
        self.configure_stays(now);
        let exists = &self.seats;
        self.neighbours.reconsider(|key| exists.get(key).is_some());
        let changed = old.changes(&self.config);
        self.tell(Event::ConfigChanged { changed }, now);
        self.settle(now);
    }
}
