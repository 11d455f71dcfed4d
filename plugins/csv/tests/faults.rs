//! Faults of the configuration and of files: each has a sentence that says what to do.

use std::path::Path;

use serde_json::{Value, json};
use vocd_plugin::ErrorClass;
use vocd_plugin::testing::Harness;
use vocd_source_csv::CsvSource;

/// A file entry that is right, with some properties changed; null takes one away.
fn entry(changes: Value) -> Value {
    let mut file = json!({"kind": "activity", "path": "x.csv",
        "columns": {"customer": "who", "happened_at": "at", "name": "what"}});
    for (key, value) in changes.as_object().expect("an object") {
        file[key] = value.clone();
        if value.is_null() {
            file.as_object_mut().expect("an object").remove(key);
        }
    }
    file
}

fn column(name: &str, rule: Value) -> Value {
    let mut file = entry(json!({}));
    file["columns"][name] = rule;
    file
}

/// The fault of opening a source, or of reading it when opening finds none.
fn fault(folder: &Path, files: &[Value]) -> (ErrorClass, String) {
    let config = json!({"$base_dir": folder, "file": files}).to_string();
    let error = match Harness::open::<CsvSource>(&config) {
        Err(error) => error,
        Ok(mut harness) => {
            let error = harness.read("files", None).result.expect_err("a fault");
            let checked = harness.check().expect_err("found without reading rows");
            assert_eq!(checked.user(), error.user());
            error
        }
    };
    (error.class(), error.user().to_owned())
}

#[track_caller]
fn check(file: Value, expected: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (class, text) = fault(folder.path(), &[file]);
    assert_eq!(class, ErrorClass::Config, "{text}");
    assert!(text.contains(expected), "{text}\nlacks\n{expected}");
}

#[test]
fn a_wrong_configuration_is_named_with_what_is_allowed() {
    check(
        entry(json!({"kind": "respones"})),
        "unknown record kind `respones`; did you mean `response`?",
    );
    check(
        entry(json!({"kind": null})),
        "`file[0].kind`: missing; there is `response`",
    );
    check(entry(json!({"pat": "x"})), "unknown field `pat`");
    check(
        entry(json!({"delimiter": ",,"})),
        "`file[0].delimiter`: this is no delimiter",
    );
    check(
        entry(json!({"encoding": "utf-16"})),
        "unknown encoding `utf-16`; write `utf-8`",
    );
    check(
        entry(json!({"header_rows": 101})),
        "101 header rows; write 0 to 100",
    );
    check(
        entry(json!({"on_missing": "forget"})),
        "unknown value `forget`; write `delete` or `keep`",
    );
    check(
        entry(json!({"skip_if_null": "value"})),
        "`value` is not mapped in this record",
    );
    check(
        entry(json!({"columns": {"customer": "who"}})),
        "a `activity` needs `happened_at`; map it",
    );
}

#[test]
fn a_wrong_rule_is_named_by_its_column() {
    check(
        column("nam", json!("x")),
        "a `activity` has no column `nam`; did you mean `name`?",
    );
    check(
        column("value", json!(1)),
        "`file[0].columns.value`: this is no rule for a column",
    );
    check(column("value", json!({"row": false})), "this is no rule");
    check(
        column("value", json!({"row": true})),
        "`value` holds no text",
    );
    check(
        column("id", json!({"template": "{who"})),
        "a `{` is not closed",
    );
    check(column("id", json!({"template": "x"})), "names no column");
    check(
        column("id", json!({"hash_of": []})),
        "`hash_of` is no list of columns",
    );
    check(column("name", json!({"const": null})), "`const` is no text");
    check(
        column("name", json!({"from": "a", "formt": "%Y"})),
        "unknown key `formt`; did you mean `format`?",
    );
    check(
        column("name", json!({"from": "a", "format": "%F"})),
        "`name` holds no time",
    );
    check(
        column("happened_at", json!({"from": "a", "format": "%H:%M"})),
        "`%H:%M` cannot be read as a time",
    );
    check(
        column(
            "happened_at",
            json!({"from": "a", "timezone": "Europe/Londn"}),
        ),
        "unknown time zone `Europe/Londn`; did you mean `Europe/London`?",
    );
    check(
        column(
            "happened_at",
            json!({"from": "a", "format": "%F", "map": {}}),
        ),
        "exclude each other",
    );
    let mut event =
        entry(json!({"kind": "event", "columns": {"happened_at": "at", "label": "what"}}));
    event["columns"]["event_kind"] = json!({"const": "party"});
    check(
        event,
        "`party` is no value of `event_kind`; there is `release`",
    );
}

