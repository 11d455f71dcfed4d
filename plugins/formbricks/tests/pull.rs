//! Pulls against a scripted vendor: what becomes of responses, and where the next run goes on.

use serde_json::{Value, json};
use vocd_plugin::testing::{Answer, Harness, Run, row_json};
use vocd_plugin::{ErrorClass, RecordKind};
use vocd_source_formbricks::Formbricks;

const BASE: &str = "https://app.formbricks.com";
const CONFIG: &str = r#"{"api_key":"$secret:/api_key","attributes":["plan"]}"#;
const PAGE: usize = 250;

fn responses_url(since: &str, skip: usize) -> String {
    let since = match since {
        "" => String::new(),
        since => format!("&startDate={}", since.replace(':', "%3A")),
    };
    format!(
        "{BASE}/api/v2/management/responses?limit={PAGE}&skip={skip}&sortBy=updatedAt&order=asc\
         &filterDateField=updatedAt{since}"
    )
}

fn surveys() -> Answer {
    let nps = json!({"id": "recommend", "type": "nps"});
    Answer::json(&json!({"data": [{"id": "sv1", "questions": [nps]}]}).to_string())
}

fn response(id: &str, updated_at: &str) -> Value {
    json!({"id": id, "createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": updated_at,
        "finished": true, "surveyId": "sv1", "data": {"recommend": 9}})
}

fn page(responses: &[Value], skip: usize) -> Answer {
    Answer::json(&json!({"data": responses, "meta": {"offset": skip}}).to_string())
}

/// Opens the source with the survey and these pages.
fn harness(config: &str, pages: &[(String, Answer)]) -> Harness {
    let mut harness = Harness::open::<Formbricks>(config).expect("a configuration");
    let surveys_url = format!("{BASE}/api/v1/management/surveys?limit=50&offset=0");
    for _ in 0..4 {
        harness.answer("GET", &surveys_url, surveys());
    }
    for (url, answer) in pages {
        harness.answer("GET", url, answer.clone());
    }
    harness
}

fn ids(run: &Run) -> Vec<String> {
    let rows = run.committed_rows(RecordKind::Response);
    let ids = rows.iter().map(|row| row_json(row));
    ids.map(|row| serde_json::from_str::<Value>(&row).expect("JSON")["response"].to_string())
        .map(|id| id.trim_matches('"').to_owned())
        .collect()
}

#[test]
fn a_recorded_vendor_is_replayed() {
    let mut harness = Harness::open::<Formbricks>(CONFIG).expect("a configuration");
    let cassette = include_str!("../fixtures/three-responses.har.jsonl");
    harness.replay(cassette).expect("a cassette");
    let run = harness.read("responses", None);
    assert_eq!(run.result, Ok(()));
    let rows = run.committed_rows(RecordKind::Response);
    let told: String = rows.iter().map(|row| row_json(row) + "\n").collect();
    assert_eq!(told, include_str!("../fixtures/three-responses.rows.jsonl"));
    let rejects: Vec<(&str, &str)> = run
        .rejects()
        .iter()
        .map(|reject| (reject.reason.as_str(), reject.place.as_str()))
        .collect();
    let expected = [
        ("bad_number", "responses/r3/solved"),
        ("unknown_question", "responses/r3/hologram"),
    ];
    assert_eq!(rejects, expected);
    let requests = harness.take_requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].auth_ref.as_deref(), Some("$secret:/api_key"));
}

#[test]
fn the_next_run_begins_before_the_end_of_the_last_and_repeats_nothing() {
    let first = [
        response("a", "2026-01-02T00:00:00.000Z"),
        response("b", "2026-01-02T00:00:30.500Z"),
    ];
    let second = [
        first[0].clone(),
        // Came to light late, with an earlier instant than the last one seen.
        response("late", "2026-01-02T00:00:10.000Z"),
        first[1].clone(),
        response("a", "2026-01-02T00:05:00.000Z"),
    ];
    let since = "2026-01-01T23:59:30.5Z";
    let pages = [
        (responses_url("", 0), page(&first, 0)),
        (responses_url(since, 0), page(&second, 0)),
    ];
    let mut harness = harness(CONFIG, &pages);
    let run = harness.read("responses", None);
    assert_eq!(ids(&run), ["a", "b"]);
    let last = run.checkpoints().last().expect("one").to_string();
    let run = harness.read("responses", Some(&last));
    assert_eq!(run.result, Ok(()));
    assert_eq!(ids(&run), ["late", "a"]);
}

