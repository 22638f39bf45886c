//! Who may do what, at work: the rules of `domain::access` with the vault, the clock and
//! the trail of what was done.
//!
//! In the order of life: before an installation is set up nothing is answered but that,
//! and only at this computer, with the code that the program shows. Then a password, a
//! one-time code or a token makes somebody a [`Role`]; wrong passwords are counted per
//! source, answered slowly, and told. What an admin does is noted.

mod audit;
mod codes;
mod diff;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cafesentinel_domain::access::Role;
use cafesentinel_domain::access::lockout::{Lockout, Source};
use cafesentinel_domain::access::rate::Rate;
use cafesentinel_domain::access::sessions::{Key, Sessions, Standing};
use cafesentinel_domain::event::{Event, Tampering};
use cafesentinel_domain::time::Moment;
use tokio::sync::{Semaphore, watch};
use zeroize::Zeroizing;

use crate::vault::{Change, Condition, Fault, TokenInfo, Vault, VaultError, Which};
use codes::{Code, digest, secret};

pub use audit::Audit;
pub use diff::between as diff;

/// Passwords tried at once: each takes memory and time on purpose.
const AT_ONCE: usize = 2;
/// What strangers may ask: a page with all its parts, and again.
const STRANGERS: (Duration, u32) = (Duration::from_millis(50), 200);
/// What those may ask who are known.
const KNOWN: (Duration, u32) = (Duration::from_millis(2), 2000);

/// Tells an event to whom it concerns.
pub type Tell = Box<dyn Fn(Event) + Send + Sync>;
/// Where moments come from.
pub type Now = Box<dyn Fn() -> Moment + Send + Sync>;

/// Why somebody was not let in.
#[derive(Debug)]
pub enum Denied {
    /// Too many wrong ones: for so long nothing is tried.
    Locked(Duration),
    /// It was wrong.
    Wrong,
    /// The vault cannot say.
    Vault(VaultError),
}

/// Access control. Clones share it.
#[derive(Clone)]
pub struct Access(Arc<Inner>);

struct Inner {
    vault: Vault,
    demo: bool,
    now: Now,
    tell: Tell,
    audit: Audit,
    lockout: Mutex<Lockout>,
    sessions: Mutex<Sessions>,
    strangers: Mutex<Rate>,
    known: Mutex<Rate>,
    turns: Semaphore,
    /// For the local dashboard, once set up.
    link: Code,
    /// For the set-up, before.
    set_up: Code,
    condition: watch::Sender<Condition>,
    stamp: Mutex<Option<[u8; 32]>>,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").field("vault", &self.0.vault).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A source in words.
#[must_use]
pub fn source_name(source: Source) -> String {
    match source {
        Source::Window => "this window".to_owned(),
        Source::Address(address) => address.to_string(),
    }
}

impl Access {
    /// Puts it together. In the demo nobody needs a password.
    #[must_use]
    pub fn new(vault: Vault, demo: bool, audit: Audit, now: Now, tell: Tell) -> Access {
        let condition = vault.condition();
        let stamp = vault.password_stamp();
        let rate = |(every, burst)| Mutex::new(Rate::new(every, burst));
        let access = Access(Arc::new(Inner {
            vault,
            demo,
            now,
            tell,
            audit,
            lockout: Mutex::default(),
            sessions: Mutex::default(),
            strangers: rate(STRANGERS),
            known: rate(KNOWN),
            turns: Semaphore::new(AT_ONCE),
            link: Code::new(),
            set_up: Code::new(),
            condition: watch::Sender::new(condition.clone()),
            stamp: Mutex::new(stamp),
        }));
        if let Condition::Faulty(fault) = &condition {
            access.tell_of(fault);
        }
        access
    }

    fn tell_of(&self, fault: &Fault) {
        let what = match fault {
            Fault::Missing => Tampering::VaultMissing,
            Fault::Replaced => Tampering::VaultReplaced,
            Fault::Unreadable(_) | Fault::Io(_) => Tampering::VaultShut,
        };
        (self.0.tell)(Event::Tampering { what });
    }

    /// The vault.
    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.0.vault
    }

    /// The trail.
    #[must_use]
    pub fn audit(&self) -> &Audit {
        &self.0.audit
    }

    /// Whether nobody needs a password.
    #[must_use]
    pub fn is_demo(&self) -> bool {
        self.0.demo
    }

    /// Now, on the clock of access control.
    #[must_use]
    pub fn now(&self) -> Moment {
        (self.0.now)()
    }

    /// In which condition the vault is.
    #[must_use]
    pub fn condition(&self) -> Condition {
        self.0.condition.borrow().clone()
    }

    /// [`Access::condition`], now and from now on.
    #[must_use]
    pub fn follow(&self) -> watch::Receiver<Condition> {
        self.0.condition.subscribe()
    }

    /// Looks at the vault's file again. Touches the disk.
    pub fn refresh(&self) {
        match self.0.vault.refresh() {
            None => {}
            Some(Change::PutBack) => {
                (self.0.tell)(Event::Tampering { what: Tampering::VaultPutBack });
            }
            Some(Change::Reread) => self.vault_changed(),
        }
    }

    /// To be called when the vault was set up, recovered or its passwords were changed.
    pub fn vault_changed(&self) {
        let stamp = self.0.vault.password_stamp();
        let before = std::mem::replace(&mut *lock(&self.0.stamp), stamp);
        if before != stamp {
            lock(&self.0.sessions).close_all();
        }
        let condition = self.0.vault.condition();
        if let Condition::Faulty(fault) = &condition
            && condition != self.condition()
        {
            self.tell_of(fault);
        }
        self.0.condition.send_if_modified(|current| {
            let news = *current != condition;
            *current = condition;
            news
        });
    }

