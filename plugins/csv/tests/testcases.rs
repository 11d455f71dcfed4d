//! Runs every folder of `testcases/`: `config.toml` and its files against `expected.jsonl` and
//! `rejects.jsonl`. `UPDATE_EXPECT=1` rewrites the expectations.

use std::fmt::Write as _;
use std::path::Path;

use vocd_plugin::RecordKind;
use vocd_plugin::testing::{Harness, Run, row_json};
use vocd_source_csv::CsvSource;

fn run(folder: &Path) -> Run {
    let text = std::fs::read_to_string(folder.join("config.toml")).expect("a configuration");
    let mut config: serde_json::Value = toml::from_str(&text).expect("valid TOML");
    config["$base_dir"] = folder.to_str().expect("a UTF-8 path").into();
    let mut harness =
        Harness::open::<CsvSource>(&config.to_string()).expect("a valid configuration");
    harness.set_now_ms(1_767_225_600_000);
    harness.check().expect("every file can be opened");
    harness.read("files", None)
}

fn records(run: &Run) -> String {
    let mut lines = String::new();
    for kind in RecordKind::ALL {
        for row in run.rows(kind) {
            writeln!(lines, "{{\"{}\":{}}}", kind.name(), row_json(row)).expect("in memory");
        }
    }
    lines
}

fn rejects(run: &Run) -> String {
    let mut lines = String::new();
    for reject in run.rejects() {
        let line = serde_json::json!({
            "kind": reject.kind, "reason": reject.reason, "place": reject.place, "detail": reject.detail,
        });
        writeln!(lines, "{line}").expect("in memory");
    }
    lines
}

#[test]
fn every_case_gives_its_records_and_rejects() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testcases");
    let mut folders: Vec<_> = std::fs::read_dir(&root)
        .expect("the folder of cases")
        .map(|entry| entry.expect("readable").path())
        .collect();
    folders.sort();
    assert!(!folders.is_empty());
    for folder in folders {
        let run = run(&folder);
        assert_eq!(run.result, Ok(()), "{}", folder.display());
        expect_test::expect_file![folder.join("expected.jsonl")].assert_eq(&records(&run));
        expect_test::expect_file![folder.join("rejects.jsonl")].assert_eq(&rejects(&run));
    }
}
