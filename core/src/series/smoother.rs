//! Exponential smoothing with a level, a damped trend and an additive season; what repeats the
//! last value or the last season is a corner of it.

use super::Model;
use super::point::Track;
use crate::statistic::{mean, real};

/// Points that the first level and trend are taken from.
pub(super) const SEED_POINTS: usize = 8;

/// Seasons that the first season is taken from.
pub(super) const SEED_SEASONS: usize = 2;

const ALPHAS: [f64; 12] = [
    0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0,
];
const BETAS: [f64; 5] = [0.0, 0.02, 0.05, 0.15, 0.4];
const DAMPINGS: [f64; 3] = [0.8, 0.9, 0.98];
const GAMMAS: [f64; 4] = [0.02, 0.1, 0.25, 0.5];

/// How fast each part of a smoother follows what it sees.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Gains {
    level: f64,
    trend: f64,
    season: f64,
    /// Share of the trend that is left a bucket later.
    damping: f64,
}

/// A model with one set of gains, somewhere in its series.
#[derive(Debug, Clone, PartialEq)]
struct Smoother {
    gains: Gains,
    level: f64,
    trend: f64,
    /// By place modulo their number; one of zero where there is no season.
    seasons: Vec<f64>,
    /// Place of the next bucket.
    next: usize,
    /// Squared errors of what it said one bucket ahead.
    squares: f64,
}

impl Smoother {
    /// Takes the next bucket in; a gap lets the trend run on.
    fn step(&mut self, value: Option<f64>) {
        let place = self.next % self.seasons.len();
        let trend = self.gains.damping * self.trend;
        let error = value.map_or(0.0, |value| {
            value - (self.level + trend + self.seasons[place])
        });
        self.squares += error * error;
        self.level += trend + self.gains.level * error;
        self.trend = trend + self.gains.level * self.gains.trend * error;
        self.seasons[place] += self.gains.season * (1.0 - self.gains.level) * error;
        self.next += 1;
    }

    /// Returns what it says of the bucket `horizon` (from 1) ahead.
    fn ahead(&self, horizon: usize) -> f64 {
        let mut value = self.level;
        let mut trend = self.trend;
        for _ in 0..horizon {
            trend *= self.gains.damping;
            value += trend;
        }
        value + self.seasons[(self.next + horizon - 1) % self.seasons.len()]
    }
}

/// A model with all its sets of gains: at any time the one speaks that was least wrong so far, as
/// if it had been fitted to the past alone.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Candidate {
    pub(super) model: Model,
    smoothers: Vec<Smoother>,
}

impl Candidate {
    /// Readies a model for a series from its first buckets; `None` where a season that it needs
    /// is not seen in them.
    pub(super) fn new(model: Model, track: &Track, period: usize) -> Option<Self> {
        let (level, trend) = (0.0, 0.0);
        let seed = match model {
            Model::Naive => (level, trend, vec![0.0]),
            Model::Exponential => (mean(head(track).1)?, trend, vec![0.0]),
            Model::DampedHolt => {
                let (level, trend) = line(track)?;
                (level, trend, vec![0.0])
            }
            Model::SeasonalNaive => {
                seasons(track, period)?;
                (level, trend, vec![0.0; period])
            }
            Model::HoltWinters => seasons(track, period)?,
        };
        let first = *track.positions.first()?;
        let smoothers = gains(model).into_iter().map(|gains| Smoother {
            gains,
            level: seed.0,
            trend: seed.1,
            seasons: seed.2.clone(),
            next: first,
            squares: 0.0,
        });
        Some(Self {
            model,
            smoothers: smoothers.collect(),
        })
    }

    pub(super) fn step(&mut self, value: Option<f64>) {
        for smoother in &mut self.smoothers {
            smoother.step(value);
        }
    }

    pub(super) fn ahead(&self, horizon: usize) -> f64 {
        let best = self
            .smoothers
            .iter()
            .min_by(|left, right| left.squares.total_cmp(&right.squares));
        best.map_or(f64::NAN, |best| best.ahead(horizon))
    }
}

