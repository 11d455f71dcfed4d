//! Arrow C data structures of a plugin as a checked batch.
//!
//! What can be judged by looking is judged before anything is read through; what is left (a pointer
//! to nowhere) crashes this process and no other.

use std::ffi::{CStr, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi};
use arrow_array::{Array, RecordBatch, StructArray};
use arrow_schema::ArrowError;
use vocd_plugin::abi::{ArrowArray, ArrowSchema, BATCH_BYTES_MAX, BATCH_ROWS_MAX};

/// Most columns of a batch: no kind has half as many.
const COLUMNS_MAX: i64 = 256;
/// Most rows of a column, those before the batch's offset included.
const ROWS_WITH_OFFSET_MAX: i64 = 2 * BATCH_ROWS_MAX as i64;
/// Most items of all lists of a column: each takes an offset of four bytes.
const ITEMS_MAX: i64 = BATCH_BYTES_MAX as i64 / 4;

/// Why structures are no batch.
#[derive(Debug, thiserror::Error)]
pub(super) enum ImportError {
    #[error("a structure is null or was already released")]
    Released,
    #[error("{0}")]
    Shape(String),
    #[error("it has {0} rows, at most {BATCH_ROWS_MAX} are allowed")]
    TooManyRows(i64),
    #[error("it has {0} bytes, at most {BATCH_BYTES_MAX} are allowed")]
    TooManyBytes(usize),
    #[error("{0}")]
    Invalid(ArrowError),
    #[error("its structures contradict each other")]
    Contradiction,
}

/// Moves both structures in and returns them as a batch.
///
/// # Safety
/// The pointers are null or point to structures of the plugin which follow the Arrow C data
/// interface as far as looking cannot tell.
pub(super) unsafe fn import(
    schema: *mut ArrowSchema,
    array: *mut ArrowArray,
) -> Result<RecordBatch, ImportError> {
    if schema.is_null() || array.is_null() {
        return Err(ImportError::Released);
    }
    // SAFETY: neither pointer is null, and the caller promises structures behind them. The layouts
    // of ours and Arrow's types are the same by the specification; moving nulls the plugin's
    // release, and what was moved is freed when dropped, on every path.
    unsafe {
        if (*schema).release.is_none() || (*array).release.is_none() {
            return Err(ImportError::Released);
        }
        let looked = look(&*schema, &*array);
        let schema = FFI_ArrowSchema::from_raw(schema.cast());
        let array = FFI_ArrowArray::from_raw(array.cast());
        looked?;
        let decoded = catch_unwind(AssertUnwindSafe(|| decode(array, &schema)));
        decoded.map_err(|_| ImportError::Contradiction)?
    }
}

/// # Safety
/// As [`import`], after [`look`].
unsafe fn decode(
    array: FFI_ArrowArray,
    schema: &FFI_ArrowSchema,
) -> Result<RecordBatch, ImportError> {
    // SAFETY: promised by the caller.
    let mut data = unsafe { from_ffi(array, schema) }.map_err(ImportError::Invalid)?;
    data.align_buffers();
    data.validate_full().map_err(ImportError::Invalid)?;
    let n_bytes = data.get_slice_memory_size().map_err(ImportError::Invalid)?;
    if n_bytes > BATCH_BYTES_MAX {
        return Err(ImportError::TooManyBytes(n_bytes));
    }
    let rows = StructArray::from(data);
    if rows.null_count() > 0 {
        return Err(shape("whole rows are null"));
    }
    Ok(RecordBatch::from(rows))
}

/// Checks counts, formats and null pointers of the two trees.
///
/// # Safety
/// As [`import`].
unsafe fn look(schema: &ArrowSchema, array: &ArrowArray) -> Result<(), ImportError> {
    // SAFETY: promised by the caller, here and below.
    if unsafe { format(schema) }? != "+s" {
        return Err(shape("the batch is no struct (`+s`)"));
    }
    if !(0..=BATCH_ROWS_MAX as i64).contains(&array.length) {
        return Err(ImportError::TooManyRows(array.length));
    }
    if !(0..=BATCH_ROWS_MAX as i64).contains(&array.offset) {
        return Err(shape("the batch starts at an impossible offset"));
    }
    if array.n_buffers != 1 || array.buffers.is_null() {
        return Err(shape("the batch has not exactly one buffer"));
    }
    let n_rows = array.length + array.offset;
    if !(0..=COLUMNS_MAX).contains(&schema.n_children) || array.n_children != schema.n_children {
        return Err(shape("schema and array have different numbers of columns"));
    }
    for child_idx in 0..schema.n_children {
        // SAFETY: as above; the index is below both counts.
        unsafe {
            let (schema, array) = children(schema, array, child_idx)?;
            look_at_column(schema, array, n_rows)?;
        }
    }
    Ok(())
}

