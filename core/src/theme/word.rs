//! Splits a comment into words, leaving out addresses and what stands for a person.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

/// Bytes of a comment that are read; a form's free text is far shorter.
const TEXT_BYTES_MAX: usize = 32 * 1024;
/// Words of a comment that are read.
const WORDS_MAX: usize = 1_000;
/// Letters of a word; what is longer is not one.
const WORD_LETTERS_MAX: usize = 50;

/// A piece of a comment, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// A word: composed, lower case.
    Word(String),
    /// The end of a clause, or an address: words on both sides do not belong together.
    Break,
}

/// The pieces of a comment.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    pub(super) pieces: Vec<Piece>,
    /// Whether the comment is longer than what is read.
    pub(super) is_cut: bool,
    n_words: usize,
}

/// Splits a comment by the word boundaries of Unicode (UAX 29).
pub(super) fn pieces(text: &str) -> Pieces {
    let end = text.floor_char_boundary(TEXT_BYTES_MAX);
    let mut found = Pieces {
        is_cut: end < text.len(),
        ..Pieces::default()
    };
    for line in text[..end].lines() {
        for chunk in line.split_whitespace() {
            if is_address(chunk) {
                found.pieces.push(Piece::Break);
            } else {
                found.split(chunk);
            }
            if found.n_words > WORDS_MAX {
                found.cut();
                return found;
            }
        }
        found.pieces.push(Piece::Break);
    }
    found
}

impl Pieces {
    fn split(&mut self, chunk: &str) {
        let plain = plain(chunk);
        for segment in plain.split_word_bounds() {
            if segment.contains(char::is_alphanumeric) {
                self.words(segment);
            } else if segment.contains(ends_clause) {
                self.pieces.push(Piece::Break);
            }
        }
    }

    /// The standard joins `1.5`, but also `late.They`, which is two words and a missing space.
    fn words(&mut self, segment: &str) {
        if segment.chars().count() > WORD_LETTERS_MAX {
            self.pieces.push(Piece::Break);
            return;
        }
        let is_number = segment.starts_with(|letter: char| letter.is_numeric());
        let mut parts = segment.split(|letter| !is_number && ends_clause(letter));
        if let Some(first) = parts.next() {
            self.word(first);
        }
        for part in parts {
            self.pieces.push(Piece::Break);
            self.word(part);
        }
    }

    fn word(&mut self, word: &str) {
        let word = word.trim_matches('_');
        if !word.is_empty() {
            self.n_words += 1;
            self.pieces.push(Piece::Word(word.to_owned()));
        }
    }

    /// Takes away the words past the limit, which lie in the last chunk.
    fn cut(&mut self) {
        self.is_cut = true;
        let words = self.pieces.iter().enumerate();
        let mut words = words.filter(|(_, piece)| **piece != Piece::Break);
        if let Some((past, _)) = words.nth(WORDS_MAX) {
            self.pieces.truncate(past);
        }
    }
}

const fn ends_clause(letter: char) -> bool {
    matches!(
        letter,
        '.' | ','
            | ';'
            | ':'
            | '!'
            | '?'
            | '('
            | ')'
            | '['
            | ']'
            | '"'
            | '¡'
            | '¿'
            | '…'
            | '–'
            | '—'
            | '«'
            | '»'
            | '“'
            | '”'
            | '„'
            | '|'
    )
}

/// Tells whether text between spaces is a web or mail address, a handle, or the mark that stands for
/// something masked, as in `[email]`.
fn is_address(chunk: &str) -> bool {
    const ENDINGS: [&str; 9] = [
        ".com", ".net", ".org", ".info", ".biz", ".eu", ".uk", ".de", ".io",
    ];
    let bare =
        chunk.trim_matches(|letter: char| !letter.is_alphanumeric() && !"@[]".contains(letter));
    if bare.contains('@') || bare.contains("://") || (bare.starts_with('[') && bare.ends_with(']'))
    {
        return true;
    }
    if !bare.contains('.') {
        return false;
    }
    let lower = bare.to_lowercase();
    let host = lower.split('/').next().unwrap_or_default();
    lower.starts_with("www.") || ENDINGS.iter().any(|ending| host.ends_with(ending))
}

