//! Everything that differs between operating systems, and every `unsafe` of the project:
//! ICMP and ARP, the clock that counts sleep, what the system knows of its networks,
//! where data belong and who may read them, who this machine is, what is on the screen.
//! Nothing here decides anything.
//!
//! A module holds what is common and says what it promises; its `linux` and `windows`
//! halves have the same functions and are never seen from outside.

pub mod arp;
pub mod clock;
pub mod dirs;
pub mod files;
pub mod icmp;
pub mod limits;
pub mod machine;
pub mod network;
pub mod screen;
pub mod thread;
