//! Pulls against a scripted vendor: what becomes of its lists, and where the next run goes on.

use std::time::Duration;

use serde_json::{Value, json};
use vocd_plugin::testing::{Answer, Harness, Run, Value as Cell, row_json};
use vocd_plugin::{Error, ErrorClass, RecordKind, Time};
use vocd_source_pipedrive::Pipedrive;

const BASE: &str = "https://acme.pipedrive.com";
const CONFIG: &str = r#"{"company":"acme","api_token":"$secret:/api_token",
    "organization":{"segment":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","region":"address.country",
        "attributes":{"tier":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}},
    "subscriptions":{"pipelines":[1]}}"#;

fn list_url(path: &str, more: &str) -> String {
    let fields = match path {
        "deals" => "&include_fields=first_won_time",
        _ => "",
    };
    format!(
        "{BASE}/api/v2/{path}?include_option_labels=true{fields}&limit=500&sort_by=update_time\
         &sort_direction=asc{more}"
    )
}

fn opened() -> Harness {
    let mut harness = Harness::open::<Pipedrive>(CONFIG).expect("a configuration");
    harness.set_now_ms(1_800_000_000_000);
    harness
}

fn page(objects: &[Value], next: Option<&str>) -> Answer {
    let more = json!({"next_cursor": next});
    Answer::json(&json!({"success": true, "data": objects, "additional_data": more}).to_string())
}

fn organization(id: u64, updated_at: &str) -> Value {
    json!({"id": id, "name": format!("o{id}"), "add_time": "2025-01-01T00:00:00Z",
        "update_time": updated_at, "is_deleted": false, "custom_fields": {}})
}

fn ids(run: &Run) -> Vec<&str> {
    let rows = run.committed_rows(RecordKind::Customer).into_iter();
    rows.map(|row| match &row["id"] {
        Cell::Text(id) => id.as_str(),
        other => panic!("an id is a text, not {other:?}"),
    })
    .collect()
}

#[test]
fn a_recorded_company_is_replayed() {
    let mut harness = opened();
    let cassette = include_str!("../fixtures/small-company.har.jsonl");
    harness.replay(cassette).expect("a cassette");
    let (mut told, mut refused) = (String::new(), Vec::new());
    for stream in [
        "organizations",
        "persons",
        "deals",
        "archived_deals",
        "deleted_deals",
    ] {
        let run = harness.read(stream, None);
        assert_eq!(run.result, Ok(()), "{stream}");
        for kind in [RecordKind::Customer, RecordKind::Subscription] {
            for row in run.committed_rows(kind) {
                told.push_str(&row_json(row));
                told.push('\n');
            }
        }
        let rejects = run.rejects().into_iter();
        refused.extend(rejects.map(|reject| format!("{} {}", reject.reason, reject.place)));
    }
    assert_eq!(told, include_str!("../fixtures/small-company.rows.jsonl"));
    assert_eq!(refused, ["no_price deals/5", "no_customer deals/6"]);
    let requests = harness.take_requests();
    assert_eq!(
        requests.len(),
        8,
        "a changelog only where something changed since"
    );
    assert_eq!(requests[0].auth_ref.as_deref(), Some("$secret:/api_token"));
}

#[test]
fn the_next_run_begins_before_the_end_of_the_last_and_repeats_nothing() {
    let mut harness = opened();
    let first = [
        organization(1, "2026-01-05T09:00:00Z"),
        organization(2, "2026-01-05T09:00:30Z"),
    ];
    let second = [
        first[0].clone(),
        organization(3, "2026-01-05T09:00:00Z"),
        first[1].clone(),
        organization(1, "2026-01-06T00:00:00Z"),
    ];
    harness.answer("GET", &list_url("organizations", ""), page(&first, None));
    let since = "&updated_since=2026-01-05T08%3A59%3A30Z";
    harness.answer(
        "GET",
        &list_url("organizations", since),
        page(&second, None),
    );
    let run = harness.read("organizations", None);
    assert_eq!(ids(&run), ["org:1", "org:2"]);
    let last = run.checkpoints().last().expect("one").to_string();
    let run = harness.read("organizations", Some(&last));
    assert_eq!(run.result, Ok(()));
    assert_eq!(ids(&run), ["org:3", "org:1"]);
}

