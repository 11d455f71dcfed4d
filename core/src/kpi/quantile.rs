//! Quantiles of type 7 with their 95 % binomial order-statistic intervals.

use statrs::distribution::{Binomial, DiscreteCDF};

use super::interval::real;
use crate::plan::Order;
use crate::statistic::Z_95;

/// Probability that may lie beyond either end of an interval.
const TAIL: f64 = 0.025;

/// A quantile of a set of numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Quantile {
    pub(super) value: f64,
    /// Lower end of the interval; `None` where so few numbers bound nothing.
    pub(super) low: Option<f64>,
    /// Upper end of the interval.
    pub(super) high: Option<f64>,
}

impl Quantile {
    /// Returns the quantile `p`; `None` of nothing, or of an order that was not kept for it.
    ///
    /// # Source
    /// Value: type 7 of Hyndman and Fan 1996, linear between the closest ranks. Interval: the ranks
    /// between which the quantile lies with 95 %, whatever the distribution (David and Nagaraja
    /// 2003, 7.1).
    pub(super) fn of(order: &Order, p: f64) -> Option<Self> {
        let place = real(order.n.checked_sub(1)?) * p;
        let below = whole(place);
        let low = order.at(below + 1)?;
        // The greatest number has no neighbour, and needs none.
        let high = order.at((below + 2).min(order.n))?;
        let (first, last) = ranks(order.n, p);
        Some(Self {
            value: low + (high - low) * (place - real(below)),
            low: first.and_then(|rank| order.at(rank)),
            high: last.and_then(|rank| order.at(rank)),
        })
    }
}

/// Returns the ranks, counted from 1, of the ends of the interval around the quantile `p` of `n`
/// numbers: below the first, and above the last, the quantile lies with at most 2.5 % each.
fn ranks(n: u64, p: f64) -> (Option<u64>, Option<u64>) {
    let Ok(below) = Binomial::new(p, n) else {
        return (None, None);
    };
    // The number of values below the quantile is binomial; the lower end of rank k is above it
    // with the probability that fewer than k are below.
    let is_low = |rank: u64| below.cdf(rank - 1) <= TAIL;
    let is_high = |rank: u64| below.sf(rank - 1) <= TAIL;
    let spread = Z_95 * (real(n) * p * (1.0 - p)).sqrt();
    let mut first = whole(real(n) * p - spread).clamp(1, n);
    while first < n && is_low(first + 1) {
        first += 1;
    }
    while first > 1 && !is_low(first) {
        first -= 1;
    }
    let mut last = whole(real(n) * p + spread).clamp(1, n);
    while last > 1 && is_high(last - 1) {
        last -= 1;
    }
    while last < n && !is_high(last) {
        last += 1;
    }
    (
        Some(first).filter(|rank| is_low(*rank)),
        Some(last).filter(|rank| is_high(*rank)),
    )
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rank; below the first is the first"
)]
fn whole(rank: f64) -> u64 {
    rank.max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOTH: [f64; 2] = [0.5, 0.9];

    fn quantile(numbers: &[f64], p: f64) -> Option<Quantile> {
        let mut sorted = numbers.to_vec();
        sorted.sort_by(f64::total_cmp);
        Quantile::of(&Order::of_sorted(&sorted, 0, &BOTH), p)
    }

    fn check(numbers: &[f64], p: f64, expected: f64) {
        let found = quantile(numbers, p).expect("numbers").value;
        assert!((found - expected).abs() < 1e-9, "{numbers:?}: {found}");
    }

    #[test]
    fn a_quantile_lies_between_its_closest_ranks() {
        check(&[60.0], 0.5, 60.0);
        check(&[60.0], 0.9, 60.0);
        check(&[60.0, 120.0], 0.5, 90.0);
        check(&[60.0, 120.0], 0.9, 114.0);
        check(&[1.0, 2.0, 3.0, 4.0], 0.5, 2.5);
        check(&[4.0, 1.0, 3.0, 2.0], 0.9, 3.7);
        check(&[7.0; 12], 0.9, 7.0);
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        check(&hundred, 0.5, 50.5);
        check(&hundred, 0.9, 90.1);
    }

    #[test]
    fn nothing_has_no_quantile() {
        assert_eq!(quantile(&[], 0.5), None);
    }

    fn check_ranks(n: u64, p: f64, expected: (Option<u64>, Option<u64>)) {
        assert_eq!(ranks(n, p), expected, "n = {n}, p = {p}");
    }

    #[test]
    fn the_ends_are_the_tabled_ranks() {
        // Tables of the sign test: 95 % limits of a median.
        check_ranks(5, 0.5, (None, None));
        check_ranks(6, 0.5, (Some(1), Some(6)));
        check_ranks(10, 0.5, (Some(2), Some(9)));
        check_ranks(20, 0.5, (Some(6), Some(15)));
        check_ranks(30, 0.5, (Some(10), Some(21)));
        check_ranks(50, 0.5, (Some(18), Some(33)));
        check_ranks(100, 0.5, (Some(40), Some(61)));
        // 0.9^35 is above 2.5 %, 0.9^36 below: only then anything bounds the ninth decile.
        check_ranks(35, 0.9, (Some(28), None));
        check_ranks(36, 0.9, (Some(29), Some(36)));
    }

    /// Returns the probability that the interval of `n` numbers holds the quantile, by enumeration.
    fn coverage(n: u64, p: f64) -> f64 {
        let (Some(first), Some(last)) = ranks(n, p) else {
            return 1.0;
        };
        let below = Binomial::new(p, n).expect("a distribution");
        below.cdf(last - 1) - below.cdf(first - 1)
    }

    #[test]
    fn the_interval_covers_what_it_promises_and_no_rank_more() {
        for n in (6..400).chain([1_000, 10_000, 1_000_000]) {
            for p in BOTH {
                let covered = coverage(n, p);
                assert!(covered >= 0.95 - 1e-9, "n = {n}, p = {p}: {covered}");
                if let (Some(first), Some(last)) = ranks(n, p) {
                    let below = Binomial::new(p, n).expect("a distribution");
                    assert!(
                        below.cdf(first) > TAIL,
                        "n = {n}: the lower end could be higher"
                    );
                    let is_tight = last == 1 || below.sf(last - 2) > TAIL;
                    assert!(is_tight, "n = {n}: the upper end could be lower");
                }
            }
        }
    }

    #[test]
    fn what_is_kept_of_an_order_has_every_rank_that_is_needed() {
        for n in (1..3_000).chain([10_007, 123_457, 1_000_003]) {
            let numbers: Vec<f64> = (0..n).map(|idx| idx as f64).collect();
            let order = Order::of_sorted(&numbers, 0, &BOTH);
            for p in BOTH {
                let (first, last) = ranks(n, p);
                for rank in [first, last].into_iter().flatten() {
                    assert!(order.at(rank).is_some(), "n = {n}, p = {p}, rank {rank}");
                }
                assert!(Quantile::of(&order, p).is_some(), "n = {n}, p = {p}");
            }
        }
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_point_in_any_order(
            numbers in prop::collection::vec(0.0_f64..1e6, 1..300),
            turn in any::<prop::sample::Index>(),
        ) {
            let mut turned = numbers.clone();
            turned.rotate_left(turn.index(numbers.len()));
            for p in BOTH {
                let one = quantile(&numbers, p).expect("numbers");
                prop_assert!(one.low.is_none_or(|low| low <= one.value));
                prop_assert!(one.high.is_none_or(|high| one.value <= high));
                prop_assert_eq!(Some(one), quantile(&turned, p));
            }
        }
    }
}
