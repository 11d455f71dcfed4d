//! Shares of few ratings, drawn towards the team by as much as chance explains.

use std::collections::BTreeMap;

use super::comparison::{Comparison, Estimate};
use super::posterior::Posterior;
use super::tally::{Peer, Tally, real};

/// Greatest correlation within a peer: the prior keeps a thousandth of a rating.
const RHO_MAX: f64 = 0.999;

/// Peers beside their team.
#[derive(Debug, Clone, PartialEq)]
pub struct Shrinkage {
    /// Share of positive ratings of all, 0..=1; `None` without ratings.
    pub team_rate: Option<f64>,
    /// Correlation of two ratings of one peer, 0 where they differ by chance alone.
    pub rho: f64,
    /// What can be said of them.
    pub comparison: Comparison,
    /// Those with ratings, by name.
    pub peers: Vec<Shrunk>,
}

/// One peer's share.
#[derive(Debug, Clone, PartialEq)]
pub struct Shrunk {
    /// Who.
    pub name: String,
    /// Its ratings.
    pub tally: Tally,
    /// The share to show.
    pub estimate: Estimate,
}

/// Returns each peer's share, drawn towards that of all.
///
/// # Source
/// Beta-binomial empirical Bayes by the moments of Kleinman 1973.
#[must_use]
pub fn shrinkage(peers: &[Peer<'_>]) -> Shrinkage {
    let rated = by_name(peers);
    let all: Tally = rated.values().copied().sum();
    let rho = correlation(&rated, all);
    let comparison = Comparison::new(rated.len(), rho);
    let team_rate = all.rate();
    let shrunk = |(name, tally): (&str, Tally)| Shrunk {
        name: name.to_owned(),
        tally,
        estimate: estimate(tally, team_rate.unwrap_or_default(), rho, comparison),
    };
    Shrinkage {
        team_rate,
        rho,
        comparison,
        peers: rated.into_iter().map(shrunk).collect(),
    }
}

/// Returns the ratings of each name that has any.
fn by_name<'a>(peers: &[Peer<'a>]) -> BTreeMap<&'a str, Tally> {
    let mut rated: BTreeMap<&str, Tally> = BTreeMap::new();
    for peer in peers.iter().filter(|peer| peer.tally.n() > 0) {
        let known = rated.entry(peer.name).or_default();
        *known = [*known, peer.tally].into_iter().sum();
    }
    rated
}

fn correlation(rated: &BTreeMap<&str, Tally>, all: Tally) -> f64 {
    let Some(p) = all.rate().filter(|p| *p > 0.0 && *p < 1.0) else {
        return 0.0;
    };
    let n = real(all.n());
    let freedom = crate::statistic::real(rated.len()) - 1.0;
    let tallies = || {
        rated
            .values()
            .filter_map(|tally| Some((real(tally.n()), tally.rate()?)))
    };
    let spread: f64 = tallies()
        .map(|(n_own, own)| n_own * (own - p).powi(2))
        .sum();
    let squares: f64 = tallies().map(|(n_own, _)| n_own * n_own).sum();
    let scale = n - squares / n - freedom;
    // Where everybody has one rating, nothing repeats and nothing is known of a correlation.
    match scale > 1e-9 * n {
        true => ((spread / (p * (1.0 - p)) - freedom) / scale).clamp(0.0, RHO_MAX),
        false => 0.0,
    }
}

