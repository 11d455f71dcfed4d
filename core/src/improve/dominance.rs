//! The second opinion on relative weights: what an attribute adds to R², averaged over all orders.

use crate::statistic::real;

use super::weight::Correlations;

/// Most attributes that are averaged over: the subsets double with each.
pub(super) const ATTRIBUTES_MAX: usize = 12;

impl Correlations {
    /// Returns what each attribute adds to R² on average over every order in which attributes can
    /// be added; `None` of more than [`ATTRIBUTES_MAX`].
    ///
    /// # Source
    /// Lindeman, Merenda and Gold 1980, which is the Shapley value of R²; general dominance of
    /// Budescu 1993.
    pub(super) fn dominance(&self) -> Option<Vec<f64>> {
        let n = self.with_outcome.len();
        if n > ATTRIBUTES_MAX {
            return None;
        }
        let explained: Vec<f64> = (0..1_usize << n).map(|set| self.explained(set)).collect();
        let chances = order_chances(n);
        let added = |at: usize| {
            let bit = 1_usize << at;
            let without = (0..1_usize << n).filter(|set| set & bit == 0);
            let gain = |set: usize| chances[size(set)] * (explained[set | bit] - explained[set]);
            without.map(gain).sum()
        };
        Some((0..n).map(added).collect())
    }

    /// Returns the R² of the attributes in the bits of `set`.
    fn explained(&self, set: usize) -> f64 {
        let kept: Vec<usize> = (0..self.with_outcome.len())
            .filter(|at| set >> at & 1 == 1)
            .collect();
        // A factor `C C'` of the part: what is left of each outcome's correlation, squared.
        let mut factor = self.among.part(&kept);
        let mut left: Vec<f64> = kept.iter().map(|at| self.with_outcome[*at]).collect();
        let mut sum = 0.0;
        for row in 0..kept.len() {
            for column in 0..row {
                let before: f64 = (0..column)
                    .map(|k| factor[(row, k)] * factor[(column, k)])
                    .sum();
                factor[(row, column)] = (factor[(row, column)] - before) / factor[(column, column)];
                left[row] -= factor[(row, column)] * left[column];
            }
            let before: f64 = (0..row).map(|k| factor[(row, k)].powi(2)).sum();
            factor[(row, row)] = (factor[(row, row)] - before).sqrt();
            left[row] /= factor[(row, row)];
            sum += left[row] * left[row];
        }
        sum
    }
}

/// Returns by the number of others the chance that just these come before an attribute.
fn order_chances(n: usize) -> Vec<f64> {
    let factorial = |count: usize| (1..=count).fold(1.0, |product, one| product * real(one));
    (0..n)
        .map(|others| factorial(others) * factorial(n - others - 1) / factorial(n))
        .collect()
}

fn size(set: usize) -> usize {
    set.count_ones() as usize
}
