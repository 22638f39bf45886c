use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use super::*;

fn place() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn open(folder: &TempDir) -> ConfigFile {
    let (file, config, _) = ConfigFile::open(folder.path(), Config::default());
    assert_eq!(file.current(), config);
    file
}

/// A configuration that can be told from others by its beat.
fn every(seconds: u32) -> Value {
    let mut document = Config::default().to_value();
    document["monitor_settings"]["interval_seconds"] = json!(seconds);
    document
}

fn beat(config: &Config) -> u64 {
    config.monitor.interval.as_secs()
}

fn on_disk(folder: &TempDir) -> Vec<u8> {
    fs::read(folder.path().join(FILE)).unwrap()
}

fn edit(folder: &TempDir, text: impl AsRef<[u8]>) {
    fs::write(folder.path().join(FILE), text).unwrap();
}

/// Waits for the watcher, which works in its own time.
#[track_caller]
fn eventually(what: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(10);
    while !what() {
        assert!(Instant::now() < until, "it did not happen within 10 s");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

#[test]
fn the_first_start_writes_the_defaults_and_the_second_reads_them() {
    let folder = place();
    let mut default = Config::default();
    default.monitor.interval = Duration::from_secs(9);
    let (_, config, faults) = ConfigFile::open(folder.path(), default.clone());
    assert_eq!((&*config, faults), (&default, vec![]));
    assert!(on_disk(&folder).ends_with(b"}\n"));
    let (file, config, _) = ConfigFile::open(folder.path(), Config::default());
    assert_eq!(*config, default);
    assert!(file.backups().is_empty());
}

/// T10.
#[test]
fn t10_truncated_and_wrong_files_never_replace_a_good_running_configuration() {
    let folder = place();
    let file = open(&folder);
    file.replace(&every(7), "a test", None).unwrap();
    let whole = on_disk(&folder);
    let text = String::from_utf8(whole.clone()).unwrap();
    let mut wrong: Vec<Vec<u8>> = vec![
        Vec::new(),
        whole[..whole.len() / 2].to_vec(),
        whole[..whole.len() - 3].to_vec(),
        b"\xff\xfe{\0}\0".to_vec(),
        b"[]".to_vec(),
        vec![b' '; 1024 * 1024 + 1],
        text.replace("\"interval_seconds\": 7", "\"interval_seconds\": \"7\"").into_bytes(),
        text.replace("\"interval_seconds\": 7", "\"interval_seconds\": 0").into_bytes(),
        text.replace("interval_seconds", "intervall_seconds").into_bytes(),
    ];
    for bad in wrong.drain(..) {
        edit(&folder, &bad);
        file.shared.look();
        assert_eq!(beat(&file.current()), 7);
        assert!(!file.faults().is_empty(), "{}", String::from_utf8_lossy(&bad));
        assert_eq!(on_disk(&folder), bad, "the owner's file is left to the owner");
        // A restart with the faulty file: what was in force stays in force.
        let (again, config, faults) = ConfigFile::open(folder.path(), Config::default());
        assert_eq!(beat(&config), 7);
        assert_eq!(*again.faults(), faults);
        assert!(!faults.is_empty());
        assert_eq!(on_disk(&folder), bad);
    }
    edit(&folder, &whole);
    file.shared.look();
    assert!(file.faults().is_empty());
    fs::remove_file(folder.path().join(FILE)).unwrap();
    file.shared.look();
    assert_eq!(file.faults()[0].message, "config.json: is missing");
    assert_eq!(beat(&file.current()), 7);
}

#[test]
fn a_faulty_file_is_backed_up_before_it_is_overwritten() {
    let folder = place();
    let file = open(&folder);
    file.replace(&every(7), "a test", None).unwrap();
    edit(&folder, "{ \"monitor_settings\": ");
    file.shared.look();
    file.replace(&every(8), "a test", None).unwrap();
    assert!(file.faults().is_empty());
    let names = file.backups();
    assert_eq!(names.len(), 3, "the defaults, the good one and the faulty one");
    let kept = fs::read_to_string(folder.path().join(BACKUPS).join(&names[0])).unwrap();
    assert_eq!(kept, "{ \"monitor_settings\": ");
    assert!(matches!(file.backup(&names[0]), Err(Refused::Faulty(_))));
    assert_eq!(beat(&file.backup(&names[1]).unwrap()), 7);
    assert!(matches!(file.restore(&names[0], "a test"), Err(Refused::Faulty(_))));
    assert_eq!(beat(&file.current()), 8);
}

#[test]
fn without_a_last_good_one_the_newest_good_backup_is_in_force() {
    let folder = place();
    let file = open(&folder);
    for seconds in [7, 8, 9] {
        file.replace(&every(seconds), "a test", None).unwrap();
    }
    drop(file);
    fs::remove_file(folder.path().join(BACKUPS).join(LAST_GOOD)).unwrap();
    edit(&folder, "{");
    let (_, config, faults) = ConfigFile::open(folder.path(), Config::default());
    assert_eq!((beat(&config), faults.len()), (8, 1));
}

/// T10.
#[test]
fn t10_a_restored_backup_is_in_force_at_once() {
    let folder = place();
    let file = open(&folder);
    let mut told = file.follow();
    file.replace(&every(7), "a test", None).unwrap();
    file.replace(&every(8), "a test", None).unwrap();
    let before = file.backups();
    let of_seven = &before[0];
    told.mark_unchanged();
    let config = file.restore(of_seven, "a test").unwrap();
    assert_eq!(beat(&config), 7);
    assert_eq!(file.current(), config);
    assert!(told.has_changed().unwrap());
    assert_eq!(Config::parse(&String::from_utf8(on_disk(&folder)).unwrap()).unwrap(), *config);
    assert_eq!(beat(&file.backup(&file.backups()[0]).unwrap()), 8, "what was replaced is kept");
    for name in ["config.json", "../config.json", "last_good.json", "config_backup_1.json", ""] {
        assert!(matches!(file.restore(name, "a test"), Err(Refused::NoBackup)), "{name}");
    }
}

/// T10.
#[test]
fn t10_concurrent_posts_leave_one_whole_file_and_a_backup_each() {
    let folder = place();
    let file = open(&folder);
    std::thread::scope(|scope| {
        for seconds in 3..11 {
            let file = file.clone();
            scope.spawn(move || file.replace(&every(seconds), "a test", None).unwrap());
        }
    });
    let text = String::from_utf8(on_disk(&folder)).unwrap();
    assert_eq!(Config::parse(&text).unwrap(), *file.current());
    let names = file.backups();
    assert_eq!(names.len(), 8);
    let mut beats: Vec<u64> = names.iter().map(|n| beat(&file.backup(n).unwrap())).collect();
    beats.push(beat(&file.current()));
    beats.sort_unstable();
    assert_eq!(beats, [2, 3, 4, 5, 6, 7, 8, 9, 10], "each was in force once");
    let mut left: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, [FILE, BACKUPS], "no temporary file stays");
}

#[test]
fn a_stale_writer_is_refused_and_a_masked_secret_means_unchanged() {
    let folder = place();
    let file = open(&folder);
    let hook = "https://discord.com/api/webhooks/1/abc";
    let mut document = every(7);
    document["discord_settings"]["webhook_alerts"] = json!(hook);
    let read = revision(&file.current());
    let config = file.replace(&document, "a test", Some(&read)).unwrap();
    let stale = file.replace(&every(8), "a test", Some(&read));
    assert!(matches!(stale, Err(Refused::Stale(now)) if now == revision(&config)));
    let mut back = config.masked();
    assert!(!back.to_string().contains("abc"));
    back["monitor_settings"]["interval_seconds"] = json!(9);
    let config = file.replace(&back, "a test", None).unwrap();
    assert_eq!(config.discord.webhook_alerts.expose(), hook);
    assert_eq!(beat(&config), 9);
}

#[test]
fn an_edit_by_hand_is_in_force_soon_and_backed_up() {
    let folder = place();
    let file = open(&folder);
    edit(&folder, every(7).to_string());
    eventually(|| beat(&file.current()) == 7);
    // As editors do it: a new file, renamed over the old one.
    let beside = folder.path().join("config.json.tmp");
    fs::write(&beside, every(8).to_string()).unwrap();
    fs::rename(&beside, folder.path().join(FILE)).unwrap();
    eventually(|| beat(&file.current()) == 8);
    let names = file.backups();
    assert_eq!(names.len(), 2);
    assert_eq!(beat(&file.backup(&names[0]).unwrap()), 7);
    edit(&folder, "{");
    eventually(|| !file.faults().is_empty());
    edit(&folder, every(8).to_string());
    eventually(|| file.faults().is_empty());
    assert_eq!(file.backups().len(), 2);
}

#[test]
fn what_we_wrote_ourselves_is_not_announced_again() {
    let folder = place();
    let file = open(&folder);
    let mut told = file.follow();
    file.replace(&every(7), "a test", None).unwrap();
    assert!(told.has_changed().unwrap());
    told.mark_unchanged();
    file.shared.look();
    file.replace(&every(7), "a test", None).unwrap();
    assert!(!told.has_changed().unwrap());
    assert_eq!(file.backups().len(), 1, "no change, no backup");
}

#[test]
fn an_unseen_edit_is_backed_up_before_a_post_replaces_it() {
    let folder = place();
    let file = open(&folder);
    edit(&folder, every(7).to_string());
    file.replace(&every(8), "a test", None).unwrap();
    let beats: Vec<u64> = file.backups().iter().map(|n| beat(&file.backup(n).unwrap())).collect();
    assert_eq!(beats, [7, 2]);
}
