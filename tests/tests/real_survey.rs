//! A real survey of 2,385 answers, by configuration alone, against independently computed results.

use std::path::Path;

use serde_json::Value;
use vocd_tests::binaries::root;
use vocd_tests::daemon::{Outcome, vocd};
use vocd_tests::scratch::Scratch;
use vocd_tests::skip::data_set;

const TOLERANCE_POINTS: f64 = 5e-5;

/// The survey, as it was published.
const FILE: &str = "nps_verbatim.csv";

fn loaded(folder: &Path) -> Scratch {
    let example = root().join("plugins/csv/examples/nps-survey.toml");
    let scratch = Scratch::new();
    scratch.write("vocd.toml", std::fs::read(example).expect("the example"));
    scratch.write(FILE, std::fs::read(folder.join(FILE)).expect("the survey"));
    must(&vocd(scratch.folder(), &["sync", "telecom-survey"]));
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

fn kpi(scratch: &Scratch, arguments: &[&str]) -> Value {
    let mut all = vec!["kpi", "nps", "--format", "json"];
    all.extend_from_slice(arguments);
    serde_json::from_str(must(&vocd(scratch.folder(), &all))).expect("JSON")
}

fn check(found: &Value, expected: &Value, what: &str) {
    assert_eq!(found["n"], expected["n"], "n of {what}");
    let (found, expected) = (found["value"].as_f64(), expected["nps"].as_f64());
    let difference = found.expect("a value") - expected.expect("a value");
    assert!(
        difference.abs() < TOLERANCE_POINTS,
        "{what}: {found:?} is not {expected:?}"
    );
}

#[test]
fn the_survey_answers_as_computed_elsewhere() {
    let Some(folder) = data_set("real_survey::answers", "nps-telecom-verbatim") else {
        return;
    };
    let (scratch, expected) = (loaded(&folder), expected(&folder));

    let all = kpi(&scratch, &[]);
    check(&all["total"], &expected["all"], "all");

    let months = kpi(&scratch, &["--grain", "month"]);
    let points = months["series"][0]["points"].as_array().expect("points");
    for (month, values) in expected["by_month"].as_object().expect("months") {
        let point = points.iter().find(|point| point["label"] == *month);
        let point = point.unwrap_or_else(|| panic!("no bucket {month}"));
        check(point, values, month);
        for count in ["promoters", "passives", "detractors"] {
            assert_eq!(point["counts"][count], values[count], "{count} of {month}");
        }
    }

    let split = kpi(&scratch, &["--by", "sub_type"]);
    for (sub_type, values) in expected["by_survey_sub_type"]
        .as_object()
        .expect("sub types")
    {
        let series = split["series"].as_array().expect("series");
        let series = series
            .iter()
            .find(|series| series["key"] == *sub_type)
            .expect("group");
        check(&series["total"], values, sub_type);
        let filter = format!("sub_type={sub_type}");
        check(
            &kpi(&scratch, &["--where", &filter])["total"],
            values,
            &filter,
        );
    }
}

#[test]
fn every_format_shows_the_same_numbers() {
    let Some(folder) = data_set("real_survey::formats", "nps-telecom-verbatim") else {
        return;
    };
    let scratch = loaded(&folder);
    scratch.write(
        "dashboards/wall.toml",
        "title = \"Telecom\"\nrange = \"all\"\ngrain = \"month\"\n\n[[panel]]\nid = \"nps\"\nkpi = \"nps\"\nchart = \"number\"\n",
    );
    let text = |name: &str| {
        must(&vocd(scratch.folder(), &["render", "wall/nps", "-o", name]));
        std::fs::read_to_string(scratch.path(name)).expect("drawn")
    };
    let json: Value = serde_json::from_str(&text("nps.json")).expect("JSON");
    let value = json["total"]["value"].as_f64().expect("a value");
    assert!((value - -24.6919).abs() < TOLERANCE_POINTS);
    assert_eq!(json["total"]["n"], 2353);

    let table = text("nps.csv");
    for point in json["series"][0]["points"].as_array().expect("points") {
        let label = point["label"].as_str().expect("label");
        let row = table
            .lines()
            .find(|row| row.split(',').nth(3) == Some(label));
        let row: Vec<&str> = row
            .unwrap_or_else(|| panic!("no row {label}"))
            .split(',')
            .collect();
        assert_eq!(
            row[4].parse::<f64>().ok(),
            point["value"].as_f64(),
            "{label}"
        );
        assert_eq!(row[7].parse::<u64>().ok(), point["n"].as_u64(), "{label}");
    }
    let svg = text("nps.svg");
    for drawn in [svg.as_str(), &text("nps.txt")] {
        assert!(
            drawn.contains("\u{2212}25"),
            "the rounded score with a real minus sign"
        );
        assert!(
            drawn.contains("2,353") || drawn.contains("2\u{202f}353"),
            "n"
        );
    }
}

#[test]
fn loading_again_changes_nothing() {
    let Some(folder) = data_set("real_survey::again", "nps-telecom-verbatim") else {
        return;
    };
    let scratch = loaded(&folder);
    let first = kpi(
        &scratch,
        &["--grain", "month", "--as-of", "2026-01-01T00:00:00Z"],
    );
    must(&vocd(scratch.folder(), &["sync", "telecom-survey"]));
    must(&vocd(
        scratch.folder(),
        &["sync", "telecom-survey", "--full"],
    ));
    let again = kpi(
        &scratch,
        &["--grain", "month", "--as-of", "2026-01-01T00:00:00Z"],
    );
    assert_eq!(first["series"], again["series"]);
    assert_eq!(first["total"], again["total"]);
}
