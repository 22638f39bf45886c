use std::sync::{Arc, Mutex};

use jiff::civil::{DateTime, date};
use tracing_subscriber::layer::SubscriberExt;

use super::*;

struct Day(Arc<Mutex<DateTime>>);

impl Day {
    fn new() -> Self {
        Day(Arc::new(Mutex::new(date(2026, 1, 2).at(23, 59, 58, 0))))
    }
    fn clock(&self) -> Clock {
        let time = Arc::clone(&self.0);
        Arc::new(move || *time.lock().unwrap())
    }
    fn set(&self, time: DateTime) {
        *self.0.lock().unwrap() = time;
    }
}

fn log(logs: &Logs, what: impl FnOnce()) {
    tracing::subscriber::with_default(tracing_subscriber::registry().with(logs.layer()), what);
}

#[test]
fn t1_the_log_rotates_at_midnight_and_at_the_size_limit_and_a_stale_file_rotates_at_start() {
    let folder = tempfile::tempdir().unwrap();
    let current = folder.path().join("info.log");
    std::fs::write(&current, "[2025-12-31 10:00:00] [SYSTEM] old\n").unwrap();
    let day = Day::new();
    let logs = start_with(folder.path(), 30, day.clock(), 200);
    logs.flush();
    assert_eq!(logs.archives(), ["info-2025-12-31.log"], "stale at start");

    for n in 0..6 {
        log(&logs, || tracing::info!("line {n} {}", "x".repeat(60)));
    }
    logs.flush();
    assert_eq!(
        logs.archives(),
        ["info-2026-01-02-part2.log", "info-2026-01-02.log", "info-2025-12-31.log"],
        "two lines fit into 200 bytes"
    );
    day.set(date(2026, 1, 3).at(0, 0, 1, 0));
    logs.flush();
    assert_eq!(logs.archives()[0], "info-2026-01-02-part3.log", "at midnight, without a line");
    log(&logs, || tracing::info!("new day"));
    logs.flush();
    let today = std::fs::read_to_string(&current).unwrap();
    assert_eq!(today, "[2026-01-03 00:00:01] [LOGGER] new day\n");
    let all: usize = logs.archives().iter().map(|n| logs.read_archive(n).unwrap().len()).sum();
    assert_eq!(all, 7, "no line was lost on the way");
}

#[test]
fn old_archives_are_removed_and_foreign_files_stay() {
    let folder = tempfile::tempdir().unwrap();
    let probes = folder.path().join("probes");
    std::fs::create_dir(&probes).unwrap();
    for name in ["info-2025-01-01.log", "info-2025-12-30-101500.log", "notes.log"] {
        std::fs::write(probes.join(name), "x\n").unwrap();
    }
    let logs = start_with(folder.path(), 30, Day::new().clock(), 1000);
    logs.flush();
    assert_eq!(logs.archives(), ["info-2025-12-30-101500.log"]);
    logs.set_retention(1);
    logs.flush();
    assert!(logs.archives().is_empty());
    assert!(probes.join("notes.log").exists());
}

#[test]
fn only_names_of_the_archive_are_let_through() {
    let folder = tempfile::tempdir().unwrap();
    let logs = start_with(folder.path(), 30, Day::new().clock(), 1000);
    for name in [
        "",
        "info.log",
        "../info-2026-01-02.log",
        "info-2026-01-02.log/..",
        "info-../x.log",
        "info-2026-01-02.log\0",
        "info-2026-13-02.log",
        "info-2026-01-02-part.log",
        "info-2026-01-02-part-1.log",
        "info-2026-01-02-12.log",
        "info-é026-01-02.log",
    ] {
        let answer = logs.read_archive(name);
        assert!(matches!(answer, Err(ArchiveError::InvalidName)), "{name:?}");
    }
    assert!(matches!(logs.delete_archive("info-2026-01-02.log"), Err(ArchiveError::NotFound)));
}

#[cfg(unix)]
#[test]
fn a_link_in_the_archive_leads_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let probes = folder.path().join("probes");
    std::fs::create_dir(&probes).unwrap();
    std::fs::write(folder.path().join("secret"), "s").unwrap();
    let link = probes.join("info-2026-01-01.log");
    std::os::unix::fs::symlink(folder.path().join("secret"), link).unwrap();
    let logs = start_with(folder.path(), 30, Day::new().clock(), 1000);
    let answer = logs.read_archive("info-2026-01-01.log");
    assert!(matches!(answer, Err(ArchiveError::NotFound)));
    assert!(logs.archives().is_empty());
}

#[test]
fn lines_carry_category_fields_and_neither_secrets_nor_forged_lines() {
    let folder = tempfile::tempdir().unwrap();
    let logs = start_with(folder.path(), 30, Day::new().clock(), 10_000);
    log(&logs, || {
        tracing::info!(category = "ALERT", "ISP DOWN | Timer Started");
        tracing::error!(code = 7, "broken");
        tracing::info!("a\n[2026-01-02 00:00:00] [SECURITY] forged");
        tracing::warn!("https://discord.com/api/webhooks/123/aB-c_9?wait=true failed");
        tracing::warn!(r#"{{"u":"https:\/\/discord.com\/api\/webhooks\/123\/tok"}}"#);
    });
    let lines = logs.recent(10);
    assert!(lines[0].ends_with("[ALERT] ISP DOWN | Timer Started"), "{}", lines[0]);
    assert!(lines[1].ends_with("[ERROR] broken code=7"), "{}", lines[1]);
    assert!(lines[2].contains("a\\n[2026"), "{}", lines[2]);
    assert!(lines[3].contains("/api/webhooks/123/••••?wait=true"), "{}", lines[3]);
    assert!(!lines[4].contains("tok"), "{}", lines[4]);
}

#[test]
fn memory_answers_up_to_500_lines_and_the_file_more() {
    let folder = tempfile::tempdir().unwrap();
    let logs = start_with(folder.path(), 30, Day::new().clock(), 1_000_000);
    log(&logs, || (0..600).for_each(|n| tracing::info!("n{n}")));
    let (source, lines) = logs.lines(500);
    assert_eq!((source, lines.len()), ("memory", 500));
    let (source, lines) = logs.lines(550);
    assert_eq!((source, lines.len()), ("disk", 550));
    assert!(lines[549].ends_with("n599"));
}

#[test]
fn a_folder_that_cannot_be_written_costs_the_file_not_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("file");
    std::fs::write(&blocked, "").unwrap();
    let logs = start_with(&blocked, 30, Day::new().clock(), 1000);
    log(&logs, || tracing::info!("still here"));
    logs.flush();
    assert!(logs.fault().is_some());
    assert_eq!(logs.recent(5).len(), 1);
}
