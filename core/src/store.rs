//! Keeps what customers said and did: the storage boundary, and DuckDB behind it.
//!
//! Rows and the checkpoint that covers them commit together. Above this boundary there is no SQL
//! and no `duckdb::` type; below it no ratio, no time zone and no clock.

use std::path::PathBuf;

use jiff::Timestamp;

use crate::plan::Tally;
use crate::record::{RecordKind, SourceName, StreamName};

pub mod duckdb;
pub mod export;
pub mod forecast;
pub mod mark;
pub mod push;
pub mod upkeep;

pub use crate::record::door::{KindBatch, Reject};
pub use forecast::Foretelling;

/// Where a stream's next read starts; opaque to the daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The plugin's cursor, a JSON object of at most 64 KiB.
    pub json: String,
    /// Version of the cursor's format, declared by the plugin.
    pub format: u32,
    /// Version of the plugin that wrote it.
    pub plugin_version: String,
}

/// A stream's rows since its last checkpoint, and the checkpoint that covers them.
#[derive(Debug)]
pub struct CommitUnit {
    /// Source the rows belong to.
    pub source: SourceName,
    /// Stream they were read from.
    pub stream: StreamName,
    /// The run that read them; only the latest run of a source may commit.
    pub run_id: u64,
    /// Position of the unit in its run, from 0; the same position again is a no-op.
    pub unit_idx: u64,
    /// Rows, in the order they were emitted.
    pub batches: Vec<KindBatch>,
    /// Records refused since the last checkpoint.
    pub rejects: Vec<Reject>,
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// Whether this is part of the source's first full read (then `known_at` is the row's
    /// `updated_at` where that is earlier than the commit).
    pub is_first_read: bool,
    /// Commit time.
    pub committed_at: Timestamp,
}

/// What became of a commit unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ack {
    /// Its rows and checkpoint are durable.
    Applied {
        /// Rows that changed something (new, newer version or deletion).
        n_changed: u64,
        /// Rows that were refused because their person was erased.
        n_erased: u64,
    },
    /// It was committed before.
    AlreadyApplied,
    /// A newer run of the source exists; nothing was written.
    Fenced,
}

/// How a run of a source ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunLog {
    /// Source that ran.
    pub source: SourceName,
    /// The run.
    pub run_id: u64,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// Rows received.
    pub n_rows: u64,
    /// Records refused.
    pub n_rejects: u64,
    /// `None` for a success, else the closed reason and the message for the operator.
    pub failure: Option<(String, String)>,
}

/// What is known of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceState {
    /// The source.
    pub source: SourceName,
    /// Live rows per kind, kinds with rows only.
    pub rows: Vec<(RecordKind, u64)>,
    /// End of the last successful run.
    pub last_success: Option<Timestamp>,
    /// The last run, successful or not.
    pub last_run: Option<RunLog>,
    /// Refused records by reason, all days.
    pub rejects: Vec<(String, u64)>,
    /// The most recent refused records, newest first, at most 20.
    pub reject_samples: Vec<Reject>,
    /// Streams and their checkpoints.
    pub checkpoints: Vec<(StreamName, Checkpoint)>,
    /// Latest event time of its facts.
    pub newest_record: Option<Timestamp>,
}

/// Why the store refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process owns the directory.
    #[error("another vocd{} is using `{dir}`", .pid.map(|pid| format!(" (process {pid})")).unwrap_or_default())]
    Locked {
        /// The data directory.
        dir: PathBuf,
        /// The process that owns it, when it says so.
        pid: Option<u32>,
    },
    /// The directory or a file in it cannot be written.
    #[error("failed to write to `{path}`")]
    ReadOnly {
        /// The directory or file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: Cause,
    },
    /// No space is left; nothing of the unit was written and the store stays usable.
    #[error("no space left for `{path}`")]
    DiskFull {
        /// The database file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: Cause,
    },
    /// The database file is damaged; it was left as it is.
    #[error("the database `{path}` is damaged")]
    Corrupt {
        /// The database file.
        path: PathBuf,
        /// What the engine said.
        #[source]
        source: Cause,
    },
    /// The file was written by a newer vocd.
    #[error("the database `{path}` has layout {found}, this vocd knows {known}")]
    Newer {
        /// The database file.
        path: PathBuf,
        /// Layout of the file.
        found: u32,
        /// Newest layout this program knows.
        known: u32,
    },
    /// A migration that was applied is not the one this program has.
    #[error("migration {version} of `{path}` is not the one this vocd has")]
    Migration {
        /// The database file.
        path: PathBuf,
        /// Number of the migration.
        version: u32,
    },
    /// The database could not be opened.
    #[error("failed to open the database `{path}`")]
    Open {
        /// The database file.
        path: PathBuf,
        /// What the engine said.
        #[source]
        source: Cause,
    },
    /// The query ran past its deadline and was stopped.
    #[error("the query took longer than {deadline_s} s and was stopped")]
    Deadline {
        /// The deadline.
        deadline_s: u64,
    },
    /// The plan names a dimension that is not configured.
    #[error("no dimension `{name}` is configured")]
    UnknownDimension {
        /// Name in the plan.
        name: String,
    },
    /// The plan asks for something the kind does not have.
    #[error("`{kind}` has no column `{column}` that can be used here")]
    UnknownColumn {
        /// Name of the kind.
        kind: &'static str,
        /// Name in the plan.
        column: String,
    },
    /// The engine failed.
    #[error("failed to {what}")]
    Failed {
        /// What was attempted.
        what: &'static str,
        /// What the engine said.
        #[source]
        source: Cause,
    },
    /// The engine gave up on its database after an earlier failure.
    #[error("the engine gave up on `{path}`; it is opened again with the next question")]
    Invalidated {
        /// The database file.
        path: PathBuf,
        /// What the engine said.
        #[source]
        source: Cause,
    },
    /// There is too little room for a copy of the database.
    #[error(
        "compacting needs {} MiB free in `{path}`, there are {} MiB",
        needed_bytes.div_ceil(1 << 20), free_bytes >> 20
    )]
    NoRoom {
        /// The folder of the copy.
        path: PathBuf,
        /// Bytes that the copy may take.
        needed_bytes: u64,
        /// Bytes that are free.
        free_bytes: u64,
    },
    /// A copy of the database has not the rows of the original, which was kept.
    #[error("the compacted database has {found} rows of `{table}`, expected {expected}")]
    Unequal {
        /// The table.
        table: String,
        /// Rows of the original.
        expected: u64,
        /// Rows of the copy.
        found: u64,
    },
    /// The key of the marks of erased persons is not the one they were made with.
    #[error("the key `{path}` of erased persons {}", if *.is_there { "is not the one of this database" } else { "is missing" })]
    ErasureKey {
        /// The file of the key.
        path: PathBuf,
        /// Whether there is one.
        is_there: bool,
    },
    /// The store is closing.
    #[error("the store is closed")]
    Closed,
}

