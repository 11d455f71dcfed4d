//! Where tests open and read: each call is a child of its own, under a deadline of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;

use super::Sample;
use super::row::{Row, rows};
use crate::host::{
    Cassette, Flow, Host, Outbound, Overheard, PluginFile, RunEvent, RunLimits, RunOutcome,
    RunRequest, StartAt, StopSignal, Task,
};
use crate::record::door::{Door, Reject};
use crate::record::{RecordKind, SourceName, StreamName};

/// Longest time one `open` may take: it does no I/O.
const OPEN_DEADLINE: Duration = Duration::from_secs(10);
/// Longest time one read of a sample may take.
const READ_DEADLINE: Duration = Duration::from_secs(60);
/// Most rows of one read that are compared; a sample is a few thousand.
pub(super) const ROWS_MAX: usize = 100_000;
/// Refused records that are kept of one read.
const REJECTS_MAX: usize = 100;
/// From the start of a read to the wish to stop, when it gives nothing earlier.
const DRAIN_AFTER: Duration = Duration::from_millis(500);
/// No plugin may read it, and there is nothing in it.
const NOWHERE: &str = "/nowhere";

/// Opens and reads one plugin.
pub struct Bench<'a> {
    host: &'a Host,
    /// The plugin.
    pub plugin: &'a PluginFile,
    sample: Option<&'a Sample>,
    source: SourceName,
}

/// How a read is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// By the plugin.
    End,
    /// Killed after this many events.
    Killed(usize),
    /// Asked to drain at its first event.
    Drained,
}

/// One read.
#[derive(Debug, Clone, Copy)]
pub struct ReadPlan<'a> {
    /// Stream to read.
    pub stream: &'a StreamName,
    /// The source's configuration.
    pub config: &'a Value,
    /// Texts masked in what it says.
    pub secrets: &'a [String],
    /// Where it starts; `None` reads everything.
    pub from: Option<StartAt<'a>>,
    /// What answers its requests; `None` is the vendor itself.
    pub cassette: Option<&'a Arc<str>>,
    pub(super) until: Until,
    pub(super) memory_bytes: u64,
}

impl<'a> ReadPlan<'a> {
    /// Returns the plan with another start.
    #[must_use]
    pub fn starting(self, from: Option<StartAt<'a>>) -> Self {
        Self { from, ..self }
    }
}

/// A checkpoint and the rows before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) json: String,
    pub(super) format: u32,
    pub(super) n_rows: usize,
}

impl Mark {
    pub(super) fn start(&self) -> StartAt<'_> {
        StartAt {
            json: &self.json,
            format: self.format,
        }
    }
}

/// What one read gave.
#[derive(Debug)]
pub struct Reading {
    /// Stream that was read.
    pub stream: StreamName,
    /// Its rows, in order; at most 100,000.
    pub rows: Vec<Row>,
    /// Records that the plugin refused, as it should; the first 100.
    pub rejects: Vec<Reject>,
    /// Rows that it emitted and the daemon's own checks refuse; the first 100.
    pub bad_rows: Vec<Reject>,
    /// How it ended.
    pub outcome: RunOutcome,
    /// Whether there were more rows than are compared.
    pub is_cut: bool,
    pub(super) marks: Vec<Mark>,
    pub(super) n_events: usize,
    pub(super) columns: BTreeMap<&'static str, BTreeSet<String>>,
    pub(super) overheard: Overheard,
    /// From the wish to drain to the end.
    pub(super) drained_in: Option<Duration>,
}

impl Reading {
    /// Returns where the next read goes on; `None` without a checkpoint.
    #[must_use]
    pub fn end(&self) -> Option<StartAt<'_>> {
        self.marks.last().map(Mark::start)
    }
}

