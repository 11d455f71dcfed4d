//! Why a run failed: a closed list that operators count, and the words for one run.

use std::time::Duration;

use vocd_plugin::ErrorClass;

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

    /// Returns what the operator can do about it; nothing where vocd itself stopped the run.
    #[must_use]
    pub const fn hint(self) -> Option<&'static str> {
        match self {
            Self::Crashed(_) | Self::Exited(_) | Self::Panicked | Self::Protocol => Some(
                "a fault of the plugin: install another build of it; `vocd plugin check LIB` \
                 makes a report for its author",
            ),
            Self::Idle => Some(
                "the next run goes on at the last checkpoint; a plugin that needs longer pauses \
                 says so by `idle_s` in its manifest",
            ),
            Self::Transient => Some("nothing: vocd tries again by itself, less and less often"),
            Self::RateLimited => Some("nothing: vocd comes back when the vendor's wait is over"),
            Self::Unsupported => Some("`vocd plugin describe NAME` tells what the plugin can do"),
            Self::SchemaChanged => {
                Some("the vendor's data changed: install a newer build of the plugin")
            }
            Self::NotFound => Some("correct what the source's table in the configuration names"),
            Self::Internal => {
                Some("the plugin's own lines in the log tell more; VOCD_LOG=debug shows all")
            }
            Self::Load => Some(
                "install a build for this machine; `vocd plugin check LIB` tells what is wrong",
            ),
            Self::Spawn => {
                Some("check how many processes, descriptors and how much memory vocd may use")
            }
            Self::Cancelled => None,
            Self::CheckpointUnreadable => {
                Some("read everything again: vocd sync SOURCE --full; no row is counted twice")
            }
            Self::Memory => Some("raise `limits = { memory = … }` of the source"),
            Self::Timeout => {
                Some("raise `timeout` of the source; the next run goes on where this one stopped")
            }
            Self::Auth => Some("check the secret that the source's configuration refers to"),
            Self::Config => Some("correct the source's table in the configuration file"),
        }
    }

    /// Returns the reason of a class that the child names, such as `rate_limited`.
    #[must_use]
    pub(super) fn from_class(class: &str) -> Self {
        match class {
            "load" => Self::Load,
            "protocol" => Self::Protocol,
            _ => ErrorClass::ALL
                .into_iter()
                .find(|known| known.name() == class)
                .map_or(Self::Internal, Self::from),
        }
    }
}

impl From<ErrorClass> for FailureReason {
    fn from(class: ErrorClass) -> Self {
        match class {
            ErrorClass::Internal => Self::Internal,
            ErrorClass::Panic => Self::Panicked,
            ErrorClass::Config => Self::Config,
            ErrorClass::Auth => Self::Auth,
            ErrorClass::Transient => Self::Transient,
            ErrorClass::RateLimited => Self::RateLimited,
            ErrorClass::Cancelled => Self::Cancelled,
            ErrorClass::CheckpointUnreadable => Self::CheckpointUnreadable,
            ErrorClass::Unsupported => Self::Unsupported,
            ErrorClass::SchemaChanged => Self::SchemaChanged,
            ErrorClass::NotFound => Self::NotFound,
        }
    }
}

/// How far a run was when it failed. The name is a label in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Stage {
    /// Its configuration was being put together, or its process started.
    #[default]
    Start,
    /// The child was opening the library and the plugin its configuration.
    Open,
    /// The plugin was reading a stream.
    Read,
    /// The plugin was parsing webhooks.
    Webhook,
    /// The plugin was answering another call.
    Call,
}

impl Stage {
    /// Returns the label.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Open => "open",
            Self::Read => "read",
            Self::Webhook => "webhook",
            Self::Call => "call",
        }
    }
}

/// How one run failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// How far it was.
    pub stage: Stage,
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
            stage: Stage::default(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_of_the_contract_has_a_reason() {
        for class in ErrorClass::ALL {
            assert_eq!(
                FailureReason::from_class(class.name()),
                FailureReason::from(class)
            );
        }
        assert_eq!(FailureReason::from_class("load"), FailureReason::Load);
        assert_eq!(FailureReason::from_class("?"), FailureReason::Internal);
    }
}
