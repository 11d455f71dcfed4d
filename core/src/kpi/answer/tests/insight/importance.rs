//! What matters and is not done well.

use super::*;
use crate::improve::{Importance, Point, Quadrant};
use crate::kpi::Gap;
use crate::statistic::Draws;

const MAY: &str = "range=2026-05-01..2026-06-01";

/// Answers of so many persons: `speed` matters and is poor, `design` matters and is good, `price`
/// matters little.
fn answers(n: usize) -> Vec<Row> {
    let mut draws = Draws::new(9);
    let mut all = Vec::new();
    for id in 0..n {
        let mut one_of = |ratings: [f64; 4]| ratings[draws.position(4)];
        let speed = one_of([1.0, 2.0, 3.0, 4.0]);
        let design = one_of([2.0, 4.0, 5.0, 5.0]);
        let price = one_of([1.0, 2.0, 3.0, 5.0]);
        let noise = one_of([0.0, 0.0, 1.0, 1.0]);
        let response = format!("answer {id}");
        let row = |question: &str, metric: &str, score: f64| {
            let row = Row::nps(
                format!("{id}-{question}"),
                "2026-05-10T08:00:00Z",
                Some(score),
            );
            row.text("question", question)
                .text("metric", metric)
                .text("response", &response)
        };
        all.push(row("q", "nps", speed + design + noise));
        for (question, rating) in [("speed", speed), ("design", design), ("price", price)] {
            let mut row = row(question, "driver", rating);
            row.numbers.insert("scale_min", 1.0);
            row.numbers.insert("scale_max", 5.0);
            all.push(row);
        }
    }
    all
}

fn found_of(text: &str, rows: Vec<Row>) -> (Answer, Importance) {
    let answer = ask(text, &RowTable::new(rows));
    match found(&answer) {
        Found::Importance(importance) => {
            let importance = importance.clone();
            (answer, importance)
        }
        other => panic!("{other:?}: {:?}", answer.notes),
    }
}

fn point<'i>(importance: &'i Importance, name: &str) -> &'i Point {
    let mut points = importance.points.iter();
    points.find(|point| point.name == name).expect(name)
}

/// Share of ratings of a question that are so high.
fn share(rows: &[Row], question: &str, is_high: fn(f64) -> bool) -> f64 {
    let ratings = rows.iter().filter(|row| row.texts["question"] == question);
    let ratings: Vec<f64> = ratings.map(|row| row.numbers["score"]).collect();
    let n_high = ratings.iter().filter(|rating| is_high(**rating)).count();
    n_high as f64 / ratings.len() as f64
}

#[test]
fn what_matters_and_does_poorly_comes_first() {
    let rows = answers(400);
    let (answer, importance) = found_of(&format!("importance {MAY}"), rows.clone());
    let first = &importance.points[0];
    assert_eq!(
        (first.name.as_str(), first.quadrant),
        ("speed", Quadrant::Concentrate)
    );
    assert!(!first.is_undecided);
    assert_eq!(point(&importance, "design").quadrant, Quadrant::Keep);
    assert_eq!(point(&importance, "price").quadrant, Quadrant::LowPriority);
    let is_top = |rating: f64| rating >= 4.0;
    let mut sum = 0.0;
    for point in &importance.points {
        let expected = share(&rows, &point.name, is_top);
        assert!((point.performance.value - expected).abs() < 1e-9);
        assert!(point.performance.low < expected && expected < point.performance.high);
        sum += 100.0 * expected;
    }
    let value = answer.total.value.expect("a mean");
    assert!((value - sum / 3.0).abs() < 1e-9);
    assert!((100.0 * importance.performance_line - value).abs() < 1e-9);
    assert_eq!((answer.total.n, answer.total.low), (Some(400), None));
    // The same drivers as of the other KPI, to the last digit.
    let drivers = ask(&format!("drivers {MAY}"), &RowTable::new(rows));
    let Found::Drivers(drivers) = found(&drivers) else {
        panic!("told");
    };
    for driver in &drivers.drivers {
        assert_eq!(point(&importance, &driver.name).share, driver.share);
    }
}

#[test]
fn what_counts_as_positive_is_what_the_site_declared() {
    let mut rows = answers(200);
    for row in rows
        .iter_mut()
        .filter(|row| row.texts["question"] == "design")
    {
        // Declared by the settings of the tests: positive from 5.
        row.texts.insert("question", "strict".to_owned());
    }
    let (_, importance) = found_of(&format!("importance {MAY}"), rows.clone());
    let expected = share(&rows, "strict", |rating| rating >= 5.0);
    assert!((point(&importance, "strict").performance.value - expected).abs() < 1e-9);
}

#[test]
fn where_lower_is_better_the_lowest_are_positive() {
    let mut rows = answers(200);
    for row in rows
        .iter_mut()
        .filter(|row| row.texts["question"] == "speed")
    {
        row.texts.insert("direction", "lower_is_better".to_owned());
        let rating = row.numbers["score"];
        row.numbers.insert("score", 6.0 - rating);
    }
    let (answer, importance) = found_of(&format!("importance {MAY}"), rows.clone());
    let expected = share(&rows, "speed", |rating| rating <= 2.0);
    assert!((point(&importance, "speed").performance.value - expected).abs() < 1e-9);
    // Fewer points are better there, and it is a gain to get them.
    let table = &answer.tables.expect("tables").main;
    let at = table
        .columns
        .iter()
        .position(|column| column.name == "gain");
    assert!(matches!(table.rows[0][at.expect("gain")], Cell::Number(gain) if gain > 0.0));
}

#[test]
fn a_driver_without_a_scale_is_left_out_and_named() {
    let mut rows = answers(200);
    for row in rows
        .iter_mut()
        .filter(|row| row.texts["question"] == "price")
    {
        row.numbers.remove("scale_max");
    }
    let (answer, importance) = found_of(&format!("importance {MAY}"), rows);
    assert_eq!(importance.points.len(), 2);
    let note = "`price` is left out: its question says no scale; map `scale_min` and `scale_max` in \
                its source";
    assert!(
        answer.notes.iter().any(|one| one == note),
        "{:?}",
        answer.notes
    );
}

#[test]
fn too_few_answers_tell_nothing() {
    let answer = ask(&format!("importance {MAY}"), &RowTable::new(answers(30)));
    let gap = Gap::FewAnswers { n: 30, needed: 50 };
    assert_eq!(found(&answer), &Found::Nothing(gap));
    assert_eq!((answer.total.value, answer.total.n), (None, Some(30)));
}
