//! One pull: every stream of a source read by a child, checked at the door, committed.

use std::panic::resume_unwind;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Instant;

use jiff::Timestamp;

use super::queue::{CommitQueue, WriterGone};
use super::stage::{Covered, StageFull, Staged};
use super::writer::{WriteError, WriterRun, Written, write};
use super::{
    Keep, PullError, PullOptions, PullProgress, PullReport, ResolvedConfig, SourceSpec, StartFrom,
};
use crate::host::fleet::Plugins;
use crate::host::generation::Verdict;
use crate::host::{
    Failure, FailureReason, Flow, Host, PluginFile, Progress, RunEvent, RunLimits, RunOutcome,
    RunRequest, Stage, StartAt, StopSignal,
};
use crate::record::door::{Door, DoorError};
use crate::record::{RecordKind, SourceName, StreamName};
use crate::store::{Checkpoint, RunLog, Store, StoreError};

/// One pull of one source.
pub struct PullRequest<'a> {
    /// Runs the plugin.
    pub host: &'a Host,
    /// Keeps the rows.
    pub store: &'a dyn Store,
    /// The plugin.
    pub plugin: &'a PluginFile,
    /// The source.
    pub source: &'a SourceName,
    /// Its configuration.
    pub config: &'a ResolvedConfig,
    /// Folder that relative paths of the configuration count from.
    pub base_dir: &'a Path,
    /// Folder that no plugin may read.
    pub private_dir: &'a Path,
    /// What each run may use.
    pub limits: RunLimits,
    /// How to pull.
    pub options: PullOptions,
}

/// Pulls a configured source: finds its plugin, resolves its configuration, and pulls.
///
/// # Errors
/// When there is no such plugin, or as [`pull`].
pub fn pull_source(
    host: &Host,
    store: &dyn Store,
    plugins: &dyn Plugins,
    spec: &SourceSpec,
    options: PullOptions,
    stop: &StopSignal,
    on_progress: &mut dyn FnMut(&PullProgress),
) -> Result<PullReport, PullError> {
    let plugin = plugins
        .find(&spec.plugin)
        .map_err(|source| PullError::Find {
            name: spec.name.clone(),
            source: Box::new(source),
        })?;
    if plugin.manifest().streams.is_empty() {
        // It is only pushed to.
        return Ok(PullReport::default());
    }
    let config = spec
        .config_for(&plugin)
        .map_err(|failure| PullError::Plugin {
            name: spec.name.clone(),
            failure: Box::new(failure),
            report: Box::default(),
        })?;
    let request = PullRequest {
        host,
        store,
        plugin: &plugin,
        source: &spec.name,
        config: &config,
        base_dir: &spec.base_dir,
        private_dir: &spec.private_dir,
        limits: spec.limits,
        options,
    };
    let result = pull(&request, stop, on_progress);
    let verdict = match &result {
        Ok(_) => Some(Verdict::Good),
        // Whoever gives way to another build, or to the end of the daemon, did its work.
        Err(error) if error.is_cancelled() && has_committed(error) => Some(Verdict::Good),
        Err(PullError::Plugin { failure, .. }) => Some(failure.reason.into()),
        Err(_) => None,
    };
    if let Some(verdict) = verdict.filter(|_| options.keep == Keep::Rows) {
        plugins.note(&plugin, verdict);
    }
    result
}

fn has_committed(error: &PullError) -> bool {
    error.report().is_some_and(|report| report.n_commits > 0)
}

/// Pulls a source once, blocking.
///
/// # Errors
/// When the plugin or the store fails; rows committed before stay, and the rest is read again by
/// the next pull.
pub fn pull(
    request: &PullRequest<'_>,
    stop: &StopSignal,
    on_progress: &mut dyn FnMut(&PullProgress),
) -> Result<PullReport, PullError> {
    let target = Target {
        store: request.store,
        source: request.source,
        options: request.options,
    };
    pull_from(request, &target, stop, on_progress)
}

/// Something that reads streams: a plugin in a child, or a script in a test.
pub(super) trait StreamReader {
    fn streams(&self) -> &[StreamName];
    fn plugin_version(&self) -> &str;
    fn read(
        &self,
        run_id: u64,
        stream: &StreamName,
        checkpoint: Option<&Checkpoint>,
        stop: &StopSignal,
        on_event: &mut dyn FnMut(RunEvent) -> Flow,
    ) -> RunOutcome;
}

