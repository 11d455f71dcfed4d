//! A file of webhooks as a vendor sent them: one line of JSON each.

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::host::manifest::webhook::WebhookScheme;
use crate::push::{Post, Proven, Unsigned, sign};

/// Address that a webhook without one was sent to.
const URL: &str = "https://vocd.example.org/ingest/conformance";
/// Most webhooks of a file.
const WEBHOOKS_MAX: usize = 1_000;

/// One webhook of a vendor.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    pub(super) method: String,
    pub(super) uri: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) received_at: Timestamp,
}

/// What is wrong with a file of webhooks.
#[derive(Debug, thiserror::Error)]
pub enum RecordedError {
    /// A line is no webhook.
    #[error("line {number}: {what}")]
    Line {
        /// Number of the line, from 1.
        number: usize,
        /// What is wrong.
        what: String,
    },
    /// There are too many.
    #[error("there are more than {WEBHOOKS_MAX} webhooks")]
    TooMany,
}

/// A line as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(default = "post")]
    method: String,
    #[serde(default = "url")]
    url: String,
    #[serde(default)]
    headers: serde_json::Map<String, Value>,
    body: Value,
    received_at: Option<String>,
}

fn post() -> String {
    "POST".to_owned()
}

fn url() -> String {
    URL.to_owned()
}

impl Recorded {
    /// Reads a file; webhooks without a `received_at` arrive at `now`.
    ///
    /// # Errors
    /// When a line is no webhook, or there are too many.
    pub fn parse(text: &str, now: Timestamp) -> Result<Vec<Self>, RecordedError> {
        let mut webhooks = Vec::new();
        for (line_idx, line) in text.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            if webhooks.len() == WEBHOOKS_MAX {
                return Err(RecordedError::TooMany);
            }
            let parsed = serde_json::from_str(line).map_err(|error| error.to_string());
            let webhook = parsed.and_then(|line| Self::of(line, now));
            webhooks.push(webhook.map_err(|what| RecordedError::Line {
                number: line_idx + 1,
                what,
            })?);
        }
        Ok(webhooks)
    }

    fn of(line: Line, now: Timestamp) -> Result<Self, String> {
        let url = Url::parse(&line.url).map_err(|error| format!("`url`: {error}"))?;
        let received_at = line.received_at.map(|text| text.parse::<Timestamp>());
        let received_at = received_at.transpose();
        let received_at = received_at.map_err(|error| format!("`received_at`: {error}"))?;
        let query = url.query_pairs();
        let query = query.map(|(name, value)| (name.into_owned(), value.into_owned()));
        let mut webhook = Self {
            method: line.method,
            query: query.collect(),
            uri: line.url,
            headers: HeaderMap::new(),
            // A text is taken byte for byte, as signatures need it.
            body: match line.body {
                Value::String(text) => text.into_bytes(),
                other => other.to_string().into_bytes(),
            },
            received_at: received_at.unwrap_or(now),
        };
        for (name, value) in &line.headers {
            let value = value.as_str().unwrap_or_default();
            if !webhook.add_header(name, value) {
                return Err(format!("`headers`: `{name}` is no header with a text"));
            }
        }
        Ok(webhook)
    }

    fn add_header(&mut self, name: &str, value: &str) -> bool {
        let header = (HeaderName::try_from(name), HeaderValue::try_from(value));
        let (Ok(name), Ok(value)) = header else {
            return false;
        };
        self.headers.insert(name, value);
        true
    }

    /// Returns the request as proofs look at it.
    pub(super) fn post(&self) -> Post<'_> {
        Post {
            method: &self.method,
            uri: &self.uri,
            query: &self.query,
            headers: &self.headers,
            body: &self.body,
        }
    }

    /// Returns it with a proof made here.
    pub(super) fn proven(&self, scheme: &WebhookScheme, config: &Value) -> Result<Self, Unsigned> {
        let now_ms = self.received_at.as_millisecond();
        let Proven { headers, query } = sign(scheme, config, &self.post(), now_ms)?;
        let mut proven = self.clone();
        proven.query.extend(query);
        for (name, value) in headers {
            proven.add_header(&name, &value);
        }
        Ok(proven)
    }

    /// Returns it with another body.
    pub(super) fn saying(&self, body: Vec<u8>) -> Self {
        Self {
            body,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_is_a_body_and_what_differs_from_the_usual() {
        let text = "{\"body\":{\"b\":1,\"a\":2}}\n\n\
                    {\"body\":\"a=1\",\"method\":\"PUT\",\"url\":\"https://x.org/i?t=%41\",\
                    \"headers\":{\"X-Topic\":\"t\"},\"received_at\":\"2026-01-02T03:04:05Z\"}\n";
        let webhooks = Recorded::parse(text, Timestamp::UNIX_EPOCH).expect("two webhooks");
        let (first, second) = (&webhooks[0], &webhooks[1]);
        assert_eq!(first.body, br#"{"b":1,"a":2}"#);
        assert_eq!((first.method.as_str(), first.uri.as_str()), ("POST", URL));
        assert_eq!(first.received_at, Timestamp::UNIX_EPOCH);
        assert_eq!(second.body, b"a=1");
        assert_eq!(second.query, [("t".to_owned(), "A".to_owned())]);
        assert_eq!(second.headers["x-topic"], "t");
        assert_eq!(second.received_at.to_string(), "2026-01-02T03:04:05Z");
    }

    #[test]
    fn a_line_that_is_no_webhook_is_named() {
        let check = |text: &str, expected: &str| {
            let error = Recorded::parse(text, Timestamp::UNIX_EPOCH).expect_err("refused");
            assert!(error.to_string().starts_with(expected), "{error}");
        };
        check(
            "{\"body\":1}\n{\"boddy\":1}",
            "line 2: unknown field `boddy`",
        );
        check("{}", "line 1: missing field `body`");
        check("{\"body\":1,\"url\":\"x\"}", "line 1: `url`: ");
        check(
            "{\"body\":1,\"received_at\":\"now\"}",
            "line 1: `received_at`: ",
        );
        check(
            "{\"body\":1,\"headers\":{\"a b\":\"c\"}}",
            "line 1: `headers`: `a b`",
        );
        let many = "{\"body\":1}\n".repeat(WEBHOOKS_MAX + 1);
        check(&many, "there are more than 1000");
    }
}
