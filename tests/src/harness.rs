//! Runs the headless program inside the lab, and waits for what it should do.
//!
//! This is for tests: where the program does not do what it must, these functions panic, with
//! what it last said.
#![allow(clippy::print_stdout, reason = "a test says why it was skipped")]

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tempfile::TempDir;

use crate::lab::{Lab, signal, wait};

/// The port the program serves in the lab. Every lab has its own, so it is never taken.
pub const PORT: u16 = 5000;
const STEP: Duration = Duration::from_millis(50);

/// Whether a test that needs root can run. Where it cannot, it says so on its output, and
/// under CI panics, because there a skipped test would pass for a passed one.
#[must_use]
pub fn require_root() -> bool {
    // The owner of a process's entry is its effective user.
    if fs::metadata("/proc/self").is_ok_and(|of| of.uid() == 0) {
        return true;
    }
    assert!(std::env::var_os("CI").is_none(), "needs root, and CI must not skip it");
    println!("SKIPPED: needs root");
    false
}

/// The headless program: `CAFESENTINEL_HEADLESS`, or the one built beside this test or tool.
#[must_use]
pub fn headless() -> PathBuf {
    let named = std::env::var_os("CAFESENTINEL_HEADLESS").map(PathBuf::from);
    let path = named.unwrap_or_else(|| {
        let exe = std::env::current_exe().unwrap_or_default();
        // target/<profile>/<tool> or target/<profile>/deps/<test> → target/<profile>
        let folder = exe.parent().unwrap_or(Path::new("."));
        let profile = folder.parent().filter(|_| folder.ends_with("deps")).unwrap_or(folder);
        profile.join("cafesentinel-headless")
    });
    assert!(
        path.is_file(),
        "{} is missing: build the headless program first, or name it in CAFESENTINEL_HEADLESS",
        path.display()
    );
    path
}

/// Asks every 50 ms until there is an answer; panics when the time is over.
pub fn wait_for<T>(what: &str, timeout: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + timeout;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < end, "not within {timeout:?}: {what}");
        thread::sleep(STEP);
    }
}

/// How late the beats of one run began, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lateness {
    /// How many beats there were.
    pub beats: f64,
    /// The median of the newest 4096.
    pub p50: f64,
    /// The 99th percentile of the newest 4096.
    pub p99: f64,
    /// The worst of all.
    pub max: f64,
}

impl Lateness {
    /// Reads the program's line "32 beats, started late by 0.1 ms in the median, …".
    fn read(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let before = |unit: &str| -> Vec<f64> {
            let pairs = words.windows(2).filter(|pair| pair[1] == unit);
            pairs.filter_map(|pair| pair[0].parse().ok()).collect()
        };
        let [beats] = before("beats,").try_into().ok()?;
        let [p50, p99, max] = before("ms").try_into().ok()?;
        Some(Self { beats, p50, p99, max })
    }
}

/// What the running program has used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// User and system time since its start.
    pub cpu: Duration,
    /// Resident memory, in KiB.
    pub rss_kib: u64,
}

/// The headless program, running on the lab's monitor with a data directory of its own.
/// Dropped, it is killed and its data removed.
#[derive(Debug)]
pub struct Sentinel<'lab> {
    lab: &'lab Lab,
    home: TempDir,
    child: Option<Child>,
    environment: Vec<(OsString, OsString)>,
    authorization: String,
}

/// The admin password of every installation in the lab.
pub const ADMIN: &str = "the owner's word";
/// The privacy password of every installation in the lab.
pub const PRIVACY: &str = "the staff's word";

impl<'lab> Sentinel<'lab> {
    /// Starts the program with a configuration and waits until its port answers.
    pub fn start(lab: &'lab Lab, config: &Value) -> Result<Self> {
        let mut sentinel = Self::prepare(lab)?;
        sentinel.write_config(config)?;
        sentinel.launch()?;
        Ok(sentinel)
    }

