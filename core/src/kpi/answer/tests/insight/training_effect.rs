//! What a course changed.

use super::*;
use crate::kpi::{Cell, Gap};

const TRAINED: [&str; 6] = ["t1", "t2", "t3", "t4", "t5", "t6"];
const OTHERS: [&str; 6] = ["u1", "u2", "u3", "u4", "u5", "u6"];
/// The Friday of the course, in the middle of the ratings.
const COURSE: &str = "2026-03-27T12:00:00Z";

/// Twenty-five weeks of ratings, eight of ten positive, and after the course more of the trained.
fn rated(agent: &str, idx: usize, gain: bool) -> Vec<Row> {
    let first = at("2025-12-01T10:00:00Z");
    let mut all = Vec::new();
    for week in 0..25_i64 {
        for nth in 0..10_i64 {
            let time = first + SignedDuration::from_hours(24 * 7 * week + nth);
            let is_after = time > at(COURSE) && gain;
            // A little noise that differs between agents and weeks.
            let noise = i64::try_from(idx).expect("few") + 3 * week;
            let n_positive = if noise % 5 == 0 { 7 } else { 8 } + i64::from(is_after);
            let score = if nth < n_positive { 5.0 } else { 2.0 };
            let row = Row::nps(
                format!("{agent}-{week}-{nth}"),
                &time.to_string(),
                Some(score),
            );
            all.push(
                row.text("metric", "csat")
                    .text("agent", agent)
                    .text("team", "north")
                    .text("customer", &format!("c{week}-{nth}-{agent}")),
            );
        }
    }
    all
}

fn taken(agent: &str, time: &str) -> Row {
    let mut row = Row {
        source: "desk".to_owned(),
        id: format!("{agent}-{time}"),
        at: at(time),
        ..Row::default()
    };
    row = row.text("course", "listening").text("agent", agent);
    row.text("team", "north")
}

fn rows(n_trained: usize) -> Vec<Row> {
    let mut all = Vec::new();
    for (idx, agent) in TRAINED.into_iter().enumerate() {
        all.extend(rated(agent, idx, true));
        if idx < n_trained {
            all.push(taken(agent, COURSE));
        }
    }
    for (idx, agent) in OTHERS.into_iter().enumerate() {
        all.extend(rated(agent, idx + 7, false));
    }
    all
}

fn lines(answer: &Answer) -> &[Vec<Cell>] {
    &answer.tables.as_ref().expect("tables").main.rows
}

#[test]
fn the_trained_rose_and_their_colleagues_did_not() {
    let answer = ask("training_effect", &RowTable::new(rows(6)));
    let total = &answer.total;
    let (low, high) = (total.low.expect("an end"), total.high.expect("an end"));
    assert!(low <= 10.0 && 10.0 <= high && low > 5.0, "{total:?}");
    assert_eq!(total.counts, [("trained", 6), ("colleagues", 6)]);
    assert_eq!(found(&answer), &Found::Training);
    assert_eq!(lines(&answer).len(), 1);
    assert_eq!(lines(&answer)[0][0], Cell::Text("listening".to_owned()));
    assert_eq!(lines(&answer)[0][1], Cell::Text("2026-03-27".to_owned()));
    assert_eq!(answer, ask("training_effect", &RowTable::new(rows(6))));
}

#[test]
fn fewer_than_five_of_either_have_no_number() {
    let answer = ask("training_effect", &RowTable::new(rows(4)));
    assert_eq!(answer.total.value, None);
    let gap = Gap::FewGroups { n: 4, needed: 5 };
    assert_eq!(found(&answer), &Found::Nothing(gap));
    assert!(
        answer.notes[0].contains("5 trained and 5 colleagues"),
        "{:?}",
        answer.notes
    );
    let nobody = ask("training_effect", &RowTable::new(rows(0)));
    assert_eq!(nobody.notes, ["nobody took a course in this time"]);
}

#[test]
fn a_course_whose_weeks_are_not_over_has_no_number_yet() {
    let mut all = rows(6);
    for agent in TRAINED {
        all.push(taken(agent, "2026-06-12T12:00:00Z"));
    }
    let answer = ask("training_effect", &RowTable::new(all));
    let said: Vec<&Cell> = lines(&answer).iter().map(|line| &line[8]).collect();
    assert_eq!(said.len(), 2);
    assert_eq!(
        said[1],
        &Cell::Text("its weeks are not over yet".to_owned())
    );
    // The total is the latest with a number.
    assert!(answer.total.value.is_some());
}

#[test]
fn a_low_start_is_warned_of() {
    let mut all = rows(6);
    for row in &mut all {
        let is_trained = row.texts["agent"].starts_with('t');
        let is_before = at("2026-01-26T00:00:00Z") < row.at && row.at < at(COURSE);
        // A bad spell of the trained before the course: three of ten are lost, and not evenly.
        if is_trained && is_before && row.id.ends_with(['1', '3', '5']) {
            row.numbers.insert("score", 1.0);
        }
    }
    let answer = ask("training_effect", &RowTable::new(all));
    assert!(
        answer.notes[0].contains("regression to the mean"),
        "{:?}",
        answer.notes
    );
}

#[test]
fn it_is_of_trainings_and_cannot_be_split() {
    let error = super::answer(
        &query("training_effect by=team"),
        &settings(),
        at(NOW),
        &RowTable::default(),
    );
    let error = error.expect_err("no split");
    assert_eq!(
        format!("{error}; {}", error.hint().expect("a hint")),
        "`training_effect` cannot be split by `team`; leave `by` out"
    );
}
