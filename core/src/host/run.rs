//! Drives one child from its first frame to its last, and says how it ended.

use std::io::BufReader;
use std::sync::Once;
use std::time::{Duration, Instant};

use vocd_plugin::frame::{FrameKind, write_frame};

use super::child::{ChildGuard, ChildProgram};
use super::ending::{broken, died, explained, stopped_failure, unclean_end};
use super::failure::{Failure, FailureReason, Stage};
use super::hello::{hello, idle};
use super::message::{ErrorReport, Message, MessageError, MessageReader, cut};
use super::outbound::Plan;
use super::overheard::Overheard;
use super::printed::{PluginLog, PrintedReader};
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

/// A child that is being talked to.
struct Conversation<'a> {
    requests: Requests<'a>,
    work: Work<'a>,
    stage: Stage,
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
            work,
            stage: Stage::Open,
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
                    Message::Metric(metric) => overheard.keep_refusal(metric),
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
                self.stage = self.work.stage();
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
        self.log.finish();
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
            stage: self.stage,
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
