//! Takes away from this process what a plugin has no business with, before any of its code runs.
//!
//! Each layer stands alone: one the kernel lacks is reported to the daemon and the others hold. A
//! plugin still sees the data and the token of its own source; what is protected is the daemon, its
//! database, the other sources and the machine.

mod descriptors;
mod files;
mod limits;
mod syscalls;

use std::io;
use std::path::PathBuf;

use rustix::process::DumpableBehavior;
use rustix::thread::{CapabilitySet, CapabilitySets};
use serde::Deserialize;

pub(crate) use descriptors::close_inherited;

/// What the plugin may reach, as the daemon found it in the manifest and the configuration.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Reach {
    /// Files, and folders with all that is below them, that it may read.
    #[serde(default)]
    pub(crate) read: Vec<PathBuf>,
    /// Folders whose entries it may list without reading them.
    #[serde(default)]
    pub(crate) list: Vec<PathBuf>,
    /// TCP ports it may connect to.
    #[serde(default)]
    pub(crate) ports: Vec<u16>,
}

/// How much the process may use.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(crate) struct Limits {
    /// Greatest size of the process's data, in bytes; 0 is no limit.
    #[serde(default)]
    pub(crate) memory_bytes: u64,
    /// Processor time, in seconds; 0 is no limit.
    #[serde(default)]
    pub(crate) cpu_s: u64,
}

/// A layer of the confinement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layer {
    Capabilities,
    Files,
    Network,
    Signals,
    SystemCalls,
}

impl Layer {
    /// Returns the name that the daemon and its operators know.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Capabilities => "capabilities",
            Self::Files => "files",
            Self::Network => "network",
            Self::Signals => "signals",
            Self::SystemCalls => "system_calls",
        }
    }
}

/// Confines this process for good and returns the layers the kernel does not offer.
///
/// Called before any other thread is there: threads made later are confined with it.
pub(crate) fn confine(reach: &Reach, limits: Limits) -> io::Result<Vec<Layer>> {
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    limits::limit(limits)?;
    // No core dump, and no debugger of the same user: the process holds a vendor's token.
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    rustix::thread::set_no_new_privs(true)?;
    let mut missing = Vec::new();
    if drop_capabilities().is_err() {
        missing.push(Layer::Capabilities);
    }
    missing.extend(files::confine(reach)?);
    missing.extend(syscalls::confine()?);
    Ok(missing)
}

/// Root without capabilities is a user like any other that owns root's files.
fn drop_capabilities() -> rustix::io::Result<()> {
    let none = CapabilitySet::empty();
    let sets = CapabilitySets {
        effective: none,
        permitted: none,
        inheritable: none,
    };
    rustix::thread::set_capabilities(None, sets)
}
