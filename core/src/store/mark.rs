//! Marks: keyed hashes by which erased persons are known again without being kept.
//!
//! Without the key, which lies beside the database, a mark says nothing: ids and addresses are few
//! enough to try them all.

use std::collections::HashSet;
use std::fmt;

use serde_json::Value;

use crate::record::{RecordKind, SourceName};

/// Bytes of a mark.
pub const MARK_BYTES: usize = 16;
/// Bytes of the key.
pub const KEY_BYTES: usize = 32;
/// Longest word that is looked for in a text, in bytes: as long as an id can be.
const WORD_BYTES_MAX: usize = 200;
/// Words that are looked for in one text; behind it the text counts as naming nobody.
const WORDS_MAX: usize = 1 << 20;

/// A keyed hash of something that a person is called by.
pub type Mark = [u8; MARK_BYTES];

/// Makes marks.
#[derive(Clone)]
pub struct Marker {
    key: [u8; KEY_BYTES],
}

impl fmt::Debug for Marker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Marker(…)")
    }
}

impl Marker {
    /// Returns what marks with a key.
    #[must_use]
    pub const fn new(key: [u8; KEY_BYTES]) -> Self {
        Self { key }
    }

    /// Marks a record by its identity.
    #[must_use]
    pub fn record(&self, source: &str, kind: RecordKind, id: &str) -> Mark {
        self.mark(&["record", source, kind.name(), id])
    }

    /// Marks the submission that several answers share.
    #[must_use]
    pub fn submission(&self, source: &str, response: &str) -> Mark {
        self.mark(&["submission", source, response])
    }

    /// Marks an alias, as it is compared: trimmed and in lower case.
    #[must_use]
    pub fn alias(&self, alias: &str) -> Mark {
        self.mark(&["alias", &plain(alias)])
    }

    /// Marks a word of texts; `source` is empty for one that means the person everywhere.
    #[must_use]
    pub fn word(&self, source: &str, word: &str) -> Mark {
        self.mark(&["word", source, &plain(word)])
    }

    /// Marks what tells this key from another one.
    #[must_use]
    pub fn check(&self, receipt: &str) -> Mark {
        self.mark(&["check", receipt])
    }

    /// Marks everything that a reference of a fact can mean, as [`Marks::refers`] looks for it.
    #[must_use]
    pub fn reference(&self, source: &str, reference: &str) -> Vec<Mark> {
        let mut marks = vec![self.record(source, RecordKind::Customer, reference)];
        if let Some((other, id)) = elsewhere(reference) {
            marks.push(self.record(other.as_str(), RecordKind::Customer, id));
        }
        if reference.contains(':') {
            marks.push(self.alias(reference));
        }
        marks
    }

    /// Marks the words that name an alias in a text: all of it, and what stands behind its prefix.
    #[must_use]
    pub fn alias_words(&self, alias: &str) -> Vec<Mark> {
        let value = alias.split_once(':').map(|(_, value)| value);
        let words = [Some(alias), value];
        let words = words.into_iter().flatten();
        words.map(|word| self.word("", word)).collect()
    }

    fn mark(&self, parts: &[&str]) -> Mark {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        for part in parts {
            // The length in front: no two lists of parts give the same bytes.
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        let mut mark = Mark::default();
        hasher.finalize_xof().fill(&mut mark);
        mark
    }
}

/// Everything by which erased persons are known.
#[derive(Debug, Clone)]
pub struct Marks {
    marker: Marker,
    known: HashSet<Mark>,
}

impl Marks {
    /// Returns marks made with the marker's key.
    #[must_use]
    pub const fn new(marker: Marker, known: HashSet<Mark>) -> Self {
        Self { marker, known }
    }

    /// Whether this record is an erased person's.
    #[must_use]
    pub fn holds(&self, source: &SourceName, kind: RecordKind, id: &str) -> bool {
        self.known
            .contains(&self.marker.record(source.as_str(), kind, id))
    }

    /// Whether a fact's `customer` means an erased person.
    #[must_use]
    pub fn refers(&self, source: &SourceName, reference: &str) -> bool {
        let marks = self.marker.reference(source.as_str(), reference);
        marks.iter().any(|mark| self.known.contains(mark))
    }

    /// Whether a fact's `ticket` means one of an erased person.
    #[must_use]
    pub fn concerns(&self, source: &SourceName, ticket: &str) -> bool {
        let is_erased = |source: &SourceName, id| self.holds(source, RecordKind::Ticket, id);
        is_erased(source, ticket)
            || elsewhere(ticket).is_some_and(|(source, id)| is_erased(&source, id))
    }

    /// Whether an answer belongs to an erased submission.
    #[must_use]
    pub fn holds_submission(&self, source: &SourceName, response: &str) -> bool {
        self.known
            .contains(&self.marker.submission(source.as_str(), response))
    }

    /// Whether an alias is an erased person's.
    #[must_use]
    pub fn holds_alias(&self, alias: &str) -> bool {
        self.known.contains(&self.marker.alias(alias))
    }

