//! The daemon's first frame: what to do.

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::confine::{Limits, Reach};
use crate::http::HttpPlan;

/// What to do in this run.
#[derive(Debug, Deserialize)]
pub(crate) struct Hello {
    #[serde(default)]
    pub(crate) mode: Mode,
    #[serde(default)]
    pub(crate) run_id: u64,
    #[serde(default)]
    pub(crate) stream: String,
    pub(crate) config: Box<RawValue>,
    #[serde(default)]
    pub(crate) checkpoint: Option<Box<RawValue>>,
    #[serde(default)]
    pub(crate) checkpoint_format: u32,
    #[serde(default)]
    pub(crate) limits: Limits,
    #[serde(default)]
    pub(crate) reach: Reach,
    #[serde(default)]
    pub(crate) http: HttpPlan,
    /// For [`Mode::Call`].
    #[serde(default)]
    pub(crate) method: String,
    /// For [`Mode::Call`].
    #[serde(default)]
    pub(crate) params: Option<Box<RawValue>>,
    /// For [`Mode::Webhook`]: how many will come.
    #[serde(default)]
    pub(crate) n_webhooks: u64,
}

/// How far to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// Open, then read one stream.
    #[default]
    Read,
    /// Only open: checks the configuration.
    Open,
    /// Open, then call one method.
    Call,
    /// Open, then parse webhooks as they come.
    Webhook,
    /// Open, then open and close many times more.
    Endure,
}

impl Hello {
    /// Returns the request of the C interface's `read`.
    pub(crate) fn read_request(&self) -> String {
        let request = json!({
            "run_id": self.run_id,
            "stream": self.stream,
            "checkpoint": self.checkpoint,
            "checkpoint_format": self.checkpoint_format,
            "limits": { "memory_bytes": self.limits.memory_bytes },
        });
        request.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checkpoint_reaches_the_plugin_as_it_was() {
        let hello: Hello = serde_json::from_str(
            r#"{"run_id":7,"source":"s","stream":"files","config":{"a":1},
                "checkpoint":{"b":[1, 2]},"checkpoint_format":3,
                "limits":{"memory_bytes":9,"idle_s":60},"mode":"read"}"#,
        )
        .expect("valid");
        assert_eq!(hello.config.get(), r#"{"a":1}"#);
        assert_eq!(
            hello.read_request(),
            r#"{"run_id":7,"stream":"files","checkpoint":{"b":[1,2]},"checkpoint_format":3,"limits":{"memory_bytes":9}}"#
        );
    }

    #[test]
    fn without_a_checkpoint_everything_is_read() {
        let hello: Hello =
            serde_json::from_str(r#"{"stream":"a","config":{},"checkpoint":null}"#).expect("valid");
        assert_eq!(hello.mode, Mode::Read);
        assert!(hello.read_request().contains(r#""checkpoint":null"#));
    }
}
