//! Runs plugins: one child process per run, whose bytes are taken for hostile.
//!
//! The daemon never opens a plugin's library. It reads the manifest out of the file, seals a copy,
//! and lets `vocd-plugin-host` open that copy in a process of its own.

mod batch;
mod budget;
mod child;
mod ending;
mod failure;
pub mod fleet;
pub mod generation;
mod hello;
pub mod manifest;
mod marked;
mod message;
mod outbound;
mod overheard;
mod plugin_file;
mod printed;
mod reach;
mod requests;
mod run;
mod scrub;
mod stop;
pub mod transcript;
pub mod trust;
mod watch;
mod webhook;

use std::fmt;
use std::path::Path;
use std::time::Duration;

use arrow_array::RecordBatch;
use serde_json::Value;
use vocd_plugin::frame::BUILD_ID;

pub use child::HostError;
pub use failure::{Failure, FailureReason, Stage};
pub use marked::{Marked, SECRET_MARK, marked as marked_texts};
pub use message::{Metric, Progress};
pub use outbound::{CASSETTE_BYTES_MAX, Cassette, Outbound};
pub use overheard::{Overheard, REFUSED_REQUESTS};
pub use plugin_file::{FindError, PluginFile};
pub use requests::MetricSink;
pub use stop::{StopLevel, StopSignal};
pub use webhook::Delivery;

use crate::record::door::Reject;
use crate::record::{RecordKind, SourceName, StreamName};

/// File name of the child program, which lies beside the daemon's own.
pub const CHILD_PROGRAM: &str = "vocd-plugin-host";

/// Starts children and turns what they say into events; its runs share the vendors' budgets.
pub struct Host {
    program: child::ChildProgram,
    shared: requests::Shared,
}

impl fmt::Debug for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Host")
            .field("program", &self.program)
            .finish_non_exhaustive()
    }
}

/// What a run may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunLimits {
    /// Longest run.
    pub wall: Duration,
    /// Longest silence; the plugin's manifest may ask for more.
    pub idle: Duration,
    /// Memory of the child, in bytes.
    pub memory_bytes: u64,
    /// Requests to a vendor in a minute.
    pub requests_per_minute: u32,
}

impl Default for RunLimits {
    fn default() -> Self {
        Self {
            wall: Duration::from_secs(120),
            idle: Duration::from_secs(60),
            memory_bytes: 512 * 1024 * 1024,
            requests_per_minute: 100,
        }
    }
}

/// One read of one stream.
#[derive(Debug, Clone, Copy)]
pub struct RunRequest<'a> {
    /// Source the rows will belong to.
    pub source: &'a SourceName,
    /// Number of the run.
    pub run_id: u64,
    /// Plugin to run.
    pub plugin: &'a PluginFile,
    /// The source's configuration with its secrets resolved; a JSON object.
    pub config_json: &'a Value,
    /// Folder that relative paths of the configuration count from.
    pub base_dir: &'a Path,
    /// Folder that no plugin may read, whatever the configuration names: the daemon's data.
    pub private_dir: &'a Path,
    /// Every secret inside the configuration, to be masked in all that the plugin says.
    pub secrets: &'a [String],
    /// Stream to read.
    pub stream: &'a StreamName,
    /// Where to start; `None` reads everything.
    pub checkpoint: Option<StartAt<'a>>,
    /// What it may use.
    pub limits: RunLimits,
    /// How its requests go out.
    pub outbound: &'a Outbound,
}

/// The checkpoint a read starts at.
#[derive(Debug, Clone, Copy)]
pub struct StartAt<'a> {
    /// The plugin's cursor, a JSON object.
    pub json: &'a str,
    /// Version of the cursor's format.
    pub format: u32,
}

/// Something a run gave.
#[derive(Debug)]
pub enum RunEvent {
    /// Rows of one kind, at least one, with the kind's schema.
    Batch(RecordKind, RecordBatch),
    /// Everything since the checkpoint before is covered by this one.
    Checkpoint {
        /// The plugin's cursor.
        json: String,
        /// Version of the cursor's format.
        format: u32,
    },
    /// A record the plugin refused.
    Reject(Reject),
    /// How far it is.
    Progress(Progress),
    /// The plugin is open and gets its first webhook.
    Ready,
    /// The webhook at hand is parsed and its rows are those since the one before; or the plugin
    /// refused it, and those rows are void.
    Parsed(Option<Failure>),
}

/// Whether a run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// It does.
    Continue,
    /// It is stopped at once.
    Stop,
    /// Its child is killed without a word, as a power cut would.
    Kill,
}

