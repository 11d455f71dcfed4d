//! What a language makes of a word: its stem, and whether it carries meaning.

use std::collections::HashSet;

use rust_stemmers::{Algorithm, Stemmer};

use super::language::Language;
use super::word::folded;

/// What a word is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sense {
    /// It says what the comment is about.
    Content,
    /// It turns what follows round; counted like content.
    Negation,
    /// It only holds a sentence together.
    Stop,
    /// A number, a date, a time.
    Number,
}

/// A word of a comment as it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// As written, composed and in lower case, without what is glued to it.
    pub(super) surface: String,
    /// The surface without accents.
    pub(super) form: String,
    /// What inflections share, without accents.
    pub(super) stem: String,
    pub(super) sense: Sense,
}

/// The words of one language.
pub(super) struct Grammar {
    language: Language,
    stemmer: Stemmer,
    stops: HashSet<String>,
    negations: HashSet<&'static str>,
}

impl Grammar {
    pub(super) fn new(language: Language) -> Self {
        let listed = stop_words::lookup(language.code()).unwrap_or_default();
        let negations: HashSet<&str> = negations(language).iter().copied().collect();
        let stops = listed
            .iter()
            .chain(more_stops(language))
            .map(|word| folded(word));
        Self {
            language,
            stemmer: Stemmer::create(algorithm(language)),
            stops: stops.filter(|word| !negations.contains(&**word)).collect(),
            negations,
        }
    }

    /// Returns a word as it is compared; `None` if nothing of it is left.
    pub(super) fn word(&self, written: &str) -> Option<Word> {
        let surface = match self.language {
            Language::English => without_ending(written),
            Language::French | Language::Italian => without_elision(written),
            _ => written,
        };
        let form = folded(surface);
        let form = form.trim_matches('\'');
        if form.is_empty() {
            return None;
        }
        let sense = self.sense(form);
        Some(Word {
            surface: surface.to_owned(),
            form: form.to_owned(),
            stem: self.stem(surface, form, sense),
            sense,
        })
    }

    fn sense(&self, form: &str) -> Sense {
        if form.starts_with(char::is_numeric) {
            Sense::Number
        } else if self.is_negation(form) {
            Sense::Negation
        } else if self.stops.contains(form) || form.chars().nth(1).is_none() {
            Sense::Stop
        } else {
            Sense::Content
        }
    }

    fn is_negation(&self, form: &str) -> bool {
        let is_contraction = self.language == Language::English && form.ends_with("n't");
        is_contraction || self.negations.contains(form)
    }

    fn stem(&self, surface: &str, form: &str, sense: Sense) -> String {
        match (self.language, sense) {
            (_, Sense::Number) => form.to_owned(),
            // `didn't work` and `does not work` say the same.
            (Language::English, Sense::Negation)
                if form.ends_with("nt") || form.ends_with("n't") || form == "cannot" =>
            {
                "not".to_owned()
            }
            (Language::German, Sense::Negation) if form.starts_with("kein") => "kein".to_owned(),
            // A stemmer would make `nicht` and `nichts` one.
            (_, Sense::Negation) => form.to_owned(),
            _ => folded(&self.stemmer.stem(surface)),
        }
    }
}

const fn algorithm(language: Language) -> Algorithm {
    match language {
        Language::English => Algorithm::English,
        Language::German => Algorithm::German,
        Language::French => Algorithm::French,
        Language::Spanish => Algorithm::Spanish,
        Language::Italian => Algorithm::Italian,
        Language::Dutch => Algorithm::Dutch,
        Language::Portuguese => Algorithm::Portuguese,
    }
}

/// Words that turn a sentence round, without accents. Lists of stop words hold most of them.
const fn negations(language: Language) -> &'static [&'static str] {
    match language {
        Language::English => &[
            "no", "not", "never", "nothing", "none", "nobody", "neither", "nor", "without",
            "cannot", "cant", "dont", "doesnt", "didnt", "wont", "isnt", "arent", "wasnt",
            "werent", "havent", "hasnt", "hadnt", "couldnt", "wouldnt", "shouldnt",
        ],
        Language::German => &[
            "nicht",
            "nichts",
            "nie",
            "niemals",
            "niemand",
            "niemanden",
            "ohne",
            "weder",
            "kein",
            "keine",
            "keinen",
            "keinem",
            "keiner",
            "keines",
            "keinerlei",
            "nirgends",
        ],
        Language::French => &[
            "pas", "jamais", "rien", "aucun", "aucune", "sans", "ni", "nul", "nulle", "guere",
        ],
        Language::Spanish => &[
            "no", "nunca", "jamas", "nada", "nadie", "ningun", "ninguno", "ninguna", "sin", "ni",
            "tampoco",
        ],
        Language::Italian => &[
            "non", "mai", "niente", "nulla", "nessun", "nessuno", "nessuna", "senza", "ne",
        ],
        Language::Dutch => &[
            "niet", "niets", "nooit", "niemand", "geen", "zonder", "noch", "nergens",
        ],
        Language::Portuguese => &[
            "nao", "nunca", "jamais", "nada", "ninguem", "nenhum", "nenhuma", "sem", "nem",
        ],
    }
}

