//! Organisations, the accounts of customers.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use vocd_plugin::cursor::{Page, Watermark};
use vocd_plugin::records::Customer;
use vocd_plugin::{Error, Out, RecordKind, Result, Time};

use crate::api::{Api, EXPORTS, fetch};
use crate::config::Fields;
use crate::export::Start;
use crate::shape::{Id, Refusal, Stamp, nullable};
use crate::ticket::text_of;
use crate::user::external_alias;

const PATH: &str = "/api/v2/incremental/organizations";
/// The export begins with the whole second that the last page ended in; its rows are told from news
/// for this long after their last change.
const OVERLAP: Duration = Duration::from_secs(3_600);

#[derive(Deserialize)]
struct Answer {
    organizations: Vec<Wire>,
    end_of_stream: bool,
    /// Null when there was nothing.
    #[serde(deserialize_with = "nullable")]
    end_time: Option<i64>,
}

/// An organisation as the API shows it.
#[derive(Debug, Deserialize)]
struct Wire {
    id: Id,
    name: String,
    created_at: Stamp,
    updated_at: Stamp,
    #[serde(deserialize_with = "nullable")]
    external_id: Option<String>,
    domain_names: Vec<String>,
    organization_fields: Option<Map<String, Value>>,
    deleted_at: Option<Stamp>,
}

/// Where the export goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cursor {
    start_time: i64,
    #[serde(default)]
    seen: Watermark,
}

impl Cursor {
    pub(crate) fn new(start: Start) -> Self {
        Self {
            start_time: start.second(),
            seen: Watermark::default(),
        }
    }
}

/// Returns the record's id: users and organisations count apart at the vendor and are both
/// customers here.
pub(crate) fn record_id(id: &Id) -> String {
    format!("organization-{}", id.as_str())
}

/// Reads the page at a cursor.
pub(crate) fn page(
    cursor: &Cursor,
    api: &Api,
    start: Start,
    fields: &Fields,
    out: &mut Out<'_>,
) -> Result<Page<Cursor>> {
    // The vendor refuses its newest minute, and gives nothing of it.
    let second = start.bounded(cursor.start_time);
    let request = api.get(PATH).bucket(EXPORTS);
    let answer: Answer = fetch(request.query("start_time", &second.to_string()))?;
    let mut next = cursor.clone();
    for organization in &answer.organizations {
        match times(organization) {
            Ok((created_at, updated_at, deleted_at)) => {
                let id = record_id(&organization.id);
                if next
                    .seen
                    .is_news(&id, deleted_at.unwrap_or(updated_at), OVERLAP)
                {
                    let row = Row {
                        id: &id,
                        created_at,
                        updated_at,
                        deleted_at,
                    };
                    emit(organization, &row, fields, out)?;
                }
            }
            Err(refusal) => {
                let place = format!("organizations/{}", organization.id.as_str());
                refusal.tell(out, RecordKind::Customer, &place);
            }
        }
    }
    next.start_time = answer
        .end_time
        .unwrap_or(cursor.start_time)
        .max(cursor.start_time);
    match answer.end_of_stream {
        true => Ok(Page::Last(next)),
        false if next.start_time == cursor.start_time => Err(Error::internal(format!(
            "more organisations changed in second {second} than one page holds, and the vendor's \
             export does not get past it: change one of them in Zendesk, or ask its support"
        ))),
        false => Ok(Page::More(next)),
    }
}

struct Row<'a> {
    id: &'a str,
    created_at: Time,
    updated_at: Time,
    deleted_at: Option<Time>,
}

fn times(wire: &Wire) -> std::result::Result<(Time, Time, Option<Time>), Refusal> {
    Ok((
        wire.created_at.required("created_at")?,
        wire.updated_at.required("updated_at")?,
        wire.deleted_at.unwrap_or_default().optional("deleted_at")?,
    ))
}

fn emit(wire: &Wire, row: &Row<'_>, fields: &Fields, out: &mut Out<'_>) -> Result<()> {
    let domains = wire
        .domain_names
        .iter()
        .map(|domain| format!("domain:{domain}"));
    let external = external_alias(fields, wire.external_id.as_deref());
    let aliases: Vec<String> = external.into_iter().chain(domains).collect();
    let field =
        |key: &Option<String>| text_of(wire.organization_fields.as_ref()?.get(key.as_ref()?)?);
    let known = &fields.organization;
    let (segment, industry) = (field(&known.segment), field(&known.industry));
    let (region, plan) = (field(&known.region), field(&known.plan));
    out.row(&Customer {
        updated_at: Some(row.deleted_at.unwrap_or(row.updated_at)),
        deleted: row.deleted_at.is_some(),
        aliases: Some(aliases.iter().map(String::as_str).collect()),
        name: Some(&wire.name),
        segment: segment.as_deref(),
        industry: industry.as_deref(),
        region: region.as_deref(),
        plan: plan.as_deref(),
        first_seen_at: Some(row.created_at),
        ..Customer::new(row.id)
    })
}
