//! The map. (Written as the house grows.)
#![forbid(unsafe_code)]

pub mod chart;
pub mod config;
pub mod dashboard;
pub mod demo;
pub mod kpi;
pub mod plan;
pub mod record;
pub mod store;
pub mod watch;
