//! Intervals and tests that formulas share, at 95 %.

use statrs::function::erf::erfc;

use crate::statistic::{Difference, Z_95};

/// A score of three classes, +1, 0 and −1, smoothed for its interval.
///
/// # Source
/// Adjusted Wald: three quarters of an answer are added to each outer class and one and a half to
/// the middle (Rocks, 2016).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct AdjustedWald {
    centre: f64,
    variance: f64,
    n: f64,
}

impl AdjustedWald {
    /// Smooths the counts of the classes; effective counts need not be whole.
    pub(super) fn new(plus: f64, middle: f64, minus: f64) -> Self {
        let n = plus + middle + minus + 3.0;
        let plus = (plus + 0.75) / n;
        let minus = (minus + 0.75) / n;
        let centre = plus - minus;
        Self {
            centre,
            variance: plus + minus - centre * centre,
            n,
        }
    }

    /// Returns the interval as shares, within −1..=1.
    pub(super) fn interval(self) -> (f64, f64) {
        let half = Z_95 * (self.variance / self.n).sqrt();
        (
            (self.centre - half).max(-1.0),
            (self.centre + half).min(1.0),
        )
    }

    /// Returns interval and p of `self - before` as shares; the value is that of the smoothed
    /// scores.
    pub(super) fn difference(self, before: Self) -> Difference {
        let value = self.centre - before.centre;
        let error = (self.variance / self.n + before.variance / before.n).sqrt();
        Difference {
            value,
            low: value - Z_95 * error,
            high: value + Z_95 * error,
            p: erfc((value / error).abs() / std::f64::consts::SQRT_2),
        }
    }
}

/// Returns a count as a number.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
pub(super) fn real(count: u64) -> f64 {
    count as f64
}
