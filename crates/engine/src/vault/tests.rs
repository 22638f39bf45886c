use ring::signature::{ED25519, UnparsedPublicKey};
use tempfile::TempDir;

use super::*;
use crate::store::Store;

const ADMIN: &str = "correct horse";
const PRIVACY: &str = "battery staple";

struct House {
    folder: TempDir,
    machine: &'static str,
}

impl House {
    fn new() -> House {
        let folder = tempfile::tempdir().unwrap();
        Store::open(&folder.path().join("history.db"), Utc(0)).unwrap();
        House { folder, machine: "this machine" }
    }

    fn open(&self) -> Vault {
        let identity = Identity { system: Some(self.machine.into()), hardware: None };
        let ledger = Ledger::of(&self.path("history.db"));
        Vault::open(self.folder.path(), identity, Costs::CHEAP, Some(ledger))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn set_up(&self) -> (Vault, RecoveryCode) {
        let vault = self.open();
        let code = vault.set_up(ADMIN, PRIVACY).unwrap();
        (vault, code)
    }
}

#[track_caller]
fn faulty(vault: &Vault) -> Fault {
    match vault.condition() {
        Condition::Faulty(fault) => fault,
        other @ (Condition::Fresh | Condition::Open) => panic!("{other:?}"),
    }
}

#[test]
fn it_is_set_up_once_and_knows_its_passwords_after_a_restart() {
    let house = House::new();
    let vault = house.open();
    assert_eq!(vault.condition(), Condition::Fresh);
    assert!(matches!(vault.verify(Which::Admin, ADMIN), Err(VaultError::NotSetUp)));
    assert!(matches!(vault.set_up(ADMIN, ADMIN), Err(VaultError::Weak(_))));
    assert!(matches!(vault.set_up("short", PRIVACY), Err(VaultError::Weak(_))));
    assert!(!house.path(FILE).exists());
    vault.set_up(ADMIN, PRIVACY).unwrap();
    assert!(matches!(vault.set_up(ADMIN, PRIVACY), Err(VaultError::NotFresh)));
    let again = house.open();
    assert_eq!(again.condition(), Condition::Open);
    for vault in [vault, again] {
        assert!(vault.verify(Which::Admin, ADMIN).unwrap());
        assert!(vault.verify(Which::Privacy, PRIVACY).unwrap());
        assert!(!vault.verify(Which::Admin, PRIVACY).unwrap());
        assert!(!vault.verify(Which::Privacy, ADMIN).unwrap());
    }
}

#[test]
fn nothing_of_a_password_code_or_token_is_in_any_file() {
    let house = House::new();
    let (vault, code) = house.set_up();
    let (_, token) = vault.create_token("Manager", Scope::Admin, Utc(0)).unwrap();
    let code = code.reveal();
    let bare = code.replace('-', "");
    let secrets = [ADMIN, PRIVACY, &token, &token[TOKEN.len()..], &code, &bare];
    for entry in fs::read_dir(house.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        for secret in secrets {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{}", path.display());
        }
    }
    let shown = format!("{vault:?}");
    assert!(secrets.iter().all(|secret| !shown.contains(secret)), "{shown}");
}

#[test]
fn on_another_machine_it_stays_shut_until_the_code_is_given() {
    let mut house = House::new();
    let (vault, code) = house.set_up();
    let (_, token) = vault.create_token("Manager", Scope::Read, Utc(0)).unwrap();
    let sealed = vault.seal("a.b", "webhook").unwrap();
    house.machine = "another machine";
    let vault = house.open();
    assert_eq!(faulty(&vault), Fault::Unreadable(Unreadable::Foreign));
    assert!(vault.token(&token).is_none() && vault.unseal("a.b", &sealed).is_none());
    assert!(matches!(vault.verify(Which::Admin, ADMIN), Err(VaultError::Faulty(_))));
    assert!(matches!(vault.set_up("a new password", "another one"), Err(VaultError::NotFresh)));
    let wrong = RecoveryCode::random().unwrap();
    let refused = vault.recover(&wrong, "a new password", "another one");
    assert!(matches!(refused, Err(VaultError::WrongCode)));
    let new = vault.recover(&code, "a new password", "another one").unwrap();
    assert_ne!(*new.reveal(), *code.reveal());
    for vault in [vault, house.open()] {
        assert!(vault.verify(Which::Admin, "a new password").unwrap());
        assert!(!vault.verify(Which::Admin, ADMIN).unwrap());
        assert!(vault.token(&token).is_some(), "tokens stay");
        assert_eq!(*vault.unseal("a.b", &sealed).unwrap(), "webhook");
        let old = vault.recover(&code, "a third password", "another one");
        assert!(matches!(old, Err(VaultError::WrongCode)), "a code is good once");
    }
}

#[test]
fn deleted_it_is_no_way_to_new_passwords() {
    let house = House::new();
    let (vault, code) = house.set_up();
    let sealed = vault.seal("a.b", "webhook").unwrap();
    drop(vault);
    fs::remove_file(house.path(FILE)).unwrap();
    for also in ["", mark::FILE] {
        if !also.is_empty() {
            // The mark in the history is enough.
            fs::remove_file(house.path(also)).unwrap();
        }
        let vault = house.open();
        assert_eq!(faulty(&vault), Fault::Missing);
        assert!(matches!(vault.set_up(ADMIN, PRIVACY), Err(VaultError::NotFresh)));
        let other = RecoveryCode::random().unwrap();
        let refused = vault.recover(&other, ADMIN, PRIVACY);
        assert!(matches!(refused, Err(VaultError::WrongCode)));
    }
    house.open().recover(&code, "a new password", PRIVACY).unwrap();
    let vault = house.open();
    assert!(vault.verify(Which::Admin, "a new password").unwrap());
    assert_eq!(*vault.unseal("a.b", &sealed).unwrap(), "webhook");
}

#[test]
fn without_any_mark_a_sealed_value_still_tells_that_there_was_one() {
    let house = House::new();
    let (_, code) = house.set_up();
    for name in [FILE, mark::FILE, "history.db"] {
        fs::remove_file(house.path(name)).unwrap();
    }
    fs::write(house.path("config.json"), "{\"a\": \"sealed:AAAA\"}").unwrap();
    let vault = house.open();
    assert_eq!(faulty(&vault), Fault::Missing);
    let refused = vault.recover(&code, ADMIN, PRIVACY);
    assert!(matches!(refused, Err(VaultError::WrongCode)), "nothing is left to open");
    fs::write(house.path("config.json"), "{}").unwrap();
    assert_eq!(house.open().condition(), Condition::Fresh);
}

#[test]
fn another_vault_in_its_place_is_refused_with_its_own_code_too() {
    let house = House::new();
    let (_, code) = house.set_up();
    let theirs = House::new();
    let (_, their_code) = theirs.set_up();
    fs::copy(theirs.path(FILE), house.path(FILE)).unwrap();
    let vault = house.open();
    assert_eq!(faulty(&vault), Fault::Replaced);
    let refused = vault.recover(&their_code, ADMIN, PRIVACY);
    assert!(matches!(refused, Err(VaultError::WrongCode)));
    vault.recover(&code, ADMIN, PRIVACY).unwrap();
    assert_eq!(house.open().condition(), Condition::Open);
}

#[test]
fn cut_off_at_every_byte_it_is_told_and_the_code_heals_it() {
    let house = House::new();
    let (_, code) = house.set_up();
    let whole = fs::read(house.path(FILE)).unwrap();
    for cut in 0..whole.len() {
        fs::write(house.path(FILE), &whole[..cut]).unwrap();
        let vault = house.open();
        assert!(matches!(faulty(&vault), Fault::Unreadable(_)), "{cut}");
        assert!(matches!(vault.set_up(ADMIN, PRIVACY), Err(VaultError::NotFresh)), "{cut}");
    }
    house.open().recover(&code, ADMIN, PRIVACY).unwrap();
    assert_eq!(house.open().condition(), Condition::Open);
    assert!(matches!(house.open().recover(&code, ADMIN, PRIVACY), Err(VaultError::WrongCode)));
}

#[test]
fn deleted_or_replaced_while_it_is_in_use_it_is_put_back() {
    let house = House::new();
    let (vault, _) = house.set_up();
    assert_eq!(vault.refresh(), None);
    fs::remove_file(house.path(FILE)).unwrap();
    assert_eq!(vault.refresh(), Some(Change::PutBack));
    fs::write(house.path(FILE), "MZ").unwrap();
    assert_eq!(vault.refresh(), Some(Change::PutBack));
    let theirs = House::new();
    theirs.set_up();
    fs::copy(theirs.path(FILE), house.path(FILE)).unwrap();
    assert_eq!(vault.refresh(), Some(Change::PutBack));
    assert!(house.open().verify(Which::Admin, ADMIN).unwrap());
}

#[test]
fn what_another_process_changes_is_seen_and_kept() {
    let house = House::new();
    let waiting = house.open();
    let (vault, _) = house.set_up();
    assert_eq!(waiting.refresh(), Some(Change::Reread));
    assert_eq!(waiting.condition(), Condition::Open);
    let (first, secret) = waiting.create_token("one", Scope::Read, Utc(7)).unwrap();
    let (second, _) = vault.create_token("two", Scope::Admin, Utc(8)).unwrap();
    assert_eq!((first.id, second.id), (1, 2), "neither overwrote the other");
    assert_eq!(vault.tokens().len(), 2);
    assert_eq!(vault.token(&secret), Some(first));
    waiting.refresh();
    assert_eq!(waiting.revoke_token(1).unwrap().name, "one");
    vault.refresh();
    assert_eq!(vault.token(&secret), None);
    assert!(matches!(vault.revoke_token(1), Err(VaultError::NoToken)));
    let (third, _) = vault.create_token("one", Scope::Read, Utc(9)).unwrap();
    assert_eq!(third.id, 3, "numbers are not given out twice");
}

#[test]
fn tokens_are_known_whole_or_not_at_all_and_bounded() {
    let house = House::new();
    let (vault, _) = house.set_up();
    let (_, secret) = vault.create_token("x", Scope::Read, Utc(0)).unwrap();
    for wrong in ["", "cafe_", &secret[..secret.len() - 1], &format!("{}A", *secret)] {
        assert_eq!(vault.token(wrong), None, "{wrong}");
    }
    assert!(matches!(vault.create_token("", Scope::Read, Utc(0)), Err(VaultError::BadName(_))));
    for _ in 1..body::MOST_TOKENS {
        vault.create_token("x", Scope::Read, Utc(0)).unwrap();
    }
    let refused = vault.create_token("x", Scope::Read, Utc(0));
    assert!(matches!(refused, Err(VaultError::TooManyTokens)));
}

#[test]
fn passwords_are_changed_by_the_admin_and_stand_downs_go_on() {
    let house = House::new();
    let (vault, _) = house.set_up();
    let public = fs::read_to_string(house.path(STAND_DOWN)).unwrap();
    let change = |which, admin, new| vault.change_password(which, admin, new);
    assert!(matches!(
        change(Which::Admin, PRIVACY, "new one, long"),
        Err(VaultError::WrongPassword)
    ));
    assert!(matches!(change(Which::Admin, ADMIN, PRIVACY), Err(VaultError::Weak(_))));
    assert!(matches!(change(Which::Privacy, ADMIN, ADMIN), Err(VaultError::Weak(_))));
    assert!(matches!(change(Which::Privacy, ADMIN, "short"), Err(VaultError::Weak(_))));
    change(Which::Admin, ADMIN, "new one, long").unwrap();
    change(Which::Privacy, "new one, long", "staff password").unwrap();
    let vault = house.open();
    assert!(vault.verify(Which::Admin, "new one, long").unwrap());
    assert!(vault.verify(Which::Privacy, "staff password").unwrap());
    assert!(matches!(vault.sign_stand_down(ADMIN, b"x"), Err(VaultError::WrongPassword)));
    let signature = vault.sign_stand_down("new one, long", b"stop").unwrap();
    let public = bytes::parse(public.trim()).unwrap();
    UnparsedPublicKey::new(&ED25519, public).verify(b"stop", &signature).unwrap();
}

#[test]
fn a_sealed_text_opens_at_its_own_place_only() {
    let house = House::new();
    let (vault, _) = house.set_up();
    let sealed = vault.seal("discord_settings.webhook_alerts", "https://x").unwrap();
    assert!(sealed.starts_with("sealed:") && !sealed.contains("https"));
    assert_eq!(vault.seal("discord_settings.webhook_alerts", "https://x").unwrap(), sealed);
    assert_ne!(vault.seal("chain_settings.token", "https://x").unwrap(), sealed);
    assert_eq!(*vault.unseal("discord_settings.webhook_alerts", &sealed).unwrap(), "https://x");
    assert!(vault.unseal("chain_settings.token", &sealed).is_none());
    for wrong in ["", "sealed:", "sealed:!", "sealed:AAAA", &sealed[..20], "https://x"] {
        assert!(vault.unseal("discord_settings.webhook_alerts", wrong).is_none(), "{wrong}");
    }
    assert!(House::new().open().seal("a", "b").is_none());
}

#[test]
fn what_is_no_file_in_its_place_is_told_and_no_new_one_is_made() {
    let house = House::new();
    let (vault, _) = house.set_up();
    drop(vault);
    fs::remove_file(house.path(FILE)).unwrap();
    fs::create_dir(house.path(FILE)).unwrap();
    let vault = house.open();
    assert!(matches!(faulty(&vault), Fault::Io(_)));
    assert!(matches!(vault.set_up(ADMIN, PRIVACY), Err(VaultError::NotFresh)));
}

#[test]
fn a_machine_without_an_identity_is_told_so() {
    let house = House::new();
    let vault = Vault::open(house.folder.path(), Identity::default(), Costs::CHEAP, None);
    assert!(matches!(vault.set_up(ADMIN, PRIVACY), Err(VaultError::NoIdentity)));
    assert!(!house.path(FILE).exists());
}
