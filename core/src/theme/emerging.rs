//! Terms that one group of comments has and another lacks: what is new, what detractors say.

use super::language::Language;
use super::tally::{surfaces, tally};
use super::terms::{Key, Terms};
use crate::statistic::{finds_bound, real};

/// Share of the terms shown that may be there by chance.
const FALSE_RATE: f64 = 0.10;
/// Weight of what both groups say together, in terms: it holds rare words back.
const PRIOR_TERMS: f64 = 100.0;

/// A term that one of two groups uses more.
#[derive(Debug, Clone, PartialEq)]
pub struct EmergingTerm {
    /// Language it is of.
    pub language: Language,
    /// As it is most often written.
    pub term: String,
    /// Comments with the term: in the first group, in the second.
    pub documents: [usize; 2],
    /// Comments in that language: in the first group, in the second.
    pub base: [usize; 2],
    /// Weighted log-odds: above 0 where the first group uses it more.
    pub log_odds: f64,
    /// Log-odds in standard errors.
    pub z: f64,
    /// Log-likelihood ratio of the two shares against one; what terms are ranked by, as `z` puts a term
    /// that one group lacks altogether behind many that both have.
    pub g2: f64,
    /// Chance of so large a ratio if both groups speak alike.
    pub p: f64,
    stems: [String; 2],
}

impl EmergingTerm {
    pub(super) fn key(&self) -> Key<'_> {
        (&self.stems[0], &self.stems[1])
    }
}

/// What two groups of comments do not share.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Emergence {
    /// The finds, the surest first; may be empty.
    pub terms: Vec<EmergingTerm>,
    /// Terms that were compared: those in 5 comments or more.
    pub n_compared: usize,
}

/// Compares two groups of comments: detractors with promoters, or this period with the last three.
///
/// Each language is compared with itself, so a shift between languages is no find; a language that
/// one group lacks says nothing. A term counts once a comment. Of all finds together, a tenth at
/// most is there by chance.
///
/// # Source
/// Log-odds with an informative Dirichlet prior: Monroe, Colaresi and Quinn 2008, with a prior of
/// 100 terms. G2: Rayson and Garside 2000. Its chance is summed over every split of the term's
/// comments instead of taken from the chi-square, which is several times too small for rare terms.
/// Finds: Benjamini and Hochberg 1995.
#[must_use]
pub fn emerging(first: &[&Terms], second: &[&Terms]) -> Emergence {
    let mut compared: Vec<Found<'_>> = Vec::new();
    for language in Language::ALL {
        let chosen = [first, second].map(|group| {
            let texts = group.iter().copied();
            texts
                .filter(|terms| terms.language() == Some(language))
                .collect::<Vec<_>>()
        });
        compared.extend(compare(language, &chosen));
    }
    let bound = finds_bound(compared.iter().map(|found| found.p), FALSE_RATE);
    let n_compared = compared.len();
    compared.retain(|found| bound.is_some_and(|bound| found.p <= bound));
    compared.sort_by(|left, right| {
        let sureness = right.g2.total_cmp(&left.g2);
        sureness
            .then(left.language.cmp(&right.language))
            .then(left.key.cmp(&right.key))
    });
    Emergence {
        terms: named(&compared, first, second),
        n_compared,
    }
}

struct Found<'a> {
    language: Language,
    key: Key<'a>,
    documents: [usize; 2],
    base: [usize; 2],
    log_odds: f64,
    z: f64,
    g2: f64,
    p: f64,
}

fn compare<'a>(language: Language, groups: &[Vec<&'a Terms>; 2]) -> Vec<Found<'a>> {
    if groups.iter().any(Vec::is_empty) {
        return Vec::new();
    }
    let counted = tally(groups);
    let totals = [counted.totals[0], counted.totals[1]].map(number);
    if totals.contains(&0.0) {
        return Vec::new();
    }
    let base = [groups[0].len(), groups[1].len()];
    let share = totals[0] / (totals[0] + totals[1]);
    let found = counted.counts.into_iter().map(|(key, by_group)| {
        let documents = [by_group[0] as usize, by_group[1] as usize];
        let (log_odds, z) = weighted_log_odds(documents.map(real), totals);
        let split = Split {
            n: documents[0] + documents[1],
            share,
        };
        Found {
            language,
            key,
            documents,
            base,
            log_odds,
            z,
            g2: split.g2(documents[0]),
            p: split.chance(documents[0]),
        }
    });
    found.collect()
}

