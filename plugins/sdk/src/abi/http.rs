//! Extension `voc.http/1`: requests that the host makes for a plugin.

use std::ffi::c_void;
use std::mem::{offset_of, size_of};

use super::{VocStatus, VocStr};

/// Extension of the host through which a plugin makes HTTP requests.
pub const HTTP_EXTENSION: &str = "voc.http/1";
/// Flag of a request: it may be repeated although its method is not idempotent.
pub const HTTP_REPEATABLE: u32 = 1;
/// Flag of a request: it is made once whatever happens.
pub const HTTP_ONCE: u32 = 2;
/// No credentials.
pub const HTTP_AUTH_NONE: u32 = 0;
/// `Authorization: Bearer …`.
pub const HTTP_AUTH_BEARER: u32 = 1;
/// `Authorization: Basic …`, the format being `user:password`.
pub const HTTP_AUTH_BASIC: u32 = 2;
/// A header of the name given.
pub const HTTP_AUTH_HEADER: u32 = 3;
/// A query parameter of the name given.
pub const HTTP_AUTH_QUERY: u32 = 4;

/// One header.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct VocHttpHeader {
    /// Name, in any case.
    pub name: VocStr,
    /// Value.
    pub value: VocStr,
}

/// What to send; see the header file for the meaning of each field.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct VocHttpRequest {
    /// Size of the structure as the plugin built it.
    pub struct_size: u32,
    /// [`HTTP_REPEATABLE`], [`HTTP_ONCE`]; unknown bits are ignored.
    pub flags: u32,
    /// `GET`, `POST`, …
    pub method: VocStr,
    /// Absolute, `https` or `http`.
    pub url: VocStr,
    /// `n_headers` headers, or null.
    pub headers: *const VocHttpHeader,
    /// Number of headers.
    pub n_headers: usize,
    /// First argument of `read_body`.
    pub body_ctx: *mut c_void,
    /// Fills the buffer and returns how many bytes: 0 at the end, negative to give up. Null: no
    /// body.
    pub read_body: Option<unsafe extern "C" fn(*mut c_void, *mut u8, usize) -> i64>,
    /// Name of the budget the request counts in; empty for the host's own.
    pub bucket: VocStr,
    /// Longest time of one attempt in milliseconds; 0 for the default.
    pub timeout_ms: u32,
    /// [`HTTP_AUTH_NONE`] to [`HTTP_AUTH_QUERY`].
    pub auth_kind: u32,
    /// What the configuration holds in place of the secret.
    pub auth_ref: VocStr,
    /// Name of the header or parameter.
    pub auth_name: VocStr,
    /// Text with `{secret}` in it; empty for the secret alone.
    pub auth_format: VocStr,
    /// Largest body of the response, in bytes; 0 for the default.
    pub body_bytes_max: u64,
}

/// Start of a response.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct VocHttpHead {
    /// Size of the structure as the host built it.
    pub struct_size: u32,
    /// 200, 404, …
    pub status: u32,
    /// Where it came from, redirects followed; without injected secrets.
    pub url: VocStr,
    /// `n_headers` headers.
    pub headers: *const VocHttpHeader,
    /// Number of headers.
    pub n_headers: usize,
    /// How long the server asks to wait, in milliseconds; 0 when it does not say.
    pub retry_after_ms: u64,
}

/// Where the response of one request goes.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct VocHttpSink {
    /// Size of the structure as the plugin built it.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// First argument of every function.
    pub ctx: *mut c_void,
    /// Takes the start of the response, once. Anything but 0 ends the request.
    pub on_head: Option<unsafe extern "C" fn(*mut c_void, *const VocHttpHead) -> VocStatus>,
    /// Takes a piece of the body, decoded. Anything but 0 ends the request.
    pub on_body: Option<unsafe extern "C" fn(*mut c_void, VocStr) -> VocStatus>,
    /// Explains the negative status that `send` is about to return.
    pub on_error: Option<unsafe extern "C" fn(*mut c_void, VocStatus, VocStr, VocStr, u64)>,
}

/// Extension `voc.http/1`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct VocHttpV1 {
    /// Size of the structure as the host built it.
    pub struct_size: u32,
    /// Minor version of the extension.
    pub abi_minor: u32,
    /// First argument of every function.
    pub ctx: *mut c_void,
    /// Makes a request and blocks until its response was taken.
    pub send: Option<
        unsafe extern "C" fn(*mut c_void, *const VocHttpRequest, *const VocHttpSink) -> VocStatus,
    >,
}

// Frozen as the rest of the interface.
#[cfg(target_pointer_width = "64")]
const _: () = {
    assert!(size_of::<VocHttpHeader>() == 32);
    assert!(size_of::<VocHttpRequest>() == 152 && offset_of!(VocHttpRequest, headers) == 40);
    assert!(offset_of!(VocHttpRequest, bucket) == 72 && offset_of!(VocHttpRequest, auth_ref) == 96);
    assert!(size_of::<VocHttpHead>() == 48 && offset_of!(VocHttpHead, retry_after_ms) == 40);
    assert!(size_of::<VocHttpSink>() == 40 && offset_of!(VocHttpSink, on_error) == 32);
    assert!(size_of::<VocHttpV1>() == 24 && offset_of!(VocHttpV1, send) == 16);
};
