//! How the system tells us to stop.

use std::io;

/// Ctrl-C and SIGTERM, caught from the moment of [`Signals::listen`] on.
pub(super) struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    pub(super) fn listen() -> io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for either; says which in words.
    #[cfg(unix)]
    pub(super) async fn wait(mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "the system asked for it (SIGTERM)",
            _ = self.interrupt.recv() => "asked for by Ctrl-C",
        }
    }

    #[cfg(not(unix))]
    #[allow(clippy::unnecessary_wraps)] // the other system's can fail
    pub(super) fn listen() -> io::Result<Signals> {
        Ok(Signals {})
    }

    /// Waits for it; says what it was in words.
    #[cfg(not(unix))]
    pub(super) async fn wait(self) -> &'static str {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        "asked for by Ctrl-C"
    }
}
