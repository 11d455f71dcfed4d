//! Opens and closes a plugin many times in one process, beside an instance that stays open.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use rustix::io::fcntl_getfd;
use serde::Serialize;
use vocd_plugin::abi::{ABI_MINOR, VocHost};

use super::callback::size_of_u32;
use super::{Instance, Library};
use crate::session::Report;

/// Instances opened and closed before anything is measured: caches fill on the first few.
const N_WARM: u32 = 100;
/// Instances opened and closed in all.
const N_TIMES: u32 = 1_000;
/// A configuration that no plugin takes.
const WRONG_CONFIG: &str = "[]";
/// A minor version that is not there yet.
const MINOR_TO_COME: u32 = 999;
/// Descriptors looked at; a plugin may not have more.
const DESCRIPTORS_MAX: i32 = 256;
/// Bytes of the kernel's account of a process.
const STATUS_BYTES: usize = 8 * 1024;

/// A host of a later minor version: its structure has members that nobody knows yet.
#[repr(C)]
struct HostToCome {
    host: VocHost,
    tail: [usize; 8],
}

/// What a process holds.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Held {
    /// Resident memory in KiB.
    resident_kib: u64,
    threads: u64,
    descriptors: u64,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub(crate) struct Endured {
    n_times: u32,
    /// Whether the entry answers a host of minor version 0, of this one, and of one to come.
    minors_met: [bool; 3],
    /// Why a host of a later version cannot open it.
    host_to_come: Option<String>,
    /// Whether the wrong configuration was refused.
    refuses_wrong: bool,
    /// After the first hundred times, and after all.
    held: [Held; 2],
}

/// The kernel's account of this process; opened before the confinement that would forbid it.
#[derive(Debug)]
pub(crate) struct Account(File);

impl Account {
    pub(crate) fn open() -> io::Result<Self> {
        File::open("/proc/self/status").map(Self)
    }

    fn held(&self) -> io::Result<Held> {
        let mut bytes = vec![0; STATUS_BYTES];
        let len = self.0.read_at(&mut bytes, 0)?;
        let text = String::from_utf8_lossy(&bytes[..len]);
        let number = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse().ok()
        };
        let absent = || io::Error::other("the kernel tells neither memory nor threads");
        Ok(Held {
            resident_kib: number("VmRSS:").ok_or_else(absent)?,
            threads: number("Threads:").ok_or_else(absent)?,
            descriptors: n_descriptors(),
        })
    }
}

/// Counts open descriptors without the file system, which a confined process cannot see.
fn n_descriptors() -> u64 {
    let is_open = |number: &i32| {
        // SAFETY: only asked whether it is open; a number that is not gives an error.
        let borrowed = unsafe { std::os::fd::BorrowedFd::borrow_raw(*number) };
        fcntl_getfd(borrowed).is_ok()
    };
    (0..DESCRIPTORS_MAX).filter(is_open).count() as u64
}

/// Runs the whole program; `instance` stays open all the while.
pub(crate) fn endure(
    library: &Library,
    instance: &Instance<'_>,
    config_json: &str,
    account: &Account,
) -> Result<Endured, Report> {
    let minors_met = [0, ABI_MINOR, MINOR_TO_COME].map(|minor| library.meets(minor));
    let host_to_come = open_as_to_come(instance, config_json).err();
    let refuses_wrong = instance.beside(WRONG_CONFIG).is_err();
    let measure = || {
        let failed = |error: io::Error| Report::new("internal", error.to_string());
        account.held().map_err(failed)
    };
    let mut before = None;
    for idx in 0..N_TIMES {
        if idx == N_WARM {
            before = Some(measure()?);
        }
        // After a refusal as after a success: `beside` closes what it opened.
        drop(instance.beside(config_json)?);
    }
    let after = measure()?;
    Ok(Endured {
        n_times: N_TIMES,
        minors_met,
        host_to_come: host_to_come.map(|report| report.user),
        refuses_wrong,
        held: [before.unwrap_or(after), after],
    })
}

fn open_as_to_come(instance: &Instance<'_>, config_json: &str) -> Result<(), Report> {
    // SAFETY: the structure of a living `HostSide`.
    let mut host = unsafe { *instance.host_side.host() };
    host.abi_minor = MINOR_TO_COME;
    host.struct_size = size_of_u32::<HostToCome>();
    let to_come = HostToCome {
        host,
        // No pointer and no number that means anything.
        tail: [usize::MAX; 8],
    };
    drop(instance.beside_with(&raw const to_come.host, config_json)?);
    Ok(())
}
