//! Questions about retention against rows in memory, and the words of what is refused.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::testing::{at, date};
use super::{ENTRIES, Exchange, RetentionRules, testing};
use crate::kpi::{
    Answer, DimensionField, DimensionSource, KpiError, Query, Score, Settings, answer, format,
    parse,
};
use crate::plan::row_table::{Row, RowTable};
use crate::record::RecordKind;

mod revenue;
mod risk;
mod table;

const NOW: &str = "2026-06-30T22:00:00Z";

fn settings() -> Settings {
    let segment = DimensionSource {
        kind: RecordKind::Customer,
        field: DimensionField::Column("segment"),
    };
    let product = DimensionSource {
        kind: RecordKind::Response,
        field: DimensionField::Attribute("product".to_owned()),
    };
    Settings {
        dimensions: BTreeMap::from([
            ("segment".to_owned(), segment),
            ("product".to_owned(), product),
        ]),
        ..testing::settings()
    }
}

/// A question such as `crr range=6mo grain=month where.segment=a by=segment`.
fn query(text: &str) -> Query {
    let mut words = text.split(' ');
    let mut query = Query::new(words.next().expect("a KPI"));
    for word in words {
        let (name, value) = word.split_once('=').expect(word);
        match name {
            "range" => query.range = Some(value.parse().expect(value)),
            "grain" => query.grain = Some(value.parse().expect(value)),
            "tz" => query.tz = Some(parse::timezone(value).expect(value)),
            "by" => query.by = Some(value.to_owned()),
            "as_of" => query.as_of = Some(at(value)),
            "mode" => query.mode = Some(value.parse().expect(value)),
            _ => query
                .filters
                .extend(parse::filters([(name, value)]).expect(value)),
        }
    }
    query
}

fn try_ask(text: &str, settings: &Settings, rows: &RowTable) -> Result<Answer, KpiError> {
    answer(&query(text), settings, at(NOW), rows)
}

fn ask(text: &str, rows: &RowTable) -> Answer {
    try_ask(text, &settings(), rows).expect(text)
}

fn count(score: &Score, name: &str) -> u64 {
    let found = score.counts.iter().find(|(known, _)| *known == name);
    found.map(|(_, count)| *count).expect(name)
}

fn amount(score: &Score, name: &str) -> f64 {
    let found = score.secondary.iter().find(|(known, _)| *known == name);
    found.map(|(_, amount)| *amount).expect(name)
}

fn close(found: Option<f64>, expected: f64) {
    let found = found.expect("a value");
    assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
}

/// Sixty customers of January: every third leaves on 10 May; 12 more come on 10 March, of which
/// two come and go; prices are 100 and, from 1 May on, 120 for those who stay.
fn house() -> Vec<Row> {
    let mut rows = Vec::new();
    for idx in 0..60 {
        let name = format!("old{idx:02}");
        let segment = if idx % 2 == 0 { "large" } else { "small" };
        let (start, end) = ("2026-01-05T09:00:00Z", "2026-05-10T09:00:00Z");
        if idx % 3 == 0 {
            rows.push(
                Row::contract(&name, start, Some(end), 100.0, "EUR").dimension("segment", segment),
            );
        } else {
            let change = "2026-05-01T00:00:00Z";
            rows.push(
                Row::contract(&name, start, Some(change), 100.0, "EUR")
                    .dimension("segment", segment),
            );
            rows.push(
                Row::contract(&name, change, None, 120.0, "EUR").dimension("segment", segment),
            );
        }
    }
    for idx in 0..12 {
        let name = format!("new{idx:02}");
        let end = (idx < 2).then_some("2026-03-20T09:00:00Z");
        let row = Row::contract(&name, "2026-03-10T09:00:00Z", end, 50.0, "EUR");
        rows.push(row.dimension("segment", "large"));
    }
    rows
}

fn table() -> RowTable {
    RowTable::new(house())
}

