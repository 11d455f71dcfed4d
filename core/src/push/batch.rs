//! One batch of webhooks: parsed by a child, checked at the door, committed with its end.

use std::sync::Arc;
use std::time::Duration;

use arrow_array::RecordBatch;
use jiff::Timestamp;

use super::inbox::{Inbox, Item};
use crate::host::fleet::Plugins;
use crate::host::{
    Delivery, Failure, FailureReason, Flow, Host, RunEvent, RunOutcome, RunRequest, StopSignal,
};
use crate::ingest::SourceSpec;
use crate::record::door::{Door, KindBatch, Reject};
use crate::record::{RecordKind, StreamName};
use crate::store::Ack;
use crate::store::push::{DeadLetter, PushStore, PushUnit, SeenEvent};

/// Most webhooks of a batch: each costs a frame and an answer, all of them one child.
const ITEMS_MAX: usize = 512;
/// Bytes of their bodies.
const BYTES_MAX: usize = 16 << 20;
/// Rows after which a batch takes no more, and most rows of one webhook.
const ROWS_MAX: usize = 500_000;
/// Times a webhook may end its child before it is kept aside: the first may be an accident.
const CRASHES_MAX: u32 = 2;
/// Times a webhook may ask to be tried again: about two minutes of waiting.
const TRIES_MAX: u32 = 8;
/// Longest explanation kept with a webhook, in bytes.
const DETAIL_BYTES_MAX: usize = 1_024;
/// Name of the stream that a child in this mode is told.
const STREAM: &str = "$inbox";

/// What batches work with.
pub(super) struct Bench {
    pub(super) host: Arc<Host>,
    pub(super) store: Arc<dyn PushStore>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) plugins: Arc<dyn Plugins>,
}

/// A webhook that did not go through, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trial {
    pub(super) position: u64,
    pub(super) n_times: u32,
}

/// How a batch ended.
#[derive(Debug, Default)]
pub(super) struct BatchEnd {
    /// Webhooks consumed.
    pub(super) n_done: usize,
    /// Those of them that were kept aside.
    pub(super) n_letters: usize,
    /// Whether there may be more.
    pub(super) has_more: bool,
    /// The webhook that the next batch begins with had trouble before.
    pub(super) trial: Option<Trial>,
    /// Why the source has to wait.
    pub(super) blocked: Option<Failure>,
}

impl BatchEnd {
    fn blocked(failure: Failure, trial: Option<Trial>) -> Self {
        Self {
            has_more: true,
            trial,
            blocked: Some(failure),
            ..Self::default()
        }
    }
}

/// Parses what waits for a source, at most a batch of it.
pub(super) fn run(
    bench: &Bench,
    spec: &SourceSpec,
    trial: Option<Trial>,
    stop: &StopSignal,
) -> BatchEnd {
    let store_failed = |error: crate::store::StoreError| {
        BatchEnd::blocked(Failure::new(FailureReason::Internal, chain(&error)), trial)
    };
    let from = match bench.store.inbox_position(&spec.name) {
        Ok(from) => from,
        Err(error) => return store_failed(error),
    };
    let (items, end) = match bench.inbox.read(&spec.name, from, ITEMS_MAX, BYTES_MAX) {
        Ok(read) => read,
        Err(error) => {
            let what = format!("failed to read the inbox: {error}");
            return BatchEnd::blocked(Failure::new(FailureReason::Internal, what), trial);
        }
    };
    if end == from {
        return BatchEnd::default();
    }
    let mut reading = Reading::new(spec, &items, trial);
    let blocked = match items.is_empty() {
        true => None,
        false => reading.parse(bench, stop),
    };
    let to = match reading.n_done == items.len() {
        true => end,
        false => items.get(reading.n_done).map_or(from, |next| next.position),
    };
    let mut ended = BatchEnd {
        n_done: reading.n_done,
        n_letters: reading.letters.len(),
        has_more: true,
        trial: reading.trial,
        blocked,
    };
    if to > from {
        match bench.store.commit_pushed(reading.unit(from, to)) {
            Ok(Ack::Applied { n_erased: 1.., .. }) => forget(bench, spec, to),
            Ok(Ack::Applied { .. } | Ack::AlreadyApplied) => bench.inbox.consumed(&spec.name, to),
            Ok(Ack::Fenced) => {
                let what = "the inbox moved while it was read; it is read again";
                ended = BatchEnd::blocked(Failure::new(FailureReason::Internal, what), trial);
            }
            Err(error) => ended = store_failed(error),
        }
    }
    ended
}

