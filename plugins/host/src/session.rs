//! What a plugin does during a run, checked and turned into frames.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use arrow_array::RecordBatch;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use vocd_plugin::abi::CHECKPOINT_BYTES_MAX;
use vocd_plugin::frame::{FrameKind, PAYLOAD_BYTES_MAX};
use vocd_plugin::{ErrorClass, Level, RecordKind};

use crate::confine::Layer;
use crate::pipe::{FrameWriter, StopFlag};
use crate::{encode, profile};

/// Longest text passed on, in bytes; log lines and messages are for people.
const TEXT_BYTES_MAX: usize = 8 * 1024;
/// Longest answer of `call`, in bytes.
const REPLY_BYTES_MAX: usize = 256 * 1024;

/// Classes after which the plugin must not be called again.
const ENDS_A_RUN: [&str; 3] = ["panic", "protocol", "cancelled"];

/// What the plugin has to do after a call into the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Go on.
    GoOn,
    /// Return as soon as possible.
    Stop,
}

/// An error of the run as the daemon reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    /// Class of the C interface, `load` or `protocol`.
    pub(crate) class: &'static str,
    pub(crate) user: String,
    pub(crate) internal: String,
    pub(crate) retry_after_ms: u64,
}

impl Report {
    pub(crate) fn new(class: &'static str, user: impl Into<String>) -> Self {
        Self {
            class,
            user: user.into(),
            internal: String::new(),
            retry_after_ms: 0,
        }
    }

    /// A breach of the plugin interface: a bug of the plugin.
    pub(crate) fn protocol(user: impl Into<String>) -> Self {
        Self::new("protocol", user)
    }
}

/// One run, as seen from the plugin's calls; usable from any thread.
#[derive(Debug)]
pub(crate) struct Session {
    frames: FrameWriter,
    stop: StopFlag,
    stream: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    n_rows: u64,
    n_rows_since: u64,
    n_batches: u64,
    /// What the plugin said about the error it is going to return.
    reported: Option<Report>,
    /// What went wrong on this side; comes before anything the plugin says.
    fault: Option<Report>,
    /// A call was refused because the run ends: what was read is not all there is.
    is_over: bool,
    encoded: Vec<u8>,
}

impl Session {
    pub(crate) fn new(frames: FrameWriter, stop: StopFlag, stream: String) -> Self {
        Self {
            frames,
            stop,
            stream,
            state: Mutex::default(),
        }
    }

    /// 0 run, 1 stop at the next checkpoint, 2 now.
    pub(crate) fn stop_level(&self) -> u32 {
        self.stop.level()
    }

    /// Takes a batch that was imported, or the reason why it could not be.
    pub(crate) fn batch(&self, kind: &str, batch: Result<RecordBatch, String>) -> Wish {
        let mut state = self.state();
        if self.stop.level() == 2 {
            state.is_over = true;
            return Wish::Stop;
        }
        match self.send_batch(&mut state, kind, batch) {
            Ok(()) => Wish::GoOn,
            Err(report) => self.give_up(&mut state, report),
        }
    }

    fn send_batch(
        &self,
        state: &mut State,
        kind: &str,
        batch: Result<RecordBatch, String>,
    ) -> Result<(), Report> {
        let kind_idx = RecordKind::ALL
            .iter()
            .position(|known| known.name() == kind);
        let kind_idx = kind_idx.ok_or_else(|| {
            Report::protocol(format!(
                "the plugin emitted the unknown record kind `{}`",
                cut(kind)
            ))
        })?;
        let known = RecordKind::ALL[kind_idx];
        let refused = |what: &dyn std::fmt::Display| {
            Report::protocol(format!(
                "the plugin emitted a wrong batch of `{kind}`: {what}"
            ))
        };
        let batch = batch.map_err(|what| refused(&what))?;
        if batch.num_rows() == 0 {
            return Ok(());
        }
        profile::check(known, batch.schema_ref()).map_err(|error| refused(&error))?;
        encode::encode(&batch, &mut state.encoded).map_err(|error| refused(&error))?;
        if state.encoded.len() as u64 > u64::from(PAYLOAD_BYTES_MAX) {
            return Err(refused(&"it is above 32 MiB"));
        }
        let stream_idx = u8::try_from(kind_idx).expect("there are fewer than 256 record kinds");
        let n_rows = batch.num_rows() as u64;
        drop(batch);
        let sent = self
            .frames
            .write(FrameKind::Data, stream_idx, &state.encoded);
        sent.map_err(|error| gone(&error))?;
        state.n_rows += n_rows;
        state.n_rows_since += n_rows;
        state.n_batches += 1;
        Ok(())
    }

