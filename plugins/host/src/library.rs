//! The plugin library in this process: the only place where foreign code is called.
#![expect(unsafe_code, reason = "opens a library and calls its C functions")]

mod callback;
pub(crate) mod endurance;
mod http;
mod import;

use std::error::Error;
use std::ffi::c_void;
use std::marker::PhantomData;
use std::ptr;
use std::rc::Rc;

use libloading::os::unix::{Library as SharedObject, RTLD_LOCAL, RTLD_NOW};
use vocd_plugin::abi::{
    ABI_MINOR, ENTRY_SYMBOL, VocEntry, VocHost, VocOut, VocPlugin, VocStr, VocWebhookV1,
};
use vocd_plugin::ffi::read_sized;

use crate::http::{HttpService, Permits};
use crate::session::{Report, Session};
use callback::HostSide;

/// Flags that mean "do not use me unless you know this one".
const MUST_UNDERSTAND_FLAGS: u32 = 0xffff_0000;

/// Why a library is not usable as a plugin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error("failed to open the library: {0}")]
    Open(String),
    #[error("the library exports no `{ENTRY_SYMBOL}`: {0}")]
    NoEntry(String),
    #[error("the plugin refuses this host, which speaks version 1.{ABI_MINOR} of the interface")]
    RefusesHost,
    #[error("the plugin demands features this host does not know (flags {0:#x})")]
    UnknownFlags(u32),
    #[error("the plugin offers no `{0}`")]
    NoFunction(&'static str),
}

/// An opened plugin library; never closed, since closing runs code that may hang or crash.
#[derive(Debug)]
pub(crate) struct Library {
    entry: VocEntry,
    plugin: VocPlugin,
}

impl Library {
    pub(crate) fn open(path: &str) -> Result<Self, LoadError> {
        // SAFETY: running a library's constructors is what this process exists for; whatever they
        // do ends with it. Binding now turns a missing symbol into an error instead of a crash.
        let object = unsafe { SharedObject::open(Some(path), RTLD_NOW | RTLD_LOCAL) };
        let object = object.map_err(|error| LoadError::Open(chain(&error)))?;
        // SAFETY: the symbol's name stands for its type (interface contract, version 1).
        let entry = unsafe { object.get::<VocEntry>(ENTRY_SYMBOL) }
            .map(|symbol| *symbol)
            .map_err(|error| LoadError::NoEntry(chain(&error)))?;
        // Never unloaded, so what `entry` points to stays where it is.
        std::mem::forget(object);
        // SAFETY: the entry returns null or a structure of its own that says how long it is.
        let plugin = unsafe { read_sized(entry(ABI_MINOR)) }.ok_or(LoadError::RefusesHost)?;
        let unknown = plugin.flags & MUST_UNDERSTAND_FLAGS;
        if unknown != 0 {
            return Err(LoadError::UnknownFlags(unknown));
        }
        for (name, is_there) in [
            ("open", plugin.open.is_some()),
            ("close", plugin.close.is_some()),
            ("read", plugin.read.is_some()),
        ] {
            if !is_there {
                return Err(LoadError::NoFunction(name));
            }
        }
        Ok(Self { entry, plugin })
    }

    /// Whether the plugin answers a host of this minor version.
    fn meets(&self, minor: u32) -> bool {
        // SAFETY: as in `open`.
        unsafe { read_sized((self.entry)(minor)) }.is_some()
    }

    /// Minor version of the interface the plugin was built for.
    pub(crate) fn abi_minor(&self) -> u32 {
        self.plugin.abi_minor
    }
}

/// An error with its causes: the loader's own message is a cause here.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// A configured plugin.
pub(crate) struct Instance<'run> {
    plugin: VocPlugin,
    instance: *mut c_void,
    session: &'run Session,
    // The plugin keeps pointers into it until it is closed.
    host_side: Rc<HostSide>,
    library: PhantomData<&'run Library>,
}

