//! The real program takes pictures of a real X server (Xvfb) on which a test card is
//! shown: sizes, colours, which monitor, and what it says where there is nothing to see.
#![allow(clippy::expect_used, clippy::print_stdout)] // a test that cannot go on says why

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime};

use cafesentinel_tests::harness;
use cafesentinel_tests::screen::{Picture, Xvfb, assert_card, require_xvfb};
use tempfile::TempDir;

/// The folders that the program could write to, and what it did.
struct Bench {
    home: TempDir,
}

impl Bench {
    fn new() -> Bench {
        let home = tempfile::tempdir().expect("a folder");
        for name in ["out", "tmp", "home", "work"] {
            fs::create_dir(home.path().join(name)).expect("a folder");
        }
        Bench { home }
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn output(&self) -> PathBuf {
        self.folder("out").join("screen.webp")
    }

    /// `screenshot --output … ARGS` in a session of which only `variables` are known.
    fn run(&self, args: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut command = Command::new(harness::headless());
        command.arg("screenshot").arg("--output").arg(self.output()).args(args);
        command.env_clear().envs(variables.iter().copied());
        if !variables.iter().any(|(name, _)| *name == "PATH") {
            command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        }
        command.env("TMPDIR", self.folder("tmp")).env("HOME", self.folder("home"));
        command.current_dir(self.folder("work")).stdin(Stdio::null());
        command.output().expect("the program starts")
    }

    /// A picture of that display.
    fn picture(&self, xvfb: &Xvfb, args: &[&str]) -> Picture {
        let untouched = ["tmp", "home", "work"].map(|name| (name, self.touched(name)));
        let output = self.run(args, &[("DISPLAY", &xvfb.display)]);
        assert!(output.status.success(), "{output:?}");
        // Making and removing a file changes the time of its folder, too.
        for (name, before) in untouched {
            assert_eq!(self.touched(name), before, "something was written in {name}");
        }
        assert_eq!(fs::read_dir(self.folder("out")).expect("a folder").count(), 1);
        let webp = fs::read(self.output()).expect("a file");
        Picture::decode(&webp)
    }

    fn touched(&self, name: &str) -> SystemTime {
        fs::metadata(self.folder(name)).and_then(|of| of.modified()).expect("a time")
    }

    /// Asserts that there is no picture, and why.
    fn assert_none(&self, variables: &[(&str, &str)], code: &str) {
        let began = Instant::now();
        let output = self.run(&[], variables);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{variables:?}: {said}");
        assert!(
            said.contains(&format!("cafesentinel-headless: {code}: ")),
            "{variables:?}: {said}"
        );
        assert!(!self.output().exists(), "{variables:?}: there is a file");
        assert!(began.elapsed() < Duration::from_secs(10), "{variables:?}: it took long");
    }
}

#[test]
fn the_screen_is_seen_in_its_size_and_colours_and_nothing_else_is_written() {
    if !require_xvfb() {
        return;
    }
    let xvfb = Xvfb::start("1280x720x24");
    xvfb.show_card(|_| (0, 0, 1280, 720));
    let bench = Bench::new();
    let whole = bench.picture(&xvfb, &[]);
    assert_eq!(whole.size, (1280, 720));
    assert_card(&whole, 6);
    let mode = fs::metadata(bench.output()).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "strangers must not see it");

    let half = bench.picture(&xvfb, &["--resize-ratio", "0.5", "--quality", "60"]);
    assert_eq!(half.size, (640, 360));
    // Less quality, more deviation near the edges.
    assert_card(&half, 12);
}

#[test]
fn a_screen_of_sixteen_bits_is_seen_too() {
    if !require_xvfb() {
        return;
    }
    // An odd width, so that rows are filled up.
    let xvfb = Xvfb::start("639x480x16");
    xvfb.show_card(|_| (0, 0, 639, 480));
    let image = Bench::new().picture(&xvfb, &[]);
    assert_eq!(image.size, (639, 480));
    assert_card(&image, 12);
}

#[test]
fn of_two_monitors_the_primary_one_is_seen() {
    if !require_xvfb() {
        return;
    }
    let xvfb = Xvfb::start("1440x600x24");
    let right = (640, 0, 800, 600);
    xvfb.show_card(|painter| {
        painter.monitor("left", false, (0, 0, 640, 600));
        painter.monitor("right", true, right);
        right
    });
    let image = Bench::new().picture(&xvfb, &[]);
    assert_eq!(image.size, (800, 600));
    assert_card(&image, 6);
}

#[test]
fn where_there_is_no_display_it_says_so_and_ends() {
    let bench = Bench::new();
    bench.assert_none(&[], "no_display");
    bench.assert_none(&[("DISPLAY", ""), ("XDG_SESSION_TYPE", "tty")], "no_display");
    // The X server has ended.
    bench.assert_none(&[("DISPLAY", ":4711")], "no_display");
}

#[test]
fn on_wayland_the_black_screen_of_the_x_server_beside_it_is_not_taken_for_a_picture() {
    let bench = Bench::new();
    bench.assert_none(&[("DISPLAY", ":0"), ("WAYLAND_DISPLAY", "wayland-0")], "failed");
    bench.assert_none(&[("DISPLAY", ":0"), ("XDG_SESSION_TYPE", "wayland")], "failed");
}

#[test]
fn a_locked_session_is_not_looked_at() {
    if !require_xvfb() {
        return;
    }
    let xvfb = Xvfb::start("640x480x24");
    xvfb.show_card(|_| (0, 0, 640, 480));
    let bench = Bench::new();
    let loginctl = bench.folder("work").join("loginctl");
    let path = bench.folder("work").display().to_string();
    let session = [("DISPLAY", xvfb.display.as_str()), ("XDG_SESSION_ID", "7"), ("PATH", &path)];
    let logind_says = |answer: &str| {
        let script = format!("#!/bin/sh\n[ \"$5\" = 7 ] && echo {answer}\n");
        write_program(&loginctl, &script);
    };
    logind_says("yes");
    bench.assert_none(&session, "locked");
    logind_says("no");
    assert!(bench.run(&[], &session).status.success(), "it is unlocked again");
}

fn write_program(path: &Path, text: &str) {
    fs::write(path, text).expect("a file");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("rights");
}
