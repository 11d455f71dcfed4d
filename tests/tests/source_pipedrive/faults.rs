//! What goes wrong on the way, and what is left of it afterwards: nothing.

use serde_json::{Value, json};
use vocd::host::FailureReason;
use vocd_tests::replay::contract::{keeps_the_contract, recorded};
use vocd_tests::replay::pipedrive::API_TOKEN;
use vocd_tests::replay::reader::Reader;
use vocd_tests::replay::{Fault, Plan, Said};

use super::stage::{
    HOUR_S, STREAMS, account, assert_equal, config, pull_all, reader, told, vendor,
};

const ORGANIZATIONS: &str = "/api/v2/organizations";

#[test]
fn a_read_killed_anywhere_goes_on_to_the_same_end() {
    let mut account = account();
    account.archive(2, true, super::stage::NOW_S - HOUR_S);
    account.deals.delete(&4, super::stage::NOW_S - HOUR_S);
    let vendor = vendor(account);
    let mut n_events = 1;
    loop {
        let mut killed = reader(&vendor);
        let mut is_over = true;
        for stream in STREAMS {
            is_over &= killed.pull_killed_after(stream, n_events).is_none();
        }
        pull_all(&mut killed);
        assert_equal(&killed, &vendor);
        assert_eq!(killed.n_repeats, 0, "killed after {n_events}");
        if is_over {
            break;
        }
        n_events += 2;
    }
    assert!(n_events > 8, "it was killed in the middle, not only once");
}

#[test]
fn a_storm_of_refusals_ends_a_run_and_loses_nothing() {
    let vendor = vendor(account());
    let mut reader = reader(&vendor);
    let storms = [
        Fault::too_many(Some(1)),
        Fault::Page(502),
        Fault::Hangup,
        Fault::too_many(Some(0)),
    ];
    for (idx, fault) in storms.into_iter().enumerate() {
        vendor.plan(Plan {
            path: ORGANIZATIONS,
            n_before: idx,
            ..Plan::new(fault)
        });
    }
    pull_all(&mut reader);
    assert_eq!(vendor.n_planned(), 0, "every fault was met");
    assert_equal(&reader, &vendor);
    assert_eq!(reader.n_repeats, 0);
}

#[test]
fn budgets_and_locked_doors_say_when_to_come_back() {
    let page = Said {
        status: 403,
        headers: Vec::new(),
        body: Value::Null,
    };
    let budget = Said::status(
        429,
        json!({"success": false, "error": "request over limit"}),
    )
    .header("x-ratelimit-remaining: 0")
    .header("x-ratelimit-reset: 7200");
    // No source is kept waiting for more than an hour.
    for (said, wait_s) in [(page, 1_800), (budget, 3_600)] {
        let vendor = vendor(account());
        let mut reader = reader(&vendor);
        vendor.plan(Plan {
            path: ORGANIZATIONS,
            n_before: 2,
            // However often the host tries again within the run.
            n_times: 20,
            ..Plan::new(Fault::Says(said))
        });
        let failure = reader.pull("organizations").expect("refused");
        assert_eq!(failure.reason, FailureReason::RateLimited, "{failure}");
        let wait = failure.retry_after.expect("it says how long").as_secs();
        assert!((wait_s - 60..=wait_s).contains(&wait), "{wait} s");
        assert!(
            reader.checkpoint("organizations").is_some(),
            "two pages are covered"
        );
    }
}

#[test]
fn a_broken_answer_is_never_taken_for_an_end() {
    for fault in [Fault::Cut, Fault::Page(200)] {
        let vendor = vendor(account());
        let mut reader = reader(&vendor);
        vendor.plan(Plan {
            path: ORGANIZATIONS,
            n_before: 2,
            n_times: 5,
            ..Plan::new(fault)
        });
        let failure = reader.pull("organizations").expect("broken");
        assert_eq!(failure.reason, FailureReason::Transient, "{failure}");
        while vendor.n_planned() > 0 {
            let _ = reader.pull("organizations");
        }
        pull_all(&mut reader);
        assert_equal(&reader, &vendor);
        assert_eq!(reader.n_repeats, 0);
    }
}