impl<'a> Bench<'a> {
    /// Prepares runs of a plugin.
    ///
    /// # Panics
    /// Never: the name of its source is a constant.
    #[must_use]
    pub fn new(host: &'a Host, plugin: &'a PluginFile, sample: Option<&'a Sample>) -> Self {
        Self {
            host,
            plugin,
            sample,
            source: SourceName::new("conformance").expect("a good name"),
        }
    }

    pub(super) fn sample(&self) -> Option<&'a Sample> {
        self.sample
    }

    /// Returns the plan of a full read with the sample's configuration.
    #[must_use]
    pub fn plan<'p>(&self, sample: &'p Sample, stream: &'p StreamName) -> ReadPlan<'p> {
        let asked = self.plugin.manifest().memory_mib.unwrap_or_default();
        ReadPlan {
            stream,
            config: &sample.config,
            secrets: &sample.secrets,
            from: None,
            cassette: sample.cassette.as_ref(),
            until: Until::End,
            memory_bytes: sample.limits.memory_bytes.max(asked * 1024 * 1024),
        }
    }

    /// Opens the plugin with a configuration, does the task, and closes it.
    pub(super) fn open(&self, config: &Value, task: Task<'_>) -> (RunOutcome, Overheard) {
        let limits = RunLimits {
            wall: OPEN_DEADLINE,
            idle: OPEN_DEADLINE,
            ..self.limits()
        };
        // A plugin that is only pushed to has none.
        let stream = self.plugin.manifest().streams.first().cloned();
        let stream = stream.unwrap_or_else(|| StreamName::new("none").expect("a plain name"));
        let secrets = self.sample.map_or(&[][..], |sample| &sample.secrets);
        let outbound = Outbound::default();
        let request = RunRequest {
            limits,
            ..self.request(config, secrets, &stream, &outbound)
        };
        let stop = StopSignal::new();
        self.host
            .observe(request, task, &stop, &mut |_| Flow::Continue)
    }

    /// Reads a stream.
    #[must_use]
    pub fn read(&self, plan: &ReadPlan<'_>) -> Reading {
        let replayed = |lines| Cassette::Replay(Arc::clone(lines));
        self.read_through(plan, plan.cassette.map(replayed))
    }

    /// Reads a stream, its requests going through a cassette.
    #[must_use]
    pub fn read_through(&self, plan: &ReadPlan<'_>, cassette: Option<Cassette>) -> Reading {
        let outbound = Outbound {
            cassette,
            ..Outbound::default()
        };
        let request = self.request(plan.config, plan.secrets, plan.stream, &outbound);
        let request = RunRequest {
            checkpoint: plan.from,
            limits: RunLimits {
                memory_bytes: plan.memory_bytes,
                ..request.limits
            },
            ..request
        };
        let mut taker = Taker::new(&self.source, plan.until);
        let stop = StopSignal::new();
        let drain = (plan.until == Until::Drained).then(|| Drain::start(&stop));
        let (outcome, overheard) = self.host.observe(request, Task::Read, &stop, &mut |event| {
            if let Some(drain) = &drain {
                drain.now();
            }
            taker.take(event)
        });
        Reading {
            stream: plan.stream.clone(),
            rows: taker.rows,
            rejects: taker.rejects,
            bad_rows: taker.bad_rows,
            outcome,
            is_cut: taker.is_cut,
            marks: taker.marks,
            n_events: taker.n_events,
            columns: taker.columns,
            overheard,
            drained_in: drain.map(Drain::finish),
        }
    }

    /// Returns what every child of this plugin is asked, under the deadline of a read.
    pub(super) fn request<'p>(
        &'p self,
        config_json: &'p Value,
        secrets: &'p [String],
        stream: &'p StreamName,
        outbound: &'p Outbound,
    ) -> RunRequest<'p> {
        let limits = self.limits();
        let asked = self.plugin.manifest().memory_mib.unwrap_or_default();
        RunRequest {
            source: &self.source,
            run_id: 1,
            plugin: self.plugin,
            config_json,
            base_dir: self.base_dir(),
            private_dir: Path::new(NOWHERE),
            secrets,
            stream,
            checkpoint: None,
            limits: RunLimits {
                wall: limits.wall.min(READ_DEADLINE),
                idle: limits.idle.min(READ_DEADLINE),
                memory_bytes: limits.memory_bytes.max(asked * 1024 * 1024),
                ..limits
            },
            outbound,
        }
    }

    pub(super) fn host(&self) -> &Host {
        self.host
    }

    /// Returns the daemon's own checks of rows.
    pub(super) fn door(&self) -> Door {
        Door::new(self.source.clone())
    }

    fn limits(&self) -> RunLimits {
        self.sample
            .map_or_else(RunLimits::default, |sample| sample.limits)
    }

    fn base_dir(&self) -> &Path {
        self.sample
            .map_or(Path::new(NOWHERE), |sample| &sample.base_dir)
    }
}

