//! The running program around the deciding machine: it sends and hears probes, stores and
//! tells what happened, keeps the configuration file, and answers HTTP.
//!
//! One thread drives the machine ([`driver`]) and does nothing else, so that neither disk
//! nor network clients move the beat. It hands events to a second one ([`recorder`]) that
//! stores them and only then publishes them on the [`bus`], from where the [`api`] streams
//! them. On request a [`discovery`] looks, beside all that, who is there.

pub mod access;
pub mod analysis;
pub mod api;
pub mod app;
pub mod bus;
pub mod capture;
pub mod cli;
pub mod clock;
pub mod config_file;
mod csv;
pub mod demo;
pub mod digest;
pub mod discovery;
pub mod driver;
pub mod incidents_csv;
pub mod logs;
pub mod narrate;
pub mod outbox;
pub mod pinger;
pub mod recorder;
pub mod resolver;
pub mod sessions_csv;
pub mod store;
pub mod sweep;
pub mod vault;
