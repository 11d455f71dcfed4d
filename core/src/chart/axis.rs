//! The value axis: a window with a few round ticks.

use super::Language;
use super::numerals;
use crate::kpi::Kpi;

/// Gridlines of a value axis.
const TICKS_MAX: usize = 5;

/// A value window with round ticks inside.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Values {
    pub(super) low: f64,
    pub(super) high: f64,
    /// Ascending, 2 to 5 of them.
    pub(super) ticks: Vec<f64>,
    decimals: usize,
}

impl Values {
    /// Returns a window around the values, inside what the KPI can be.
    pub(super) fn around(values: impl Iterator<Item = f64>, kpi: &Kpi, ticks_max: usize) -> Self {
        let (low, high) = values
            .filter(|value| value.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            });
        if low > high {
            let (low, high) = (kpi.range.0.unwrap_or(0.0), kpi.range.1.unwrap_or(100.0));
            return Self::new(low, high, ticks_max);
        }
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
        Self::new(low, high, ticks_max)
    }

    /// Returns a window from zero, for bars.
    pub(super) fn from_zero(high: f64, ticks_max: usize) -> Self {
        let is_usable = high > 0.0 && high.is_finite();
        Self::new(0.0, if is_usable { high } else { 1.0 }, ticks_max)
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

    fn new(low: f64, high: f64, ticks_max: usize) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "at most five")]
        let n_steps = ticks_max.min(TICKS_MAX) as f64;
        let mut step = round_step((high - low) / n_steps);
        loop {
            let first = (low / step - 1e-9).ceil();
            let last = (high / step + 1e-9).floor();
            if last - first < n_steps - 0.5 {
                let mut ticks = Vec::with_capacity(TICKS_MAX);
                let mut at = first;
                while at <= last {
                    ticks.push(at * step);
                    at += 1.0;
                }
                let decimals = decimals_of(step);
                return Self {
                    low,
                    high,
                    ticks,
                    decimals,
                };
            }
            step = round_step(step * 1.01);
        }
    }

    /// Returns the tick's words.
    pub(super) fn label(&self, tick: f64, is_percent: bool, language: Language) -> String {
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
            assert_eq!(Values::new(low, high, 5).ticks, expected, "{low}..{high}");
        };
        check(-100.0, 100.0, &[-100.0, -50.0, 0.0, 50.0, 100.0]);
        check(0.0, 100.0, &[0.0, 25.0, 50.0, 75.0, 100.0]);
        check(31.0, 47.0, &[35.0, 40.0, 45.0]);
        check(-0.3, 0.3, &[-0.2, 0.0, 0.2]);
    }

    #[test]
    fn bars_start_at_zero() {
        let axis = Values::from_zero(0.0, 5);
        assert_eq!((axis.low, axis.high), (0.0, 1.0));
    }
}
