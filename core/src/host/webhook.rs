//! Hands webhooks to a child one after the other: the next when the one before is parsed.

use std::io;
use std::io::Write;
use std::slice;

use serde_json::{Value, json};
use vocd_plugin::frame::{FrameKind, write_frame};

use super::Task;
use super::failure::Stage;

/// One webhook to parse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery<'a> {
    /// What tells two deliveries of one event.
    pub event_id: &'a str,
    /// When it arrived, in milliseconds since 1970.
    pub received_at_ms: i64,
    /// Headers for the plugin, names in lower case.
    pub headers: &'a [(String, String)],
    /// The body as it came.
    pub body: &'a [u8],
}

/// What a child is started for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Work<'a> {
    Do(Task<'a>),
    Parse(&'a [Delivery<'a>]),
}

impl<'a> Work<'a> {
    /// Returns the word of the child's first frame.
    pub(super) const fn mode(self) -> &'static str {
        match self {
            Self::Do(Task::Open) => "open",
            Self::Do(Task::Read) => "read",
            Self::Do(Task::Call { .. }) => "call",
            Self::Do(Task::Endure) => "endure",
            Self::Parse(_) => "webhook",
        }
    }

    /// Returns the stage of a run whose plugin is open.
    pub(super) const fn stage(self) -> Stage {
        match self {
            Self::Do(Task::Open | Task::Endure) => Stage::Open,
            Self::Do(Task::Read) => Stage::Read,
            Self::Do(Task::Call { .. }) => Stage::Call,
            Self::Parse(_) => Stage::Webhook,
        }
    }

    /// Returns the method to call and its parameters; none where nothing is called.
    pub(super) const fn call(self) -> (&'a str, Option<&'a Value>) {
        match self {
            Self::Do(Task::Call { method, params }) => (method, Some(params)),
            Self::Do(Task::Open | Task::Read | Task::Endure) | Self::Parse(_) => ("", None),
        }
    }

    /// Returns whether the plugin may connect to anything: opening reads a configuration and no
    /// more.
    pub(super) const fn connects(self) -> bool {
        !matches!(self, Self::Do(Task::Open | Task::Endure))
    }

    pub(super) fn deliveries(self) -> slice::Iter<'a, Delivery<'a>> {
        match self {
            Self::Do(_) => [].iter(),
            Self::Parse(deliveries) => deliveries.iter(),
        }
    }
}

/// Sends one webhook.
pub(super) fn deliver(pipe: &mut impl Write, delivery: &Delivery<'_>) -> io::Result<()> {
    let headers: serde_json::Map<_, _> = delivery
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().into()))
        .collect();
    let request = json!({
        "event_id": delivery.event_id,
        "received_at_ms": delivery.received_at_ms,
        "headers": headers,
    });
    write_frame(pipe, FrameKind::Webhook, 0, request.to_string().as_bytes())?;
    write_frame(pipe, FrameKind::Body, 0, delivery.body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_two_frames() {
        let mut bytes = Vec::new();
        let headers = [("x-topic".to_owned(), "a\"b".to_owned())];
        let delivery = Delivery {
            event_id: "e1",
            received_at_ms: 5,
            headers: &headers,
            body: b"{}",
        };
        deliver(&mut bytes, &delivery).expect("in memory");
        let request = r#"{"event_id":"e1","received_at_ms":5,"headers":{"x-topic":"a\"b"}}"#;
        let mut expected = Vec::new();
        write_frame(&mut expected, FrameKind::Webhook, 0, request.as_bytes()).expect("in memory");
        write_frame(&mut expected, FrameKind::Body, 0, b"{}").expect("in memory");
        assert_eq!(bytes, expected);
    }
}
