//! What goes wrong at a vendor, and when.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::Said;
use crate::vendor::Reply;

/// One way to fail.
#[derive(Clone)]
pub enum Fault {
    /// Says this in place of its answer, such as a 429 with or without `retry-after`, or a 503.
    Says(Said),
    /// Sends an HTML page with this status, as a proxy or a server under maintenance does.
    Page(u16),
    /// Closes the connection without a word.
    Hangup,
    /// Keeps the connection open without a word.
    Silence,
    /// Sends the first half of the answer and closes the connection.
    Cut,
    /// Answers with another shape: a field is missing, renamed or of another type.
    Surprise(Change),
}

/// Changes the body of an answer.
pub type Change = Arc<dyn Fn(&mut Value) + Send + Sync>;

impl Fault {
    /// Makes a fault that changes the body of the answer.
    #[must_use]
    pub fn surprise(change: impl Fn(&mut Value) + Send + Sync + 'static) -> Self {
        Self::Surprise(Arc::new(change))
    }

    /// Makes a 429; `None` names no time to wait.
    #[must_use]
    pub fn too_many(retry_after_s: Option<u32>) -> Self {
        let said = Said::status(429, Value::Null);
        Self::Says(match retry_after_s {
            Some(seconds) => said.header(format!("retry-after: {seconds}")),
            None => said,
        })
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Says(said) => write!(formatter, "Says({})", said.status),
            Self::Page(status) => write!(formatter, "Page({status})"),
            Self::Hangup => formatter.write_str("Hangup"),
            Self::Silence => formatter.write_str("Silence"),
            Self::Cut => formatter.write_str("Cut"),
            Self::Surprise(_) => formatter.write_str("Surprise"),
        }
    }
}

/// When a fault happens.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What happens.
    pub fault: Fault,
    /// Start of the paths that it happens to; empty for all.
    pub path: &'static str,
    /// Fitting requests that are answered well before the first fault.
    pub n_before: usize,
    /// Fitting requests that then fail.
    pub n_times: usize,
}

impl Plan {
    /// Plans a fault of the next request.
    #[must_use]
    pub fn new(fault: Fault) -> Self {
        Self {
            fault,
            path: "",
            n_before: 0,
            n_times: 1,
        }
    }

    /// Counts a request and returns the fault that it meets.
    pub(super) fn takes(&mut self, path: &str) -> Option<Fault> {
        if self.n_times == 0 || !path.starts_with(self.path) {
            return None;
        }
        if self.n_before > 0 {
            self.n_before -= 1;
            return None;
        }
        self.n_times -= 1;
        Some(self.fault.clone())
    }
}

/// Returns an HTML page.
pub(super) fn page(status: u16) -> Reply {
    let body = "<!doctype html><html><title>Maintenance</title></html>";
    Reply::new(status, &["content-type: text/html"], body)
}

/// Returns an answer whose body breaks off in the middle.
pub(super) fn cut(said: &Said) -> Reply {
    let body = said.body.to_string();
    let half = (0..=body.len() / 2)
        .rev()
        .find(|at| body.is_char_boundary(*at))
        .unwrap_or(0);
    Reply::raw(format!(
        "HTTP/1.1 {} Said\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{}",
        said.status,
        body.len(),
        &body[..half]
    ))
}
