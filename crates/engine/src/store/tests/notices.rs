//! Notices, the batch, dead webhooks and the privacy mode over restarts.

use cafesentinel_domain::notify::{
    BatchEntry, Channel, Dead, Mark, MarkState, Notice, NoticeId, Outgoing, Told,
};

use super::*;

fn notice(channel: Channel, of: Option<(i64, bool)>) -> Told {
    let notice = match of {
        None => Notice::HourlySnapshot { hour: Utc(T0), online: 1, total: 2 },
        Some((id, false)) => Notice::OutageBegan { incident: incident(id, 0, None) },
        Some((id, true)) => {
            Notice::OutageOver { incident: incident(id, 0, Some(9000)), active: 1, picture: None }
        }
    };
    Told::Notice(Outgoing { channel, at: Utc(T0), notice })
}

fn mark(id: i64, state: MarkState) -> Mark {
    Mark { id: NoticeId(id), attempts: 1, at: Utc(T0 + 5), state }
}

#[test]
fn notices_wait_across_restarts_until_they_are_done_with() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    let alerts = Channel::Alerts;
    {
        let mut store = Store::open(&path, Utc(T0)).unwrap().store;
        let told = [
            notice(alerts, Some((1, false))),
            notice(alerts, Some((2, false))),
            notice(alerts, Some((1, true))),
            notice(Channel::Occupancy, None),
            notice(Channel::Occupancy, None),
        ];
        let stored = store.append(&Batch { told: &told, ..batch(10) }).unwrap().notices;
        assert_eq!(stored.iter().map(|(id, _)| id.0).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        let delivered = |message: &str| MarkState::Delivered { message: Some(message.into()) };
        let marks = [
            mark(1, delivered("11")),
            mark(2, delivered("12")),
            mark(3, delivered("13")),
            mark(4, MarkState::Refused("Discord answered 400".into())),
            mark(5, MarkState::Waiting { error: "no way".into(), next_try: Utc(T0 + 99) }),
        ];
        let since = Utc(T0 + 7);
        let dead = DeadWebhook { webhook: "77".into(), dead: Dead { since, status: 404 } };
        let dead = [(Channel::Screenshots, Some(dead))];
        store.append(&Batch { marks: &marks, dead: &dead, ..batch(11) }).unwrap();
    }
    let mut store = Store::open(&path, Utc(T0)).unwrap().store;
    let left = store.undelivered().unwrap();
    let waiting: Vec<_> = left.waiting.iter().map(|(c, i)| (*c, i.id.0, i.attempts)).collect();
    assert_eq!(waiting, [(Channel::Occupancy, 5, 1)]);
    // The end of incident 1 is told, so its message is to be edited; that of 2 stands.
    let standing: Vec<_> =
        left.standing.iter().map(|s| (s.id.0, s.message.as_str(), s.over.is_some())).collect();
    assert_eq!(standing, [(1, "11", true), (2, "12", false)]);
    assert_eq!(left.dead.len(), 1);
    let again = [(Channel::Screenshots, None)];
    store
        .append(&Batch { marks: &[mark(1, MarkState::Edited)], dead: &again, ..batch(12) })
        .unwrap();
    let left = store.undelivered().unwrap();
    assert_eq!((left.standing.len(), left.dead.len()), (1, 0));
    let row = store.reader().unwrap().notice(NoticeId(5)).unwrap().unwrap();
    assert_eq!((row.state, row.next_try), (NoticeState::Waiting, Some(Utc(T0 + 99))));
    assert_eq!(row.error.as_deref(), Some("no way"));
}

#[test]
fn the_batch_and_the_privacy_mode_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    let Event::Session { change, session } = session(1, "PC-1", 1000, None).0.event else {
        panic!("a session");
    };
    let entry = BatchEntry { change, session };
    {
        let mut store = Store::open(&path, Utc(T0)).unwrap().store;
        let until = Some(Utc(T0 + 60_000));
        let privacy = Stamped { at: Utc(T0 + 10), event: Event::Privacy { on: true, until } };
        let told = [Told::Hold(entry.clone())];
        store.append(&Batch { told: &told, events: &[(privacy, None)], ..batch(10) }).unwrap();
    }
    let mut store = Store::open(&path, Utc(T0)).unwrap().store;
    // The same boot: exact, whatever the wall clock says; another one: by the wall clock.
    let now = Moment { tick: moment(20_000).tick, utc: Utc(T0 + 3_600_000) };
    let restored = store.restored(&[], now, "boot-1").unwrap();
    assert_eq!(restored.batch, [entry]);
    let privacy = restored.privacy.unwrap();
    assert!(privacy.on);
    assert_eq!(privacy.until.unwrap().tick, moment(60_000).tick);
    let other = store.restored(&[], moment(20_000), "boot-2").unwrap().privacy.unwrap();
    assert_eq!(other.until.unwrap().tick, moment(60_000).tick);
    store.append(&Batch { told: &[Told::Release], ..batch(11) }).unwrap();
    assert!(store.restored(&[], now, "boot-1").unwrap().batch.is_empty());
}
