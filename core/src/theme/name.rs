//! Names of persons, which are no terms.

use std::collections::HashSet;

use super::language::Language;
use super::reader::Reader;
use super::word::folded;

/// Letters of a name; a single one is an initial, and as good as any word.
const LETTERS_MIN: usize = 2;

/// The words of names that are known, in any case and without accents.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names(HashSet<String>);

impl Names {
    /// Takes names apart into their words.
    #[must_use]
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let words = names.into_iter().flat_map(|name| {
            let words = name.split(|letter: char| !letter.is_alphanumeric() && letter != '\'');
            words.map(|word| folded(&word.to_lowercase()))
        });
        Self(
            words
                .filter(|word| word.chars().count() >= LETTERS_MIN)
                .collect(),
        )
    }

    /// Tells whether a word of a term is a name. One that means a theme too (Bill, Price) is a word
    /// first.
    #[must_use]
    pub fn are_in(&self, term: &str, language: Language, reader: &Reader) -> bool {
        let is_name =
            |word: &str| self.0.contains(&folded(word)) && !reader.is_of_a_theme(language, word);
        term.split(' ').any(is_name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::Taxonomy;

    #[test]
    fn a_name_is_found_in_any_spelling_and_a_word_of_a_theme_is_none() {
        let reader = Reader::new(Taxonomy::built_in());
        let names = Names::new(["Ingeborg Müller", "BILL", "J. Price"]);
        let check = |term: &str, expected| {
            let found = names.are_in(term, Language::English, &reader);
            assert_eq!(found, expected, "{term}");
        };
        check("ingeborg", true);
        check("thanks ingeborg", true);
        check("muller team", true);
        check("team", false);
        check("j team", false);
        check("bill", false);
        check("price", false);
    }
}