    /// Whether a text that came from a source names an erased person by a word of at least so many
    /// characters. A short number may stand in anybody's text.
    #[must_use]
    pub fn name_in(&self, source: &SourceName, text: &[u8], chars_min: usize) -> bool {
        let is_long = |word: &&String| word.chars().count() >= chars_min;
        words(text).iter().filter(is_long).any(|word| {
            let of = |source| self.known.contains(&self.marker.word(source, word));
            of(source.as_str()) || of("")
        })
    }
}

/// Returns `SOURCE/ID` taken apart.
fn elsewhere(reference: &str) -> Option<(SourceName, &str)> {
    let (source, id) = reference.split_once('/')?;
    Some((SourceName::new(source)?, id))
}

fn plain(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Returns what may be an id or an alias in a text, as it is compared: every value of a JSON
/// document, and every run of letters in the text as it is and with its escapes resolved.
fn words(text: &[u8]) -> HashSet<String> {
    let mut words = HashSet::new();
    if let Ok(document) = serde_json::from_slice::<Value>(text) {
        add_values(&document, &mut words);
    }
    let written = String::from_utf8_lossy(text);
    add_runs(&written, &mut words);
    if written.contains('%') {
        add_runs(&unescaped(&written), &mut words);
    }
    words
}

fn add_values(document: &Value, words: &mut HashSet<String>) {
    match document {
        Value::String(text) => {
            add(text, words);
            add_runs(text, words);
        }
        Value::Number(number) => add(&number.to_string(), words),
        Value::Array(items) => items.iter().for_each(|item| add_values(item, words)),
        Value::Object(members) => members.values().for_each(|item| add_values(item, words)),
        Value::Null | Value::Bool(_) => {}
    }
}

fn add_runs(text: &str, words: &mut HashSet<String>) {
    let joins = |letter: char| "@._+-:".contains(letter);
    for run in text.split(|letter: char| !letter.is_alphanumeric() && !joins(letter)) {
        add(run.trim_matches(joins), words);
        if run.contains(joins) {
            // `id:4711` and `user-4711` name 4711, too.
            run.split(|letter| ":-".contains(letter))
                .for_each(|part| add(part.trim_matches(joins), words));
        }
    }
}

fn add(word: &str, words: &mut HashSet<String>) {
    if !word.is_empty() && word.len() <= WORD_BYTES_MAX && words.len() < WORDS_MAX {
        words.insert(plain(word));
    }
}

/// Resolves the escapes of addresses and forms.
fn unescaped(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes
            .get(at + 1..at + 3)
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                plain.push(byte);
                at += 3;
            }
            (byte, _) => {
                plain.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marker() -> Marker {
        Marker::new([7; KEY_BYTES])
    }

    fn source(name: &str) -> SourceName {
        SourceName::new(name).unwrap()
    }

    fn marks(known: impl IntoIterator<Item = Mark>) -> Marks {
        Marks::new(marker(), known.into_iter().collect())
    }

    #[test]
    fn a_reference_is_known_however_it_is_written() {
        let alias = marks([marker().alias("Email:A@b.c ")]);
        let row = marks([marker().record("crm", RecordKind::Customer, "4711")]);
        let cases = [
            (&alias, "survey", "email:a@B.C", true),
            (&alias, "survey", "a@b.c", false),
            (&row, "crm", "4711", true),
            (&row, "survey", "crm/4711", true),
            (&row, "survey", "4711", false),
            (&row, "crm", "4712", false),
        ];
        for (marks, from, reference, expected) in cases {
            let found = marks.refers(&source(from), reference);
            assert_eq!(found, expected, "{from} {reference}");
        }
    }

    #[test]
    fn a_text_names_a_person_in_any_writing() {
        let known = marker().alias_words("email:ana.lima@b.example");
        let ids = [
            marker().word("survey", "u-4711"),
            marker().word("survey", "9"),
        ];
        let marks = marks(known.into_iter().chain(ids));
        let cases: [(&str, usize, bool); 12] = [
            (r#"{"mail": "Ana.Lima@b.example"}"#, 4, true),
            (r#"{"mail": "ana.lima\u0040b.example"}"#, 4, true),
            ("mail=ana.lima%40b.example&x=1", 4, true),
            ("From: <ana.lima@b.example>, hello", 4, true),
            ("it was ana.lima@b.example.", 4, true),
            ("juliana.lima@b.example", 4, false),
            (r#"{"user": {"id": "u-4711"}}"#, 4, true),
            ("/users/u-4711/answers", 4, true),
            ("u-47110", 4, false),
            (r#"{"score": 9}"#, 4, false),
            (r#"{"user": 9}"#, 1, true),
            ("", 1, false),
        ];
        for (text, chars_min, expected) in cases {
            let found = marks.name_in(&source("survey"), text.as_bytes(), chars_min);
            assert_eq!(found, expected, "{text}");
        }
        assert!(
            !marks.name_in(&source("other"), br#"{"user": "u-4711"}"#, 1),
            "an id means nobody elsewhere"
        );
    }

    #[test]
    fn another_key_gives_other_marks_and_parts_do_not_run_together() {
        let other = Marker::new([8; KEY_BYTES]);
        assert_ne!(marker().alias("a"), other.alias("a"));
        assert_ne!(
            marker().submission("ab", "c"),
            marker().submission("a", "bc")
        );
        assert_ne!(
            marker().record("a", RecordKind::Ticket, "1"),
            marker().record("a", RecordKind::Response, "1")
        );
        assert!(!format!("{:?}", marker()).contains('7'));
    }
}
