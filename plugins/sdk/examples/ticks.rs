//! The smallest useful plugin: as many activities as its configuration, a number, says.
//!
//! `cargo build -p vocd-plugin --example ticks` makes the library.

use vocd_plugin::{
    Error, Host, Limits, Meta, Out, Read, RecordKind, Result, RowsBuilder, Source, StreamMeta,
};

/// 2026-01-01T00:00:00Z, the time of the first tick.
const START_US: i64 = 1_767_225_600_000_000;

struct Ticks {
    n_ticks: u64,
}

impl Source for Ticks {
    const META: Meta = Meta {
        name: "Ticks",
        license: "Apache-2.0",
        config_schema: r#"{"type":"integer","minimum":0}"#,
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

    fn open(config_json: &str, _host: &Host) -> Result<Self> {
        let n_ticks = config_json.trim().parse();
        let n_ticks = n_ticks.map_err(|_| Error::config("the configuration must be a number"))?;
        Ok(Self { n_ticks })
    }

    fn read(&mut self, request: &Read, out: &mut Out) -> Result<()> {
        let columns = ["id", "customer", "happened_at", "name"];
        let mut rows = RowsBuilder::new(RecordKind::Activity, &columns)?;
        let first = match &request.checkpoint_json {
            Some(_) => self.n_ticks,
            None => 0,
        };
        for tick in first..self.n_ticks {
            rows.push_str(0, &tick.to_string());
            rows.push_str(1, "acme");
            rows.push_time_us(2, START_US);
            rows.push_str(3, "tick");
            rows.end_row();
            if rows.is_full() {
                out.batch(RecordKind::Activity, rows.finish()?)?;
            }
        }
        out.batch(RecordKind::Activity, rows.finish()?)?;
        out.checkpoint("{\"done\":true}")
    }
}

vocd_plugin::export!(Ticks);
