//! HTTP through the host: TLS, proxy, retries, shared rate budgets and secrets are its business.

mod response;

use std::time::Duration;

use crate::abi::http::{
    HTTP_AUTH_BASIC, HTTP_AUTH_BEARER, HTTP_AUTH_HEADER, HTTP_AUTH_NONE, HTTP_AUTH_QUERY,
    HTTP_ONCE, HTTP_REPEATABLE,
};
use crate::{Error, Host, Result};

use response::EXCERPT_BYTES_MAX;
pub use response::{Head, Response};

impl Host {
    /// Returns the host's HTTP client.
    ///
    /// # Errors
    /// Class `unsupported` when this host has none.
    pub fn http(&self) -> Result<Http> {
        match self.raw().http() {
            Some(_) => Ok(Http { host: self.clone() }),
            None => Err(Error::unsupported("this host offers no `voc.http/1`")),
        }
    }
}

/// The host's HTTP client; cheap to clone, lives as long as the source.
#[derive(Debug, Clone)]
pub struct Http {
    host: Host,
}

impl Http {
    /// Starts a GET request of an absolute URL.
    #[must_use]
    pub fn get(&self, url: impl Into<String>) -> Request<'_> {
        self.request("GET", url)
    }

    /// Starts a POST request; mark it [`Request::repeatable`] when it only asks.
    #[must_use]
    pub fn post(&self, url: impl Into<String>) -> Request<'_> {
        self.request("POST", url)
    }

    /// Starts a request of any method.
    #[must_use]
    pub fn request(&self, method: &str, url: impl Into<String>) -> Request<'_> {
        Request {
            host: &self.host,
            outgoing: Outgoing {
                method: method.to_owned(),
                url: url.into(),
                auth: Auth::NONE,
                ..Outgoing::default()
            },
        }
    }
}

/// Which secret goes where; the secret itself stays with the host.
///
/// `reference` is the value of a configuration property whose schema says `x-voc-secret` and
/// `x-voc-auth`: the host hands the plugin a reference in place of the secret.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Auth {
    pub(crate) kind: u32,
    pub(crate) reference: String,
    pub(crate) name: String,
    pub(crate) format: String,
}

impl Auth {
    const NONE: Self = Self {
        kind: HTTP_AUTH_NONE,
        reference: String::new(),
        name: String::new(),
        format: String::new(),
    };

    fn new(kind: u32, reference: &str, name: &str, format: &str) -> Self {
        Self {
            kind,
            reference: reference.to_owned(),
            name: name.to_owned(),
            format: format.to_owned(),
        }
    }

    /// `Authorization: Bearer SECRET`.
    #[must_use]
    pub fn bearer(reference: &str) -> Self {
        Self::new(HTTP_AUTH_BEARER, reference, "", "")
    }

    /// `Authorization: Basic …`; `{secret}` in `user_and_password` stands for the secret, as in
    /// `"me@example.org/token:{secret}"` or `"{secret}:"`.
    #[must_use]
    pub fn basic(reference: &str, user_and_password: &str) -> Self {
        Self::new(HTTP_AUTH_BASIC, reference, "", user_and_password)
    }

    /// A header; `{secret}` in `format` stands for the secret, as in `"Token token={secret}"`. An
    /// empty `format` is the secret alone.
    #[must_use]
    pub fn header(reference: &str, name: &str, format: &str) -> Self {
        Self::new(HTTP_AUTH_HEADER, reference, name, format)
    }

    /// A query parameter. Prefer anything else: addresses are logged on their way.
    #[must_use]
    pub fn query(reference: &str, name: &str) -> Self {
        Self::new(HTTP_AUTH_QUERY, reference, name, "")
    }
}

/// What crosses the border for one request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outgoing {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) flags: u32,
    pub(crate) bucket: String,
    pub(crate) timeout: Duration,
    pub(crate) auth: Auth,
    pub(crate) body_bytes_max: u64,
}

/// A request being built.
#[derive(Debug, Clone)]
pub struct Request<'host> {
    host: &'host Host,
    outgoing: Outgoing,
}

