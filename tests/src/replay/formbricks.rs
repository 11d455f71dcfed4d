//! A Formbricks that remembers: surveys, and responses that change and disappear without a trace.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Asked, Said, Service, Shelf};

/// The key it takes.
pub const API_KEY: &str = "fbk-0123456789abcdef";
/// Secret of its webhooks; the text in base64 is `a webhook secret of the test`.
pub const WEBHOOK_SECRET: &str = "whsec_YSB3ZWJob29rIHNlY3JldCBvZiB0aGUgdGVzdA==";
/// The survey that everybody answers.
pub const SURVEY: &str = "sv-support";

/// The account.
#[derive(Debug, Default)]
pub struct Formbricks {
    /// By id.
    pub surveys: Vec<Value>,
    /// By id, in the order of their last change.
    pub responses: Shelf<String>,
    /// Most responses of a page; 0 gives as many as are asked for.
    pub page_rows: usize,
}

impl Formbricks {
    /// Makes an account with the survey.
    #[must_use]
    pub fn with_survey() -> Self {
        let elements = json!([
            {"id": "recommend", "type": "nps", "headline": {"default": "How likely?"}},
            {"id": "solved", "type": "csat", "range": 5, "headline": {"default": "Solved?"}},
            {"id": "why", "type": "openText", "inputType": "text", "headline": {"default": "Why?"}},
        ]);
        let survey = json!({"id": SURVEY, "name": "After support", "type": "link",
            "questions": [], "blocks": [{"id": "b", "elements": elements}],
            "hiddenFields": {"enabled": true, "fieldIds": ["plan"]}});
        Self {
            surveys: vec![survey],
            ..Self::default()
        }
    }

    /// Lets a customer begin the survey.
    pub fn begin(&mut self, id: &str, score: u64, at_s: i64) {
        let response = json!({
            "id": id, "createdAt": written(at_s), "finished": false, "surveyId": SURVEY,
            "data": {"recommend": score, "plan": "pro"}, "contactId": null, "language": "default",
            "contactAttributes": {"email": format!("{id}@example.org")}, "displayId": null,
            "endingId": null, "variables": {}, "ttc": {}, "singleUseId": null,
            "meta": {"url": "https://example.org", "country": "DE", "userAgent": {"os": "Linux"}},
        });
        self.responses.put(id.to_owned(), response, at_s);
    }

    /// Lets them come to its end.
    pub fn finish(&mut self, id: &str, words: &str, at_s: i64) {
        self.responses.edit(&id.to_owned(), at_s, |response| {
            response["data"]["why"] = json!(words);
            response["data"]["solved"] = json!(4);
            response["finished"] = json!(true);
        });
    }

    /// Lets somebody change the score.
    pub fn edit(&mut self, id: &str, score: u64, at_s: i64) {
        self.responses.edit(&id.to_owned(), at_s, |response| {
            response["data"]["recommend"] = json!(score);
        });
    }

    /// Returns a response as the API shows it.
    ///
    /// # Panics
    /// When there is none of that id: a fault of the test.
    #[must_use]
    pub fn shown(&self, id: &str) -> Value {
        let item = self.responses.get(&id.to_owned()).expect("a response");
        shown(&item.value, item.changed_at_s)
    }

    /// Returns the body of a webhook about a response, as it is now.
    #[must_use]
    pub fn delivery(&self, event: &str, id: &str) -> Vec<u8> {
        let mut data = self.shown(id);
        data["survey"] = json!({"title": "After support", "type": "link", "status": "inProgress"});
        data["contact"] = Value::Null;
        data["tags"] = json!([]);
        let delivery = json!({"webhookId": "wh-1", "event": event, "data": data});
        delivery.to_string().into_bytes()
    }

