//! What the stays amount to: hours per seat, the heat map, the peak, who never came, and
//! what happened while the café was closed.
//!
//! Pure: sessions, minutes and opening hours in, figures out; the time zone is handed in.
//! Time that nobody observed counts neither as used nor as unused.

use std::collections::{BTreeMap, BTreeSet};

use cafesentinel_domain::config::OpeningHours;
use cafesentinel_domain::event::Session;
use cafesentinel_domain::monitor::SeatMinute;
use cafesentinel_domain::time::Utc;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::Serialize;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 3_600_000;

/// A stretch of time: from, until before.
pub type Span = (i64, i64);

/// What is known of a stretch of time.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The stretch; its end is not in the future.
    pub span: Span,
    /// Sessions that were running at some time of it.
    pub sessions: &'a [Session],
    /// Its observed minutes.
    pub minutes: &'a [SeatMinute],
    /// The seats as configured: name and address.
    pub seats: &'a [(String, String)],
    /// When the café is open.
    pub hours: &'a OpeningHours,
}

/// One seat's part of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeatUse {
    /// Its name.
    pub seat: String,
    /// Its address.
    pub address: String,
    /// Milliseconds in sessions, unobserved stretches left out.
    pub used_ms: i64,
    /// Of these, outside opening hours.
    pub outside_ms: i64,
    /// How many sessions.
    pub sessions: u32,
}

/// Something that happened while the café was closed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outside {
    /// Which seat.
    pub seat: String,
    /// Its address.
    pub address: String,
    /// From when …
    pub start: Utc,
    /// … until when.
    pub end: Utc,
}

/// The figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Analysis {
    /// Milliseconds of opening time in the stretch.
    pub open_ms: i64,
    /// Of these, observed.
    pub observed_open_ms: i64,
    /// Used hours ÷ (observed open hours × seats), 0 to 1; none where nothing was observed.
    pub average_occupancy: Option<f64>,
    /// The most seats online at once, and in which minute that was first so.
    pub peak: Option<Peak>,
    /// Weekday (Monday first) × hour of the day: the share of seats with a session in that
    /// hour of opening time, 0 to 1; none where the café was closed or nobody looked.
    pub heat: Vec<Vec<Option<f64>>>,
    /// Every seat that is configured or was used.
    pub seats: Vec<SeatUse>,
    /// Configured seats without a session.
    pub idle: Vec<String>,
    /// What happened while the café was closed.
    pub outside: Vec<Outside>,
}

/// The most seats online.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Peak {
    /// The minute.
    pub at: Utc,
    /// How many.
    pub online: u32,
}

/// When the café is open within `span`: disjoint stretches, in order.
#[must_use]
pub fn opening(hours: &OpeningHours, span: Span, zone: &TimeZone) -> Vec<Span> {
    let (from, to) = span;
    if from >= to {
        return Vec::new();
    }
    if hours.is_always_open() {
        return vec![span];
    }
    let mut open: Vec<Span> = Vec::new();
    // From the day before: it may close after midnight.
    let mut day = civil_day(from, zone).and_then(|d| d.checked_sub(1.day()).ok());
    while let Some(date) = day {
        let Some(midnight) = instant(date, 0, zone) else { break };
        if midnight >= to {
            break;
        }
        let weekday = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or(0);
        if let Some((opens, closes)) = hours.0.get(weekday).copied().flatten() {
            let end = if closes <= opens { closes + 24 * 60 } else { closes };
            if let (Some(a), Some(b)) = (instant(date, opens, zone), instant(date, end, zone)) {
                let (a, b) = (a.max(from), b.min(to));
                match open.last_mut() {
                    Some(last) if a <= last.1 => last.1 = last.1.max(b),
                    Some(_) | None if a < b => open.push((a, b)),
                    Some(_) | None => {}
                }
            }
        }
        day = date.checked_add(1.day()).ok();
    }
    open
}

fn civil_day(at: i64, zone: &TimeZone) -> Option<Date> {
    Some(Timestamp::from_millisecond(at).ok()?.to_zoned(zone.clone()).date())
}

/// So many minutes after midnight by the clock on the wall.
fn instant(date: Date, minutes: u16, zone: &TimeZone) -> Option<i64> {
    let days = i64::from(minutes / (24 * 60));
    let (hour, minute) = (minutes / 60 % 24, minutes % 60);
    let clock = date.checked_add(days.days()).ok()?.at(
        i8::try_from(hour).ok()?,
        i8::try_from(minute).ok()?,
        0,
        0,
    );
    Some(clock.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond())
}

/// The parts of `span` that lie in `others` (disjoint, in order).
fn within(span: Span, others: &[Span]) -> impl Iterator<Item = Span> + '_ {
    others.iter().map(move |o| (span.0.max(o.0), span.1.min(o.1))).filter(|(from, to)| from < to)
}

fn total(spans: impl Iterator<Item = Span>) -> i64 {
    spans.map(|(from, to)| to - from).sum()
}

/// The parts of `span` that lie in none of `others` (disjoint, in order).
fn without(span: Span, others: &[Span]) -> Vec<Span> {
    let mut rest = Vec::new();
    let mut from = span.0;
    for (a, b) in within(span, others) {
        if from < a {
            rest.push((from, a));
        }
        from = b;
    }
    if from < span.1 {
        rest.push((from, span.1));
    }
    rest
}

