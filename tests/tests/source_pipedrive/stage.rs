//! A company with customers and contracts in it, and readers of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use vocd::host::Failure;
use vocd_tests::replay::pipedrive::{API_TOKEN, Pipedrive};
use vocd_tests::replay::reader::Reader;
use vocd_tests::replay::{Replay, Shelf};

/// The vendor's clock at the start: 2026-01-01T00:00:00Z, before that of any machine.
pub(crate) const NOW_S: i64 = 1_767_225_600;
pub(crate) const HOUR_S: i64 = 3_600;
pub(crate) const DAY_S: i64 = 24 * HOUR_S;
/// Organisations of [`account`], ids from 1; each has a person and a deal of its number.
pub(crate) const N_ORGANIZATIONS: u64 = 30;
/// Every stream.
pub(crate) const STREAMS: [&str; 5] = [
    "organizations",
    "persons",
    "deals",
    "archived_deals",
    "deleted_deals",
];

/// Returns a company whose objects share seconds in threes, and ten a single one: pages of 4 end
/// between them. Every second deal is won.
pub(crate) fn account() -> Pipedrive {
    let mut account = Pipedrive {
        page_rows: 4,
        ..Pipedrive::default()
    };
    for id in 1..=N_ORGANIZATIONS {
        let at_s = match id {
            10..20 => NOW_S - 20 * DAY_S,
            _ => NOW_S - 30 * DAY_S + i64::try_from(id / 3).unwrap_or(0) * HOUR_S,
        };
        account.put_organization(id, &format!("Organisation {id}"), "small", at_s);
        account.put_person(id, id, at_s);
        account.open_deal(id, id, 100 * id, at_s);
        if id % 2 == 0 {
            account.win(id, at_s + HOUR_S);
        }
    }
    account
}

/// Starts the vendor of an account.
pub(crate) fn vendor(account: Pipedrive) -> Replay<Pipedrive> {
    Replay::start(account, NOW_S)
}

/// Returns the source's configuration.
pub(crate) fn config(vendor: &Replay<Pipedrive>) -> Value {
    json!({"url": vendor.url("/"), "api_token": API_TOKEN,
        "organization": {"segment": "seg", "region": "address.country"},
        "subscriptions": {"pipelines": [1], "amount": "value"}})
}

pub(crate) fn reader(vendor: &Replay<Pipedrive>) -> Reader {
    Reader::new("pipedrive", config(vendor), &[API_TOKEN])
}

/// Reads every stream.
pub(crate) fn pull_all(reader: &mut Reader) {
    for stream in STREAMS {
        let failure = reader.pull(stream);
        assert!(failure.is_none(), "{stream}: {}", told(failure.as_ref()));
    }
}

/// Returns what a failure says.
pub(crate) fn told(failure: Option<&Failure>) -> String {
    failure.map(ToString::to_string).unwrap_or_default()
}

/// Compares what was read with what the vendor holds: customers by name, contracts by what they
/// bring in a month now, and whether they do.
pub(crate) fn assert_equal(reader: &Reader, vendor: &Replay<Pipedrive>) {
    let found = reader.live("customer");
    let found: BTreeMap<&str, Option<&str>> = found
        .iter()
        .map(|(id, row)| (*id, row.cell("name")))
        .collect();
    let current = reader.live("subscription");
    let current: BTreeMap<String, String> = current
        .values()
        .filter(|row| row.cell("ended_at").is_none())
        .map(|row| {
            let cell = |name| row.cell(name).unwrap_or_default().to_owned();
            (cell("subscription"), cell("mrr"))
        })
        .collect();
    vendor.with(|account, _| {
        let mut names = BTreeMap::new();
        add(&mut names, "org", &account.organizations);
        add(&mut names, "person", &account.persons);
        let expected = names.iter();
        let expected: BTreeMap<&str, Option<&str>> = expected
            .map(|(id, name)| (id.as_str(), Some(name.as_str())))
            .collect();
        assert_eq!(found, expected);
        let won = account.deals.iter().filter(|(_, deal)| {
            !deal.is_deleted && deal.value["status"] == "won" && deal.value["pipeline_id"] == 1
        });
        let expected: BTreeMap<String, String> = won
            .map(|(id, deal)| {
                (
                    format!("deal:{id}"),
                    format!("{}.0000", deal.value["value"]),
                )
            })
            .collect();
        assert_eq!(current, expected);
    });
    assert_no_overlap(reader);
}

/// The vendor tells nothing of customers that were deleted, so they are left out.
fn add(names: &mut BTreeMap<String, String>, prefix: &str, shelf: &Shelf<u64>) {
    for (id, item) in shelf.iter() {
        let name = item.value["name"].as_str().unwrap_or_default().to_owned();
        names.insert(format!("{prefix}:{id}"), name);
    }
}

/// No two price periods of a contract hold at once.
fn assert_no_overlap(reader: &Reader) {
    let live = reader.live("subscription");
    let mut spans: BTreeMap<String, BTreeSet<(String, String)>> = BTreeMap::new();
    for row in live.values() {
        let cell = |name| row.cell(name).unwrap_or("9999").to_owned();
        let span = (cell("started_at"), cell("ended_at"));
        spans.entry(cell("subscription")).or_default().insert(span);
    }
    for (contract, spans) in spans {
        let spans: Vec<_> = spans.into_iter().collect();
        for pair in spans.windows(2) {
            assert!(pair[0].1 <= pair[1].0, "{contract}: {spans:?}");
        }
    }
}