impl<'run> Instance<'run> {
    /// Configures the plugin.
    pub(crate) fn open(
        library: &'run Library,
        session: &'run Session,
        (http, permits): (HttpService, Permits),
        config_json: &str,
    ) -> Result<Self, Report> {
        let mut opened = Self {
            plugin: library.plugin,
            instance: ptr::null_mut(),
            session,
            host_side: HostSide::new(session, http, permits),
            library: PhantomData,
        };
        opened.configure(opened.host_side.host(), config_json)?;
        Ok(opened)
    }

    /// Configures the plugin once more, beside this one.
    fn beside(&self, config_json: &str) -> Result<Self, Report> {
        self.beside_with(self.host_side.host(), config_json)
    }

    /// As [`Instance::beside`], for another host, which has to outlive what is returned.
    fn beside_with(&self, host: *const VocHost, config_json: &str) -> Result<Self, Report> {
        let mut opened = Self {
            plugin: self.plugin,
            instance: ptr::null_mut(),
            session: self.session,
            host_side: Rc::clone(&self.host_side),
            library: PhantomData,
        };
        opened.configure(host, config_json)?;
        Ok(opened)
    }

    fn configure(&mut self, host: *const VocHost, config_json: &str) -> Result<(), Report> {
        let open = self.plugin.open.expect("checked by `Library::open`");
        let (config, out) = (VocStr::new(config_json), &raw const *self.out());
        // SAFETY: all structures outlive the call, the host's the instance too (shared, never
        // moved, and closed in `drop` before it goes).
        let status = unsafe { open(host, config, out, &raw mut self.instance) };
        self.session.outcome(status)
    }

    /// Reads one stream.
    pub(crate) fn read(&self, request_json: &str) -> Result<(), Report> {
        let read = self.plugin.read.expect("checked by `Library::open`");
        // SAFETY: the instance is open and not in another call; the texts outlive the call.
        let status = unsafe { read(self.instance, VocStr::new(request_json), self.out()) };
        self.session.outcome(status)
    }

    /// Calls one method.
    pub(crate) fn call(&self, method: &str, params_json: &str) -> Result<(), Report> {
        let Some(call) = self.plugin.call else {
            return Err(Report::new("unsupported", "the plugin offers no `call`"));
        };
        let (method, params) = (VocStr::new(method), VocStr::new(params_json));
        // SAFETY: as in `read`.
        let status = unsafe { call(self.instance, method, params, self.out()) };
        self.session.outcome(status)
    }

    /// Returns the plugin's way to parse webhooks.
    pub(crate) fn webhook(&self) -> Result<VocWebhookV1, Report> {
        let absent = || Report::new("unsupported", "the plugin offers no `voc.webhook/1`");
        let get_extension = self.plugin.get_extension.ok_or_else(absent)?;
        // SAFETY: the plugin's own function; the id ends with a zero byte and names the type of
        // the answer, which is null or lives as long as the library.
        let webhook = unsafe {
            let found = get_extension(self.instance, c"voc.webhook/1".as_ptr());
            read_sized(found.cast::<VocWebhookV1>())
        };
        let webhook = webhook.filter(|webhook| webhook.parse.is_some());
        webhook.ok_or_else(absent)
    }

    /// Parses one webhook.
    pub(crate) fn parse(
        &self,
        webhook: &VocWebhookV1,
        request_json: &str,
        body: &[u8],
    ) -> Result<(), Report> {
        let parse = webhook.parse.expect("checked by `Instance::webhook`");
        let body = VocStr {
            ptr: body.as_ptr(),
            len: body.len(),
        };
        // SAFETY: as in `read`; the body outlives the call.
        let status = unsafe { parse(self.instance, VocStr::new(request_json), body, self.out()) };
        self.session.outcome(status)
    }

    fn out(&self) -> &VocOut {
        self.host_side.out()
    }
}

impl Drop for Instance<'_> {
    fn drop(&mut self) {
        if self.instance.is_null() {
            return;
        }
        let close = self.plugin.close.expect("checked by `Library::open`");
        // SAFETY: made by `open`, closed once, not used again.
        unsafe { close(self.instance) };
    }
}
