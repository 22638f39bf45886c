//! `discover` on the command line: live progress, then a table or JSON.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;

use cafesentinel_domain::discovery::Via;
use serde_json::{Map, Value};

use super::{Discovery, HostReport, Report, State, Wish, World};

/// As of a program that ended by SIGINT, which shells know.
const INTERRUPTED: u8 = 130;

/// Runs a discovery to its end, or until Ctrl-C, and prints what was found.
///
/// # Errors
/// It could not begin or could not ask anyone: why, in a sentence.
pub fn run(world: impl World + 'static, wish: Wish, as_json: bool) -> anyhow::Result<ExitCode> {
    let discovery = Discovery::new(world);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(async {
        discovery.start(wish)?;
        let report = watch(&discovery).await;
        anyhow::Ok(report)
    })?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    if as_json {
        serde_json::to_writer_pretty(&mut out, &*report)?;
        writeln!(out)?;
    } else if report.state != State::Failed {
        print(&report, &mut out)?;
    }
    out.flush()?;
    match report.state {
        State::Idle | State::Running | State::Done => Ok(ExitCode::SUCCESS),
        State::Cancelled => Ok(ExitCode::from(INTERRUPTED)),
        State::Failed => {
            Err(anyhow::Error::msg(report.error.clone().unwrap_or_else(|| "it failed".into())))
        }
    }
}

/// Shows how far it is until it is over; Ctrl-C ends it.
async fn watch(discovery: &Discovery) -> Arc<Report> {
    let mut reports = discovery.follow();
    let terminal = io::stderr().is_terminal();
    let mut shown = 0;
    // One listener for all the time, so that no Ctrl-C falls between two.
    let mut pressed = Box::pin(interrupted());
    loop {
        let report = reports.borrow_and_update().clone();
        let over = report.state != State::Running;
        if terminal {
            let line = if over { String::new() } else { progress(&report) };
            // Over the line before; a console that is gone must not end the search.
            let _ = write!(io::stderr().lock(), "\r{line:<shown$}{}", if over { "\r" } else { "" });
            shown = line.chars().count();
        }
        if over {
            return report;
        }
        tokio::select! {
            changed = reports.changed() => {
                if changed.is_err() {
                    return report;
                }
            }
            () = &mut pressed => {
                // It says itself when it has ended.
                discovery.cancel();
                pressed = Box::pin(interrupted());
            }
        }
    }
}

async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        // It cannot be listened for: the system's own way is left.
        std::future::pending::<()>().await;
    }
}

fn progress(report: &Report) -> String {
    format!(
        "{:>3.0} %  asked {} of {}, {} answered (Ctrl-C to stop)",
        report.progress * 100.0,
        report.asked,
        report.total,
        report.found
    )
}

/// The table, and what follows from it.
fn print(report: &Report, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "Gateway  {}", report.gateway.as_deref().unwrap_or("none"))?;
    for network in &report.networks {
        let asked = match &network.asked {
            Some(asked) if *asked != network.network => format!(", asked: {asked}"),
            Some(_) => String::new(),
            None => ", not asked".to_owned(),
        };
        let (name, own) = (&network.interface, &network.address);
        writeln!(out, "Network  {} ({name}, this machine is {own}{asked})", network.network)?;
    }
    if !report.hosts.is_empty() {
        writeln!(out, "\n{:<15}  {:<17}  {:<13}  {:>10}", "ADDRESS", "MAC", "ANSWERS", "RTT")?;
        for host in &report.hosts {
            writeln!(out, "{}", line(host).trim_end())?;
        }
    }
    let firewalled = report.hosts.iter().filter(|h| h.firewalled).count();
    let marked = match firewalled {
        0 => String::new(),
        n => format!(", {n} of them ARP but not ping (a firewall)"),
    };
    let (found, total, seconds) = (report.found, report.total, report.elapsed_ms as f64 / 1000.0);
    if report.state == State::Cancelled {
        let asked = report.asked;
        writeln!(
            out,
            "\nCancelled after {seconds:.1} s: {asked} of {total} addresses were asked, \
             {found} had answered{marked}. Nothing is suggested from half a look."
        )?;
    } else {
        writeln!(out, "\n{found} of {total} addresses answered{marked}; it took {seconds:.1} s.")?;
    }
    for note in &report.notes {
        writeln!(out, "Note: {note}.")?;
    }
    let Some(suggestion) = &report.suggestion else { return Ok(()) };
    writeln!(out, "\nSuggested: {}.", suggestion.summary)?;
    let sections =
        [("targets", &suggestion.targets), ("monitor_settings", &suggestion.monitor_settings)];
    let set = |(_, section): &(&str, &Value)| section.as_object().is_some_and(|s| !s.is_empty());
    let document: Map<String, Value> = sections
        .into_iter()
        .filter(set)
        .map(|(name, section)| (name.to_owned(), section.clone()))
        .collect();
    if !document.is_empty() {
        writeln!(out, "In config.json:\n{:#}", Value::Object(document))?;
    }
    writeln!(out, "\nThe rule: {}", suggestion.rule)
}

