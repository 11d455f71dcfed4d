//! Compaction: the same rows in a smaller file, whenever it is interrupted.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::fixture::{Answer, TestStore, everything};
use crate::plan::{Measure, Tally};
use crate::store::duckdb::DuckStore;
use crate::store::upkeep::Upkeep as _;
use crate::store::{Ack, Store as _};

fn answers(prefix: &str, n: usize) -> Vec<Answer> {
    let score = |idx: usize| (idx % 11) as f64;
    (0..n)
        .map(|idx| Answer::new(&format!("{prefix}-{idx}"), score(idx), idx as i64))
        .collect()
}

/// Returns newer versions of answers.
fn later(mut answers: Vec<Answer>) -> Vec<Answer> {
    for answer in &mut answers {
        (answer.score, answer.updated_at) = (Some(0.0), Some(100_000));
    }
    answers
}

/// Leaves much free space in the file.
fn bloat(store: &DuckStore) {
    store
        .write("bloat", |connection, _| {
            connection.execute_batch(
                "CREATE TABLE bloat AS SELECT hash(range) AS a, hash(range + 1) AS b \
                 FROM range(1000000); CHECKPOINT; DROP TABLE bloat; CHECKPOINT",
            )
        })
        .unwrap();
}

/// Returns what every row of every version says, in one number, and how many there are.
fn digest(store: &DuckStore) -> (u64, u64) {
    let sql = "SELECT coalesce(bit_xor(hash(t)), 0)::UBIGINT, count(*) FROM (\
               FROM response UNION ALL BY NAME FROM response_history) t";
    let read = |connection: &duckdb::Connection| {
        connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
    };
    store.read("digest", read).unwrap()
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_compacted_store_is_smaller_and_says_the_same() {
    let store = TestStore::new();
    store.commit(&answers("a", 5_000));
    store.commit(&later(answers("a", 10)));
    bloat(&store);
    let (before, states) = (digest(&store), store.source_states().unwrap());
    let version = store.data_version();
    let done = store.compact().unwrap();
    assert!(done.bytes_after * 2 < done.bytes_before, "{done:?}");
    assert!(done.n_rows > 5_010, "{done:?}");
    assert_eq!(digest(&store), before);
    assert_eq!(store.source_states().unwrap(), states);
    assert_eq!(store.data_version(), version);
    let main = fs::metadata(store.dir.path().join("vocd.duckdb")).unwrap();
    assert!(main.len() <= done.bytes_after);
    let left: Vec<String> = names(store.dir.path());
    assert!(!left.iter().any(|name| name.contains("before")), "{left:?}");
    assert_eq!(names(&store.dir.path().join("tmp")), Vec::<String>::new());
    // A commit afterwards finds the defaults and the versions of the layout.
    store.commit(&answers("b", 7));
    let ack = store.commit(&answers("a", 5_000));
    let expected = Ack::Applied {
        n_changed: 0,
        n_erased: 0,
    };
    assert_eq!(ack, expected, "known versions were met again");
    let store = store.reopened();
    assert_eq!(store.count(), 5_007);
}

#[test]
fn questions_are_answered_and_commits_wait_while_it_runs() {
    let store = TestStore::new();
    store.commit(&answers("a", 2_000));
    bloat(&store);
    let (is_over, n_answers) = (AtomicBool::new(false), AtomicUsize::new(0));
    let inner: &DuckStore = &store;
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Acquire) {
                    let plan = everything(vec![Measure::Count]);
                    let counted = inner.tally(&plan).unwrap().rows[0].values[0].clone();
                    assert!(format!("{counted:?}").contains("2000"), "{counted:?}");
                    n_answers.fetch_add(1, Ordering::AcqRel);
                }
            });
        }
        for _ in 0..3 {
            inner.compact().unwrap();
            let sources = scope.spawn(|| inner.source_states().unwrap().len());
            assert_eq!(sources.join().unwrap(), 1);
        }
        is_over.store(true, Ordering::Release);
    });
    assert!(n_answers.into_inner() > 0);
}

#[test]
fn what_an_interrupted_compaction_left_is_put_right() {
    type Leave = fn(&Path);
    let cases: [(&str, Leave); 4] = [
        ("while the copy is written", |dir| {
            fs::write(dir.join("tmp/compact.duckdb"), "half a copy").unwrap();
            fs::write(dir.join("tmp/compact.duckdb.wal"), "and its log").unwrap();
        }),
        ("before the rename", |dir| {
            fs::hard_link(dir.join("vocd.duckdb"), dir.join("vocd.duckdb.before")).unwrap();
            fs::copy(dir.join("vocd.duckdb"), dir.join("tmp/compact.duckdb")).unwrap();
        }),
        ("after the rename", |dir| {
            fs::copy(dir.join("vocd.duckdb"), dir.join("vocd.duckdb.before")).unwrap();
        }),
        ("after the rename of a file that the disk lost", |dir| {
            fs::rename(dir.join("vocd.duckdb"), dir.join("vocd.duckdb.before")).unwrap();
            fs::write(dir.join("vocd.duckdb"), vec![0; 100_000]).unwrap();
        }),
    ];
    for (what, leave) in cases {
        let store = TestStore::new();
        store.commit(&answers("a", 500));
        let before = digest(&store);
        let dir = store.closed();
        leave(dir.path());
        let store = TestStore::over(dir.path());
        assert_eq!(digest(&store), before, "{what}");
        let left = names(dir.path());
        assert!(!left.iter().any(|name| name.contains("before")), "{what}");
        assert_eq!(
            names(&dir.path().join("tmp")),
            Vec::<String>::new(),
            "{what}"
        );
        store.compact().unwrap();
        assert_eq!(digest(&store), before, "{what}");
    }
}

#[test]
fn a_copy_that_cannot_be_written_leaves_everything_as_it_is() {
    let store = TestStore::new();
    store.commit(&answers("a", 500));
    let before = digest(&store);
    // A folder that is not empty stands where the copy would be.
    let copy = store.dir.path().join("tmp/compact.duckdb");
    fs::create_dir_all(copy.join("occupied")).unwrap();
    let error = store.compact().unwrap_err();
    assert!(error.to_string().contains("compact.duckdb"), "{error}");
    assert_eq!(digest(&store), before);
    fs::remove_dir_all(&copy).unwrap();
    store.compact().unwrap();
    assert_eq!(digest(&store), before);
}
