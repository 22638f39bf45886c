//! From a notice to the body that Discord takes.
//!
//! Source of the limits: Discord's documentation, "Embed Limits" and "Execute Webhook".
//! Every text is cut to its limit at the end, but only as a last resort: notices are made
//! small enough beforehand, so that no name is lost.

use serde::Serialize;

use super::words::{self, Phrase, phrase};
use super::{Channel, DayFigures, Notice, SessionLine, escape};
use crate::config::{Config, Language};
use crate::event::{EndReason, Incident, IncidentKind};
use crate::time::Utc;

const TITLE: usize = 256;
const DESCRIPTION: usize = 4096;
const FIELD_NAME: usize = 256;
const FIELD_VALUE: usize = 1024;
const FOOTER: usize = 2048;
const USERNAME: usize = 80;
/// Up to so many names stand on one line, as with the ancestor.
const ON_ONE_LINE: u32 = 5;
/// Room for the hours per seat in a digest.
const HOURS_ROOM: usize = 3000;

const RED: u32 = 15_158_332;
const YELLOW: u32 = 16_776_960;
const GREEN: u32 = 5_763_719;
const ROSE: u32 = 15_548_997;
const DARK_GREEN: u32 = 3_066_993;
const GREY: u32 = 9_807_270;

/// A date and a time of day where the café is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    /// Year.
    pub year: i16,
    /// Month, 1–12.
    pub month: u8,
    /// Day, 1–31.
    pub day: u8,
    /// Hour, 0–23.
    pub hour: u8,
    /// Minute, 0–59.
    pub minute: u8,
}

/// Where moments become dates: the time zone is of the machine, so it is handed in.
pub trait Calendar {
    /// The local date and time.
    fn civil(&self, at: Utc) -> Civil;
    /// RFC 3339, in UTC.
    fn timestamp(&self, at: Utc) -> String;
}

/// How to write.
#[derive(Clone, Copy)]
pub struct Style<'a> {
    /// Name of the café.
    pub shop: &'a str,
    /// In which language.
    pub language: Language,
    /// The café's calendar.
    pub calendar: &'a dyn Calendar,
}

impl<'a> Style<'a> {
    /// As configured.
    #[must_use]
    pub fn of(config: &'a Config, calendar: &'a dyn Calendar) -> Style<'a> {
        Style { shop: &config.discord.shop_name, language: config.system.language, calendar }
    }

    fn say(&self, what: Phrase) -> &'static str {
        phrase(what, self.language)
    }

    /// `02:05 PM`.
    fn time(&self, at: Utc) -> String {
        let c = self.calendar.civil(at);
        let half = if c.hour < 12 { "AM" } else { "PM" };
        let hour = if c.hour.is_multiple_of(12) { 12 } else { c.hour % 12 };
        format!("{hour:02}:{:02} {half}", c.minute)
    }

    /// `2026-01-31`.
    fn date(&self, at: Utc) -> String {
        let c = self.calendar.civil(at);
        format!("{:04}-{:02}-{:02}", c.year, c.month, c.day)
    }

    /// The time, with the date where that is not the one of `beside`.
    fn time_beside(&self, at: Utc, beside: Utc) -> String {
        let (time, date) = (self.time(at), self.date(at));
        if date == self.date(beside) { time } else { format!("{date} {time}") }
    }
}

/// The body of "execute webhook".
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Message {
    /// Name under which it appears; none where a message is edited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// One embed.
    pub embeds: Vec<Embed>,
    /// Nobody is mentioned, ever.
    pub allowed_mentions: Mentions,
    /// The picture, if there is one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
}

/// Whom a message may mention: nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Mentions {
    /// Kinds of mentions: none.
    pub parse: [&'static str; 0],
}

/// A file of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attachment {
    /// Number of the file: `files[0]`.
    pub id: &'static str,
    /// Its name.
    pub filename: &'static str,
}

/// An embed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Embed {
    /// The heading.
    pub title: String,
    /// The text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Red, green and blue.
    pub color: u32,
    /// When it happened, RFC 3339.
    pub timestamp: String,
    /// Beneath the text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// At the bottom.
    pub footer: Footer,
    /// The picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<Image>,
}

/// A field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Beside others.
    pub inline: bool,
}

/// The line at the bottom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Footer {
    /// Its text.
    pub text: String,
}

/// The picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Image {
    /// `attachment://` and the file's name.
    pub url: String,
}