/// Removes a member of every object of a page.
fn without(member: &'static str) -> Fault {
    Fault::surprise(move |body| {
        for row in body["data"].as_array_mut().into_iter().flatten() {
            row.as_object_mut().map(|row| row.remove(member));
        }
    })
}

#[test]
fn another_shape_ends_the_run() {
    let cases = [
        without("update_time"),
        without("id"),
        Fault::surprise(|body| body["data"] = Value::Null),
        Fault::surprise(|body| body["additional_data"]["next_cursor"] = json!(7)),
        Fault::surprise(|body| {
            if let Some(rows) = body["data"].as_array_mut() {
                rows.reverse();
                rows[0]["update_time"] = json!("2026-01-01T00:00:00Z");
            }
        }),
    ];
    for (idx, fault) in cases.into_iter().enumerate() {
        let vendor = vendor(account());
        let mut reader = reader(&vendor);
        vendor.plan(Plan {
            path: ORGANIZATIONS,
            ..Plan::new(fault)
        });
        let failure = reader.pull("organizations");
        let failure = failure.unwrap_or_else(|| panic!("case {idx} was not noticed"));
        assert_eq!(
            failure.reason,
            FailureReason::SchemaChanged,
            "{idx}: {failure}"
        );
        assert_eq!(
            reader.checkpoint("organizations"),
            None,
            "{idx}: nothing is covered"
        );
        pull_all(&mut reader);
        assert_equal(&reader, &vendor);
    }
}

#[test]
fn what_cannot_be_read_costs_its_record_and_is_counted() {
    for (path, stream, fault) in [
        ("/api/v2/persons", "persons", without("emails")),
        ("/api/v2/persons", "persons", without("org_id")),
        (ORGANIZATIONS, "organizations", without("name")),
        ("/api/v2/deals", "deals", without("won_time")),
        ("/api/v2/deals", "deals", without("currency")),
        (
            "/api/v2/deals",
            "deals",
            Fault::surprise(|body| {
                for row in body["data"].as_array_mut().into_iter().flatten() {
                    row["status"] = json!("paused");
                }
            }),
        ),
    ] {
        let vendor = vendor(account());
        let mut reader = reader(&vendor);
        vendor.plan(Plan {
            path,
            ..Plan::new(fault)
        });
        let failure = reader.pull(stream);
        assert!(failure.is_none(), "{}", told(failure.as_ref()));
        let reasons: Vec<&str> = reader.rejects.iter().map(|it| it.reason.as_str()).collect();
        assert_eq!(reasons, ["bad_object"; 4], "{path}: each of the page");
    }
}

#[test]
fn a_wrong_token_waits_for_a_person() {
    let vendor = vendor(account());
    let mut config = config(&vendor);
    config["api_token"] = json!("an-older-token");
    let mut stranger = Reader::new("pipedrive", config, &["an-older-token"]);
    let failure = stranger.pull("persons");
    let text = told(failure.as_ref());
    assert_eq!(
        failure.expect("refused").reason,
        FailureReason::Auth,
        "{text}"
    );
    assert!(!text.contains("an-older-token"), "{text}");
}

#[test]
fn the_library_keeps_the_contract() {
    let vendor = vendor(account());
    let mut config = config(&vendor);
    config["webhook_user"] = json!("vocd");
    config["webhook_password"] = json!("a-password-of-the-test");
    let webhooks = vendor.with(|account, now_s| {
        let changes = [
            ("change", "organization", 3),
            ("change", "deal", 2),
            ("delete", "person", 5),
        ];
        let webhooks = changes.map(|(action, entity, id)| {
            let body = account.delivery(action, entity, id, now_s);
            recorded(&json!({"body": String::from_utf8(body).expect("JSON")}))
        });
        webhooks.to_vec()
    });
    let secrets = [API_TOKEN, "a-password-of-the-test"];
    keeps_the_contract("pipedrive", config, &secrets, webhooks);
}
