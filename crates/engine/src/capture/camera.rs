//! One thread that takes the pictures, and a handle for everyone who wants one.
//!
//! The thread, `capture`, owns the screen and stands back behind all others of the
//! machine. It takes one picture after the other from a short queue. Whoever asked waits
//! at most [`PATIENCE`]. A display that hangs holds up this one thread only: no second one
//! is ever started, and until it comes back everyone is told at once that it hangs.
//!
//! `take` may be dropped at any time: a picture that nobody waits for any more is not
//! taken.

use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cafesentinel_domain::time::Utc;
use serde::Serialize;
use tokio::sync::oneshot;

use super::{CaptureError, MAX_BYTES, Picture, Screen, Settings, encode};
use crate::clock::Clock;

/// So many may wait behind the one whose picture is being taken.
pub const QUEUE: usize = 4;
/// After this a capture counts as hung: 20 s. A common one takes a quarter of a second.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// How the last capture went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// None was asked for yet.
    #[default]
    Unused,
    /// Well.
    Ok,
    /// There was no display.
    NoDisplay,
    /// The session was locked.
    Locked,
    /// It failed, or hangs.
    Failed,
}

/// What the camera can say of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct CameraState {
    /// How the last capture went.
    pub condition: Condition,
    /// What was wrong with it, in words.
    pub text: Option<String>,
    /// When the last picture was taken.
    pub last_success: Option<Utc>,
}

/// A handle on the thread that takes pictures; the thread ends after the last handle.
#[derive(Debug, Clone)]
pub struct Camera {
    requests: SyncSender<Request>,
    shared: Shared,
}

#[derive(Debug)]
struct Request {
    settings: Settings,
    answer: oneshot::Sender<Result<Picture, CaptureError>>,
}

impl Camera {
    /// Starts the thread. `open` is called there, for the first picture and again after a
    /// panic of the screen's.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start<S: Screen + 'static>(
        open: impl FnMut() -> S + Send + 'static,
        clock: Clock,
    ) -> io::Result<Camera> {
        let (requests, queue) = sync_channel(QUEUE);
        let shared = Shared::default();
        let worker = Worker { open, screen: None, shared: shared.clone(), clock };
        std::thread::Builder::new().name("capture".into()).spawn(move || worker.run(&queue))?;
        Ok(Camera { requests, shared })
    }

    /// Takes a picture; it has at most [`MAX_BYTES`].
    ///
    /// # Errors
    /// Each [`CaptureError`]; `Busy` when [`QUEUE`] others are waiting, `Failed` also when
    /// it takes longer than [`PATIENCE`].
    pub async fn take(&self, settings: Settings) -> Result<Picture, CaptureError> {
        self.shared.lock().admit()?;
        let (answer, answered) = oneshot::channel();
        let request = Request { settings, answer };
        self.requests.try_send(request).map_err(|refused| match refused {
            TrySendError::Full(_) => CaptureError::Busy,
            TrySendError::Disconnected(_) => ended(),
        })?;
        let result = match tokio::time::timeout(PATIENCE, answered).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(ended()),
            Err(_) => Err(self.shared.lock().hangs()),
        };
        // It may have been switched on while the answer was on its way.
        if self.is_private() { Err(CaptureError::Privacy) } else { result }
    }

    /// Switches privacy mode: while it is on no picture is taken, and one that is being
    /// taken when it is switched on is thrown away, also if it is off again by then.
    pub fn set_privacy(&self, on: bool) {
        let mut inner = self.shared.lock();
        if on && !inner.private {
            inner.times_private += 1;
        }
        inner.private = on;
    }

    /// Whether privacy mode is on.
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.shared.lock().private
    }

    /// For the diagnostics.
    #[must_use]
    pub fn state(&self) -> CameraState {
        self.shared.lock().state.clone()
    }
}

fn ended() -> CaptureError {
    CaptureError::Failed("the capture thread has ended".to_owned())
}

