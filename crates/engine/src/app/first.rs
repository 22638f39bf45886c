//! The configuration of a first start: the defaults, with the network that we are in.

use std::net::{IpAddr, Ipv4Addr};

use cafesentinel_domain::config::{Config, Host};
use cafesentinel_platform::network::{self, LocalNetwork};
use serde_json::{Value, json};

/// Made from what this machine knows of its networks.
pub(super) fn config() -> Config {
    for_networks(network::default_gateway(), &network::local_networks())
}

fn for_networks(gateway: Option<IpAddr>, networks: &[LocalNetwork]) -> Config {
    let mut document = json!({});
    if let Some(IpAddr::V4(router)) = gateway {
        document["targets"] = targets(router);
        document["monitor_settings"] = json!({ "pc_subnet": three_octets(router) });
    } else if let Some(own) = networks.iter().find_map(connected) {
        document["monitor_settings"] = json!({ "pc_subnet": three_octets(own) });
    }
    Config::from_value(&document).unwrap_or_default()
}

fn connected(network: &LocalNetwork) -> Option<Ipv4Addr> {
    match network.address {
        IpAddr::V4(own) => network.carrier.then_some(own),
        IpAddr::V6(_) => None,
    }
}

fn targets(router: Ipv4Addr) -> Value {
    let usual = match Config::default().targets.server {
        Some(Host::Address(IpAddr::V4(server))) => three_octets(server) == three_octets(router),
        Some(Host::Address(IpAddr::V6(_)) | Host::Name(_)) | None => false,
    };
    // The server of the defaults is a guess that makes sense within their network only.
    let mut targets = json!({ "router": router.to_string() });
    if !usual {
        targets["server"] = json!("");
    }
    targets
}

fn three_octets(address: Ipv4Addr) -> String {
    let [a, b, c, _] = address.octets();
    format!("{a}.{b}.{c}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn router_and_seats_are_those_of_the_network_that_we_are_in() {
        let config = for_networks(Some(IpAddr::from([10, 7, 3, 254])), &[]);
        assert_eq!(config.targets.router.to_string(), "10.7.3.254");
        assert_eq!(config.targets.server, None);
        assert_eq!(config.monitor.seats[0].address, IpAddr::from([10, 7, 3, 110]));
        let usual = for_networks(Some(IpAddr::from([192, 168, 1, 1])), &[]);
        assert_eq!(usual, Config::default());
        assert_eq!(for_networks(None, &[]), Config::default());
        let own = LocalNetwork {
            interface: "eth0".into(),
            address: IpAddr::from([10, 8, 0, 5]),
            prefix: 24,
            carrier: true,
        };
        assert_eq!(for_networks(None, std::slice::from_ref(&own)).monitor.pc_subnet, "10.8.0");
        let unplugged = LocalNetwork { carrier: false, ..own };
        assert_eq!(for_networks(None, &[unplugged]), Config::default());
    }
}
