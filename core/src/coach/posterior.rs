//! What is believed of a share once its answers are in: a beta distribution.

use statrs::function::beta::beta_reg;

/// Most answers a distribution is drawn from: of more, it is as wide as of these. Above, the
/// regularised beta function loses its digits, and the interval is below 0.7 points anyway.
const N_ANSWERS_MAX: f64 = 100_000.0;

/// Halvings that bring a quantile to the last digit of a share.
const N_HALVINGS: u32 = 60;

/// A beta distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Posterior {
    positive: f64,
    negative: f64,
}

impl Posterior {
    /// Returns the belief of these (pseudo-)counts, each above 0.
    pub(super) fn new(positive: f64, negative: f64) -> Self {
        Self { positive, negative }
    }

    /// Returns the mean.
    pub(super) fn mean(self) -> f64 {
        self.positive / (self.positive + self.negative)
    }

    /// Returns the central 95 % interval.
    pub(super) fn interval(self) -> (f64, f64) {
        (self.quantile(0.025), self.quantile(0.975))
    }

    /// Returns how likely the share is above `bound`.
    pub(super) fn above(self, bound: f64) -> f64 {
        1.0 - self.cdf(bound)
    }

    fn cdf(self, x: f64) -> f64 {
        let scale = (N_ANSWERS_MAX / (self.positive + self.negative)).min(1.0);
        match x {
            x if x <= 0.0 => 0.0,
            x if x >= 1.0 => 1.0,
            x => beta_reg(self.positive * scale, self.negative * scale, x).clamp(0.0, 1.0),
        }
    }

    /// Returns the quantile by halving, because Newton's method as packaged never ends for some
    /// lopsided shapes and errs for tiny ones.
    fn quantile(self, p: f64) -> f64 {
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..N_HALVINGS {
            let middle = f64::midpoint(low, high);
            match self.cdf(middle) < p {
                true => low = middle,
                false => high = middle,
            }
        }
        f64::midpoint(low, high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(shape: (f64, f64), interval: (f64, f64)) {
        let found = Posterior::new(shape.0, shape.1).interval();
        let is_close = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(
            is_close(found.0, interval.0) && is_close(found.1, interval.1),
            "{shape:?}: {found:?}"
        );
    }

    #[test]
    fn shapes_whose_quantiles_are_powers() {
        check((1.0, 1.0), (0.025, 0.975));
        check((4.0, 1.0), (0.025_f64.powf(0.25), 0.975_f64.powf(0.25)));
        check(
            (1.0, 50.0),
            (1.0 - 0.975_f64.powf(0.02), 1.0 - 0.025_f64.powf(0.02)),
        );
        // The arcsine law: half an answer each way.
        let arcsine = |p: f64| (std::f64::consts::FRAC_PI_2 * p).sin().powi(2);
        check((0.5, 0.5), (arcsine(0.025), arcsine(0.975)));
    }

    #[test]
    fn a_whole_shape_is_a_binomial_sum() {
        // P(Beta(3, 2) <= 0.4) = P(at least 3 of 4 at 0.4) = 4 * 0.4^3 * 0.6 + 0.4^4.
        let above = Posterior::new(3.0, 2.0).above(0.4);
        assert!((above - (1.0 - 0.1792)).abs() < 1e-12, "{above}");
    }

    #[test]
    fn extremes_stay_ordered_numbers() {
        let sizes = [1e-6, 5e-4, 0.5, 1.0, 40.0, 1e5, 1e9, 1e15];
        for positive in sizes {
            for negative in sizes {
                let belief = Posterior::new(positive, negative);
                let (low, high) = belief.interval();
                assert!(
                    (0.0..=1.0).contains(&low) && low <= high && high <= 1.0,
                    "{belief:?}"
                );
                assert!(
                    (0.0..=1.0).contains(&belief.above(belief.mean())),
                    "{belief:?}"
                );
            }
        }
        // As wide as of 100,000 answers: 2 * 1.96 * sqrt(0.16 / 100,000).
        let (low, high) = Posterior::new(8e11, 2e11).interval();
        assert!(low < 0.8 && 0.8 < high, "{low} {high}");
        assert!((high - low - 0.004_958).abs() < 1e-5, "{low} {high}");
    }
}
