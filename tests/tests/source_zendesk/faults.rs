//! What goes wrong on the way, and what is left of it afterwards: nothing.

use serde_json::{Value, json};
use vocd::conformance::{Status, Verdict};
use vocd::host::FailureReason;
use vocd_tests::replay::contract::{keeps_the_contract, recorded};
use vocd_tests::replay::zendesk::TOKEN;
use vocd_tests::replay::{Fault, Plan};

use super::stage::{DAY_S, N_TICKETS, account, assert_tickets, config, pull_all, reader, vendor};

const TICKETS: &str = "/api/v2/incremental/tickets";

#[test]
fn a_read_killed_anywhere_goes_on_to_the_same_end() {
    let vendor = vendor(account());
    let mut whole = reader(&vendor);
    pull_all(&mut whole);
    for stream in ["tickets", "users", "organizations", "csat"] {
        let mut n_events = 1;
        loop {
            let mut killed = reader(&vendor);
            let is_over = killed.pull_killed_after(stream, n_events).is_none();
            assert_eq!(killed.pull(stream).map(|failure| failure.to_string()), None);
            for kind in ["ticket", "agent", "customer", "response", "invitation"] {
                let (left, right) = (killed.live(kind), whole.live(kind));
                let is_of_stream = !left.is_empty() && kind != "customer";
                assert!(
                    !is_of_stream || left == right,
                    "{stream} killed after {n_events}"
                );
            }
            // Every place of the short streams, every third of the long one.
            n_events += if stream == "tickets" { 3 } else { 1 };
            if is_over {
                break;
            }
        }
        assert!(n_events > 2, "{stream} was killed at least once");
    }
}

#[test]
fn a_storm_of_refusals_ends_a_run_and_loses_nothing() {
    let vendor = vendor(account());
    let mut reader = reader(&vendor);
    // Every other page: with and without a time to wait, and what proxies say.
    let storms = [
        Fault::too_many(Some(1)),
        Fault::Page(502),
        Fault::too_many(None),
        Fault::Page(503),
        Fault::Hangup,
    ];
    for (idx, fault) in storms.into_iter().enumerate() {
        vendor.plan(Plan {
            path: TICKETS,
            n_before: idx,
            ..Plan::new(fault)
        });
    }
    pull_all(&mut reader);
    assert_eq!(vendor.n_planned(), 0);
    assert_tickets(&reader, &vendor);
    // A wait above what a run waits: it ends, and says when to come back.
    vendor.with(|account, now_s| account.open_ticket(N_TICKETS + 1, 4_001, now_s));
    vendor.pass(DAY_S);
    vendor.plan(Plan {
        path: TICKETS,
        ..Plan::new(Fault::too_many(Some(600)))
    });
    let failure = reader.pull("tickets").expect("refused");
    assert_eq!(failure.reason, FailureReason::RateLimited, "{failure}");
    assert_eq!(failure.retry_after.map(|wait| wait.as_secs()), Some(600));
    let mut later = super::stage::reader(&vendor);
    pull_all(&mut later);
    assert_tickets(&later, &vendor);
}

#[test]
fn a_broken_answer_is_never_taken_for_an_end() {
    for fault in [Fault::Cut, Fault::Page(200)] {
        let vendor = vendor(account());
        let mut reader = reader(&vendor);
        vendor.plan(Plan {
            path: TICKETS,
            n_before: 2,
            n_times: 5,
            ..Plan::new(fault)
        });
        let failure = reader.pull("tickets").expect("broken");
        assert_eq!(failure.reason, FailureReason::Transient, "{failure}");
        while vendor.n_planned() > 0 {
            let _ = reader.pull("tickets");
        }
        pull_all(&mut reader);
        assert_tickets(&reader, &vendor);
        assert_eq!(reader.n_repeats, 0);
    }
}

/// Changes every row of an answer that holds a list.
fn each(name: &'static str, change: impl Fn(&mut Value) + Send + Sync + 'static) -> Fault {
    Fault::surprise(move |body| {
        for row in body[name].as_array_mut().into_iter().flatten() {
            change(row);
        }
    })
}

/// Checks that a stream with this fault ends with these words, and is whole once it is mended.
fn surprised(stream: &str, path: &'static str, fault: Fault, expected: &str) {
    let vendor = vendor(account());
    let mut reader = reader(&vendor);
    vendor.plan(Plan {
        path,
        ..Plan::new(fault)
    });
    let failure = reader.pull(stream);
    let failure = failure.unwrap_or_else(|| panic!("{expected}: not noticed"));
    assert_eq!(
        failure.reason,
        FailureReason::SchemaChanged,
        "{expected}: {failure}"
    );
    assert!(failure.to_string().contains(expected), "{failure}");
    assert_eq!(
        reader.checkpoint(stream),
        None,
        "{expected}: nothing is covered"
    );
    pull_all(&mut reader);
    assert_tickets(&reader, &vendor);
}