fn gains(model: Model) -> Vec<Gains> {
    let still = Gains {
        level: 0.0,
        trend: 0.0,
        season: 0.0,
        damping: 1.0,
    };
    let levels = || {
        ALPHAS
            .into_iter()
            .map(move |level| Gains { level, ..still })
    };
    let trends =
        || levels().flat_map(|gains| BETAS.into_iter().map(move |trend| Gains { trend, ..gains }));
    match model {
        Model::Naive => vec![Gains {
            level: 1.0,
            ..still
        }],
        Model::SeasonalNaive => vec![Gains {
            season: 1.0,
            ..still
        }],
        Model::Exponential => levels().collect(),
        Model::DampedHolt => trends()
            .flat_map(|gains| DAMPINGS.map(|damping| Gains { damping, ..gains }))
            .collect(),
        Model::HoltWinters => trends()
            .flat_map(|gains| GAMMAS.map(|season| Gains { season, ..gains }))
            .collect(),
    }
}

/// The first points of a series.
fn head(track: &Track) -> (&[usize], &[f64]) {
    let n = track.n().min(SEED_POINTS);
    (&track.positions[..n], &track.values[..n])
}

/// Returns the least-squares line through the first points: its height one bucket before the
/// first, and its slope.
fn line(track: &Track) -> Option<(f64, f64)> {
    let (positions, values) = head(track);
    let first = *positions.first()?;
    let times: Vec<f64> = positions.iter().map(|at| real(at - first)).collect();
    let (time, value) = (mean(&times)?, mean(values)?);
    let spread: f64 = times.iter().map(|at| (at - time).powi(2)).sum();
    let pairs = times.iter().zip(values);
    let product: f64 = pairs.map(|(at, x)| (at - time) * (x - value)).sum();
    let slope = if spread > 0.0 { product / spread } else { 0.0 };
    Some((value - slope * (time + 1.0), slope))
}

