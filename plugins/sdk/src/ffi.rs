//! The border to C: calls into the host, and the functions a plugin library exports.
#![expect(unsafe_code, reason = "the plugin interface is a C interface")]

mod http;

use std::any::Any;
use std::cell::RefCell;
use std::ffi::{CStr, c_void};
use std::marker::PhantomData;
use std::mem::size_of;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::{ptr, slice};

use crate::abi::{
    ABI_MINOR, OK, VocHost, VocOut, VocPlugin, VocProgressV1, VocRejectV1, VocStatus, VocStr,
    VocWebhookV1, WEBHOOK_EXTENSION,
};
use crate::{Error, ErrorClass, Host, Out, Read, Result, Rows, Source, Webhook, json};

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

/// Returns the table of functions of a source; [`crate::export!`] makes it a plugin.
#[must_use]
pub const fn plugin<S: Source>() -> VocPlugin {
    VocPlugin {
        struct_size: size_of::<VocPlugin>() as u32,
        abi_minor: ABI_MINOR,
        flags: 0,
        reserved: 0,
        open: Some(open::<S>),
        close: Some(close::<S>),
        call: Some(call::<S>),
        read: Some(read::<S>),
        get_extension: Some(get_extension::<S>),
    }
}

struct Instance<S> {
    source: S,
    host: Host,
    /// Set by a panic: its state may be torn, so only `close` is left.
    is_poisoned: bool,
}

unsafe extern "C" fn open<S: Source>(
    host: *const VocHost,
    config_json: VocStr,
    out: *const VocOut,
    instance: *mut *mut c_void,
) -> VocStatus {
    install_panic_hook();
    // SAFETY: the host passes valid structures and a place for the instance (interface contract).
    unsafe {
        guarded(out, |_| {
            let host = Host::new(RawHost::read(host)?);
            let source = S::open(text(config_json)?, &host)?;
            let opened = Instance {
                source,
                host,
                is_poisoned: false,
            };
            *instance = Box::into_raw(Box::new(opened)).cast();
            Ok(())
        })
    }
}

unsafe extern "C" fn close<S: Source>(instance: *mut c_void) {
    if instance.is_null() {
        return;
    }
    // SAFETY: the host passes what `open` made, once.
    let instance = unsafe { Box::from_raw(instance.cast::<Instance<S>>()) };
    // A panic while closing has nobody to report to: the hook has printed it.
    drop(catch_unwind(AssertUnwindSafe(|| drop(instance))));
}

unsafe extern "C" fn call<S: Source>(
    instance: *mut c_void,
    method: VocStr,
    _params_json: VocStr,
    out: *const VocOut,
) -> VocStatus {
    // SAFETY: the host passes what `open` made, and texts valid for the call.
    unsafe {
        with_instance::<S>(instance, out, |instance, out| {
            let out = out.ok_or_else(|| absent("out"))?;
            match text(method)? {
                "check" => {
                    instance.source.check()?;
                    out.reply("{\"ok\":true}")
                }
                "discover" => out.reply(&streams_json(&instance.source.discover()?)),
                other => Err(Error::unsupported(format!(
                    "method `{other}` is not supported"
                ))),
            }
        })
    }
}

unsafe extern "C" fn read<S: Source>(
    instance: *mut c_void,
    request_json: VocStr,
    out: *const VocOut,
) -> VocStatus {
    // SAFETY: as in `call`.
    unsafe {
        with_instance::<S>(instance, out, |instance, out| {
            let raw = out.ok_or_else(|| absent("out"))?;
            let request = Read::parse(text(request_json)?)?;
            request.check_format(S::META.checkpoint_format)?;
            let mut out = Out::new(raw, &instance.host, &request.stream);
            instance.source.read(&request, &mut out)?;
            out.hand_over()
        })
    }
}

/// The extensions of one source, each a constant of its own.
struct Extensions<S>(PhantomData<S>);

impl<S: Source> Extensions<S> {
    const WEBHOOK: VocWebhookV1 = VocWebhookV1 {
        struct_size: size_of::<VocWebhookV1>() as u32,
        abi_minor: 0,
        parse: Some(parse_webhook::<S>),
    };
}

unsafe extern "C" fn get_extension<S: Source>(
    _instance: *mut c_void,
    id: *const std::ffi::c_char,
) -> *const c_void {
    if id.is_null() {
        return ptr::null();
    }
    // SAFETY: the host passes an id that ends with a zero byte.
    let id = unsafe { CStr::from_ptr(id) };
    if id.to_bytes() == WEBHOOK_EXTENSION.as_bytes() && S::META.webhook.is_some() {
        let webhook: &'static VocWebhookV1 = &Extensions::<S>::WEBHOOK;
        return ptr::from_ref(webhook).cast();
    }
    ptr::null()
}

