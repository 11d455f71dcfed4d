//! A host in the test's own process: runs a source through the real C interface and keeps what it
//! emitted as simple rows.
#![expect(unsafe_code, reason = "plays the host's side of the C interface")]

mod decode;
mod http;
mod recorder;
mod row;

use std::ffi::c_void;
use std::ptr;
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::abi::{VocHost, VocOut, VocPlugin, VocStatus, VocStr, VocWebhookV1};
use crate::{Error, ErrorClass, Level, RecordKind, Result, Source, ffi, json};

pub use http::{Answer, Sent};
use recorder::{Recorder, host_of, out_of};
pub use row::{Row, Value, row_json};

/// One thing a source emitted.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A batch; `rows` is empty when rows are only counted.
    Batch {
        /// Record kind.
        kind: RecordKind,
        /// Number of rows.
        n_rows: usize,
        /// The rows, in order.
        rows: Vec<Row>,
    },
    /// A checkpoint, as JSON.
    Checkpoint(String),
    /// A refused record.
    Reject(Reject),
    /// A progress report.
    Progress {
        /// Units done.
        done: u64,
        /// Units in all, or 0.
        total: u64,
        /// What is counted.
        unit: String,
    },
    /// A log line.
    Log {
        /// How much it matters.
        level: Level,
        /// The text.
        message: String,
    },
}

/// A refused record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Record kind.
    pub kind: String,
    /// Why, as a metric label.
    pub reason: String,
    /// Where, such as `answers.csv:17`.
    pub place: String,
    /// What was wrong, for people.
    pub detail: String,
}

/// Whether batches are decoded or only counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKeeping {
    /// Decode every row.
    Keep,
    /// Only count rows: for measurements.
    Count,
}

/// What one call of `read` did.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Everything emitted, in order.
    pub events: Vec<Event>,
    /// How it ended.
    pub result: Result<()>,
}

impl Run {
    /// Returns the rows of a kind, in order.
    #[must_use]
    pub fn rows(&self, kind: RecordKind) -> Vec<&Row> {
        rows_of(&self.events, kind)
    }

    /// Returns the rows of a kind that the daemon would have stored: those before the last
    /// checkpoint.
    #[must_use]
    pub fn committed_rows(&self, kind: RecordKind) -> Vec<&Row> {
        let is_checkpoint = |event: &Event| matches!(event, Event::Checkpoint(_));
        let n_committed = self.events.iter().rposition(is_checkpoint).unwrap_or(0);
        rows_of(&self.events[..n_committed], kind)
    }

    /// Returns the number of rows of every kind.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        let n_rows = |event: &Event| match event {
            Event::Batch { n_rows, .. } => *n_rows,
            _ => 0,
        };
        self.events.iter().map(n_rows).sum()
    }

    /// Returns the checkpoints as JSON, in order.
    #[must_use]
    pub fn checkpoints(&self) -> Vec<&str> {
        let events = self.events.iter();
        let checkpoints = events.filter_map(|event| match event {
            Event::Checkpoint(json) => Some(json.as_str()),
            _ => None,
        });
        checkpoints.collect()
    }

    /// Returns the refused records, in order.
    #[must_use]
    pub fn rejects(&self) -> Vec<&Reject> {
        let events = self.events.iter();
        let rejects = events.filter_map(|event| match event {
            Event::Reject(reject) => Some(reject),
            _ => None,
        });
        rejects.collect()
    }
}

fn rows_of(events: &[Event], wanted: RecordKind) -> Vec<&Row> {
    let batches = events.iter().filter_map(|event| match event {
        Event::Batch { kind, rows, .. } if *kind == wanted => Some(rows),
        _ => None,
    });
    batches.flatten().collect()
}

/// An opened source with a host around it.
#[derive(Debug)]
pub struct Harness {
    plugin: VocPlugin,
    instance: *mut c_void,
    out: VocOut,
    // Shared, because the source and the host's structures point at them.
    host: Rc<VocHost>,
    recorder: Rc<Mutex<Recorder>>,
}

impl Harness {
    /// Opens a source with a configuration, as the daemon would.
    ///
    /// # Errors
    /// What the source answered.
    pub fn open<S: Source>(config_json: &str) -> Result<Self> {
        Self::open_plugin(ffi::plugin::<S>(), config_json)
    }

    fn open_plugin(plugin: VocPlugin, config_json: &str) -> Result<Self> {
        let recorder = Rc::new(Mutex::new(Recorder::new()));
        let ctx: *mut c_void = Rc::as_ptr(&recorder).cast_mut().cast();
        recorder
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .offer(ctx);
        let mut harness = Self {
            plugin,
            instance: ptr::null_mut(),
            out: out_of(ctx),
            host: Rc::new(host_of(ctx)),
            recorder,
        };
        let open = plugin.open.expect("the SDK's table is full");
        let (host, out) = (Rc::as_ptr(&harness.host), &raw const harness.out);
        // SAFETY: the structures live as long as the harness, which closes the instance first.
        let status = unsafe {
            open(
                host,
                VocStr::new(config_json),
                out,
                &raw mut harness.instance,
            )
        };
        harness.outcome(status).map(|()| harness)
    }

