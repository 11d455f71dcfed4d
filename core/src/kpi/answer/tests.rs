//! Questions against rows in memory: what counts, what is pooled, what is hidden, what is asked.

use std::collections::BTreeMap;

use jiff::civil::Weekday;
use proptest::prelude::*;

use super::*;
use crate::kpi::{Base, ClockRule, DimensionField, DimensionSource, Mode, Point, Score, parse};
use crate::plan::row_table::{Row, RowTable};
use crate::plan::{Filter, TallyPlan};
use crate::record::RecordKind;

mod brief;
mod goal;
mod helpdesk;
mod insight;
mod pooling;
mod privacy;
mod refusal;
mod response_rate;
mod rolling;
mod survey;
mod sweep;
mod verdict;

const NOW: &str = "2026-06-30T22:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().expect(text)
}

fn settings() -> Settings {
    let column = |kind, name| DimensionSource {
        kind,
        field: DimensionField::Column(name),
    };
    let segment = column(RecordKind::Customer, "segment");
    let priority = column(RecordKind::Ticket, "priority");
    Settings {
        timezone: civil::zone("Europe/Berlin").expect("a zone"),
        week_start: Weekday::Monday,
        fiscal_year_start: 1,
        min_group: 5,
        min_group_verbatim: 10,
        agents: crate::kpi::AgentRules {
            is_enabled: true,
            kept: SignedDuration::from_hours(728 * 24),
            ..Default::default()
        },
        library: std::sync::Arc::default(),
        provisional: SignedDuration::from_hours(48),
        response_window: SignedDuration::from_hours(14 * 24),
        relevant_points: 3.0,
        relevant_percent: 2.0,
        dimensions: BTreeMap::from([
            ("segment".to_owned(), segment),
            ("priority".to_owned(), priority),
        ]),
        questions: BTreeMap::from([(
            "everything".to_owned(),
            vec!["csv/q".to_owned(), "web/q2".to_owned()],
        )]),
        positives: BTreeMap::from([("csv/strict".to_owned(), 5.0)]),
        retention: crate::kpi::RetentionRules::default(),
        goals: BTreeMap::new(),
        clock: ClockRule::Business,
        business_hours: None,
    }
}

/// A question such as `nps range=all grain=month where.segment=a by=channel`.
fn query(text: &str) -> Query {
    let mut words = text.split(' ');
    let mut query = Query::new(words.next().expect("a KPI"));
    for word in words {
        let (name, value) = word.split_once('=').expect(word);
        match name {
            "range" => query.range = Some(value.parse().expect(value)),
            "rolling" => query.rolling = Some(value.parse().expect(value)),
            "grain" => query.grain = Some(value.parse().expect(value)),
            "tz" => query.tz = Some(parse::timezone(value).expect(value)),
            "by" => query.by = Some(value.to_owned()),
            "goal" => query.goal = Some(value.to_owned()),
            "of" => query.of = Some(value.to_owned()),
            "versus" => query.versus = Some(value.parse().expect(value)),
            "as_of" => query.as_of = Some(at(value)),
            "mode" => query.mode = Some(value.parse().expect(value)),
            _ => query
                .filters
                .extend(parse::filters([(name, value)]).expect(value)),
        }
    }
    query
}

fn ask(text: &str, rows: &RowTable) -> Answer {
    answer(&query(text), &settings(), at(NOW), rows).expect(text)
}

/// One answer a minute from the given instant, each of its own person.
fn rows(start: &str, prefix: &str, scores: &[f64]) -> Vec<Row> {
    let start = at(start);
    let mut minutes = 0;
    scores
        .iter()
        .map(|score| {
            minutes += 1;
            let at = start
                .checked_add(SignedDuration::from_mins(minutes))
                .expect("in range");
            Row::nps(format!("{prefix}{minutes}"), &at.to_string(), Some(*score))
        })
        .collect()
}

fn scores(n_tens: usize, n_eights: usize, n_zeros: usize) -> Vec<f64> {
    [vec![10.0; n_tens], vec![8.0; n_eights], vec![0.0; n_zeros]].concat()
}

