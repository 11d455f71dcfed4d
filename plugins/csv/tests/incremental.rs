//! Reading again: only what is new, every change seen, nothing counted twice.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use vocd_plugin::RecordKind;
use vocd_plugin::testing::{Event, Harness, Row, Run, Value};
use vocd_source_csv::CsvSource;

/// The first time on the clock, in seconds since 1970.
const START_S: i64 = 1_900_000_000;

/// A folder with a configuration and files, read run by run as the daemon would, and a store that
/// keeps the greatest version of each id.
struct Site {
    folder: tempfile::TempDir,
    columns: serde_json::Value,
    extra: serde_json::Value,
    checkpoint: Option<String>,
    now_s: i64,
    store: BTreeMap<String, Row>,
}

/// What one run did.
struct Pulled {
    run: Run,
    n_rows: usize,
}

impl Site {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            columns: serde_json::json!({"customer": "who", "happened_at": "at", "name": "what"}),
            extra: serde_json::json!({}),
            checkpoint: None,
            now_s: START_S,
            store: BTreeMap::new(),
        }
    }

    fn with_column_ids() -> Self {
        let mut site = Self::new();
        site.columns["id"] = "who".into();
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, rows: &[&str]) {
        self.write_text(name, &format!("who,at,what\n{}", lines(rows)));
    }

    fn write_text(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("writable");
    }

    fn append(&self, name: &str, text: &str) {
        let mut old = fs::read_to_string(self.path(name)).expect("readable");
        old.push_str(text);
        self.write_text(name, &old);
    }

    fn config(&self) -> String {
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

    fn harness(&mut self) -> Harness {
        let mut harness = Harness::open::<CsvSource>(&self.config()).expect("valid");
        self.now_s += 3_600;
        harness.set_now_ms(self.now_s * 1_000);
        harness
    }

    fn pull(&mut self) -> Pulled {
        let mut harness = self.harness();
        self.pull_with(&mut harness)
    }

    fn pull_with(&mut self, harness: &mut Harness) -> Pulled {
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

    fn commit(&mut self, row: &Row) {
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
    fn live(&self) -> Vec<String> {
        let is_live = |row: &&Row| row.get("deleted") != Some(&Value::Flag(true));
        let show = |row: &Row| format!("{}={}", text(row, "id"), text(row, "name"));
        self.store.values().filter(is_live).map(show).collect()
    }
}

fn lines(rows: &[&str]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

fn text<'row>(row: &'row Row, name: &str) -> &'row str {
    match row.get(name) {
        Some(Value::Text(text)) => text,
        other => panic!("`{name}` is {other:?}"),
    }
}

/// The order of versions: when updated (else when it happened), then the revision.
fn version(row: &Row) -> (i64, u64) {
    let time = row.get("updated_at").or_else(|| row.get("happened_at"));
    match (time, row.get("revision")) {
        (Some(Value::Time(time_us)), Some(Value::Count(revision))) => (*time_us, *revision),
        other => panic!("no version in {other:?}"),
    }
}

const A: &str = "a,2026-01-01,call";
const B: &str = "b,2026-01-02,mail";
const C: &str = "c,2026-01-03,visit";

#[test]
fn an_unchanged_file_is_not_read_again() {
    let mut site = Site::new();
    site.write("x.csv", &[A, B]);
    assert_eq!(site.pull().n_rows, 2);
    let again = site.pull();
    assert_eq!((again.n_rows, again.run.checkpoints().len()), (0, 0));
}

#[test]
fn a_file_written_a_moment_ago_is_compared_by_its_bytes_until_it_settles() {
    let mut site = Site::new();
    // A clock that stands at the time the file was written.
    site.now_s = -3_600
        + std::time::UNIX_EPOCH
            .elapsed()
            .map_or(0, |now| now.as_secs())
            .cast_signed();
    site.write("x.csv", &[A, B]);
    site.pull();
    let settled = site.pull();
    assert_eq!((settled.n_rows, settled.run.checkpoints().len()), (0, 1));
    assert_eq!(site.pull().run.checkpoints().len(), 0);
}

#[test]
fn a_touched_file_with_the_same_bytes_is_not_read_again() {
    let mut site = Site::new();
    site.write("x.csv", &[A, B]);
    site.pull();
    fs::rename(site.path("x.csv"), site.path("x.old")).expect("movable");
    site.write("x.csv", &[A, B]);
    assert_eq!(site.pull().n_rows, 0);
}

#[test]
fn of_a_file_that_grew_only_the_tail_is_read() {
    let mut site = Site::new();
    site.write("x.csv", &[A, B]);
    site.pull();
    site.append("x.csv", &lines(&[C]));
    assert_eq!(site.pull().n_rows, 1);
    assert_eq!(
        site.live(),
        ["x.csv:1=call", "x.csv:2=mail", "x.csv:3=visit"]
    );
}

#[test]
fn a_changed_row_wins_over_the_old_one() {
    let mut site = Site::new();
    site.write("x.csv", &[A, B, C]);
    site.pull();
    // Even when its own time moves back.
    site.write("x.csv", &[A, "b,2020-01-02,chat", C]);
    assert_eq!(site.pull().n_rows, 3);
    assert_eq!(
        site.live(),
        ["x.csv:1=call", "x.csv:2=chat", "x.csv:3=visit"]
    );
}

#[test]
fn rows_that_are_gone_are_deleted_and_may_come_back() {
    let mut site = Site::new();
    site.write("x.csv", &[A, B, C]);
    site.pull();
    site.write("x.csv", &[A]);
    site.pull();
    assert_eq!(site.live(), ["x.csv:1=call"]);
    site.append("x.csv", &lines(&[B]));
    site.pull();
    assert_eq!(site.live(), ["x.csv:1=call", "x.csv:2=mail"]);
}

#[test]
fn a_file_that_is_gone_takes_its_rows_along_and_brings_them_back() {
    let mut site = Site::new();
    site.write("x.csv", &[A, B]);
    site.write("y.csv", &[C]);
    site.pull();
    fs::remove_file(site.path("x.csv")).expect("removable");
    site.pull();
    assert_eq!(site.live(), ["y.csv:1=visit"]);
    assert_eq!(site.pull().n_rows, 0);
    site.write("x.csv", &[A, B]);
    site.pull();
    assert_eq!(
        site.live(),
        ["x.csv:1=call", "x.csv:2=mail", "y.csv:1=visit"]
    );
}

#[test]
fn ids_from_columns_are_kept_when_their_row_is_gone() {
    let mut site = Site::with_column_ids();
    site.write("x.csv", &[A, B]);
    site.pull();
    site.write("x.csv", &[B]);
    site.pull();
    fs::remove_file(site.path("x.csv")).expect("removable");
    site.pull();
    assert_eq!(site.live(), ["a=call", "b=mail"]);
}

#[test]
fn row_ids_are_kept_on_request() {
    let mut site = Site::new();
    site.extra["file"]["on_missing"] = "keep".into();
    site.write("x.csv", &[A, B]);
    site.pull();
    site.write("x.csv", &[C]);
    site.pull();
    assert_eq!(site.live(), ["x.csv:1=visit", "x.csv:2=mail"]);
}

#[test]
fn a_row_that_is_skipped_now_is_deleted() {
    let mut site = Site::new();
    site.extra["file"]["skip_if_null"] = "name".into();
    site.write("x.csv", &[A, B]);
    site.pull();
    site.write("x.csv", &[A, "b,2026-01-02,"]);
    site.pull();
    assert_eq!(site.live(), ["x.csv:1=call"]);
}

#[test]
fn new_rules_read_everything_again_and_win() {
    let mut site = Site::new();
    site.write("x.csv", &[A, B]);
    site.pull();
    site.columns["happened_at"] = serde_json::json!({"from": "at", "timezone": "Asia/Tokyo"});
    assert_eq!(site.pull().n_rows, 2);
    let expected = Value::Time(1_767_193_200_000_000);
    assert_eq!(site.store["x.csv:1"]["happened_at"], expected);
}

#[test]
fn row_ids_that_the_rules_no_longer_give_are_deleted() {
    let mut site = Site::new();
    site.write("x.csv", &[A, B]);
    site.pull();
    site.columns["id"] = "who".into();
    site.pull();
    assert_eq!(site.live(), ["a=call", "b=mail"]);
}

#[test]
fn a_last_line_without_an_end_is_read_once() {
    let mut site = Site::new();
    site.write_text("x.csv", &format!("who,at,what\n{A}\n{B}"));
    assert_eq!(site.pull().n_rows, 2);
    assert_eq!(site.pull().n_rows, 0);
    site.append("x.csv", &format!("\n{C}\n"));
    assert_eq!(site.pull().n_rows, 1);
    assert_eq!(
        site.live(),
        ["x.csv:1=call", "x.csv:2=mail", "x.csv:3=visit"]
    );
}

#[test]
fn a_last_line_that_was_half_written_is_read_again() {
    let mut site = Site::new();
    site.write_text("x.csv", &format!("who,at,what\n{A}\nb,2026-01-02,ma"));
    site.pull();
    assert_eq!(site.live(), ["x.csv:1=call", "x.csv:2=ma"]);
    site.append("x.csv", "il\n");
    assert_eq!(site.pull().n_rows, 1);
    assert_eq!(site.live(), ["x.csv:1=call", "x.csv:2=mail"]);
}

#[test]
fn a_cell_that_was_half_written_over_two_lines_is_read_again() {
    let mut site = Site::new();
    site.write_text(
        "x.csv",
        &format!("who,at,what\n{A}\nb,2026-01-02,\"two\nli"),
    );
    let first = site.pull();
    assert_eq!(site.live(), ["x.csv:1=call"]);
    assert_eq!(first.run.rejects()[0].reason, "unclosed_quote");
    site.append("x.csv", &format!("nes\"\n{C}\n"));
    site.pull();
    assert_eq!(
        site.live(),
        ["x.csv:1=call", "x.csv:2=two\nlines", "x.csv:3=visit"]
    );
}

#[test]
fn a_header_that_is_half_written_is_no_fault() {
    let mut site = Site::new();
    site.write_text("x.csv", "who,a");
    assert_eq!(site.pull().run.result, Ok(()));
    site.write("x.csv", &[A]);
    site.pull();
    assert_eq!(site.live(), ["x.csv:1=call"]);
    let row = &site.store["x.csv:1"];
    assert_eq!(row.get("updated_at"), None, "it is a first read");
}

#[test]
fn an_empty_file_is_no_fault() {
    let mut site = Site::new();
    site.write_text("x.csv", "");
    assert_eq!(site.pull().run.result, Ok(()));
    site.write("x.csv", &[A]);
    site.pull();
    site.write_text("x.csv", "");
    site.pull();
    assert_eq!(site.live(), [""; 0]);
}

/// Rows with line breaks, rejects, blank lines, accents and no end of line at the end.
fn awkward_rows() -> String {
    let mut text = "who,at,what\n".to_owned();
    for row in 0..300 {
        text.push_str(&match row % 7 {
            0 => format!("p{row},2026-01-01,\"two\nlines {row}\"\n"),
            1 => format!("p{row},yesterday,call\n"),
            2 => format!("p{row},2026-01-01T10:00:00Z,caf\u{e9}\r\n\n"),
            3 => format!("p{row},2026-01-01\n"),
            4 => format!("p{row},2026-01-01,5\" screen\n"),
            _ => format!("p{},2026-01-01,call {row}\n", row % 20),
        });
    }
    text.push_str("last,2026-01-01,call");
    text
}

#[test]
fn resuming_from_any_checkpoint_gives_the_rows_of_a_full_read() {
    for checkpoint_rows in [1, 7, 64] {
        let mut site = Site::new();
        site.extra["checkpoint_rows"] = checkpoint_rows.into();
        site.write_text("x.csv", &awkward_rows());
        site.write("y.csv", &[A, B, C]);
        let full = site.pull().run;
        let n_checkpoints = full.checkpoints().len();
        assert!(n_checkpoints > 4, "{n_checkpoints}");
        for n_done in 1..=n_checkpoints {
            let (mut rows, mut rejects) = before_checkpoint(&full, n_done);
            let mut harness = site.harness();
            let rest = harness.read("files", Some(full.checkpoints()[n_done - 1]));
            rows.extend(rest.rows(RecordKind::Activity).into_iter().cloned());
            rejects.extend(
                rest.rejects()
                    .into_iter()
                    .map(|reject| reject.place.clone()),
            );
            let expected: Vec<Row> = full
                .rows(RecordKind::Activity)
                .into_iter()
                .cloned()
                .collect();
            let places: Vec<_> = full
                .rejects()
                .iter()
                .map(|reject| reject.place.clone())
                .collect();
            assert!(
                rows == expected && rejects == places,
                "after checkpoint {n_done}"
            );
        }
    }
}

fn before_checkpoint(run: &Run, n_checkpoints: usize) -> (Vec<Row>, Vec<String>) {
    let (mut rows, mut rejects, mut n_seen) = (Vec::new(), Vec::new(), 0);
    for event in &run.events {
        match event {
            Event::Batch { rows: batch, .. } => rows.extend(batch.iter().cloned()),
            Event::Reject(reject) => rejects.push(reject.place.clone()),
            Event::Checkpoint(_) => n_seen += 1,
            Event::Progress { .. } | Event::Log { .. } => {}
        }
        if n_seen == n_checkpoints {
            break;
        }
    }
    (rows, rejects)
}

#[test]
fn a_run_that_is_stopped_goes_on_where_it_was() {
    let mut site = Site::new();
    site.extra["checkpoint_rows"] = 10.into();
    site.write_text("x.csv", &awkward_rows());
    let mut harness = site.harness();
    harness.stop_after_checkpoints(1);
    let mut n_runs = 0;
    while site.pull_with(&mut harness).run.result.is_err() {
        n_runs += 1;
        assert!(n_runs < 100);
    }
    assert!(n_runs > 3);
    let stopped = std::mem::take(&mut site.store);
    site.checkpoint = None;
    site.pull();
    assert_eq!(stopped, site.store);
}

#[test]
fn a_second_read_that_is_stopped_goes_on_and_still_deletes() {
    let mut site = Site::new();
    site.extra["checkpoint_rows"] = 2.into();
    site.write("x.csv", &[A, B, C, A, B, C, A, B, C]);
    site.pull();
    site.write("x.csv", &[C, B, A, C, B]);
    let mut harness = site.harness();
    harness.stop_after_checkpoints(1);
    while site.pull_with(&mut harness).run.result.is_err() {}
    let expected = [
        "x.csv:1=visit",
        "x.csv:2=mail",
        "x.csv:3=call",
        "x.csv:4=visit",
        "x.csv:5=mail",
    ];
    assert_eq!(site.live(), expected);
}

#[test]
fn one_bad_file_does_not_stop_the_others() {
    let mut site = Site::new();
    site.write_text("x.csv", "whom,at,what\na,2026-01-01,call\n");
    site.write("y.csv", &[B]);
    let pulled = site.pull();
    let error = pulled.run.result.expect_err("x.csv has no such column");
    assert_eq!(
        error.user(),
        "`x.csv` has no column `who`; did you mean `whom`?"
    );
    assert_eq!(site.live(), ["y.csv:1=mail"]);
}

#[test]
fn a_missing_folder_deletes_nothing_and_does_not_stop_the_others() {
    let mut site = Site::new();
    fs::create_dir(site.path("mount")).expect("writable");
    site.extra["file"]["path"] = "mount/*.csv".into();
    site.write("mount/x.csv", &[A]);
    site.pull();
    fs::rename(site.path("mount"), site.path("unmounted")).expect("movable");
    let error = site.pull().run.result.expect_err("the folder is gone");
    assert!(error.user().starts_with("no folder `"), "{error}");
    assert_eq!(site.live(), ["mount/x.csv:1=call"]);
}

#[test]
fn a_foreign_checkpoint_is_refused() {
    let mut site = Site::new();
    site.write("x.csv", &[A]);
    site.checkpoint = Some(r#"{"cursor":1}"#.to_owned());
    let error = site.pull().run.result.expect_err("not ours");
    assert_eq!(error.class(), vocd_plugin::ErrorClass::CheckpointUnreadable);
}
