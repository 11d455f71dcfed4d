//! Believable figures for the contact sheet and the drawing tests: every chart, every state.

mod customers;
mod dice;
mod groups;
mod insights;
mod kpis;
mod lives;
mod matters;
mod scores;
mod states;

use jiff::Timestamp;

use super::{Figure, Freshness, GoalMark, Mark};
use crate::kpi::{Answer, Change, ChartKind, Grain, Kpi, Score, Series, SourceStamp};

pub use dice::Dice;
pub use groups::split;
pub use kpis::{CSAT, NPS, RESPONSES, WAITING};
pub use scores::{hidden, months, score, unanswered};

/// Returns an answer around series; the instant is 30 June 2026, 14:05 in Berlin.
#[must_use]
pub fn answer(kpi: &'static Kpi, series: Vec<Series>, total: Score) -> Answer {
    let as_of: Timestamp = "2026-06-30T12:05:00Z".parse().unwrap_or_default();
    let ends = series
        .first()
        .and_then(|one| Some((one.points.first()?.start, one.points.last()?.end)));
    let (from, to) = ends.unwrap_or((as_of, as_of));
    Answer {
        kpi,
        timezone: "Europe/Berlin".to_owned(),
        tzdb: "2026a".to_owned(),
        as_of,
        valid_until: as_of,
        grain: Grain::Month,
        rolling: None,
        mode: None,
        filters: std::collections::BTreeMap::new(),
        by: (series.len() > 1).then(|| "region".to_owned()),
        is_additive: true,
        from,
        to,
        series,
        total,
        change: None,
        is_lower_better: false,
        deff: None,
        active: None,
        currency: None,
        tables: None,
        bias: None,
        verdict: None,
        goal: None,
        findings: None,
        notes: Vec::new(),
        sources: vec![SourceStamp {
            name: "survey".to_owned(),
            last_success: Some(as_of),
            is_stale: false,
            is_failing: false,
        }],
        newest: Some(as_of),
    }
}

/// Returns a change against the period before.
#[must_use]
pub fn change(value: f64, reach: f64) -> Change {
    Change {
        value,
        low: value - reach,
        high: value + reach,
        p: 0.04,
        is_changed: value.abs() > reach,
        previous_start: Timestamp::UNIX_EPOCH,
        previous_end: Timestamp::UNIX_EPOCH,
        previous_n: 900,
    }
}

/// Returns the everyday figure of a chart.
#[must_use]
pub fn everyday(chart: ChartKind) -> Figure {
    match chart {
        ChartKind::Bars | ChartKind::Table => split(chart, 6),
        ChartKind::Cohort | ChartKind::Survival | ChartKind::Bridge => customers::everyday(chart),
        ChartKind::Control => insights::control(),
        ChartKind::Quadrant | ChartKind::Pareto | ChartKind::Slope | ChartKind::Funnel => {
            matters::everyday(chart)
        }
        _ => over_time(chart),
    }
}

/// Returns one figure per designed state, with the state's name.
#[must_use]
pub fn states(chart: ChartKind) -> Vec<(&'static str, Figure)> {
    match chart {
        ChartKind::Bars | ChartKind::Table => groups::states(chart),
        ChartKind::Cohort | ChartKind::Survival | ChartKind::Bridge => customers::states(chart),
        ChartKind::Bullet => states::goals(chart),
        ChartKind::Trend => [states::states(chart), insights::trends()].concat(),
        ChartKind::Control => insights::controls(),
        ChartKind::Quadrant | ChartKind::Pareto | ChartKind::Slope | ChartKind::Funnel => {
            matters::states(chart)
        }
        _ => states::states(chart),
    }
}

/// Returns two years of a rising score with a goal and a release.
fn over_time(chart: ChartKind) -> Figure {
    let mut dice = Dice::new(7);
    let points = months(&NPS, 24, |idx| {
        #[expect(clippy::cast_precision_loss, reason = "a small count")]
        let at = idx as f64;
        let value = 28.0 + 0.7 * at + dice.within(-5.0, 5.0);
        (
            value,
            if idx == 23 {
                190
            } else {
                260 + (idx as u64 * 37) % 120
            },
        )
    });
    let series = vec![Series {
        key: None,
        is_rest: false,
        points,
        total: score(&NPS, 36.4, 6480),
        versus_rest: None,
    }];
    let mut answer = answer(&NPS, series, score(&NPS, 36.4, 6480));
    answer.change = Some(change(5.2, 3.1));
    Figure {
        chart,
        title: "Net Promoter Score".to_owned(),
        subtitle: "last 24 months · segment: Enterprise".to_owned(),
        answer,
        goal: Some(GoalMark {
            target: 45.0,
            label: "by 31 Dec".to_owned(),
            pace: Some(39.5),
        }),
        events: vec![Mark {
            at: "2025-09-15T00:00:00Z".parse().unwrap_or_default(),
            label: "New billing portal".to_owned(),
        }],
        freshness: Freshness::Fresh,
        note: None,
        insight: None,
    }
}
