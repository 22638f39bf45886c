//! Names and the cable, off the beat: looked up by tasks that only send what they found.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use cafesentinel_domain::config::{Config, Host};
use cafesentinel_domain::monitor::Input;
use cafesentinel_platform::network;
use futures_util::future::join_all;
use tokio::sync::watch;

use crate::driver::Message;

const REFRESH: Duration = Duration::from_secs(60);
const RETRY: Duration = Duration::from_secs(5);
const CABLE: Duration = Duration::from_millis(500);

fn names(config: &Config) -> Vec<String> {
    let hosts = [
        Some(&config.targets.router),
        config.targets.server.as_ref(),
        Some(&config.targets.internet),
        Some(&config.verification.secondary_target),
    ];
    let mut names: Vec<String> = hosts
        .into_iter()
        .flatten()
        .filter_map(|host| match host {
            Host::Name(name) => Some(name.clone()),
            Host::Address(_) => None,
        })
        .collect();
    names.sort();
    names.dedup();
    names
}

async fn look_up(name: String) -> (String, Option<IpAddr>) {
    let look = tokio::net::lookup_host((name.as_str(), 0));
    // IPv4 first: the cafés' routers rarely speak the other one.
    let address = match tokio::time::timeout(RETRY, look).await {
        Ok(Ok(addresses)) => addresses.map(|a| a.ip()).min_by_key(IpAddr::is_ipv6),
        Ok(Err(_)) | Err(_) => None,
    };
    (name, address)
}

/// Looks up the names of the configuration, again and again, and at once when it changes.
/// The router's address is also told to [`watch_cable`]; a failed look-up keeps the old.
pub async fn resolve(
    mut config: watch::Receiver<Arc<Config>>,
    inputs: Sender<Message>,
    router: watch::Sender<Option<IpAddr>>,
) {
    loop {
        let (wanted, router_host) = {
            let config = config.borrow_and_update();
            (names(&config), config.targets.router.clone())
        };
        if let Host::Address(address) = router_host {
            router.send_replace(Some(address));
        }
        let found = join_all(wanted.into_iter().map(look_up)).await;
        let failed = found.iter().any(|(_, address)| address.is_none());
        for (name, address) in &found {
            if router_host == Host::Name(name.clone()) && address.is_some() {
                router.send_replace(*address);
            }
        }
        let told: Vec<Input> =
            found.into_iter().map(|(name, address)| Input::Resolved { name, address }).collect();
        if !told.is_empty() && inputs.send(Message::Inputs(told)).is_err() {
            return;
        }
        let pause = if failed { RETRY } else { REFRESH };
        if let Ok(Err(_)) = tokio::time::timeout(pause, config.changed()).await {
            return;
        }
    }
}

/// Watches the carrier of the interface that leads to the router.
pub async fn watch_cable(router: watch::Receiver<Option<IpAddr>>, inputs: Sender<Message>) {
    let mut told: Option<Option<bool>> = None;
    let mut looks = tokio::time::interval(CABLE);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let address = *router.borrow();
        let carrier = match address {
            // It reads files: off the runtime's threads.
            Some(address) => tokio::task::spawn_blocking(move || network::carrier_towards(address))
                .await
                .unwrap_or(None),
            None => None,
        };
        if told != Some(carrier) {
            told = Some(carrier);
            if inputs.send(Message::Inputs(vec![Input::Carrier(carrier)])).is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn names_are_looked_up_at_once_and_addresses_never() {
        let text = r#"{"targets":{"router":"127.0.0.1","server":"localhost","internet":"localhost"},
                       "verification_settings":{"secondary_target":"127.0.0.9"}}"#;
        let config = Config::parse(text).unwrap();
        assert_eq!(names(&config), ["localhost"]);
        let (_keep, config) = watch::channel(Arc::new(config));
        let (inputs, told) = mpsc::channel();
        let (router, address) = watch::channel(None);
        let task = tokio::spawn(resolve(config, inputs, router));
        let first = tokio::task::spawn_blocking(move || told.recv_timeout(RETRY * 2));
        let Message::Inputs(inputs) = first.await.unwrap().unwrap() else { panic!("stop?") };
        let [Input::Resolved { name, address: Some(found) }] = &inputs[..] else {
            panic!("{inputs:?}")
        };
        assert!(name == "localhost" && found.is_loopback());
        assert_eq!(*address.borrow(), Some(IpAddr::from([127, 0, 0, 1])));
        task.abort();
    }
}
