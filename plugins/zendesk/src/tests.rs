//! The whole plugin against a scripted vendor, through the real C interface.

use serde_json::json;
use vocd_plugin::testing::{Answer, Harness, Row, Run, Value, row_json};
use vocd_plugin::{ErrorClass, RecordKind};

use super::*;

const BASE: &str = "https://acme.zendesk.com/api/v2";
const CONFIG: &str = r#"{"subdomain":"acme","email":"a@example.org","token":"$secret:/token",
    "start":"2026-01-01"}"#;
const TICKETS_FROM_START: &str =
    "/incremental/tickets/cursor?include=metric_sets&per_page=1000&start_time=1767225600";
/// 2026-06-01T00:00:00Z.
const NOW_MS: i64 = 1_780_272_000_000;

fn harness(config: &str, answers: &[(&str, Answer)]) -> Harness {
    let mut harness = Harness::open::<Zendesk>(config).expect("a configuration");
    harness.set_now_ms(NOW_MS);
    for (path, answer) in answers {
        harness.answer("GET", &format!("{BASE}{path}"), answer.clone());
    }
    harness
}

fn read(stream: &str, answers: &[(&str, Answer)], checkpoint: Option<&str>) -> Run {
    harness(CONFIG, answers).read(stream, checkpoint)
}

fn answer(body: serde_json::Value) -> Answer {
    Answer::json(&body.to_string())
}

fn ticket(status: &str) -> serde_json::Value {
    json!({
        "id": 35436, "created_at": "2026-02-01T10:00:00Z", "updated_at": "2026-02-02T10:00:00Z",
        "generated_timestamp": 1_770_026_401, "status": status, "via": {"channel": "email"},
        "priority": "high", "assignee_id": 235, "requester_id": 209, "organization_id": null,
        "group_id": null, "tags": ["a"], "custom_fields": [], "type": "incident",
        "metric_set": {
            "ticket_id": 35436, "reopens": 1, "replies": 2,
            "reply_time_in_minutes": {"calendar": 30, "business": 10},
            "reply_time_in_seconds": {"calendar": 1_790},
            "first_resolution_time_in_minutes": {"calendar": 60, "business": 20},
            "full_resolution_time_in_minutes": {"calendar": 1_440, "business": 480},
            "solved_at": null, "status_updated_at": "2026-02-02T10:00:00Z",
        },
    })
}

fn page(ticket: serde_json::Value) -> Answer {
    answer(json!({"tickets": [ticket], "after_cursor": "c1", "end_of_stream": true}))
}

fn only(run: &Run, kind: RecordKind) -> Row {
    assert_eq!(run.result, Ok(()));
    let rows = run.rows(kind);
    assert_eq!(rows.len(), 1, "{run:?}");
    rows[0].clone()
}

