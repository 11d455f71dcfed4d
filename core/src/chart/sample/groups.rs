//! Figures split into groups, and one per designed state of charts that compare them.

use super::states::aged;
use super::{CSAT, Dice, NPS, RESPONSES, WAITING, hidden, months, over_time, score, unanswered};
use crate::chart::Figure;
use crate::kpi::{ChartKind, Contrast, Kpi, Score, Series};

/// Returns a figure split into so many groups: at most eight and the pooled rest.
#[must_use]
pub fn split(chart: ChartKind, n_groups: usize) -> Figure {
    const NAMES: [&str; 8] = [
        "Germany",
        "France",
        "Spain & Portugal",
        "Nordics",
        "United Kingdom",
        "Italy",
        "Benelux",
        "Alps",
    ];
    let mut dice = Dice::new(11);
    let mut figure = over_time(chart);
    figure.subtitle = "last 24 months · by region".to_owned();
    figure.goal = None;
    figure.answer.by = Some("region".to_owned());
    figure.answer.series = (0..n_groups.min(9))
        .map(|group| {
            let level = dice.within(18.0, 52.0);
            let points = months(&NPS, 24, |_| (level + dice.within(-4.0, 4.0), 140));
            Series {
                key: NAMES.get(group).map(|name| (*name).to_owned()),
                is_rest: group >= NAMES.len(),
                points,
                total: score(&NPS, level, 400 + 310 * (group as u64 * 5 % 7)),
                versus_rest: Some(contrast(level - 36.4)),
            }
        })
        .collect();
    figure
}

/// Returns a difference to the rest, which is one from nine points on.
fn contrast(value: f64) -> Contrast {
    Contrast {
        value,
        low: value - 9.0,
        high: value + 9.0,
        p: 0.04,
        n_rest: 5_600,
        is_different: value.abs() > 9.0,
    }
}

/// Returns one figure per designed state, with the state's name.
pub(super) fn states(chart: ChartKind) -> Vec<(&'static str, Figure)> {
    let mut found = vec![
        ("everyday", split(chart, 6)),
        ("split", split(chart, 4)),
        ("split-40", split(chart, 40)),
        ("unsplit", over_time(chart)),
        ("one-bucket", split(chart, 1)),
    ];
    found.extend(aged(chart));
    found.extend(thin(chart));
    found.extend(shaped(chart));
    found
}

/// Returns states with few answers or none.
fn thin(chart: ChartKind) -> [(&'static str, Figure); 5] {
    let of = |total: Score, group: &dyn Fn(usize) -> Score| {
        let mut figure = reshaped(chart, &NPS, total);
        for (idx, one) in figure.answer.series.iter_mut().enumerate() {
            one.total = group(idx);
            one.versus_rest = None;
        }
        figure
    };
    let whole = || score(&NPS, 31.0, 84);
    [
        ("no-data", {
            let mut figure = reshaped(chart, &NPS, unanswered());
            figure.answer.series.clear();
            figure
        }),
        ("suppressed", of(hidden(), &|_| hidden())),
        (
            "counts-only",
            of(score(&NPS, 10.0, 8), &|_| score(&NPS, 10.0, 6)),
        ),
        (
            "low-base",
            of(whole(), &|idx| score(&NPS, 40.0 - 11.0 * idx_f(idx), 14)),
        ),
        (
            "gaps",
            of(whole(), &|idx| match idx {
                1 => hidden(),
                3 => score(&NPS, 10.0, 7),
                4 => unanswered(),
                _ => score(&NPS, 24.0 + 9.0 * idx_f(idx), 160),
            }),
        ),
    ]
}

/// Returns states with unusual values.
fn shaped(chart: ChartKind) -> [(&'static str, Figure); 7] {
    let of = |kpi: &'static Kpi, total: f64, value: &dyn Fn(usize) -> f64| {
        let mut figure = reshaped(chart, kpi, score(kpi, total, 3_700));
        for (idx, one) in figure.answer.series.iter_mut().enumerate() {
            one.total = score(kpi, value(idx), 310 + 90 * (idx as u64));
            one.versus_rest = None;
        }
        figure
    };
    [
        ("negative", of(&NPS, -48.3, &|idx| -62.0 + 5.0 * idx_f(idx))),
        ("signed", {
            let mut figure = of(&NPS, 3.1, &|idx| -34.0 + 14.0 * idx_f(idx));
            for one in &mut figure.answer.series {
                let value = one.total.value.unwrap_or_default() - 3.1;
                one.versus_rest = Some(contrast(value));
            }
            figure
        }),
        ("constant", of(&NPS, 50.0, &|_| 50.0)),
        ("percent", of(&CSAT, 78.4, &|idx| 71.0 + 2.3 * idx_f(idx))),
        (
            "huge",
            of(&RESPONSES, 12_345_678_901.0, &|idx| {
                4.1e9 / (1.0 + idx_f(idx))
            }),
        ),
        (
            "time",
            of(&WAITING, 88_200.0, &|idx| {
                3_600.0 * (9.0 + 7.0 * idx_f(idx))
            }),
        ),
        ("long-groups", {
            let mut figure = split(chart, 5);
            for (one, name) in figure.answer.series.iter_mut().zip([
                "Donaudampfschifffahrtsgesellschaftskapitänsmützenabteilung",
                "Mecklenburg-Vorpommern and neighbouring districts of the coast",
                "A",
            ]) {
                one.key = Some(name.to_owned());
            }
            figure
        }),
    ]
}

/// Returns six groups with other numbers and nothing around them.
fn reshaped(chart: ChartKind, kpi: &'static Kpi, total: Score) -> Figure {
    let mut figure = split(chart, 6);
    figure.answer.kpi = kpi;
    figure.answer.total = total;
    figure.answer.change = None;
    kpi.title.clone_into(&mut figure.title);
    figure
}

#[expect(clippy::cast_precision_loss, reason = "a small count")]
fn idx_f(idx: usize) -> f64 {
    idx as f64
}
