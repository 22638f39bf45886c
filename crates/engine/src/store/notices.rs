//! Notices and their fate, what waits to be told together, dead webhooks, privacy.

use cafesentinel_domain::capture::Privacy;
use cafesentinel_domain::event::{Incident, IncidentId};
use cafesentinel_domain::notify::{
    BatchEntry, Channel, Dead, Item, Mark, MarkState, Notice, NoticeId, Outgoing, Told,
};
use cafesentinel_domain::time::{Moment, Utc};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use serde::Serialize;

use super::append::take_number;
use super::reader::{Reader, decode};
use super::restore::Run;
use super::{Batch, Store, StoreError};

/// The most notices that one question gets.
pub const MAX_NOTICES: usize = 500;

/// A webhook that Discord does not know any more, by its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadWebhook {
    /// Its number.
    pub webhook: String,
    /// Since when, and what Discord answered.
    pub dead: Dead,
}

/// What has become of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeState {
    /// It is still to be delivered.
    Waiting,
    /// Discord has it.
    Delivered,
    /// Told together with another.
    Merged,
    /// Given up.
    Dropped,
    /// Discord does not take it.
    Refused,
}

impl NoticeState {
    /// All of them.
    pub const ALL: [NoticeState; 5] = [
        NoticeState::Waiting,
        NoticeState::Delivered,
        NoticeState::Merged,
        NoticeState::Dropped,
        NoticeState::Refused,
    ];

    /// The word in JSON and SQL.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            NoticeState::Waiting => "waiting",
            NoticeState::Delivered => "delivered",
            NoticeState::Merged => "merged",
            NoticeState::Dropped => "dropped",
            NoticeState::Refused => "refused",
        }
    }

    /// The inverse of [`NoticeState::code`].
    #[must_use]
    pub fn from_code(code: &str) -> Option<NoticeState> {
        NoticeState::ALL.into_iter().find(|s| s.code() == code)
    }
}

/// A notice as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct NoticeRow {
    /// Its number.
    pub id: NoticeId,
    /// Where to, when, what.
    pub outgoing: Outgoing,
    /// What has become of it.
    pub state: NoticeState,
    /// How often it was tried.
    pub attempts: u32,
    /// When its state last changed.
    pub changed_at: Option<Utc>,
    /// When it is tried again.
    pub next_try: Option<Utc>,
    /// Why it did not go.
    pub error: Option<String>,
}

/// Which notices.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoticeFilter {
    /// Of one channel.
    pub channel: Option<Channel>,
    /// In one state.
    pub state: Option<NoticeState>,
    /// How many at most; 1 to [`MAX_NOTICES`], and that many where none is given.
    pub limit: Option<usize>,
    /// Only those with a smaller number: the next page.
    pub before_id: Option<NoticeId>,
}

/// A delivered message that tells of an outage and does not show its end yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The channel.
    pub channel: Channel,
    /// The notice.
    pub id: NoticeId,
    /// When it became known.
    pub at: Utc,
    /// Number of the message.
    pub message: String,
    /// The incident.
    pub incident: IncidentId,
    /// Its end, if that is told already.
    pub over: Option<Incident>,
}

/// What earlier runs left to be delivered.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Undelivered {
    /// Waiting notices, oldest first.
    pub waiting: Vec<(Channel, Item)>,
    /// Messages that are still to be edited.
    pub standing: Vec<Standing>,
    /// Webhooks that Discord does not know any more.
    pub dead: Vec<(Channel, DeadWebhook)>,
}

pub(super) fn insert_told(
    db: &Connection,
    told: &[Told],
) -> Result<Vec<(NoticeId, Outgoing)>, StoreError> {
    let mut notices = Vec::new();
    for one in told {
        match one {
            Told::Notice(outgoing) => {
                db.prepare_cached(
                    "INSERT INTO notices (channel, at, code, incident, body)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![
                    outgoing.channel.code(),
                    outgoing.at.0,
                    outgoing.notice.code(),
                    outgoing.notice.incident().map(|id| id.0),
                    serde_json::to_string(&outgoing.notice)?,
                ])?;
                notices.push((NoticeId(db.last_insert_rowid()), outgoing.clone()));
                if let Notice::Digest { to, .. } = &outgoing.notice {
                    take_number(db, "digest", to.0)?;
                }
            }
            Told::Hold(entry) => {
                db.prepare_cached("INSERT INTO session_batch (body) VALUES (?1)")?
                    .execute([serde_json::to_string(entry)?])?;
            }
            Told::Release => {
                db.prepare_cached("DELETE FROM session_batch")?.execute([])?;
            }
        }
    }
    Ok(notices)
}

