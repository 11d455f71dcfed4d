//! What a source may ask of the host: log, measure, clock, and whether to stop.

use crate::ffi::RawHost;

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum Level {
    /// The run cannot go on.
    Error = 1,
    /// Something an operator should look at.
    Warn = 2,
    /// A step of normal work.
    Info = 3,
    /// Detail for authors.
    Debug = 4,
    /// Every step.
    Trace = 5,
}

impl Level {
    /// Returns the level of a number of the C interface; unknown ones are [`Level::Trace`].
    #[must_use]
    pub fn from_number(number: u32) -> Self {
        match number {
            0 | 1 => Self::Error,
            2 => Self::Warn,
            3 => Self::Info,
            4 => Self::Debug,
            _ => Self::Trace,
        }
    }

    /// Returns the name in log lines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// How measured values add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum MetricKind {
    /// Only grows; the value is the increment.
    Counter = 0,
    /// The latest value counts.
    Gauge = 1,
}

/// Whether the daemon wants the run to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Go on.
    No,
    /// Finish what leads to the next checkpoint, then return.
    Drain,
    /// Return at once; rows since the last checkpoint are discarded.
    Now,
}

/// A handle to the host; cheap to clone, valid as long as the source lives.
#[derive(Debug, Clone)]
pub struct Host {
    raw: RawHost,
}

impl Host {
    pub(crate) fn new(raw: RawHost) -> Self {
        Self { raw }
    }

    pub(crate) fn raw(&self) -> &RawHost {
        &self.raw
    }

    /// Writes a line to the daemon's log. `fields_json` is a JSON object, or empty.
    pub fn log_fields(&self, level: Level, target: &str, message: &str, fields_json: &str) {
        self.raw.log(level as u32, target, message, fields_json);
    }

    /// Writes a line to the daemon's log.
    pub fn log(&self, level: Level, message: &str) {
        self.log_fields(level, "", message, "");
    }

    /// Reports a measured value. `labels_json` is a JSON object of texts, or empty.
    pub fn metric(&self, name: &str, kind: MetricKind, value: f64, labels_json: &str) {
        self.raw.metric(name, kind as u32, value, labels_json);
    }

    /// Returns the time in milliseconds since 1970; use it instead of the system's clock, so that
    /// runs can be replayed.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.raw.now_ms()
    }

    /// Returns whether the daemon wants the run to end; ask in loops that emit nothing.
    #[must_use]
    pub fn should_stop(&self) -> Stop {
        match self.raw.should_stop() {
            0 => Stop::No,
            1 => Stop::Drain,
            _ => Stop::Now,
        }
    }
}
