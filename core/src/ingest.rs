//! Pulls sources into the store: one pull, and the schedule that repeats it for ever.
//!
//! A record counts once whatever crashes: rows are committed together with the checkpoint that
//! covers them, and what no checkpoint covers is read again.

mod live;
mod pace;
mod pause;
mod pull;
mod queue;
mod schedule;
mod stage;
mod steer;
mod writer;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde_json::Value;

pub use live::{Activity, LastFailure, SourceLive};
pub use pause::{PauseError, Pauses};
pub use pull::{PullRequest, pull, pull_source};
pub use schedule::{OnPulled, PULLED, Schedule, ScheduleOptions, TriggerError};
pub use steer::SteerError;

use crate::host::{
    Failure, FailureReason, FindError, Outbound, PluginFile, Progress, RunLimits, SECRET_MARK,
    marked_texts,
};
use crate::record::door::{Reason, Reject};
use crate::record::{Rhythm, SourceName, StreamName};
use crate::store::StoreError;

/// Refused records kept word by word in a report.
const SAMPLES_MAX: usize = 20;
/// Distinct reasons counted in a report: the door has about 20, a plugin a few of its own.
const REASONS_MAX: usize = 64;
/// Reason that stands for those beyond [`REASONS_MAX`].
const REASON_REST: &str = "other";

/// What a source's configuration is at the start of a run.
#[derive(Clone, Default)]
pub struct ResolvedConfig {
    /// The plugin's own table, with secrets in place; a JSON object.
    pub json: Value,
    /// Every secret in it.
    pub secrets: Vec<String>,
    /// How its requests go out.
    pub outbound: Outbound,
}

/// Resolves a source's configuration; called at the start of each run, so that a changed secret
/// is seen.
pub type ResolveConfig = Arc<dyn Fn() -> Result<ResolvedConfig, Failure> + Send + Sync>;

/// One configured source.
#[derive(Clone)]
pub struct SourceSpec {
    /// Its name.
    pub name: SourceName,
    /// Name of its plugin.
    pub plugin: String,
    /// When it is pulled.
    pub rhythm: Rhythm,
    /// Zone of a cron line.
    pub zone: TimeZone,
    /// Whether a pull that came due while the daemon was not running is made up for.
    pub catches_up: bool,
    /// What a run may use.
    pub limits: RunLimits,
    /// Folder that relative paths of its configuration count from.
    pub base_dir: PathBuf,
    /// Folder that its plugin may not read: the daemon's data.
    pub private_dir: PathBuf,
    /// Its configuration.
    pub resolve: ResolveConfig,
}

impl SourceSpec {
    /// Resolves its configuration for a plugin: what the plugin's schema marks as a secret is one,
    /// also when it was written as plain text.
    ///
    /// # Errors
    /// When a secret cannot be read.
    pub(crate) fn config_for(&self, plugin: &PluginFile) -> Result<ResolvedConfig, Failure> {
        let mut config = (self.resolve)()?;
        let schema = &plugin.manifest().config_schema;
        let marked = marked_texts(schema, &config.json, &[SECRET_MARK]);
        let marked: Vec<String> = marked.iter().map(|secret| secret.text.to_owned()).collect();
        config.secrets.extend(marked);
        Ok(config)
    }
}

impl fmt::Debug for SourceSpec {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The configuration stays out: it may hold secrets.
        formatter
            .debug_struct("SourceSpec")
            .field("name", &self.name)
            .field("plugin", &self.plugin)
            .field("rhythm", &self.rhythm)
            .finish_non_exhaustive()
    }
}

/// Where a pull starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StartFrom {
    /// At the stored checkpoints.
    #[default]
    Checkpoint,
    /// At the beginning: every checkpoint of the source is forgotten first.
    Beginning,
}

/// What a pull does with the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    /// It commits them.
    #[default]
    Rows,
    /// It checks and counts them; the store is only asked for checkpoints.
    Nothing,
}

/// How to pull.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PullOptions {
    /// Where to start (`--full`).
    pub start: StartFrom,
    /// What to keep (`--dry-run`).
    pub keep: Keep,
}

/// How far a pull is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullProgress {
    /// Stream being read.
    pub stream: StreamName,
    /// Rows received so far, all streams.
    pub n_rows: u64,
    /// Rows durable so far, all streams.
    pub n_committed: u64,
    /// Records refused so far, all streams.
    pub n_rejects: u64,
    /// What the plugin says; `None` until it says something.
    pub plugin: Option<Progress>,
}

