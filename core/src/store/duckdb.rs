//! The store on DuckDB: one file, one writer, a few readers, everything bounded.

mod answer;
mod append;
mod beside;
mod bucket;
mod cluster;
mod cohort;
mod commit;
mod counts;
mod directory;
mod export;
mod fault;
mod fold;
mod inbox;
mod known;
mod merge;
mod migrate;
mod open;
mod period;
mod pushed;
mod question;
mod reader;
mod restamp;
mod retire;
mod review;
mod rollup;
mod seen;
mod stamp;
mod stance;
mod state;
mod table;
mod writer;

use std::collections::HashMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use self::cluster::KeptClusters;
use self::cohort::CohortQuestion;
use self::commit::Memory;
use self::counts::{CountChange, RowCounts};
use self::fault::failed;
use self::fold::Folded;
use self::question::Writing;
use self::reader::Readers;
use self::rollup::Rollup;
use self::writer::Writer;
use crate::plan::{
    ClusterPlan, ClusterRow, CohortPlan, Cohorts, DataVersion, Filter, PeriodPlan, Periods,
    QuestionSet, RowTime, Stance, StancePlan, Tallies, Tally, TallyError, TallyPlan,
};
use crate::record::{RecordKind, SourceName, StreamName};
use crate::store::export::{Export, Page, PageAsk};
use crate::store::{
    Ack, Checkpoint, CommitUnit, EventMark, RunLog, SourceState, Store, StoreError,
};

pub use open::enter as hold;
pub use rollup::RollUps;
pub use table::{DimensionField, DimensionSpec};

/// Readers beside the writer: panels are answered one core each, more would only share it.
const READERS: usize = 4;

/// Memory the engine may take when nothing is said, in bytes.
const MEMORY_BYTES: u64 = 1 << 30;

/// Disk the engine may spill to when nothing is said, in bytes.
const TEMP_BYTES: u64 = 8 << 30;

/// How long a query may take when nothing is said.
const DEADLINE: Duration = Duration::from_secs(10);

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Directory of the database, its lock, its log and its temporary files.
    pub dir: PathBuf,
    /// Memory the engine may take, in bytes.
    pub memory_limit_bytes: u64,
    /// Disk the engine may spill to, in bytes.
    pub temp_limit_bytes: u64,
    /// Threads of the engine.
    pub threads: usize,
    /// Connections that read.
    pub n_readers: usize,
    /// How long one query may take.
    pub deadline: Duration,
    /// Configured dimensions, stamped on the rows.
    pub dimensions: Vec<DimensionSpec>,
    /// Sources of customers, the one believed first in front; others follow by name.
    pub believed: Vec<SourceName>,
    /// Which tallies are kept beside the rows; `None` keeps none.
    pub roll_ups: Option<RollUps>,
}

impl StoreOptions {
    /// Returns the defaults for a directory.
    #[must_use]
    pub fn new(dir: PathBuf) -> Self {
        let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self {
            dir,
            memory_limit_bytes: MEMORY_BYTES,
            temp_limit_bytes: TEMP_BYTES,
            threads,
            n_readers: READERS,
            deadline: DEADLINE,
            dimensions: Vec::new(),
            believed: Vec::new(),
            roll_ups: None,
        }
    }

    fn path(&self) -> PathBuf {
        self.dir.join("vocd.duckdb")
    }
}

/// The store. Every commit that was acknowledged is seen by the next question.
pub struct DuckStore {
    // Fields drop in this order: the connections before the lock that guards them.
    engine: RwLock<Option<Engine>>,
    version: Arc<AtomicU64>,
    dimensions: Arc<[DimensionSpec]>,
    options: StoreOptions,
    damaged_log: Option<PathBuf>,
    /// The questions of each metric as of a data version: every answer asks for them, and they
    /// take a scan of all rows. At most one entry a metric of the record kind.
    questions: Mutex<HashMap<String, (u64, Vec<QuestionSet>)>>,
    /// Sums over persons that were asked for.
    clusters: Mutex<KeptClusters>,
    /// Live rows by source and kind as of a data version: asked for every two seconds.
    counts: Arc<Mutex<Option<RowCounts>>>,
    _lock: File,
}

