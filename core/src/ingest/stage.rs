//! What a stream gave since its last checkpoint, until a checkpoint covers it.

use arrow_array::{Array, RecordBatch};

use crate::record::StreamName;
use crate::record::door::{KindBatch, Reject};
use crate::store::Checkpoint;

/// Most bytes a plugin may emit without a checkpoint: they are held in memory, and all of them
/// are read again when the run fails.
const STAGED_BYTES_MAX: usize = 256 * 1024 * 1024;
/// What a refused record is taken to weigh in memory, in bytes.
const REJECT_BYTES: usize = 256;

/// Rows and refused records with the checkpoint that covers them.
#[derive(Debug)]
pub(super) struct Covered {
    pub(super) stream: StreamName,
    pub(super) rows: Staged,
    pub(super) checkpoint: Checkpoint,
}

/// Rows and refused records that no checkpoint covers yet.
#[derive(Debug, Default)]
pub(super) struct Staged {
    pub(super) batches: Vec<KindBatch>,
    pub(super) rejects: Vec<Reject>,
    pub(super) n_rows: usize,
    pub(super) n_bytes: usize,
}

/// The plugin emitted too much without a checkpoint.
#[derive(Debug, thiserror::Error)]
#[error("the plugin emitted more than 256 MiB without a checkpoint")]
pub(super) struct StageFull;

impl Staged {
    pub(super) fn batch(&mut self, batch: KindBatch) -> Result<(), StageFull> {
        self.n_rows += batch.rows.num_rows();
        self.n_bytes += bytes(&batch.rows);
        if batch.rows.num_rows() > 0 {
            self.batches.push(batch);
        }
        self.check()
    }

    pub(super) fn reject(&mut self, reject: Reject) -> Result<(), StageFull> {
        self.n_bytes += REJECT_BYTES;
        self.rejects.push(reject);
        self.check()
    }

    /// Rows and refused records: both cost a row in the store.
    pub(super) fn n_records(&self) -> usize {
        self.n_rows + self.rejects.len()
    }

    pub(super) fn append(&mut self, later: Self) {
        self.batches.extend(later.batches);
        self.rejects.extend(later.rejects);
        self.n_rows += later.n_rows;
        self.n_bytes += later.n_bytes;
    }

    fn check(&self) -> Result<(), StageFull> {
        match self.n_bytes <= STAGED_BYTES_MAX {
            true => Ok(()),
            false => Err(StageFull),
        }
    }
}

/// Returns what the rows weigh: their own part of buffers they may share with other columns.
fn bytes(rows: &RecordBatch) -> usize {
    rows.columns()
        .iter()
        .map(|column| column.to_data().get_slice_memory_size().unwrap_or(0))
        .sum()
}
