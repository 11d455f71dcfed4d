//! An account with something in it, and readers of it.

use serde_json::{Value, json};
use vocd::conformance::row::Row;
use vocd_tests::replay::Replay;
use vocd_tests::replay::reader::Reader;
use vocd_tests::replay::zendesk::{EMAIL, TOKEN, Zendesk};

/// The vendor's clock at the start: 2025-06-01T00:00:00Z, before that of any machine.
pub(crate) const NOW_S: i64 = 1_748_736_000;
pub(crate) const HOUR_S: i64 = 3_600;
pub(crate) const DAY_S: i64 = 24 * HOUR_S;
/// Tickets of [`account`].
pub(crate) const N_TICKETS: u64 = 60;
/// Agents of [`account`], ids from 900.
pub(crate) const N_AGENTS: u64 = 10;
/// End users of [`account`], ids from 4,000.
pub(crate) const N_CUSTOMERS: u64 = 25;
/// Organisations of [`account`], ids from 500.
pub(crate) const N_ORGANIZATIONS: u64 = 7;

/// Returns an account that is a week old: three changes share each second, and pages end between
/// them.
pub(crate) fn account() -> Zendesk {
    let mut account = Zendesk {
        page_rows: 7,
        ..Zendesk::default()
    };
    let start_s = NOW_S - 7 * DAY_S;
    for agent in 0..N_AGENTS {
        account.put_user(
            900 + agent,
            if agent == 0 { "admin" } else { "agent" },
            start_s,
        );
    }
    for customer in 0..N_CUSTOMERS {
        account.put_user(4_000 + customer, "end-user", start_s + 60);
    }
    for id in 0..N_ORGANIZATIONS {
        // Fewer than a page holds, as the export by time cannot get past a full second.
        account.put_organization(
            500 + id,
            "small",
            start_s + i64::try_from(id / 3).unwrap_or(0),
        );
    }
    for id in 1..=N_TICKETS {
        let at_s = start_s + i64::try_from(id / 3).unwrap_or(0) * HOUR_S;
        account.open_ticket(id, 4_000 + id % N_CUSTOMERS, at_s);
        if id % 2 == 0 {
            account.reply(id, at_s + HOUR_S);
            account.solve(id, at_s + DAY_S);
        }
    }
    for (id, ticket) in (2..=20).step_by(2).enumerate() {
        let id = 2 * u64::try_from(id).unwrap_or(0) + 1;
        let at_s = NOW_S - 2 * DAY_S;
        account.rate(id, ticket, "offered", at_s);
        if ticket % 4 == 0 {
            let score = if ticket % 8 == 0 { "good" } else { "bad" };
            account.rate(id + 1, ticket, score, at_s + HOUR_S);
        }
    }
    account
}

/// Starts the vendor of an account.
pub(crate) fn vendor(account: Zendesk) -> Replay<Zendesk> {
    Replay::start(account, NOW_S)
}

/// Returns the source's configuration.
pub(crate) fn config(vendor: &Replay<Zendesk>) -> Value {
    json!({
        "url": vendor.url(""), "email": EMAIL, "token": TOKEN, "category_field": 77,
        "external_id_alias": "crm", "organization_fields": {"segment": "segment"},
    })
}

pub(crate) fn reader(vendor: &Replay<Zendesk>) -> Reader {
    Reader::new("zendesk", config(vendor), &[TOKEN])
}

/// Reads every stream.
pub(crate) fn pull_all(reader: &mut Reader) {
    for stream in ["users", "organizations", "tickets", "csat"] {
        let failure = reader.pull(stream);
        assert!(failure.is_none(), "{stream}: {failure:?}");
    }
}

/// Compares the tickets that were read with what the vendor shows.
pub(crate) fn assert_tickets(reader: &Reader, vendor: &Replay<Zendesk>) {
    let live = reader.live("ticket");
    vendor.with(|account, now_s| {
        let visible = account
            .tickets
            .iter()
            .filter(|(_, item)| item.changed_at_s <= now_s - 60);
        let expected: Vec<_> = visible.filter(|(_, item)| !item.is_deleted).collect();
        assert_eq!(
            live.len(),
            expected.len(),
            "as many tickets as at the vendor's"
        );
        for (id, item) in expected {
            let row = live.get(id.to_string().as_str());
            let row = row.unwrap_or_else(|| panic!("ticket {id} is missing"));
            assert_ticket(row, &item.value, item.changed_at_s);
        }
    });
}

fn assert_ticket(row: &Row, value: &Value, changed_at_s: i64) {
    let text = |name: &str| value[name].as_str();
    assert_eq!(row.cell("status"), text("status"), "{row:?}");
    assert_eq!(
        instant(row.cell("updated_at")),
        instant(text("updated_at")),
        "{row:?}"
    );
    assert_eq!(
        row.cell("revision"),
        Some(changed_at_s.to_string().as_str()),
        "{row:?}"
    );
    let reopens = value["metric_set"]["reopens"].to_string();
    assert_eq!(row.cell("reopens"), Some(reopens.as_str()), "{row:?}");
}

pub(crate) fn instant(text: Option<&str>) -> Option<jiff::Timestamp> {
    text.map(|text| text.parse().expect("a time"))
}
