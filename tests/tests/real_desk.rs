//! A real helpdesk's event log of 890 incidents, by the documented example configuration alone,
//! against independently computed results.

use std::path::Path;

use serde_json::Value;
use vocd_tests::binaries::root;
use vocd_tests::daemon::{Daemon, Outcome, free_address, vocd};
use vocd_tests::scratch::Scratch;
use vocd_tests::skip::data_set;

const DATA_SET: &str = "servicenow-incidents-uci";
const FILE: &str = "incident_event_log.csv";
/// The expected figures are rounded to as many digits.
const TOLERANCE_H: f64 = 5e-5;
const TOLERANCE_PERCENT: f64 = 5e-4;

const DASHBOARD: &str = r#"
title = "Incidents"
range = "2016-03-01..2016-04-01"
grain = "week"

[[panel]]
id = "number"
kpi = "resolution_time"
chart = "number"

[[panel]]
id = "trend"
kpi = "resolution_time"
chart = "trend"
"#;

fn loaded(folder: &Path) -> Scratch {
    let example = root().join("plugins/csv/examples/incident-log.toml");
    let scratch = Scratch::new();
    scratch.write("vocd.toml", std::fs::read(example).expect("the example"));
    scratch.write(FILE, std::fs::read(folder.join(FILE)).expect("the log"));
    scratch.write("dashboards/desk.toml", DASHBOARD);
    must(&vocd(scratch.folder(), &["check"]));
    must(&vocd(scratch.folder(), &["sync", "incidents"]));
    scratch
}

fn must(outcome: &Outcome) -> &str {
    assert_eq!(outcome.code, 0, "{}\n{}", outcome.stdout, outcome.stderr);
    &outcome.stdout
}

fn expected(folder: &Path) -> Value {
    let text = std::fs::read_to_string(folder.join("expected.json")).expect("expected.json");
    serde_json::from_str(&text).expect("JSON")
}

fn kpi(scratch: &Scratch, name: &str, arguments: &[&str]) -> Value {
    let mut all = vec!["kpi", name, "--format", "json"];
    all.extend_from_slice(arguments);
    serde_json::from_str(must(&vocd(scratch.folder(), &all))).expect("JSON")
}

fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}

fn check(found: &Value, expected: f64, tolerance: f64, what: &str) {
    let found = number(found);
    let is_close = (found - expected).abs() < tolerance;
    assert!(is_close, "{what}: {found} is not {expected}");
}

#[test]
fn the_incidents_answer_as_computed_elsewhere() {
    let Some(folder) = data_set("real_desk::answers", DATA_SET) else {
        return;
    };
    let (scratch, expected) = (loaded(&folder), expected(&folder));

    let times = kpi(&scratch, "resolution_time", &[]);
    let total = &times["total"];
    assert_eq!(times["unit"], "seconds");
    assert_eq!(total["n"], expected["with_resolved_at"]);
    let median_s = number(&expected["median_hours"]) * 3_600.0;
    check(&total["value"], median_s, TOLERANCE_H * 3_600.0, "median");
    // By exact binomial ranks: 402 and 460 of 861 for the median, 757 and 793 for the decile.
    let bounds = [&total["low"], &total["high"]].map(number);
    assert_eq!(bounds, [188_820.0, 249_600.0]);
    let decile = ["p90", "p90_low", "p90_high"].map(|name| number(&total["secondary"][name]));
    assert_eq!(decile, [2_743_380.0, 1_972_860.0, 3_572_700.0]);
    let march = kpi(
        &scratch,
        "resolution_time",
        &["--range", "2016-03-01..2016-04-01"],
    );
    assert_eq!(march["total"]["n"], 737);

    let sla = kpi(&scratch, "sla", &["--by", "priority"]);
    assert_eq!(sla["total"]["n"], expected["incidents"]);
    let rate = 100.0 * number(&expected["made_sla_rate"]);
    check(
        &sla["total"]["value"],
        rate,
        TOLERANCE_PERCENT,
        "service level",
    );
    let series = sla["series"].as_array().expect("series");
    for (priority, n) in expected["by_priority"].as_object().expect("priorities") {
        let group = series.iter().find(|series| series["key"] == *priority);
        let group = group.unwrap_or_else(|| panic!("no group {priority}"));
        assert_eq!(group["total"]["n"], *n, "{priority}");
        let filter = format!("priority={priority}");
        let alone = kpi(&scratch, "sla", &["--where", &filter]);
        assert_eq!(alone["total"], group["total"], "{filter}");
    }

    let reopened = kpi(&scratch, "reopen_rate", &[]);
    assert_eq!(reopened["total"]["n"], expected["incidents"]);
    assert_eq!(
        reopened["total"]["counts"]["reopened"],
        expected["reopened"]
    );
}