    /// Takes a checkpoint; here a drained run ends.
    pub(crate) fn checkpoint(&self, stream: &str, checkpoint_json: &str) -> Wish {
        let mut state = self.state();
        if self.stop.level() == 2 {
            state.is_over = true;
            return Wish::Stop;
        }
        if let Err(report) = self.send_checkpoint(&mut state, stream, checkpoint_json) {
            return self.give_up(&mut state, report);
        }
        if self.stop.level() == 0 {
            return Wish::GoOn;
        }
        self.stop.raise_now();
        state.is_over = true;
        Wish::Stop
    }

    fn send_checkpoint(
        &self,
        state: &mut State,
        stream: &str,
        checkpoint_json: &str,
    ) -> Result<(), Report> {
        if stream != self.stream {
            let (stream, asked) = (cut(stream), &self.stream);
            let text =
                format!("the plugin sent a checkpoint of `{stream}` while reading `{asked}`");
            return Err(Report::protocol(text));
        }
        let checkpoint = serde_json::from_str::<&RawValue>(checkpoint_json).ok();
        let is_object = |json: &&RawValue| json.get().starts_with('{');
        let checkpoint = checkpoint
            .filter(|json| is_object(json) && json.get().len() <= CHECKPOINT_BYTES_MAX)
            .ok_or_else(|| {
                Report::protocol("the plugin's checkpoint is no JSON object of at most 64 KiB")
            })?;
        let payload = json!({
            "stream": stream,
            "checkpoint": checkpoint,
            "rows_since": state.n_rows_since,
        });
        self.send(FrameKind::Checkpoint, &payload)?;
        state.n_rows_since = 0;
        Ok(())
    }

    /// Remembers why the current call is going to fail.
    pub(crate) fn report(&self, status: i32, user: &str, internal: &str, retry_after_ms: u64) {
        let class = ErrorClass::from_status(status).unwrap_or(ErrorClass::Internal);
        self.state().reported = Some(Report {
            class: class.name(),
            user: cut(user).to_owned(),
            internal: cut(internal).to_owned(),
            retry_after_ms,
        });
    }

    /// Takes a refused record.
    pub(crate) fn reject(&self, kind: &str, reason: &str, place: &str, detail: &str) {
        if RecordKind::from_name(kind).is_none() {
            let kind = cut(kind);
            let text = format!("the plugin refused a record of the unknown kind `{kind}`");
            self.give_up(&mut self.state(), Report::protocol(text));
            return;
        }
        let (reason, place, detail) = (cut(reason), cut(place), cut(detail));
        let payload = json!({"kind": kind, "reason": reason, "place": place, "detail": detail});
        self.tell(FrameKind::Reject, &payload);
    }

    /// Tells the daemon how far the run is.
    pub(crate) fn progress(&self, done: u64, total: u64, unit: &str) {
        let payload = json!({"done": done, "total": total, "unit": cut(unit)});
        self.tell(FrameKind::Progress, &payload);
    }

    /// Passes a log line on.
    pub(crate) fn log(&self, level: u32, target: &str, message: &str, fields_json: &str) {
        let level = Level::from_number(level).name();
        let fields = object(fields_json);
        let (target, message) = (cut(target), cut(message));
        let payload =
            json!({"level": level, "target": target, "message": message, "fields": fields});
        self.tell(FrameKind::Log, &payload);
    }

    /// Passes a measured value on.
    pub(crate) fn metric(&self, name: &str, kind: u32, value: f64, labels_json: &str) {
        let kind = if kind == 0 { "counter" } else { "gauge" };
        let labels = object(labels_json);
        let payload = json!({"name": cut(name), "kind": kind, "value": value, "labels": labels});
        self.tell(FrameKind::Metric, &payload);
    }

    /// Passes the answer of `call` on.
    pub(crate) fn reply(&self, reply_json: &str) -> Wish {
        let is_json = serde_json::from_str::<&RawValue>(reply_json).is_ok();
        let mut state = self.state();
        if !is_json || reply_json.len() > REPLY_BYTES_MAX {
            let report = Report::protocol("the plugin's reply is no JSON of at most 256 KiB");
            return self.give_up(&mut state, report);
        }
        match self
            .frames
            .write(FrameKind::Reply, 0, reply_json.as_bytes())
        {
            Ok(()) => Wish::GoOn,
            Err(error) => self.give_up(&mut state, gone(&error)),
        }
    }

    /// Answers the daemon itself, in the plugin's place.
    pub(crate) fn tell_answer(&self, answer: &impl serde::Serialize) {
        let json = serde_json::to_string(answer).expect("numbers and texts");
        // When it cannot be sent, the run's end is not either, and that is told.
        self.reply(&json);
    }

