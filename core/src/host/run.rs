//! Drives one child from its first frame to its last, and says how it ended.

use std::io::BufReader;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Once;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use vocd_plugin::frame::{FrameKind, write_frame};

use super::child::{ChildGuard, ChildProgram};
use super::failure::{Failure, FailureReason};
use super::message::{ErrorReport, Message, MessageError, MessageReader, cut};
use super::outbound::Plan;
use super::overheard::Overheard;
use super::printed::{PluginLog, PrintedReader};
use super::reach::Reach;
use super::requests::{Requests, Shared};
use super::scrub::Scrubber;
use super::stop::StopSignal;
use super::watch::WatchedPipe;
use super::webhook::{Delivery, Work, deliver};
use super::{Flow, RunEvent, RunOutcome, RunRequest};
use crate::record::RecordKind;
use crate::record::door::Reject;

/// How long an ended child's status is waited for.
const STATUS_TIMEOUT: Duration = Duration::from_secs(1);
/// Read at once: a million refused records are as many small frames.
const READ_BYTES: usize = 64 * 1024;
/// Key under which the plugin finds the folder of the configuration file.
const BASE_DIR_KEY: &str = "$base_dir";
/// Processor time of a run in terms of its longest time: it may use more than one core.
const CPU_PER_WALL: u64 = 2;
/// What a Rust program prints when it may not have more memory.
const OUT_OF_MEMORY: &str = "memory allocation of";

#[derive(Serialize)]
struct Hello<'a> {
    mode: &'a str,
    run_id: u64,
    source: &'a str,
    stream: &'a str,
    config: Value,
    checkpoint: Option<Box<RawValue>>,
    checkpoint_format: u32,
    limits: HelloLimits,
    reach: Reach,
    #[serde(skip_serializing_if = "str::is_empty")]
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<&'a Value>,
    http: Plan,
    n_webhooks: usize,
}

#[derive(Serialize)]
struct HelloLimits {
    memory_bytes: u64,
    cpu_s: u64,
    idle_s: u64,
}

pub(super) fn run(
    program: &ChildProgram,
    shared: &Shared,
    request: RunRequest<'_>,
    work: Work<'_>,
    stop: &StopSignal,
    overheard: Option<&mut Overheard>,
    on_event: &mut dyn FnMut(RunEvent) -> Flow,
) -> RunOutcome {
    let started = Instant::now();
    let mut config = request.config_json.clone();
    let plan = Plan::new(&request, &mut config);
    let secrets = plan
        .as_ref()
        .map_or_else(|_| request.secrets.to_vec(), Plan::all_secrets);
    let scrubber = Scrubber::new(&secrets);
    let mut outcome = match plan.and_then(|plan| hello(&request, work, config, plan)) {
        Ok(hello) => {
            let requests = Requests::new(shared, request, scrubber.clone());
            match Conversation::start(program, &request, requests, work, &scrubber, stop) {
                Ok(conversation) => conversation.hold(&hello, overheard, on_event),
                Err(error) => failed(Failure::new(
                    FailureReason::Spawn,
                    format!("failed to start the plugin's process: {error}"),
                )),
            }
        }
        Err(failure) => failed(failure),
    };
    if let Some(failure) = &mut outcome.failure {
        failure.message = scrubber.scrub(&failure.message);
    }
    outcome.elapsed = started.elapsed();
    outcome
}

fn failed(failure: Failure) -> RunOutcome {
    RunOutcome {
        n_rows: 0,
        n_bytes: 0,
        n_rejects: 0,
        elapsed: Duration::ZERO,
        unconfined: Vec::new(),
        failure: Some(failure),
    }
}

