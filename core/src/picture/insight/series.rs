//! What a series says, as marks of a trend or as a control chart.

use jiff::Timestamp;

use crate::chart::{
    ControlFigure, Course, ForecastPoint, Insight, Refusal, Shift, Signal, SignalKind, Stretch,
    TrendFigure, Verdict,
};
use crate::kpi::{self, Answer, History};
use crate::series::{self, HitRate, Outlook, POINTS_MIN, Side};

/// Returns the marks of a trend: where it goes, where it moved, and what comes next.
pub(super) fn trend(
    answer: &Answer,
    history: Option<&History>,
    hits: Option<HitRate>,
) -> Option<TrendFigure> {
    let verdict = answer.verdict.as_ref()?;
    let points = &answer.series.first()?.points;
    let place = |start: Timestamp| points.iter().position(|point| point.start == start);
    let shift = |one: &kpi::LevelMove| {
        Some(Shift {
            at: place(one.start)?,
            before: one.before,
            after: one.before + one.size,
            is_confirmed: one.is_confirmed,
        })
    };
    Some(TrendFigure {
        verdict: course(verdict),
        shifts: verdict.moves.iter().filter_map(shift).collect(),
        forecast: history
            .filter(|history| is_of_now(answer, history))
            .map(forecast)
            .unwrap_or_default(),
        held: hits.map(|rate| (rate.n_80, rate.hits_80)),
    })
}

fn course(verdict: &kpi::Verdict) -> Option<Verdict> {
    let slope = verdict.trend.slope?;
    let (low, high) = slope.interval?;
    Some(Verdict {
        course: match verdict.trend.verdict {
            series::Verdict::Rising => Course::Rising,
            series::Verdict::Falling => Course::Falling,
            _ => Course::Steady,
        },
        slope: slope.value,
        low,
        high,
        n_periods: verdict.trend.n_points,
        is_season_known: !verdict.may_be_season(),
    })
}

/// Whether a history ends where the answer does: what comes next comes after what is shown.
fn is_of_now(answer: &Answer, history: &History) -> bool {
    let points = answer.series.first().map(|series| &series.points);
    let complete = points.and_then(|points| points.iter().rfind(|point| point.is_complete));
    complete.map(|point| point.start) == history.starts.last().copied()
}

fn forecast(history: &History) -> Vec<ForecastPoint> {
    let Outlook::Told(forecast) = &history.outlook else {
        return Vec::new();
    };
    let steps = forecast.steps.iter().filter_map(|step| {
        let bucket = history.bucket(step.position)?;
        Some(ForecastPoint {
            start: bucket.start,
            end: bucket.end,
            label: bucket.label.clone(),
            value: step.value,
            likely: Some(step.band_80),
            possible: step.band_95,
        })
    });
    steps.collect()
}

