//! Pulls every source at its own rhythm, for as long as the daemon lives.

mod entry;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use self::entry::{Claim, Entry};
use super::live::{Activity, SourceLive};
use super::{Pauses, PullError, PullOptions, PullProgress, PullReport, SourceSpec, pull_source};
use crate::host::fleet::Plugins;
use crate::host::{Failure, FailureReason, Host, StopSignal};
use crate::record::{Rhythm, SourceName};
use crate::store::Store;

/// Sources pulled at once: each costs a child, a decoding thread and the writer's time.
const PULLS_AT_ONCE: usize = 2;
/// How often a running pull's progress is noted.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// Told when a pull ended: the source, and [`PULLED`] or the reason of its failure.
pub type OnPulled = Arc<dyn Fn(&SourceName, &'static str) + Send + Sync>;

/// What a pull that succeeded is called beside the reasons of failures.
pub const PULLED: &str = "ok";

/// What a schedule works with.
pub struct ScheduleOptions {
    /// Runs plugins.
    pub host: Arc<Host>,
    /// Keeps the rows.
    pub store: Arc<dyn Store>,
    /// Gives each run its plugin.
    pub plugins: Arc<dyn Plugins>,
    /// The configured sources.
    pub sources: Vec<SourceSpec>,
    /// Which of them are held back.
    pub pauses: Pauses,
    /// Called after each pull, on the thread that pulled.
    pub on_pulled: OnPulled,
}

/// A running schedule; dropping it stops it.
pub struct Schedule {
    pub(super) shared: Arc<Shared>,
    workers: Mutex<Vec<JoinHandle<()>>>,
}

/// Why a source cannot be pulled right now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TriggerError {
    /// There is no such source.
    #[error("no source `{name}` is configured")]
    Unknown {
        /// Name asked for.
        name: String,
    },
    /// It is being pulled already.
    #[error("`{name}` is being pulled already")]
    Running {
        /// The source.
        name: SourceName,
    },
    /// The daemon is about to end.
    #[error("vocd is stopping")]
    Stopping,
}

