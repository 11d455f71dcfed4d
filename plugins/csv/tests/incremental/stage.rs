//! A folder of files read run by run, and a store that keeps the greatest version of each id.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use vocd_plugin::RecordKind;
use vocd_plugin::testing::{Harness, Row, Run, Value};
use vocd_source_csv::CsvSource;

/// The first time on the clock, in seconds since 1970.
pub(crate) const START_S: i64 = 1_900_000_000;

/// A folder with a configuration and files, read run by run as the daemon would, and a store that
/// keeps the greatest version of each id.
pub(crate) struct Site {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) columns: serde_json::Value,
    pub(crate) extra: serde_json::Value,
    pub(crate) checkpoint: Option<String>,
    pub(crate) now_s: i64,
    pub(crate) store: BTreeMap<String, Row>,
}

/// What one run did.
pub(crate) struct Pulled {
    pub(crate) run: Run,
    pub(crate) n_rows: usize,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            columns: serde_json::json!({"customer": "who", "happened_at": "at", "name": "what"}),
            extra: serde_json::json!({}),
            checkpoint: None,
            now_s: START_S,
            store: BTreeMap::new(),
        }
    }

    pub(crate) fn with_column_ids() -> Self {
        let mut site = Self::new();
        site.columns["id"] = "who".into();
        site
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, rows: &[&str]) {
        self.write_text(name, &format!("who,at,what\n{}", lines(rows)));
    }

    pub(crate) fn write_text(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("writable");
    }

    pub(crate) fn append(&self, name: &str, text: &str) {
        let mut old = fs::read_to_string(self.path(name)).expect("readable");
        old.push_str(text);
        self.write_text(name, &old);
    }

    pub(crate) fn config(&self) -> String {
        let mut file =
            serde_json::json!({"kind": "activity", "path": "*.csv", "columns": self.columns});
        for (key, value) in self.extra["file"].as_object().into_iter().flatten() {
            file[key] = value.clone();
        }
        let rows = self.extra["checkpoint_rows"].as_u64().unwrap_or(50_000);
        let folder = self.folder.path().to_str().expect("UTF-8");
        serde_json::json!({"$base_dir": folder, "file": [file], "checkpoint_rows": rows})
            .to_string()
    }

    pub(crate) fn harness(&mut self) -> Harness {
        let mut harness = Harness::open::<CsvSource>(&self.config()).expect("valid");
        self.now_s += 3_600;
        harness.set_now_ms(self.now_s * 1_000);
        harness
    }

    pub(crate) fn pull(&mut self) -> Pulled {
        let mut harness = self.harness();
        self.pull_with(&mut harness)
    }

    pub(crate) fn pull_with(&mut self, harness: &mut Harness) -> Pulled {
        let run = harness.read("files", self.checkpoint.as_deref());
        for row in run.committed_rows(RecordKind::Activity) {
            self.commit(row);
        }
        if let Some(last) = run.checkpoints().last() {
            self.checkpoint = Some((*last).to_owned());
        }
        Pulled {
            n_rows: run.n_rows(),
            run,
        }
    }

    pub(crate) fn commit(&mut self, row: &Row) {
        let id = text(row, "id").to_owned();
        let is_newer = self
            .store
            .get(&id)
            .is_none_or(|old| version(row) >= version(old));
        if is_newer {
            self.store.insert(id, row.clone());
        }
    }

    /// The live records as `id=name`.
    pub(crate) fn live(&self) -> Vec<String> {
        let is_live = |row: &&Row| row.get("deleted") != Some(&Value::Flag(true));
        let show = |row: &Row| format!("{}={}", text(row, "id"), text(row, "name"));
        self.store.values().filter(is_live).map(show).collect()
    }
}

pub(crate) fn lines(rows: &[&str]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

pub(crate) fn text<'row>(row: &'row Row, name: &str) -> &'row str {
    match row.get(name) {
        Some(Value::Text(text)) => text,
        other => panic!("`{name}` is {other:?}"),
    }
}

/// The order of versions: when updated (else when it happened), then the revision.
pub(crate) fn version(row: &Row) -> (i64, u64) {
    let time = row.get("updated_at").or_else(|| row.get("happened_at"));
    match (time, row.get("revision")) {
        (Some(Value::Time(time_us)), Some(Value::Count(revision))) => (*time_us, *revision),
        other => panic!("no version in {other:?}"),
    }
}

pub(crate) const A: &str = "a,2026-01-01,call";
pub(crate) const B: &str = "b,2026-01-02,mail";
pub(crate) const C: &str = "c,2026-01-03,visit";