/// Takes what was consumed out of the inbox at once: it names a person who was erased.
fn forget(bench: &Bench, spec: &SourceSpec, to: u64) {
    let positions = [(spec.name.clone(), to)].into();
    if let Err(error) = bench.inbox.scrub(positions, Arc::new(|_, _| false)) {
        tracing::error!(source = %spec.name,
            "webhooks of an erased person are still in the inbox: {error}");
    }
}

/// What the webhooks of a batch gave so far.
struct Reading<'a> {
    spec: &'a SourceSpec,
    items: &'a [Item],
    door: Door,
    /// Whether the child opened the plugin: before, no webhook is to blame.
    is_ready: bool,
    /// Consumed, in order.
    n_done: usize,
    /// Rows of the webhook at hand.
    batches: Vec<KindBatch>,
    rejects: Vec<Reject>,
    n_rows: usize,
    /// Rows of those before it.
    kept_batches: Vec<KindBatch>,
    kept_rejects: Vec<Reject>,
    n_kept_rows: usize,
    letters: Vec<DeadLetter>,
    trial: Option<Trial>,
    /// What the webhook at hand wants to wait for.
    waits_for: Option<Failure>,
    /// The rows of the webhook at hand are not those of their kind.
    broken: Option<Failure>,
}

impl<'a> Reading<'a> {
    fn new(spec: &'a SourceSpec, items: &'a [Item], trial: Option<Trial>) -> Self {
        Self {
            spec,
            items,
            door: Door::new(spec.name.clone()),
            is_ready: false,
            n_done: 0,
            batches: Vec::new(),
            rejects: Vec::new(),
            kept_batches: Vec::new(),
            kept_rejects: Vec::new(),
            n_kept_rows: 0,
            n_rows: 0,
            letters: Vec::new(),
            trial,
            waits_for: None,
            broken: None,
        }
    }

    /// Lets a child parse the items; returns why the source has to wait.
    fn parse(&mut self, bench: &Bench, stop: &StopSignal) -> Option<Failure> {
        let plugin = match bench.plugins.find(&self.spec.plugin) {
            Ok(plugin) => plugin,
            Err(error) => {
                return Some(Failure::new(FailureReason::NotFound, error.message()));
            }
        };
        let config = match self.spec.config_for(&plugin) {
            Ok(config) => config,
            Err(failure) => return Some(failure),
        };
        let deliveries: Vec<Delivery<'_>> = self.items.iter().map(delivery).collect();
        let request = RunRequest {
            source: &self.spec.name,
            run_id: 0,
            plugin: &plugin,
            config_json: &config.json,
            base_dir: &self.spec.base_dir,
            private_dir: &self.spec.private_dir,
            secrets: &config.secrets,
            stream: &StreamName::new(STREAM).expect("a plain name"),
            checkpoint: None,
            limits: self.spec.limits,
            outbound: &config.outbound,
        };
        let outcome = bench
            .host
            .parse(request, &deliveries, stop, &mut |event| self.take(event));
        self.judge(outcome)
    }

    fn take(&mut self, event: RunEvent) -> Flow {
        match event {
            RunEvent::Ready => self.is_ready = true,
            RunEvent::Batch(kind, rows) => {
                if let Err(failure) = self.batch(kind, &rows) {
                    self.broken = Some(failure);
                    return Flow::Stop;
                }
            }
            RunEvent::Reject(reject) => self.rejects.push(reject),
            RunEvent::Checkpoint { .. } => {
                let what = "the plugin emitted a checkpoint while parsing a webhook";
                self.broken = Some(Failure::new(FailureReason::Protocol, what));
                return Flow::Stop;
            }
            RunEvent::Parsed(None) => {
                self.n_kept_rows += self.n_rows;
                self.kept_batches.append(&mut self.batches);
                self.kept_rejects.append(&mut self.rejects);
                self.next();
            }
            RunEvent::Parsed(Some(failure)) => return self.refused(failure),
            RunEvent::Progress(_) => {}
        }
        match self.n_kept_rows < ROWS_MAX {
            true => Flow::Continue,
            false => Flow::Stop,
        }
    }

    fn batch(&mut self, kind: RecordKind, rows: &RecordBatch) -> Result<(), Failure> {
        let broken = |what| Failure::new(FailureReason::Protocol, what);
        let checked = self.door.check(kind, rows, Timestamp::now());
        let checked = checked.map_err(|error| broken(error.to_string()))?;
        self.n_rows += checked.batch.rows.num_rows();
        self.rejects.extend(checked.rejects);
        self.batches.push(checked.batch);
        match self.n_rows <= ROWS_MAX {
            true => Ok(()),
            false => Err(broken(format!(
                "one webhook gave more than {ROWS_MAX} rows"
            ))),
        }
    }

