//! The vault: passwords, tokens and keys in one file that opens on this machine only.
//!
//! In the order of life: [`Vault::open`] looks at `cron.dll` and at the marks that an
//! installation leaves outside of it ([`mark`]), and says in which [`Condition`] it is;
//! [`Vault::set_up`] makes a new one and gives out the [`RecoveryCode`]; from then on it
//! verifies passwords, knows tokens, seals what is secret in the configuration, and signs
//! stand-downs. [`Vault::recover`] opens one that this machine does not (or that is gone)
//! by that code, and takes new passwords.
//!
//! The file ([`container`]) is sealed under a random key, which lies in it twice: sealed
//! for this machine's identity and under the recovery code. The identity is no secret for
//! programs of this machine. So the vault keeps a *copied* file shut, and keeps the
//! passwords even from who may read it here (Argon2id); against somebody who may write in
//! the data folder as this account it only tells, for he could replace the program too.

mod body;
mod bytes;
mod container;
mod crypt;
mod fault;
mod mark;
mod password;
mod recovery;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cafesentinel_domain::access::Scope;
use cafesentinel_domain::access::password::{Weakness, weaknesses};
use cafesentinel_domain::time::Utc;
use cafesentinel_platform::machine::Identity;
use zeroize::Zeroizing;

pub use body::TokenInfo;
pub use container::Unreadable;
pub use fault::{Change, Condition, Fault, VaultError, Which};
pub use password::Costs;
pub use recovery::{Misread, RecoveryCode};

use crate::config_file;
use crate::store::Ledger;
use body::{Body, StandDown, Token};
use container::{LARGEST, Shaped, Wrap};
use crypt::Key;
use mark::{Mark, Places, Traces};
use password::Hash;

/// The vault's file.
pub const FILE: &str = "cron.dll";
/// Held while it is changed.
const LOCK: &str = "cron.lock";
/// The public half of the key that signs stand-downs, in base64, for the guardian.
pub const STAND_DOWN: &str = "stand-down.pub";
/// What begins a token, so that one that leaks is recognised.
const TOKEN: &str = "cafe_";

/// The vault. Clones share it.
#[derive(Debug, Clone)]
pub struct Vault {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    identity: Identity,
    costs: Costs,
    places: Places,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Fresh,
    Faulty(Fault),
    Open(Box<Opened>),
}

struct Opened {
    body: Body,
    key: Key,
    recovery: Wrap,
    /// The file as last read or written.
    file: Vec<u8>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").field("id", &self.body.id).finish_non_exhaustive()
    }
}

impl Opened {
    fn read(file: Vec<u8>, identity: &Identity) -> Result<Opened, Unreadable> {
        let shaped = Shaped::read(&file)?;
        let key = shaped.key_of(identity)?;
        let contents = shaped.contents(&key)?;
        let recovery = shaped.recovery.clone();
        let body = serde_json::from_slice(&contents).map_err(|_| Unreadable::Altered)?;
        Ok(Opened { body, key, recovery, file })
    }

    fn mark(&self) -> Mark {
        Mark { id: self.body.id.clone(), recovery: self.recovery.clone() }
    }
}

/// What lies on the disk, judged. Pure: the disk was looked at before.
fn judge(file: Result<Option<Vec<u8>>, String>, identity: &Identity, traces: &Traces) -> State {
    let file = match file {
        Ok(Some(file)) => file,
        Ok(None) if traces.any() => return State::Faulty(Fault::Missing),
        Ok(None) => return State::Fresh,
        Err(why) => return State::Faulty(Fault::Io(why)),
    };
    match Opened::read(file, identity) {
        Ok(opened) if traces.marks.iter().any(|mark| mark.id != opened.body.id) => {
            State::Faulty(Fault::Replaced)
        }
        Ok(opened) => State::Open(Box::new(opened)),
        Err(why) => State::Faulty(Fault::Unreadable(why)),
    }
}

