//! Commands with a time limit, signals, and work done inside a namespace.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

/// Where `ip netns` keeps its namespaces.
pub(crate) const NETNS: &str = "/run/netns";
const LIMIT: Duration = Duration::from_secs(20);

/// What a finished command left behind.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to its standard output.
    pub stdout: String,
    /// What it wrote to its standard error.
    pub stderr: String,
}

/// Runs a command to its end, feeding it `input`; kills it when the time is over.
pub fn finish(mut command: Command, input: &str, limit: Duration) -> Result<Finished> {
    let name = format!("{command:?}");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {name}"))?;
    let stdin = child.stdin.take();
    let stdout = child.stdout.take();
    let stderr = child.stderr.take();
    thread::scope(|scope| {
        // Threads, because a pipe nobody empties (or fills) would hold the command up.
        scope.spawn(move || {
            // A command that does not read its input closes the pipe: not our failure.
            stdin.map(|mut pipe| pipe.write_all(input.as_bytes()))
        });
        let out = scope.spawn(move || read_all(stdout));
        let err = scope.spawn(move || read_all(stderr));
        let status = wait(&mut child, limit)?;
        let stdout = out.join().unwrap_or_default();
        let stderr = err.join().unwrap_or_default();
        match status {
            Some(status) => Ok(Finished { status, stdout, stderr }),
            None => bail!("{name} took longer than {limit:?} and was killed\n{stdout}{stderr}"),
        }
    })
}

fn read_all(pipe: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        // What was read before an error is still worth showing.
        let _ = pipe.read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Waits for a child; past the limit it is killed, reaped, and `None` comes back.
pub(crate) fn wait(child: &mut Child, limit: Duration) -> Result<Option<ExitStatus>> {
    let end = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= end {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Runs one of the lab's own commands; a failure carries what the command said.
pub(crate) fn must(program: &str, arguments: &[&str], input: &str) -> Result<String> {
    let mut command = Command::new(program);
    command.args(arguments);
    let done = finish(command, input, LIMIT)?;
    if !done.status.success() {
        bail!("{program} {} failed: {}", arguments.join(" "), done.stderr.trim());
    }
    Ok(done.stdout)
}

/// Gives `ip` a list of commands inside a namespace.
pub(crate) fn ip(namespace: &str, commands: &str) -> Result<()> {
    must("ip", &["-n", namespace, "-batch", "-"], commands).map(drop)
}

/// Loads nftables rules inside a namespace.
pub(crate) fn nft(namespace: &str, rules: &str) -> Result<()> {
    must("ip", &["netns", "exec", namespace, "nft", "-f", "-"], rules).map(drop)
}

/// Does some work on a thread of its own that has entered the network namespace. Sockets opened
/// there stay in it, wherever they are used afterwards.
pub(crate) fn inside<T: Send>(
    namespace: &str,
    work: impl FnOnce() -> Result<T> + Send,
) -> Result<T> {
    let path = format!("{NETNS}/{namespace}");
    let file = File::open(&path).with_context(|| format!("no namespace {path}"))?;
    thread::scope(|scope| {
        let thread = scope.spawn(move || {
            enter(&file)?;
            work()
        });
        thread.join().map_err(|_| anyhow!("the work inside {namespace} panicked"))?
    })
}

#[allow(unsafe_code, reason = "setns has no safe wrapper among our dependencies")]
fn enter(namespace: &File) -> Result<()> {
    // SAFETY: the descriptor is open for the whole call, and the call touches no memory of ours.
    // It moves only the calling thread, which ends with the work it was made for.
    let answer = unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) };
    if answer != 0 {
        return Err(std::io::Error::last_os_error()).context("setns");
    }
    Ok(())
}

/// Sends a signal to a process; `false` when there is no such process (any more).
#[allow(unsafe_code, reason = "kill has no safe wrapper among our dependencies")]
pub(crate) fn signal(pid: u32, signal: i32) -> bool {
    let Ok(pid) = i32::try_from(pid) else { return false };
    // 0 and negative numbers mean whole groups; those are never meant here.
    // SAFETY: kill takes two numbers and touches no memory.
    pid > 0 && unsafe { libc::kill(pid, signal) } == 0
}
