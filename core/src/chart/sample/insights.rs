//! Figures of what is found in a series: verdicts, shifts, forecasts, limits and signals.

use jiff::Timestamp;

use super::states::{aged, states};
use super::{CSAT, Dice, NPS, months, over_time, score};
use crate::chart::insight::{
    ControlFigure, Course, ForecastPoint, Insight, Refusal, Shift, Signal, SignalKind, Stretch,
    TrendFigure, Verdict,
};
use crate::chart::{Figure, Mark};
use crate::kpi::{ChartKind, Kpi, Point};

/// Length of a month of a forecast, in seconds.
const MONTH_S: i64 = 30 * 86_400;

/// Returns a line with what was found in it, one per designed state.
pub(super) fn trends() -> Vec<(&'static str, Figure)> {
    let with = |found: TrendFigure| {
        let mut figure = over_time(ChartKind::Trend);
        figure.insight = Some(Insight::Trend(found));
        figure
    };
    let verdict = |course, slope: f64| {
        Some(Verdict {
            course,
            slope,
            low: slope - 0.5,
            high: slope + 0.6,
            n_periods: 23,
            is_season_known: course != Course::Steady,
        })
    };
    let refused = Insight::Refused(Refusal::FewPeriods { n: 7, needed: 12 });
    vec![
        (
            "rising",
            with(TrendFigure {
                verdict: verdict(Course::Rising, 0.72),
                ..TrendFigure::default()
            }),
        ),
        (
            "steady",
            with(TrendFigure {
                verdict: verdict(Course::Steady, 0.05),
                ..TrendFigure::default()
            }),
        ),
        ("shifted", {
            let mut figure = with(TrendFigure {
                verdict: verdict(Course::Falling, -0.61),
                shifts: vec![shift(9, 44.0, 33.5, true), shift(17, 33.5, 29.4, false)],
                ..TrendFigure::default()
            });
            let level = [44.0, 33.5, 29.4];
            let mut dice = Dice::new(3);
            figure.answer.series[0].points = months(&NPS, 24, |idx| {
                let part = usize::from(idx >= 9) + usize::from(idx >= 17);
                (level[part] + dice.within(-2.5, 2.5), 300)
            });
            figure
        }),
        ("forecast", {
            let figure = over_time(ChartKind::Trend);
            let forecast = forecast(&figure, 6, 44.0, 95);
            with(TrendFigure {
                verdict: verdict(Course::Rising, 0.72),
                shifts: vec![shift(12, 32.0, 41.0, true)],
                forecast,
                held: Some((14, 11)),
            })
        }),
        ("forecast-short", {
            let figure = over_time(ChartKind::Trend);
            let forecast = forecast(&figure, 2, 45.0, 80);
            with(TrendFigure {
                forecast,
                ..TrendFigure::default()
            })
        }),
        ("refused", {
            let mut figure = over_time(ChartKind::Trend);
            figure.answer.series[0].points.drain(..17);
            figure.insight = Some(refused);
            figure
        }),
    ]
}

fn shift(at: usize, before: f64, after: f64, is_confirmed: bool) -> Shift {
    Shift {
        at,
        before,
        after,
        is_confirmed,
    }
}

/// Returns months to come: the first is the running one; the fan stops where it has no error.
fn forecast(figure: &Figure, n_months: u32, value: f64, level: u32) -> Vec<ForecastPoint> {
    let points = &figure.answer.series[0].points;
    let running = points.iter().find(|point| !point.is_complete);
    let Some(running) = running else {
        return Vec::new();
    };
    let end = running.end.as_second();
    let later = |months: u32| {
        let at = end + MONTH_S * i64::from(months);
        Timestamp::from_second(at).unwrap_or(running.end)
    };
    (0..n_months)
        .map(|ahead| {
            let reach = 4.0 + 1.3 * f64::from(ahead);
            let is_wide = level == 95 && ahead < 4;
            ForecastPoint {
                start: match ahead {
                    0 => running.start,
                    _ => later(ahead - 1),
                },
                end: later(ahead),
                label: String::new(),
                value: value + 0.4 * f64::from(ahead),
                likely: Some((value - reach, value + reach)),
                possible: is_wide.then_some((value - 1.8 * reach, value + 1.8 * reach)),
            }
        })
        .collect()
}

/// Returns a rate that fell after a release, against the limits of its first twenty months.
pub(super) fn control() -> Figure {
    let mut dice = Dice::new(21);
    let mut figure = process(&CSAT, 36, |idx| {
        let level = if idx >= 27 { 71.0 } else { 78.0 };
        (level + dice.within(-1.9, 1.9), 420 + 37 * (idx as u64 % 9))
    });
    figure.events.push(Mark {
        at: "2025-09-10T00:00:00Z".parse().unwrap_or_default(),
        label: "New billing portal".to_owned(),
    });
    let process = ControlFigure {
        stretches: vec![stretch(0, 20, 36, 78.0)],
        limits: limits(&figure, 78.0, 63.0),
        signals: signals(&figure, 78.0),
    };
    figure.insight = Some(Insight::Control(process));
    figure
}

fn stretch(from: usize, baseline_to: usize, to: usize, centre: f64) -> Stretch {
    Stretch {
        from,
        baseline_to,
        to,
        centre,
    }
}

