//! The contract between vocd and its source plugins, and the SDK to write them in Rust.
//!
//! A plugin is one trait implementation ([`Source`]) and one macro line ([`export!`]).
#![doc = include_str!("../README.md")]

pub mod abi;
mod array;
mod column;
mod delivery;
mod error;
pub mod ffi;
pub mod frame;
mod host;
pub mod http;
mod json;
pub mod manifest;
mod out;
pub mod record;
mod rows;
mod source;
#[cfg(feature = "testing")]
pub mod testing;

pub use array::Rows;
pub use delivery::Webhook;
#[cfg(feature = "serde")]
pub use error::parse_config;
pub use error::{Error, ErrorClass, Result};
pub use host::{Host, Level, MetricKind, Stop};
pub use http::{Auth, Http};
pub use manifest::webhook::{self, WebhookMeta};
pub use manifest::{Limits, Meta, StreamMeta};
pub use out::Out;
pub use record::RecordKind;
pub use rows::{BATCH_BYTES_MAX, BATCH_ROWS_MAX, BATCH_ROWS_TARGET, RowsBuilder};
pub use source::{Read, Source, Stream};
