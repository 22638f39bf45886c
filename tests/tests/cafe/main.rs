//! The real program in the lab. One binary, so that all of it runs side by side: these
//! tests wait much more than they compute, and each has a lab of its own.
#![allow(clippy::expect_used)] // a test that cannot go on says why and ends

mod cascades;
mod discord;
mod discovery;
mod load;
mod notices;
mod redial;
mod spine;
mod stays;
mod sweep;
