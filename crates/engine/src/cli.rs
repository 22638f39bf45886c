//! The command line of `cafesentinel-headless`.
#![allow(clippy::print_stdout, clippy::print_stderr)] // a command line speaks by printing

mod keys;

use std::io::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use cafesentinel_domain::config::Config;
use cafesentinel_domain::discovery::Subnet;
use cafesentinel_domain::time::Utc;
use cafesentinel_platform::{dirs, network};
use clap::{Args, Parser, Subcommand};

use crate::capture::{Settings, verb};
use crate::clock::Clock;
use crate::store::{IncidentFilter, Reader, SessionFilter};
use crate::{app, demo, discovery, incidents_csv, sessions_csv, sweep};

/// Watches over an internet café: is the internet down, or only our router?
///
/// Without a command it runs and watches the network of its config.json, which is made on
/// the first start with the router of this computer.
#[derive(Debug, Parser)]
#[command(
    name = "cafesentinel-headless",
    version,
    after_help = EXAMPLES,
    args_conflicts_with_subcommands = true
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: Run,
}

const EXAMPLES: &str = "Examples:
  cafesentinel-headless                            watch, page at http://127.0.0.1:5000/
  cafesentinel-headless --demo                     a simulated café; nothing is probed
  cafesentinel-headless setup                      choose the passwords (or use the page)
  cafesentinel-headless token create manager --scope admin
  cafesentinel-headless run --data-dir ./data      watch, with the files in ./data
  cafesentinel-headless check-config config.json   say what is wrong with a file
  cafesentinel-headless sweep 192.168.1.0/24       who answers in this network
  cafesentinel-headless discover                   gateway, PCs with MAC, settings to match
  cafesentinel-headless discover --network 192.168.1.0/24 --json > found.json
  cafesentinel-headless screenshot --output me.webp
                                                   what a picture of this screen looks like
  cafesentinel-headless export incidents --from 2026-01-01 --to 2026-01-31 > january.csv
  cafesentinel-headless export sessions --from 2026-01-31 --to 2026-01-31 > saturday.csv";

#[derive(Debug, Args)]
struct Run {
    /// Folder of config.json, history and logs [default: this system's]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Watch a simulated café, a day in 24 minutes; its files are thrown away at the end
    #[arg(long, conflicts_with = "data_dir")]
    demo: bool,
    /// Port of the page and the API [default: api_settings.port]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
    /// Folder of the built page [default: $CAFESENTINEL_UI, else `ui/dist` beside the program]
    #[arg(long, value_name = "DIR")]
    ui: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Watch until Ctrl-C or SIGTERM (the default)
    Run(Run),
    /// Say what is wrong with a configuration file; ends with 1 if anything is
    CheckConfig {
        /// The file
        file: PathBuf,
    },
    /// Ask every address once and say who answers
    Sweep {
        /// A network like 192.168.1.0/24 or an address [default: this computer's network]
        #[arg(conflicts_with = "file")]
        network: Option<String>,
        /// A file with an address or network on each line
        #[arg(long)]
        file: Option<PathBuf>,
        /// How long an answer may take
        #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=60_000))]
        timeout_ms: u64,
        /// As JSON instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Find out who is in this computer's networks, and suggest the settings for them
    ///
    /// Pings every address of this computer's own IPv4 networks, asks those that are silent
    /// by ARP, at most 64 a second, and prints who answered and what to write into
    /// config.json. Ctrl-C ends it and shows what was found so far. Ends with 0 when all
    /// were asked, 1 when nobody could be, 130 when cancelled.
    Discover(Discover),
    /// Take a picture of this screen as a notice would, and write it to a file
    Screenshot(Screenshot),
    /// Set the installation up: asks for both passwords, prints the recovery code once
    Setup(keys::Common),
    /// Change a password; asks for the admin password first
    Passwd {
        /// Which
        password: keys::Password,
        #[command(flatten)]
        common: keys::Common,
    },
    /// Take control back with the recovery code: new passwords, a new code
    Recover(keys::Common),
    /// Tokens by which other programs get in (Authorization: Bearer …)
    #[command(subcommand)]
    Token(keys::TokenCommand),
    /// Write what is stored to standard output
    Export {
        #[command(subcommand)]
        what: Export,
    },
}

#[derive(Debug, Args)]
struct Discover {
    /// One network of this computer, or a part of one [default: all; of those wider than
    /// /20 the /24 around this computer]
    #[arg(long, value_name = "CIDR", value_parser = network_of_ours)]
    network: Option<Subnet>,
    /// How long an answer to a ping may take
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(100..=5000))]
    timeout_ms: u64,
    /// As JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Look around in the simulated café; nothing is probed
    #[arg(long)]
    demo: bool,
}

