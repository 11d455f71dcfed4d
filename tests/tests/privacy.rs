//! Anonymous surveys and goals from a file to every format: one rule and one state in all of them.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use vocd_tests::daemon::{Daemon, Outcome, free_address, vocd};
use vocd_tests::request;
use vocd_tests::scratch::Scratch;

const DASHBOARD: &str = r#"title = "Staff"
range = "all"
grain = "quarter"

[[panel]]
id = "whole"
kpi = "nps"
chart = "number"
where = { survey = "staff" }

[[panel]]
id = "few"
kpi = "nps"
chart = "trend"
where = { survey = "staff", channel = "night" }

[[panel]]
id = "goal"
kpi = "csat"
chart = "number"
goal = "happy"
"#;

/// Answers of staff by channel, each anonymous.
const STAFF: [(&str, usize); 4] = [("day", 30), ("late", 20), ("early", 7), ("night", 3)];

/// Days before now that lie within every window of 28 days.
fn days_ago(n_days: i64) -> String {
    let ago = SignedDuration::from_hours(24 * n_days);
    let at = Timestamp::now().checked_sub(ago).expect("in range");
    at.to_string()
}

fn answers() -> String {
    let mut text = "id,survey,question,metric,score,scale_min,scale_max,responded_at,anonymous,\
                    channel\n"
        .to_owned();
    for (channel, n) in STAFF {
        for number in 0..n {
            let score = [10, 8, 3][number % 3];
            let at = days_ago(60);
            writeln!(
                text,
                "{channel}{number},staff,q,nps,{score},0,10,{at},true,{channel}"
            )
            .expect("writing to a string");
        }
    }
    for number in 0..40 {
        let (score, at) = ([5, 5, 4, 1][number % 4], days_ago(10));
        writeln!(text, "shop{number},shop,s,csat,{score},1,5,{at},,web")
            .expect("writing to a string");
    }
    text
}

fn loaded(listen: &str) -> Scratch {
    let year = &days_ago(0)[..4];
    let scratch = Scratch::new();
    scratch.write("answers.csv", answers());
    scratch.write("dashboards/staff.toml", DASHBOARD);
    scratch.write(
        "vocd.toml",
        format!(
            "timezone = \"Europe/Berlin\"\nlisten = \"{listen}\"\n\
             [goals.happy]\nkpi = \"csat\"\nbaseline = 40\ntarget = 50\n\
             start = \"{year}-01-01\"\ndue = \"{year}-12-31\"\n\
             [[source]]\nname = \"answers\"\nplugin = \"csv\"\nevery = \"10m\"\n\
             [[source.config.file]]\nkind = \"response\"\npath = \"answers.csv\"\n"
        ),
    );
    must(&vocd(scratch.folder(), &["sync", "answers"]));
    scratch
}

fn must(outcome: &Outcome) -> &str {
    assert_eq!(outcome.code, 0, "{}\n{}", outcome.stdout, outcome.stderr);
    &outcome.stdout
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn a_filter_that_isolates_is_refused_in_the_terminal_the_api_and_pictures() {
    let address = free_address();
    let scratch = loaded(&address.to_string());
    let night = [
        "kpi",
        "nps",
        "--where",
        "survey=staff",
        "--where",
        "channel=night",
    ];
    let refused = vocd(scratch.folder(), &night);
    assert_eq!(refused.code, 1);
    assert!(
        refused.stderr.contains("fewer than 5 persons"),
        "{}",
        refused.stderr
    );
    assert!(refused.stderr.contains("hint: "), "{}", refused.stderr);
    let drawn = vocd(scratch.folder(), &["render", "staff/few", "-o", "few.svg"]);
    assert_eq!(drawn.code, 1, "{drawn:?}");
    // All but the three of the night are as telling.
    let others = ["kpi", "nps", "--where", "channel=day,late,early"];
    assert_eq!(vocd(scratch.folder(), &others).code, 1);
    let split = [
        "kpi", "nps", "--by", "channel", "--format", "json", "--grain", "quarter",
    ];
    let split = json(must(&vocd(scratch.folder(), &split)));
    let hidden: Vec<&str> = (split["series"].as_array().expect("series").iter())
        .filter(|series| series["total"]["base"] == "hidden")
        .filter_map(|series| series["key"].as_str())
        .collect();
    assert_eq!(hidden, ["early", "night"]);
    assert_eq!(split["total"]["n"], 60);

    let daemon = Daemon::start(scratch.folder(), &["serve"], address);
    let refused = daemon.get("/api/v1/kpis/nps?where.channel=night");
    assert_eq!(refused.status, 403, "{}", refused.text());
    let problem = json(&refused.text());
    assert_eq!(problem["reason"], "small_group", "{problem}");
    for ending in ["svg", "json", "csv", "txt"] {
        let card = daemon.get(&format!("/charts/staff/few.{ending}"));
        assert_eq!(card.status, 403, "{ending}");
    }
    for (target, expected) in [
        ("/api/v1/kpis/nps?where.channel=early", 403),
        ("/api/v1/kpis/nps?where.channel=early,night", 200),
        ("/api/v1/kpis/nps?where.channel=day", 200),
        ("/charts/staff/whole.svg", 200),
        ("/api/v1/kpis/responses?where.channel=night", 200),
    ] {
        let heard = request::exchange(address, "GET", target, &[], &[]).expect("an answer");
        assert_eq!(heard.status, expected, "{target}: {}", heard.text());
    }
}

#[test]
fn a_goal_stands_alike_in_every_format() {
    let scratch = loaded("127.0.0.1:0");
    let folder = scratch.folder();
    let asked = ["kpi", "csat", "--goal", "happy", "--format", "json"];
    let answer = json(must(&vocd(folder, &asked)));
    let goal = &answer["goal"];
    assert_eq!(goal["state"], "met_confirmed", "{goal}");
    assert_eq!(
        (&goal["value"], &goal["n"]),
        (&Value::from(75.0), &Value::from(40))
    );
    assert_eq!(goal["progress"], 3.5);
    let text = must(&vocd(folder, &["kpi", "csat", "--goal", "happy"])).to_owned();
    assert!(text.contains("goal happy: 50.0 by "), "{text}");
    assert!(text.contains(": met confirmed\n"), "{text}");
    let table = must(&vocd(folder, &["kpi", "goals", "--format", "csv"])).to_owned();
    let row = table.lines().nth(1).expect("a goal");
    assert!(row.starts_with("happy,csat,percent,40.0,50.0,"), "{row}");
    assert!(row.ends_with(",met_confirmed,,"), "{row}");
    let listed = json(must(&vocd(folder, &["kpi", "goals", "--format", "json"])));
    assert_eq!(
        (&listed["total"]["value"], &listed["total"]["n"]),
        (&Value::from(1.0), &Value::from(1))
    );
    must(&vocd(folder, &["render", "staff/goal", "-o", "goal.txt"]));
}

#[test]
fn an_unknown_goal_is_told_the_nearest() {
    let scratch = loaded("127.0.0.1:0");
    let refused = vocd(scratch.folder(), &["kpi", "csat", "--goal", "happi"]);
    assert_eq!(refused.code, 1);
    assert!(
        refused.stderr.contains("did you mean `happy`?"),
        "{}",
        refused.stderr
    );
}