    /// Tells that the plugin is open, and which layers of the confinement the kernel lacks.
    pub(crate) fn ready(&self, abi_minor: u32, missing: &[Layer]) -> Result<(), Report> {
        let missing: Vec<&str> = missing.iter().map(|layer| layer.name()).collect();
        let payload = json!({"abi_minor": abi_minor, "unconfined": missing});
        self.send(FrameKind::Ready, &payload)
    }

    /// Judges a call by its status and by what happened during it.
    pub(crate) fn outcome(&self, status: i32) -> Result<(), Report> {
        let mut state = self.state();
        if let Some(fault) = state.fault.take() {
            return Err(fault);
        }
        let reported = state.reported.take();
        if let Some(class) = ErrorClass::from_status(status) {
            let silent = || Report::new(class.name(), "the plugin failed and did not say why");
            let said = reported.unwrap_or_else(silent);
            return Err(Report {
                class: class.name(),
                ..said
            });
        }
        if status > 0 {
            let text = format!("the plugin returned the status {status}, which has no meaning");
            return Err(Report::protocol(text));
        }
        match state.is_over {
            true => Err(Report::new(
                ErrorClass::Cancelled.name(),
                "stopped on request",
            )),
            false => Ok(()),
        }
    }

    /// Tells that a webhook is parsed, or that the plugin refused it; what breaks the interface or
    /// leaves the instance unusable ends the run instead.
    pub(crate) fn parsed(&self, result: Result<(), Report>) -> Result<(), Report> {
        let mut state = self.state();
        let refusal = match result {
            Ok(()) => None,
            Err(report) if state.is_over || ENDS_A_RUN.contains(&report.class) => {
                return Err(report);
            }
            Err(report) => Some(report),
        };
        let refusal = refusal.map(|report| {
            json!({
                "class": report.class,
                "user": report.user,
                "internal": report.internal,
                "retry_after_ms": report.retry_after_ms,
            })
        });
        let payload = json!({"rows_since": state.n_rows_since, "refusal": refusal});
        self.send(FrameKind::Parsed, &payload)?;
        state.n_rows_since = 0;
        Ok(())
    }

    /// Sends the frame that makes the run a success, unless rows are left without a checkpoint.
    pub(crate) fn end(&self) -> Result<(), Report> {
        let state = self.state();
        if state.n_rows_since > 0 {
            let n_rows = state.n_rows_since;
            return Err(Report::protocol(format!(
                "the plugin ended with {n_rows} rows after its last checkpoint"
            )));
        }
        let payload = json!({"status": 0, "rows": state.n_rows, "batches": state.n_batches});
        self.send(FrameKind::End, &payload)
    }

    /// Sends why the run failed; a daemon that is gone does not hear it.
    pub(crate) fn fail(&self, report: &Report) {
        let payload = json!({
            "class": report.class,
            "user": report.user,
            "internal": report.internal,
            "retry_after_ms": report.retry_after_ms,
        });
        let _ = self.send(FrameKind::Error, &payload);
    }

    /// Passes a recorded exchange on; one that is longer than a frame ends the run.
    pub(crate) fn tell_line(&self, line: &str) {
        if let Err(error) = self.frames.write(FrameKind::Exchange, 0, line.as_bytes()) {
            self.give_up(&mut self.state(), gone(&error));
        }
    }

    /// Sends what has no answer; a broken pipe ends the run.
    pub(crate) fn tell(&self, kind: FrameKind, payload: &Value) {
        if let Err(report) = self.send(kind, payload) {
            self.give_up(&mut self.state(), report);
        }
    }

    fn send(&self, kind: FrameKind, payload: &Value) -> Result<(), Report> {
        let sent = self.frames.write(kind, 0, payload.to_string().as_bytes());
        sent.map_err(|error| gone(&error))
    }

    /// Keeps the first fault and ends the run.
    fn give_up(&self, state: &mut State, report: Report) -> Wish {
        state.fault.get_or_insert(report);
        state.is_over = true;
        self.stop.raise_now();
        Wish::Stop
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn gone(error: &io::Error) -> Report {
    Report::new(
        ErrorClass::Internal.name(),
        format!("the daemon's pipe failed: {error}"),
    )
}

/// Returns the text without what goes beyond the limit.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_BYTES_MAX)]
}

/// Returns the JSON object of a text; nothing for an empty, too long or wrong one.
fn object(json: &str) -> Option<Value> {
    if json.len() > TEXT_BYTES_MAX {
        return None;
    }
    serde_json::from_str(json).ok().filter(Value::is_object)
}
