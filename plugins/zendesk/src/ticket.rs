//! Tickets, with their metric sets.

use std::collections::HashMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use vocd_plugin::records::{Attributes, Ticket};
use vocd_plugin::{Error, Out, RecordKind, Result, Time};

use crate::config::Fields;
use crate::group::Groups;
use crate::shape::{Id, Refusal, Stamp, nullable, present};

/// A ticket as the API shows it.
#[derive(Debug, Deserialize)]
pub(crate) struct Wire {
    pub(crate) id: Id,
    created_at: Stamp,
    updated_at: Stamp,
    /// When the vendor last wrote it, its own work included; only in exports.
    generated_timestamp: Option<u64>,
    status: String,
    via: Via,
    #[serde(deserialize_with = "nullable")]
    priority: Option<String>,
    #[serde(deserialize_with = "nullable")]
    assignee_id: Option<Id>,
    #[serde(deserialize_with = "nullable")]
    requester_id: Option<Id>,
    #[serde(deserialize_with = "nullable")]
    organization_id: Option<Id>,
    #[serde(deserialize_with = "nullable")]
    group_id: Option<Id>,
    tags: Vec<String>,
    custom_fields: Vec<CustomField>,
    #[serde(rename = "type", deserialize_with = "nullable")]
    kind: Option<String>,
    brand_id: Option<Id>,
    ticket_form_id: Option<Id>,
    pub(crate) satisfaction_rating: Option<Rated>,
    #[serde(default, deserialize_with = "present")]
    metric_set: Option<Option<MetricSet>>,
}

/// What a ticket says about its rating.
#[derive(Debug, Deserialize)]
pub(crate) struct Rated {
    /// Absent while none was offered.
    pub(crate) id: Option<Id>,
}

#[derive(Debug, Deserialize)]
struct Via {
    #[serde(deserialize_with = "nullable")]
    channel: Option<String>,
}

#[derive(Debug, Deserialize)]
struct CustomField {
    id: Id,
    value: Value,
}

/// What the vendor measured of a ticket.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct MetricSet {
    ticket_id: Id,
    reply_time_in_minutes: Minutes,
    /// Only of messaging tickets, whose minutes are too coarse.
    reply_time_in_seconds: Option<Seconds>,
    first_resolution_time_in_minutes: Minutes,
    full_resolution_time_in_minutes: Minutes,
    #[serde(deserialize_with = "nullable")]
    reopens: Option<u64>,
    #[serde(deserialize_with = "nullable")]
    replies: Option<u64>,
    solved_at: Stamp,
    status_updated_at: Stamp,
}

/// Minutes since the ticket was made; null until it happened.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Minutes {
    #[serde(deserialize_with = "nullable")]
    calendar: Option<u32>,
    #[serde(deserialize_with = "nullable")]
    business: Option<u32>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Seconds {
    calendar: Option<u32>,
}

/// The metric sets beside the tickets of an answer: some answers put them there, some into each
/// ticket.
pub(crate) struct Beside(Option<HashMap<String, MetricSet>>);

impl Beside {
    pub(crate) fn new(metric_sets: Option<Vec<MetricSet>>) -> Self {
        let by_ticket = |set: MetricSet| (set.ticket_id.as_str().to_owned(), set);
        Self(metric_sets.map(|sets| sets.into_iter().map(by_ticket).collect()))
    }

    /// Returns the metric set of a ticket; `None` where the vendor has none of it.
    fn of<'a>(&'a self, ticket: &'a Wire) -> Result<Option<&'a MetricSet>> {
        match (&ticket.metric_set, &self.0) {
            (Some(inside), _) => Ok(inside.as_ref()),
            (None, Some(beside)) => Ok(beside.get(ticket.id.as_str())),
            (None, None) => Err(Error::schema_changed(
                "tickets came without `metric_set` although it was asked for: missing field \
                 `metric_set`",
            )),
        }
    }
}

/// What it takes to make records of tickets.
pub(crate) struct Maker<'a> {
    pub(crate) fields: &'a Fields,
    pub(crate) groups: &'a Groups,
    pub(crate) beside: &'a Beside,
}

