//! How the system tells us to stop.

use std::io;

/// The system's ways to say it, caught from the moment of [`Signals::listen`] on.
pub(super) struct Signals(os::Signals);

impl Signals {
    pub(super) fn listen() -> io::Result<Signals> {
        os::Signals::listen().map(Signals)
    }

    /// Waits for any of them; says which in words.
    pub(super) async fn wait(self) -> &'static str {
        self.0.wait().await
    }
}

/// Ctrl-C and SIGTERM.
#[cfg(unix)]
mod os {
    use std::io;

    use tokio::signal::unix::{Signal, SignalKind, signal};

    pub(super) struct Signals {
        terminate: Signal,
        interrupt: Signal,
    }

    impl Signals {
        pub(super) fn listen() -> io::Result<Signals> {
            Ok(Signals {
                terminate: signal(SignalKind::terminate())?,
                interrupt: signal(SignalKind::interrupt())?,
            })
        }

        pub(super) async fn wait(mut self) -> &'static str {
            tokio::select! {
                _ = self.terminate.recv() => "the system asked for it (SIGTERM)",
                _ = self.interrupt.recv() => "asked for by Ctrl-C",
            }
        }
    }
}

/// What a console tells its programs: <https://learn.microsoft.com/windows/console/handlerroutine>.
/// After closing, logging off and shutting down some seconds are left.
#[cfg(windows)]
mod os {
    use std::io;

    use tokio::signal::windows::{
        CtrlBreak, CtrlC, CtrlClose, CtrlLogoff, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close,
        ctrl_logoff, ctrl_shutdown,
    };

    pub(super) struct Signals {
        interrupt: CtrlC,
        stop: CtrlBreak,
        close: CtrlClose,
        logoff: CtrlLogoff,
        shutdown: CtrlShutdown,
    }

    impl Signals {
        pub(super) fn listen() -> io::Result<Signals> {
            Ok(Signals {
                interrupt: ctrl_c()?,
                stop: ctrl_break()?,
                close: ctrl_close()?,
                logoff: ctrl_logoff()?,
                shutdown: ctrl_shutdown()?,
            })
        }

        pub(super) async fn wait(mut self) -> &'static str {
            tokio::select! {
                _ = self.interrupt.recv() => "asked for by Ctrl-C",
                _ = self.stop.recv() => "asked for by Ctrl-Break",
                _ = self.close.recv() => "its console was closed",
                _ = self.logoff.recv() => "the user logs off",
                _ = self.shutdown.recv() => "the system shuts down",
            }
        }
    }
}
