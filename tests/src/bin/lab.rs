//! The café lab by hand: build it, run something in it, break it, mend it, take it down.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is a command-line tool")]

use std::net::{Ipv4Addr, TcpListener};
use std::process::ExitCode;

use anyhow::{Context, Result};
use cafesentinel_tests::discord::Options;
use cafesentinel_tests::harness::headless;
use cafesentinel_tests::lab::{Lab, LabOptions};
use clap::{Args, Parser, Subcommand};

/// A café made of network namespaces (needs root, iproute2 and nftables).
#[derive(Parser)]
#[command(name = "lab")]
struct Cli {
    /// Which lab; several can be up at once
    #[arg(long, global = true, default_value = "hand")]
    id: String,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Args)]
struct Size {
    /// How many PCs (192.168.1.110 and on)
    #[arg(long, default_value_t = LabOptions::default().pcs)]
    pcs: u16,
    /// How many of them, from the last one back, drop ping but answer ARP
    #[arg(long, default_value_t = LabOptions::default().firewalled)]
    firewalled: u16,
}

#[derive(Subcommand)]
enum Verb {
    /// Build the lab; it stays until `down`
    Up(Size),
    /// Take the lab down, and what dead labs left behind
    Down,
    /// Show the lab's hosts and the faults in force
    Status,
    /// Run the program on the monitor, or another command (in a lab of its own if none is up)
    Run {
        #[command(flatten)]
        size: Size,
        /// The command and its arguments [default: the program, its data kept until `down`]
        #[arg(last = true)]
        command: Vec<String>,
    },
    /// Run a command on any host
    Exec {
        /// monitor, router, internet, server, switch, pc1, …
        host: String,
        /// The command and its arguments
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
    /// Break: internet, primary, secondary, switch, or the cable of a host
    Cut {
        /// What to break
        what: String,
    },
    /// Mend what was cut: the same words, or `route`, or `all`
    Mend {
        /// What to mend
        what: String,
    },
    /// Let a host drop ping (it still forwards and answers ARP)
    Silence {
        /// The host
        host: String,
    },
    /// Let a host answer ping again
    Unsilence {
        /// The host
        host: String,
    },
    /// Switch a host off
    Off {
        /// The host
        host: String,
    },
    /// Switch a host on
    On {
        /// The host
        host: String,
    },
    /// Take the monitor's addresses and routes away (back with `mend route`)
    LoseRoute,
    /// Refuse a host's own pings (not permitted)
    Forbid {
        /// The host
        host: String,
    },
    /// Permit them again
    Allow {
        /// The host
        host: String,
    },
    /// Let a fake Discord stand on the internet host, as discord.com, until Ctrl-C
    Discord {
        /// Port of 127.0.0.1, outside the lab, for its control API; 0 takes a free one
        #[arg(long, default_value_t = 0)]
        control: u16,
        /// Without limits of frequency
        #[arg(long)]
        unlimited: bool,
    },
}

fn main() -> ExitCode {
    match act(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("lab: {error:#}");
            // Not 1: `run` hands on the command's own code, and 1 is the most common of those.
            ExitCode::from(125)
        }
    }
}

fn act(cli: Cli) -> Result<ExitCode> {
    let id = cli.id.as_str();
    let lab = || Lab::attach(id);
    match cli.verb {
        Verb::Up(size) => {
            let lab = Lab::up_kept(id, size.into())?;
            println!("the lab {id:?} is up: {} hosts", lab.options().hosts().len());
        }
        Verb::Down => Lab::take_down(id)?,
        Verb::Status => status(id)?,
        Verb::Run { size, command } => {
            let lab = match lab() {
                Ok(lab) => lab,
                Err(_) => Lab::up_as(id, size.into())?,
            };
            let command = if command.is_empty() { program(&lab) } else { command };
            return run(&lab, "monitor", &command);
        }
        Verb::Exec { host, command } => return run(&lab()?, &host, &command),
        Verb::Cut { what } => lab()?.cut(&what)?,
        Verb::Mend { what } => lab()?.mend(&what)?,
        Verb::Silence { host } => lab()?.silence(&host)?,
        Verb::Unsilence { host } => lab()?.unsilence(&host)?,
        Verb::Off { host } => lab()?.off(&host)?,
        Verb::On { host } => lab()?.on(&host)?,
        Verb::LoseRoute => lab()?.lose_route()?,
        Verb::Forbid { host } => lab()?.forbid(&host)?,
        Verb::Allow { host } => lab()?.allow(&host)?,
        Verb::Discord { control, unlimited } => discord(&lab()?, control, unlimited)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The program as somebody would start it who has just bought the monitor.
fn program(lab: &Lab) -> Vec<String> {
    let data = lab.directory().join("data");
    let words = [headless().into_os_string(), "run".into(), "--data-dir".into(), data.into()];
    words.into_iter().map(|word| word.to_string_lossy().into_owned()).collect()
}

fn run(lab: &Lab, host: &str, words: &[String]) -> Result<ExitCode> {
    let (program, arguments) = words.split_first().context("no command given")?;
    let status = lab.command_on(host, program).args(arguments).status()?;
    // A command ended by a signal has no code; 128 and more is what shells say then.
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(128);
    Ok(ExitCode::from(code))
}

fn discord(lab: &Lab, control: u16, unlimited: bool) -> Result<()> {
    let options = if unlimited { Options::unlimited() } else { Options::default() };
    let mut discord = lab.discord_with(options)?;
    let control = discord.serve_control(TcpListener::bind((Ipv4Addr::LOCALHOST, control))?)?;
    println!("control      http://{control}/control");
    for webhook in ["alerts", "occupancy", "screenshots"] {
        println!("{webhook:<12} {}", discord.url(webhook));
    }
    let (name, value) = discord.trust();
    println!("trust        {name}={}", value.display());
    println!(
        "try it: npm run lab -- --id {} exec monitor -- curl --cacert {} \\\n  \
         --json '{{\"content\":\"hello\"}}' '{}?wait=true'",
        lab.id(),
        value.display(),
        discord.url("alerts")
    );
    loop {
        std::thread::park();
    }
}

fn status(id: &str) -> Result<()> {
    for (other, owned) in Lab::all() {
        if other != id {
            println!("also: {other:?}{}", if owned { "" } else { " (dead; `lab down` clears it)" });
        }
    }
    let lab = Lab::attach(id)?;
    let options = lab.options();
    let firewalled = options.firewalled_hosts();
    for host in options.hosts() {
        let address = options.address(&host).unwrap_or_default();
        let remark = if firewalled.contains(&host) { "  firewalled" } else { "" };
        println!("{host:<9} {address:<15} {}{remark}", lab.namespace(&host));
    }
    let faults = lab.faults();
    println!("faults: {}", if faults.is_empty() { "none".to_owned() } else { faults.join(", ") });
    Ok(())
}

impl From<Size> for LabOptions {
    fn from(size: Size) -> Self {
        Self { pcs: size.pcs, firewalled: size.firewalled }
    }
}