#[derive(Debug, Clone, Default)]
struct Shared(Arc<Mutex<Inner>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
struct Inner {
    state: CameraState,
    at_work: bool,
    hung: bool,
    private: bool,
    /// How often privacy mode was switched on.
    times_private: u64,
}

impl Inner {
    fn admit(&self) -> Result<(), CaptureError> {
        match (self.private, self.hung) {
            (true, _) => Err(CaptureError::Privacy),
            (_, true) => Err(hung()),
            _ => Ok(()),
        }
    }

    /// Somebody has waited in vain.
    fn hangs(&mut self) -> CaptureError {
        if self.at_work && !self.hung {
            self.hung = true;
            self.learn(Err(&hung()));
        }
        hung()
    }

    /// Sets the state, and tells a change in the log once.
    fn learn(&mut self, result: Result<Utc, &CaptureError>) {
        let before = (self.state.condition, self.state.text.take());
        let condition = match result {
            Ok(_) => Condition::Ok,
            Err(CaptureError::NoDisplay) => Condition::NoDisplay,
            Err(CaptureError::Locked) => Condition::Locked,
            Err(CaptureError::Failed(_)) => Condition::Failed,
            // These say nothing of the screen.
            Err(CaptureError::Privacy | CaptureError::Busy) => {
                self.state.text = before.1;
                return;
            }
        };
        self.state.condition = condition;
        self.state.last_success = result.ok().or(self.state.last_success);
        self.state.text = result.err().map(ToString::to_string);
        if (condition, &self.state.text) == (before.0, &before.1) {
            return;
        }
        match (&self.state.text, condition) {
            (Some(text), Condition::Failed) => {
                tracing::error!(category = "ERROR", "No screenshot: {text}.");
            }
            (Some(text), _) => tracing::info!(category = "TASK", "No screenshots: {text}."),
            (None, _) if before.0 == Condition::Unused => {}
            (None, _) => tracing::info!(category = "TASK", "Screenshots can be taken again."),
        }
    }
}

fn hung() -> CaptureError {
    let seconds = PATIENCE.as_secs();
    CaptureError::Failed(format!("the display did not answer within {seconds} s and hangs still"))
}

/// What lives on the thread.
struct Worker<S, O> {
    open: O,
    screen: Option<S>,
    shared: Shared,
    clock: Clock,
}

impl<S: Screen, O: FnMut() -> S> Worker<S, O> {
    fn run(mut self, queue: &Receiver<Request>) {
        if let Err(error) = cafesentinel_platform::thread::stand_back() {
            tracing::warn!(category = "SYSTEM", "Captures run at full priority: {error}");
        }
        for Request { settings, answer } in queue {
            if answer.is_closed() {
                continue;
            }
            // Nobody listens only when the wait was too long.
            let _ = answer.send(self.picture(settings));
        }
    }

    fn picture(&mut self, settings: Settings) -> Result<Picture, CaptureError> {
        let times_private = {
            let mut inner = self.shared.lock();
            if inner.private {
                return Err(CaptureError::Privacy);
            }
            inner.at_work = true;
            inner.times_private
        };
        // Not what it owned is used after a panic: the screen is opened anew.
        let result = panic::catch_unwind(AssertUnwindSafe(|| self.expose(settings)));
        let result = result.unwrap_or_else(|_| {
            let _ = panic::catch_unwind(AssertUnwindSafe(|| self.screen = None));
            Err(CaptureError::Failed("the capture library panicked".to_owned()))
        });
        let mut inner = self.shared.lock();
        (inner.at_work, inner.hung) = (false, false);
        inner.learn(result.as_ref().map(|_| self.clock.now().utc));
        if inner.private || inner.times_private != times_private {
            return Err(CaptureError::Privacy);
        }
        result
    }

    fn expose(&mut self, settings: Settings) -> Result<Picture, CaptureError> {
        let frame = self.screen.get_or_insert_with(&mut self.open).grab()?;
        encode(&frame, settings, MAX_BYTES)
    }
}

#[cfg(test)]
mod tests;
