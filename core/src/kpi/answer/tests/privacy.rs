//! Anonymous surveys: what is hidden, refused, coarsened and blunted, and what identified ones keep.

use std::collections::BTreeSet;

use super::*;
use crate::kpi::{Bound, Goal, GoalState, Series};

mod attacker;

/// The fewest persons that are shown.
const K: u64 = 5;

/// As many answers as scores on the day, through a channel.
fn answers(day: &str, channel: &str, scores: &[f64]) -> Vec<Row> {
    let rows = rows(
        &format!("{day}T08:00:00Z"),
        &format!("{day}{channel}"),
        scores,
    );
    rows.into_iter()
        .map(|row| row.text("channel", channel))
        .collect()
}

fn anonymous(mut rows: Vec<Row>) -> RowTable {
    for row in &mut rows {
        row.flags.insert("anonymous");
    }
    RowTable::new(rows)
}

/// A mixture of `n` answers, so that no group agrees.
fn mixed(n: usize) -> Vec<f64> {
    (0..n).map(|idx| [10.0, 8.0, 3.0][idx % 3]).collect()
}

fn hidden(series: &Series) -> Vec<bool> {
    series
        .points
        .iter()
        .map(|point| point.is_suppressed)
        .collect()
}

/// Returns the groups whose total is hidden.
fn hidden_groups(answer: &Answer) -> Vec<&str> {
    let hidden = answer
        .series
        .iter()
        .filter(|series| series.total.base == Base::Hidden);
    hidden.filter_map(|series| series.key.as_deref()).collect()
}

fn by_channel(sizes: &[(&str, usize)]) -> Vec<Row> {
    let of = |(channel, n): &(&str, usize)| answers("2026-06-10", channel, &mixed(*n));
    sizes.iter().flat_map(of).collect()
}

const SIZES: [(&str, usize); 4] = [("a", 3), ("b", 7), ("c", 20), ("d", 30)];

#[test]
fn a_small_group_takes_the_smallest_other_with_it() {
    let table = anonymous(by_channel(&SIZES));
    let split = ask("nps by=channel grain=month", &table);
    assert_eq!(hidden_groups(&split), ["b", "a"]);
    assert_eq!(split.total.n, Some(60), "the whole counts every row");
    for series in &split.series {
        let is_hidden = series.total.base == Base::Hidden;
        assert_eq!(hidden(series), [is_hidden], "{:?}", series.key);
        assert!(!is_hidden || series.versus_rest.is_none());
    }
}

#[test]
fn an_identified_survey_hides_the_small_group_alone() {
    let table = RowTable::new(by_channel(&SIZES));
    let split = ask("nps by=channel grain=month", &table);
    assert_eq!(hidden_groups(&split), ["a"]);
    let small = ask("nps where.channel=a", &table);
    assert_eq!((small.total.base, small.notes.len()), (Base::Hidden, 0));
}

#[test]
fn plain_counts_tell_nobodys_opinion() {
    let table = anonymous(by_channel(&SIZES));
    let split = ask("responses by=channel grain=month", &table);
    assert_eq!(hidden_groups(&split), [""; 0]);
    assert_eq!(ask("responses where.channel=a", &table).total.n, Some(3));
}

#[test]
fn a_series_is_coarsened_until_no_bucket_is_small() {
    let days = |first: u32, sizes: &[usize]| -> Vec<Row> {
        let of = |(idx, n): (usize, &usize)| {
            let day = first + u32::try_from(idx).expect("few");
            answers(&format!("2026-06-{day:02}"), "web", &mixed(*n))
        };
        sizes.iter().enumerate().flat_map(of).collect()
    };
    let shown = |rows: Vec<Row>, text: &str| {
        let answer = ask(text, &anonymous(rows));
        (
            answer.grain.to_string(),
            answer.series[0].points.len(),
            answer.notes,
        )
    };
    // Monday 8 June on.
    let large = shown(days(8, &[6, 7, 8]), "nps grain=day");
    assert_eq!((&large.0[..], large.1, large.2.len()), ("day", 3, 0));
    let week = shown(days(8, &[6, 2, 8]), "nps grain=day");
    assert_eq!((&week.0[..], week.1), ("week", 1));
    assert_eq!(
        week.2,
        ["anonymous survey: shown by week, as too few answered in one day"]
    );
    let month = shown(days(8, &[6, 2, 8, 0, 0, 0, 0, 3]), "nps grain=day");
    assert_eq!((&month.0[..], month.1), ("month", 1));
    let mut apart = days(8, &[9]);
    apart.extend(answers("2026-05-10", "web", &mixed(2)));
    let quarter = shown(apart, "nps grain=day");
    assert_eq!((&quarter.0[..], quarter.1), ("quarter", 1));
    // Identified answers keep their days.
    let plain = ask("nps grain=day", &RowTable::new(days(8, &[6, 2, 8])));
    assert_eq!(
        (plain.grain.to_string(), plain.series[0].points.len()),
        ("day".to_owned(), 3)
    );
}

