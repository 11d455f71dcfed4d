//! Webhooks: the three events of one response, and what is none of them.

use serde_json::{Value, json};
use vocd_plugin::testing::{Answer, Harness, Run, Value as Cell, row_json};
use vocd_plugin::{ErrorClass, RecordKind};
use vocd_source_formbricks::Formbricks;

const SURVEY: &str = "https://app.formbricks.com/api/v1/management/surveys/sv1";

fn opened() -> Harness {
    Harness::open::<Formbricks>(r#"{"api_key":"$secret:/api_key"}"#).expect("a configuration")
}

fn survey() -> Answer {
    let questions = json!([{"id": "recommend", "type": "nps"}, {"id": "why", "type": "openText"}]);
    let survey = json!({"id": "sv1", "name": "After support", "questions": questions});
    Answer::json(&json!({"data": survey}).to_string())
}

fn delivery(event: &str, updated_at: &str, is_finished: bool, answers: &Value) -> Vec<u8> {
    let data = json!({"id": "r1", "createdAt": "2026-01-02T00:00:00.000Z", "updatedAt": updated_at,
        "finished": is_finished, "surveyId": "sv1", "data": answers,
        "contact": {"id": "c1"}, "contactAttributes": null, "tags": [],
        "survey": {"title": "After support", "type": "link", "status": "inProgress"}});
    let delivery = json!({"webhookId": "w1", "event": event, "data": data});
    delivery.to_string().into_bytes()
}

fn ids(run: &Run) -> Vec<&Cell> {
    let rows = run.rows(RecordKind::Response);
    rows.into_iter().map(|row| &row["id"]).collect()
}

#[test]
fn three_events_are_three_versions_of_the_same_answers() {
    let mut harness = opened();
    harness.answer("GET", SURVEY, survey());
    let first = json!({"recommend": 4});
    let both = json!({"recommend": 8, "why": "kind"});
    let events = [
        ("responseCreated", "2026-01-02T00:00:01.000Z", false, &first),
        ("responseUpdated", "2026-01-02T00:00:02.000Z", false, &both),
        ("responseFinished", "2026-01-02T00:00:02.400Z", true, &both),
    ];
    let runs = events.map(|(event, at, is_finished, answers)| {
        let run = harness.webhook(&[], &delivery(event, at, is_finished, answers));
        assert_eq!(run.result, Ok(()), "{event}");
        run
    });
    assert_eq!(ids(&runs[0]), [&Cell::from("r1:recommend")]);
    let rows = runs[2].rows(RecordKind::Response);
    let told: Vec<String> = rows.into_iter().map(row_json).collect();
    assert_eq!(told.len(), 2);
    assert!(told[0].contains(r#""score":8"#) && told[0].contains(r#""status":"complete""#));
    assert!(told[0].contains(r#""customer":"c1""#) && told[0].contains("00:00:02.4"));
    assert!(told[1].contains(r#""comment":"kind""#), "{told:?}");
    assert_eq!(
        harness.take_requests().len(),
        1,
        "the survey is asked for once"
    );
}

#[test]
fn a_trial_of_the_address_is_nothing_and_other_events_are_kept_aside() {
    let mut harness = opened();
    let run = harness.webhook(&[], br#"{"event":"testEndpoint"}"#);
    assert_eq!((run.result.clone(), run.n_rows()), (Ok(()), 0));
    for body in [
        r#"{"event":"responseErased","data":{}}"#,
        r#"{"event":"responseCreated","data":{"id":"r1"}}"#,
        r#"{"event":"responseCreated"}"#,
        "no JSON",
    ] {
        let error = harness.webhook(&[], body.as_bytes()).result;
        let class = error.expect_err("refused").class();
        assert_eq!(class, ErrorClass::SchemaChanged, "{body}");
    }
}

#[test]
fn a_vendor_that_is_away_lets_the_webhook_wait() {
    let mut harness = opened();
    harness.answer("GET", SURVEY, Answer::status(503));
    let body = delivery(
        "responseCreated",
        "2026-01-02T00:00:01.000Z",
        false,
        &json!({}),
    );
    let class = harness
        .webhook(&[], &body)
        .result
        .expect_err("away")
        .class();
    assert_eq!(class, ErrorClass::Transient);
    harness.answer("GET", SURVEY, survey());
    assert_eq!(harness.webhook(&[], &body).result, Ok(()));
}