/// The opened database: all connections go together.
struct Engine {
    readers: Readers,
    writer: Writer,
    /// What is kept between commits; only the writing thread looks at it.
    memory: Arc<Mutex<Memory>>,
    /// Set when the engine answers nothing any more and has to be opened again.
    is_dead: Arc<AtomicBool>,
    /// The tallies that answer what they can.
    rollup: Option<Arc<Rollup>>,
}

impl DuckStore {
    /// Opens the store, creating or bringing its file to the newest layout.
    ///
    /// # Errors
    /// When another process has the directory, it cannot be written, or the file is damaged or
    /// newer than this program.
    pub fn open(mut options: StoreOptions) -> Result<Self, StoreError> {
        options.dimensions.push(DimensionSpec::team_of_agent());
        options.dimensions.push(DimensionSpec::account());
        let lock = open::enter(&options)?;
        let (engine, version, damaged_log) = Engine::start(&options)?;
        Ok(Self {
            engine: RwLock::new(Some(engine)),
            version: Arc::new(AtomicU64::new(version)),
            dimensions: options.dimensions.clone().into(),
            options,
            damaged_log,
            questions: Mutex::default(),
            clusters: Mutex::default(),
            counts: Arc::default(),
            _lock: lock,
        })
    }

    /// Returns where a damaged log was set aside when the store was opened.
    #[must_use]
    pub fn damaged_log(&self) -> Option<&std::path::Path> {
        self.damaged_log.as_deref()
    }

    /// Runs something on the engine, opening it again when it had given up before.
    fn on_engine<T>(
        &self,
        run: impl FnOnce(&Engine) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        {
            let engine = self.engine.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(engine) = engine.as_ref().filter(|engine| engine.is_alive()) {
                return run(engine);
            }
        }
        let mut engine = self.engine.write().unwrap_or_else(PoisonError::into_inner);
        if engine.as_ref().is_none_or(|engine| !engine.is_alive()) {
            // The old connections must be gone before the file can be opened anew.
            *engine = None;
            let (fresh, version, _) = Engine::start(&self.options)?;
            tracing::warn!(dir = %self.options.dir.display(), "the database was opened again");
            self.version.fetch_max(version, Ordering::AcqRel);
            *engine = Some(fresh);
        }
        run(engine.as_ref().expect("it was started above"))
    }

    fn read<T>(
        &self,
        what: &'static str,
        query: impl FnOnce(&duckdb::Connection) -> duckdb::Result<T>,
    ) -> Result<T, StoreError> {
        self.on_engine(|engine| {
            let started = Instant::now();
            let result = engine.readers.read(what, query);
            tracing::debug!(what, elapsed_us = started.elapsed().as_micros(), "read");
            if matches!(result, Err(StoreError::Invalidated { .. })) {
                engine.is_dead.store(true, Ordering::Release);
            }
            result
        })
    }

    /// Reads as [`Self::read`] does, with the tallies where they are kept.
    fn read_rolled<T>(
        &self,
        what: &'static str,
        query: impl FnOnce(&duckdb::Connection, Option<&Rollup>) -> duckdb::Result<T>,
    ) -> Result<T, StoreError> {
        let rollup = self.on_engine(|engine| Ok(engine.rollup.clone()))?;
        self.read(what, |connection| query(connection, rollup.as_deref()))
    }

    /// Answers plans that are one question; one that is left open is asked by name.
    fn fold(&self, folded: &Folded<'_>, plans: &[TallyPlan]) -> Result<Vec<Tallies>, TallyError> {
        let found = self.read_rolled("answer plans", |connection, rollup| {
            folded.answer(connection, rollup, &self.dimensions)
        });
        let found = found.and_then(|found| found).map_err(unanswered)?;
        let plans = folded.positions.iter().map(|position| &plans[*position]);
        found
            .into_iter()
            .zip(plans)
            .map(|(tallies, plan)| match tallies {
                Some(tallies) => Ok(tallies),
                None => self.count(&fold::by_name(plan)),
            })
            .collect()
    }

    /// Answers a plan from rows.
    fn count(&self, plan: &TallyPlan) -> Result<Tallies, TallyError> {
        let question = Writing::new(plan.kind, &self.dimensions)
            .tally(plan)
            .map_err(unanswered)?;
        self.read("answer a plan", |connection| {
            answer::tally(connection, plan, &question)
        })
        .map_err(unanswered)
    }

