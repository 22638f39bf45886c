//! What a program costs: the time on the clock, and the time of the processors.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::Lab;

/// The cost of one run of a program, from its start to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// On the clock.
    pub wall: Duration,
    /// User and system time together, of the program and what it waited for.
    pub cpu: Duration,
}

impl Lab {
    /// Runs a program inside a host's network, its output thrown away, and says what it cost.
    /// `fine` are the codes by which it may end.
    pub fn cost(&self, host: &str, words: &[&str], fine: &[i32]) -> Result<Cost> {
        let (program, arguments) = words.split_first().context("no command given")?;
        self.inside(host, || {
            let mut command = Command::new(program);
            command.args(arguments);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let began = Instant::now();
            let child = command.spawn().with_context(|| format!("cannot start {program}"))?;
            let (code, cpu) = reap(child)?;
            let wall = began.elapsed();
            if !code.is_some_and(|code| fine.contains(&code)) {
                bail!("{words:?} ended with {code:?}");
            }
            Ok(Cost { wall, cpu })
        })
    }
}

/// Waits for a child as `wait4` does: its exit code, if it was not a signal, and its usage.
#[allow(unsafe_code, reason = "only wait4 tells the usage of one child")]
fn reap(child: Child) -> Result<(Option<i32>, Duration)> {
    let pid = i32::try_from(child.id())?;
    let mut status = 0;
    // SAFETY: rusage is plain numbers, for which zero is valid.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers live through the call. The child is reaped here and nowhere else:
    // dropping `child` neither waits nor kills.
    let reaped = unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut usage) };
    if reaped != pid {
        return Err(std::io::Error::last_os_error()).context("wait4");
    }
    let span = |t: libc::timeval| {
        Duration::from_secs(t.tv_sec.unsigned_abs())
            + Duration::from_micros(t.tv_usec.unsigned_abs())
    };
    let code = libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status));
    Ok((code, span(usage.ru_utime) + span(usage.ru_stime)))
}
