//! The normal form: every column of a kind in schema order, zone-free times, defaults filled in.

use std::sync::{Arc, LazyLock};

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{
    Array, ArrayRef, BooleanArray, RecordBatch, StringArray, TimestampMicrosecondArray,
    new_null_array,
};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};
use jiff::Timestamp;
use vocd_plugin::record::{Column, ColumnType};

use super::rule::Fault;
use super::{DoorError, RecordKind};

/// Name of the key column, the first of the normal form.
pub const KEY: &str = "key";

/// Name of the column with the row's own event time (for kinds without one: `updated_at`).
pub const BUCKET_TIME: &str = "bucket_time";

/// Name of the digest column, the last of the normal form.
pub const DIGEST: &str = "digest";

/// Positions of the common columns among a kind's columns.
pub(super) const ID: usize = 0;
pub(super) const UPDATED_AT: usize = 1;
pub(super) const REVISION: usize = 2;
pub(super) const DELETED: usize = 3;

/// Returns the Arrow type a plugin gives a column of this type.
#[must_use]
pub fn plugin_type(column_type: ColumnType) -> DataType {
    match column_type {
        ColumnType::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        other => normal_type(other),
    }
}

/// Returns the schema of the normal form of a kind.
#[must_use]
pub fn normal_schema(kind: RecordKind) -> SchemaRef {
    static SCHEMAS: LazyLock<Vec<SchemaRef>> =
        LazyLock::new(|| RecordKind::ALL.into_iter().map(build_schema).collect());
    let idx = RecordKind::ALL
        .iter()
        .position(|one| *one == kind)
        .expect("every kind is listed");
    SCHEMAS[idx].clone()
}

/// Puts a plugin's columns in schema order, absent ones as nulls, times without their zone.
pub(super) fn arrange(kind: RecordKind, batch: &RecordBatch) -> Result<Vec<ArrayRef>, DoorError> {
    let n_rows = batch.num_rows();
    let mut arranged: Vec<Option<ArrayRef>> = vec![None; kind.columns().count()];
    for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
        let Some((idx, column)) = kind
            .columns()
            .enumerate()
            .find(|(_, column)| column.name == field.name())
        else {
            return Err(DoorError::UnknownColumn {
                kind: kind.name(),
                column: field.name().clone(),
            });
        };
        let array = typed(kind, column, array)?;
        if arranged[idx].replace(array).is_some() {
            return Err(DoorError::TwiceColumn {
                kind: kind.name(),
                column: field.name().clone(),
            });
        }
    }
    Ok(arranged
        .into_iter()
        .zip(kind.columns())
        .map(|(array, column)| {
            array.unwrap_or_else(|| new_null_array(&normal_type(column.column_type), n_rows))
        })
        .collect())
}

/// Returns the columns without the faulty rows.
pub(super) fn without(
    columns: &[ArrayRef],
    faults: &[Fault],
    n_rows: usize,
) -> Result<Vec<ArrayRef>, ArrowError> {
    let mut is_kept = vec![true; n_rows];
    for fault in faults {
        is_kept[fault.row_idx] = false;
    }
    let is_kept = BooleanArray::from(is_kept);
    columns
        .iter()
        .map(|array| arrow_select::filter::filter(array, &is_kept))
        .collect()
}

/// Fills in what a plugin may leave out: `deleted`, `updated_at` and a response's `response`.
///
/// A deletion may come without any time; then it is as new as this read.
pub(super) fn with_defaults(
    kind: RecordKind,
    mut columns: Vec<ArrayRef>,
    n_rows: usize,
    now: Timestamp,
) -> Vec<ArrayRef> {
    let deleted = columns[DELETED].as_boolean();
    let deleted: BooleanArray = match deleted.null_count() {
        0 => deleted.clone(),
        _ => deleted
            .iter()
            .map(|flag| Some(flag == Some(true)))
            .collect(),
    };
    if let Some(event_idx) = kind.event_time().map(|name| position(kind, name)) {
        columns[UPDATED_AT] = coalesce_times(&columns[UPDATED_AT], &columns[event_idx]);
    }
    let updated_at = columns[UPDATED_AT].as_primitive::<TimestampMicrosecondType>();
    if updated_at.null_count() > 0 {
        // A dimension row without a time is older than any that has one.
        columns[UPDATED_AT] = Arc::new(TimestampMicrosecondArray::from_iter_values(
            (0..n_rows).map(|row| match updated_at.is_null(row) {
                false => updated_at.value(row),
                true if deleted.value(row) => now.as_microsecond(),
                true => 0,
            }),
        ));
    }
    columns[DELETED] = Arc::new(deleted);
    if kind == RecordKind::Response {
        let idx = position(kind, "response");
        if columns[idx].null_count() > 0 {
            columns[idx] = coalesce_texts(&columns[idx], &columns[ID]);
        }
    }
    columns
}

