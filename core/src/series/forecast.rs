//! What comes next: the model that was least wrong so far, with bands as wide as it was wrong.

use super::Context;
use super::point::{Point, Track};
use super::smoother::{Candidate, SEED_POINTS, SEED_SEASONS};
use crate::statistic::mean;

/// Points below which nothing is forecast.
pub const FORECAST_POINTS_MIN: usize = 24;

/// Buckets ahead, at most.
pub const HORIZON_MAX: usize = 6;

/// Past errors of one horizon below which the fan stops.
const ERRORS_MIN: usize = 5;

/// Seasons that a model of trend and season needs.
const HOLT_WINTERS_SEASONS: usize = 3;

/// Share by which errors must differ to be told apart.
const ROUNDING: f64 = 1e-9;

/// How a value is foreseen; the simpler first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Model {
    /// The last value.
    Naive,
    /// The value of one season before.
    SeasonalNaive,
    /// A smoothed level.
    Exponential,
    /// A smoothed level and a trend that fades.
    DampedHolt,
    /// A smoothed level, trend and additive season.
    HoltWinters,
}

impl Model {
    const ALL: [Self; 5] = [
        Self::Naive,
        Self::SeasonalNaive,
        Self::Exponential,
        Self::DampedHolt,
        Self::HoltWinters,
    ];

    /// Returns what a text calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Naive => "last value",
            Self::SeasonalNaive => "last season",
            Self::Exponential => "exponential smoothing",
            Self::DampedHolt => "damped Holt",
            Self::HoltWinters => "Holt-Winters",
        }
    }

    const fn is_seasonal(self) -> bool {
        matches!(self, Self::SeasonalNaive | Self::HoltWinters)
    }
}

/// One bucket ahead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Place of the bucket, from the end of the slice on.
    pub position: usize,
    /// What is expected.
    pub value: f64,
    /// Where four of five such forecasts end.
    pub band_80: (f64, f64),
    /// Where nineteen of twenty do; `None` until there were enough forecasts to tell.
    pub band_95: Option<(f64, f64)>,
}

/// The next buckets.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// The model that was least wrong.
    pub model: Model,
    /// Its mean absolute error over past origins, in mean distances of neighbours.
    pub mase: f64,
    /// The same of repeating the last value.
    pub naive_mase: f64,
    /// In time order, at most [`HORIZON_MAX`], at least one.
    pub steps: Vec<Step>,
}

/// What can be said of the next buckets.
#[derive(Debug, Clone, PartialEq)]
pub enum Outlook {
    /// A forecast that is better than repeating the last value.
    Told(Forecast),
    /// Too few points.
    NotEnough {
        /// Points there are; [`FORECAST_POINTS_MIN`] are needed.
        n_points: usize,
    },
    /// Nothing was better than repeating the last value.
    NoBetterThanLast,
    /// The last point is too long ago, or past forecasts too few to tell a band.
    TooFewErrors,
}

/// Foresees the next buckets.
///
/// # Source
/// Models: Hyndman and Athanasopoulos, Forecasting, chapter 8. Choice: mean absolute scaled error
/// of rolling origins, each model fitted to what was known at each origin. Bands: split conformal
/// for each horizon (Lei et al. 2018).
#[must_use]
pub fn forecast(points: &[Point], context: &Context) -> Outlook {
    let track = Track::new(points);
    if track.n() < FORECAST_POINTS_MIN {
        return Outlook::NotEnough {
            n_points: track.n(),
        };
    }
    let mut race = Race::new(&track, context.period.filter(|period| *period > 1));
    race.run(&track);
    let scale = track.mean_distance().unwrap_or_default();
    let Some(errors) = race.errors() else {
        return Outlook::TooFewErrors;
    };
    let best = least(&errors);
    if best == 0 || scale <= 0.0 {
        return Outlook::NoBetterThanLast;
    }
    let steps = race.runners[best].steps(&track, points.len(), context);
    match steps.is_empty() {
        true => Outlook::TooFewErrors,
        false => Outlook::Told(Forecast {
            model: race.runners[best].candidate.model,
            mase: errors[best] / scale,
            naive_mase: errors[0] / scale,
            steps,
        }),
    }
}

/// An absolute error of the past.
#[derive(Debug, Clone, Copy)]
struct Miss {
    size: f64,
    /// Whether every candidate had enough to train on: those alone are compared.
    is_common: bool,
}

/// A candidate and how wrong it was, by horizon.
struct Runner {
    candidate: Candidate,
    misses: [Vec<Miss>; HORIZON_MAX],
}

