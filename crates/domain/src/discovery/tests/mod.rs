//! Discovery: by table, by a simulated network, and by property.

mod scope;
mod search;
mod suggest;

use std::net::Ipv4Addr;

pub(super) fn ip(text: &str) -> Ipv4Addr {
    text.parse().expect("an address")
}