/// An error of the engine or the system, behind the boundary.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

impl StoreError {
    /// Returns what an operator can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Locked { .. } => Some("stop the other vocd, or give this one its own data_dir"),
            Self::ReadOnly { .. } => Some("make data_dir writable for the user that runs vocd"),
            Self::DiskFull { .. } => Some("free some space; vocd retries by itself"),
            Self::Corrupt { .. } => Some(
                "keep a copy of the file; then restore a backup, or move it away and read the \
                 sources again",
            ),
            Self::Newer { .. } => Some("run the newer vocd, or restore the backup it made"),
            Self::Migration { .. } => Some("run the vocd that wrote the file"),
            Self::Deadline { .. } => Some("ask for a shorter range or fewer groups"),
            Self::NoRoom { .. } => Some("free some space; nothing was changed"),
            Self::Unequal { .. } => Some("the database is as it was; run `vocd doctor`"),
            Self::ErasureKey { .. } => Some(
                "put the file back from the data directory that the database came from: without \
                 it, persons who were erased would come back",
            ),
            _ => None,
        }
    }
}

/// A place that keeps records and answers plans.
pub trait Store: Tally {
    /// Begins a run and fences every earlier one of the source. Returns its id, and whether the
    /// source has never completed a full read.
    ///
    /// # Errors
    /// When the store fails.
    fn begin_run(&self, source: &SourceName, at: Timestamp) -> Result<(u64, bool), StoreError>;

    /// Makes a unit's rows and checkpoint durable together, each record once.
    ///
    /// # Errors
    /// When nothing of the unit was written.
    fn commit(&self, unit: CommitUnit) -> Result<Ack, StoreError>;

    /// Notes how a run ended (rejects since the last checkpoint are dropped with their rows).
    ///
    /// # Errors
    /// When the store fails.
    fn end_run(&self, run: &RunLog) -> Result<(), StoreError>;

    /// Returns the checkpoint of a stream, if it has one.
    ///
    /// # Errors
    /// When the store fails.
    fn checkpoint(
        &self,
        source: &SourceName,
        stream: &StreamName,
    ) -> Result<Option<Checkpoint>, StoreError>;

    /// Forgets every checkpoint of a source; its rows stay and the next read meets them again.
    ///
    /// # Errors
    /// When the store fails.
    fn reset(&self, source: &SourceName) -> Result<(), StoreError>;

    /// Returns the state of every source that ever ran, by name.
    ///
    /// # Errors
    /// When the store fails.
    fn source_states(&self) -> Result<Vec<SourceState>, StoreError>;

    /// Returns events that overlap the range (from sources), by time, at most 200.
    ///
    /// # Errors
    /// When the store fails.
    fn events(&self, from: Timestamp, to: Timestamp) -> Result<Vec<EventMark>, StoreError>;

    /// Keeps what was foreseen of a question's next buckets, unless so much was said of them before.
    /// Answers do not change by it.
    ///
    /// # Errors
    /// When the store fails.
    fn foretell(&self, question: &str, foretold: &[Foretelling]) -> Result<(), StoreError>;

    /// Returns what was foreseen of a question so far, by bucket and how far ahead.
    ///
    /// # Errors
    /// When the store fails.
    fn foretold(&self, question: &str) -> Result<Vec<Foretelling>, StoreError>;

    /// Writes everything that is only in the log to the main file.
    ///
    /// # Errors
    /// When the store fails.
    fn flush(&self) -> Result<(), StoreError>;
}

/// Something that happened and may explain a move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventMark {
    /// When.
    pub happened_at: Timestamp,
    /// What, in a few words.
    pub label: String,
    /// `release`, `incident`, …; see the record kind `event`.
    pub event_kind: Option<String>,
}
