//! The derived schema says what serde reads.
#![cfg(feature = "derive")]

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use vocd_plugin::{ConfigSchema, Time};

/// How to reach
/// the "desk".
#[derive(Deserialize, ConfigSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[voc(title = "Desk")]
#[expect(dead_code, reason = "only its schema is looked at")]
struct Config {
    /// Where it is.
    #[voc(url, format = "uri", example = "https://desk.example.org")]
    base_url: String,
    #[voc(secret, auth)]
    token: String,
    #[voc(secret = false)]
    token_name: Option<String>,
    #[serde(default)]
    #[voc(min = 1, max = 500, default = 100)]
    page_rows: u32,
    n_days: u8,
    since: Option<Time>,
    #[voc(max_items = 3)]
    groups: Vec<Group>,
    #[serde(rename = "map")]
    fields: Option<BTreeMap<String, State>>,
    #[serde(skip)]
    cache: Option<String>,
}

#[derive(Deserialize, ConfigSchema)]
#[serde(default)]
#[derive(Default)]
struct Group {
    id: i64,
}

#[derive(Deserialize, ConfigSchema)]
#[serde(rename_all = "snake_case")]
enum State {
    Open,
    OnHold,
    #[serde(rename = "done")]
    Closed,
}

#[test]
fn the_schema_is_what_serde_reads() {
    let schema: Value = serde_json::from_str(Config::SCHEMA).expect("JSON");
    let group = json!({"type": "object", "properties": {"id": {"type": "integer"}},
                       "required": [], "additionalProperties": true});
    let expected = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "base-url": {"type": "string", "description": "Where it is.", "x-voc-url": true,
                         "format": "uri", "examples": ["https://desk.example.org"]},
            "token": {"type": "string", "x-voc-secret": true, "x-voc-auth": true},
            "token-name": {"type": "string", "x-voc-secret": false},
            "page-rows": {"type": "integer", "minimum": 1, "maximum": 500, "default": 100},
            "n-days": {"type": "integer", "minimum": 0, "maximum": 255},
            "since": {"type": "string", "format": "date-time"},
            "groups": {"type": "array", "items": group, "maxItems": 3},
            "map": {"type": "object", "additionalProperties": {"enum": ["open", "on_hold", "done"]}},
        },
        "required": ["base-url", "token", "n-days", "groups"],
        "additionalProperties": false,
        "description": "How to reach the \"desk\".",
        "title": "Desk",
    });
    assert_eq!(schema, expected);
}

#[test]
fn no_member_is_written_twice() {
    assert_eq!(Config::SCHEMA.matches("\"minimum\":1,").count(), 1);
    assert!(!Config::SCHEMA.contains("\"minimum\":0,\"minimum\""));
    let n_minimums = Config::SCHEMA.matches("\"minimum\"").count();
    assert_eq!(n_minimums, 2, "{}", Config::SCHEMA);
}
