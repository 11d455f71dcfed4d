//! What a schedule knows about each source right now.

use jiff::Timestamp;

use super::{PullProgress, PullReport};
use crate::record::{Rhythm, SourceName};

/// The live state of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceLive {
    /// The source.
    pub name: SourceName,
    /// Its plugin.
    pub plugin: String,
    /// When it is pulled.
    pub rhythm: Rhythm,
    /// What it does now.
    pub activity: Activity,
    /// End of the last pull that succeeded since this daemon started.
    pub last_success: Option<Timestamp>,
    /// What the last pull that ended did, successful or not.
    pub last_report: Option<PullReport>,
    /// The failure that the source has not recovered from; `None` after a success.
    pub last_failure: Option<LastFailure>,
    /// Failures since the last success.
    pub n_failures: u32,
}

/// What a source does now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Activity {
    /// It waits for its next pull.
    Waiting {
        /// When that is due.
        next_at: Timestamp,
    },
    /// It is being pulled.
    Running {
        /// Since when.
        since: Timestamp,
        /// How far; `None` until something came.
        progress: Option<PullProgress>,
    },
}

/// Why the last pull failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastFailure {
    /// When it ended.
    pub at: Timestamp,
    /// Label of the reason.
    pub reason: &'static str,
    /// Why, in words for the operator, without secrets.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The last thing the plugin printed, without secrets; may be empty.
    pub printed: String,
}
