//! The host's functions, as a plugin calls them.

use std::ffi::{CStr, c_char, c_void};
use std::mem::size_of;
use std::ptr;
use std::rc::{Rc, Weak};
use std::time::{SystemTime, UNIX_EPOCH};

use vocd_plugin::abi::http::{HTTP_EXTENSION, VocHttpV1};
use vocd_plugin::abi::{
    ABI_MINOR, ArrowArray, ArrowSchema, OK, PROGRESS_EXTENSION, REJECT_EXTENSION, VocHost, VocOut,
    VocProgressV1, VocRejectV1, VocStatus, VocStr,
};
use vocd_plugin::{ErrorClass, ffi};

use super::{http, import};
use crate::http::{HttpService, Link, Permits};
use crate::session::{Session, Wish};

/// Everything a plugin holds pointers to.
pub(super) struct HostSide {
    host: VocHost,
    out: VocOut,
    reject: VocRejectV1,
    progress: VocProgressV1,
    http: VocHttpV1,
    http_service: HttpService,
    permits: Permits,
    session: *const Session,
}

impl HostSide {
    /// Makes the structures; they point at the whole, so it is shared and never moves. The session
    /// has to outlive it.
    pub(super) fn new(session: &Session, http_service: HttpService, permits: Permits) -> Rc<Self> {
        Rc::new_cyclic(|side: &Weak<Self>| {
            let ctx = side.as_ptr().cast_mut().cast();
            Self::with_ctx(ctx, session, http_service, permits)
        })
    }

    fn with_ctx(
        ctx: *mut c_void,
        session: &Session,
        http_service: HttpService,
        permits: Permits,
    ) -> Self {
        Self {
            host: VocHost {
                struct_size: size_of_u32::<VocHost>(),
                abi_minor: ABI_MINOR,
                ctx,
                log: Some(log),
                metric: Some(metric),
                should_stop: Some(should_stop),
                now_ms: Some(now_ms),
                get_extension: Some(get_extension),
            },
            out: VocOut {
                struct_size: size_of_u32::<VocOut>(),
                abi_minor: ABI_MINOR,
                ctx,
                batch: Some(batch),
                checkpoint: Some(checkpoint),
                error: Some(error),
                reply: Some(reply),
            },
            reject: VocRejectV1 {
                struct_size: size_of_u32::<VocRejectV1>(),
                abi_minor: 0,
                ctx,
                reject: Some(reject),
            },
            progress: VocProgressV1 {
                struct_size: size_of_u32::<VocProgressV1>(),
                abi_minor: 0,
                ctx,
                progress: Some(progress),
            },
            http: VocHttpV1 {
                struct_size: size_of_u32::<VocHttpV1>(),
                abi_minor: 0,
                ctx,
                send: Some(http::send),
            },
            http_service,
            permits,
            session,
        }
    }

    pub(super) fn host(&self) -> *const VocHost {
        &raw const self.host
    }

    pub(super) fn out(&self) -> &VocOut {
        &self.out
    }

    pub(super) fn http_service(&self) -> &HttpService {
        &self.http_service
    }

    /// The daemon, as requests see it.
    pub(super) fn link(&self) -> Link<'_> {
        Link {
            // SAFETY: the session outlives its `HostSide`.
            session: unsafe { &*self.session },
            permits: &self.permits,
        }
    }
}

pub(super) fn size_of_u32<T>() -> u32 {
    u32::try_from(size_of::<T>()).expect("the structures are small")
}

/// # Safety
/// `ctx` is the one this file put into a structure of a living `HostSide`.
pub(super) unsafe fn side<'call>(ctx: *mut c_void) -> &'call HostSide {
    // SAFETY: promised by the caller; the structure is never changed once a plugin knows it.
    unsafe { &*ctx.cast::<HostSide>() }
}

/// # Safety
/// As [`side`].
unsafe fn session<'call>(ctx: *mut c_void) -> &'call Session {
    // SAFETY: promised by the caller; the session outlives its `HostSide`.
    unsafe { &*side(ctx).session }
}

