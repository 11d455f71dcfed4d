//! Puts terms together that come together, and names them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::emerging::EmergingTerm;
use super::language::Language;
use super::tally::{Tally, tally};
use super::terms::{Key, Terms};
use crate::statistic::real;

/// Normalised pointwise mutual information from which two terms belong together.
const NPMI_MIN: f64 = 0.3;
/// Comments with both terms below which their coming together is one person's sentence.
const JOINT_DOCUMENTS_MIN: usize = 3;
/// Terms that are put into groups, the surest; pairs are counted for each two.
const GROUPED_MAX: usize = 300;
/// Terms of a name.
const NAME_TERMS_MAX: usize = 3;

/// Terms of one language that come together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermGroup {
    /// Language of the terms.
    pub language: Language,
    /// Positions in the list that was given, in its order; never empty.
    pub terms: Vec<usize>,
    /// Comments with one of the terms or more.
    pub n_documents: usize,
    /// Those of the terms that tell these comments from others: 1 to 3, the most telling first.
    pub name: Vec<String>,
}

/// Puts the first 300 of `found` into groups by how they come together in `documents`, and names
/// each group; the group of the surest term is first.
///
/// # Source
/// Single link at NPMI 0.3 (Bouma 2009); names by class-based TF-IDF (Grootendorst 2022) of each
/// group's comments against all others.
#[must_use]
pub fn groups(found: &[EmergingTerm], documents: &[&Terms]) -> Vec<TermGroup> {
    let found = &found[..found.len().min(GROUPED_MAX)];
    let mut all: Vec<TermGroup> = Language::ALL
        .into_iter()
        .flat_map(|language| {
            let of_language = |at: &usize| found[*at].language == language;
            let chosen: Vec<usize> = (0..found.len()).filter(of_language).collect();
            let texts = documents.iter().copied();
            let texts = texts
                .filter(|terms| terms.language() == Some(language))
                .collect();
            Grouping {
                language,
                found,
                chosen,
                texts,
            }
            .groups()
        })
        .collect();
    all.sort_by_key(|group| group.terms[0]);
    all
}

struct Grouping<'a> {
    language: Language,
    found: &'a [EmergingTerm],
    /// Positions of the language's terms.
    chosen: Vec<usize>,
    texts: Vec<&'a Terms>,
}

impl<'a> Grouping<'a> {
    fn groups(&self) -> Vec<TermGroup> {
        if self.chosen.is_empty() {
            return Vec::new();
        }
        let present = self.present();
        let members = self.linked(&present);
        let holders = members.iter().map(|terms| holders(terms, &present));
        let holders: Vec<Vec<usize>> = holders.collect();
        let names = self.names(&members, &holders);
        let groups = members.into_iter().zip(holders).zip(names);
        groups
            .map(|((terms, holders), name)| TermGroup {
                language: self.language,
                name,
                terms: terms.into_iter().map(|term| self.chosen[term]).collect(),
                n_documents: holders.len(),
            })
            .collect()
    }

    /// Returns of each comment which of the terms it has.
    fn present(&self) -> Vec<Vec<usize>> {
        let places = self.chosen.iter().enumerate();
        let places: HashMap<Key<'_>, usize> = places
            .map(|(term, at)| (self.found[*at].key(), term))
            .collect();
        let in_text = |terms: &&Terms| {
            let present = terms.present();
            present
                .iter()
                .filter_map(|key| places.get(key).copied())
                .collect()
        };
        self.texts.iter().map(in_text).collect()
    }

    /// Returns the groups by single link, each ordered, the groups by their first term.
    fn linked(&self, present: &[Vec<usize>]) -> Vec<Vec<usize>> {
        let n_terms = self.chosen.len();
        let mut joint = vec![0_usize; n_terms * n_terms];
        for terms in present {
            for (left, right) in terms
                .iter()
                .flat_map(|left| terms.iter().map(move |right| (left, right)))
            {
                joint[left * n_terms + right] += 1;
            }
        }
        let near = |left: usize, right: usize| {
            let both = joint[left * n_terms + right];
            let alone = [joint[left * n_terms + left], joint[right * n_terms + right]];
            let npmi = npmi(both, alone, present.len());
            (both >= JOINT_DOCUMENTS_MIN && npmi >= NPMI_MIN).then_some(npmi)
        };
        let mut group_of: Vec<usize> = (0..n_terms).collect();
        for left in 0..n_terms {
            for right in left + 1..n_terms {
                if !self.share_a_word(left, right) && near(left, right).is_some() {
                    let (to, from) = (group_of[left], group_of[right]);
                    group_of
                        .iter_mut()
                        .filter(|group| **group == from)
                        .for_each(|group| *group = to);
                }
            }
        }
        for (pair, word) in self.closest_words(&group_of, &near) {
            group_of[pair] = group_of[word];
        }
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (term, group) in group_of.into_iter().enumerate() {
            groups.entry(group).or_default().push(term);
        }
        let mut groups: Vec<Vec<usize>> = groups.into_values().collect();
        groups.sort();
        groups
    }

