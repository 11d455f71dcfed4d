//! Keys and digests: which record a row is a version of, and which content it has.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Float64Type, TimestampMicrosecondType, UInt64Type};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Decimal128Array, Float64Array, ListArray, RecordBatch,
    StringArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow_schema::ArrowError;
use twox_hash::XxHash3_64;
use vocd_plugin::record::ColumnType;

use super::normal::{DELETED, ID, REVISION, UPDATED_AT, bucket_times, normal_schema};
use super::{RecordKind, SourceName};

/// Returns the key of a record: xxh3-64 of the source's name, a zero byte and the id.
#[must_use]
pub fn key_of(source: &SourceName, id: &str) -> u64 {
    let mut text = Vec::with_capacity(SourceName::BYTES_MAX + 1 + id.len());
    text.extend_from_slice(source.as_str().as_bytes());
    text.push(0);
    text.extend_from_slice(id.as_bytes());
    XxHash3_64::oneshot(&text)
}

/// Adds key, bucket time and digest: the last step into the normal form.
pub(super) fn finish(
    source: &SourceName,
    kind: RecordKind,
    columns: Vec<ArrayRef>,
) -> Result<RecordBatch, ArrowError> {
    let keys = keys(source, columns[ID].as_string());
    let digests = digests(kind, &columns);
    let bucket_times = bucket_times(kind, &columns);
    let mut all: Vec<ArrayRef> = Vec::with_capacity(columns.len() + 3);
    all.push(Arc::new(keys));
    all.extend(columns);
    all.push(bucket_times);
    all.push(Arc::new(digests));
    RecordBatch::try_new(normal_schema(kind), all)
}

fn keys(source: &SourceName, ids: &StringArray) -> UInt64Array {
    let mut text = source.as_str().as_bytes().to_vec();
    text.push(0);
    let n_prefix = text.len();
    (0..ids.len())
        .map(|row| {
            text.truncate(n_prefix);
            text.extend_from_slice(ids.value(row).as_bytes());
            XxHash3_64::oneshot(&text)
        })
        .collect::<Vec<u64>>()
        .into()
}

/// Hashes each row's values with their column names; nulls are skipped, so a column that the
/// schema gains later changes no digest.
fn digests(kind: RecordKind, columns: &[ArrayRef]) -> UInt64Array {
    let hashed: Vec<(u32, Values<'_>)> = kind
        .columns()
        .zip(columns)
        .enumerate()
        .filter(|(idx, (_, array))| {
            !matches!(*idx, UPDATED_AT | REVISION) && array.null_count() < array.len()
        })
        .map(|(idx, (column, array))| {
            // The low half of the name's hash is its tag.
            let tag = XxHash3_64::oneshot(column.name.as_bytes()) as u32;
            let values = match idx {
                DELETED => Values::Deleted(array.as_boolean()),
                _ => Values::of(column.column_type, array),
            };
            (tag, values)
        })
        .collect();
    let mut content = Vec::new();
    (0..columns[ID].len())
        .map(|row| {
            content.clear();
            for (tag, values) in &hashed {
                values.write(row, *tag, &mut content);
            }
            XxHash3_64::oneshot(&content)
        })
        .collect::<Vec<u64>>()
        .into()
}

enum Values<'a> {
    Text(&'a StringArray),
    Number(&'a Float64Array),
    Count(&'a UInt64Array),
    Flag(&'a BooleanArray),
    /// False is the default and hashes like an absent value.
    Deleted(&'a BooleanArray),
    Time(&'a TimestampMicrosecondArray),
    Money(&'a Decimal128Array),
    TextList(&'a ListArray),
}

impl<'a> Values<'a> {
    fn of(column_type: ColumnType, array: &'a ArrayRef) -> Self {
        match column_type {
            ColumnType::Text | ColumnType::Json => Self::Text(array.as_string()),
            ColumnType::Number => Self::Number(array.as_primitive::<Float64Type>()),
            ColumnType::Count => Self::Count(array.as_primitive::<UInt64Type>()),
            ColumnType::Flag => Self::Flag(array.as_boolean()),
            ColumnType::Time => Self::Time(array.as_primitive::<TimestampMicrosecondType>()),
            ColumnType::Money => Self::Money(array.as_primitive::<Decimal128Type>()),
            ColumnType::TextList => Self::TextList(array.as_list()),
        }
    }

    fn write(&self, row: usize, tag: u32, content: &mut Vec<u8>) {
        let mut put = |value: &[u8]| {
            content.extend_from_slice(&tag.to_le_bytes());
            content.extend_from_slice(&(value.len() as u32).to_le_bytes());
            content.extend_from_slice(value);
        };
        match self {
            Self::Text(array) if array.is_valid(row) => put(array.value(row).as_bytes()),
            Self::Number(array) if array.is_valid(row) => put(&array.value(row).to_le_bytes()),
            Self::Count(array) if array.is_valid(row) => put(&array.value(row).to_le_bytes()),
            Self::Flag(array) if array.is_valid(row) => put(&[u8::from(array.value(row))]),
            Self::Deleted(array) if array.is_valid(row) && array.value(row) => put(&[1]),
            Self::Time(array) if array.is_valid(row) => put(&array.value(row).to_le_bytes()),
            Self::Money(array) if array.is_valid(row) => put(&array.value(row).to_le_bytes()),
            Self::TextList(array) if array.is_valid(row) => {
                let items = array.value(row);
                let items = items.as_string::<i32>();
                put(&(items.len() as u32).to_le_bytes());
                for item in items.iter().flatten() {
                    put(item.as_bytes());
                }
            }
            _ => {}
        }
    }
}
