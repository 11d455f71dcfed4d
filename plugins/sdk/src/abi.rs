//! The Rust mirror of `include/voc_plugin.h`: the frozen C interface, version 1.0.
//!
//! Fields are appended, never reordered or retyped; each structure starts with its own size, and a
//! reader treats fields past that size as absent (see [`crate::ffi::read_sized`]).

pub mod http;

use std::ffi::{c_char, c_void};
use std::mem::{offset_of, size_of};

/// Minor version of the interface this SDK was built with; the major is in the entry symbol.
pub const ABI_MINOR: u32 = 0;
/// Name of the one symbol a plugin library exports.
pub const ENTRY_SYMBOL: &str = "voc_plugin_entry_v1";
/// Extension of the host through which a plugin refuses single records.
pub const REJECT_EXTENSION: &str = "voc.reject/1";
/// Extension of the host through which a plugin tells how far it is.
pub const PROGRESS_EXTENSION: &str = "voc.progress/1";
/// Extension of the plugin through which it parses webhooks.
pub const WEBHOOK_EXTENSION: &str = "voc.webhook/1";
/// Greatest number of rows in one batch.
pub const BATCH_ROWS_MAX: usize = 64 * 1024;
/// Greatest size of the values of one batch, in bytes.
pub const BATCH_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Greatest size of a checkpoint, in bytes.
pub const CHECKPOINT_BYTES_MAX: usize = 64 * 1024;

/// Result of a call: 0 is success, negative values are error classes.
pub type VocStatus = i32;
/// Success.
pub const OK: VocStatus = 0;

/// Text or bytes borrowed for one call; no terminating zero.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct VocStr {
    /// First byte; may be null when `len` is 0.
    pub ptr: *const u8,
    /// Length in bytes.
    pub len: usize,
}

impl VocStr {
    /// Borrows a text for the length of a call.
    #[must_use]
    pub const fn new(text: &str) -> Self {
        Self {
            ptr: text.as_ptr(),
            len: text.len(),
        }
    }
}

/// `ArrowSchema` of the Arrow C data interface.
#[derive(Debug)]
#[repr(C)]
pub struct ArrowSchema {
    /// Type as a format string.
    pub format: *const c_char,
    /// Name of the field.
    pub name: *const c_char,
    /// Key-value pairs in Arrow's binary form, or null.
    pub metadata: *const c_char,
    /// Bit set; 2 is "nullable".
    pub flags: i64,
    /// Number of children.
    pub n_children: i64,
    /// The children.
    pub children: *mut *mut ArrowSchema,
    /// Dictionary values; always null here.
    pub dictionary: *mut ArrowSchema,
    /// Frees the structure; null once moved or freed.
    pub release: Option<unsafe extern "C" fn(*mut ArrowSchema)>,
    /// Belongs to the producer.
    pub private_data: *mut c_void,
}

/// `ArrowArray` of the Arrow C data interface.
#[derive(Debug)]
#[repr(C)]
pub struct ArrowArray {
    /// Number of rows.
    pub length: i64,
    /// Number of nulls, or −1.
    pub null_count: i64,
    /// First row in the buffers.
    pub offset: i64,
    /// Number of buffers.
    pub n_buffers: i64,
    /// Number of children.
    pub n_children: i64,
    /// The buffers; the validity bitmap may be null.
    pub buffers: *mut *const c_void,
    /// The children.
    pub children: *mut *mut ArrowArray,
    /// Dictionary values; always null here.
    pub dictionary: *mut ArrowArray,
    /// Frees the structure; null once moved or freed.
    pub release: Option<unsafe extern "C" fn(*mut ArrowArray)>,
    /// Belongs to the producer.
    pub private_data: *mut c_void,
}

/// Where a plugin puts rows, checkpoints, errors and replies.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct VocOut {
    /// Size of the structure as the host built it.
    pub struct_size: u32,
    /// Minor version of the host.
    pub abi_minor: u32,
    /// First argument of every function.
    pub ctx: *mut c_void,
    /// Takes a batch of a record kind; moves both structures.
    pub batch: Option<
        unsafe extern "C" fn(*mut c_void, VocStr, *mut ArrowSchema, *mut ArrowArray) -> VocStatus,
    >,
    /// Declares that everything emitted so far is covered by this checkpoint.
    pub checkpoint: Option<unsafe extern "C" fn(*mut c_void, VocStr, VocStr) -> VocStatus>,
    /// Explains the negative status the call is about to return.
    pub error: Option<unsafe extern "C" fn(*mut c_void, VocStatus, VocStr, VocStr, u64)>,
    /// Takes the answer of `call`.
    pub reply: Option<unsafe extern "C" fn(*mut c_void, VocStr) -> VocStatus>,
}

