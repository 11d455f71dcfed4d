//! Three sources on one dashboard: what a survey tool, a helpdesk and a CRM say of the same people
//! meets, also when the CRM comes last.

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
const N_TICKETS: u64 = 30;

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

fn crm() -> Pipedrive {
    let mut crm = Pipedrive::default();
    for id in 1..=N_CUSTOMERS {
        let at_s = NOW_S - 90 * DAY_S;
        crm.put_organization(id, &format!("Company {id}"), segment(id), at_s);
        crm.put_person(id, id, at_s);
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
        if ticket.is_multiple_of(2) {
            desk.rate(ticket, ticket, "good", start_s + 2 * DAY_S);
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
                "url = \"{crm}\"\napi_token = \"{API_TOKEN}\"\norganization = {{ segment = \"seg\" }}"
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

/// Returns the value of each group over the whole time.
fn values(answer: &Value) -> BTreeMap<String, f64> {
    let series = answer["series"].as_array().expect("series");
    let pair = |one: &Value| {
        let value = one["total"]["value"].as_f64();
        Some((one["key"].as_str()?.to_owned(), value?))
    };
    series.iter().filter_map(pair).collect()
}

fn nps_by_segment(scratch: &Scratch) -> BTreeMap<String, f64> {
    let arguments = [
        "kpi", "nps", "--range", "all", "--by", "segment", "--format", "json",
    ];
    let outcome = vocd(scratch.folder(), &arguments);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    values(&serde_json::from_str(&outcome.stdout).expect("JSON"))
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
    let rated = (1..=N_TICKETS).filter(|ticket| ticket.is_multiple_of(2));
    let teams = rated.map(|ticket| group(31 + (900 + ticket % 10) % 3));
    assert_eq!(panel("answers"), counted(teams));
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