    fn refused(&mut self, failure: Failure) -> Flow {
        match failure.reason {
            FailureReason::Transient | FailureReason::RateLimited
                if self.count_trial() < TRIES_MAX =>
            {
                self.waits_for = Some(failure);
                Flow::Stop
            }
            // Every other webhook would meet the same.
            FailureReason::Auth | FailureReason::Config => {
                self.waits_for = Some(failure);
                Flow::Stop
            }
            _ => {
                self.keep_aside(&failure);
                Flow::Continue
            }
        }
    }

    /// Finds out what a run that failed means for the webhook at hand.
    fn judge(&mut self, outcome: RunOutcome) -> Option<Failure> {
        if let Some(failure) = self.waits_for.take() {
            return Some(failure);
        }
        let failure = match (self.broken.take(), outcome.failure) {
            (Some(failure), _) | (None, Some(failure)) => failure,
            (None, None) => return None,
        };
        if self.n_done == self.items.len() {
            tracing::warn!(source = %self.spec.name, "after the last webhook: {failure}");
            return None;
        }
        let is_own_wish = failure.reason == FailureReason::Cancelled;
        let was_slow = failure.reason == FailureReason::Timeout && self.n_done > 0;
        if is_own_wish || was_slow {
            return None;
        }
        if !self.is_ready || is_of_the_source(failure.reason) {
            return Some(failure);
        }
        if self.count_trial() >= CRASHES_MAX {
            self.keep_aside(&failure);
        }
        None
    }

    /// Counts a failed try of the webhook at hand.
    fn count_trial(&mut self) -> u32 {
        let position = self.items[self.n_done].position;
        let before = self.trial.filter(|trial| trial.position == position);
        let n_times = before.map_or(0, |trial| trial.n_times) + 1;
        self.trial = Some(Trial { position, n_times });
        n_times
    }

    fn keep_aside(&mut self, failure: &Failure) {
        let item = &self.items[self.n_done];
        tracing::warn!(
            source = %self.spec.name,
            plugin = self.spec.plugin,
            position = item.position,
            stage = failure.stage.name(),
            reason = failure.reason.name(),
            "a webhook was kept aside: {}",
            failure.message
        );
        let detail = &failure.message;
        self.letters.push(DeadLetter {
            position: item.position,
            event_id: item.event_id.clone(),
            received_at: received_at(item),
            headers: item.headers.clone(),
            body: item.body.clone(),
            reason: failure.reason.name().to_owned(),
            detail: detail[..detail.floor_char_boundary(DETAIL_BYTES_MAX)].to_owned(),
        });
        self.next();
    }

    fn next(&mut self) {
        self.batches.clear();
        self.rejects.clear();
        self.n_rows = 0;
        self.trial = None;
        self.n_done += 1;
    }

    fn unit(self, from: u64, to: u64) -> PushUnit {
        let done = &self.items[..self.n_done];
        let events = done.iter().map(|item| SeenEvent {
            digest: item.digest,
            received_at: received_at(item),
        });
        PushUnit {
            source: self.spec.name.clone(),
            from,
            to,
            batches: self.kept_batches,
            rejects: self.kept_rejects,
            letters: self.letters,
            events: events.collect(),
            committed_at: Timestamp::now(),
        }
    }
}

/// Whether the webhook at hand is not to blame.
const fn is_of_the_source(reason: FailureReason) -> bool {
    matches!(
        reason,
        FailureReason::Config
            | FailureReason::Auth
            | FailureReason::Load
            | FailureReason::Spawn
            | FailureReason::Unsupported
            | FailureReason::NotFound
    )
}

fn delivery(item: &Item) -> Delivery<'_> {
    Delivery {
        event_id: &item.event_id,
        received_at_ms: item.received_at_ms,
        headers: &item.headers,
        body: &item.body,
    }
}

fn received_at(item: &Item) -> Timestamp {
    Timestamp::from_millisecond(item.received_at_ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Returns how long a source waits after so many failures in a row.
pub(super) fn wait(failure: &Failure, n_failures: u32) -> Duration {
    const WAIT_MAX: Duration = Duration::from_secs(300);
    let backoff = Duration::from_secs(1) * 2_u32.pow(n_failures.saturating_sub(1).min(16));
    failure.retry_after.unwrap_or(backoff.min(WAIT_MAX))
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
