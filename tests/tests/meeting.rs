//! Three sources on one dashboard: what a survey tool, a helpdesk and a CRM say of the same people
//! meets, also when the CRM comes last: scores by segment, satisfaction by team, who stays by segment.

use std::collections::BTreeMap;

use serde_json::Value;
use vocd_tests::binaries;
use vocd_tests::daemon::{Daemon, free_address, vocd};
use vocd_tests::replay::Replay;
use vocd_tests::replay::formbricks::{API_KEY, Formbricks};
use vocd_tests::replay::pipedrive::{API_TOKEN, Pipedrive};
use vocd_tests::replay::zendesk::{EMAIL, GROUPS, TOKEN, Zendesk};
use vocd_tests::scratch::Scratch;

/// The vendors' clock: 2026-01-01T00:00:00Z, before that of any machine.
const NOW_S: i64 = 1_767_225_600;
const DAY_S: i64 = 24 * 3_600;
/// Customers; each is a person of an organisation of its own number, and answers once.
const N_CUSTOMERS: u64 = 60;
/// Tickets of the helpdesk; every second one is rated.
const N_TICKETS: u64 = 120;

const DASHBOARD: &str = "title = \"Together\"\nrange = \"all\"\ngrain = \"month\"\n\n\
    [[panel]]\nid = \"nps\"\nkpi = \"nps\"\nchart = \"trend\"\nby = \"segment\"\n\n\
    [[panel]]\nid = \"answers\"\nkpi = \"responses\"\nchart = \"trend\"\nby = \"team\"\n\
    where = { source = \"desk\" }\n\n\
    [[panel]]\nid = \"tickets\"\nkpi = \"tickets\"\nchart = \"trend\"\nby = \"team\"\n";

/// Everybody of an even number belongs to an enterprise and is content, the others are neither.
fn segment(customer: u64) -> &'static str {
    if customer.is_multiple_of(2) {
        "enterprise"
    } else {
        "small"
    }
}

/// Every customer had a contract; these ended in December.
fn has_left(customer: u64) -> bool {
    let is_small_and_tired = segment(customer) == "small" && customer.is_multiple_of(5);
    customer.is_multiple_of(3) || is_small_and_tired
}

/// Every second ticket is rated, most of them well.
fn rating(ticket: u64) -> Option<bool> {
    ticket.is_multiple_of(2).then_some(ticket % 7 > 1)
}

fn crm() -> Pipedrive {
    let mut crm = Pipedrive::default();
    for id in 1..=N_CUSTOMERS {
        let at_s = NOW_S - 90 * DAY_S;
        crm.put_organization(id, &format!("Company {id}"), segment(id), at_s);
        crm.put_person(id, id, at_s);
        crm.open_deal(id, id, 1_200, at_s);
        crm.win(id, at_s);
        if has_left(id) {
            crm.lose(id, NOW_S - 20 * DAY_S);
        }
    }
    crm
}

fn surveys() -> Formbricks {
    let mut surveys = Formbricks::with_survey();
    for customer in 1..=N_CUSTOMERS {
        let (id, at_s) = (format!("p{customer}"), NOW_S - 20 * DAY_S);
        let score = if segment(customer) == "enterprise" {
            10
        } else {
            3
        };
        surveys.begin(&id, score, at_s);
        surveys.finish(&id, "as I said", at_s);
    }
    surveys
}

fn desk() -> Zendesk {
    let mut desk = Zendesk::default();
    let start_s = NOW_S - 40 * DAY_S;
    for agent in 900..910 {
        desk.put_user(agent, "agent", start_s);
    }
    for ticket in 1..=N_TICKETS {
        desk.open_ticket(ticket, 4_000 + ticket, start_s + DAY_S);
        if let Some(is_good) = rating(ticket) {
            let word = if is_good { "good" } else { "bad" };
            desk.rate(ticket, ticket, word, start_s + 2 * DAY_S);
        }
    }
    desk
}

/// Returns the name of a group by its number.
fn group(id: u64) -> String {
    let found = GROUPS.iter().find(|(known, _)| *known == id);
    found.expect("a group of every account").1.to_owned()
}

struct Vendors {
    crm: Replay<Pipedrive>,
    surveys: Replay<Formbricks>,
    desk: Replay<Zendesk>,
}

fn lay_out(vendors: &Vendors) -> (Scratch, std::net::SocketAddr) {
    let (scratch, address) = (Scratch::new(), free_address());
    let plugins = binaries::folder().display();
    let (crm, surveys) = (vendors.crm.url("/"), vendors.surveys.url("/"));
    let desk = vendors.desk.url("");
    let source = |name: &str, plugin: &str, config: &str| {
        format!(
            "[[source]]\nname = \"{name}\"\nplugin = \"{plugin}\"\nevery = \"1d\"\n\
             limits = {{ requests_per_minute = 100000 }}\n[source.config]\n{config}\n"
        )
    };
    let sources = [
        source(
            "crm",
            "pipedrive",
            &format!(
                "url = \"{crm}\"\napi_token = \"{API_TOKEN}\"\norganization = {{ segment = \"seg\" }}\n\
                 subscriptions = {{ pipelines = [1], amount = \"value\" }}"
            ),
        ),
        source(
            "survey",
            "formbricks",
            &format!("url = \"{surveys}\"\napi_key = \"{API_KEY}\""),
        ),
        source(
            "desk",
            "zendesk",
            &format!("url = \"{desk}\"\nemail = \"{EMAIL}\"\ntoken = \"{TOKEN}\""),
        ),
    ];
    std::fs::create_dir(scratch.path("dashboards")).expect("a new folder");
    scratch.write("dashboards/together.toml", DASHBOARD);
    scratch.write(
        "vocd.toml",
        format!(
            "listen = \"{address}\"\ntimezone = \"UTC\"\nplugin_dirs = [\"{plugins}\"]\n\n\
             [dimensions]\nsegment = {{ from = \"customer.segment\" }}\n\n\
             [identity]\ncustomer = [\"crm\", \"desk\"]\n\n{}",
            sources.join("\n")
        ),
    );
    (scratch, address)
}

