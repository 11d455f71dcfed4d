//! Axes: round ticks for values, civil ticks for time.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Language;
use super::numerals;
use crate::kpi::{Grain, Kpi, Point};

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
    pub(super) fn around(values: impl Iterator<Item = f64>, kpi: &Kpi) -> Self {
        let (low, high) = values
            .filter(|value| value.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            });
        if low > high {
            let (low, high) = (kpi.range.0.unwrap_or(0.0), kpi.range.1.unwrap_or(100.0));
            return Self::new(low, high);
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
        Self::new(low, high)
    }

    /// Returns a window from zero, for bars.
    pub(super) fn from_zero(high: f64) -> Self {
        Self::new(
            0.0,
            if high > 0.0 && high.is_finite() {
                high
            } else {
                1.0
            },
        )
    }

    fn new(low: f64, high: f64) -> Self {
        let mut step = round_step((high - low) / 4.0);
        loop {
            let first = (low / step - 1e-9).ceil();
            let last = (high / step + 1e-9).floor();
            if last - first < 4.5 {
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

/// A label under the time axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TimeTick {
    /// Position of its bucket.
    pub(super) point_idx: usize,
    pub(super) text: String,
    /// Whether a year starts here.
    pub(super) is_year: bool,
}

/// Returns ticks every so many buckets so that at most `ticks_max` are shown.
pub(super) fn time_ticks(
    points: &[Point],
    grain: Grain,
    zone: &TimeZone,
    ticks_max: usize,
    language: Language,
) -> Vec<TimeTick> {
    let dates: Vec<Date> = points
        .iter()
        .map(|point| civil(point.start, zone))
        .collect();
    let steps: &[usize] = match grain {
        Grain::Day => &[1, 2, 7, 14, 28, 56, 91, 182, 364],
        Grain::Week => &[1, 2, 4, 8, 13, 26, 52, 104],
        Grain::Month => &[1, 2, 3, 6, 12, 24, 60, 120],
        Grain::Quarter => &[1, 2, 4, 8, 20, 40],
    };
    let ticks_max = ticks_max.max(1);
    let step = steps
        .iter()
        .copied()
        .find(|step| points.len().div_ceil(*step) <= ticks_max)
        .unwrap_or_else(|| points.len().div_ceil(ticks_max).max(1));
    let offset = offset(&dates, grain, step);
    let mut year = None;
    (offset..points.len())
        .step_by(step)
        .map(|idx| {
            let date = dates[idx];
            let is_new = year.is_some_and(|before| before != date.year());
            year = Some(date.year());
            let (text, is_year) = words(&points[idx], date, grain, is_new, step, language);
            TimeTick {
                point_idx: idx,
                text,
                is_year,
            }
        })
        .collect()
}

/// Months and quarters line up with the year; days and weeks with the newest bucket.
fn offset(dates: &[Date], grain: Grain, step: usize) -> usize {
    let Some(first) = dates.first() else {
        return 0;
    };
    let month = usize::try_from(first.month() - 1).unwrap_or(0);
    let within = |step: usize, at: usize| (step - at % step) % step;
    match grain {
        Grain::Month if step <= 12 => within(step, month),
        Grain::Month => within(12, month),
        Grain::Quarter if step >= 4 => within(4, month / 3),
        _ => (dates.len() - 1) % step,
    }
}

fn words(
    point: &Point,
    date: Date,
    grain: Grain,
    is_new_year: bool,
    step: usize,
    language: Language,
) -> (String, bool) {
    match grain {
        Grain::Month if date.month() == 1 || step >= 12 => (date.year().to_string(), true),
        Grain::Month => (numerals::month(date.month(), language).to_owned(), false),
        Grain::Quarter => (point.label.clone(), false),
        Grain::Day | Grain::Week if is_new_year => (
            format!("{} {}", numerals::day_month(date, language), date.year()),
            true,
        ),
        Grain::Day | Grain::Week => (numerals::day_month(date, language), false),
    }
}

/// Returns the civil date on which a bucket starts.
pub(super) fn civil(at: Timestamp, zone: &TimeZone) -> Date {
    at.to_zoned(zone.clone()).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        let check = |low: f64, high: f64, expected: &[f64]| {
            assert_eq!(Values::new(low, high).ticks, expected, "{low}..{high}");
        };
        check(-100.0, 100.0, &[-100.0, -50.0, 0.0, 50.0, 100.0]);
        check(0.0, 100.0, &[0.0, 25.0, 50.0, 75.0, 100.0]);
        check(31.0, 47.0, &[35.0, 40.0, 45.0]);
        check(-0.3, 0.3, &[-0.2, 0.0, 0.2]);
    }

    #[test]
    fn bars_start_at_zero() {
        let axis = Values::from_zero(0.0);
        assert_eq!((axis.low, axis.high), (0.0, 1.0));
    }
}