fn named(found: &[Found<'_>], first: &[&Terms], second: &[&Terms]) -> Vec<EmergingTerm> {
    let mut terms = Vec::with_capacity(found.len());
    let by_language = Language::ALL.map(|language| {
        let documents = first.iter().chain(second).copied();
        let documents = documents.filter(|terms| terms.language() == Some(language));
        let keys = found.iter().filter(|found| found.language == language);
        surfaces(documents, keys.map(|found| found.key))
    });
    for find in found {
        let place = Language::ALL
            .iter()
            .position(|language| *language == find.language);
        let term = place.and_then(|place| by_language[place].get(&find.key));
        terms.push(EmergingTerm {
            language: find.language,
            term: term.cloned().unwrap_or_default(),
            documents: find.documents,
            base: find.base,
            log_odds: find.log_odds,
            z: find.z,
            g2: find.g2,
            p: find.p,
            stems: [find.key.0.to_owned(), find.key.1.to_owned()],
        });
    }
    terms
}

/// Returns log-odds and its z; `counts` and `totals` of the first and of the second group.
fn weighted_log_odds(counts: [f64; 2], totals: [f64; 2]) -> (f64, f64) {
    let prior = PRIOR_TERMS * (counts[0] + counts[1]) / (totals[0] + totals[1]);
    let odds = |count: f64, total: f64| (count + prior) / (total + PRIOR_TERMS - count - prior);
    let delta = odds(counts[0], totals[0]).ln() - odds(counts[1], totals[1]).ln();
    let error = (1.0 / (counts[0] + prior) + 1.0 / (counts[1] + prior)).sqrt();
    (delta, delta / error)
}

/// How `n` comments with a term fall to two groups, the first of which has a `share` of all terms.
struct Split {
    n: usize,
    share: f64,
}

impl Split {
    fn g2(&self, in_first: usize) -> f64 {
        let part = |count: usize, share: f64| match count {
            0 => 0.0,
            count => real(count) * (real(count) / (real(self.n) * share)).ln(),
        };
        2.0 * (part(in_first, self.share) + part(self.n - in_first, 1.0 - self.share))
    }

    /// Returns the binomial probability of every split whose G2 is as large.
    fn chance(&self, in_first: usize) -> f64 {
        // Ties differ by rounding.
        let bound = self.g2(in_first) * (1.0 - 1e-9);
        let (mut all, mut large) = (0.0, 0.0);
        let mut add = |at: usize, weight: f64| {
            all += weight;
            if self.g2(at) >= bound {
                large += weight;
            }
        };
        // From the likeliest split outwards, relative to it: nothing underflows that matters.
        let middle = self.likeliest();
        let odds = self.share / (1.0 - self.share);
        let mut weight = 1.0;
        for at in middle..=self.n {
            if weight == 0.0 {
                break;
            }
            add(at, weight);
            weight *= odds * real(self.n - at) / real(at + 1);
        }
        weight = 1.0;
        for at in (0..middle).rev() {
            weight *= real(at + 1) / (odds * real(self.n - at));
            if weight == 0.0 {
                break;
            }
            add(at, weight);
        }
        large / all
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and n"
    )]
    fn likeliest(&self) -> usize {
        ((real(self.n + 1) * self.share) as usize).min(self.n)
    }
}

#[expect(clippy::cast_precision_loss, reason = "no count here reaches 2^53")]
const fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!(
            (found - expected).abs() < 1e-9 * expected.abs().max(1.0),
            "{found} is not {expected}"
        );
    }

    #[test]
    fn log_odds_by_hand() {
        // 10 of 100 against 5 of 200: a prior of 100 * 15/300 = 5, so 15/185 against 10/290.
        let (delta, z) = weighted_log_odds([10.0, 5.0], [100.0, 200.0]);
        near(delta, (15.0_f64 / 185.0 / (10.0 / 290.0)).ln());
        near(z, delta / (1.0_f64 / 15.0 + 1.0 / 10.0).sqrt());
        near(z, 2.094289739802);
        // Groups changed round change the sign and nothing else.
        let (back, back_z) = weighted_log_odds([5.0, 10.0], [200.0, 100.0]);
        near(back, -delta);
        near(back_z, -z);
        near(weighted_log_odds([4.0, 8.0], [100.0, 200.0]).0, 0.0);
    }

    #[test]
    fn g2_and_its_chance_by_hand() {
        let even = Split { n: 5, share: 0.5 };
        near(even.g2(5), 10.0 * 2.0_f64.ln());
        // Five of five, either way: two splits of 32. The chi-square would say 0.0085.
        near(even.chance(5), 2.0 / 32.0);
        near(even.chance(0), 2.0 / 32.0);
        near(even.chance(4), 12.0 / 32.0);
        near(even.chance(3), 1.0);
        // A quarter of the terms: five of five are (1/4)^5, and no other split is as odd.
        near(Split { n: 5, share: 0.25 }.chance(5), 0.25_f64.powi(5));
        assert!(
            Split {
                n: 200_000,
                share: 0.4
            }
            .chance(80_000)
                > 0.99
        );
        assert!(
            Split {
                n: 200_000,
                share: 0.4
            }
            .chance(180_000)
                < 1e-300
        );
    }
}