fn line(host: &HostReport) -> String {
    let answers = match (host.via, host.firewalled) {
        (Via::Icmp, _) => "ping",
        (Via::Both, _) => "ping, ARP",
        (Via::Arp, true) => "ARP, not ping",
        (Via::Arp, false) => "ARP",
    };
    let rtt = host.rtt_ms.map_or_else(String::new, |ms| format!("{ms:.3} ms"));
    let mac = host.mac.as_deref().unwrap_or("");
    let remark = match (host.gateway, host.firewalled) {
        (true, true) => "  gateway, firewall",
        (true, false) => "  gateway",
        (false, true) => "  firewall",
        (false, false) => "",
    };
    format!("{:<15}  {mac:<17}  {answers:<13}  {rtt:>10}{remark}", host.address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discovery::tests::{cafe, finished};

    fn printed(report: &Report) -> String {
        let mut out = Vec::new();
        print(report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_table_is_for_people() {
        let text = printed(&finished(cafe()));
        for part in [
            "Gateway  10.9.0.1\n",
            "Network  10.9.0.0/28 (eth0, this machine is 10.9.0.14)\n",
            "ADDRESS          MAC                ANSWERS               RTT\n",
            "10.9.0.1         02:00:0a:09:00:01  ping, ARP        1.500 ms  gateway\n",
            "10.9.0.6         02:00:0a:09:00:06  ARP, not ping              firewall\n",
            "5 of 13 addresses answered, 1 of them ARP but not ping (a firewall); it took ",
            "Suggested: 4 seats from 10.9.0.3 to 10.9.0.6, of which 4 answered.\n",
            "\"pc_start_range\": 3,",
            "\"router\": \"10.9.0.1\"",
            "The rule: ",
        ] {
            assert!(text.contains(part), "{part:?} is missing in\n{text}");
        }
        assert!(text.lines().all(|line| line.trim_end() == line), "{text}");
    }

    #[test]
    fn of_an_empty_network_only_the_router_is_suggested() {
        let mut empty = cafe();
        empty.who.clear();
        let text = printed(&finished(empty));
        assert!(text.contains("0 of 13 addresses answered; it took "), "{text}");
        assert!(text.contains("Suggested: nobody answered who could be a seat"), "{text}");
        assert!(text.contains("\"router\"") && !text.contains("monitor_settings"), "{text}");
    }

    #[test]
    fn who_cancels_is_told_what_was_found_so_far() {
        let mut report = finished(cafe());
        report.state = State::Cancelled;
        report.asked = 7;
        report.suggestion = None;
        let text = printed(&report);
        assert!(text.contains("7 of 13 addresses were asked, 5 had answered"), "{text}");
        assert!(!text.contains("Suggested"), "{text}");
        assert!(progress(&report).starts_with("100 %  asked 7 of 13, 5 answered"));
    }
}
