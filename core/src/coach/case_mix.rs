//! Ratings beside what anybody's tickets of the same kinds would have got.

use std::collections::BTreeMap;

use crate::statistic::Z_95;

use super::comparison::{Comparison, Estimate};
use super::funnel::{Funnel, Point, funnel};
use super::heterogeneity::{Measured, between_variance};
use super::normal::normal_cdf;
use super::strata::Strata;
use super::tally::{Cell, Tally, real};

/// Agents or teams beside what their tickets would have got from anybody.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseMix {
    /// Share of positive ratings of all, 0..=1; `None` without ratings.
    pub team_rate: Option<f64>,
    /// Variance between true differences, 0 where they differ by chance alone.
    pub tau_squared: f64,
    /// What can be said of them.
    pub comparison: Comparison,
    /// Those with ratings, by name.
    pub peers: Vec<Adjusted>,
}

/// One agent or team after case mix.
#[derive(Debug, Clone, PartialEq)]
pub struct Adjusted {
    /// Who.
    pub name: String,
    /// Its ratings.
    pub tally: Tally,
    /// Share that anybody's tickets of these kinds get, 0..=1.
    pub expected_rate: f64,
    /// Own share less the expected one, −1..=1: the value that a training is judged by.
    pub difference: f64,
    /// Variance that chance gives the difference.
    pub variance: f64,
    /// The team's share plus the difference, within 0..=1: the height in the funnel.
    pub rate: f64,
    /// The share to show: the team's plus the difference drawn towards 0.
    pub headline: Estimate,
}

impl CaseMix {
    /// Returns the funnel of the adjusted shares.
    #[must_use]
    pub fn funnel(&self) -> Funnel {
        let point = |peer: &Adjusted| Point {
            name: peer.name.clone(),
            rate: peer.rate,
            n: peer.tally.n(),
        };
        funnel(&self.peers.iter().map(point).collect::<Vec<_>>())
    }

    /// Returns one agent or team.
    #[must_use]
    pub fn peer(&self, name: &str) -> Option<&Adjusted> {
        self.peers.iter().find(|peer| peer.name == name)
    }
}

/// Returns everybody's ratings beside those that their kinds of tickets usually get.
///
/// # Source
/// Differences from indirect standardisation, with the random effects of DerSimonian and Laird 1986;
/// not the ratio of observed to expected, which is unstable where little is expected.
#[must_use]
pub fn case_mix(cells: &[Cell<'_>]) -> CaseMix {
    against(&Strata::new(cells), cells)
}

/// Returns everybody's cells beside strata that may be of more cells than these.
pub(super) fn against(strata: &Strata<'_>, cells: &[Cell<'_>]) -> CaseMix {
    let measured = sums_by(strata, cells.iter().map(|cell| (cell.name, *cell)));
    let spread: Vec<Measured> = measured.values().map(Sums::measured).collect();
    let tau_squared = between_variance(&spread);
    let comparison = Comparison::new(measured.len(), tau_squared);
    let team_rate = strata.rate();
    let adjusted = |(name, sums): (&str, Sums)| {
        sums.adjusted(name, team_rate.unwrap_or_default(), tau_squared, comparison)
    };
    CaseMix {
        team_rate,
        tau_squared,
        comparison,
        peers: measured.into_iter().map(adjusted).collect(),
    }
}

/// Returns what the cells of each key add up to beside what they would have got from anybody.
pub(super) fn sums_by<'a, K: Ord>(
    strata: &Strata<'_>,
    cells: impl Iterator<Item = (K, Cell<'a>)>,
) -> BTreeMap<K, Sums> {
    let mut sorted: Vec<(K, Cell<'_>)> = cells.filter(|(_, cell)| cell.tally.n() > 0).collect();
    // Sums of floats depend on their order; the answer must not depend on that of the rows.
    sorted.sort_by_key(|(_, cell)| {
        let Tally {
            n_positive,
            n_negative,
        } = cell.tally;
        (cell.channel, cell.category, n_positive, n_negative)
    });
    let mut sums: BTreeMap<K, Sums> = BTreeMap::new();
    for (key, cell) in sorted {
        let expected = strata.expected(&cell);
        let n = real(cell.tally.n());
        let known = sums.entry(key).or_default();
        known.tally = [known.tally, cell.tally].into_iter().sum();
        known.expected += n * expected;
        known.variance += n * expected * (1.0 - expected);
    }
    sums
}

/// What some cells add up to; at least one rating.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    tally: Tally,
    expected: f64,
    variance: f64,
}

