//! The legacy satisfaction survey: good or bad.

use std::time::Duration;

use serde::Deserialize;
use vocd_plugin::http::Request;
use vocd_plugin::records::{Attributes, Direction, Invitation, Metric, Response, Status};
use vocd_plugin::{Out, RecordKind, Result, Time};

use crate::csat::Seen;
use crate::shape::{Id, Refusal, Stamp};

pub(crate) const PATH: &str = "/api/v2/satisfaction_ratings";
/// The name of the survey; the vendor has one without a name.
const SURVEY: &str = "csat";
/// The list is in no order to rely on, and a change makes a new rating: looking back this far finds
/// what was listed late.
pub(crate) const OVERLAP: Duration = Duration::from_secs(3_600);

/// A rating as the API shows it.
#[derive(Debug, Deserialize)]
pub(crate) struct Wire {
    id: Id,
    ticket_id: Id,
    score: String,
    created_at: Stamp,
    updated_at: Stamp,
    requester_id: Id,
    #[serde(deserialize_with = "crate::shape::nullable")]
    assignee_id: Option<Id>,
    comment: Option<String>,
    reason: Option<String>,
}

/// Asks for ratings made since an instant.
pub(crate) fn since(request: Request<'_>, since: Option<Time>, start: Time) -> Request<'_> {
    let since = since.map_or(start, |since| since.max(start));
    request.query("start_time", &since.unix_s().max(0).to_string())
}

/// Emits one rating if it is news, or refuses it.
pub(crate) fn emit(wire: &Wire, seen: &mut Seen<'_>, out: &mut Out<'_>) -> Result<()> {
    let times = || -> std::result::Result<(Time, Time), Refusal> {
        let created_at = wire.created_at.required("created_at")?;
        Ok((created_at, wire.updated_at.required("updated_at")?))
    };
    let place = || format!("satisfaction_ratings/{}", wire.id.as_str());
    let (created_at, updated_at) = match times() {
        Ok(times) => times,
        Err(refusal) => {
            refusal.tell(out, RecordKind::Response, &place());
            return Ok(());
        }
    };
    let version = format!("{}@{}", wire.id.as_str(), updated_at.unix_s());
    if !seen.is_news(&version, created_at, OVERLAP) {
        return Ok(());
    }
    // All ratings of a ticket are versions of one answer: the vendor makes a new rating of each
    // change, and only the last one holds.
    let id = format!("csat-{}", wire.ticket_id.as_str());
    let row = Row {
        wire,
        id: &id,
        created_at,
        updated_at,
    };
    match wire.score.as_str() {
        "good" => row.response(1.0, out),
        "bad" => row.response(0.0, out),
        "offered" => row.invitation(out),
        // The survey was not sent.
        "unoffered" => Ok(()),
        _ => {
            Refusal::unknown("score").tell(out, RecordKind::Response, &place());
            Ok(())
        }
    }
}

struct Row<'a> {
    wire: &'a Wire,
    id: &'a str,
    created_at: Time,
    updated_at: Time,
}

impl Row<'_> {
    fn response(&self, score: f64, out: &mut Out<'_>) -> Result<()> {
        out.row(&Response {
            updated_at: Some(self.updated_at),
            // Of two ratings in one second the later one holds.
            revision: self.wire.id.as_str().parse().ok(),
            score: Some(score),
            scale_min: Some(0.0),
            scale_max: Some(1.0),
            direction: Some(Direction::HigherIsBetter),
            status: Some(Status::Complete),
            customer: Some(self.wire.requester_id.as_str()),
            agent: self.wire.assignee_id.as_ref().map(Id::as_str),
            ticket: Some(self.wire.ticket_id.as_str()),
            comment: self.wire.comment.as_deref().filter(|text| !text.is_empty()),
            attributes: Attributes::new().maybe_text("reason", self.wire.reason.as_deref()),
            ..Response::new(
                self.id,
                SURVEY,
                "satisfaction",
                Metric::Csat,
                self.created_at,
            )
        })
    }

    fn invitation(&self, out: &mut Out<'_>) -> Result<()> {
        out.row(&Invitation {
            updated_at: Some(self.updated_at),
            revision: self.wire.id.as_str().parse().ok(),
            customer: Some(self.wire.requester_id.as_str()),
            agent: self.wire.assignee_id.as_ref().map(Id::as_str),
            ticket: Some(self.wire.ticket_id.as_str()),
            response: Some(self.id),
            ..Invitation::new(self.id, SURVEY, self.created_at)
        })
    }
}
