//! Arrow C data structures of the SDK's own builders, decoded to rows.
//!
//! Only for batches made in the same process by [`crate::RowsBuilder`]: it trusts lengths.

use std::ffi::CStr;
use std::slice;

use super::row::{Row, Value};
use crate::abi::{ArrowArray, ArrowSchema};

/// # Safety
/// Both structures are valid and belong together, as the SDK's builders make them.
pub(super) unsafe fn rows(schema: &ArrowSchema, array: &ArrowArray) -> Vec<Row> {
    let mut rows = vec![Row::new(); len(array.length)];
    for column_idx in 0..len(schema.n_children) {
        // SAFETY: promised by the caller; a column's index is below `n_children`.
        let (column_schema, column) = unsafe {
            (
                &**schema.children.add(column_idx),
                &**array.children.add(column_idx),
            )
        };
        // SAFETY: promised by the caller.
        let (name, format) = unsafe {
            (
                CStr::from_ptr(column_schema.name),
                CStr::from_ptr(column_schema.format),
            )
        };
        for (row_idx, row) in rows.iter_mut().enumerate() {
            // SAFETY: promised by the caller; the row is below the length.
            if let Some(value) = unsafe { value(format, column, row_idx) } {
                row.insert(name.to_string_lossy().into_owned(), value);
            }
        }
    }
    rows
}

/// # Safety
/// As [`rows`], and `row_idx` is below the column's length.
unsafe fn value(format: &CStr, column: &ArrowArray, row_idx: usize) -> Option<Value> {
    // SAFETY: each format has the buffers read here (Arrow's columnar layout), promised by the
    // caller.
    unsafe {
        let validity = *column.buffers;
        if !validity.is_null() && !bit(validity.cast(), row_idx) {
            return None;
        }
        let values = *column.buffers.add(1);
        Some(match format.to_bytes() {
            b"u" => Value::Text(text(column, row_idx)),
            b"g" => Value::Number(*values.cast::<f64>().add(row_idx)),
            b"L" => Value::Count(*values.cast::<u64>().add(row_idx)),
            b"b" => Value::Flag(bit(values.cast(), row_idx)),
            b"tsu:UTC" => Value::Time(*values.cast::<i64>().add(row_idx)),
            b"d:18,4" => Value::Money(*values.cast::<i128>().add(row_idx)),
            b"+l" => {
                let items = &**column.children;
                let (start, end) = range(values.cast(), row_idx);
                Value::Texts((start..end).map(|item_idx| text(items, item_idx)).collect())
            }
            other => unreachable!("the builders make no format {other:?}"),
        })
    }
}

/// # Safety
/// The bitmap has a bit of that index.
unsafe fn bit(bitmap: *const u8, bit_idx: usize) -> bool {
    // SAFETY: promised by the caller.
    unsafe { *bitmap.add(bit_idx / 8) >> (bit_idx % 8) & 1 == 1 }
}

/// # Safety
/// `column` is a text column longer than `row_idx`.
unsafe fn text(column: &ArrowArray, row_idx: usize) -> String {
    // SAFETY: promised by the caller; the offsets lie in the bytes.
    unsafe {
        let (start, end) = range((*column.buffers.add(1)).cast(), row_idx);
        let bytes = (*column.buffers.add(2)).cast::<u8>();
        let bytes = slice::from_raw_parts(bytes.add(start), end - start);
        String::from_utf8(bytes.to_vec()).expect("texts are pushed as `str`")
    }
}

/// # Safety
/// There are at least `row_idx + 2` offsets.
unsafe fn range(offsets: *const i32, row_idx: usize) -> (usize, usize) {
    // SAFETY: promised by the caller.
    let (start, end) = unsafe { (*offsets.add(row_idx), *offsets.add(row_idx + 1)) };
    (len(start.into()), len(end.into()))
}

fn len(len: i64) -> usize {
    usize::try_from(len).expect("lengths are never negative")
}
