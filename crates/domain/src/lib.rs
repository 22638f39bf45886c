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
//! the stays, [`stats`] adds up, and [`monitor`] holds them together and shows a [`view`].
//! Apart from all that, [`access`] says who may do what.

pub mod access;
pub mod cascade;
pub mod config;
pub mod event;
pub mod headline;
pub mod incident;
pub mod link;
pub mod monitor;
pub mod occupancy;
pub mod probe;
pub mod stats;
pub mod time;
pub mod view;
