//! What `npm run bench:capture` measures; not part of the program.
//!
//! `pictures`: for each line `RATIO QUALITY` on standard input it takes a picture of the
//! screen and answers with a line `MILLISECONDS BYTES`. `beat DIR [--captures]`: runs the
//! whole program with the data folder DIR, and, if told so, one capture after the other in
//! the same process; the program tells in its log how late its beats were. `stages`: what
//! each step costs.
#![allow(clippy::print_stdout)] // it is there to print

use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use cafesentinel_engine::app;
use cafesentinel_engine::capture::{self, Camera, Desktop, MAX_BYTES, Screen, Settings};
use cafesentinel_engine::clock::Clock;

fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    match args.next().as_deref() {
        Some("pictures") => pictures(),
        Some("stages") => stages(),
        Some("beat") => {
            let folder = args.next().context("no data folder")?;
            beat(folder.into(), args.next().as_deref() == Some("--captures"))
        }
        _ => anyhow::bail!("pictures, stages, or beat DIR [--captures]"),
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_time().build()?)
}

fn pictures() -> anyhow::Result<()> {
    let camera = Camera::start(|| Desktop, Clock::real())?;
    let runtime = runtime()?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (ratio, quality) = line.split_once(' ').context("RATIO QUALITY")?;
        let settings = Settings { resize_ratio: ratio.parse()?, quality: quality.parse()? };
        let began = Instant::now();
        let picture = runtime.block_on(camera.take(settings))?;
        println!("{:.3} {}", began.elapsed().as_secs_f64() * 1000.0, picture.webp.len());
        std::io::stdout().flush()?;
    }
    Ok(())
}

fn stages() -> anyhow::Result<()> {
    for ratio in [1.0, 0.5] {
        let (mut grabs, mut encodes, mut bytes) = (Vec::new(), Vec::new(), 0);
        for _ in 0..15 {
            let began = Instant::now();
            let frame = Desktop.grab()?;
            grabs.push(began.elapsed());
            let began = Instant::now();
            let settings = Settings { resize_ratio: ratio, quality: 80 };
            bytes = capture::encode(&frame, settings, MAX_BYTES)?.webp.len();
            encodes.push(began.elapsed());
        }
        println!(
            "ratio {ratio}: capture {:.1?}, resize and encode {:.1?} (medians), {bytes} bytes",
            median(grabs),
            median(encodes)
        );
    }
    Ok(())
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort_unstable();
    all[all.len() / 2]
}

fn beat(folder: PathBuf, captures: bool) -> anyhow::Result<()> {
    if captures {
        std::thread::spawn(move || -> anyhow::Result<()> {
            let camera = Camera::start(|| Desktop, Clock::real())?;
            let runtime = runtime()?;
            let settings = Settings { resize_ratio: 1.0, quality: 80 };
            let mut taken = 0u64;
            loop {
                runtime.block_on(camera.take(settings))?;
                taken += 1;
                std::fs::write(folder_of_count(), taken.to_string())?;
            }
        });
    }
    let options = app::Options { data_dir: Some(folder), ..app::Options::default() };
    app::run(options, |line| println!("{line}"))
}

/// Where the number of captures is told to the script.
fn folder_of_count() -> PathBuf {
    std::env::var_os("CAPTURES_TAKEN").map_or_else(|| PathBuf::from("/dev/null"), PathBuf::from)
}
