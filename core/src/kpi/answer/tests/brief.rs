//! The improvement brief: what is told, in which order, and that chance tells nothing.

use super::*;
use crate::kpi::brief::{self, Brief, Finding, FindingKind};

fn told(all: Vec<Row>) -> Brief {
    let subject = query("nps range=2026-05-01..2026-06-01");
    let table = RowTable::new(all);
    brief::brief(&[subject], &settings(), at(NOW), &table).expect("a brief")
}

fn link(finding: &Finding) -> String {
    let pairs: Vec<String> = (finding.evidence.pairs.iter())
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!("/{}?{}", finding.evidence.kpi, pairs.join("&"))
}

#[test]
fn a_drop_is_told_with_the_group_that_caused_it_and_that_group() {
    let mut all = of_month("04", "web", 300, 100);
    all.extend(of_month("04", "mail", 300, 100));
    all.extend(of_month("05", "web", 300, 100));
    all.extend(of_month("05", "mail", 150, 250));
    let found = told(all);
    let kinds: Vec<FindingKind> = found.findings.iter().map(|one| one.kind).collect();
    assert_eq!(
        kinds,
        [FindingKind::Cause, FindingKind::Moved, FindingKind::Group]
    );
    let cause = &found.findings[0];
    assert_eq!(cause.value, -37.5);
    assert_eq!(
        link(cause),
        "/contribution?of=nps&range=2026-05-01..2026-06-01&by=channel"
    );
    for finding in &found.findings {
        assert!(finding.sentence.contains("95 %"), "{finding:?}");
        assert!(finding.sentence.contains("n = "), "{finding:?}");
        assert!(!finding.next_step.is_empty());
    }
    let text = brief::text(&found, "Improvement brief", &link);
    assert!(text.contains("1. Channel mail moved Net Promoter Score by \u{2212}37.5 points (95 %"));
    assert!(
        text.contains(", whose own went from 50.0 to \u{2212}25.0."),
        "{text}"
    );
    let body = brief::json(&found, &link);
    assert_eq!(body["findings"][0]["kind"], "cause");
    assert_eq!(body["nothing_moved"], false);
}

#[test]
fn chance_tells_nothing_and_says_so() {
    let mut all = of_month("04", "web", 60, 40);
    all.extend(of_month("04", "mail", 58, 42));
    all.extend(of_month("05", "web", 61, 39));
    all.extend(of_month("05", "mail", 57, 43));
    let found = told(all);
    assert_eq!(found.findings, []);
    assert!(found.n_compared > 3, "{}", found.n_compared);
    let text = brief::text(&found, "Improvement brief", &link);
    assert!(text.contains("Nothing moved beyond chance"), "{text}");
    assert_eq!(brief::json(&found, &link)["nothing_moved"], true);
}

#[test]
fn what_cannot_be_asked_is_left_out_and_named() {
    let subjects = [
        query("nps where.segmnt=a range=28d"),
        query("nps range=28d"),
    ];
    let table = RowTable::new(of_month("06", "web", 30, 10));
    let found = brief::brief(&subjects, &settings(), at(NOW), &table).expect("a brief");
    assert_eq!(
        found.left_out,
        ["nps: there is no dimension `segmnt`; did you mean `segment`?"]
    );
}

#[test]
fn a_goal_that_is_behind_beyond_chance_is_told() {
    let goal = crate::kpi::Goal {
        name: "loyal".to_owned(),
        kpi: crate::kpi::find("nps").expect("a KPI"),
        baseline: 20.0,
        target: 100.0,
        start: jiff::civil::date(2026, 1, 1),
        due: jiff::civil::date(2026, 12, 31),
    };
    let settings = Settings {
        goals: BTreeMap::from([("loyal".to_owned(), goal)]),
        ..settings()
    };
    let table = RowTable::new(of_month("06", "web", 300, 200));
    let found = brief::brief(&[query("nps range=28d")], &settings, at(NOW), &table);
    let found = found.expect("a brief");
    let [only] = &found.findings[..] else {
        panic!("{found:?}");
    };
    assert_eq!(only.kind, FindingKind::Goal);
    assert!(only.sentence.starts_with("goal loyal is "), "{only:?}");
    assert_eq!(link(only), "/nps?range=28d&goal=loyal");
    // Where it is on its way, nothing is told.
    let table = RowTable::new(of_month("06", "web", 400, 100));
    let found = brief::brief(&[query("nps range=28d")], &settings, at(NOW), &table);
    assert_eq!(found.expect("a brief").findings, []);
}
