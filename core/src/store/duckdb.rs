//! The store on DuckDB: one file, one writer, a few readers, everything bounded.

mod answer;
mod append;
mod beside;
mod bucket;
mod cluster;
mod cohort;
mod commit;
mod compact;
mod counts;
mod directory;
mod erase;
mod export;
mod fault;
mod fold;
mod forecast;
mod inbox;
mod known;
mod merge;
mod migrate;
mod open;
mod options;
mod period;
mod person;
mod pushed;
mod question;
mod reader;
mod restamp;
mod retire;
mod review;
mod rollup;
mod seen;
mod sheet;
mod sieve;
mod stamp;
mod stance;
mod state;
mod table;
mod tally;
mod upkeep;
mod writer;

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Instant;

use jiff::Timestamp;

use self::cluster::KeptClusters;
use self::commit::Memory;
use self::counts::{CountChange, RowCounts};
use self::fault::failed;
use self::reader::Readers;
use self::rollup::Rollup;
use self::writer::Writer;
use crate::plan::{Dimension, QuestionSet, Survey};
use crate::record::{RecordKind, SourceName, StreamName};
use crate::store::export::{Export, Page, PageAsk};
use crate::store::{
    Ack, Checkpoint, CommitUnit, EventMark, Foretelling, RunLog, SourceState, Store, StoreError,
};

pub use open::enter as hold;
pub use options::StoreOptions;
pub use rollup::RollUps;
pub use table::{DimensionField, DimensionSpec};

/// The store. Every commit that was acknowledged is seen by the next question.
pub struct DuckStore {
    // Fields drop in this order: the connections before the lock that guards them.
    engine: RwLock<Option<Engine>>,
    /// Shared by everything that writes; held alone while the database is rewritten.
    writes: RwLock<()>,
    version: Arc<AtomicU64>,
    dimensions: Arc<[DimensionSpec]>,
    options: StoreOptions,
    damaged_log: Option<PathBuf>,
    /// The questions of each metric as of a data version: every answer asks for them, and they
    /// take a scan of all rows. At most one entry a metric of the record kind.
    questions: Mutex<HashMap<String, (u64, Vec<QuestionSet>)>>,
    /// The surveys that promised anonymity, as of a data version: every answer asks for them too.
    anonymous: Mutex<Option<(u64, BTreeSet<Survey>)>>,
    /// The most values that an answer had of a dimension: at most one entry for each that a kind can
    /// be split by.
    widths: Mutex<HashMap<(RecordKind, Dimension), usize>>,
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
        let (engine, version, damaged_log) = compact::start(&options)?;
        Ok(Self {
            engine: RwLock::new(Some(engine)),
            writes: RwLock::default(),
            version: Arc::new(AtomicU64::new(version)),
            dimensions: options.dimensions.clone().into(),
            options,
            damaged_log,
            questions: Mutex::default(),
            anonymous: Mutex::default(),
            widths: Mutex::default(),
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
        let _shared = self.writes.read().unwrap_or_else(PoisonError::into_inner);
        self.write_in_turn(what, job)
    }

    /// As [`Self::write`], for one that holds the right to write already.
    fn write_in_turn<T: Send + 'static>(
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
        let marks = sieve::load(&connection, &options.dir)?;
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
            memory: Arc::new(Mutex::new(Memory::new(
                &options.believed,
                marks,
                rollup.clone(),
            ))),
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

    fn foretell(&self, question: &str, foretold: &[Foretelling]) -> Result<(), StoreError> {
        let (question, foretold) = (question.to_owned(), foretold.to_vec());
        self.write("keep forecasts", move |connection, _| {
            forecast::keep(connection, &question, &foretold)
        })
    }

    fn foretold(&self, question: &str) -> Result<Vec<Foretelling>, StoreError> {
        self.read("read forecasts", |connection| {
            forecast::read(connection, question)
        })
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.write("write the log to the database", |connection, _| {
            // Without the word it would fail where a question is being answered; with it, it waits.
            connection.execute_batch("FORCE CHECKPOINT")
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

#[cfg(test)]
mod tests;
