use std::sync::atomic::{AtomicI64, Ordering};

use cafesentinel_domain::time::{Tick, Utc};
use cafesentinel_platform::machine::Identity;
use tempfile::TempDir;

use super::*;
use crate::vault::Costs;

const ADMIN: &str = "correct horse";

struct House {
    _folder: TempDir,
    access: Access,
    told: Arc<Mutex<Vec<Event>>>,
    seconds: Arc<AtomicI64>,
}

fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let identity = Identity { system: Some("here".into()), hardware: None };
    let vault = Vault::open(folder.path(), identity, Costs::CHEAP, None);
    vault.set_up(ADMIN, "battery staple").unwrap();
    let (told, seconds) = (Arc::<Mutex<Vec<Event>>>::default(), Arc::<AtomicI64>::default());
    let (heard, clock) = (Arc::clone(&told), Arc::clone(&seconds));
    let now =
        move || Moment { tick: Tick(clock.load(Ordering::Relaxed) * 1_000_000_000), utc: Utc(0) };
    let tell = move |event| heard.lock().unwrap().push(event);
    let access = Access::new(vault, false, Audit::default(), Box::new(now), Box::new(tell));
    House { _folder: folder, access, told, seconds }
}

fn at(text: &str) -> Source {
    Source::of(text.parse().unwrap())
}

impl House {
    async fn try_from(&self, source: Source, password: &str) -> Result<(), Denied> {
        self.access.check(source, Which::Admin, Zeroizing::new(password.into())).await
    }
}

#[tokio::test(start_paused = true)]
async fn five_wrong_ones_are_slow_locked_and_told_once_and_others_get_in() {
    let house = house();
    let stranger = at("10.0.0.66");
    let began = tokio::time::Instant::now();
    for _ in 0..5 {
        assert!(matches!(house.try_from(stranger, "a wrong one").await, Err(Denied::Wrong)));
    }
    assert_eq!(began.elapsed().as_millis() / 250, 31, "0.25 + 0.5 + 1 + 2 + 4 s");
    for _ in 0..20 {
        assert!(matches!(house.try_from(stranger, ADMIN).await, Err(Denied::Locked(_))));
    }
    let source = "10.0.0.66".to_owned();
    let expected = Event::LockedOut { source, wrong: 5, seconds: 60 };
    assert_eq!(*house.told.lock().unwrap(), [expected]);
    house.try_from(at("10.0.0.2"), ADMIN).await.unwrap();
    house.try_from(Source::Window, ADMIN).await.unwrap();
    house.seconds.store(61, Ordering::Relaxed);
    house.try_from(stranger, ADMIN).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn many_at_once_and_guesses_broken_off_are_no_way_around() {
    let house = house();
    let stranger = at("10.0.0.66");
    let all = (0..50).map(|_| house.try_from(stranger, "a wrong one"));
    let answers = futures_util::future::join_all(all).await;
    let tried = answers.iter().filter(|a| matches!(a, Err(Denied::Wrong))).count();
    assert_eq!(tried, 5);
    let other = at("10.0.0.67");
    for _ in 0..5 {
        // The client hangs up before it is answered.
        let guess = house.try_from(other, "a wrong one");
        assert!(tokio::time::timeout(Duration::from_millis(1), guess).await.is_err());
    }
    assert!(matches!(house.try_from(other, ADMIN).await, Err(Denied::Locked(_))));
}

#[tokio::test]
async fn a_new_password_ends_all_sessions() {
    let house = house();
    let access = &house.access;
    let secret = access.open_session(true).unwrap();
    assert_eq!(access.session(&secret, false).unwrap().1.role, Role::Admin);
    access.vault().change_password(Which::Privacy, ADMIN, "another staff one").unwrap();
    access.vault_changed();
    assert!(access.session(&secret, false).is_some());
    access.vault().change_password(Which::Admin, ADMIN, "another admin one").unwrap();
    access.vault_changed();
    assert!(access.session(&secret, false).is_none());
}

#[test]
fn the_way_in_at_this_computer_is_good_once() {
    let house = house();
    let fragment = house.access.fragment();
    let code = fragment.strip_prefix("#code=").unwrap();
    assert!(!house.access.redeem_link("x"));
    assert!(house.access.redeem_link(code) && !house.access.redeem_link(code));
    assert_ne!(*house.access.fragment(), *fragment);
}
