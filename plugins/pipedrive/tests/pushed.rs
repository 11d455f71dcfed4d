//! Webhooks: what changed is asked for, what was deleted is told.

use serde_json::{Value, json};
use vocd_plugin::testing::{Answer, Harness, Run, row_json};
use vocd_plugin::{ErrorClass, RecordKind};
use vocd_source_pipedrive::Pipedrive;

const BASE: &str = "https://acme.pipedrive.com/api";

fn opened() -> Harness {
    let config = r#"{"company":"acme","api_token":"t","webhook_user":"u","webhook_password":"p",
        "subscriptions":{"pipelines":[1],"amount":"value"}}"#;
    let mut harness = Harness::open::<Pipedrive>(config).expect("a configuration");
    harness.set_now_ms(1_800_000_000_000);
    harness
}

fn delivery(action: &str, entity: &str, id: &Value, previous: &Value) -> Vec<u8> {
    let meta = json!({"action": action, "entity": entity, "entity_id": id, "version": "2.0",
        "timestamp": "2026-01-20T10:00:00.250Z", "attempt": 1, "id": "e-1"});
    json!({"meta": meta, "data": null, "previous": previous})
        .to_string()
        .into_bytes()
}

fn told(run: &Run, kind: RecordKind) -> Vec<Value> {
    assert_eq!(run.result, Ok(()));
    let rows = run.rows(kind).into_iter().map(row_json);
    rows.map(|row| serde_json::from_str(&row).expect("JSON"))
        .collect()
}

#[test]
fn a_change_is_asked_for_and_looks_as_in_a_pull() {
    let mut harness = opened();
    let person = json!({"id": 11, "name": "A. Customer", "org_id": 3, "is_deleted": false,
        "add_time": "2025-01-01T00:00:00Z", "update_time": "2026-01-20T10:00:00Z",
        "emails": [{"value": "a@example.org"}], "custom_fields": {}});
    let url = format!("{BASE}/v2/persons/11?include_option_labels=true");
    let answer = Answer::json(&json!({"success": true, "data": person}).to_string());
    harness.answer("GET", &url, answer);
    let body = delivery("change", "person", &json!("11"), &json!({"name": "A."}));
    let rows = told(&harness.webhook(&[], &body), RecordKind::Customer);
    assert_eq!(rows[0]["id"], "person:11");
    assert_eq!(
        rows[0]["aliases"],
        json!(["crm:person-11", "email:a@example.org"])
    );
    assert_eq!(rows[0]["account"], "org:3");
    assert_eq!(rows[0]["updated_at"], "2026-01-20T10:00:00.999999Z");
    // Deleted between the webhook and now.
    harness.answer("GET", &url, Answer::status(404));
    let run = harness.webhook(&[], &body);
    assert_eq!((run.result.clone(), run.n_rows()), (Ok(()), 0));
}

#[test]
fn deletions_come_after_every_change_of_their_second() {
    let mut harness = opened();
    for (entity, id) in [("person", "person:11"), ("organization", "org:11")] {
        let body = delivery("delete", entity, &json!(11), &json!({"id": 11}));
        let rows = told(&harness.webhook(&[], &body), RecordKind::Customer);
        let expected = json!({"id": id, "deleted": true, "updated_at": "2026-01-20T10:00:01Z"});
        assert_eq!(rows, [expected]);
    }
    assert!(harness.take_requests().is_empty());
}

#[test]
fn a_deleted_deal_ends_its_contract() {
    let mut harness = opened();
    let deal = json!({"id": 7, "org_id": 3, "pipeline_id": 1, "status": "won", "value": 100,
        "currency": "EUR", "add_time": "2026-01-01T00:00:00.100Z",
        "update_time": "2026-01-12T00:00:00.100Z", "won_time": "2026-01-10T00:00:00Z",
        "lost_time": null, "person_id": null});
    let url = format!("{BASE}/v1/deals/7/changelog?limit=500");
    harness.answer("GET", &url, Answer::status(404).body("{}"));
    let body = delivery("delete", "deal", &json!("7"), &deal);
    let rows = told(&harness.webhook(&[], &body), RecordKind::Subscription);
    assert_eq!(rows[0]["id"], "deal:7@2026-01-10T00:00:00Z");
    assert_eq!(rows[0]["ended_at"], "2026-01-20T10:00:00Z");
    assert_eq!(rows[0]["updated_at"], "2026-01-20T10:00:01Z");
    let body = delivery("delete", "deal", &json!("7"), &Value::Null);
    let class = harness
        .webhook(&[], &body)
        .result
        .expect_err("no state")
        .class();
    assert_eq!(class, ErrorClass::SchemaChanged);
}

#[test]
fn a_deleted_deal_that_the_vendor_still_shows_looks_as_in_a_pull() {
    let mut harness = opened();
    let deal = json!({"id": 7, "org_id": 3, "person_id": null, "pipeline_id": 1, "status": "won",
        "value": 100, "currency": "EUR", "add_time": "2026-01-01T00:00:00Z", "is_deleted": true,
        "update_time": "2026-01-20T10:00:00Z", "won_time": "2026-01-10T00:00:00Z",
        "lost_time": null});
    let url = format!("{BASE}/v2/deals/7?include_option_labels=true&include_fields=first_won_time");
    let answer = Answer::json(&json!({"success": true, "data": deal}).to_string());
    harness.answer("GET", &url, answer);
    let body = delivery("delete", "deal", &json!("7"), &Value::Null);
    let rows = told(&harness.webhook(&[], &body), RecordKind::Subscription);
    assert_eq!(rows[0]["ended_at"], "2026-01-20T10:00:00Z");
    assert_eq!(rows[0]["updated_at"], "2026-01-20T10:00:01Z");
}

#[test]
fn what_is_no_record_is_passed_over_and_what_is_unknown_kept_aside() {
    let mut harness = opened();
    let run = harness.webhook(&[], &delivery("change", "note", &json!(1), &Value::Null));
    assert_eq!((run.result.clone(), run.n_rows()), (Ok(()), 0));
    for body in [
        delivery("merge", "deal", &json!(1), &Value::Null),
        delivery("change", "deal", &json!("one"), &Value::Null),
        br#"{"v":1,"event":"updated.deal","meta":{"action":"updated","object":"deal"}}"#.to_vec(),
        b"no JSON".to_vec(),
    ] {
        let class = harness
            .webhook(&[], &body)
            .result
            .expect_err("unknown")
            .class();
        assert_eq!(class, ErrorClass::SchemaChanged);
    }
}