pub(super) fn keep_marks(db: &Connection, marks: &[Mark]) -> Result<(), StoreError> {
    let mut keep = db.prepare_cached(
        "UPDATE notices SET state = ?2, attempts = max(attempts, ?3), changed_at = ?4,
            next_try = ?5, error = ?6, message = coalesce(?7, message) WHERE id = ?1",
    )?;
    for mark in marks {
        let (state, next_try, error, message) = match &mark.state {
            MarkState::Waiting { error, next_try } => {
                (NoticeState::Waiting, Some(next_try.0), Some(error), None)
            }
            MarkState::Delivered { message } => {
                (NoticeState::Delivered, None, None, message.as_ref())
            }
            MarkState::Merged => (NoticeState::Merged, None, None, None),
            MarkState::Dropped(why) => (NoticeState::Dropped, None, Some(why), None),
            MarkState::Refused(why) => (NoticeState::Refused, None, Some(why), None),
            MarkState::Edited => {
                db.prepare_cached("UPDATE notices SET edited = 1 WHERE id = ?1")?
                    .execute([mark.id.0])?;
                continue;
            }
        };
        keep.execute(params![
            mark.id.0,
            state.code(),
            mark.attempts,
            mark.at.0,
            next_try,
            error,
            message
        ])?;
    }
    Ok(())
}

pub(super) fn keep_dead(
    db: &Connection,
    dead: &[(Channel, Option<DeadWebhook>)],
) -> Result<(), StoreError> {
    for (channel, dead) in dead {
        match dead {
            Some(d) => db
                .prepare_cached(
                    "INSERT OR REPLACE INTO dead_webhooks (channel, webhook, since, status)
                     VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![channel.code(), d.webhook, d.dead.since.0, d.dead.status])?,
            None => db
                .prepare_cached("DELETE FROM dead_webhooks WHERE channel = ?1")?
                .execute([channel.code()])?,
        };
    }
    Ok(())
}

pub(super) fn keep_privacy(
    db: &Connection,
    on: bool,
    since: Utc,
    until: Option<Utc>,
    batch: &Batch<'_>,
) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO privacy (one, is_on, since, until_utc, until_tick, boot_id)
         VALUES (1, ?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        on,
        since.0,
        until.map(|utc| utc.0),
        until.map(|utc| batch.now.at_utc(utc).tick.0),
        batch.boot_id,
    ])?;
    Ok(())
}

impl Store {
    pub(super) fn session_batch(&self) -> Result<Vec<BatchEntry>, StoreError> {
        let mut query = self.connection.prepare("SELECT body FROM session_batch ORDER BY id")?;
        let rows = query.query_map([], |row| row.get::<_, String>(0))?;
        let bodies = rows.collect::<Result<Vec<_>, _>>()?;
        Ok(bodies.iter().filter_map(|body| decode(body)).collect())
    }

    pub(super) fn privacy(&self, run: &Run<'_>) -> Result<Option<Privacy>, StoreError> {
        let row = |row: &Row<'_>| {
            let until: Option<i64> = row.get(2)?;
            let (tick, boot): (Option<i64>, String) = (row.get(3)?, row.get(4)?);
            let until = until.map(|utc| run.moment_ahead(Utc(utc), tick, &boot));
            Ok(Privacy { on: row.get(0)?, since: Utc(row.get(1)?), until })
        };
        Ok(self
            .connection
            .query_row("SELECT is_on, since, until_utc, until_tick, boot_id FROM privacy", [], row)
            .optional()?)
    }

    /// What earlier runs left to be delivered.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn undelivered(&self) -> Result<Undelivered, StoreError> {
        let mut waiting = Vec::new();
        let mut query = self.connection.prepare(
            "SELECT id, channel, at, attempts, body FROM notices WHERE state = 'waiting'
             ORDER BY id",
        )?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let channel = Channel::from_code(&row.get::<_, String>(1)?);
            let notice = decode::<Notice>(&row.get::<_, String>(4)?);
            if let (Some(channel), Some(notice)) = (channel, notice) {
                let (id, at) = (NoticeId(row.get(0)?), Utc(row.get(2)?));
                waiting.push((channel, Item { id, at, notice, attempts: row.get(3)? }));
            }
        }
        Ok(Undelivered { waiting, standing: self.standing()?, dead: self.dead_webhooks()? })
    }

    fn standing(&self) -> Result<Vec<Standing>, StoreError> {
        let mut query = self.connection.prepare(
            "SELECT b.channel, b.id, b.at, b.message, b.incident,
                (SELECT o.body FROM notices o WHERE o.incident = b.incident
                    AND o.channel = b.channel AND o.code = 'outage_over'
                    AND o.state <> 'waiting' ORDER BY o.id DESC LIMIT 1)
             FROM notices b WHERE b.incident IS NOT NULL AND b.code = 'outage_began'
                AND b.state = 'delivered' AND b.message IS NOT NULL AND b.edited = 0
             ORDER BY b.id DESC LIMIT 100",
        )?;
        let mut rows = query.query([])?;
        let mut standing = Vec::new();
        while let Some(row) = rows.next()? {
            let Some(channel) = Channel::from_code(&row.get::<_, String>(0)?) else { continue };
            let over = row.get::<_, Option<String>>(5)?.and_then(|b| decode::<Notice>(&b));
            let over = over.and_then(|notice| {
                let Notice::OutageOver { incident, .. } = notice else { return None };
                Some(incident)
            });
            standing.push(Standing {
                channel,
                id: NoticeId(row.get(1)?),
                at: Utc(row.get(2)?),
                message: row.get(3)?,
                incident: IncidentId(row.get(4)?),
                over,
            });
        }
        standing.reverse();
        Ok(standing)
    }

    fn dead_webhooks(&self) -> Result<Vec<(Channel, DeadWebhook)>, StoreError> {
        let mut query =
            self.connection.prepare("SELECT channel, webhook, since, status FROM dead_webhooks")?;
        let mut rows = query.query([])?;
        let mut dead = Vec::new();
        while let Some(row) = rows.next()? {
            if let Some(channel) = Channel::from_code(&row.get::<_, String>(0)?) {
                let since = Utc(row.get(2)?);
                let dead_since = Dead { since, status: row.get(3)? };
                dead.push((channel, DeadWebhook { webhook: row.get(1)?, dead: dead_since }));
            }
        }
        Ok(dead)
    }
}

