//! What the frames of JSON hold.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// A value that the plugin, or the host on its behalf, measured.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Metric {
    /// What is measured, such as `http_requests`.
    pub name: String,
    /// `counter` (the value is the increment) or `gauge`.
    #[serde(default)]
    pub kind: String,
    /// The value, in the unit of the name; `None` for one that is no number.
    #[serde(default)]
    pub value: Option<f64>,
    /// An object of texts, or null.
    #[serde(default)]
    pub labels: Value,
}

/// A request that wants to be made.
#[derive(Debug, Deserialize)]
pub(in crate::host) struct Ask {
    pub(in crate::host) id: u64,
    #[serde(default)]
    pub(in crate::host) bucket: String,
    pub(in crate::host) host: String,
    pub(in crate::host) wait_ms_max: u64,
    #[serde(default)]
    pub(in crate::host) request: String,
}

/// A pause that a server wants.
#[derive(Debug, Deserialize)]
pub(in crate::host) struct Pause {
    #[serde(default)]
    pub(in crate::host) bucket: String,
    pub(in crate::host) host: String,
    pub(in crate::host) pause_ms: u64,
}

/// A line of the plugin's log.
#[derive(Debug, Deserialize)]
pub(in crate::host) struct LogLine {
    #[serde(default)]
    pub(in crate::host) level: Value,
    #[serde(default)]
    pub(in crate::host) target: String,
    #[serde(default)]
    pub(in crate::host) message: String,
    #[serde(default)]
    pub(in crate::host) fields: Value,
}

/// Why the plugin is about to fail.
#[derive(Debug, Deserialize)]
pub(in crate::host) struct ErrorReport {
    #[serde(default)]
    pub(in crate::host) class: String,
    #[serde(default)]
    pub(in crate::host) user: String,
    #[serde(default)]
    pub(in crate::host) internal: String,
    pub(in crate::host) retry_after_ms: Option<u64>,
}

/// What the child says when the plugin is open.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
pub(in crate::host) struct Ready {
    /// Layers of the confinement that the kernel lacks.
    #[serde(default)]
    pub(in crate::host) unconfined: Vec<String>,
}

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
pub struct Progress {
    /// Units done.
    #[serde(default)]
    pub done: u64,
    /// Units in all; 0 when unknown.
    #[serde(default)]
    pub total: u64,
    /// What a unit is, such as `rows` or `bytes`.
    #[serde(default)]
    pub unit: String,
}

/// A record the plugin refused.
#[derive(Debug, Deserialize)]
pub(in crate::host) struct RejectedRecord {
    pub(in crate::host) kind: String,
    pub(in crate::host) reason: String,
    #[serde(default)]
    pub(in crate::host) place: String,
    #[serde(default)]
    pub(in crate::host) detail: String,
}

#[derive(Deserialize)]
pub(in crate::host) struct EndReport {
    pub(in crate::host) status: i64,
    pub(in crate::host) rows: u64,
}

#[derive(Deserialize)]
pub(in crate::host) struct CheckpointReport {
    pub(in crate::host) checkpoint: Box<RawValue>,
    pub(in crate::host) rows_since: u64,
}

#[derive(Deserialize)]
pub(in crate::host) struct ParsedReport {
    pub(in crate::host) rows_since: u64,
    pub(in crate::host) refusal: Option<ErrorReport>,
}
