//! The daily digest: at closing time, or at 06:00 where the café never closes.
//!
//! In the order of life: [`last_day`] says which café day has ended; its figures are read
//! from storage and set beside those of the same weekday a week before; the notice is
//! stored together with the mark that this day is told, so no restart tells it twice. A
//! day that ended while the program did not run is told when it starts, within half a day.

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cafesentinel_domain::config::{Config, OpeningHours};
use cafesentinel_domain::event::Incident;
use cafesentinel_domain::notify::{Channel, DayFigures, Notice, Outgoing};
use cafesentinel_domain::time::Utc;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use tokio::sync::watch;

use crate::analysis::{self, Facts, Span};
use crate::clock::Clock;
use crate::recorder::Record;
use crate::store::{IncidentFilter, Reader, SessionFilter, StoreError};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// The last minute of the day is stored by then.
const SETTLE_MS: i64 = 90_000;
/// Older news are no news.
const STALE_MS: i64 = 12 * HOUR_MS;
/// The hour at which a day ends where the café never closes.
const NIGHT: i8 = 6;
/// Looks up at least so often.
const LOOK_UP: Duration = Duration::from_secs(60);
/// Sessions of one day, far more than a café has.
const SESSIONS_MAX: usize = 100_000;

/// What the digest needs.
pub struct Digest {
    /// The history.
    pub history: PathBuf,
    /// In force.
    pub config: watch::Receiver<Arc<Config>>,
    /// Where the notice goes.
    pub records: std::sync::mpsc::Sender<Record>,
    /// The machine's clocks.
    pub clock: Clock,
}

impl Digest {
    /// Tells each day when it is over. Ends with the program.
    pub async fn run(mut self) {
        loop {
            let config = Arc::clone(&self.config.borrow_and_update());
            if wanted(&config) {
                let (history, now) = (self.history.clone(), self.clock.now().utc);
                let told = tokio::task::spawn_blocking(move || {
                    due(&Reader::open(&history)?, &config, now, &TimeZone::system())
                });
                match told.await {
                    Ok(Ok(Some(notice))) => {
                        let outgoing = Outgoing { channel: Channel::Occupancy, at: now, notice };
                        if self.records.send(Record::Tell(vec![outgoing])).is_err() {
                            return;
                        }
                    }
                    Ok(Ok(None)) => {}
                    Ok(Err(error)) => {
                        tracing::warn!(category = "ERROR", "No daily digest: {error}.");
                    }
                    Err(error) => {
                        tracing::error!(category = "ERROR", "No daily digest: {error}.");
                    }
                }
            }
            let wait = self.clock.real_span(LOOK_UP).max(Duration::from_secs(1));
            // Changed or not: it looks again. A closed channel is the end.
            if let Ok(Err(_)) = tokio::time::timeout(wait, self.config.changed()).await {
                return;
            }
        }
    }
}

fn wanted(config: &Config) -> bool {
    config.discord.daily_digest && config.occupancy.enabled && Channel::Occupancy.is_on(config)
}

/// The digest of the last day, if it is over, observed, and not told yet.
fn due(
    reader: &Reader,
    config: &Config,
    now: Utc,
    zone: &TimeZone,
) -> Result<Option<Notice>, StoreError> {
    let hours = &config.occupancy.opening_hours;
    let Some((from, to)) = last_day(hours, now, zone) else { return Ok(None) };
    let fresh = (SETTLE_MS..STALE_MS).contains(&(now.0 - to));
    if !fresh || reader.digest_told()?.is_some_and(|told| told >= to) {
        return Ok(None);
    }
    let Some((day, seats)) = figures(reader, config, (from, to), zone)? else {
        return Ok(None);
    };
    // By the calendar, so that a change of the clocks in between does not shift the day.
    let before = match (week_before(from, zone), week_before(to, zone)) {
        (Some(a), Some(b)) => figures(reader, config, (a, b), zone)?.map(|(day, _)| day),
        _ => None,
    };
    Ok(Some(Notice::Digest { from: Utc(from), to: Utc(to), day, before, seats }))
}

