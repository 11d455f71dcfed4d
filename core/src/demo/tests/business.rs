//! Tickets, agents and contracts belong together and are believable.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::OnceLock;

use jiff::civil::DateTime;
use jiff::{Timestamp, ToSpan as _};

use super::*;

/// Rows of the files whose name begins so, as column → cell.
pub(super) fn rows(files: &BTreeMap<String, String>, start: &str) -> Vec<HashMap<String, String>> {
    let mut found = Vec::new();
    for text in files
        .iter()
        .filter(|(name, _)| name.starts_with(start))
        .map(|(_, text)| text)
    {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        found.extend(reader.deserialize().map(|row| row.expect("valid CSV")));
    }
    found
}

/// The whole company, computed once for all tests.
pub(super) fn company() -> &'static BTreeMap<String, String> {
    static COMPANY: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    COMPANY.get_or_init(|| {
        let dir = tempfile::tempdir().expect("temporary directory");
        computed(dir.path(), UNTIL)
    })
}

/// Last version of each id.
pub(super) fn current(
    rows: Vec<HashMap<String, String>>,
) -> HashMap<String, HashMap<String, String>> {
    let mut by_id: HashMap<String, HashMap<String, String>> = HashMap::new();
    for row in rows {
        if let Some(before) = by_id.insert(row["id"].clone(), row.clone()) {
            let (before, now) = (&before["updated_at"], &row["updated_at"]);
            assert!(before < now, "{} at {now}", row["id"]);
        }
    }
    by_id
}

fn time(cell: &str) -> Option<Timestamp> {
    (!cell.is_empty()).then(|| cell.parse().expect("a time"))
}

fn hours(from: &str, to: &str) -> f64 {
    let (from, to) = (time(from).expect("a time"), time(to).expect("a time"));
    to.duration_since(from).as_secs_f64() / 3_600.0
}

#[test]
fn each_day_only_adds_to_the_files() {
    let dir = tempfile::tempdir().expect("temporary directory");
    // A kept folder keeps its beginning; a late one is soon computed.
    let begun = dir.path().join("invitations");
    fs::create_dir(&begun).expect("made");
    fs::write(begun.join("2025-12.csv"), "").expect("written");
    // Over the end of a month, in which the files change.
    let mut until = date(2026, 1, 29);
    let mut before = computed(dir.path(), until);
    for _ in 0..5 {
        until = until.checked_add(1.day()).expect("a date");
        let after = computed(dir.path(), until);
        for (name, text) in &before {
            assert!(after[name].starts_with(text.as_str()), "{name} at {until}");
        }
        before = after;
    }
}

#[test]
fn nothing_is_known_before_it_happens() {
    let files = company();
    let until = format!("{UNTIL}T00:00:00Z");
    let mut n_rows = 0;
    let sheets = files.keys().filter(|name| name.ends_with(".csv"));
    for row in sheets.flat_map(|name| rows(files, name)) {
        // A due date and the end of an event may lie ahead; nothing else does.
        for (column, cell) in row {
            let is_time = column.ends_with("_at") && !cell.is_empty();
            if is_time && !["sla_due_at", "ended_at"].contains(&column.as_str()) {
                assert!(cell < until, "{column} {cell}");
                n_rows += 1;
            }
        }
    }
    assert!(n_rows > 300_000, "{n_rows}");
    for row in rows(files, "subscriptions") {
        assert!(row["ended_at"] < until, "{}", row["id"]);
    }
}

