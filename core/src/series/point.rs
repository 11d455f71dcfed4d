//! The buckets of a series, and which of them count.

use crate::statistic::{mean, real};

/// Answers below which a bucket is a gap.
pub const ANSWERS_MIN: u64 = 10;

/// Buckets of the past that are looked at: twenty years of weeks; earlier ones are gaps.
pub const BUCKETS_MAX: usize = 1_040;

/// Size from which a value is no measurement: below it squares stay numbers.
const SIZE_MAX: f64 = 1e100;

/// What a share of one is in the units of its metric: percent and Net Promoter points alike.
const WHOLE: f64 = 100.0;

/// Turns the mean distance of neighbours into a standard deviation (d2 of two values).
pub(super) const DISTANCE_TO_DEVIATION: f64 = 1.128;

/// One complete bucket; its place in the slice is its place in time, so that gaps stay gaps.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Point {
    /// `2026-W23`, `2026-06`, …; how texts name it.
    pub label: String,
    /// The metric; `None` where nobody answered, or where it is hidden.
    pub value: Option<f64>,
    /// Answers it rests on.
    pub n: u64,
    /// What is known of those answers.
    pub answers: Answers,
}

impl Point {
    /// Returns the value if it rests on enough answers to count.
    fn usable(&self) -> Option<f64> {
        self.value
            .filter(|value| value.abs() < SIZE_MAX && self.n >= ANSWERS_MIN)
    }
}

/// What is known of the answers behind one value.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Answers {
    /// Nothing but their number.
    #[default]
    Counted,
    /// The value is a percentage.
    Share {
        /// Answers that hit; the rest missed.
        hits: u64,
    },
    /// The value is the share of one class less that of another, times 100.
    Classes {
        /// Answers that add (promoters).
        plus: u64,
        /// Answers that take away (detractors).
        minus: u64,
    },
    /// The value is their mean.
    Spread {
        /// Standard deviation of the answers, with n − 1.
        deviation: f64,
    },
}

/// The points of a series that count, in time order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Track {
    /// Places in the slice.
    pub(super) positions: Vec<usize>,
    /// Values there.
    pub(super) values: Vec<f64>,
}

impl Track {
    pub(super) fn new(points: &[Point]) -> Self {
        let first = points.len().saturating_sub(BUCKETS_MAX);
        let usable = points.iter().enumerate().skip(first);
        let (positions, values) = usable
            .filter_map(|(position, point)| Some((position, point.usable()?)))
            .unzip();
        Self { positions, values }
    }

    pub(super) fn n(&self) -> usize {
        self.values.len()
    }

    /// Buckets from the first point to the last, both counted.
    pub(super) fn n_buckets(&self) -> usize {
        match (self.positions.first(), self.positions.last()) {
            (Some(first), Some(last)) => last - first + 1,
            _ => 0,
        }
    }

    /// Returns the indices whose point has its predecessor one bucket before; of all but the first
    /// where gaps leave fewer than half of them.
    pub(super) fn followers(&self) -> Vec<usize> {
        let all = 1..self.n();
        let close: Vec<usize> = all
            .clone()
            .filter(|&idx| self.positions[idx] == self.positions[idx - 1] + 1)
            .collect();
        match 2 * close.len() < all.len() {
            true => all.collect(),
            false => close,
        }
    }

    /// Returns the mean distance between neighbours; `None` of fewer than two points.
    pub(super) fn mean_distance(&self) -> Option<f64> {
        let distances = self.followers().into_iter();
        let distances: Vec<f64> = distances
            .map(|idx| (self.values[idx] - self.values[idx - 1]).abs())
            .collect();
        mean(&distances)
    }

    /// Whether it reaches over that many seasons and buckets.
    pub(super) fn spans(&self, n_seasons: usize, period: usize, n_more: usize) -> bool {
        self.n_buckets() >= n_seasons.saturating_mul(period).saturating_add(n_more)
    }