/// What the host offers to a plugin.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct VocHost {
    /// Size of the structure as the host built it.
    pub struct_size: u32,
    /// Minor version of the host.
    pub abi_minor: u32,
    /// First argument of every function.
    pub ctx: *mut c_void,
    /// Logs: level (1 error … 5 trace), target, message, fields as a JSON object.
    pub log: Option<unsafe extern "C" fn(*mut c_void, u32, VocStr, VocStr, VocStr)>,
    /// Measures: name, kind (0 counter, 1 gauge), value, labels as a JSON object.
    pub metric: Option<unsafe extern "C" fn(*mut c_void, VocStr, u32, f64, VocStr)>,
    /// 0 run, 1 stop at the next checkpoint, 2 stop now.
    pub should_stop: Option<unsafe extern "C" fn(*mut c_void) -> u32>,
    /// The clock, in milliseconds since 1970.
    pub now_ms: Option<unsafe extern "C" fn(*mut c_void) -> i64>,
    /// Returns an extension, or null; the id ends with a zero byte.
    pub get_extension: Option<unsafe extern "C" fn(*mut c_void, *const c_char) -> *const c_void>,
}

/// What a plugin offers to the host.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct VocPlugin {
    /// Size of the structure as the plugin built it.
    pub struct_size: u32,
    /// Minor version of the plugin.
    pub abi_minor: u32,
    /// Unknown bits of the upper half mean refusal.
    pub flags: u32,
    /// Zero.
    pub reserved: u32,
    /// Parses and checks the configuration; no I/O.
    pub open: Option<
        unsafe extern "C" fn(*const VocHost, VocStr, *const VocOut, *mut *mut c_void) -> VocStatus,
    >,
    /// Frees an instance.
    pub close: Option<unsafe extern "C" fn(*mut c_void)>,
    /// `check`, `discover`, …: method, parameters as JSON.
    pub call: Option<unsafe extern "C" fn(*mut c_void, VocStr, VocStr, *const VocOut) -> VocStatus>,
    /// Reads one stream; the request is a JSON object.
    pub read: Option<unsafe extern "C" fn(*mut c_void, VocStr, *const VocOut) -> VocStatus>,
    /// Returns an extension, or null; the id ends with a zero byte.
    pub get_extension: Option<unsafe extern "C" fn(*mut c_void, *const c_char) -> *const c_void>,
}

/// The entry function: gets the host's minor version, returns null to refuse it.
pub type VocEntry = unsafe extern "C" fn(u32) -> *const VocPlugin;

/// Extension `voc.reject/1`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct VocRejectV1 {
    /// Size of the structure as the host built it.
    pub struct_size: u32,
    /// Minor version of the extension.
    pub abi_minor: u32,
    /// First argument of every function.
    pub ctx: *mut c_void,
    /// Refuses one record: kind, reason (`bad_number`), place (`answers.csv:17`), detail.
    pub reject: Option<unsafe extern "C" fn(*mut c_void, VocStr, VocStr, VocStr, VocStr)>,
}

/// Extension `voc.progress/1`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct VocProgressV1 {
    /// Size of the structure as the host built it.
    pub struct_size: u32,
    /// Minor version of the extension.
    pub abi_minor: u32,
    /// First argument of every function.
    pub ctx: *mut c_void,
    /// Tells how far: done, total (0 if unknown), unit.
    pub progress: Option<unsafe extern "C" fn(*mut c_void, u64, u64, VocStr)>,
}

/// Extension `voc.webhook/1` of a plugin.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct VocWebhookV1 {
    /// Size of the structure as the plugin built it.
    pub struct_size: u32,
    /// Minor version of the extension.
    pub abi_minor: u32,
    /// Parses one webhook: instance, request as JSON, body, sink. Emits rows and no checkpoint.
    pub parse:
        Option<unsafe extern "C" fn(*mut c_void, VocStr, VocStr, *const VocOut) -> VocStatus>,
}

// The layout is frozen for 64-bit targets, the only ones a release is built for.
#[cfg(target_pointer_width = "64")]
const _: () = {
    assert!(size_of::<VocStr>() == 16);
    assert!(size_of::<VocOut>() == 48 && offset_of!(VocOut, reply) == 40);
    assert!(size_of::<VocHost>() == 56 && offset_of!(VocHost, get_extension) == 48);
    assert!(size_of::<VocPlugin>() == 56 && offset_of!(VocPlugin, get_extension) == 48);
    assert!(offset_of!(VocPlugin, open) == 16 && offset_of!(VocPlugin, read) == 40);
    assert!(size_of::<VocRejectV1>() == 24 && size_of::<VocProgressV1>() == 24);
    assert!(size_of::<VocWebhookV1>() == 16 && offset_of!(VocWebhookV1, parse) == 8);
    assert!(size_of::<ArrowSchema>() == 72 && offset_of!(ArrowSchema, release) == 56);
    assert!(size_of::<ArrowArray>() == 80 && offset_of!(ArrowArray, release) == 64);
};