#[test]
fn beyond_quarters_a_small_bucket_takes_another_with_it() {
    let mut all = answers("2025-06-10", "web", &mixed(30));
    all.extend(answers("2025-12-10", "web", &mixed(3)));
    all.extend(answers("2026-06-10", "web", &mixed(20)));
    let answer = ask("nps", &anonymous(all));
    let points = &answer.series[0].points;
    let marks: Vec<(&str, bool)> = points
        .iter()
        .map(|point| (&point.label[..], point.is_suppressed))
        .collect();
    assert_eq!(
        marks,
        [
            ("2025-Q2", false),
            ("2025-Q3", false),
            ("2025-Q4", true),
            ("2026-Q1", false),
            ("2026-Q2", true)
        ]
    );
    assert_eq!(answer.total.n, Some(53));
}

fn refused(text: &str, table: &RowTable) -> bool {
    match answer(&query(text), &settings(), at(NOW), table) {
        Ok(_) => false,
        Err(error) => {
            assert_eq!((error.status(), error.reason()), (403, Some("small_group")));
            let text = error.to_string();
            assert!(
                text.contains("`channel`") && error.hint().is_some(),
                "{text}"
            );
            true
        }
    }
}

#[test]
fn a_filter_that_isolates_is_refused() {
    let table = anonymous(by_channel(&SIZES));
    let check = |filter: &str, expected| {
        let text = format!("nps where.channel={filter}");
        assert_eq!(refused(&text, &table), expected, "{filter}");
    };
    check("a", true);
    // Nobody is fewer than five, too: else a refusal would tell that somebody is there.
    check("nobody", true);
    // All but three.
    check("b,c,d", true);
    // What a split hides together is asked together or not at all.
    check("b", true);
    check("b,c", true);
    check("a,b", false);
    check("c", false);
    check("a,b,c,d", false);
    // An empty range isolates nobody.
    assert!(!refused(
        "nps range=2020-01-01..2020-02-01 where.channel=c",
        &table
    ));
    let identified = RowTable::new(by_channel(&SIZES));
    assert!(!refused("nps where.channel=a", &identified));
    assert!(!refused("nps where.channel=b,c,d", &identified));
}

#[test]
fn each_filter_is_taken_away_in_turn() {
    let part = |segment: &str, channel: &str, n| {
        let rows = answers("2026-06-10", channel, &mixed(n)).into_iter();
        let row = |row: Row| {
            let id = format!("{segment}{}", row.id);
            Row { id, ..row }.dimension("segment", segment)
        };
        rows.map(row).collect::<Vec<_>>()
    };
    let mut all = part("x", "a", 20);
    all.extend(part("x", "b", 2));
    all.extend(part("y", "a", 20));
    all.extend(part("y", "b", 20));
    let table = anonymous(all);
    // 20 of the 22 of x came through a: the two others would follow.
    assert!(refused("nps where.segment=x where.channel=a", &table));
    assert!(!refused("nps where.segment=y where.channel=a", &table));
}

#[test]
fn days_of_anonymous_answers_are_whole_and_of_one_zone() {
    let table = anonymous(answers("2026-06-10", "web", &mixed(30)));
    let exact = ask(
        "nps range=2026-06-10T00:00:00Z..2026-06-12T12:00:00Z",
        &table,
    );
    assert_eq!(
        (exact.from, exact.to),
        (at("2026-06-09T22:00:00Z"), at("2026-06-11T22:00:00Z"))
    );
    assert_eq!(
        exact.notes,
        ["anonymous survey: from and to are civil days"]
    );
    let zoned = ask("nps tz=Asia/Kolkata range=2026-06-10..2026-06-11", &table);
    assert_eq!(
        (&zoned.timezone[..], zoned.from),
        ("Europe/Berlin", at("2026-06-09T22:00:00Z"))
    );
    assert_eq!(
        zoned.notes,
        ["anonymous survey: its days are those of Europe/Berlin"]
    );
    let known = ask("nps as_of=2026-06-20T10:00:00Z", &table);
    assert_eq!(known.as_of, at("2026-06-19T22:00:00Z"));
    let identified = RowTable::new(answers("2026-06-10", "web", &mixed(30)));
    let exact = ask(
        "nps range=2026-06-10T00:00:00Z..2026-06-12T12:00:00Z",
        &identified,
    );
    assert_eq!(
        (exact.from, exact.notes.len()),
        (at("2026-06-10T00:00:00Z"), 0)
    );
}

