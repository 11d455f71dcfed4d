//! The schema in the manifest agrees with what the plugin takes, and with the sample.

use serde_json::{Value, json};
use vocd_plugin::Source as _;
use vocd_plugin::testing::Harness;
use vocd_source_pipedrive::Pipedrive;

fn is_valid(config: &Value) -> bool {
    let schema = serde_json::from_str(Pipedrive::META.config_schema).expect("a JSON document");
    let validator = jsonschema::validator_for(&schema).expect("a JSON Schema");
    validator.is_valid(config)
}

fn is_taken(config: &Value) -> bool {
    Harness::open::<Pipedrive>(&config.to_string()).is_ok()
}

#[test]
fn the_sample_is_valid_and_taken() {
    let sample: Value = toml::from_str(include_str!("../sample.toml")).expect("valid TOML");
    let mut config = sample["source"][0]["config"].clone();
    // The daemon puts a reference and a text in place of where the secrets are.
    config["api_token"] = json!("$secret:/api_token");
    config["webhook_password"] = json!("a password");
    assert!(is_valid(&config) && is_taken(&config), "{config}");
}

#[test]
fn what_the_schema_refuses_the_plugin_refuses() {
    let right = json!({"company": "acme", "api_token": "t"});
    assert!(is_valid(&right) && is_taken(&right));
    for (key, value) in [
        ("api_token", json!("")),
        ("company", json!("Acme Ltd.")),
        ("company", json!("")),
        ("url", json!("https://acme.example")),
        ("organization", json!({"segments": "a"})),
        ("person", json!({"segment": 7})),
        ("subscriptions", json!({})),
        ("subscriptions", json!({"pipelines": []})),
        ("subscriptions", json!({"pipelines": [0]})),
        ("subscriptions", json!({"pipelines": [1], "months": 0})),
        ("subscriptions", json!({"pipelines": [1], "history": "no"})),
        ("token", json!("t")),
    ] {
        let mut config = right.clone();
        config[key] = value;
        assert!(!is_valid(&config), "{config}");
        assert!(!is_taken(&config), "{config}");
    }
}
