//! Where a series moved to another level, how surely, and what happened then.

use std::ops::Range;

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::partition::partition;
use super::point::{Answers, DISTANCE_TO_DEVIATION, Point, Track, real_u64};
use super::trend::{POINTS_MIN, Trend};
use crate::statistic::{mean, real};

/// Points of the shortest level.
const LEVEL_POINTS_MIN: usize = 4;

/// Price of a shift, in variances of one point times the logarithm of their number. The textbook
/// 2 sees shifts in 7 to 13 of 100 series that have none, 3 in 1 to 5.
const PRICE: f64 = 3.0;

/// p of the pooled answers below which a shift is confirmed.
const CONFIRMED_BELOW: f64 = 0.01;

/// Events named with one shift.
pub const EVENTS_MAX: usize = 3;

/// The difference between the answers of two stretches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Later minus earlier.
    pub value: f64,
    /// Two-sided p of no difference.
    pub p: f64,
}

/// Compares the pooled answers of two stretches of buckets, earlier and later, given by places in
/// the slice; `None` where no test is defined. The metric owns it: see [`welch`] for means.
pub type Test<'a> = dyn Fn(Range<usize>, Range<usize>) -> Option<Difference> + 'a;

/// Something that happened in one bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Place of its bucket in the slice.
    pub position: usize,
    /// What it was.
    pub name: String,
}

/// A move to another level.
#[derive(Debug, Clone, PartialEq)]
pub struct Shift {
    /// Place of the first bucket of the new level.
    pub position: usize,
    /// Place of the last bucket of the old level; gaps may lie between.
    pub last_before: usize,
    /// New level minus old: of the pooled answers, or of the points where they are not known.
    pub size: f64,
    /// Two-sided p of the pooled answers; `None` where no test is defined.
    pub p: Option<f64>,
    /// Whether the pooled answers differ at 99 %; else the shift is only possible.
    pub is_confirmed: bool,
    /// What happened around it, nearest first, at most [`EVENTS_MAX`].
    pub events: Vec<String>,
}

/// Returns the shifts of a series, in time order; none of too few points.
#[must_use]
pub fn shifts(points: &[Point], test: &Test<'_>, events: &[Event]) -> Vec<Shift> {
    let track = Track::new(points);
    if track.n() < POINTS_MIN {
        return Vec::new();
    }
    let deviation = track.mean_distance().unwrap_or_default() / DISTANCE_TO_DEVIATION;
    let penalty = PRICE * deviation * deviation * real(track.n()).ln();
    let cuts = partition(&track.values, penalty, LEVEL_POINTS_MIN);
    let mut ends = cuts.clone();
    ends.push(track.n());
    let mut begin = 0;
    let mut found = Vec::new();
    for (cut, end) in cuts.into_iter().zip(ends.into_iter().skip(1)) {
        found.push(judged(&track, begin..cut, cut..end, test, events));
        begin = cut;
    }
    found
}

/// Whether a series goes its way steadily: a straight line leaves less unexplained than the levels
/// between its shifts, which are then steps of the trend.
pub(super) fn is_steady(points: &[Point], trend: &Trend, shifts: &[Shift]) -> bool {
    let Some(slope) = trend.slope.filter(|_| trend.is_told()) else {
        return false;
    };
    let track = Track::new(points);
    let squares = |values: &[f64]| -> f64 {
        let centre = mean(values).unwrap_or_default();
        values.iter().map(|x| (x - centre) * (x - centre)).sum()
    };
    let tilted = track.positions.iter().zip(&track.values);
    let tilted: Vec<f64> = tilted.map(|(at, x)| x - slope.value * real(*at)).collect();
    let cut = |shift: &Shift| track.positions.partition_point(|at| *at < shift.position);
    let mut ends: Vec<usize> = shifts.iter().map(cut).collect();
    ends.push(track.n());
    let mut begin = 0;
    let mut levels = 0.0;
    for end in ends {
        levels += squares(&track.values[begin..end]);
        begin = end;
    }
    squares(&tilted) <= levels
}

/// Puts a possible shift between two levels to the test.
fn judged(
    track: &Track,
    before: Range<usize>,
    after: Range<usize>,
    test: &Test<'_>,
    events: &[Event],
) -> Shift {
    let places =
        |level: &Range<usize>| track.positions[level.start]..track.positions[level.end - 1] + 1;
    let level = |level: &Range<usize>| mean(&track.values[level.clone()]).unwrap_or_default();
    let difference = test(places(&before), places(&after));
    let p = difference.map(|difference| difference.p);
    let last_before = track.positions[before.end - 1];
    let position = track.positions[after.start];
    let near = near(last_before..position + 2, position, events);
    Shift {
        position,
        last_before,
        size: difference.map_or_else(
            || level(&after) - level(&before),
            |difference| difference.value,
        ),
        p,
        is_confirmed: p.is_some_and(|p| p < CONFIRMED_BELOW),
        events: near.into_iter().map(|event| event.name.clone()).collect(),
    }
}

/// Returns the events from the last bucket of the old level to the second of the new one: what
/// moves people is felt from its own bucket or the next, and the least squares may miss the bucket
/// by one. Nearest to `position` first.
fn near(window: Range<usize>, position: usize, events: &[Event]) -> Vec<&Event> {
    let mut near: Vec<&Event> = events
        .iter()
        .filter(|event| window.contains(&event.position))
        .collect();
    near.sort_by_key(|event| event.position.abs_diff(position));
    near.truncate(EVENTS_MAX);
    near
}

/// Compares the pooled answers of two stretches of means; `None` where the spread of an answer is
/// not known, or a stretch has fewer than two.
///
/// # Source
/// Welch 1947; degrees of freedom of Satterthwaite.
#[must_use]
pub fn welch(points: &[Point], before: Range<usize>, after: Range<usize>) -> Option<Difference> {
    let earlier = Moments::new(points.get(before)?)?;
    let later = Moments::new(points.get(after)?)?;
    let value = later.mean - earlier.mean;
    let (one, other) = (earlier.variance / earlier.n, later.variance / later.n);
    let error = (one + other).sqrt();
    if error <= 0.0 {
        let p = if value == 0.0 { 1.0 } else { 0.0 };
        return Some(Difference { value, p });
    }
    let freedom = error.powi(4) / (one * one / (earlier.n - 1.0) + other * other / (later.n - 1.0));
    let student = StudentsT::new(0.0, 1.0, freedom).ok()?;
    let p = (2.0 * student.sf((value / error).abs())).min(1.0);
    Some(Difference { value, p })
}

/// Mean and variance of pooled answers.
struct Moments {
    n: f64,
    mean: f64,
    variance: f64,
}

impl Moments {
    fn new(points: &[Point]) -> Option<Self> {
        let told = points
            .iter()
            .filter_map(|point| Some((point, point.value?)));
        let told: Vec<(&Point, f64)> = told.collect();
        let n: f64 = told.iter().map(|(point, _)| real_u64(point.n)).sum();
        if n < 2.0 {
            return None;
        }
        let sum: f64 = told.iter().map(|(point, x)| real_u64(point.n) * x).sum();
        let mean = sum / n;
        let mut squares = 0.0;
        for (point, value) in told {
            let Answers::Spread { deviation } = point.answers else {
                return None;
            };
            let n = real_u64(point.n);
            squares += (n - 1.0).max(0.0) * deviation * deviation + n * (value - mean).powi(2);
        }
        let variance = squares / (n - 1.0);
        variance.is_finite().then_some(Self { n, mean, variance })
    }
}

#[cfg(test)]
mod tests;
