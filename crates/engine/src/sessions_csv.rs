//! Sessions as CSV.

use std::io::{self, Write};

use cafesentinel_domain::event::{Session, SessionEnd};
use jiff::tz::TimeZone;

use crate::csv::{duration, line, local};

const HEADER: [&str; 7] = ["Seat", "Address", "MAC", "Start Time", "End Time", "Duration", "Notes"];

/// Writes sessions, header first, in the order given; times are the café's.
///
/// # Errors
/// Those of the writer.
pub fn export<W: Write>(sessions: &[Session], out: W) -> io::Result<()> {
    export_in(sessions, out, &TimeZone::system())
}

fn export_in<W: Write>(sessions: &[Session], mut out: W, zone: &TimeZone) -> io::Result<()> {
    let mut text = String::new();
    line(&mut text, &HEADER.map(String::from));
    for session in sessions {
        line(&mut text, &record(session, zone));
        out.write_all(text.as_bytes())?;
        text.clear();
    }
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn record(session: &Session, zone: &TimeZone) -> [String; 7] {
    [
        session.seat.clone(),
        session.address.clone(),
        session.mac.clone().unwrap_or_default(),
        local(session.start, zone),
        session.end.map(|end| local(end, zone)).unwrap_or_default(),
        session.duration_ms.map(duration).unwrap_or_default(),
        notes(session),
    ]
}

fn notes(session: &Session) -> String {
    let how = match session.end_reason {
        None => "Running",
        Some(SessionEnd::Left) => "",
        Some(SessionEnd::NoLongerWatched) => "No Longer Watched",
        Some(SessionEnd::Unobserved) => "End Unobserved",
    };
    let unseen: i64 = session.gaps.iter().map(|gap| gap.to.0 - gap.from.0).sum();
    match (unseen, how) {
        (0, how) => how.to_owned(),
        (ms, "") => format!("Unobserved For {}", duration(ms)),
        (ms, how) => format!("{how}; Unobserved For {}", duration(ms)),
    }
}

#[cfg(test)]
mod tests {
    use cafesentinel_domain::event::{Gap, SessionId};
    use cafesentinel_domain::time::Utc;

    use super::*;

    #[test]
    fn sessions_have_their_seat_times_and_what_was_not_seen() {
        let left = Session {
            id: SessionId(1),
            seat: "PC-1, window".into(),
            address: "192.168.1.110".into(),
            mac: Some("02:00:00:00:00:01".into()),
            start: Utc(1_765_290_130_000),
            end: Some(Utc(1_765_293_730_000)),
            duration_ms: Some(3_600_000),
            gaps: Vec::new(),
            end_reason: Some(SessionEnd::Left),
        };
        let running = Session {
            end: None,
            duration_ms: None,
            mac: None,
            end_reason: None,
            gaps: vec![Gap { from: Utc(0), to: Utc(90_000) }],
            ..left.clone()
        };
        let mut out = Vec::new();
        export_in(&[left, running], &mut out, &TimeZone::UTC).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<_> = text.split("\r\n").collect();
        assert_eq!(lines[0], "Seat,Address,MAC,Start Time,End Time,Duration,Notes");
        assert_eq!(
            lines[1],
            "\"PC-1, window\",192.168.1.110,02:00:00:00:00:01,2025-12-09 14:22:10,2025-12-09 \
             15:22:10,1:00:00,"
        );
        assert!(lines[2].ends_with(",2025-12-09 14:22:10,,,Running; Unobserved For 0:01:30"));
    }
}
