//! Placeholder.


pub mod incidents_csv;
pub mod logs;
pub mod store;
