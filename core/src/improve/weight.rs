//! How much of what is explained each attribute stands for: Johnson's relative weights.

use super::matrix::{Axes, Square};

/// Least eigenvalue of the attributes' correlations at which they can still be told apart.
const EIGENVALUE_MIN: f64 = 1e-6;

/// A correlation matrix of attributes, and the correlation of each with the outcome.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Correlations {
    pub(super) among: Square,
    pub(super) with_outcome: Vec<f64>,
}

/// What correlations say of each attribute.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Weights {
    /// Relative weights: parts of R², which they sum to.
    pub(super) raw: Vec<f64>,
    /// Standardised regression coefficients.
    pub(super) betas: Vec<f64>,
    pub(super) r_squared: f64,
}

/// Attributes that say nearly the same: their positions, and the eigenvalue that tells.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Collinear {
    pub(super) involved: Vec<usize>,
    pub(super) eigenvalue: f64,
}

impl Correlations {
    /// Returns the relative weights of the attributes.
    ///
    /// # Errors
    /// When some of them say nearly the same, so that weights would be arbitrary.
    ///
    /// # Source
    /// Johnson 2000: `R = V L V'`, `Λ = V L^½ V'`, `β = Λ⁻¹ r`, weight `Λ² β²` (of the elements).
    pub(super) fn weights(&self) -> Result<Weights, Collinear> {
        let axes = self.among.axes();
        let least = axes.values.iter().copied().fold(f64::INFINITY, f64::min);
        if least < EIGENVALUE_MIN {
            return Err(Collinear::of(&axes, least));
        }
        let n = self.among.n();
        let apart = |power: f64| {
            Square::of(n, |row, column| {
                let along = |k| axes.vectors[(row, k)] * axes.vectors[(column, k)];
                (0..n).map(|k| along(k) * axes.values[k].powf(power)).sum()
            })
        };
        let (roots, inverse_roots) = (apart(0.5), apart(-0.5));
        // Outcome on the orthogonal attributes that are most like the real ones.
        let likest = times(&inverse_roots, &self.with_outcome, |cell| cell);
        let squares: Vec<f64> = likest.iter().map(|beta| beta * beta).collect();
        Ok(Weights {
            raw: times(&roots, &squares, |cell| cell * cell),
            betas: times(&inverse_roots, &likest, |cell| cell),
            r_squared: squares.iter().sum(),
        })
    }
}

impl Collinear {
    fn of(axes: &Axes, least: f64) -> Self {
        let n = axes.values.len();
        let flat = |k: &usize| axes.values[*k] < EIGENVALUE_MIN;
        // How far each attribute lies in the flat directions together: a single one of several
        // flat directions is any mixture of them.
        let depth = |at: usize| -> f64 {
            let along = |k: usize| axes.vectors[(at, k)].powi(2);
            (0..n).filter(flat).map(along).sum()
        };
        let deepest = (0..n).map(depth).fold(0.0, f64::max);
        Self {
            involved: (0..n).filter(|at| depth(*at) >= deepest / 4.0).collect(),
            eigenvalue: least,
        }
    }
}

fn times(matrix: &Square, vector: &[f64], of: impl Fn(f64) -> f64) -> Vec<f64> {
    let cell = |row: usize, column: usize| of(matrix[(row, column)]) * vector[column];
    let row = |row| (0..vector.len()).map(|column| cell(row, column)).sum();
    (0..matrix.n()).map(row).collect()
}

#[cfg(test)]
mod tests;
