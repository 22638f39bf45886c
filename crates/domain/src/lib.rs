//! What is true of a café's network, and what follows from it.
//!
//! Everything here decides; nothing here acts. A machine takes an input and the
//! moment it happened, and gives back outputs and the next moment at which it wants
//! to be asked again. There is no clock, socket, file or thread in this crate, so
//! every rule can be tested minute by minute without waiting.
//!
//! In the order of life: [`config`] says what to watch, [`probe`] keeps count of
//! what was asked and answered, [`link`] turns answers and silences into beliefs,
//! [`cascade`] says what explains what, [`incident`] keeps the outages, [`occupancy`]
//! the stays, [`stats`] adds up, [`capture`] says when the screen is pictured, [`notify`]
//! who is told what, and [`monitor`] holds them together and shows a [`view`].
//! Before all that, and apart from it, [`discovery`] finds out what there is to watch, and
//! [`access`] says who may do what.

pub mod access;
pub mod capture;
pub mod cascade;
pub mod config;
pub mod discovery;
pub mod event;
pub mod headline;
pub mod incident;
pub mod link;
pub mod monitor;
pub mod notify;
pub mod occupancy;
pub mod probe;
pub mod stats;
pub mod time;
pub mod view;