impl Maker<'_> {
    /// Emits one ticket, or refuses it.
    pub(crate) fn emit(&self, ticket: &Wire, out: &mut Out<'_>) -> Result<()> {
        // A deleted ticket is scrubbed little by little: nothing is expected of it any more.
        let metric_set = match ticket.status.as_str() {
            "deleted" => None,
            _ => self.beside.of(ticket)?,
        };
        match Times::of(ticket, metric_set) {
            Ok(times) => self.row(ticket, metric_set, &times, out),
            Err(refusal) => {
                let place = format!("tickets/{}", ticket.id.as_str());
                refusal.tell(out, RecordKind::Ticket, &place);
                Ok(())
            }
        }
    }

    fn row(
        &self,
        ticket: &Wire,
        metric_set: Option<&MetricSet>,
        times: &Times,
        out: &mut Out<'_>,
    ) -> Result<()> {
        let category = self.category(ticket);
        let bare = Ticket {
            updated_at: Some(times.updated_at),
            // The vendor's own work moves this and not `updated_at`.
            revision: ticket.generated_timestamp,
            ..Ticket::new(ticket.id.as_str(), times.created_at)
        };
        if ticket.status == "deleted" {
            return out.row(&Ticket {
                deleted: true,
                ..bare
            });
        }
        let seconds = |minutes: Option<u32>| minutes.map(|minutes| f64::from(minutes) * 60.0);
        out.row(&Ticket {
            first_reply_at: times.first_reply_at,
            first_solved_at: times.first_solved_at,
            solved_at: times.solved_at,
            closed_at: times.closed_at,
            reopens: metric_set.and_then(|set| set.reopens),
            replies: metric_set.and_then(|set| set.replies),
            status: Some(&ticket.status),
            priority: ticket.priority.as_deref(),
            channel: ticket.via.channel.as_deref(),
            category: category.as_deref(),
            tags: Some(ticket.tags.iter().map(String::as_str).collect()),
            agent: ticket.assignee_id.as_ref().map(Id::as_str),
            team: self.groups.name(ticket.group_id.as_ref()),
            customer: ticket.requester_id.as_ref().map(Id::as_str),
            business_first_reply_s: metric_set
                .and_then(|set| seconds(set.reply_time_in_minutes.business)),
            business_resolution_s: metric_set
                .filter(|_| times.solved_at.is_some())
                .and_then(|set| seconds(set.full_resolution_time_in_minutes.business)),
            attributes: attributes(ticket),
            ..bare
        })
    }

    /// Returns the value of the configured field as a text.
    fn category(&self, ticket: &Wire) -> Option<String> {
        let id = self.fields.category.as_deref()?;
        let field = ticket
            .custom_fields
            .iter()
            .find(|field| field.id.as_str() == id)?;
        text_of(&field.value)
    }
}

/// The ids of groups that tickets name.
pub(crate) fn group_ids(tickets: &[Wire]) -> impl Iterator<Item = &Id> {
    tickets.iter().filter_map(|ticket| ticket.group_id.as_ref())
}

fn attributes(ticket: &Wire) -> Attributes {
    let id = |id: &Option<Id>| id.as_ref().map(|id| id.as_str().to_owned());
    Attributes::new()
        .maybe_text("type", ticket.kind.as_deref())
        .maybe_text("brand", id(&ticket.brand_id).as_deref())
        .maybe_text("form", id(&ticket.ticket_form_id).as_deref())
        .maybe_text("organization", id(&ticket.organization_id).as_deref())
}

/// Returns a field's value as a text: of several choices all, in their order.
pub(crate) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Array(items) => {
            let texts: Vec<String> = items.iter().filter_map(text_of).collect();
            (!texts.is_empty()).then(|| texts.join(", "))
        }
        _ => None,
    }
}

/// When things happened to a ticket.
struct Times {
    created_at: Time,
    updated_at: Time,
    first_reply_at: Option<Time>,
    first_solved_at: Option<Time>,
    solved_at: Option<Time>,
    closed_at: Option<Time>,
}

impl Times {
    fn of(ticket: &Wire, metric_set: Option<&MetricSet>) -> std::result::Result<Self, Refusal> {
        let created_at = ticket.created_at.required("created_at")?;
        let updated_at = ticket.updated_at.required("updated_at")?;
        let mut times = Self {
            created_at,
            updated_at,
            first_reply_at: None,
            first_solved_at: None,
            solved_at: None,
            closed_at: None,
        };
        let Some(set) = metric_set else {
            return Ok(times);
        };
        let after = |seconds: u64| created_at + Duration::from_secs(seconds);
        let minutes = |minutes: Minutes| minutes.calendar.map(|n| after(u64::from(n) * 60));
        let seconds = set
            .reply_time_in_seconds
            .and_then(|seconds| seconds.calendar);
        times.first_reply_at = seconds
            .map(|n| after(u64::from(n)))
            .or_else(|| minutes(set.reply_time_in_minutes));
        times.first_solved_at = minutes(set.first_resolution_time_in_minutes);
        let solved_at = set.solved_at.optional("metric_set.solved_at")?;
        let status_at = set
            .status_updated_at
            .optional("metric_set.status_updated_at")?;
        let is_closed = ticket.status == "closed";
        // A ticket that was opened again keeps the time in its metric set, but is not solved.
        if is_closed || ticket.status == "solved" {
            let by_minutes = minutes(set.full_resolution_time_in_minutes);
            times.solved_at = solved_at.or(by_minutes);
        }
        // Closing is the last change of status there is.
        times.closed_at = status_at.filter(|_| is_closed);
        Ok(times)
    }
}
