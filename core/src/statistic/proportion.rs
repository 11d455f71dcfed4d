//! Intervals and tests of shares, at 95 %.

use statrs::function::erf::erfc;

use super::{Difference, Z_95};

/// A share of a number of answers, which clustered answers make smaller than it looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Proportion {
    share: f64,
    n: f64,
}

impl Proportion {
    /// Returns the share `n_hits / n_all` as `n_effective` independent answers would tell it;
    /// `None` without answers.
    #[must_use]
    pub fn new(n_hits: f64, n_all: f64, n_effective: f64) -> Option<Self> {
        (n_all > 0.0).then(|| Self {
            share: n_hits / n_all,
            n: n_effective,
        })
    }

    /// Returns the Wilson score interval, within 0..=1.
    ///
    /// # Source
    /// Wilson 1927; recommended by Brown, Cai and DasGupta 2001.
    #[must_use]
    pub fn interval(self) -> (f64, f64) {
        let z_squared = Z_95 * Z_95;
        let scale = 1.0 + z_squared / self.n;
        let centre = (self.share + z_squared / (2.0 * self.n)) / scale;
        let variance =
            self.share * (1.0 - self.share) / self.n + z_squared / (4.0 * self.n * self.n);
        let half = Z_95 * variance.sqrt() / scale;
        // Rounding must not take an end past the share it belongs to.
        let low = (centre - half).clamp(0.0, self.share);
        let high = (centre + half).clamp(self.share, 1.0);
        (low, high)
    }

    /// Returns `self - before`, its interval and its p, as shares.
    ///
    /// # Source
    /// Interval: Newcombe 1998, hybrid score (method 10); p: N−1 chi-square (Campbell 2007).
    #[must_use]
    pub fn difference(self, before: Self) -> Difference {
        let value = self.share - before.share;
        let (low, high) = self.interval();
        let (before_low, before_high) = before.interval();
        Difference {
            value,
            low: value - (self.share - low).hypot(before_high - before.share),
            high: value + (high - self.share).hypot(before.share - before_low),
            p: self.p_of_no_difference(before),
        }
    }