    /// Returns the points `from..to`, counted by points.
    pub(super) fn part(&self, from: usize, to: usize) -> Self {
        Self {
            positions: self.positions[from..to].to_vec(),
            values: self.values[from..to].to_vec(),
        }
    }
}

/// The classes of many answers, pooled; a share has hits and no class that takes away.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Pool {
    n: f64,
    plus: f64,
    minus: f64,
}

impl Pool {
    /// Pools points; `None` where one of them does not say its classes.
    pub(super) fn new<'a>(points: impl IntoIterator<Item = &'a Point>) -> Option<Self> {
        let mut pool = Self::default();
        for point in points {
            let (plus, minus) = match point.answers {
                Answers::Share { hits } => (hits, 0),
                Answers::Classes { plus, minus } => (plus, minus),
                Answers::Counted | Answers::Spread { .. } => return None,
            };
            pool.n += real_u64(point.n);
            pool.plus += real_u64(plus);
            pool.minus += real_u64(minus);
        }
        (pool.n > 0.0).then_some(pool)
    }

    /// The metric over all of them.
    pub(super) fn value(self) -> f64 {
        WHOLE * (self.plus - self.minus) / self.n
    }

    /// The standard deviation of one answer, in units of the metric.
    pub(super) fn deviation(self) -> f64 {
        let (plus, minus) = (self.plus / self.n, self.minus / self.n);
        let variance = plus + minus - (plus - minus) * (plus - minus);
        WHOLE * variance.max(0.0).sqrt()
    }
}

/// Returns a number of answers as a number.
pub(super) fn real_u64(count: u64) -> f64 {
    real(usize::try_from(count).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::testing::{shares, values};

    #[test]
    fn few_answers_and_numbers_that_are_none_are_gaps() {
        let mut points = values(&[1.0, f64::NAN, f64::INFINITY, 4.0, 5.0, -1e300]);
        points[3].n = ANSWERS_MIN - 1;
        points.push(Point::default());
        let track = Track::new(&points);
        assert_eq!(track.positions, [0, 4]);
        assert_eq!((track.n(), track.n_buckets()), (2, 5));
        assert_eq!(Track::new(&[]).n_buckets(), 0);
    }

    #[test]
    fn only_the_last_twenty_years_count() {
        let points = values(&vec![1.0; BUCKETS_MAX + 3]);
        let track = Track::new(&points);
        assert_eq!((track.n(), track.positions[0]), (BUCKETS_MAX, 3));
    }

    #[test]
    fn neighbours_are_one_bucket_apart_unless_gaps_leave_too_few() {
        let mut points = values(&[1.0, 2.0, 4.0, 8.0, 16.0]);
        points[2].value = None;
        let track = Track::new(&points);
        assert_eq!(track.followers(), [1, 3]);
        assert_eq!(track.mean_distance(), Some(4.5));
        points[1].value = None;
        points[4].value = None;
        assert_eq!(Track::new(&points).followers(), [1]);
        assert_eq!(Track::new(&points[..1]).mean_distance(), None);
    }

    #[test]
    fn pooled_classes_weigh_every_answer_alike() {
        let pool = Pool::new(&shares(&[(10, 100), (30, 100)])).expect("classes");
        assert!((pool.value() - 20.0).abs() < 1e-12);
        assert!((pool.deviation() - 40.0).abs() < 1e-12);
        let classes = Point {
            value: Some(20.0),
            n: 100,
            answers: Answers::Classes {
                plus: 50,
                minus: 30,
            },
            ..Point::default()
        };
        let pool = Pool::new([&classes]).expect("classes");
        // 0.5 + 0.3 - 0.2^2 is 0.76.
        assert!((pool.deviation() - 100.0 * 0.76_f64.sqrt()).abs() < 1e-12);
        assert_eq!(Pool::new(&values(&[1.0])), None);
        assert_eq!(Pool::new([]), None);
    }
}
