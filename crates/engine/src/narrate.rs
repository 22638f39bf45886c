//! Events in words, for the log. The texts are the ancestor's where it had one.

use cafesentinel_domain::config::Config;
use cafesentinel_domain::event::{
    Cause, EndReason, Event, Incident, IncidentChange, IncidentKind, LinkState, Reason, Session,
    SessionChange, Tampering, Target, Warning,
};

/// A line: category and text.
pub type Line = (&'static str, String);

/// `H:MM:SS`.
fn duration(ms: i64) -> String {
    let s = ms.max(0) / 1000;
    format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
}

fn restored_name(cause: Cause) -> &'static str {
    match cause {
        Cause::RouterDown => "Router",
        Cause::ServerDown => "Server",
        Cause::IspDown => "ISP",
        Cause::LanDown => "Local network",
    }
}

/// The lines of an event; none for those that only move the view. The configuration is
/// there because some name addresses.
#[must_use]
pub fn lines(event: &Event, config: &Config) -> Vec<Line> {
    match event {
        Event::Incident { change, incident } => incident_lines(*change, incident),
        Event::Jitter { target, duration_ms, threshold_ms, .. } => vec![(
            "NETWORK",
            format!(
                "{} jitter detected ({:.1}s) - Below threshold ({}s).",
                target.log_name(),
                *duration_ms as f64 / 1000.0,
                *threshold_ms as f64 / 1000.0
            ),
        )],
        Event::Warning { target, warning } => {
            vec![("NETWORK", warning_line(*target, *warning, config))]
        }
        Event::Link { target, to: LinkState::Unknown, reason: Some(reason), .. } => {
            reason_line(*target, *reason).map(|line| ("NETWORK", line)).into_iter().collect()
        }
        Event::Link { .. } => Vec::new(),
        Event::SeatGroupLost { seats, online_before, .. } => vec![(
            "NETWORK",
            format!(
                "{} of {online_before} PCs fell silent at once: a switch or a fuse? {}",
                seats.len(),
                seats.join(", ")
            ),
        )],
        Event::Session { change, session } => session_lines(*change, session),
        // Counted, and too frequent to be read.
        Event::ShortStay { .. } => Vec::new(),
        Event::Frozen { frozen: true } => vec![(
            "NETWORK",
            "Router or local network are down: nothing is concluded about the PCs.".to_owned(),
        )],
        Event::Frozen { frozen: false } => {
            vec![("NETWORK", "The PCs can be judged again.".to_owned())]
        }
        Event::HourlySnapshot { online, total, .. } => {
            vec![("TASK", format!("Hourly snapshot: {online}/{total} PCs online."))]
        }
        Event::Unobserved { gap } => vec![(
            "SYSTEM",
            format!(
                "Nobody watched for {}: the computer slept or the program stood still.",
                duration(gap.to.0 - gap.from.0)
            ),
        )],
        Event::Privacy { on, .. } => vec![(
            "SECURITY",
            if *on {
                "Privacy mode is on: no screenshots are taken."
            } else {
                "Privacy mode is off: screenshots are taken again."
            }
            .to_owned(),
        )],
        Event::LockedOut { source, wrong, seconds } => vec![(
            "SECURITY",
            format!("{source}: {wrong} wrong passwords; locked out for {seconds} s."),
        )],
        Event::Tampering { what } => vec![("SECURITY", tampering(*what).to_owned())],
        Event::Started { .. } | Event::ConfigChanged { .. } => vec![(
            "SYSTEM",
            format!(
                "Settings Loaded: Interval={}s, Targets={} PCs",
                config.monitor.interval.as_secs(),
                config.monitor.seats.len()
            ),
        )],
    }
}

fn tampering(what: Tampering) -> &'static str {
    match what {
        Tampering::VaultMissing => "The vault of this installation was deleted.",
        Tampering::VaultReplaced => "Another vault lies in the place of ours.",
        Tampering::VaultShut => "The vault does not open on this computer.",
        Tampering::VaultPutBack => "The vault was deleted or replaced; it was put back.",
    }
}

