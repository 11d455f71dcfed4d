//! The schema in the manifest agrees with what the plugin takes.

use std::path::Path;

use serde_json::{Value, json};
use vocd_plugin::Source as _;
use vocd_plugin::testing::Harness;
use vocd_source_csv::CsvSource;

fn is_valid(config: &Value) -> bool {
    let schema = serde_json::from_str(CsvSource::META.config_schema).expect("a JSON document");
    let validator = jsonschema::validator_for(&schema).expect("a JSON Schema");
    validator.is_valid(config)
}

fn is_taken(config: &Value) -> bool {
    Harness::open::<CsvSource>(&config.to_string()).is_ok()
}

fn read_toml(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).expect("readable");
    toml::from_str(&text).expect("valid TOML")
}

#[test]
fn the_sample_and_every_case_are_valid_and_taken() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut configs = vec![read_toml(&root.join("sample.toml"))["source"][0]["config"].clone()];
    for folder in std::fs::read_dir(root.join("testcases")).expect("the folder of cases") {
        configs.push(read_toml(
            &folder.expect("readable").path().join("config.toml"),
        ));
    }
    for config in configs {
        assert!(is_valid(&config), "{config}");
        assert!(is_taken(&config), "{config}");
    }
}

#[test]
fn what_the_schema_refuses_the_plugin_refuses() {
    let columns = json!({"customer": "who", "happened_at": "at", "name": "what"});
    let right = json!({"path": "x.csv", "kind": "activity", "columns": columns});
    assert!(is_valid(&json!({"file": [right]})) && is_taken(&json!({"file": [right]})));
    let changes = [
        ("path", Value::Null),
        ("paht", json!("x")),
        ("kind", json!("answer")),
        ("delimiter", json!("")),
        ("delimiter", json!(";;")),
        ("encoding", json!("utf-16")),
        ("header_rows", json!(-1)),
        ("header_rows", json!(101)),
        ("on_missing", json!("forget")),
        ("columns", json!({"name": 1})),
        ("columns", json!({"name": {"row": false}})),
        ("columns", json!({"name": {"const": []}})),
        ("columns", json!({"name": {"from": "a", "formt": "%Y"}})),
        (
            "columns",
            json!({"name": {"from": "a", "format": "%Y", "map": {}}}),
        ),
    ];
    for (key, value) in changes {
        let mut file = right.clone();
        file[key] = value;
        let config = json!({"file": [file]});
        assert!(!is_valid(&config), "{config}");
        assert!(!is_taken(&config), "{config}");
    }
    for config in [
        json!({}),
        json!({"file": []}),
        json!({"file": [right], "checkpoint_rows": 0}),
    ] {
        assert!(!is_valid(&config) && !is_taken(&config), "{config}");
    }
}