#[test]
fn what_changes_twice_in_a_second_is_seen_both_times() {
    let mut harness = opened();
    let at = "2026-01-05T09:00:00Z";
    let at_ms = Time::parse(at).expect("a time").unix_ms();
    let mut renamed = organization(1, at);
    renamed["name"] = json!("renamed in the same second");
    harness.answer(
        "GET",
        &list_url("organizations", ""),
        page(&[organization(1, at)], None),
    );
    let since = "&updated_since=2026-01-05T08%3A59%3A00Z";
    for _ in 0..2 {
        let answer = page(std::slice::from_ref(&renamed), None);
        harness.answer("GET", &list_url("organizations", since), answer);
    }
    harness.set_now_ms(at_ms + 300);
    let early = harness.read("organizations", None);
    let checkpoint = early.checkpoints()[0].to_owned();
    harness.set_now_ms(at_ms + 90_000);
    let late = harness.read("organizations", Some(&checkpoint));
    let version = |run: &Run| run.rows(RecordKind::Customer)[0]["updated_at"].clone();
    let second = Time::parse(at).expect("a time");
    assert_eq!(version(&early), Cell::Time(second.us()));
    let end = second + Duration::from_micros(999_999);
    assert_eq!(version(&late), Cell::Time(end.us()));
    let checkpoint = late.checkpoints()[0].to_owned();
    let again = harness.read("organizations", Some(&checkpoint));
    assert_eq!((again.result.clone(), again.n_rows()), (Ok(()), 0));
}

#[test]
fn pages_follow_the_vendors_cursor_for_the_length_of_a_run() {
    let mut harness = opened();
    let at = "2026-01-05T09:00:00Z";
    let first: Vec<Value> = (1..=500).map(|id| organization(id, at)).collect();
    let second: Vec<Value> = (501..=900).map(|id| organization(id, at)).collect();
    harness.answer(
        "GET",
        &list_url("organizations", ""),
        page(&first, Some("c=1")),
    );
    harness.answer(
        "GET",
        &list_url("organizations", "&cursor=c%3D1"),
        page(&second, None),
    );
    let run = harness.read("organizations", None);
    assert_eq!(run.result, Ok(()));
    assert_eq!(ids(&run).len(), 900);
    assert_eq!(run.checkpoints().len(), 2);
    assert!(
        !run.checkpoints()[0].contains("c=1"),
        "the vendor's cursor may go out of date"
    );
}

