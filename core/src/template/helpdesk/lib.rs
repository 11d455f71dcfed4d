//! The source plugin `acme`: the tickets of a helpdesk.

mod vendor;

use serde::{Deserialize, Serialize};
use vocd_plugin::records::Ticket;
use vocd_plugin::{
    ConfigSchema, Host, Meta, Out, Read, RecordKind, Result, Source, StreamMeta, parse_config,
};

/// Acme.
#[derive(Deserialize, ConfigSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// What the column `team` of each row says.
    #[voc(min_length = 1)]
    team: String,
}

/// Where the next read goes on; vocd commits it together with the rows before it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cursor {
    next_page: u32,
}

/// The source.
pub struct Acme {
    config: Config,
}

impl Source for Acme {
    const META: Meta = Meta {
        name: "Acme",
        config_schema: Config::SCHEMA,
        streams: &[StreamMeta { name: "tickets", kinds: &[RecordKind::Ticket] }],
        ..Meta::new("org.example.acme", env!("CARGO_PKG_VERSION"))
    };

    fn open(config_json: &str, _host: &Host) -> Result<Self> {
        Ok(Self { config: parse_config(config_json)? })
    }

    fn read(&mut self, request: &Read, out: &mut Out) -> Result<()> {
        let mut cursor = request.checkpoint()?.unwrap_or(Cursor { next_page: 0 });
        // `vendor::page` is where the requests to the vendor go: see there.
        while let Some(page) = vendor::page(cursor.next_page)? {
            for ticket in page {
                out.row(&Ticket {
                    updated_at: Some(ticket.updated_at),
                    solved_at: ticket.solved_at,
                    status: Some(if ticket.solved_at.is_some() { "solved" } else { "open" }),
                    channel: Some(ticket.channel),
                    team: Some(&self.config.team),
                    ..Ticket::new(&ticket.id, ticket.created_at)
                })?;
            }
            cursor.next_page += 1;
            out.checkpoint_value(&cursor)?;
        }
        Ok(())
    }
}

vocd_plugin::export!(Acme);

#[cfg(test)]
mod tests {
    use super::*;
    use vocd_plugin::testing::Harness;

    #[test]
    fn a_second_run_emits_nothing() {
        let mut harness = Harness::open::<Acme>(r#"{"team":"service"}"#).expect("good");
        let first = harness.read("tickets", None);
        assert_eq!(first.rows(RecordKind::Ticket).len(), 360);
        let again = harness.read("tickets", first.checkpoints().last().copied());
        assert_eq!(again.n_rows(), 0);
    }

    #[test]
    fn a_wrong_configuration_is_refused() {
        assert!(Harness::open::<Acme>(r#"{"taem":"service"}"#).is_err());
    }
}
