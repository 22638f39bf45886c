//! What the tests of the whole program stand on: the café lab, a small café made of
//! network namespaces, and the harness that runs the headless program inside it.

pub mod harness;
pub mod lab;
