//! What one set of rows says of every driver.

use super::moment::Moments;

/// Relative weights of all attributes and what goes with them, in the order given.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fit {
    /// Parts of R²; 0 of an attribute that does not vary here.
    pub(super) weights: Vec<f64>,
    pub(super) r_squared: f64,
    /// Correlation with the outcome alone.
    pub(super) correlations: Vec<f64>,
    /// Points of the outcome for one point of the attribute, all others held.
    pub(super) slopes: Vec<f64>,
    pub(super) means: Vec<f64>,
}

/// R² below which nothing is explained but rounding.
const R_SQUARED_MIN: f64 = 1e-12;

impl Fit {
    /// Returns what moments say; `None` where they do not tell attributes apart or nothing varies.
    pub(super) fn of(moments: &Moments) -> Option<Self> {
        let (varying, correlations) = moments.attributes()?;
        let found = correlations.weights().ok()?;
        let n = moments.means.len() - 1;
        let mut fit = Self {
            weights: vec![0.0; n],
            r_squared: found.r_squared,
            correlations: vec![0.0; n],
            slopes: vec![0.0; n],
            means: moments.means[..n].to_vec(),
        };
        for (idx, at) in varying.into_iter().enumerate() {
            fit.weights[at] = found.raw[idx];
            fit.correlations[at] = correlations.with_outcome[idx];
            fit.slopes[at] = found.betas[idx] * moments.deviations[n] / moments.deviations[at];
        }
        (fit.r_squared > R_SQUARED_MIN).then_some(fit)
    }

    /// Returns the share of each attribute in R².
    pub(super) fn shares(&self) -> Vec<f64> {
        let share = |weight: &f64| weight / self.r_squared;
        self.weights.iter().map(share).collect()
    }

    /// Returns the rank of each attribute, 1 for the weightiest; those alike share the better one.
    pub(super) fn ranks(&self) -> Vec<usize> {
        let above = |weight: &f64| self.weights.iter().filter(|other| *other > weight).count();
        self.weights
            .iter()
            .map(|weight| 1 + above(weight))
            .collect()
    }

    /// Returns the expected gain of each attribute that reaches its best quartile.
    pub(super) fn gains(&self, best_quartiles: &[f64]) -> Vec<f64> {
        let gain = |at: usize| self.slopes[at] * (best_quartiles[at] - self.means[at]);
        (0..self.slopes.len()).map(gain).collect()
    }
}