/// The last day of the café that has ended.
fn last_day(hours: &OpeningHours, now: Utc, zone: &TimeZone) -> Option<Span> {
    let span = (now.0 - 9 * DAY_MS, now.0 + 2 * DAY_MS);
    let closed = analysis::opening(hours, span, zone);
    // Open around the clock, in one way of writing it or another.
    if closed.iter().any(|(from, to)| to - from > DAY_MS) {
        return last_night(now, zone);
    }
    closed.into_iter().rfind(|(_, to)| *to <= now.0)
}

fn last_night(now: Utc, zone: &TimeZone) -> Option<Span> {
    let local = Timestamp::from_millisecond(now.0).ok()?.to_zoned(zone.clone());
    let six = |date: jiff::civil::Date| {
        Some(date.at(NIGHT, 0, 0, 0).to_zoned(zone.clone()).ok()?.timestamp().as_millisecond())
    };
    let mut date = local.date();
    if six(date)? > now.0 {
        date = date.yesterday().ok()?;
    }
    Some((six(date.yesterday().ok()?)?, six(date)?))
}

fn week_before(at: i64, zone: &TimeZone) -> Option<i64> {
    let local = Timestamp::from_millisecond(at).ok()?.to_zoned(zone.clone());
    Some(local.checked_sub(1.week()).ok()?.timestamp().as_millisecond())
}

/// What a day amounts to; none where nobody looked.
#[allow(clippy::type_complexity)] // the figures, and the seats with their hours
fn figures(
    reader: &Reader,
    config: &Config,
    span: Span,
    zone: &TimeZone,
) -> Result<Option<(DayFigures, Vec<(String, f64)>)>, StoreError> {
    let (from, to) = (Utc(span.0), Utc(span.1));
    let minutes = reader.seat_minutes(from, to)?;
    if minutes.is_empty() {
        return Ok(None);
    }
    let within = SessionFilter { from: Some(from), to: Some(to), ..SessionFilter::default() };
    let sessions = reader.sessions_within(within, SESSIONS_MAX)?;
    let incidents = reader.incidents(&IncidentFilter {
        from: Some(from),
        to: Some(to),
        ..Default::default()
    })?;
    let seats: Vec<(String, String)> =
        config.monitor.seats.iter().map(|s| (s.name.clone(), s.address.to_string())).collect();
    let facts = Facts {
        span,
        sessions: &sessions,
        minutes: &minutes,
        seats: &seats,
        hours: &config.occupancy.opening_hours,
    };
    let figures = analysis::analyse(&facts, zone);
    let mut used: Vec<(String, f64)> = figures
        .seats
        .iter()
        .filter(|seat| seat.used_ms > 0)
        .map(|seat| (seat.seat.clone(), seat.used_ms as f64 / HOUR_MS as f64))
        .collect();
    // Stable: seats with as many hours stay in the order of the configuration.
    used.sort_by(|a, b| b.1.total_cmp(&a.1));
    let began = |start: Utc| (span.0..span.1).contains(&start.0);
    let day = DayFigures {
        peak: figures.peak.map_or(0, |p| p.online),
        peak_at: figures.peak.map(|p| p.at),
        average: figures.average_occupancy,
        hours: used.iter().map(|(_, hours)| hours).sum(),
        sessions: count(sessions.iter().filter(|s| began(s.start)).count()),
        outages: count(incidents.iter().filter(|i| began(i.start)).count()),
        outage_seconds: incidents.iter().map(|i| overlap(i, span) / 1000).sum(),
    };
    Ok(Some((day, used)))
}

/// Milliseconds of an incident within a stretch.
fn overlap(incident: &Incident, span: Span) -> u64 {
    let end = incident.end.map_or(span.1, |end| end.0).min(span.1);
    u64::try_from(end - incident.start.0.max(span.0)).unwrap_or(0)
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