impl Vault {
    /// Looks at what lies in a data folder.
    #[must_use]
    pub fn open(folder: &Path, identity: Identity, costs: Costs, ledger: Option<Ledger>) -> Vault {
        let places = Places::of(folder, ledger);
        let state = judge(read(&folder.join(FILE)), &identity, &places.look());
        let folder = folder.to_path_buf();
        let shared = Shared { folder, identity, costs, places, state: Mutex::new(state) };
        Vault { shared: Arc::new(shared) }
    }

    /// Sees to it that what should lie beside the vault does: the marks, and the public
    /// half of the key for stand-downs.
    pub fn leave_traces(&self) {
        if let State::Open(opened) = &*self.lock() {
            self.shared.places.set(&opened.mark());
            self.shared.publish(&opened.body);
        }
    }

    /// Changes whenever the admin password does.
    #[must_use]
    pub fn password_stamp(&self) -> Option<[u8; 32]> {
        match &*self.lock() {
            State::Open(opened) => {
                let hash = serde_json::to_vec(&opened.body.admin).unwrap_or_default();
                Some(crypt::sha256(&hash))
            }
            State::Fresh | State::Faulty(_) => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// In which condition it is.
    #[must_use]
    pub fn condition(&self) -> Condition {
        match &*self.lock() {
            State::Fresh => Condition::Fresh,
            State::Faulty(fault) => Condition::Faulty(fault.clone()),
            State::Open(_) => Condition::Open,
        }
    }

    /// Looks at the file again. One that was deleted or replaced while it is open here is
    /// put back as it was.
    pub fn refresh(&self) -> Option<Change> {
        let mut state = self.lock();
        let path = self.shared.folder.join(FILE);
        let found = read(&path);
        if let State::Open(opened) = &mut *state {
            if matches!(&found, Ok(Some(file)) if *file == opened.file) {
                return None;
            }
            // Reading fails for a moment on Windows while another process renames.
            let Ok(found) = found else { return None };
            let read = found.map(|file| Opened::read(file, &self.shared.identity));
            match read {
                Some(Ok(new)) if new.body.id == opened.body.id => {
                    **opened = new;
                    self.shared.places.set(&opened.mark());
                    return Some(Change::Reread);
                }
                Some(_) | None => {
                    let back = config_file::write_atomically(&path, &opened.file);
                    return back.is_ok().then_some(Change::PutBack);
                }
            }
        }
        let new = judge(found, &self.shared.identity, &self.shared.places.look());
        let news = match (&*state, &new) {
            (State::Fresh, State::Fresh) => false,
            (State::Faulty(old), State::Faulty(new)) => old != new,
            (State::Fresh | State::Faulty(_) | State::Open(_), _) => true,
        };
        *state = new;
        news.then_some(Change::Reread)
    }

    /// Makes the vault of a fresh installation. The code is shown to the owner and kept
    /// nowhere.
    ///
    /// # Errors
    /// If it is set up already, or the passwords are not good enough, or the disk refuses.
    pub fn set_up(&self, admin: &str, privacy: &str) -> Result<RecoveryCode, VaultError> {
        let _alone = self.shared.alone()?;
        self.refresh();
        if !matches!(&*self.lock(), State::Fresh) {
            return Err(VaultError::NotFresh);
        }
        let id = bytes::print(&crypt::random::<16>()?);
        self.shared.begin(&mut self.lock(), id, crypt::random_key()?, Vec::new(), (admin, privacy))
    }

    /// Takes control back with the recovery code: new passwords, a new code, and a new key
    /// for stand-downs; what was sealed stays readable, tokens stay if they can be read.
    ///
    /// # Errors
    /// If the code is another's, or the passwords are not good enough.
    pub fn recover(
        &self,
        code: &RecoveryCode,
        admin: &str,
        privacy: &str,
    ) -> Result<RecoveryCode, VaultError> {
        let _alone = self.shared.alone()?;
        self.refresh();
        let mut state = self.lock();
        let traces = self.shared.places.look();
        let file = read(&self.shared.folder.join(FILE)).ok().flatten().unwrap_or_default();
        let shaped = Shaped::read(&file).ok();
        let replaced = match &*state {
            State::Fresh => return Err(VaultError::NotSetUp),
            // Whoever put it there has a code for it.
            State::Faulty(fault) => *fault == Fault::Replaced,
            State::Open(_) => false,
        };
        let of_file = shaped.as_ref().filter(|_| !replaced).and_then(|shaped| {
            let key = shaped.recovery.recover(code)?;
            let contents = shaped.contents(&key).ok();
            let body = contents.and_then(|c| serde_json::from_slice::<Body>(&c).ok());
            Some((key, body))
        });
        let of_mark = || {
            let found = traces
                .marks
                .iter()
                .find_map(|mark| mark.recovery.recover(code).map(|key| (key, mark.id.clone())));
            found.map(|(key, id)| (key, id, Vec::new()))
        };
        let marked = || traces.marks.first().map(|mark| mark.id.clone());
        let (key, id, tokens) = match of_file {
            Some((key, Some(body))) => (key, body.id, body.tokens),
            Some((key, None)) => match marked() {
                Some(id) => (key, id, Vec::new()),
                None => (key, bytes::print(&crypt::random::<16>()?), Vec::new()),
            },
            None => of_mark().ok_or(VaultError::WrongCode)?,
        };
        self.shared.begin(&mut state, id, key, tokens, (admin, privacy))
    }

    /// Whether it is this password. Slow on purpose.
    ///
    /// # Errors
    /// If there is no open vault.
    pub fn verify(&self, which: Which, password: &str) -> Result<bool, VaultError> {
        let hash = match &*self.lock() {
            State::Fresh => return Err(VaultError::NotSetUp),
            State::Faulty(fault) => return Err(fault.clone().into()),
            State::Open(opened) => match which {
                Which::Admin => opened.body.admin.clone(),
                Which::Privacy => opened.body.privacy.clone(),
            },
        };
        Ok(hash.is_of(password))
    }

    /// Changes a password; the admin's own and the privacy password alike by the admin.
    ///
    /// # Errors
    /// If the admin password is wrong, or the new one is not good enough.
    pub fn change_password(&self, which: Which, admin: &str, new: &str) -> Result<(), VaultError> {
        if !self.verify(Which::Admin, admin)? {
            return Err(VaultError::WrongPassword);
        }
        let other = match which {
            Which::Admin => Which::Privacy,
            Which::Privacy => Which::Admin,
        };
        // The other one is known by its hash alone: the same one is found by trying.
        let same = self.verify(other, new)?;
        let placeholder = "another, good enough";
        let (name, mut weak) = match which {
            Which::Admin => ("admin", weaknesses(new, placeholder)),
            Which::Privacy => ("privacy", weaknesses(placeholder, new)),
        };
        weak.retain(|(of, weakness)| *of == name && *weakness != Weakness::Same);
        if same && weak.is_empty() {
            weak.push((name, Weakness::Same));
        }
        if !weak.is_empty() {
            return Err(VaultError::Weak(weak));
        }
        let costs = self.shared.costs;
        let hash = Hash::of(new, costs)?;
        self.change(|body| {
            match which {
                Which::Admin => {
                    body.stand_down = body
                        .stand_down
                        .under(admin, new, costs)
                        .ok_or(VaultError::WrongPassword)?;
                    body.admin = hash;
                }
                Which::Privacy => body.privacy = hash,
            }
            Ok(())
        })
    }

    /// Changes the body on disk and here, or neither.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut Body) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        let _alone = self.shared.alone()?;
        self.refresh();
        let mut state = self.lock();
        let opened = match &mut *state {
            State::Fresh => return Err(VaultError::NotSetUp),
            State::Faulty(fault) => return Err(fault.clone().into()),
            State::Open(opened) => opened,
        };
        let mut body = opened.body.clone();
        let result = change(&mut body)?;
        opened.file = self.shared.write(&body, &opened.key, &opened.recovery)?;
        opened.body = body;
        Ok(result)
    }

    /// Makes a token. It is shown to the owner and kept nowhere.
    ///
    /// # Errors
    /// If the name is unusable, there are too many, or the disk refuses.
    pub fn create_token(
        &self,
        name: &str,
        scope: Scope,
        now: Utc,
    ) -> Result<(TokenInfo, Zeroizing<String>), VaultError> {
        if let Some(fault) = body::name_fault(name) {
            return Err(VaultError::BadName(fault));
        }
        let secret = Zeroizing::new(crypt::random::<32>()?);
        let secret = Zeroizing::new(format!("{TOKEN}{}", bytes::print(secret.as_slice())));
        let about = self.keep_token(name, scope, now, &secret)?;
        Ok((about, secret))
    }

    /// Keeps a token, of which it is certain that nobody can guess it.
    pub(crate) fn keep_token(
        &self,
        name: &str,
        scope: Scope,
        now: Utc,
        secret: &str,
    ) -> Result<TokenInfo, VaultError> {
        let hash = crypt::sha256(secret.as_bytes()).to_vec();
        self.change(|body| {
            if body.tokens.len() >= body::MOST_TOKENS {
                return Err(VaultError::TooManyTokens);
            }
            body.next_token += 1;
            let (id, name) = (body.next_token, name.to_owned());
            let about = TokenInfo { id, name, scope, created: now };
            body.tokens.push(Token { about: about.clone(), hash });
            Ok(about)
        })
    }

    /// Makes a token worthless.
    ///
    /// # Errors
    /// If there is none with this number, or the disk refuses.
    pub fn revoke_token(&self, id: u32) -> Result<TokenInfo, VaultError> {
        self.change(|body| {
            let at = body.tokens.iter().position(|t| t.about.id == id);
            Ok(body.tokens.remove(at.ok_or(VaultError::NoToken)?).about)
        })
    }

    /// All tokens, the oldest first.
    #[must_use]
    pub fn tokens(&self) -> Vec<TokenInfo> {
        match &*self.lock() {
            State::Open(opened) => opened.body.tokens.iter().map(|t| t.about.clone()).collect(),
            State::Fresh | State::Faulty(_) => Vec::new(),
        }
    }

    /// The token that this is. Looks at all of them, however early it is found.
    #[must_use]
    pub fn token(&self, secret: &str) -> Option<TokenInfo> {
        let hash = crypt::sha256(secret.as_bytes());
        let state = self.lock();
        let State::Open(opened) = &*state else { return None };
        let mut found = None;
        for token in &opened.body.tokens {
            if crypt::same(&hash, &token.hash) {
                found = Some(token.about.clone());
            }
        }
        found
    }

    /// Signs a stand-down; none of its messages is valid without the admin password.
    ///
    /// # Errors
    /// If the password is wrong or there is no open vault.
    pub fn sign_stand_down(&self, admin: &str, message: &[u8]) -> Result<[u8; 64], VaultError> {
        let key = match &*self.lock() {
            State::Fresh => return Err(VaultError::NotSetUp),
            State::Faulty(fault) => return Err(fault.clone().into()),
            State::Open(opened) => opened.body.stand_down.clone(),
        };
        key.sign(admin, message).ok_or(VaultError::WrongPassword)
    }

    /// Seals a text of the configuration for its place there: `sealed:…`. None while
    /// there is no open vault.
    #[must_use]
    pub fn seal(&self, place: &str, clear: &str) -> Option<String> {
        let state = self.lock();
        let State::Open(opened) = &*state else { return None };
        let key = crypt::derive(&[], opened.key.as_slice(), "CafeSentinel config, 1").ok()?;
        let nonce = crypt::synthetic_nonce(&key, place.as_bytes(), clear.as_bytes());
        let sealed = crypt::seal(&key, nonce, place.as_bytes(), clear.as_bytes()).ok()?;
        Some(format!("{SEALED}{}", bytes::print(&[nonce.as_slice(), &sealed].concat())))
    }

    /// Opens what [`Vault::seal`] made for the same place. None if it does not open here.
    #[must_use]
    pub fn unseal(&self, place: &str, sealed: &str) -> Option<Zeroizing<String>> {
        let sealed = bytes::parse(sealed.strip_prefix(SEALED)?)?;
        let (nonce, sealed) = sealed.split_first_chunk::<{ crypt::NONCE }>()?;
        let state = self.lock();
        let State::Open(opened) = &*state else { return None };
        let key = crypt::derive(&[], opened.key.as_slice(), "CafeSentinel config, 1").ok()?;
        let clear = crypt::open(&key, *nonce, place.as_bytes(), sealed).ok()?;
        String::from_utf8(clear.to_vec()).ok().map(Zeroizing::new)
    }
}

impl config_file::Sealer for Vault {
    fn seal(&self, place: &str, clear: &str) -> Option<String> {
        Vault::seal(self, place, clear)
    }

