//! Weighted sums of products over rows: all that a regression needs to know of them.

use super::matrix::Square;
use super::rating::centre;
use super::weight::Correlations;

/// Numbers every processor takes at once; rows are padded to a multiple of them.
const LANES: usize = 2;

/// Numbers side by side.
type Lane = [f64; LANES];

/// Variance of a standardised column below which it is constant but for rounding.
const VARIANCE_MIN: f64 = 1e-12;

/// A row and how often it counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Counted {
    pub(super) row: usize,
    pub(super) times: f64,
}

/// Rows of standardised numbers, each followed by a 1 so that sums and counts are products too.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rows {
    /// Mean and standard deviation of each column as it was given.
    centres: Vec<(f64, f64)>,
    /// Lanes of a row.
    stride: usize,
    cells: Vec<Lane>,
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
        let stride = (columns.len() + 1).div_ceil(LANES);
        let n_rows = columns.first().map_or(0, Vec::len);
        let mut cells = vec![[0.0; LANES]; n_rows * stride];
        for (row, cells) in cells.chunks_exact_mut(stride).enumerate() {
            let cells = cells.as_flattened_mut();
            for (column, cell) in cells.iter_mut().take(columns.len()).enumerate() {
                let (mean, deviation) = centres[column];
                *cell = (columns[column][row] - mean) / deviation;
            }
            cells[columns.len()] = 1.0;
        }
        Self {
            centres,
            stride,
            cells,
        }
    }

    /// Returns the moments of rows, each as often as it is counted.
    pub(super) fn moments(&self, counted: &[Counted]) -> Moments {
        let products = self.products(counted);
        let n_columns = self.centres.len();
        let products = products.as_flattened();
        let cell = |row: usize, column: usize| products[row * self.stride * LANES + column];
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
    fn products(&self, counted: &[Counted]) -> Vec<Lane> {
        let mut sums = vec![[0.0; LANES]; (self.centres.len() + 1) * self.stride];
        let (groups, rest) = counted.as_chunks();
        for group in groups {
            self.add(&mut sums, group);
        }
        for one in rest {
            let nothing = Counted { times: 0.0, ..*one };
            self.add(&mut sums, &[*one, nothing, nothing, nothing]);
        }
        sums
    }

    fn row(&self, row: usize) -> &[Lane] {
        &self.cells[row * self.stride..][..self.stride]
    }

    /// Adds the products of four rows: the sums are read and written a quarter as often.
    fn add(&self, sums: &mut [Lane], [one, two, three, four]: &[Counted; 4]) {
        let (w, x) = (self.row(one.row), self.row(two.row));
        let (y, z) = (self.row(three.row), self.row(four.row));
        for (column, sums) in sums.chunks_exact_mut(self.stride).enumerate() {
            let (from, lane) = (column / LANES, column % LANES);
            let a = one.times * w[from][lane];
            let b = two.times * x[from][lane];
            let c = three.times * y[from][lane];
            let d = four.times * z[from][lane];
            let pairs = w[from..].iter().zip(&x[from..]);
            let pairs = pairs.zip(y[from..].iter().zip(&z[from..]));
            for (sum, ((w, x), (y, z))) in sums[from..].iter_mut().zip(pairs) {
                for at in 0..LANES {
                    sum[at] += (a * w[at] + b * x[at]) + (c * y[at] + d * z[at]);
                }
            }
        }
    }
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

    fn counted(times: &[f64]) -> Vec<Counted> {
        let rows = times.iter().enumerate();
        rows.map(|(row, times)| Counted { row, times: *times })
            .collect()
    }

    fn check(columns: &[Vec<f64>], times: &[f64], means: &[f64], correlation: f64) {
        let found = Rows::of(columns).moments(&counted(times));
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
        check(&columns, &[1.0; 5], &[3.0, 3.0], 0.8);
        // The second and third row three times: as if written so.
        let written = [
            vec![1.0, 2.0, 2.0, 2.0, 3.0, 3.0, 3.0, 5.0],
            vec![2.0, 1.0, 1.0, 1.0, 4.0, 4.0, 4.0, 5.0],
        ];
        let expected = Rows::of(&written).moments(&counted(&[1.0; 8]));
        check(
            &columns,
            &[1.0, 3.0, 3.0, 0.0, 1.0],
            &expected.means,
            expected.correlations[(0, 1)],
        );
    }

    #[test]
    fn numbers_far_from_zero_keep_their_digits() {
        let near: Vec<f64> = (0..40_i32).map(|at| f64::from(at * at % 7)).collect();
        let far: Vec<f64> = near.iter().map(|number| 1e9 + number).collect();
        let other: Vec<f64> = (0..40_i32).map(|at| f64::from(at % 5)).collect();
        let plain = Rows::of(&[near, other.clone()]).moments(&counted(&[1.0; 40]));
        let means = [1e9 + plain.means[0], plain.means[1]];
        check(
            &[far, other],
            &[1.0; 40],
            &means,
            plain.correlations[(0, 1)],
        );
    }

    #[test]
    fn a_column_that_a_resample_made_constant_says_nothing() {
        let columns = [
            vec![1.0, 1.0, 2.0],
            vec![1.0, 2.0, 3.0],
            vec![3.0, 5.0, 9.0],
        ];
        let rows = Rows::of(&columns);
        let found = rows.moments(&counted(&[2.0, 1.0, 0.0]));
        assert_eq!(found.deviations[0], 0.0);
        let (varying, correlations) = found.attributes().expect("one varies");
        assert_eq!((varying, correlations.among.n()), (vec![1], 1));
        assert!((correlations.with_outcome[0] - 1.0).abs() < 1e-9);
        assert_eq!(rows.moments(&counted(&[3.0, 0.0, 0.0])).attributes(), None);
    }
}
