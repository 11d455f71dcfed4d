//! The border to C for `voc.http/1`: a request goes out, its response comes back in calls.

use std::any::Any;
use std::ffi::c_void;
use std::mem::size_of;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;
use std::{ptr, slice};

use super::{AbiStruct, RawHost, absent, bytes, read_sized};
use crate::abi::http::{VocHttpHead, VocHttpHeader, VocHttpRequest, VocHttpSink, VocHttpV1};
use crate::abi::{OK, VocStatus, VocStr};
use crate::http::{Head, Outgoing};
use crate::{Error, ErrorClass, Result};

/// Bytes of a request's body taken at once.
const BODY_PIECE_BYTES: usize = 64 * 1024;

// SAFETY: `repr(C)`, size first, only integers, raw pointers and optional functions.
unsafe impl AbiStruct for VocHttpV1 {}
// SAFETY: as above.
unsafe impl AbiStruct for VocHttpRequest {}
// SAFETY: as above.
unsafe impl AbiStruct for VocHttpHead {}
// SAFETY: as above.
unsafe impl AbiStruct for VocHttpSink {}

impl RawHost {
    pub(crate) fn http(&self) -> Option<RawHttp> {
        self.extension(c"voc.http/1").map(RawHttp)
    }
}

/// Extension `voc.http/1`.
#[derive(Debug)]
pub(crate) struct RawHttp(VocHttpV1);

/// What the host's calls during one request work on.
struct Exchange<'call> {
    method: &'call str,
    unsent: &'call [u8],
    head: Option<Head>,
    on_body: &'call mut dyn FnMut(&Head, &[u8]) -> Result<()>,
    /// What the host said about the error it returns.
    reported: Option<Error>,
    /// What the plugin's own code returned; comes before anything the host says.
    refused: Option<Error>,
    panic: Option<Box<dyn Any + Send>>,
}

impl RawHttp {
    /// Makes a request and hands the body over in pieces.
    pub(crate) fn send(
        &self,
        outgoing: &Outgoing,
        on_body: &mut dyn FnMut(&Head, &[u8]) -> Result<()>,
    ) -> Result<Head> {
        let send = self.0.send.ok_or_else(|| absent("voc.http/1"))?;
        let headers: Vec<VocHttpHeader> = outgoing.headers.iter().map(header).collect();
        let mut exchange = Exchange {
            method: &outgoing.method,
            unsent: outgoing.body.as_deref().unwrap_or_default(),
            head: None,
            on_body,
            reported: None,
            refused: None,
            panic: None,
        };
        let ctx: *mut c_void = (&raw mut exchange).cast();
        let request = request(outgoing, &headers, ctx);
        let sink = VocHttpSink {
            struct_size: size_of::<VocHttpSink>() as u32,
            reserved: 0,
            ctx,
            on_head: Some(on_head),
            on_body: Some(self::on_body),
            on_error: Some(on_error),
        };
        // SAFETY: the host's own function; everything it gets outlives the call, and `exchange` is
        // reached through `ctx` alone until it returns.
        let status = unsafe { send(self.0.ctx, &raw const request, &raw const sink) };
        exchange.finish(status)
    }
}

impl Exchange<'_> {
    fn finish(self, status: VocStatus) -> Result<Head> {
        if let Some(panic) = self.panic {
            resume_unwind(panic);
        }
        if let Some(error) = self.refused {
            return Err(error);
        }
        match ErrorClass::from_status(status) {
            Some(class) => {
                let silent = || Error::new(class, "the host failed to make a request");
                Err(self.reported.unwrap_or_else(silent))
            }
            None => self
                .head
                .ok_or_else(|| Error::internal("the host answered a request with nothing")),
        }
    }

    /// Runs the plugin's code so that neither its error nor its panic crosses the border.
    fn guard(&mut self, body: impl FnOnce(&mut Self) -> Result<()>) -> VocStatus {
        match catch_unwind(AssertUnwindSafe(|| body(self))) {
            Ok(Ok(())) => return OK,
            Ok(Err(error)) => self.refused = Some(error),
            Err(panic) => self.panic = Some(panic),
        }
        ErrorClass::Cancelled.status()
    }
}

fn header((name, value): &(String, String)) -> VocHttpHeader {
    VocHttpHeader {
        name: VocStr::new(name),
        value: VocStr::new(value),
    }
}

fn request(outgoing: &Outgoing, headers: &[VocHttpHeader], ctx: *mut c_void) -> VocHttpRequest {
    let auth = &outgoing.auth;
    VocHttpRequest {
        struct_size: size_of::<VocHttpRequest>() as u32,
        flags: outgoing.flags,
        method: VocStr::new(&outgoing.method),
        url: VocStr::new(&outgoing.url),
        headers: headers.as_ptr(),
        n_headers: headers.len(),
        body_ctx: ctx,
        read_body: match outgoing.body {
            Some(_) => Some(give_body),
            None => None,
        },
        bucket: VocStr::new(&outgoing.bucket),
        timeout_ms: u32::try_from(outgoing.timeout.as_millis()).unwrap_or(u32::MAX),
        auth_kind: auth.kind,
        auth_ref: VocStr::new(&auth.reference),
        auth_name: VocStr::new(&auth.name),
        auth_format: VocStr::new(&auth.format),
        body_bytes_max: outgoing.body_bytes_max,
    }
}

