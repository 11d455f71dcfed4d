//! The daemon's side of a run's HTTP requests: leave to make them, and what is told about them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use super::budget::Budgets;
use super::failure::{Failure, FailureReason};
use super::message::{Ask, Metric, Pause};
use super::outbound::Cassette;
use super::{RunRequest, scrub::Scrubber};
use crate::record::SourceName;

/// Longest request named in the report of a failure, in bytes.
const REQUEST_BYTES_MAX: usize = 400;

/// Takes what runs measure, by source; called on the thread of the run.
pub type MetricSink = Arc<dyn Fn(&SourceName, &Metric) + Send + Sync>;

/// What all runs of a daemon share.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) budgets: Budgets,
    pub(super) on_metric: Option<MetricSink>,
}

/// The requests of one run.
pub(super) struct Requests<'a> {
    shared: &'a Shared,
    request: RunRequest<'a>,
    scrubber: Scrubber,
    /// The last one that was to be made.
    last: Option<String>,
}

impl<'a> Requests<'a> {
    pub(super) fn new(shared: &'a Shared, request: RunRequest<'a>, scrubber: Scrubber) -> Self {
        Self {
            shared,
            request,
            scrubber,
            last: None,
        }
    }

    /// Answers a request for leave with the payload of a PERMIT frame.
    pub(super) fn permit(&mut self, ask: &Ask) -> Vec<u8> {
        let text = self.scrubber.scrub(&ask.request);
        self.last = Some(text[..text.floor_char_boundary(REQUEST_BYTES_MAX)].to_owned());
        let grant = self.shared.budgets.ask(
            (&ask.bucket, &ask.host),
            self.request.limits.requests_per_minute,
            Duration::from_millis(ask.wait_ms_max),
            Instant::now(),
        );
        let wait_ms = u64::try_from(grant.wait.as_millis()).unwrap_or(u64::MAX);
        let permit = json!({"id": ask.id, "is_granted": grant.is_granted, "wait_ms": wait_ms});
        permit.to_string().into_bytes()
    }

    pub(super) fn pause(&self, pause: &Pause) {
        let wait = Duration::from_millis(pause.pause_ms);
        let place = (pause.bucket.as_str(), pause.host.as_str());
        self.shared.budgets.pause(place, wait, Instant::now());
    }

    /// Keeps a line of a cassette; one that nobody asked for goes nowhere.
    pub(super) fn exchange(&self, line: &str) {
        if let Some(Cassette::Record(keep)) = &self.request.outbound.cassette {
            keep(&self.scrubber.scrub(line));
        }
    }

    pub(super) fn metric(&self, metric: &Metric) {
        if let Some(on_metric) = &self.shared.on_metric {
            on_metric(self.request.source, metric);
        }
    }

    /// Adds the last request to the report of a failure that does not name it.
    pub(super) fn explain(&self, mut failure: Failure) -> Failure {
        let Some(last) = &self.last else {
            return failure;
        };
        let bare = last.split('?').next().unwrap_or_default();
        if failure.reason != FailureReason::Cancelled && !failure.message.contains(bare) {
            failure.message = format!("{}; its last request was {last}", failure.message);
        }
        failure
    }
}