/// A new message. `at` is when the notice became known, `merged` that the beginning of an
/// outage is told with its end, `picture` that a picture goes with it.
#[must_use]
pub fn post(notice: &Notice, at: Utc, merged: bool, picture: bool, style: &Style<'_>) -> Message {
    let mut embed = embed(notice, at, merged, style);
    let mut attachments = Vec::new();
    if let Some(filename) = file_name(notice) {
        if picture {
            embed.image = Some(Image { url: format!("attachment://{filename}") });
            attachments.push(Attachment { id: "0", filename });
        } else if !matches!(notice, Notice::OutageOver { .. }) {
            let text = style.say(Phrase::NoPicture);
            embed.description = join(&[&embed.description, text]);
        }
    }
    let username = Some(cut(style.shop.to_owned(), USERNAME));
    message(embed, username, attachments)
}

/// What the message that told of an outage becomes when it is over.
#[must_use]
pub fn edit(incident: &Incident, at: Utc, style: &Style<'_>) -> Message {
    let mut embed = outage_began(incident, at, style);
    let end = incident.end.unwrap_or(at);
    let line = if incident.end_reason == Some(EndReason::Restored) {
        format!(
            "**{}:** {} ({})",
            style.say(Phrase::OverSince),
            style.time_beside(end, incident.start),
            words::clock(incident.duration_ms.unwrap_or(0))
        )
    } else {
        style.say(Phrase::NotWatched).to_owned()
    };
    embed.description = join(&[&embed.description, &line]);
    embed.color = GREY;
    message(embed, None, Vec::new())
}

/// The notice as people read it in the dashboard: heading and text.
#[must_use]
pub fn read(notice: &Notice, at: Utc, style: &Style<'_>) -> (String, String) {
    let embed = embed(notice, at, false, style);
    let fields = embed.fields.iter().map(|f| format!("{}: {}", f.name, f.value));
    let text: Vec<String> = std::iter::once(embed.description.clone())
        .chain(fields)
        .filter(|t| !t.is_empty())
        .collect();
    (embed.title, text.join("\n").replace("**", "").replace('\\', ""))
}

/// The name under which the picture goes.
#[must_use]
pub fn file_name(notice: &Notice) -> Option<&'static str> {
    match notice {
        Notice::RoutinePicture { .. } => Some("routine.webp"),
        Notice::EvidencePicture { .. } => Some("evidence.webp"),
        Notice::OutageOver { picture, .. } => picture.map(|_| "evidence.webp"),
        Notice::OutageBegan { .. }
        | Notice::SeatsLost { .. }
        | Notice::SessionsStarted { .. }
        | Notice::SessionsEnded { .. }
        | Notice::HourlySnapshot { .. }
        | Notice::PrivacySwitched { .. }
        | Notice::ConfigChanged { .. }
        | Notice::WebhookDead { .. }
        | Notice::Missed { .. }
        | Notice::Digest { .. }
        | Notice::LockedOut { .. }
        | Notice::Tampering { .. }
        | Notice::Test => None,
    }
}

fn message(embed: Embed, username: Option<String>, attachments: Vec<Attachment>) -> Message {
    let embeds = vec![fitted(embed)];
    Message { username, embeds, allowed_mentions: Mentions { parse: [] }, attachments }
}

fn embed(notice: &Notice, at: Utc, merged: bool, style: &Style<'_>) -> Embed {
    match notice {
        Notice::OutageBegan { incident } => outage_began(incident, at, style),
        Notice::OutageOver { incident, active, .. } => {
            outage_over(incident, *active, at, merged, style)
        }
        Notice::SeatsLost { seats, lost, online_before, start } => {
            let names: Vec<String> = seats.iter().map(|s| escape::name(s)).collect();
            let more = lost.saturating_sub(count(seats.len()));
            let mut text = join(&[
                &words::seats_lost(*lost, *online_before, style.language),
                &names.join(", "),
            ]);
            if more > 0 {
                text = join(&[&text, &words::and_more(more, style.language)]);
            }
            let since = format!("**{}:** {}", style.say(Phrase::Since), style.time(*start));
            plain(Phrase::SeatsLost, join(&[&text, &since]), RED, at, style)
        }
        Notice::SessionsStarted { seats, count } => {
            plain(Phrase::NewActivity, started(seats, *count, style), GREEN, at, style)
        }
        Notice::SessionsEnded { sessions, count } => {
            plain(Phrase::SessionEnded, ended(sessions, *count, style), ROSE, at, style)
        }
        Notice::HourlySnapshot { hour, online, total } => {
            let text = words::active_clients(*online, *total, style.language);
            plain(Phrase::HourlySnapshot, text, DARK_GREEN, *hour, style)
        }
        Notice::RoutinePicture { .. } => {
            plain(Phrase::RoutineScreenshot, String::new(), GREY, at, style)
        }
        Notice::EvidencePicture { cause, start, .. } => {
            let since = style.time_beside(*start, at);
            let text = format!(
                "{} · {} {since}",
                words::over(*cause, style.language),
                style.say(Phrase::Since)
            );
            plain(Phrase::IncidentEvidence, text, GREY, at, style)
        }
        Notice::PrivacySwitched { on, until } => privacy(*on, *until, at, style),
        Notice::ConfigChanged { changed, count } => config_changed(changed, *count, at, style),
        Notice::WebhookDead { channel } => dead(*channel, at, style),
        Notice::Missed { count, from, to } => {
            let moment = |at: Utc| format!("{} {}", style.date(at), style.time(at));
            let text = words::missed(*count, &moment(*from), &moment(*to), style.language);
            plain(Phrase::Missed, text, GREY, at, style)
        }
        Notice::Digest { from, to, day, before, seats } => {
            digest(*from, *to, day, before.as_ref(), seats, style)
        }
        Notice::LockedOut { source, wrong, seconds } => {
            let text = words::locked_out(&escape::name(source), *wrong, *seconds, style.language);
            plain(Phrase::LockedOut, text, GREY, at, style)
        }
        Notice::Tampering { what } => {
            let text = words::tampering(*what, style.language).to_owned();
            plain(Phrase::Tampering, text, RED, at, style)
        }
        Notice::Test => {
            plain(Phrase::Test, style.say(Phrase::TestText).to_owned(), GREY, at, style)
        }
    }
}

