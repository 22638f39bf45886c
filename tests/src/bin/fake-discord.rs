//! A fake Discord by itself, for trying things out by hand: prints its URLs and serves until
//! it is ended.
#![allow(clippy::print_stdout, reason = "this is a command-line tool")]

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use anyhow::Result;
use cafesentinel_tests::discord::{Authority, Discord, Options};
use clap::Parser;

/// A Discord that is not Discord: the webhook part of its API, with a control API beside it.
#[derive(Parser)]
#[command(name = "fake-discord")]
struct Cli {
    /// Address and port of the webhooks; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Address and port of the control API
    #[arg(long, default_value = "127.0.0.1:0")]
    control: SocketAddr,
    /// Serve https, with a certificate for this name or address (several may be given)
    #[arg(long, requires = "authority")]
    tls: Vec<String>,
    /// Where to write the certificate of the authority to trust (PEM)
    #[arg(long)]
    authority: Option<PathBuf>,
    /// Without limits of frequency
    #[arg(long)]
    unlimited: bool,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let options = if cli.unlimited { Options::unlimited() } else { Options::default() };
    let listener = TcpListener::bind(cli.listen)?;
    let address = listener.local_addr()?;
    let (tls, base) = match (cli.tls.first(), &cli.authority) {
        (Some(name), Some(file)) => {
            let names: Vec<&str> = cli.tls.iter().map(String::as_str).collect();
            let port = match address.port() {
                443 => String::new(),
                other => format!(":{other}"),
            };
            (Some(Authority::new(file)?.server(&names)?), format!("https://{name}{port}"))
        }
        _ => (None, format!("http://{address}")),
    };
    let webhooks = options.webhooks.clone();
    let mut discord = Discord::on(listener, tls, &base, options)?;
    let control = discord.serve_control(TcpListener::bind(cli.control)?)?;
    println!("control      http://{control}/control");
    for (webhook, _) in webhooks {
        println!("{webhook:<12} {}", discord.url(&webhook));
    }
    loop {
        std::thread::park();
    }
}
