//! Reasons to say thank you that neither luck nor begging wins. Never for a raw average, never the
//! opposite of praise, and never in the order of who is best.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::band::{Band, N_RATINGS_MIN, Volume};
use super::case_mix::{Belief, CaseMix, against};
use super::comparison::N_PEERS_MIN;
use super::heterogeneity::{Measured, between_variance};
use super::normal::normal_cdf;
use super::strata::Strata;
use super::tally::Cell;

/// How sure a difference is that is worth a thank-you.
const PROBABILITY_MIN: f64 = 0.9;

/// Fewest periods of a streak.
pub const STREAK_MIN: usize = 4;

/// Someone who may be thanked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// Who.
    pub name: &'a str,
    /// Ratings and customers of the period.
    pub volume: Volume,
    /// Whether this person does not want to be shown.
    pub is_opted_out: bool,
}

fn eligible<'a>(candidates: &[Candidate<'a>]) -> BTreeSet<&'a str> {
    let is_eligible = |one: &&Candidate<'_>| one.volume.is_enough() && !one.is_opted_out;
    candidates
        .iter()
        .filter(is_eligible)
        .map(|one| one.name)
        .collect()
}

/// A customer's comment about a ticket that someone solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Praise<'a> {
    /// Who solved the ticket.
    pub name: &'a str,
    /// The comment's key.
    pub comment: &'a str,
    /// When, in any unit that grows with time.
    pub at: i64,
    /// Whether the rating it came with is positive.
    pub is_positive: bool,
    /// Different words for help in it, such as "explained" or "patient".
    pub n_help_terms: usize,
    /// Whether the rules of privacy let it be quoted.
    pub is_quotable: bool,
}

/// A comment to thank someone with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kudos {
    /// Who is thanked.
    pub name: String,
    /// The comment's key.
    pub comment: String,
}

/// Returns at most one comment a person, by name: the one that names most kinds of help, of those
/// the newest. A rating without words that name help is no reason, however many there are.
#[must_use]
pub fn kudos(praises: &[Praise<'_>], candidates: &[Candidate<'_>]) -> Vec<Kudos> {
    let eligible = eligible(candidates);
    let mut chosen: BTreeMap<&str, &Praise<'_>> = BTreeMap::new();
    let merit = |praise: &Praise<'_>| (praise.n_help_terms, praise.at);
    let is_kudos =
        |praise: &&Praise<'_>| praise.is_positive && praise.n_help_terms > 0 && praise.is_quotable;
    for praise in praises
        .iter()
        .filter(is_kudos)
        .filter(|praise| eligible.contains(praise.name))
    {
        let best = chosen.entry(praise.name).or_insert(praise);
        let is_better =
            (merit(praise), Reverse(praise.comment)) > (merit(best), Reverse(best.comment));
        if is_better {
            *best = praise;
        }
    }
    let thanks = |praise: &Praise<'_>| Kudos {
        name: praise.name.to_owned(),
        comment: praise.comment.to_owned(),
    };
    chosen.into_values().map(thanks).collect()
}

/// Someone who improved beside the colleagues.
#[derive(Debug, Clone, PartialEq)]
pub struct Improvement {
    /// Who.
    pub name: String,
    /// By how much, as a share, drawn towards 0.
    pub change: f64,
    /// How likely there is an improvement at all, 0..=1.
    pub probability: f64,
}

