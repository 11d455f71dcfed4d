//! The border to C: calls into the host, and the functions a plugin library exports.
#![expect(unsafe_code, reason = "the plugin interface is a C interface")]

mod export;
mod http;
mod panic;

use std::ffi::CStr;
use std::marker::PhantomData;
use std::mem::size_of;
use std::{ptr, slice};

use crate::abi::{
    OK, VocHost, VocOut, VocPlugin, VocProgressV1, VocRejectV1, VocStatus, VocStr, VocWebhookV1,
};
use crate::{Error, Result, Rows};

pub use export::plugin;
pub use http::{header_pairs, read_body};

/// A structure of the interface: `struct_size` first, and valid when all its bytes are zero.
///
/// # Safety
/// The type is `repr(C)`, starts with `struct_size: u32`, and zero bytes are a valid value.
pub unsafe trait AbiStruct: Copy {}

// SAFETY: `repr(C)`, size first, only integers, raw pointers and optional functions.
unsafe impl AbiStruct for VocHost {}
// SAFETY: as above.
unsafe impl AbiStruct for VocOut {}
// SAFETY: as above.
unsafe impl AbiStruct for VocPlugin {}
// SAFETY: as above.
unsafe impl AbiStruct for VocRejectV1 {}
// SAFETY: as above.
unsafe impl AbiStruct for VocProgressV1 {}
// SAFETY: as above.
unsafe impl AbiStruct for VocWebhookV1 {}

/// Copies a structure the other side built, perhaps with fewer or more fields than we know:
/// missing ones are absent, unknown ones ignored. Returns `None` for a null pointer.
///
/// # Safety
/// `source` is null or points to a structure of which `struct_size` bytes can be read.
#[must_use]
pub unsafe fn read_sized<T: AbiStruct>(source: *const T) -> Option<T> {
    if source.is_null() {
        return None;
    }
    // SAFETY: zero bytes are a valid `T` and the size comes first (both by `AbiStruct`); the caller
    // promises that `struct_size` bytes can be read, and no more than a whole `T` is written.
    unsafe {
        let struct_size = *source.cast::<u32>() as usize;
        let mut copy = std::mem::zeroed::<T>();
        let n_bytes = struct_size.min(size_of::<T>());
        ptr::copy_nonoverlapping(source.cast::<u8>(), (&raw mut copy).cast::<u8>(), n_bytes);
        Some(copy)
    }
}

/// Returns the bytes of a borrowed text.
///
/// # Safety
/// `text` points to `len` bytes that stay as they are for `'call`.
#[must_use]
pub unsafe fn bytes<'call>(text: VocStr) -> &'call [u8] {
    if text.ptr.is_null() || text.len == 0 {
        return &[];
    }
    // SAFETY: promised by the caller; the pointer is not null.
    unsafe { slice::from_raw_parts(text.ptr, text.len) }
}

/// The host's functions, copied at `open`.
#[derive(Debug, Clone)]
pub(crate) struct RawHost {
    host: VocHost,
}

// SAFETY: the contract allows the host's functions from any thread during a call, and
// `should_stop` always; the host keeps `ctx` valid as long as the instance lives.
unsafe impl Send for RawHost {}
// SAFETY: as above.
unsafe impl Sync for RawHost {}

impl RawHost {
    /// # Safety
    /// `host` is null or a structure that stays valid as long as the instance.
    unsafe fn read(host: *const VocHost) -> Result<Self> {
        // SAFETY: promised by the caller.
        let host = unsafe { read_sized(host) };
        let host = host.ok_or_else(|| Error::internal("the host passed no functions"))?;
        Ok(Self { host })
    }

    pub(crate) fn log(&self, level: u32, target: &str, message: &str, fields_json: &str) {
        if let Some(log) = self.host.log {
            let (target, fields) = (VocStr::new(target), VocStr::new(fields_json));
            // SAFETY: the host's own function and context; the texts outlive the call.
            unsafe { log(self.host.ctx, level, target, VocStr::new(message), fields) };
        }
    }

    pub(crate) fn metric(&self, name: &str, kind: u32, value: f64, labels_json: &str) {
        if let Some(metric) = self.host.metric {
            let (name, labels) = (VocStr::new(name), VocStr::new(labels_json));
            // SAFETY: as in `log`.
            unsafe { metric(self.host.ctx, name, kind, value, labels) };
        }
    }

