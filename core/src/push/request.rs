//! One request of a vendor, and where its texts stand.

use http::HeaderMap;
use serde_json::Value;

use crate::host::manifest::webhook::Find;

/// A request at an ingest address, with everything that proofs look at.
#[derive(Debug, Clone, Copy)]
pub struct Post<'a> {
    /// Method.
    pub method: &'a str,
    /// Address that the vendor called, with scheme, host and query.
    pub uri: &'a str,
    /// Decoded query parameters, in order.
    pub query: &'a [(String, String)],
    /// Headers.
    pub headers: &'a HeaderMap,
    /// The raw body.
    pub body: &'a [u8],
}

impl Post<'_> {
    /// Returns a header as text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns the text at a place, or `None` when nothing is there.
    pub(super) fn find(&self, place: &Find) -> Option<String> {
        match place {
            Find::Header(name) => self.header(name).map(str::to_owned),
            Find::Query(name) => {
                let found = self.query.iter().find(|(key, _)| key == name);
                found.map(|(_, value)| value.clone())
            }
            Find::Json(pointer) => {
                let body: Value = serde_json::from_slice(self.body).ok()?;
                match body.pointer(pointer)? {
                    Value::String(text) => Some(text.clone()),
                    Value::Null | Value::Array(_) | Value::Object(_) => None,
                    scalar => Some(scalar.to_string()),
                }
            }
        }
    }
}
