//! Goals over rows: which window counts, what is too little, and what is told beside them.

use jiff::civil::date;

use super::*;
use crate::kpi::{Goal, GoalGap, GoalState, KpiError};

fn goal(kpi: &str, baseline: f64, target: f64) -> Goal {
    Goal {
        name: "aim".to_owned(),
        kpi: crate::kpi::find(kpi).expect("a KPI"),
        baseline,
        target,
        start: date(2026, 1, 1),
        due: date(2026, 12, 31),
    }
}

fn with(goals: &[Goal]) -> Settings {
    let named = |goal: &Goal| (goal.name.clone(), goal.clone());
    Settings {
        goals: goals.iter().map(named).collect(),
        ..settings()
    }
}

fn told(text: &str, goals: &[Goal], rows: &RowTable) -> Answer {
    answer(&query(text), &with(goals), at(NOW), rows).expect(text)
}

fn standing(goal: &Goal, rows: &RowTable) -> crate::kpi::GoalStanding {
    let text = format!("{} goal=aim", goal.kpi.name);
    let answer = told(&text, std::slice::from_ref(goal), rows);
    answer.goal.expect("a standing")
}

#[test]
fn the_window_is_the_last_28_complete_days() {
    // NOW is the first instant of 1 July in Berlin.
    let mut all = rows("2026-06-02T22:00:00Z", "in", &scores(30, 10, 0));
    all.extend(rows("2026-06-02T21:00:00Z", "before", &scores(0, 0, 40)));
    all.extend(rows("2026-06-30T22:00:00Z", "today", &scores(0, 0, 40)));
    let found = standing(&goal("nps", 31.0, 45.0), &RowTable::new(all));
    assert_eq!(
        (found.from, found.to),
        (at("2026-06-02T22:00:00Z"), at("2026-06-30T22:00:00Z"))
    );
    assert_eq!(
        (found.current.value, found.current.n),
        (Some(75.0), Some(40))
    );
    assert_eq!(found.state, Some(GoalState::MetConfirmed));
    assert_eq!(found.progress, Some((75.0 - 31.0) / 14.0));
}

#[test]
fn a_window_that_says_too_little_has_no_state() {
    let check = |n, gap| {
        let table = RowTable::new(rows("2026-06-10T08:00:00Z", "a", &scores(n, 0, 0)));
        let found = standing(&goal("nps", 31.0, 45.0), &table);
        assert_eq!(
            (found.state, found.progress, found.gap),
            (None, None, gap),
            "{n}"
        );
    };
    check(0, Some(GoalGap::NoAnswers));
    check(4, Some(GoalGap::Hidden));
    check(9, Some(GoalGap::FewAnswers));
    let table = RowTable::new(rows("2026-06-10T08:00:00Z", "a", &scores(10, 0, 0)));
    assert!(standing(&goal("nps", 31.0, 45.0), &table).state.is_some());
}

#[test]
fn after_its_last_day_a_goal_keeps_its_state() {
    let mut all = rows("2026-03-20T08:00:00Z", "then", &scores(10, 10, 20));
    all.extend(rows("2026-06-20T08:00:00Z", "now", &scores(40, 0, 0)));
    let over = Goal {
        due: date(2026, 3, 31),
        ..goal("nps", 31.0, 45.0)
    };
    let found = standing(&over, &RowTable::new(all));
    assert_eq!(found.state, Some(GoalState::Missed));
    assert_eq!(
        (found.current.n, found.to),
        (Some(40), at("2026-03-31T22:00:00Z"))
    );
    assert_eq!(found.pace, 45.0);
}

#[test]
fn a_split_answer_tells_the_goal_of_the_whole_and_a_filter_that_of_its_rows() {
    let part = |prefix: &str, channel: &str, scores: &[f64]| {
        let rows = rows("2026-06-10T08:00:00Z", prefix, scores).into_iter();
        rows.map(|row| row.text("channel", channel))
            .collect::<Vec<_>>()
    };
    let mut all = part("a", "mail", &scores(30, 0, 0));
    all.extend(part("b", "web", &scores(0, 0, 30)));
    let table = RowTable::new(all);
    let goals = [goal("nps", 31.0, 45.0)];
    let value = |text| {
        let found = told(text, &goals, &table).goal.expect("a standing");
        found.current.value
    };
    assert_eq!(value("nps goal=aim by=channel"), Some(0.0));
    assert_eq!(value("nps goal=aim where.channel=mail"), Some(100.0));
    assert_eq!(told("nps", &goals, &table).goal, None);
}