impl Run<'_> {
    /// A moment to come: exact within one boot, else by the wall clock.
    fn moment_ahead(&self, utc: Utc, tick: Option<i64>, boot_id: &str) -> Moment {
        let exact = self.moment(utc, tick, Some(boot_id));
        if exact.tick > self.now().tick { exact } else { self.now().at_utc(utc) }
    }
}

impl Reader {
    /// Whether the privacy mode is on, as far as the wall clock can tell.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn is_private(&self, now: Utc) -> Result<bool, StoreError> {
        let row = self
            .connection()
            .query_row("SELECT is_on, until_utc FROM privacy", [], |row| {
                Ok((row.get::<_, bool>(0)?, row.get::<_, Option<i64>>(1)?))
            })
            .optional()?;
        Ok(row.is_some_and(|(on, until)| on && until.is_none_or(|until| until > now.0)))
    }

    /// The end of the last day of which a digest was told, in milliseconds.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn digest_told(&self) -> Result<Option<i64>, StoreError> {
        let next: Option<i64> = self
            .connection()
            .query_row("SELECT next FROM numbers WHERE name = 'digest'", [], |row| row.get(0))
            .optional()?;
        Ok(next.map(|next| next - 1))
    }

    /// Notices, newest first.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn notices(&self, filter: &NoticeFilter) -> Result<Vec<NoticeRow>, StoreError> {
        let mut conditions = vec!["1 = 1"];
        let mut values: Vec<Value> = Vec::new();
        if let Some(channel) = filter.channel {
            conditions.push("channel = ?");
            values.push(channel.code().to_owned().into());
        }
        if let Some(state) = filter.state {
            conditions.push("state = ?");
            values.push(state.code().to_owned().into());
        }
        if let Some(before) = filter.before_id {
            conditions.push("id < ?");
            values.push(before.0.into());
        }
        let limit = filter.limit.unwrap_or(MAX_NOTICES).clamp(1, MAX_NOTICES);
        let mut query = self.connection().prepare_cached(&format!(
            "SELECT id, channel, at, body, state, attempts, changed_at, next_try, error
             FROM notices WHERE {} ORDER BY id DESC LIMIT {limit}",
            conditions.join(" AND ")
        ))?;
        let mut rows = query.query(params_from_iter(values))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.extend(notice_row(row)?);
        }
        Ok(found)
    }

    /// One notice.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn notice(&self, id: NoticeId) -> Result<Option<NoticeRow>, StoreError> {
        let mut query = self.connection().prepare_cached(
            "SELECT id, channel, at, body, state, attempts, changed_at, next_try, error
             FROM notices WHERE id = ?1",
        )?;
        let mut rows = query.query([id.0])?;
        match rows.next()? {
            Some(row) => notice_row(row),
            None => Ok(None),
        }
    }
}

/// None for what this version cannot read.
fn notice_row(row: &Row<'_>) -> Result<Option<NoticeRow>, StoreError> {
    let channel = Channel::from_code(&row.get::<_, String>(1)?);
    let notice = decode::<Notice>(&row.get::<_, String>(3)?);
    let state = NoticeState::from_code(&row.get::<_, String>(4)?);
    let (Some(channel), Some(notice), Some(state)) = (channel, notice, state) else {
        return Ok(None);
    };
    Ok(Some(NoticeRow {
        id: NoticeId(row.get(0)?),
        outgoing: Outgoing { channel, at: Utc(row.get(2)?), notice },
        state,
        attempts: row.get(5)?,
        changed_at: row.get::<_, Option<i64>>(6)?.map(Utc),
        next_try: row.get::<_, Option<i64>>(7)?.map(Utc),
        error: row.get(8)?,
    }))
}