    pub(crate) fn now_ms(&self) -> i64 {
        // SAFETY: as in `log`.
        self.host
            .now_ms
            .map_or(0, |now_ms| unsafe { now_ms(self.host.ctx) })
    }

    pub(crate) fn should_stop(&self) -> u32 {
        // SAFETY: as in `log`.
        self.host
            .should_stop
            .map_or(0, |should_stop| unsafe { should_stop(self.host.ctx) })
    }

    pub(crate) fn reject(&self) -> Option<RawReject> {
        self.extension(c"voc.reject/1").map(RawReject)
    }

    pub(crate) fn progress(&self) -> Option<RawProgress> {
        self.extension(c"voc.progress/1").map(RawProgress)
    }

    fn extension<T: AbiStruct>(&self, id: &CStr) -> Option<T> {
        let get_extension = self.host.get_extension?;
        // SAFETY: the host's own function; the id names the type it answers with, which is null or
        // a structure that lives as long as the host.
        unsafe { read_sized(get_extension(self.host.ctx, id.as_ptr()).cast::<T>()) }
    }
}

/// The host's sink during one call.
#[derive(Debug)]
pub(crate) struct RawOut<'call> {
    out: VocOut,
    call: PhantomData<&'call VocOut>,
}

impl RawOut<'_> {
    /// # Safety
    /// `out` is null or a structure that stays valid for `'call`.
    unsafe fn read(out: *const VocOut) -> Option<Self> {
        // SAFETY: promised by the caller.
        let out = unsafe { read_sized(out) }?;
        Some(Self {
            out,
            call: PhantomData,
        })
    }

    pub(crate) fn batch(&self, kind: &str, mut rows: Rows) -> Result<()> {
        let batch = self.out.batch.ok_or_else(|| absent("batch"))?;
        let (schema, array) = rows.as_raw();
        // SAFETY: the host's own function; it moves the structures out (then their release is
        // null) or leaves them to `rows`, which frees what is left.
        stop_unless_ok(unsafe { batch(self.out.ctx, VocStr::new(kind), schema, array) })
    }

    pub(crate) fn checkpoint(&self, stream: &str, json: &str) -> Result<()> {
        let checkpoint = self.out.checkpoint.ok_or_else(|| absent("checkpoint"))?;
        let (stream, json) = (VocStr::new(stream), VocStr::new(json));
        // SAFETY: the host's own function; the texts outlive the call.
        stop_unless_ok(unsafe { checkpoint(self.out.ctx, stream, json) })
    }

    fn reply(&self, json: &str) -> Result<()> {
        let reply = self.out.reply.ok_or_else(|| absent("reply"))?;
        // SAFETY: as in `checkpoint`.
        stop_unless_ok(unsafe { reply(self.out.ctx, VocStr::new(json)) })
    }

    fn error(&self, error: &Error) {
        if let Some(report) = self.out.error {
            let (user, internal) = (error.user(), error.internal_detail());
            let retry_after = error.retry_after().unwrap_or_default();
            let retry_after_ms = u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX);
            let status = error.class().status();
            let (user, internal) = (VocStr::new(user), VocStr::new(internal));
            // SAFETY: as in `checkpoint`.
            unsafe { report(self.out.ctx, status, user, internal, retry_after_ms) };
        }
    }
}

/// Extension `voc.reject/1`.
#[derive(Debug)]
pub(crate) struct RawReject(VocRejectV1);

impl RawReject {
    pub(crate) fn reject(&self, kind: &str, reason: &str, place: &str, detail: &str) {
        if let Some(reject) = self.0.reject {
            let [kind, reason, place, detail] = [kind, reason, place, detail].map(VocStr::new);
            // SAFETY: the host's own function; the texts outlive the call.
            unsafe { reject(self.0.ctx, kind, reason, place, detail) };
        }
    }
}

/// Extension `voc.progress/1`.
#[derive(Debug)]
pub(crate) struct RawProgress(VocProgressV1);

impl RawProgress {
    pub(crate) fn progress(&self, done: u64, total: u64, unit: &str) {
        if let Some(progress) = self.0.progress {
            // SAFETY: as in `RawReject::reject`.
            unsafe { progress(self.0.ctx, done, total, VocStr::new(unit)) };
        }
    }
}

fn absent(name: &str) -> Error {
    Error::unsupported(format!("the host offers no `{name}`"))
}

fn stop_unless_ok(status: VocStatus) -> Result<()> {
    match status {
        OK => Ok(()),
        _ => Err(Error::cancelled()),
    }
}
