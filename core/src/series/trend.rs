//! Whether a series rises or falls: Mann-Kendall that allows for neighbours being alike.

use statrs::function::erf::erfc;

use super::Context;
use super::point::{Point, Track};
use crate::statistic::{mean, real};

/// Points below which nothing is said.
pub const POINTS_MIN: usize = 12;

/// Full seasons below which a season cannot be told from a trend.
const SEASONS_MIN: usize = 3;

/// p below which chance is unlikely.
const SIGNIFICANCE: f64 = 0.05;

/// The 97.5 % quantile of the normal distribution.
const Z_95: f64 = 1.959_963_984_540_054;

/// Likeness of neighbours beyond which no further inflation is computed.
const LIKENESS_MAX: f64 = 0.95;

/// Share of a series' squares below which what a line leaves is rounding.
const ROUNDING: f64 = 1e-18;

/// Where a series goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It rises, by more than chance and by enough to matter.
    Rising,
    /// It falls, by more than chance and by enough to matter.
    Falling,
    /// Neither can be told.
    NotSeen,
    /// There are too few points to say anything.
    NotEnough,
}

impl Verdict {
    /// Returns the word of an answer: `rising`, `falling`, `no trend seen`, `not enough`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rising => "rising",
            Self::Falling => "falling",
            Self::NotSeen => "no trend seen",
            Self::NotEnough => "not enough",
        }
    }
}

/// What is known of a season.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Season {
    /// The buckets have none.
    None,
    /// Each point was compared with its own season only.
    Removed,
    /// Too little history to tell a season from a trend.
    NotAssessable,
}

/// How steep a series is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slope {
    /// Median slope between points, in units of the metric a bucket.
    pub value: f64,
    /// Its 95 % interval; `None` where points say so little that no slope can be excluded.
    pub interval: Option<(f64, f64)>,
    /// Two-sided p of no trend.
    pub p: f64,
}

/// Where a series goes, how steeply and how surely.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// In one word.
    pub verdict: Verdict,
    /// `None` where there is not enough.
    pub slope: Option<Slope>,
    /// Points it rests on.
    pub n_points: usize,
    /// Buckets from the first of them to the last.
    pub n_buckets: usize,
    /// Whether a season was taken out.
    pub season: Season,
}

impl Trend {
    /// Whether it rises or falls.
    #[must_use]
    pub fn is_told(&self) -> bool {
        matches!(self.verdict, Verdict::Rising | Verdict::Falling)
    }
}

/// Says where a series goes.
///
/// # Source
/// Mann 1945 with ties; variance inflated for likeness of neighbours in the form of Yue and Wang
/// 2004, with the lag-1 correlation of the detrended values corrected for small samples; slope and
/// interval of Sen 1968, the interval with the inflated variance; seasons as in Hirsch and Slack
/// 1984.
#[must_use]
pub fn trend(points: &[Point], context: &Context) -> Trend {
    let track = Track::new(points);
    let period = context.period.filter(|period| *period > 1);
    let season = match period {
        None => Season::None,
        Some(period) if track.spans(SEASONS_MIN, period, 0) => Season::Removed,
        Some(_) => Season::NotAssessable,
    };
    let n_classes = period.filter(|_| season == Season::Removed).unwrap_or(1);
    let slope = slope(&track, n_classes);
    let verdict = slope.map_or(Verdict::NotEnough, |slope| {
        let move_of_all = slope.value * real(track.n_buckets() - 1);
        let matters = move_of_all.abs() >= context.relevant_change && slope.value != 0.0;
        match slope.p < SIGNIFICANCE && matters {
            true if slope.value > 0.0 => Verdict::Rising,
            true => Verdict::Falling,
            false => Verdict::NotSeen,
        }
    });
    Trend {
        verdict,
        slope,
        n_points: track.n(),
        n_buckets: track.n_buckets(),
        season,
    }
}

/// Mann-Kendall's sum, its variance for independent points, and all slopes between them.
#[derive(Default)]
struct Sums {
    s: f64,
    variance: f64,
    slopes: Vec<f64>,
}

impl Sums {
    /// Adds points that may be compared with each other.
    fn add(&mut self, positions: &[usize], values: &[f64]) {
        for (idx, later) in values.iter().enumerate() {
            for (before, earlier) in values[..idx].iter().enumerate() {
                let gap = later - earlier;
                // The sign of zero is not zero.
                self.s += if gap == 0.0 { 0.0 } else { gap.signum() };
                let distance = real(positions[idx] - positions[before]);
                self.slopes.push(gap / distance);
            }
        }
        let weight = |n: usize| real(n) * real(n.saturating_sub(1)) * real(2 * n + 5);
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let tied: f64 = sorted
            .chunk_by(|left, right| left == right)
            .map(|tie| weight(tie.len()))
            .sum();
        self.variance += (weight(values.len()) - tied) / 18.0;
    }
}

