//! How often the forecasts of the past held.

use crate::statistic::real;

/// A forecast of the past and what came.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Foretold {
    /// Where four of five should end.
    pub band_80: (f64, f64),
    /// Where nineteen of twenty should, where that was told.
    pub band_95: Option<(f64, f64)>,
    /// What came; `None` where it has not, or is a gap.
    pub outcome: Option<f64>,
}

/// How often forecasts held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HitRate {
    /// Forecasts whose outcome is known.
    pub n_80: usize,
    /// Of those, outcomes inside the 80 % band.
    pub hits_80: usize,
    /// Forecasts with a 95 % band whose outcome is known.
    pub n_95: usize,
    /// Of those, outcomes inside it.
    pub hits_95: usize,
}

impl HitRate {
    /// Share of outcomes inside the 80 % band, 0..=1; `None` before the first.
    #[must_use]
    pub fn share_80(&self) -> Option<f64> {
        (self.n_80 > 0).then(|| real(self.hits_80) / real(self.n_80))
    }

    /// Share of outcomes inside the 95 % band, 0..=1; `None` before the first.
    #[must_use]
    pub fn share_95(&self) -> Option<f64> {
        (self.n_95 > 0).then(|| real(self.hits_95) / real(self.n_95))
    }
}

/// Counts how often forecasts held; an outcome on the edge of a band is inside.
#[must_use]
pub fn hit_rate(past: &[Foretold]) -> HitRate {
    let mut rate = HitRate::default();
    for foretold in past {
        let Some(outcome) = foretold.outcome.filter(|outcome| outcome.is_finite()) else {
            continue;
        };
        let is_inside = |(low, high): (f64, f64)| low <= outcome && outcome <= high;
        rate.n_80 += 1;
        rate.hits_80 += usize::from(is_inside(foretold.band_80));
        if let Some(band) = foretold.band_95 {
            rate.n_95 += 1;
            rate.hits_95 += usize::from(is_inside(band));
        }
    }
    rate
}

#[cfg(test)]
mod tests {
    use super::*;

    fn foretold(outcome: Option<f64>, band_95: Option<(f64, f64)>) -> Foretold {
        Foretold {
            band_80: (10.0, 20.0),
            band_95,
            outcome,
        }
    }

    #[test]
    fn known_outcomes_count_once_for_each_band() {
        let wide = Some((5.0, 25.0));
        let past = [
            foretold(Some(10.0), wide),
            foretold(Some(20.0), wide),
            foretold(Some(22.0), wide),
            foretold(Some(25.1), wide),
            foretold(Some(15.0), None),
            foretold(None, wide),
            foretold(Some(f64::NAN), wide),
        ];
        let rate = hit_rate(&past);
        let counts = (rate.hits_80, rate.n_80, rate.hits_95, rate.n_95);
        assert_eq!(counts, (3, 5, 3, 4));
        assert_eq!((rate.share_80(), rate.share_95()), (Some(0.6), Some(0.75)));
    }

    #[test]
    fn no_outcome_is_no_rate() {
        let rate = hit_rate(&[foretold(None, None)]);
        assert_eq!((rate.share_80(), rate.share_95()), (None, None));
    }
}
