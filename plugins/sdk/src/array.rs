//! Columns as Arrow C data structures, made by hand so that a plugin needs no Arrow library.
#![expect(unsafe_code, reason = "the Arrow C data interface is raw pointers")]

use std::ffi::{CStr, CString, c_void};
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::RecordKind;
use crate::abi::{ArrowArray, ArrowSchema};
use crate::column::{Bits, ColumnData, Texts};
use crate::record::{Column, ColumnType};

/// Sets of buffers kept for reuse: one being filled by the host, one on its way back.
const POOL_SETS_MAX: usize = 2;
/// `ARROW_FLAG_NULLABLE`.
const NULLABLE: i64 = 2;

/// A finished batch of one record kind.
#[derive(Debug)]
pub struct Rows {
    kind: RecordKind,
    n_rows: usize,
    schema: ArrowSchema,
    array: ArrowArray,
}

impl Rows {
    pub(crate) fn new(
        kind: RecordKind,
        columns: &[&'static Column],
        data: Vec<ColumnData>,
        n_rows: usize,
        pool: &Pool,
    ) -> Self {
        let kept = Arc::new(KeptColumns {
            data,
            pool: pool.clone(),
        });
        let children = kept
            .data
            .iter()
            .map(|column| column_array(column, &kept))
            .collect();
        Self {
            kind,
            n_rows,
            schema: rows_schema(columns),
            array: array_node(n_rows, 0, vec![ptr::null()], children, &kept),
        }
    }

    /// Returns the record kind.
    #[must_use]
    pub fn kind(&self) -> RecordKind {
        self.kind
    }

    /// Returns the number of rows.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Returns the two structures for a call that may move them out.
    pub(crate) fn as_raw(&mut self) -> (*mut ArrowSchema, *mut ArrowArray) {
        (&raw mut self.schema, &raw mut self.array)
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        if let Some(release) = self.schema.release {
            // SAFETY: `release` is set, so the schema was not moved out and is ours to free.
            unsafe { release(&raw mut self.schema) };
        }
        if let Some(release) = self.array.release {
            // SAFETY: as above.
            unsafe { release(&raw mut self.array) };
        }
    }
}

/// Buffers that came back from the host, ready for the next batch.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pool {
    sets: Arc<Mutex<Vec<Vec<ColumnData>>>>,
}

impl Pool {
    pub(crate) fn take(&self, columns: &[&'static Column]) -> Vec<ColumnData> {
        let reused = self
            .sets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        reused.unwrap_or_else(|| {
            columns
                .iter()
                .map(|column| ColumnData::new(column.column_type))
                .collect()
        })
    }

    fn give(&self, mut data: Vec<ColumnData>) {
        data.iter_mut().for_each(|column| column.truncate(0));
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        if sets.len() < POOL_SETS_MAX {
            sets.push(data);
        }
    }
}

/// Keeps the buffers alive while any array points into them, then gives them back.
struct KeptColumns {
    data: Vec<ColumnData>,
    pool: Pool,
}

impl Drop for KeptColumns {
    fn drop(&mut self) {
        self.pool.give(std::mem::take(&mut self.data));
    }
}

/// Returns the Arrow format of a column type (type profile 1).
pub(crate) const fn format(column_type: ColumnType) -> &'static CStr {
    match column_type {
        ColumnType::Text | ColumnType::Json => c"u",
        ColumnType::Number => c"g",
        ColumnType::Count => c"L",
        ColumnType::Flag => c"b",
        ColumnType::Time => c"tsu:UTC",
        ColumnType::Money => c"d:18,4",
        ColumnType::TextList => c"+l",
    }
}

/// Belongs to one schema structure; freed by its release.
struct SchemaNode {
    name: CString,
    metadata: Vec<u8>,
    children: Vec<*mut ArrowSchema>,
}