    /// Waits until every day is tallied.
    ///
    /// # Errors
    /// When the store fails.
    pub fn settle(&self) -> Result<(), StoreError> {
        self.write("tally days", |connection, memory| {
            memory.tally_all(connection)
        })
    }

    /// Returns the starts of days whose tallies are not those of their rows; there should be none.
    ///
    /// # Errors
    /// When the store fails.
    pub fn untrue_tallies(&self) -> Result<Vec<Timestamp>, StoreError> {
        self.write("compare tallies with rows", |connection, memory| {
            memory.untrue_tallies(connection)
        })
    }

    fn row_counts(&self) -> Result<RowCounts, StoreError> {
        let version = self.version.load(Ordering::Acquire);
        let kept = || self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counts) = &*kept()
            && counts.version >= version
        {
            return Ok(counts.clone());
        }
        let counts = self.read("count the rows of sources", RowCounts::read)?;
        *kept() = Some(counts.clone());
        Ok(counts)
    }

    /// Commits rows of a source and takes over what that did to the counts.
    fn write_rows(
        &self,
        what: &'static str,
        source: SourceName,
        commit: impl FnOnce(&duckdb::Connection, &mut Memory) -> duckdb::Result<(Ack, Vec<CountChange>)>
        + Send
        + 'static,
    ) -> Result<Ack, StoreError> {
        let version = Arc::clone(&self.version);
        let counts = Arc::clone(&self.counts);
        self.write(what, move |connection, memory| {
            let before = version.load(Ordering::Acquire);
            let (ack, changes) = commit(connection, memory)?;
            let after = state::data_version(connection)?;
            let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
            *counts = counts
                .take()
                .filter(|counts| counts.version == before)
                .and_then(|counts| counts.after(source.as_str(), &changes, after));
            drop(counts);
            version.store(after, Ordering::Release);
            Ok(ack)
        })
    }

    fn write<T: Send + 'static>(
        &self,
        what: &'static str,
        job: impl FnOnce(&duckdb::Connection, &mut Memory) -> duckdb::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let path = self.options.path();
        self.on_engine(|engine| {
            let memory = Arc::clone(&engine.memory);
            let is_dead = Arc::clone(&engine.is_dead);
            engine.writer.run(move |connection| {
                let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
                job(connection, &mut memory).map_err(|error| {
                    if fault::is_dead(connection) {
                        is_dead.store(true, Ordering::Release);
                    }
                    failed(what, &path, error)
                })
            })
        })
    }
}

impl Engine {
    /// Opens the database; returns the version of its data and where a damaged log went.
    fn start(options: &StoreOptions) -> Result<(Self, u64, Option<PathBuf>), StoreError> {
        let path = options.path();
        let opened = open::open(options)?;
        let connection = opened.connection;
        migrate::migrate(&connection, &path)?;
        let fail = |source| failed("open the database", &path, source);
        connection.execute_batch(commit::STAGE_SQL).map_err(fail)?;
        restamp::prepare(&connection, &options.dimensions, &options.believed).map_err(fail)?;
        let wanted = options.roll_ups.as_ref();
        let rollup = wanted.map(|wanted| Arc::new(Rollup::new(wanted, &options.dimensions)));
        if let Some(rollup) = &rollup {
            rollup.prepare(&connection).map_err(fail)?;
        }
        let version = state::data_version(&connection).map_err(fail)?;
        let readers = (0..options.n_readers.max(1))
            .map(|_| {
                let reader = connection.try_clone()?;
                reader.execute_batch(cohort::KEPT_SQL)?;
                Ok(reader)
            })
            .collect::<duckdb::Result<Vec<_>>>()
            .map_err(fail)?;
        let thread = |source: std::io::Error| StoreError::Failed {
            what: "start a thread of the store",
            source: source.into(),
        };
        let engine = Self {
            readers: Readers::new(path.clone(), readers, options.deadline).map_err(thread)?,
            writer: Writer::start(connection, idle(rollup.clone())).map_err(thread)?,
            memory: Arc::new(Mutex::new(Memory::new(&options.believed, rollup.clone()))),
            rollup,
            is_dead: Arc::default(),
        };
        Ok((engine, version, opened.damaged_log))
    }

    fn is_alive(&self) -> bool {
        !self.is_dead.load(Ordering::Acquire)
    }
}