/// Returns the control chart of the points that are shown, judged by the whole history.
pub(super) fn control(answer: &Answer, history: Option<&History>) -> Insight {
    let [only] = &answer.series[..] else {
        return Insight::Refused(Refusal::Grouped);
    };
    let Some(history) = history else {
        return Insight::Refused(match &answer.verdict {
            None if only.key.is_some() => Refusal::Grouped,
            // Of days and quarters nothing is worked out.
            None => Refusal::FewPeriods {
                n: 0,
                needed: POINTS_MIN,
            },
            Some(_) => Refusal::Pending,
        });
    };
    if history.control.stretches.is_empty() {
        return Insight::Refused(Refusal::FewPeriods {
            n: history.starts.len(),
            needed: POINTS_MIN,
        });
    }
    let starts: Vec<Timestamp> = only.points.iter().map(|point| point.start).collect();
    // Buckets of the history that lie before what is shown, and the first after each of it.
    let place = |position: usize| {
        let start = history.starts.get(position);
        start.map_or(starts.len(), |start| {
            starts.partition_point(|shown| shown < start)
        })
    };
    let stretches = history.control.stretches.iter().map(|stretch| Stretch {
        from: place(stretch.start),
        baseline_to: place(stretch.baseline_last + 1),
        to: place(stretch.last + 1),
        centre: stretch.centre,
    });
    let mut limits = vec![None; starts.len()];
    for (found, start) in history.control.limits.iter().zip(&history.starts) {
        if let (Some(found), Ok(at)) = (found, starts.binary_search(start)) {
            limits[at] = Some((found.low, found.high));
        }
    }
    let signal = |one: &series::Signal| {
        let start = history.starts.get(one.position)?;
        Some(Signal {
            at: starts.binary_search(start).ok()?,
            kind: match one.kind {
                series::SignalKind::Beyond => SignalKind::Beyond,
                series::SignalKind::Run => SignalKind::Run,
                series::SignalKind::Cluster => SignalKind::Hint,
            },
            is_high: one.side == Side::Above,
        })
    };
    Insight::Control(ControlFigure {
        stretches: stretches.filter(|one| one.from < one.to).collect(),
        limits,
        signals: history.control.signals.iter().filter_map(signal).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::sample;
    use crate::kpi::ChartKind;
    use crate::series::{Context, read};

    /// A history of so many weeks of which the answer shows the last, all of one level but one week.
    fn history(n_weeks: usize, odd_at: usize) -> (Answer, History) {
        let answer = sample::everyday(ChartKind::Trend).answer;
        let shown = &answer.series[0].points;
        let first = shown[0].start;
        let week = |idx: i64| first.saturating_add(jiff::SignedDuration::from_hours(168 * idx));
        let n_before = i64::try_from(n_weeks - shown.len()).expect("more than are shown");
        let points: Vec<series::Point> = (0..n_weeks)
            .map(|idx| series::Point {
                label: String::new(),
                value: Some(if idx == odd_at {
                    90.0
                } else {
                    f64::from(u8::from(idx % 2 == 0))
                }),
                n: 100,
                answers: series::Answers::Counted,
            })
            .collect();
        let starts = (0..n_weeks).map(|idx| {
            let idx = i64::try_from(idx).expect("few");
            week(idx - n_before).expect("in range")
        });
        let reading = read(&points, &Context::default(), &|_, _| None, &[]);
        let history = History {
            starts: starts.collect(),
            control: reading.control,
            outlook: reading.outlook,
            next: Vec::new(),
        };
        (answer, history)
    }

    #[test]
    fn limits_are_those_of_the_whole_history() {
        let n_shown = sample::everyday(ChartKind::Trend).answer.series[0]
            .points
            .len();
        let (mut answer, history) = history(n_shown + 30, n_shown + 28);
        for (point, start) in answer.series[0]
            .points
            .iter_mut()
            .zip(&history.starts[30..])
        {
            point.start = *start;
        }
        let Insight::Control(figure) = control(&answer, Some(&history)) else {
            panic!("a control chart");
        };
        assert_eq!(figure.limits.len(), n_shown);
        assert!(figure.limits.iter().all(Option::is_some));
        // The baseline was before what is shown.
        assert_eq!(
            (figure.stretches[0].from, figure.stretches[0].baseline_to),
            (0, 0)
        );
        assert_eq!(figure.stretches[0].to, n_shown);
        let beyond: Vec<usize> = (figure.signals.iter())
            .filter(|one| one.kind == SignalKind::Beyond)
            .map(|one| one.at)
            .collect();
        assert_eq!(beyond, [n_shown - 2]);
    }

    #[test]
    fn too_short_a_history_has_no_limits() {
        let (answer, mut whole) = history(60, 0);
        whole.control.stretches.clear();
        whole.starts.truncate(5);
        assert_eq!(
            control(&answer, Some(&whole)),
            Insight::Refused(Refusal::FewPeriods {
                n: 5,
                needed: POINTS_MIN
            })
        );
    }
}