#[test]
fn a_rolling_window_moves_by_whole_weeks() {
    let table = anonymous(answers("2026-06-10", "web", &mixed(30)));
    let window = |now: &str| {
        let asked = query("nps range=14d");
        let found = answer(&asked, &settings(), at(now), &table).expect("an answer");
        (found.from, found.to)
    };
    // Monday 22 to Sunday 28 June.
    let week = window("2026-06-22T08:00:00Z");
    assert_eq!(
        week,
        (at("2026-06-07T22:00:00Z"), at("2026-06-21T22:00:00Z"))
    );
    for day in 23..=28 {
        let found = window(&format!("2026-06-{day}T08:00:00Z"));
        assert_eq!(found.1, week.1, "{day}");
        assert!(
            found.0 == week.0 || found.0 == at("2026-06-14T22:00:00Z"),
            "{day}: {found:?}"
        );
    }
    assert_eq!(window("2026-06-29T08:00:00Z").1, at("2026-06-28T22:00:00Z"));
}

#[test]
fn the_window_of_a_goal_moves_by_whole_weeks() {
    let mut with_goal = settings();
    let goal = Goal {
        name: "aim".to_owned(),
        kpi: crate::kpi::find("nps").expect("a KPI"),
        baseline: 0.0,
        target: 90.0,
        start: jiff::civil::date(2026, 1, 1),
        due: jiff::civil::date(2026, 12, 31),
    };
    with_goal.goals.insert("aim".to_owned(), goal);
    let table = anonymous(answers("2026-06-10", "web", &mixed(30)));
    // NOW is a Wednesday in Berlin.
    let found = answer(&query("nps goal=aim"), &with_goal, at(NOW), &table).expect("an answer");
    let found = found.goal.expect("a standing");
    assert_eq!(
        (found.from, found.to, found.state),
        (
            at("2026-05-31T22:00:00Z"),
            at("2026-06-28T22:00:00Z"),
            Some(GoalState::Behind)
        )
    );
}

#[test]
fn a_group_that_agrees_shows_a_bound() {
    let told = |scores: &[f64]| {
        ask(
            "nps grain=month",
            &anonymous(answers("2026-06-10", "web", scores)),
        )
    };
    let promoters = told(&[10.0; 20]).total;
    assert_eq!(
        (promoters.bound, promoters.n),
        (Some(Bound::AtLeast), Some(20))
    );
    assert_eq!(promoters.value, promoters.low);
    assert!(promoters.value.is_some_and(|value| value < 100.0));
    assert!(promoters.counts.is_empty() && promoters.histogram.is_empty());
    let detractors = told(&[0.0; 20]).total;
    assert_eq!(detractors.bound, Some(Bound::AtMost));
    assert_eq!(detractors.value, detractors.high);
    let alike = told(&[8.0; 20]).total;
    assert_eq!((alike.value, alike.bound, alike.low), (None, None, None));
    let apart = told(&mixed(20)).total;
    assert_eq!((apart.bound, apart.counts.len()), (None, 4));
    // Identified answers are told as they are.
    let plain = ask(
        "nps",
        &RowTable::new(answers("2026-06-10", "web", &[10.0; 20])),
    );
    assert_eq!((plain.total.value, plain.total.bound), (Some(100.0), None));
    let line = crate::kpi::format::table(&told(&[10.0; 20]));
    assert!(line.contains("≥ "), "{line}");
    let json = crate::kpi::format::json(&told(&[10.0; 20]));
    assert_eq!(json["total"]["bound"], "at_least");
}

#[test]
fn a_change_does_not_tell_that_a_group_agrees() {
    let mut all = answers("2026-05-10", "web", &mixed(30));
    all.extend(answers("2026-06-10", "web", &[10.0; 30]));
    let asked = "nps range=2026-06-01..2026-07-01";
    assert_eq!(ask(asked, &anonymous(all.clone())).change, None);
    assert!(ask(asked, &RowTable::new(all)).change.is_some());
}

#[test]
fn one_anonymous_answer_makes_its_whole_survey_anonymous() {
    let mut all = by_channel(&SIZES);
    all[40].flags.insert("anonymous");
    let split = ask("nps by=channel grain=month", &RowTable::new(all.clone()));
    assert_eq!(hidden_groups(&split), ["b", "a"]);
    // Another survey of the source was promised nothing.
    let mut other = Row::nps("other", "2026-06-10T08:00:00Z", Some(9.0)).text("survey", "other");
    other.flags.insert("anonymous");
    let mut all = by_channel(&SIZES);
    all.push(other);
    let table = RowTable::new(all);
    let split = ask("nps by=channel grain=month where.survey=s", &table);
    assert_eq!(hidden_groups(&split), ["a"]);
}
