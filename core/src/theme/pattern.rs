//! A term of a taxonomy as it is written, and as it is looked for.

use super::grammar::{Grammar, Sense};
use super::word::{Piece, folded, pieces};

/// Letters that a part of a word needs; a shorter one would be found everywhere.
const PART_LETTERS_MIN: usize = 3;
/// Words and gaps of a term.
const STEPS_MAX: usize = 6;

/// One step of a term.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// Any inflection: `wait`.
    Stem(String),
    /// This form alone: `=late`.
    Form(String),
    /// Letters of a word, without accents: `liefer*`, `*rechnung`, `*rechnung*`.
    Part {
        letters: String,
        is_start: bool,
        is_end: bool,
    },
    /// A few words, or none: `..`.
    Gap,
}

/// Why a term cannot be looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) what: String,
    pub(super) hint: &'static str,
}

/// Reads a term of a taxonomy.
pub(super) fn steps(grammar: &Grammar, written: &str) -> Result<Vec<Step>, Refused> {
    let steps: Vec<Step> = written
        .split_whitespace()
        .map(|word| step(grammar, word))
        .collect::<Result<_, _>>()?;
    let refuse = |what: &str, hint| {
        Err(Refused {
            what: what.to_owned(),
            hint,
        })
    };
    if steps.is_empty() {
        return refuse("a term is empty", "write a word, or take the term away");
    }
    if steps.len() > STEPS_MAX {
        return refuse(
            "the term has more than 6 words",
            "shorten it; `..` stands for a few words",
        );
    }
    if steps.first() == Some(&Step::Gap) || steps.last() == Some(&Step::Gap) {
        return refuse("`..` stands at an end", "a gap lies between two words");
    }
    if let [Step::Stem(_)] = &*steps
        && sense(grammar, written) == Some(Sense::Stop)
    {
        return refuse(
            "nearly every comment has this word",
            "write a word that says what the comment is about, or more words",
        );
    }
    Ok(steps)
}

fn step(grammar: &Grammar, written: &str) -> Result<Step, Refused> {
    if written == ".." {
        return Ok(Step::Gap);
    }
    if let Some(form) = written.strip_prefix('=') {
        return only(written, form).map(|form| Step::Form(folded(&form)));
    }
    if !written.contains('*') {
        let word = only(written, written)?;
        let word = grammar.word(&word).ok_or_else(|| no_word(written))?;
        return Ok(Step::Stem(word.stem));
    }
    let (is_start, is_end) = (!written.starts_with('*'), !written.ends_with('*'));
    let letters = folded(&only(written, written.trim_matches('*'))?);
    if letters.chars().count() < PART_LETTERS_MIN {
        return Err(Refused {
            what: format!("`{written}` is found in too many words"),
            hint: "a part of a word has at least 3 letters",
        });
    }
    Ok(Step::Part {
        letters,
        is_start,
        is_end,
    })
}

/// Reads what must be one word, as comments are read.
fn only(written: &str, word: &str) -> Result<String, Refused> {
    match pieces(word).pieces.as_slice() {
        [Piece::Word(word), Piece::Break] => Ok(word.clone()),
        _ => Err(no_word(written)),
    }
}

fn no_word(written: &str) -> Refused {
    Refused {
        what: format!("`{written}` is not one word"),
        hint: "write words apart, without signs; `*` stands at an end of a word, `=` before it",
    }
}

fn sense(grammar: &Grammar, written: &str) -> Option<Sense> {
    let word = only(written, written.trim()).ok()?;
    grammar.word(&word).map(|word| word.sense)
}

#[cfg(test)]
mod tests {
    use super::super::language::Language;
    use super::*;

    fn read(written: &str) -> Result<Vec<Step>, Refused> {
        steps(&Grammar::new(Language::German), written)
    }

    #[test]
    fn a_term_is_stems_forms_parts_and_gaps() {
        let part = |letters: &str, is_start, is_end| Step::Part {
            letters: letters.to_owned(),
            is_start,
            is_end,
        };
        assert_eq!(
            read("Wartet =App liefer* .. *gebühr *rechnung*"),
            Ok(vec![
                Step::Stem("wartet".to_owned()),
                Step::Form("app".to_owned()),
                part("liefer", true, false),
                Step::Gap,
                part("gebuhr", false, true),
                part("rechnung", false, false),
            ])
        );
    }

    #[test]
    fn a_term_that_cannot_be_found_is_refused() {
        let cases = [
            ("  ", "a term is empty"),
            (".. lang", "`..` stands at an end"),
            ("lang ..", "`..` stands at an end"),
            ("und", "nearly every comment has this word"),
            ("a b c d e f g", "the term has more than 6 words"),
            ("ab*", "`ab*` is found in too many words"),
            ("zu-spät", "`zu-spät` is not one word"),
            ("lie*fern", "`lie*fern` is not one word"),
            ("=", "`=` is not one word"),
            ("www.shop.example", "`www.shop.example` is not one word"),
        ];
        for (written, what) in cases {
            let refused = read(written).expect_err(written);
            assert_eq!(refused.what, what, "{written}");
            assert!(!refused.hint.is_empty());
        }
        assert!(read("nicht").is_ok());
        assert!(read("nicht zu").is_ok());
    }
}
