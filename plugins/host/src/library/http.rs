//! `voc.http/1` as a plugin calls it.

use std::ffi::c_void;

use vocd_plugin::abi::http::{VocHttpHead, VocHttpHeader, VocHttpRequest, VocHttpSink};
use vocd_plugin::abi::{OK, VocStatus, VocStr};
use vocd_plugin::{Error, ErrorClass, Result, ffi};

use super::callback::{side, size_of_u32, text};
use crate::http::{AuthWish, Head, Outgoing, REQUEST_BODY_BYTES_MAX, REQUEST_HEADERS_MAX, Sink};

/// Makes a request, blocking.
pub(super) unsafe extern "C" fn send(
    ctx: *mut c_void,
    request: *const VocHttpRequest,
    sink: *const VocHttpSink,
) -> VocStatus {
    // SAFETY: the plugin passes back our context and structures that are valid for the call
    // (interface contract). A plugin that lies harms this process alone.
    unsafe {
        let (Some(request), Some(sink)) = (ffi::read_sized(request), ffi::read_sized(sink)) else {
            return ErrorClass::Internal.status();
        };
        let (side, mut sink) = (side(ctx), PluginSink { sink });
        let sent = outgoing(&request)
            .and_then(|outgoing| side.http_service().send(&outgoing, &side.link(), &mut sink));
        match sent {
            Ok(()) => OK,
            Err(error) => sink.explain(&error),
        }
    }
}

/// Copies what the plugin asks for.
///
/// # Safety
/// The structure comes from a plugin's running call.
unsafe fn outgoing(request: &VocHttpRequest) -> Result<Outgoing> {
    if request.n_headers > REQUEST_HEADERS_MAX {
        let text = format!("a request has at most {REQUEST_HEADERS_MAX} headers");
        return Err(Error::internal(text));
    }
    // SAFETY: promised by the caller.
    unsafe {
        let body = match request.read_body {
            None => None,
            Some(_) => Some(
                ffi::read_body(request, REQUEST_BODY_BYTES_MAX)
                    .ok_or_else(|| Error::internal("a request's body failed, or is above 8 MiB"))?,
            ),
        };
        Ok(Outgoing {
            method: text(request.method),
            url: text(request.url),
            headers: ffi::header_pairs(request.headers, request.n_headers),
            body,
            flags: request.flags,
            bucket: text(request.bucket),
            timeout_ms: request.timeout_ms,
            auth: AuthWish {
                kind: request.auth_kind,
                reference: text(request.auth_ref),
                name: text(request.auth_name),
                format: text(request.auth_format),
            },
            body_bytes_max: request.body_bytes_max,
        })
    }
}

/// The plugin's own functions.
struct PluginSink {
    sink: VocHttpSink,
}

impl PluginSink {
    /// Tells the plugin why `send` fails, and returns the status to fail with.
    fn explain(&self, error: &Error) -> VocStatus {
        let status = error.class().status();
        if let Some(on_error) = self.sink.on_error {
            let wait_ms = error.retry_after().unwrap_or_default().as_millis();
            let wait_ms = u64::try_from(wait_ms).unwrap_or(u64::MAX);
            let (user, internal) = (VocStr::new(error.user()), error.internal_detail());
            // SAFETY: the plugin's own function and context; the texts outlive the call.
            unsafe { on_error(self.sink.ctx, status, user, VocStr::new(internal), wait_ms) };
        }
        status
    }
}

impl Sink for PluginSink {
    fn on_head(&mut self, head: &Head) -> Result<()> {
        let pairs = head.headers.pairs().iter();
        let headers: Vec<VocHttpHeader> = pairs
            .map(|(name, value)| VocHttpHeader {
                name: VocStr::new(name),
                value: VocStr::new(value),
            })
            .collect();
        let retry_after = head.retry_after.unwrap_or_default().as_millis();
        let head = VocHttpHead {
            struct_size: size_of_u32::<VocHttpHead>(),
            status: u32::from(head.status),
            url: VocStr::new(&head.url),
            headers: headers.as_ptr(),
            n_headers: headers.len(),
            retry_after_ms: u64::try_from(retry_after).unwrap_or(u64::MAX),
        };
        // SAFETY: as in `explain`; so is the structure and what it points to.
        let taken = self.sink.on_head.map_or(OK, |on_head| unsafe {
            on_head(self.sink.ctx, &raw const head)
        });
        go_on(taken)
    }

    fn on_body(&mut self, chunk: &[u8]) -> Result<()> {
        let chunk = VocStr {
            ptr: chunk.as_ptr(),
            len: chunk.len(),
        };
        // SAFETY: as in `explain`.
        let taken = self
            .sink
            .on_body
            .map_or(OK, |on_body| unsafe { on_body(self.sink.ctx, chunk) });
        go_on(taken)
    }
}

fn go_on(status: VocStatus) -> Result<()> {
    match status {
        OK => Ok(()),
        _ => Err(Error::cancelled()),
    }
}
