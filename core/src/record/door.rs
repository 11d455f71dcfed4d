//! The door: a plugin's Arrow batch becomes checked rows in one normal form, or rejects.
//!
//! Whatever passes here needs no further check: every column of the kind is there, in schema
//! order, times have no zone, defaults are filled in, and each row knows its key and digest.

mod attribute;
mod digest;
mod normal;
mod rule;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, DataType};
use jiff::Timestamp;

use crate::record::{RecordKind, SourceName};

pub use digest::key_of;
pub use normal::{BUCKET_TIME, DIGEST, KEY, normal_schema, plugin_type};
pub use rule::{FUTURE, Reason, TEXT_BYTES_MAX};

/// Checked rows of one kind, in the door's normal form: `key`, every column of the kind in schema
/// order, `bucket_time`, `digest` (see [`normal_schema`]).
#[derive(Debug, Clone)]
pub struct KindBatch {
    /// Kind of the rows.
    pub kind: RecordKind,
    /// The rows.
    pub rows: RecordBatch,
}

/// One record that was refused, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Kind it would have been.
    pub kind: RecordKind,
    /// Reason from the closed list, such as `score_out_of_scale`.
    pub reason: String,
    /// Where it stands at the source, such as `answers.csv:17`, or its id.
    pub place: String,
    /// What is wrong, in words, without personal values.
    pub detail: String,
}

/// What became of one plugin batch.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The rows that passed; may be empty.
    pub batch: KindBatch,
    /// The rows that did not, in row order.
    pub rejects: Vec<Reject>,
}

/// Why a whole batch was refused: the plugin broke the contract, not a record its rules.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// The kind has no such column.
    #[error("`{kind}` has no column `{column}`")]
    UnknownColumn {
        /// Name of the kind.
        kind: &'static str,
        /// Name in the batch.
        column: String,
    },
    /// The same column twice.
    #[error("column `{column}` of `{kind}` is there twice")]
    TwiceColumn {
        /// Name of the kind.
        kind: &'static str,
        /// Name in the batch.
        column: String,
    },
    /// The column has another type than the kind's.
    #[error("column `{column}` of `{kind}` is {found}, expected {expected}")]
    WrongType {
        /// Name of the kind.
        kind: &'static str,
        /// Name in the batch.
        column: String,
        /// Type in the batch.
        found: DataType,
        /// Type of the kind's column.
        expected: DataType,
    },
    /// The batch could not be laid out.
    #[error("failed to lay out a batch of `{kind}`")]
    Layout {
        /// Name of the kind.
        kind: &'static str,
        /// What Arrow said.
        #[source]
        source: ArrowError,
    },
}

/// Checks the batches of one source.
#[derive(Debug, Clone)]
pub struct Door {
    source: SourceName,
}

impl Door {
    /// Returns the door of a source; rows get their keys from its name.
    #[must_use]
    pub const fn new(source: SourceName) -> Self {
        Self { source }
    }

    /// Turns a plugin's batch (any subset of the kind's columns, in any order) into the normal
    /// form; rows that break a rule become rejects.
    ///
    /// # Errors
    /// When the batch's columns are not the kind's: then no row of it can be trusted.
    pub fn check(
        &self,
        kind: RecordKind,
        batch: &RecordBatch,
        now: Timestamp,
    ) -> Result<Checked, DoorError> {
        let layout = |source| DoorError::Layout {
            kind: kind.name(),
            source,
        };
        let columns = normal::arrange(kind, batch)?;
        let faults = rule::faults(kind, &columns, batch.num_rows(), now);
        let rejects = rejects(kind, &columns, &faults);
        let columns = match faults.is_empty() {
            true => columns,
            false => normal::without(&columns, &faults, batch.num_rows()).map_err(layout)?,
        };
        let n_rows = batch.num_rows() - faults.len();
        let columns = normal::with_defaults(kind, columns, n_rows, now);
        let rows = digest::finish(&self.source, kind, columns).map_err(layout)?;
        Ok(Checked {
            batch: KindBatch { kind, rows },
            rejects,
        })
    }
}

fn rejects(kind: RecordKind, columns: &[ArrayRef], faults: &[rule::Fault]) -> Vec<Reject> {
    faults
        .iter()
        .map(|fault| Reject {
            kind,
            reason: fault.reason.name().to_owned(),
            place: normal::place(columns, fault.row_idx),
            detail: fault.detail.clone(),
        })
        .collect()
}

#[cfg(test)]
mod tests;
