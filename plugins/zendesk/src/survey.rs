//! The new satisfaction survey, whose questions the account writes.

use std::time::Duration;

use serde::Deserialize;
use vocd_plugin::http::Request;
use vocd_plugin::records::{Attributes, Direction, Metric, Response, Status};
use vocd_plugin::{Out, RecordKind, Result, Time};

use crate::csat::Seen;
use crate::shape::{Id, Refusal, Stamp, nullable};

pub(crate) const PATH: &str = "/api/v2/guide/survey_responses";

/// One submission as the API shows it.
#[derive(Debug, Deserialize)]
pub(crate) struct Wire {
    id: String,
    /// Empty while nobody answered.
    answers: Vec<Answer>,
    responder_id: Option<Id>,
    subjects: Vec<Subject>,
    survey: Survey,
}

#[derive(Debug, Deserialize)]
struct Survey {
    id: String,
}

#[derive(Debug, Deserialize)]
struct Subject {
    #[serde(rename = "type")]
    kind: String,
    id: String,
}

#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(rename = "type")]
    kind: String,
    question: Question,
    rating: Option<f64>,
    rating_category: Option<String>,
    value: Option<String>,
    created_at: Stamp,
    updated_at: Stamp,
}

#[derive(Debug, Deserialize)]
struct Question {
    id: String,
    #[serde(rename = "type", deserialize_with = "nullable")]
    kind: Option<String>,
    sub_type: Option<String>,
    alias: Option<String>,
}

/// Asks for submissions made since an instant.
pub(crate) fn since(request: Request<'_>, since: Option<Time>, start: Time) -> Request<'_> {
    let since = since.map_or(start, |since| since.max(start));
    let since_ms = since.unix_ms().max(0).to_string();
    request.query("filter[created_at_start]", &since_ms)
}

/// Emits the answers of one submission if they are news, or refuses those that are none.
pub(crate) fn emit(
    wire: &Wire,
    seen: &mut Seen<'_>,
    overlap: Duration,
    out: &mut Out<'_>,
) -> Result<()> {
    let times = wire.answers.iter().map(Times::of);
    let changes = times.flatten().map(|times| times.changed_at);
    if let Some(changed_at) = changes.max()
        && !seen.is_news(&wire.id, changed_at, overlap)
    {
        return Ok(());
    }
    for answer in &wire.answers {
        let id = format!("{}:{}", wire.id, answer.question.id);
        let refusal = match (Times::of(answer), meaning(answer)) {
            (Ok(times), Ok(Some(meaning))) => {
                emit_answer(wire, answer, &id, &times, &meaning, out)?;
                continue;
            }
            // Neither a rating nor words: choices are no score.
            (Ok(_), Ok(None)) => continue,
            (Err(refusal), _) | (_, Err(refusal)) => refusal,
        };
        refusal.tell(out, RecordKind::Response, &format!("survey_responses/{id}"));
    }
    Ok(())
}

struct Times {
    answered_at: Time,
    changed_at: Time,
}

impl Times {
    fn of(answer: &Answer) -> std::result::Result<Self, Refusal> {
        Ok(Self {
            answered_at: answer.created_at.required("created_at")?,
            changed_at: answer.updated_at.required("updated_at")?,
        })
    }
}

/// What an answer says.
#[derive(Debug, PartialEq)]
enum Meaning<'a> {
    /// 1 where the vendor counts it as good, else 0; `None` when the question was skipped.
    Satisfied(Option<f64>),
    /// One of several questions with a rating.
    Driver(Option<f64>),
    Words(&'a str),
}

fn meaning(answer: &Answer) -> std::result::Result<Option<Meaning<'_>>, Refusal> {
    let question = &answer.question;
    let is_rating = question
        .kind
        .as_deref()
        .is_some_and(|kind| kind.starts_with("rating_scale"));
    let rated = |score| match question.sub_type.as_deref() {
        None | Some("customer_satisfaction") => Meaning::Satisfied(score),
        Some(_) => Meaning::Driver(score),
    };
    Ok(match answer.kind.as_str() {
        "rating_scale" => match answer.rating_category.as_deref() {
            Some("good") => Some(rated(Some(1.0))),
            Some("bad") => Some(rated(Some(0.0))),
            _ => return Err(Refusal::unknown("rating_category")),
        },
        "skipped" if is_rating => Some(rated(None)),
        "skipped" | "closed_ended" => None,
        "open_ended" => {
            let words = answer
                .value
                .as_deref()
                .filter(|words| !words.trim().is_empty());
            words.map(Meaning::Words)
        }
        _ => return Err(Refusal::unknown("answers.type")),
    })
}

fn emit_answer(
    wire: &Wire,
    answer: &Answer,
    id: &str,
    times: &Times,
    meaning: &Meaning<'_>,
    out: &mut Out<'_>,
) -> Result<()> {
    let (metric, score, words) = match meaning {
        Meaning::Satisfied(score) => (Metric::Csat, *score, None),
        Meaning::Driver(score) => (Metric::Driver, *score, None),
        Meaning::Words(words) => (Metric::Text, None, Some(*words)),
    };
    let is_rating = metric != Metric::Text;
    let question = answer.question.id.as_str();
    let mut attributes =
        Attributes::new().maybe_text("question_alias", answer.question.alias.as_deref());
    if let Some(rating) = answer.rating {
        attributes = attributes.number("rating", rating);
    }
    let ticket = wire
        .subjects
        .iter()
        .find(|subject| subject.kind == "ticket");
    out.row(&Response {
        updated_at: Some(times.changed_at),
        attributes,
        score,
        scale_min: is_rating.then_some(0.0),
        scale_max: is_rating.then_some(1.0),
        direction: is_rating.then_some(Direction::HigherIsBetter),
        response: Some(&wire.id),
        status: Some(Status::Complete),
        customer: wire.responder_id.as_ref().map(Id::as_str),
        ticket: ticket.map(|ticket| ticket.id.as_str()),
        comment: words,
        ..Response::new(id, &wire.survey.id, question, metric, times.answered_at)
    })
}
