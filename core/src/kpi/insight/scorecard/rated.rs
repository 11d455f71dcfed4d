//! Everybody's ratings of a time: cells for the comparison, and how many customers gave them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::whom::Whom;
use crate::coach::{Cell, Review, Tally, Volume};
use crate::kpi::insight::rating::Ratings;
use crate::plan::Span;

/// Ratings by whom they are of, channel and category.
#[derive(Default)]
pub(in crate::kpi::insight) struct Rated<'a> {
    tallies: BTreeMap<(String, &'a str, &'a str), Tally>,
    persons: BTreeMap<String, HashSet<u64>>,
}

impl<'a> Rated<'a> {
    /// Counts the ratings of a span.
    pub(in crate::kpi::insight) fn new(ratings: &'a Ratings, whom: &Whom, span: Span) -> Self {
        let (from, to) = (span.start.as_microsecond(), span.end.as_microsecond());
        let mut rated = Self::default();
        for rating in ratings.iter().filter(|one| (from..to).contains(&one.at)) {
            let Some(key) = whom.key_of_rating(&rating) else {
                continue;
            };
            let persons = rated.persons.entry(key.clone()).or_default();
            persons.insert(rating.someone);
            let cell = (key, rating.channel, rating.category);
            let tally = rated.tallies.entry(cell).or_default();
            match rating.is_positive {
                true => tally.n_positive += 1,
                false => tally.n_negative += 1,
            }
        }
        rated
    }

    /// Returns the cells.
    pub(in crate::kpi::insight) fn cells(&self) -> Vec<Cell<'_>> {
        self.tallies
            .iter()
            .map(|((name, channel, category), tally)| Cell {
                name,
                channel,
                category,
                tally: *tally,
            })
            .collect()
    }

    /// Returns all ratings together, and how many persons gave them.
    pub(in crate::kpi::insight) fn all(&self) -> (Tally, u64) {
        let persons: HashSet<u64> = self.persons.values().flatten().copied().collect();
        (self.tallies.values().copied().sum(), persons.len() as u64)
    }

    /// Looks at them together; of fewer customers than `min_group` nothing is told.
    pub(in crate::kpi::insight) fn review(&self, min_group: u64) -> Review {
        let told = |persons: &HashSet<u64>| {
            let n = persons.len() as u64;
            if n < min_group { 0 } else { n }
        };
        let n_customers = (self.persons.iter())
            .map(|(key, persons)| (key.clone(), told(persons)))
            .collect();
        Review::new(&self.cells(), &n_customers)
    }

    /// Returns those of whom ratings are told, as customers were promised anonymity: where the rest
    /// could be worked out from the total, the smallest of them are left out as well.
    pub(in crate::kpi::insight) fn told(
        &self,
        review: &Review,
        min_group: u64,
        is_promised: bool,
    ) -> BTreeSet<String> {
        let is_enough = |key: &&String| review.volume(key).is_enough();
        let (mut told, mut hidden): (Vec<&String>, Vec<&String>) =
            self.persons.keys().partition(is_enough);
        let n_of = |key: &String| self.persons[key].len() as u64;
        told.sort_by_key(|key| std::cmp::Reverse((n_of(key), (*key).clone())));
        let is_open = |hidden: &[&String]| {
            let n_hidden: u64 = hidden.iter().map(|key| n_of(key)).sum();
            !hidden.is_empty() && (hidden.len() == 1 || n_hidden < min_group)
        };
        while is_promised && is_open(&hidden) {
            match told.pop() {
                Some(next) => hidden.push(next),
                None => break,
            }
        }
        told.into_iter().cloned().collect()
    }

    /// Returns the volume of a key: nothing of so few customers that they might be known by it.
    pub(in crate::kpi::insight) fn volume(&self, key: &str, min_group: u64) -> Option<Volume> {
        let n_customers = self.persons.get(key)?.len() as u64;
        let tallies = self.tallies.iter().filter(|((name, ..), _)| name == key);
        let n_ratings = tallies.map(|(_, tally)| tally.n()).sum();
        (n_customers >= min_group).then_some(Volume {
            n_ratings,
            n_customers,
        })
    }
}
