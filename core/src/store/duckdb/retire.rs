//! Takes replaced rows out of the current ones: marked at once, moved to history with many others.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, TimestampMicrosecondArray};
use duckdb::Connection;

use super::append::column_names;
use super::commit::arrow_failure;
use super::merge::Decision;
use super::table::{DimensionSpec, history, quoted};
use crate::record::RecordKind;

/// Replaced rows of a kind that may wait in its table. To move them reads every column of nearly
/// the whole table, while the queries pass over so many in about a millisecond.
const WAITING_MAX: usize = match cfg!(test) {
    true => 4, // so that the tests of the store see both
    false => 128 * 1024,
};

/// Counts the replaced rows that wait, by kind.
#[derive(Default)]
pub(super) struct Retired {
    n_waiting: [Option<usize>; RecordKind::ALL.len()],
}

impl Retired {
    /// Marks replaced rows, and puts current rows into the bucket an older version gives them.
    pub(super) fn retire(
        &mut self,
        connection: &Connection,
        dimensions: &[DimensionSpec],
        kind: RecordKind,
        decision: &Decision,
    ) -> duckdb::Result<()> {
        let table = kind.name();
        if !decision.moved.is_empty() {
            stage_rows(connection, decision.moved.iter().copied())?;
            connection.execute_batch(&format!(
                "UPDATE {table} SET bucket_time = s.bucket_time FROM staged_row s \
                 WHERE {table}.rowid = s.row"
            ))?;
        }
        if decision.replaced.is_empty() {
            return Ok(());
        }
        let before = self.waiting(connection, kind)?;
        stage_rows(connection, decision.replaced.iter().map(|row| (*row, None)))?;
        connection.execute_batch(&format!(
            "UPDATE {table} SET superseded = true WHERE rowid IN (SELECT row FROM staged_row)"
        ))?;
        let mut n_waiting = before + decision.replaced.len();
        if n_waiting > WAITING_MAX {
            move_to_history(connection, dimensions, kind)?;
            n_waiting = 0;
        }
        // Should the commit fail, the next move comes early or late by its rows; no harm is done.
        self.n_waiting[kind as usize] = Some(n_waiting);
        Ok(())
    }

    fn waiting(&self, connection: &Connection, kind: RecordKind) -> duckdb::Result<usize> {
        match self.n_waiting[kind as usize] {
            Some(n_waiting) => Ok(n_waiting),
            None => connection.query_row(
                &format!("SELECT count(*) FROM {} WHERE superseded", kind.name()),
                [],
                |row| row.get(0),
            ),
        }
    }
}

fn move_to_history(
    connection: &Connection,
    dimensions: &[DimensionSpec],
    kind: RecordKind,
) -> duckdb::Result<()> {
    let names = column_names(dimensions, kind);
    let columns: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    connection.execute_batch(&format!(
        "INSERT INTO {history} ({columns}) SELECT {columns} FROM {table} WHERE superseded; \
         DELETE FROM {table} WHERE superseded;",
        history = history(kind),
        columns = columns.join(", "),
        table = kind.name(),
    ))
}

fn stage_rows(
    connection: &Connection,
    rows: impl Iterator<Item = (i64, Option<i64>)>,
) -> duckdb::Result<()> {
    connection.execute_batch("TRUNCATE staged_row")?;
    let (rows, buckets): (Vec<i64>, Vec<Option<i64>>) = rows.unzip();
    let batch = RecordBatch::try_from_iter([
        ("row", Arc::new(Int64Array::from(rows)) as ArrayRef),
        (
            "bucket_time",
            Arc::new(TimestampMicrosecondArray::from(buckets)) as ArrayRef,
        ),
    ])
    .map_err(arrow_failure)?;
    let mut appender = connection.appender_to_catalog_and_db("staged_row", "temp", "main")?;
    appender.append_record_batch(batch)?;
    appender.flush()
}
