//! The source plugin `csv`: survey, ticket and CRM exports as CSV files.
//!
//! A run finds the files (`files`), compares each with the checkpoint (`pass`, `state`), detects
//! its `layout`, frames its records (`scan`), splits them into `cells`, and turns those into
//! records by the configured `rule`s (`mapping`, `value`, `instant`). Nothing is written anywhere.

mod cells;
mod config;
mod fault;
mod files;
mod instant;
mod layout;
mod mapping;
mod pass;
mod pull;
mod reading;
mod rule;
mod scan;
mod sink;
mod state;
mod value;

use vocd_plugin::{Host, Meta, Out, Read, RecordKind, Result, Source, StreamMeta};

use crate::config::Config;

/// The source: its checked configuration and a handle to the host.
pub struct CsvSource {
    config: Config,
    host: Host,
}

impl Source for CsvSource {
    const META: Meta = Meta {
        name: "CSV files",
        license: "Apache-2.0",
        config_schema: include_str!("../config.schema.json"),
        streams: &[StreamMeta {
            name: "files",
            kinds: &RecordKind::ALL,
        }],
        ..Meta::new("vocd.csv", env!("CARGO_PKG_VERSION"))
    };

    fn open(config_json: &str, host: &Host) -> Result<Self> {
        Ok(Self {
            config: Config::parse(config_json)?,
            host: host.clone(),
        })
    }

    fn check(&mut self) -> Result<()> {
        pull::check(&self.config)
    }

    fn read(&mut self, request: &Read, out: &mut Out) -> Result<()> {
        pull::pull(
            &self.config,
            &self.host,
            request.checkpoint_json.as_deref(),
            out,
        )
    }
}

vocd_plugin::export!(CsvSource);
