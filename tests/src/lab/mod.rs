//! The café lab: a monitor, a router, the internet behind it, a server and the PCs, each a
//! network namespace, joined by a bridge in a namespace of its own.
//!
//! Nothing outside these namespaces is touched: cables are made inside the switch's namespace
//! and their far ends handed straight to the hosts. Several labs can be up at once, each under
//! its own name. A lab belongs to the process that made it (or is kept until taken down by
//! hand); whatever a killed owner left behind is removed by the next `up` or `down`.

mod cost;
mod discord;
mod faults;
mod http;
mod plan;
mod state;
mod sys;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};

pub use cost::Cost;
pub use discord::LabDiscord;
pub use http::Answer;
#[cfg(test)]
pub(crate) use http::exchange;
pub use plan::{INTERNET, LabOptions, MOST_PCS, PRIMARY, SECONDARY, SWITCH};
pub use sys::{Finished, finish};
pub(crate) use sys::{signal, wait};

/// A lab that is up. Dropped, it takes everything it made away again, unless it was attached to
/// or kept.
#[derive(Debug)]
pub struct Lab {
    id: String,
    options: LabOptions,
    owned: bool,
}

impl Lab {
    /// Builds a lab under a name of its own; it lasts as long as the value.
    pub fn up(options: LabOptions) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        Self::up_as(&format!("{}_{number}", std::process::id()), options)
    }

    /// Builds a lab under a given name; it lasts as long as the value.
    pub fn up_as(id: &str, options: LabOptions) -> Result<Self> {
        Self::build(id, options, false)
    }

    /// Builds a lab that outlasts this process, until [`Lab::take_down`].
    pub fn up_kept(id: &str, options: LabOptions) -> Result<Self> {
        Self::build(id, options, true)
    }

    /// Takes hold of a lab that is up, without becoming its owner.
    pub fn attach(id: &str) -> Result<Self> {
        state::check_id(id)?;
        match state::size(id) {
            Some(options) if state::is_owned(id) => {
                Ok(Self { id: id.to_owned(), options, owned: false })
            }
            _ => bail!("no lab {id:?} is up (`lab up` builds one)"),
        }
    }

    /// Removes a lab by name, and the leftovers of dead ones. No such lab is no error.
    pub fn take_down(id: &str) -> Result<()> {
        state::check_id(id)?;
        let _lock = state::lock()?;
        state::remove(id)?;
        state::clear_dead()
    }

    /// The names of all labs there is a trace of, and whether each still has an owner.
    #[must_use]
    pub fn all() -> Vec<(String, bool)> {
        state::labs()
            .into_iter()
            .map(|id| {
                let owned = state::is_owned(&id);
                (id, owned)
            })
            .collect()
    }

    fn build(id: &str, options: LabOptions, kept: bool) -> Result<Self> {
        state::check_id(id)?;
        options.check()?;
        {
            let _lock = state::lock()?;
            state::clear_dead()?;
            state::claim(id, &options, kept)?;
        }
        // From here on a failure takes down what already exists, by dropping the value.
        let mut lab = Self { id: id.to_owned(), options, owned: true };
        lab.furnish().with_context(|| format!("the lab {id:?} cannot be built"))?;
        lab.owned = !kept;
        Ok(lab)
    }

    fn furnish(&self) -> Result<()> {
        let hosts = self.options.hosts();
        let names: String =
            hosts.iter().map(|host| format!("netns add {}\n", self.namespace(host))).collect();
        sys::must("ip", &["-batch", "-"], &names)?;
        // Before the cables: new interfaces take their settings from the defaults.
        for host in &hosts {
            for (key, value) in plan::settings(host) {
                self.setting(host, key, value)?;
            }
        }
        sys::ip(&self.namespace(SWITCH), &self.options.switch_commands(|h| self.namespace(h)))?;
        let provider =
            format!("link add wan type veth peer name eth0 netns {}\n", self.namespace("internet"));
        sys::ip(&self.namespace("router"), &provider)?;
        for host in hosts.iter().filter(|host| *host != SWITCH) {
            sys::ip(&self.namespace(host), &self.options.host_commands(host))?;
            // `ip netns exec` lays these files over /etc for what it runs.
            let etc = Path::new(state::ETC).join(self.namespace(host));
            fs::create_dir_all(&etc)?;
            fs::write(etc.join("hosts"), self.options.hosts_file())?;
            // No name server answers there, so a name that is not in the hosts file fails at
            // once as long as the internet host refuses, and soon when it is cut off.
            let resolver = format!("nameserver {PRIMARY}\noptions timeout:1 attempts:1\n");
            fs::write(etc.join("resolv.conf"), resolver)?;
        }
        for host in self.options.firewalled_hosts() {
            self.silence(&host)?;
        }
        Ok(())
    }

    /// The lab's name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// How large the lab is.
    #[must_use]
    pub fn options(&self) -> &LabOptions {
        &self.options
    }

    /// The name of a host's namespace.
    #[must_use]
    pub fn namespace(&self, host: &str) -> String {
        state::namespace(&self.id, host)
    }

    /// The IPv4 address of a host.
    pub fn address(&self, host: &str) -> Result<String> {
        self.options.address(host).with_context(|| format!("the lab has no host {host:?}"))
    }

    /// A command preset to run inside the monitor's namespace, with the lab's hosts file.
    /// Started, the child is the program itself: its process id is the program's.
    #[must_use]
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        self.command_on("monitor", program)
    }

    /// A command preset to run inside the namespace of any host.
    #[must_use]
    pub fn command_on(&self, host: &str, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace(host)]).arg(program.as_ref());
        command
    }

    /// Runs a command inside a host's namespace to its end, within a time limit.
    pub fn output(&self, host: &str, words: &[&str], limit: Duration) -> Result<Finished> {
        let (program, arguments) = words.split_first().context("no command given")?;
        let mut command = self.command_on(host, program);
        command.args(arguments);
        finish(command, "", limit)
    }

    /// Does some work on a thread inside a host's network namespace. Sockets opened there stay
    /// in it; files and processes are those of the outside.
    pub fn inside<T: Send>(
        &self,
        host: &str,
        work: impl FnOnce() -> Result<T> + Send,
    ) -> Result<T> {
        sys::inside(&self.namespace(host), work)
    }

    /// Sets a kernel setting of one host, named by its path below `/proc/sys/net`.
    pub fn setting(&self, host: &str, key: &str, value: &str) -> Result<()> {
        let path = Path::new("/proc/sys/net").join(key);
        self.inside(host, || match fs::write(&path, value) {
            // Older kernels keep some of them for the whole machine, out of a namespace's sight.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error).with_context(|| format!("{} = {value}", path.display())),
            Ok(()) => Ok(()),
        })
    }

    /// The faults in force, in the words of the command line ("cut router", "off pc3").
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.faults_directory()) else { return Vec::new() };
        let mut list: Vec<String> =
            entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
        list.sort();
        list
    }

    fn faults_directory(&self) -> PathBuf {
        self.directory().join("faults")
    }

    /// A folder of the lab's own, which goes when the lab goes.
    #[must_use]
    pub fn directory(&self) -> PathBuf {
        state::directory(&self.id)
    }

    /// Takes the lab down and says what went wrong, which dropping it cannot.
    pub fn down(mut self) -> Result<()> {
        self.owned = false;
        Self::take_down(&self.id)
    }
}

impl Drop for Lab {
    #[allow(clippy::print_stderr, reason = "dropping has no other way to tell")]
    fn drop(&mut self) {
        if self.owned
            && let Err(error) = Self::take_down(&self.id)
        {
            eprintln!("the lab {:?} could not be taken down: {error:#}", self.id);
        }
    }
}
