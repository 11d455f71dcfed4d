//! One webhook as a plugin sees it, after the daemon has checked where it came from.

use crate::{Error, Result, json};

/// A webhook that the vendor sent and the daemon verified and kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook<'call> {
    /// What tells two deliveries of one event: the declared id, or a digest of the body.
    pub event_id: String,
    /// When it arrived, in milliseconds since 1970.
    pub received_at_ms: i64,
    /// The headers that the manifest names, names in lower case; absent ones are left out.
    pub headers: Vec<(String, String)>,
    /// The body as it came.
    pub body: &'call [u8],
}

impl<'call> Webhook<'call> {
    /// Reads the host's request.
    pub(crate) fn parse(request_json: &str, body: &'call [u8]) -> Result<Self> {
        let wrong = || Error::internal("the webhook request is not what this SDK knows");
        let event_id = json::member(request_json, "event_id")
            .and_then(json::string)
            .ok_or_else(wrong)?;
        let received_at_ms = json::member(request_json, "received_at_ms")
            .and_then(|raw| raw.parse().ok())
            .ok_or_else(wrong)?;
        let headers = json::member(request_json, "headers").ok_or_else(wrong)?;
        let headers = json::members(headers)
            .ok_or_else(wrong)?
            .into_iter()
            .filter_map(|(name, value)| Some((name, json::string(value)?)))
            .collect();
        Ok(Self {
            event_id,
            received_at_ms,
            headers,
            body,
        })
    }

    /// Returns a header by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Returns the body as text.
    ///
    /// # Errors
    /// Class `schema_changed` when it is not UTF-8.
    pub fn text(&self) -> Result<&'call str> {
        std::str::from_utf8(self.body)
            .map_err(|error| Error::schema_changed("the body is not UTF-8").with_internal(error))
    }

    /// Returns the body as a type of the plugin.
    ///
    /// # Errors
    /// Class `schema_changed` when it does not parse.
    #[cfg(feature = "serde")]
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(self.body).map_err(|error| {
            Error::schema_changed("the body is not the JSON that this plugin knows")
                .with_internal(error)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_reads_back() {
        let webhook = Webhook::parse(
            r#"{"event_id":"e\"1","received_at_ms":-5,"headers":{"x-topic":"a","y":"b"}}"#,
            b"{}",
        )
        .expect("valid");
        assert_eq!(webhook.event_id, "e\"1");
        assert_eq!(webhook.received_at_ms, -5);
        assert_eq!(webhook.header("y"), Some("b"));
        assert_eq!(webhook.header("z"), None);
        assert_eq!(webhook.text(), Ok("{}"));
    }

    #[test]
    fn a_body_that_is_no_text_is_told() {
        let request = r#"{"event_id":"","received_at_ms":1,"headers":{}}"#;
        let webhook = Webhook::parse(request, b"\xff").expect("valid");
        assert_eq!(
            webhook.text().expect_err("not UTF-8").class(),
            crate::ErrorClass::SchemaChanged
        );
        assert!(Webhook::parse("{}", b"").is_err());
    }
}
