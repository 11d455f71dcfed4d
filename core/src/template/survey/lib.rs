//! The source plugin `acme`: the answers of a survey.

mod vendor;

use serde::{Deserialize, Serialize};
use vocd_plugin::records::{Metric, Response};
use vocd_plugin::{
    ConfigSchema, Host, Meta, Out, Read, RecordKind, Result, Source, StreamMeta, parse_config,
};

/// Acme.
#[derive(Deserialize, ConfigSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// What the column `survey` of each row says.
    #[voc(min_length = 1)]
    survey: String,
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
        streams: &[StreamMeta { name: "answers", kinds: &[RecordKind::Response] }],
        ..Meta::new("org.example.acme", env!("CARGO_PKG_VERSION"))
    };

    fn open(config_json: &str, _host: &Host) -> Result<Self> {
        Ok(Self { config: parse_config(config_json)? })
    }

    fn read(&mut self, request: &Read, out: &mut Out) -> Result<()> {
        let mut cursor = request.checkpoint()?.unwrap_or(Cursor { next_page: 0 });
        // `vendor::page` is where the requests to the vendor go: see there.
        while let Some(page) = vendor::page(cursor.next_page)? {
            for answer in page {
                let survey = &self.config.survey;
                out.row(&Response {
                    score: Some(answer.score),
                    comment: Some(answer.comment),
                    ..Response::new(&answer.id, survey, "recommend", Metric::Nps, answer.at)
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
        let mut harness = Harness::open::<Acme>(r#"{"survey":"service"}"#).expect("good");
        let first = harness.read("answers", None);
        assert_eq!(first.rows(RecordKind::Response).len(), 360);
        let again = harness.read("answers", first.checkpoints().last().copied());
        assert_eq!(again.n_rows(), 0);
    }

    #[test]
    fn a_wrong_configuration_is_refused() {
        assert!(Harness::open::<Acme>(r#"{"survei":"service"}"#).is_err());
    }
}
