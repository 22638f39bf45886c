//! `incidents_log.csv`: closed incidents, one a line, for people with a spreadsheet.
//!
//! The ancestor's columns (RFC 4180). The history is the truth; this file is a copy that
//! only grows, so a fault here never holds anything else up.

use std::fs::OpenOptions;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use cafesentinel_domain::event::{EndReason, Incident, IncidentKind};
use jiff::tz::TimeZone;

use crate::csv::{duration, line, local};

const HEADER: [&str; 5] = ["Start Time", "End Time", "Duration", "Cause", "Notes"];

/// Appends a closed incident and syncs the file; `false` for one that has no line of its
/// own: it still runs, or is told as part of an "unstable" one.
///
/// # Errors
/// If the file cannot be written: full disk, or a spreadsheet holds it.
pub fn append(path: &Path, incident: &Incident) -> io::Result<bool> {
    append_in(path, incident, &TimeZone::system())
}

/// Writes incidents, header first, in the order given.
///
/// # Errors
/// Those of the writer.
pub fn export<W: Write>(incidents: &[Incident], out: W) -> io::Result<()> {
    export_in(incidents, out, &TimeZone::system())
}

fn append_in(path: &Path, incident: &Incident, zone: &TimeZone) -> io::Result<bool> {
    let merged = incident.end_reason == Some(EndReason::Merged);
    if incident.end.is_none() || merged || incident.part_of.is_some() {
        return Ok(false);
    }
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    // One write, so that a line is there wholly or (power cut) visibly torn.
    let mut text = String::new();
    if file.metadata()?.len() == 0 {
        line(&mut text, &HEADER.map(String::from));
    } else {
        file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            text.push_str("\r\n");
        }
    }
    line(&mut text, &record(incident, zone));
    file.write_all(text.as_bytes())?;
    file.sync_data()?;
    Ok(true)
}

fn export_in<W: Write>(incidents: &[Incident], mut out: W, zone: &TimeZone) -> io::Result<()> {
    let mut text = String::new();
    line(&mut text, &HEADER.map(String::from));
    for incident in incidents {
        line(&mut text, &record(incident, zone));
        out.write_all(text.as_bytes())?;
        text.clear();
    }
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn record(incident: &Incident, zone: &TimeZone) -> [String; 5] {
    [
        local(incident.start, zone),
        incident.end.map(|end| local(end, zone)).unwrap_or_default(),
        incident.duration_ms.map(duration).unwrap_or_default(),
        incident.cause.code().to_owned(),
        notes(incident),
    ]
}

fn notes(incident: &Incident) -> String {
    if let Some(whole) = incident.part_of {
        return format!("Part of {}", whole.0);
    }
    match (incident.end_reason, incident.kind) {
        (None, _) => "Running".to_owned(),
        (Some(EndReason::NoLongerWatched), _) => "No Longer Watched".to_owned(),
        (Some(EndReason::Merged), _) => "Merged".to_owned(),
        (Some(EndReason::Restored), IncidentKind::Outage) => "Auto-Resolved".to_owned(),
        (Some(EndReason::Restored), IncidentKind::Unstable) => {
            format!("Auto-Resolved (unstable, {} outages)", incident.outages)
        }
    }
}

#[cfg(test)]
mod tests {
    use cafesentinel_domain::event::{Cause, IncidentId};
    use cafesentinel_domain::time::Utc;

    use super::*;

    fn incident() -> Incident {
        Incident {
            id: IncidentId(1),
            cause: Cause::IspDown,
            kind: IncidentKind::Outage,
            start: Utc(1_765_290_130_000),
            end: Some(Utc(1_765_290_382_500)),
            duration_ms: Some(252_999),
            down_ms: 252_999,
            outages: 1,
            gaps: vec![],
            end_reason: Some(EndReason::Restored),
            held: false,
            uncertain: false,
            seats_at_start: 7,
            part_of: None,
        }
    }

    const LINE: &str = "2025-12-09 14:22:10,2025-12-09 14:26:22,0:04:12,ISP_DOWN,Auto-Resolved\r\n";
    const HEAD: &str = "Start Time,End Time,Duration,Cause,Notes\r\n";

    #[test]
    fn the_header_is_written_once_and_each_closed_incident_gets_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("incidents_log.csv");
        for _ in 0..2 {
            assert!(append_in(&path, &incident(), &TimeZone::UTC).unwrap());
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{HEAD}{LINE}{LINE}"));
    }

    #[test]
    fn a_torn_last_line_does_not_swallow_the_next_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("i.csv");
        std::fs::write(&path, format!("{HEAD}2025-12-09 14:2")).unwrap();
        append_in(&path, &incident(), &TimeZone::UTC).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, format!("{HEAD}2025-12-09 14:2\r\n{LINE}"));
    }

    #[test]
    fn running_incidents_and_parts_of_an_unstable_one_get_no_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("i.csv");
        let running = Incident { end: None, end_reason: None, ..incident() };
        let part = Incident { part_of: Some(IncidentId(3)), ..incident() };
        let merged = Incident { end_reason: Some(EndReason::Merged), ..incident() };
        for none in [running, part, merged] {
            assert!(!append_in(&path, &none, &TimeZone::UTC).unwrap());
        }
        assert!(!path.exists());
    }

    #[test]
    fn notes_tell_how_it_ended_and_long_durations_keep_counting_hours() {
        let unstable = Incident { kind: IncidentKind::Unstable, outages: 4, ..incident() };
        let unwatched = Incident { end_reason: Some(EndReason::NoLongerWatched), ..incident() };
        let running = Incident { end: None, duration_ms: None, end_reason: None, ..incident() };
        let mut out = Vec::new();
        export_in(&[unstable, unwatched, running], &mut out, &TimeZone::UTC).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with(HEAD));
        assert!(text.contains(",\"Auto-Resolved (unstable, 4 outages)\"\r\n"), "{text}");
        assert!(text.contains(",No Longer Watched\r\n"));
        assert!(text.ends_with("2025-12-09 14:22:10,,,ISP_DOWN,Running\r\n"));
    }
}
