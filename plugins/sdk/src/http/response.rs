//! What a vendor answered, and what its status means.

use std::fmt;
use std::time::Duration;

use crate::{Error, ErrorClass, Result};

/// How long to wait where a vendor says 429 and not how long.
const RETRY_AFTER_DEFAULT: Duration = Duration::from_secs(60);
/// Bytes of an error's body that are kept for the log.
pub(super) const EXCERPT_BYTES_MAX: usize = 300;

/// Start of a response.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Head {
    pub(crate) method: String,
    pub(crate) status: u16,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) retry_after: Option<Duration>,
}

impl Head {
    /// Returns the status, such as 200.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Returns where the response came from, redirects followed.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the first value of a header; the name in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let is_named = |(known, _): &&(String, String)| known.eq_ignore_ascii_case(name);
        let found = self.headers.iter().find(is_named);
        found.map(|(_, value)| value.as_str())
    }

    /// Returns all headers in order, names in lower case; may repeat a name.
    #[must_use]
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// Returns how long the server asks to wait, if it does.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Returns whether the status is 200 to 299, or 304.
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(self.status, 200..=299 | 304)
    }

    /// Turns a status that is no success into the error the daemon acts upon. `body` is looked at
    /// for the log only.
    ///
    /// # Errors
    /// Class `auth` for 401 and 403, `rate_limited` for 429 and for a 503 that says when to come
    /// back, `transient` for 408, 425 and other 5xx, `not_found` for 404 and 410, `internal` for the
    /// rest: a request the vendor does not understand.
    pub fn check(&self, body: &[u8]) -> Result<()> {
        if self.is_success() {
            return Ok(());
        }
        let status = self.status;
        let what = format!("{} {} answered {status}", self.method, place(&self.url));
        let error = match status {
            401 | 403 => Error::auth(format!("the vendor refused the credentials: {what}")),
            404 | 410 => Error::not_found(what),
            408 | 425 => Error::transient(what),
            429 => Error::rate_limited(what, self.retry_after.unwrap_or(RETRY_AFTER_DEFAULT)),
            503 if self.retry_after.is_some() => {
                Error::rate_limited(what, self.retry_after.unwrap_or_default())
            }
            500.. => Error::transient(what),
            _ => Error::new(ErrorClass::Internal, what),
        };
        Err(error.with_internal(excerpt(body)))
    }
}

/// A response with its whole body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub(super) head: Head,
    pub(super) body: Vec<u8>,
}

impl Response {
    /// Returns status and headers.
    #[must_use]
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Returns the status, such as 200.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.head.status
    }

    /// Returns the first value of a header; the name in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    /// Returns the body, decoded.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Returns the body as text.
    ///
    /// # Errors
    /// Class `schema_changed` when it is not UTF-8.
    pub fn text(&self) -> Result<&str> {
        std::str::from_utf8(&self.body).map_err(|error| {
            let from = place(&self.head.url);
            Error::schema_changed(format!("{from} answered with something that is not UTF-8"))
                .with_internal(error)
        })
    }

    /// Returns the body as a value of the plugin's.
    ///
    /// # Errors
    /// Class `transient` for an HTML page, which a proxy or a maintenance server sends in place of
    /// an answer; `schema_changed` for JSON of another shape.
    #[cfg(feature = "serde")]
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let from = place(&self.head.url);
            match self.body.trim_ascii_start().first() {
                Some(b'<') => Error::transient(format!("{from} answered a page in place of JSON"))
                    .with_internal(excerpt(&self.body)),
                _ => Error::schema_changed(format!("{from} answered no JSON of the known shape"))
                    .with_internal(error),
            }
        })
    }
}

impl fmt::Display for Head {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} {} {}",
            self.method,
            place(&self.url),
            self.status
        )
    }
}

/// Returns a URL without its query and fragment, where secrets and persons stand.
fn place(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

/// Returns the start of a body as one line.
fn excerpt(body: &[u8]) -> String {
    let start = &body[..body.len().min(EXCERPT_BYTES_MAX)];
    let text = String::from_utf8_lossy(start);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, retry_after_s: Option<u64>, expected: Option<ErrorClass>) {
        let head = Head {
            method: "GET".to_owned(),
            status,
            url: "https://a.example/v1/t?token=abc".to_owned(),
            retry_after: retry_after_s.map(Duration::from_secs),
            ..Head::default()
        };
        let error = head.check(b"<p>no\n such thing").err();
        assert_eq!(error.as_ref().map(Error::class), expected, "{status}");
        if let Some(error) = error {
            assert!(
                error.user().contains("GET https://a.example/v1/t answered"),
                "{error}"
            );
            assert!(!error.user().contains("abc"), "{error}");
            assert_eq!(error.internal_detail(), "<p>no such thing");
        }
    }

    #[test]
    fn every_status_has_its_class() {
        for status in [200, 204, 299, 304] {
            check(status, None, None);
        }
        for (status, class) in [
            (302, ErrorClass::Internal),
            (400, ErrorClass::Internal),
            (401, ErrorClass::Auth),
            (403, ErrorClass::Auth),
            (404, ErrorClass::NotFound),
            (408, ErrorClass::Transient),
            (410, ErrorClass::NotFound),
            (422, ErrorClass::Internal),
            (429, ErrorClass::RateLimited),
            (500, ErrorClass::Transient),
            (503, ErrorClass::Transient),
            (520, ErrorClass::Transient),
        ] {
            check(status, None, Some(class));
        }
        check(503, Some(90), Some(ErrorClass::RateLimited));
    }

    #[test]
    fn a_429_says_when_to_come_back() {
        let head = |retry_after| Head {
            status: 429,
            retry_after,
            ..Head::default()
        };
        let wait = |retry_after| head(retry_after).check(b"").expect_err("429").retry_after();
        assert_eq!(
            wait(Some(Duration::from_secs(7))),
            Some(Duration::from_secs(7))
        );
        assert_eq!(wait(None), Some(RETRY_AFTER_DEFAULT));
    }
}