/// What a child does once its plugin is open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Task<'a> {
    /// Nothing: the configuration was good.
    Open,
    /// Reads the request's stream.
    Read,
    /// Calls one method, such as `check`.
    Call {
        /// Name of the method.
        method: &'a str,
        /// Its parameters.
        params: &'a Value,
    },
    /// Opens and closes it a thousand times more, as a host of an earlier and of a later version
    /// too; what it holds before and after is the reply.
    Endure,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOutcome {
    /// Rows received.
    pub n_rows: u64,
    /// Bytes received.
    pub n_bytes: u64,
    /// Records the plugin refused.
    pub n_rejects: u64,
    /// How long it took.
    pub elapsed: Duration,
    /// Layers of the child's confinement that the kernel lacks.
    pub unconfined: Vec<String>,
    /// `None` for a success.
    pub failure: Option<Failure>,
}

impl Host {
    /// Opens the child program and makes sure that it is of this build.
    ///
    /// # Errors
    /// When it cannot be opened or run, or is of another build.
    pub fn new(child_program: &Path) -> Result<Self, HostError> {
        let program = child::ChildProgram::open(child_program, BUILD_ID)?;
        Ok(Self {
            program,
            shared: requests::Shared::default(),
        })
    }

    /// Hands what runs measure to `on_metric`.
    #[must_use]
    pub fn with_metrics(mut self, on_metric: MetricSink) -> Self {
        self.shared.on_metric = Some(on_metric);
        self
    }

    /// Opens the child program that lies beside this one.
    ///
    /// # Errors
    /// As [`Host::new`].
    pub fn beside_this_program() -> Result<Self, HostError> {
        let own = std::env::current_exe().unwrap_or_default();
        Self::new(&own.with_file_name(CHILD_PROGRAM))
    }

    /// Returns the layers of confinement that this kernel does not offer: a child tries them all
    /// on itself, without a plugin.
    ///
    /// # Errors
    /// When the child cannot be run or cannot confine itself.
    pub fn missing_layers(&self) -> Result<Vec<String>, HostError> {
        self.program.missing_layers()
    }

    /// Reads one stream, blocking, and hands over what comes on the calling thread.
    ///
    /// The child is slowed down while `on_event` takes its time. A failure is an outcome, not an
    /// error: rows that a checkpoint covers were handed over before it.
    pub fn run(
        &self,
        request: RunRequest<'_>,
        stop: &StopSignal,
        on_event: &mut dyn FnMut(RunEvent) -> Flow,
    ) -> RunOutcome {
        let work = webhook::Work::Do(Task::Read);
        run::run(
            &self.program,
            &self.shared,
            request,
            work,
            stop,
            None,
            on_event,
        )
    }

    /// Parses webhooks in their order, blocking, and hands over what comes on the calling thread.
    ///
    /// Each that is done ends with [`RunEvent::Parsed`]. When the outcome is a failure, the first
    /// that did not is the one at hand when it happened.
    pub fn parse(
        &self,
        request: RunRequest<'_>,
        deliveries: &[Delivery<'_>],
        stop: &StopSignal,
        on_event: &mut dyn FnMut(RunEvent) -> Flow,
    ) -> RunOutcome {
        let work = webhook::Work::Parse(deliveries);
        run::run(
            &self.program,
            &self.shared,
            request,
            work,
            stop,
            None,
            on_event,
        )
    }

    /// Does what [`Host::run`] does for any task, and keeps what else the plugin said.
    ///
    /// Secrets are masked there as they are in the log: only those that the request names.
    pub fn observe(
        &self,
        request: RunRequest<'_>,
        task: Task<'_>,
        stop: &StopSignal,
        on_event: &mut dyn FnMut(RunEvent) -> Flow,
    ) -> (RunOutcome, Overheard) {
        self.overhear(request, webhook::Work::Do(task), stop, on_event)
    }

    /// Does what [`Host::parse`] does, and keeps what else the plugin said, as [`Host::observe`].
    pub fn observe_parsing(
        &self,
        request: RunRequest<'_>,
        deliveries: &[Delivery<'_>],
        stop: &StopSignal,
        on_event: &mut dyn FnMut(RunEvent) -> Flow,
    ) -> (RunOutcome, Overheard) {
        self.overhear(request, webhook::Work::Parse(deliveries), stop, on_event)
    }

    fn overhear(
        &self,
        request: RunRequest<'_>,
        work: webhook::Work<'_>,
        stop: &StopSignal,
        on_event: &mut dyn FnMut(RunEvent) -> Flow,
    ) -> (RunOutcome, Overheard) {
        let mut overheard = Overheard::default();
        let outcome = run::run(
            &self.program,
            &self.shared,
            request,
            work,
            stop,
            Some(&mut overheard),
            on_event,
        );
        (outcome, overheard)
    }
}