impl StreamReader for PullRequest<'_> {
    fn streams(&self) -> &[StreamName] {
        &self.plugin.manifest().streams
    }

    fn plugin_version(&self) -> &str {
        &self.plugin.manifest().version
    }

    fn read(
        &self,
        run_id: u64,
        stream: &StreamName,
        checkpoint: Option<&Checkpoint>,
        stop: &StopSignal,
        on_event: &mut dyn FnMut(RunEvent) -> Flow,
    ) -> RunOutcome {
        let request = RunRequest {
            source: self.source,
            run_id,
            plugin: self.plugin,
            config_json: &self.config.json,
            base_dir: self.base_dir,
            private_dir: self.private_dir,
            secrets: &self.config.secrets,
            stream,
            checkpoint: checkpoint.map(|checkpoint| StartAt {
                json: &checkpoint.json,
                format: checkpoint.format,
            }),
            limits: self.limits,
            outbound: &self.config.outbound,
        };
        self.host.run(request, stop, on_event)
    }
}

/// Where the rows go.
pub(super) struct Target<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) source: &'a SourceName,
    pub(super) options: PullOptions,
}

/// Why a pull ended early, before it is told with its report.
enum Cause {
    Plugin(Failure),
    Store(StoreError),
    Fenced,
}

pub(super) fn pull_from(
    reader: &dyn StreamReader,
    target: &Target<'_>,
    stop: &StopSignal,
    on_progress: &mut dyn FnMut(&PullProgress),
) -> Result<PullReport, PullError> {
    let clock = Instant::now();
    let started_at = Timestamp::now();
    let mut report = PullReport::default();
    let result = match target.options.keep {
        Keep::Nothing => read_all(reader, target, None, &mut report, stop, on_progress),
        Keep::Rows => keep_all(reader, target, &mut report, stop, on_progress),
    };
    report.elapsed = clock.elapsed();
    let name = target.source.clone();
    let boxed = || Box::new(report.clone());
    let result = result.map_err(|cause| match cause {
        Cause::Plugin(failure) => PullError::Plugin {
            name,
            failure: Box::new(failure),
            report: boxed(),
        },
        Cause::Store(source) => PullError::Store {
            name,
            source,
            report: boxed(),
        },
        Cause::Fenced => PullError::Fenced {
            name,
            report: boxed(),
        },
    });
    if report.run_id > 0 {
        log_run(target, started_at, &report, result.as_ref().err());
    }
    result.map(|()| report)
}

/// Reads on this thread while another one commits.
fn keep_all(
    reader: &dyn StreamReader,
    target: &Target<'_>,
    report: &mut PullReport,
    stop: &StopSignal,
    on_progress: &mut dyn FnMut(&PullProgress),
) -> Result<(), Cause> {
    let (store, source) = (target.store, target.source);
    let (run_id, is_first_read) = store
        .begin_run(source, Timestamp::now())
        .map_err(Cause::Store)?;
    report.run_id = run_id;
    if target.options.start == StartFrom::Beginning {
        // After the earlier run is fenced: its last commit must not bring a checkpoint back.
        store.reset(source).map_err(Cause::Store)?;
    }
    let run = WriterRun {
        source,
        run_id,
        is_first_read,
    };
    let (queue, written) = (CommitQueue::default(), Written::default());
    let (read, wrote) = thread::scope(|scope| {
        let writer = scope.spawn(|| write(store, &run, &queue, &written));
        let sink = Some((&queue, &written));
        let read = {
            let _close = CloseQueue(&queue);
            read_all(reader, target, sink, report, stop, on_progress)
        };
        (
            read,
            writer.join().unwrap_or_else(|panic| resume_unwind(panic)),
        )
    });
    report.n_committed = written.n_rows.into_inner();
    report.n_changed = written.n_changed.into_inner();
    report.count_erased(written.n_erased.into_inner());
    report.n_commits = written.n_commits.into_inner();
    match wrote {
        Err(WriteError::Store(error)) => Err(Cause::Store(error)),
        Err(WriteError::Fenced) => Err(Cause::Fenced),
        Ok(()) => read,
    }
}

struct CloseQueue<'a>(&'a CommitQueue);

impl Drop for CloseQueue<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

type Sink<'a> = Option<(&'a CommitQueue, &'a Written)>;

