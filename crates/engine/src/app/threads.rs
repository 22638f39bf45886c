//! The threads without which there is no program.

use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How long they get to store everything at the end.
const FAREWELL: Duration = Duration::from_millis(1500);

type Ended = (&'static str, anyhow::Result<()>);

/// All of them, and how they end: by themselves, with an error, or in a panic.
pub(super) struct Threads {
    ended: UnboundedReceiver<Ended>,
    sender: UnboundedSender<Ended>,
    running: usize,
}

impl Default for Threads {
    fn default() -> Self {
        let (sender, ended) = unbounded_channel();
        Threads { ended, sender, running: 0 }
    }
}

impl Threads {
    pub(super) fn start(
        &mut self,
        name: &'static str,
        work: impl FnOnce() -> anyhow::Result<()> + Send + 'static,
    ) -> io::Result<()> {
        let sender = self.sender.clone();
        std::thread::Builder::new().name(name.into()).spawn(move || {
            // Nothing of what it owned is used after a panic.
            let result = panic::catch_unwind(AssertUnwindSafe(work))
                .unwrap_or_else(|_| Err(anyhow::anyhow!("it panicked")));
            // Nobody listens only when the program has given up waiting.
            let _ = sender.send((name, result));
        })?;
        self.running += 1;
        Ok(())
    }

    /// The next one that ends.
    pub(super) async fn ended(&mut self) -> Ended {
        let ended = self.ended.recv().await;
        self.running = self.running.saturating_sub(1);
        // We hold a sender ourselves.
        ended.unwrap_or(("last", Ok(())))
    }

    /// Waits until all have ended, 1.5 s at most; the first error, if any.
    pub(super) async fn all_ended(&mut self) -> anyhow::Result<()> {
        let mut first = Ok(());
        let all = async {
            while self.running > 0 {
                let (name, result) = self.ended().await;
                if let (Err(error), true) = (result, first.is_ok()) {
                    first = Err(error.context(format!("the {name} thread failed")));
                }
            }
        };
        if tokio::time::timeout(FAREWELL, all).await.is_err() {
            anyhow::bail!("a thread did not end within {} ms", FAREWELL.as_millis());
        }
        first
    }
}

/// A panic is told in the log too, not only on a console that nobody sees.
pub(super) fn log_panics() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let payload = panic.payload();
        let text = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no text");
        let name = std::thread::current().name().unwrap_or("unnamed").to_owned();
        tracing::error!(category = "ERROR", "Thread {name} panicked at {place}: {text}");
        before(panic);
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_end_with_an_error() {
        let mut threads = Threads::default();
        threads.start("driver", || panic!("on purpose")).unwrap();
        let (name, result) = threads.ended().await;
        assert!(name == "driver" && result.is_err());
        threads.all_ended().await.unwrap();
    }

    #[tokio::test]
    async fn the_end_waits_for_all() {
        let mut threads = Threads::default();
        threads.start("a", || Ok(())).unwrap();
        threads.start("b", || Err(anyhow::anyhow!("the disk"))).unwrap();
        let error = threads.all_ended().await.unwrap_err();
        assert!(format!("{error:#}").contains("b thread failed: the disk"), "{error:#}");
    }
}
