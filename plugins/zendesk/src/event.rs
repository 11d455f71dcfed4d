//! Webhooks: events, and what the triggers and automations of an administrator send.
//!
//! An event says what changed, with ids as texts and half of the fields. The whole object is
//! fetched, so that a row is the same whichever way it came.

use serde::Deserialize;
use vocd_plugin::{Error, Result, Time, Webhook};

use crate::shape::{Id, Stamp, from_slice};

#[derive(Deserialize)]
struct Body {
    /// `zen:event-type:ticket.created`.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// `zen:ticket:35436`.
    subject: Option<String>,
    #[serde(default)]
    time: Stamp,
    /// What the documentation tells administrators to send.
    ticket_id: Option<Id>,
}

/// What happened to a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    /// It changed.
    Change,
    /// Its satisfaction may have changed, too.
    Csat,
    /// It was deleted.
    Deletion,
}

/// What a webhook asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A ticket changed.
    Ticket {
        id: String,
        /// When.
        at: Time,
        /// What happened, besides a change.
        news: News,
    },
    /// Something that is no ticket.
    Other,
}

impl Event {
    pub(crate) fn parse(webhook: &Webhook<'_>) -> Result<Self> {
        let body: Body = from_slice("the webhook", webhook.body)?;
        let at = match body.time {
            Stamp::At(time) => time,
            Stamp::Absent | Stamp::Unreadable => Time::from_unix_ms(webhook.received_at_ms),
        };
        if let Some(id) = body.ticket_id {
            let id = id.as_str().to_owned();
            let news = News::Csat;
            return Ok(Self::Ticket { id, at, news });
        }
        let (Some(kind), Some(subject)) = (body.kind, body.subject) else {
            return Err(Error::schema_changed(
                "the webhook is neither an event nor names a ticket: let its body be \
                 {\"ticket_id\": \"{{ticket.id}}\"}",
            ));
        };
        let Some(id) = subject.strip_prefix("zen:ticket:") else {
            return Ok(Self::Other);
        };
        let is_id =
            !id.is_empty() && id.len() <= 18 && id.bytes().all(|byte| byte.is_ascii_digit());
        if !is_id {
            return Err(Error::schema_changed("the event's subject names no ticket"));
        }
        Ok(Self::Ticket {
            id: id.to_owned(),
            at,
            news: match kind {
                kind if kind.contains("ticket.csat_") => News::Csat,
                kind if kind.ends_with("_deleted") => News::Deletion,
                _ => News::Change,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(body: &str) -> Result<Event> {
        Event::parse(&Webhook {
            event_id: "1".to_owned(),
            received_at_ms: 5_000,
            headers: Vec::new(),
            body: body.as_bytes(),
        })
    }

    #[test]
    fn an_event_names_its_ticket() {
        let created = r#"{"type":"zen:event-type:ticket.created","subject":"zen:ticket:7",
            "time":"2026-01-01T00:00:00Z","detail":{"id":"7"},"event":{}}"#;
        let at = Time::from_unix_s(1_767_225_600);
        let ticket = |at, news| Event::Ticket {
            id: "7".to_owned(),
            at,
            news,
        };
        let arrived = Time::from_unix_s(5);
        assert_eq!(event(created), Ok(ticket(at, News::Change)));
        let of = |kind: &str| {
            event(&format!(
                r#"{{"type":"zen:event-type:ticket.{kind}","subject":"zen:ticket:7"}}"#
            ))
        };
        assert_eq!(of("csat_received"), Ok(ticket(arrived, News::Csat)));
        assert_eq!(of("soft_deleted"), Ok(ticket(arrived, News::Deletion)));
        assert_eq!(
            event(r#"{"ticket_id":"7"}"#),
            Ok(ticket(arrived, News::Csat))
        );
    }

    #[test]
    fn what_is_no_ticket_is_told_apart_from_what_is_not_understood() {
        let user = r#"{"type":"zen:event-type:user.created","subject":"zen:user:7"}"#;
        assert_eq!(event(user), Ok(Event::Other));
        for body in [
            "{}",
            r#"{"type":"a","subject":"zen:ticket:x/y"}"#,
            "[]",
            "ticket 7",
        ] {
            let error = event(body).expect_err(body);
            assert_eq!(
                error.class(),
                vocd_plugin::ErrorClass::SchemaChanged,
                "{body}"
            );
        }
    }
}
