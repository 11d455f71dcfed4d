//! How much effects differ beyond the chance that each of them carries.

use crate::statistic::real;

/// An effect and the variance that chance gives it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Measured {
    pub(super) effect: f64,
    pub(super) variance: f64,
}

/// Returns the variance between true effects, at least 0. Effects without chance in them say
/// nothing of it and are left out.
///
/// # Source
/// DerSimonian and Laird 1986.
pub(super) fn between_variance(all: &[Measured]) -> f64 {
    let known: Vec<Measured> = all
        .iter()
        .copied()
        .filter(|one| one.variance > 0.0)
        .collect();
    let weight = |one: &Measured| 1.0 / one.variance;
    let sum: f64 = known.iter().map(weight).sum();
    let squares: f64 = known.iter().map(|one| weight(one).powi(2)).sum();
    let mean = known
        .iter()
        .map(|one| weight(one) * one.effect)
        .sum::<f64>()
        / sum;
    let spread: f64 = known
        .iter()
        .map(|one| weight(one) * (one.effect - mean).powi(2))
        .sum();
    let scale = sum - squares / sum;
    // One effect has no spread; its scale is rounding.
    match known.len() > 1 && scale > 0.0 {
        true => ((spread - real(known.len() - 1)) / scale).max(0.0),
        false => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(effects: &[(f64, f64)], expected: f64, tolerance: f64) {
        let all: Vec<Measured> = effects
            .iter()
            .map(|(effect, variance)| Measured {
                effect: *effect,
                variance: *variance,
            })
            .collect();
        let found = between_variance(&all);
        assert!(
            (found - expected).abs() <= tolerance,
            "{effects:?}: {found}"
        );
    }

    #[test]
    fn the_vaccine_trials_differ_by_the_published_variance() {
        // Log risk ratios of the 13 BCG trials (Colditz et al. 1994); tau² 0.3088 by metafor.
        let trials = [
            (-0.8893, 0.3256),
            (-1.5854, 0.1946),
            (-1.3481, 0.4154),
            (-1.4416, 0.0200),
            (-0.2175, 0.0512),
            (-0.7861, 0.0069),
            (-1.6209, 0.2230),
            (0.0120, 0.0040),
            (-0.4694, 0.0564),
            (-1.3713, 0.0730),
            (-0.3394, 0.0124),
            (0.4459, 0.5325),
            (-0.0173, 0.0714),
        ];
        check(&trials, 0.3088, 0.001);
    }

    #[test]
    fn equal_variances_are_the_moment_estimate() {
        // Sample variance 1 of -1, 0, 1 less the chance of each.
        check(&[(-1.0, 0.25), (0.0, 0.25), (1.0, 0.25)], 0.75, 1e-12);
        check(&[(-1.0, 2.0), (0.0, 2.0), (1.0, 2.0)], 0.0, 0.0);
    }

    #[test]
    fn what_cannot_differ_does_not() {
        check(&[], 0.0, 0.0);
        check(&[(3.0, 0.1)], 0.0, 0.0);
        check(&[(3.0, 0.0), (9.0, 0.0)], 0.0, 0.0);
    }
}
