//! The house stands as `docs/architecture.md` draws it: who may lean on whom, what the
//! deciding crate must not know, where the operating systems and `unsafe` live.
#![allow(clippy::expect_used)] // a test that cannot go on says why and ends

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Crate, its folder, and whom of ours it may lean on.
const CRATES: [(&str, &str, &[&str]); 6] = [
    ("cafesentinel", "src-tauri", &["engine", "watchdog", "platform"]),
    ("cafesentinel-domain", "crates/domain", &[]),
    ("cafesentinel-platform", "crates/platform", &[]),
    ("cafesentinel-engine", "crates/engine", &["domain", "platform"]),
    ("cafesentinel-watchdog", "watchdog", &["platform"]),
    ("cafesentinel-tests", "tests", &["domain"]),
];

/// What decides has no clock, thread, file or network of its own.
const FORBIDDEN_IN_DOMAIN: [&str; 11] = [
    "std::fs",
    "std::thread",
    "std::process",
    "std::env",
    "std::io",
    "std::os",
    "Instant",
    "SystemTime",
    "UdpSocket",
    "TcpStream",
    "HashMap",
];

/// Where the operating systems may be told apart besides `platform`, and why.
const TELLS_SYSTEMS_APART: [(&str, &str); 3] = [
    ("crates/engine/src/app/stop.rs", "the signals are tokio's, which platform does not have"),
    ("crates/engine/src/logs/tests.rs", "a test needs a file that cannot be removed"),
    ("tests/", "the lab is of Linux"),
];

/// The forms in which code that the compiler cannot check is written.
const UNSAFE: [&str; 5] = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern", "unsafe_code"];

/// The longest file that is still read in one sitting.
const LONGEST: usize = 600;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the root").into()
}

/// Every Rust file of a folder, by its path from the root.
fn sources(folder: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root().join(folder)];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path.strip_prefix(root()).expect("below").display().to_string();
                found.insert(name, fs::read_to_string(&path).expect("text"));
            }
        }
    }
    assert!(!found.is_empty(), "no source in {folder}");
    found
}

fn all() -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for folder in ["src-tauri", "crates", "watchdog", "tests"] {
        all.extend(sources(folder));
    }
    all
}

/// The crates of ours that a manifest names outside of its `[dev-dependencies]`.
fn leans_on(manifest: &str) -> Vec<String> {
    let mut dev = false;
    let mut found = Vec::new();
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            dev = line.contains("dev-dependencies") || line.contains("workspace.");
        } else if let Some(rest) = line.strip_prefix("cafesentinel-")
            && !dev
        {
            let name = rest.split(['.', ' ', '=']).next().unwrap_or_default();
            found.push(name.to_owned());
        }
    }
    found
}

/// The code of a file without remarks and without its tests (they begin at a line with
/// `#[cfg(test)]` that is followed by a block).
fn code(text: &str) -> String {
    let mut out = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line.trim() == "#[cfg(test)]"
            && lines.peek().is_some_and(|next| next.trim_end().ends_with('{'))
        {
            break;
        }
        out.push_str(line.split("//").next().unwrap_or_default());
        out.push('\n');
    }
    out
}

/// Words of `forbidden` that stand in the code as words of their own.
fn words<'w>(text: &str, forbidden: &[&'w str]) -> Vec<&'w str> {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let stands = |word: &&&str| {
        text.match_indices(**word).any(|(at, _)| {
            !text[..at].ends_with(part) && !text[at + word.len()..].starts_with(part)
        })
    };
    forbidden.iter().filter(stands).copied().collect()
}

fn tells_systems_apart(text: &str) -> bool {
    ["windows", "unix", "linux", "target_os", "target_family"].iter().any(|os| {
        text.lines().any(|l| l.contains("cfg") && l.contains('(') && !words(l, &[os]).is_empty())
    })
}

fn is_test_file(name: &str) -> bool {
    name.contains("/tests/") || name.ends_with("/tests.rs")
}

#[test]
fn every_crate_leans_only_on_those_below_it() {
    for (name, folder, allowed) in CRATES {
        let manifest = if folder == "src-tauri" { "." } else { folder };
        let path = root().join(manifest).join("Cargo.toml");
        let text = fs::read_to_string(&path).expect("a manifest");
        assert!(text.contains(&format!("name = \"{name}\"")), "{} is of {name}", path.display());
        for other in leans_on(&text) {
            assert!(allowed.contains(&other.as_str()), "{name} must not lean on {other}");
        }
    }
}

#[test]
fn what_decides_has_no_clock_file_thread_or_network() {
    for (name, text) in sources("crates/domain") {
        if !is_test_file(&name) {
            let found = words(&code(&text), &FORBIDDEN_IN_DOMAIN);
            assert!(found.is_empty(), "{name}: {found:?}");
        }
    }
}

#[test]
fn systems_and_unsafe_code_are_the_platforms_business() {
    for (name, text) in all() {
        if name.starts_with("crates/platform/") {
            continue;
        }
        let code = code(&text);
        let excepted = TELLS_SYSTEMS_APART.iter().any(|(place, _)| name.starts_with(place));
        assert!(excepted || !tells_systems_apart(&code), "{name} tells systems apart");
        let lab = name.starts_with("tests/");
        let opened = UNSAFE.iter().any(|form| code.contains(form));
        assert!(lab || !opened, "{name} has unsafe code");
    }
}

#[test]
fn every_file_tells_its_story_first_and_is_read_in_one_sitting() {
    for (name, text) in all() {
        let lines = text.lines().count();
        assert!(lines <= LONGEST, "{name} has {lines} lines");
        // Tests beside a module are introduced by it.
        let told = text.starts_with("//!") || name.ends_with("/tests.rs");
        assert!(told, "{name} does not begin with //!");
    }
}

#[test]
fn the_rules_see_what_breaks_them() {
    assert_eq!(leans_on("[dependencies]\ncafesentinel-engine.workspace = true\n"), ["engine"]);
    assert!(leans_on("[dev-dependencies]\ncafesentinel-engine.workspace = true\n").is_empty());
    assert_eq!(words("use std::time::Instant;", &FORBIDDEN_IN_DOMAIN), ["Instant"]);
    assert!(words("let instantly = Instantly;", &FORBIDDEN_IN_DOMAIN).is_empty());
    assert_eq!(code("a // Instant\n#[cfg(test)]\nmod t {\nInstant\n}\n"), "a \n");
    assert_eq!(code("#[cfg(test)]\nmod tests;\nInstant\n"), "#[cfg(test)]\nmod tests;\nInstant\n");
    assert!(tells_systems_apart("#[cfg(windows)]"));
    assert!(tells_systems_apart("if cfg!(target_os = \"linux\") {"));
    assert!(!tells_systems_apart("#[cfg(test)]\nlet windows = 3;"));
}
