//! The schema in the manifest agrees with what the plugin takes, and with the sample.

use serde_json::{Value, json};
use vocd_plugin::Source as _;
use vocd_plugin::testing::Harness;
use vocd_source_formbricks::Formbricks;

fn is_valid(config: &Value) -> bool {
    let schema = serde_json::from_str(Formbricks::META.config_schema).expect("a JSON document");
    let validator = jsonschema::validator_for(&schema).expect("a JSON Schema");
    validator.is_valid(config)
}

fn is_taken(config: &Value) -> bool {
    Harness::open::<Formbricks>(&config.to_string()).is_ok()
}

#[test]
fn the_sample_is_valid_and_taken() {
    let sample: Value = toml::from_str(include_str!("../sample.toml")).expect("valid TOML");
    let mut config = sample["source"][0]["config"].clone();
    // The daemon puts a reference and a text in place of where the secrets are.
    config["api_key"] = json!("$secret:/api_key");
    config["webhook_secret"] = json!("whsec_c2VjcmV0");
    assert!(is_valid(&config) && is_taken(&config), "{config}");
}

#[test]
fn what_the_schema_refuses_the_plugin_refuses() {
    let right = json!({"api_key": "k"});
    assert!(is_valid(&right) && is_taken(&right));
    for (key, value) in [
        ("api_key", json!("")),
        ("api_key", json!(7)),
        ("url", json!(7)),
        ("surveys", json!("sv1")),
        ("customer", json!({"attribute": "email"})),
        ("customer", json!({"attribute": "", "alias": "email"})),
        ("metrics", json!({"q": "nps"})),
        ("relational", json!([1])),
        ("attributes", json!({})),
        ("survey", json!(["sv1"])),
    ] {
        let mut config = right.clone();
        config[key] = value;
        assert!(!is_valid(&config), "{config}");
        assert!(!is_taken(&config), "{config}");
    }
}