/// Composes (NFKC) and lowers; every apostrophe becomes one, what is invisible goes.
fn plain(chunk: &str) -> String {
    if chunk.is_ascii() {
        return chunk.to_ascii_lowercase().replace('`', "'");
    }
    let apostrophes = chunk.chars().map(|letter| match letter {
        // Composing would make a space of the acute accent. A broken byte inside a word was nearly
        // always a curly apostrophe.
        '\u{2018}' | '\u{2019}' | '\u{02bc}' | '\u{00b4}' | '`' | '\u{fffd}' => '\'',
        letter => letter,
    });
    // A capital may come apart when lowered (İ), hence the second composition.
    let lowered = apostrophes.nfkc().flat_map(char::to_lowercase).nfc();
    lowered.filter(|letter| !is_invisible(*letter)).collect()
}

/// Soft hyphens, marks of direction and their like.
const fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{00ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'
    )
}

/// Returns the word without accents, as people type it in a hurry.
pub(super) fn folded(word: &str) -> String {
    if word.is_ascii() {
        return word.to_owned();
    }
    let bare = word.nfd().filter(|letter| !is_combining_mark(*letter));
    let mut folded = String::with_capacity(word.len());
    for letter in bare {
        match letter {
            'ß' => folded.push_str("ss"),
            'œ' => folded.push_str("oe"),
            'æ' => folded.push_str("ae"),
            'ø' => folded.push('o'),
            letter => folded.push(letter),
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words with a bar at every break between them.
    fn read(text: &str) -> String {
        let pieces = pieces(text).pieces;
        let words = pieces.iter().map(|piece| match piece {
            Piece::Word(word) => word,
            Piece::Break => "|",
        });
        let line = words.collect::<Vec<_>>().join(" ");
        line.trim_end_matches([' ', '|']).to_owned()
    }

    #[test]
    fn words_are_plain_and_clauses_apart() {
        let cases = [
            ("", ""),
            ("  \n\t ", ""),
            ("Great!", "great"),
            ("GROSS und GROẞ", "gross und groß"),
            ("ﬁne ｆｕｌｌ cafe\u{301}", "fine full café"),
            (
                "don’t won´t can`t didn\u{fffd}t",
                "don't won't can't didn't",
            ),
            ("Slow, very slow", "slow | very slow"),
            ("late.They never came", "late | they never came"),
            ("it took 1.5 hours", "it took 1.5 hours"),
            ("👍👍 top 🚀 service", "top service"),
            ("see https://shop.example/a?b=c now", "see | now"),
            (
                "www.shop.example or shop.co.uk/help, thanks",
                "| or | thanks",
            ),
            ("write to a.b@c.example please", "write to | please"),
            ("call [phone] or @help", "call | or"),
            ("so\u{ad}ft hy\u{200b}phen wi-fi", "soft hyphen wi fi"),
            ("_under_ score", "under score"),
            ("line one\nline two", "line one | line two"),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_comment_is_bounded_in_words_and_bytes() {
        let long = pieces(&"word ".repeat(10_000));
        let words = long.pieces.iter().filter(|piece| **piece != Piece::Break);
        assert_eq!((words.count(), long.is_cut), (WORDS_MAX, true));
        let stuck = pieces(&"a,".repeat(100_000));
        let words = stuck.pieces.iter().filter(|piece| **piece != Piece::Break);
        assert_eq!((words.count(), stuck.is_cut), (WORDS_MAX, true));
        // The limit falls inside a letter of two bytes.
        assert!(pieces(&format!("a{}", "ä".repeat(TEXT_BYTES_MAX))).is_cut);
        assert!(!pieces("short").is_cut);
        assert_eq!(read(&"x".repeat(WORD_LETTERS_MAX + 1)), "");
    }

    #[test]
    fn accents_fold() {
        assert_eq!(folded("größe"), "grosse");
        assert_eq!(folded("délai œuvre señal"), "delai oeuvre senal");
    }
}
