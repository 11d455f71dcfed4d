//! How a store is opened: its directory, its bounds, and what it stamps on rows.

use std::path::PathBuf;
use std::time::Duration;

use super::rollup::RollUps;
use super::table::DimensionSpec;
use crate::record::SourceName;

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

    /// Returns the database file.
    pub(super) fn path(&self) -> PathBuf {
        self.dir.join("vocd.duckdb")
    }
}
