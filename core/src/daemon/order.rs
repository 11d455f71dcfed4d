//! Commands to change something, carried out by whoever has the data directory.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::host::fleet::{ApproveError, Fleet};
use crate::http::control::{Commands, Lines, Steer, SteerRefusal, failure_line};
use crate::ingest::{
    Keep, PullError, PullOptions, PullProgress, PullReport, Schedule, StartFrom, SteerError,
    TriggerError,
};
use crate::push::Push;
use crate::record::SourceName;
use crate::store::Store as _;
use crate::store::upkeep::{PersonAsk, Upkeep as _};

use super::upkeep::{self, Inbox};
use super::{House, plugins};

/// Carries out commands in the daemon.
pub struct Order {
    house: Arc<House>,
    schedule: Arc<Schedule>,
    push: Arc<Push>,
    fleet: Arc<Fleet>,
}

/// Why a command failed, for the terminal it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderFailure {
    /// What failed, with its causes.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Order {
    pub(super) fn new(
        house: Arc<House>,
        schedule: Arc<Schedule>,
        push: Arc<Push>,
        fleet: Arc<Fleet>,
    ) -> Self {
        Self {
            house,
            schedule,
            push,
            fleet,
        }
    }
}

impl Commands for Order {
    fn sync(&self, source: &str, is_full: bool, is_dry_run: bool, lines: &Lines) -> Value {
        let options = pull_options(is_full, is_dry_run);
        let mut on_progress = |progress: &PullProgress| {
            // A terminal that does not keep up misses a step of the bar, not a row.
            let _ = lines.try_send(progress_line(progress));
        };
        match self.schedule.pull_now(source, options, &mut on_progress) {
            Ok(Ok(report)) => report_line(&report),
            Ok(Err(error)) => told(&pull_failure(&error)),
            Err(error) => failure_line(
                &error,
                Some("`vocd sources` lists the sources and what they do".to_owned()),
            ),
        }
    }

    fn reset(&self, source: &str) -> Value {
        match reset(&self.house, source) {
            Ok(()) => json!({ "report": {} }),
            Err(failure) => told(&failure),
        }
    }

    fn approve(&self, plugin: &str) -> Value {
        match self.fleet.approve(plugin) {
            Ok(build) => {
                plugins::renew(plugin, &self.schedule, &self.push);
                json!({ "report": { "version": build.version, "sha256": build.sha256 } })
            }
            Err(ApproveError::Untrusted(error)) => failure_line(&error, Some(error.hint())),
            Err(error) => failure_line(
                &error,
                Some("`vocd plugin list` lists the plugins and what waits".to_owned()),
            ),
        }
    }

    fn retry(&self, source: &str) -> Value {
        match self.push.retry(source) {
            Ok(n_webhooks) => json!({ "report": { "webhooks": n_webhooks } }),
            Err(error) => failure_line(
                &error,
                Some("`vocd sources` lists what is kept aside".to_owned()),
            ),
        }
    }

    fn compact(&self) -> Value {
        match upkeep::compact(&self.house, &Inbox::Open(&self.push)) {
            Ok(report) => json!({ "report": report }),
            Err(failure) => told(&failure),
        }
    }

    fn erase(&self, ask: &PersonAsk, is_dry_run: bool) -> (Value, String, &'static str) {
        let end = upkeep::erase(&self.house, &Inbox::Open(&self.push), ask, is_dry_run);
        (end.line, end.on, end.outcome)
    }

    fn receipts(&self) -> Value {
        match self.house.store().receipts() {
            Ok(receipts) => {
                let receipts: Vec<Value> = receipts
                    .iter()
                    .filter_map(|text| serde_json::from_str(text).ok())
                    .collect();
                json!({ "report": { "receipts": receipts } })
            }
            Err(error) => failure_line(&error, error.hint().map(str::to_owned)),
        }
    }

    fn steer(&self, source: &str, steer: Steer) -> Result<(), (SteerRefusal, Option<String>)> {
        let done = match steer {
            Steer::Run => self.schedule.run_soon(source),
            Steer::Pause(reason) => self.schedule.pause(source, reason).map(|_| ()),
            Steer::Resume => self.schedule.resume(source),
        };
        done.map_err(|error| match error {
            SteerError::Trigger(TriggerError::Unknown { .. }) => (
                SteerRefusal::Unknown,
                Some("`vocd sources` lists the sources".to_owned()),
            ),
            SteerError::Trigger(TriggerError::Running { .. }) => (SteerRefusal::Running, None),
            SteerError::Trigger(TriggerError::Stopping) => (SteerRefusal::Stopping, None),
            SteerError::Paused { name } => (
                SteerRefusal::Paused,
                Some(format!("let it go on: vocd sources resume {name}")),
            ),
            SteerError::Keep(error) => {
                tracing::error!(%error, "an order to a source could not be kept");
                (SteerRefusal::NotKept, Some(error.hint().to_owned()))
            }
        })
    }
}

/// Returns the options that the flags of `vocd sync` mean.
#[must_use]
pub fn pull_options(is_full: bool, is_dry_run: bool) -> PullOptions {
    PullOptions {
        start: if is_full {
            StartFrom::Beginning
        } else {
            StartFrom::Checkpoint
        },
        keep: if is_dry_run {
            Keep::Nothing
        } else {
            Keep::Rows
        },
    }
}

/// Forgets a source's checkpoints.
///
/// # Errors
/// When there is no such source or the store fails.
pub fn reset(house: &House, source: &str) -> Result<(), OrderFailure> {
    let failed = |error: crate::store::StoreError| OrderFailure {
        what: error.to_string(),
        hint: error.hint().map(str::to_owned),
    };
    let known = house.store().source_states().map_err(failed)?;
    let name = SourceName::new(source)
        .filter(|name| known.iter().any(|state| state.source == *name))
        .ok_or_else(|| OrderFailure {
            what: format!("no source `{source}` ever ran"),
            hint: Some("`vocd sources` lists them".to_owned()),
        })?;
    house.store().reset(&name).map_err(failed)
}

/// Returns the words for a failed pull.
#[must_use]
pub fn pull_failure(error: &PullError) -> OrderFailure {
    let hint = match error {
        PullError::Store { source, .. } => source.hint().map(str::to_owned),
        _ => error.hint(),
    };
    OrderFailure {
        what: error.message(),
        hint,
    }
}

/// Returns a line of progress.
#[must_use]
pub fn progress_line(progress: &PullProgress) -> Value {
    let (done, total) = progress
        .plugin
        .as_ref()
        .map_or((0, 0), |plugin| (plugin.done, plugin.total));
    json!({ "progress": { "done": done, "total": total, "rows": progress.n_rows } })
}

/// Returns the last line of a pull that succeeded.
#[must_use]
pub fn report_line(report: &PullReport) -> Value {
    let samples = report.reject_samples.iter().map(
        |reject| json!({ "reason": reject.reason, "place": reject.place, "detail": reject.detail }),
    );
    json!({ "report": {
        "rows": report.n_rows,
        "changed": report.n_changed,
        "rejects": report.n_rejects,
        "reject_reasons": report.reject_reasons,
        "reject_samples": samples.collect::<Vec<_>>(),
        "seconds": report.elapsed.as_secs_f64(),
    } })
}

fn told(failure: &OrderFailure) -> Value {
    json!({ "failure": { "what": failure.what, "hint": failure.hint } })
}
