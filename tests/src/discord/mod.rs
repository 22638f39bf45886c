//! A Discord that is not Discord: the webhook part of its API, for tests.
//!
//! It answers as the real one does: it holds every body against Discord's published
//! description and the rules that stand only in its prose ([`rules`]), keeps its limits of
//! frequency and tells them in the same headers ([`Limits`]), and speaks of faults in the same
//! codes. What the real one does only on a bad day it does on order ([`Script`]): it hangs,
//! cuts, loses answers, deletes webhooks. And it remembers everything ([`Request`],
//! [`Message`]), which the real one would not tell.
//!
//! In the order of life: a connection is let in ([`serve`]), a request read ([`http`]) and
//! entered ([`state`]), a script consulted ([`script`]), the body taken apart ([`payload`],
//! [`multipart`]), judged ([`rules`], [`limits`]), answered ([`answer`]) and kept ([`record`]).
//!
//! Three ways to run it: in the test's own process ([`Discord::start`]), in the lab behind the
//! provider ([`crate::lab::Lab::discord`]), and by hand (`fake-discord`, `lab discord`), where
//! a second port ([`control`]) is its keyboard and screen.

mod answer;
mod authority;
mod control;
mod http;
mod limits;
mod multipart;
mod payload;
mod record;
pub mod rules;
mod schema;
mod script;
mod serve;
mod state;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use rustls::ServerConfig;

pub use authority::Authority;
pub use limits::{Limit, Limits, Scope};
pub use record::{Edit, File, Message, Request, Summary};
pub use script::{Act, On, Script};
pub use state::{Options, Webhook};

use serve::{Port, Shared, webhook_client};
use state::State;

/// A fake Discord that runs until it is dropped.
///
/// Its methods may be called from any thread. Those that name a webhook panic when there is no
/// such webhook: that is a slip in the test.
#[derive(Debug)]
pub struct Discord {
    shared: Arc<Shared>,
    base: String,
    address: SocketAddr,
    ports: Vec<Port>,
}

impl Discord {
    /// Starts one on a free port of 127.0.0.1, over plain http, with the three webhooks of a
    /// café and Discord's own limits.
    pub fn start() -> Result<Self> {
        Self::start_with(Options::default())
    }