    fn p_of_no_difference(self, before: Self) -> f64 {
        let n = self.n + before.n;
        let pooled = (self.share * self.n + before.share * before.n) / n;
        let variance = pooled * (1.0 - pooled) * (1.0 / self.n + 1.0 / before.n);
        if variance <= 0.0 {
            return 1.0;
        }
        let gap = self.share - before.share;
        let chi_squared = gap * gap / variance * (n - 1.0) / n;
        erfc((chi_squared / 2.0).max(0.0).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn share(n_hits: u32, n: u32) -> Proportion {
        let (n_hits, n) = (f64::from(n_hits), f64::from(n));
        Proportion::new(n_hits, n, n).expect("answers")
    }

    fn check_interval(n_hits: u32, n: u32, expected: (f64, f64)) {
        let (low, high) = share(n_hits, n).interval();
        let is_close = (low - expected.0).abs() < 1e-9 && (high - expected.1).abs() < 1e-9;
        assert!(is_close, "{n_hits} of {n}: {low} to {high}");
    }

    #[test]
    fn the_interval_is_wilsons() {
        // Newcombe 1998, table I.
        check_interval(81, 263, (0.255_288_519_878_274_2, 0.366_209_576_982_800_04));
        check_interval(
            15,
            148,
            (0.062_386_399_530_736_28, 0.160_487_241_723_308_03),
        );
        check_interval(0, 20, (0.0, 0.161_125_158_052_819_4));
        check_interval(1, 29, (0.006_113_214_292_762_667, 0.171_755_218_793_202_93));
        check_interval(10, 10, (0.722_467_200_137_110_6, 1.0));
        check_interval(761, 814, (0.915_814_733_535_646_2, 0.949_878_723_752_417));
    }

    #[test]
    fn nobody_answered_has_no_share() {
        assert_eq!(Proportion::new(0.0, 0.0, 0.0), None);
    }

    fn check_difference(now: (u32, u32), before: (u32, u32), expected: (f64, f64, f64)) {
        let found = share(now.0, now.1).difference(share(before.0, before.1));
        let is_close = (found.low - expected.0).abs() < 1e-9
            && (found.high - expected.1).abs() < 1e-9
            && (found.p - expected.2).abs() < 1e-9;
        assert!(is_close, "{now:?} against {before:?}: {found:?}");
    }

    #[test]
    fn the_difference_is_newcombes_hybrid_score() {
        // Newcombe 1998, table II, method 10.
        check_difference(
            (56, 70),
            (48, 80),
            (
                0.052_431_472_402_364_98,
                0.333_872_654_036_906_14,
                0.008_258_287_929_380_782,
            ),
        );
        check_difference(
            (9, 10),
            (3, 10),
            (
                0.170_522_723_934_502_9,
                0.809_017_973_535_488,
                0.007_601_641_475_220_178,
            ),
        );
        check_difference(
            (5, 56),
            (0, 29),
            (
                -0.038_137_147_903_536_936,
                0.192_560_013_855_111_65,
                0.099_175_654_570_550_8,
            ),
        );
        check_difference(
            (10, 10),
            (0, 20),
            (0.679_086_037_141_914_5, 1.0, 7.237_829_871_74e-8),
        );
    }

    #[test]
    fn two_unanimous_shares_do_not_differ() {
        let found = share(30, 30).difference(share(50, 50));
        assert_eq!((found.value, found.p), (0.0, 1.0));
        assert!(found.low < 0.0 && 0.0 < found.high, "{found:?}");
    }

    /// Returns the exact probability that the interval of `n` answers holds the true share.
    fn coverage(n: u32, truth: f64) -> f64 {
        let log_factorial = |count: u32| (1..=count).map(|one| f64::from(one).ln()).sum::<f64>();
        (0..=n)
            .filter(|n_hits| {
                let (low, high) = share(*n_hits, n).interval();
                low <= truth && truth <= high
            })
            .map(|n_hits| {
                let ways = log_factorial(n) - log_factorial(n_hits) - log_factorial(n - n_hits);
                let hits = f64::from(n_hits) * truth.ln();
                (ways + hits + f64::from(n - n_hits) * (1.0 - truth).ln()).exp()
            })
            .sum()
    }

    #[test]
    fn the_interval_covers_what_it_promises_on_average() {
        for n in [5, 10, 20, 30, 100] {
            let all: Vec<f64> = (1..100)
                .map(|cent| coverage(n, f64::from(cent) / 100.0))
                .collect();
            let mean = all.iter().sum::<f64>() / 99.0;
            let least = all.iter().copied().fold(1.0, f64::min);
            assert!((0.945..0.966).contains(&mean), "n = {n}: mean {mean}");
            assert!(least > 0.83, "n = {n}: least {least}");
        }
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_share_and_is_mirrored(n in 1_u32..3_000, hits in 0_u32..3_000) {
            let hits = hits % (n + 1);
            let (low, high) = share(hits, n).interval();
            let value = f64::from(hits) / f64::from(n);
            prop_assert!(0.0 <= low && low <= value && value <= high && high <= 1.0);
            prop_assert!(low < high, "even unanimous answers leave doubt");
            let (mirror_low, mirror_high) = share(n - hits, n).interval();
            prop_assert!((low + mirror_high - 1.0).abs() < 1e-9);
            prop_assert!((high + mirror_low - 1.0).abs() < 1e-9);
        }

        #[test]
        fn fewer_effective_answers_widen_the_interval(n in 2_u32..500, deff in 1.0_f64..4.0) {
            let (hits, n) = (f64::from(n / 2), f64::from(n));
            let plain = Proportion::new(hits, n, n).expect("answers").interval();
            let wide = Proportion::new(hits, n, n / deff).expect("answers").interval();
            prop_assert!(wide.0 <= plain.0 + 1e-12 && plain.1 <= wide.1 + 1e-12);
        }

        #[test]
        fn a_difference_turned_round_changes_its_sign_only(
            left in (0_u32..300, 1_u32..300),
            right in (0_u32..300, 1_u32..300),
        ) {
            let left = share(left.0.min(left.1), left.1);
            let right = share(right.0.min(right.1), right.1);
            let (one, other) = (left.difference(right), right.difference(left));
            prop_assert!((one.value + other.value).abs() < 1e-12);
            prop_assert!((one.low + other.high).abs() < 1e-12);
            prop_assert!((one.p - other.p).abs() < 1e-12 && (0.0..=1.0).contains(&one.p));
            prop_assert!(one.low <= one.value && one.value <= one.high);
        }
    }
}
