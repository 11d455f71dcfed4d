//! What an operator asks of the store: to give back space, and to forget a person.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use super::mark::Marks;
use super::{Store, StoreError};
use crate::record::SourceName;

/// What a compaction did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compaction {
    /// Size of the database and its log before, in bytes.
    pub bytes_before: u64,
    /// Size after, in bytes.
    pub bytes_after: u64,
    /// Tables that were copied, each with the same number of rows.
    pub n_tables: u64,
    /// Their rows.
    pub n_rows: u64,
    /// How long it took; commits waited for so long.
    pub elapsed: Duration,
}

/// Who is to be erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonAsk {
    /// An id, `SOURCE/ID`, or an alias such as `email:a@b.c`.
    pub reference: String,
    /// Source whose id it is; all are searched without one.
    pub source: Option<SourceName>,
}

/// What the store holds, or held, of a person. Without anything personal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Holding {
    /// Live rows by kind, kinds with rows only.
    pub rows: BTreeMap<&'static str, u64>,
    /// Superseded and deleted versions by kind, kinds with rows only.
    pub versions: BTreeMap<&'static str, u64>,
    /// Customer rows that were this one person, as `SOURCE` and how many.
    pub sources: BTreeMap<String, u64>,
    /// Aliases that linked them.
    pub n_aliases: u64,
    /// Webhooks kept aside that name the person.
    pub n_letters: u64,
    /// Samples of refused records that go with it.
    pub n_samples: u64,
    /// Files that still hold the person, or may.
    pub copies: Vec<HeldCopy>,
}

/// A file beside the database that holds the person as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldCopy {
    /// The file or folder.
    pub path: PathBuf,
    /// `false` when it could not be looked into.
    pub is_certain: bool,
}

/// An erasure whose rows are gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// Its receipt: drawn by chance, says nothing of the person.
    pub receipt: String,
    /// When it was committed.
    pub erased_at: Timestamp,
    /// What went.
    pub holding: Holding,
}

/// Why nobody was erased.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// Nothing is known of such a person.
    #[error("no customer `{reference}` is known{}", .source_name.as_ref().map(|name| format!(" in source `{name}`")).unwrap_or_default())]
    Unknown {
        /// What was asked for.
        reference: String,
        /// Source that was asked for.
        source_name: Option<SourceName>,
    },
    /// Several persons are called so.
    #[error("`{reference}` means {} persons, in the sources {}", sources.len(), sources.join(", "))]
    Ambiguous {
        /// What was asked for.
        reference: String,
        /// Sources in which it is somebody.
        sources: Vec<String>,
    },
    /// The person was erased before.
    #[error("`{reference}` was erased already, on {erased_at} with receipt {receipt}")]
    Erased {
        /// What was asked for.
        reference: String,
        /// Receipt of that erasure.
        receipt: String,
        /// When that was.
        erased_at: Timestamp,
    },
    /// The store failed; nothing was erased.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl EraseError {
    /// Returns what to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown { .. } => Some(
                "give the id as its source writes it, SOURCE/ID, or an alias such as \
                 email:a@b.c; `vocd sources` lists the sources"
                    .to_owned(),
            ),
            Self::Ambiguous { sources, .. } => {
                let name = sources.first().map_or("NAME", String::as_str);
                Some(format!("say which: --source {name}"))
            }
            Self::Erased { .. } => {
                Some("nothing is left to erase; its records are refused when they come".to_owned())
            }
            Self::Store(error) => error.hint().map(str::to_owned),
        }
    }
}

/// A store that can be compacted, and from which persons can be erased.
pub trait Upkeep: Store {
    /// Rewrites the database into a new file without what was deleted. Questions are answered
    /// meanwhile; commits wait.
    ///
    /// # Errors
    /// When there is too little room or the copy is not the same; the database stays as it is.
    fn compact(&self) -> Result<Compaction, StoreError>;

    /// Looks what erasing a person would take away.
    ///
    /// # Errors
    /// When it is not one person, or the store fails.
    fn holding(&self, ask: &PersonAsk) -> Result<Holding, EraseError>;

    /// Takes a person out of every table, for good: its records are refused from here on. The
    /// bytes are gone once the inbox is cleared of it and the database compacted.
    ///
    /// # Errors
    /// When it is not one person, or the store fails; then nothing was erased.
    fn erase(&self, ask: &PersonAsk, at: Timestamp) -> Result<Erasure, EraseError>;

    /// Returns by what erased persons are known; `None` when nobody ever was erased.
    ///
    /// # Errors
    /// When the store fails.
    fn marks(&self) -> Result<Option<Marks>, StoreError>;

    /// Returns the receipts of erasures whose bytes may still lie about.
    ///
    /// # Errors
    /// When the store fails.
    fn unfinished_erasures(&self) -> Result<Vec<String>, StoreError>;

    /// Notes that the bytes of these erasures are gone, and how much there was besides the rows.
    ///
    /// # Errors
    /// When the store fails.
    fn finish_erasures(
        &self,
        receipts: &[String],
        n_webhooks: u64,
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// Returns the receipts of all erasures, the newest first, as they were kept.
    ///
    /// # Errors
    /// When the store fails.
    fn receipts(&self) -> Result<Vec<String>, StoreError>;
}
