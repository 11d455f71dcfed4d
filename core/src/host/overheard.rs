//! What a plugin said besides its events, kept for whoever asks about its manners.

use serde_json::Value;

use super::message::{LogLine, cut};

/// Most bytes of log lines that are kept.
const LOG_BYTES_MAX: usize = 1024 * 1024;

/// What a run said besides rows, checkpoints and refused records.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overheard {
    /// Lines of the plugin's log, in order; at most 1 MiB, the first ones.
    pub log: Vec<String>,
    /// The last thing it printed, at most 64 KiB.
    pub printed: String,
    /// The answer of a call.
    pub reply: Option<Value>,
    /// How its process ended, in words, where it did not end by itself and with status 0.
    pub unclean_end: Option<String>,
    n_log_bytes: usize,
}

impl Overheard {
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
