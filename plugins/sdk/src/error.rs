//! Errors of a source, in the classes the daemon acts upon.

use std::fmt;
use std::time::Duration;

/// Result of every fallible call of a source.
pub type Result<T> = std::result::Result<T, Error>;

/// What kind of failure it is: the daemon retries, reschedules or asks the user accordingly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// A bug or a state nobody foresaw.
    Internal,
    /// A panic that was caught at the border; the instance is not used again.
    Panic,
    /// The configuration is wrong: stop and tell the user.
    Config,
    /// The vendor refused the credentials: stop and tell the user.
    Auth,
    /// May succeed later: retried with backoff.
    Transient,
    /// The vendor asked for patience: rescheduled at the given time.
    RateLimited,
    /// The daemon asked to stop.
    Cancelled,
    /// The checkpoint cannot be used: a full read is proposed, never done silently.
    CheckpointUnreadable,
    /// The request is not supported by this plugin.
    Unsupported,
    /// The vendor's data no longer has the agreed form.
    SchemaChanged,
    /// The named object does not exist.
    NotFound,
}

impl ErrorClass {
    /// Every class, in the order of its status.
    pub const ALL: [Self; 11] = [
        Self::Internal,
        Self::Panic,
        Self::Config,
        Self::Auth,
        Self::Transient,
        Self::RateLimited,
        Self::Cancelled,
        Self::CheckpointUnreadable,
        Self::Unsupported,
        Self::SchemaChanged,
        Self::NotFound,
    ];

    /// Returns the status of the C interface, −1 to −11.
    #[must_use]
    pub const fn status(self) -> i32 {
        match self {
            Self::Internal => -1,
            Self::Panic => -2,
            Self::Config => -3,
            Self::Auth => -4,
            Self::Transient => -5,
            Self::RateLimited => -6,
            Self::Cancelled => -7,
            Self::CheckpointUnreadable => -8,
            Self::Unsupported => -9,
            Self::SchemaChanged => -10,
            Self::NotFound => -11,
        }
    }

    /// Returns the class of a negative status (an unknown one is [`ErrorClass::Internal`]), or
    /// `None` for success.
    #[must_use]
    pub fn from_status(status: i32) -> Option<Self> {
        if status >= 0 {
            return None;
        }
        let known = Self::ALL.into_iter().find(|class| class.status() == status);
        Some(known.unwrap_or(Self::Internal))
    }

    /// Returns the name used in frames, reports and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Panic => "panic",
            Self::Config => "config",
            Self::Auth => "auth",
            Self::Transient => "transient",
            Self::RateLimited => "rate_limited",
            Self::Cancelled => "cancelled",
            Self::CheckpointUnreadable => "checkpoint_unreadable",
            Self::Unsupported => "unsupported",
            Self::SchemaChanged => "schema_changed",
            Self::NotFound => "not_found",
        }
    }
}

/// A failure of a source: its class, a sentence for the user, and detail for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    class: ErrorClass,
    user: String,
    internal: String,
    retry_after: Option<Duration>,
}

impl Error {
    /// Makes an error of a class with the sentence shown to the user.
    #[must_use]
    pub fn new(class: ErrorClass, user: impl Into<String>) -> Self {
        Self {
            class,
            user: user.into(),
            internal: String::new(),
            retry_after: None,
        }
    }

    /// A bug or an unforeseen state.
    #[must_use]
    pub fn internal(user: impl Into<String>) -> Self {
        Self::new(ErrorClass::Internal, user)
    }

    /// A fault in the configuration; say which property and what is allowed.
    #[must_use]
    pub fn config(user: impl Into<String>) -> Self {
        Self::new(ErrorClass::Config, user)
    }

    /// Credentials that were refused.
    #[must_use]
    pub fn auth(user: impl Into<String>) -> Self {
        Self::new(ErrorClass::Auth, user)
    }

    /// A failure that may pass.
    #[must_use]
    pub fn transient(user: impl Into<String>) -> Self {
        Self::new(ErrorClass::Transient, user)
    }

    /// A vendor's rate limit; return it instead of sleeping.
    #[must_use]
    pub fn rate_limited(user: impl Into<String>, retry_after: Duration) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(ErrorClass::RateLimited, user)
        }
    }

    /// The daemon asked to stop; [`crate::Out`] returns it, pass it on with `?`.
    #[must_use]
    pub fn cancelled() -> Self {
        Self::new(ErrorClass::Cancelled, "stopped on request")
    }

    /// A checkpoint this version cannot continue from.
    #[must_use]
    pub fn checkpoint_unreadable(user: impl Into<String>) -> Self {
        Self::new(ErrorClass::CheckpointUnreadable, user)
    }

    /// A request this plugin does not support.
    #[must_use]
    pub fn unsupported(user: impl Into<String>) -> Self {
        Self::new(ErrorClass::Unsupported, user)
    }

    /// Data that no longer has the agreed form.
    #[must_use]
    pub fn schema_changed(user: impl Into<String>) -> Self {
        Self::new(ErrorClass::SchemaChanged, user)
    }

    /// A named object that does not exist.
    #[must_use]
    pub fn not_found(user: impl Into<String>) -> Self {
        Self::new(ErrorClass::NotFound, user)
    }

    /// Adds detail for the log, not shown to the user.
    #[must_use]
    pub fn with_internal(mut self, internal: impl fmt::Display) -> Self {
        self.internal = internal.to_string();
        self
    }

    /// Returns the class.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        self.class
    }

    /// Returns the sentence for the user.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Returns the detail for the log; may be empty.
    #[must_use]
    pub fn internal_detail(&self) -> &str {
        &self.internal
    }

    /// Returns when the vendor allows the next attempt, from now.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.user)
    }
}

impl std::error::Error for Error {}

/// Parses the configuration of a source into a type of its own.
///
/// # Errors
/// Class `config`, naming what is wrong.
#[cfg(feature = "serde")]
pub fn parse_config<T: serde::de::DeserializeOwned>(config_json: &str) -> Result<T> {
    let mut config: serde_json::Value =
        serde_json::from_str(config_json).map_err(|error| Error::config(error.to_string()))?;
    // What vocd adds for its own use is not the author's to know, however strict the type is.
    if let Some(table) = config.as_object_mut() {
        table.retain(|key, _| !key.starts_with('$'));
    }
    serde_json::from_value(config).map_err(|error| Error::config(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_names_its_class() {
        for class in ErrorClass::ALL {
            assert_eq!(ErrorClass::from_status(class.status()), Some(class));
        }
    }

    #[test]
    fn an_unknown_negative_status_is_internal() {
        assert_eq!(ErrorClass::from_status(-99), Some(ErrorClass::Internal));
        assert_eq!(ErrorClass::from_status(0), None);
    }
}
