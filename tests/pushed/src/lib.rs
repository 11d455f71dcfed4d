//! A source that is only pushed to: a webhook holds rows, and may say how the plugin fails.

use serde::Deserialize;
use vocd_plugin::webhook::{
    Algorithm, Auth, Challenge, Encoding, Find, Reply, Signature, SignedAt, TimeUnit,
};
use vocd_plugin::{
    Error, Host, Meta, Out, Read, RecordKind, Result, RowsBuilder, Source, Webhook, WebhookMeta,
};

/// The source; everything it knows is in the webhooks.
pub struct Pushed;

/// The body of a webhook.
#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    rows: Vec<Row>,
    /// `refuse`, `wait`, `panic` or `crash`.
    #[serde(default, rename = "do")]
    act: String,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    score: f64,
    at_s: i64,
    #[serde(default)]
    version: u64,
    #[serde(default)]
    customer: Option<String>,
}

impl Source for Pushed {
    const META: Meta = Meta {
        name: "Pushed",
        config_schema: r#"{"type":"object","additionalProperties":false,"properties":{
            "webhook_secret":{"type":["string","array"],"x-voc-secret":true},
            "user":{"type":"string"},"password":{"type":"string","x-voc-secret":true},
            "token":{"type":"string","x-voc-secret":true},"patience":{"type":"boolean"}}}"#,
        webhook: Some(WebhookMeta {
            event_id: Some(Find::Json("/id")),
            headers: &["X-Pushed-Topic"],
            challenges: &[
                Challenge {
                    method: "HEAD",
                    when: None,
                    equals: "",
                    verify: None,
                    answer: None,
                    reply: Reply::Text,
                },
                Challenge {
                    method: "GET",
                    when: Some(Find::Query("mode")),
                    equals: "subscribe",
                    verify: Some((Find::Query("token"), "{token}")),
                    answer: Some(Find::Query("challenge")),
                    reply: Reply::Text,
                },
            ],
            ..WebhookMeta::new(&[
                Auth::Signature(Signature {
                    prefix: "sha256=",
                    signed: "{timestamp}.{body}",
                    timestamp: Some(SignedAt {
                        header: "X-Pushed-Timestamp",
                        prefix: "",
                        unit: TimeUnit::Seconds,
                        tolerance_s: 300,
                    }),
                    ..Signature::new(Algorithm::HmacSha256, "X-Pushed-Signature", Encoding::Hex)
                }),
                Auth::Basic {
                    user: "{user}",
                    password: "{password}",
                },
                Auth::Token {
                    place: Find::Query("token"),
                    keys: &["{token}"],
                },
            ])
        }),
        ..Meta::new("org.example.pushed", env!("CARGO_PKG_VERSION"))
    };

    fn open(_config_json: &str, _host: &Host) -> Result<Self> {
        Ok(Self)
    }

    fn read(&mut self, _request: &Read, _out: &mut Out) -> Result<()> {
        Err(Error::unsupported("this source is only pushed to"))
    }

    fn webhook(&mut self, webhook: &Webhook<'_>, out: &mut Out) -> Result<()> {
        let body: Body = webhook.json()?;
        let columns = [
            "id",
            "survey",
            "question",
            "metric",
            "score",
            "responded_at",
            "revision",
            "channel",
            "customer",
        ];
        let mut rows = RowsBuilder::new(RecordKind::Response, &columns)?;
        for row in &body.rows {
            rows.push_str(0, &row.id);
            rows.push_str(1, "service");
            rows.push_str(2, "recommend");
            rows.push_str(3, "nps");
            rows.push_number(4, row.score);
            rows.push_time_us(5, row.at_s * 1_000_000);
            rows.push_count(6, row.version);
            if let Some(topic) = webhook.header("x-pushed-topic") {
                rows.push_str(7, topic);
            }
            if let Some(customer) = &row.customer {
                rows.push_str(8, customer);
            }
            rows.end_row();
        }
        out.batch(RecordKind::Response, rows.finish()?)?;
        // After the rows: those of a webhook that fails must not be stored.
        match body.act.as_str() {
            "refuse" => Err(Error::schema_changed("the webhook asks to be refused")),
            "wait" => Err(Error::transient("the webhook asks to wait")),
            "panic" => panic!("the webhook asks for a panic"),
            "crash" => std::process::abort(),
            _ => Ok(()),
        }
    }
}

vocd_plugin::export!(Pushed);

#[cfg(test)]
mod tests {
    use vocd_plugin::testing::Harness;
    use vocd_plugin::{ErrorClass, RecordKind};

    use super::*;

    #[test]
    fn a_webhook_becomes_rows() {
        let mut harness = Harness::open::<Pushed>("{}").expect("any configuration");
        let body = br#"{"id":"e1","rows":[{"id":"a1","score":9,"at_s":1}]}"#;
        let run = harness.webhook(&[("x-pushed-topic", "chat")], body);
        assert_eq!(run.result, Ok(()));
        let rows = run.rows(RecordKind::Response);
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].get("channel"), Some(&"chat".into()));
        assert_eq!(run.checkpoints(), Vec::<&str>::new());
    }

    #[test]
    fn a_webhook_that_is_not_understood_is_refused_in_its_class() {
        let mut harness = Harness::open::<Pushed>("{}").expect("any configuration");
        let run = harness.webhook(&[], b"no JSON");
        let class = run.result.expect_err("refused").class();
        assert_eq!(class, ErrorClass::SchemaChanged);
    }
}
