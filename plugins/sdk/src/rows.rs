//! Typed, columnar building of rows; a batch becomes Arrow arrays without copying.

use std::sync::Arc;

use crate::array::{Pool, Rows};
use crate::column::ColumnData;
use crate::record::Column;
use crate::{Error, RecordKind, Result};

pub use crate::abi::{BATCH_BYTES_MAX, BATCH_ROWS_MAX};

/// Rows after which [`RowsBuilder::is_full`] asks for a batch: large enough to make the cost of a
/// batch vanish, small enough to stay in the processor's cache.
pub const BATCH_ROWS_TARGET: usize = 8_192;
/// Bytes after which [`RowsBuilder::is_full`] asks for a batch: half of what a batch may hold.
const BATCH_BYTES_TARGET: usize = BATCH_BYTES_MAX / 2;

/// Builds batches of one record kind, column by column.
///
/// Columns are addressed by their position in the list given to [`RowsBuilder::new`]. A column not
/// pushed in a row is null there; a column not in the list is absent from the batch, which is the
/// same as null in every row.
#[derive(Debug)]
pub struct RowsBuilder {
    kind: RecordKind,
    columns: Arc<[&'static Column]>,
    data: Vec<ColumnData>,
    n_rows: usize,
    pool: Pool,
}

impl RowsBuilder {
    /// Makes a builder for these columns of a kind.
    ///
    /// # Errors
    /// Class `internal` when the kind has no such column or one is named twice.
    pub fn new(kind: RecordKind, column_names: &[&str]) -> Result<Self> {
        let mut columns: Vec<&'static Column> = Vec::with_capacity(column_names.len());
        for name in column_names {
            let column = kind.column(name).ok_or_else(|| {
                let columns: Vec<&str> = kind.columns().map(|column| column.name).collect();
                Error::internal(format!(
                    "record kind `{}` has no column `{name}`; its columns are {}",
                    kind.name(),
                    columns.join(", ")
                ))
            })?;
            if columns.iter().any(|other| other.name == column.name) {
                return Err(Error::internal(format!("column `{name}` is named twice")));
            }
            columns.push(column);
        }
        Ok(Self {
            kind,
            data: columns
                .iter()
                .map(|column| ColumnData::new(column.column_type))
                .collect(),
            columns: columns.into(),
            n_rows: 0,
            pool: Pool::default(),
        })
    }

    /// Returns the record kind.
    #[must_use]
    pub fn kind(&self) -> RecordKind {
        self.kind
    }

    /// Returns the columns, in the order of their positions.
    #[must_use]
    pub fn columns(&self) -> &[&'static Column] {
        &self.columns
    }

    /// Returns the number of finished rows.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Returns whether it is time to emit the rows: 8,192 rows or half a batch of bytes.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.n_rows >= BATCH_ROWS_TARGET
            || self.data.iter().map(ColumnData::n_bytes).sum::<usize>() >= BATCH_BYTES_TARGET
    }

    /// Pushes a text into a text or JSON column.
    ///
    /// # Panics
    /// When the column is of another type; so do the other `push_…` functions.
    #[inline]
    pub fn push_str(&mut self, column_idx: usize, text: &str) {
        match &mut self.data[column_idx] {
            ColumnData::Text(texts) => texts.push(text.as_bytes()),
            other => wrong_type("text", other),
        }
    }

    /// Pushes a number.
    #[inline]
    pub fn push_number(&mut self, column_idx: usize, number: f64) {
        match &mut self.data[column_idx] {
            ColumnData::Number(values) => values.push(number),
            other => wrong_type("number", other),
        }
    }

    /// Pushes a whole number.
    #[inline]
    pub fn push_count(&mut self, column_idx: usize, count: u64) {
        match &mut self.data[column_idx] {
            ColumnData::Count(values) => values.push(count),
            other => wrong_type("count", other),
        }
    }

    /// Pushes yes or no.
    #[inline]
    pub fn push_flag(&mut self, column_idx: usize, flag: bool) {
        match &mut self.data[column_idx] {
            ColumnData::Flag { values, is_valid } => {
                values.push(flag);
                is_valid.push(true);
            }
            other => wrong_type("flag", other),
        }
    }

    /// Pushes an instant in microseconds since 1970, UTC.
    #[inline]
    pub fn push_time_us(&mut self, column_idx: usize, time_us: i64) {
        match &mut self.data[column_idx] {
            ColumnData::Time(values) => values.push(time_us),
            other => wrong_type("time", other),
        }
    }

    /// Pushes an amount of money in ten-thousandths of the currency's unit: 9.99 is 99,900.
    #[inline]
    pub fn push_money(&mut self, column_idx: usize, ten_thousandths: i128) {
        match &mut self.data[column_idx] {
            ColumnData::Money(values) => values.push(ten_thousandths),
            other => wrong_type("money", other),
        }
    }

    /// Pushes a list of texts; an empty list is not null.
    pub fn push_texts<'text>(
        &mut self,
        column_idx: usize,
        texts: impl IntoIterator<Item = &'text str>,
    ) {
        match &mut self.data[column_idx] {
            ColumnData::TextList { lists, items } => {
                for text in texts {
                    items.push(text.as_bytes());
                }
                lists.end_list(items.len());
            }
            other => wrong_type("text list", other),
        }
    }

    /// Pushes a JSON object of scalars, already in text form.
    #[inline]
    pub fn push_json(&mut self, column_idx: usize, json: &str) {
        self.push_str(column_idx, json);
    }

    /// Pushes a null; the same as not pushing the column in this row.
    #[inline]
    pub fn push_null(&mut self, column_idx: usize) {
        self.data[column_idx].push_null();
    }

    /// Finishes the row; columns not pushed become null.
    ///
    /// # Panics
    /// When a column was pushed twice.
    #[inline]
    pub fn end_row(&mut self) {
        self.n_rows += 1;
        for (column, data) in self.columns.iter().zip(&mut self.data) {
            if data.len() < self.n_rows {
                data.push_null();
            }
            let len = data.len();
            assert!(
                len == self.n_rows,
                "column `{}` was pushed twice in a row",
                column.name
            );
        }
    }

    /// Forgets what was pushed since the last [`RowsBuilder::end_row`].
    pub fn drop_row(&mut self) {
        for data in &mut self.data {
            data.truncate(self.n_rows);
        }
    }

    /// Takes the finished rows as a batch for [`crate::Out::batch`]; the builder starts afresh and
    /// reuses buffers the host has given back.
    ///
    /// # Errors
    /// Class `internal` when the batch is above its limits (65,536 rows, 32 MiB).
    pub fn finish(&mut self) -> Result<Rows> {
        self.drop_row();
        let n_bytes: usize = self.data.iter().map(ColumnData::n_bytes).sum();
        if self.n_rows > BATCH_ROWS_MAX || n_bytes > BATCH_BYTES_MAX {
            let n_rows = self.n_rows;
            return Err(Error::internal(format!(
                "batch has {n_rows} rows and {n_bytes} bytes, above the limits; emit smaller ones"
            )));
        }
        let fresh = self.pool.take(&self.columns);
        let data = std::mem::replace(&mut self.data, fresh);
        let n_rows = std::mem::take(&mut self.n_rows);
        Ok(Rows::new(
            self.kind,
            &self.columns,
            data,
            n_rows,
            &self.pool,
        ))
    }
}

#[cold]
#[inline(never)]
fn wrong_type(pushed: &str, data: &ColumnData) -> ! {
    panic!(
        "a {pushed} was pushed into a column of {}",
        data.type_name()
    );
}
