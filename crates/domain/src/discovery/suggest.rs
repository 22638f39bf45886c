//! From who answered to the configuration that would watch them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use serde_json::{Map, Value, json};

use super::scope::Subnet;
use super::search::Found;
use crate::config::{Mac, SeatConfig};

/// Silent addresses in a row that a range of seats may have: PCs that are switched off.
const LONGEST_HOLE: u8 = 8;
/// So many that stand together are a group.
const GROUP: usize = 3;
/// Of a range at least one address in so many answers.
const THINNEST: usize = 4;

/// The rule, for people.
pub const RULE: &str = "The gateway, this machine, and the router and the server that a running \
    program is configured to watch are never seats. The others are a range if they stand \
    together in one /24: at least 3 of them, with at most 8 silent addresses in a row and at \
    least every fourth answering, more than half of all, without a second such group, and with \
    none of the former in between. PCs that are switched off are holes in the range; who stands \
    apart is left out. Otherwise each is listed by itself.";

/// What a suggestion is made from.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Who answered, everywhere.
    pub found: &'a [Found],
    /// The network of the seats: whoever is outside of it is no seat.
    pub home: Subnet,
    /// The router of this machine.
    pub gateway: Option<Ipv4Addr>,
    /// What else is no seat: this machine, the configured router and server.
    pub others: &'a [Ipv4Addr],
}

/// The seats of a suggestion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seats {
    /// Nobody answered who could be one: `monitor_settings` would stay as they are.
    None,
    /// A range in a /24.
    Range {
        /// The first seat.
        first: Ipv4Addr,
        /// Seats, holes included.
        count: u8,
    },
    /// One by one.
    List(Vec<SeatConfig>),
}

/// What would be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The router; none where this machine has none.
    pub router: Option<Ipv4Addr>,
    /// The seats.
    pub seats: Seats,
    /// How many of them answered.
    pub answered: usize,
    /// Who answered and stands outside of the range: a printer, perhaps, or a server.
    pub left_out: Vec<Ipv4Addr>,
}

impl Suggestion {
    /// `targets` as they would be set; without what would stay as it is.
    #[must_use]
    pub fn targets(&self) -> Value {
        let router = self.router.map(|r| ("router".to_owned(), json!(r.to_string())));
        Value::Object(router.into_iter().collect())
    }

    /// `monitor_settings` as they would be set; without what would stay as it is.
    #[must_use]
    pub fn monitor_settings(&self) -> Value {
        match &self.seats {
            Seats::None => Value::Object(Map::new()),
            Seats::Range { first, count } => {
                let [a, b, c, start] = first.octets();
                json!({
                    "pc_subnet": format!("{a}.{b}.{c}"),
                    "pc_start_range": start,
                    "pc_count": count,
                })
            }
            Seats::List(seats) => json!({
                "pc_count": 0,
                "pcs": seats.iter().map(seat).collect::<Vec<_>>(),
            }),
        }
    }
}

fn seat(seat: &SeatConfig) -> Value {
    let mut value = json!({ "name": seat.name, "address": seat.address.to_string() });
    if let (Some(mac), Some(map)) = (seat.mac, value.as_object_mut()) {
        map.insert("mac".into(), json!(mac.to_string()));
    }
    value
}

/// What follows from who answered, by [`RULE`].
#[must_use]
pub fn suggest(facts: &Facts<'_>) -> Suggestion {
    let no_seats: BTreeSet<Ipv4Addr> = facts.others.iter().copied().chain(facts.gateway).collect();
    let seats: Vec<&Found> = facts
        .found
        .iter()
        .filter(|f| facts.home.contains(f.address) && !no_seats.contains(&f.address))
        .collect();
    let addresses: BTreeSet<Ipv4Addr> = seats.iter().map(|f| f.address).collect();
    let router = facts.gateway;
    if let Some(group) = the_group(&addresses, &no_seats) {
        let [first, last] = [group[0], group[group.len() - 1]];
        let left_out = addresses.iter().filter(|a| !group.contains(a)).copied().collect();
        let count = last.octets()[3] - first.octets()[3] + 1;
        let seats = Seats::Range { first, count };
        return Suggestion { router, seats, answered: group.len(), left_out };
    }
    let answered = seats.len();
    let seats = if seats.is_empty() { Seats::None } else { Seats::List(list(&seats)) };
    Suggestion { router, seats, answered, left_out: Vec::new() }
}

/// The one group that makes a range; none if there is no such.
fn the_group(
    addresses: &BTreeSet<Ipv4Addr>,
    no_seats: &BTreeSet<Ipv4Addr>,
) -> Option<Vec<Ipv4Addr>> {
    let mut groups = groups(addresses).into_iter().filter(|group| group.len() >= GROUP);
    let (group, None) = (groups.next()?, groups.next()) else { return None };
    let (first, last) = (*group.first()?, *group.last()?);
    let span = usize::from(last.octets()[3] - first.octets()[3]) + 1;
    let dense = group.len() * THINNEST >= span;
    let most = group.len() * 2 > addresses.len();
    let clear = no_seats.range(first..=last).next().is_none();
    (dense && most && clear).then_some(group)
}

/// Those that stand close to each other within a /24. The last octets 0 and 255 are no
/// seats of a range, even where a wider network has them.
fn groups(addresses: &BTreeSet<Ipv4Addr>) -> Vec<Vec<Ipv4Addr>> {
    let mut groups: Vec<Vec<Ipv4Addr>> = Vec::new();
    for address in addresses.iter().filter(|a| (1..=254).contains(&a.octets()[3])) {
        let close = |last: &Ipv4Addr| {
            let ([a, b, c, d], [e, f, g, h]) = (last.octets(), address.octets());
            [a, b, c] == [e, f, g] && h - d <= LONGEST_HOLE + 1
        };
        match groups.last_mut() {
            Some(group) if group.last().is_some_and(close) => group.push(*address),
            Some(_) | None => groups.push(vec![*address]),
        }
    }
    groups
}

/// Seats by name, known again by their MAC where it is theirs alone.
fn list(found: &[&Found]) -> Vec<SeatConfig> {
    let mut owners: BTreeMap<Mac, usize> = BTreeMap::new();
    for mac in found.iter().filter_map(|f| f.mac) {
        *owners.entry(mac).or_default() += 1;
    }
    // One that speaks for several is a relay, not a card.
    let own = |mac: &Mac| owners.get(mac) == Some(&1) && mac.is_a_cards();
    let seat = |(n, found): (usize, &&Found)| SeatConfig {
        name: format!("PC-{}", n + 1),
        address: IpAddr::V4(found.address),
        mac: found.mac.filter(own),
    };
    found.iter().enumerate().map(seat).collect()
}