#[test]
fn a_goal_of_a_survey_tells_how_many_of_those_asked_answered() {
    let mut all = rows("2026-06-10T08:00:00Z", "a", &scores(30, 0, 0));
    for row in &mut all {
        row.texts.insert("survey", "pulse".to_owned());
    }
    let table = RowTable::new(all.clone());
    let uninvited = standing(&goal("nps", 31.0, 45.0), &table);
    assert_eq!(uninvited.response_rate, None);
    let invite = |idx: usize, survey: &str| {
        let row = Row {
            source: "csv".to_owned(),
            id: format!("{survey}{idx}"),
            at: at("2026-06-10T07:00:00Z"),
            ..Row::default()
        };
        row.text("survey", survey)
    };
    let of = |survey: &'static str| (0..40).map(move |idx| invite(idx, survey));
    let table = RowTable {
        invitations: of("pulse").chain(of("another")).collect(),
        ..RowTable::new(all)
    };
    let rate = standing(&goal("nps", 31.0, 45.0), &table).response_rate;
    let rate = rate.expect("a rate");
    assert_eq!((rate.n, rate.value), (Some(40), Some(0.0)));
}

#[test]
fn a_count_is_certain_and_smaller_can_be_better() {
    let table = RowTable::new(rows("2026-06-10T08:00:00Z", "a", &scores(30, 0, 0)));
    let found = standing(&goal("responses", 0.0, 30.0), &table);
    assert_eq!(found.state, Some(GoalState::MetConfirmed));
    let found = standing(&goal("responses", 80.0, 29.0), &table);
    assert!(found.is_falling);
    // 30 is far below the pace of a goal that falls from 80.
    assert_eq!(found.state, Some(GoalState::Ahead));
    assert_eq!(found.progress, Some(50.0 / 51.0));
    // Where both are equal the KPI says which side is better.
    assert!(standing(&goal("backlog", 5.0, 5.0), &RowTable::default()).is_falling);
}

#[test]
fn a_goal_of_churn_is_about_the_last_whole_month() {
    let found = standing(&goal("churn", 5.0, 3.0), &RowTable::default());
    assert_eq!(
        (found.from, found.to),
        (at("2026-05-31T22:00:00Z"), at("2026-06-30T22:00:00Z"))
    );
    assert_eq!((found.state, found.gap), (None, Some(GoalGap::NoAnswers)));
}

#[test]
fn a_goal_that_is_none_is_refused() {
    let goals = [goal("nps", 31.0, 45.0)];
    let refused = |text: &str| {
        let found = answer(&query(text), &with(&goals), at(NOW), &RowTable::default());
        let error = found.expect_err(text);
        assert_eq!(error.status(), 400);
        (error.to_string(), error.hint().expect("a hint"))
    };
    assert_eq!(
        refused("nps goal=aims"),
        (
            "there is no goal `aims`; did you mean `aim`?".to_owned(),
            "the goals are aim".to_owned()
        )
    );
    assert_eq!(
        refused("csat goal=aim").0,
        "goal `aim` is about `nps`, not `csat`"
    );
    let split = answer(
        &query("goals by=channel"),
        &with(&goals),
        at(NOW),
        &RowTable::default(),
    );
    assert!(matches!(split, Err(KpiError::NoSplit { .. })));
}

#[test]
fn all_goals_are_one_table() {
    let mut goals = [goal("nps", 31.0, 45.0), goal("churn", 5.0, 3.0)];
    goals[1].name = "stay".to_owned();
    let table = RowTable::new(rows("2026-06-10T08:00:00Z", "a", &scores(30, 0, 0)));
    let found = told("goals", &goals, &table);
    assert_eq!((found.total.value, found.total.n), (Some(1.0), Some(2)));
    assert_eq!(found.total.counts[0], ("met_confirmed", 1));
    assert_eq!(found.total.counts[6], ("no_state", 1));
    let main = &found.tables.as_ref().expect("a table").main;
    assert_eq!(main.rows.len(), 2);
    let csv = crate::kpi::format::csv(&found);
    assert!(
        csv.contains("aim,nps,points,31.0,45.0,2026-01-01,2026-12-31,100.0,"),
        "{csv}"
    );
    assert!(csv.contains(",met_confirmed,,"), "{csv}");
    // A filter that one of them cannot take says so in its row, and takes nothing from the other.
    let filtered = told("goals where.channel=mail", &goals, &table);
    let rows = &filtered.tables.as_ref().expect("a table").main.rows;
    let reason = format!("{:?}", rows[1][15]);
    assert!(reason.contains("cannot carry `channel`"), "{reason}");
    assert_eq!(told("goals", &[], &table).total.value, Some(0.0));
}
