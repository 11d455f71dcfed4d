//! Elapsed times: which seconds of them count, and which of them an interval around a quantile
//! needs.

use std::sync::Arc;

use jiff::Timestamp;

use super::Span;

/// The 97.5 % quantile of the normal distribution.
const Z_95: f64 = 1.959_963_984_540_054;
/// How many ranks on either side of a rough one are kept: what the normal distribution is off by.
const RANKS_BESIDE: u64 = 3;
/// Microseconds of a second.
const MICROS: f64 = 1e6;

/// The seconds between two instants of a row; a row without one of them, or with the later one
/// first, has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elapsed {
    /// Time column at which it begins.
    pub from: &'static str,
    /// Time column at which it ends.
    pub to: &'static str,
    /// Number column in which a source gives the business seconds itself.
    pub business_s: &'static str,
}

/// Which seconds of an elapsed time count.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Clock {
    /// All of them.
    #[default]
    Calendar,
    /// Business seconds: those the source gives, else those within the openings; without openings,
    /// all of them.
    Business(Option<Arc<Openings>>),
}

/// Instants at which a desk is open: sorted, disjoint spans.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Openings(Vec<Span>);

impl Openings {
    /// Returns the openings that these spans make; empty ones and what an earlier one covers are
    /// left out.
    #[must_use]
    pub fn new(mut spans: Vec<Span>) -> Self {
        spans.sort_by_key(|span| span.start);
        let mut kept: Vec<Span> = Vec::with_capacity(spans.len());
        for mut span in spans {
            if let Some(last) = kept.last() {
                span.start = span.start.max(last.end);
            }
            if span.start < span.end {
                kept.push(span);
            }
        }
        Self(kept)
    }

    /// Returns the spans in time order.
    #[must_use]
    pub fn spans(&self) -> &[Span] {
        &self.0
    }

    /// Returns the open seconds between two instants, 0 when the second is not later.
    #[must_use]
    pub fn seconds(&self, from: Timestamp, to: Timestamp) -> f64 {
        let first_idx = self.0.partition_point(|span| span.end <= from);
        let open_us: i64 = self.0[first_idx..]
            .iter()
            .take_while(|span| span.start < to)
            .map(|span| {
                let (start, end) = (span.start.max(from), span.end.min(to));
                (end.as_microsecond() - start.as_microsecond()).max(0)
            })
            .sum();
        seconds(open_us)
    }
}

/// Returns microseconds as seconds.
#[expect(
    clippy::cast_precision_loss,
    reason = "a century of microseconds is exact"
)]
#[must_use]
pub fn seconds(micros: i64) -> f64 {
    micros as f64 / MICROS
}

/// Some of a set of numbers in ascending order: all that the quantiles asked for and their 95 %
/// intervals can need, however many there are.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Order {
    /// Numbers in the set.
    pub n: u64,
    /// How many of them are business seconds.
    pub n_business: u64,
    /// Neighbours in the order, each with the rank of the first, counted from 1.
    pub runs: Vec<Run>,
}

/// Numbers that follow each other in an ascending order.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Rank of the first one, counted from 1.
    pub first: u64,
    /// The numbers, ascending; at least one.
    pub values: Vec<f64>,
}

impl Order {
    /// Returns the order of numbers that are sorted already, for these quantiles.
    #[must_use]
    pub fn of_sorted(numbers: &[f64], n_business: u64, quantiles: &[f64]) -> Self {
        let n = numbers.len() as u64;
        let runs = quantiles
            .iter()
            .flat_map(|p| Window::around(*p))
            .filter(|_| n > 0)
            .map(|window| {
                let (first, last) = window.ranks(n);
                let idx = |rank: u64| usize::try_from(rank).unwrap_or(usize::MAX);
                Run {
                    first,
                    values: numbers[idx(first - 1)..idx(last)].to_vec(),
                }
            });
        Self {
            n,
            n_business,
            runs: runs.collect(),
        }
    }

    /// Returns the number at a rank counted from 1; `None` when it is not among those kept.
    #[must_use]
    pub fn at(&self, rank: u64) -> Option<f64> {
        self.runs.iter().find_map(|run| {
            let idx = usize::try_from(rank.checked_sub(run.first)?).ok()?;
            run.values.get(idx).copied()
        })
    }
}

/// A few neighbouring ranks: `n * share + sqrt(n) * slope`, and some on either side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Part of the rank that grows with the number of values.
    pub share: f64,
    /// Part of the rank that grows with its root.
    pub slope: f64,
}

impl Window {
    /// Ranks on either side of the rough one.
    pub const BESIDE: u64 = RANKS_BESIDE;

    /// Returns the ranks that the quantile `p` of type 7 and the ends of its 95 % interval lie in.
    #[must_use]
    pub fn around(p: f64) -> [Self; 3] {
        let slope = Z_95 * (p * (1.0 - p)).sqrt();
        [-slope, 0.0, slope].map(|slope| Self { share: p, slope })
    }

    /// Returns the first and the last rank among `n` numbers, of which there is at least one.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts stay far below 2^53, and a negative rank is the first"
    )]
    pub fn ranks(self, n: u64) -> (u64, u64) {
        let middle = (n as f64 * self.share + (n as f64).sqrt() * self.slope).floor() as i64;
        let beside = RANKS_BESIDE as i64;
        let rank = |rank: i64| (rank.max(1) as u64).min(n);
        (rank(middle - beside), rank(middle + beside))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn span(start: i64, end: i64) -> Span {
        Span {
            start: at(start),
            end: at(end),
        }
    }

    #[test]
    fn openings_are_sorted_and_never_count_twice() {
        let openings = Openings::new(vec![
            span(50, 60),
            span(10, 20),
            span(15, 30),
            span(16, 18),
            span(70, 70),
        ]);
        assert_eq!(openings.spans(), [span(10, 20), span(20, 30), span(50, 60)]);
    }

    #[test]
    fn only_open_seconds_count() {
        let openings = Openings::new(vec![span(10, 20), span(30, 40)]);
        let check = |from, to, expected: f64| {
            assert_eq!(openings.seconds(at(from), at(to)), expected, "{from}..{to}");
        };
        check(0, 5, 0.0);
        check(0, 15, 5.0);
        check(12, 14, 2.0);
        check(0, 100, 20.0);
        check(20, 30, 0.0);
        check(19, 31, 2.0);
        check(40, 50, 0.0);
        check(35, 12, 0.0);
    }

    #[test]
    fn a_few_ranks_are_kept_of_many() {
        let numbers: Vec<f64> = (1..=100_000).map(f64::from).collect();
        let order = Order::of_sorted(&numbers, 7, &[0.5, 0.9]);
        assert_eq!((order.n, order.n_business), (100_000, 7));
        let n_kept: usize = order.runs.iter().map(|run| run.values.len()).sum();
        assert_eq!(n_kept, 6 * 7);
        for rank in [50_000, 50_001, 90_000, 90_001, 49_691, 50_310] {
            assert_eq!(order.at(rank), Some(rank as f64));
        }
        assert_eq!(order.at(1), None);
        assert_eq!(order.at(0), None);
        assert_eq!(Order::of_sorted(&[], 0, &[0.5]).runs, []);
        assert_eq!(Order::of_sorted(&[4.0], 0, &[0.5]).at(1), Some(4.0));
    }
}