fn session_lines(change: SessionChange, session: &Session) -> Vec<Line> {
    let seat = &session.seat;
    vec![(
        "NETWORK",
        match change {
            SessionChange::Started => format!("{seat}: session started."),
            SessionChange::Resumed => format!("{seat}: the session goes on."),
            SessionChange::Ended => format!(
                "{seat}: session ended after {}.",
                duration(session.duration_ms.unwrap_or(0))
            ),
        },
    )]
}

fn warning_line(target: Target, warning: Option<Warning>, config: &Config) -> String {
    let targets = &config.targets;
    match warning {
        Some(Warning::PrimarySilent) => format!(
            "Verification WARN: Primary({}) failed but Secondary({}) is UP. Ignoring.",
            targets.internet, config.verification.secondary_target
        ),
        Some(Warning::NoPingReply) if target == Target::Router => format!(
            "Verification WARN: Router({}) does not answer ping, but it answers ARP or the \
             internet behind it answers: counted as up.",
            targets.router
        ),
        Some(Warning::NoPingReply) => format!(
            "Verification WARN: {} does not answer ping, but it answers ARP: counted as up.",
            target.log_name()
        ),
        None => format!("{}: the warning is over.", target.log_name()),
    }
}

fn incident_lines(change: IncidentChange, i: &Incident) -> Vec<Line> {
    let name = i.cause.log_name();
    if i.part_of.is_some() {
        // The row of outages that it became part of speaks for it.
        return Vec::new();
    }
    let line = match change {
        IncidentChange::Opened if i.kind == IncidentKind::Unstable => {
            ("ALERT", format!("{name} UNSTABLE | {} outages within 30 minutes", i.outages))
        }
        IncidentChange::Opened => ("ALERT", format!("{name} DOWN | Timer Started")),
        IncidentChange::Resumed => {
            ("ALERT", format!("{name} still DOWN | the incident goes on after the restart"))
        }
        IncidentChange::Held => {
            ("NETWORK", format!("{name} incident held: another fault explains it."))
        }
        IncidentChange::Released => ("NETWORK", format!("{name} incident no longer held.")),
        IncidentChange::Counted => {
            ("NETWORK", format!("{name} unstable: {} outages so far.", i.outages))
        }
        IncidentChange::Closed => match i.end_reason {
            Some(EndReason::NoLongerWatched) => {
                ("CONFIG", format!("{name} incident closed: no longer watched."))
            }
            Some(EndReason::Restored | EndReason::Merged) | None => {
                let restored = format!(
                    "{} Restored | Duration: {}",
                    restored_name(i.cause),
                    duration(i.duration_ms.unwrap_or(0))
                );
                match i.kind {
                    IncidentKind::Outage => ("RECOVERY", restored),
                    IncidentKind::Unstable => (
                        "RECOVERY",
                        format!(
                            "{restored} | {} outages, down for {} of it",
                            i.outages,
                            duration(i.down_ms)
                        ),
                    ),
                }
            }
        },
        IncidentChange::Merged => return Vec::new(),
    };
    let mut lines = vec![line];
    if change == IncidentChange::Opened && i.uncertain {
        lines.push((
            "NETWORK",
            "Too few others are there to tell the router from this PC's own cable or switch."
                .to_owned(),
        ));
    }
    lines
}

fn reason_line(target: Target, reason: Reason) -> Option<String> {
    let name = target.log_name();
    match reason {
        Reason::Starting | Reason::NotWatched => None,
        Reason::NeverSeen => Some(format!("{name} has never answered: unknown, no alarm.")),
        Reason::NoPermission => {
            Some(format!("{name} unknown: the system does not allow us to send ICMP."))
        }
        Reason::NoSocket => Some(format!("{name} unknown: no ICMP socket could be used.")),
        Reason::Unresolved => Some(format!("{name} unknown: its host name cannot be resolved.")),
        Reason::NoRoute => Some(format!("{name} unknown: the system knows no way there.")),
    }
}

