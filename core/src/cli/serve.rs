//! `vocd serve`: the daemon in the foreground.

use crate::daemon::{self, DaemonError};

use super::ConfigFlag;
use super::failure::Failure;

/// Runs until SIGTERM or SIGINT.
pub(super) fn run(flag: &ConfigFlag) -> Result<(), Failure> {
    let config = super::find_and_load(flag)?;
    daemon::run(config, |_| {}).map_err(|error| failure(&error))
}

/// Returns the failure that a daemon's error tells of.
pub(super) fn failure(error: &DaemonError) -> Failure {
    Failure {
        hint: error.hint(),
        ..Failure::of(error)
    }
}
