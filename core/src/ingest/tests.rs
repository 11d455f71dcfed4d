//! Whatever fails and whenever, each record is kept once.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray};
use jiff::Timestamp;
use proptest::prelude::*;

use super::pull::{StreamReader, Target, pull_from};
use super::*;
use crate::host::{Flow, RunEvent, RunOutcome, StopSignal};
use crate::plan::{
    ClusterPlan, ClusterRow, CohortPlan, Cohorts, DataVersion, Filter, PeriodPlan, Periods,
    QuestionSet, RowTime, Sheet, SheetPlan, Stance, StancePlan, Tallies, Tally, TallyError,
    TallyPlan,
};
use crate::record::RecordKind;
use crate::store::{
    Ack, Checkpoint, CommitUnit, EventMark, Foretelling, RunLog, SourceState, Store, StoreError,
};

/// A store in memory that fails when told to.
#[derive(Default)]
struct FakeStore {
    state: Mutex<FakeState>,
}

#[derive(Default)]
struct FakeState {
    /// How often each id was committed.
    ids: BTreeMap<String, u32>,
    checkpoints: BTreeMap<StreamName, Checkpoint>,
    n_runs: u64,
    n_rejects: usize,
    logs: Vec<RunLog>,
    n_commits: usize,
    /// Commits that fail, by number.
    bad_commits: Vec<usize>,
    unit_sizes: Vec<usize>,
}

impl Tally for FakeStore {
    fn tally(&self, _: &TallyPlan) -> Result<Tallies, TallyError> {
        Ok(Tallies::default())
    }

    fn clusters(&self, _: &ClusterPlan) -> Result<Vec<ClusterRow>, TallyError> {
        Ok(Vec::new())
    }

    fn cohorts(&self, _: &CohortPlan) -> Result<Cohorts, TallyError> {
        Ok(Cohorts::default())
    }

    fn question_sets(&self, _: &str) -> Result<Vec<QuestionSet>, TallyError> {
        Ok(Vec::new())
    }

    fn extent(
        &self,
        _: RecordKind,
        _: &Filter,
        _: RowTime,
        _: Option<Timestamp>,
    ) -> Result<Option<(Timestamp, Timestamp)>, TallyError> {
        Ok(None)
    }

    fn periods(&self, _: &PeriodPlan) -> Result<Periods, TallyError> {
        Ok(Periods::default())
    }

    fn stances(&self, _: &StancePlan) -> Result<Vec<Stance>, TallyError> {
        Ok(Vec::new())
    }

    fn sheet(&self, _: &SheetPlan) -> Result<Sheet, TallyError> {
        Ok(Sheet::default())
    }

    fn data_version(&self) -> DataVersion {
        DataVersion::default()
    }
}

impl Store for FakeStore {
    fn begin_run(&self, _: &SourceName, _: Timestamp) -> Result<(u64, bool), StoreError> {
        let mut state = self.state.lock().expect("no panic");
        state.n_runs += 1;
        Ok((state.n_runs, state.n_runs == 1))
    }

    fn commit(&self, unit: CommitUnit) -> Result<Ack, StoreError> {
        let mut state = self.state.lock().expect("no panic");
        state.n_commits += 1;
        let n_commits = state.n_commits;
        if state.bad_commits.contains(&n_commits) {
            return Err(StoreError::Closed);
        }
        if unit.run_id < state.n_runs {
            return Ok(Ack::Fenced);
        }
        let mut n_changed = 0;
        for batch in &unit.batches {
            let ids = batch.rows.column_by_name("id").expect("normal form");
            for id in ids.as_string::<i32>().iter().flatten() {
                *state.ids.entry(id.to_owned()).or_default() += 1;
                n_changed += 1;
            }
        }
        state.n_rejects += unit.rejects.len();
        state
            .unit_sizes
            .push(usize::try_from(n_changed).expect("small"));
        state.checkpoints.insert(unit.stream, unit.checkpoint);
        Ok(Ack::Applied {
            n_changed,
            n_erased: 0,
        })
    }

    fn end_run(&self, run: &RunLog) -> Result<(), StoreError> {
        self.state.lock().expect("no panic").logs.push(run.clone());
        Ok(())
    }

    fn checkpoint(
        &self,
        _: &SourceName,
        stream: &StreamName,
    ) -> Result<Option<Checkpoint>, StoreError> {
        let state = self.state.lock().expect("no panic");
        Ok(state.checkpoints.get(stream).cloned())
    }

    fn reset(&self, _: &SourceName) -> Result<(), StoreError> {
        self.state.lock().expect("no panic").checkpoints.clear();
        Ok(())
    }

    fn source_states(&self) -> Result<Vec<SourceState>, StoreError> {
        Ok(Vec::new())
    }

