//! Why a run failed: a closed list that operators count, and the words for one run.

use std::time::Duration;

/// Why a run failed. The name is a label in logs, in the store and in the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureReason {
    /// The child died of a signal.
    Crashed(i32),
    /// The child ended with this status without saying that it is done.
    Exited(i32),
    /// The plugin panicked.
    Panicked,
    /// The run took longer than its `timeout`.
    Timeout,
    /// The plugin was silent for too long.
    Idle,
    /// The child or the plugin broke the contract.
    Protocol,
    /// The plugin needed more memory than it may have.
    Memory,
    /// The configuration is wrong.
    Config,
    /// The vendor refused the credentials.
    Auth,
    /// Worth trying again.
    Transient,
    /// The vendor asks to wait.
    RateLimited,
    /// The plugin cannot read its checkpoint.
    CheckpointUnreadable,
    /// The plugin cannot do what was asked.
    Unsupported,
    /// The vendor's data has another shape than before.
    SchemaChanged,
    /// What the configuration names does not exist.
    NotFound,
    /// The plugin failed without saying more.
    Internal,
    /// The library could not be opened in the child.
    Load,
    /// The child could not be started.
    Spawn,
    /// The run was stopped by vocd.
    Cancelled,
}

impl FailureReason {
    /// Returns the label.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crashed(_) => "crashed",
            Self::Exited(_) => "exited",
            Self::Panicked => "panicked",
            Self::Timeout => "timeout",
            Self::Idle => "idle",
            Self::Protocol => "protocol",
            Self::Memory => "memory",
            Self::Config => "config",
            Self::Auth => "auth",
            Self::Transient => "transient",
            Self::RateLimited => "rate_limited",
            Self::CheckpointUnreadable => "checkpoint_unreadable",
            Self::Unsupported => "unsupported",
            Self::SchemaChanged => "schema_changed",
            Self::NotFound => "not_found",
            Self::Internal => "internal",
            Self::Load => "load",
            Self::Spawn => "spawn",
            Self::Cancelled => "cancelled",
        }
    }

    /// Returns whether only a person can make the next run succeed.
    #[must_use]
    pub const fn needs_person(self) -> bool {
        matches!(
            self,
            Self::Config
                | Self::Auth
                | Self::CheckpointUnreadable
                | Self::Unsupported
                | Self::SchemaChanged
                | Self::NotFound
                | Self::Load
        )
    }

    /// Returns what the operator can do about it, where there is something.
    #[must_use]
    pub const fn hint(self) -> Option<&'static str> {
        match self {
            Self::CheckpointUnreadable => {
                Some("read everything again: vocd sync SOURCE --full; no row is counted twice")
            }
            Self::Memory => Some("raise `limits = { memory = … }` of the source"),
            Self::Timeout => {
                Some("raise `timeout` of the source; the next run goes on where this one stopped")
            }
            Self::Auth => Some("check the secret that the source's configuration refers to"),
            Self::Config => Some("correct the source's table in the configuration file"),
            _ => None,
        }
    }

    /// Returns the reason of an error class written as a word, such as `rate_limited`.
    #[must_use]
    pub(super) fn from_class(class: &str) -> Option<Self> {
        Some(match class {
            "panic" => Self::Panicked,
            "config" => Self::Config,
            "auth" => Self::Auth,
            "transient" => Self::Transient,
            "rate_limited" => Self::RateLimited,
            "cancelled" => Self::Cancelled,
            "checkpoint_unreadable" => Self::CheckpointUnreadable,
            "unsupported" => Self::Unsupported,
            "schema_changed" => Self::SchemaChanged,
            "not_found" => Self::NotFound,
            "load" => Self::Load,
            "internal" => Self::Internal,
            _ => return None,
        })
    }

    /// Returns the reason of a plugin's status code; an unknown one is [`Self::Internal`].
    #[must_use]
    pub(super) const fn from_status(status: i64) -> Self {
        match status {
            -2 => Self::Panicked,
            -3 => Self::Config,
            -4 => Self::Auth,
            -5 => Self::Transient,
            -6 => Self::RateLimited,
            -7 => Self::Cancelled,
            -8 => Self::CheckpointUnreadable,
            -9 => Self::Unsupported,
            -10 => Self::SchemaChanged,
            -11 => Self::NotFound,
            _ => Self::Internal,
        }
    }
}

/// How one run failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Why, from the closed list.
    pub reason: FailureReason,
    /// Why, in words for the operator, without secrets.
    pub message: String,
    /// The last thing the plugin printed, at most 64 KiB, without secrets; may be empty.
    pub printed: String,
    /// How long the vendor asks to wait.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// Returns a failure in these words.
    #[must_use]
    pub fn new(reason: FailureReason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            printed: String::new(),
            retry_after: None,
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.reason.name(), self.message)
    }
}