#[test]
fn every_published_vector_holds() {
    for entry in ENTRIES {
        for vector in entry.definition.vectors {
            let count = |name: &str| {
                let found = vector.counts.iter().find(|(known, _)| *known == name);
                found.map_or(0.0, |(_, count)| *count as f64)
            };
            let (of, value) = match entry.kpi.name {
                "crr" => (count("start"), count("start") - count("lost")),
                "churn" => (count("start"), count("lost")),
                "grr" | "nrr" => {
                    let lost = count("contraction") + count("churned");
                    (count("start"), count("start") + count("expansion") - lost)
                }
                "cohort" => (count("n"), count("there")),
                // In money, not percent.
                "revenue_at_risk" if count("at_risk") >= 5.0 => {
                    (100.0 * count("at_risk"), count("revenue") * count("ended"))
                }
                _ => (
                    if count("at_risk") < 5.0 {
                        0.0
                    } else {
                        count("at_risk")
                    },
                    count("at_risk") - count("ended"),
                ),
            };
            match vector.value {
                Some(expected) => close(Some(100.0 * value / of), expected),
                None => assert!(of == 0.0, "{vector:?}"),
            }
        }
    }
}

#[test]
fn months_follow_each_other_without_a_gap() {
    let answer = ask("crr range=6mo grain=month", &table());
    assert_eq!(
        answer.active.map(|active| active.to_string()),
        Some("contract".to_owned())
    );
    let points = &answer.series[0].points;
    let labels: Vec<&str> = points.iter().map(|point| point.label.as_str()).collect();
    assert_eq!(labels.first(), Some(&"2026-02"));
    for pair in points.windows(2) {
        assert_eq!(count(&pair[0].score, "end"), count(&pair[1].score, "start"));
    }
    let march = &points[1].score;
    assert_eq!(
        (count(march, "new"), count(march, "came_and_went")),
        (10, 2)
    );
    let may = &points[3].score;
    assert_eq!((count(may, "start"), count(may, "lost")), (70, 20));
    close(may.value, 100.0 * 50.0 / 70.0);
    // Nobody's contract ends on 1 May: a new price is no churn.
    assert_eq!(count(&points[2].score, "lost"), 0);
    // June ended at the instant of the answer: July has begun, and nobody left yet.
    assert_eq!(labels.last(), Some(&"2026-07"));
    let july = &points[points.len() - 1];
    assert!(!july.is_complete);
    assert_eq!((july.score.value, july.score.n), (Some(100.0), Some(50)));
}

#[test]
fn the_total_is_of_the_whole_range_and_not_of_its_points() {
    let answer = ask("crr range=2026-02-01..2026-07-01 grain=month", &table());
    assert_eq!(
        (count(&answer.total, "start"), count(&answer.total, "lost")),
        (60, 20)
    );
    close(answer.total.value, 100.0 * 40.0 / 60.0);
    let churn = ask("churn range=2026-02-01..2026-07-01 grain=month", &table());
    close(churn.total.value, 100.0 * 20.0 / 60.0);
    close(
        churn.total.low,
        100.0 - answer.total.high.expect("an interval"),
    );
}

#[test]
fn a_period_that_is_not_over_counts_up_to_now() {
    let answer = answer(
        &query("churn range=2026-05-01..2026-06-01 grain=month"),
        &settings(),
        at("2026-05-09T00:00:00Z"),
        &table(),
    )
    .expect("an answer");
    assert_eq!(
        (count(&answer.total, "start"), count(&answer.total, "lost")),
        (70, 0)
    );
    assert!(!answer.series[0].points[0].is_complete);
    // The contracts that end tomorrow change the answer then.
    assert_eq!(answer.valid_until, at("2026-05-10T00:00:00Z"));
}

#[test]
fn a_change_is_told_with_newcombes_interval() {
    let answer = ask("churn range=2026-05-01..2026-06-01", &table());
    let change = answer.change.expect("seventy before");
    close(Some(change.value), 100.0 * 20.0 / 70.0);
    assert!(change.is_changed && change.low > 0.0 && change.p < 0.001);
    assert_eq!(change.previous_n, 70);
    assert_eq!(
        ask("grr range=2026-05-01..2026-06-01", &table()).change,
        None
    );
}

#[test]
fn a_split_says_what_each_filter_says() {
    let range = "range=2026-02-01..2026-07-01 grain=month";
    for kpi in ["crr", "churn", "grr", "nrr"] {
        let split = ask(&format!("{kpi} {range} by=segment"), &table());
        assert!(split.is_additive);
        assert_eq!(split.series.len(), 2);
        for series in &split.series {
            let key = series.key.as_deref().expect("a group");
            let alone = ask(&format!("{kpi} {range} where.segment={key}"), &table());
            assert_eq!(series.total, alone.total, "{kpi} of {key}");
            assert_eq!(series.points, alone.series[0].points, "{kpi} of {key}");
        }
        assert_eq!(split.total, ask(&format!("{kpi} {range}"), &table()).total);
    }
}

