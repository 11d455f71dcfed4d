//! The value axis: a window with a few round ticks.

use super::Language;
use super::numerals;
use crate::kpi::duration::TimeUnit;
use crate::kpi::{Kpi, Unit};

/// Gridlines of a value axis.
const TICKS_MAX: usize = 5;

/// Steps of a time below a day that people count in, in seconds.
const TIME_STEPS_S: [f64; 17] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0,
    10_800.0, 21_600.0, 43_200.0,
];

/// A value window with round ticks inside.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Values {
    pub(super) low: f64,
    pub(super) high: f64,
    /// Ascending, 2 to 5 of them.
    pub(super) ticks: Vec<f64>,
    decimals: usize,
    /// The unit that ticks of seconds are written in; `None` for other numbers.
    time_unit: Option<TimeUnit>,
}

impl Values {
    /// Returns a window around the values, inside what the KPI can be.
    pub(super) fn around(values: impl Iterator<Item = f64>, kpi: &Kpi, ticks_max: usize) -> Self {
        let Some((low, high)) = ends(values) else {
            let (low, high) = (kpi.range.0.unwrap_or(0.0), kpi.range.1.unwrap_or(100.0));
            return Self::new(low, high, ticks_max, kpi.unit);
        };
        let padding = ((high - low) * 0.08).max(padding_min(low, high, kpi));
        let bounded = |value: f64| {
            value.clamp(
                kpi.range.0.unwrap_or(f64::NEG_INFINITY),
                kpi.range.1.unwrap_or(f64::INFINITY),
            )
        };
        let (mut low, mut high) = (bounded(low - padding), bounded(high + padding));
        if high <= low {
            (low, high) = (low - padding, high + padding);
        }
        Self::new(low, high, ticks_max, kpi.unit)
    }

    /// Returns a window around shares of a hundred.
    pub(super) fn around_shares(values: impl Iterator<Item = f64>, ticks_max: usize) -> Self {
        let Some((low, high)) = ends(values) else {
            return Self::new(0.0, 100.0, ticks_max, Unit::Percent);
        };
        let padding = ((high - low) * 0.08).max(2.5);
        let (low, high) = ((low - padding).max(0.0), (high + padding).min(100.0));
        match high > low {
            true => Self::new(low, high, ticks_max, Unit::Percent),
            false => Self::new(0.0, 100.0, ticks_max, Unit::Percent),
        }
    }

    /// Returns a window from zero, for bars.
    pub(super) fn from_zero(high: f64, ticks_max: usize) -> Self {
        let is_usable = high > 0.0 && high.is_finite();
        let high = if is_usable { high } else { 1.0 };
        Self::new(0.0, high, ticks_max, Unit::Count)
    }

    /// Returns a window from `low` to `high`, which zero is between or an end of, for bars.
    pub(super) fn holding_zero(low: f64, high: f64, ticks_max: usize) -> Self {
        match low < 0.0 && low.is_finite() && high.is_finite() {
            true => Self::new(low, high.max(0.0), ticks_max, Unit::Count),
            false => Self::from_zero(high, ticks_max),
        }
    }

    /// Returns a window around the values and zero, for bars of values that may be negative.
    pub(super) fn from_zero_over(
        values: impl Iterator<Item = f64>,
        kpi: &Kpi,
        ticks_max: usize,
    ) -> Self {
        let finite = values.filter(|value| value.is_finite());
        let (low, high) = finite.fold((0.0, 0.0), |(low, high): (f64, f64), value| {
            (low.min(value), high.max(value))
        });
        let padding = (high - low) * 0.02;
        // Nothing is added beyond zero: where all values are on one side bars begin at the edge.
        let low = match low < 0.0 {
            true => (low - padding).max(kpi.range.0.unwrap_or(f64::NEG_INFINITY).min(low)),
            false => 0.0,
        };
        let high = match high > 0.0 {
            true => (high + padding).min(kpi.range.1.unwrap_or(f64::INFINITY).max(high)),
            false => 0.0,
        };
        match high > low {
            true => Self::new(low, high, ticks_max, kpi.unit),
            false => Self::new(0.0, kpi.range.1.unwrap_or(1.0), ticks_max, kpi.unit),
        }
    }