/// So many promoters and detractors of a channel in a month of 2026, each answer of its own person.
fn of_month(month: &str, channel: &str, promoters: usize, detractors: usize) -> Vec<Row> {
    let start = format!("2026-{month}-10T08:00:00Z");
    let prefix = format!("{month}-{channel}-");
    let rows = rows(&start, &prefix, &scores(promoters, 0, detractors));
    rows.into_iter()
        .map(|row| row.text("channel", channel))
        .collect()
}

fn counts(score: &Score) -> Vec<u64> {
    score.counts.iter().map(|(_, count)| *count).collect()
}

#[test]
fn the_three_classes_partition_every_answer() {
    let scores = [
        0.0, 3.0, 6.0, 6.5, 6.999, 7.0, 8.0, 8.5, 8.999, 9.0, 9.5, 10.0,
    ];
    let answer = ask(
        "nps",
        &RowTable::new(rows("2026-06-01T08:00:00Z", "r", &scores)),
    );
    assert_eq!(counts(&answer.total), [3, 4, 5, 0]);
    assert_eq!(answer.total.n, Some(12));
    assert_eq!(answer.total.value, Some(100.0 * (3.0 - 5.0) / 12.0));
}

#[test]
fn rows_that_do_not_count_are_left_out() {
    let mut all = rows("2026-06-01T08:00:00Z", "r", &scores(12, 0, 0));
    all.push(Row::nps("unanswered", "2026-06-01T09:00:00Z", None));
    let mut test = Row::nps("test", "2026-06-01T09:00:00Z", Some(0.0));
    test.flags.insert("is_test");
    let mut deleted = Row::nps("deleted", "2026-06-01T09:00:00Z", Some(0.0));
    deleted.flags.insert("deleted");
    let csat = Row::nps("csat", "2026-06-01T09:00:00Z", Some(0.0)).text("metric", "csat");
    let partial = Row::nps("partial", "2026-06-01T09:00:00Z", Some(10.0)).text("status", "partial");
    all.extend([test, deleted, csat, partial]);
    let answer = ask("nps", &RowTable::new(all));
    assert_eq!(counts(&answer.total), [13, 0, 0, 1]);
    assert_eq!(answer.total.value, Some(100.0));
}

#[test]
fn nobody_answered_has_no_score() {
    let answer = ask("nps", &RowTable::default());
    assert_eq!((answer.total.value, answer.total.n), (None, Some(0)));
    assert!(answer.series[0].points.is_empty());
    let silent = ask("nps range=3d", &RowTable::default());
    for point in &silent.series[0].points {
        assert_eq!(
            (point.score.value, point.score.n, point.is_suppressed),
            (None, Some(0), false)
        );
    }
    assert_eq!(silent.series[0].points.len(), 3);
}

#[test]
fn the_total_is_computed_from_rows_not_from_points() {
    let mut all = rows("2026-05-10T08:00:00Z", "a", &scores(30, 0, 0));
    all.extend(rows("2026-06-10T08:00:00Z", "b", &scores(0, 0, 10)));
    let answer = ask("nps grain=month", &RowTable::new(all));
    let points: Vec<Option<f64>> = answer.series[0]
        .points
        .iter()
        .map(|point| point.score.value)
        .collect();
    assert_eq!(points, [Some(100.0), Some(-100.0)]);
    assert_eq!(answer.total.value, Some(50.0));
    assert_eq!(answer.series[0].total, answer.total);
}

#[test]
fn a_silent_bucket_between_is_a_gap() {
    let mut all = rows("2026-04-10T08:00:00Z", "a", &scores(10, 0, 0));
    all.extend(rows("2026-06-10T08:00:00Z", "b", &scores(10, 0, 0)));
    let answer = ask("nps grain=month", &RowTable::new(all));
    let values: Vec<Option<f64>> = answer.series[0]
        .points
        .iter()
        .map(|point| point.score.value)
        .collect();
    assert_eq!(values, [Some(100.0), None, Some(100.0)]);
}