/// Returns the bucket time of every row: its event time, or `updated_at` for dimension kinds.
pub(super) fn bucket_times(kind: RecordKind, columns: &[ArrayRef]) -> ArrayRef {
    match kind.event_time() {
        Some(name) => columns[position(kind, name)].clone(),
        None => columns[UPDATED_AT].clone(),
    }
}

/// Returns where a column of the kind stands.
pub(super) fn position(kind: RecordKind, name: &str) -> usize {
    kind.columns()
        .position(|column| column.name == name)
        .expect("the rules name declared columns only")
}

/// Returns what names a refused row: its id, or its position when it has none.
pub(super) fn place(columns: &[ArrayRef], row_idx: usize) -> String {
    let ids = columns[ID].as_string::<i32>();
    match ids.is_valid(row_idx) && !ids.value(row_idx).is_empty() {
        true => ids.value(row_idx).chars().take(80).collect(),
        false => format!("row {row_idx} of its batch"),
    }
}

fn build_schema(kind: RecordKind) -> SchemaRef {
    let mut fields = vec![Field::new(KEY, DataType::UInt64, false)];
    fields.extend(
        kind.columns()
            .map(|column| Field::new(column.name, normal_type(column.column_type), true)),
    );
    fields.push(Field::new(BUCKET_TIME, normal_type(ColumnType::Time), true));
    fields.push(Field::new(DIGEST, DataType::UInt64, false));
    Arc::new(Schema::new(fields))
}

fn normal_type(column_type: ColumnType) -> DataType {
    match column_type {
        ColumnType::Text | ColumnType::Json => DataType::Utf8,
        ColumnType::Number => DataType::Float64,
        ColumnType::Count => DataType::UInt64,
        ColumnType::Flag => DataType::Boolean,
        ColumnType::Time => DataType::Timestamp(TimeUnit::Microsecond, None),
        ColumnType::Money => DataType::Decimal128(18, 4),
        ColumnType::TextList => {
            DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)))
        }
    }
}

/// Accepts the contract's type only, whatever the name of a list's items.
fn typed(kind: RecordKind, column: &Column, array: &ArrayRef) -> Result<ArrayRef, DoorError> {
    let wrong = || DoorError::WrongType {
        kind: kind.name(),
        column: column.name.to_owned(),
        found: array.data_type().clone(),
        expected: plugin_type(column.column_type),
    };
    match (column.column_type, array.data_type()) {
        // DuckDB's glue turns zoned times into TIMESTAMPTZ, whose casts shift by the session's
        // zone; the instants are UTC either way, so the zone goes here.
        (ColumnType::Time, DataType::Timestamp(TimeUnit::Microsecond, zone))
            if zone
                .as_deref()
                .is_none_or(|zone| matches!(zone, "UTC" | "+00:00")) =>
        {
            let times = array.as_primitive::<TimestampMicrosecondType>().clone();
            Ok(Arc::new(times.with_timezone_opt(None::<Arc<str>>)))
        }
        (ColumnType::TextList, DataType::List(item)) if item.data_type() == &DataType::Utf8 => {
            let lists = array.as_list::<i32>();
            let (_, offsets, values, nulls) = lists.clone().into_parts();
            let item = Arc::new(Field::new_list_field(DataType::Utf8, true));
            Ok(Arc::new(arrow_array::ListArray::new(
                item, offsets, values, nulls,
            )))
        }
        (other, found) if *found == normal_type(other) && other != ColumnType::Time => {
            Ok(array.clone())
        }
        // A column without any value says nothing about its type.
        (other, DataType::Null) => Ok(new_null_array(&normal_type(other), array.len())),
        _ => Err(wrong()),
    }
}

fn coalesce_times(first: &ArrayRef, second: &ArrayRef) -> ArrayRef {
    let (a, b) = (
        first.as_primitive::<TimestampMicrosecondType>(),
        second.as_primitive::<TimestampMicrosecondType>(),
    );
    match a.null_count() {
        0 => first.clone(),
        n_nulls if n_nulls == a.len() => second.clone(),
        _ => Arc::new(
            a.iter()
                .zip(b)
                .map(|(a, b)| a.or(b))
                .collect::<TimestampMicrosecondArray>(),
        ),
    }
}

fn coalesce_texts(first: &ArrayRef, second: &ArrayRef) -> ArrayRef {
    let (a, b) = (first.as_string::<i32>(), second.as_string::<i32>());
    match a.null_count() == a.len() {
        true => second.clone(),
        false => Arc::new(
            a.iter()
                .zip(b)
                .map(|(a, b)| a.or(b))
                .collect::<StringArray>(),
        ),
    }
}
