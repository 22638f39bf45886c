use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Instant;

use super::super::{Frame, Simulated};
use super::*;

const SETTINGS: Settings = Settings { resize_ratio: 1.0, quality: 50 };

fn white() -> Frame {
    Frame { width: 8, height: 8, rgba: vec![255; 8 * 8 * 4] }
}

/// Does what a test says, and counts how often it was looked at.
struct Scripted<F>(F, Arc<AtomicUsize>);

impl<F: FnMut() -> Result<Frame, CaptureError> + Send> Screen for Scripted<F> {
    fn grab(&mut self) -> Result<Frame, CaptureError> {
        self.1.fetch_add(1, Ordering::SeqCst);
        (self.0)()
    }
}

/// A camera before a scripted screen, and how often that was looked at.
fn camera(
    script: impl FnMut() -> Result<Frame, CaptureError> + Send + Clone + 'static,
) -> (Camera, Arc<AtomicUsize>) {
    let looks = Arc::new(AtomicUsize::new(0));
    let counted = looks.clone();
    let open = move || Scripted(script.clone(), counted.clone());
    (Camera::start(open, Clock::real()).expect("a thread"), looks)
}

/// A screen that says when it is looked at, and shows itself only when it is let go.
fn held() -> (Camera, Arc<AtomicUsize>, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let (entered, is_entered) = mpsc::channel();
    let (let_go, is_let_go) = mpsc::channel();
    let is_let_go = Arc::new(Mutex::new(is_let_go));
    let (camera, looks) = camera(move || {
        let _ = entered.send(());
        let _ = is_let_go.lock().unwrap().recv();
        Ok(white())
    });
    (camera, looks, is_entered, let_go)
}

/// Waits on the real clock, also where the runtime's stands still.
fn until(what: &str, mut so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !so() {
        assert!(Instant::now() < end, "not within 10 s: {what}");
        std::thread::yield_now();
    }
}

#[tokio::test]
async fn a_picture_is_taken_and_the_state_says_when() {
    let (camera, looks) = camera(|| Ok(white()));
    assert_eq!(camera.state(), CameraState::default());
    assert_eq!(looks.load(Ordering::SeqCst), 0, "nothing is opened before it is asked for");
    let picture = camera.take(SETTINGS).await.unwrap();
    assert_eq!((picture.width, picture.height), (8, 8));
    let state = camera.state();
    assert_eq!((state.condition, state.text), (Condition::Ok, None));
    assert!(state.last_success.is_some_and(|at| at.0 > 0));
}

#[tokio::test]
async fn no_display_and_a_lock_are_states_and_a_later_picture_heals_them() {
    let mut script = vec![
        Ok(white()),
        Err(CaptureError::Failed("broken".to_owned())),
        Err(CaptureError::Locked),
        Err(CaptureError::NoDisplay),
    ];
    let (camera, _) = camera(move || script.pop().unwrap());
    for (code, condition) in [
        ("no_display", Condition::NoDisplay),
        ("locked", Condition::Locked),
        ("failed", Condition::Failed),
    ] {
        let error = camera.take(SETTINGS).await.unwrap_err();
        assert_eq!(error.code().as_str(), code);
        let state = camera.state();
        assert_eq!((state.condition, state.text), (condition, Some(error.to_string())));
        assert_eq!(state.last_success, None);
    }
    camera.take(SETTINGS).await.unwrap();
    assert_eq!((camera.state().condition, camera.state().text), (Condition::Ok, None));
}

