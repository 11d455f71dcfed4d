//! A store in a temporary directory, and answers to put into it.

use std::ops::Deref;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
    UInt64Array,
};
use jiff::Timestamp;
use tempfile::TempDir;

use crate::plan::{
    Clock, Filter, Keep, Measure, QuestionSet, RowTime, Span, Tally, TallyPlan, TallyValue,
};
use crate::record::door::Door;
use crate::record::{RecordKind, SourceName, StreamName};
use crate::store::duckdb::counts::RowCounts;
use crate::store::duckdb::{DimensionSpec, DuckStore, RollUps, StoreOptions, answer};
use crate::store::{Ack, Checkpoint, CommitUnit, KindBatch, Store, StoreError};

/// Start of the time all tests play in, a full hour, in seconds.
const START_S: i64 = 1_700_002_800;

/// Returns the instant so many seconds into the test.
pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(START_S + second).unwrap()
}

/// Returns what a commit that changed so many rows says.
pub(super) const fn changed(n_changed: u64) -> Ack {
    Ack::Applied {
        n_changed,
        n_erased: 0,
    }
}

/// Returns the first hours of the test's time.
pub(super) fn hours(n: i64) -> Vec<Span> {
    (0..n)
        .map(|hour| Span {
            start: at(hour * 3_600),
            end: at((hour + 1) * 3_600),
        })
        .collect()
}

/// Returns a plan over all answers in one bucket.
pub(super) fn everything(measures: Vec<Measure>) -> TallyPlan {
    TallyPlan {
        kind: RecordKind::Response,
        filter: Filter::All,
        buckets: vec![Span {
            start: at(-1_000_000),
            end: at(1_000_000),
        }],
        time: RowTime::Event,
        group: Vec::new(),
        measures,
        keep: Keep::All,
        as_of: None,
        present: at(1_000_000),
        clock: Clock::Calendar,
    }
}

/// One version of an answer; times in seconds into the test.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) id: String,
    pub(super) score: Option<f64>,
    pub(super) responded_at: i64,
    pub(super) updated_at: Option<i64>,
    pub(super) revision: Option<u64>,
    pub(super) is_deleted: bool,
    pub(super) customer: Option<String>,
    pub(super) agent: Option<&'static str>,
    pub(super) channel: Option<&'static str>,
    pub(super) attributes: Option<String>,
}

impl Answer {
    pub(super) fn new(id: &str, score: f64, responded_at: i64) -> Self {
        Self {
            id: id.to_owned(),
            score: Some(score),
            responded_at,
            updated_at: None,
            revision: None,
            is_deleted: false,
            customer: None,
            agent: None,
            channel: None,
            attributes: None,
        }
    }
}

/// Returns the answers as a plugin would send them.
pub(super) fn plugin_batch(answers: &[Answer]) -> RecordBatch {
    let micros = |second: i64| at(second).as_microsecond();
    let texts = |text: fn(&Answer) -> Option<String>| -> ArrayRef {
        Arc::new(answers.iter().map(text).collect::<StringArray>())
    };
    let responded_at = answers.iter().map(|one| Some(micros(one.responded_at)));
    let updated_at = answers.iter().map(|one| one.updated_at.map(micros));
    RecordBatch::try_from_iter([
        ("id", texts(|one| Some(one.id.clone()))),
        ("survey", texts(|_| Some("s".to_owned()))),
        ("question", texts(|_| Some("q".to_owned()))),
        ("metric", texts(|_| Some("nps".to_owned()))),
        (
            "score",
            Arc::new(
                answers
                    .iter()
                    .map(|one| one.score)
                    .collect::<Float64Array>(),
            ) as ArrayRef,
        ),
        (
            "responded_at",
            Arc::new(
                responded_at
                    .collect::<TimestampMicrosecondArray>()
                    .with_timezone("UTC"),
            ),
        ),
        (
            "updated_at",
            Arc::new(
                updated_at
                    .collect::<TimestampMicrosecondArray>()
                    .with_timezone("UTC"),
            ),
        ),
        (
            "revision",
            Arc::new(
                answers
                    .iter()
                    .map(|one| one.revision)
                    .collect::<UInt64Array>(),
            ),
        ),
        (
            "deleted",
            Arc::new(
                answers
                    .iter()
                    .map(|one| Some(one.is_deleted))
                    .collect::<BooleanArray>(),
            ),
        ),
        ("customer", texts(|one| one.customer.clone())),
        ("agent", texts(|one| one.agent.map(str::to_owned))),
        ("channel", texts(|one| one.channel.map(str::to_owned))),
        ("attributes", texts(|one| one.attributes.clone())),
    ])
    .unwrap()
}

