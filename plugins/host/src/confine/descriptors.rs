//! Descriptors that came with the process.
#![expect(unsafe_code, reason = "closes descriptors by number")]

use std::io;

use vocd_plugin::frame::LIBRARY_FD;

/// The first descriptor after the standard ones.
const FIRST: u32 = 3;

/// Closes all but the standard descriptors and the library's: a library of the daemon may have
/// opened files that stay open across the start of a program.
pub(crate) fn close_inherited() -> io::Result<()> {
    let library = u32::try_from(LIBRARY_FD).map_err(io::Error::other)?;
    close_range(FIRST, library - 1)?;
    close_range(library + 1, u32::MAX)
}

fn close_range(first: u32, last: u32) -> io::Result<()> {
    // SAFETY: called before this process opened anything, so no object here owns one of them.
    match unsafe { libc::close_range(first, last, 0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
