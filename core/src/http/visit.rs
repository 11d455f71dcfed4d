//! One request as a route sees it, and what a route answers.

use std::sync::Arc;

use http::{HeaderMap, StatusCode};

use crate::http::{Peer, Site};
use crate::picture::PictureError;

/// One request.
#[derive(Clone)]
pub(super) struct Visit {
    /// The server.
    pub(super) site: Arc<Site>,
    /// The request's headers.
    pub(super) headers: HeaderMap,
    /// Decoded query parameters, in order.
    pub(super) pairs: Vec<(String, String)>,
    /// Who asks, and whether they may see details.
    pub(super) visitor: Visitor,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Visitor {
    /// The other end.
    pub(super) peer: Peer,
    /// Whether the visitor may read pages, pictures and KPIs.
    pub(super) is_viewer: bool,
}

/// A refusal, before it has a face.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// What kind.
    pub(super) status: StatusCode,
    /// What is wrong.
    pub(super) what: String,
    /// What to do about it.
    pub(super) hint: Option<String>,
    /// When to come back.
    pub(super) retry_after_s: Option<u32>,
}

impl Fault {
    /// Returns a refusal.
    pub(super) fn new(status: StatusCode, what: impl Into<String>) -> Self {
        Self {
            status,
            what: what.into(),
            hint: None,
            retry_after_s: None,
        }
    }

    /// Adds what to do about it.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Seconds after which a full queue is worth another try: it holds about two seconds of work.
const RETRY_AFTER_S: u32 = 3;

impl From<PictureError> for Fault {
    fn from(error: PictureError) -> Self {
        let status =
            StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let is_passing = status == StatusCode::SERVICE_UNAVAILABLE;
        Self {
            status,
            what: error.to_string(),
            hint: error.hint(),
            retry_after_s: is_passing.then_some(RETRY_AFTER_S),
        }
    }
}

impl From<crate::picture::ParamError> for Fault {
    fn from(error: crate::picture::ParamError) -> Self {
        PictureError::Parameter(error).into()
    }
}