    fn page(&self, asked: &Asked) -> Said {
        let limit = asked.number("limit").unwrap_or(50);
        let skip = asked.number("skip").unwrap_or(0);
        let since = asked.parameter("startDate").map(str::parse::<Timestamp>);
        let (1..=250, 0.., Ok(since)) = (limit, skip, since.transpose()) else {
            return Said::status(
                400,
                json!({"error": {"code": 400, "message": "Bad Request"}}),
            );
        };
        let by_change = ["sortBy", "filterDateField"];
        let by_change = by_change.map(|name| asked.parameter(name) == Some("updatedAt"));
        if by_change != [true, true] || asked.parameter("order") != Some("asc") {
            return Said::status(400, json!({"error": {"message": "not in this test"}}));
        }
        let from_ms = since.map_or(i64::MIN, |since| since.as_millisecond());
        let fitting = self.responses.changed_since(i64::MIN);
        let fitting: Vec<Value> = fitting
            .filter(|(_, item)| !item.is_deleted && item.changed_at_s * 1_000 >= from_ms)
            .map(|(_, item)| shown(&item.value, item.changed_at_s))
            .collect();
        let limit = usize::try_from(limit).unwrap_or(0);
        let n_max = if self.page_rows == 0 {
            limit
        } else {
            limit.min(self.page_rows)
        };
        let page = fitting
            .iter()
            .skip(usize::try_from(skip).unwrap_or(0))
            .take(n_max);
        let meta = json!({"total": fitting.len(), "limit": limit, "offset": skip});
        Said::json(json!({"data": page.collect::<Vec<_>>(), "meta": meta}))
    }

    fn survey(&self, id: &str) -> Said {
        match self.surveys.iter().find(|survey| survey["id"] == id) {
            Some(survey) => Said::json(json!({"data": survey})),
            None => Said::status(
                404,
                json!({"code": "not_found", "message": "Survey not found"}),
            ),
        }
    }
}

impl Service for Formbricks {
    fn answer(&mut self, asked: &Asked, _now_s: i64) -> Said {
        if asked.seen.header("x-api-key") != Some(API_KEY) {
            return Said::status(401, json!({"code": "not_authenticated"}));
        }
        let surveys = "/api/v1/management/surveys";
        match asked.path.as_str() {
            "/api/v1/management/me" => Said::json(json!({"id": "key-1"})),
            "/api/v2/management/responses" => self.page(asked),
            path if path == surveys => {
                let offset = usize::try_from(asked.number("offset").unwrap_or(0)).unwrap_or(0);
                let limit = usize::try_from(asked.number("limit").unwrap_or(1_000)).unwrap_or(0);
                let page: Vec<&Value> = self.surveys.iter().skip(offset).take(limit).collect();
                Said::json(json!({"data": page}))
            }
            path => match path
                .strip_prefix(surveys)
                .and_then(|id| id.strip_prefix('/'))
            {
                Some(id) => self.survey(id),
                None => Said::status(404, json!({"code": "not_found"})),
            },
        }
    }
}

/// Returns the headers of a webhook, signed at this second with an id of its own.
///
/// # Panics
/// Never: the secret is base64, and a key may have any length.
#[must_use]
pub fn signed(id: &str, body: &[u8], at_s: i64) -> Vec<(String, String)> {
    let key = WEBHOOK_SECRET.trim_start_matches("whsec_");
    let key = STANDARD.decode(key).expect("base64");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("any length");
    mac.update(format!("{id}.{at_s}.").as_bytes());
    mac.update(body);
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    [
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", at_s.to_string()),
        ("webhook-signature", format!("v1,c3RhbGU= v1,{signature}")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

fn shown(response: &Value, changed_at_s: i64) -> Value {
    let mut response = response.clone();
    response["updatedAt"] = json!(written(changed_at_s));
    response
}

/// Writes an instant as the vendor does, with milliseconds.
fn written(at_s: i64) -> String {
    let at = Timestamp::from_second(at_s).expect("inside the calendar");
    format!("{at:.3}")
}