fn outage_began(incident: &Incident, at: Utc, style: &Style<'_>) -> Embed {
    let lines = format!(
        "**{}:** {}\n**{}:** {}",
        style.say(Phrase::Since),
        style.time_beside(incident.start, at),
        style.say(Phrase::Active),
        incident.seats_at_start
    );
    Embed {
        title: words::began(incident, style.language),
        description: join(&[&words::meaning(incident, style.language), &lines]),
        color: RED,
        timestamp: style.calendar.timestamp(incident.start),
        fields: Vec::new(),
        footer: monitor_footer(incident.start, style),
        image: None,
    }
}

fn outage_over(
    incident: &Incident,
    active: u32,
    at: Utc,
    merged: bool,
    style: &Style<'_>,
) -> Embed {
    let end = incident.end.unwrap_or(at);
    let line = |what: Phrase, value: String| format!("**{}:** {value}", style.say(what));
    let mut lines = vec![line(Phrase::Duration, words::clock(incident.duration_ms.unwrap_or(0)))];
    lines.push(line(Phrase::Active, active.to_string()));
    if incident.kind == IncidentKind::Unstable {
        lines.push(line(Phrase::Outages, incident.outages.to_string()));
        lines.push(line(Phrase::DownFor, words::clock(incident.down_ms)));
    }
    let unobserved: i64 = incident.gaps.iter().map(|gap| (gap.to.0 - gap.from.0).max(0)).sum();
    if unobserved >= 1000 {
        lines.push(line(Phrase::NotObserved, words::clock(unobserved)));
    }
    let mut description = lines.join("\n");
    if merged {
        let whole =
            [words::meaning(incident, style.language), style.say(Phrase::Untold).to_owned()];
        description = join(&[&description, &whole[0], &whole[1]]);
    }
    let field = |name: Phrase, value: String| Field {
        name: style.say(name).to_owned(),
        value,
        inline: true,
    };
    Embed {
        title: words::over(incident.cause, style.language),
        description,
        color: match incident.cause {
            crate::event::Cause::RouterDown => YELLOW,
            crate::event::Cause::ServerDown
            | crate::event::Cause::IspDown
            | crate::event::Cause::LanDown => RED,
        },
        timestamp: style.calendar.timestamp(end),
        fields: vec![
            field(Phrase::StartTime, style.time_beside(incident.start, end)),
            field(Phrase::EndTime, style.time(end)),
        ],
        footer: monitor_footer(end, style),
        image: None,
    }
}

fn started(seats: &[String], all: u32, style: &Style<'_>) -> String {
    let names: Vec<String> = seats.iter().map(|s| escape::name(s)).collect();
    if all <= ON_ONE_LINE {
        words::new_sessions(&names.join(", "), style.language)
    } else {
        join(&[&words::came_online(all, style.language), &names.join(", ")])
    }
}

fn ended(sessions: &[SessionLine], all: u32, style: &Style<'_>) -> String {
    let lines: Vec<String> = sessions
        .iter()
        .map(|s| format!("• {} ({})", escape::name(&s.seat), words::stay(s.duration_ms)))
        .collect();
    if all <= ON_ONE_LINE {
        lines.join("\n")
    } else {
        join(&[&words::went_offline(all, style.language), &lines.join("\n")])
    }
}

fn privacy(on: bool, until: Option<Utc>, at: Utc, style: &Style<'_>) -> Embed {
    let (title, text) = if on {
        (Phrase::PrivacyOn, Phrase::PrivacyOnText)
    } else {
        (Phrase::PrivacyOff, Phrase::PrivacyOffText)
    };
    let ends =
        until.map(|until| words::privacy_until(&style.time_beside(until, at), style.language));
    let text = join(&[style.say(text), ends.as_deref().unwrap_or_default()]);
    plain(title, text, GREY, at, style)
}

