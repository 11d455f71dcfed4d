//! How much the process may use.

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};

use super::Limits;

/// Descriptors a plugin may have open.
const OPEN_FILES_MAX: u64 = 256;

pub(super) fn limit(limits: Limits) -> io::Result<()> {
    set(Resource::Core, 0)?;
    // A plugin has nothing to write but its frames.
    set(Resource::Fsize, 0)?;
    set(Resource::Nofile, OPEN_FILES_MAX)?;
    if limits.cpu_s > 0 {
        set(Resource::Cpu, limits.cpu_s)?;
    }
    if limits.memory_bytes > 0 {
        // Not the address space: runtimes reserve far more of it than they use.
        set(Resource::Data, limits.memory_bytes)?;
    }
    Ok(())
}

fn set(resource: Resource, limit: u64) -> io::Result<()> {
    let rlimit = Rlimit {
        current: Some(limit),
        maximum: Some(limit),
    };
    Ok(setrlimit(resource, rlimit)?)
}