    /// Returns the terms of two words that are alone so far, each with the one of its words that it
    /// is closest to.
    ///
    /// `good service` says nothing about whether `good` and `service` belong together, so it joins
    /// one group and links none.
    fn closest_words(
        &self,
        group_of: &[usize],
        near: &dyn Fn(usize, usize) -> Option<f64>,
    ) -> Vec<(usize, usize)> {
        let terms = 0..self.chosen.len();
        let is_pair = |term: usize| !self.key(term).1.is_empty();
        let is_alone = |term: usize| {
            group_of
                .iter()
                .filter(|group| **group == group_of[term])
                .count()
                == 1
        };
        let closest = |pair: usize| {
            let words = terms
                .clone()
                .filter(|word| !is_pair(*word) && self.share_a_word(pair, *word));
            let nearness = words.filter_map(|word| near(pair, word).map(|npmi| (npmi, word)));
            let best = nearness
                .max_by(|left, right| left.0.total_cmp(&right.0).then(right.1.cmp(&left.1)));
            best.map(|(_, word)| (pair, word))
        };
        terms
            .clone()
            .filter(|term| is_pair(*term) && is_alone(*term))
            .filter_map(closest)
            .collect()
    }

    fn share_a_word(&self, left: usize, right: usize) -> bool {
        let (left, right) = (self.key(left), self.key(right));
        let is_of = |stem: &str| !stem.is_empty() && (stem == right.0 || stem == right.1);
        is_of(left.0) || is_of(left.1)
    }

    fn key(&self, term: usize) -> Key<'_> {
        self.found[self.chosen[term]].key()
    }

    /// Names each group by those of its terms that its comments have more than all others.
    fn names(&self, members: &[Vec<usize>], holders: &[Vec<usize>]) -> Vec<Vec<String>> {
        let mut rest: BTreeSet<usize> = (0..self.texts.len()).collect();
        for at in holders.iter().flatten() {
            rest.remove(at);
        }
        let rest: Vec<usize> = rest.into_iter().collect();
        let classes: Vec<Vec<&Terms>> = holders
            .iter()
            .chain([&rest])
            .map(|places| places.iter().map(|at| self.texts[*at]).collect())
            .collect();
        let counted = tally(&classes);
        let name = |(class, terms): (usize, &Vec<usize>)| {
            let score = |term: &usize| class_tf_idf(&counted, self.key(*term), class);
            let mut ranked = terms.clone();
            // Of terms that tell alike, two words say more than one of them.
            let is_word = |term: &usize| self.key(*term).1.is_empty();
            ranked.sort_by(|left, right| {
                let telling = score(right).total_cmp(&score(left));
                let longer = is_word(left).cmp(&is_word(right));
                telling.then(longer).then(left.cmp(right))
            });
            self.told_apart(ranked)
        };
        members.iter().enumerate().map(name).collect()
    }

    /// Returns the first terms that are not made of the words of those before them.
    fn told_apart(&self, ranked: Vec<usize>) -> Vec<String> {
        let mut chosen: Vec<usize> = Vec::new();
        for term in ranked {
            let (first, second) = self.key(term);
            let is_said = |stem: &str| {
                let said = |term: &usize| [self.key(*term).0, self.key(*term).1].contains(&stem);
                stem.is_empty() || chosen.iter().any(said)
            };
            if chosen.len() < NAME_TERMS_MAX && !(is_said(first) && is_said(second)) {
                chosen.push(term);
            }
        }
        let written = |term: usize| self.found[self.chosen[term]].term.clone();
        chosen.into_iter().map(written).collect()
    }
}

/// Returns the comments with one of the terms or more.
fn holders(terms: &[usize], present: &[Vec<usize>]) -> Vec<usize> {
    let holds = |at: &usize| present[*at].iter().any(|term| terms.contains(term));
    (0..present.len()).filter(holds).collect()
}

fn npmi(both: usize, alone: [usize; 2], n: usize) -> f64 {
    if both == n {
        return 1.0;
    }
    let share = |count: usize| real(count) / real(n);
    (share(both) / (share(alone[0]) * share(alone[1]))).ln() / -share(both).ln()
}

/// Returns how much a term tells of a class: its share of the class's terms, times the rarer the
/// more.
fn class_tf_idf(counted: &Tally<'_>, key: Key<'_>, class: usize) -> f64 {
    let Some(by_class) = counted.counts.get(&key) else {
        return 0.0;
    };
    #[expect(clippy::cast_precision_loss, reason = "no count here reaches 2^53")]
    let totals: Vec<f64> = counted.totals.iter().map(|total| *total as f64).collect();
    let mean_total = totals.iter().sum::<f64>() / real(totals.len());
    let everywhere: u32 = by_class.iter().sum();
    f64::from(by_class[class]) / totals[class] * (1.0 + mean_total / f64::from(everywhere)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn npmi_by_hand() {
        // Always together: 1. Independent: 0. 4 of 100 together, 8 each: ln 6.25 / ln 25.
        assert!((npmi(10, [10, 10], 100) - 1.0).abs() < 1e-12);
        assert!(npmi(1, [10, 10], 100).abs() < 1e-12);
        let expected = 6.25_f64.ln() / 25.0_f64.ln();
        assert!((npmi(4, [8, 8], 100) - expected).abs() < 1e-12);
        assert!((npmi(100, [100, 100], 100) - 1.0).abs() < 1e-12);
    }
}