/// Candidates on their way through one series.
struct Race {
    runners: Vec<Runner>,
    /// Buckets of the past that seasonal models train on; 0 where there are none.
    season_training: usize,
}

impl Race {
    fn new(track: &Track, period: Option<usize>) -> Self {
        // Before that many origins a season would have too few errors to be judged by.
        let period = period.filter(|period| track.spans(SEED_SEASONS, *period, ERRORS_MIN));
        let season_training = period.map_or(0, |period| SEED_SEASONS * period);
        let period = period.unwrap_or(1);
        let may = |model: &Model| match model {
            Model::HoltWinters => track.spans(HOLT_WINTERS_SEASONS, period, 0),
            _ => true,
        };
        let models = Model::ALL
            .into_iter()
            .filter(|model| (period > 1 || !model.is_seasonal()) && may(model));
        let candidates = models.filter_map(|model| Candidate::new(model, track, period));
        let runners: Vec<Runner> = candidates
            .map(|candidate| Runner {
                candidate,
                misses: std::array::from_fn(|_| Vec::new()),
            })
            .collect();
        let is_seasonal = runners
            .iter()
            .any(|runner| runner.candidate.model.is_seasonal());
        Self {
            runners,
            season_training: if is_seasonal { season_training } else { 0 },
        }
    }

    /// Leads every candidate through the series, asking at each point for the next ones.
    fn run(&mut self, track: &Track) {
        let first = track.positions[0];
        let mut values = vec![None; track.n_buckets()];
        for (position, value) in track.positions.iter().zip(&track.values) {
            values[position - first] = Some(*value);
        }
        let mut n_seen = 0;
        for (at, value) in values.iter().enumerate() {
            let is_common = at + 1 >= self.season_training;
            n_seen += usize::from(value.is_some());
            let is_origin = value.is_some() && n_seen >= SEED_POINTS;
            for runner in &mut self.runners {
                runner.candidate.step(*value);
                if is_origin && (is_common || !runner.candidate.model.is_seasonal()) {
                    runner.miss(&values[at + 1..], is_common);
                }
            }
        }
    }

    /// Returns how wrong each runner was on average, the naive one first; `None` where they cannot
    /// be compared.
    fn errors(&self) -> Option<Vec<f64>> {
        self.runners.iter().map(Runner::mean_common).collect()
    }
}

/// Returns the index of the least error; the first of those that cannot be told apart.
fn least(errors: &[f64]) -> usize {
    let mut best = 0;
    for (idx, error) in errors.iter().enumerate() {
        if *error < errors[best] * (1.0 - ROUNDING) {
            best = idx;
        }
    }
    best
}

impl Runner {
    fn miss(&mut self, coming: &[Option<f64>], is_common: bool) {
        for (idx, value) in coming.iter().take(HORIZON_MAX).enumerate() {
            if let Some(value) = value {
                let size = (value - self.candidate.ahead(idx + 1)).abs();
                self.misses[idx].push(Miss { size, is_common });
            }
        }
    }

    fn mean_common(&self) -> Option<f64> {
        let common = self.misses.iter().flatten().filter(|miss| miss.is_common);
        mean(&common.map(|miss| miss.size).collect::<Vec<_>>())
    }

    /// Returns the buckets after the last of the slice, as far as past errors tell.
    fn steps(&self, track: &Track, n_buckets: usize, context: &Context) -> Vec<Step> {
        let last = track.positions[track.n() - 1];
        let (mut half_80, mut half_95) = (0.0_f64, 0.0_f64);
        let mut steps = Vec::new();
        for (idx, misses) in self.misses.iter().enumerate() {
            let mut sizes: Vec<f64> = misses.iter().map(|miss| miss.size).collect();
            sizes.sort_by(f64::total_cmp);
            let Some(width) = conformal(&sizes, 80).filter(|_| sizes.len() >= ERRORS_MIN) else {
                break;
            };
            // What is farther off is never surer.
            half_80 = half_80.max(width);
            let value = self.candidate.ahead(idx + 1);
            let band = |half: f64| (context.clip(value - half), context.clip(value + half));
            let band_95 = conformal(&sizes, 95).map(|width| {
                half_95 = half_95.max(width);
                band(half_95)
            });
            steps.push(Step {
                position: last + idx + 1,
                value: context.clip(value),
                band_80: band(half_80),
                band_95,
            });
        }
        steps.retain(|step| step.position >= n_buckets);
        steps
    }
}

/// Returns the width that holds the next error in `percent` of 100, from sorted errors; `None` of
/// too few.
fn conformal(sizes: &[f64], percent: usize) -> Option<f64> {
    let rank = ((sizes.len() + 1) * percent).div_ceil(100);
    sizes.get(rank.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests;