fn config_changed(changed: &[String], all: u32, at: Utc, style: &Style<'_>) -> Embed {
    let keys: Vec<String> =
        changed.iter().map(|key| format!("• `{}`", key.replace('`', ""))).collect();
    let mut text = join(&[&words::settings_changed(all, style.language), &keys.join("\n")]);
    let more = all.saturating_sub(count(changed.len()));
    if more > 0 {
        text = join(&[&text, &words::and_more(more, style.language)]);
    }
    plain(Phrase::ConfigChanged, text, GREY, at, style)
}

fn dead(channel: Channel, at: Utc, style: &Style<'_>) -> Embed {
    plain(Phrase::WebhookDead, words::webhook_dead(channel, style.language), GREY, at, style)
}

fn digest(
    from: Utc,
    to: Utc,
    day: &DayFigures,
    before: Option<&DayFigures>,
    seats: &[(String, f64)],
    style: &Style<'_>,
) -> Embed {
    let percent = |share: Option<f64>| {
        share.map_or_else(|| "–".to_owned(), |share| format!("{:.0} %", 100.0 * share))
    };
    let outages = |d: &DayFigures| {
        if d.outages == 0 {
            style.say(Phrase::None).to_owned()
        } else {
            let ms = i64::try_from(d.outage_seconds.saturating_mul(1000)).unwrap_or(i64::MAX);
            format!("{} ({})", d.outages, words::clock(ms))
        }
    };
    let field = |name: Phrase, value: &dyn Fn(&DayFigures) -> String| {
        let mut text = format!("**{}**", value(day));
        if let Some(before) = before {
            text.push_str(&format!("\n{}: {}", style.say(Phrase::Compared), value(before)));
        }
        Field { name: style.say(name).to_owned(), value: text, inline: true }
    };
    let peak = |d: &DayFigures| match d.peak_at {
        Some(at) if d.peak > 0 => format!("{} ({})", d.peak, style.time(at)),
        Some(_) | None => d.peak.to_string(),
    };
    let mut lines = String::new();
    let mut shown = 0;
    for (name, hours) in seats {
        let line = format!("• {}: {hours:.1} h\n", escape::name(name));
        if lines.chars().count() + line.chars().count() > HOURS_ROOM {
            break;
        }
        lines.push_str(&line);
        shown += 1;
    }
    let more = count(seats.len().saturating_sub(shown));
    if more > 0 {
        lines.push_str(&words::and_more(more, style.language));
    }
    let span = format!("{} – {}", style.time(from), style.time_beside(to, from));
    let mut description = format!("**{}**, {span}", style.date(from));
    if !lines.is_empty() {
        let heading = format!("**{}**", style.say(Phrase::SeatHours));
        description = join(&[&description, &heading, lines.trim_end()]);
    }
    Embed {
        title: style.say(Phrase::DailyDigest).to_owned(),
        description,
        color: DARK_GREEN,
        timestamp: style.calendar.timestamp(to),
        fields: vec![
            field(Phrase::Peak, &peak),
            field(Phrase::Average, &|d| percent(d.average)),
            field(Phrase::Hours, &|d| format!("{:.1} h", d.hours)),
            field(Phrase::Sessions, &|d| d.sessions.to_string()),
            field(Phrase::Outages, &outages),
        ],
        footer: monitor_footer(from, style),
        image: None,
    }
}

fn plain(title: Phrase, description: String, color: u32, at: Utc, style: &Style<'_>) -> Embed {
    Embed {
        title: style.say(title).to_owned(),
        description,
        color,
        timestamp: style.calendar.timestamp(at),
        fields: Vec::new(),
        footer: Footer { text: format!("{} • {}", style.shop, style.time(at)) },
        image: None,
    }
}

fn monitor_footer(at: Utc, style: &Style<'_>) -> Footer {
    Footer { text: format!("{} Monitor • {}", style.shop, style.date(at)) }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Paragraphs on lines of their own; empty ones left out.
fn join(parts: &[&str]) -> String {
    parts.iter().filter(|p| !p.is_empty()).copied().collect::<Vec<_>>().join("\n")
}

fn cut(text: String, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text;
    }
    text.chars().take(limit.saturating_sub(1)).chain(['…']).collect()
}

fn fitted(mut embed: Embed) -> Embed {
    embed.title = cut(embed.title, TITLE);
    embed.description = cut(embed.description, DESCRIPTION);
    embed.footer.text = cut(embed.footer.text, FOOTER);
    for field in &mut embed.fields {
        field.name = cut(std::mem::take(&mut field.name), FIELD_NAME);
        field.value = cut(std::mem::take(&mut field.value), FIELD_VALUE);
    }
    embed
}