/// Words without meaning of their own that the lists lack.
const fn more_stops(language: Language) -> &'static [&'static str] {
    match language {
        Language::English => &[
            "also", "although", "could", "would", "may", "might", "must", "us", "im", "ive", "id",
            "etc", "however", "though", "since", "yet", "let", "per", "via", "upon", "get", "got",
            "getting",
        ],
        Language::German => &[
            "mal", "ja", "bereits", "sowie", "bzw", "worden", "wurde", "wurden", "hätte", "wäre",
            "dabei", "dafür", "deshalb", "daher", "immer", "sogar", "trotz",
        ],
        Language::French => &[
            "ça", "cela", "car", "donc", "si", "comme", "quand", "tout", "toute", "tous", "toutes",
            "très", "fait", "faire", "être", "avoir", "plus", "cette", "cet", "où", "après",
            "chez", "lors", "dont", "ne",
        ],
        Language::Spanish => &[
            "si", "ser", "fue", "han", "aunque", "así", "aún", "cada", "hacer", "hace", "además",
            "después",
        ],
        Language::Italian => &[
            "essere", "avere", "fatto", "fare", "molto", "quando", "dopo", "anche", "solo",
            "sempre",
        ],
        Language::Dutch => &[
            "heel", "erg", "wel", "al", "zeer", "weer", "waren", "worden", "wordt",
        ],
        Language::Portuguese => &[
            "ser", "ter", "fazer", "foi", "muito", "quando", "depois", "também", "só", "sempre",
        ],
    }
}

/// Takes away `'s` and what is left of a verb: the company's, we've, they'll.
fn without_ending(word: &str) -> &str {
    const ENDINGS: [&str; 6] = ["'s", "'ve", "'re", "'ll", "'d", "'m"];
    let ended = ENDINGS.iter().find_map(|ending| word.strip_suffix(ending));
    ended.unwrap_or(word).trim_matches('\'')
}

/// Takes away an article or pronoun before an apostrophe: l'attente, qu'il, dell'ordine.
fn without_elision(word: &str) -> &str {
    const ELIDED: [&str; 24] = [
        "l", "d", "n", "c", "j", "m", "t", "s", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu", "un",
        "dell", "nell", "all", "dall", "sull", "quell", "quest", "dev", "bell", "sant",
    ];
    match word.split_once('\'') {
        Some((article, rest)) if ELIDED.contains(&article) => rest.trim_matches('\''),
        _ => word.trim_matches('\''),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(language: Language, cases: &[(&str, &str, Sense)]) {
        let grammar = Grammar::new(language);
        for (written, stem, sense) in cases {
            let word = grammar.word(written).expect("a word");
            assert_eq!((&*word.stem, word.sense), (*stem, *sense), "{written}");
        }
    }

    #[test]
    fn english_negations_are_kept_and_are_one() {
        check(
            Language::English,
            &[
                ("not", "not", Sense::Negation),
                ("didn't", "not", Sense::Negation),
                ("dont", "not", Sense::Negation),
                ("cannot", "not", Sense::Negation),
                ("no", "no", Sense::Negation),
                ("never", "never", Sense::Negation),
                ("without", "without", Sense::Negation),
                ("the", "the", Sense::Stop),
                ("i've", "i", Sense::Stop),
                ("company's", "compani", Sense::Content),
                ("waiting", "wait", Sense::Content),
                ("waited", "wait", Sense::Content),
                // The longer lists of the field drop these.
                ("problem", "problem", Sense::Content),
                ("bill", "bill", Sense::Content),
                ("2nd", "2nd", Sense::Number),
                ("10", "10", Sense::Number),
            ],
        );
    }

    #[test]
    fn other_languages_keep_their_negations_too() {
        use Language::{Dutch, French, German, Italian, Portuguese, Spanish};
        let kept = [
            (German, "keinen", "kein"),
            (German, "nichts", "nichts"),
            (French, "pas", "pas"),
            (French, "aucune", "aucune"),
            (Spanish, "no", "no"),
            (Spanish, "ningún", "ningun"),
            (Italian, "non", "non"),
            (Dutch, "geen", "geen"),
            (Portuguese, "não", "nao"),
        ];
        for (language, written, stem) in kept {
            check(language, &[(written, stem, Sense::Negation)]);
        }
    }

    #[test]
    fn stems_meet_across_umlauts_accents_and_elisions() {
        check(
            Language::German,
            &[
                ("verzögerungen", "verzoger", Sense::Content),
                ("verzögerung", "verzoger", Sense::Content),
                ("größe", "gross", Sense::Content),
                ("über", "uber", Sense::Stop),
                ("ueberall", "ueberall", Sense::Content),
            ],
        );
        check(
            Language::French,
            &[
                ("l'attente", "attent", Sense::Content),
                ("attentes", "attent", Sense::Content),
                ("n'est", "est", Sense::Stop),
                ("aujourd'hui", "aujourd'hui", Sense::Content),
            ],
        );
        check(
            Language::Spanish,
            &[
                ("facturación", "factur", Sense::Content),
                ("atención", "atencion", Sense::Content),
                ("atencion", "atencion", Sense::Content),
            ],
        );
    }

    #[test]
    fn nothing_is_left_of_an_article_alone() {
        assert_eq!(Grammar::new(Language::French).word("l'"), None);
        assert_eq!(Grammar::new(Language::English).word("'s"), None);
    }

    #[test]
    fn every_language_has_its_list() {
        for language in Language::ALL {
            assert!(
                stop_words::lookup(language.code()).is_some_and(|list| list.len() > 90),
                "{language:?}"
            );
        }
    }
}