fn process(kpi: &'static Kpi, n_months: usize, value: impl FnMut(usize) -> (f64, u64)) -> Figure {
    let mut figure = over_time(ChartKind::Control);
    figure.answer.kpi = kpi;
    figure.answer.series[0].points = months(kpi, n_months, value);
    let points = &figure.answer.series[0].points;
    let newest = points.iter().rev().find_map(|point| point.score.value);
    let newest = newest.unwrap_or(50.0);
    figure.answer.total = score(kpi, newest, 9_210);
    figure.answer.change = None;
    figure.subtitle = format!("last {n_months} months");
    figure.events.clear();
    figure.goal = None;
    kpi.title.clone_into(&mut figure.title);
    figure
}

fn points(figure: &Figure) -> &[Point] {
    &figure.answer.series[0].points
}

/// Returns limits that are wide where answers are few.
fn limits(figure: &Figure, centre: f64, reach: f64) -> Vec<Option<(f64, f64)>> {
    let limit = |point: &Point| {
        #[expect(clippy::cast_precision_loss, reason = "small sample counts")]
        let n = point.score.n.filter(|n| *n > 0)? as f64;
        let reach = reach * 1.3 / n.sqrt();
        point
            .is_complete
            .then_some((centre - reach, centre + reach))
    };
    points(figure).iter().map(limit).collect()
}

/// Returns the points outside a band around the centre, and the longest run on one side.
fn signals(figure: &Figure, centre: f64) -> Vec<Signal> {
    let mut found = Vec::new();
    let mut n_below = 0;
    for (at, point) in points(figure).iter().enumerate() {
        let value = point.score.value.unwrap_or(centre);
        n_below = if value < centre { n_below + 1 } else { 0 };
        let kind = match () {
            () if !point.is_complete => continue,
            () if (value - centre).abs() > 7.0 => SignalKind::Beyond,
            () if n_below >= 8 => SignalKind::Run,
            () if (3..6).contains(&n_below) && value < centre - 1.5 => SignalKind::Hint,
            () => continue,
        };
        found.push(Signal {
            at,
            kind,
            is_high: value > centre,
        });
    }
    found
}

/// Returns control charts, one per designed state.
pub(super) fn controls() -> Vec<(&'static str, Figure)> {
    let mut found = vec![("everyday", control())];
    found.extend(aged(ChartKind::Control));
    let plain = states(ChartKind::Control);
    let without_limits = [
        "no-data",
        "suppressed",
        "counts-only",
        "split",
        "split-40",
        "one-bucket",
    ];
    found.extend(
        plain
            .into_iter()
            .filter(|(name, _)| without_limits.contains(name)),
    );
    found.extend([
        ("refused", {
            let mut figure = process(&NPS, 9, |idx| (30.0 + [2.0, -3.0, 1.0][idx % 3], 300));
            let refusal = Refusal::FewPeriods { n: 8, needed: 12 };
            figure.insight = Some(Insight::Refused(refusal));
            figure
        }),
        ("in-control", {
            let mut dice = Dice::new(8);
            let mut figure = process(&NPS, 24, |_| (41.0 + dice.within(-3.0, 3.0), 300));
            figure.insight = Some(Insight::Control(ControlFigure {
                stretches: vec![stretch(0, 20, 24, 41.0)],
                limits: limits(&figure, 41.0, 100.0),
                signals: Vec::new(),
            }));
            figure
        }),
        ("re-based", rebased()),
        ("gaps", {
            let mut figure = process(&CSAT, 30, |idx| {
                let n = [400, 90, 12, 0, 300][idx % 5];
                (76.0 + [1.0, -2.0, 2.5][idx % 3], n)
            });
            figure.insight = Some(Insight::Control(ControlFigure {
                stretches: vec![stretch(0, 20, 30, 76.0)],
                limits: limits(&figure, 76.0, 63.0),
                signals: signals(&figure, 76.0),
            }));
            figure
        }),
        ("constant", {
            let mut figure = process(&NPS, 24, |_| (50.0, 400));
            figure.insight = Some(Insight::Control(ControlFigure {
                stretches: vec![stretch(0, 20, 24, 50.0)],
                limits: vec![Some((50.0, 50.0)); 23],
                signals: Vec::new(),
            }));
            figure
        }),
    ]);
    found
}

/// Returns a process that was re-based once, after a confirmed improvement.
fn rebased() -> Figure {
    let mut dice = Dice::new(4);
    let mut figure = process(&NPS, 40, |idx| {
        let level = if idx >= 22 { 49.0 } else { 38.0 };
        (level + dice.within(-4.0, 4.0), 260)
    });
    let (early, late) = (limits(&figure, 38.0, 100.0), limits(&figure, 49.0, 100.0));
    let limits = early[..22].iter().chain(&late[22..]).copied().collect();
    figure.insight = Some(Insight::Control(ControlFigure {
        stretches: vec![stretch(0, 20, 22, 38.0), stretch(22, 36, 40, 49.0)],
        limits,
        signals: vec![Signal {
            at: 21,
            kind: SignalKind::Beyond,
            is_high: true,
        }],
    }));
    figure
}
