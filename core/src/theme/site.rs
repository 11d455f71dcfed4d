//! A file of themes in one language, of the program or of a site: read and checked.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::grammar::Grammar;
use super::language::Language;
use super::pattern::steps;
use super::taxonomy::Term;

/// Bytes of a file; the program's own are a tenth of it.
const FILE_BYTES_MAX: usize = 256 * 1024;
/// Terms of a theme in one language.
const TERMS_MAX: usize = 500;
/// Themes of a file.
const ENTRIES_MAX: usize = 200;

/// What is wrong in a file of themes, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong, lowercase, without a full stop.
    pub what: String,
    /// What to do about it, never empty.
    pub hint: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{}:{}: {}; {}",
            self.line, self.column, self.what, self.hint
        )
    }
}

/// A checked file of themes in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThemeFile {
    pub(super) language: Language,
    pub(super) version: u32,
    pub(super) entries: Vec<Entry>,
    /// Ids to take away, each with its place.
    pub(super) leave_out: Vec<(Fault, String)>,
}

/// A theme of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) terms: Vec<Term>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    language: Spanned<String>,
    version: u32,
    #[serde(default)]
    leave_out: Vec<Spanned<String>>,
    #[serde(default)]
    theme: Vec<RawTheme>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTheme {
    id: Spanned<String>,
    title: Spanned<String>,
    #[serde(default)]
    terms: Vec<Spanned<String>>,
    #[serde(default)]
    unless_negated: Vec<Spanned<String>>,
}

impl ThemeFile {
    /// Reads a file of themes.
    ///
    /// # Errors
    /// Everything that is wrong in it, in the order of the file.
    pub fn parse(text: &str) -> Result<Self, Vec<Fault>> {
        let mut check = Check {
            text,
            faults: Vec::new(),
        };
        if text.len() > FILE_BYTES_MAX {
            check.fault(
                &(0..0),
                format!("the file has more than {FILE_BYTES_MAX} bytes"),
                "name fewer terms",
            );
            return Err(check.faults);
        }
        let raw: RawFile = toml::from_str(text).map_err(|error| {
            check.fault(
                &error.span().unwrap_or(0..0),
                error.message().lines().collect::<Vec<_>>().join(", "),
                "a file has `language`, `version` and `[[theme]]` with `id`, `title`, `terms`",
            );
            std::mem::take(&mut check.faults)
        })?;
        let file = check.file(raw);
        file.filter(|_| check.faults.is_empty()).ok_or(check.faults)
    }
}

struct Check<'a> {
    text: &'a str,
    faults: Vec<Fault>,
}

impl Check<'_> {
    fn file(&mut self, raw: RawFile) -> Option<ThemeFile> {
        let Some(language) = Language::of_code(raw.language.get_ref()) else {
            let known = Language::ALL.map(Language::code).join(", ");
            let what = format!(
                "`{}` is not a language that is read",
                raw.language.get_ref()
            );
            self.fault(&raw.language.span(), what, &format!("write one of {known}"));
            return None;
        };
        if raw.theme.len() > ENTRIES_MAX {
            let what = format!("the file has more than {ENTRIES_MAX} themes");
            self.fault(
                &raw.theme[ENTRIES_MAX].id.span(),
                what,
                "put themes together",
            );
        }
        let grammar = Grammar::new(language);
        let mut ids = BTreeSet::new();
        let mut entries = Vec::new();
        for theme in raw.theme {
            if !ids.insert(theme.id.get_ref().clone()) {
                let what = format!("theme `{}` is there twice", theme.id.get_ref());
                self.fault(&theme.id.span(), what, "put its terms into one");
            }
            entries.push(self.entry(&grammar, theme));
        }
        let placed = |id: Spanned<String>| (self.at(&id.span()), id.into_inner());
        Some(ThemeFile {
            language,
            version: raw.version,
            entries,
            leave_out: raw.leave_out.into_iter().map(placed).collect(),
        })
    }

    fn entry(&mut self, grammar: &Grammar, raw: RawTheme) -> Entry {
        let id = raw.id.get_ref();
        let is_id = id.starts_with(|letter: char| letter.is_ascii_lowercase())
            && id.chars().all(|letter| {
                letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_'
            });
        if !is_id {
            let what = format!("`{id}` is not an id");
            self.fault(
                &raw.id.span(),
                what,
                "write small letters, digits and `_`, a letter first",
            );
        }
        if raw.title.get_ref().trim().is_empty() {
            self.fault(
                &raw.title.span(),
                format!("theme `{id}` has an empty title"),
                "write what people read",
            );
        }
        let n_terms = raw.terms.len() + raw.unless_negated.len();
        if n_terms == 0 || n_terms > TERMS_MAX {
            let what = format!("theme `{id}` has {n_terms} terms");
            self.fault(
                &raw.id.span(),
                what,
                &format!("write 1 to {TERMS_MAX}, or name the theme in `leave_out`"),
            );
        }
        let mut seen = BTreeSet::new();
        let kinds = [(raw.terms, false), (raw.unless_negated, true)];
        let written = kinds
            .into_iter()
            .flat_map(|(terms, undone)| terms.into_iter().map(move |term| (term, undone)));
        let terms = written.map(|(term, is_undone_by_negation)| {
            self.term(grammar, &term, &mut seen);
            Term {
                written: term.into_inner(),
                is_undone_by_negation,
            }
        });
        let terms = terms.collect();
        Entry {
            id: raw.id.into_inner(),
            title: raw.title.into_inner(),
            terms,
        }
    }

    fn term(
        &mut self,
        grammar: &Grammar,
        term: &Spanned<String>,
        seen: &mut BTreeSet<Vec<super::pattern::Step>>,
    ) {
        match steps(grammar, term.get_ref()) {
            Err(refused) => self.fault(&term.span(), refused.what, refused.hint),
            Ok(steps) => {
                if !seen.insert(steps) {
                    let what = format!("`{}` is the same as a term before it", term.get_ref());
                    self.fault(
                        &term.span(),
                        what,
                        "take it away: inflections are found by one of them",
                    );
                }
            }
        }
    }

    fn fault(&mut self, span: &Range<usize>, what: String, hint: &str) {
        let at = self.at(span);
        self.faults.push(Fault {
            what,
            hint: hint.to_owned(),
            ..at
        });
    }

    /// Returns a fault without words, at its place.
    fn at(&self, span: &Range<usize>) -> Fault {
        let before = self.text.get(..span.start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Fault {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            what: String::new(),
            hint: String::new(),
        }
    }
}
