//! What the tests of the whole programme stand on: the café lab, a small café made of
//! network namespaces, and the harness that runs the headless programme inside it.

pub mod harness;
pub mod lab;
