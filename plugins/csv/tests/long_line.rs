//! A line of a gigabyte: refused by its place, never held in memory, and the rows behind it read.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};

use vocd_plugin::RecordKind;
use vocd_plugin::testing::Harness;
use vocd_source_csv::CsvSource;

const LINE_BYTES: u64 = 1024 * 1024 * 1024;
/// Far above what the plugin needs and far below the line.
const MEMORY_KIB_MAX: u64 = 128 * 1024;

/// The greatest memory of this process so far; `None` where the kernel does not tell.
fn peak_memory_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[test]
fn a_line_of_a_gigabyte_is_refused_and_the_next_rows_are_read() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut file = File::create(folder.path().join("x.csv")).expect("writable");
    let before: String = (0..500)
        .map(|row| format!("a{row},2026-01-01,call\n"))
        .collect();
    write!(file, "who,at,what\n{before}").expect("writable");
    // A hole: the file system stores nothing for it.
    file.seek(SeekFrom::Current(LINE_BYTES.cast_signed()))
        .expect("seekable");
    write!(file, "\nlast,2026-01-01,call\n").expect("writable");
    drop(file);
    let config = serde_json::json!({"$base_dir": folder.path(), "file": [{"kind": "activity", "path": "x.csv",
        "columns": {"customer": "who", "happened_at": "at", "name": "what"}}]});
    let mut harness = Harness::open::<CsvSource>(&config.to_string()).expect("valid");
    let run = harness.read("files", None);
    assert_eq!(run.result, Ok(()));
    assert_eq!(run.rows(RecordKind::Activity).len(), 501);
    let rejects: Vec<_> = run
        .rejects()
        .iter()
        .map(|reject| (&*reject.reason, &*reject.place))
        .collect();
    assert_eq!(rejects, [("line_too_long", "x.csv:502")]);
    if let Some(peak_kib) = peak_memory_kib() {
        assert!(peak_kib < MEMORY_KIB_MAX, "{peak_kib} KiB");
    }
}