fn hello(
    request: &RunRequest<'_>,
    work: Work<'_>,
    mut config: Value,
    http: Plan,
) -> Result<Vec<u8>, Failure> {
    if let Value::Object(members) = &mut config {
        let base_dir = request.base_dir.to_string_lossy();
        members.insert(BASE_DIR_KEY.to_owned(), Value::from(&*base_dir));
    }
    let checkpoint = request
        .checkpoint
        .map(|checkpoint| RawValue::from_string(checkpoint.json.to_owned()))
        .transpose()
        .map_err(|error| {
            Failure::new(
                FailureReason::CheckpointUnreadable,
                format!("the stored checkpoint is not JSON: {error}"),
            )
        })?;
    let reach = Reach::of(request, http.ports());
    let (method, params) = work.call();
    let hello = Hello {
        mode: work.mode(),
        method,
        params,
        reach,
        run_id: request.run_id,
        source: request.source.as_str(),
        stream: request.stream.as_str(),
        config,
        checkpoint,
        checkpoint_format: request.checkpoint.map_or_else(
            || request.plugin.manifest().checkpoint_format,
            |checkpoint| checkpoint.format,
        ),
        limits: HelloLimits {
            memory_bytes: request.limits.memory_bytes,
            cpu_s: CPU_PER_WALL * request.limits.wall.as_secs().max(1),
            idle_s: idle(request).as_secs(),
        },
        http,
        n_webhooks: work.deliveries().len(),
    };
    serde_json::to_vec(&hello)
        .map_err(|error| Failure::new(FailureReason::Internal, error.to_string()))
}

fn idle(request: &RunRequest<'_>) -> Duration {
    let asked = request.plugin.manifest().idle_s.unwrap_or_default();
    request.limits.idle.max(Duration::from_secs(asked))
}

/// A child that is being talked to.
struct Conversation<'a> {
    requests: Requests<'a>,
    /// Webhooks that the child has not got yet.
    deliveries: std::slice::Iter<'a, Delivery<'a>>,
    scrubber: Scrubber,
    guard: ChildGuard,
    messages: MessageReader<BufReader<WatchedPipe>>,
    printed: PrintedReader,
    log: PluginLog,
    checkpoint_format: u32,
    n_rejects: u64,
    unconfined: Vec<String>,
    reported: Option<ErrorReport>,
}

/// What ended a conversation.
enum Ending {
    Said,
    Closed,
    Killed,
    Broken(MessageError),
}

impl<'a> Conversation<'a> {
    fn start(
        program: &ChildProgram,
        request: &RunRequest<'_>,
        requests: Requests<'a>,
        work: Work<'a>,
        scrubber: &Scrubber,
        stop: &StopSignal,
    ) -> std::io::Result<Self> {
        let log = PluginLog::new(
            request.source.as_str(),
            request.plugin.name(),
            request.run_id,
            scrubber.clone(),
        );
        let running = program.spawn(request.plugin.snapshot())?;
        let (guard, to_child, from_child, printed) = running.split();
        let pipe = WatchedPipe::new(
            from_child,
            to_child,
            stop.clone(),
            request.limits.wall,
            idle(request),
        )?;
        Ok(Self {
            requests,
            deliveries: work.deliveries(),
            scrubber: scrubber.clone(),
            guard,
            messages: MessageReader::new(BufReader::with_capacity(READ_BYTES, pipe)),
            printed: PrintedReader::start(printed, log.clone())?,
            log,
            checkpoint_format: request.plugin.manifest().checkpoint_format,
            n_rejects: 0,
            unconfined: Vec::new(),
            reported: None,
        })
    }

    fn hold(
        mut self,
        hello: &[u8],
        mut overheard: Option<&mut Overheard>,
        on_event: &mut dyn FnMut(RunEvent) -> Flow,
    ) -> RunOutcome {
        // A child that ended before it read this is told about by what it left in its pipes.
        let _ = write_frame(self.pipe(), FrameKind::Hello, 0, hello);
        let ending = self.listen(overheard.as_deref_mut(), on_event);
        self.finish(ending, overheard)
    }

    fn pipe(&mut self) -> &mut WatchedPipe {
        self.messages.reader_mut().get_mut()
    }

    /// Sends the next webhook, if there is one.
    fn deliver_next(&mut self) {
        if let Some(delivery) = self.deliveries.next() {
            // As in `hold`: what the child left in its pipes tells why it does not read.
            let _ = deliver(self.pipe(), delivery);
        }
    }

