//! Drivers: which ratings go with the outcome, how much of it each stands for, and how sure.

use crate::statistic::real;

use super::estimate::Estimate;
use super::fit::Fit;
use super::moment::{Moments, Rows};
use super::order::Orders;
use super::rating::{Complete, Ratings};
use super::refusal::Refusal;
use super::resample::{Resampled, Urn};
use super::weight::Collinear;

/// Times that persons are drawn again for the intervals.
pub const RESAMPLES: usize = 1_000;

/// Fewest persons that are drawn again: the intervals of fewer are too narrow (Cameron, Gelbach
/// and Miller 2008).
const PERSONS_MIN: usize = 30;

/// Share of resamples in which the first driver must be first to be called so.
const FIRST_RATIO_MIN: f64 = 0.95;

/// What goes with the outcome. "Goes with", never "causes".
#[derive(Debug, Clone, PartialEq)]
pub struct Drivers {
    /// The weightiest first; those alike in the order given.
    pub drivers: Vec<Driver>,
    /// Attributes without a weight because everybody rates them alike, or nobody does; they may
    /// matter much.
    pub constant: Vec<String>,
    /// Part of the outcome's variance that goes with all drivers together.
    pub r_squared: Estimate,
    /// Answers that rate the outcome and every driver.
    pub n_rows: usize,
    /// Answers with an outcome that leave some driver unrated.
    pub n_incomplete: usize,
    /// Persons who gave the complete answers.
    pub n_persons: usize,
}

/// One attribute and what goes with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Driver {
    /// How it is called.
    pub name: String,
    /// Its part of R²; those of all drivers sum to it.
    pub weight: f64,
    /// `weight` as a share of R²; those of all drivers sum to 1.
    pub share: Estimate,
    /// Correlation with the outcome alone, −1..=1: its sign is the driver's direction.
    pub correlation: f64,
    /// Points of the outcome for one point of the attribute, all others held.
    pub slope: Estimate,
    /// The slope surely points the other way than the correlation: it mostly corrects what others
    /// say.
    pub is_suppressor: bool,
    /// Points of the outcome if its mean reached its best quartile, all others held; never to be
    /// summed over drivers.
    pub gain: Estimate,
    /// Mean rating.
    pub mean: f64,
    /// The quartile of the ratings at their better end: the third where a higher one is better.
    pub best_quartile: f64,
    /// 95 % interval of its rank, 1 for the weightiest.
    pub ranks: (usize, usize),
    /// Share of resamples in which it is the weightiest.
    pub first_ratio: f64,
    /// Share of R² by the second opinion, the mean over all orders of attributes; `None` of more
    /// than twelve.
    pub dominance_share: Option<f64>,
}

impl Drivers {
    /// Returns the share of the answers with an outcome that are complete, 0..=1.
    #[must_use]
    pub fn complete_ratio(&self) -> f64 {
        real(self.n_rows) / real(self.n_rows + self.n_incomplete).max(1.0)
    }

    /// Returns the driver that is surely the first: in at least 95 % of the resamples, and by the
    /// second opinion too where there is one.
    #[must_use]
    pub fn leader(&self) -> Option<&Driver> {
        let first = self.drivers.first()?;
        let dominance = |driver: &Driver| driver.dominance_share.unwrap_or_default();
        let is_greatest = |other: &Driver| dominance(other) <= dominance(first);
        let is_sure = first.first_ratio >= FIRST_RATIO_MIN && self.drivers.iter().all(is_greatest);
        is_sure.then_some(first)
    }
}