    fn unseal(&self, place: &str, sealed: &str) -> Option<Zeroizing<String>> {
        Vault::unseal(self, place, sealed)
    }
}

/// What begins a sealed text.
const SEALED: &str = "sealed:";

impl Shared {
    /// One process at a time changes the file.
    fn alone(&self) -> io::Result<File> {
        fs::create_dir_all(&self.folder)?;
        let path = self.folder.join(LOCK);
        let file = File::options().create(true).truncate(false).write(true).open(path)?;
        file.lock()?;
        Ok(file)
    }

    fn begin(
        &self,
        state: &mut State,
        id: String,
        key: Key,
        tokens: Vec<Token>,
        (admin, privacy): (&str, &str),
    ) -> Result<RecoveryCode, VaultError> {
        let weak = weaknesses(admin, privacy);
        if !weak.is_empty() {
            return Err(VaultError::Weak(weak));
        }
        let code = RecoveryCode::random()?;
        let recovery = Wrap::for_recovery(&key, &code)?;
        let next_token = tokens.iter().map(|t| t.about.id).max().unwrap_or(0);
        let body = Body {
            id,
            admin: Hash::of(admin, self.costs)?,
            privacy: Hash::of(privacy, self.costs)?,
            stand_down: StandDown::new(admin, self.costs)?,
            tokens,
            next_token,
        };
        let file = self.write(&body, &key, &recovery)?;
        let opened = Opened { body, key, recovery, file };
        self.places.set(&opened.mark());
        self.publish(&opened.body);
        *state = State::Open(Box::new(opened));
        Ok(code)
    }