#[test]
fn what_is_named_is_there() {
    let files = company();
    let ids = |start: &str, source: &str| -> HashSet<String> {
        let rows = rows(files, start).into_iter();
        rows.map(|row| format!("{source}{}", row["id"])).collect()
    };
    let customers = ids("customers", "crm/");
    let agents = ids("agents", "helpdesk/");
    let tickets = current(rows(files, "tickets/"));
    for (id, ticket) in &tickets {
        assert!(customers.contains(&ticket["customer"]), "{id}");
        let agent = &ticket["agent"];
        assert_eq!(agent.is_empty(), ticket["handled_by"] == "bot", "{id}");
        assert_eq!(agent.is_empty(), ticket["team"].is_empty(), "{id}");
        let is_known = agents.contains(&format!("helpdesk/{agent}"));
        assert!(agent.is_empty() || is_known, "{id}: {agent}");
    }
    for row in rows(files, "subscriptions") {
        assert!(customers.contains(&row["customer"]), "{}", row["id"]);
    }
    // The first answers are about tickets that were solved before the files begin.
    let settled = "2024-11-08";
    let mut n_linked = 0;
    for answer in rows(files, "answers/support-") {
        if answer["responded_at"].as_str() < settled {
            continue;
        }
        let id = answer["ticket"]
            .strip_prefix("helpdesk/")
            .expect("a ticket");
        let ticket = &tickets[id];
        assert_eq!(ticket["customer"], answer["customer"], "{id}");
        assert_eq!(ticket["channel"], answer["channel"], "{id}");
        let agent = answer["agent"].trim_start_matches("helpdesk/");
        assert_eq!(ticket["agent"], agent, "{id}");
        assert!(ticket["first_solved_at"] < answer["responded_at"], "{id}");
        n_linked += 1;
    }
    assert!(n_linked > 25_000, "{n_linked}");
}

#[test]
fn a_ticket_goes_forward() {
    let tickets = current(rows(company(), "tickets/"));
    let n_tickets = tickets.len();
    assert!((37_000..46_000).contains(&n_tickets), "{n_tickets}");
    for (id, ticket) in &tickets {
        let steps = [
            "created_at",
            "first_reply_at",
            "first_solved_at",
            "solved_at",
        ];
        let taken: Vec<&str> = steps
            .iter()
            .map(|step| ticket[*step].as_str())
            .filter(|at| !at.is_empty())
            .collect();
        assert!(taken.is_sorted(), "{id}: {taken:?}");
        let last = ticket["updated_at"].as_str();
        assert!(taken.iter().all(|at| *at <= last), "{id}");
        let days = hours(&ticket["created_at"], last) / 24.0;
        let n_days_max = f64::from(u8::try_from(ticket::LIFE_DAYS_MAX).expect("days"));
        assert!(days < n_days_max, "{id}: {days} days");
        let is_solved = !ticket["solved_at"].is_empty();
        assert_eq!(is_solved, ticket["status"] == "solved", "{id}");
        assert!(ticket["sla_due_at"] > ticket["created_at"], "{id}");
    }
}

#[test]
fn people_talk_while_the_helpdesk_is_open() {
    let zone = jiff::tz::TimeZone::get("Europe/Berlin").expect("in the bundled database");
    let civil = |cell: &str| -> DateTime {
        let at = time(cell).expect("a time");
        at.to_zoned(zone.clone()).datetime()
    };
    let mut n_mails_at_night = 0;
    for (id, ticket) in current(rows(company(), "tickets/")) {
        let created = civil(&ticket["created_at"]);
        if ticket["channel"] == "email" {
            n_mails_at_night += u32::from(!(6..22).contains(&created.hour()));
        } else {
            let is_open = match created.weekday().to_monday_zero_offset() {
                0..=4 => (8..19).contains(&created.hour()),
                5 => (9..15).contains(&created.hour()),
                _ => false,
            };
            assert!(is_open, "{id} at {created}");
        }
    }
    assert!(n_mails_at_night > 500, "{n_mails_at_night}");
}