/// Returns what goes with the outcome of answers, asking `stop` between resamples.
///
/// The same answers and seed give the same numbers, whatever the order of the answers.
///
/// # Errors
/// When the answers do not tell; the reason says what would help.
///
/// # Panics
/// When the columns differ in length.
///
/// # Source
/// Relative weights: Johnson 2000; intervals: bootstrap of Tonidandel, LeBreton and Johnson 2009,
/// with persons drawn instead of answers.
pub fn drivers(
    ratings: &Ratings<'_>,
    seed: u64,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Drivers, Refusal> {
    resampled_drivers(ratings, seed, RESAMPLES, stop)
}

fn resampled_drivers(
    ratings: &Ratings<'_>,
    seed: u64,
    n_resamples: usize,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Drivers, Refusal> {
    let complete = ratings.complete()?;
    if complete.sizes.len() < PERSONS_MIN {
        return Err(Refusal::TooFewPersons {
            n_persons: complete.sizes.len(),
            needed: PERSONS_MIN,
        });
    }
    let rows = Rows::of(&complete.columns);
    let once = vec![1; complete.n_rows];
    let sample = Sample::of(ratings, &complete, &rows.moments(&once))?;
    let best = |at: &usize| match ratings.attributes[*at].is_lower_better {
        false => 0.75,
        true => 0.25,
    };
    let best: Vec<f64> = complete.kept.iter().map(best).collect();
    let orders = Orders::of(&complete.columns[..complete.kept.len()], &best);
    let urn = Urn {
        rows: &rows,
        orders: &orders,
        sizes: &complete.sizes,
        n_attributes: complete.kept.len(),
    };
    let resampled = urn.resampled(seed, n_resamples, stop)?;
    let best_quartiles = orders.quantiles(&once);
    Ok(told(
        ratings,
        &complete,
        &sample,
        &best_quartiles,
        &resampled,
    ))
}

/// What the answers themselves say, before any is drawn again.
struct Sample {
    fit: Fit,
    dominance: Option<Vec<f64>>,
}

impl Sample {
    fn of(ratings: &Ratings<'_>, complete: &Complete, moments: &Moments) -> Result<Self, Refusal> {
        let n_rows = complete.n_rows;
        let nothing = Refusal::NothingExplained { n_rows };
        let Some((_, correlations)) = moments.attributes() else {
            return Err(nothing);
        };
        correlations.weights().map_err(
            |Collinear {
                 involved,
                 eigenvalue,
             }| {
                let name = |at: usize| ratings.attributes[complete.kept[at]].name.to_owned();
                Refusal::Collinear {
                    attributes: involved.into_iter().map(name).collect(),
                    eigenvalue,
                }
            },
        )?;
        Ok(Self {
            fit: Fit::of(moments).ok_or(nothing)?,
            dominance: correlations.dominance(),
        })
    }
}

fn told(
    ratings: &Ratings<'_>,
    complete: &Complete,
    sample: &Sample,
    best_quartiles: &[f64],
    resampled: &Resampled,
) -> Drivers {
    let Sample { fit, dominance } = sample;
    let (shares, gains) = (fit.shares(), fit.gains(best_quartiles));
    let slope = |at: usize| Estimate::percentile(fit.slopes[at], &resampled.slopes[at]);
    let told = |at: usize| Driver {
        name: ratings.attributes[complete.kept[at]].name.to_owned(),
        weight: fit.weights[at],
        share: Estimate::percentile(shares[at], &resampled.shares[at]),
        correlation: fit.correlations[at],
        slope: slope(at),
        // Of two alike the slope of one is often below zero by chance alone.
        is_suppressor: fit.slopes[at] * fit.correlations[at] < 0.0 && !slope(at).holds(0.0),
        gain: Estimate::percentile(gains[at], &resampled.gains[at]),
        mean: fit.means[at],
        best_quartile: best_quartiles[at],
        ranks: resampled.rank_interval(at),
        first_ratio: resampled.first_ratio(at),
        dominance_share: dominance.as_ref().map(|added| added[at] / fit.r_squared),
    };
    let mut drivers: Vec<Driver> = (0..complete.kept.len()).map(told).collect();
    drivers.sort_by(|one, other| other.weight.total_cmp(&one.weight));
    let is_constant = |at: &usize| !complete.kept.contains(at);
    Drivers {
        drivers,
        constant: (0..ratings.attributes.len())
            .filter(is_constant)
            .map(|at| ratings.attributes[at].name.to_owned())
            .collect(),
        r_squared: Estimate::percentile(fit.r_squared, &resampled.r_squared),
        n_rows: complete.n_rows,
        n_incomplete: complete.n_answered - complete.n_rows,
        n_persons: complete.sizes.len(),
    }
}

#[cfg(test)]
mod tests;
