//! What happens in the demo's café, and when.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use cafesentinel_domain::config::Mac;
use cafesentinel_domain::time::Utc;

const DAY_MS: i64 = 24 * 3_600_000;
const HOUR_MS: i64 = 3_600_000;
/// A seat is taken, or not, for this long at a time.
const STAY_MS: i64 = 80 * 60_000;
pub(super) const ROUTER: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 1);
const SERVER: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 200);

/// Which part of the café something happens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Router,
    Server,
    Internet,
    /// Everything behind this computer's cable.
    Lan,
    /// The first five seats.
    FirstRow,
}

/// Every day: what falls silent, when (hours, minutes, seconds), for how many seconds.
const OUTAGES: [(Part, [i64; 3], i64); 9] = [
    (Part::Server, [13, 5, 0], 150),
    (Part::Lan, [14, 40, 0], 45),
    (Part::Internet, [16, 20, 0], 430),
    // Too short for an incident.
    (Part::Internet, [17, 15, 8], 6),
    (Part::Router, [19, 45, 0], 95),
    // A line dials again after its router was restarted.
    (Part::Internet, [19, 45, 0], 170),
    (Part::FirstRow, [21, 30, 0], 80),
    (Part::Router, [23, 10, 8], 6),
    (Part::Server, [4, 0, 0], 600),
];

/// Every day: from and to (hours, minutes), parts in a hundred of what is lost on the way
/// to the internet.
const LOSSY: [([i64; 2], [i64; 2], u64); 2] = [([13, 30], [13, 36], 30), ([20, 30], [20, 50], 12)];

/// Seats (the last octet) whose firewall drops ping, as Windows does by default.
const FIREWALLED: [u8; 2] = [113, 121];

/// How many of a hundred seats are taken, by the hour. The café closes at two at night.
const TAKEN: [u64; 24] =
    [60, 35, 0, 0, 0, 0, 0, 0, 0, 0, 20, 30, 40, 45, 45, 50, 60, 70, 80, 90, 95, 95, 90, 80];

/// The script. The same moment always gets the same answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Script {
    /// Of the first day.
    pub(super) midnight: Utc,
}

impl Script {
    /// The round trip of a question to `address` at `now`; none if it stays unanswered.
    pub(super) fn answer(&self, address: IpAddr, now: Utc) -> Option<Duration> {
        let IpAddr::V4(address) = address else { return None };
        // Its firewall drops ping.
        if FIREWALLED.contains(&address.octets()[3]) && is_seat(address) {
            return None;
        }
        self.alive(address, now)
    }

    /// Whether the café has such an address; all others are behind its router.
    pub(super) fn has(&self, address: Ipv4Addr) -> bool {
        [ROUTER, SERVER].contains(&address) || is_seat(address)
    }

    /// Who answers for `address` by ARP at `now`; nobody if it is switched off.
    pub(super) fn mac(&self, address: Ipv4Addr, now: Utc) -> Option<Mac> {
        let [a, _, c, d] = address.octets();
        (a == 192 && self.alive(address, now).is_some()).then_some(Mac([2, 0x5e, 0, 1, c, d]))
    }

    fn alive(&self, address: Ipv4Addr, now: Utc) -> Option<Duration> {
        let since = now.0 - self.midnight.0;
        let day = since.div_euclid(DAY_MS);
        let time = since.rem_euclid(DAY_MS);
        let chance = dice(&[u64::from(u32::from(address)), now.0.cast_unsigned()]);
        let silent = |part: Part| {
            OUTAGES.iter().any(|(what, [h, m, s], seconds)| {
                let from = h * HOUR_MS + m * 60_000 + s * 1000;
                *what == part && (from..from + seconds * 1000).contains(&time)
            })
        };
        if silent(Part::Lan) {
            return None;
        }
        let evening = u64::try_from(time / HOUR_MS).unwrap_or(0).saturating_sub(15);
        let (base_us, spread_us) = match address {
            ROUTER if silent(Part::Router) => return None,
            ROUTER => (600, 400),
            SERVER if silent(Part::Server) => return None,
            SERVER => (350, 250),
            seat if is_seat(seat) => {
                let number = seat.octets()[3];
                let pulled = number < 115 && silent(Part::FirstRow);
                if pulled || !taken(number, day, time) {
                    return None;
                }
                (500, 900)
            }
            _ if silent(Part::Router) || silent(Part::Internet) => return None,
            _ => {
                let lossy = LOSSY.iter().find(|(from, to, _)| {
                    let at = |[h, m]: &[i64; 2]| h * HOUR_MS + m * 60_000;
                    (at(from)..at(to)).contains(&time)
                });
                match lossy {
                    Some((_, _, percent)) if chance % 100 < *percent => return None,
                    Some(_) => (45_000, 60_000),
                    None => (18_000 + 1_200 * evening, 4_000 + 1_500 * evening),
                }
            }
        };
        Some(Duration::from_micros(base_us + chance / 128 % spread_us))
    }
}

fn is_seat(address: Ipv4Addr) -> bool {
    let [a, b, c, d] = address.octets();
    (a, b, c) == (192, 168, 1) && (110..130).contains(&d)
}

/// Guests come and go at times of their own.
fn taken(number: u8, day: i64, time: i64) -> bool {
    let seat = u64::from(number);
    let hour = usize::try_from(time / HOUR_MS).unwrap_or(0);
    let open = TAKEN.get(hour).copied().unwrap_or(0);
    if open == 0 {
        return false;
    }
    let shift = i64::try_from(dice(&[seat, 1]) % 80).unwrap_or(0) * 60_000;
    let absolute = day * DAY_MS + time + shift;
    let stay = absolute.div_euclid(STAY_MS);
    // Decided by the middle of the stay, so that nobody leaves because the hour strikes.
    let middle = (stay * STAY_MS + STAY_MS / 2 - shift).rem_euclid(DAY_MS);
    let wanted = usize::try_from(middle / HOUR_MS).ok().and_then(|h| TAKEN.get(h));
    dice(&[seat, stay.cast_unsigned()]) % 100 < wanted.copied().unwrap_or(0).max(open / 2)
}

/// SplitMix64: a number that looks like chance and is always the same.
fn dice(of: &[u64]) -> u64 {
    of.iter().fold(0x9E37_79B9_7F4A_7C15, |seed, part| {
        let mut z = (seed ^ part).wrapping_add(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    })
}
