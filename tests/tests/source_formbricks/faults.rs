//! What goes wrong on the way, and what is left of it afterwards: nothing.

use jiff::Timestamp;
use serde_json::{Value, json};
use vocd::host::FailureReason;
use vocd_tests::replay::contract::{keeps_the_contract, recorded};
use vocd_tests::replay::formbricks::{self, API_KEY, WEBHOOK_SECRET};
use vocd_tests::replay::reader::Reader;
use vocd_tests::replay::{Fault, Plan};

use super::stage::{
    HOUR_S, RESPONSES, STREAM, account, assert_equal, config, pull, reader, told, vendor,
};

#[test]
fn a_read_killed_anywhere_goes_on_to_the_same_end() {
    let vendor = vendor(account());
    let mut n_events = 1;
    loop {
        let mut killed = reader(&vendor);
        let is_over = killed.pull_killed_after(STREAM, n_events).is_none();
        pull(&mut killed);
        assert_equal(&killed, &vendor);
        assert_eq!(killed.n_repeats, 0, "killed after {n_events}");
        if is_over {
            break;
        }
        n_events += 2;
    }
    assert!(n_events > 10, "it was killed in the middle, not only once");
}

#[test]
fn a_storm_of_refusals_ends_a_run_and_loses_nothing() {
    let vendor = vendor(account());
    let mut reader = reader(&vendor);
    let storms = [
        Fault::too_many(Some(1)),
        Fault::Page(502),
        Fault::Page(429),
        Fault::Hangup,
    ];
    for (idx, fault) in storms.into_iter().enumerate() {
        vendor.plan(Plan {
            path: RESPONSES,
            n_before: idx,
            ..Plan::new(fault)
        });
    }
    pull(&mut reader);
    assert_eq!(vendor.n_planned(), 0, "every fault was met");
    assert_equal(&reader, &vendor);
    assert_eq!(reader.n_repeats, 0);
    // A wait above what a run waits: it ends, and says when to come back.
    vendor.pass(HOUR_S);
    vendor.with(|account, now_s| account.begin("after the storm", 9, now_s));
    vendor.plan(Plan {
        path: RESPONSES,
        ..Plan::new(Fault::too_many(Some(600)))
    });
    let failure = reader.pull(STREAM).expect("refused");
    assert_eq!(failure.reason, FailureReason::RateLimited, "{failure}");
    assert_eq!(failure.retry_after.map(|wait| wait.as_secs()), Some(600));
    let mut later = super::stage::reader(&vendor);
    pull(&mut later);
    assert_equal(&later, &vendor);
}

#[test]
fn a_broken_answer_is_never_taken_for_an_end() {
    for fault in [Fault::Cut, Fault::Page(200)] {
        let vendor = vendor(account());
        let mut reader = reader(&vendor);
        vendor.plan(Plan {
            path: RESPONSES,
            n_before: 2,
            n_times: 5,
            ..Plan::new(fault)
        });
        let failure = reader.pull(STREAM).expect("broken");
        assert_eq!(failure.reason, FailureReason::Transient, "{failure}");
        while vendor.n_planned() > 0 {
            let _ = reader.pull(STREAM);
        }
        pull(&mut reader);
        assert_equal(&reader, &vendor);
        assert_eq!(reader.n_repeats, 0);
    }
}

/// Changes every row of a page.
fn each(change: impl Fn(&mut Value) + Send + Sync + 'static) -> Fault {
    Fault::surprise(move |body| {
        for row in body["data"].as_array_mut().into_iter().flatten() {
            change(row);
        }
    })
}

#[test]
fn another_shape_ends_the_run() {
    let without = |member: &'static str| {
        each(move |row| {
            row.as_object_mut().map(|row| row.remove(member));
        })
    };
    let cases = [
        without("updatedAt"),
        without("finished"),
        without("data"),
        each(|row| row["surveyId"] = json!(7)),
        each(|row| row["createdAt"] = json!("last Tuesday")),
        Fault::surprise(|body| {
            let rows = body["data"].take();
            body["responses"] = rows;
        }),
        Fault::surprise(|body| body["meta"]["offset"] = json!(14)),
        Fault::surprise(|body| {
            if let Some(rows) = body["data"].as_array_mut() {
                rows.reverse();
            }
        }),
    ];
    for (idx, fault) in cases.into_iter().enumerate() {
        let vendor = vendor(account());
        let mut reader = reader(&vendor);
        vendor.plan(Plan {
            path: RESPONSES,
            ..Plan::new(fault)
        });
        let failure = reader.pull(STREAM);
        let failure = failure.unwrap_or_else(|| panic!("case {idx} was not noticed"));
        assert_eq!(
            failure.reason,
            FailureReason::SchemaChanged,
            "{idx}: {failure}"
        );
        assert_eq!(reader.checkpoint(STREAM), None, "{idx}: nothing is covered");
        pull(&mut reader);
        assert_equal(&reader, &vendor);
    }
}

#[test]
fn what_cannot_be_read_costs_its_record_and_is_counted() {
    let vendor = vendor(account());
    let mut reader = reader(&vendor);
    vendor.with(|account, _| {
        account.surveys[0]["blocks"][0]["elements"][1]["type"] = json!("hologram");
    });
    vendor.plan(Plan {
        path: RESPONSES,
        ..Plan::new(Fault::surprise(|body| {
            body["data"][0]["updatedAt"] = json!("last Tuesday");
            body["data"][1]["data"]["recommend"] = json!("eleven");
            body["data"][2]["data"]["recommend"] = json!(11);
        }))
    });
    pull(&mut reader);
    let n_of = |reason: &str| {
        let rejects = reader.rejects.iter();
        rejects.filter(|reject| reject.reason == reason).count()
    };
    assert_eq!((n_of("bad_response"), n_of("bad_number")), (1, 1));
    // Half of the responses came to the element, one of them in the response that is refused whole.
    assert_eq!(n_of("unknown_type"), 29);
}

#[test]
fn a_wrong_key_waits_for_a_person() {
    let vendor = vendor(account());
    let mut config = config(&vendor);
    config["api_key"] = json!("an-older-key");
    let mut stranger = Reader::new("formbricks", config, &["an-older-key"]);
    let failure = stranger.pull(STREAM);
    let text = told(failure.as_ref());
    assert_eq!(
        failure.expect("refused").reason,
        FailureReason::Auth,
        "{text}"
    );
    assert!(!text.contains("an-older-key"), "{text}");
}

#[test]
fn the_library_keeps_the_contract() {
    let vendor = vendor(account());
    let mut config = config(&vendor);
    config["webhook_secret"] = json!(WEBHOOK_SECRET);
    let now = Timestamp::now();
    let webhooks = vendor.with(|account, _| {
        let signed = (account.delivery("responseFinished", "r000"), now);
        // Nobody signed this one: the kit does.
        let bare = account.delivery("responseUpdated", "r002");
        let headers: serde_json::Map<String, Value> =
            formbricks::signed("d1", &signed.0, now.as_second())
                .into_iter()
                .map(|(name, value)| (name, value.into()))
                .collect();
        vec![
            json!({"headers": headers, "body": text(&signed.0)}),
            json!({"headers": {"webhook-id": "d2"}, "body": text(&bare)}),
            json!({"headers": {"webhook-id": "d3"}, "body": {"event": "testEndpoint"}}),
        ]
    });
    let webhooks = webhooks.iter().map(recorded).collect();
    keeps_the_contract("formbricks", config, &[API_KEY, WEBHOOK_SECRET], webhooks);
}

fn text(body: &[u8]) -> &str {
    std::str::from_utf8(body).expect("JSON")
}
