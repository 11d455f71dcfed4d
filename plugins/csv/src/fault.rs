//! What a person has to mend: faults of the configuration and of whole files.

use std::io;
use std::path::PathBuf;

/// Why the configuration, or a file it names, cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// A property has a value that is not allowed.
    #[error("`{place}`: {what}; {hint}")]
    Property {
        place: String,
        what: String,
        hint: String,
    },
    /// The configuration is no JSON of the expected form.
    #[error("the configuration cannot be read: {what}")]
    Form { what: String },
    /// A literal path that does not exist and was never read.
    #[error("no file `{path}`; check `path`, it counts from the configuration file")]
    NoFile { path: PathBuf },
    /// The folder files are looked for in does not exist.
    #[error("no folder `{path}`; check `path`, it counts from the configuration file")]
    NoFolder { path: PathBuf },
    /// A glob that cannot be expanded.
    #[error("`{pattern}` is no file name pattern: {what}; use `*`, `?` and `[a-z]`")]
    Pattern { pattern: String, what: String },
    /// More files than one source may have.
    #[error("`{pattern}` finds more than {max} files; narrow it, or split it into several sources")]
    TooManyFiles { pattern: String, max: usize },
    /// Two entries find one file.
    #[error("`{name}` is found by two `file` entries; use `record` for several records per row")]
    TwoEntries { name: String },
    /// The names of all files do not fit a checkpoint.
    #[error(
        "the state of {n_files} files has {n_bytes} bytes, at most {max}; use shorter names, or split them into several sources"
    )]
    StateTooLong {
        n_files: usize,
        n_bytes: usize,
        max: usize,
    },
    /// The operating system refused.
    #[error("failed to read `{name}`: {source}")]
    Read {
        name: String,
        #[source]
        source: io::Error,
    },
    /// A name that would make ids longer than they may be.
    #[error("`{name}` is too long for row ids; give the rows an `id` column, or shorten the path")]
    NameTooLong { name: String },
    /// UTF-16, by its mark or its zero bytes.
    #[error("`{name}` is UTF-16; save it as UTF-8")]
    Utf16 { name: String },
    /// A spreadsheet, an archive or another binary file.
    #[error("`{name}` is no text ({what}); export it as CSV")]
    NotText { name: String, what: &'static str },
    /// The first record is no header.
    #[error("`{name}` has no readable header row: {what}")]
    Header { name: String, what: String },
    /// A mapped column that the header lacks.
    #[error("`{name}` has no column `{column}`; {hint}")]
    NoColumn {
        name: String,
        column: String,
        hint: String,
    },
    /// A mapped column that the header has twice.
    #[error("`{name}` has two columns `{column}`; rename one")]
    TwoColumns { name: String, column: String },
    /// A required record column that nothing fills.
    #[error("`{place}`: a `{kind}` needs `{column}`; map it in `columns`")]
    Unmapped {
        place: String,
        kind: &'static str,
        column: &'static str,
    },
}

impl Fault {
    /// Makes a fault of one property.
    pub(crate) fn property(
        place: impl Into<String>,
        what: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::Property {
            place: place.into(),
            what: what.into(),
            hint: hint.into(),
        }
    }
}

impl From<Fault> for vocd_plugin::Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Read { ref source, .. }
                if !matches!(
                    source.kind(),
                    io::ErrorKind::PermissionDenied
                        | io::ErrorKind::NotFound
                        | io::ErrorKind::IsADirectory
                ) =>
            {
                Self::transient(fault.to_string())
            }
            _ => Self::config(fault.to_string()),
        }
    }
}

/// Returns a sentence that names the nearest of some names, or lists the first of them.
pub(crate) fn nearest_hint<'name>(
    name: &str,
    known: impl IntoIterator<Item = &'name str>,
) -> String {
    /// Names listed when none is near.
    const LISTED_MAX: usize = 12;
    let known: Vec<&str> = known.into_iter().collect();
    if let Some(nearest) = nearest(name, known.iter().copied()) {
        return format!("did you mean `{nearest}`?");
    }
    let mut listed = known
        .iter()
        .take(LISTED_MAX)
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>();
    if known.len() > LISTED_MAX {
        listed.push("…".to_owned());
    }
    format!("there is {}", listed.join(", "))
}

/// Returns the name nearest to another, if it is near enough to be meant.
pub(crate) fn nearest<'name>(
    name: &str,
    known: impl IntoIterator<Item = &'name str>,
) -> Option<&'name str> {
    let folded = |name: &str| name.to_lowercase().replace([' ', '-'], "_");
    let wanted = folded(name);
    let distance_max = (name.chars().count() / 3).clamp(1, 3);
    known
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(&wanted, &folded(known)), known))
        .filter(|(distance, _)| *distance <= distance_max)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}