#[tokio::test]
async fn a_panic_of_the_screen_is_a_failure_and_the_next_picture_comes_from_a_new_one() {
    let opened = Arc::new(AtomicUsize::new(0));
    let counted = opened.clone();
    let open = move || {
        let first = counted.fetch_add(1, Ordering::SeqCst) == 0;
        let script = move || if first { panic!("on purpose") } else { Ok(white()) };
        Scripted(script, Arc::default())
    };
    let camera = Camera::start(open, Clock::real()).unwrap();
    let error = camera.take(SETTINGS).await.unwrap_err();
    assert!(error.to_string().contains("panicked"), "{error}");
    camera.take(SETTINGS).await.unwrap();
    assert_eq!(opened.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_hung_display_costs_one_patience_once_and_one_thread() {
    let (camera, looks, entered, let_go) = held();
    let asking = tokio::spawn({
        let camera = camera.clone();
        async move { camera.take(SETTINGS).await }
    });
    tokio::task::yield_now().await;
    entered.recv().unwrap();
    // From here on the clock goes to the end of each wait by itself.
    tokio::time::pause();
    let error = asking.await.unwrap().unwrap_err();
    assert_eq!(error.code().as_str(), "failed");
    assert_eq!(camera.state().condition, Condition::Failed);
    let told = tokio::time::Instant::now();
    for _ in 0..100 {
        assert_eq!(camera.take(SETTINGS).await, Err(error.clone()));
    }
    assert_eq!(told.elapsed(), Duration::ZERO, "the others are told at once");
    assert_eq!(looks.load(Ordering::SeqCst), 1, "and not one of them was queued");

    tokio::time::resume();
    drop(let_go);
    until("the display is back", || !camera.shared.lock().at_work);
    camera.take(SETTINGS).await.unwrap();
    assert_eq!(camera.state().condition, Condition::Ok);
}

#[tokio::test]
async fn one_too_many_is_refused_and_those_who_went_away_are_skipped() {
    let (camera, looks, entered, let_go) = held();
    let ask = || {
        let camera = camera.clone();
        tokio::spawn(async move { camera.take(SETTINGS).await })
    };
    let first = ask();
    tokio::task::yield_now().await;
    entered.recv().unwrap();
    let waiting: Vec<_> = (0..QUEUE).map(|_| ask()).collect();
    tokio::task::yield_now().await;
    assert_eq!(camera.take(SETTINGS).await, Err(CaptureError::Busy));
    assert_eq!(camera.state().condition, Condition::Unused, "it says nothing of the screen");
    for gone in &waiting[..3] {
        gone.abort();
    }
    tokio::task::yield_now().await;
    drop(let_go);
    first.await.unwrap().unwrap();
    for asked in waiting.into_iter().skip(3) {
        asked.await.unwrap().unwrap();
    }
    assert_eq!(looks.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn while_privacy_mode_is_on_the_screen_is_not_looked_at() {
    let (camera, looks) = camera(|| Ok(white()));
    camera.set_privacy(true);
    assert!(camera.is_private());
    assert_eq!(camera.take(SETTINGS).await, Err(CaptureError::Privacy));
    assert_eq!(looks.load(Ordering::SeqCst), 0);
    camera.set_privacy(false);
    camera.take(SETTINGS).await.unwrap();
}

#[tokio::test]
async fn a_picture_in_the_making_is_thrown_away_when_privacy_mode_comes_even_if_it_goes() {
    for off_again in [false, true] {
        let (camera, looks, entered, let_go) = held();
        let asking = |camera: &Camera| {
            let camera = camera.clone();
            tokio::spawn(async move { camera.take(SETTINGS).await })
        };
        let making = asking(&camera);
        tokio::task::yield_now().await;
        entered.recv().unwrap();
        let queued = asking(&camera);
        tokio::task::yield_now().await;
        camera.set_privacy(true);
        if off_again {
            camera.set_privacy(false);
        }
        drop(let_go);
        assert_eq!(making.await.unwrap(), Err(CaptureError::Privacy));
        // What only waited is as good as asked for later.
        assert_eq!(queued.await.unwrap().is_ok(), off_again);
        assert_eq!(looks.load(Ordering::SeqCst), 1 + usize::from(off_again));
    }
}

#[tokio::test]
async fn the_simulated_screen_gives_pictures_too() {
    let camera = Camera::start(|| Simulated::new(Clock::real()), Clock::real()).unwrap();
    let half = Settings { resize_ratio: 0.5, quality: 80 };
    let picture = camera.take(half).await.unwrap();
    assert_eq!((picture.width, picture.height), (640, 360));
}

#[test]
fn the_state_in_json() {
    let state = CameraState { condition: Condition::NoDisplay, ..CameraState::default() };
    let wanted = serde_json::json!({"condition": "no_display", "text": null, "last_success": null});
    assert_eq!(serde_json::to_value(state).unwrap(), wanted);
}
