//! The smallest useful plugin: a thousand activities, a hundred a page, and no dependency.

use vocd_plugin::{
    Error, Host, Meta, Out, Read, RecordKind, Result, RowsBuilder, Source, StreamMeta,
};

struct Bare;

impl Source for Bare {
    const META: Meta = Meta {
        config_schema: r#"{"type":"object","additionalProperties":false}"#,
        streams: &[StreamMeta {
            name: "ticks",
            kinds: &[RecordKind::Activity],
        }],
        ..Meta::new("org.example.bare", env!("CARGO_PKG_VERSION"))
    };

    fn open(_config_json: &str, _host: &Host) -> Result<Self> {
        Ok(Self)
    }

    fn read(&mut self, request: &Read, out: &mut Out) -> Result<()> {
        // A checkpoint that is not ours must never start the source over in silence.
        let json = request.checkpoint_json.as_deref().unwrap_or("{\"next\":0}");
        let next = json
            .strip_prefix("{\"next\":")
            .and_then(|rest| rest.strip_suffix('}'));
        let next: Option<u64> = next.and_then(|next| next.parse().ok());
        let first = next.ok_or_else(|| Error::checkpoint_unreadable("it is not one of ours"))?;
        let columns = ["id", "customer", "happened_at", "name"];
        let mut rows = RowsBuilder::new(RecordKind::Activity, &columns)?;
        for tick in first..1_000 {
            rows.push_str(0, &tick.to_string());
            rows.push_str(1, "acme");
            rows.push_time_us(2, 1_767_225_600_000_000); // 2026-01-01T00:00:00Z
            rows.push_str(3, "tick");
            rows.end_row();
            if tick % 100 == 99 {
                out.batch(RecordKind::Activity, rows.finish()?)?;
                out.checkpoint(&format!("{{\"next\":{}}}", tick + 1))?;
            }
        }
        Ok(())
    }
}

vocd_plugin::export!(Bare);
