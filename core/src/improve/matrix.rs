//! Small symmetric matrices and their axes.

use std::ops::{Index, IndexMut};

/// A square matrix of a few rows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Square {
    n: usize,
    cells: Vec<f64>,
}

/// What a symmetric matrix stretches, and by how much.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axes {
    /// Eigenvalues, in no order.
    pub(super) values: Vec<f64>,
    /// Column `k` is the unit vector of value `k`.
    pub(super) vectors: Square,
}

/// Sweeps after which a turn changes nothing: matrices of twenty rows need six to nine.
const SWEEPS_MAX: usize = 60;

impl Square {
    /// Returns the matrix whose cells `cell` tells.
    pub(super) fn of(n: usize, cell: impl Fn(usize, usize) -> f64) -> Self {
        let cells = (0..n * n).map(|at| cell(at / n, at % n)).collect();
        Self { n, cells }
    }

    /// Returns the number of rows.
    pub(super) fn n(&self) -> usize {
        self.n
    }

    /// Returns the matrix of the rows and columns `kept`.
    pub(super) fn part(&self, kept: &[usize]) -> Self {
        Self::of(kept.len(), |row, column| self[(kept[row], kept[column])])
    }

    /// Returns the axes of a symmetric matrix.
    ///
    /// # Source
    /// Cyclic Jacobi rotations (Golub and Van Loan, Matrix Computations, section 8.5).
    pub(super) fn axes(&self) -> Axes {
        let mut work = self.clone();
        let mut vectors = Self::of(self.n, |row, column| f64::from(u8::from(row == column)));
        let size: f64 = self.cells.iter().map(|cell| cell * cell).sum();
        for _ in 0..SWEEPS_MAX {
            if work.outside_diagonal() <= 1e-30 * size {
                break;
            }
            for row in 0..self.n {
                for column in row + 1..self.n {
                    work.turn(row, column, &mut vectors);
                }
            }
        }
        Axes {
            values: (0..self.n).map(|at| work[(at, at)]).collect(),
            vectors,
        }
    }

    fn outside_diagonal(&self) -> f64 {
        let above = |row: usize| (row + 1..self.n).map(move |column| self[(row, column)].powi(2));
        (0..self.n).flat_map(above).sum()
    }

    /// Turns the plane of `p` and `q` so that their cell becomes 0.
    fn turn(&mut self, p: usize, q: usize, vectors: &mut Self) {
        let apq = self[(p, q)];
        if apq == 0.0 {
            return;
        }
        // The smaller of the two angles, without the loss of digits of the textbook's quotient.
        let theta = (self[(q, q)] - self[(p, p)]) / (2.0 * apq);
        let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
        let cosine = 1.0 / tangent.hypot(1.0);
        let sine = tangent * cosine;
        for at in 0..self.n {
            self.mix((at, p), (at, q), cosine, sine);
        }
        for at in 0..self.n {
            self.mix((p, at), (q, at), cosine, sine);
        }
        for at in 0..self.n {
            vectors.mix((at, p), (at, q), cosine, sine);
        }
    }

    fn mix(&mut self, one: (usize, usize), other: (usize, usize), cosine: f64, sine: f64) {
        let (left, right) = (self[one], self[other]);
        self[one] = cosine * left - sine * right;
        self[other] = sine * left + cosine * right;
    }
}

impl Index<(usize, usize)> for Square {
    type Output = f64;

    fn index(&self, (row, column): (usize, usize)) -> &f64 {
        &self.cells[row * self.n + column]
    }
}

impl IndexMut<(usize, usize)> for Square {
    fn index_mut(&mut self, (row, column): (usize, usize)) -> &mut f64 {
        &mut self.cells[row * self.n + column]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sorted(mut values: Vec<f64>) -> Vec<f64> {
        values.sort_by(f64::total_cmp);
        values
    }

    fn check(rows: &[&[f64]], expected: &[f64]) {
        let axes = Square::of(rows.len(), |row, column| rows[row][column]).axes();
        let found = sorted(axes.values);
        let is_close = found
            .iter()
            .zip(expected)
            .all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(is_close, "{found:?} is not {expected:?}");
    }

    #[test]
    fn known_matrices_have_their_values() {
        check(&[&[7.0]], &[7.0]);
        check(&[&[2.0, 1.0], &[1.0, 2.0]], &[1.0, 3.0]);
        check(&[&[1.0, 0.6], &[0.6, 1.0]], &[0.4, 1.6]);
        check(&[&[5.0, 0.0], &[0.0, -2.0]], &[-2.0, 5.0]);
        // The second difference of three points: 2 - sqrt 2, 2, 2 + sqrt 2.
        let root = 2.0_f64.sqrt();
        check(
            &[&[2.0, -1.0, 0.0], &[-1.0, 2.0, -1.0], &[0.0, -1.0, 2.0]],
            &[2.0 - root, 2.0, 2.0 + root],
        );
        // All alike: rank one.
        let ones: &[f64] = &[1.0; 4];
        check(&[ones; 4], &[0.0, 0.0, 0.0, 4.0]);
    }

    proptest! {
        #[test]
        fn the_axes_put_together_are_the_matrix(
            n in 1_usize..=20,
            seeds in prop::collection::vec(-1.0_f64..1.0, 400),
        ) {
            let matrix = Square::of(n, |row, column| {
                seeds[row.min(column) * 20 + row.max(column)]
            });
            let Axes { values, vectors } = matrix.axes();
            for row in 0..n {
                for column in 0..n {
                    let along = |k: usize| vectors[(row, k)] * vectors[(column, k)];
                    let back: f64 = (0..n).map(|k| along(k) * values[k]).sum();
                    prop_assert!((back - matrix[(row, column)]).abs() < 1e-11);
                    let unit: f64 = (0..n).map(along).sum();
                    prop_assert!((unit - f64::from(u8::from(row == column))).abs() < 1e-11);
                }
            }
        }
    }
}