impl Store for DuckStore {
    fn begin_run(&self, source: &SourceName, _at: Timestamp) -> Result<(u64, bool), StoreError> {
        let source = source.to_string();
        self.write("begin a run", move |connection, _| {
            state::begin_run(connection, &source)
        })
    }

    fn commit(&self, unit: CommitUnit) -> Result<Ack, StoreError> {
        let dimensions = Arc::clone(&self.dimensions);
        let source = unit.source.clone();
        self.write_rows("commit a unit", source, move |connection, memory| {
            commit::commit(connection, &dimensions, memory, &unit)
        })
    }

    fn end_run(&self, run: &RunLog) -> Result<(), StoreError> {
        let run = run.clone();
        self.write("note the end of a run", move |connection, memory| {
            state::end_run(connection, &run)?;
            memory.run_ended(connection)
        })
    }

    fn checkpoint(
        &self,
        source: &SourceName,
        stream: &StreamName,
    ) -> Result<Option<Checkpoint>, StoreError> {
        self.read("read a checkpoint", |connection| {
            state::checkpoint(connection, source.as_str(), stream.as_str())
        })
    }

    fn reset(&self, source: &SourceName) -> Result<(), StoreError> {
        let source = source.to_string();
        self.write("forget checkpoints", move |connection, _| {
            state::reset(connection, &source)
        })
    }

    fn source_states(&self) -> Result<Vec<SourceState>, StoreError> {
        let counts = self.row_counts()?;
        self.read("read the state of sources", |connection| {
            state::source_states(connection, &counts.rows)
        })
    }

    fn events(&self, from: Timestamp, to: Timestamp) -> Result<Vec<EventMark>, StoreError> {
        self.read("read events", |connection| {
            state::events(connection, from, to)
        })
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.write("write the log to the database", |connection, _| {
            connection.execute_batch("CHECKPOINT")
        })
    }
}

impl Export for DuckStore {
    fn page(&self, ask: &PageAsk) -> Result<Page, StoreError> {
        let question = export::question(&self.dimensions, ask)?;
        self.read("export rows", |connection| {
            export::page(connection, ask, &question)
        })
    }
}

impl Tally for DuckStore {
    fn tally(&self, plan: &TallyPlan) -> Result<Tallies, TallyError> {
        let mut answers = self.tally_all(std::slice::from_ref(plan))?;
        Ok(answers.pop().unwrap_or_default())
    }

    fn tally_all(&self, plans: &[TallyPlan]) -> Result<Vec<Tallies>, TallyError> {
        let (folding, others): (Vec<_>, Vec<_>) = plans
            .iter()
            .enumerate()
            .partition(|(_, plan)| fold::is_foldable(plan));
        let folded = fold::folded(folding.into_iter());
        let mut answers: Vec<(usize, Tallies)> = Vec::with_capacity(plans.len());
        // A small question keeps one core busy and much of it is planning: side by side they take
        // as long as the longest. Each thread waits for a reader of its own.
        std::thread::scope(|scope| {
            let folded = folded.iter().map(|folded| {
                scope.spawn(move || -> Result<_, TallyError> {
                    let tallies = self.fold(folded, plans)?;
                    Ok(folded.positions.iter().copied().zip(tallies).collect())
                })
            });
            let folded: Vec<_> = folded.collect();
            let others = others.into_iter().map(|(position, plan)| {
                scope.spawn(move || Ok(vec![(position, self.count(plan)?)]))
            });
            let others: Vec<_> = others.collect();
            for thread in folded.into_iter().chain(others) {
                let found: Result<Vec<(usize, Tallies)>, TallyError> = thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                answers.extend(found?);
            }
            Ok(())
        })?;
        answers.sort_by_key(|(position, _)| *position);
        Ok(answers.into_iter().map(|(_, tallies)| tallies).collect())
    }

    fn clusters(&self, plan: &ClusterPlan) -> Result<Vec<ClusterRow>, TallyError> {
        // Read before the rows: what is kept may be newer than it says, never older.
        let version = self.version.load(Ordering::Acquire);
        let key = format!("{plan:?}");
        let kept = || self.clusters.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(clusters) = kept().get(&key, version, plan.is_estimate) {
            return Ok(clusters);
        }
        let question = Writing::new(plan.rows.kind, &self.dimensions)
            .clusters(plan)
            .map_err(unanswered)?;
        let clusters = self
            .read("sum over persons", |connection| {
                cluster::clusters(connection, plan, &question)
            })
            .map_err(unanswered)?;
        kept().put(key, version, &clusters);
        Ok(clusters)
    }

