//! Weighted sums of products over rows: all that a regression needs to know of them.

use super::matrix::Square;
use super::rating::centre;
use super::weight::Correlations;

/// Rows that are multiplied together before the next ones: those of twenty attributes, as they are
/// and weighted, stay in the nearest cache.
const BLOCK: usize = 64;

/// Products that are summed side by side: enough for additions not to wait for each other.
const LANES: usize = 4;

/// Some numbers of one column.
type Block = [f64; BLOCK];

/// Variance of a standardised column below which it is constant but for rounding.
const VARIANCE_MIN: f64 = 1e-12;

/// Rows of standardised numbers and a 1, so that sums and counts are products too.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rows {
    /// Mean and standard deviation of each column as it was given.
    centres: Vec<(f64, f64)>,
    /// Columns with that of ones, and one of zeros where they are odd.
    n_columns: usize,
    /// Column by column of the first rows, then of the next; zeros after the last row.
    blocks: Vec<Block>,
}

/// Mean, deviation and correlation of some of the rows; the last column is the outcome.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Moments {
    /// In the units given.
    pub(super) means: Vec<f64>,
    /// In the units given; 0 of a constant column.
    pub(super) deviations: Vec<f64>,
    /// 0 with a constant column.
    pub(super) correlations: Square,
}

impl Rows {
    /// Returns the rows of columns that vary.
    pub(super) fn of(columns: &[Vec<f64>]) -> Self {
        let centres: Vec<(f64, f64)> = columns.iter().map(|column| centre(column)).collect();
        let n_columns = (columns.len() + 1).next_multiple_of(2);
        let n_rows = columns.first().map_or(0, Vec::len);
        let mut blocks = vec![[0.0; BLOCK]; n_rows.div_ceil(BLOCK) * n_columns];
        for (idx, blocks) in blocks.chunks_exact_mut(n_columns).enumerate() {
            let rows = idx * BLOCK..n_rows.min((idx + 1) * BLOCK);
            for ((column, block), (mean, deviation)) in
                columns.iter().zip(blocks.iter_mut()).zip(&centres)
            {
                for (cell, number) in block.iter_mut().zip(&column[rows.clone()]) {
                    *cell = (number - mean) / deviation;
                }
            }
            blocks[columns.len()][..rows.len()].fill(1.0);
        }
        Self {
            centres,
            n_columns,
            blocks,
        }
    }

    /// Returns the moments of rows that are there so many times.
    pub(super) fn moments(&self, times: &[u32]) -> Moments {
        let products = self.products(times);
        let n_columns = self.centres.len();
        let cell = |row: usize, column: usize| products[row * self.n_columns + column];
        let n = cell(n_columns, n_columns);
        let means: Vec<f64> = (0..n_columns).map(|at| cell(at, n_columns) / n).collect();
        let covariance = |one: usize, other: usize| {
            cell(one.min(other), one.max(other)) / n - means[one] * means[other]
        };
        let deviation = |at: usize| match covariance(at, at) {
            variance if variance > VARIANCE_MIN => variance.sqrt(),
            _ => 0.0,
        };
        let deviations: Vec<f64> = (0..n_columns).map(deviation).collect();
        let correlation = |one: usize, other: usize| {
            let scale = deviations[one] * deviations[other];
            match (one == other, scale > 0.0) {
                (_, false) => 0.0,
                (true, true) => 1.0,
                (false, true) => (covariance(one, other) / scale).clamp(-1.0, 1.0),
            }
        };
        let given = |at: usize| self.centres[at].0 + means[at] * self.centres[at].1;
        Moments {
            correlations: Square::of(n_columns, correlation),
            means: (0..n_columns).map(given).collect(),
            deviations: (0..n_columns)
                .map(|at| deviations[at] * self.centres[at].1)
                .collect(),
        }
    }

    /// Returns the sums of products on and above the diagonal, row by row.
    fn products(&self, times: &[u32]) -> Vec<f64> {
        let n = self.n_columns;
        let mut sums = vec![0.0; n * n];
        let mut weighted = vec![[0.0; BLOCK]; n];
        for (blocks, times) in self.blocks.chunks_exact(n).zip(times.chunks(BLOCK)) {
            let mut weights = [0.0; BLOCK];
            for (weight, times) in weights.iter_mut().zip(times) {
                *weight = f64::from(*times);
            }
            for (weighted, block) in weighted.iter_mut().zip(blocks) {
                for ((cell, number), weight) in weighted.iter_mut().zip(block).zip(&weights) {
                    *cell = number * weight;
                }
            }
            for row in (0..n).step_by(2) {
                for column in (row..n).step_by(2) {
                    let found = tile(
                        [&weighted[row], &weighted[row + 1]],
                        [&blocks[column], &blocks[column + 1]],
                    );
                    sums[row * n + column] += found[0];
                    sums[row * n + column + 1] += found[1];
                    sums[(row + 1) * n + column] += found[2];
                    sums[(row + 1) * n + column + 1] += found[3];
                }
            }
        }
        sums
    }
}