impl Sums {
    /// Returns the number of ratings.
    pub(super) fn n(&self) -> f64 {
        real(self.tally.n())
    }

    /// Returns the difference from what was expected.
    pub(super) fn measured(&self) -> Measured {
        let n = self.n();
        Measured {
            effect: (real(self.tally.n_positive) - self.expected) / n,
            variance: self.variance / (n * n),
        }
    }

    fn adjusted(self, name: &str, team: f64, tau_squared: f64, comparison: Comparison) -> Adjusted {
        let Measured { effect, variance } = self.measured();
        Adjusted {
            name: name.to_owned(),
            tally: self.tally,
            expected_rate: self.expected / self.n(),
            difference: effect,
            variance,
            rate: (team + effect).clamp(0.0, 1.0),
            headline: match comparison {
                Comparison::Nobody | Comparison::TooFew { .. } => Estimate::as_rated(self.tally),
                Comparison::Differ if variance > 0.0 => drawn(team, effect, variance, tau_squared),
                // Tickets that everybody solves, or nobody, tell nothing of who held them.
                Comparison::Differ | Comparison::NoDifference => Estimate::as_team(team),
            },
        }
    }
}

/// Returns the team's share plus the difference drawn towards 0.
fn drawn(team: f64, difference: f64, variance: f64, tau_squared: f64) -> Estimate {
    let Belief { mean, error } = Belief::of(difference, variance, tau_squared);
    let within = |share: f64| share.clamp(0.0, 1.0);
    Estimate {
        value: within(team + mean),
        interval: Some((
            within(team + mean - Z_95 * error),
            within(team + mean + Z_95 * error),
        )),
        above_team: Some(normal_cdf(mean / error)),
    }
}

/// What is believed of a difference, given how much differences vary.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Belief {
    pub(super) mean: f64,
    pub(super) error: f64,
}

