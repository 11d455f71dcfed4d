//! How sure drivers are: the same persons drawn again and again.

use std::thread;

use crate::statistic::{Draws, real};

use super::fit::Fit;
use super::moment::Rows;
use super::order::Orders;
use super::refusal::Refusal;

/// Share of resamples that may say nothing before the rest is no picture of chance.
const FAILED_RATIO_MAX: f64 = 0.05;

/// Threads that draw at once, where there are so many processors: half of the time of one. Each
/// resample has a stream of chance of its own, so the numbers are the same with any number.
const THREADS_MAX: usize = 2;

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
    /// The rows of each attribute by its ratings.
    pub(super) orders: &'a Orders,
    /// Rows of each person, side by side.
    pub(super) sizes: &'a [usize],
    pub(super) n_attributes: usize,
}

/// What one resample said: its fit and the best quartile of each attribute; nothing where it does
/// not tell attributes apart.
type Said = Option<(Fit, Vec<f64>)>;

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
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Resampled, Refusal> {
        let n_threads = thread::available_parallelism().map_or(1, usize::from);
        self.resampled_by(n_threads.min(THREADS_MAX), seed, n_resamples, stop)
    }

    fn resampled_by(
        &self,
        n_threads: usize,
        seed: u64,
        n_resamples: usize,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Resampled, Refusal> {
        let mut source = Draws::new(seed);
        let mut streams: Vec<Draws> = (0..n_resamples).map(|_| source.fork()).collect();
        let n_each = n_resamples.div_ceil(n_threads).max(1);
        let parts = thread::scope(|scope| {
            let mut parts = streams.chunks_mut(n_each);
            let own = parts.next();
            let others: Vec<_> = parts
                .map(|part| scope.spawn(move || self.said(part, stop)))
                .collect();
            let own = own.map(|part| self.said(part, stop));
            let others = others
                .into_iter()
                .map(|other| other.join().expect("no resample panics"));
            own.into_iter().chain(others).collect::<Vec<_>>()
        });
        let mut found = Resampled::new(self.n_attributes);
        for part in parts {
            for (fit, best_quartiles) in part?.into_iter().flatten() {
                found.push(&fit, &best_quartiles);
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

    /// Returns what the resample of each stream says.
    fn said(
        &self,
        streams: &mut [Draws],
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Vec<Said>, Refusal> {
        let mut times = Vec::with_capacity(self.sizes.iter().sum());
        let mut said = Vec::with_capacity(streams.len());
        for draws in streams {
            if stop() {
                return Err(Refusal::Stopped);
            }
            self.draw(draws, &mut times);
            let fit = Fit::of(&self.rows.moments(&times));
            said.push(fit.map(|fit| (fit, self.orders.quantiles(&times))));
        }
        Ok(said)
    }

    /// Draws persons with replacement: how often each row is there.
    fn draw(&self, draws: &mut Draws, times: &mut Vec<u32>) {
        let mut persons = vec![0; self.sizes.len()];
        for _ in 0..self.sizes.len() {
            persons[draws.position(self.sizes.len())] += 1;
        }
        times.clear();
        for (size, n) in self.sizes.iter().zip(persons) {
            times.resize(times.len() + size, n);
        }
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

    fn push(&mut self, fit: &Fit, best_quartiles: &[f64]) {
        self.r_squared.push(fit.r_squared);
        keep(&mut self.shares, &fit.shares());
        keep(&mut self.slopes, &fit.slopes);
        keep(&mut self.gains, &fit.gains(best_quartiles));
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
    fn the_number_of_threads_changes_no_number() {
        let column = |by: u32| -> Vec<f64> { (0..90).map(|at| f64::from(at * by % 11)).collect() };
        let columns = [column(3), column(7), column(4)];
        let (rows, sizes) = (Rows::of(&columns), [2; 45]);
        let orders = Orders::of(&columns[..2], &[0.75, 0.25]);
        let urn = Urn {
            rows: &rows,
            orders: &orders,
            sizes: &sizes,
            n_attributes: 2,
        };
        let by = |n_threads| urn.resampled_by(n_threads, 5, 31, &|| false).expect("told");
        let one = by(1);
        assert_eq!(one.r_squared.len(), 31);
        assert_ne!(one.r_squared[0], one.r_squared[1]);
        for n_threads in [2, 3, 40] {
            assert_eq!(one, by(n_threads));
        }
    }

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