fn network_of_ours(text: &str) -> Result<Subnet, String> {
    Subnet::parse(text).ok_or_else(|| "expected an IPv4 network like 192.168.1.0/24".to_owned())
}

#[derive(Debug, Args)]
struct Screenshot {
    /// The WebP file to write; one that is there is replaced
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// Size relative to the screen, 0.1–1.0
    #[arg(long, value_name = "R", default_value_t = 1.0, value_parser = ratio)]
    resize_ratio: f64,
    /// WebP quality, 1–100
    #[arg(long, value_name = "Q", default_value_t = 80, value_parser = clap::value_parser!(u8).range(1..=100))]
    quality: u8,
    /// Folder whose privacy mode counts [default: this system's]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

fn clock_now() -> Utc {
    Clock::real().now().utc
}

fn ratio(text: &str) -> Result<f64, String> {
    let ratio = text.parse().ok().filter(|ratio| (0.1..=1.0).contains(ratio));
    ratio.ok_or_else(|| "expected a number from 0.1 to 1.0".to_owned())
}

#[derive(Debug, Subcommand)]
enum Export {
    /// Incidents as CSV
    Incidents(Stretch),
    /// Sessions of the PCs as CSV
    Sessions(Stretch),
}

#[derive(Debug, Args)]
struct Stretch {
    /// From this day on (2026-01-31, or 2026-01-31T14:00:00Z)
    #[arg(long, value_name = "DAY|TIME", value_parser = beginning)]
    from: Option<Utc>,
    /// Until then; a day is meant with all its hours
    #[arg(long, value_name = "DAY|TIME", value_parser = end)]
    to: Option<Utc>,
    /// Folder of the history [default: this system's]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

fn beginning(text: &str) -> Result<Utc, String> {
    moment(text, 0)
}

fn end(text: &str) -> Result<Utc, String> {
    moment(text, 1)
}

/// A time, or the midnight here that is `days` after the beginning of a day.
fn moment(text: &str, days: i64) -> Result<Utc, String> {
    use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
    let day = || {
        let day: Date = text.parse().ok()?;
        Some(day.checked_add(days.days()).ok()?.to_zoned(TimeZone::system()).ok()?.timestamp())
    };
    let at = if text.len() == 10 { day() } else { text.parse::<Timestamp>().ok() };
    at.map(|at| Utc(at.as_millisecond())).ok_or_else(|| {
        "expected a day like 2026-01-31 or a time like 2026-01-31T14:00:00Z".to_owned()
    })
}

/// Does what the command line asks for.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command.unwrap_or(Command::Run(cli.run)) {
        Command::Run(run) => app::run(
            app::Options {
                data_dir: run.data_dir,
                port: run.port,
                demo: run.demo,
                page: run.ui.or_else(|| std::env::var_os("CAFESENTINEL_UI").map(PathBuf::from)),
            },
            print,
        )
        .map(|()| ExitCode::SUCCESS),
        Command::CheckConfig { file } => check(&file),
        Command::Sweep { network, file, timeout_ms, json } => {
            run_sweep(network.as_deref(), file, Duration::from_millis(timeout_ms), json)
        }
        Command::Discover(options) => discover(&options),
        Command::Screenshot(wanted) => screenshot(wanted),
        Command::Setup(common) => keys::set_up(&common),
        Command::Passwd { password, common } => keys::change(password, &common),
        Command::Recover(common) => keys::recover(&common),
        Command::Token(command) => keys::token(&command),
        Command::Export { what: Export::Incidents(stretch) } => export_incidents(&stretch),
        Command::Export { what: Export::Sessions(stretch) } => export_sessions(&stretch),
    };
    result.unwrap_or_else(|error| {
        eprintln!("cafesentinel-headless: {error:#}");
        ExitCode::FAILURE
    })
}