    fn cohorts(&self, plan: &CohortPlan) -> Result<Cohorts, TallyError> {
        let mut answers = self.cohorts_all(std::slice::from_ref(plan))?;
        Ok(answers.pop().unwrap_or_default())
    }

    fn cohorts_all(&self, plans: &[CohortPlan]) -> Result<Vec<Cohorts>, TallyError> {
        let writing = |plan: &CohortPlan| Writing::new(plan.rows.kind, &self.dimensions);
        let questions = plans
            .iter()
            .map(|plan| CohortQuestion::new(plan, || writing(plan)))
            .collect::<Result<Vec<_>, _>>()
            .map_err(unanswered)?;
        let found = self.read("match answers with invitations", |connection| {
            cohort::cohorts(connection, plans, &questions)
        });
        found
            .and_then(|cohorts| cohorts.ok_or_else(cohort::too_contested))
            .map_err(unanswered)
    }

    fn question_sets(&self, metric: &str) -> Result<Vec<QuestionSet>, TallyError> {
        // Read before the rows: what is kept may be newer than it says, never older.
        let version = self.version.load(Ordering::Acquire);
        let kept = || {
            self.questions
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some((known, sets)) = kept().get(metric)
            && *known == version
        {
            return Ok(sets.clone());
        }
        let sets = self
            .read_rolled("list questions", |connection, rollup| {
                match rollup.map(|rollup| rollup.question_sets(connection, metric)) {
                    Some(Ok(None)) | None => {
                        answer::question_sets(connection, answer::ANSWERS, metric)
                    }
                    Some(Ok(Some(sets))) => Ok(sets),
                    Some(Err(error)) => Err(error),
                }
            })
            .map_err(unanswered)?;
        let metrics = RecordKind::Response
            .column("metric")
            .map_or(&[][..], |column| column.values);
        if metrics.contains(&metric) {
            kept().insert(metric.to_owned(), (version, sets.clone()));
        }
        Ok(sets)
    }

    fn extent(
        &self,
        kind: RecordKind,
        filter: &Filter,
        time: RowTime,
        as_of: Option<Timestamp>,
    ) -> Result<Option<(Timestamp, Timestamp)>, TallyError> {
        let question = answer::extent_question(kind, &self.dimensions, filter, time, as_of)
            .map_err(unanswered)?;
        self.read("find the extent of rows", |connection| {
            answer::extent(connection, &question)
        })
        .map_err(unanswered)
    }

    fn periods(&self, plan: &PeriodPlan) -> Result<Periods, TallyError> {
        let question = Writing::new(plan.kind, &self.dimensions)
            .periods(plan)
            .map_err(unanswered)?;
        self.read("list the periods of customers", |connection| {
            period::periods(connection, &question)
        })
        .map_err(unanswered)
    }

    fn stances(&self, plan: &StancePlan) -> Result<Vec<Stance>, TallyError> {
        let question = Writing::new(RecordKind::Response, &self.dimensions)
            .stances(plan)
            .map_err(unanswered)?;
        self.read("list the answers of customers", |connection| {
            stance::stances(connection, &question)
        })
        .map_err(unanswered)
    }

    fn data_version(&self) -> DataVersion {
        DataVersion(self.version.load(Ordering::Acquire))
    }
}

/// Returns what the writing thread does when nothing waits: it tallies changed days.
fn idle(rollup: Option<Arc<Rollup>>) -> impl FnMut(&duckdb::Connection) -> bool {
    move |connection| {
        let Some(rollup) = &rollup else { return false };
        rollup.catch_up(connection).unwrap_or_else(|error| {
            // Rows go on answering; the next commit tries again.
            tracing::warn!(%error, "days could not be tallied");
            false
        })
    }
}

fn unanswered(error: StoreError) -> TallyError {
    match error {
        StoreError::Deadline { deadline_s } => TallyError::Deadline { deadline_s },
        other => TallyError::Store(Box::new(other)),
    }
}

#[cfg(test)]
mod tests;