    /// Returns how many ticks have room above each other in a plot.
    pub(super) fn ticks_max(height_px: f64, unit: f64) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a small count; negative saturates to none"
        )]
        let n = (height_px / (1.5 * unit)) as usize;
        n.clamp(2, TICKS_MAX)
    }

    fn new(low: f64, high: f64, ticks_max: usize, unit: Unit) -> Self {
        let round_step = |step: f64| match unit {
            Unit::Seconds => round_time_step(step),
            _ => round_step(step),
        };
        #[expect(clippy::cast_precision_loss, reason = "at most five")]
        let n_steps = ticks_max.min(TICKS_MAX) as f64;
        let mut step = round_step((high - low) / n_steps);
        let mut ticks = ticks_every(step, low, high);
        while ticks.len() > ticks_max.min(TICKS_MAX) {
            step = round_step(step * 1.01);
            ticks = ticks_every(step, low, high);
        }
        if ticks.len() < 2 {
            // One tick gives no scale: the outer two of a finer step do.
            while ticks.len() < 2 {
                step /= 2.0;
                ticks = ticks_every(step, low, high);
            }
            ticks = vec![ticks[0], ticks[ticks.len() - 1]];
        }
        Self {
            low,
            high,
            ticks,
            decimals: decimals_of(step),
            time_unit: (unit == Unit::Seconds).then(|| TimeUnit::of_step(step)),
        }
    }

    /// Returns the tick's words.
    pub(super) fn label(&self, tick: f64, is_percent: bool, language: Language) -> String {
        if let Some(unit) = self.time_unit {
            let amount = tick / unit.seconds();
            let decimals = decimals_of(amount.abs().max(1.0));
            let shown = numerals::number(amount, decimals, language);
            let unit = numerals::unit(unit, amount, language);
            return format!("{shown}{}{unit}", numerals::THIN);
        }
        let magnitude = self.low.abs().max(self.high.abs());
        let shown = if magnitude >= 10_000.0 {
            numerals::compact(tick, self.decimals, language)
        } else {
            numerals::number(tick, self.decimals, language)
        };
        if is_percent {
            format!("{shown}{}%", numerals::THIN)
        } else {
            shown
        }
    }
}

/// Returns the least and the greatest of the finite values; `None` without any.
fn ends(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let finite = values.filter(|value| value.is_finite());
    finite.fold(None, |ends, value| {
        let (low, high) = ends.unwrap_or((value, value));
        Some((f64::min(low, value), f64::max(high, value)))
    })
}

/// Returns the multiples of a step inside a window, ascending.
fn ticks_every(step: f64, low: f64, high: f64) -> Vec<f64> {
    let last = (high / step + 1e-9).floor();
    let mut ticks = Vec::with_capacity(2 * TICKS_MAX);
    let mut at = (low / step - 1e-9).ceil();
    while at <= last {
        ticks.push(at * step);
        at += 1.0;
    }
    ticks
}

/// A constant series still gets a window: 5 points of 100, a tenth of its size without a range.
fn padding_min(low: f64, high: f64, kpi: &Kpi) -> f64 {
    match kpi.range {
        (Some(least), Some(greatest)) => (greatest - least) * 0.025,
        _ => (low.abs().max(high.abs()) * 0.1).max(0.5),
    }
}

/// Returns the least of 1, 2, 2.5, 5 times a power of ten that is at least `step`.
fn round_step(step: f64) -> f64 {
    let step = step.max(1e-12);
    let power = 10f64.powf(step.log10().floor());
    [1.0, 2.0, 2.5, 5.0, 10.0]
        .iter()
        .map(|factor| factor * power)
        .find(|round| *round >= step * (1.0 - 1e-9))
        .unwrap_or(power * 10.0)
}

