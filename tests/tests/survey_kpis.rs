//! Satisfaction, effort and ratings from a file to every format: one number in all of them.

use std::fmt::Write as _;

use serde_json::Value;
use vocd_tests::daemon::{Outcome, vocd};
use vocd_tests::scratch::Scratch;

const DASHBOARD: &str = r#"title = "Survey"
range = "all"
grain = "month"

[[panel]]
id = "csat"
kpi = "csat"
chart = "number"
where = { question = "satisfaction" }

[[panel]]
id = "ces"
kpi = "ces"
chart = "trend"

[[panel]]
id = "rate"
kpi = "response_rate"
chart = "trend"

[[panel]]
id = "rating"
kpi = "rating"
chart = "number"

[[panel]]
id = "csat-stack"
kpi = "csat"
chart = "stack"
where = { question = "satisfaction" }

[[panel]]
id = "ces-bars"
kpi = "ces"
chart = "distribution"
"#;

const CONFIGURATION: &str = r#"timezone = "Europe/Berlin"

[questions.strict]
ids = ["answers/delivery"]
positive = 5

[[source]]
name = "answers"
plugin = "csv"
every = "10m"
[[source.config.file]]
kind = "response"
path = "answers.csv"
[[source.config.file]]
kind = "invitation"
path = "invitations.csv"
"#;

/// A question and how often each answer to it comes.
struct Asked {
    metric: &'static str,
    question: &'static str,
    direction: &'static str,
    answers: &'static [(u8, u32)],
}

/// All of them on 1 to 5.
const QUESTIONS: [Asked; 4] = [
    Asked {
        metric: "csat",
        question: "satisfaction",
        direction: "",
        answers: &[(1, 4), (3, 6), (4, 20), (5, 30)],
    },
    Asked {
        metric: "csat",
        question: "delivery",
        direction: "",
        answers: &[(4, 10), (5, 30)],
    },
    Asked {
        metric: "ces",
        question: "effort",
        direction: "lower_is_better",
        answers: &[(1, 20), (2, 16), (4, 12)],
    },
    Asked {
        metric: "rating",
        question: "stars",
        direction: "higher_is_better",
        answers: &[(3, 10), (5, 30)],
    },
];

fn answers() -> String {
    let mut text =
        "id,survey,question,metric,score,scale_min,scale_max,direction,responded_at\n".to_owned();
    for asked in QUESTIONS {
        let Asked {
            metric,
            question,
            direction,
            answers,
        } = asked;
        let mut number = 0;
        for (score, count) in answers {
            for _ in 0..*count {
                number += 1;
                let (month, day) = (1 + number % 3, 1 + number % 28);
                writeln!(
                    text,
                    "{question}{number},service,{question},{metric},{score},1,5,{direction},\
                     2026-{month:02}-{day:02}T12:00:00Z",
                )
                .expect("writing to a string");
            }
        }
    }
    text
}

/// Eighty invitations to the satisfaction question, of which two bounced: the first sixty name
/// their answer, which came an hour later, but took three months of the first ten.
fn invitations() -> String {
    let mut text = "id,survey,sent_at,delivered,response\n".to_owned();
    for number in 1..=80 {
        let (month, day) = (1 + number % 3, 1 + number % 28);
        let (month, day) = match number {
            1..=10 => (month + 9, day),
            _ => (month, day),
        };
        let year = if month > 3 { 2025 } else { 2026 };
        let delivered = if number > 78 { "false" } else { "" };
        let response = match number {
            1..=60 => format!("satisfaction{number}"),
            _ => String::new(),
        };
        writeln!(
            text,
            "i{number},service,{year}-{month:02}-{day:02}T11:00:00Z,{delivered},{response}"
        )
        .expect("writing to a string");
    }
    text
}

fn loaded() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("answers.csv", answers());
    scratch.write("invitations.csv", invitations());
    scratch.write("vocd.toml", CONFIGURATION);
    scratch.write("dashboards/survey.toml", DASHBOARD);
    must(&vocd(scratch.folder(), &["sync", "answers"]));
    scratch
}

fn must(outcome: &Outcome) -> &str {
    assert_eq!(outcome.code, 0, "{}\n{}", outcome.stdout, outcome.stderr);
    &outcome.stdout
}