    fn listen(
        &mut self,
        mut overheard: Option<&mut Overheard>,
        on_event: &mut dyn FnMut(RunEvent) -> Flow,
    ) -> Ending {
        let mut flow = Flow::Continue;
        loop {
            self.pipe().expect_message();
            let message = match self.messages.next() {
                Ok(Some(Message::End)) => return Ending::Said,
                Ok(Some(message)) => message,
                Ok(None) => return Ending::Closed,
                Err(error) => return Ending::Broken(error),
            };
            if let Some(overheard) = &mut overheard {
                match &message {
                    Message::Log(line) => overheard.keep_line(line),
                    Message::Reply(reply) => overheard.reply = Some(reply.clone()),
                    _ => {}
                }
            }
            let event = match self.event(message) {
                Ok(Some(event)) => event,
                Ok(None) => continue,
                Err(error) => return Ending::Broken(error),
            };
            // After the receiver said stop, only the child's last words are of interest.
            if flow == Flow::Continue {
                flow = on_event(event);
                match flow {
                    Flow::Continue => {}
                    Flow::Stop => self.pipe().stop_now(FailureReason::Cancelled),
                    Flow::Kill => return Ending::Killed,
                }
            }
        }
    }

    fn event(&mut self, message: Message) -> Result<Option<RunEvent>, MessageError> {
        match message {
            Message::Batch(_, batch) if batch.num_rows() == 0 => Ok(None),
            Message::Batch(kind, batch) => Ok(Some(RunEvent::Batch(kind, batch))),
            Message::Checkpoint(json) => Ok(Some(RunEvent::Checkpoint {
                json,
                format: self.checkpoint_format,
            })),
            Message::Reject(reject) => {
                let kind = RecordKind::from_name(&reject.kind).ok_or(MessageError::Frame {
                    what: "a refused record is of no known kind".to_owned(),
                })?;
                self.n_rejects += 1;
                Ok(Some(RunEvent::Reject(Reject {
                    kind,
                    reason: cut(&reject.reason).to_owned(),
                    place: cut(&reject.place).to_owned(),
                    detail: cut(&reject.detail).to_owned(),
                })))
            }
            Message::Progress(progress) => Ok(Some(RunEvent::Progress(progress))),
            Message::Log(line) => {
                self.log.line(&line);
                Ok(None)
            }
            Message::Error(report) => {
                self.reported = Some(report);
                Ok(None)
            }
            Message::Parsed(refusal) => {
                self.deliver_next();
                Ok(Some(RunEvent::Parsed(refusal.map(|report| {
                    let failure = explained(&report, None);
                    Failure {
                        message: self.scrubber.scrub(&failure.message),
                        ..failure
                    }
                }))))
            }
            Message::Ready(ready) => {
                tell_unconfined(&ready.unconfined);
                self.unconfined = ready.unconfined;
                let is_webhook = self.deliveries.len() > 0;
                self.deliver_next();
                Ok(is_webhook.then_some(RunEvent::Ready))
            }
            Message::Ask(ask) => {
                let permit = self.requests.permit(&ask);
                // A child that ended meanwhile is told about by what it left in its pipes.
                let _ = write_frame(self.pipe(), FrameKind::Permit, 0, &permit);
                Ok(None)
            }
            Message::Pause(pause) => {
                self.requests.pause(&pause);
                Ok(None)
            }
            Message::Exchange(line) => {
                self.requests.exchange(&line);
                Ok(None)
            }
            Message::Metric(metric) => {
                self.requests.metric(&metric);
                Ok(None)
            }
            Message::Reply(_) => Ok(None),
            Message::End => Err(MessageError::Unexpected {
                frame: FrameKind::End,
            }),
        }
    }

    fn finish(self, ending: Ending, overheard: Option<&mut Overheard>) -> RunOutcome {
        let stopped = self.messages.reader().get_ref().reason();
        let (n_rows, n_bytes) = (self.messages.n_rows(), self.messages.n_bytes());
        let patience = match &ending {
            Ending::Broken(_) | Ending::Killed => Duration::ZERO,
            Ending::Said | Ending::Closed => STATUS_TIMEOUT,
        };
        let status = self.guard.end(patience);
        // Not before: a child whose input closes ends itself, and its status would say so.
        drop(self.messages);
        let printed = self.printed.finish();
        if let Some(overheard) = overheard {
            overheard.printed.clone_from(&printed);
            overheard.unclean_end = unclean_end(&status);
        }
        let failure = match ending {
            Ending::Said => None,
            Ending::Killed => Some(stopped_failure(FailureReason::Cancelled)),
            Ending::Broken(error) => Some(broken(error, stopped)),
            Ending::Closed => Some(match (stopped, self.reported, status) {
                (stopped, Some(reported), _) => explained(&reported, stopped),
                (Some(reason), ..) => stopped_failure(reason),
                (None, None, Ok((status, was_killed))) => died(status, was_killed, &printed),
                (None, None, Err(error)) => {
                    Failure::new(FailureReason::Internal, error.to_string())
                }
            }),
        };
        let failure = failure.map(|failure| Failure {
            printed,
            ..self.requests.explain(failure)
        });
        RunOutcome {
            n_rows,
            n_bytes,
            n_rejects: self.n_rejects,
            elapsed: Duration::ZERO,
            unconfined: self.unconfined,
            failure,
        }
    }
}