    /// A data directory that is set up, without a configuration, and nothing running yet.
    pub fn prepare(lab: &'lab Lab) -> Result<Self> {
        let home = TempDir::with_prefix("cafesentinel-")?;
        fs::create_dir(home.path().join("data"))?;
        let passwords = format!("admin={ADMIN}\nprivacy={PRIVACY}\n");
        fs::write(home.path().join("passwords"), passwords)?;
        let (child, environment, authorization) = (None, Vec::new(), String::new());
        let mut sentinel = Self { lab, home, child, environment, authorization };
        sentinel.keys(&["setup"])?;
        let token = sentinel.keys(&["token", "create", "tests", "--scope", "admin"])?;
        sentinel.authorization = format!("Bearer {token}");
        Ok(sentinel)
    }

    /// Sets a variable of the environment for every start from now on
    /// (`SSL_CERT_FILE`, see [`crate::lab::LabDiscord::trust`]).
    pub fn set_env(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        self.environment.push((name.into(), value.into()));
    }

    /// Runs a command about passwords and tokens on the data; what it answers.
    pub fn keys(&self, command: &[&str]) -> Result<String> {
        let mut program = self.lab.command(headless());
        program.args(command).arg("--data-dir").arg(self.data_dir());
        program.arg("--passwords-from").arg(self.home.path().join("passwords"));
        let out = program.stdin(std::process::Stdio::null()).output()?;
        if !out.status.success() {
            bail!("{command:?}: {}", String::from_utf8_lossy(&out.stderr));
        }
        Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned())
    }

    /// The header that makes a request the admin's.
    #[must_use]
    pub fn authorization(&self) -> (&str, &str) {
        ("Authorization", &self.authorization)
    }

    /// An answer of the program's API to its admin; a status other than 2xx is an error.
    pub fn fetch(&self, path: &str) -> Result<String> {
        let answer = self.lab.http(PORT, "GET", path, &[self.authorization()], "")?;
        if !(200..300).contains(&answer.status) {
            bail!("GET {path}: {} {}", answer.status, answer.body);
        }
        Ok(answer.body)
    }

    /// A JSON answer to something posted by its admin, whatever the status.
    pub fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let headers = [("Content-Type", "application/json"), self.authorization()];
        let answer = self.lab.http(PORT, "POST", path, &headers, &body.to_string())?;
        serde_json::from_str(&answer.body).with_context(|| format!("POST {path}: {}", answer.body))
    }

    /// Writes the configuration file, the way somebody with an editor would.
    pub fn write_config(&self, config: &Value) -> Result<()> {
        fs::write(self.data_dir().join("config.json"), serde_json::to_vec_pretty(config)?)?;
        Ok(())
    }

    /// Starts the program and waits, at most 15 s, until its port answers.
    pub fn launch(&mut self) -> Result<()> {
        self.spawn()?;
        let end = Instant::now() + Duration::from_secs(15);
        loop {
            if self.fetch("/api/v1/site").is_ok() {
                return Ok(());
            }
            if let Some(status) = self.ended()? {
                bail!("the program ended at once ({status})\n{}", self.console());
            }
            if Instant::now() >= end {
                bail!("port {PORT} does not answer within 15 s\n{}", self.console());
            }
            thread::sleep(STEP);
        }
    }

    /// Starts the program and waits for nothing.
    pub fn spawn(&mut self) -> Result<()> {
        if self.child.is_some() {
            bail!("the program is already running");
        }
        let console =
            File::options().create(true).append(true).open(self.home.path().join("console"))?;
        let mut command = self.lab.command(headless());
        command.arg("run").arg("--data-dir").arg(self.data_dir());
        command.args(["--port", &PORT.to_string()]);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(std::process::Stdio::null()).stdout(console.try_clone()?).stderr(console);
        self.child = Some(command.spawn().context("the program cannot be started")?);
        Ok(())
    }

    /// Ends the program as a power cut would.
    pub fn kill9(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Asks the program to end (SIGTERM); not ending within 5 s is an error.
    pub fn terminate(&mut self) -> Result<ExitStatus> {
        let mut child = self.child.take().context("the program is not running")?;
        signal(child.id(), libc::SIGTERM);
        match wait(&mut child, Duration::from_secs(5))? {
            Some(status) => Ok(status),
            None => bail!("the program ignored SIGTERM for 5 s\n{}", self.console()),
        }
    }

    /// Ends the program if it runs, and starts it again on the same data.
    pub fn restart(&mut self) -> Result<()> {
        if self.child.is_some() {
            self.terminate()?;
        }
        self.launch()
    }

    /// The process id, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// How the program ended, if it did so by itself.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        let status = match &mut self.child {
            Some(child) => child.try_wait()?,
            None => None,
        };
        if status.is_some() {
            self.child = None;
        }
        Ok(status)
    }

    /// The data directory.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// A JSON answer of the program's API.
    pub fn get(&self, path: &str) -> Result<Value> {
        let body = self.fetch(path)?;
        serde_json::from_str(&body).with_context(|| format!("GET {path}: {body}"))
    }

    /// What the program says about the café now (`/api/v1/site`).
    #[must_use]
    pub fn site(&self) -> Value {
        self.insist("/api/v1/site")
    }

    /// The stored incidents (`/api/v1/incidents`).
    #[must_use]
    pub fn incidents(&self) -> Vec<Value> {
        let mut answer = self.insist("/api/v1/incidents");
        match answer.get_mut("incidents").map(Value::take) {
            Some(Value::Array(list)) => list,
            _ => panic!("no list of incidents in {answer}"),
        }
    }

    fn insist(&self, path: &str) -> Value {
        match self.get(path) {
            Ok(answer) => answer,
            Err(error) => panic!("{error:#}\n{}", self.console()),
        }
    }

    /// The program's log so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.read(&self.data_dir().join("info.log"))
    }

    /// What the program wrote to its console so far, over all its starts.
    #[must_use]
    pub fn console(&self) -> String {
        self.read(&self.home.path().join("console"))
    }

    /// How late the beats of the last run began, as the program logged it when it stopped.
    #[must_use]
    pub fn lateness(&self) -> Lateness {
        let log = self.log();
        let line = log.lines().rfind(|l| l.contains("beats, started late by"));
        line.and_then(Lateness::read).unwrap_or_else(|| panic!("no lateness in\n{}", tail(&log)))
    }

    /// Processor time used so far, and memory in use, of the running program.
    pub fn usage(&self) -> Result<Usage> {
        let pid = self.pid().context("the program is not running")?;
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The name before the last parenthesis may hold blanks; after it comes field 3.
        let fields: Vec<&str> =
            stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let field = |n: usize| fields.get(n - 3).and_then(|f| f.parse::<u64>().ok()).unwrap_or(0);
        // Hundredths of a second, whatever the kernel's own tick (proc(5)).
        let cpu = Duration::from_millis((field(14) + field(15)) * 10);
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let rss = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
        let rss = rss.and_then(|l| l.trim().trim_end_matches(" kB").parse().ok());
        Ok(Usage { cpu, rss_kib: rss.context("no VmRSS")? })
    }

    fn read(&self, path: &Path) -> String {
        // Not there yet is an empty log; a damaged byte must not hide the rest.
        String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
    }

    /// Asks every 50 ms until it is so; panics with the end of the log when the time is over.
    pub fn until(&self, what: &str, timeout: Duration, mut ask: impl FnMut(&Self) -> bool) {
        let end = Instant::now() + timeout;
        while !ask(self) {
            if Instant::now() >= end {
                panic!(
                    "not within {timeout:?}: {what}\n— log —\n{}\n— console —\n{}",
                    tail(&self.log()),
                    tail(&self.console())
                );
            }
            thread::sleep(STEP);
        }
    }
}

impl Drop for Sentinel<'_> {
    fn drop(&mut self) {
        // Nothing can be done about a failure here, and the lab kills what is left anyway.
        let _ = self.kill9();
    }
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::Lateness;

    #[test]
    fn the_programs_line_on_its_beats_is_understood() {
        let line = "[2026-01-31 12:00:00] [SYSTEM] 32 beats, started late by 0.1 ms in the \
                    median, 1.5 ms at the 99th percentile, 2.0 ms at worst";
        let read = Lateness::read(line);
        assert_eq!(read, Some(Lateness { beats: 32.0, p50: 0.1, p99: 1.5, max: 2.0 }));
        assert_eq!(Lateness::read("[SYSTEM] 32 beats"), None);
    }
}
