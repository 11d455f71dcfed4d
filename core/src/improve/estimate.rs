//! A number and how sure it is.

use crate::statistic::quantile;

/// A value with its 95 % interval, which holds it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// What was found.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

impl Estimate {
    /// Returns the value with the percentile interval of its `resampled` values.
    ///
    /// A square is pushed up by chance, so the percentiles of one near 0 can lie above it: the
    /// interval is then widened to hold the value.
    pub(super) fn percentile(value: f64, resampled: &[f64]) -> Self {
        let end = |p| quantile(resampled, p).unwrap_or(value);
        Self {
            value,
            low: end(0.025).min(value),
            high: end(0.975).max(value),
        }
    }

    /// Tells whether `line` is within the interval, its ends included.
    #[must_use]
    pub fn holds(&self, line: f64) -> bool {
        self.low <= line && line <= self.high
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_holds_its_value() {
        let thousand: Vec<f64> = (0..=1_000).map(f64::from).collect();
        let inside = Estimate::percentile(400.0, &thousand);
        assert_eq!((inside.low, inside.high), (25.0, 975.0));
        assert!(inside.holds(25.0) && !inside.holds(24.9));
        let below = Estimate::percentile(-3.0, &thousand);
        assert_eq!((below.low, below.high), (-3.0, 975.0));
        let alone = Estimate::percentile(1.5, &[]);
        assert_eq!((alone.low, alone.high), (1.5, 1.5));
    }
}