#[test]
fn a_ticket_becomes_one_row() {
    let run = read(
        "tickets",
        &[(TICKETS_FROM_START, page(ticket("closed")))],
        None,
    );
    let row = row_json(&only(&run, RecordKind::Ticket));
    assert_eq!(
        row,
        concat!(
            r#"{"agent":"235","attributes":"{\"type\":\"incident\"}","business_first_reply_s":600,"#,
            r#""business_resolution_s":28800,"channel":"email","closed_at":"2026-02-02T10:00:00Z","#,
            r#""created_at":"2026-02-01T10:00:00Z","customer":"209","#,
            r#""first_reply_at":"2026-02-01T10:29:50Z","first_solved_at":"2026-02-01T11:00:00Z","#,
            r#""id":"35436","priority":"high","reopens":1,"replies":2,"revision":1770026401,"#,
            r#""solved_at":"2026-02-02T10:00:00Z","status":"closed","tags":["a"],"#,
            r#""updated_at":"2026-02-02T10:00:00Z"}"#
        )
    );
    assert_eq!(run.checkpoints(), [r#"{"after":"c1"}"#]);
}

#[test]
fn a_deleted_ticket_is_a_deletion_and_needs_no_metrics() {
    let mut deleted = ticket("deleted");
    deleted
        .as_object_mut()
        .expect("an object")
        .remove("metric_set");
    let run = read("tickets", &[(TICKETS_FROM_START, page(deleted))], None);
    let row = only(&run, RecordKind::Ticket);
    assert_eq!(row.get("deleted"), Some(&Value::Flag(true)));
    assert_eq!(row.get("status"), None);
}

#[test]
fn a_ticket_without_metrics_of_its_own_keeps_the_rest() {
    let mut bare = ticket("solved");
    bare["metric_set"] = json!(null);
    let run = read("tickets", &[(TICKETS_FROM_START, page(bare))], None);
    let row = only(&run, RecordKind::Ticket);
    assert_eq!(
        (row.get("status"), row.get("solved_at")),
        (Some(&"solved".into()), None)
    );
}

#[test]
fn a_run_goes_on_at_its_cursor_which_the_vendor_may_leave_out_at_the_end() {
    let next = "/incremental/tickets/cursor?include=metric_sets&per_page=1000&cursor=c%2B1";
    let end = answer(json!({"tickets": [], "after_cursor": null, "end_of_stream": true}));
    let run = read("tickets", &[(next, end)], Some(r#"{"after":"c+1"}"#));
    assert_eq!(run.result, Ok(()));
    assert_eq!(run.checkpoints(), [r#"{"after":"c+1"}"#]);
}

#[test]
fn nothing_is_asked_of_the_newest_minute() {
    let config = CONFIG.replace("2026-01-01", "2026-05-31T23:59:58Z");
    let path = "/incremental/users/cursor?per_page=1000&start_time=1780271935";
    let end = answer(json!({"users": [], "after_cursor": null, "end_of_stream": true}));
    let run = harness(&config, &[(path, end)]).read("users", None);
    assert_eq!(run.result, Ok(()));
}

#[test]
fn users_are_agents_or_customers() {
    let user = |id: u64, role: &str, active: bool| {
        json!({
            "id": id, "name": "N", "role": role, "active": active, "suspended": false,
            "email": "n@example.org", "external_id": "x", "organization_id": 7, "locale": "de",
            "default_group_id": (role == "agent").then_some(3),
            "created_at": "2026-01-02T00:00:00Z", "updated_at": "2026-01-03T00:00:00Z",
        })
    };
    let users = [
        user(1, "agent", true),
        user(2, "end-user", true),
        user(3, "end-user", false),
    ];
    let path = "/incremental/users/cursor?per_page=1000&start_time=1767225600";
    let groups = "/groups?page%5Bsize%5D=100";
    let run = read(
        "users",
        &[
            (
                path,
                answer(json!({"users": users, "after_cursor": "c", "end_of_stream": true})),
            ),
            (
                groups,
                answer(json!({"groups": [{"id": 3, "name": "Billing"}]})),
            ),
        ],
        None,
    );
    let agent = only(&run, RecordKind::Agent);
    assert_eq!(agent.get("team"), Some(&"Billing".into()));
    assert_eq!(agent.get("active"), Some(&Value::Flag(true)));
    let customers = run.rows(RecordKind::Customer);
    assert_eq!(customers[0].get("account"), Some(&"organization-7".into()));
    let aliases = Value::Texts(vec!["email:n@example.org".to_owned()]);
    assert_eq!(customers[0].get("aliases"), Some(&aliases));
    assert_eq!(customers[1].get("deleted"), Some(&Value::Flag(true)));
}

#[test]
fn more_organisations_of_one_second_than_a_page_holds_are_told() {
    let path = "/incremental/organizations?start_time=1767225600";
    let stuck = json!({"organizations": [], "end_time": 1_767_225_600, "end_of_stream": false});
    let run = read("organizations", &[(path, answer(stuck))], None);
    let error = run.result.expect_err("it would go on for ever");
    assert!(error.user().contains("second 1767225600"), "{error}");
}

#[test]
fn lists_that_go_in_circles_end() {
    let first = "/satisfaction_ratings?page%5Bsize%5D=100&start_time=1767225600";
    let again = "/satisfaction_ratings?page%5Bsize%5D=100&page%5Bafter%5D=x&start_time=1767225600";
    let list = || {
        let meta = json!({"has_more": true, "after_cursor": "x"});
        answer(json!({"satisfaction_ratings": [], "meta": meta}))
    };
    let run = read("csat", &[(first, list()), (again, list())], None);
    let error = run.result.expect_err("circles");
    assert_eq!(error.class(), ErrorClass::SchemaChanged);
    let numbered = answer(json!({"satisfaction_ratings": [], "next_page": "https://…"}));
    let run = read("csat", &[(first, numbered)], None);
    assert!(run.result.expect_err("numbered").user().contains("`meta`"));
}

#[test]
fn ratings_are_good_or_bad_and_no_other_word() {
    let rating = |id: u64, score: &str| {
        json!({
            "id": id, "ticket_id": id, "score": score, "requester_id": 209, "assignee_id": null,
            "comment": "", "created_at": "2026-02-03T00:00:00Z",
            "updated_at": "2026-02-03T00:00:00Z",
        })
    };
    let scores = ["good", "bad", "offered", "unoffered", "splendid"];
    let ratings: Vec<_> = (1..)
        .zip(scores)
        .map(|(id, score)| rating(id, score))
        .collect();
    let legacy = "/satisfaction_ratings?page%5Bsize%5D=100&start_time=1767225600";
    let new = "/guide/survey_responses?page%5Bsize%5D=50\
               &filter%5Bcreated_at_start%5D=1767225600000";
    let run = read(
        "csat",
        &[
            (legacy, answer(json!({"satisfaction_ratings": ratings}))),
            (new, Answer::status(403)),
        ],
        None,
    );
    assert_eq!(run.result, Ok(()));
    let score = |row: &&Row| row.get("score").cloned();
    let rows: Vec<_> = run.rows(RecordKind::Response).iter().map(score).collect();
    assert_eq!(rows, [Some(Value::Number(1.0)), Some(Value::Number(0.0))]);
    assert_eq!(run.rows(RecordKind::Invitation).len(), 1);
    let rejects: Vec<_> = run
        .rejects()
        .iter()
        .map(|reject| reject.place.clone())
        .collect();
    assert_eq!(rejects, ["satisfaction_ratings/5"]);
    let told = run.events.iter().any(|event| {
        matches!(event, vocd_plugin::testing::Event::Log { message, .. }
            if message.contains("new satisfaction survey: skipped"))
    });
    assert!(told, "{:?}", run.events);
}

/// A submission with an answer of every type, known or not.
fn submission() -> serde_json::Value {
    let answer_of = |kind: &str, question: serde_json::Value, more: serde_json::Value| {
        let mut answer = json!({
            "type": kind, "question": question, "created_at": "2026-02-03T00:00:00.000Z",
            "updated_at": "2026-02-03T00:00:00.000Z",
        });
        for (name, value) in more.as_object().expect("an object") {
            answer[name] = value.clone();
        }
        answer
    };
    let scale = "rating_scale_emoji";
    let answers = [
        answer_of(
            "rating_scale",
            json!({"id": "a", "type": scale, "sub_type": "customer_satisfaction"}),
            json!({"rating": 5, "rating_category": "good"}),
        ),
        answer_of(
            "rating_scale",
            json!({"id": "b", "type": scale, "sub_type": "speed"}),
            json!({"rating": 1, "rating_category": "bad"}),
        ),
        answer_of("skipped", json!({"id": "c", "type": scale}), json!({})),
        answer_of(
            "skipped",
            json!({"id": "d", "type": "open_ended"}),
            json!({}),
        ),
        answer_of(
            "open_ended",
            json!({"id": "e", "type": "open_ended", "alias": "comment"}),
            json!({"value": "fine"}),
        ),
        answer_of(
            "closed_ended",
            json!({"id": "f", "type": "closed_ended"}),
            json!({"selections": []}),
        ),
        answer_of(
            "rating_scale",
            json!({"id": "g", "type": scale}),
            json!({"rating": 3}),
        ),
        answer_of("drawing", json!({"id": "h", "type": "drawing"}), json!({})),
    ];
    json!({
        "id": "s", "answers": answers, "responder_id": 7, "subjects": [], "survey": {"id": "v"},
    })
}

#[test]
fn an_answer_of_the_new_survey_is_a_score_words_or_nothing() {
    let new = "/guide/survey_responses?page%5Bsize%5D=50\
               &filter%5Bcreated_at_start%5D=1767225600000";
    let list = json!({"survey_responses": [submission()], "meta": {"has_more": false,
        "after_cursor": null}});
    let config = CONFIG.replace("\"subdomain\"", "\"csat\":\"new\",\"subdomain\"");
    let run = harness(&config, &[(new, answer(list))]).read("csat", None);
    assert_eq!(run.result, Ok(()));
    let told = |row: &&Row| {
        let text = |name| match row.get(name) {
            Some(Value::Text(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => "-".to_owned(),
        };
        [text("id"), text("metric"), text("score"), text("comment")].join(" ")
    };
    let rows: Vec<String> = run.rows(RecordKind::Response).iter().map(told).collect();
    let expected = [
        "s:a csat 1 -",
        "s:b driver 0 -",
        "s:c csat - -",
        "s:e text - fine",
    ];
    assert_eq!(rows, expected);
    let rejects: Vec<_> = run
        .rejects()
        .iter()
        .map(|reject| reject.place.clone())
        .collect();
    assert_eq!(rejects, ["survey_responses/s:g", "survey_responses/s:h"]);
}

#[test]
fn only_an_administrator_passes_the_check() {
    let check = |me: serde_json::Value| {
        harness(CONFIG, &[("/users/me", answer(json!({"user": me})))]).check()
    };
    assert_eq!(check(json!({"id": 1, "role": "admin"})), Ok(()));
    for me in [
        json!({"id": 1, "role": "agent"}),
        json!({"id": null, "role": "end-user"}),
    ] {
        assert_eq!(check(me).expect_err("refused").class(), ErrorClass::Auth);
    }
}

#[test]
fn a_webhook_fetches_its_ticket() {
    let webhook = |kind: &str, answers: &[(&str, Answer)]| {
        let body = json!({
            "type": format!("zen:event-type:ticket.{kind}"), "subject": "zen:ticket:35436",
            "time": "2026-02-03T00:00:00Z", "detail": {"id": "35436"},
        });
        harness(CONFIG, answers).webhook(&[], body.to_string().as_bytes())
    };
    let one = "/tickets/35436?include=metric_sets";
    let found = || answer(json!({"ticket": ticket("open")}));
    let row = only(&webhook("created", &[(one, found())]), RecordKind::Ticket);
    assert_eq!(row.get("status"), Some(&"open".into()));
    let gone = || (one, Answer::status(404));
    let row = only(&webhook("soft_deleted", &[gone()]), RecordKind::Ticket);
    assert_eq!(row.get("deleted"), Some(&Value::Flag(true)));
    // Not there yet, or not any more: the export knows.
    let run = webhook("created", &[gone()]);
    assert_eq!((run.result, run.events.len()), (Ok(()), 1));
    // A rating is read with the ticket that shows it.
    let mut rated = ticket("solved");
    rated["satisfaction_rating"] = json!({"id": 62, "score": "good"});
    let rating = json!({
        "id": 62, "ticket_id": 35436, "score": "good", "requester_id": 209, "assignee_id": 235,
        "created_at": "2026-02-03T00:00:00Z", "updated_at": "2026-02-03T00:00:00Z",
    });
    let surveys = "/guide/survey_responses?page%5Bsize%5D=50\
                   &filter%5Bsubject_zrns%5D=zen%3Aticket%3A35436";
    let answers = [
        (surveys, Answer::status(404)),
        (one, answer(json!({"ticket": rated}))),
        (
            "/satisfaction_ratings/62",
            answer(json!({"satisfaction_rating": rating})),
        ),
    ];
    let row = only(&webhook("csat_received", &answers), RecordKind::Response);
    assert_eq!(row.get("id"), Some(&"csat-35436".into()));
    let run = webhook("created", &[(one, Answer::status(500))]);
    assert_eq!(
        run.result.expect_err("later").class(),
        ErrorClass::Transient
    );
}

#[test]
fn a_recorded_account_is_replayed() {
    let config = r#"{"subdomain":"acme","email":"a@example.org","token":"t"}"#;
    let mut harness = Harness::open::<Zendesk>(config).expect("a configuration");
    harness.set_now_ms(NOW_MS);
    harness
        .replay(include_str!("../fixtures/account.har.jsonl"))
        .expect("a cassette");
    let mut n_rows = 0;
    for stream in ["users", "organizations", "tickets", "csat"] {
        let run = harness.read(stream, None);
        assert_eq!(run.result, Ok(()), "{stream}");
        assert_eq!(run.rejects().len(), 0, "{stream}");
        n_rows += run.n_rows();
    }
    assert_eq!(n_rows, 35 + 7 + 60 + 15);
}
