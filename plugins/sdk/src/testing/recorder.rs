//! The host's side of the C interface: keeps what a source emits and says.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Event, Reject, RowKeeping, decode, http};
use crate::abi::{
    ABI_MINOR, ArrowArray, ArrowSchema, OK, VocHost, VocOut, VocProgressV1, VocRejectV1, VocStatus,
    VocStr,
};
use crate::{Error, ErrorClass, Level, RecordKind, Stop, ffi};

#[derive(Debug)]
pub(super) struct Recorder {
    pub(super) events: Vec<Event>,
    pub(super) error: Option<Error>,
    pub(super) reply: String,
    pub(super) row_keeping: RowKeeping,
    pub(super) stop: Stop,
    pub(super) stop_after: Option<usize>,
    pub(super) n_checkpoints: usize,
    pub(super) now_ms: i64,
    pub(super) reject: VocRejectV1,
    pub(super) progress: VocProgressV1,
    pub(super) vendor: Box<http::Vendor>,
}

impl Recorder {
    pub(super) fn new() -> Self {
        Self {
            events: Vec::new(),
            error: None,
            reply: String::new(),
            row_keeping: RowKeeping::Keep,
            stop: Stop::No,
            stop_after: None,
            n_checkpoints: 0,
            now_ms: 0,
            reject: VocRejectV1 {
                struct_size: size_of_u32::<VocRejectV1>(),
                abi_minor: 0,
                ctx: ptr::null_mut(),
                reject: Some(reject),
            },
            progress: VocProgressV1 {
                struct_size: size_of_u32::<VocProgressV1>(),
                abi_minor: 0,
                ctx: ptr::null_mut(),
                progress: Some(progress),
            },
            vendor: http::Vendor::boxed(),
        }
    }

    pub(super) fn offer(&mut self, ctx: *mut c_void) {
        self.reject.ctx = ctx;
        self.progress.ctx = ctx;
    }

    pub(super) fn start_run(&mut self) {
        self.events.clear();
        self.n_checkpoints = 0;
        self.stop = Stop::No;
    }
}

pub(super) fn out_of(ctx: *mut c_void) -> VocOut {
    VocOut {
        struct_size: size_of_u32::<VocOut>(),
        abi_minor: ABI_MINOR,
        ctx,
        batch: Some(batch),
        checkpoint: Some(checkpoint),
        error: Some(error),
        reply: Some(reply),
    }
}

pub(super) fn host_of(ctx: *mut c_void) -> VocHost {
    VocHost {
        struct_size: size_of_u32::<VocHost>(),
        abi_minor: ABI_MINOR,
        ctx,
        log: Some(log),
        metric: Some(metric),
        should_stop: Some(should_stop),
        now_ms: Some(now_ms),
        get_extension: Some(get_extension),
    }
}

pub(super) const fn size_of_u32<T>() -> u32 {
    size_of::<T>() as u32
}

/// # Safety
/// `ctx` is the recorder of a living harness.
unsafe fn recorder<'harness>(ctx: *mut c_void) -> MutexGuard<'harness, Recorder> {
    // SAFETY: promised by the caller.
    let recorder = unsafe { &*ctx.cast::<Mutex<Recorder>>() };
    recorder.lock().unwrap_or_else(PoisonError::into_inner)
}

/// # Safety
/// As [`ffi::bytes`].
pub(super) unsafe fn owned(text: VocStr) -> String {
    // SAFETY: promised by the caller.
    String::from_utf8_lossy(unsafe { ffi::bytes(text) }).into_owned()
}

unsafe extern "C" fn batch(
    ctx: *mut c_void,
    kind: VocStr,
    schema: *mut ArrowSchema,
    array: *mut ArrowArray,
) -> VocStatus {
    // SAFETY: called by the SDK during a call of the harness, with structures it owns; they are
    // only looked at here, and freed by the SDK since they are not moved.
    unsafe {
        let mut recorder = recorder(ctx);
        let Some(kind) = RecordKind::from_name(&owned(kind)) else {
            return ErrorClass::Internal.status();
        };
        let n_rows = usize::try_from((*array).length).unwrap_or(0);
        let rows = match recorder.row_keeping {
            RowKeeping::Keep => decode::rows(&*schema, &*array),
            RowKeeping::Count => Vec::new(),
        };
        recorder.events.push(Event::Batch { kind, n_rows, rows });
        stop_status(recorder.stop == Stop::Now)
    }
}

