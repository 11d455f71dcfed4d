//! What requests need of the daemon: leave to be made, and an ear for what they measure.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use vocd_plugin::frame::FrameKind;
use vocd_plugin::{Error, Result};

use crate::session::Session;

/// How often a run that waits for leave looks whether it should stop.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A request that wants to be made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) bucket: &'a str,
    /// `host:port`.
    pub(crate) host: &'a str,
    /// Longest wait that is worth granting.
    pub(crate) wait_max: Duration,
    /// The request in words, without secrets.
    pub(crate) request: &'a str,
}

/// The daemon's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grant {
    /// False when the wait is longer than asked for: nothing was set aside.
    pub(crate) is_granted: bool,
    /// How long to wait before the request, or before asking again.
    pub(crate) wait: Duration,
}

/// The daemon, as requests see it.
pub(crate) trait Daemon {
    /// Asks for leave; blocks until the daemon answers.
    fn permit(&self, ask: &Ask<'_>) -> Result<Grant>;
    /// Tells that a server wants no requests for so long.
    fn pause(&self, bucket: &str, host: &str, pause: Duration);
    /// Counts; also a sign of life.
    fn metric(&self, name: &str, value: f64, labels_json: &str);
    /// Tells a recorded exchange, one line of JSON.
    fn exchange(&self, line: &str);
    /// 0 run, 1 stop at the next checkpoint, 2 now.
    fn stop_level(&self) -> u32;
}

/// PERMIT frames on their way to the threads that wait for them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Permits {
    inbox: Arc<Inbox>,
}

#[derive(Debug, Default)]
struct Inbox {
    arrived: Mutex<BTreeMap<u64, Grant>>,
    bell: Condvar,
    last_id: AtomicU64,
}

impl Permits {
    /// Takes the payload of a PERMIT frame; one that is none is nobody's.
    pub(crate) fn arrive(&self, payload: &[u8]) {
        #[derive(Deserialize)]
        struct Permit {
            id: u64,
            is_granted: bool,
            wait_ms: u64,
        }
        if let Ok(permit) = serde_json::from_slice::<Permit>(payload) {
            let grant = Grant {
                is_granted: permit.is_granted,
                wait: Duration::from_millis(permit.wait_ms),
            };
            let mut arrived = self
                .inbox
                .arrived
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            arrived.insert(permit.id, grant);
            self.inbox.bell.notify_all();
        }
    }

    fn next_id(&self) -> u64 {
        self.inbox.last_id.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Waits for an answer. It may take as long as the daemon is behind with this run's frames.
    fn wait(&self, id: u64, stop_level: &dyn Fn() -> u32) -> Result<Grant> {
        let mut arrived = self
            .inbox
            .arrived
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(grant) = arrived.remove(&id) {
                return Ok(grant);
            }
            if stop_level() > 1 {
                return Err(Error::cancelled());
            }
            let waited = self.inbox.bell.wait_timeout(arrived, LOOK_EVERY);
            arrived = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// The daemon at the other end of this process's pipes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link<'run> {
    pub(crate) session: &'run Session,
    pub(crate) permits: &'run Permits,
}

impl Daemon for Link<'_> {
    fn permit(&self, ask: &Ask<'_>) -> Result<Grant> {
        if self.stop_level() > 1 {
            return Err(Error::cancelled());
        }
        let id = self.permits.next_id();
        let payload = json!({
            "id": id,
            "bucket": ask.bucket,
            "host": ask.host,
            "wait_ms_max": millis(ask.wait_max),
            "request": ask.request,
        });
        self.session.tell(FrameKind::Ask, &payload);
        self.permits.wait(id, &|| self.stop_level())
    }

    fn pause(&self, bucket: &str, host: &str, pause: Duration) {
        let payload = json!({"bucket": bucket, "host": host, "pause_ms": millis(pause)});
        self.session.tell(FrameKind::Pause, &payload);
    }

    fn metric(&self, name: &str, value: f64, labels_json: &str) {
        self.session.metric(name, 0, value, labels_json);
    }

    fn exchange(&self, line: &str) {
        self.session.tell_line(line);
    }

    fn stop_level(&self) -> u32 {
        self.session.stop_level()
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_gets_the_answer_to_its_own_question() {
        let permits = Permits::default();
        permits.arrive(br#"{"id":2,"is_granted":false,"wait_ms":9000}"#);
        permits.arrive(br#"{"id":1,"is_granted":true,"wait_ms":5}"#);
        permits.arrive(b"[]");
        let grant = |id| permits.wait(id, &|| 0).expect("arrived");
        assert_eq!(
            (grant(1).is_granted, grant(2).wait),
            (true, Duration::from_secs(9))
        );
    }

    #[test]
    fn a_run_that_should_end_waits_for_no_answer() {
        let error = Permits::default().wait(1, &|| 2).expect_err("stopped");
        assert_eq!(error.class(), vocd_plugin::ErrorClass::Cancelled);
    }
}
