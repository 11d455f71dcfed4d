//! One complaint about a file a person wrote: where it is, what is wrong, what to do.

use std::fmt;
use std::path::{Path, PathBuf};

/// A fault in a configuration or dashboard file; shown as `file:line:column: what; hint`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file as it was named to the reader.
    pub file: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong, lowercase, without a full stop.
    pub what: String,
    /// What to do about it, never empty.
    pub hint: String,
}

impl Fault {
    /// Returns a fault about a file as a whole.
    #[must_use]
    pub fn of_file(file: &Path, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line: 1,
            column: 1,
            what: what.into(),
            hint: hint.into(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        let (line, column) = (self.line, self.column);
        write!(
            formatter,
            "{file}:{line}:{column}: {}; {}",
            self.what, self.hint
        )
    }
}

impl std::error::Error for Fault {}

/// What a value's parser says about a bad value; the reader adds the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub hint: String,
}

impl Complaint {
    /// Returns a complaint of these two sentences.
    #[must_use]
    pub fn new(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            hint: hint.into(),
        }
    }
}

/// Returns the hint for an unknown name: the nearest of `known`, or all of them.
#[must_use]
pub fn nearest_hint<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    if let Some(near) = nearest(name, known.iter().copied()) {
        return format!("did you mean `{near}`?");
    }
    if known.is_empty() {
        return "there are none to name here".to_owned();
    }
    let shown = known.iter().take(LISTED_MAX);
    let list: Vec<String> = shown.map(|name| format!("`{name}`")).collect();
    let dots = if known.len() > LISTED_MAX {
        ", …"
    } else {
        ""
    };
    format!("known are {}{dots}", list.join(", "))
}

/// Names listed in a hint; more do not help a reader.
const LISTED_MAX: usize = 20;

/// Likeness (Jaro–Winkler, 0–1) from which a name is offered as the one that was meant.
const LIKENESS_MIN: f64 = 0.75;

/// Returns the known name most like `name`, or `None` when none is close.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lowered = name.to_lowercase();
    known
        .into_iter()
        .map(|other| (strsim::jaro_winkler(&lowered, &other.to_lowercase()), other))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, other)| other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_names_the_nearest_and_nonsense_lists_all() {
        let known = ["listen", "data_dir", "timezone"];
        assert_eq!(nearest_hint("listne", known), "did you mean `listen`?");
        assert_eq!(
            nearest_hint("qqq", known),
            "known are `listen`, `data_dir`, `timezone`"
        );
    }

    #[test]
    fn a_fault_reads_as_one_line() {
        let fault = Fault::of_file(Path::new("a.toml"), "no", "yes");
        assert_eq!(fault.to_string(), "a.toml:1:1: no; yes");
    }
}
