//! Who is logged in: sessions that end by themselves, and the right to change things,
//! which ends sooner.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Role;
use crate::time::Tick;

/// A session that nobody uses ends after this.
pub const IDLE: Duration = Duration::from_secs(12 * 3600);
/// However it is used, a session ends after this.
pub const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);
/// Settings lock again after so long without a change or a look at them.
pub const ADMIN_IDLE: Duration = Duration::from_secs(5 * 60);
/// However busy, the admin password is asked again after this.
pub const ADMIN_LONGEST: Duration = Duration::from_secs(12 * 3600);
/// More than a café has browsers; beyond them the longest unused ends.
const MOST: usize = 1000;

/// The digest of a session's secret: what is kept cannot be used to get in.
pub type Key = [u8; 32];

#[derive(Debug, Clone, Copy)]
struct Span {
    began: Tick,
    used: Tick,
}

impl Span {
    fn lives(self, now: Tick, idle: Duration, longest: Duration) -> bool {
        now.since(self.used) < idle && now.since(self.began) < longest
    }
}

#[derive(Debug, Clone, Copy)]
struct Session {
    all: Span,
    admin: Option<Span>,
}

/// What a session is worth now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The role.
    pub role: Role,
    /// It was an admin's and has locked again: the password brings it back.
    pub locked: bool,
    /// Until settings lock, if nothing is done; none while they are locked.
    pub admin_left: Option<Duration>,
}

/// All sessions.
#[derive(Debug, Default)]
pub struct Sessions {
    all: BTreeMap<Key, Session>,
}

impl Sessions {
    /// Begins a session, or gives one that lives the admin's rights.
    pub fn open(&mut self, key: Key, admin: bool, now: Tick) {
        self.expire(now);
        if !self.all.contains_key(&key) && self.all.len() >= MOST {
            let unused = self.all.iter().min_by_key(|(_, s)| s.all.used).map(|(key, _)| *key);
            if let Some(unused) = unused {
                self.all.remove(&unused);
            }
        }
        let span = Span { began: now, used: now };
        self.all.insert(key, Session { all: span, admin: admin.then_some(span) });
    }

    /// What a session is worth, and that it was used; `as_admin` if for something that
    /// only the admin may. None if there is no such session, or none any more.
    pub fn used(&mut self, key: &Key, as_admin: bool, now: Tick) -> Option<Standing> {
        self.expire(now);
        let session = self.all.get_mut(key)?;
        session.all.used = now;
        let mut admin_left = None;
        if let Some(admin) =
            session.admin.as_mut().filter(|a| a.lives(now, ADMIN_IDLE, ADMIN_LONGEST))
        {
            if as_admin {
                admin.used = now;
            }
            let idle = (admin.used + ADMIN_IDLE).since(now);
            admin_left = Some(idle.min((admin.began + ADMIN_LONGEST).since(now)));
        }
        let role = if admin_left.is_some() { Role::Admin } else { Role::Viewer };
        let locked = session.admin.is_some() && admin_left.is_none();
        Some(Standing { role, locked, admin_left })
    }

    /// Takes the admin's rights from a session that goes on, or says that there is none.
    pub fn lock(&mut self, key: &Key) -> bool {
        self.all.get_mut(key).is_some_and(|session| session.admin.take().is_some())
    }

    /// Ends a session.
    pub fn close(&mut self, key: &Key) -> bool {
        self.all.remove(key).is_some()
    }

    /// Ends all of them: a password was changed.
    pub fn close_all(&mut self) {
        self.all.clear();
    }

    fn expire(&mut self, now: Tick) {
        self.all.retain(|_, session| session.all.lives(now, IDLE, LONGEST));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = [1; 32];

    fn at(s: u64) -> Tick {
        Tick(0) + Duration::from_secs(s)
    }

    fn role(sessions: &mut Sessions, as_admin: bool, s: u64) -> Option<Role> {
        sessions.used(&KEY, as_admin, at(s)).map(|standing| standing.role)
    }

    #[test]
    fn settings_lock_after_five_idle_minutes_while_looking_on_goes_on() {
        let mut sessions = Sessions::default();
        sessions.open(KEY, true, at(0));
        assert_eq!(role(&mut sessions, true, 299), Some(Role::Admin));
        for s in (300..598).step_by(10) {
            assert_eq!(role(&mut sessions, false, s), Some(Role::Admin), "{s}");
        }
        let standing = sessions.used(&KEY, true, at(599)).unwrap();
        assert_eq!((standing.role, standing.locked), (Role::Viewer, true));
        sessions.open(KEY, true, at(600));
        assert_eq!(role(&mut sessions, true, 601), Some(Role::Admin));
        assert!(sessions.lock(&KEY) && !sessions.lock(&KEY));
        assert_eq!(role(&mut sessions, true, 602), Some(Role::Viewer));
    }

    #[test]
    fn a_session_ends_unused_and_in_the_end_also_used() {
        let mut sessions = Sessions::default();
        sessions.open(KEY, false, at(0));
        assert_eq!(role(&mut sessions, false, 12 * 3600 - 1), Some(Role::Viewer));
        assert_eq!(role(&mut sessions, false, 24 * 3600 - 1), None, "idle");
        sessions.open(KEY, true, at(0));
        let mut last = 0;
        for s in (0..8 * 24 * 3600).step_by(240) {
            match role(&mut sessions, true, s) {
                Some(Role::Admin) => assert!(s < 12 * 3600, "{s}"),
                Some(_) => last = s,
                None => break,
            }
        }
        assert!(last < 7 * 24 * 3600 && last > 7 * 24 * 3600 - 500, "{last}");
    }

    #[test]
    fn who_logs_out_is_out_and_others_are_not() {
        let mut sessions = Sessions::default();
        sessions.open(KEY, true, at(0));
        sessions.open([2; 32], false, at(0));
        assert!(sessions.close(&KEY) && !sessions.close(&KEY));
        assert_eq!(role(&mut sessions, true, 1), None);
        assert_eq!(sessions.used(&[2; 32], true, at(1)).unwrap().role, Role::Viewer);
        assert!(!sessions.used(&[2; 32], true, at(1)).unwrap().locked, "never an admin's");
        sessions.close_all();
        assert_eq!(sessions.used(&[2; 32], false, at(1)), None);
    }

    #[test]
    fn there_are_never_more_than_a_thousand() {
        let mut sessions = Sessions::default();
        for n in 0..2000_u16 {
            let mut key = KEY;
            key[..2].copy_from_slice(&n.to_be_bytes());
            sessions.open(key, false, at(u64::from(n)));
        }
        assert_eq!(sessions.all.len(), MOST);
    }
}