/// Returns whoever improved from one period to the next with a probability of 90 % or more, by
/// name; after case mix, so that easier tickets improve nobody. Both periods need the volume.
///
/// The prior is how much changes vary between colleagues: where all change alike, nobody stands out.
#[must_use]
pub fn improved(now: &CaseMix, before: &CaseMix, candidates: &[Candidate<'_>]) -> Vec<Improvement> {
    let eligible = eligible(candidates);
    let changes: Vec<(&str, Measured)> = now
        .peers
        .iter()
        .filter_map(|peer| {
            let earlier = before.peer(&peer.name)?;
            let is_enough = earlier.tally.n() >= N_RATINGS_MIN && peer.tally.n() >= N_RATINGS_MIN;
            let change = Measured {
                effect: peer.difference - earlier.difference,
                variance: peer.variance + earlier.variance,
            };
            is_enough.then_some((peer.name.as_str(), change))
        })
        .collect();
    if changes.len() < N_PEERS_MIN {
        return Vec::new();
    }
    let all: Vec<Measured> = changes.iter().map(|(_, change)| *change).collect();
    let tau_squared = between_variance(&all);
    let sure = |(name, change): (&str, Measured)| {
        let (mean, probability) = above_zero(change, tau_squared)?;
        (probability >= PROBABILITY_MIN).then(|| Improvement {
            name: name.to_owned(),
            change: mean,
            probability,
        })
    };
    let may = changes
        .into_iter()
        .filter(|(name, _)| eligible.contains(name));
    may.filter_map(sure).collect()
}

/// Returns the mean of what is believed of an effect and how likely it is above 0; `None` where
/// effects do not vary.
fn above_zero(one: Measured, tau_squared: f64) -> Option<(f64, f64)> {
    if tau_squared <= 0.0 || one.variance <= 0.0 {
        return None;
    }
    let Belief { mean, error } = Belief::of(one.effect, one.variance, tau_squared);
    Some((mean, normal_cdf(mean / error)))
}

/// Someone who solves the tickets that others find hard.
#[derive(Debug, Clone, PartialEq)]
pub struct HardCases {
    /// Who.
    pub name: String,
    /// Hard tickets that got a positive rating.
    pub n_solved: u64,
    /// Hard tickets with a rating.
    pub n_rated: u64,
    /// How likely these go better with this person than with anybody, 0..=1.
    pub probability: f64,
}

/// Returns whoever solves hard kinds of tickets better than others do, with a probability of 90 %
/// or more and at least the minimum of ratings on hard tickets alone, by name. Hard is a channel and
/// category that is measurably rated worse than the rest.
#[must_use]
pub fn hard_cases(cells: &[Cell<'_>], candidates: &[Candidate<'_>]) -> Vec<HardCases> {
    let eligible = eligible(candidates);
    let strata = Strata::new(cells);
    let hard: Vec<Cell<'_>> = cells
        .iter()
        .copied()
        .filter(|cell| strata.is_hard(cell))
        .collect();
    let found = against(&strata, &hard);
    if found.peers.len() < N_PEERS_MIN {
        return Vec::new();
    }
    let may = found
        .peers
        .iter()
        .filter(|peer| eligible.contains(peer.name.as_str()) && peer.tally.n() >= N_RATINGS_MIN);
    may.filter_map(|peer| {
        let measured = Measured {
            effect: peer.difference,
            variance: peer.variance,
        };
        let (_, probability) = above_zero(measured, found.tau_squared)?;
        (probability >= PROBABILITY_MIN).then(|| HardCases {
            name: peer.name.clone(),
            n_solved: peer.tally.n_positive,
            n_rated: peer.tally.n(),
            probability,
        })
    })
    .collect()
}

/// Returns for how many periods up to the last (oldest first) somebody was within or above what is
/// expected, from [`STREAK_MIN`] on. Periods with too few ratings neither count nor break it.
#[must_use]
pub fn streak(bands: &[Band]) -> Option<usize> {
    let told = bands.iter().rev().filter(|band| **band != Band::NotEnough);
    let n_periods = told.take_while(|band| **band != Band::Below).count();
    (n_periods >= STREAK_MIN).then_some(n_periods)
}

#[cfg(test)]
mod tests {
    use super::super::case_mix::case_mix;
    use super::super::tally::Tally;
    use super::*;

    const ENOUGH: Volume = Volume {
        n_ratings: 20,
        n_customers: 10,
    };

    fn may(name: &str) -> Candidate<'_> {
        Candidate {
            name,
            volume: ENOUGH,
            is_opted_out: false,
        }
    }

    fn praise<'a>(name: &'a str, comment: &'a str, at: i64, n_help_terms: usize) -> Praise<'a> {
        Praise {
            name,
            comment,
            at,
            is_positive: true,
            n_help_terms,
            is_quotable: true,
        }
    }

    #[test]
    fn kudos_name_help_and_nothing_else_counts() {
        let praises = [
            praise("ann", "old and warm", 1, 2),
            praise("ann", "new", 9, 1),
            praise("ann", "warm too", 5, 2),
            praise("ann", "ten stars", 9, 0),
            Praise {
                is_positive: false,
                ..praise("ben", "helped, but", 3, 3)
            },
            Praise {
                is_quotable: false,
                ..praise("ben", "names a customer", 3, 3)
            },
            praise("cat", "thin", 3, 3),
            praise("dan", "wants no stage", 3, 3),
            praise("eve", "z", 3, 1),
            praise("eve", "y", 3, 1),
        ];
        let candidates = [
            may("eve"),
            may("ann"),
            may("ben"),
            Candidate {
                volume: Volume {
                    n_ratings: 90,
                    n_customers: 9,
                },
                ..may("cat")
            },
            Candidate {
                is_opted_out: true,
                ..may("dan")
            },
        ];
        let expected = [("ann", "warm too"), ("eve", "y")];
        let named = |kudos: Vec<Kudos>| -> Vec<(String, String)> {
            kudos
                .into_iter()
                .map(|one| (one.name, one.comment))
                .collect()
        };
        let expected = expected.map(|(name, comment)| (name.to_owned(), comment.to_owned()));
        assert_eq!(named(kudos(&praises, &candidates)), expected);
        let mut turned = praises;
        turned.reverse();
        assert_eq!(named(kudos(&turned, &candidates)), expected);
    }

    const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

    fn cells(shares: [u64; 6], category: &'static str) -> Vec<Cell<'static>> {
        let cell = |(name, n_positive): (&'static str, u64)| Cell {
            name,
            channel: "mail",
            category,
            tally: Tally {
                n_positive,
                n_negative: 100 - n_positive,
            },
        };
        NAMES.into_iter().zip(shares).map(cell).collect()
    }

    fn names<T>(all: &[T], name: impl Fn(&T) -> &String) -> String {
        all.iter().map(|one| name(one).as_str()).collect()
    }

    #[test]
    fn improvement_is_beyond_chance_and_beside_the_others() {
        let candidates = NAMES.map(may);
        let check = |before: [u64; 6], now: [u64; 6], expected: &str| {
            let (before, now) = (case_mix(&cells(before, "x")), case_mix(&cells(now, "x")));
            let found = improved(&now, &before, &candidates);
            assert_eq!(names(&found, |one| &one.name), expected, "{found:?}");
        };
        check([60, 80, 80, 80, 80, 80], [85, 80, 80, 80, 80, 80], "a");
        check([80, 80, 80, 80, 80, 80], [81, 79, 80, 82, 80, 80], "");
        // Everybody improved alike: the team did, not one of them.
        check([60; 6], [80; 6], "");
        let (before, now) = (
            cells([60, 80, 80, 80, 80, 80], "x"),
            cells([85, 80, 80, 80, 80, 80], "x"),
        );
        let (before, now) = (case_mix(&before), case_mix(&now));
        let shy = [Candidate {
            is_opted_out: true,
            ..may("a")
        }];
        assert!(improved(&now, &before, &shy).is_empty());
        // Nineteen earlier ratings are no period to improve upon.
        let mut thin = cells([60, 80, 80, 80, 80, 80], "x");
        thin[0].tally = Tally {
            n_positive: 2,
            n_negative: 17,
        };
        assert!(improved(&now, &case_mix(&thin), &candidates).is_empty());
        thin[0].tally.n_negative += 1;
        assert_eq!(improved(&now, &case_mix(&thin), &candidates).len(), 1);
        let few = case_mix(&cells([60, 80, 80, 80, 80, 80], "x")[..4]);
        assert!(improved(&few, &few, &candidates).is_empty());
    }

    #[test]
    fn hard_cases_are_those_that_others_find_hard() {
        let mut all = cells([90; 6], "easy");
        all.extend(cells([70, 40, 38, 42, 40, 40], "hard"));
        let found = hard_cases(&all, &NAMES.map(may));
        assert_eq!(names(&found, |one| &one.name), "a");
        assert_eq!((found[0].n_solved, found[0].n_rated), (70, 100));
        let shy = [Candidate {
            is_opted_out: true,
            ..may("a")
        }];
        assert!(hard_cases(&all, &shy).is_empty());
        // Nineteen hard tickets may all have gone well by luck.
        let last = all.len() - 6;
        all[last].tally = Tally {
            n_positive: 19,
            n_negative: 0,
        };
        assert!(hard_cases(&all, &NAMES.map(may)).is_empty());
        all[last].tally.n_positive += 1;
        assert_eq!(hard_cases(&all, &NAMES.map(may)).len(), 1);
        // Nothing is hard where all kinds are rated alike.
        let mut alike = cells([90, 50, 50, 50, 50, 50], "one");
        alike.extend(cells([90, 50, 50, 50, 50, 50], "two"));
        assert!(hard_cases(&alike, &NAMES.map(may)).is_empty());
        assert!(hard_cases(&[], &[]).is_empty());
    }

    #[test]
    fn streaks_skip_thin_periods_and_end_below() {
        use Band::{Above, Below, NotEnough, Within};
        let check = |bands: &[Band], expected| assert_eq!(streak(bands), expected, "{bands:?}");
        check(&[], None);
        check(&[Within, Above, Within], None);
        check(&[Within, Above, NotEnough, Within, Within], Some(4));
        check(&[Below, Within, Within, Within, Within, Within], Some(5));
        check(&[Within, Within, Within, Within, Below], None);
        check(&[NotEnough; 9], None);
    }
}