unsafe extern "C" fn checkpoint(ctx: *mut c_void, _stream: VocStr, json: VocStr) -> VocStatus {
    // SAFETY: called by the SDK during a call of the harness.
    let (mut recorder, json) = unsafe { (recorder(ctx), owned(json)) };
    recorder.events.push(Event::Checkpoint(json));
    recorder.n_checkpoints += 1;
    if recorder.stop_after == Some(recorder.n_checkpoints) {
        recorder.stop = Stop::Drain;
    }
    stop_status(recorder.stop != Stop::No)
}

fn stop_status(is_stopping: bool) -> VocStatus {
    match is_stopping {
        true => ErrorClass::Cancelled.status(),
        false => OK,
    }
}

unsafe extern "C" fn error(
    ctx: *mut c_void,
    status: VocStatus,
    user: VocStr,
    internal: VocStr,
    retry_after_ms: u64,
) {
    // SAFETY: as in `checkpoint`.
    let (mut recorder, user, internal) = unsafe { (recorder(ctx), owned(user), owned(internal)) };
    let class = ErrorClass::from_status(status).unwrap_or(ErrorClass::Internal);
    let error = match class {
        ErrorClass::RateLimited => Error::rate_limited(user, Duration::from_millis(retry_after_ms)),
        class => Error::new(class, user),
    };
    recorder.error = Some(error.with_internal(internal));
}

unsafe extern "C" fn reply(ctx: *mut c_void, json: VocStr) -> VocStatus {
    // SAFETY: as in `checkpoint`.
    let (mut recorder, json) = unsafe { (recorder(ctx), owned(json)) };
    recorder.reply = json;
    OK
}

unsafe extern "C" fn log(
    ctx: *mut c_void,
    level: u32,
    _target: VocStr,
    message: VocStr,
    _fields_json: VocStr,
) {
    // SAFETY: as in `checkpoint`.
    let (mut recorder, message) = unsafe { (recorder(ctx), owned(message)) };
    recorder.events.push(Event::Log {
        level: Level::from_number(level),
        message,
    });
}

unsafe extern "C" fn metric(_: *mut c_void, _: VocStr, _: u32, _: f64, _: VocStr) {}

unsafe extern "C" fn should_stop(ctx: *mut c_void) -> u32 {
    // SAFETY: as in `checkpoint`.
    match unsafe { recorder(ctx) }.stop {
        Stop::No => 0,
        Stop::Drain => 1,
        Stop::Now => 2,
    }
}

unsafe extern "C" fn now_ms(ctx: *mut c_void) -> i64 {
    // SAFETY: as in `checkpoint`.
    unsafe { recorder(ctx) }.now_ms
}

unsafe extern "C" fn get_extension(ctx: *mut c_void, id: *const c_char) -> *const c_void {
    // SAFETY: as in `checkpoint`; the id ends with a zero byte.
    let (recorder, id) = unsafe { (recorder(ctx), CStr::from_ptr(id)) };
    // The structures live in the shared recorder and never move.
    match id.to_bytes() {
        b"voc.reject/1" => (&raw const recorder.reject).cast(),
        b"voc.progress/1" => (&raw const recorder.progress).cast(),
        b"voc.http/1" => (&raw const recorder.vendor.extension).cast(),
        _ => ptr::null(),
    }
}

unsafe extern "C" fn reject(
    ctx: *mut c_void,
    kind: VocStr,
    reason: VocStr,
    place: VocStr,
    detail: VocStr,
) {
    // SAFETY: as in `checkpoint`.
    let (mut recorder, reject) = unsafe {
        let reject = Reject {
            kind: owned(kind),
            reason: owned(reason),
            place: owned(place),
            detail: owned(detail),
        };
        (recorder(ctx), reject)
    };
    recorder.events.push(Event::Reject(reject));
}

unsafe extern "C" fn progress(ctx: *mut c_void, done: u64, total: u64, unit: VocStr) {
    // SAFETY: as in `checkpoint`.
    let (mut recorder, unit) = unsafe { (recorder(ctx), owned(unit)) };
    recorder.events.push(Event::Progress { done, total, unit });
}
