//! The real program takes pictures of a real X server (Xvfb) on which a test card is
//! shown: sizes, colours, which monitor, and what it says where there is nothing to see.
#![allow(clippy::expect_used, clippy::print_stdout)] // a test that cannot go on says why

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime};

use cafesentinel_tests::harness;
use image_webp::WebPDecoder;
use tempfile::TempDir;
use x11rb::connection::Connection;
use x11rb::protocol::randr::{ConnectionExt as _, MonitorInfo};
use x11rb::protocol::xproto::{
    ChangeWindowAttributesAux, ConnectionExt as _, CreateGCAux, Gcontext, Pixmap, Rectangle, Screen,
};
use x11rb::rust_connection::RustConnection;

type Color = [u8; 3];
/// Left above, right above, left below, right below.
const CARD: [Color; 4] = [[220, 30, 30], [30, 170, 60], [40, 70, 220], [240, 240, 240]];
const ELSEWHERE: Color = [90, 90, 90];
/// Left, top, width, height.
type Place = (i16, i16, u16, u16);

/// Whether an X server can be had. Where it cannot, a test says so, and under CI fails.
fn require_xvfb() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|folder| folder.join("Xvfb").is_file()) {
        return true;
    }
    assert!(std::env::var_os("CI").is_none(), "needs Xvfb, and CI must not skip it");
    println!("SKIPPED: needs Xvfb");
    false
}

/// An X server with one screen; dropped, it ends.
struct Xvfb {
    server: Child,
    display: String,
}

impl Xvfb {
    fn start(screen: &str) -> Xvfb {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", screen, "-noreset", "-nolisten", "tcp"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb starts");
        let mut number = String::new();
        let told = server.stdout.take().expect("a pipe");
        // It writes its number when it can be reached.
        BufReader::new(told).read_line(&mut number).expect("the display's number");
        let xvfb = Xvfb { server, display: format!(":{}", number.trim()) };
        assert!(xvfb.display.len() > 1, "Xvfb gave no display with {screen}");
        xvfb
    }

    /// Shows the card at a place of the screen, and grey everywhere else.
    fn show_card(&self, place: impl FnOnce(&Painter) -> Place) {
        let painter = Painter::open(&self.display);
        let place = place(&painter);
        painter.show(place);
    }
}

impl Drop for Xvfb {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Paints on the root window.
struct Painter {
    connection: RustConnection,
    screen: Screen,
}

impl Painter {
    fn open(display: &str) -> Painter {
        let (connection, number) = x11rb::connect(Some(display)).expect("Xvfb can be reached");
        let screen = connection.setup().roots.get(number).expect("a screen").clone();
        Painter { connection, screen }
    }

    fn show(&self, (left, top, width, height): Place) {
        let (connection, screen) = (&self.connection, &self.screen);
        let all = (0, 0, screen.width_in_pixels, screen.height_in_pixels);
        let pixmap: Pixmap = connection.generate_id().expect("an id");
        connection
            .create_pixmap(screen.root_depth, pixmap, screen.root, all.2, all.3)
            .expect("a pixmap");
        let gc: Gcontext = connection.generate_id().expect("an id");
        connection.create_gc(gc, pixmap, &CreateGCAux::new()).expect("a context");
        self.fill(pixmap, gc, all, ELSEWHERE);
        let (half_width, half_height) = (width / 2, height / 2);
        for (quarter, color) in CARD.into_iter().enumerate() {
            let x = left + if quarter % 2 == 1 { half_width.cast_signed() } else { 0 };
            let y = top + if quarter / 2 == 1 { half_height.cast_signed() } else { 0 };
            self.fill(pixmap, gc, (x, y, half_width, half_height), color);
        }
        let background = ChangeWindowAttributesAux::new().background_pixmap(pixmap);
        connection.change_window_attributes(screen.root, &background).expect("a background");
        connection.clear_area(false, screen.root, 0, 0, 0, 0).expect("cleared");
        // An answer says that all before it is done.
        connection.get_input_focus().expect("asked").reply().expect("an answer");
    }

    fn fill(&self, pixmap: Pixmap, gc: Gcontext, place: Place, color: Color) {
        let (x, y, width, height) = place;
        let [red, green, blue] = color.map(u32::from);
        let pixel = match self.screen.root_depth {
            16 => (red >> 3) << 11 | (green >> 2) << 5 | blue >> 3,
            _ => red << 16 | green << 8 | blue,
        };
        let paint = x11rb::protocol::xproto::ChangeGCAux::new().foreground(pixel);
        self.connection.change_gc(gc, &paint).expect("a colour");
        let rectangle = Rectangle { x, y, width, height };
        self.connection.poly_fill_rectangle(pixmap, gc, &[rectangle]).expect("painted");
    }

    /// Declares a monitor.
    fn monitor(&self, name: &str, primary: bool, (x, y, width, height): Place) {
        let atom = self.connection.intern_atom(false, name.as_bytes()).expect("asked");
        let name = atom.reply().expect("an atom").atom;
        let monitor = MonitorInfo {
            name,
            primary,
            x,
            y,
            width,
            height,
            width_in_millimeters: 300,
            height_in_millimeters: 200,
            ..MonitorInfo::default()
        };
        let set = self.connection.randr_set_monitor(self.screen.root, monitor).expect("asked");
        set.check().expect("a monitor");
    }
}

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

/// A picture read by another implementation than the one that wrote it.
struct Picture {
    size: (u32, u32),
    rgb: Vec<u8>,
}

impl Picture {
    fn decode(webp: &[u8]) -> Picture {
        let mut decoder = WebPDecoder::new(std::io::Cursor::new(webp)).expect("a WebP");
        assert!(!decoder.has_alpha(), "nothing on a screen is transparent");
        let mut rgb = vec![0; decoder.output_buffer_size().expect("a size")];
        decoder.read_image(&mut rgb).expect("a whole picture");
        Picture { size: decoder.dimensions(), rgb }
    }

    fn at(&self, x: u32, y: u32) -> Color {
        let start = (y * self.size.0 + x) as usize * 3;
        [self.rgb[start], self.rgb[start + 1], self.rgb[start + 2]]
    }
}

#[track_caller]
fn assert_card(image: &Picture, tolerance: u8) {
    let (width, height) = image.size;
    let places = [(1, 1), (3, 1), (1, 3), (3, 3)];
    for ((x, y), wanted) in places.into_iter().zip(CARD) {
        // In the middle of the quarter and near its corners.
        for (dx, dy) in [(0, 0), (-1, -1), (1, -1), (-1, 1), (1, 1)] {
            let near = |part: u32, side: u32, to: i32| {
                let middle = i64::from(side * part / 4);
                u32::try_from(middle + i64::from(to) * i64::from(side / 4 - 8)).expect("inside")
            };
            let (x, y) = (near(x, width, dx), near(y, height, dy));
            let found = image.at(x, y);
            let right = (0..3).all(|i| found[i].abs_diff(wanted[i]) <= tolerance);
            assert!(right, "at {x},{y}: {found:?} instead of {wanted:?}");
        }
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