/// # Safety
/// `ctx` is the exchange of a running [`RawHttp::send`].
unsafe fn exchange<'call>(ctx: *mut c_void) -> &'call mut Exchange<'call> {
    // SAFETY: promised by the caller; the host makes these calls one after the other.
    unsafe { &mut *ctx.cast::<Exchange<'call>>() }
}

unsafe extern "C" fn give_body(ctx: *mut c_void, buffer: *mut u8, capacity: usize) -> i64 {
    // SAFETY: the host passes our context and a buffer of `capacity` bytes.
    unsafe {
        let exchange = exchange(ctx);
        let n_bytes = exchange.unsent.len().min(capacity);
        ptr::copy_nonoverlapping(exchange.unsent.as_ptr(), buffer, n_bytes);
        exchange.unsent = &exchange.unsent[n_bytes..];
        i64::try_from(n_bytes).unwrap_or(-1)
    }
}

unsafe extern "C" fn on_head(ctx: *mut c_void, head: *const VocHttpHead) -> VocStatus {
    // SAFETY: the host passes our context and a structure that is valid for the call.
    let (exchange, head) = unsafe { (exchange(ctx), read_sized(head)) };
    exchange.guard(|exchange| {
        let head = head.ok_or_else(|| Error::internal("the host passed no head"))?;
        // SAFETY: its texts and headers are valid for the call, too.
        exchange.head = Some(unsafe { owned_head(&head, exchange.method) });
        Ok(())
    })
}

unsafe extern "C" fn on_body(ctx: *mut c_void, chunk: VocStr) -> VocStatus {
    // SAFETY: the host passes our context and bytes that are valid for the call.
    let (exchange, chunk) = unsafe { (exchange(ctx), bytes(chunk)) };
    exchange.guard(|exchange| match &exchange.head {
        Some(head) => (exchange.on_body)(head, chunk),
        None => Err(Error::internal("the host passed a body without a head")),
    })
}

unsafe extern "C" fn on_error(
    ctx: *mut c_void,
    status: VocStatus,
    user: VocStr,
    internal: VocStr,
    retry_after_ms: u64,
) {
    let class = ErrorClass::from_status(status).unwrap_or(ErrorClass::Internal);
    // SAFETY: the host passes our context and texts that are valid for the call.
    let (exchange, user, internal) = unsafe { (exchange(ctx), lossy(user), lossy(internal)) };
    let error = match class {
        ErrorClass::RateLimited => Error::rate_limited(user, Duration::from_millis(retry_after_ms)),
        class => Error::new(class, user),
    };
    exchange.reported = Some(error.with_internal(internal));
}

/// # Safety
/// The structure's texts and headers can be read.
unsafe fn owned_head(head: &VocHttpHead, method: &str) -> Head {
    // SAFETY: promised by the caller.
    let headers = unsafe { header_pairs(head.headers, head.n_headers) };
    Head {
        method: method.to_owned(),
        status: u16::try_from(head.status).unwrap_or_default(),
        // SAFETY: promised by the caller.
        url: unsafe { lossy(head.url) },
        headers,
        retry_after: match head.retry_after_ms {
            0 => None,
            wait_ms => Some(Duration::from_millis(wait_ms)),
        },
    }
}

/// Copies an array of headers; wrong UTF-8 is mended.
///
/// # Safety
/// `headers` points to `n_headers` headers whose texts can be read, or is null.
#[must_use]
pub unsafe fn header_pairs(
    headers: *const VocHttpHeader,
    n_headers: usize,
) -> Vec<(String, String)> {
    if headers.is_null() {
        return Vec::new();
    }
    // SAFETY: promised by the caller; the pointer is not null.
    let headers = unsafe { slice::from_raw_parts(headers, n_headers) };
    // SAFETY: promised by the caller.
    let pair = |header: &VocHttpHeader| unsafe { (lossy(header.name), lossy(header.value)) };
    headers.iter().map(pair).collect()
}

/// Reads the whole body of a request, or returns `None` when the plugin gives up or it is longer
/// than `bytes_max`. A request without a body has an empty one.
///
/// # Safety
/// The structure comes from a plugin's running call of `send`.
#[must_use]
pub unsafe fn read_body(request: &VocHttpRequest, bytes_max: usize) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    let Some(read_body) = request.read_body else {
        return Some(body);
    };
    let mut piece = vec![0; BODY_PIECE_BYTES];
    loop {
        // SAFETY: the plugin's own function and context; it writes at most the buffer's length.
        let n_bytes = unsafe { read_body(request.body_ctx, piece.as_mut_ptr(), piece.len()) };
        let n_bytes = usize::try_from(n_bytes).ok()?;
        if n_bytes == 0 {
            return Some(body);
        }
        body.extend_from_slice(piece.get(..n_bytes)?);
        if body.len() > bytes_max {
            return None;
        }
    }
}

/// # Safety
/// As [`bytes`].
unsafe fn lossy(text: VocStr) -> String {
    // SAFETY: promised by the caller.
    String::from_utf8_lossy(unsafe { bytes(text) }).into_owned()
}
