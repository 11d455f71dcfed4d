//! Counts in how many comments a term stands, without keeping the many that stand in a few.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap};
use std::hash::{Hash, Hasher};

use super::terms::{Key, Terms};

/// Comments that a term must stand in to be spoken of.
pub(super) const DOCUMENTS_MIN: u32 = 5;

/// Places of the sieve at most: 16 MiB. Two terms that share one only cost memory.
const SIEVE_PLACES_MAX: usize = 1 << 24;
/// Places for each comment: twice the terms of one that is longer than most.
const SIEVE_PLACES_EACH: usize = 128;
/// Ways to write one term that are told apart.
const SURFACES_MAX: usize = 256;

/// Counts of the terms that stand in [`DOCUMENTS_MIN`] comments or more.
pub(super) struct Tally<'a> {
    /// Comments with the term, by group.
    pub(super) counts: HashMap<Key<'a>, Vec<u32>>,
    /// Sum over all terms, the rare ones too, by group.
    pub(super) totals: Vec<u64>,
}

/// Counts terms in groups of comments, which must be of one language.
pub(super) fn tally<'a>(groups: &[Vec<&'a Terms>]) -> Tally<'a> {
    let mut sieve = Sieve::of(groups.iter().map(Vec::len).sum());
    let mut totals = vec![0; groups.len()];
    for (total, group) in totals.iter_mut().zip(groups) {
        for terms in group {
            let keys = terms.present();
            *total += keys.len() as u64;
            keys.into_iter().for_each(|key| sieve.add(key));
        }
    }
    let mut counts: HashMap<Key<'a>, Vec<u32>> = HashMap::new();
    for (group_idx, group) in groups.iter().enumerate() {
        for key in group.iter().flat_map(|terms| terms.present()) {
            if sieve.passes(key) {
                counts.entry(key).or_insert_with(|| vec![0; groups.len()])[group_idx] += 1;
            }
        }
    }
    counts.retain(|_, by_group| by_group.iter().sum::<u32>() >= DOCUMENTS_MIN);
    Tally { counts, totals }
}

/// Returns how each term is most often written; at a tie, the first of the alphabet.
pub(super) fn surfaces<'a>(
    documents: impl IntoIterator<Item = &'a Terms>,
    keys: impl IntoIterator<Item = Key<'a>>,
) -> HashMap<Key<'a>, String> {
    let mut written: HashMap<Key<'a>, BTreeMap<String, u32>> =
        keys.into_iter().map(|key| (key, BTreeMap::new())).collect();
    for found in documents.into_iter().flat_map(Terms::occurrences) {
        let Some(surfaces) = written.get_mut(&found.key) else {
            continue;
        };
        let surface = found.surface();
        if surfaces.len() < SURFACES_MAX || surfaces.contains_key(&surface) {
            *surfaces.entry(surface).or_default() += 1;
        }
    }
    let commonest = |surfaces: BTreeMap<String, u32>| {
        // The last of equals wins, so the alphabet runs backwards.
        let best = surfaces.into_iter().rev().max_by_key(|(_, n)| *n);
        best.map(|(surface, _)| surface).unwrap_or_default()
    };
    written
        .into_iter()
        .map(|(key, surfaces)| (key, commonest(surfaces)))
        .collect()
}

/// Counts hashes up to [`DOCUMENTS_MIN`]: never too few, so no frequent term is lost.
struct Sieve {
    places: Vec<u8>,
}

impl Sieve {
    fn of(n_documents: usize) -> Self {
        let n_places = n_documents.saturating_mul(SIEVE_PLACES_EACH).max(1);
        let n_places = n_places.min(SIEVE_PLACES_MAX);
        Self {
            places: vec![0; n_places],
        }
    }

    fn add(&mut self, key: Key<'_>) {
        let at = self.place(key);
        self.places[at] = self.places[at].saturating_add(1);
    }

    fn passes(&self, key: Key<'_>) -> bool {
        u32::from(self.places[self.place(key)]) >= DOCUMENTS_MIN
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "the low bits are the place"
    )]
    fn place(&self, key: Key<'_>) -> usize {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        hasher.finish() as usize % self.places.len()
    }
}