#[test]
fn a_move_between_groups_is_no_churn() {
    let mut rows = Vec::new();
    for idx in 0..20 {
        let name = format!("c{idx}");
        let change = "2026-05-15T00:00:00Z";
        let before = Row::contract(&name, "2026-01-01T00:00:00Z", Some(change), 10.0, "EUR");
        rows.push(before.dimension("segment", "small"));
        rows.push(Row::contract(&name, change, None, 10.0, "EUR").dimension("segment", "large"));
    }
    let rows = RowTable::new(rows);
    let small = ask(
        "crr range=2026-05-01..2026-06-01 where.segment=small",
        &rows,
    );
    assert_eq!((small.total.value, small.total.n), (Some(100.0), Some(20)));
    let large = ask(
        "crr range=2026-05-01..2026-06-01 where.segment=large",
        &rows,
    );
    assert_eq!((large.total.value, large.total.n), (None, Some(0)));
    let later = ask(
        "crr range=2026-06-01..2026-06-20 where.segment=large",
        &rows,
    );
    assert_eq!((later.total.value, later.total.n), (Some(100.0), Some(20)));
}

#[test]
fn more_than_eight_groups_are_pooled() {
    let rows = (0..10).flat_map(|group| {
        (0..12 - group).map(move |idx| {
            let name = format!("g{group}c{idx}");
            Row::contract(&name, "2026-01-01T00:00:00Z", None, 10.0, "EUR")
                .dimension("segment", &format!("g{group}"))
        })
    });
    let answer = ask("crr range=30d by=segment", &RowTable::new(rows));
    let keys: Vec<&str> = answer
        .series
        .iter()
        .filter_map(|series| series.key.as_deref())
        .collect();
    assert_eq!(
        keys,
        ["g0", "g1", "g2", "g3", "g4", "g5", "g6", "g7", "other"]
    );
    let rest = &answer.series[8];
    assert!(rest.is_rest);
    assert_eq!(rest.total.n, Some(4 + 3));
}

#[test]
fn a_source_counts_its_own_contracts() {
    let mut rows = Vec::new();
    for idx in 0..12 {
        let name = format!("c{idx}");
        let moved = "2026-05-15T00:00:00Z";
        rows.push(Row::contract(
            &name,
            "2026-01-01T00:00:00Z",
            Some(moved),
            10.0,
            "EUR",
        ));
        let mut next = Row::contract(&name, moved, None, 10.0, "EUR");
        next.source = "billing".to_owned();
        rows.push(next);
    }
    let rows = RowTable::new(rows);
    let range = "range=2026-05-01..2026-06-01";
    assert_eq!(ask(&format!("crr {range}"), &rows).total.value, Some(100.0));
    let split = ask(&format!("crr {range} by=source"), &rows);
    assert!(!split.is_additive);
    for series in &split.series {
        let key = series.key.as_deref().expect("a source");
        let alone = ask(&format!("crr {range} where.source={key}"), &rows);
        assert_eq!(series.total, alone.total, "{key}");
    }
    let crm = split
        .series
        .iter()
        .find(|series| series.key.as_deref() == Some("crm"));
    assert_eq!(crm.expect("the CRM").total.value, Some(0.0));
}

fn logins(prefix: &str, n: usize, days: &[&str]) -> Vec<Row> {
    let days = days.iter();
    days.flat_map(|day| {
        (0..n).map(move |idx| Row::activity(&format!("{prefix}{idx}"), &format!("{day}T12:00:00Z")))
    })
    .collect()
}

