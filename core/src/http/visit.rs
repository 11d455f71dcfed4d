//! One request as a route sees it, and what a route answers.

use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};

use crate::access::{Area, Grant, Token};
use crate::http::credential::Means;
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Visitor {
    /// The other end.
    pub(super) peer: Peer,
    /// The client's address, as far as it is known.
    pub(super) address: Option<IpAddr>,
    /// Who it is.
    pub(super) who: Who,
    /// Whether this request was let in as a change.
    may_change: bool,
}

/// Who a visitor is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Who {
    /// Nobody knows.
    Stranger,
    /// Somebody without a token where looking is open.
    Anonymous,
    /// The holder of a token, and how it came.
    Token(Arc<Token>, Means),
    /// A user that a trusted proxy let in.
    User {
        /// As the proxy says.
        name: Arc<str>,
        /// What the configuration allows.
        grant: Arc<Grant>,
    },
    /// Whoever may open the control socket.
    Operator {
        /// The user of the process at the other end.
        uid: u32,
    },
}

static VIEWER: Grant = Grant::viewer();
static ADMIN: Grant = Grant::admin();

impl Visitor {
    /// Returns a visitor who may look at most.
    pub(super) const fn new(peer: Peer, address: Option<IpAddr>, who: Who) -> Self {
        Self {
            peer,
            address,
            who,
            may_change: false,
        }
    }

    /// Returns the operator at the control socket.
    pub(super) const fn operator(peer: Peer, uid: u32) -> Self {
        Self {
            peer,
            address: None,
            who: Who::Operator { uid },
            may_change: true,
        }
    }

    /// Returns the same visitor, let in to change something.
    pub(super) fn with_change(self) -> Self {
        Self {
            may_change: true,
            ..self
        }
    }

    /// Whether this request was let in as a change.
    pub(super) const fn may_change(&self) -> bool {
        self.may_change
    }

    /// Returns what the visitor may; `None` for strangers.
    pub(super) fn grant(&self) -> Option<&Grant> {
        match &self.who {
            Who::Stranger => None,
            Who::Anonymous => Some(&VIEWER),
            Who::Token(token, _) => Some(&token.grant),
            Who::User { grant, .. } => Some(grant),
            Who::Operator { .. } => Some(&ADMIN),
        }
    }

    /// Returns who it is for the audit log; never a secret.
    pub(super) fn to_json(&self) -> Map<String, Value> {
        let mut who = Map::new();
        let (name, value): (_, Value) = match &self.who {
            Who::Stranger => ("kind", "stranger".into()),
            Who::Anonymous => ("kind", "anonymous".into()),
            Who::Token(token, _) => ("token", token.id.as_str().into()),
            Who::User { name, .. } => ("user", (**name).into()),
            Who::Operator { uid } => ("uid", (*uid).into()),
        };
        who.insert(name.to_owned(), value);
        if let Some(grant) = self.grant() {
            who.insert("role".to_owned(), grant.role().name().into());
        }
        if let Some(address) = self.address {
            who.insert("address".to_owned(), address.to_string().into());
        }
        who
    }

    /// Whether the visitor may do a thing anywhere.
    pub(super) fn may(&self, area: Area) -> bool {
        let grant = self.grant().filter(|grant| grant.wall().is_none());
        grant.is_some_and(|grant| grant.may(area))
    }
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
    /// Label of a closed set that programs can tell apart.
    pub(super) reason: Option<&'static str>,
}

impl Fault {
    /// Returns a refusal.
    pub(super) fn new(status: StatusCode, what: impl Into<String>) -> Self {
        Self {
            status,
            what: what.into(),
            hint: None,
            retry_after_s: None,
            reason: None,
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
            reason: error.reason(),
        }
    }
}

impl From<crate::picture::ParamError> for Fault {
    fn from(error: crate::picture::ParamError) -> Self {
        PictureError::Parameter(error).into()
    }
}
