//! What was read of one comment: small, and all that counting needs.

use super::language::{Language, Spoken};
use super::taxonomy::Mention;

/// Stands before a word that is only shown, between two that are counted.
const LINK: char = '\u{1}';

/// The terms and themes of one comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    spoken: Spoken,
    mentions: Box<[Mention]>,
    is_cut: bool,
    /// Counted words as `surface` or `surface TAB stem`, a space between those that belong together
    /// and a line feed between those that do not.
    packed: Box<str>,
}

impl Terms {
    pub(super) fn new(
        spoken: Spoken,
        mentions: Vec<Mention>,
        is_cut: bool,
        packed: String,
    ) -> Self {
        Self {
            spoken,
            mentions: mentions.into(),
            is_cut,
            packed: packed.into(),
        }
    }

    /// Returns what is known of the comment's language.
    #[must_use]
    pub const fn spoken(&self) -> Spoken {
        self.spoken
    }

    /// Returns the language, if it is one that is read.
    #[must_use]
    pub const fn language(&self) -> Option<Language> {
        match self.spoken {
            Spoken::Read(language) => Some(language),
            Spoken::NotRead | Spoken::Unknown => None,
        }
    }

    /// Returns the themes the comment speaks of, each once, in the order of the taxonomy.
    #[must_use]
    pub const fn mentions(&self) -> &[Mention] {
        &self.mentions
    }

    /// Tells whether the comment is longer than what is read of one.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Returns about how many bytes it takes.
    pub(super) fn n_bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.mentions) + self.packed.len()
    }

    /// Returns every term in the order of the comment; one may come again.
    pub(super) fn occurrences(&self) -> impl Iterator<Item = Occurrence<'_>> {
        self.packed
            .split('\n')
            .flat_map(|run| {
                let mut before: Option<Counted<'_>> = None;
                let mut link = "";
                run.split(' ')
                    .filter(|word| !word.is_empty())
                    .flat_map(move |word| {
                        if let Some(between) = word.strip_prefix(LINK) {
                            link = between;
                            return [None, None];
                        }
                        let now = Counted::of(word);
                        let pair = before.map(|first| Occurrence {
                            key: (first.stem, now.stem),
                            surface: [first.surface, link, now.surface],
                        });
                        before = Some(now);
                        link = "";
                        let single = Occurrence {
                            key: (now.stem, ""),
                            surface: ["", "", now.surface],
                        };
                        [Some(single), pair]
                    })
            })
            .flatten()
    }

    /// Returns each term once: a comment that repeats itself is still one comment.
    pub(super) fn present(&self) -> Vec<Key<'_>> {
        let mut keys: Vec<Key<'_>> = self.occurrences().map(|found| found.key).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

/// The stems of a term: one word and nothing, or two words.
pub(super) type Key<'a> = (&'a str, &'a str);

/// A term where it was written.
pub(super) struct Occurrence<'a> {
    pub(super) key: Key<'a>,
    surface: [&'a str; 3],
}

impl Occurrence<'_> {
    /// Returns the term as it was written, with the small word between its two, if any.
    pub(super) fn surface(&self) -> String {
        let words = self.surface.iter().copied().filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join(" ")
    }
}

#[derive(Clone, Copy)]
struct Counted<'a> {
    surface: &'a str,
    stem: &'a str,
}

impl<'a> Counted<'a> {
    fn of(packed: &'a str) -> Self {
        let (surface, stem) = packed.split_once('\t').unwrap_or((packed, packed));
        Self { surface, stem }
    }
}

/// Packs the words of a comment as [`Terms`] keep them.
#[derive(Debug, Default)]
pub(super) struct Packing {
    packed: String,
    link: Option<String>,
}

impl Packing {
    pub(super) fn counted(&mut self, surface: &str, stem: &str) {
        if let Some(link) = self.link.take()
            && !self.is_at_start()
        {
            self.packed.push(LINK);
            self.packed.push_str(&link);
            self.packed.push(' ');
        }
        self.packed.push_str(surface);
        if surface != stem {
            self.packed.push('\t');
            self.packed.push_str(stem);
        }
        self.packed.push(' ');
    }

    /// One small word may stand inside a term (`speed of delivery`), two separate.
    pub(super) fn small(&mut self, surface: &str) {
        if self.link.is_some() {
            self.apart();
        }
        self.link = Some(surface.to_owned());
    }

    /// Words before and after do not belong together.
    pub(super) fn apart(&mut self) {
        self.link = None;
        if !self.is_at_start() {
            self.packed.pop();
            self.packed.push('\n');
        }
    }

    pub(super) fn finish(self) -> String {
        self.packed.trim_end().to_owned()
    }

    fn is_at_start(&self) -> bool {
        self.packed.is_empty() || self.packed.ends_with('\n')
    }
}
