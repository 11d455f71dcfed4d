//! Reads one comment; what it gives depends on that comment and the reader alone.

use std::collections::HashSet;

use super::grammar::{Grammar, Sense, Word};
use super::language::{Language, Spoken, spoken};
use super::mention::{Finder, Placed};
use super::taxonomy::Taxonomy;
use super::terms::{Packing, Terms};
use super::word::{Piece, folded, pieces};

/// A comment of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comment<'a> {
    /// What was written.
    pub text: &'a str,
    /// Language tag of the response, such as `de-AT`.
    pub locale: Option<&'a str>,
    /// Language tag of the survey, asked last.
    pub survey_language: Option<&'a str>,
}

/// Reads comments by a taxonomy.
///
/// Making one prepares every language (milliseconds); it is then shared by threads. What it read
/// stays true as long as the same reader would be made again.
pub struct Reader {
    taxonomy: Taxonomy,
    tongues: Vec<Tongue>,
    names: HashSet<String>,
}

struct Tongue {
    language: Language,
    grammar: Grammar,
    finder: Finder,
}

impl Reader {
    /// Makes a reader that looks for the themes of a taxonomy and counts none of `names`: the given
    /// and family names that are known of customers, one word each, in any case.
    ///
    /// A name that is also a term of a theme (Bill, Price) is counted.
    #[must_use]
    pub fn new<'a>(taxonomy: Taxonomy, names: impl IntoIterator<Item = &'a str>) -> Self {
        let tongue = |language| {
            let grammar = Grammar::new(language);
            let finder = Finder::new(&taxonomy, &grammar, language);
            Tongue {
                language,
                grammar,
                finder,
            }
        };
        let tongues = Language::ALL.map(tongue).into();
        let names = names.into_iter().map(|name| folded(&name.to_lowercase()));
        Self {
            names: names.collect(),
            tongues,
            taxonomy,
        }
    }

    /// Returns the themes that are looked for.
    #[must_use]
    pub const fn taxonomy(&self) -> &Taxonomy {
        &self.taxonomy
    }

    /// Reads a comment.
    #[must_use]
    pub fn read(&self, comment: &Comment<'_>) -> Terms {
        let spoken = spoken(comment.text, comment.locale, comment.survey_language);
        let tongue = match spoken {
            Spoken::Read(language) => self
                .tongues
                .iter()
                .find(|tongue| tongue.language == language),
            Spoken::NotRead | Spoken::Unknown => None,
        };
        let Some(tongue) = tongue else {
            return Terms::new(spoken, Vec::new(), false, String::new());
        };
        let pieces = pieces(comment.text);
        let words = tongue.placed(pieces.pieces);
        let mentions = tongue.finder.mentions(&words);
        Terms::new(spoken, mentions, pieces.is_cut, self.packed(tongue, &words))
    }

    fn packed(&self, tongue: &Tongue, words: &[Placed]) -> String {
        let mut packing = Packing::default();
        let mut clause = 0;
        for Placed { word, clause: now } in words {
            if *now != clause {
                packing.apart();
                clause = *now;
            }
            match word.sense {
                Sense::Number => packing.apart(),
                Sense::Content if self.is_name(tongue, word) => packing.apart(),
                Sense::Stop => packing.small(&word.surface),
                Sense::Content | Sense::Negation => packing.counted(&word.surface, &word.stem),
            }
        }
        packing.finish()
    }

    fn is_name(&self, tongue: &Tongue, word: &Word) -> bool {
        self.names.contains(&word.form) && !tongue.finder.knows(word)
    }
}

impl Tongue {
    fn placed(&self, pieces: Vec<Piece>) -> Vec<Placed> {
        let mut clause = 0;
        let mut words = Vec::with_capacity(pieces.len());
        for piece in pieces {
            match piece {
                Piece::Break => clause += 1,
                Piece::Word(written) => {
                    words.extend(
                        self.grammar
                            .word(&written)
                            .map(|word| Placed { word, clause }),
                    );
                }
            }
        }
        words
    }
}
