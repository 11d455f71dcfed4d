//! The curated themes: what each is called and which terms mean it, by language.

use std::collections::BTreeMap;

use super::language::Language;
use super::site::{Entry, Fault, ThemeFile};
use crate::nearest::nearest;

/// The themes that come with the program, a file a language.
const BUILT_IN: [&str; 4] = [
    include_str!("taxonomy/en.toml"),
    include_str!("taxonomy/de.toml"),
    include_str!("taxonomy/fr.toml"),
    include_str!("taxonomy/es.toml"),
];

/// Themes of a taxonomy.
const THEMES_MAX: usize = 200;

/// A topic that comments speak of, good or bad.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    /// Its name in files and questions.
    pub id: String,
    titles: BTreeMap<Language, String>,
    terms: BTreeMap<Language, Vec<Term>>,
}

/// A word or phrase that means a theme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    /// As the file writes it.
    pub(super) written: String,
    /// Whether it means nothing after a negation: `no problem` is no problem.
    pub(super) is_undone_by_negation: bool,
}

impl Theme {
    /// Returns the title in a language, else in English, else in any.
    #[must_use]
    pub fn title(&self, language: Language) -> &str {
        let titles = &self.titles;
        let any = || {
            titles
                .get(&Language::English)
                .or_else(|| titles.values().next())
        };
        titles
            .get(&language)
            .or_else(any)
            .map_or(&self.id, String::as_str)
    }

    pub(super) fn terms(&self, language: Language) -> &[Term] {
        self.terms.get(&language).map_or(&[], Vec::as_slice)
    }
}

/// A theme that a comment speaks of, and what shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mention {
    pub(super) theme_idx: u16,
    pub(super) term_idx: u16,
    pub(super) language: Language,
}

/// Every theme that is looked for, in the order of the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taxonomy {
    themes: Vec<Theme>,
    versions: Vec<(Language, u32)>,
}

impl Taxonomy {
    /// Returns the themes that come with the program.
    ///
    /// # Panics
    /// Never: a test reads every file of the program.
    #[must_use]
    pub fn built_in() -> Self {
        let mut taxonomy = Self {
            themes: Vec::new(),
            versions: Vec::new(),
        };
        for text in BUILT_IN {
            let file = ThemeFile::parse(text).expect("a file of the program is correct");
            taxonomy
                .add(file)
                .expect("a file of the program leaves nothing out");
        }
        taxonomy
    }

    /// Adds the themes of a file; a theme that is there already gets the file's title and terms in
    /// the file's language instead of its own.
    ///
    /// # Errors
    /// If the file leaves out a theme that is not there, or there are too many themes.
    pub fn add(&mut self, file: ThemeFile) -> Result<(), Vec<Fault>> {
        let absent = |(_, id): &&(Fault, String)| !self.themes.iter().any(|theme| theme.id == *id);
        let faults: Vec<Fault> = file
            .leave_out
            .iter()
            .filter(absent)
            .map(|(at, id)| self.unknown(at, id))
            .collect();
        if !faults.is_empty() {
            return Err(faults);
        }
        self.themes
            .retain(|theme| !file.leave_out.iter().any(|(_, id)| *id == theme.id));
        for entry in file.entries {
            self.put(file.language, entry);
        }
        if self.themes.len() > THEMES_MAX {
            return Err(vec![Fault {
                line: 1,
                column: 1,
                what: format!(
                    "there are {} themes; {THEMES_MAX} is the most",
                    self.themes.len()
                ),
                hint: "put themes together, or name some in `leave_out`".to_owned(),
            }]);
        }
        self.versions.push((file.language, file.version));
        Ok(())
    }

    /// Returns the themes.
    #[must_use]
    pub fn themes(&self) -> &[Theme] {
        &self.themes
    }

    /// Returns language and version of every file, in the order they were added: two taxonomies that
    /// agree in it find the same, if sites count their versions up.
    #[must_use]
    pub fn versions(&self) -> &[(Language, u32)] {
        &self.versions
    }

    /// Returns the theme of a mention that a reader of this taxonomy found.
    ///
    /// # Panics
    /// If the mention is of another taxonomy.
    #[must_use]
    pub fn theme_of(&self, mention: &Mention) -> &Theme {
        &self.themes[usize::from(mention.theme_idx)]
    }

    /// Returns the term that showed a theme, as the file writes it.
    ///
    /// # Panics
    /// If the mention is of another taxonomy.
    #[must_use]
    pub fn term_of(&self, mention: &Mention) -> &str {
        let terms = self.theme_of(mention).terms(mention.language);
        &terms[usize::from(mention.term_idx)].written
    }

    fn put(&mut self, language: Language, entry: Entry) {
        let known = self.themes.iter().position(|theme| theme.id == entry.id);
        let place = known.unwrap_or_else(|| {
            self.themes.push(Theme {
                id: entry.id,
                titles: BTreeMap::new(),
                terms: BTreeMap::new(),
            });
            self.themes.len() - 1
        });
        let theme = &mut self.themes[place];
        theme.titles.insert(language, entry.title);
        theme.terms.insert(language, entry.terms);
    }

    fn unknown(&self, at: &Fault, id: &str) -> Fault {
        let ids = self.themes.iter().map(|theme| &*theme.id);
        let hint = nearest(id, ids).map_or_else(
            || "take it away from `leave_out`".to_owned(),
            |meant| format!("did you mean `{meant}`?"),
        );
        Fault {
            what: format!("there is no theme `{id}`"),
            hint,
            ..at.clone()
        }
    }
}
