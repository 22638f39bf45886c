//! Everything that differs between operating systems, and every `unsafe` of the project:
//! ICMP sockets, the clock that counts sleep, what the system knows of its networks, and
//! where data belong. Nothing here decides anything.

pub mod clock;
pub mod dirs;
pub mod icmp;
pub mod network;
