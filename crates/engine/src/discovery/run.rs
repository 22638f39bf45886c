//! One discovery from its first question to its last verdict.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cafesentinel_domain::discovery::{Facts, Question, Scope, Search, Unasked, suggest};
use cafesentinel_domain::time::Tick;
use cafesentinel_platform::clock;

use super::report::{Report, State};
use super::{Door, Heard, Wish};

/// Whether it is cancelled is looked at this often, at least.
const LOOK: Duration = Duration::from_millis(50);
/// A report goes out, and the system's table is read, this often, at most.
const TELL: Duration = Duration::from_millis(200);

fn now() -> Tick {
    Tick(clock::boottime_nanos())
}

/// Asks everyone, and tells in between how far it is.
pub(super) fn run(
    scope: &Scope,
    wish: &Wish,
    door: &mut dyn Door,
    cancel: &AtomicBool,
    publish: impl Fn(Report),
) -> Report {
    let began = now();
    let mut report = Report::begun(scope);
    report.methods = Some(door.methods());
    if let Some(why) = door.methods().nothing_works() {
        return report.failed(why);
    }
    let mut search = Search::new(&scope.addresses, wish.timeout, door.arp_patience());
    let mut told = began;
    let mut heard = Vec::new();
    let state = loop {
        search.share(door.others());
        while let Some(question) = search.poll(now()) {
            put(&mut search, door, question);
        }
        let Some(deadline) = search.next_deadline() else { break State::Done };
        if cancel.load(Ordering::Relaxed) {
            break State::Cancelled;
        }
        let wait = deadline.since(now()).min(LOOK);
        if let Err(error) = door.hear(wait, &mut heard) {
            report.update(&search, now().since(began));
            return report.failed(format!("answers cannot be heard: {error}"));
        }
        hear(&mut search, &mut heard);
        if now().since(told) >= TELL {
            told = now();
            read_table(&mut search, door);
            report.update(&search, now().since(began));
            publish(report.clone());
        }
    };
    read_table(&mut search, door);
    report.update(&search, now().since(began));
    report.explain(&search);
    if state == State::Done && search.progress().asked == 0 {
        return report.nobody_asked(&search);
    }
    report.state = state;
    if state == State::Done {
        report.suggest(suggestion(scope, wish, &search));
    }
    report
}

fn put(search: &mut Search, door: &mut dyn Door, question: Question) {
    match (question, door.put(question)) {
        (_, Ok(())) => {}
        (Question::Ping(address), Err(Unasked::Ping(fault))) => {
            search.ping_refused(address, fault, now());
        }
        (Question::Arp(address), Err(Unasked::Arp(fault))) => {
            search.arp_refused(address, fault, now());
        }
        // A door answers in kind.
        (Question::Ping(_), Err(Unasked::Arp(_))) | (Question::Arp(_), Err(Unasked::Ping(_))) => {}
    }
}

fn hear(search: &mut Search, heard: &mut Vec<Heard>) {
    for answer in heard.drain(..) {
        match answer {
            Heard::Ping { address, rtt } => search.ping_reply(address, rtt),
            Heard::Arp { address, mac } => search.arp_reply(address, mac),
        }
    }
}

fn read_table(search: &mut Search, door: &dyn Door) {
    for (address, mac) in door.table() {
        search.neighbour(address, mac);
    }
}

fn suggestion(
    scope: &Scope,
    wish: &Wish,
    search: &Search,
) -> Option<cafesentinel_domain::discovery::Suggestion> {
    let found = search.found();
    let home = scope.home(|n| found.iter().filter(|f| n.contains(f.address)).count())?;
    let own = scope.networks.iter().map(|n| n.address);
    let others: Vec<_> = own.chain(wish.no_seats.iter().copied()).collect();
    Some(suggest(&Facts { found: &found, home, gateway: scope.gateway, others: &others }))
}