    /// Takes a turn to ask anything.
    ///
    /// # Errors
    /// How long to wait.
    pub fn turn(&self, address: IpAddr, known: bool) -> Result<(), Duration> {
        let rate = if known { &self.0.known } else { &self.0.strangers };
        lock(rate).take(address, self.now().tick)
    }

    /// One guess at a password or code. Wrong ones are answered slowly, counted, told;
    /// a guess goes on to its end even if nobody waits for the answer any more.
    ///
    /// # Errors
    /// If it is wrong, its source is locked, or the vault cannot say.
    pub async fn guess<T: Send + 'static>(
        &self,
        source: Source,
        attempt: impl FnOnce(&Access) -> Result<Option<T>, VaultError> + Send + 'static,
    ) -> Result<T, Denied> {
        let access = self.clone();
        let whole = tokio::spawn(async move { access.guess_whole(source, attempt).await });
        whole.await.unwrap_or(Err(Denied::Vault(VaultError::Broken)))
    }

    async fn guess_whole<T: Send + 'static>(
        &self,
        source: Source,
        attempt: impl FnOnce(&Access) -> Result<Option<T>, VaultError> + Send + 'static,
    ) -> Result<T, Denied> {
        let counted = lock(&self.0.lockout).begin(source, self.now().tick);
        let counted = counted.map_err(Denied::Locked)?;
        let tried = {
            let _turn = self.0.turns.acquire().await;
            let access = self.clone();
            let tried = tokio::task::spawn_blocking(move || attempt(&access)).await;
            tried.unwrap_or(Err(VaultError::Broken))
        };
        match tried {
            Ok(Some(right)) => {
                lock(&self.0.lockout).right(source);
                return Ok(right);
            }
            // Found before anything was compared: no guess.
            Err(error @ (VaultError::Weak(_) | VaultError::NotSetUp | VaultError::NotFresh)) => {
                lock(&self.0.lockout).right(source);
                return Err(Denied::Vault(error));
            }
            Err(error @ VaultError::Faulty(_)) => return Err(Denied::Vault(error)),
            Ok(None) | Err(VaultError::WrongPassword | VaultError::WrongCode) => {}
            Err(error) => return Err(Denied::Vault(error)),
        }
        if let Some(length) = counted.lock {
            let (wrong, seconds) = (counted.wrong, length.as_secs());
            (self.0.tell)(Event::LockedOut { source: source_name(source), wrong, seconds });
        }
        tokio::time::sleep(counted.delay).await;
        Err(Denied::Wrong)
    }

    /// Whether it is this password, from there.
    ///
    /// # Errors
    /// If it is not, its source is locked, or the vault cannot say.
    pub async fn check(
        &self,
        source: Source,
        which: Which,
        password: Zeroizing<String>,
    ) -> Result<(), Denied> {
        self.guess(source, move |access| Ok(access.0.vault.verify(which, &password)?.then_some(())))
            .await
    }

    /// Begins a session, or gives the admin's rights to one that lives. Its secret.
    #[must_use]
    pub fn open_session(&self, admin: bool) -> Option<Zeroizing<String>> {
        let secret = secret()?;
        lock(&self.0.sessions).open(digest(&secret), admin, self.now().tick);
        Some(secret)
    }

    /// The session of a secret, if it lives, and what it is worth; it was used.
    #[must_use]
    pub fn session(&self, secret: &str, as_admin: bool) -> Option<(Key, Standing)> {
        let key = digest(secret);
        let standing = lock(&self.0.sessions).used(&key, as_admin, self.now().tick)?;
        Some((key, standing))
    }

    /// Ends a session.
    pub fn close_session(&self, key: &Key) {
        lock(&self.0.sessions).close(key);
    }

    /// Locks the settings of a session.
    pub fn lock_session(&self, key: &Key) {
        lock(&self.0.sessions).lock(key);
    }

    /// The token that this is.
    #[must_use]
    pub fn token(&self, secret: &str) -> Option<TokenInfo> {
        self.0.vault.token(secret)
    }

    /// What is appended to the dashboard's address for who sits at this computer: the way
    /// in, or to the set-up. After `#`, so that it is never sent in an address.
    #[must_use]
    pub fn fragment(&self) -> Zeroizing<String> {
        let code = |name: &str, code: &Code| {
            let code = code.show().unwrap_or_default();
            Zeroizing::new(format!("#{name}={}", *code))
        };
        match self.condition() {
            _ if self.0.demo => Zeroizing::default(),
            Condition::Fresh => code("setup", &self.0.set_up),
            Condition::Open => code("code", &self.0.link),
            Condition::Faulty(_) => Zeroizing::new("#recover".to_owned()),
        }
    }

    /// Is told whenever [`Access::fragment`] has changed.
    #[must_use]
    pub fn follow_codes(&self) -> (watch::Receiver<()>, watch::Receiver<()>) {
        (self.0.link.follow(), self.0.set_up.follow())
    }

    /// Whether it is the code of the link; it is good once.
    #[must_use]
    pub fn redeem_link(&self, code: &str) -> bool {
        self.condition() == Condition::Open && self.0.link.redeem(code)
    }

    /// Whether it is the code of the set-up; it is good once.
    #[must_use]
    pub fn redeem_set_up(&self, code: &str) -> bool {
        self.0.set_up.redeem(code)
    }

    /// The role of who needs none to be known.
    #[must_use]
    pub fn role_without_credentials(&self) -> Role {
        if self.0.demo { Role::Admin } else { Role::Anyone }
    }
}

#[cfg(test)]
mod tests;