    fn write(&self, body: &Body, key: &Key, recovery: &Wrap) -> Result<Vec<u8>, VaultError> {
        let contents = Zeroizing::new(serde_json::to_vec(body).map_err(|_| VaultError::Broken)?);
        let file = container::write(&contents, key, &self.identity, recovery)?;
        let file = file.ok_or(VaultError::NoIdentity)?;
        config_file::write_atomically(&self.folder.join(FILE), &file)?;
        Ok(file)
    }

    /// Writes the public half down for the guardian.
    fn publish(&self, body: &Body) {
        let text = format!("{}\n", bytes::print(&body.stand_down.public));
        let path = self.folder.join(STAND_DOWN);
        if fs::read(&path).ok().as_deref() != Some(text.as_bytes())
            && let Err(error) = config_file::write_atomically(&path, text.as_bytes())
        {
            tracing::warn!(category = "SECURITY", "{STAND_DOWN} cannot be written: {error}");
        }
    }
}

/// The file, if there is one. A link is not followed: it could lead anywhere.
fn read(path: &Path) -> Result<Option<Vec<u8>>, String> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
        Ok(about) if !about.is_file() => return Err("it is a link or a folder".into()),
        Ok(_) => {}
    }
    let mut bytes = Vec::new();
    let limit = LARGEST as u64 + 1;
    let read = File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}
