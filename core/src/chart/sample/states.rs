//! One figure per designed state of charts over time.

use jiff::SignedDuration;

use super::{
    CSAT, NPS, RESPONSES, WAITING, everyday, hidden, months, over_time, score, split, unanswered,
};
use crate::chart::{Figure, Freshness, GoalMark};
use crate::kpi::{ChartKind, Kpi, Point, Score};

/// Returns one figure per designed state, with the state's name.
pub(super) fn states(chart: ChartKind) -> Vec<(&'static str, Figure)> {
    let mut states = vec![
        ("everyday", everyday(chart)),
        ("split", split(chart, 4)),
        ("split-40", split(chart, 40)),
    ];
    states.extend(aged(chart));
    states.extend(thin(chart));
    states.extend(shaped(chart));
    states
}

/// Returns states of a goal.
pub(super) fn goals(chart: ChartKind) -> Vec<(&'static str, Figure)> {
    let with = |name, total: Score, target: f64, pace: Option<f64>| {
        let mut figure = reshaped(chart, &NPS, Vec::new(), total);
        figure.goal = Some(GoalMark {
            target,
            label: "by 31 Dec".to_owned(),
            pace,
        });
        (name, figure)
    };
    let mut found = states(chart);
    found.extend([
        with("ahead", score(&NPS, 44.0, 900), 45.0, Some(30.0)),
        with("reached", score(&NPS, 52.0, 2_900), 45.0, Some(44.0)),
        with("no-pace", score(&NPS, 36.0, 900), 45.0, None),
        with("below-zero", score(&NPS, -31.0, 700), -10.0, Some(-24.0)),
        with("signed", score(&NPS, -8.0, 400), 15.0, Some(2.0)),
        with("no-value", unanswered(), 45.0, Some(39.0)),
    ]);
    found
}

/// Returns states of what stands around the numbers.
pub(super) fn aged(chart: ChartKind) -> [(&'static str, Figure); 3] {
    let with = |edit: &dyn Fn(&mut Figure)| {
        let mut figure = everyday(chart);
        edit(&mut figure);
        figure
    };
    let hours_ago = |hours: i64| {
        let as_of = everyday(chart).answer.as_of;
        as_of.checked_sub(SignedDuration::from_hours(hours)).ok()
    };
    [
        (
            "stale",
            with(&|figure| figure.freshness = Freshness::Stale(hours_ago(7))),
        ),
        (
            "failing",
            with(&|figure| {
                figure.freshness = Freshness::Failing(hours_ago(76));
                figure.note = Some("dashboard file has a fault; last good one shown".to_owned());
            }),
        ),
        (
            "long-names",
            with(&|figure| {
                figure.title = "How likely are you to recommend our field service after a \
                                repair visit that needed more than one appointment"
                    .to_owned();
                figure.subtitle = "Region: Baden-Württemberg, Nordrhein-Westfalen, \
                                   Mecklenburg-Vorpommern; channel: e-mail, in-app, telephone"
                    .to_owned();
            }),
        ),
    ]
}

/// Returns states with few answers or none.
fn thin(chart: ChartKind) -> [(&'static str, Figure); 6] {
    let none = months(&NPS, 12, |_| (0.0, 0));
    let hidden_months = months(&NPS, 12, |_| (0.0, 3));
    let reshaped = |kpi, points, total| reshaped(chart, kpi, points, total);
    [
        ("no-data", reshaped(&NPS, none, unanswered())),
        ("one-bucket", {
            let points = months(&NPS, 1, |_| (31.0, 84));
            reshaped(&NPS, points, score(&NPS, 31.0, 84))
        }),
        ("suppressed", reshaped(&NPS, hidden_months, hidden())),
        ("counts-only", {
            let points = months(&NPS, 6, |_| (10.0, 0));
            reshaped(&NPS, points, score(&NPS, 10.0, 8))
        }),
        ("low-base", {
            let points = months(&NPS, 9, |idx| (20.0 + [4.0, -9.0, 12.0][idx % 3], 14));
            reshaped(&NPS, points, score(&NPS, 22.0, 24))
        }),
        ("gaps", {
            let points = months(&NPS, 18, |idx| (30.0, if idx % 5 == 3 { 0 } else { 120 }));
            reshaped(&NPS, points, score(&NPS, 30.0, 1900))
        }),
    ]
}

/// Returns states with unusual values.
fn shaped(chart: ChartKind) -> [(&'static str, Figure); 5] {
    let reshaped = |kpi, points, total| reshaped(chart, kpi, points, total);
    [
        ("negative", {
            let points = months(&NPS, 12, |idx| (-62.0 + [0.0, 5.0, -4.0][idx % 3], 310));
            reshaped(&NPS, points, score(&NPS, -61.3, 3700))
        }),
        ("constant", {
            let points = months(&NPS, 12, |_| (50.0, 400));
            reshaped(&NPS, points, score(&NPS, 50.0, 4800))
        }),
        ("percent", {
            let points = months(&CSAT, 24, |idx| (78.0 + [0.0, 2.4, -1.3][idx % 3], 640));
            reshaped(&CSAT, points, score(&CSAT, 78.42, 15_360))
        }),
        ("huge", {
            let points = months(&RESPONSES, 24, |idx| (4.1e8 + 1.3e7 * idx_f(idx), 400));
            reshaped(&RESPONSES, points, score(&RESPONSES, 12_345_678_901.0, 400))
        }),
        ("time", {
            let points = months(&WAITING, 24, |idx| {
                (3_600.0 * (20.0 + idx_f(idx * 7 % 11)), 640)
            });
            reshaped(&WAITING, points, score(&WAITING, 88_200.0, 15_360))
        }),
    ]
}

/// Returns the everyday figure with other numbers and nothing around them.
fn reshaped(chart: ChartKind, kpi: &'static Kpi, points: Vec<Point>, total: Score) -> Figure {
    let mut figure = over_time(chart);
    figure.answer.kpi = kpi;
    figure.answer.series[0].points = points;
    figure.answer.series[0].total = total.clone();
    figure.answer.total = total;
    figure.goal = None;
    figure.events.clear();
    figure.answer.change = None;
    kpi.title.clone_into(&mut figure.title);
    figure
}

#[expect(clippy::cast_precision_loss, reason = "a small count")]
fn idx_f(idx: usize) -> f64 {
    idx as f64
}
