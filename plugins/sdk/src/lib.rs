//! The contract between vocd and its source plugins, and the SDK to write them in Rust.

pub mod frame;
pub mod record;
