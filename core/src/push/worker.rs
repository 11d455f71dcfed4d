//! Parses what waits, source by source, for as long as the daemon lives.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::batch::{self, BatchEnd, Bench, Trial};
use crate::host::{Failure, FailureReason, StopSignal};
use crate::ingest::SourceSpec;
use crate::record::SourceName;

/// Sources parsed at once: each costs a child, and the pulls have theirs.
const BATCHES_AT_ONCE: usize = 2;

/// Called after each batch, on the thread that ran it.
pub(super) type OnParsed = Arc<dyn Fn(&SourceName, &BatchEnd) + Send + Sync>;

/// What each source has to do.
#[derive(Default)]
pub(super) struct Plan {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    by_source: BTreeMap<SourceName, Entry>,
    is_stopping: bool,
}

struct Entry {
    spec: SourceSpec,
    has_more: bool,
    /// Present while a batch runs.
    running: Option<StopSignal>,
    not_before: Option<Instant>,
    n_failures: u32,
    trial: Option<Trial>,
    failure: Option<Failure>,
}

/// The threads.
pub(super) struct Workers {
    plan: Arc<Plan>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

struct Claim {
    spec: SourceSpec,
    trial: Option<Trial>,
    stop: StopSignal,
}

impl Plan {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that a source has webhooks.
    pub(super) fn wake(&self, source: &SourceName) {
        if let Some(entry) = self.lock().by_source.get_mut(source) {
            entry.has_more = true;
        }
        self.changed.notify_all();
    }

    /// Takes over changed sources: what waits is tried at once; batches of removed ones end after
    /// the webhook at hand.
    pub(super) fn set_sources(&self, sources: Vec<SourceSpec>) {
        let mut state = self.lock();
        let mut before = std::mem::take(&mut state.by_source);
        for spec in sources {
            let known = before.remove(&spec.name);
            let entry = Entry {
                has_more: true,
                not_before: None,
                n_failures: 0,
                running: known.as_ref().and_then(|entry| entry.running.clone()),
                trial: known.as_ref().and_then(|entry| entry.trial),
                failure: known.and_then(|entry| entry.failure),
                spec: spec.clone(),
            };
            state.by_source.insert(spec.name, entry);
        }
        for stop in before.values().filter_map(|entry| entry.running.as_ref()) {
            stop.drain();
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Lets some sources go on anew: what waits is tried at once, and a batch that runs ends after
    /// the webhook at hand.
    pub(super) fn renew(&self, is_meant: impl Fn(&SourceSpec) -> bool) {
        let mut state = self.lock();
        let entries = state.by_source.values_mut();
        for entry in entries.filter(|entry| is_meant(&entry.spec)) {
            entry.has_more = true;
            entry.not_before = None;
            entry.n_failures = 0;
            if let Some(stop) = &entry.running {
                stop.renew();
            }
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Returns why a source waits, if it does.
    pub(super) fn failure(&self, source: &SourceName) -> Option<Failure> {
        self.lock().by_source.get(source)?.failure.clone()
    }

    fn claim(&self) -> Option<Claim> {
        let mut state = self.lock();
        loop {
            if state.is_stopping {
                return None;
            }
            let now = Instant::now();
            let mut wait = None::<Duration>;
            let waiting = state.by_source.values_mut();
            for entry in waiting.filter(|entry| entry.has_more && entry.running.is_none()) {
                match entry.not_before.filter(|at| *at > now) {
                    None => return Some(entry.claim()),
                    Some(at) => {
                        let rest = at - now;
                        wait = Some(wait.map_or(rest, |wait| wait.min(rest)));
                    }
                }
            }
            state = match wait {
                Some(wait) => {
                    let waited = self.changed.wait_timeout(state, wait);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn settle(&self, source: &SourceName, ended: &BatchEnd) {
        let mut state = self.lock();
        if let Some(entry) = state.by_source.get_mut(source) {
            entry.settle(ended);
        }
        drop(state);
        self.changed.notify_all();
    }

    fn stop(&self) {
        let mut state = self.lock();
        state.is_stopping = true;
        let running = state.by_source.values();
        for stop in running.filter_map(|entry| entry.running.as_ref()) {
            stop.drain();
        }
        drop(state);
        self.changed.notify_all();
    }
}

impl Entry {
    fn claim(&mut self) -> Claim {
        let stop = StopSignal::new();
        self.running = Some(stop.clone());
        // Whatever arrives from here on is said anew.
        self.has_more = false;
        Claim {
            spec: self.spec.clone(),
            trial: self.trial,
            stop,
        }
    }

    fn settle(&mut self, ended: &BatchEnd) {
        self.running = None;
        self.has_more |= ended.has_more;
        self.trial = ended.trial;
        match &ended.blocked {
            Some(failure) => {
                let before = match ended.n_done {
                    0 => self.n_failures,
                    _ => 0,
                };
                self.n_failures = before.saturating_add(1);
                let wait = batch::wait(failure, self.n_failures);
                self.not_before = Some(Instant::now() + wait);
                tracing::warn!(
                    source = %self.spec.name,
                    plugin = self.spec.plugin,
                    stage = failure.stage.name(),
                    reason = failure.reason.name(),
                    hint = failure.reason.hint(),
                    "webhooks wait: {}",
                    failure.message
                );
            }
            None => {
                self.n_failures = 0;
                self.not_before = None;
            }
        }
        self.failure.clone_from(&ended.blocked);
    }
}

impl Workers {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub(super) fn start(
        plan: &Arc<Plan>,
        bench: Bench,
        on_parsed: &OnParsed,
    ) -> std::io::Result<Self> {
        let workers = Self {
            plan: Arc::clone(plan),
            threads: Mutex::default(),
        };
        let bench = Arc::new(bench);
        for number in 0..BATCHES_AT_ONCE {
            let (plan, bench) = (Arc::clone(plan), Arc::clone(&bench));
            let on_parsed = Arc::clone(on_parsed);
            let thread = thread::Builder::new()
                .name(format!("push-{number}"))
                .spawn(move || {
                    while let Some(claim) = plan.claim() {
                        let ended = run(&bench, &claim);
                        plan.settle(&claim.spec.name, &ended);
                        on_parsed(&claim.spec.name, &ended);
                    }
                })?;
            workers.lock().push(thread);
        }
        Ok(workers)
    }

    /// Stops after the webhooks at hand; blocks until their rows are committed.
    pub(super) fn stop(&self) {
        self.plan.stop();
        let threads = std::mem::take(&mut *self.lock());
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a parsing thread ended by a panic");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A bug that one source meets must not end the parsing of the others.
fn run(bench: &Bench, claim: &Claim) -> BatchEnd {
    let batch = || batch::run(bench, &claim.spec, claim.trial, &claim.stop);
    catch_unwind(AssertUnwindSafe(batch)).unwrap_or_else(|_| BatchEnd {
        has_more: true,
        trial: claim.trial,
        blocked: Some(Failure::new(
            FailureReason::Internal,
            "vocd panicked while it parsed webhooks",
        )),
        ..BatchEnd::default()
    })
}