type OnProgress<'a> = &'a mut dyn FnMut(&PullProgress);
type Pull = dyn Fn(&SourceSpec, PullOptions, &StopSignal, OnProgress<'_>) -> Result<PullReport, PullError>
    + Send
    + Sync;

pub(super) struct Shared {
    pull: Box<Pull>,
    on_pulled: OnPulled,
    pub(super) pauses: Pauses,
    plan: Mutex<Plan>,
    pub(super) changed: Condvar,
}

#[derive(Default)]
pub(super) struct Plan {
    entries: Vec<Entry>,
    is_stopping: bool,
}

impl Schedule {
    /// Starts the threads; the first pulls begin at once.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn start(options: ScheduleOptions) -> std::io::Result<Self> {
        let ScheduleOptions {
            host,
            store,
            plugins,
            sources,
            pauses,
            on_pulled,
        } = options;
        let known_by = Arc::clone(&store);
        let pull = move |spec: &SourceSpec,
                         options: PullOptions,
                         stop: &StopSignal,
                         on_progress: OnProgress<'_>| {
            pull_source(&host, &*store, &*plugins, spec, options, stop, on_progress)
        };
        let last = last_successes(&*known_by, &sources);
        Self::start_with(Box::new(pull), sources, &last, pauses, on_pulled)
    }

    fn start_with(
        pull: Box<Pull>,
        sources: Vec<SourceSpec>,
        last_successes: &BTreeMap<SourceName, Timestamp>,
        pauses: Pauses,
        on_pulled: OnPulled,
    ) -> std::io::Result<Self> {
        let entries = sources
            .into_iter()
            .enumerate()
            .map(|(position, spec)| {
                let last_success = last_successes.get(&spec.name).copied();
                Entry::new(position, spec, last_success)
            })
            .collect();
        let plan = Plan {
            entries,
            is_stopping: false,
        };
        let schedule = Self {
            shared: Arc::new(Shared {
                pull,
                on_pulled,
                pauses,
                plan: Mutex::new(plan),
                changed: Condvar::new(),
            }),
            workers: Mutex::new(Vec::new()),
        };
        for worker in 0..PULLS_AT_ONCE {
            let shared = Arc::clone(&schedule.shared);
            let thread = thread::Builder::new()
                .name(format!("pull-{worker}"))
                .spawn(move || {
                    while let Some(claim) = shared.claim_due() {
                        // The outcome is in the live state and in the log.
                        let _ = shared.run(&claim, PullOptions::default(), &mut |_| {});
                    }
                })?;
            schedule.workers().push(thread);
        }
        Ok(schedule)
    }

    /// Returns the live state of every source, in configuration order.
    #[must_use]
    pub fn states(&self) -> Vec<SourceLive> {
        let plan = self.shared.lock();
        plan.entries
            .iter()
            .map(|entry| entry.live.clone())
            .collect()
    }

    /// Pulls a source now, on the calling thread.
    ///
    /// # Errors
    /// When it is unknown or being pulled already; the inner result is the pull's own.
    pub fn pull_now(
        &self,
        name: &str,
        options: PullOptions,
        on_progress: &mut dyn FnMut(&PullProgress),
    ) -> Result<Result<PullReport, PullError>, TriggerError> {
        let claim = self.shared.claim(name)?;
        Ok(self.shared.run(&claim, options, on_progress))
    }

    /// Lets sources run anew at once, such as those whose plugin has another build: what runs
    /// gives way at its next checkpoint, where the next run goes on.
    pub fn renew(&self, is_meant: impl Fn(&SourceSpec) -> bool) {
        let plan = self.shared.lock();
        for entry in plan.entries.iter().filter(|entry| is_meant(&entry.spec)) {
            if let Some(stop) = &entry.running {
                stop.renew();
            }
        }
        drop(plan);
        self.make_due(is_meant);
    }

    /// Makes sources due at once, such as those whose files changed.
    pub fn make_due(&self, is_due: impl Fn(&SourceSpec) -> bool) {
        let mut plan = self.shared.lock();
        for entry in &mut plan.entries {
            if is_due(&entry.spec) {
                entry.next_at = Instant::now();
                entry.is_due_again = entry.running.is_some();
            }
        }
        drop(plan);
        self.shared.changed.notify_all();
    }

    /// Takes over changed configuration: new and changed sources are pulled at once, removed ones
    /// are stopped at their next checkpoint. Their rows stay.
    pub fn set_sources(&self, sources: Vec<SourceSpec>) {
        let mut plan = self.shared.lock();
        let mut before = std::mem::take(&mut plan.entries);
        for (position, spec) in sources.into_iter().enumerate() {
            let known = before.iter().position(|entry| entry.spec.name == spec.name);
            let entry = match known {
                Some(idx) => before.swap_remove(idx).changed_to(spec),
                None => Entry::new(position, spec, None),
            };
            plan.entries.push(entry);
        }
        for stop in before.iter().filter_map(|entry| entry.running.as_ref()) {
            stop.drain();
        }
        drop(plan);
        self.shared.changed.notify_all();
    }

    /// Stops: running pulls end at their next checkpoint within seconds, and nothing that a
    /// checkpoint covers is lost. Blocks until they have ended.
    pub fn stop(&self) {
        self.shared.stop();
        let workers = std::mem::take(&mut *self.workers());
        for worker in workers {
            if worker.join().is_err() {
                tracing::error!("a pulling thread ended by a panic");
            }
        }
    }

    fn workers(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Schedule {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Returns when each source last succeeded, where any of them depends on that.
fn last_successes(store: &dyn Store, sources: &[SourceSpec]) -> BTreeMap<SourceName, Timestamp> {
    let depends = |spec: &SourceSpec| !spec.catches_up || matches!(spec.rhythm, Rhythm::Cron(_));
    if !sources.iter().any(depends) {
        return BTreeMap::new();
    }
    let states = store.source_states().unwrap_or_else(|error| {
        tracing::warn!(%error, "failed to read when sources were pulled last; all are due");
        Vec::new()
    });
    states
        .into_iter()
        .filter_map(|state| Some((state.source, state.last_success?)))
        .collect()
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self) {
        let mut plan = self.lock();
        plan.is_stopping = true;
        for stop in plan
            .entries
            .iter()
            .filter_map(|entry| entry.running.as_ref())
        {
            stop.drain();
        }
        drop(plan);
        self.changed.notify_all();
    }

    /// Waits for the next due source; `None` when the schedule stops.
    fn claim_due(&self) -> Option<Claim> {
        let mut plan = self.lock();
        loop {
            if plan.is_stopping {
                return None;
            }
            let waiting = plan
                .entries
                .iter_mut()
                .filter(|entry| entry.running.is_none())
                .filter(|entry| self.pauses.of(&entry.spec.name).is_none());
            let wait = match waiting.min_by_key(|entry| entry.next_at) {
                Some(entry) if entry.next_at <= Instant::now() => return Some(entry.claim()),
                Some(entry) => Some(entry.next_at.saturating_duration_since(Instant::now())),
                None => None,
            };
            plan = match wait {
                Some(wait) => {
                    let waited = self.changed.wait_timeout(plan, wait);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self
                    .changed
                    .wait(plan)
                    .unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn claim(&self, name: &str) -> Result<Claim, TriggerError> {
        let mut plan = self.lock();
        let entry = plan.find_named(name)?;
        match entry.running {
            Some(_) => Err(TriggerError::Running {
                name: entry.spec.name.clone(),
            }),
            None => Ok(entry.claim()),
        }
    }

    fn run(
        &self,
        claim: &Claim,
        options: PullOptions,
        on_progress: OnProgress<'_>,
    ) -> Result<PullReport, PullError> {
        let started = Instant::now();
        let mut noted = None::<Instant>;
        let mut note = |progress: &PullProgress| {
            on_progress(progress);
            if noted.is_none_or(|at| at.elapsed() >= PROGRESS_EVERY) {
                noted = Some(Instant::now());
                self.note(&claim.spec.name, progress);
            }
        };
        // A bug that one source meets must not end the pulls of the others.
        let result = catch_unwind(AssertUnwindSafe(|| {
            (self.pull)(&claim.spec, options, &claim.stop, &mut note)
        }))
        .unwrap_or_else(|_| {
            Err(PullError::Plugin {
                name: claim.spec.name.clone(),
                failure: Box::new(Failure::new(
                    FailureReason::Internal,
                    "vocd panicked during the pull",
                )),
                report: Box::default(),
            })
        });
        log(&claim.spec, &result);
        let mut plan = self.lock();
        if let Some(entry) = plan.find(&claim.spec.name) {
            entry.settle(&result, started.elapsed());
        }
        drop(plan);
        self.changed.notify_all();
        let outcome = result.as_ref().map_or_else(PullError::reason, |_| PULLED);
        (self.on_pulled)(&claim.spec.name, outcome);
        result
    }

    fn note(&self, name: &SourceName, noted: &PullProgress) {
        if let Some(entry) = self.lock().find(name)
            && let Activity::Running { progress, .. } = &mut entry.live.activity
        {
            *progress = Some(noted.clone());
        }
    }
}

impl Plan {
    /// Returns the source of that name, unless the daemon is about to end.
    pub(super) fn find_named(&mut self, name: &str) -> Result<&mut Entry, TriggerError> {
        if self.is_stopping {
            return Err(TriggerError::Stopping);
        }
        let mut entries = self.entries.iter_mut();
        entries
            .find(|entry| entry.spec.name.as_str() == name)
            .ok_or_else(|| TriggerError::Unknown {
                name: name.to_owned(),
            })
    }

    fn find(&mut self, name: &SourceName) -> Option<&mut Entry> {
        self.entries
            .iter_mut()
            .find(|entry| entry.spec.name == *name)
    }
}

fn log(spec: &SourceSpec, result: &Result<PullReport, PullError>) {
    let name = &spec.name;
    match result {
        Ok(report) => tracing::info!(
            source = %name,
            run_id = report.run_id,
            n_rows = report.n_rows,
            n_changed = report.n_changed,
            n_rejects = report.n_rejects,
            elapsed_ms = u64::try_from(report.elapsed.as_millis()).unwrap_or(u64::MAX),
            "pulled"
        ),
        Err(error) if error.is_cancelled() => tracing::info!(source = %name, "pull stopped"),
        Err(error) => tracing::warn!(
            source = %name,
            plugin = spec.plugin,
            stage = error.stage(),
            reason = error.reason(),
            hint = error.hint(),
            "{}",
            error.message()
        ),
    }
}

#[cfg(test)]
mod tests;