#[test]
fn a_bucket_follows_the_zone_asked_for() {
    // 23:30 UTC on 31 May is June in Berlin and May in New York.
    let table = RowTable::new(rows("2026-05-31T22:30:00Z", "r", &scores(20, 0, 0)));
    let label = |text| ask(text, &table).series[0].points[0].label.clone();
    assert_eq!(label("nps grain=month"), "2026-06");
    assert_eq!(label("nps grain=month tz=America/New_York"), "2026-05");
    assert_eq!(label("nps grain=day tz=Asia/Kolkata"), "2026-06-01");
}

#[test]
fn too_few_people_are_hidden_and_few_answers_have_no_score() {
    let mut all = rows("2026-03-10T08:00:00Z", "a", &scores(4, 0, 0));
    all.extend(rows("2026-04-10T08:00:00Z", "b", &scores(9, 0, 0)));
    all.extend(rows("2026-05-10T08:00:00Z", "c", &scores(29, 0, 0)));
    // Thirty answers of four people.
    let same = rows("2026-06-10T08:00:00Z", "d", &scores(30, 0, 0));
    all.extend(
        same.into_iter()
            .enumerate()
            .map(|(idx, row)| row.text("customer", &format!("customer {}", idx % 4))),
    );
    let answer = ask("nps grain=month", &RowTable::new(all));
    let bases: Vec<Base> = answer.series[0]
        .points
        .iter()
        .map(|point| point.score.base)
        .collect();
    assert_eq!(
        bases,
        [Base::Hidden, Base::CountsOnly, Base::Low, Base::Hidden]
    );
    let hidden = &answer.series[0].points[3];
    assert!(hidden.is_suppressed && hidden.score.n.is_none() && hidden.score.counts.is_empty());
}

#[test]
fn responses_counts_submissions_with_an_answer_and_hides_nothing() {
    let answer_of = |id: &str, submission: &str, score| {
        Row::nps(id, "2026-06-02T08:00:00Z", score).text("response", submission)
    };
    let mut other_source = answer_of("6", "one", Some(1.0));
    other_source.source = "web".to_owned();
    let table = RowTable::new([
        answer_of("1", "one", Some(9.0)),
        answer_of("2", "one", Some(3.0)).text("metric", "driver"),
        answer_of("3", "two", None)
            .text("metric", "text")
            .text("comment", "fine"),
        answer_of("4", "dismissed", None),
        Row::nps("5", "2026-06-02T08:00:00Z", Some(5.0)),
        other_source,
    ]);
    let answer = ask("responses grain=day", &table);
    assert_eq!((answer.total.value, answer.total.n), (Some(4.0), Some(4)));
    assert_eq!((answer.total.base, answer.mode), (Base::Ok, None));
    assert_eq!((answer.total.low, answer.total.high), (None, None));
    assert_eq!(answer.series[0].points[0].score, answer.total);
}

#[test]
fn tickets_are_counted_by_the_team_they_name() {
    let ticket = |id: &str, team: Option<&str>| {
        let row = Row {
            source: "desk".to_owned(),
            id: id.to_owned(),
            at: at("2026-06-02T08:00:00Z"),
            ..Row::default()
        };
        match team {
            Some(team) => row.text("team", team),
            None => row,
        }
    };
    let table = RowTable::new([
        ticket("1", Some("north")),
        ticket("2", Some("north")),
        ticket("3", None),
    ]);
    let answer = ask("tickets grain=day by=team", &table);
    assert_eq!((answer.total.value, answer.total.n), (Some(3.0), Some(3)));
    let totals: Vec<(Option<&str>, Option<f64>)> = (answer.series.iter())
        .map(|series| (series.key.as_deref(), series.points[0].score.value))
        .collect();
    assert_eq!(
        totals,
        [(Some("north"), Some(2.0)), (Some("(none)"), Some(1.0))]
    );
}

#[test]
fn a_count_of_nothing_is_zero() {
    let answer = ask("responses range=2d", &RowTable::default());
    assert_eq!(answer.total.value, Some(0.0));
    assert!(
        answer.series[0]
            .points
            .iter()
            .all(|point| point.score.value == Some(0.0))
    );
}