/// A console that is gone must not take the program with it.
fn print(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn check(file: &Path) -> anyhow::Result<ExitCode> {
    let text = std::fs::read_to_string(file)
        .map_err(|e| anyhow::anyhow!("{} cannot be read: {e}", file.display()))?;
    Ok(match Config::parse(&text) {
        Ok(config) => {
            println!(
                "{} is valid: router {}, internet {}, {} PCs, every {} s.",
                file.display(),
                config.targets.router,
                config.targets.internet,
                config.monitor.seats.len(),
                config.monitor.interval.as_secs()
            );
            ExitCode::SUCCESS
        }
        Err(faults) => {
            for fault in &faults {
                println!("{fault}");
            }
            ExitCode::FAILURE
        }
    })
}

fn wanted(network: Option<&str>, file: Option<PathBuf>) -> anyhow::Result<Vec<IpAddr>> {
    let mut all = Vec::new();
    match (network, file) {
        (Some(network), _) => all = sweep::addresses(network).map_err(anyhow::Error::msg)?,
        (None, Some(file)) => {
            for line in std::fs::read_to_string(file)?.lines().map(str::trim) {
                if !line.is_empty() && !line.starts_with('#') {
                    all.extend(sweep::addresses(line).map_err(anyhow::Error::msg)?);
                }
            }
        }
        (None, None) => {
            let small = |n: &network::LocalNetwork| n.address.is_ipv4() && n.prefix >= 22;
            let own = network::local_networks().into_iter().find(small).ok_or_else(|| {
                anyhow::anyhow!(
                    "this computer is in no network of at most 1022 addresses: name one"
                )
            })?;
            all = sweep::addresses(&format!("{}/{}", own.address, own.prefix))
                .map_err(anyhow::Error::msg)?;
        }
    }
    anyhow::ensure!(all.len() <= sweep::MAX, "more than {} addresses", sweep::MAX);
    Ok(all)
}

fn run_sweep(
    network: Option<&str>,
    file: Option<PathBuf>,
    timeout: Duration,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let report = sweep::sweep(&wanted(network, file)?, timeout);
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    if json {
        serde_json::to_writer(&mut out, &report)?;
        writeln!(out)?;
    } else {
        for host in report.hosts.iter().filter(|h| h.alive) {
            let rtt = host.rtt_ms.unwrap_or(0.0);
            writeln!(
                out,
                "{:<40} {rtt:>9.3} ms  {}",
                host.address.to_string(),
                host.via.unwrap_or("")
            )?;
        }
        writeln!(
            out,
            "{} of {} answered within {} ms; it took {:.0} ms.",
            report.alive,
            report.hosts.len(),
            timeout.as_millis(),
            report.wall_ms
        )?;
        for reason in &report.refused {
            writeln!(out, "Some could not be asked: {reason}.")?;
        }
    }
    out.flush()?;
    let asked = report.refused.is_empty();
    Ok(if asked { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn discover(options: &Discover) -> anyhow::Result<ExitCode> {
    let wish = discovery::Wish {
        network: options.network,
        timeout: Duration::from_millis(options.timeout_ms),
        no_seats: Vec::new(),
    };
    if options.demo {
        let midnight = demo::midnight();
        let around = demo::Surroundings::new(midnight, demo::clock(midnight));
        discovery::console::run(around, wish, options.json)
    } else {
        discovery::console::run(discovery::Machine::default(), wish, options.json)
    }
}

/// While this installation's privacy mode is on, no picture is taken.
fn screenshot(wanted: Screenshot) -> anyhow::Result<ExitCode> {
    let Screenshot { output, resize_ratio, quality, data_dir } = wanted;
    let history = dirs::data_dir(data_dir.as_deref()).join(app::HISTORY);
    let privacy = history.is_file() && Reader::open(&history)?.is_private(clock_now())?;
    let order = verb::Order { output, settings: Settings { resize_ratio, quality } };
    let taken = verb::screenshot(&order, privacy)?;
    let verb::Taken { picture, took } = taken;
    println!(
        "{}: {}×{}, {} bytes, taken within {} ms.",
        order.output.display(),
        picture.width,
        picture.height,
        picture.webp.len(),
        took.as_millis()
    );
    Ok(ExitCode::SUCCESS)
}

fn history(stretch: &Stretch) -> anyhow::Result<Reader> {
    let path = dirs::data_dir(stretch.data_dir.as_deref()).join(app::HISTORY);
    anyhow::ensure!(path.is_file(), "there is no history at {}", path.display());
    Ok(Reader::open(&path)?)
}

fn export_incidents(stretch: &Stretch) -> anyhow::Result<ExitCode> {
    let reader = history(stretch)?;
    let (from, to) = (stretch.from, stretch.to);
    let mut all = Vec::new();
    let mut filter = IncidentFilter { from, to, limit: Some(1000), ..IncidentFilter::default() };
    loop {
        let page = reader.incidents(&filter)?;
        let Some(last) = page.last() else { break };
        filter.before_id = Some(last.id);
        all.extend(page);
    }
    // People read from the beginning.
    all.reverse();
    incidents_csv::export(&all, std::io::stdout().lock())?;
    Ok(ExitCode::SUCCESS)
}

fn export_sessions(stretch: &Stretch) -> anyhow::Result<ExitCode> {
    let (from, to) = (stretch.from, stretch.to);
    let filter = SessionFilter { from, to, ..SessionFilter::default() };
    let all = history(stretch)?.sessions_within(filter, usize::MAX)?;
    sessions_csv::export(&all, std::io::stdout().lock())?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound_and_its_help_has_examples() {
        Cli::command().debug_assert();
        let help = Cli::command().render_long_help().to_string();
        for word in
            ["sweep 192.168.1.0/24", "check-config", "--demo", "discover", "export", "token create"]
        {
            assert!(help.contains(word), "{word} is missing in {help}");
        }
    }

    #[test]
    fn run_is_the_default_and_the_demo_has_no_other_folder() {
        let parse = |line: &str| Cli::try_parse_from(line.split(' '));
        assert!(parse("x --port 5001").unwrap().command.is_none());
        assert!(matches!(parse("x run --demo").unwrap().command, Some(Command::Run(r)) if r.demo));
        for bad in ["x --demo --data-dir d", "x --port 0", "x --port 70000", "x --demo sweep"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert!(parse("x sweep 10.0.0.0/24 --file f").is_err());
    }

    #[test]
    fn a_discovery_takes_a_network_and_a_timeout_within_bounds() {
        let parse = |line: &str| Cli::try_parse_from(line.split(' '));
        let good = parse("x discover --network 10.0.0.7/24 --timeout-ms 100 --json").unwrap();
        let Some(Command::Discover(options)) = good.command else { panic!("{good:?}") };
        assert_eq!(options.network.unwrap().to_string(), "10.0.0.0/24");
        for bad in ["--network fd00::/64", "--network x", "--timeout-ms 99", "--timeout-ms 5001"] {
            assert!(parse(&format!("x discover {bad}")).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_picture_has_the_ranges_of_the_configuration() {
        let parse = |line: &str| Cli::try_parse_from(line.split(' '));
        for good in ["0.1", "1", "0.55"] {
            assert!(parse(&format!("x screenshot --output f --resize-ratio {good}")).is_ok());
        }
        for bad in ["", "--output f --resize-ratio 0.09", "--output f --resize-ratio NaN"] {
            assert!(parse(&format!("x screenshot {bad}")).is_err(), "{bad}");
        }
        for bad in ["0", "101"] {
            assert!(parse(&format!("x screenshot --output f --quality {bad}")).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_last_day_counts_with_all_its_hours() {
        let (from, to) = (beginning("2026-01-15").unwrap(), end("2026-01-15").unwrap());
        assert_eq!(to.0 - from.0, 24 * 3_600_000);
        assert_eq!(beginning("1970-01-01T00:00:01Z"), Ok(Utc(1000)));
        assert!(beginning("yesterday").is_err() && end("2026-02-30").is_err());
    }

    #[test]
    fn a_file_of_addresses_may_hold_networks_and_remarks_but_not_too_many() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("list");
        std::fs::write(&file, "# seats\n127.0.0.1\n\n127.0.1.0/30\n").unwrap();
        assert_eq!(wanted(None, Some(file.clone())).unwrap().len(), 3);
        std::fs::write(&file, "127.1.0.0/16\n127.2.0.0/16\n").unwrap();
        assert!(wanted(None, Some(file)).unwrap_err().to_string().contains("65536"));
    }
}
