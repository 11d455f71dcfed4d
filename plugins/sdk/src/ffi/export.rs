//! The functions a plugin library exports.

use std::ffi::{CStr, c_void};
use std::marker::PhantomData;
use std::mem::size_of;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use super::panic::{install_panic_hook, panic_error};
use super::{RawHost, RawOut, absent, bytes};
use crate::abi::{
    ABI_MINOR, OK, VocHost, VocOut, VocPlugin, VocStatus, VocStr, VocWebhookV1, WEBHOOK_EXTENSION,
};
use crate::{Error, ErrorClass, Host, Out, Read, Result, Source, Webhook, json};

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
