//! How sure drivers are: the same persons drawn again and again.

use crate::statistic::{Draws, real};

use super::fit::Fit;
use super::level::Levels;
use super::moment::{Counted, Rows};
use super::refusal::Refusal;

/// Share of resamples that may say nothing before the rest is no picture of chance.
const FAILED_RATIO_MAX: f64 = 0.05;

/// What every resample said, driver by driver.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Resampled {
    pub(super) r_squared: Vec<f64>,
    pub(super) shares: Vec<Vec<f64>>,
    pub(super) slopes: Vec<Vec<f64>>,
    pub(super) gains: Vec<Vec<f64>>,
    pub(super) ranks: Vec<Vec<usize>>,
}

/// Complete answers, ready to be drawn by person.
#[derive(Debug)]
pub(super) struct Urn<'a> {
    pub(super) rows: &'a Rows,
    pub(super) levels: &'a Levels,
    /// Rows of each person, side by side.
    pub(super) sizes: &'a [usize],
    pub(super) n_attributes: usize,
}

impl Urn<'_> {
    /// Draws as many persons as there are, with all their answers, `n_resamples` times.
    ///
    /// # Errors
    /// When told to stop, or when too many resamples say nothing.
    ///
    /// # Source
    /// Percentile bootstrap of clusters (Davison and Hinkley 1997, section 3.8).
    pub(super) fn resampled(
        &self,
        seed: u64,
        n_resamples: usize,
        stop: &dyn Fn() -> bool,
    ) -> Result<Resampled, Refusal> {
        let mut draws = Draws::new(seed);
        let mut found = Resampled::new(self.n_attributes);
        for _ in 0..n_resamples {
            if stop() {
                return Err(Refusal::Stopped);
            }
            let counted = self.drawn(&mut draws);
            if let Some(fit) = Fit::of(&self.rows.moments(&counted)) {
                found.push(&fit, &self.levels.quantiles(&counted, 0.75));
            }
        }
        let n_failed = n_resamples - found.r_squared.len();
        match real(n_failed) > FAILED_RATIO_MAX * real(n_resamples) {
            true => Err(Refusal::Unsteady {
                n_failed,
                n_resamples,
            }),
            false => Ok(found),
        }
    }

    /// Draws persons with replacement; returns the rows of those drawn.
    fn drawn(&self, draws: &mut Draws) -> Vec<Counted> {
        let mut times = vec![0_u32; self.sizes.len()];
        for _ in 0..self.sizes.len() {
            times[draws.position(self.sizes.len())] += 1;
        }
        let mut counted = Vec::with_capacity(self.sizes.iter().sum());
        let mut first = 0;
        for (size, times) in self.sizes.iter().zip(times) {
            if times > 0 {
                let times = f64::from(times);
                counted.extend((first..first + size).map(|row| Counted { row, times }));
            }
            first += size;
        }
        counted
    }
}

impl Resampled {
    fn new(n_attributes: usize) -> Self {
        Self {
            r_squared: Vec::new(),
            shares: vec![Vec::new(); n_attributes],
            slopes: vec![Vec::new(); n_attributes],
            gains: vec![Vec::new(); n_attributes],
            ranks: vec![Vec::new(); n_attributes],
        }
    }

    fn push(&mut self, fit: &Fit, third_quartiles: &[f64]) {
        self.r_squared.push(fit.r_squared);
        keep(&mut self.shares, &fit.shares());
        keep(&mut self.slopes, &fit.slopes);
        keep(&mut self.gains, &fit.gains(third_quartiles));
        keep(&mut self.ranks, &fit.ranks());
    }

    /// Returns the share of resamples in which an attribute is the weightiest.
    pub(super) fn first_ratio(&self, at: usize) -> f64 {
        let n_first = self.ranks[at].iter().filter(|rank| **rank == 1).count();
        real(n_first) / real(self.ranks[at].len())
    }

    /// Returns the ranks that hold 95 % of those of an attribute; whole, so rather a little more.
    pub(super) fn rank_interval(&self, at: usize) -> (usize, usize) {
        let mut sorted = self.ranks[at].clone();
        sorted.sort_unstable();
        let outside = sorted.len() / 40;
        let end = |rank: Option<&usize>| rank.copied().unwrap_or(1);
        (
            end(sorted.get(outside)),
            end(sorted.iter().rev().nth(outside)),
        )
    }
}

fn keep<T: Copy>(kept: &mut [Vec<T>], numbers: &[T]) {
    for (kept, number) in kept.iter_mut().zip(numbers) {
        kept.push(*number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_leave_out_a_fortieth_on_each_side() {
        let mut found = Resampled::new(2);
        found.ranks = vec![(1..=100).rev().collect(), vec![2; 100]];
        // Two of a hundred are outside.
        assert_eq!(found.rank_interval(0), (3, 98));
        assert_eq!(found.rank_interval(1), (2, 2));
        assert_eq!((found.first_ratio(0), found.first_ratio(1)), (0.01, 0.0));
    }
}
