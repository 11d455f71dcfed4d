//! Which comments have a term.

use std::collections::HashMap;

use super::emerging::EmergingTerm;
use super::language::Language;
use super::terms::{Key, Terms};

/// Returns of each term the positions of the comments in its language that have it, ascending.
#[must_use]
pub fn holders(found: &[EmergingTerm], documents: &[&Terms]) -> Vec<Vec<usize>> {
    let places = found.iter().enumerate();
    let places: HashMap<(Language, Key<'_>), usize> = places
        .map(|(idx, term)| ((term.language, term.key()), idx))
        .collect();
    let mut holders = vec![Vec::new(); found.len()];
    for (at, terms) in documents.iter().enumerate() {
        let Some(language) = terms.language() else {
            continue;
        };
        for key in terms.present() {
            if let Some(idx) = places.get(&(language, key)) {
                holders[*idx].push(at);
            }
        }
    }
    holders
}