/// # Safety
/// As [`ffi::bytes`].
pub(super) unsafe fn text(text: VocStr) -> String {
    // SAFETY: promised by the caller. Wrong UTF-8 of a plugin is mended, not refused: it can only
    // be a message, or a name that matches nothing.
    String::from_utf8_lossy(unsafe { ffi::bytes(text) }).into_owned()
}

/// Copies a text for people, which may quote what a server sent back.
///
/// # Safety
/// As [`side`] and [`text`].
unsafe fn told(ctx: *mut c_void, message: VocStr) -> String {
    // SAFETY: promised by the caller.
    unsafe { side(ctx).http_service().masked_text(&text(message)) }
}

fn status(wish: Wish) -> VocStatus {
    match wish {
        Wish::GoOn => OK,
        Wish::Stop => ErrorClass::Cancelled.status(),
    }
}

unsafe extern "C" fn batch(
    ctx: *mut c_void,
    kind: VocStr,
    schema: *mut ArrowSchema,
    array: *mut ArrowArray,
) -> VocStatus {
    // SAFETY: the plugin passes back our context, a text, and two structures it gives away
    // (interface contract). A plugin that lies harms this process alone.
    unsafe {
        let imported = import::import(schema, array);
        status(session(ctx).batch(&text(kind), imported.map_err(|error| error.to_string())))
    }
}

unsafe extern "C" fn checkpoint(ctx: *mut c_void, stream: VocStr, json: VocStr) -> VocStatus {
    // SAFETY: as in `batch`; so in all functions below.
    unsafe { status(session(ctx).checkpoint(&text(stream), &text(json))) }
}

unsafe extern "C" fn error(
    ctx: *mut c_void,
    status: VocStatus,
    user: VocStr,
    internal: VocStr,
    retry_after_ms: u64,
) {
    // SAFETY: as in `batch`.
    unsafe {
        let (user, internal) = (told(ctx, user), told(ctx, internal));
        session(ctx).report(status, &user, &internal, retry_after_ms);
    }
}

unsafe extern "C" fn reply(ctx: *mut c_void, json: VocStr) -> VocStatus {
    // SAFETY: as in `batch`.
    unsafe { status(session(ctx).reply(&text(json))) }
}

unsafe extern "C" fn log(
    ctx: *mut c_void,
    level: u32,
    target: VocStr,
    message: VocStr,
    fields_json: VocStr,
) {
    // SAFETY: as in `batch`.
    unsafe {
        let (message, fields) = (told(ctx, message), told(ctx, fields_json));
        session(ctx).log(level, &text(target), &message, &fields);
    }
}

unsafe extern "C" fn metric(
    ctx: *mut c_void,
    name: VocStr,
    kind: u32,
    value: f64,
    labels_json: VocStr,
) {
    // SAFETY: as in `batch`.
    unsafe { session(ctx).metric(&text(name), kind, value, &text(labels_json)) }
}

unsafe extern "C" fn should_stop(ctx: *mut c_void) -> u32 {
    // SAFETY: as in `batch`.
    unsafe { session(ctx) }.stop_level()
}

unsafe extern "C" fn now_ms(_ctx: *mut c_void) -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

unsafe extern "C" fn get_extension(ctx: *mut c_void, id: *const c_char) -> *const c_void {
    if id.is_null() {
        return ptr::null();
    }
    // SAFETY: as in `batch`; the id ends with a zero byte.
    let (side, id) = unsafe { (side(ctx), CStr::from_ptr(id)) };
    match id.to_str() {
        Ok(REJECT_EXTENSION) => (&raw const side.reject).cast(),
        Ok(PROGRESS_EXTENSION) => (&raw const side.progress).cast(),
        Ok(HTTP_EXTENSION) => (&raw const side.http).cast(),
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
    // SAFETY: as in `batch`.
    unsafe {
        let (place, detail) = (told(ctx, place), told(ctx, detail));
        session(ctx).reject(&text(kind), &text(reason), &place, &detail);
    }
}

unsafe extern "C" fn progress(ctx: *mut c_void, done: u64, total: u64, unit: VocStr) {
    // SAFETY: as in `batch`.
    unsafe { session(ctx).progress(done, total, &text(unit)) }
}
