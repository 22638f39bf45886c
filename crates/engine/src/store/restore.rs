//! What the last run left for this one.

use cafesentinel_domain::config::Host;
use cafesentinel_domain::event::{EndReason, Incident, IncidentKind, Target};
use cafesentinel_domain::incident::UNSTABLE_WINDOW;
use cafesentinel_domain::monitor::Restored;
use cafesentinel_domain::time::{Moment, Tick, Utc};
use rusqlite::{OptionalExtension, Row, params};

use super::{Store, StoreError};

/// How far the wall clock may have been set back and recent incidents still be found; the
/// exact span is then measured on the monotonic clock.
const CLOCK_SLACK_MS: i64 = super::DAY_MS;

/// This run, to which stored ticks are translated.
pub(super) struct Run<'a> {
    now: Moment,
    boot_id: &'a str,
}

impl Run<'_> {
    pub(super) fn now(&self) -> Moment {
        self.now
    }

    /// Exact if it was the same boot, else from the wall clock; never in the future.
    pub(super) fn moment(&self, utc: Utc, tick: Option<i64>, boot_id: Option<&str>) -> Moment {
        match tick {
            Some(tick) if boot_id == Some(self.boot_id) => Moment { tick: Tick(tick), utc },
            Some(_) | None => {
                let age_ms = self.now.utc.0.saturating_sub(utc.0).max(0);
                let age_ns = age_ms.saturating_mul(1_000_000);
                Moment { tick: Tick(self.now.tick.0.saturating_sub(age_ns)), utc }
            }
        }
    }
}

impl Store {
    /// What the last run left, for the targets as configured now.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn restored(
        &self,
        targets: &[(Target, Host)],
        now: Moment,
        boot_id: &str,
    ) -> Result<Restored, StoreError> {
        let run = Run { now, boot_id };
        let seen = self.seen(targets)?;
        let next: Option<i64> = self
            .connection
            .query_row("SELECT next FROM numbers WHERE name = 'incident'", [], |r| r.get(0))
            .optional()?;
        let recent_since = now.utc.0.saturating_sub(CLOCK_SLACK_MS);
        let recent = self
            .incidents_where(
                "end_utc IS NOT NULL AND part_of IS NULL AND start_utc >= ?1",
                recent_since,
                &run,
            )?
            .into_iter()
            .filter(|(incident, start)| {
                incident.kind == IncidentKind::Outage
                    && incident.end_reason == Some(EndReason::Restored)
                    && now.tick.since(start.tick) <= UNSTABLE_WINDOW
            })
            .collect();
        Ok(Restored {
            down: self.down(&seen, &run)?,
            seen,
            // With what is over of an unstable one: its downtime is the sum of these.
            open: self.incidents_where(
                "?1 = 0 AND (end_utc IS NULL OR part_of IN
                    (SELECT id FROM incidents WHERE end_utc IS NULL))",
                0,
                &run,
            )?,
            recent,
            next_incident: next.unwrap_or(1),
            last_alive: self.last_alive(&run)?,
            stays: self.stays(&run)?,
            batch: self.session_batch()?,
            privacy: self.privacy(&run)?,
        })
    }

    fn seen(&self, targets: &[(Target, Host)]) -> Result<Vec<(Target, Host)>, StoreError> {
        let mut query = self
            .connection
            .prepare("SELECT 1 FROM targets_seen WHERE target = ?1 AND host = ?2")?;
        let mut seen = Vec::new();
        for (target, host) in targets {
            if query.exists(params![target.code(), host.to_string()])? {
                seen.push((*target, host.clone()));
            }
        }
        Ok(seen)
    }

    /// A target that has never answered under its present address cannot be down: the
    /// address was changed while the program was not running.
    fn down(
        &self,
        seen: &[(Target, Host)],
        run: &Run<'_>,
    ) -> Result<Vec<(Target, Moment)>, StoreError> {
        let mut query = self
            .connection
            .prepare("SELECT since, tick, boot_id FROM target_down WHERE target = ?1")?;
        let mut down = Vec::new();
        for (target, _) in seen {
            let found = query
                .query_row([target.code()], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?))
                })
                .optional()?;
            if let Some((since, tick, boot)) = found {
                down.push((*target, run.moment(Utc(since), tick, Some(&boot))));
            }
        }
        Ok(down)
    }

    fn last_alive(&self, run: &Run<'_>) -> Result<Option<Moment>, StoreError> {
        let found = self
            .connection
            .query_row("SELECT utc, tick, boot_id FROM alive", [], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?))
            })
            .optional()?;
        Ok(found.map(|(utc, tick, boot)| run.moment(Utc(utc), Some(tick), Some(&boot))))
    }

    fn incidents_where(
        &self,
        condition: &str,
        value: i64,
        run: &Run<'_>,
    ) -> Result<Vec<(Incident, Moment)>, StoreError> {
        let mut query = self.connection.prepare(&format!(
            "SELECT body, start_tick, boot_id FROM incidents WHERE {condition}
             ORDER BY start_utc, id"
        ))?;
        let columns = |row: &Row<'_>| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, Option<i64>>(1)?,
                row.get::<_, Option<String>>(2)?,
            ))
        };
        let mut found = Vec::new();
        for row in query.query_map([value], columns)? {
            let (body, tick, boot) = row?;
            // One unreadable record must not cost the others.
            match serde_json::from_str::<Incident>(&body) {
                Ok(incident) => {
                    let start = run.moment(incident.start, tick, boot.as_deref());
                    found.push((incident, start));
                }
                Err(error) => tracing::warn!("An incident in the history is unreadable: {error}"),
            }
        }
        Ok(found)
    }
}