#[test]
fn a_missing_member_ends_the_run_and_is_named() {
    let cases = [
        ("tickets", TICKETS, "tickets", "status"),
        ("tickets", TICKETS, "tickets", "metric_set"),
        ("tickets", TICKETS, "tickets", "group_id"),
        ("users", "/api/v2/incremental/users", "users", "role"),
        (
            "organizations",
            "/api/v2/incremental/organizations",
            "organizations",
            "domain_names",
        ),
        (
            "csat",
            "/api/v2/satisfaction_ratings",
            "satisfaction_ratings",
            "score",
        ),
    ];
    for (stream, path, list, member) in cases {
        let fault = each(list, move |row| {
            row.as_object_mut().map(|row| row.remove(member));
        });
        surprised(stream, path, fault, &format!("missing field `{member}`"));
    }
}

#[test]
fn a_renamed_or_retyped_member_ends_the_run_and_is_named() {
    let renamed = Fault::surprise(|body| {
        body["issues"] = body["tickets"].take();
        body.as_object_mut().map(|body| body.remove("tickets"));
    });
    surprised("tickets", TICKETS, renamed, "missing field `tickets`");
    let retyped = each("tickets", |row| row["tags"] = json!("a,b"));
    surprised("tickets", TICKETS, retyped, "expected a sequence");
    let deeper = each("tickets", |row| row["metric_set"]["replies"] = json!("two"));
    surprised("tickets", TICKETS, deeper, "expected u64");
    let endless = Fault::surprise(|body| body["after_cursor"] = Value::Null);
    surprised("tickets", TICKETS, endless, "paging has changed");
}

#[test]
fn a_value_that_breaks_a_rule_costs_its_record_and_is_counted() {
    let vendor = vendor(account());
    let mut reader = reader(&vendor);
    vendor.plan(Plan {
        path: TICKETS,
        ..Plan::new(Fault::surprise(|body| {
            body["tickets"][0]["created_at"] = json!("last Tuesday");
            body["tickets"][1]["updated_at"] = Value::Null;
        }))
    });
    vendor.plan(Plan {
        path: "/api/v2/incremental/users",
        ..Plan::new(Fault::surprise(|body| {
            body["users"][0]["role"] = json!("robot")
        }))
    });
    pull_all(&mut reader);
    let told: Vec<String> = reader
        .rejects
        .iter()
        .map(|reject| format!("{} {}", reject.reason, reject.place))
        .collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].starts_with("unknown_value users/"), "{told:?}");
    assert!(told[1].starts_with("bad_time tickets/"), "{told:?}");
    assert!(told[2].starts_with("missing_value tickets/"), "{told:?}");
    let n_live = u64::try_from(reader.live("ticket").len()).unwrap_or(0);
    assert_eq!(n_live, N_TICKETS - 2);
}

#[test]
fn wrong_credentials_and_missing_surveys_are_told_apart() {
    let mut account = account();
    account.has_legacy = false;
    let vendor = vendor(account);
    let mut reader = reader(&vendor);
    // Neither survey: nothing to read, and no failure.
    assert_eq!(reader.pull("csat").map(|failure| failure.to_string()), None);
    assert!(reader.checkpoint("csat").is_some());
    let mut config = config(&vendor);
    config["csat"] = json!("legacy");
    let mut strict = vocd_tests::replay::reader::Reader::new("zendesk", config.clone(), &[TOKEN]);
    let failure = strict.pull("csat").expect("it was asked for");
    assert_eq!(failure.reason, FailureReason::Auth, "{failure}");
    config["token"] = json!("an-older-token");
    let mut stranger = vocd_tests::replay::reader::Reader::new("zendesk", config, &[]);
    let failure = stranger.pull("tickets").expect("refused");
    assert_eq!(failure.reason, FailureReason::Auth, "{failure}");
}

#[test]
fn a_cursor_that_the_vendor_forgot_is_told_as_such() {
    let vendor = vendor(account());
    let mut reader = reader(&vendor);
    pull_all(&mut reader);
    let refusal = vocd_tests::replay::Said::status(422, json!({"error": "InvalidValue"}));
    vendor.plan(Plan::new(Fault::Says(refusal)));
    let failure = reader.pull("tickets").expect("refused");
    assert_eq!(
        failure.reason,
        FailureReason::CheckpointUnreadable,
        "{failure}"
    );
}

#[test]
fn the_library_keeps_the_contract() {
    let vendor = vendor(account());
    let mut config = config(&vendor);
    config["webhook_secret"] = json!("a-secret-of-the-test");
    let event = |id: &str, body: Value| {
        recorded(&json!({"headers": {"X-Zendesk-Webhook-Invocation-Id": id}, "body": body}))
    };
    let webhooks = vec![
        event(
            "i1",
            json!({"type": "zen:event-type:ticket.created", "account_id": 1, "id": "e1",
                "time": "2025-05-31T00:00:00Z", "zendesk_event_version": "2022-11-06",
                "subject": "zen:ticket:7", "detail": {"id": "7"}, "event": {}}),
        ),
        event("i2", json!({"ticket_id": "22"})),
    ];
    let verdicts = keeps_the_contract(
        "zendesk",
        config,
        &[TOKEN, "a-secret-of-the-test"],
        webhooks,
    );
    let is_warned = |verdict: &Verdict| verdict.finding.status == Status::Warn;
    assert!(!verdicts.iter().any(is_warned), "{verdicts:#?}");
}
