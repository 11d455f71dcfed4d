//! Reads one comment; what it gives depends on that comment and the reader alone.

use super::grammar::{Grammar, Sense};
use super::language::{Language, Spoken, spoken};
use super::mention::{Finder, Placed};
use super::taxonomy::Taxonomy;
use super::terms::{Packing, Terms};
use super::word::{Piece, pieces};

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
}

struct Tongue {
    language: Language,
    grammar: Grammar,
    finder: Finder,
}

impl Reader {
    /// Makes a reader that looks for the themes of a taxonomy.
    #[must_use]
    pub fn new(taxonomy: Taxonomy) -> Self {
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
        Self { tongues, taxonomy }
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
            Spoken::Read(language) => self.tongue(language),
            Spoken::NotRead | Spoken::Unknown => None,
        };
        let Some(tongue) = tongue else {
            return Terms::new(spoken, Vec::new(), false, String::new());
        };
        let pieces = pieces(comment.text);
        let words = tongue.placed(pieces.pieces);
        let mentions = tongue.finder.mentions(&words);
        Terms::new(spoken, mentions, pieces.is_cut, packed(&words))
    }

    /// Tells whether a word, as it is written in a term, means a theme by itself.
    pub(super) fn is_of_a_theme(&self, language: Language, written: &str) -> bool {
        let Some(tongue) = self.tongue(language) else {
            return false;
        };
        let word = tongue.grammar.word(written);
        word.is_some_and(|word| tongue.finder.knows(&word))
    }

    fn tongue(&self, language: Language) -> Option<&Tongue> {
        let mut tongues = self.tongues.iter();
        tongues.find(|tongue| tongue.language == language)
    }
}

fn packed(words: &[Placed]) -> String {
    let mut packing = Packing::default();
    let mut clause = 0;
    for Placed { word, clause: now } in words {
        if *now != clause {
            packing.apart();
            clause = *now;
        }
        match word.sense {
            Sense::Number => packing.apart(),
            Sense::Stop => packing.small(&word.surface),
            Sense::Content | Sense::Negation => packing.counted(&word.surface, &word.stem),
        }
    }
    packing.finish()
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