#[test]
fn the_backlog_is_that_of_each_day() {
    let Some(folder) = data_set("real_desk::backlog", DATA_SET) else {
        return;
    };
    let scratch = loaded(&folder);
    let mut n_beside = 0;
    for (range, expected) in [
        ("2016-03-01..2016-03-02", 395.0),
        ("2016-03-04..2016-03-05", 390.0),
        ("2016-03-06..2016-03-07", 373.0),
        ("2016-03-31..2016-04-01", 88.0),
    ] {
        let answer = kpi(&scratch, "backlog", &["--range", range]);
        assert_eq!(number(&answer["total"]["value"]), expected, "{range}");
        let beside = kpi(&scratch, "resolution_time", &["--range", range]);
        if beside["total"]["base"] != "hidden" {
            let open = &beside["total"]["counts"]["open"];
            assert_eq!(number(open), expected, "{range}");
            n_beside += 1;
        }
    }
    assert!(n_beside >= 2, "days on which many were solved");
}

#[test]
fn every_format_shows_the_same_time() {
    let Some(folder) = data_set("real_desk::formats", DATA_SET) else {
        return;
    };
    let scratch = loaded(&folder);
    let text = |panel: &str, extension: &str| {
        let (panel, file) = (format!("desk/{panel}"), format!("{panel}.{extension}"));
        must(&vocd(scratch.folder(), &["render", &panel, "-o", &file]));
        std::fs::read_to_string(scratch.path(&file)).expect("drawn")
    };
    let json: Value = serde_json::from_str(&text("number", "json")).expect("JSON");
    let points = json["series"][0]["points"].as_array().expect("points");
    let csv = text("trend", "csv");
    for point in points {
        let label = point["label"].as_str().expect("a label");
        let row = csv.lines().find(|row| row.split(',').nth(3) == Some(label));
        let row = row.unwrap_or_else(|| panic!("no row {label}"));
        let value = row.split(',').nth(4).and_then(|cell| cell.parse().ok());
        assert_eq!(value, point["value"].as_f64(), "{label}");
    }
    let days = number(&json["total"]["value"]) / 86_400.0;
    let shown = format!("{days:.1}\u{202f}days");
    let (svg, sentence) = (text("number", "svg"), text("number", "txt"));
    for drawn in [&svg, &sentence] {
        assert!(drawn.contains(&shown), "{shown}\n{sentence}");
    }
    assert!(sentence.contains("9 of 10 within"), "{sentence}");
    let axis = text("trend", "svg");
    assert!(
        axis.contains("\u{202f}days") || axis.contains("\u{202f}h"),
        "ticks of time"
    );
    let table = must(&vocd(scratch.folder(), &["kpi", "resolution_time"])).to_owned();
    assert!(table.contains("2.3 days"), "{table}");
}

#[test]
fn the_daemon_answers_over_http_as_the_terminal_does() {
    let Some(folder) = data_set("real_desk::http", DATA_SET) else {
        return;
    };
    let scratch = loaded(&folder);
    // A fixed state of knowledge, so that no clock tells the two apart.
    let as_of = "2026-01-01T00:00:00Z";
    let names = ["resolution_time", "sla", "reopen_rate", "backlog"];
    let printed = names.map(|name| {
        let by = ["--by", "priority", "--grain", "month", "--as-of", as_of];
        kpi(&scratch, name, &by)
    });
    let address = free_address();
    let file = scratch.path("vocd.toml");
    let example = std::fs::read_to_string(file).expect("the example");
    scratch.write("vocd.toml", format!("listen = \"{address}\"\n{example}"));
    let mut daemon = Daemon::start(scratch.folder(), &["serve"], address);
    for (name, printed) in names.into_iter().zip(printed) {
        let query = format!("by=priority&grain=month&as_of={as_of}");
        let answer = daemon.get(&format!("/api/v1/kpis/{name}?{query}")).json();
        assert_eq!(answer["series"], printed["series"], "{name}");
        assert_eq!(answer["total"], printed["total"], "{name}");
        let definition = daemon
            .get(&format!("/api/v1/kpis/{name}/definition"))
            .json();
        assert_eq!(definition["unit"], printed["unit"], "{name}");
        assert!(definition["test_vectors"].is_array(), "{name}");
    }
    let picture = daemon.get("/charts/desk/trend.svg?lang=de").text();
    assert!(picture.contains("9 von 10 binnen"), "German words");
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn loading_again_changes_nothing() {
    let Some(folder) = data_set("real_desk::again", DATA_SET) else {
        return;
    };
    let scratch = loaded(&folder);
    let ask = |name| {
        kpi(
            &scratch,
            name,
            &["--grain", "month", "--as-of", "2026-01-01T00:00:00Z"],
        )
    };
    let names = ["resolution_time", "sla", "reopen_rate", "backlog"];
    let first = names.map(ask);
    must(&vocd(scratch.folder(), &["sync", "incidents", "--full"]));
    for (first, again) in first.iter().zip(names.map(ask)) {
        assert_eq!(first["series"], again["series"]);
        assert_eq!(first["total"], again["total"]);
    }
}
