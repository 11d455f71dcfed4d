//! A real survey of 1,186 people with three questions on 1 to 5, as its tool exported it, by
//! configuration alone, against independently computed shares.

use std::path::Path;

use serde_json::Value;
use vocd_tests::binaries::root;
use vocd_tests::daemon::{Outcome, vocd};
use vocd_tests::scratch::Scratch;
use vocd_tests::skip::data_set;

const TOLERANCE_PERCENT: f64 = 5e-6;

/// The survey, as its tool exported it.
const FILE: &str = "StarWars.csv";

/// Name of the question in the results, and its id here.
const QUESTIONS: [(&str, &str); 3] = [
    ("Han Solo", "han-solo"),
    ("Luke Skywalker", "luke-skywalker"),
    ("Anakin Skywalker", "anakin-skywalker"),
];

fn loaded(folder: &Path) -> Scratch {
    let example = root().join("plugins/csv/examples/survey-export.toml");
    let scratch = Scratch::new();
    scratch.write("vocd.toml", std::fs::read(example).expect("the example"));
    scratch.write(FILE, std::fs::read(folder.join(FILE)).expect("the survey"));
    must(&vocd(scratch.folder(), &["sync", "films"]));
    scratch
}

fn must(outcome: &Outcome) -> &str {
    assert_eq!(outcome.code, 0, "{}\n{}", outcome.stdout, outcome.stderr);
    &outcome.stdout
}

fn total(scratch: &Scratch, kpi: &str, question: &str) -> Value {
    let filter = format!("question={question}");
    let arguments = ["kpi", kpi, "--format", "json", "--where", &filter];
    let answer = must(&vocd(scratch.folder(), &arguments)).to_owned();
    let mut answer: Value = serde_json::from_str(&answer).expect("JSON");
    answer["total"].take()
}

#[test]
fn each_question_has_the_share_and_mean_computed_elsewhere() {
    let Some(folder) = data_set("real_csat::questions", "surveymonkey-fivethirtyeight") else {
        return;
    };
    let text = std::fs::read_to_string(folder.join("expected.json")).expect("expected.json");
    let expected: Value = serde_json::from_str(&text).expect("JSON");
    let scratch = loaded(&folder);
    for (name, question) in QUESTIONS {
        let expected = &expected["questions"][name];
        let found = total(&scratch, "csat", question);
        assert_eq!(found["n"], expected["n"], "{name}");
        let value = found["value"].as_f64().expect("a share");
        let share = expected["top2_percent"].as_f64().expect("a share");
        assert!(
            (value - share).abs() < TOLERANCE_PERCENT,
            "{name}: {value} is not {share}"
        );

        let count = |answer: u32| {
            expected["counts"][answer.to_string()]
                .as_u64()
                .expect("a count")
        };
        assert_eq!(found["counts"]["satisfied"], count(4) + count(5), "{name}");
        let (mut sum, mut n) = (0, 0);
        for answer in 1..=5 {
            sum += u64::from(answer) * count(answer);
            n += count(answer);
        }
        let rating = total(&scratch, "rating", question);
        let mean = rating["value"].as_f64().expect("a mean");
        #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
        let expected_mean = sum as f64 / n as f64;
        assert!(
            (mean - expected_mean).abs() < 1e-12,
            "{name}: {mean} is not {expected_mean}"
        );
    }
}
