//! One source of the plan: when it is pulled next, and what became of the last pull.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::super::live::{Activity, LastFailure, SourceLive};
use super::super::pace::{Ended, First, Pace};
use super::super::{PullError, PullReport, SourceSpec};
use crate::host::StopSignal;

pub(in crate::ingest) struct Entry {
    pub(in crate::ingest) spec: SourceSpec,
    pace: Pace,
    pub(in crate::ingest) next_at: Instant,
    /// Present while it is being pulled.
    pub(in crate::ingest) running: Option<StopSignal>,
    pub(super) is_due_again: bool,
    pub(super) live: SourceLive,
}

/// A source that this thread may pull.
pub(super) struct Claim {
    pub(super) spec: SourceSpec,
    pub(super) stop: StopSignal,
}

impl Entry {
    pub(super) fn new(position: usize, spec: SourceSpec, last_success: Option<Timestamp>) -> Self {
        let pace = Pace::new(&spec.name, spec.rhythm.clone(), spec.zone.clone());
        let first = First {
            position,
            catches_up: spec.catches_up,
            last_success,
        };
        let wait = pace.first(first, Timestamp::now());
        Self {
            pace,
            next_at: Instant::now() + wait,
            running: None,
            is_due_again: false,
            live: SourceLive {
                name: spec.name.clone(),
                plugin: spec.plugin.clone(),
                rhythm: spec.rhythm.clone(),
                activity: waiting(wait),
                last_success: None,
                last_report: None,
                last_failure: None,
                n_failures: 0,
            },
            spec,
        }
    }

    pub(super) fn changed_to(mut self, spec: SourceSpec) -> Self {
        self.pace.set_rhythm(spec.rhythm.clone(), spec.zone.clone());
        self.live.rhythm = spec.rhythm.clone();
        self.live.plugin.clone_from(&spec.plugin);
        self.next_at = Instant::now();
        self.is_due_again = self.running.is_some();
        self.spec = spec;
        self
    }

    pub(super) fn claim(&mut self) -> Claim {
        let stop = StopSignal::new();
        self.running = Some(stop.clone());
        self.live.activity = Activity::Running {
            since: Timestamp::now(),
            progress: None,
        };
        Claim {
            spec: self.spec.clone(),
            stop,
        }
    }

    pub(super) fn settle(&mut self, result: &Result<PullReport, PullError>, elapsed: Duration) {
        let ended = ended(result);
        let mut wait = self.pace.next(ended, elapsed, Timestamp::now());
        // Whatever changed may be what it failed for; only a vendor's wish is no matter of ours.
        let may_hurry = !matches!(ended, Ended::AskedToWait(_));
        if std::mem::take(&mut self.is_due_again) && may_hurry {
            wait = Duration::ZERO;
        }
        self.next_at = Instant::now() + wait;
        self.running = None;
        self.live.activity = waiting(wait);
        self.live.n_failures = self.pace.n_failures();
        match result {
            Ok(report) => {
                self.live.last_success = Some(Timestamp::now());
                self.live.last_failure = None;
                self.live.last_report = Some(report.clone());
            }
            Err(error) if error.is_cancelled() => {}
            Err(error) => {
                self.live.last_report = error.report().cloned();
                self.live.last_failure = Some(LastFailure {
                    at: Timestamp::now(),
                    reason: error.reason(),
                    message: error.message(),
                    hint: error.hint(),
                    printed: match error {
                        PullError::Plugin { failure, .. } => failure.printed.clone(),
                        _ => String::new(),
                    },
                });
            }
        }
    }
}

fn waiting(wait: Duration) -> Activity {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    Activity::Waiting {
        next_at: Timestamp::now().checked_add(wait).unwrap_or(Timestamp::MAX),
    }
}

fn ended(result: &Result<PullReport, PullError>) -> Ended {
    match result {
        Ok(_) => Ended::Well,
        Err(error) if error.is_cancelled() => Ended::Well,
        Err(PullError::Find { .. }) => Ended::NeedsPerson,
        Err(PullError::Plugin { failure, .. }) => match failure.retry_after {
            Some(wait) => Ended::AskedToWait(wait),
            None if failure.reason.needs_person() => Ended::NeedsPerson,
            None => Ended::Badly,
        },
        Err(PullError::Store { .. } | PullError::Fenced { .. }) => Ended::Badly,
    }
}