impl Request<'_> {
    /// Adds a header. Those that frame the message (`host`, `content-length`, `accept-encoding`, …)
    /// are the host's.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let header = (name.to_owned(), value.to_owned());
        self.outgoing.headers.push(header);
        self
    }

    /// Adds a query parameter, encoded.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        let url = &mut self.outgoing.url;
        url.push(if url.contains('?') { '&' } else { '?' });
        push_encoded(url, name);
        url.push('=');
        push_encoded(url, value);
        self
    }

    /// Lets the host put a secret in.
    #[must_use]
    pub fn auth(mut self, auth: Auth) -> Self {
        self.outgoing.auth = auth;
        self
    }

    /// Counts the request in a budget of its own, such as a vendor's limit for exports.
    #[must_use]
    pub fn bucket(mut self, name: &str) -> Self {
        name.clone_into(&mut self.outgoing.bucket);
        self
    }

    /// Bounds the time of one attempt; 120 s unless called. The head of an answer must come within
    /// 40 s, and a body may not pause for more than 30 s, whatever is set.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.outgoing.timeout = timeout;
        self
    }

    /// Sends a body, at most 8 MiB.
    #[must_use]
    pub fn body(mut self, content_type: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.outgoing.body = Some(bytes.into());
        self.header("content-type", content_type)
    }

    /// Sends a value as JSON.
    ///
    /// # Errors
    /// When the value has no JSON form.
    #[cfg(feature = "serde")]
    pub fn json(self, value: &impl serde::Serialize) -> Result<Self> {
        let bytes = serde_json::to_vec(value)
            .map_err(|error| Error::internal("the body has no JSON form").with_internal(error))?;
        Ok(self.body("application/json", bytes))
    }

    /// Allows repeating the request after a failure although its method changes things.
    #[must_use]
    pub fn repeatable(mut self) -> Self {
        self.outgoing.flags |= HTTP_REPEATABLE;
        self
    }

    /// Forbids repeating the request.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.outgoing.flags |= HTTP_ONCE;
        self
    }

    /// Bounds the body of the response, in bytes; 64 MiB unless called.
    #[must_use]
    pub fn body_bytes_max(mut self, bytes: u64) -> Self {
        self.outgoing.body_bytes_max = bytes;
        self
    }

    /// Sends the request and returns a successful response with its whole body.
    ///
    /// # Errors
    /// As [`Request::send_any`]; further [`Head::check`].
    pub fn send(self) -> Result<Response> {
        let response = self.send_any()?;
        response.head.check(&response.body)?;
        Ok(response)
    }

    /// As [`Request::send`], for statuses that are answers rather than errors.
    ///
    /// # Errors
    /// Class `config` for a host that the source may not connect to, `rate_limited` when the budget
    /// is used up, `transient` when the network failed or the body was cut, `cancelled` when the run
    /// should end.
    pub fn send_any(self) -> Result<Response> {
        let mut body = Vec::new();
        let head = self.exchange(&mut |_, chunk| {
            body.extend_from_slice(chunk);
            Ok(())
        })?;
        Ok(Response { head, body })
    }

    /// Sends the request and hands the body of a successful response over in pieces, so that it
    /// never lies in memory whole. An error of `on_body` ends the request and is returned.
    ///
    /// # Errors
    /// As [`Request::send`].
    pub fn stream(self, on_body: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<Head> {
        let mut excerpt = Vec::new();
        let head = self.exchange(&mut |head, chunk| {
            if head.is_success() {
                return on_body(chunk);
            }
            let room = EXCERPT_BYTES_MAX.saturating_sub(excerpt.len());
            excerpt.extend_from_slice(&chunk[..chunk.len().min(room)]);
            Ok(())
        })?;
        head.check(&excerpt)?;
        Ok(head)
    }

    fn exchange(self, on_body: &mut dyn FnMut(&Head, &[u8]) -> Result<()>) -> Result<Head> {
        let http = self.host.raw().http();
        let http = http.ok_or_else(|| Error::unsupported("this host offers no `voc.http/1`"))?;
        http.send(&self.outgoing, on_body)
    }
}

fn push_encoded(url: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                url.push(char::from(byte));
            }
            _ => url.push_str(&format!("%{byte:02X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_encoded() {
        let mut url = String::new();
        push_encoded(&mut url, "a b&c=ü");
        assert_eq!(url, "a%20b%26c%3D%C3%BC");
    }
}