    /// The same with options.
    pub fn start_with(options: Options) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let base = format!("http://{}", listener.local_addr()?);
        Self::on(listener, None, &base, options)
    }

    /// Starts one on a listener that was opened elsewhere (in a network namespace, say), with
    /// TLS or without. `base` is what its URLs begin with: `https://discord.com`.
    pub fn on(
        listener: TcpListener,
        tls: Option<Arc<ServerConfig>>,
        base: &str,
        options: Options,
    ) -> Result<Self> {
        let shared = Arc::new(Shared::new(State::new(options)));
        let clients = Arc::clone(&shared);
        let port = Port::serve(listener, "discord", move |stream| {
            webhook_client(&clients, tls.as_ref(), stream);
        })?;
        let address = port.address();
        Ok(Self { shared, base: base.to_owned(), address, ports: vec![port] })
    }

    /// Serves the control API on a listener as well; see [`control`] for what it understands.
    pub fn serve_control(&mut self, listener: TcpListener) -> Result<SocketAddr> {
        let (shared, base) = (Arc::clone(&self.shared), self.base.clone());
        let port = Port::serve(listener, "discord control", move |stream| {
            control::client(&shared, &base, stream);
        })?;
        let address = port.address();
        self.ports.push(port);
        Ok(address)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A webhook by its name.
    #[must_use]
    pub fn webhook(&self, name: &str) -> Webhook {
        let found = self.shared.lock().webhooks.iter().find(|w| w.name == name).cloned();
        match found {
            Some(webhook) => webhook,
            None => panic!("this Discord has no webhook {name:?}"),
        }
    }

    /// The URL of a webhook, as one would copy it from Discord.
    #[must_use]
    pub fn url(&self, webhook: &str) -> String {
        self.webhook(webhook).url(&self.base)
    }

    /// The secret in the URL of a webhook.
    #[must_use]
    pub fn token(&self, webhook: &str) -> String {
        self.webhook(webhook).token
    }

    /// Adds a webhook to a channel (a new one, or one there is); gives its URL.
    pub fn add_webhook(&self, name: &str, channel: &str) -> String {
        self.shared.change(|state| state.add_webhook(name, channel)).url(&self.base)
    }

    /// Deletes a webhook: from now on 404 with code 10015.
    pub fn delete_webhook(&self, name: &str) {
        self.shared.change(|state| state.delete_webhook(name));
    }

    /// Orders misbehaviour.
    pub fn script(&self, script: Script) {
        self.shared.change(|state| state.scripts.add(script));
    }

    /// Ends all misbehaviour that was ordered.
    pub fn behave(&self) {
        self.shared.change(|state| state.scripts.clear());
    }

    /// Cuts all connections and every new one at once, or lets them in again.
    pub fn offline(&self, offline: bool) {
        self.shared.offline(offline);
    }

    /// Changes the limits; windows that run go on.
    pub fn set_limits(&self, limits: Limits) {
        self.shared.change(|state| state.options.limits = limits);
    }

    /// Every request so far, in the order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.shared.lock().record.requests.clone()
    }

    /// The requests to one webhook.
    #[must_use]
    pub fn requests_to(&self, webhook: &str) -> Vec<Request> {
        let mut requests = self.requests();
        requests.retain(|request| request.webhook.as_deref() == Some(webhook));
        requests
    }

    /// Every message that stands in its channel now, in the order of arrival.
    #[must_use]
    pub fn all_messages(&self) -> Vec<Message> {
        let mut messages = self.shared.lock().record.messages.clone();
        messages.retain(|message| !message.deleted);
        messages
    }

    /// The messages of one webhook, in the order of arrival, with every edit done.
    #[must_use]
    pub fn messages(&self, webhook: &str) -> Vec<Message> {
        let mut messages = self.all_messages();
        messages.retain(|message| message.webhook == webhook);
        messages
    }

    /// The titles of all embeds of one webhook's messages, in order.
    #[must_use]
    pub fn titles(&self, webhook: &str) -> Vec<String> {
        self.messages(webhook).iter().flat_map(Message::titles).collect()
    }

    /// The messages of one webhook that say exactly what an earlier one said: what arrived
    /// twice.
    #[must_use]
    pub fn doubles(&self, webhook: &str) -> Vec<Message> {
        let messages = self.messages(webhook);
        let said = |at: usize| messages[..at].iter().any(|m| m.original == messages[at].original);
        (0..messages.len()).filter(|at| said(*at)).map(|at| messages[at].clone()).collect()
    }

    /// How many 429 were answered.
    #[must_use]
    pub fn limited(&self) -> usize {
        self.summary().limited
    }

    /// Counts over everything that came.
    #[must_use]
    pub fn summary(&self) -> Summary {
        self.shared.lock().record.summary()
    }

    /// Everything said against what came, a line each: faults by Discord's rules, breaches of
    /// our contract, and requests that came before a 429 allowed them. A well-behaved sender
    /// leaves it empty.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        self.shared.lock().problems()
    }

    /// Forgets everything that came, what the limits have counted, and every script.
    pub fn forget(&self) {
        self.shared.change(State::forget);
    }

    /// Waits until a webhook has at least so many messages, and gives them; panics with what
    /// there is when the time is over.
    #[must_use]
    pub fn wait_for_messages(&self, webhook: &str, many: usize, limit: Duration) -> Vec<Message> {
        let enough = |state: &State| {
            let there = |m: &&Message| m.webhook == webhook && !m.deleted;
            state.record.messages.iter().filter(there).count() >= many
        };
        if !self.shared.wait_until(limit, enough) {
            let (titles, summary) = (self.titles(webhook), self.summary());
            panic!("not {many} messages at {webhook:?} in {limit:?}: {titles:?}, {summary:?}");
        }
        self.messages(webhook)
    }

    /// Waits until at least so many requests have come, whatever became of them; panics when
    /// the time is over.
    pub fn wait_for_requests(&self, many: usize, limit: Duration) {
        if !self.shared.wait_until(limit, |state| state.record.requests.len() >= many) {
            panic!("not {many} requests in {limit:?}: {:?}", self.summary());
        }
    }
}

impl Drop for Discord {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

#[cfg(test)]
mod tests;