/// Says once in the daemon's life which layers of the confinement the kernel lacks.
fn tell_unconfined(layers: &[String]) {
    static IS_TOLD: Once = Once::new();
    if layers.is_empty() {
        return;
    }
    IS_TOLD.call_once(|| {
        tracing::warn!(
            layers = layers.join(", "),
            "plugins run without these layers of their confinement, which this kernel does not have"
        );
    });
}

/// The child said why it fails.
fn explained(reported: &ErrorReport, stopped: Option<FailureReason>) -> Failure {
    let reason = FailureReason::from_class(&reported.class);
    if let (FailureReason::Cancelled, Some(stopped)) = (reason, stopped) {
        return stopped_failure(stopped);
    }
    let message = match (cut(&reported.user), cut(&reported.internal)) {
        ("", internal) => internal.to_owned(),
        (user, "") => user.to_owned(),
        (user, internal) => format!("{user} ({internal})"),
    };
    Failure {
        retry_after: reported
            .retry_after_ms
            .filter(|wait_ms| *wait_ms > 0)
            .map(Duration::from_millis),
        ..Failure::new(reason, message)
    }
}

/// The child broke the contract, or outlived its deadline.
fn broken(error: MessageError, stopped: Option<FailureReason>) -> Failure {
    if let (Some(reason), MessageError::Read(_)) = (stopped, &error) {
        return stopped_failure(reason);
    }
    let mut message = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    Failure::new(FailureReason::Protocol, message)
}

fn stopped_failure(reason: FailureReason) -> Failure {
    let message = match reason {
        FailureReason::Timeout => "the run took longer than its timeout and was stopped",
        FailureReason::Idle => "the plugin was silent for too long and was stopped",
        _ => "the run was stopped",
    };
    Failure::new(reason, message)
}

/// The child ended without a last word.
fn died(status: ExitStatus, was_killed: bool, printed: &str) -> Failure {
    if was_killed {
        return Failure::new(
            FailureReason::Protocol,
            "the plugin's process closed its pipe and went on running",
        );
    }
    if printed.contains(OUT_OF_MEMORY) {
        return Failure::new(
            FailureReason::Memory,
            "the plugin needed more memory than its limit",
        );
    }
    match (status.signal(), status.code()) {
        (Some(signal), _) if signal == Signal::KILL.as_raw() => Failure::new(
            FailureReason::Memory,
            "the plugin's process was killed from outside, most likely for want of memory",
        ),
        (Some(signal), _) => Failure::new(
            FailureReason::Crashed(signal),
            format!("the plugin crashed: {}", signal_name(signal)),
        ),
        (None, code) => {
            let code = code.unwrap_or_default();
            Failure::new(
                FailureReason::Exited(code),
                format!("the plugin's process ended with status {code} in the middle of the run"),
            )
        }
    }
}

fn unclean_end(status: &std::io::Result<(ExitStatus, bool)>) -> Option<String> {
    match status {
        Ok((status, false)) if status.success() => None,
        Ok((_, true)) => Some("it had to be killed".to_owned()),
        Ok((status, false)) => Some(match status.signal() {
            Some(signal) => signal_name(signal),
            None => status.to_string(),
        }),
        Err(error) => Some(error.to_string()),
    }
}

fn signal_name(signal: i32) -> String {
    let name = match Signal::from_named_raw(signal) {
        Some(Signal::SEGV) => "segmentation fault",
        Some(Signal::ABORT) => "abort",
        Some(Signal::BUS) => "bus error",
        Some(Signal::ILL) => "illegal instruction",
        Some(Signal::FPE) => "arithmetic fault",
        Some(Signal::XCPU) => "processor time used up",
        _ => return format!("signal {signal}"),
    };
    format!("{name} (signal {signal})")
}