fn estimate(tally: Tally, team_rate: f64, rho: f64, comparison: Comparison) -> Estimate {
    match comparison {
        Comparison::Nobody | Comparison::TooFew { .. } => Estimate::as_rated(tally),
        Comparison::NoDifference => Estimate::as_team(team_rate),
        Comparison::Differ => {
            let n_prior = (1.0 - rho) / rho;
            let belief = Posterior::new(
                team_rate * n_prior + real(tally.n_positive),
                (1.0 - team_rate) * n_prior + real(tally.n_negative),
            );
            Estimate {
                value: belief.mean(),
                interval: Some(belief.interval()),
                above_team: Some(belief.above(team_rate)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tally(n_positive: u64, n: u64) -> Tally {
        Tally {
            n_positive,
            n_negative: n - n_positive,
        }
    }

    fn named(tallies: &[Tally]) -> Vec<(String, Tally)> {
        let name = |(idx, tally): (usize, &Tally)| (format!("agent {idx:02}"), *tally);
        tallies.iter().enumerate().map(name).collect()
    }

    fn of(tallies: &[Tally]) -> Shrinkage {
        let named = named(tallies);
        let peers: Vec<Peer<'_>> = named
            .iter()
            .map(|(name, tally)| Peer {
                name,
                tally: *tally,
            })
            .collect();
        shrinkage(&peers)
    }

    /// Hits of 18 batters in their first 45 at-bats of 1970 (Efron and Morris 1975).
    const HITS: [u64; 18] = [
        18, 17, 16, 15, 14, 14, 13, 12, 11, 11, 10, 10, 10, 10, 10, 9, 8, 7,
    ];

    #[test]
    fn eighteen_batters_differ_as_published() {
        let found = of(&HITS.map(|hits| tally(hits, 45)));
        let p = found.team_rate.unwrap();
        assert!((p - 0.2654).abs() < 5e-5);
        // With equal n the estimate of rho is a line in the chi-square of the 18 shares, and the
        // published factor of James and Stein, 0.212, is 1 - 15 / chi-square when the variance is
        // that of the shares.
        let chi_square = found.rho * (810.0 - 45.0 - 17.0) + 17.0;
        assert!(
            (1.0 - 15.0 / chi_square - 0.212).abs() < 5e-4,
            "{chi_square}"
        );
        // Prior and answers written out: M = (1 - rho)/rho, mean (x + p M)/(45 + M).
        let n_prior = (1.0 - found.rho) / found.rho;
        let best = &found.peers[0];
        let expected = (18.0 + p * n_prior) / (45.0 + n_prior);
        assert!((best.estimate.value - expected).abs() < 1e-12);
        assert!(best.estimate.above_team.unwrap() > 0.5);
        assert!(found.peers[17].estimate.above_team.unwrap() < 0.5);
    }

    #[test]
    fn kleinman_by_hand() {
        // p = 0.5; S = 2 * 10 * 0.16 = 3.2, over p(1-p) 12.8; less 4; over 50 - 10 - 4.
        let found = of(&[
            tally(9, 10),
            tally(1, 10),
            tally(5, 10),
            tally(5, 10),
            tally(5, 10),
        ]);
        assert!((found.rho - 8.8 / 36.0).abs() < 1e-12, "{}", found.rho);
        let first = found.peers[0].estimate;
        let n_prior = (1.0 - found.rho) / found.rho;
        assert!((first.value - (9.0 + n_prior / 2.0) / (10.0 + n_prior)).abs() < 1e-12);
    }

    fn check(tallies: &[Tally], comparison: Comparison, shown: Option<f64>) {
        let found = of(tallies);
        assert_eq!(found.comparison, comparison, "{tallies:?}");
        assert_eq!(
            found.peers.first().map(|peer| peer.estimate.value),
            shown,
            "{tallies:?}"
        );
    }

    #[test]
    fn who_cannot_be_compared_is_not() {
        check(&[], Comparison::Nobody, None);
        check(&[tally(0, 0)], Comparison::Nobody, None);
        check(
            &[tally(3, 4)],
            Comparison::TooFew { n_peers: 1 },
            Some(0.75),
        );
        check(
            &[tally(9, 10); 4],
            Comparison::TooFew { n_peers: 4 },
            Some(0.9),
        );
        check(&[tally(9, 10); 5], Comparison::NoDifference, Some(0.9));
        check(&[tally(0, 10); 6], Comparison::NoDifference, Some(0.0));
        check(&[tally(10, 10); 6], Comparison::NoDifference, Some(1.0));
        // One rating each: nothing repeats.
        let singles = [
            tally(1, 1),
            tally(0, 1),
            tally(1, 1),
            tally(1, 1),
            tally(0, 1),
        ];
        check(&singles, Comparison::NoDifference, Some(0.6));
    }

    #[test]
    fn four_are_shown_as_rated() {
        let found = of(&[tally(15, 148), tally(1, 2), tally(2, 2), tally(0, 3)]);
        let (low, high) = found.peers[0].estimate.interval.unwrap();
        assert!((low - 0.0624).abs() < 5e-5 && (high - 0.1605).abs() < 5e-5);
        assert_eq!(found.peers[0].estimate.above_team, None);
    }

    #[test]
    fn names_that_come_twice_add_up() {
        let peer = |name, tally| Peer { name, tally };
        let found = shrinkage(&[
            peer("b", tally(1, 2)),
            peer("a", tally(1, 1)),
            peer("b", tally(2, 2)),
        ]);
        assert_eq!(found.peers[1].tally, tally(3, 4));
    }

    #[test]
    fn opposite_extremes_and_huge_counts_stay_finite() {
        let opposite = of(&[
            tally(0, 9),
            tally(9, 9),
            tally(0, 9),
            tally(9, 9),
            tally(0, 9),
        ]);
        assert_eq!(opposite.rho, RHO_MAX);
        let huge = 1 << 52;
        let found = of(&[
            tally(huge, huge),
            tally(huge / 2, huge),
            tally(0, 1),
            tally(1, 1),
            tally(0, 2),
        ]);
        for peer in opposite.peers.iter().chain(&found.peers) {
            let (low, high) = peer.estimate.interval.unwrap();
            assert!(
                low.is_finite() && low <= high && peer.estimate.value.is_finite(),
                "{peer:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_shrunken_share_lies_between_own_and_team_whatever_the_order(
            counts in prop::collection::vec((0_u64..60, 0_u64..60), 5..20),
            turn in 0_usize..20,
        ) {
            let tallies: Vec<Tally> = counts
                .iter()
                .map(|(n_positive, n_negative)| Tally { n_positive: *n_positive, n_negative: *n_negative })
                .collect();
            let named = named(&tallies);
            let mut peers: Vec<Peer<'_>> =
                named.iter().map(|(name, tally)| Peer { name, tally: *tally }).collect();
            let found = shrinkage(&peers);
            let len = peers.len();
            peers.rotate_left(turn % len);
            prop_assert_eq!(&found, &shrinkage(&peers));
            let team = found.team_rate.unwrap_or_default();
            for peer in &found.peers {
                let own = peer.tally.rate().unwrap();
                let value = peer.estimate.value;
                prop_assert!(value >= own.min(team) - 1e-12 && value <= own.max(team) + 1e-12);
                if let Some((low, high)) = peer.estimate.interval {
                    prop_assert!(0.0 <= low && low <= high && high <= 1.0);
                }
            }
        }
    }
}