/// Returns the sums of the products of two columns with two others: each number is read once for
/// two products.
fn tile([one, two]: [&Block; 2], [left, right]: [&Block; 2]) -> [f64; 4] {
    let mut sums = [[0.0; LANES]; 4];
    let pairs = one.as_chunks::<LANES>().0.iter();
    let pairs = pairs.zip(two.as_chunks::<LANES>().0);
    let others = left.as_chunks::<LANES>().0.iter();
    let others = others.zip(right.as_chunks::<LANES>().0);
    for ((one, two), (left, right)) in pairs.zip(others) {
        for at in 0..LANES {
            sums[0][at] += one[at] * left[at];
            sums[1][at] += one[at] * right[at];
            sums[2][at] += two[at] * left[at];
            sums[3][at] += two[at] * right[at];
        }
    }
    sums.map(|lanes| lanes.iter().sum())
}

impl Moments {
    /// Returns the positions of the attributes that vary, and their correlations; `None` where the
    /// outcome does not or no attribute does.
    pub(super) fn attributes(&self) -> Option<(Vec<usize>, Correlations)> {
        let outcome = self.correlations.n().checked_sub(1)?;
        let varying: Vec<usize> = (0..outcome)
            .filter(|at| self.deviations[*at] > 0.0)
            .collect();
        let is_told = self.deviations[outcome] > 0.0 && !varying.is_empty();
        let correlations = Correlations {
            among: self.correlations.part(&varying),
            with_outcome: varying
                .iter()
                .map(|at| self.correlations[(*at, outcome)])
                .collect(),
        };
        is_told.then_some((varying, correlations))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(columns: &[Vec<f64>], times: &[u32], means: &[f64], correlation: f64) {
        let found = Rows::of(columns).moments(times);
        for (found, expected) in found.means.iter().zip(means) {
            assert!(
                (found - expected).abs() < 1e-9 * expected.abs().max(1.0),
                "{found}"
            );
        }
        let found = found.correlations[(0, 1)];
        assert!(
            (found - correlation).abs() < 1e-9,
            "{found} is not {correlation}"
        );
    }

    #[test]
    fn rows_count_as_often_as_they_are_drawn() {
        let columns = [vec![1.0, 2.0, 3.0, 4.0, 5.0], vec![2.0, 1.0, 4.0, 3.0, 5.0]];
        check(&columns, &[1; 5], &[3.0, 3.0], 0.8);
        // The second and third row three times: as if written so.
        let written = [
            vec![1.0, 2.0, 2.0, 2.0, 3.0, 3.0, 3.0, 5.0],
            vec![2.0, 1.0, 1.0, 1.0, 4.0, 4.0, 4.0, 5.0],
        ];
        let expected = Rows::of(&written).moments(&[1; 8]);
        check(
            &columns,
            &[1, 3, 3, 0, 1],
            &expected.means,
            expected.correlations[(0, 1)],
        );
    }

    #[test]
    fn numbers_far_from_zero_keep_their_digits() {
        let near: Vec<f64> = (0..40_i32).map(|at| f64::from(at * at % 7)).collect();
        let far: Vec<f64> = near.iter().map(|number| 1e9 + number).collect();
        let other: Vec<f64> = (0..40_i32).map(|at| f64::from(at % 5)).collect();
        let plain = Rows::of(&[near, other.clone()]).moments(&[1; 40]);
        let means = [1e9 + plain.means[0], plain.means[1]];
        check(&[far, other], &[1; 40], &means, plain.correlations[(0, 1)]);
    }

    #[test]
    fn a_column_that_a_resample_made_constant_says_nothing() {
        let columns = [
            vec![1.0, 1.0, 2.0],
            vec![1.0, 2.0, 3.0],
            vec![3.0, 5.0, 9.0],
        ];
        let rows = Rows::of(&columns);
        let found = rows.moments(&[2, 1, 0]);
        assert_eq!(found.deviations[0], 0.0);
        let (varying, correlations) = found.attributes().expect("one varies");
        assert_eq!((varying, correlations.among.n()), (vec![1], 1));
        assert!((correlations.with_outcome[0] - 1.0).abs() < 1e-9);
        assert_eq!(rows.moments(&[3, 0, 0]).attributes(), None);
    }
}