#[test]
fn pages_begin_at_the_last_change_and_skip_only_inside_one_instant() {
    let at = "2026-01-02T00:00:00.000Z";
    let (one, two) = ("2026-01-02T00:00:00Z", "2026-01-02T00:10:00Z");
    // The first page ends inside an instant that fills the second and ends in the third.
    let mut first: Vec<Value> = vec![response("0", "2026-01-01T00:00:00.000Z")];
    first.extend((1..PAGE).map(|n| response(&n.to_string(), at)));
    let second: Vec<Value> = (1..=PAGE).map(|n| response(&n.to_string(), at)).collect();
    let mut third = vec![response("last", at)];
    third.extend((1..PAGE).map(|n| response(&format!("x{n}"), "2026-01-02T00:10:00.000Z")));
    let fourth: Vec<Value> = third[1..].to_vec();
    let pages = [
        (responses_url("", 0), page(&first, 0)),
        (responses_url(one, 0), page(&second, 0)),
        (responses_url(one, PAGE), page(&third, PAGE)),
        (responses_url(two, 0), page(&fourth, 0)),
    ];
    let run = harness(CONFIG, &pages).read("responses", None);
    assert_eq!(run.result, Ok(()));
    let mut seen = ids(&run);
    assert_eq!(seen.len(), 1 + PAGE + PAGE);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 1 + PAGE + PAGE, "nothing twice");
    assert_eq!(run.checkpoints().len(), 4);
}