    fn events(&self, _: Timestamp, _: Timestamp) -> Result<Vec<EventMark>, StoreError> {
        Ok(Vec::new())
    }

    fn foretell(&self, _: &str, _: &[Foretelling]) -> Result<(), StoreError> {
        Ok(())
    }

    fn foretold(&self, _: &str) -> Result<Vec<Foretelling>, StoreError> {
        Ok(Vec::new())
    }

    fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// A plugin that has `n_rows` rows per stream and dies after so many events, when told to.
struct Script {
    streams: Vec<StreamName>,
    n_rows: usize,
    rows_per_batch: usize,
    batches_per_checkpoint: usize,
    dies_after: Cell<Option<usize>>,
    dies_of: FailureReason,
}

impl Script {
    fn new(n_rows: usize, rows_per_batch: usize, batches_per_checkpoint: usize) -> Self {
        Self {
            streams: ["one", "two"]
                .map(|name| StreamName::new(name).expect("valid"))
                .to_vec(),
            n_rows,
            rows_per_batch,
            batches_per_checkpoint,
            dies_after: Cell::new(None),
            dies_of: FailureReason::Crashed(9),
        }
    }

    fn n_records(&self) -> usize {
        self.n_rows * self.streams.len()
    }

    fn batch(&self, stream: &StreamName, start: usize, end: usize) -> RecordBatch {
        let ids: StringArray = (start..end)
            .map(|row| Some(format!("{stream}-{row}")))
            .collect();
        let names: StringArray = (start..end).map(|_| Some("login")).collect();
        let customers: StringArray = (start..end).map(|_| Some("c1")).collect();
        let times: TimestampMicrosecondArray = (start..end)
            .map(|row| Some(row as i64 + 1_000_000))
            .collect();
        RecordBatch::try_from_iter([
            ("id", Arc::new(ids) as ArrayRef),
            ("customer", Arc::new(customers)),
            ("name", Arc::new(names)),
            ("happened_at", Arc::new(times.with_timezone("UTC"))),
        ])
        .expect("equal lengths")
    }

    /// Returns the rows of a stream as events from its checkpoint on.
    fn events(&self, stream: &StreamName, checkpoint: Option<&Checkpoint>) -> Vec<RunEvent> {
        let mut start = checkpoint.map_or(0, |checkpoint| {
            let json: serde_json::Value =
                serde_json::from_str(&checkpoint.json).expect("as written");
            usize::try_from(json["n"].as_u64().expect("as written")).expect("small")
        });
        let mut events = Vec::new();
        let mut n_batches = 0;
        while start < self.n_rows {
            let end = (start + self.rows_per_batch).min(self.n_rows);
            events.push(RunEvent::Batch(
                RecordKind::Activity,
                self.batch(stream, start, end),
            ));
            events.push(RunEvent::Reject(Reject {
                kind: RecordKind::Activity,
                reason: "bad_time".to_owned(),
                place: format!("{stream}:{start}"),
                detail: String::new(),
            }));
            start = end;
            n_batches += 1;
            if n_batches % self.batches_per_checkpoint == 0 || start == self.n_rows {
                events.push(RunEvent::Checkpoint {
                    json: format!("{{\"n\":{start}}}"),
                    format: 1,
                });
            }
        }
        events
    }
}

impl StreamReader for Script {
    fn streams(&self) -> &[StreamName] {
        &self.streams
    }

    fn plugin_version(&self) -> &str {
        "1"
    }

