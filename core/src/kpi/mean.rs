//! Means of answers: moments from a histogram, Student's interval, Welch's test, at 95 %.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::statistic::Difference;

use super::interval::real;

/// Probability below the upper end of a two-sided 95 % interval.
const UPPER_95: f64 = 0.975;

/// Mean and spread of answers, which clustered answers make fewer than they look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Mean {
    pub(super) value: f64,
    /// Standard deviation with n − 1; `None` for one answer.
    pub(super) deviation: Option<f64>,
    n: f64,
}

impl Mean {
    /// Returns the moments of answers counted by value, as independent answers `deff` times fewer
    /// would tell them; `None` without answers.
    pub(super) fn new(histogram: &[(f64, u64)], deff: f64) -> Option<Self> {
        let n: u64 = histogram.iter().map(|(_, count)| count).sum();
        if n == 0 {
            return None;
        }
        let sum: f64 = histogram.iter().map(|(x, count)| x * real(*count)).sum();
        let value = sum / real(n);
        let squares: f64 = histogram
            .iter()
            .map(|(x, count)| real(*count) * (x - value) * (x - value))
            .sum();
        Some(Self {
            value,
            deviation: (n > 1).then(|| (squares / real(n - 1)).sqrt()),
            n: real(n) / deff,
        })
    }

    /// Returns Student's interval; `None` where one answer or less tells nothing of the spread.
    pub(super) fn interval(self) -> Option<(f64, f64)> {
        let error = self.error()?;
        let half = quantile(self.n - 1.0)? * error;
        Some((self.value - half, self.value + half))
    }

    /// Returns `self - before` with Welch's interval and p; `None` where a spread is unknown.
    ///
    /// # Source
    /// Welch 1947; degrees of freedom of Satterthwaite.
    pub(super) fn difference(self, before: Self) -> Option<Difference> {
        let value = self.value - before.value;
        let (one, other) = (self.error()?.powi(2), before.error()?.powi(2));
        let variance = one + other;
        if variance <= 0.0 {
            let p = if value == 0.0 { 1.0 } else { 0.0 };
            return Some(Difference {
                value,
                low: value,
                high: value,
                p,
            });
        }
        let freedom =
            variance * variance / (one * one / (self.n - 1.0) + other * other / (before.n - 1.0));
        let error = variance.sqrt();
        let half = quantile(freedom)? * error;
        let tail = StudentsT::new(0.0, 1.0, freedom).ok()?;
        Some(Difference {
            value,
            low: value - half,
            high: value + half,
            p: (2.0 * tail.sf((value / error).abs())).min(1.0),
        })
    }

    /// Returns the standard error; `None` where fewer than two effective answers are.
    fn error(self) -> Option<f64> {
        let deviation = self.deviation.filter(|_| self.n > 1.0)?;
        Some(deviation / self.n.sqrt())
    }
}

fn quantile(freedom: f64) -> Option<f64> {
    let student = StudentsT::new(0.0, 1.0, freedom).ok()?;
    Some(student.inverse_cdf(UPPER_95))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FEW: &[(f64, u64)] = &[(1.0, 1), (3.0, 2), (4.0, 3), (5.0, 4)];
    const LOWER: &[(f64, u64)] = &[(1.0, 5), (2.0, 5), (3.0, 6), (4.0, 3), (5.0, 1)];

    fn mean(histogram: &[(f64, u64)]) -> Mean {
        Mean::new(histogram, 1.0).expect("answers")
    }

    fn check(histogram: &[(f64, u64)], expected: (f64, f64, f64, f64)) {
        let found = mean(histogram);
        let (low, high) = found.interval().expect("an interval");
        let found = [found.value, found.deviation.expect("a spread"), low, high];
        let (value, deviation, low, high) = expected;
        for (found, expected) in found.into_iter().zip([value, deviation, low, high]) {
            assert!(
                (found - expected).abs() < 1e-9,
                "{histogram:?}: {found} is not {expected}"
            );
        }
    }

    #[test]
    fn the_interval_is_students() {
        check(
            FEW,
            (
                3.9,
                1.286_683_937_707_919,
                2.979_561_759_359_112,
                4.820_438_240_640_888,
            ),
        );
        check(
            &[(1.0, 1), (2.0, 8), (3.0, 44), (4.0, 151), (5.0, 610)],
            (
                4.671_990_171_990_172,
                0.634_611_944_188_327_9,
                4.628_329_425_460_040_4,
                4.715_650_918_520_304,
            ),
        );
        check(
            &[(2.0, 1), (4.5, 1)],
            (
                3.25,
                1.767_766_952_966_368_9,
                -12.632_755_920_218_367,
                19.132_755_920_218_365,
            ),
        );
    }

    #[test]
    fn too_few_answers_have_no_interval() {
        assert_eq!(Mean::new(&[], 1.0), None);
        assert_eq!(mean(&[(4.0, 1)]).interval(), None);
        // Ten answers that tell as much as one.
        assert_eq!(Mean::new(FEW, 10.0).expect("answers").interval(), None);
    }

    #[test]
    fn equal_answers_show_no_spread() {
        assert_eq!(mean(&[(4.0, 30)]).interval(), Some((4.0, 4.0)));
        let same = mean(&[(4.0, 30)])
            .difference(mean(&[(4.0, 20)]))
            .expect("a test");
        assert_eq!((same.value, same.p), (0.0, 1.0));
    }

    #[test]
    fn the_difference_is_welchs() {
        let found = mean(FEW).difference(mean(LOWER)).expect("a test");
        let found = [found.value, found.low, found.high, found.p];
        let expected = [
            1.4,
            0.373_308_549_622_139_8,
            2.426_691_450_377_860_3,
            0.010_476_902_270_635_535,
        ];
        for (found, expected) in found.into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
        }
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_mean_and_no_order_matters(
            answers in prop::collection::vec((0_u8..=20, 1_u64..40), 2..8),
        ) {
            let histogram: Vec<(f64, u64)> =
                answers.iter().map(|(x, count)| (f64::from(*x) / 2.0, *count)).collect();
            let found = mean(&histogram);
            let (low, high) = found.interval().expect("several answers");
            prop_assert!(low <= found.value && found.value <= high);
            let mut turned = histogram;
            turned.reverse();
            prop_assert!((mean(&turned).value - found.value).abs() < 1e-12);
        }
    }
}
