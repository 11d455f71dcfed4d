//! The store on DuckDB: one file, one writer, a few readers, everything bounded.

mod answer;
mod commit;
mod directory;
mod fault;
mod merge;
mod migrate;
mod open;
mod question;
mod reader;
mod restamp;
mod stamp;
mod state;
mod table;
mod writer;

use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use self::directory::Directory;
use self::fault::failed;
use self::question::Writing;
use self::reader::Readers;
use self::writer::Writer;
use crate::plan::{DataVersion, Filter, QuestionSet, Tallies, Tally, TallyError, TallyPlan};
use crate::record::{RecordKind, SourceName, StreamName};
use crate::store::{
    Ack, Checkpoint, CommitUnit, EventMark, RunLog, SourceState, Store, StoreError,
};

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
        }
    }

    fn path(&self) -> PathBuf {
        self.dir.join("vocd.duckdb")
    }
}

/// The store. Clones of the reading connections see every commit that was acknowledged.
pub struct DuckStore {
    // Fields drop in this order: the connections before the lock that guards them.
    readers: Readers,
    writer: Writer,
    version: Arc<AtomicU64>,
    dimensions: Arc<[DimensionSpec]>,
    /// Who is who, as of the last commit; only the writing thread looks at it.
    directory: Arc<Mutex<Option<Directory>>>,
    path: PathBuf,
    damaged_log: Option<PathBuf>,
    _lock: File,
}

impl DuckStore {
    /// Opens the store, creating or bringing its file to the newest layout.
    ///
    /// # Errors
    /// When another process has the directory, it cannot be written, or the file is damaged or
    /// newer than this program.
    pub fn open(options: StoreOptions) -> Result<Self, StoreError> {
        let path = options.path();
        let opened = open::open(&options)?;
        let connection = opened.connection;
        migrate::migrate(&connection, &path)?;
        let fail = |source| failed("open the database", &path, source);
        connection.execute_batch(commit::STAGE_SQL).map_err(fail)?;
        restamp::prepare(&connection, &options.dimensions).map_err(fail)?;
        let version = state::data_version(&connection).map_err(fail)?;
        let readers = (0..options.n_readers.max(1))
            .map(|_| connection.try_clone())
            .collect::<duckdb::Result<Vec<_>>>()
            .map_err(fail)?;
        let writer = Writer::start(connection).map_err(|source| StoreError::Failed {
            what: "start the writing thread",
            source: source.into(),
        })?;
        Ok(Self {
            readers: Readers::new(path.clone(), readers, options.deadline),
            writer,
            version: Arc::new(AtomicU64::new(version)),
            dimensions: options.dimensions.into(),
            directory: Arc::default(),
            path,
            damaged_log: opened.damaged_log,
            _lock: opened.lock,
        })
    }

    /// Returns where a damaged log was set aside when the store was opened.
    #[must_use]
    pub fn damaged_log(&self) -> Option<&std::path::Path> {
        self.damaged_log.as_deref()
    }

    fn write<T: Send + 'static>(
        &self,
        what: &'static str,
        job: impl FnOnce(&duckdb::Connection) -> duckdb::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let path = self.path.clone();
        self.writer
            .run(move |connection| job(connection).map_err(|error| failed(what, &path, error)))
    }
}

impl Store for DuckStore {
    fn begin_run(&self, source: &SourceName, _at: Timestamp) -> Result<(u64, bool), StoreError> {
        let source = source.to_string();
        self.write("begin a run", move |connection| {
            state::begin_run(connection, &source)
        })
    }

    fn commit(&self, unit: CommitUnit) -> Result<Ack, StoreError> {
        let dimensions = Arc::clone(&self.dimensions);
        let version = Arc::clone(&self.version);
        let directory = Arc::clone(&self.directory);
        self.write("commit a unit", move |connection| {
            let mut directory = directory.lock().unwrap_or_else(PoisonError::into_inner);
            let ack = commit::commit(connection, &dimensions, &mut directory, &unit)?;
            version.store(state::data_version(connection)?, Ordering::Release);
            Ok(ack)
        })
    }

    fn end_run(&self, run: &RunLog) -> Result<(), StoreError> {
        let run = run.clone();
        self.write("note the end of a run", move |connection| {
            state::end_run(connection, &run)
        })
    }

    fn checkpoint(
        &self,
        source: &SourceName,
        stream: &StreamName,
    ) -> Result<Option<Checkpoint>, StoreError> {
        self.readers.read("read a checkpoint", |connection| {
            state::checkpoint(connection, source.as_str(), stream.as_str())
        })
    }

    fn reset(&self, source: &SourceName) -> Result<(), StoreError> {
        let source = source.to_string();
        self.write("forget checkpoints", move |connection| {
            state::reset(connection, &source)
        })
    }

    fn source_states(&self) -> Result<Vec<SourceState>, StoreError> {
        self.readers
            .read("read the state of sources", state::source_states)
    }

    fn events(&self, from: Timestamp, to: Timestamp) -> Result<Vec<EventMark>, StoreError> {
        self.readers.read("read events", |connection| {
            state::events(connection, from, to)
        })
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.write("write the log to the database", |connection| {
            connection.execute_batch("CHECKPOINT")
        })
    }
}

impl Tally for DuckStore {
    fn tally(&self, plan: &TallyPlan) -> Result<Tallies, TallyError> {
        let question = Writing::new(plan.kind, &self.dimensions)
            .tally(plan)
            .map_err(unanswered)?;
        self.readers
            .read("answer a plan", |connection| {
                answer::tally(connection, plan, &question)
            })
            .map_err(unanswered)
    }

    fn question_sets(&self, metric: &str) -> Result<Vec<QuestionSet>, TallyError> {
        self.readers
            .read("list questions", |connection| {
                answer::question_sets(connection, metric)
            })
            .map_err(unanswered)
    }

    fn extent(
        &self,
        kind: RecordKind,
        filter: &Filter,
        as_of: Option<Timestamp>,
    ) -> Result<Option<(Timestamp, Timestamp)>, TallyError> {
        let question =
            answer::extent_question(kind, &self.dimensions, filter, as_of).map_err(unanswered)?;
        self.readers
            .read("find the extent of rows", |connection| {
                answer::extent(connection, &question)
            })
            .map_err(unanswered)
    }

    fn data_version(&self) -> DataVersion {
        DataVersion(self.version.load(Ordering::Acquire))
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