    fn read(
        &self,
        _: u64,
        stream: &StreamName,
        checkpoint: Option<&Checkpoint>,
        _: &StopSignal,
        on_event: &mut dyn FnMut(RunEvent) -> Flow,
    ) -> RunOutcome {
        let outcome = |failure| RunOutcome {
            unconfined: Vec::new(),
            n_rows: 0,
            n_bytes: 0,
            n_rejects: 0,
            elapsed: Duration::ZERO,
            failure,
        };
        for event in self.events(stream, checkpoint) {
            match self.dies_after.get() {
                Some(0) => {
                    let failure = Failure::new(self.dies_of, "killed");
                    return outcome(Some(failure));
                }
                left => self.dies_after.set(left.map(|left| left - 1)),
            }
            if on_event(event) == Flow::Stop {
                return outcome(Some(Failure::new(FailureReason::Cancelled, "stopped")));
            }
        }
        outcome(None)
    }
}

fn pull_once(
    script: &Script,
    store: &FakeStore,
    options: PullOptions,
) -> Result<PullReport, PullError> {
    let source = SourceName::new("app").expect("valid");
    let target = Target {
        store,
        source: &source,
        options,
    };
    pull_from(script, &target, &StopSignal::new(), &mut |_| {})
}

fn ids_once(store: &FakeStore, n_records: usize) -> bool {
    let state = store.state.lock().expect("no panic");
    state.ids.len() == n_records && state.ids.values().all(|times| *times == 1)
}

#[test]
fn a_pull_keeps_every_row_in_few_transactions() {
    let (script, store) = (Script::new(1_000, 10, 1), FakeStore::default());
    let report = pull_once(&script, &store, PullOptions::default()).expect("pulled");
    assert!(ids_once(&store, 2_000));
    assert_eq!(
        (
            report.n_rows,
            report.n_committed,
            report.n_changed,
            report.n_rejects
        ),
        (2_000, 2_000, 2_000, 200)
    );
    assert_eq!(report.reject_reasons["bad_time"], 200);
    assert_eq!(report.reject_samples.len(), SAMPLES_MAX);
    assert!(report.n_commits < 20, "{} commits", report.n_commits);
    let state = store.state.lock().expect("no panic");
    assert_eq!(state.logs.len(), 1);
    assert_eq!(state.logs[0].failure, None);
}

#[test]
fn rows_that_no_checkpoint_covers_are_dropped() {
    let (script, store) = (Script::new(100, 10, 2), FakeStore::default());
    // Two batches with a reject each, a checkpoint, and one batch more.
    script.dies_after.set(Some(6));
    let error = pull_once(&script, &store, PullOptions::default()).expect_err("killed");
    assert_eq!(error.reason(), "crashed");
    assert_eq!(error.report().expect("began").n_committed, 20);
    let state = store.state.lock().expect("no panic");
    assert_eq!(state.ids.len(), 20);
    assert_eq!(state.n_rejects, 2);
    assert_eq!(
        state.logs[0].failure.as_ref().map(|(reason, _)| &**reason),
        Some("crashed")
    );
}

#[test]
fn a_pull_that_was_stopped_is_no_failure_of_the_source() {
    let (mut script, store) = (Script::new(100, 10, 2), FakeStore::default());
    script.dies_of = FailureReason::Cancelled;
    script.dies_after.set(Some(6));
    let error = pull_once(&script, &store, PullOptions::default()).expect_err("stopped");
    assert!(error.is_cancelled());
    let state = store.state.lock().expect("no panic");
    assert_eq!(state.ids.len(), 20);
    assert!(state.logs.is_empty());
}

#[test]
fn a_dry_run_keeps_nothing() {
    let (script, store) = (Script::new(100, 10, 2), FakeStore::default());
    let options = PullOptions {
        keep: Keep::Nothing,
        ..PullOptions::default()
    };
    let report = pull_once(&script, &store, options).expect("read");
    assert_eq!((report.n_rows, report.n_committed), (200, 0));
    let state = store.state.lock().expect("no panic");
    assert!(state.ids.is_empty() && state.checkpoints.is_empty() && state.logs.is_empty());
}

#[test]
fn a_full_pull_reads_everything_again() {
    let (script, store) = (Script::new(50, 10, 1), FakeStore::default());
    pull_once(&script, &store, PullOptions::default()).expect("pulled");
    let report = pull_once(&script, &store, PullOptions::default()).expect("nothing new");
    assert_eq!(report.n_rows, 0);
    let options = PullOptions {
        start: StartFrom::Beginning,
        ..PullOptions::default()
    };
    assert_eq!(
        pull_once(&script, &store, options).expect("pulled").n_rows,
        100
    );
}

#[test]
fn a_store_that_fails_ends_the_pull_with_its_reason() {
    let (script, store) = (Script::new(100, 10, 1), FakeStore::default());
    store.state.lock().expect("no panic").bad_commits = vec![1];
    let error = pull_once(&script, &store, PullOptions::default()).expect_err("failed");
    assert_eq!(error.reason(), "store");
    pull_once(&script, &store, PullOptions::default()).expect("usable again");
    assert!(ids_once(&store, 200));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn each_record_is_kept_once_whatever_dies(
        n_rows in 1_usize..200,
        rows_per_batch in 1_usize..40,
        batches_per_checkpoint in 1_usize..5,
        deaths in prop::collection::vec(0_usize..40, 0..6),
        bad_commits in prop::collection::vec(1_usize..8, 0..4),
    ) {
        let script = Script::new(n_rows, rows_per_batch, batches_per_checkpoint);
        let store = FakeStore::default();
        store.state.lock().expect("no panic").bad_commits = bad_commits;
        for death in deaths {
            script.dies_after.set(Some(death));
            let _ = pull_once(&script, &store, PullOptions::default());
        }
        script.dies_after.set(None);
        let mut n_tries = 0;
        while pull_once(&script, &store, PullOptions::default()).is_err() {
            n_tries += 1;
            prop_assert!(n_tries < 10);
        }
        prop_assert!(ids_once(&store, script.n_records()));
    }
}
