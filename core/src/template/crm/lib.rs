//! The source plugin `acme`: the customers of a CRM.

mod vendor;

use serde::{Deserialize, Serialize};
use vocd_plugin::records::Customer;
use vocd_plugin::{
    ConfigSchema, Host, Meta, Out, Read, RecordKind, Result, Source, StreamMeta, parse_config,
};

/// Acme.
#[derive(Deserialize, ConfigSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// What the column `region` of each row says.
    #[voc(min_length = 1)]
    region: String,
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
        streams: &[StreamMeta { name: "customers", kinds: &[RecordKind::Customer] }],
        ..Meta::new("org.example.acme", env!("CARGO_PKG_VERSION"))
    };

    fn open(config_json: &str, _host: &Host) -> Result<Self> {
        Ok(Self { config: parse_config(config_json)? })
    }

    fn read(&mut self, request: &Read, out: &mut Out) -> Result<()> {
        let mut cursor = request.checkpoint()?.unwrap_or(Cursor { next_page: 0 });
        // `vendor::page` is where the requests to the vendor go: see there.
        while let Some(page) = vendor::page(cursor.next_page)? {
            for customer in page {
                out.row(&Customer {
                    updated_at: Some(customer.updated_at),
                    aliases: Some(vec![customer.email.as_str()]),
                    name: Some(&customer.name),
                    segment: Some(customer.segment),
                    region: Some(&self.config.region),
                    ..Customer::new(&customer.id)
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
        let mut harness = Harness::open::<Acme>(r#"{"region":"north"}"#).expect("good");
        let first = harness.read("customers", None);
        assert_eq!(first.rows(RecordKind::Customer).len(), 360);
        let again = harness.read("customers", first.checkpoints().last().copied());
        assert_eq!(again.n_rows(), 0);
    }

    #[test]
    fn a_wrong_configuration_is_refused() {
        assert!(Harness::open::<Acme>(r#"{"regoin":"north"}"#).is_err());
    }
}
