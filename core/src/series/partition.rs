//! Cuts a series into levels, at the least sum of squares and price of cuts.

use crate::statistic::{mean, real};

/// Share of the whole sum of squares by which a cut must beat none: below it is rounding.
const ROUNDING: f64 = 1e-12;

/// Returns the index of the first value of each level but the first, ascending; empty where one
/// level is best. Every level has at least `n_min` values (at least one).
///
/// # Source
/// Optimal partitioning (Jackson et al. 2005), exact, in time of the square of the values.
pub(super) fn partition(values: &[f64], penalty: f64, n_min: usize) -> Vec<usize> {
    let squares = Squares::new(values);
    let n = values.len();
    let n_min = n_min.max(1);
    let price = penalty.max(ROUNDING * squares.between(0, n));
    // The least cost of the first `end` values, and where their last level begins.
    let mut costs = vec![f64::INFINITY; n + 1];
    let mut begins = vec![0; n + 1];
    costs[0] = 0.0;
    for end in n_min..=n {
        for begin in 0..=end - n_min {
            let cut = if begin == 0 { 0.0 } else { price };
            let cost = costs[begin] + cut + squares.between(begin, end);
            if cost < costs[end] {
                costs[end] = cost;
                begins[end] = begin;
            }
        }
    }
    let mut cuts = Vec::new();
    let mut end = begins[n];
    while end > 0 {
        cuts.push(end);
        end = begins[end];
    }
    cuts.reverse();
    cuts
}

/// Sums that give the squares around the mean of any stretch at once.
struct Squares {
    sums: Vec<f64>,
    squares: Vec<f64>,
}

impl Squares {
    fn new(values: &[f64]) -> Self {
        // Around the mean of all, so that a great level does not drown small differences.
        let centre = mean(values).unwrap_or_default();
        let (mut sum, mut square) = (0.0, 0.0);
        let mut totals = Self {
            sums: vec![0.0],
            squares: vec![0.0],
        };
        for value in values {
            sum += value - centre;
            square += (value - centre) * (value - centre);
            totals.sums.push(sum);
            totals.squares.push(square);
        }
        totals
    }

    fn between(&self, begin: usize, end: usize) -> f64 {
        if begin == end {
            return 0.0;
        }
        let sum = self.sums[end] - self.sums[begin];
        let square = self.squares[end] - self.squares[begin];
        (square - sum * sum / real(end - begin)).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::series::testing::NILE;

    const NONE: [usize; 0] = [];

    #[test]
    fn the_nile_is_cut_where_the_literature_cuts_it() {
        // The first year of the new level is 1899.
        assert_eq!(partition(&NILE, 1e5, 4), [28]);
    }

    #[test]
    fn what_never_moves_is_one_level() {
        assert_eq!(partition(&[3.3; 40], 0.0, 4), NONE);
        assert_eq!(partition(&[], 1.0, 4), NONE);
        assert_eq!(partition(&[1.0, 9.0], 0.0, 4), NONE);
    }

    #[test]
    fn a_level_has_its_least_length() {
        let step = [0.0, 0.0, 0.0, 9.0, 9.0, 9.0, 9.0, 9.0];
        assert_eq!(partition(&step, 1.0, 3), [3]);
        assert_eq!(partition(&step, 1.0, 4), [4]);
        assert_eq!(partition(&step, 1.0, 5), NONE);
    }

    /// The least cost over every possible set of cuts, looked at one by one.
    fn exhaustive(values: &[f64], penalty: f64, n_min: usize) -> f64 {
        let n = values.len();
        let cost = |cuts: u32| {
            let inner = (1..n).filter(|at| cuts >> at & 1 == 1);
            let ends: Vec<usize> = [0].into_iter().chain(inner).chain([n]).collect();
            if ends.windows(2).any(|level| level[1] - level[0] < n_min) {
                return f64::INFINITY;
            }
            price(values, &ends, penalty)
        };
        (0..1_u32 << n)
            .step_by(2)
            .map(cost)
            .fold(f64::INFINITY, f64::min)
    }

    fn price(values: &[f64], ends: &[usize], penalty: f64) -> f64 {
        let levels = ends.windows(2).map(|level| {
            let level = &values[level[0]..level[1]];
            let centre = mean(level).expect("values");
            level.iter().map(|x| (x - centre).powi(2)).sum::<f64>()
        });
        levels.sum::<f64>() + penalty * real(ends.len() - 2)
    }

    proptest! {
        #[test]
        fn no_other_cuts_are_cheaper(
            values in prop::collection::vec(-20.0_f64..20.0, 4..12),
            penalty in 1.0_f64..300.0,
            n_min in 1_usize..4,
        ) {
            let cuts = partition(&values, penalty, n_min);
            let ends: Vec<usize> =
                [0].into_iter().chain(cuts).chain([values.len()]).collect();
            let found = price(&values, &ends, penalty);
            prop_assert!((found - exhaustive(&values, penalty, n_min)).abs() < 1e-6);
        }
    }
}