fn read_all(
    reader: &dyn StreamReader,
    target: &Target<'_>,
    sink: Sink<'_>,
    report: &mut PullReport,
    stop: &StopSignal,
    on_progress: &mut dyn FnMut(&PullProgress),
) -> Result<(), Cause> {
    for stream in reader.streams() {
        let checkpoint = match target.options.start {
            StartFrom::Beginning => None,
            StartFrom::Checkpoint => target
                .store
                .checkpoint(target.source, stream)
                .map_err(Cause::Store)?,
        };
        let mut intake = Intake {
            door: Door::new(target.source.clone()),
            stream,
            plugin_version: reader.plugin_version(),
            sink,
            staged: Staged::default(),
            report,
            plugin_progress: None,
            on_progress,
        };
        let mut broken = None;
        let run_id = intake.report.run_id;
        let outcome =
            reader.read(
                run_id,
                stream,
                checkpoint.as_ref(),
                stop,
                &mut |event| match intake.take(event) {
                    Ok(()) => Flow::Continue,
                    Err(error) => {
                        broken.get_or_insert(error);
                        Flow::Stop
                    }
                },
            );
        report.n_bytes += outcome.n_bytes;
        if let Some(failure) = broken.and_then(IntakeError::into_failure) {
            return Err(Cause::Plugin(Failure {
                stage: Stage::Read,
                ..failure
            }));
        }
        if let Some(failure) = outcome.failure {
            return Err(Cause::Plugin(failure));
        }
    }
    Ok(())
}

/// Takes the events of one stream.
struct Intake<'a> {
    door: Door,
    stream: &'a StreamName,
    plugin_version: &'a str,
    sink: Sink<'a>,
    staged: Staged,
    report: &'a mut PullReport,
    plugin_progress: Option<Progress>,
    on_progress: &'a mut dyn FnMut(&PullProgress),
}

/// Why an event could not be taken.
#[derive(Debug, thiserror::Error)]
enum IntakeError {
    #[error(transparent)]
    Door(#[from] DoorError),
    #[error(transparent)]
    Full(#[from] StageFull),
    #[error("the writer gave up")]
    Writer,
}

impl IntakeError {
    /// Returns the plugin's failure; `None` where it is the writer's, who tells it better.
    fn into_failure(self) -> Option<Failure> {
        match self {
            Self::Door(_) | Self::Full(_) => {
                Some(Failure::new(FailureReason::Protocol, self.to_string()))
            }
            Self::Writer => None,
        }
    }
}

impl Intake<'_> {
    fn take(&mut self, event: RunEvent) -> Result<(), IntakeError> {
        match event {
            RunEvent::Batch(kind, rows) => self.batch(kind, &rows)?,
            RunEvent::Reject(reject) => {
                self.report.count_reject(&reject);
                self.staged.reject(reject)?;
                return Ok(());
            }
            RunEvent::Checkpoint { json, format } => {
                let rows = std::mem::take(&mut self.staged);
                let Some((queue, _)) = self.sink else {
                    return Ok(());
                };
                let covered = Covered {
                    stream: self.stream.clone(),
                    rows,
                    checkpoint: Checkpoint {
                        json,
                        format,
                        plugin_version: self.plugin_version.to_owned(),
                    },
                };
                queue
                    .push(covered)
                    .map_err(|WriterGone| IntakeError::Writer)?;
            }
            RunEvent::Progress(progress) => self.plugin_progress = Some(progress),
            // A child that reads gets none.
            RunEvent::Ready | RunEvent::Parsed(_) => {}
        }
        self.tell();
        Ok(())
    }

    fn batch(
        &mut self,
        kind: RecordKind,
        rows: &arrow_array::RecordBatch,
    ) -> Result<(), IntakeError> {
        let checked = self.door.check(kind, rows, Timestamp::now())?;
        self.report.n_rows += checked.batch.rows.num_rows() as u64;
        for reject in &checked.rejects {
            self.report.count_reject(reject);
        }
        if self.sink.is_none() {
            return Ok(());
        }
        for reject in checked.rejects {
            self.staged.reject(reject)?;
        }
        self.staged.batch(checked.batch)?;
        Ok(())
    }

    fn tell(&mut self) {
        let n_committed = self
            .sink
            .map_or(0, |(_, written)| written.n_rows.load(Ordering::Relaxed));
        (self.on_progress)(&PullProgress {
            stream: self.stream.clone(),
            n_rows: self.report.n_rows,
            n_committed,
            n_rejects: self.report.n_rejects,
            plugin: self.plugin_progress.clone(),
        });
    }
}

fn log_run(
    target: &Target<'_>,
    started_at: Timestamp,
    report: &PullReport,
    error: Option<&PullError>,
) {
    let is_fenced = matches!(error, Some(PullError::Fenced { .. }));
    if is_fenced || error.is_some_and(PullError::is_cancelled) {
        // The run that took over tells how the source is; one that was stopped tells nothing.
        return;
    }
    let log = RunLog {
        source: target.source.clone(),
        run_id: report.run_id,
        started_at,
        ended_at: Timestamp::now(),
        n_rows: report.n_rows,
        n_rejects: report.n_rejects,
        failure: error.map(|error| (error.reason().to_owned(), error.message())),
    };
    if let Err(error) = target.store.end_run(&log) {
        tracing::warn!(source = %target.source, "failed to note how a run ended: {error}");
    }
}