unsafe extern "C" fn parse_webhook<S: Source>(
    instance: *mut c_void,
    request_json: VocStr,
    body: VocStr,
    out: *const VocOut,
) -> VocStatus {
    // SAFETY: as in `call`; the body is valid for the call as well.
    unsafe {
        with_instance::<S>(instance, out, |instance, out| {
            let raw = out.ok_or_else(|| absent("out"))?;
            let webhook = Webhook::parse(text(request_json)?, bytes(body))?;
            let mut out = Out::new(raw, &instance.host, "");
            instance.source.webhook(&webhook, &mut out)?;
            out.hand_over()
        })
    }
}

/// # Safety
/// `instance` comes from `open::<S>` and is used by this call alone; `out` is valid for the call.
unsafe fn with_instance<S: Source>(
    instance: *mut c_void,
    out: *const VocOut,
    body: impl FnOnce(&mut Instance<S>, Option<RawOut<'_>>) -> Result<()>,
) -> VocStatus {
    // SAFETY: promised by the caller.
    let instance = unsafe { instance.cast::<Instance<S>>().as_mut() };
    let Some(instance) = instance else {
        return ErrorClass::Internal.status();
    };
    // SAFETY: promised by the caller.
    let status = unsafe {
        guarded(out, |out| match instance.is_poisoned {
            true => Err(Error::new(ErrorClass::Panic, "an earlier call panicked")),
            false => body(instance, out),
        })
    };
    if status == ErrorClass::Panic.status() {
        instance.is_poisoned = true;
    }
    status
}

/// Runs a call so that neither an error nor a panic crosses the border unreported.
///
/// # Safety
/// `out` is null or valid for the call.
unsafe fn guarded<'call>(
    out: *const VocOut,
    body: impl FnOnce(Option<RawOut<'call>>) -> Result<()>,
) -> VocStatus {
    // SAFETY: promised by the caller.
    let (for_body, for_error) = unsafe { (RawOut::read(out), RawOut::read(out)) };
    let result = catch_unwind(AssertUnwindSafe(|| body(for_body)))
        .unwrap_or_else(|payload| Err(panic_error(payload.as_ref())));
    let Err(error) = result else { return OK };
    if let Some(out) = for_error {
        out.error(&error);
    }
    error.class().status()
}

/// # Safety
/// As [`bytes`].
unsafe fn text<'call>(text: VocStr) -> Result<&'call str> {
    // SAFETY: promised by the caller.
    std::str::from_utf8(unsafe { bytes(text) }).map_err(|error| {
        Error::internal("the host passed text that is not UTF-8").with_internal(error)
    })
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

fn streams_json(streams: &[crate::Stream]) -> String {
    let mut text = "{\"streams\":[".to_owned();
    for (stream_idx, stream) in streams.iter().enumerate() {
        text.push_str(if stream_idx == 0 {
            "{\"name\":"
        } else {
            ",{\"name\":"
        });
        json::push_string(&mut text, &stream.name);
        text.push_str(",\"kinds\":[");
        let kinds: Vec<_> = stream
            .kinds
            .iter()
            .map(|kind| format!("\"{}\"", kind.name()))
            .collect();
        text.push_str(&kinds.join(","));
        text.push_str("]}");
    }
    text.push_str("]}");
    text
}

thread_local! {
    /// Where the last panic of this thread happened.
    static PANIC_PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Remembers where a panic happened: the caught payload only has the message.
fn install_panic_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let place = panic
                .location()
                .map(ToString::to_string)
                .unwrap_or_default();
            PANIC_PLACE.with(|cell| *cell.borrow_mut() = place);
            previous(panic);
        }));
    });
}

fn panic_error(payload: &(dyn Any + Send)) -> Error {
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    let place = PANIC_PLACE.with(|cell| cell.take());
    Error::new(ErrorClass::Panic, format!("the plugin panicked: {message}")).with_internal(place)
}

/// Makes a plugin library of a [`Source`]: the entry symbol, the manifest section and the border
/// functions. Once per library, at its root, in a crate of type `cdylib` (and `rlib` for tests).
#[macro_export]
macro_rules! export {
    ($source:ty) => {
        #[cfg(panic = "abort")]
        compile_error!(
            "a vocd plugin needs panic = \"unwind\": a panic must be caught and reported"
        );

        #[expect(
            unsafe_code,
            reason = "a plugin exports one C symbol and one link section"
        )]
        const _: () = {
            const MANIFEST_BYTES: usize =
                $crate::manifest::section_len(&<$source as $crate::Source>::META);

            #[used]
            #[cfg_attr(target_os = "linux", unsafe(link_section = ".voc.manifest"))]
            static MANIFEST: [u8; MANIFEST_BYTES] =
                $crate::manifest::section(&<$source as $crate::Source>::META);

            /// Returns the functions of this plugin to a host of the given minor version.
            #[unsafe(no_mangle)]
            pub extern "C" fn voc_plugin_entry_v1(
                _host_minor: u32,
            ) -> *const $crate::abi::VocPlugin {
                static PLUGIN: $crate::abi::VocPlugin = $crate::ffi::plugin::<$source>();
                // Keeps linkers that drop unreferenced sections from dropping the manifest.
                ::std::hint::black_box(&MANIFEST);
                &PLUGIN
            }
        };
    };
}