    /// Sets the clock of the source, in milliseconds since 1970.
    pub fn set_now_ms(&mut self, now_ms: i64) {
        self.recorder().now_ms = now_ms;
    }

    /// Chooses whether rows are decoded or only counted.
    pub fn set_row_keeping(&mut self, row_keeping: RowKeeping) {
        self.recorder().row_keeping = row_keeping;
    }

    /// Asks the source to stop after this many checkpoints of each `read`.
    pub fn stop_after_checkpoints(&mut self, n_checkpoints: usize) {
        self.recorder().stop_after = Some(n_checkpoints);
    }

    /// Lets the scripted vendor answer this request once; several answers come in order. A request
    /// without an answer fails with class `not_found`.
    pub fn answer(&mut self, method: &str, url: &str, answer: Answer) {
        self.recorder().vendor.answer(method, url, answer);
    }

    /// Adds the answers of a cassette (`*.har.jsonl`) that `vocd` recorded.
    ///
    /// # Errors
    /// When a line is no exchange, naming it.
    pub fn replay(&mut self, cassette: &str) -> Result<()> {
        self.recorder().vendor.replay(cassette)
    }

    /// Returns the requests made since the last call, in order.
    pub fn take_requests(&mut self) -> Vec<Sent> {
        self.recorder().vendor.take_sent()
    }

    /// Runs the source's check.
    ///
    /// # Errors
    /// What the source answered.
    pub fn check(&mut self) -> Result<()> {
        self.call("check").map(drop)
    }

    /// Returns the streams the source lists, as JSON.
    ///
    /// # Errors
    /// What the source answered.
    pub fn discover(&mut self) -> Result<String> {
        self.call("discover")
    }

    fn call(&mut self, method: &str) -> Result<String> {
        let call = self.plugin.call.expect("the SDK's table is full");
        let (method, params) = (VocStr::new(method), VocStr::new("{}"));
        // SAFETY: the instance is open, the texts outlive the call.
        let status = unsafe { call(self.instance, method, params, &raw const self.out) };
        self.outcome(status)?;
        Ok(std::mem::take(&mut self.recorder().reply))
    }

    /// Reads a stream from a checkpoint on, or everything.
    pub fn read(&mut self, stream: &str, checkpoint_json: Option<&str>) -> Run {
        let mut request = "{\"run_id\":1,\"checkpoint_format\":1,\"stream\":".to_owned();
        json::push_string(&mut request, stream);
        request.push_str(",\"checkpoint\":");
        request.push_str(checkpoint_json.unwrap_or("null"));
        request.push('}');
        let read = self.plugin.read.expect("the SDK's table is full");
        self.recorder().start_run();
        // SAFETY: as in `call`.
        let status = unsafe { read(self.instance, VocStr::new(&request), &raw const self.out) };
        let result = self.outcome(status);
        Run {
            events: std::mem::take(&mut self.recorder().events),
            result,
        }
    }

    /// Parses one webhook, as the daemon would after verifying it.
    ///
    /// # Panics
    /// When the plugin declares no webhooks.
    pub fn webhook(&mut self, headers: &[(&str, &str)], body: &[u8]) -> Run {
        let mut request = "{\"event_id\":\"event-1\",\"received_at_ms\":0,\"headers\":{".to_owned();
        for (idx, (name, value)) in headers.iter().enumerate() {
            request.push_str(if idx == 0 { "" } else { "," });
            json::push_string(&mut request, name);
            request.push(':');
            json::push_string(&mut request, value);
        }
        request.push_str("}}");
        let get_extension = self.plugin.get_extension.expect("the SDK's table is full");
        // SAFETY: the id names the type of the answer, which is null or lives for ever.
        let webhook = unsafe {
            let found = get_extension(self.instance, c"voc.webhook/1".as_ptr());
            ffi::read_sized(found.cast::<VocWebhookV1>())
        };
        let parse = webhook.and_then(|webhook| webhook.parse);
        let parse = parse.expect("`Meta::webhook` declares none");
        self.recorder().start_run();
        let body = VocStr {
            ptr: body.as_ptr(),
            len: body.len(),
        };
        // SAFETY: as in `call`.
        let status = unsafe {
            parse(
                self.instance,
                VocStr::new(&request),
                body,
                &raw const self.out,
            )
        };
        let result = self.outcome(status);
        Run {
            events: std::mem::take(&mut self.recorder().events),
            result,
        }
    }

    fn outcome(&self, status: VocStatus) -> Result<()> {
        let reported = self.recorder().error.take();
        match ErrorClass::from_status(status) {
            None => Ok(()),
            Some(class) => Err(reported.unwrap_or_else(|| Error::new(class, "no explanation"))),
        }
    }

    fn recorder(&self) -> MutexGuard<'_, Recorder> {
        self.recorder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Harness {
    fn drop(&mut self) {
        let close = self.plugin.close.expect("the SDK's table is full");
        // SAFETY: the instance is null (allowed) or open, and not used again.
        unsafe { close(self.instance) };
    }
}
