//! Discovery: who lives in this machine's networks, and what follows for the configuration.
//!
//! In the order of life: [`Scope`] says which addresses are asked and in which order, never
//! one outside of the machine's own networks; [`Search`] asks them, by ping and, who stays
//! silent, by ARP, and keeps what they answered; [`suggest`] makes seats of those who did.

mod lane;
mod scope;
mod search;
mod suggest;
#[cfg(test)]
mod tests;

pub use lane::PER_SECOND;
pub use scope::{Limit, OwnNetwork, Refusal, Scope, ScopedNetwork, Subnet, WIDEST};
pub use search::{Found, Progress, Question, Search, Unasked, Via};
pub use suggest::{Facts, RULE, Seats, Suggestion, suggest};
