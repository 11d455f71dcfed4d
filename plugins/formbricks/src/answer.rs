//! Answers out of a submission: one record for each question that was put.

use std::collections::BTreeMap;

use serde_json::Value;
use vocd_plugin::records::{Attributes, Metric, Mode, Response, Status};
use vocd_plugin::{Out, RecordKind, Result};

use crate::config::Config;
use crate::submission::{Submission, text_of};
use crate::survey::{Asks, Question, Survey};

/// What the vendor itself puts among the answers of link surveys.
const RESERVED: [&str; 4] = ["verifiedEmail", "source", "suid", "userId"];

/// What the records of one submission share.
struct Shared<'a> {
    submission: &'a Submission,
    survey: &'a Survey,
    config: &'a Config,
    customer: Option<String>,
    attributes: Attributes,
}

/// What an answer says: a score or words, or neither where the question was passed over.
#[derive(Debug, PartialEq)]
struct Said<'a> {
    metric: Metric,
    score: Option<f64>,
    scale: Option<(f64, f64)>,
    words: Option<&'a str>,
}

/// Emits the answers of a submission; what cannot be read is refused one by one.
pub(crate) fn emit(
    submission: &Submission,
    survey: &Survey,
    config: &Config,
    out: &mut Out<'_>,
) -> Result<()> {
    let shared = Shared {
        submission,
        survey,
        config,
        customer: customer(submission, config),
        attributes: attributes(submission, survey, config),
    };
    for (id, value) in &submission.data {
        let place = format!("responses/{}/{id}", submission.id);
        let Some(question) = survey.question(id) else {
            if !survey.is_hidden(id) && !RESERVED.contains(&id.as_str()) {
                let detail = "the survey has no such question (any more)";
                out.reject(RecordKind::Response, "unknown_question", &place, detail);
            }
            continue;
        };
        match said(&question.asks, value) {
            Ok(Some(said)) => shared.emit(id, question, &said, out)?,
            Ok(None) => {}
            Err((reason, detail)) => out.reject(RecordKind::Response, reason, &place, &detail),
        }
    }
    Ok(())
}

impl Shared<'_> {
    fn emit(
        &self,
        question_id: &str,
        question: &Question,
        said: &Said<'_>,
        out: &mut Out<'_>,
    ) -> Result<()> {
        let submission = self.submission;
        let status = match submission.finished {
            true => Status::Complete,
            false => Status::Partial,
        };
        let is_relational = self.config.relational.contains(&submission.survey_id);
        out.row(&Response {
            updated_at: Some(submission.updated_at),
            attributes: self.attributes.clone(),
            survey_name: self.survey.name.as_deref(),
            question_text: question.text.as_deref(),
            score: said.score,
            scale_min: said.scale.map(|(min, _)| min),
            scale_max: said.scale.map(|(_, max)| max),
            response: Some(&submission.id),
            status: Some(status),
            mode: is_relational.then_some(Mode::Relational),
            customer: self.customer.as_deref(),
            channel: self.survey.channel.as_deref(),
            language: submission.language(),
            comment: said.words,
            ..Response::new(
                &format!("{}:{question_id}", submission.id),
                &submission.survey_id,
                question_id,
                said.metric,
                submission.created_at,
            )
        })
    }
}

/// Returns what an answer says, `None` when it is of no question that is kept, or why it is refused.
fn said<'a>(
    asks: &Asks,
    value: &'a Value,
) -> std::result::Result<Option<Said<'a>>, (&'static str, String)> {
    match asks {
        Asks::Score { metric, min, max } => Ok(Some(Said {
            metric: *metric,
            score: score(value)?,
            scale: Some((*min, *max)),
            words: None,
        })),
        Asks::Words => match value {
            // Blank words are a version too: they may have been taken back.
            Value::Null | Value::String(_) => Ok(Some(Said {
                metric: Metric::Text,
                score: None,
                scale: None,
                words: value.as_str().filter(|words| !words.trim().is_empty()),
            })),
            _ => Err((
                "bad_text",
                "the answer to an open question is no text".to_owned(),
            )),
        },
        Asks::Choice(_) | Asks::Nothing => Ok(None),
        Asks::Unknown(what) => {
            let detail = format!("this plugin does not know elements of the type `{what}`");
            Err(("unknown_type", detail))
        }
    }
}

/// Reads a score; a question that was passed over has an empty text.
fn score(value: &Value) -> std::result::Result<Option<f64>, (&'static str, String)> {
    let number = match value {
        Value::Null => return Ok(None),
        Value::String(text) if text.trim().is_empty() => return Ok(None),
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => number.as_f64(),
        _ => None,
    };
    let number = number.filter(|number: &f64| number.is_finite());
    let refused = || {
        (
            "bad_number",
            "the answer to a scale is no number".to_owned(),
        )
    };
    number.map(Some).ok_or_else(refused)
}

/// Returns the reference to who answered: an alias that other sources know, else the vendor's id.
fn customer(submission: &Submission, config: &Config) -> Option<String> {
    let known = submission.contact_attribute(&config.customer_attribute);
    let alias = known.map(|known| format!("{}:{known}", config.customer_alias));
    alias.or_else(|| submission.contact_id().map(str::to_owned))
}

fn attributes(submission: &Submission, survey: &Survey, config: &Config) -> Attributes {
    let mut named: BTreeMap<&str, String> = BTreeMap::new();
    for (name, text) in submission.circumstances() {
        named.insert(name, text.to_owned());
    }
    for (id, value) in &submission.data {
        let asks = survey.question(id).map(|question| &question.asks);
        if let (Some(Asks::Choice(known)), Some(text)) = (asks, text_of(value)) {
            // "Other" is followed by words of the customer's own, which belong in no dimension.
            let own = known.get(&text).map_or("other", String::as_str);
            named.insert(id, own.to_owned());
        }
    }
    for name in &config.attributes {
        let variables = submission.variables.as_ref();
        let value = submission
            .data
            .get(name)
            .filter(|_| survey.is_hidden(name))
            .or_else(|| variables?.get(name))
            .and_then(text_of)
            .or_else(|| submission.contact_attribute(name));
        if let Some(text) = value {
            named.insert(name, text);
        }
    }
    let named = named.iter();
    named.fold(Attributes::new(), |attributes, (name, text)| {
        attributes.text(name, text)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_score_is_a_number_an_empty_text_or_refused() {
        assert_eq!(score(&json!(9)), Ok(Some(9.0)));
        assert_eq!(score(&json!("7")), Ok(Some(7.0)));
        assert_eq!(score(&json!("")), Ok(None));
        assert_eq!(score(&Value::Null), Ok(None));
        for value in [
            json!("often"),
            json!(["9"]),
            json!({"a": 9}),
            json!("inf"),
            json!(true),
        ] {
            assert_eq!(
                score(&value).expect_err("no score").0,
                "bad_number",
                "{value}"
            );
        }
    }

    #[test]
    fn blank_words_are_an_answer_without_words() {
        let blank = json!("  ");
        let passed_over = said(&Asks::Words, &blank).expect("read").expect("kept");
        assert_eq!(passed_over.words, None);
        assert_eq!(
            said(&Asks::Words, &json!(["a"])).expect_err("a list").0,
            "bad_text"
        );
        let words = json!("slow, but kind");
        let said = said(&Asks::Words, &words)
            .expect("read")
            .expect("an answer");
        assert_eq!(
            (said.metric, said.words),
            (Metric::Text, Some("slow, but kind"))
        );
    }
}