fn kpi(scratch: &Scratch, kpi: &str, more: &[&str]) -> Value {
    let arguments = [&["kpi", kpi, "--format", "json", "--grain", "month"], more].concat();
    serde_json::from_str(must(&vocd(scratch.folder(), &arguments))).expect("JSON")
}

fn drawn(scratch: &Scratch, panel: &str, ending: &str) -> String {
    let file = format!("{panel}.{ending}");
    let panel = format!("survey/{panel}");
    must(&vocd(scratch.folder(), &["render", &panel, "-o", &file]));
    std::fs::read_to_string(scratch.path(&file)).expect("drawn")
}

#[test]
fn terminal_picture_and_table_show_one_number() {
    let scratch = loaded();
    let check = |panel: &str, answer: &Value, shown: &str, n: u64| {
        assert_eq!(answer["total"]["n"], n, "{panel}");
        let json: Value = serde_json::from_str(&drawn(&scratch, panel, "json")).expect("JSON");
        assert_eq!(json["series"], answer["series"], "{panel}");
        assert_eq!(json["total"], answer["total"], "{panel}");
        for ending in ["svg", "txt"] {
            let text = drawn(&scratch, panel, ending);
            assert!(
                text.contains(shown),
                "{panel}.{ending} does not say {shown}"
            );
        }
        let table = drawn(&scratch, panel, "csv");
        for point in json["series"][0]["points"].as_array().expect("points") {
            let label = point["label"].as_str().expect("a label");
            let row = table
                .lines()
                .find(|row| row.contains(&format!(",{label},")));
            let row: Vec<&str> = row.expect(label).split(',').collect();
            assert_eq!(
                row[4].parse().ok(),
                point["value"].as_f64(),
                "{panel} {label}"
            );
        }
    };
    let csat = kpi(&scratch, "csat", &["--where", "question=satisfaction"]);
    check("csat", &csat, "83.3", 60);
    assert_eq!(csat["unit"], "percent");
    assert_eq!(csat["total"]["counts"]["satisfied"], 50);
    assert_eq!(csat["deff"], 1.0);
    let ces = kpi(&scratch, "ces", &[]);
    check("ces", &ces, "75.0", 48);
    assert_eq!(ces["total"]["secondary"]["mean"], 100.0 / 48.0);
    let rating = kpi(&scratch, "rating", &[]);
    check("rating", &rating, "4.50", 40);
    assert_eq!(rating["unit"], "score");
    let rate = kpi(&scratch, "response_rate", &[]);
    check("rate", &rate, "64.1", 78);
    assert_eq!(rate["total"]["counts"]["responded"], 50);
    assert_eq!(rate["total"]["counts"]["bounced"], 2);
}

#[test]
fn answers_are_drawn_by_score() {
    let scratch = loaded();
    let stack = drawn(&scratch, "csat-stack", "svg");
    // Each answer that was given has a layer named by it; nobody gave a 2.
    for answer in ["1", "3", "4", "5"] {
        assert!(
            stack.contains(&format!(">{answer}: ")),
            "no layer {answer} in\n{stack}"
        );
    }
    assert!(!stack.contains(">2: "), "{stack}");
    let bars = drawn(&scratch, "ces-bars", "svg");
    for share in ["42", "33", "25"] {
        assert!(
            bars.contains(&format!(">{share}\u{202f}%</")),
            "no bar of {share} % in\n{bars}"
        );
    }
}

#[test]
fn questions_that_cannot_be_pooled_are_refused_with_what_picks_them() {
    let scratch = loaded();
    let refused = vocd(scratch.folder(), &["kpi", "csat"]);
    assert_eq!(refused.code, 1, "{}", refused.stdout);
    for said in [
        "`answers/satisfaction` of survey `service` (1 to 5; n = 60)",
        "`answers/delivery` of survey `service` (1 to 5, positive from 5; n = 40)",
        "`where.question=answers/delivery`",
    ] {
        assert!(refused.stderr.contains(said), "{said}\n{}", refused.stderr);
    }
    let strict = kpi(&scratch, "csat", &["--where", "question=strict"]);
    assert_eq!(strict["total"]["value"], 75.0);
}
