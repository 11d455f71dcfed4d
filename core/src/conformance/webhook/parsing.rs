//! One child that parses webhooks, and what came of each.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::super::bench::Bench;
use super::super::row::{Row, rows};
use crate::host::{
    Cassette, Delivery, Failure, Flow, Outbound, Overheard, RunEvent, RunOutcome, StopSignal,
};
use crate::record::StreamName;
use crate::record::door::{Door, Reject};

/// How often each recorded request can be made: a few webhooks may be about one object.
const N_ANSWERS: usize = 8;
/// Rows of one webhook that are compared.
const ROWS_MAX: usize = 10_000;

/// A webhook as the plugin gets it.
#[derive(Debug, Clone)]
pub(super) struct Sealed {
    pub(super) event_id: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) received_at: Timestamp,
}

impl Sealed {
    /// Returns the same event, delivered again later.
    pub(super) fn later(&self, by: SignedDuration) -> Self {
        Self {
            received_at: self
                .received_at
                .saturating_add(by)
                .unwrap_or(Timestamp::MAX),
            ..self.clone()
        }
    }

    fn delivery(&self) -> Delivery<'_> {
        Delivery {
            event_id: &self.event_id,
            received_at_ms: self.received_at.as_millisecond(),
            headers: &self.headers,
            body: &self.body,
        }
    }
}

/// What came of one webhook.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) rows: Vec<Row>,
    /// Rows that the daemon's own checks refuse.
    pub(super) bad_rows: Vec<Reject>,
    /// Why the plugin refused it.
    pub(super) refusal: Option<Failure>,
}

/// What came of one child.
#[derive(Debug)]
pub(super) struct Parsing {
    /// By webhook, in order; fewer than were sent when the child ended before.
    pub(super) webhooks: Vec<Parsed>,
    pub(super) has_checkpoint: bool,
    pub(super) outcome: RunOutcome,
    pub(super) overheard: Overheard,
    pub(super) rejects: Vec<Reject>,
}

/// What comes of the webhook at hand.
struct Taker {
    door: Door,
    at_hand: Parsed,
    webhooks: Vec<Parsed>,
    rejects: Vec<Reject>,
    has_checkpoint: bool,
}

impl Bench<'_> {
    /// Lets one child parse webhooks.
    pub(super) fn parse(
        &self,
        config: &Value,
        secrets: &[String],
        cassette: Option<&Arc<str>>,
        webhooks: &[Sealed],
    ) -> Parsing {
        let deliveries: Vec<Delivery<'_>> = webhooks.iter().map(Sealed::delivery).collect();
        let stream = StreamName::new("webhooks").expect("a plain name");
        let outbound = Outbound {
            cassette: cassette.map(|lines| Cassette::Replay(lines.repeat(N_ANSWERS).into())),
            ..Outbound::default()
        };
        let mut taker = Taker::new(self.door());
        let (outcome, overheard) = self.host().observe_parsing(
            self.request(config, secrets, &stream, &outbound),
            &deliveries,
            &StopSignal::new(),
            &mut |event| taker.take(event),
        );
        Parsing {
            webhooks: taker.webhooks,
            has_checkpoint: taker.has_checkpoint,
            outcome,
            overheard,
            rejects: taker.rejects,
        }
    }
}

impl Taker {
    fn new(door: Door) -> Self {
        Self {
            door,
            at_hand: Parsed::new(),
            webhooks: Vec::new(),
            rejects: Vec::new(),
            has_checkpoint: false,
        }
    }

    fn take(&mut self, event: RunEvent) -> Flow {
        match event {
            RunEvent::Batch(kind, batch) => {
                let new = rows(kind, &batch);
                let room = ROWS_MAX.saturating_sub(self.at_hand.rows.len());
                self.at_hand.rows.extend(new.into_iter().take(room));
                // The host let the batch in, so its columns are the kind's.
                if let Ok(checked) = self.door.check(kind, &batch, Timestamp::now()) {
                    self.at_hand.bad_rows.extend(checked.rejects);
                }
            }
            RunEvent::Checkpoint { .. } => self.has_checkpoint = true,
            RunEvent::Reject(reject) => self.rejects.push(reject),
            RunEvent::Parsed(refusal) => {
                self.at_hand.refusal = refusal;
                let parsed = std::mem::replace(&mut self.at_hand, Parsed::new());
                self.webhooks.push(parsed);
            }
            RunEvent::Progress(_) | RunEvent::Ready => {}
        }
        Flow::Continue
    }
}

impl Parsed {
    const fn new() -> Self {
        Self {
            rows: Vec::new(),
            bad_rows: Vec::new(),
            refusal: None,
        }
    }
}
