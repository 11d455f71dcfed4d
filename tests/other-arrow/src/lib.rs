//! A plugin that makes its rows with another version of Arrow than the daemon's, and hands them over
//! by that version's own export: the C data interface is all that both have in common.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::ffi::to_ffi;
use arrow_array::types::Float64Type;
use arrow_array::{
    Array, ArrayRef, BooleanArray, PrimitiveArray, StringArray, StructArray,
    TimestampMicrosecondArray, UInt64Array,
};
use arrow_schema::{DataType, Field, TimeUnit};
use vocd_plugin::abi::{OK, VocHost, VocOut, VocPlugin, VocStatus, VocStr};

/// Rows of a batch.
const PAGE: usize = 100;
/// Batches of a read.
const N_PAGES: usize = 3;
const CANCELLED: VocStatus = -7;

const MANIFEST: &str = concat!(
    r#"{"voc":1,"abi":[1,0],"id":"org.example.other-arrow","version":"0.1.0","#,
    r#""config_schema":{"type":"object"},"#,
    r#""streams":[{"name":"rows","kinds":["ticket"]}],"checkpoint_format":1}"#
);

/// Magic, length and text, as the header's `VOC_MANIFEST` lays them out.
const fn section() -> [u8; 10 + MANIFEST.len()] {
    let mut bytes = [0; 10 + MANIFEST.len()];
    let (head, text) = (*b"VOCM1\n", MANIFEST.as_bytes());
    let len = (text.len() as u32).to_le_bytes();
    let mut idx = 0;
    while idx < bytes.len() {
        bytes[idx] = match idx {
            0..6 => head[idx],
            6..10 => len[idx - 6],
            _ => text[idx - 10],
        };
        idx += 1;
    }
    bytes
}

#[used]
#[unsafe(link_section = ".voc.manifest")]
static SECTION: [u8; 10 + MANIFEST.len()] = section();

/// Tickets with a column of every shape: texts, instants, counts, flags, nulls and lists.
fn tickets(page: usize) -> StructArray {
    let rows = page * PAGE..(page + 1) * PAGE;
    let ids: StringArray = rows.clone().map(|row| Some(format!("t{row}"))).collect();
    let created: TimestampMicrosecondArray = rows
        .clone()
        .map(|row| Some(1_767_225_600_000_000 + row as i64))
        .collect();
    let reopens: UInt64Array = rows.clone().map(|row| Some(row as u64 % 3)).collect();
    let is_met: BooleanArray = rows.clone().map(|row| Some(row % 2 == 0)).collect();
    let seconds: PrimitiveArray<Float64Type> = rows
        .clone()
        .map(|row| (row % 5 != 0).then_some(row as f64))
        .collect();
    let mut tags = ListBuilder::new(StringBuilder::new());
    for row in rows {
        for tag in 0..row % 3 {
            tags.values().append_value(format!("tag-{tag}"));
        }
        tags.append(true);
    }
    let instant = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let tags = tags.finish();
    let field = |name: &str, of: DataType| Arc::new(Field::new(name, of, true));
    StructArray::from(vec![
        (field("id", DataType::Utf8), Arc::new(ids) as ArrayRef),
        (
            field("created_at", instant),
            Arc::new(created.with_timezone("UTC")),
        ),
        (field("reopens", DataType::UInt64), Arc::new(reopens)),
        (field("sla_met", DataType::Boolean), Arc::new(is_met)),
        (
            field("business_first_reply_s", DataType::Float64),
            Arc::new(seconds),
        ),
        (field("tags", tags.data_type().clone()), Arc::new(tags)),
    ])
}

unsafe extern "C" fn open(
    _host: *const VocHost,
    _config: VocStr,
    _out: *const VocOut,
    instance: *mut *mut c_void,
) -> VocStatus {
    // SAFETY: the host gives a place for the instance, which has nothing to keep.
    unsafe { *instance = ptr::null_mut() };
    OK
}

unsafe extern "C" fn close(_instance: *mut c_void) {}

unsafe extern "C" fn read(_: *mut c_void, _request: VocStr, out: *const VocOut) -> VocStatus {
    // SAFETY: the host's sink lives until this call returns.
    let out = unsafe { &*out };
    let (Some(batch), Some(checkpoint)) = (out.batch, out.checkpoint) else {
        return CANCELLED;
    };
    for page in 0..N_PAGES {
        // A slice has an offset, which the other side has to take into account.
        let rows = tickets(page).slice(PAGE / 2, PAGE / 2);
        let Ok((mut array, mut schema)) = to_ffi(&rows.into_data()) else {
            return CANCELLED;
        };
        let json = format!("{{\"page\":{page}}}");
        // SAFETY: both structures have the layout of the C data interface and are moved out of;
        // what is left of them has no release.
        let status = unsafe {
            let (array, schema) = ((&raw mut array).cast(), (&raw mut schema).cast());
            match batch(out.ctx, VocStr::new("ticket"), schema, array) {
                OK => checkpoint(out.ctx, VocStr::new("rows"), VocStr::new(&json)),
                status => status,
            }
        };
        if status != OK {
            return CANCELLED;
        }
    }
    OK
}

static PLUGIN: VocPlugin = VocPlugin {
    struct_size: size_of::<VocPlugin>() as u32,
    abi_minor: 0,
    flags: 0,
    reserved: 0,
    open: Some(open),
    close: Some(close),
    call: None,
    read: Some(read),
    get_extension: None,
};

/// The one symbol of a plugin.
#[unsafe(no_mangle)]
pub extern "C" fn voc_plugin_entry_v1(_host_minor: u32) -> *const VocPlugin {
    &PLUGIN
}