#[cfg(test)]
mod tests {
    use cafesentinel_domain::event::IncidentId;
    use cafesentinel_domain::time::Utc;

    use super::*;

    fn incident() -> Incident {
        Incident {
            id: IncidentId(1),
            cause: Cause::IspDown,
            kind: IncidentKind::Outage,
            start: Utc(0),
            end: Some(Utc(252_000)),
            duration_ms: Some(252_000),
            down_ms: 252_000,
            outages: 1,
            gaps: Vec::new(),
            end_reason: Some(EndReason::Restored),
            held: false,
            uncertain: false,
            seats_at_start: 7,
            part_of: None,
        }
    }

    #[test]
    fn lines_are_those_of_the_ancestor() {
        let config = Config::default();
        let say = |event: &Event| -> Vec<String> {
            lines(event, &config).into_iter().map(|(c, l)| format!("[{c}] {l}")).collect()
        };
        let changed = |change| Event::Incident { change, incident: incident() };
        for (event, line) in [
            (changed(IncidentChange::Opened), "[ALERT] ISP DOWN | Timer Started"),
            (changed(IncidentChange::Closed), "[RECOVERY] ISP Restored | Duration: 0:04:12"),
            (
                Event::Jitter {
                    target: Target::Router,
                    start: Utc(0),
                    duration_ms: 4_200,
                    threshold_ms: 10_000,
                },
                "[NETWORK] ROUTER jitter detected (4.2s) - Below threshold (10s).",
            ),
            (
                Event::Warning { target: Target::Internet, warning: Some(Warning::PrimarySilent) },
                "[NETWORK] Verification WARN: Primary(8.8.8.8) failed but Secondary(1.1.1.1) is UP. Ignoring.",
            ),
            (
                Event::ConfigChanged { changed: Vec::new() },
                "[SYSTEM] Settings Loaded: Interval=2s, Targets=20 PCs",
            ),
        ] {
            assert_eq!(say(&event), [line]);
        }
    }

    #[test]
    fn what_only_moves_the_view_or_is_part_of_another_has_no_line() {
        let config = Config::default();
        let part = Incident { part_of: Some(IncidentId(7)), ..incident() };
        for change in [IncidentChange::Opened, IncidentChange::Merged, IncidentChange::Closed] {
            let event = Event::Incident { change, incident: part.clone() };
            assert!(lines(&event, &config).is_empty());
        }
        let link = |to, reason| Event::Link {
            target: Target::Router,
            from: LinkState::Up,
            to,
            reason,
            since: Utc(0),
        };
        assert!(lines(&link(LinkState::Down, None), &config).is_empty());
        let told = lines(&link(LinkState::Unknown, Some(Reason::NoPermission)), &config);
        assert_eq!(told.len(), 1, "told once, at the change");
    }

    #[test]
    fn an_outage_with_too_few_witnesses_names_both_possibilities() {
        let uncertain = Incident { uncertain: true, cause: Cause::RouterDown, ..incident() };
        let event = Event::Incident { change: IncidentChange::Opened, incident: uncertain };
        let told = lines(&event, &Config::default());
        assert!(told.len() == 2 && told[1].1.contains("cable"), "{told:?}");
    }

    #[test]
    fn an_unstable_row_tells_how_many_and_how_long() {
        let row =
            Incident { kind: IncidentKind::Unstable, outages: 4, down_ms: 61_000, ..incident() };
        let event = Event::Incident { change: IncidentChange::Closed, incident: row };
        assert_eq!(
            lines(&event, &Config::default())[0].1,
            "ISP Restored | Duration: 0:04:12 | 4 outages, down for 0:01:01 of it"
        );
    }
}