/// Takes the events of one read.
struct Taker {
    door: Door,
    until: Until,
    rows: Vec<Row>,
    rejects: Vec<Reject>,
    bad_rows: Vec<Reject>,
    marks: Vec<Mark>,
    n_events: usize,
    is_cut: bool,
    columns: BTreeMap<&'static str, BTreeSet<String>>,
}

impl Taker {
    fn new(source: &SourceName, until: Until) -> Self {
        Self {
            door: Door::new(source.clone()),
            until,
            rows: Vec::new(),
            rejects: Vec::new(),
            bad_rows: Vec::new(),
            marks: Vec::new(),
            n_events: 0,
            is_cut: false,
            columns: BTreeMap::new(),
        }
    }

    fn take(&mut self, event: RunEvent) -> Flow {
        match event {
            RunEvent::Batch(kind, batch) => self.batch(kind, &batch),
            RunEvent::Checkpoint { json, format } => self.marks.push(Mark {
                json,
                format,
                n_rows: self.rows.len(),
            }),
            RunEvent::Reject(reject) => keep(&mut self.rejects, reject),
            RunEvent::Progress(_) | RunEvent::Ready | RunEvent::Parsed(_) => {}
        }
        self.n_events += 1;
        if self.rows.len() > ROWS_MAX {
            self.is_cut = true;
            return Flow::Stop;
        }
        match self.until {
            Until::Killed(n_events) if self.n_events >= n_events => Flow::Kill,
            _ => Flow::Continue,
        }
    }

    fn batch(&mut self, kind: RecordKind, batch: &arrow_array::RecordBatch) {
        let schema = batch.schema();
        let names = schema.fields().iter().map(|field| field.name().clone());
        self.columns.entry(kind.name()).or_default().extend(names);
        self.rows.extend(rows(kind, batch));
        // The host let the batch in, so its columns are the kind's.
        if let Ok(checked) = self.door.check(kind, batch, Timestamp::now()) {
            for reject in checked.rejects {
                keep(&mut self.bad_rows, reject);
            }
        }
    }
}

fn keep(rejects: &mut Vec<Reject>, reject: Reject) {
    if rejects.len() < REJECTS_MAX {
        rejects.push(reject);
    }
}

/// Asks a read to drain at its first event, or soon.
struct Drain {
    now: mpsc::Sender<()>,
    thread: thread::JoinHandle<Instant>,
}

impl Drain {
    fn start(stop: &StopSignal) -> Self {
        let (now, asked) = mpsc::channel();
        let stop = stop.clone();
        let thread = thread::spawn(move || {
            // Any answer means the same: an event, the end, or nothing for long enough.
            let _ = asked.recv_timeout(DRAIN_AFTER);
            stop.drain();
            Instant::now()
        });
        Self { now, thread }
    }

    fn now(&self) {
        // After the first event nobody waits any more.
        let _ = self.now.send(());
    }

    fn finish(self) -> Duration {
        drop(self.now);
        let asked = self.thread.join().unwrap_or_else(|_| Instant::now());
        asked.elapsed()
    }
}