impl Belief {
    /// Both variances are above 0.
    pub(super) fn of(difference: f64, variance: f64, tau_squared: f64) -> Self {
        let trust = tau_squared / (tau_squared + variance);
        Self {
            mean: trust * difference,
            error: (trust * variance).sqrt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cell<'a>(name: &'a str, category: &'a str, n_positive: u64, n: u64) -> Cell<'a> {
        Cell {
            name,
            channel: "mail",
            category,
            tally: Tally {
                n_positive,
                n_negative: n - n_positive,
            },
        }
    }

    /// Five agents who solve easy tickets at 90 % and hard ones at 50 %, in different mixes.
    fn equal_skill() -> Vec<Cell<'static>> {
        ["a", "b", "c", "d", "e"]
            .into_iter()
            .zip([(10, 50), (20, 40), (30, 30), (40, 20), (50, 10)])
            .flat_map(|(name, (easy, hard))| {
                [
                    cell(name, "easy", easy * 9, easy * 10),
                    cell(name, "hard", hard, hard * 2),
                ]
            })
            .collect()
    }

    #[test]
    fn the_mix_of_tickets_is_nobodys_merit() {
        let found = case_mix(&equal_skill());
        assert_eq!(found.comparison, Comparison::NoDifference);
        for peer in &found.peers {
            assert!(peer.difference.abs() < 1e-12, "{peer:?}");
            assert_eq!(peer.headline, Estimate::as_team(found.team_rate.unwrap()));
        }
        let raw: Vec<f64> = found
            .peers
            .iter()
            .map(|peer| peer.tally.rate().unwrap())
            .collect();
        assert!(raw[4] - raw[0] > 0.1, "the raw shares differ: {raw:?}");
    }

    #[test]
    fn differences_by_hand() {
        // One stratum of 200 at 60 %: differences +-0.2 and 0, each with variance 0.24/40.
        let cells = [
            cell("a", "x", 32, 40),
            cell("b", "x", 16, 40),
            cell("c", "x", 24, 40),
            cell("d", "x", 24, 40),
            cell("e", "x", 24, 40),
        ];
        let found = case_mix(&cells);
        // Sample variance 0.08/4 less 0.006.
        assert!(
            (found.tau_squared - 0.014).abs() < 1e-12,
            "{}",
            found.tau_squared
        );
        let first = &found.peers[0];
        assert!((first.expected_rate - 0.6).abs() < 1e-12);
        assert!((first.difference - 0.2).abs() < 1e-12 && (first.variance - 0.006).abs() < 1e-12);
        assert!((first.headline.value - (0.6 + 0.7 * 0.2)).abs() < 1e-12);
        let (low, high) = first.headline.interval.unwrap();
        assert!((high - low - 2.0 * Z_95 * (0.7_f64 * 0.006).sqrt()).abs() < 1e-12);
        // z = 0.14 / sqrt(0.0042) = 2.1602.
        assert!((first.headline.above_team.unwrap() - 0.984_62).abs() < 1e-4);
    }

    #[test]
    fn who_cannot_be_compared_is_not() {
        assert_eq!(case_mix(&[]).comparison, Comparison::Nobody);
        let four: Vec<Cell<'_>> = ["a", "b", "c", "d"]
            .map(|name| cell(name, "x", 9, 10))
            .to_vec();
        let found = case_mix(&four);
        assert_eq!(found.comparison, Comparison::TooFew { n_peers: 4 });
        assert_eq!(
            found.peers[0].headline.interval.map(|(_, high)| high < 1.0),
            Some(true)
        );
        for share in [0, 40] {
            let same = ["a", "b", "c", "d", "e", "f"].map(|name| cell(name, "x", share, 40));
            let found = case_mix(&same);
            assert_eq!(found.comparison, Comparison::NoDifference);
            assert_eq!(found.peers[0].headline.value, real(share) / 40.0);
        }
    }

    #[test]
    fn tickets_that_everybody_solves_tell_nothing() {
        let mut cells: Vec<Cell<'_>> = ["a", "b", "c", "d", "e"]
            .into_iter()
            .zip([90, 20, 50, 60, 40])
            .map(|(name, n_positive)| cell(name, "x", n_positive, 100))
            .collect();
        cells.push(cell("f", "always", 50, 50));
        let found = case_mix(&cells);
        assert_eq!(found.comparison, Comparison::Differ);
        let easy = found.peer("f").unwrap();
        assert_eq!(easy.headline, Estimate::as_team(found.team_rate.unwrap()));
        assert_eq!((easy.difference, easy.variance), (0.0, 0.0));
    }

    proptest! {
        #[test]
        fn any_ratings_in_any_order_give_the_same_finite_numbers(
            counts in prop::collection::vec((0_u8..9, 0_u8..3, 0_u64..80, 0_u64..80), 0..60),
            turn in 0_usize..60,
        ) {
            const NAMES: [&str; 9] = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
            let mut cells: Vec<Cell<'_>> = counts
                .iter()
                .map(|(name, category, n_positive, n_negative)| {
                    let category = ["x", "y", "z"][usize::from(*category)];
                    cell(NAMES[usize::from(*name)], category, *n_positive, n_positive + n_negative)
                })
                .collect();
            let found = case_mix(&cells);
            let len = cells.len().max(1);
            if !cells.is_empty() {
                cells.rotate_left(turn % len);
            }
            cells.reverse();
            prop_assert_eq!(&found, &case_mix(&cells));
            let team = found.team_rate.unwrap_or_default();
            for peer in &found.peers {
                prop_assert!(peer.difference.abs() <= 1.0 && (0.0..=1.0).contains(&peer.rate));
                let value = peer.headline.value;
                prop_assert!((0.0..=1.0).contains(&value));
                if found.comparison == Comparison::Differ {
                    let (low, high) = (team.min(peer.rate), team.max(peer.rate));
                    prop_assert!(value >= low - 1e-12 && value <= high + 1e-12);
                }
                if let Some((low, high)) = peer.headline.interval {
                    prop_assert!(0.0 <= low && low <= high && high <= 1.0);
                }
            }
        }
    }
}
