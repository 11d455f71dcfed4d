//! The words every stage shares: sources, streams, and the checked rows that pass the door.

pub mod annotation;
pub mod door;
mod pause;
mod rhythm;

use std::fmt;

pub use pause::{Pause, PauseReason};
pub use rhythm::{CronLine, Rhythm};
pub use vocd_plugin::record::RecordKind;

/// The name of a configured source: the key of its rows for ever.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceName(String);

impl SourceName {
    /// Longest name, in bytes.
    pub const BYTES_MAX: usize = 40;

    /// Returns the checked name, or `None` unless it is 1–40 of `a-z 0-9 -`.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let is_valid = (1..=Self::BYTES_MAX).contains(&name.len())
            && name
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        is_valid.then(|| Self(name.to_owned()))
    }

    /// Returns the name as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The name of one vendor object read with one cursor, such as `tickets`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamName(String);

impl StreamName {
    /// Longest name, in bytes.
    pub const BYTES_MAX: usize = 200;

    /// Returns the checked name, or `None` when it is empty, too long or has control characters.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let is_valid =
            (1..=Self::BYTES_MAX).contains(&name.len()) && !name.chars().any(char::is_control);
        is_valid.then(|| Self(name.to_owned()))
    }

    /// Returns the name as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
