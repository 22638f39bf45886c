//! The read model, and the sentence at the top.

use serde_json::{Map, Value, json};

use super::Monitor;
use super::seats::Seat;
use crate::event::{Cause, IncidentKind, LinkState, Reason, Target};
use crate::headline::{Headline, HeadlineCode};
use crate::incident::Phase;
use crate::occupancy::Standing;
use crate::time::{Moment, Utc};
use crate::view::{Explanation, OpenIncidentView, SeatView, SiteView, Stay, TargetView};

fn ms(rtt: std::time::Duration) -> f64 {
    rtt.as_secs_f64() * 1000.0
}

impl Monitor {
    /// What is true now.
    #[must_use]
    pub fn view(&self, now: Moment) -> SiteView {
        SiteView {
            at: now.utc,
            cycle: self.completed,
            missed_beats: self.missed_beats,
            interval_ms: u64::try_from(self.config.monitor.interval.as_millis()).unwrap_or(0),
            headline: self.headline(),
            targets: Target::ALL.into_iter().map(|t| self.show_target(t)).collect(),
            seats: self.seats.iter().map(|seat| self.show_seat(seat)).collect(),
            seats_online: self.seats.online(),
            seats_total: self.seats.len(),
            sessions: self.occupancy.running(),
            frozen: self.occupancy.is_frozen(),
            privacy: self.privacy(),
            incidents: self
                .book
                .all_running()
                .filter(|open| {
                    open.phase == Phase::Down || open.incident.kind == IncidentKind::Unstable
                })
                .map(|open| OpenIncidentView {
                    id: open.incident.id,
                    cause: open.incident.cause,
                    kind: open.incident.kind,
                    start: open.incident.start,
                    held: open.is_held(),
                })
                .collect(),
        }
    }

    fn show_seat(&self, seat: &Seat) -> SeatView {
        let (stay, stay_since, session) = match self.occupancy.standing(seat.key) {
            Standing::Away => (Stay::Away, None, None),
            Standing::Arriving(since) => (Stay::Arriving, Some(since), None),
            Standing::Here(id, since) => (Stay::Here, Some(since), Some(id)),
            Standing::Leaving(id, since) => (Stay::Leaving, Some(since), Some(id)),
        };
        SeatView {
            name: seat.config.name.clone(),
            address: seat.config.address.to_string(),
            state: seat.state,
            since: (seat.state != LinkState::Unknown).then_some(seat.since.utc),
            rtt_ms: seat.rtt.map(ms),
            firewalled: seat.firewalled,
            mac: seat.config.mac.or(seat.mac).map(|mac| mac.to_string()),
            stay,
            stay_since,
            session,
        }
    }

    fn explanation(&self, target: Target) -> Option<Explanation> {
        if !self.explained[target.index()] {
            None
        } else if self.book.is_down(Cause::LanDown) {
            Some(Explanation::Lan)
        } else {
            Some(Explanation::Router)
        }
    }

    fn show_target(&self, target: Target) -> TargetView {
        let Some(link) = self.link(target) else {
            return TargetView {
                target,
                address: String::new(),
                state: LinkState::Unknown,
                since: None,
                reason: Some(Reason::NotWatched),
                warning: None,
                explained_by: None,
                rtt_ms: None,
                sent: 0,
                lost: 0,
                recent: Vec::new(),
            };
        };
        let recent: Vec<_> = link.recent().iter().copied().collect();
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        TargetView {
            target,
            address: link.host().to_string(),
            state: link.state(),
            since: (link.reason() != Some(Reason::Starting)).then_some(link.since().utc),
            reason: link.reason(),
            warning: link.warning(),
            explained_by: self.explanation(target),
            rtt_ms: link.rtt().map(ms),
            sent: count(recent.len()),
            lost: count(recent.iter().filter(|v| v.is_none()).count()),
            recent,
        }
    }

    /// One state, one sentence: the gravest thing that is true.
    fn headline(&self) -> Headline {
        let online = self.seats.online();
        let mut params = Map::new();
        params.insert("seats_online".into(), json!(online));
        params.insert("seats_total".into(), json!(self.seats.len()));
        let make = |code, since: Option<Utc>, params| Headline { code, since, params };

        for (cause, code) in [
            (Cause::LanDown, HeadlineCode::LanDown),
            (Cause::RouterDown, HeadlineCode::RouterDown),
            (Cause::IspDown, HeadlineCode::IspDown),
            (Cause::ServerDown, HeadlineCode::ServerDown),
        ] {
            if let Some(open) = self.book.running(cause)
                && open.phase == Phase::Down
                && !open.is_held()
            {
                params.insert("uncertain".into(), json!(open.incident.uncertain));
                params.insert("outages".into(), json!(open.incident.outages));
                params
                    .insert("unstable".into(), json!(open.incident.kind == IncidentKind::Unstable));
                return make(code, Some(open.down_since().utc), params);
            }
        }
        // Confirmed, but too short yet to be an incident.
        for target in [Target::Router, Target::Internet, Target::Server] {
            if let Some(link) = self.link(target)
                && link.state() == LinkState::Down
                && !self.explained[target.index()]
            {
                let code = match target {
                    Target::Router => HeadlineCode::RouterDown,
                    Target::Internet => HeadlineCode::IspDown,
                    Target::Server => HeadlineCode::ServerDown,
                };
                params.insert("uncertain".into(), Value::Bool(false));
                return make(code, link.outage().map(|m| m.utc), params);
            }
        }
        for target in Target::ALL {
            if let Some(link) = self.link(target)
                && matches!(
                    link.reason(),
                    Some(Reason::NoPermission | Reason::NoSocket | Reason::NoRoute)
                )
            {
                params.insert("target".into(), json!(target));
                params.insert("reason".into(), json!(link.reason()));
                return make(HeadlineCode::CannotProbe, Some(link.since().utc), params);
            }
        }
        if let Some(open) =
            self.book.all_running().find(|o| o.incident.kind == IncidentKind::Unstable)
        {
            params.insert("cause".into(), json!(open.incident.cause));
            params.insert("outages".into(), json!(open.incident.outages));
            return make(HeadlineCode::Unstable, Some(open.incident.start), params);
        }
        let core = [Target::Router, Target::Internet];
        let reason = |t: Target| self.link(t).and_then(crate::link::Link::reason);
        if core.iter().any(|t| reason(*t) == Some(Reason::Starting)) {
            return make(HeadlineCode::Starting, None, params);
        }
        if core.iter().all(|t| matches!(reason(*t), Some(Reason::NeverSeen | Reason::Unresolved))) {
            return make(HeadlineCode::NeverSeen, None, params);
        }
        for target in core {
            if let Some(link) = self.link(target) {
                let odd = link.warning().map(|w| json!(w)).or_else(|| {
                    matches!(link.reason(), Some(Reason::NeverSeen | Reason::Unresolved))
                        .then(|| json!(link.reason()))
                });
                if let Some(warning) = odd {
                    params.insert("target".into(), json!(target));
                    params.insert("warning".into(), warning);
                    return make(HeadlineCode::Warning, Some(link.since().utc), params);
                }
            }
        }
        let since = Target::ALL
            .into_iter()
            .filter_map(|t| self.link(t))
            .filter(|l| l.state() == LinkState::Up)
            .map(|l| l.since().utc)
            .max();
        make(HeadlineCode::AllWell, since, params)
    }
}
