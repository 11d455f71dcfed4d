//! How a plugin stands: what runs, and what became of the file that would replace it.

use crate::host::generation::Build;
use crate::host::plugin_file::FindError;
use crate::record::SourceName;

/// What became of a plugin's file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Standing {
    /// It is what runs.
    #[default]
    Running,
    /// It is not there: the plugin's sources wait.
    Missing {
        /// Why, in words for the operator.
        why: String,
        /// What to do about it.
        hint: String,
    },
    /// It was not taken over.
    Refused {
        /// Why, in words for the operator.
        why: String,
        /// What to do about it.
        hint: String,
    },
    /// It waits for an approval.
    Pending {
        /// Version of the build that waits.
        version: String,
        /// What it takes away.
        why: String,
    },
}

impl Standing {
    pub(super) fn of(error: &FindError) -> Self {
        let (why, hint) = (error.message(), error.hint());
        match error {
            FindError::NotFound { .. } => Self::Missing { why, hint },
            _ => Self::Refused { why, hint },
        }
    }

    pub(super) fn broken(why: String) -> Self {
        Self::Refused {
            why,
            hint: "mend the plugin: vocd plugin check LIB".to_owned(),
        }
    }

    pub(super) fn set_aside() -> Self {
        Self::Refused {
            why: "it crashed twice in a row; the build before it runs instead".to_owned(),
            hint: "replace the library by another build".to_owned(),
        }
    }

    /// Returns the label.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Missing { .. } => "missing",
            Self::Refused { .. } => "refused",
            Self::Pending { .. } => "pending",
        }
    }

    /// Returns why the file is not what runs.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Running => None,
            Self::Missing { why, .. } | Self::Refused { why, .. } | Self::Pending { why, .. } => {
                Some(why)
            }
        }
    }

    /// Returns what the operator can do about it.
    #[must_use]
    pub fn hint(&self, plugin: &str) -> Option<String> {
        match self {
            Self::Running => None,
            Self::Missing { hint, .. } | Self::Refused { hint, .. } => Some(hint.clone()),
            Self::Pending { .. } => Some(format!(
                "if its users can do without, let it run: vocd plugin approve {plugin}"
            )),
        }
    }
}

/// The state of one plugin in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginState {
    /// Its name.
    pub plugin: String,
    /// What runs; `None` where nothing does.
    pub build: Option<Build>,
    /// How many builds ran so far.
    pub generation: u64,
    /// What became of its file.
    pub standing: Standing,
    /// The sources that use it.
    pub sources: Vec<SourceName>,
}
