//! The map. (Written as the house grows.)
#![forbid(unsafe_code)]

pub mod chart;
pub mod config;
pub mod dashboard;
pub mod host;
pub mod ingest;
pub mod kpi;
pub mod plan;
pub mod record;
pub mod store;
pub mod watch;