/// What a pull did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PullReport {
    /// Number of the run; 0 for a dry run.
    pub run_id: u64,
    /// Rows that passed the door.
    pub n_rows: u64,
    /// Rows committed; fewer than `n_rows` when the pull failed.
    pub n_committed: u64,
    /// Committed rows that changed something.
    pub n_changed: u64,
    /// Records refused, by the plugin and at the door.
    pub n_rejects: u64,
    /// Refused records by reason.
    pub reject_reasons: BTreeMap<String, u64>,
    /// The first refused records, at most 20.
    pub reject_samples: Vec<Reject>,
    /// Transactions.
    pub n_commits: u64,
    /// Bytes received from the plugin.
    pub n_bytes: u64,
    /// How long it took.
    pub elapsed: Duration,
}

impl PullReport {
    /// Counts records that the store refused, as their person was erased; they leave no sample.
    fn count_erased(&mut self, n_erased: u64) {
        if n_erased > 0 {
            self.n_rejects += n_erased;
            let reason = Reason::Erased.name().to_owned();
            *self.reject_reasons.entry(reason).or_default() += n_erased;
        }
    }

    fn count_reject(&mut self, reject: &Reject) {
        self.n_rejects += 1;
        let is_known = self.reject_reasons.contains_key(&reject.reason);
        let reason = match is_known || self.reject_reasons.len() < REASONS_MAX {
            true => reject.reason.as_str(),
            false => REASON_REST,
        };
        *self.reject_reasons.entry(reason.to_owned()).or_default() += 1;
        if self.reject_samples.len() < SAMPLES_MAX {
            self.reject_samples.push(reject.clone());
        }
    }
}

/// Why a pull did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// There is no such plugin.
    #[error("failed to find the plugin of `{name}`")]
    Find {
        /// The source.
        name: SourceName,
        /// Why.
        #[source]
        source: Box<FindError>,
    },
    /// The plugin, its process or its configuration failed.
    #[error("failed to read `{name}`: {failure}")]
    Plugin {
        /// The source.
        name: SourceName,
        /// Why.
        failure: Box<Failure>,
        /// What was done before.
        report: Box<PullReport>,
    },
    /// The store failed; rows that are not committed are read again.
    #[error("failed to keep the rows of `{name}`")]
    Store {
        /// The source.
        name: SourceName,
        /// Why.
        #[source]
        source: StoreError,
        /// What was done before.
        report: Box<PullReport>,
    },
    /// Another run of the source began and took over.
    #[error("a newer run of `{name}` took over")]
    Fenced {
        /// The source.
        name: SourceName,
        /// What was done before.
        report: Box<PullReport>,
    },
}

impl PullError {
    /// Returns the label that operators count.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Find { source, .. } => match **source {
                FindError::Untrusted { .. } => "plugin_untrusted",
                _ => "plugin_not_found",
            },
            Self::Plugin { failure, .. } => failure.reason.name(),
            Self::Store { .. } => "store",
            Self::Fenced { .. } => "fenced",
        }
    }

    /// Returns how far the pull was: a label in the log.
    #[must_use]
    pub const fn stage(&self) -> &'static str {
        match self {
            Self::Find { .. } => "find",
            Self::Plugin { failure, .. } => failure.stage.name(),
            Self::Store { .. } | Self::Fenced { .. } => "keep",
        }
    }

    /// Returns what the operator can do about it, where there is something.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Find { source, .. } => Some(source.hint()),
            Self::Plugin { failure, .. } => failure.reason.hint().map(str::to_owned),
            Self::Store { .. } | Self::Fenced { .. } => None,
        }
    }

    /// Returns the message with its causes, in one line.
    #[must_use]
    pub fn message(&self) -> String {
        let mut message = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            message.push_str(": ");
            message.push_str(&cause.to_string());
            source = cause.source();
        }
        message
    }

    /// Returns what was done before it failed, where a run began.
    #[must_use]
    pub fn report(&self) -> Option<&PullReport> {
        match self {
            Self::Find { .. } => None,
            Self::Plugin { report, .. }
            | Self::Store { report, .. }
            | Self::Fenced { report, .. } => Some(report),
        }
    }

    /// Returns whether vocd itself stopped the pull.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Plugin { failure, .. } if failure.reason == FailureReason::Cancelled)
    }
}

#[cfg(test)]
mod tests;
