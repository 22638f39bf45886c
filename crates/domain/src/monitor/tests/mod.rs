//! The rules of links, incidents and cascade, minute by minute in a café in memory.
// These look for one kind of event among many; a new kind is none of their business.
#![allow(clippy::wildcard_enum_match_arm)]

mod cascades;
mod identity;
mod notices;
mod presence;
mod properties;
mod scenarios;
mod stays;
mod world;