#[test]
fn where_no_contracts_are_known_activity_makes_a_customer() {
    let mut rows = logins("keen", 12, &["2026-01-10", "2026-03-20", "2026-05-30"]);
    rows.extend(logins("idle", 8, &["2026-01-10"]));
    let answer = ask(
        "churn range=2026-02-01..2026-06-01 grain=month",
        &RowTable::new(rows),
    );
    assert_eq!(
        answer.active.map(|active| active.to_string()),
        Some("activity_90d".to_owned())
    );
    assert!(answer.notes[0].contains("90 days"), "{:?}", answer.notes);
    assert_eq!(
        (count(&answer.total, "start"), count(&answer.total, "lost")),
        (20, 8)
    );
    let lost: Vec<u64> = answer.series[0]
        .points
        .iter()
        .map(|point| count(&point.score, "lost"))
        .collect();
    // Ninety days after 10 January is 10 April.
    assert_eq!(lost, [0, 0, 8, 0]);
    let grr = ask(
        "grr range=30d",
        &RowTable::new(logins("keen", 12, &["2026-06-01"])),
    );
    assert_eq!((grr.total.value, grr.total.n), (None, Some(0)));
}

#[test]
fn contracts_count_where_they_are_known_and_a_source_may_have_none() {
    let mut rows = house();
    let mut app = logins("user", 15, &["2026-06-01"]);
    for row in &mut app {
        row.source = "app".to_owned();
    }
    rows.extend(app);
    let rows = RowTable::new(rows);
    let all = ask("crr range=2026-06-10..2026-06-20", &rows);
    assert_eq!(all.total.n, Some(50));
    let app = ask("crr range=2026-06-10..2026-06-20 where.source=app", &rows);
    assert_eq!((app.total.n, app.total.value), (Some(15), Some(100.0)));
}

#[test]
fn nobody_at_the_start_is_said() {
    let answer = ask("crr grain=month", &table());
    assert_eq!((answer.total.value, answer.total.n), (None, Some(0)));
    assert!(answer.notes[0].starts_with("nobody was a customer just before 2025-12-31T23:00:00Z"));
    let nothing = ask("crr", &RowTable::default());
    assert!(nothing.series[0].points.is_empty() && nothing.notes.is_empty());
}

#[test]
fn an_earlier_state_of_knowledge_is_answered_from_what_was_known() {
    let mut rows = house();
    for row in &mut rows {
        row.known_at = at("2026-01-06T00:00:00Z");
    }
    // Only in June somebody learned that this customer had left in February.
    let mut late = Row::contract(
        "old01",
        "2026-01-05T09:00:00Z",
        Some("2026-02-10T00:00:00Z"),
        100.0,
        "EUR",
    );
    late.known_at = at("2026-06-05T00:00:00Z");
    let id = rows
        .iter()
        .position(|row| row.id == late.id)
        .expect("known");
    rows.remove(id + 1);
    rows.push(late);
    let rows = RowTable::new(rows);
    let lost = |as_of: &str| {
        let text = format!("crr range=2026-02-01..2026-03-01 as_of={as_of}");
        count(&ask(&text, &rows).total, "lost")
    };
    assert_eq!(
        (lost("2026-06-04T00:00:00Z"), lost("2026-06-06T00:00:00Z")),
        (0, 1)
    );
}

#[test]
fn fiscal_quarters_and_week_53_have_their_labels() {
    let rows =
        RowTable::new((0..12).map(|idx| {
            Row::contract(&format!("c{idx}"), "2020-06-01T00:00:00Z", None, 1.0, "EUR")
        }));
    let weeks = ask("crr range=2020-12-21..2021-01-11 grain=week", &rows);
    let labels = |answer: &Answer| -> Vec<String> {
        answer.series[0]
            .points
            .iter()
            .map(|point| point.label.clone())
            .collect()
    };
    assert_eq!(labels(&weeks), ["2020-W52", "2020-W53", "2021-W01"]);
    let settings = Settings {
        fiscal_year_start: 4,
        ..settings()
    };
    let quarters = try_ask(
        "crr range=2021-01-01..2021-07-01 grain=quarter",
        &settings,
        &rows,
    );
    assert_eq!(
        labels(&quarters.expect("quarters")),
        ["FY2021-Q4", "FY2022-Q1"]
    );
}

fn json(answer: &Answer) -> Value {
    format::json(answer)
}

#[test]
fn what_is_shown_is_good_until_somebody_comes_or_goes() {
    let mut rows = house();
    rows.push(Row::contract(
        "soon",
        "2026-06-01T00:00:00Z",
        Some("2026-06-30T23:00:00Z"),
        1.0,
        "EUR",
    ));
    let answer = ask("crr range=2026-06-01..2026-07-15", &RowTable::new(rows));
    let turn: Timestamp = at("2026-06-30T23:00:00.000001Z");
    assert_eq!(answer.valid_until, turn);
}
