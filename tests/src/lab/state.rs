//! What a lab leaves outside its own process, and how the leftovers of dead labs are found and
//! removed.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::plan::LabOptions;
use super::sys;

const ROOT: &str = "/run/cafesentinel-lab";
/// Where `ip netns exec` looks for files to lay over `/etc`.
pub(crate) const ETC: &str = "/etc/netns";
const KEPT: &str = "kept";

/// The directory of one lab.
pub(crate) fn directory(id: &str) -> PathBuf {
    Path::new(ROOT).join(id)
}

/// The name of a host's namespace.
pub(crate) fn namespace(id: &str, host: &str) -> String {
    format!("cs-{id}-{host}")
}

/// Refuses identifiers that would not do as part of a file name.
pub(crate) fn check_id(id: &str) -> Result<()> {
    let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if id.is_empty() || id.len() > 40 || !id.chars().all(fine) {
        bail!("{id:?} is no lab name: 1 to 40 of a-z, 0-9, - and _");
    }
    Ok(())
}

/// Keeps two processes from clearing and claiming at the same time; lasts until dropped.
pub(crate) fn lock() -> Result<File> {
    fs::create_dir_all(ROOT)?;
    let file = File::create(Path::new(ROOT).join(".lock"))?;
    let end = Instant::now() + Duration::from_secs(30);
    while file.try_lock().is_err() {
        if Instant::now() >= end {
            bail!("another lab has been holding {ROOT}/.lock for half a minute");
        }
        thread::sleep(Duration::from_millis(10));
    }
    Ok(file)
}

/// Takes an identifier for this process. The directory exists before any namespace does, so
/// that a crash at any moment leaves a trace to clear by.
pub(crate) fn claim(id: &str, options: &LabOptions, kept: bool) -> Result<()> {
    let dir = directory(id);
    if dir.exists() {
        bail!("the lab {id:?} is already up (`lab down` takes it down)");
    }
    fs::create_dir_all(dir.join("faults"))?;
    let pid = std::process::id();
    let owner = match (kept, started_at(pid)) {
        (false, Some(start)) => format!("{pid} {start}"),
        (false, None) => bail!("/proc/{pid}/stat cannot be read"),
        (true, _) => KEPT.to_owned(),
    };
    fs::write(dir.join("size"), format!("{} {}", options.pcs, options.firewalled))?;
    fs::write(dir.join("owner"), owner)?;
    Ok(())
}

/// The size of a lab that is up, or `None` when it is not.
pub(crate) fn size(id: &str) -> Option<LabOptions> {
    let text = fs::read_to_string(directory(id).join("size")).ok()?;
    let (pcs, firewalled) = text.trim().split_once(' ')?;
    Some(LabOptions { pcs: pcs.parse().ok()?, firewalled: firewalled.parse().ok()? })
}

/// Every lab there is a trace of. `/run` forgets at a restart of the machine what `/etc` keeps,
/// so both are asked.
pub(crate) fn labs() -> Vec<String> {
    let mut ids = names_in(Path::new(ROOT));
    ids.extend(names_in(Path::new(ETC)).iter().filter_map(|name| lab_of(name)).map(str::to_owned));
    ids.retain(|id| check_id(id).is_ok());
    ids.sort();
    ids.dedup();
    ids
}

/// The lab a namespace is named after, if it can be one of ours at all.
fn lab_of(namespace: &str) -> Option<&str> {
    let (id, host) = namespace.strip_prefix("cs-")?.rsplit_once('-')?;
    let pc = || host.strip_prefix("pc").is_some_and(|number| number.parse::<u16>().is_ok());
    let fixed = ["switch", "internet", "monitor", "router", "server"];
    (fixed.contains(&host) || pc()).then_some(id)
}

/// Whether a lab still has someone it belongs to.
pub(crate) fn is_owned(id: &str) -> bool {
    let Ok(owner) = fs::read_to_string(directory(id).join("owner")) else { return false };
    match owner.trim().split_once(' ') {
        // The start time tells the owner from a later process with the same number.
        Some((pid, start)) => pid.parse().ok().and_then(started_at).is_some_and(|now| now == start),
        None => owner.trim() == KEPT,
    }
}

