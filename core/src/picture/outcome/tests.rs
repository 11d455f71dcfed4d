//! Forecasts of one week after the other, held against what came.

use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::chart::sample;
use crate::kpi::{ChartKind, NextBucket, Verdict};
use crate::picture::testing::at;
use crate::plan::DataVersion;
use crate::series::{Context, read};

/// Keeps forecasts in memory.
#[derive(Default)]
struct Notebook(Mutex<Vec<Foretelling>>);

impl Keeper for Notebook {
    fn foretell(&self, _: &str, foretold: &[Foretelling]) -> Result<(), StoreError> {
        self.0.lock().expect("no panic").extend(foretold);
        Ok(())
    }

    fn foretold(&self, _: &str) -> Result<Vec<Foretelling>, StoreError> {
        Ok(self.0.lock().expect("no panic").clone())
    }
}

fn week(idx: usize) -> Timestamp {
    let hours = 168 * i64::try_from(idx).expect("few");
    at("2024-01-01T00:00:00Z")
        .checked_add(SignedDuration::from_hours(hours))
        .expect("in range")
}

/// What is known after so many weeks of a series that a smoothed level foresees best.
fn shown(n_weeks: usize) -> Shown {
    let value = |idx: usize| 30.0 + [8.0, -7.0, 6.0, -8.0, 7.0, -6.0][idx % 6];
    let points: Vec<crate::series::Point> = (0..n_weeks)
        .map(|idx| crate::series::Point {
            label: String::new(),
            value: Some(value(idx)),
            n: 100,
            answers: crate::series::Answers::Counted,
        })
        .collect();
    let reading = read(&points, &Context::default(), &|_, _| None, &[]);
    let mut answer = sample::everyday(ChartKind::Trend).answer;
    let model = answer.series[0].points[0].clone();
    answer.series[0].points = (0..n_weeks)
        .map(|idx| {
            let mut point = model.clone();
            (point.start, point.end) = (week(idx), week(idx + 1));
            point.is_complete = true;
            point.score.value = Some(value(idx));
            point
        })
        .collect();
    let next = (n_weeks..n_weeks + 6).map(|idx| NextBucket {
        start: week(idx),
        end: week(idx + 1),
        label: String::new(),
    });
    answer.verdict = Some(Verdict {
        trend: reading.course.trend,
        bucket: "week",
        moves: Vec::new(),
        is_steady: false,
        text: String::new(),
        history: Some(History {
            starts: (0..n_weeks).map(week).collect(),
            control: reading.control,
            outlook: reading.outlook,
            next: next.collect(),
        }),
    });
    Shown {
        serial: 0,
        answer,
        events: Vec::new(),
        hits: None,
        data_version: DataVersion::default(),
        rules_generation: 0,
        computed_at: week(n_weeks),
    }
}

#[test]
fn forecasts_are_held_against_what_came() {
    let (notebook, query) = (Notebook::default(), Query::new("nps"));
    let first = hold_against(&query, &shown(40), &notebook);
    assert_eq!(first, None, "nothing has come yet");
    let n_kept = notebook.0.lock().expect("no panic").len();
    assert!(n_kept > 0, "a forecast was made");
    let later = hold_against(&query, &shown(41), &notebook).expect("one week has come");
    assert_eq!((later.n_80, later.hits_80), (1, 1));
    // The same week again says nothing new.
    let n_kept = notebook.0.lock().expect("no panic").len();
    let _ = hold_against(&query, &shown(41), &notebook);
    assert_eq!(notebook.0.lock().expect("no panic").len(), n_kept);
}

#[test]
fn a_question_has_one_name_and_tells_nothing() {
    let one = name(&Query::new("nps"), &shown(40));
    assert_eq!(one, name(&Query::new("nps"), &shown(41)));
    let mut other = Query::new("nps");
    other
        .filters
        .insert("segment".to_owned(), vec![Some("gold".to_owned())]);
    let other = name(&other, &shown(40));
    assert_ne!(one, other);
    assert!(!other.contains("gold"));
}