#[test]
fn a_vendor_that_pages_otherwise_is_told_rather_than_believed() {
    let of = |answers: &[(String, Answer)]| {
        let mut harness = opened();
        for (url, answer) in answers {
            harness.answer("GET", url, answer.clone());
        }
        let run = harness.read("organizations", None);
        run.result.expect_err("refused").class()
    };
    let url = list_url("organizations", "");
    let one = [organization(1, "2026-01-05T09:00:00Z")];
    let backwards = [one[0].clone(), organization(2, "2026-01-04T09:00:00Z")];
    let same = list_url("organizations", "&cursor=c1");
    for answers in [
        vec![(url.clone(), page(&backwards, None))],
        vec![(url.clone(), Answer::json(r#"{"success":true,"data":null}"#))],
        vec![(url.clone(), page(&[json!({"uuid": "a"})], None))],
        vec![
            (url.clone(), page(&one, Some("c1"))),
            (same.clone(), page(&one, Some("c1"))),
        ],
    ] {
        assert_eq!(of(&answers), ErrorClass::SchemaChanged);
    }
}

#[test]
fn what_the_vendor_refuses_has_its_class() {
    let of = |answer: Answer| {
        let mut harness = opened();
        harness.answer("GET", &list_url("persons", ""), answer);
        let error = harness.read("persons", None).result.expect_err("refused");
        (
            error.class(),
            error.retry_after().map(|wait| wait.as_secs()),
        )
    };
    let json = |status: u16| Answer::status(status).body(r#"{"success":false,"error":"no"}"#);
    assert_eq!(of(json(401)), (ErrorClass::Auth, None));
    assert_eq!(of(json(403)), (ErrorClass::Auth, None));
    let locked = Answer::status(403).body("<html>Access denied</html>");
    assert_eq!(of(locked), (ErrorClass::RateLimited, Some(1_800)));
    let asked = json(429).header("retry-after", "40");
    assert_eq!(of(asked), (ErrorClass::RateLimited, Some(40)));
    assert_eq!(of(json(429)), (ErrorClass::RateLimited, Some(60)));
    assert_eq!(of(json(502)), (ErrorClass::Transient, None));
}

#[test]
fn an_object_that_cannot_be_read_is_refused_alone() {
    let mut harness = opened();
    let mut odd = organization(1, "2026-01-05T09:00:00Z");
    odd["update_time"] = json!("a while ago");
    let good = organization(2, "2026-01-05T09:00:00Z");
    harness.answer(
        "GET",
        &list_url("organizations", ""),
        page(&[odd, good], None),
    );
    let run = harness.read("organizations", None);
    assert_eq!(ids(&run), ["org:2"]);
    let reject = run.rejects()[0];
    assert_eq!(
        (reject.reason.as_str(), reject.place.as_str()),
        ("bad_object", "organizations/1")
    );
    // A deal of which only the money is odd.
    let deal = json!({"id": 5, "pipeline_id": "one", "status": "won",
        "update_time": "2026-01-05T09:00:00Z"});
    harness.answer("GET", &list_url("deals", ""), page(&[deal], None));
    let run = harness.read("deals", None);
    assert_eq!(run.result, Ok(()));
    assert_eq!(run.rejects()[0].place, "deals/5");
    // A member that was renamed is not taken for an empty one.
    let person = organization(6, "2026-01-05T09:00:00Z");
    harness.answer("GET", &list_url("persons", ""), page(&[person], None));
    let run = harness.read("persons", None);
    assert_eq!((run.result.clone(), run.n_rows()), (Ok(()), 0));
    assert!(
        run.rejects()[0].detail.contains("`org_id`"),
        "{:?}",
        run.rejects()
    );
}

#[test]
fn a_run_that_cannot_finish_a_page_of_contracts_gets_on() {
    let mut harness = opened();
    let deal = |id: u64| {
        json!({"id": id, "org_id": 3, "person_id": null, "pipeline_id": 1, "status": "won",
            "value": 100, "mrr": 100, "currency": "EUR", "add_time": "2026-01-01T00:00:00Z",
            "update_time": format!("2026-02-01T00:{id:02}:00Z"), "is_deleted": false,
            "won_time": "2026-01-10T00:00:00Z", "lost_time": null})
    };
    let deals: Vec<Value> = (1..=25).map(deal).collect();
    harness.answer("GET", &list_url("deals", ""), page(&deals, None));
    let since = "&updated_since=2026-02-01T00%3A19%3A00Z";
    harness.answer("GET", &list_url("deals", since), page(&deals[18..], None));
    let changes = |id: u64| format!("{BASE}/api/v1/deals/{id}/changelog?limit=500");
    let none = || Answer::json(r#"{"success":true,"data":[]}"#);
    let away = Answer::failure(Error::transient("the vendor went away"));
    for id in 1..=23 {
        harness.answer("GET", &changes(id), none());
    }
    harness.answer("GET", &changes(24), away);
    for id in 21..=25 {
        harness.answer("GET", &changes(id), none());
    }
    let n_committed = |run: &Run| run.committed_rows(RecordKind::Subscription).len();
    let run = harness.read("deals", None);
    let class = run.result.as_ref().expect_err("away").class();
    assert_eq!((class, n_committed(&run)), (ErrorClass::Transient, 20));
    let checkpoint = run.checkpoints().last().expect("one").to_string();
    let run = harness.read("deals", Some(&checkpoint));
    assert_eq!((run.result.clone(), n_committed(&run)), (Ok(()), 5));
}

#[test]
fn without_contracts_no_deal_is_asked_for() {
    let config = r#"{"company":"acme","api_token":"t"}"#;
    let mut harness = Harness::open::<Pipedrive>(config).expect("a configuration");
    let run = harness.read("deals", None);
    assert_eq!((run.result.clone(), run.checkpoints().len()), (Ok(()), 1));
    assert!(harness.take_requests().is_empty());
}

#[test]
fn a_token_is_tried_without_reading_anything() {
    let mut harness = opened();
    let url = format!("{BASE}/api/v1/users/me");
    harness.answer("GET", &url, Answer::json(r#"{"success":true}"#));
    assert_eq!(harness.check(), Ok(()));
    harness.answer("GET", &url, Answer::status(401).body("{}"));
    assert_eq!(
        harness.check().expect_err("refused").class(),
        ErrorClass::Auth
    );
}
