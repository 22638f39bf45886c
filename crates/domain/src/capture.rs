//! When the screen is pictured, and when never: routine, evidence, privacy.
//!
//! Pictures are numbered over all runs by the wall clock at the start, so that a notice of
//! an earlier run never finds a picture of this one.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::config::Config;
use crate::event::Incident;
use crate::notify::{Channel, PictureId};
use crate::time::{Moment, Tick, Utc};

/// After a capture that failed.
const TRY_AGAIN: Duration = Duration::from_secs(60);

/// What a picture is for.
#[derive(Debug, Clone, PartialEq)]
pub enum Purpose {
    /// The owner wants one now and then.
    Routine,
    /// This outage is over.
    Evidence(Box<Incident>),
}

/// A picture to be taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Capture {
    /// Its number.
    pub id: PictureId,
    /// Size relative to the screen, 0.1–1.0.
    pub resize_ratio: f64,
    /// WebP quality, 1–100.
    pub quality: u32,
}

/// The privacy mode as shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct PrivacyView {
    /// No picture is taken.
    pub on: bool,
    /// Since when it is as it is; none where it was never switched.
    pub since: Option<Utc>,
    /// When it ends by itself.
    pub until: Option<Utc>,
}

/// What an earlier run left of the privacy mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Privacy {
    /// Whether it is on.
    pub on: bool,
    /// Since when.
    pub since: Utc,
    /// When it ends by itself.
    pub until: Option<Moment>,
}

/// The photographer: decides, and never holds a camera.
#[derive(Debug)]
pub(crate) struct Photographer {
    next_id: u64,
    /// From here the interval counts.
    last: Tick,
    try_again: Option<Tick>,
    pending: BTreeMap<PictureId, Purpose>,
    privacy: Option<Privacy>,
}

impl Photographer {
    pub(crate) fn start(privacy: Option<Privacy>, now: Moment) -> Photographer {
        Photographer {
            next_id: u64::try_from(now.utc.0).unwrap_or(0).saturating_mul(1000),
            last: now.tick,
            try_again: None,
            pending: BTreeMap::new(),
            privacy,
        }
    }

    pub(crate) fn is_private(&self) -> bool {
        self.privacy.is_some_and(|p| p.on)
    }

    pub(crate) fn privacy(&self) -> PrivacyView {
        match self.privacy {
            None => PrivacyView::default(),
            Some(p) => {
                PrivacyView { on: p.on, since: Some(p.since), until: p.until.map(|m| m.utc) }
            }
        }
    }

    /// Switches the privacy mode. Says whether that changed anything.
    pub(crate) fn switch(&mut self, on: bool, until: Option<Moment>, now: Moment) -> bool {
        let until = until.filter(|_| on);
        if self.is_private() == on && self.privacy.and_then(|p| p.until) == until {
            return false;
        }
        if on {
            // What is being taken at this moment is not wanted any more.
            self.pending.clear();
            self.try_again = None;
        } else {
            self.last = now.tick;
        }
        self.privacy = Some(Privacy { on, since: now.utc, until });
        true
    }

    /// The privacy mode ends by itself.
    pub(crate) fn privacy_is_over(&self, now: Tick) -> bool {
        self.privacy.is_some_and(|p| p.on && p.until.is_some_and(|until| until.tick <= now))
    }

    /// A picture for the end of an outage, where one is wanted.
    pub(crate) fn evidence(&mut self, incident: &Incident, config: &Config) -> Option<Capture> {
        let wanted = Channel::Alerts.is_on(config) || Channel::Screenshots.is_on(config);
        if !wanted || !config.screenshot.enabled || self.is_private() {
            return None;
        }
        Some(self.take(Purpose::Evidence(Box::new(incident.clone())), config))
    }

    /// A routine picture, if one is due.
    pub(crate) fn routine(&mut self, config: &Config, now: Tick) -> Option<Capture> {
        self.next_routine(config).filter(|due| *due <= now)?;
        self.last = now;
        self.try_again = None;
        Some(self.take(Purpose::Routine, config))
    }

    fn take(&mut self, purpose: Purpose, config: &Config) -> Capture {
        let id = PictureId(self.next_id);
        self.next_id += 1;
        self.pending.insert(id, purpose);
        let s = &config.screenshot;
        Capture { id, resize_ratio: s.resize_ratio, quality: s.quality }
    }

    /// A picture is there, or could not be taken. What it was for, if it is still wanted.
    pub(crate) fn taken(&mut self, id: PictureId, there: bool, now: Tick) -> Option<Purpose> {
        let purpose = self.pending.remove(&id)?;
        match (&purpose, there) {
            (Purpose::Routine, false) => {
                self.try_again = Some(now + TRY_AGAIN);
                None
            }
            (Purpose::Evidence(_), false) => None,
            (Purpose::Routine | Purpose::Evidence(_), true) => Some(purpose),
        }
    }

    fn next_routine(&self, config: &Config) -> Option<Tick> {
        let on = config.screenshot.enabled && Channel::Screenshots.is_on(config);
        if !on || self.is_private() || self.pending.values().any(|p| *p == Purpose::Routine) {
            return None;
        }
        Some(self.try_again.unwrap_or(self.last + config.screenshot.interval))
    }

    pub(crate) fn next_deadline(&self, config: &Config) -> Option<Tick> {
        let privacy = self.privacy.filter(|p| p.on).and_then(|p| p.until).map(|m| m.tick);
        self.next_routine(config).into_iter().chain(privacy).min()
    }
}