fn rows_schema(columns: &[&'static Column]) -> ArrowSchema {
    let children = columns.iter().map(|column| column_schema(column)).collect();
    schema_node(c"+s", "", Vec::new(), children)
}

fn column_schema(column: &Column) -> ArrowSchema {
    let metadata = match column.column_type {
        ColumnType::Json => pair(b"ARROW:extension:name", b"arrow.json"),
        _ => Vec::new(),
    };
    let children = match column.column_type {
        ColumnType::TextList => vec![schema_node(c"u", "item", Vec::new(), Vec::new())],
        _ => Vec::new(),
    };
    schema_node(format(column.column_type), column.name, metadata, children)
}

/// One key and value in Arrow's binary form: native-endian counts and lengths.
fn pair(key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut bytes = 1_i32.to_ne_bytes().to_vec();
    for part in [key, value] {
        let len = i32::try_from(part.len()).expect("both parts are short constants");
        bytes.extend(len.to_ne_bytes());
        bytes.extend(part);
    }
    bytes
}

fn schema_node(
    format: &'static CStr,
    name: &str,
    metadata: Vec<u8>,
    children: Vec<ArrowSchema>,
) -> ArrowSchema {
    let mut node = Box::new(SchemaNode {
        name: CString::new(name).expect("column names are constants without zero bytes"),
        metadata,
        children: children
            .into_iter()
            .map(|child| Box::into_raw(Box::new(child)))
            .collect(),
    });
    ArrowSchema {
        format: format.as_ptr(),
        name: node.name.as_ptr(),
        metadata: match node.metadata.is_empty() {
            true => ptr::null(),
            false => node.metadata.as_ptr().cast(),
        },
        flags: NULLABLE,
        n_children: count(node.children.len()),
        children: node.children.as_mut_ptr(),
        dictionary: ptr::null_mut(),
        release: Some(release_schema),
        private_data: Box::into_raw(node).cast(),
    }
}

unsafe extern "C" fn release_schema(schema: *mut ArrowSchema) {
    // SAFETY: the consumer passes a schema made by `schema_node` and not yet released, so the
    // private data is the node boxed there, and each child is a box whose content was either
    // moved out (no release) or is still ours.
    unsafe {
        let node = Box::from_raw((*schema).private_data.cast::<SchemaNode>());
        for child in &node.children {
            let mut child = Box::from_raw(*child);
            if let Some(release) = child.release {
                release(&raw mut *child);
            }
        }
        (*schema).release = None;
    }
}

/// Belongs to one array structure; freed by its release.
struct ArrayNode {
    buffers: Vec<*const c_void>,
    children: Vec<*mut ArrowArray>,
    /// Every node holds the buffers, since a consumer may free the parent before a child.
    _kept: Arc<KeptColumns>,
}

fn column_array(column: &ColumnData, kept: &Arc<KeptColumns>) -> ArrowArray {
    let is_valid = column.validity();
    let validity = bitmap(is_valid);
    let mut children = Vec::new();
    let buffers = match column {
        ColumnData::Text(texts) => text_buffers(texts),
        ColumnData::Number(values) => vec![validity, values.values.as_ptr().cast()],
        ColumnData::Count(values) => vec![validity, values.values.as_ptr().cast()],
        ColumnData::Flag { values, .. } => vec![validity, values.bytes.as_ptr().cast()],
        ColumnData::Time(values) => vec![validity, values.values.as_ptr().cast()],
        ColumnData::Money(values) => vec![validity, values.values.as_ptr().cast()],
        ColumnData::TextList { lists, items } => {
            let buffers = text_buffers(items);
            children.push(array_node(items.len(), 0, buffers, Vec::new(), kept));
            vec![validity, lists.offsets.as_ptr().cast()]
        }
    };
    array_node(is_valid.len, is_valid.n_unset, buffers, children, kept)
}

fn text_buffers(texts: &Texts) -> Vec<*const c_void> {
    let (offsets, bytes) = (texts.offsets.as_ptr().cast(), texts.bytes.as_ptr().cast());
    vec![bitmap(&texts.is_valid), offsets, bytes]
}

/// The bitmap of a column with nulls; without nulls none is needed.
fn bitmap(is_valid: &Bits) -> *const c_void {
    match is_valid.n_unset {
        0 => ptr::null(),
        _ => is_valid.bytes.as_ptr().cast(),
    }
}

fn array_node(
    n_rows: usize,
    n_nulls: usize,
    buffers: Vec<*const c_void>,
    children: Vec<ArrowArray>,
    kept: &Arc<KeptColumns>,
) -> ArrowArray {
    let mut node = Box::new(ArrayNode {
        buffers,
        children: children
            .into_iter()
            .map(|child| Box::into_raw(Box::new(child)))
            .collect(),
        _kept: Arc::clone(kept),
    });
    ArrowArray {
        length: count(n_rows),
        null_count: count(n_nulls),
        offset: 0,
        n_buffers: count(node.buffers.len()),
        n_children: count(node.children.len()),
        buffers: node.buffers.as_mut_ptr(),
        children: node.children.as_mut_ptr(),
        dictionary: ptr::null_mut(),
        release: Some(release_array),
        private_data: Box::into_raw(node).cast(),
    }
}

unsafe extern "C" fn release_array(array: *mut ArrowArray) {
    // SAFETY: as in `release_schema`, with `array_node`.
    unsafe {
        let node = Box::from_raw((*array).private_data.cast::<ArrayNode>());
        for child in &node.children {
            let mut child = Box::from_raw(*child);
            if let Some(release) = child.release {
                release(&raw mut *child);
            }
        }
        (*array).release = None;
    }
}

fn count(len: usize) -> i64 {
    i64::try_from(len).expect("lengths in memory fit 63 bits")
}
