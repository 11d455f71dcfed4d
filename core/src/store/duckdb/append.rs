//! Writes rows in normal form into a kind's tables.

use std::sync::Arc;

use arrow_array::builder::TimestampMicrosecondBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray, UInt64Array};
use arrow_schema::{DataType, Field, Schema};
use duckdb::{Appender, Connection};

use super::commit::arrow_failure;
use super::directory::Directory;
use super::stamp::{self, Stamps};
use super::table::{DimensionSpec, columns, stamped};
use crate::record::RecordKind;
use crate::store::CommitUnit;

/// Rows given to the engine at once where a list column makes its glue copy all of the list's
/// items per slice; its own slices are this long too.
const LIST_SLICE_ROWS: usize = 2_048;

/// Where the rows of one kind go in a commit, and what they are stamped with.
pub(super) struct Target<'a> {
    pub(super) connection: &'a Connection,
    pub(super) dimensions: &'a [DimensionSpec],
    pub(super) people: &'a Directory,
    pub(super) unit: &'a CommitUnit,
    pub(super) kind: RecordKind,
}

/// Appends batches in normal form to one of the kind's tables.
pub(super) fn append(
    target: &Target<'_>,
    table: &str,
    batches: &[RecordBatch],
) -> duckdb::Result<()> {
    let names = column_names(target.dimensions, target.kind);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut appender = target.connection.appender_with_columns(table, &names)?;
    for rows in batches {
        let (dimensions, people) = (target.dimensions, target.people);
        let stamps = stamp::stamp(dimensions, people, &target.unit.source, target.kind, rows);
        let laid_out = lay_out(target, rows, stamps).map_err(arrow_failure)?;
        append_batch(&mut appender, laid_out)?;
    }
    appender.flush()
}

fn append_batch(appender: &mut Appender<'_>, rows: RecordBatch) -> duckdb::Result<()> {
    let has_lists = rows.columns().iter().any(|array| {
        matches!(array.data_type(), DataType::List(_)) && array.null_count() < array.len()
    });
    if !has_lists {
        return appender.append_record_batch(rows);
    }
    for start in (0..rows.num_rows()).step_by(LIST_SLICE_ROWS) {
        let end = (start + LIST_SLICE_ROWS).min(rows.num_rows());
        let picks = UInt64Array::from_iter_values(start as u64..end as u64);
        let slice = arrow_select::take::take_record_batch(&rows, &picks).map_err(arrow_failure)?;
        appender.append_record_batch(slice)?;
    }
    Ok(())
}

/// Returns the columns of the kind's tables in order.
pub(super) fn column_names(dimensions: &[DimensionSpec], kind: RecordKind) -> Vec<String> {
    columns(kind)
        .into_iter()
        .map(|(name, _)| name.to_owned())
        .chain(stamped(dimensions, kind).map(|(spec, _)| spec.column()))
        .collect()
}

/// Adds the store's columns to rows in normal form, in the table's order.
fn lay_out(
    target: &Target<'_>,
    rows: &RecordBatch,
    stamps: Stamps,
) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let (unit, kind) = (target.unit, target.kind);
    let n_rows = rows.num_rows();
    let sources = StringArray::from_iter_values(std::iter::repeat_n(unit.source.as_str(), n_rows));
    let mut arrays = rows.columns().to_vec();
    arrays.insert(1, Arc::new(sources));
    arrays.push(known_at(unit, rows)?);
    arrays.push(Arc::new(stamps.persons));
    arrays.push(Arc::new(stamps.served_by));
    arrays.extend(
        stamps
            .dimensions
            .into_iter()
            .map(|values| Arc::new(values) as ArrayRef),
    );
    let fields: Vec<Field> = column_names(target.dimensions, kind)
        .into_iter()
        .zip(&arrays)
        .map(|(name, array)| Field::new(name, array.data_type().clone(), true))
        .collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
}

/// When the store came to know each row: now, or in a first full read when it was last changed.
fn known_at(unit: &CommitUnit, rows: &RecordBatch) -> Result<ArrayRef, arrow_schema::ArrowError> {
    let now = unit.committed_at.as_microsecond();
    let idx = rows.schema().index_of("updated_at")?;
    let updated_at = rows.column(idx).as_primitive::<TimestampMicrosecondType>();
    let mut times = TimestampMicrosecondBuilder::with_capacity(updated_at.len());
    for updated_at in updated_at.values() {
        times.append_value(match unit.is_first_read {
            true => now.min(*updated_at),
            false => now,
        });
    }
    Ok(Arc::new(times.finish()))
}