fn sync(scratch: &Scratch, source: &str) {
    let outcome = vocd(scratch.folder(), &["sync", source]);
    assert_eq!(
        outcome.code, 0,
        "{source}: {}{}",
        outcome.stdout, outcome.stderr
    );
}

/// Forgets what differs by the order of a computation.
fn rounded(value: f64) -> f64 {
    (value * 1e9).round() / 1e9
}

/// Returns the value of each group over the whole time.
fn values(answer: &Value) -> BTreeMap<String, f64> {
    let series = answer["series"].as_array().expect("series");
    let pair = |one: &Value| {
        let value = one["total"]["value"].as_f64()?;
        Some((one["key"].as_str()?.to_owned(), rounded(value)))
    };
    series.iter().filter_map(pair).collect()
}

fn by(scratch: &Scratch, kpi: &str, question: [&str; 4]) -> BTreeMap<String, f64> {
    let arguments = [&["kpi", kpi, "--format", "json", "--by"], &question[..]].concat();
    let outcome = vocd(scratch.folder(), &arguments);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    values(&serde_json::from_str(&outcome.stdout).expect("JSON"))
}

fn nps_by_segment(scratch: &Scratch) -> BTreeMap<String, f64> {
    by(
        scratch,
        "nps",
        ["segment", "--range", "all", "--grain=month"],
    )
}

/// Returns the percentage of those that hold, by group.
fn shares(all: impl Iterator<Item = (String, bool)>) -> BTreeMap<String, f64> {
    let mut counts: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for (key, holds) in all {
        let (n_hold, n) = counts.entry(key).or_default();
        *n_hold += f64::from(u8::from(holds));
        *n += 1.0;
    }
    let share = |(key, (n_hold, n))| (key, rounded(100.0 * n_hold / n));
    counts.into_iter().map(share).collect()
}

fn counted(keys: impl Iterator<Item = String>) -> BTreeMap<String, f64> {
    let mut counts = BTreeMap::new();
    for key in keys {
        *counts.entry(key).or_insert(0.0) += 1.0;
    }
    counts
}

#[test]
fn three_sources_meet_also_when_the_crm_comes_last() {
    let vendors = Vendors {
        crm: Replay::start(crm(), NOW_S),
        surveys: Replay::start(surveys(), NOW_S),
        desk: Replay::start(desk(), NOW_S),
    };
    let (scratch, address) = lay_out(&vendors);
    sync(&scratch, "survey");
    sync(&scratch, "desk");
    let nobody = BTreeMap::from([("(none)".to_owned(), 0.0)]);
    assert_eq!(nps_by_segment(&scratch), nobody);
    sync(&scratch, "crm");
    let expected = [
        ("enterprise".to_owned(), 100.0),
        ("small".to_owned(), -100.0),
    ];
    let expected = BTreeMap::from(expected);
    assert_eq!(nps_by_segment(&scratch), expected);

    let daemon = Daemon::start(scratch.folder(), &["serve"], address);
    let panel = |name: &str| values(&daemon.get(&format!("/charts/together/{name}.json")).json());
    assert_eq!(panel("nps"), expected);
    // An answer is of the team of the agent who was rated, a ticket of the team it is with.
    let rated = (1..=N_TICKETS).filter_map(|ticket| Some((ticket, rating(ticket)?)));
    let of_team = |(ticket, is_good)| (group(31 + (900 + ticket % 10) % 3), is_good);
    let rated: Vec<(String, bool)> = rated.map(of_team).collect();
    let teams = rated.iter().map(|(team, _)| team.clone());
    assert_eq!(panel("answers"), counted(teams));
    assert_eq!(
        by(
            &scratch,
            "csat",
            ["team", "--range", "all", "--where=source=desk"]
        ),
        shares(rated.into_iter())
    );
    let customers = (1..=N_CUSTOMERS).map(|id| (segment(id).to_owned(), !has_left(id)));
    let december = "2025-12-01..2026-01-01";
    let found = by(
        &scratch,
        "crr",
        ["segment", "--range", december, "--grain=month"],
    );
    assert_eq!(found, shares(customers));
    let groups = (1..=N_TICKETS).map(|ticket| GROUPS[(ticket % 3) as usize].1.to_owned());
    assert_eq!(panel("tickets"), counted(groups));
    for target in [
        "/charts/together/nps.svg",
        "/walls/together.png",
        "/dashboards/together",
    ] {
        assert_eq!(daemon.get(target).status, 200, "{target}: {}", daemon.log());
    }
}