/// Returns level one bucket before the first, trend a bucket and season by place, from the first
/// two seasons; `None` where a season is never seen in them, or none is seen twice.
fn seasons(track: &Track, period: usize) -> Option<(f64, f64, Vec<f64>)> {
    let first = *track.positions.first()?;
    let pairs = track.positions.iter().zip(&track.values);
    let seed = pairs.take_while(|(at, _)| **at < first + SEED_SEASONS * period);
    let seed: Vec<(usize, f64)> = seed.map(|(at, value)| (*at, *value)).collect();
    let later = |at: usize| seed.iter().find(|(other, _)| *other == at + period);
    let steps = seed.iter().filter_map(|(at, x)| Some(later(*at)?.1 - x));
    let trend = mean(&steps.collect::<Vec<f64>>())? / real(period);
    let flat = |(at, x): &(usize, f64)| x - trend * real(at - first + 1);
    let mut seasons = vec![0.0; period];
    for (place, season) in seasons.iter_mut().enumerate() {
        let own = seed.iter().filter(|(at, _)| at % period == place);
        *season = mean(&own.map(flat).collect::<Vec<f64>>())?;
    }
    let level = mean(&seasons)?;
    for season in &mut seasons {
        *season -= level;
    }
    Some((level, trend, seasons))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::testing::{NILE, values};

    fn track(values_in: &[f64]) -> Track {
        Track::new(&values(values_in))
    }

    fn check(smoother: &mut Smoother, squares: f64, ahead: &[f64]) {
        for value in &NILE[..12] {
            smoother.step(Some(*value));
        }
        assert!(
            (smoother.squares - squares).abs() < 1e-5,
            "{}",
            smoother.squares
        );
        for (idx, expected) in ahead.iter().enumerate() {
            let found = smoother.ahead(idx + 1);
            assert!((found - expected).abs() < 1e-7, "{found} is not {expected}");
        }
    }

    // The expectations of the two were computed by statsmodels 0.14 (ExponentialSmoothing).

    #[test]
    fn a_damped_trend_is_holts() {
        let mut smoother = Smoother {
            gains: Gains {
                level: 0.3,
                trend: 0.4,
                season: 0.0,
                damping: 0.9,
            },
            level: 1_100.0,
            trend: 5.0,
            seasons: vec![0.0],
            next: 0,
            squares: 0.0,
        };
        let ahead = [1_047.631_918_63, 1_024.286_783_96, 1_003.276_162_75];
        check(&mut smoother, 379_240.134_421_239_2, &ahead);
    }

    #[test]
    fn an_additive_season_is_holts_and_winters() {
        let mut smoother = Smoother {
            gains: Gains {
                level: 0.3,
                trend: 0.4,
                season: 0.25,
                damping: 1.0,
            },
            level: 1_100.0,
            trend: 5.0,
            seasons: vec![10.0, -20.0, 30.0, -20.0],
            next: 0,
            squares: 0.0,
        };
        // It does not update the season of the last value; the fourth is from the recursions as
        // Winters wrote them.
        let ahead = [
            1_117.384_073_64,
            1_015.354_743_78,
            908.877_591_83,
            966.808_277_50,
        ];
        check(&mut smoother, 397_489.805_832_075_2, &ahead);
    }

    fn after(model: Model, series: &[f64], period: usize) -> Candidate {
        let mut candidate = Candidate::new(model, &track(series), period).expect("a model");
        for value in series {
            candidate.step(Some(*value));
        }
        candidate
    }

    #[test]
    fn the_naive_repeats_the_last_value_also_over_a_gap() {
        let mut naive = after(Model::Naive, &[3.0, 8.0, 5.0], 1);
        assert_eq!([naive.ahead(1), naive.ahead(6)], [5.0, 5.0]);
        naive.step(None);
        assert_eq!(naive.ahead(1), 5.0);
    }

    #[test]
    fn the_seasonal_naive_repeats_the_last_season() {
        let series = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 70.0, 80.0];
        let mut naive = after(Model::SeasonalNaive, &series, 4);
        assert_eq!(
            [1, 2, 3, 4, 5].map(|h| naive.ahead(h)),
            [5.0, 6.0, 70.0, 80.0, 5.0]
        );
        naive.step(None);
        assert_eq!(naive.ahead(4), 5.0);
    }

    #[test]
    fn a_line_is_met_by_a_trend_from_its_first_points_on() {
        let line: Vec<f64> = (0..20).map(|at| 10.0 + 2.0 * real(at)).collect();
        let (level, trend) = super::line(&track(&line)).expect("a line");
        assert!((level - 8.0).abs() < 1e-9 && (trend - 2.0).abs() < 1e-9);
        let damped = after(Model::DampedHolt, &line, 1);
        assert!((damped.ahead(1) - 50.0).abs() < 0.5, "{}", damped.ahead(1));
    }

    #[test]
    fn a_season_and_a_trend_are_taken_apart() {
        let season = [5.0, -3.0, 0.0, -2.0];
        let series: Vec<f64> = (0..16)
            .map(|at| 50.0 + 0.5 * real(at) + season[at % 4])
            .collect();
        let (level, trend, seasons) = super::seasons(&track(&series), 4).expect("seasons");
        assert!((level - 49.5).abs() < 1e-9 && (trend - 0.5).abs() < 1e-9);
        for (found, expected) in seasons.iter().zip(season) {
            assert!((found - expected).abs() < 1e-9);
        }
        let winters = after(Model::HoltWinters, &series, 4);
        assert!((winters.ahead(1) - 63.0).abs() < 1e-9);
    }

    #[test]
    fn a_season_never_seen_has_no_model() {
        let mut points = values(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
        points[1].value = None;
        points[5].value = None;
        let track = Track::new(&points);
        assert_eq!(Candidate::new(Model::HoltWinters, &track, 4), None);
        assert_eq!(Candidate::new(Model::SeasonalNaive, &track, 4), None);
        assert!(Candidate::new(Model::Exponential, &track, 4).is_some());
        assert_eq!(Candidate::new(Model::Naive, &Track::new(&[]), 1), None);
    }
}
