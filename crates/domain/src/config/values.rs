//! The values that a configuration is made of.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

/// Something to ask: an address, or a name that stands for one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// IPv4 or IPv6.
    Address(IpAddr),
    /// A host name (RFC 1123).
    Name(String),
}

impl Host {
    /// Understands an address or a host name; none if it is neither.
    #[must_use]
    pub fn parse(text: &str) -> Option<Host> {
        let text = text.trim();
        if let Ok(address) = text.parse::<IpAddr>() {
            let address = address.to_canonical();
            // No single machine answers under these.
            let nobody = address.is_unspecified()
                || address.is_multicast()
                || address == IpAddr::V4(Ipv4Addr::BROADCAST);
            return (!nobody).then_some(Host::Address(address));
        }
        let label = |l: &str| {
            !l.is_empty()
                && l.len() <= 63
                && !l.starts_with('-')
                && !l.ends_with('-')
                && l.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        };
        let name = text.strip_suffix('.').unwrap_or(text);
        // Four numbers that are no address are a misspelt address, not a name.
        let last = name.rsplit('.').next().unwrap_or_default();
        let numeric = last.chars().all(|c| c.is_ascii_digit());
        (!name.is_empty() && name.len() <= 253 && !numeric && name.split('.').all(label))
            .then(|| Host::Name(name.to_ascii_lowercase()))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Address(address) => address.fmt(f),
            Host::Name(name) => name.fmt(f),
        }
    }
}

/// An Ethernet address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// Understands `aa:bb:cc:dd:ee:ff` and `AA-BB-CC-DD-EE-FF`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Mac> {
        let mut mac = [0u8; 6];
        let text = text.trim();
        let mut parts = text.split(if text.contains(':') { ':' } else { '-' });
        for byte in &mut mac {
            let part = parts.next()?;
            // from_str_radix alone would take a sign.
            if part.len() != 2 || !part.bytes().all(|b| b.is_ascii_hexdigit()) {
                return None;
            }
            *byte = u8::from_str_radix(part, 16).ok()?;
        }
        let mac = Mac(mac);
        (parts.next().is_none() && mac.is_a_cards()).then_some(mac)
    }

    /// Whether a card can have it: all zero and group addresses are no card's.
    #[must_use]
    pub fn is_a_cards(&self) -> bool {
        self.0 != [0; 6] && self.0[0] & 1 == 0
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// A network in CIDR notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// Any address in it.
    pub address: IpAddr,
    /// Length of the prefix in bits.
    pub prefix: u8,
}

/// A number without the sign that `parse` would take.
fn digits(text: &str) -> Option<u8> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

impl Network {
    /// Understands `100.64.0.0/10`; a bare address is a network of one. A prefix of 0 is
    /// refused: nobody means to trust everyone.
    #[must_use]
    pub fn parse(text: &str) -> Option<Network> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address.parse().ok()?, Some(digits(prefix)?)),
            None => (text.parse::<IpAddr>().ok()?, None),
        };
        let whole = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(whole);
        (1..=whole).contains(&prefix).then_some(Network { address, prefix })
    }

    /// Whether an address lies within; an IPv4 client seen through an IPv6 socket counts
    /// as what it is.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let shift = |width: u8| u32::from(width.saturating_sub(self.prefix));
        match (self.address.to_canonical(), address.to_canonical()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits() ^ b.to_bits())
                .checked_shr(shift(32))
                .is_none_or(|differing| differing == 0),
            (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits())
                .checked_shr(shift(128))
                .is_none_or(|differing| differing == 0),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// A value that is never shown: a webhook URL or a token. Empty means none.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

/// What stands in place of a secret.
pub(super) const MASK: &str = "••••";

impl Secret {
    /// Takes a secret as it stands in the file: clear, or `sealed:…`.
    #[must_use]
    pub fn new(text: &str) -> Secret {
        Secret(text.to_owned())
    }

    /// The value itself. Only for the file and for the wire.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is none; a placeholder (`YOUR_…`) is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty() || self.0.contains("YOUR_")
    }

    /// Whether it is as the vault sealed it, of use only once opened there.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.0.starts_with("sealed:")
    }

    /// The value to be used: none while empty or sealed.
    #[must_use]
    pub fn clear(&self) -> Option<&str> {
        (!self.is_empty() && !self.is_sealed()).then_some(self.0.as_str())
    }

    /// The value as shown: of a URL the service it belongs to, else only that it is there.
    #[must_use]
    pub fn masked(&self) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        let Some((scheme, rest)) = self.0.split_once("://") else {
            return MASK.to_owned();
        };
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = host.rsplit('@').next().unwrap_or_default();
        if rest.contains("/webhooks/") {
            format!("{scheme}://{host}/api/webhooks/…/{MASK}")
        } else {
            format!("{scheme}://{host}/…/{MASK}")
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "Secret(none)" } else { "Secret(••••)" })
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.masked())
    }
}

/// Names of the weekdays in the file, Monday first.
pub(super) const WEEKDAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Per weekday from Monday: opening and closing in minutes after midnight; a closing at
/// or before the opening is on the next day. All days none: always open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OpeningHours(pub [Option<(u16, u16)>; 7]);

impl OpeningHours {
    /// No hours are given: the café never closes.
    #[must_use]
    pub fn is_always_open(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }
}

/// Understands `10:00`; `24:00` is midnight.
pub(super) fn clock_time(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let digits = |s: &str| s.len() <= 2 && !s.is_empty() && s.chars().all(|c| c.is_ascii_digit());
    if !digits(hours) || minutes.len() != 2 || !digits(minutes) {
        return None;
    }
    let (h, m) = (hours.parse::<u16>().ok()?, minutes.parse::<u16>().ok()?);
    (h < 24 && m < 60 || h == 24 && m == 0).then_some(h * 60 + m)
}

/// A label of `a-z 0-9 -` made of a name.
pub(super) fn slug(name: &str) -> String {
    let mut out = String::new();
    for c in name.to_lowercase().chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
        if out.len() == 63 {
            break;
        }
    }
    let out = out.trim_end_matches('-');
    if out.is_empty() { "cafe".into() } else { out.into() }
}
