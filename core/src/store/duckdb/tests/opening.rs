//! Opening: layout, locks, damage; and what SQL text may never say.

use std::fs;
use std::path::Path;

use duckdb::Connection;

use super::fixture::{Answer, TestStore};
use crate::plan::Tally as _;
use crate::record::RecordKind;
use crate::store::duckdb::table::{columns, history};
use crate::store::duckdb::{DuckStore, StoreOptions};
use crate::store::{Foretelling, Store, StoreError};

fn open(dir: &Path) -> Result<DuckStore, StoreError> {
    DuckStore::open(StoreOptions::new(dir.to_owned()))
}

#[test]
fn tables_have_the_columns_of_their_kind() {
    let store = TestStore::new();
    let dir = store.closed();
    let connection = Connection::open(dir.path().join("vocd.duckdb")).unwrap();
    for kind in RecordKind::ALL {
        let expected: Vec<(String, String)> = columns(kind)
            .into_iter()
            .map(|(name, sql_type)| (name.to_owned(), sql_type.to_owned()))
            .collect();
        for table in [kind.name().to_owned(), history(kind)] {
            let found: Vec<(String, String)> = connection
                .prepare(
                    "SELECT column_name, data_type FROM information_schema.columns \
                     WHERE table_name = ? ORDER BY ordinal_position",
                )
                .unwrap()
                .query_map([&table], |row| Ok((row.get(0)?, row.get(1)?)))
                .unwrap()
                .collect::<duckdb::Result<_>>()
                .unwrap();
            let mut expected = expected.clone();
            if table == kind.name() {
                expected.push(("superseded".to_owned(), "BOOLEAN".to_owned()));
            }
            if kind.column("agent").is_some() || kind.column("team").is_some() {
                expected.push(("dim_team".to_owned(), "VARCHAR".to_owned()));
            }
            // Rows that are counted by account say whose.
            if ["response", "subscription", "activity"].contains(&kind.name()) {
                expected.push(("dim_$account".to_owned(), "VARCHAR".to_owned()));
            }
            assert_eq!(found, expected, "{table}");
        }
    }
}

#[test]
fn a_changed_or_newer_migration_is_refused() {
    let cases = [
        (
            "UPDATE migration SET checksum = 'x'",
            "is not the one this vocd has",
        ),
        (
            "INSERT INTO migration VALUES (9999, 'x', 'x')",
            "has layout 9999",
        ),
    ];
    for (sql, expected) in cases {
        let dir = TestStore::new().closed();
        let connection = Connection::open(dir.path().join("vocd.duckdb")).unwrap();
        connection.execute_batch(sql).unwrap();
        connection.close().unwrap();
        let error = open(dir.path()).err().unwrap();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(error.hint().is_some());
    }
}

#[test]
fn a_directory_in_use_names_the_process() {
    let store = TestStore::new();
    let error = open(store.dir.path()).err().unwrap();
    let expected = format!("another vocd (process {}) is using", std::process::id());
    assert!(error.to_string().starts_with(&expected), "{error}");
}

#[test]
fn a_damaged_database_is_refused_and_left_alone() {
    let store = TestStore::new();
    store.commit(&[Answer::new("a", 9.0, 10)]);
    let dir = store.closed();
    let path = dir.path().join("vocd.duckdb");
    let mut bytes = fs::read(&path).unwrap();
    bytes[..4_096].fill(0x5a);
    fs::write(&path, &bytes).unwrap();
    let error = open(dir.path()).err().unwrap();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vocd.duckdb");
    fs::write(&path, "not a database, but longer than its header would be").unwrap();
    let error = open(dir.path()).err().unwrap();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert!(fs::read(&path).unwrap().starts_with(b"not a database"));
}

#[test]
fn a_damaged_log_costs_no_more_than_its_units() {
    let store = TestStore::new();
    store.commit(&[Answer::new("a", 9.0, 10)]);
    store.flush().unwrap();
    store.commit(&[Answer::new("b", 9.0, 10)]);
    let dir = store.files_while_open();
    let path = dir.path().join("vocd.duckdb.wal");
    let bytes = fs::read(&path).unwrap();
    // A torn end is what a power cut leaves; flipped bytes are what a bad disk does.
    let mut flipped = bytes.clone();
    for byte in flipped.iter_mut().skip(bytes.len() / 2).take(64) {
        *byte ^= 0xff;
    }
    for damaged in [bytes[..bytes.len() / 2].to_vec(), flipped] {
        fs::write(&path, damaged).unwrap();
        fs::copy(
            dir.path().join("vocd.duckdb"),
            dir.path().join("vocd.duckdb.kept"),
        )
        .unwrap();
        {
            let opened = TestStore::over(dir.path());
            let n_rows = opened.count();
            assert!((1..=2).contains(&n_rows), "{n_rows}");
            opened.commit(&[Answer::new("b", 9.0, 10)]);
            assert_eq!(opened.count(), 2);
        }
        fs::rename(
            dir.path().join("vocd.duckdb.kept"),
            dir.path().join("vocd.duckdb"),
        )
        .unwrap();
    }
}

#[test]
fn sql_never_depends_on_a_time_zone() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/duckdb");
    let forbidden = [
        "AT TIME ZONE",
        "TIMESTAMPTZ",
        "date_trunc",
        "time_bucket",
        "::date",
        "now()",
        "current_timestamp",
    ];
    let mut folders = vec![folder.clone()];
    let mut n_files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("tests") {
                folders.push(path);
            } else if path.is_file() && !path.ends_with("tests.rs") {
                let text = fs::read_to_string(&path).unwrap().to_lowercase();
                // Rust's own words that look alike.
                let text = text
                    .replace("value::date32", "")
                    .replace("instant::now()", "");
                for word in forbidden {
                    let found = text.contains(&word.to_lowercase());
                    assert!(!found, "{} says {word}", path.display());
                }
                n_files += 1;
            }
        }
    }
    assert!(n_files > 10, "the folder moved");
}

#[test]
fn the_first_forecast_of_a_bucket_stays() {
    let at = |text: &str| text.parse().expect(text);
    let dir = TestStore::new().closed();
    let store = open(dir.path()).expect("opened");
    let told = |ahead: u8, value: f64| Foretelling {
        bucket_start: at("2026-06-01T00:00:00Z"),
        ahead,
        made_at: at("2026-05-20T00:00:00Z"),
        value,
        likely: (value - 1.0, value + 1.0),
        possible: (ahead == 1).then_some((value - 2.0, value + 2.0)),
    };
    let version = store.data_version();
    store
        .foretell("a", &[told(1, 30.0), told(2, 40.0)])
        .expect("kept");
    store.foretell("a", &[told(1, 99.0)]).expect("kept");
    store.foretell("b", &[told(1, 7.0)]).expect("kept");
    assert_eq!(
        store.foretold("a").expect("read"),
        [told(1, 30.0), told(2, 40.0)]
    );
    assert_eq!(store.foretold("c").expect("read"), []);
    assert_eq!(store.data_version(), version, "answers are as they were");
}