/// Tests and measures a slope over points that are compared within `n_classes` seasons; `None` of
/// too few points, or too few pairs of one season.
fn slope(track: &Track, n_classes: usize) -> Option<Slope> {
    let mut sums = Sums::default();
    for class in 0..n_classes {
        let members = (0..track.n()).filter(|&idx| track.positions[idx] % n_classes == class);
        let (positions, values): (Vec<usize>, Vec<f64>) = members
            .map(|idx| (track.positions[idx], track.values[idx]))
            .unzip();
        sums.add(&positions, &values);
    }
    if track.n() < POINTS_MIN || sums.slopes.len() < POINTS_MIN {
        return None;
    }
    let middle = real(sums.slopes.len() - 1) / 2.0;
    let value = ranked(&mut sums.slopes, middle);
    let likeness = likeness(track, &residuals(track, value, n_classes));
    let deviation = (sums.variance * inflation(track.n(), likeness)).sqrt();
    let z = match deviation > 0.0 && sums.s != 0.0 {
        true => (sums.s - sums.s.signum()) / deviation,
        false => 0.0,
    };
    Some(Slope {
        value,
        interval: interval(&mut sums.slopes, deviation),
        p: erfc(z.abs() / std::f64::consts::SQRT_2),
    })
}

/// Returns what the slope leaves of each point, less the mean of its season.
fn residuals(track: &Track, slope: f64, n_classes: usize) -> Vec<f64> {
    let flat = |idx: usize| track.values[idx] - slope * real(track.positions[idx]);
    let mut left: Vec<f64> = (0..track.n()).map(flat).collect();
    for class in 0..n_classes {
        let of_class = |&idx: &usize| track.positions[idx] % n_classes == class;
        let members: Vec<f64> = (0..left.len()).filter(of_class).map(|i| left[i]).collect();
        let centre = mean(&members).unwrap_or_default();
        for idx in (0..left.len()).filter(of_class) {
            left[idx] -= centre;
        }
    }
    left
}

/// Returns the correlation of neighbours, corrected for the bias of few points, 0..=0.95.
fn likeness(track: &Track, residuals: &[f64]) -> f64 {
    let squares: f64 = residuals.iter().map(|left| left * left).sum();
    let centre = mean(&track.values).unwrap_or_default();
    let all: f64 = track.values.iter().map(|x| (x - centre).powi(2)).sum();
    let followers = track.followers();
    let raw = match squares > ROUNDING * all.max(centre * centre) && !followers.is_empty() {
        true => {
            let products = followers.iter();
            let product: f64 = products
                .map(|&idx| residuals[idx] * residuals[idx - 1])
                .sum();
            // As if no neighbour were missing.
            product / real(followers.len()) * real(track.n() - 1) / squares
        }
        false => 0.0,
    };
    let n = real(track.n());
    ((n * raw + 2.0) / (n - 4.0)).clamp(0.0, LIKENESS_MAX)
}

/// Returns how much likeness of neighbours widens the variance of the sum.
fn inflation(n: usize, likeness: f64) -> f64 {
    let mut power = 1.0;
    let mut sum = 0.0;
    for lag in 1..n {
        power *= likeness;
        sum += (1.0 - real(lag) / real(n)) * power;
    }
    1.0 + 2.0 * sum
}

/// Returns the slopes between which the true one lies.
fn interval(slopes: &mut [f64], deviation: f64) -> Option<(f64, f64)> {
    let half = Z_95 * deviation;
    let low = (real(slopes.len()) - half) / 2.0 - 1.0;
    let high = (real(slopes.len()) + half) / 2.0;
    (low >= 0.0).then(|| (ranked(slopes, low), ranked(slopes, high)))
}

/// Returns the value at a rank from 0, linear between two, without sorting the rest.
fn ranked(slopes: &mut [f64], rank: f64) -> f64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank of the list, not negative"
    )]
    let below = (rank.floor() as usize).min(slopes.len() - 1);
    let (_, low, rest) = slopes.select_nth_unstable_by(below, f64::total_cmp);
    let low = *low;
    let next = rest.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
    // Adding zero turns -0 into 0.
    low + (next - low) * (rank - real(below)).clamp(0.0, 1.0) + 0.0
}

#[cfg(test)]
mod tests;