#[test]
fn a_change_is_tested_against_the_period_before() {
    let mut all = rows("2026-04-10T08:00:00Z", "a", &scores(10, 10, 40));
    all.extend(rows("2026-05-10T08:00:00Z", "b", &scores(40, 10, 10)));
    let table = RowTable::new(all);
    let change = ask("nps range=2026-05-01..2026-06-01", &table)
        .change
        .expect("a change");
    assert_eq!(change.value, 100.0);
    assert!(change.is_changed && change.p < 0.001, "{change:?}");
    assert!(
        change.low < change.value && change.value < change.high + 5.0,
        "{change:?}"
    );
    assert_eq!(
        (change.previous_n, change.previous_start),
        (60, at("2026-03-31T22:00:00Z"))
    );
}

#[test]
fn nineteen_answers_are_not_compared() {
    let table = |n_before: usize| {
        let mut all = rows("2026-04-10T08:00:00Z", "a", &scores(n_before, 0, 0));
        all.extend(rows("2026-05-10T08:00:00Z", "b", &scores(0, 0, 20)));
        RowTable::new(all)
    };
    let change = |n| ask("nps range=2026-05-01..2026-06-01", &table(n)).change;
    assert_eq!(change(19), None);
    assert!(change(20).is_some());
}

#[test]
fn an_earlier_state_of_knowledge_gives_the_earlier_number() {
    let mut all = rows("2026-05-10T08:00:00Z", "a", &scores(20, 0, 0));
    for row in &mut all {
        row.known_at = at("2026-05-11T00:00:00Z");
    }
    let corrected: Vec<Row> = all
        .iter()
        .map(|row| {
            let mut row = Row {
                known_at: at("2026-06-20T00:00:00Z"),
                ..row.clone()
            };
            row.numbers.insert("score", 0.0);
            row
        })
        .collect();
    all.extend(corrected);
    let table = RowTable::new(all);
    assert_eq!(ask("nps", &table).total.value, Some(-100.0));
    let earlier = ask("nps as_of=2026-06-01T00:00:00Z", &table);
    assert_eq!(
        (earlier.total.value, earlier.as_of),
        (Some(100.0), at("2026-06-01T00:00:00Z"))
    );
    assert_eq!(
        ask("nps as_of=2026-05-01T00:00:00Z", &table).total.n,
        Some(0)
    );
}

proptest! {
    #[test]
    fn the_order_of_rows_does_not_matter(answers in answers(), seed in any::<u64>()) {
        let one = ask("nps grain=week", &RowTable::new(rows_of(&answers)));
        let mut all = rows_of(&answers);
        let turn = usize::try_from(seed % (all.len() as u64)).expect("below the length");
        all.rotate_left(turn);
        all.reverse();
        prop_assert_eq!(one, ask("nps grain=week", &RowTable::new(all)));
    }

    #[test]
    fn the_points_of_a_transactional_survey_hold_what_the_total_holds(answers in answers()) {
        let open = Settings { min_group: 0, ..settings() };
        let table = RowTable::new(rows_of(&answers));
        let answer = answer(&query("nps grain=week"), &open, at(NOW), &table).expect("an answer");
        let n_points: u64 = answer.series[0].points.iter().filter_map(|point| point.score.n).sum();
        prop_assert_eq!(Some(n_points), answer.total.n);
        prop_assert_eq!(counts(&answer.total).iter().sum::<u64>(), answers.len() as u64);
    }
}

/// Answers as (half points, day, customer), customer 0 being nobody.
fn answers() -> impl Strategy<Value = Vec<(u8, u32, u8)>> {
    prop::collection::vec((0_u8..=20, 0_u32..60, 0_u8..4), 1..120)
}

fn rows_of(answers: &[(u8, u32, u8)]) -> Vec<Row> {
    let row = |(idx, (half_points, day, customer)): (usize, &(u8, u32, u8))| {
        let hours = SignedDuration::from_hours(i64::from(*day) * 24);
        let time = at("2026-04-01T08:00:00Z")
            .checked_add(hours)
            .expect("in range");
        let row = Row::nps(idx, &time.to_string(), Some(f64::from(*half_points) / 2.0));
        if *customer == 0 {
            row
        } else {
            row.text("customer", &customer.to_string())
        }
    };
    answers.iter().enumerate().map(row).collect()
}
