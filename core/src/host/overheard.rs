//! What a plugin said besides its events, kept for whoever asks about its manners.

use serde_json::Value;

use super::message::{LogLine, Metric, cut};

/// Name of what a run measures when a request goes to a host that its plugin does not declare.
pub const REFUSED_REQUESTS: &str = "http_refused";

/// Most hosts that are kept.
const HOSTS_MAX: usize = 16;
/// Most bytes of log lines that are kept.
const LOG_BYTES_MAX: usize = 1024 * 1024;

/// What a run said besides rows, checkpoints and refused records.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overheard {
    /// Lines of the plugin's log, in order; at most 1 MiB, the first ones.
    pub log: Vec<String>,
    /// The last thing it printed, at most 64 KiB.
    pub printed: String,
    /// Places that it wanted to connect to and does not declare, each once; the first 16.
    pub refused_hosts: Vec<String>,
    /// The answer of a call.
    pub reply: Option<Value>,
    /// How its process ended, in words, where it did not end by itself and with status 0.
    pub unclean_end: Option<String>,
    n_log_bytes: usize,
}

impl Overheard {
    pub(super) fn keep_refusal(&mut self, metric: &Metric) {
        let host = metric.labels["host"].as_str().map(cut);
        let Some(host) = host.filter(|_| metric.name == REFUSED_REQUESTS) else {
            return;
        };
        let is_new = self.refused_hosts.iter().all(|known| known != host);
        if is_new && self.refused_hosts.len() < HOSTS_MAX {
            self.refused_hosts.push(host.to_owned());
        }
    }

    pub(super) fn keep_line(&mut self, line: &LogLine) {
        if self.n_log_bytes >= LOG_BYTES_MAX {
            return;
        }
        let mut text = format!("{}: {}", cut(&line.target), cut(&line.message));
        if !line.fields.is_null() {
            text.push(' ');
            text.push_str(cut(&line.fields.to_string()));
        }
        self.n_log_bytes += text.len();
        self.log.push(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chatty_plugin_is_kept_within_bounds() {
        let mut overheard = Overheard::default();
        let line = LogLine {
            level: Value::Null,
            target: "t".to_owned(),
            message: "m".repeat(6_000),
            fields: Value::Null,
        };
        for _ in 0..1_000 {
            overheard.keep_line(&line);
        }
        let n_bytes: usize = overheard.log.iter().map(String::len).sum();
        assert!((LOG_BYTES_MAX..LOG_BYTES_MAX + 8_192).contains(&n_bytes));
    }
}