#[test]
fn deleting_by_ids_of_a_column_is_refused_because_it_cannot_be_exact() {
    let mut file = column("id", json!("who"));
    file["on_missing"] = "delete".into();
    check(file, "`delete` needs row ids");
}

#[test]
fn files_that_cannot_be_found_are_named() {
    check(entry(json!({})), "no file `");
    check(
        entry(json!({"path": "answers/*.csv"})),
        "answers/`; check `path`",
    );
    check(
        entry(json!({"path": "a[.csv"})),
        "`a[.csv` is no file name pattern",
    );
}

#[track_caller]
fn check_file(bytes: &[u8], file: Value, expected: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("x.csv"), bytes).expect("writable");
    let (class, text) = fault(folder.path(), &[file]);
    assert_eq!((class, text.as_str()), (ErrorClass::Config, expected));
}

#[test]
fn a_file_without_the_mapped_columns_is_named_with_the_nearest() {
    let mapped = || entry(json!({}));
    check_file(
        b"who,At ,what\n",
        mapped(),
        "`x.csv` has no column `at`; did you mean `At`?",
    );
    check_file(
        b"a,b,c\n",
        mapped(),
        "`x.csv` has no column `who`; there is `a`, `b`, `c`",
    );
    check_file(
        b"who,at,what,at\n",
        mapped(),
        "`x.csv` has two columns `at`; rename one",
    );
    let by_header = || entry(json!({"columns": null}));
    check_file(
        b"id,customer,hapened_at,name\n",
        by_header(),
        "`x.csv` has no column `happened_at`; did you mean it by `hapened_at`? Rename that, or write `columns`",
    );
    check_file(
        b"id,customer,name\n",
        by_header(),
        "`x.csv`: a `activity` needs `happened_at`; map it in `columns`",
    );
}

#[test]
fn a_file_that_is_no_csv_is_named() {
    let mapped = || entry(json!({}));
    check_file(
        b"\xFF\xFEw\0h\0o\0\n\0",
        mapped(),
        "`x.csv` is UTF-16; save it as UTF-8",
    );
    let zip = "`x.csv` is no text (a spreadsheet or a ZIP archive); export it as CSV";
    check_file(b"PK\x03\x04", mapped(), zip);
    let long = vec![b'x'; 2 * 1024 * 1024];
    let header = "`x.csv` has no readable header row: its first line is longer than 1 MiB, or a quote is not closed";
    check_file(&long, mapped(), header);
}

#[test]
fn a_file_of_two_entries_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("x.csv"), "who,at,what\n").expect("writable");
    let files = [entry(json!({})), entry(json!({"path": "*.csv"}))];
    let (_, text) = fault(folder.path(), &files);
    let expected =
        "`x.csv` is found by two `file` entries; use `record` for several records per row";
    assert_eq!(text, expected);
}

#[test]
fn more_than_500_files_are_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for file_idx in 0..=500 {
        std::fs::write(folder.path().join(format!("{file_idx}.csv")), "").expect("writable");
    }
    let (_, text) = fault(folder.path(), &[entry(json!({"path": "*.csv"}))]);
    assert!(
        text.starts_with("`*.csv` finds more than 500 files"),
        "{text}"
    );
}

#[test]
fn a_path_that_is_a_folder_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(folder.path().join("x.csv")).expect("writable");
    let (class, text) = fault(folder.path(), &[entry(json!({}))]);
    assert_eq!(class, ErrorClass::Config);
    assert!(text.starts_with("failed to read `x.csv`"), "{text}");
}
