//! The writing side of a pull: commits transactions while the reading side goes on.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;

use super::queue::CommitQueue;
use crate::record::SourceName;
use crate::store::{Ack, CommitUnit, Store, StoreError};

/// The run whose rows are written.
#[derive(Debug)]
pub(super) struct WriterRun<'a> {
    pub(super) source: &'a SourceName,
    pub(super) run_id: u64,
    pub(super) is_first_read: bool,
}

/// What was written so far; read by the other side for its progress.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) n_rows: AtomicU64,
    pub(super) n_changed: AtomicU64,
    /// Refused by the store: their person was erased.
    pub(super) n_erased: AtomicU64,
    pub(super) n_commits: AtomicU64,
}

/// Why writing stopped early.
#[derive(Debug)]
pub(super) enum WriteError {
    Store(StoreError),
    Fenced,
}

/// Commits what the queue gives until it is closed.
pub(super) fn write(
    store: &dyn Store,
    run: &WriterRun<'_>,
    queue: &CommitQueue,
    written: &Written,
) -> Result<(), WriteError> {
    // Whatever ends this thread, the reading side must not wait for it.
    let _free = FreeReader(queue);
    let mut unit_idx = 0;
    while let Some(covered) = queue.pop() {
        let n_rows = covered.rows.n_rows as u64;
        let ack = store
            .commit(CommitUnit {
                source: run.source.clone(),
                stream: covered.stream,
                run_id: run.run_id,
                unit_idx,
                batches: covered.rows.batches,
                rejects: covered.rows.rejects,
                checkpoint: covered.checkpoint,
                is_first_read: run.is_first_read,
                committed_at: Timestamp::now(),
            })
            .map_err(WriteError::Store)?;
        unit_idx += 1;
        match ack {
            Ack::Applied {
                n_changed,
                n_erased,
            } => {
                written.n_changed.fetch_add(n_changed, Ordering::Relaxed);
                written.n_erased.fetch_add(n_erased, Ordering::Relaxed);
            }
            Ack::AlreadyApplied => {}
            Ack::Fenced => return Err(WriteError::Fenced),
        }
        written.n_rows.fetch_add(n_rows, Ordering::Relaxed);
        written.n_commits.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

struct FreeReader<'a>(&'a CommitQueue);

impl Drop for FreeReader<'_> {
    fn drop(&mut self) {
        self.0.fail();
    }
}