fn started_at(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; after it the start time is the 20th field. A
    // zombie has ended, it just was not collected yet.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    let state = fields.next()?;
    (state != "Z").then(|| fields.nth(18).map(str::to_owned))?
}

/// Removes everything of labs whose owner is gone. The caller holds the lock.
pub(crate) fn clear_dead() -> Result<()> {
    for id in labs() {
        if !is_owned(&id) {
            remove(&id)?;
        }
    }
    Ok(())
}

/// Removes one lab: its processes, namespaces and files.
pub(crate) fn remove(id: &str) -> Result<()> {
    check_id(id)?;
    let namespaces = namespaces(id);
    end_processes(&namespaces)?;
    if !namespaces.is_empty() {
        let commands: String =
            namespaces.iter().map(|name| format!("netns delete {name}\n")).collect();
        // A name whose mount is missing (the crash came in between) makes `ip` complain; what
        // counts is what is left afterwards.
        let told = sys::must("ip", &["-force", "-batch", "-"], &commands).err();
        for name in &namespaces {
            remove_file(&Path::new(sys::NETNS).join(name))
                .with_context(|| format!("{name} cannot be removed ({told:?})"))?;
        }
    }
    for name in names_in(Path::new(ETC)) {
        if belongs(&name, id) {
            fs::remove_dir_all(Path::new(ETC).join(name))?;
        }
    }
    match fs::remove_dir_all(directory(id)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// The namespaces of a lab that exist right now.
pub(crate) fn namespaces(id: &str) -> Vec<String> {
    names_in(Path::new(sys::NETNS)).into_iter().filter(|name| belongs(name, id)).collect()
}

/// Whether a namespace is this lab's. The lab `a` has no claim on `cs-a-b-monitor`, which is a
/// host of the lab `a-b`.
fn belongs(name: &str, id: &str) -> bool {
    lab_of(name) == Some(id)
}

fn remove_file(path: &Path) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn names_in(path: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(path) else { return Vec::new() };
    let mut names: Vec<String> =
        entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// Kills what still runs inside the namespaces and waits until it is gone.
fn end_processes(namespaces: &[String]) -> Result<()> {
    let identity = |path: &Path| fs::metadata(path).ok().map(|of| (of.dev(), of.ino()));
    // Never the network this very process (or the machine) lives in, whatever a name points to.
    let ours = ["/proc/self/ns/net", "/proc/1/ns/net"].map(|path| identity(Path::new(path)));
    let wanted: Vec<_> = namespaces
        .iter()
        .filter_map(|name| identity(&Path::new(sys::NETNS).join(name)))
        .filter(|found| !ours.contains(&Some(*found)))
        .collect();
    let end = Instant::now() + Duration::from_secs(5);
    loop {
        let mut left = 0;
        for pid in names_in(Path::new("/proc")).iter().filter_map(|name| name.parse().ok()) {
            let lives_in = identity(Path::new(&format!("/proc/{pid}/ns/net")));
            if pid != std::process::id() && lives_in.is_some_and(|found| wanted.contains(&found)) {
                left += 1;
                sys::signal(pid, libc::SIGKILL);
            }
        }
        if left == 0 || wanted.is_empty() {
            return Ok(());
        }
        if Instant::now() >= end {
            bail!("{left} processes inside the lab do not end");
        }
        thread::sleep(Duration::from_millis(10));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lab_claims_only_its_own_names() {
        assert!(belongs("cs-a-monitor", "a"));
        assert!(belongs("cs-a-b-pc1", "a-b"));
        assert!(!belongs("cs-a-b-pc1", "a"));
        assert!(!belongs("cs-ab-pc1", "a"));
        assert!(!belongs("cs-a-", "a"));
        assert!(!belongs("cs-a-printer", "a"));
    }

    #[test]
    fn names_that_would_leave_the_directory_are_refused() {
        assert!(check_id("hand").is_ok());
        for bad in ["", "..", "a/b", "A", "a b"] {
            assert!(check_id(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn this_process_has_a_start_time() {
        assert!(started_at(std::process::id()).is_some_and(|at| at.parse::<u64>().is_ok()));
        assert_eq!(started_at(u32::MAX), None);
    }
}
