//! What the tests of the whole program stand on: the café lab, a small café made of
//! network namespaces, the harness that runs the headless program inside it, and a Discord for
//! it to write to.

pub mod discord;
pub mod harness;
pub mod lab;
pub mod screen;