#[test]
fn a_vendor_that_pages_otherwise_is_told_rather_than_believed() {
    let full: Vec<Value> = (0..PAGE)
        .map(|n| response(&n.to_string(), "2026-01-02T00:00:00.000Z"))
        .collect();
    let backwards = [
        response("a", "2026-01-03T00:00:00.000Z"),
        response("b", "2026-01-02T00:00:00.000Z"),
    ];
    let since = "2026-01-02T00:00:00Z";
    let early = [response("a", "2026-01-01T00:00:00.000Z")];
    let of = |pages: &[(String, Answer)]| {
        let run = harness(CONFIG, pages).read("responses", None);
        run.result.expect_err("refused").class()
    };
    let first = (responses_url("", 0), page(&full, 0));
    let cases = [
        vec![(responses_url("", 0), page(&backwards, 0))],
        vec![(responses_url("", 0), page(&full, 250))],
        vec![first.clone(), (responses_url(since, 0), page(&early, 0))],
        vec![(responses_url("", 0), Answer::json(r#"{"responses":[]}"#))],
        vec![(responses_url("", 0), page(&[json!({"uid": "a"})], 0))],
    ];
    for pages in cases {
        assert_eq!(of(&pages), ErrorClass::SchemaChanged);
    }
    let html = Answer::status(200).body("<html>maintenance</html>");
    assert_eq!(of(&[(responses_url("", 0), html)]), ErrorClass::Transient);
}

#[test]
fn one_response_that_cannot_be_read_is_refused_alone() {
    let mut odd = response("odd", "2026-01-02T00:00:00.000Z");
    odd["updatedAt"] = json!("yesterday, a@example.org");
    let mut other = response("other", "2026-01-02T00:00:00.000Z");
    other.as_object_mut().expect("an object").remove("finished");
    let good = response("good", "2026-01-02T00:00:01.000Z");
    let pages = [(responses_url("", 0), page(&[odd, other, good], 0))];
    let run = harness(CONFIG, &pages).read("responses", None);
    assert_eq!(ids(&run), ["good"]);
    let told: Vec<String> = run
        .rejects()
        .iter()
        .map(|reject| format!("{} {} {}", reject.reason, reject.place, reject.detail))
        .collect();
    assert_eq!(told.len(), 2);
    assert!(
        told[0].starts_with("bad_response responses/odd"),
        "{told:?}"
    );
    assert!(told[1].contains("`finished`"), "{told:?}");
    assert!(!told.join(" ").contains("example.org"), "{told:?}");
}

#[test]
fn surveys_that_came_later_are_asked_for_and_others_left_out() {
    let mut of_new = response("n", "2026-01-02T00:00:00.000Z");
    of_new["surveyId"] = json!("sv2");
    let mut of_gone = response("g", "2026-01-02T00:00:00.000Z");
    of_gone["surveyId"] = json!("sv3");
    let both = [of_new, of_gone, response("a", "2026-01-02T00:00:00.000Z")];
    let one = |id: &str| format!("{BASE}/api/v1/management/surveys/{id}");
    let nps = json!({"id": "recommend", "type": "nps"});
    let late = json!({"data": {"id": "sv2", "blocks": [{"elements": [nps]}]}});
    let pages = [
        (responses_url("", 0), page(&both, 0)),
        (one("sv2"), Answer::json(&late.to_string())),
        (one("sv3"), Answer::status(404)),
    ];
    let run = harness(CONFIG, &pages).read("responses", None);
    assert_eq!(run.result, Ok(()));
    assert_eq!(ids(&run), ["n", "a"]);
    assert_eq!(run.rejects()[0].reason, "unknown_survey");

    let config = r#"{"api_key":"k","surveys":["sv1"]}"#;
    let run = harness(config, &pages[..1]).read("responses", None);
    assert_eq!(
        (run.result.clone(), ids(&run)),
        (Ok(()), vec!["a".to_owned()])
    );
}

#[test]
fn a_survey_that_is_wanted_later_is_read_from_the_start() {
    let of = |config: &str, checkpoint: &str| {
        let pages = [(responses_url("", 0), page(&[], 0))];
        let mut harness = harness(config, &pages);
        let run = harness.read("responses", Some(checkpoint));
        let asked = harness.take_requests();
        let is_from_start = asked.iter().any(|sent| sent.url == responses_url("", 0));
        (is_from_start, run.result.is_ok())
    };
    let one = r#"{"mark":{"latest":"2026-01-02T00:00:00Z"},"surveys":["sv1"]}"#;
    assert_eq!(
        of(r#"{"api_key":"k","surveys":["sv1","sv2"]}"#, one),
        (true, true)
    );
    assert_eq!(of(r#"{"api_key":"k"}"#, one), (true, true));
    // The page of a later start is not scripted.
    assert_eq!(
        of(r#"{"api_key":"k","surveys":["sv1"]}"#, one),
        (false, false)
    );
    let all = r#"{"mark":{"latest":"2026-01-02T00:00:00Z"}}"#;
    assert_eq!(
        of(r#"{"api_key":"k","surveys":["sv1"]}"#, all),
        (false, false)
    );
}

#[test]
fn a_first_read_begins_at_the_configured_start() {
    let pages = [(responses_url("2026-01-02T00:00:00Z", 0), page(&[], 0))];
    let config = r#"{"api_key":"k","start":"2026-01-02"}"#;
    assert_eq!(
        harness(config, &pages).read("responses", None).result,
        Ok(())
    );
}

#[test]
fn a_checkpoint_of_something_else_is_no_start() {
    for checkpoint in [r#"{"after":7}"#, "[]", r#"{"mark":{"latest":"soon"}}"#] {
        let error = harness(CONFIG, &[]).read("responses", Some(checkpoint));
        let class = error.result.expect_err("refused").class();
        assert_eq!(class, ErrorClass::CheckpointUnreadable, "{checkpoint}");
    }
}

#[test]
fn a_key_is_tried_without_reading_anything() {
    let mut harness = Harness::open::<Formbricks>(CONFIG).expect("a configuration");
    let url = format!("{BASE}/api/v1/management/me");
    harness.answer("GET", &url, Answer::json("{}"));
    assert_eq!(harness.check(), Ok(()));
    harness.answer("GET", &url, Answer::status(401));
    assert_eq!(
        harness.check().expect_err("refused").class(),
        ErrorClass::Auth
    );
}
