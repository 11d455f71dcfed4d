//! Extension `voc.http/1`: requests that this process makes for the plugin.
//!
//! The rules of the daemon are kept here: which hosts, which secrets, how often, how long. It is
//! a guard rail around honest code, in the same process as the plugin; the wall is the sandbox.

mod answer;
mod cassette;
mod client;
mod egress;
mod exchange;
mod link;
mod patience;
mod plan;
mod secrets;
#[cfg(test)]
mod tests;

use std::time::Duration;

use vocd_plugin::{Error, ErrorClass, Result};

use answer::HeaderList;
use cassette::Cassette;
use client::Client;
use egress::Egress;
use exchange::Exchange;
use patience::Patience;
use secrets::Secrets;

pub(crate) use link::{Daemon, Link, Permits};
pub(crate) use plan::HttpPlan;
pub(crate) use secrets::AuthWish;

/// Largest body of a request, in bytes: it is kept for repeating; sources ask, they do not upload.
pub(crate) const REQUEST_BODY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Most headers a plugin may set on one request.
pub(crate) const REQUEST_HEADERS_MAX: usize = 64;
/// Longest URL, in bytes; servers refuse far shorter ones.
const URL_BYTES_MAX: usize = 16 * 1024;

/// What a plugin asks for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outgoing {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) flags: u32,
    pub(crate) bucket: String,
    /// 0 for the default.
    pub(crate) timeout_ms: u32,
    pub(crate) auth: AuthWish,
    /// 0 for the default.
    pub(crate) body_bytes_max: u64,
}

/// Start of the response that a plugin gets.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) url: String,
    pub(crate) headers: HeaderList,
    pub(crate) retry_after: Option<Duration>,
}

/// Where a response goes; an error means that the plugin wants no more of it.
pub(crate) trait Sink {
    fn on_head(&mut self, head: &Head) -> Result<()>;
    fn on_body(&mut self, chunk: &[u8]) -> Result<()>;
}

/// Makes the requests of one run; usable from any thread.
pub(crate) struct HttpService {
    egress: Egress,
    secrets: Secrets,
    client: Client,
    cassette: Cassette,
    patience: Patience,
}

impl HttpService {
    /// Prepares what the daemon planned; connects to nothing.
    pub(crate) fn new(plan: &HttpPlan) -> Result<Self> {
        Ok(Self {
            egress: Egress::new(&plan.egress),
            secrets: Secrets::new(plan),
            client: Client::new(plan)?,
            cassette: Cassette::new(plan.cassette.as_ref())?,
            patience: Patience::default(),
        })
    }

    /// Makes a request and hands the response over.
    ///
    /// # Errors
    /// As documented in the C header; without secrets.
    pub(crate) fn send(
        &self,
        outgoing: &Outgoing,
        daemon: &dyn Daemon,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        let sent = check(outgoing).and_then(|()| Exchange::new(self, outgoing, daemon)?.run(sink));
        sent.map_err(|error| self.masked(&error))
    }

    /// Returns a text of the plugin's without the secrets that a server may have sent back.
    pub(crate) fn masked_text(&self, text: &str) -> String {
        self.secrets.mask(text)
    }

    /// A message may quote an address, and an address a secret.
    fn masked(&self, error: &Error) -> Error {
        let user = self.secrets.mask(error.user());
        let masked = match (error.class(), error.retry_after()) {
            (ErrorClass::RateLimited, Some(wait)) => Error::rate_limited(user, wait),
            (class, _) => Error::new(class, user),
        };
        masked.with_internal(self.secrets.mask(error.internal_detail()))
    }
}

/// Refuses what is no request.
fn check(outgoing: &Outgoing) -> Result<()> {
    /// Headers that frame the message, which is the client's business.
    const FRAMING: [&str; 7] = [
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "accept-encoding",
        "expect",
        "proxy-authorization",
    ];
    const METHODS: [&str; 7] = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "POST", "PATCH"];
    if !METHODS.contains(&outgoing.method.as_str()) {
        let text = format!("a request's method must be one of {}", METHODS.join(", "));
        return Err(Error::internal(text));
    }
    if outgoing.body.is_some() && !["PUT", "POST", "PATCH"].contains(&outgoing.method.as_str()) {
        let text = format!("a {} request has no body", outgoing.method);
        return Err(Error::internal(text));
    }
    if outgoing.url.len() > URL_BYTES_MAX || outgoing.headers.len() > REQUEST_HEADERS_MAX {
        let text = "a request has at most 64 headers and a URL of at most 16 KiB";
        return Err(Error::internal(text));
    }
    let is_framing = |name: &str| FRAMING.iter().any(|known| name.eq_ignore_ascii_case(known));
    match outgoing.headers.iter().find(|(name, _)| is_framing(name)) {
        Some((name, _)) => Err(Error::internal(format!(
            "the header `{name}` is the host's"
        ))),
        None => Ok(()),
    }
}