/// A store with one source, in a directory that goes with it.
pub(super) struct TestStore {
    store: Option<DuckStore>,
    pub(super) dir: TempDir,
    pub(super) source: SourceName,
    pub(super) stream: StreamName,
    dimensions: Vec<DimensionSpec>,
    believed: Vec<SourceName>,
    roll_ups: Option<RollUps>,
}

impl Deref for TestStore {
    type Target = DuckStore;

    fn deref(&self) -> &DuckStore {
        self.store.as_ref().unwrap()
    }
}

impl TestStore {
    pub(super) fn new() -> Self {
        Self::with_dimensions(Vec::new())
    }

    pub(super) fn with_dimensions(dimensions: Vec<DimensionSpec>) -> Self {
        Self::in_dir(TempDir::new().unwrap(), dimensions, Vec::new(), None)
    }

    /// A store that keeps tallies.
    pub(super) fn rolled_up(dimensions: Vec<DimensionSpec>, roll_ups: RollUps) -> Self {
        Self::in_dir(
            TempDir::new().unwrap(),
            dimensions,
            Vec::new(),
            Some(roll_ups),
        )
    }

    fn in_dir(
        dir: TempDir,
        dimensions: Vec<DimensionSpec>,
        believed: Vec<SourceName>,
        roll_ups: Option<RollUps>,
    ) -> Self {
        let store = DuckStore::open(StoreOptions {
            believed: believed.clone(),
            roll_ups: roll_ups.clone(),
            ..options(dir.path(), dimensions.clone())
        })
        .unwrap();
        Self {
            store: Some(store),
            dir,
            source: SourceName::new("survey").unwrap(),
            stream: StreamName::new("answers").unwrap(),
            dimensions,
            believed,
            roll_ups,
        }
    }

    /// Closes the store and opens it again.
    pub(super) fn reopened(self) -> Self {
        let dimensions = self.dimensions.clone();
        self.reopened_with(dimensions)
    }

    /// Closes the store and opens it with other dimensions.
    pub(super) fn reopened_with(mut self, dimensions: Vec<DimensionSpec>) -> Self {
        self.store = None;
        Self::in_dir(self.dir, dimensions, self.believed, self.roll_ups)
    }

    /// Closes the store and opens it without tallies.
    pub(super) fn without_roll_ups(mut self) -> Self {
        self.store = None;
        Self::in_dir(self.dir, self.dimensions, self.believed, None)
    }

    /// Closes the store and opens it with these tallies.
    pub(super) fn rolled_up_again(mut self, roll_ups: RollUps) -> Self {
        self.store = None;
        Self::in_dir(self.dir, self.dimensions, self.believed, Some(roll_ups))
    }

    /// Changes what is stored behind the back of the store.
    pub(super) fn falsify(&self, sql: &'static str) {
        self.write("falsify", move |connection, _| {
            connection.execute_batch(sql)
        })
        .unwrap();
    }

    /// Lists questions as rows say.
    pub(super) fn question_sets_of_rows(
        &self,
        metric: &str,
    ) -> Result<Vec<QuestionSet>, StoreError> {
        self.read("list questions", |connection| {
            answer::question_sets(connection, answer::ANSWERS, metric)
        })
    }

    /// Closes the store and opens it with other sources believed first.
    pub(super) fn believing(mut self, sources: &[&str]) -> Self {
        self.store = None;
        let believed = sources.iter().map(|name| SourceName::new(name).unwrap());
        Self::in_dir(self.dir, self.dimensions, believed.collect(), self.roll_ups)
    }

