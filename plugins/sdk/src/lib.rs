//! The contract between vocd and its source plugins, and the SDK to write them in Rust.
//!
//! A plugin is one trait implementation ([`Source`]) and one macro line ([`export!`]).
#![doc = include_str!("../README.md")]

pub mod abi;
mod array;
mod column;
#[cfg(feature = "derive")]
pub mod config;
#[cfg(feature = "serde")]
pub mod cursor;
mod delivery;
mod error;
pub mod ffi;
pub mod frame;
mod host;
pub mod http;
mod json;
pub mod manifest;
mod money;
mod out;
pub mod record;
pub mod records;
mod rows;
mod source;
#[cfg(feature = "testing")]
pub mod testing;
mod time;

pub use array::Rows;
#[cfg(feature = "derive")]
pub use config::ConfigType;
pub use delivery::Webhook;
#[cfg(feature = "serde")]
pub use error::parse_config;
pub use error::{Error, ErrorClass, Result};
pub use host::{Host, Level, MetricKind, Stop};
pub use http::{Auth, Http};
pub use manifest::webhook::{self, WebhookMeta};
pub use manifest::{Limits, Meta, StreamMeta};
pub use money::Money;
pub use out::Out;
pub use record::RecordKind;
pub use records::Record;
pub use rows::{BATCH_BYTES_MAX, BATCH_ROWS_MAX, BATCH_ROWS_TARGET, RowsBuilder};
pub use source::{Read, Source, Stream};
pub use time::{Time, TimeError};
#[cfg(feature = "derive")]
pub use vocd_plugin_derive::ConfigSchema;
