//! What is counted of an agent or a team.

use std::iter::Sum;

use crate::statistic::Proportion;

/// Ratings by whether they were positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// How many were positive.
    pub n_positive: u64,
    /// How many were not.
    pub n_negative: u64,
}

impl Tally {
    /// Returns the number of ratings.
    #[must_use]
    pub fn n(self) -> u64 {
        self.n_positive.saturating_add(self.n_negative)
    }

    /// Returns the share of positive ratings, 0..=1; `None` without ratings.
    #[must_use]
    pub fn rate(self) -> Option<f64> {
        (self.n() > 0).then(|| real(self.n_positive) / real(self.n()))
    }

    /// Returns the 95 % interval of the share by Wilson; `None` without ratings.
    #[must_use]
    pub fn interval(self) -> Option<(f64, f64)> {
        let n = real(self.n());
        Proportion::new(real(self.n_positive), n, n).map(Proportion::interval)
    }
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), |all, one| Self {
            n_positive: all.n_positive.saturating_add(one.n_positive),
            n_negative: all.n_negative.saturating_add(one.n_negative),
        })
    }
}

/// The ratings of one agent or team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer<'a> {
    /// Who; ratings of one name add up.
    pub name: &'a str,
    /// Its ratings.
    pub tally: Tally,
}

/// The ratings of one agent or team in one stratum of tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell<'a> {
    /// Who held the ticket when the survey was sent.
    pub name: &'a str,
    /// Channel of the tickets; an unknown one is a channel of its own.
    pub channel: &'a str,
    /// Category of the tickets; an unknown one is a category of its own.
    pub category: &'a str,
    /// The ratings.
    pub tally: Tally,
}

/// Returns a count as a number.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
pub(super) fn real(count: u64) -> f64 {
    count as f64
}