/// Returns the least step that people count time in and is at least `step_s`.
fn round_time_step(step_s: f64) -> f64 {
    let day_s = TimeUnit::Day.seconds();
    if step_s < 1.0 {
        return round_step(step_s);
    }
    TIME_STEPS_S
        .into_iter()
        .find(|round| *round >= step_s * (1.0 - 1e-9))
        .unwrap_or_else(|| match round_step(step_s / day_s) {
            // Nobody counts in two and a half days.
            step if step <= 1.0 => day_s,
            step if (step - 2.5).abs() < 1e-9 => 5.0 * day_s,
            step => step * day_s,
        })
}

fn decimals_of(step: f64) -> usize {
    (0..6)
        .find(|decimals| {
            let scaled = step * 10f64.powi(*decimals);
            (scaled - scaled.round()).abs() < 1e-6 * scaled.max(1.0)
        })
        .and_then(|decimals| usize::try_from(decimals).ok())
        .unwrap_or(6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        let check = |low: f64, high: f64, expected: &[f64]| {
            let axis = Values::new(low, high, 5, Unit::Points);
            assert_eq!(axis.ticks, expected, "{low}..{high}");
        };
        check(-100.0, 100.0, &[-100.0, -50.0, 0.0, 50.0, 100.0]);
        check(0.0, 100.0, &[0.0, 25.0, 50.0, 75.0, 100.0]);
        check(31.0, 47.0, &[35.0, 40.0, 45.0]);
        check(-0.3, 0.3, &[-0.2, 0.0, 0.2]);
        let two = |low, high| Values::new(low, high, 2, Unit::Points).ticks;
        assert_eq!(two(12.0, 61.0), [25.0, 50.0]);
        assert_eq!(two(41.0, 59.0), [45.0, 55.0]);
    }

    #[test]
    fn ticks_of_time_are_those_of_a_clock() {
        let check = |low: f64, high: f64, expected: &[&str]| {
            let axis = Values::new(low, high, 5, Unit::Seconds);
            let labels = axis.ticks.iter();
            let labels: Vec<String> = labels
                .map(|tick| axis.label(*tick, false, Language::English))
                .collect();
            let labels: Vec<String> = labels
                .iter()
                .map(|label| label.replace('\u{202f}', " "))
                .collect();
            assert_eq!(labels, expected, "{low}..{high}");
        };
        check(0.0, 40.0, &["0 s", "10 s", "20 s", "30 s", "40 s"]);
        check(0.0, 100.0, &["0 s", "30 s", "60 s", "90 s"]);
        check(0.0, 1_000.0, &["0 min", "5 min", "10 min", "15 min"]);
        check(3_000.0, 8_000.0, &["60 min", "90 min", "120 min"]);
        check(0.0, 90_000.0, &["0 h", "6 h", "12 h", "18 h", "24 h"]);
        check(
            0.0,
            400_000.0,
            &["0 days", "1 day", "2 days", "3 days", "4 days"],
        );
    }

    #[test]
    fn bars_of_any_sign_start_at_zero() {
        let nps = &crate::chart::sample::NPS;
        let window = |values: &[f64]| {
            let axis = Values::from_zero_over(values.iter().copied(), nps, 5);
            (axis.low, axis.high)
        };
        assert_eq!(window(&[50.0, 100.0]), (0.0, 100.0));
        assert_eq!(window(&[-50.0, -25.0]), (-51.0, 0.0));
        assert_eq!(window(&[-25.0, 25.0]), (-26.0, 26.0));
        assert_eq!(window(&[]), (0.0, 100.0));
        assert_eq!(window(&[0.0, f64::NAN]), (0.0, 100.0));
    }

    #[test]
    fn shares_have_a_window_inside_of_a_hundred() {
        let window = |values: &[f64]| {
            let axis = Values::around_shares(values.iter().copied(), 5);
            (axis.low, axis.high)
        };
        assert_eq!(window(&[40.0, 60.0]), (37.5, 62.5));
        assert_eq!(window(&[0.0, 100.0]), (0.0, 100.0));
        assert_eq!(window(&[99.0]), (96.5, 100.0));
        assert_eq!(window(&[f64::NAN]), (0.0, 100.0));
    }

    #[test]
    fn bars_start_at_zero() {
        let axis = Values::from_zero(0.0, 5);
        assert_eq!((axis.low, axis.high), (0.0, 1.0));
    }
}