/// Median of what a ticket took.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[test]
fn the_helpdesk_is_believable() {
    let tickets = current(rows(company(), "tickets/"));
    let all = || tickets.values();
    let n = |is: &dyn Fn(&HashMap<String, String>) -> bool| {
        let n = all().filter(|ticket| is(ticket)).count();
        f64::from(u32::try_from(n).expect("some tickets"))
    };
    let total = n(&|_| true);
    let open = n(&|ticket| ticket["solved_at"].is_empty() && ticket["closed_at"].is_empty());
    assert!((30.0..400.0).contains(&open), "{open} open");
    let reopened = n(&|ticket| ticket["reopens"] != "0") / total;
    assert!((0.04..0.12).contains(&reopened), "{reopened} reopened");
    let first_contact = n(&|ticket| ticket["replies"] == "1" && ticket["reopens"] == "0") / total;
    assert!((0.5..0.85).contains(&first_contact), "{first_contact}");
    let due = n(&|ticket| ticket["solved_at"] <= ticket["sla_due_at"]) / total;
    assert!((0.85..0.98).contains(&due), "{due} in time");
    let bot = n(&|ticket| ticket["handled_by"] == "bot");
    let both = n(&|ticket| ticket["handled_by"] == "both");
    let contained = bot / (bot + both);
    assert!((0.35..0.5).contains(&contained), "{contained} contained");
    let taken = |channel: &str, column: &str| {
        let answered = all().filter(|one| one["channel"] == channel && !one[column].is_empty());
        median(
            answered
                .map(|one| hours(&one["created_at"], &one[column]))
                .collect(),
        )
    };
    assert!(taken("chat", "first_reply_at") < 0.15);
    assert!((0.5..6.0).contains(&taken("email", "first_reply_at")));
    assert!(taken("chat", "solved_at") < 1.0);
    assert!((1.0..24.0).contains(&taken("email", "solved_at")));
}

#[test]
fn a_few_agents_change_their_team_and_leave() {
    let files = company();
    let mut teams: HashMap<String, BTreeSet<String>> = HashMap::new();
    let mut n_left = 0;
    for row in rows(files, "agents") {
        teams
            .entry(row["id"].clone())
            .or_default()
            .insert(row["team"].clone());
        n_left += u32::from(row["active"] == "false");
    }
    let n_changed = teams.values().filter(|teams| teams.len() > 1).count();
    assert!((20..40).contains(&teams.len()), "{}", teams.len());
    assert!((2..10).contains(&n_changed), "{n_changed} changed");
    assert!((2..12).contains(&n_left), "{n_left} left");
}

#[test]
fn contracts_follow_on_each_other() {
    let files = company();
    let periods = current(rows(files, "subscriptions"));
    let mut contracts: BTreeMap<&str, Vec<&HashMap<String, String>>> = BTreeMap::new();
    for period in periods.values() {
        assert_eq!(period["currency"], "EUR");
        let mrr: f64 = period["mrr"].parse().expect("an amount");
        assert!(mrr > 10.0, "{}", period["id"]);
        contracts
            .entry(&period["subscription"])
            .or_default()
            .push(period);
    }
    let (mut n_up, mut n_down, mut n_plans) = (0, 0, 0);
    for (contract, periods) in &mut contracts {
        periods.sort_by_key(|period| period["started_at"].clone());
        for pair in periods.windows(2) {
            assert_eq!(pair[0]["ended_at"], pair[1]["started_at"], "{contract}");
            let mrr = |at: usize| pair[at]["mrr"].parse::<f64>().expect("an amount");
            n_up += u32::from(mrr(1) > mrr(0));
            n_down += u32::from(mrr(1) < mrr(0));
            n_plans += u32::from(pair[0]["plan"] != pair[1]["plan"]);
        }
    }
    assert!(
        n_up > 1_000 && n_down > 200 && n_plans > 200,
        "{n_up} {n_down} {n_plans}"
    );
}

#[test]
fn customers_leave_and_some_return() {
    let files = company();
    let periods = current(rows(files, "subscriptions"));
    let customers: HashSet<&String> = periods.values().map(|one| &one["customer"]).collect();
    let open = periods.values().filter(|one| one["ended_at"].is_empty());
    let active: HashSet<&String> = open.map(|one| &one["customer"]).collect();
    let share = 100 * active.len() / customers.len();
    assert!((60..90).contains(&share), "{share} % active");
    let returned = periods
        .values()
        .filter(|one| one["subscription"].ends_with("-2"));
    let returned: HashSet<&String> = returned.map(|one| &one["customer"]).collect();
    assert!((50..400).contains(&returned.len()), "{}", returned.len());
}