/// # Safety
/// As [`import`].
unsafe fn look_at_column(
    schema: &ArrowSchema,
    array: &ArrowArray,
    n_rows: i64,
) -> Result<(), ImportError> {
    // SAFETY: promised by the caller.
    let (name, format) = unsafe { (text(schema.name)?, format(schema)?) };
    let name: String = name.chars().take(80).collect();
    let of_column = |what: &str| Err(shape(&format!("column `{name}` {what}")));
    if array.length < n_rows || array.length > ROWS_WITH_OFFSET_MAX {
        let length = array.length;
        return of_column(&format!("has {length} rows, the batch has {n_rows}"));
    }
    if !(0..=ROWS_WITH_OFFSET_MAX).contains(&array.offset) {
        return of_column("starts at an impossible offset");
    }
    // SAFETY: promised by the caller.
    let Some(end) = unsafe { look_at_buffers(format, array) }? else {
        return of_column(&format!("has the format `{format}`, which no column has"));
    };
    if format != "+l" {
        return Ok(());
    }
    if schema.n_children != 1 || array.n_children != 1 {
        return of_column("is a list without exactly one child");
    }
    // SAFETY: promised by the caller; there is one child.
    let (item_schema, items) = unsafe { children(schema, array, 0) }?;
    if items.length < end || items.length > ITEMS_MAX || !(0..=ITEMS_MAX).contains(&items.offset) {
        return of_column("has lists that end past their items");
    }
    // SAFETY: promised by the caller.
    let item_format = unsafe { self::format(item_schema) }?;
    // SAFETY: promised by the caller.
    match (item_format, unsafe { look_at_buffers(item_format, items) }?) {
        ("+l", _) | (_, None) => of_column("is a list of something no list has"),
        _ => Ok(()),
    }
}

/// Checks the number of buffers of a format and their null pointers, and returns the last offset
/// (0 without offsets), or `None` when the format is not of type profile 1.
///
/// # Safety
/// As [`import`].
unsafe fn look_at_buffers(format: &str, array: &ArrowArray) -> Result<Option<i64>, ImportError> {
    let n_buffers = match format {
        "u" | "U" | "z" => 3,
        "b" | "c" | "s" | "i" | "l" | "C" | "S" | "I" | "L" | "f" | "g" => 2,
        "tdD" | "tsu:UTC" | "+l" => 2,
        _ if format.starts_with("d:") => 2,
        _ => return Ok(None),
    };
    if array.n_buffers != n_buffers || array.buffers.is_null() {
        return Err(shape(&format!(
            "an array of format `{format}` lacks a buffer"
        )));
    }
    let n_rows = array.length + array.offset;
    if n_rows == 0 {
        return Ok(Some(0));
    }
    // SAFETY: promised by the caller; there are at least two buffers.
    let values = unsafe { *array.buffers.add(1) };
    if values.is_null() {
        return Err(shape(&format!(
            "an array of format `{format}` has a null buffer"
        )));
    }
    let n_rows = usize::try_from(n_rows).map_err(|_| ImportError::Contradiction)?;
    // SAFETY: promised by the caller: a buffer of offsets has one more than there are rows.
    let end = unsafe {
        match format {
            "u" | "z" | "+l" => i64::from(values.cast::<i32>().add(n_rows).read_unaligned()),
            "U" => values.cast::<i64>().add(n_rows).read_unaligned(),
            _ => 0,
        }
    };
    if !(0..=BATCH_BYTES_MAX as i64).contains(&end) {
        return Err(shape(&format!(
            "an array of format `{format}` ends at {end} of its values"
        )));
    }
    Ok(Some(end))
}

/// # Safety
/// As [`import`]; `child_idx` is below both numbers of children.
unsafe fn children<'call>(
    schema: &'call ArrowSchema,
    array: &'call ArrowArray,
    child_idx: i64,
) -> Result<(&'call ArrowSchema, &'call ArrowArray), ImportError> {
    if schema.children.is_null() || array.children.is_null() {
        return Err(shape("a list of children is null"));
    }
    let child_idx = usize::try_from(child_idx).map_err(|_| ImportError::Contradiction)?;
    // SAFETY: promised by the caller; null children are none.
    let (schema, array) = unsafe {
        let schema = (*schema.children.add(child_idx)).as_ref();
        (schema, (*array.children.add(child_idx)).as_ref())
    };
    match (schema, array) {
        (Some(schema), Some(array)) if schema.release.is_some() && array.release.is_some() => {
            Ok((schema, array))
        }
        _ => Err(shape("a child is null or was already released")),
    }
}

/// # Safety
/// As [`import`].
unsafe fn format(schema: &ArrowSchema) -> Result<&str, ImportError> {
    if !schema.dictionary.is_null() {
        return Err(shape("dictionaries are not accepted"));
    }
    // SAFETY: promised by the caller.
    unsafe { text(schema.format) }
}

/// # Safety
/// `pointer` is null or a text that ends with a zero byte.
unsafe fn text<'call>(pointer: *const c_char) -> Result<&'call str, ImportError> {
    if pointer.is_null() {
        return Err(shape("a name or a format is null"));
    }
    // SAFETY: promised by the caller.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str()
        .map_err(|_| shape("a name or a format is not UTF-8"))
}

fn shape(what: &str) -> ImportError {
    ImportError::Shape(what.to_owned())
}
