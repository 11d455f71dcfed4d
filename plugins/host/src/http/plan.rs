//! What the daemon's HELLO says about requests: where to, with which secrets, through what.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

/// What a run may request, and how.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct HttpPlan {
    /// Hosts it may connect to, such as `*.zendesk.com:443`.
    pub(crate) egress: Vec<String>,
    /// Secrets by the reference that the plugin got in their place.
    pub(crate) secrets: BTreeMap<String, String>,
    /// Further secrets, which the plugin holds itself: kept out of cassettes.
    pub(crate) masked: Vec<String>,
    /// `http://host:port` of a proxy.
    pub(crate) proxy: Option<String>,
    /// PEM text of the authorities to trust in place of the platform's.
    pub(crate) ca_pem: Option<String>,
    /// Whether requests are recorded or answered from a recording.
    pub(crate) cassette: Option<CassettePlan>,
}

/// What a cassette is used for.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "lowercase", tag = "mode")]
pub(crate) enum CassettePlan {
    /// Every exchange is told to the daemon.
    Record,
    /// No connection is made; the answers are in these lines.
    Replay { lines: String },
}

impl fmt::Debug for HttpPlan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Secrets never print.
        formatter
            .debug_struct("HttpPlan")
            .field("egress", &self.egress)
            .finish_non_exhaustive()
    }
}
