//! Words that name help, beyond being satisfied: who is thanked for them did something for somebody.

use std::collections::BTreeSet;

/// Beginnings of words in English, German, Spanish and French; those of one kind of help share a
/// number, so that a comment that says one thing twice says it once.
const STEMS: [(&str, u8); 38] = [
    ("helpful", 0),
    ("helped", 0),
    ("hilfsbereit", 0),
    ("geholfen", 0),
    ("hilfreich", 0),
    ("ayud", 0),
    ("serviable", 0),
    ("patient", 1),
    ("patience", 1),
    ("geduld", 1),
    ("pacien", 1),
    ("explain", 2),
    ("erklär", 2),
    ("erklaer", 2),
    ("explic", 2),
    ("expliqu", 2),
    ("friendly", 3),
    ("freundlich", 3),
    ("amable", 3),
    ("amabil", 3),
    ("aimable", 3),
    ("gentil", 3),
    ("competent", 4),
    ("kompetent", 4),
    ("competente", 4),
    ("compétent", 4),
    ("knew", 4),
    ("advice", 5),
    ("advised", 5),
    ("beraten", 5),
    ("conseil", 5),
    ("understood", 6),
    ("verstanden", 6),
    ("listened", 6),
    ("zugehört", 6),
    ("escuch", 6),
    ("kümmer", 7),
    ("gekümmert", 7),
];

/// Words before which nothing is praise.
const NEGATIONS: [&str; 14] = [
    "not", "no", "never", "hardly", "nicht", "kein", "keine", "kaum", "nie", "nunca", "sin", "pas",
    "jamais", "aucun",
];
/// Words back that a negation reaches.
const REACH: usize = 2;

/// Returns how many kinds of help a comment names.
pub(super) fn terms(comment: &str) -> usize {
    let lower = comment.to_lowercase();
    let words: Vec<&str> = lower
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let mut kinds = BTreeSet::new();
    for (at, word) in words.iter().enumerate() {
        let before = &words[at.saturating_sub(REACH)..at];
        if before.iter().any(|word| NEGATIONS.contains(word)) {
            continue;
        }
        let found = STEMS.iter().find(|(stem, _)| word.starts_with(stem));
        kinds.extend(found.map(|(_, kind)| *kind));
    }
    kinds.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_is_counted_by_kinds() {
        for (comment, expected) in [
            ("", 0),
            ("Thank you! Keep it up.", 0),
            ("Competent and friendly support.", 2),
            ("They explained the cause. Explained it twice.", 1),
            ("Not helpful at all", 0),
            ("never really explained", 0),
            ("Sehr freundlich, und geduldig ERKLÄRT", 3),
            ("Danke, war nicht hilfreich", 0),
            ("unfriendly", 0),
        ] {
            assert_eq!(terms(comment), expected, "{comment}");
        }
    }
}