    /// Closes the store and returns its directory.
    pub(super) fn closed(mut self) -> TempDir {
        self.store = None;
        self.dir
    }

    /// Copies the files as they are now, as a power cut would leave them.
    pub(super) fn files_while_open(&self) -> TempDir {
        let copy = TempDir::new().unwrap();
        for name in ["vocd.duckdb", "vocd.duckdb.wal"] {
            let from = self.dir.path().join(name);
            if from.exists() {
                std::fs::copy(from, copy.path().join(name)).unwrap();
            }
        }
        copy
    }

    /// Opens such a copy.
    pub(super) fn copied_while_open(&self) -> Self {
        Self::in_dir(
            self.files_while_open(),
            self.dimensions.clone(),
            self.believed.clone(),
            self.roll_ups.clone(),
        )
    }

    /// Opens a store in a directory that stays.
    pub(super) fn over(dir: &std::path::Path) -> Self {
        Self {
            store: Some(DuckStore::open(options(dir, Vec::new())).unwrap()),
            dir: TempDir::new().unwrap(),
            source: SourceName::new("survey").unwrap(),
            stream: StreamName::new("answers").unwrap(),
            dimensions: Vec::new(),
            believed: Vec::new(),
            roll_ups: None,
        }
    }

    /// Checks answers at the door and commits them as a run of one unit, an hour in.
    pub(super) fn commit(&self, answers: &[Answer]) -> Ack {
        self.commit_at(answers, at(3_600))
    }

    pub(super) fn commit_at(&self, answers: &[Answer], committed_at: Timestamp) -> Ack {
        let (run_id, _) = self.begin_run(&self.source, committed_at).unwrap();
        let mut unit = self.unit(answers, run_id, 0);
        unit.committed_at = committed_at;
        let ack = Store::commit(&**self, unit).unwrap();
        self.assert_counts_are_kept();
        ack
    }

    /// Checks that the counts which commits keep up to date are those of the rows.
    fn assert_counts_are_kept(&self) {
        let kept = self.row_counts().unwrap();
        let counted = self.read("count rows", RowCounts::read).unwrap();
        let sorted = |counts: &RowCounts| {
            let mut rows = counts.rows.clone();
            rows.sort_by(|a, b| (a.kind, &a.source).cmp(&(b.kind, &b.source)));
            rows
        };
        assert_eq!(sorted(&kept), sorted(&counted));
        assert_eq!(kept.version, counted.version);
    }

    pub(super) fn unit(&self, answers: &[Answer], run_id: u64, unit_idx: u64) -> CommitUnit {
        let checked = Door::new(self.source.clone())
            .check(RecordKind::Response, &plugin_batch(answers), at(3_600))
            .unwrap();
        self.unit_of(vec![checked.batch], run_id, unit_idx)
    }

    pub(super) fn unit_of(
        &self,
        batches: Vec<KindBatch>,
        run_id: u64,
        unit_idx: u64,
    ) -> CommitUnit {
        CommitUnit {
            source: self.source.clone(),
            stream: self.stream.clone(),
            run_id,
            unit_idx,
            batches,
            rejects: Vec::new(),
            checkpoint: Checkpoint {
                json: format!(r#"{{"n":{unit_idx}}}"#),
                format: 1,
                plugin_version: "1.0.0".to_owned(),
            },
            is_first_read: false,
            committed_at: at(3_600),
        }
    }

    /// Counts the current answers.
    pub(super) fn count(&self) -> u64 {
        let tallies = self.tally(&everything(vec![Measure::Count])).unwrap();
        match tallies.rows.first().map(|row| row.values[0].clone()) {
            Some(TallyValue::Count(n)) => n,
            _ => 0,
        }
    }
}

fn options(dir: &std::path::Path, dimensions: Vec<DimensionSpec>) -> StoreOptions {
    StoreOptions {
        n_readers: 2,
        dimensions,
        ..StoreOptions::new(dir.to_owned())
    }
}