/// A session's observed parts within the stretch.
fn parts(session: &Session, span: Span) -> Vec<Span> {
    let end = session.end.map_or(span.1, |end| end.0);
    let whole = (session.start.0.max(span.0), end.min(span.1));
    if whole.0 >= whole.1 {
        return Vec::new();
    }
    let mut gaps: Vec<Span> = session.gaps.iter().map(|g| (g.from.0, g.to.0)).collect();
    gaps.sort_unstable();
    without(whole, &gaps)
}

/// Weekday and hour by the clock on the wall.
fn cell(at: i64, zone: &TimeZone) -> Option<(usize, usize)> {
    let zoned = Timestamp::from_millisecond(at).ok()?.to_zoned(zone.clone());
    let weekday = usize::try_from(zoned.weekday().to_monday_zero_offset()).ok()?;
    Some((weekday, usize::try_from(zoned.hour()).ok()?))
}

/// Adds it all up.
#[must_use]
pub fn analyse(facts: &Facts<'_>, zone: &TimeZone) -> Analysis {
    let open = opening(facts.hours, facts.span, zone);
    let mut uses: BTreeMap<&str, SeatUse> = BTreeMap::new();
    let mut order: Vec<&str> = Vec::new();
    for (seat, address) in facts.seats {
        order.push(address);
        uses.insert(address, unused(seat, address));
    }
    let mut outside = Vec::new();
    let mut used_open = 0;
    // Per hour that has open parts: who was there.
    let mut taken: BTreeMap<i64, BTreeSet<&str>> = BTreeMap::new();
    for session in facts.sessions {
        let address = session.address.as_str();
        let parts = parts(session, facts.span);
        if !uses.contains_key(address) {
            order.push(address);
            uses.insert(address, unused(&session.seat, address));
        }
        let Some(seat) = uses.get_mut(address) else { continue };
        seat.sessions += 1;
        for part in parts {
            seat.used_ms += part.1 - part.0;
            for (from, to) in within(part, &open) {
                used_open += to - from;
                let mut hour = from.div_euclid(HOUR_MS);
                while hour * HOUR_MS < to {
                    taken.entry(hour).or_default().insert(address);
                    hour += 1;
                }
            }
            for (from, to) in without(part, &open) {
                seat.outside_ms += to - from;
                outside.push(Outside {
                    seat: seat.seat.clone(),
                    address: address.to_owned(),
                    start: Utc(from),
                    end: Utc(to),
                });
            }
        }
    }
    outside.sort_by(|a, b| (a.start, &a.address).cmp(&(b.start, &b.address)));
    let observed = observed(facts, &open, zone, &taken);
    let seats: Vec<SeatUse> = order.iter().filter_map(|a| uses.remove(a)).collect();
    let configured: BTreeSet<&str> = facts.seats.iter().map(|(_, a)| a.as_str()).collect();
    let idle = seats
        .iter()
        .filter(|s| s.sessions == 0 && configured.contains(s.address.as_str()))
        .map(|s| s.seat.clone())
        .collect();
    Analysis {
        open_ms: total(open.iter().copied()),
        observed_open_ms: observed.open_ms,
        average_occupancy: (observed.seat_ms > 0)
            .then(|| (used_open as f64 / observed.seat_ms as f64).min(1.0)),
        peak: observed.peak,
        heat: observed.heat,
        seats,
        idle,
        outside,
    }
}

fn unused(seat: &str, address: &str) -> SeatUse {
    let (seat, address) = (seat.to_owned(), address.to_owned());
    SeatUse { seat, address, used_ms: 0, outside_ms: 0, sessions: 0 }
}

struct Observed {
    open_ms: i64,
    /// Open milliseconds × seats.
    seat_ms: i64,
    peak: Option<Peak>,
    heat: Vec<Vec<Option<f64>>>,
}

/// What the minutes tell: when somebody looked, how many seats there were, the most online.
fn observed(
    facts: &Facts<'_>,
    open: &[Span],
    zone: &TimeZone,
    taken: &BTreeMap<i64, BTreeSet<&str>>,
) -> Observed {
    let mut out = Observed { open_ms: 0, seat_ms: 0, peak: None, heat: vec![vec![None; 24]; 7] };
    // Per hour: seats at the last observed open minute of it.
    let mut hours: BTreeMap<i64, u32> = BTreeMap::new();
    for minute in facts.minutes {
        let span = (minute.at.0.max(facts.span.0), (minute.at.0 + MINUTE_MS).min(facts.span.1));
        if out.peak.is_none_or(|p| minute.peak > p.online) && minute.peak > 0 {
            out.peak = Some(Peak { at: minute.at, online: minute.peak });
        }
        let open_ms = total(within(span, open));
        if open_ms > 0 {
            out.open_ms += open_ms;
            out.seat_ms += open_ms * i64::from(minute.total);
            hours.insert(minute.at.0.div_euclid(HOUR_MS), minute.total);
        }
    }
    let mut sums = vec![vec![(0.0, 0u32); 24]; 7];
    for (hour, seats) in hours {
        let there = taken.get(&hour).map_or(0, BTreeSet::len);
        let Some((weekday, of_day)) = cell(hour * HOUR_MS, zone) else { continue };
        if let Some(sum) = sums.get_mut(weekday).and_then(|d| d.get_mut(of_day))
            && seats > 0
        {
            sum.0 += (there as f64 / f64::from(seats)).min(1.0);
            sum.1 += 1;
        }
    }
    for (row, sums) in out.heat.iter_mut().zip(sums) {
        for (cell, (sum, count)) in row.iter_mut().zip(sums) {
            *cell = (count > 0).then(|| sum / f64::from(count));
        }
    }
    out
}

#[cfg(test)]
mod tests;
