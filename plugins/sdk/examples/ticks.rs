//! The smallest useful plugin: a thousand activities, a hundred a page.
//!
//! `cargo build -p vocd-plugin --example ticks` makes the library.

use vocd_plugin::{
    Error, Host, Limits, Meta, Out, Read, RecordKind, Result, RowsBuilder, Source, StreamMeta,
};

/// 2026-01-01T00:00:00Z, the time of the first tick.
const START_US: i64 = 1_767_225_600_000_000;

/// How many there are.
const N_TICKS: u64 = 1_000;
/// How many follow each other without a checkpoint.
const PAGE_TICKS: u64 = 100;

struct Ticks;

impl Source for Ticks {
    const META: Meta = Meta {
        name: "Ticks",
        license: "Apache-2.0",
        config_schema: r#"{"type":"object","additionalProperties":false}"#,
        streams: &[StreamMeta {
            name: "ticks",
            kinds: &[RecordKind::Activity],
        }],
        limits: Limits {
            memory_mb: 64,
            idle_s: 10,
        },
        ..Meta::new("org.example.ticks", env!("CARGO_PKG_VERSION"))
    };

    fn open(_config_json: &str, _host: &Host) -> Result<Self> {
        Ok(Self)
    }

    fn read(&mut self, request: &Read, out: &mut Out) -> Result<()> {
        let columns = ["id", "customer", "happened_at", "name"];
        let mut rows = RowsBuilder::new(RecordKind::Activity, &columns)?;
        let mut next = match &request.checkpoint_json {
            Some(json) => parse(json)?,
            None => 0,
        };
        while next < N_TICKS {
            for tick in next..N_TICKS.min(next + PAGE_TICKS) {
                rows.push_str(0, &tick.to_string());
                rows.push_str(1, "acme");
                rows.push_time_us(2, START_US);
                rows.push_str(3, "tick");
                rows.end_row();
            }
            next += PAGE_TICKS;
            out.batch(RecordKind::Activity, rows.finish()?)?;
            out.checkpoint(&format!("{{\"next\":{next}}}"))?;
        }
        Ok(())
    }
}

/// Reads the checkpoint; one that is not ours must never start the source over in silence.
fn parse(checkpoint_json: &str) -> Result<u64> {
    let next = checkpoint_json.strip_prefix("{\"next\":");
    let next = next.and_then(|rest| rest.strip_suffix('}')?.parse().ok());
    next.ok_or_else(|| Error::checkpoint_unreadable("the checkpoint is not one of ticks"))
}

vocd_plugin::export!(Ticks);
