//! What comments are about, without a model: terms, curated themes, and what is new.
//!
//! [`Reader::read`] turns one comment into [`Terms`] and depends on nothing else, so only new
//! comments are ever read: a [`Library`] keeps what was read. Everything else counts terms that were
//! read before: [`emerging()`] finds what two groups of comments do not share, [`groups()`] puts terms
//! that come together under one name. [`Names`] says which terms are the names of persons.

mod emerging;
mod grammar;
mod group;
mod holder;
mod language;
mod library;
mod mention;
mod name;
mod pattern;
mod reader;
mod site;
mod tally;
mod taxonomy;
mod terms;
mod word;

pub use emerging::{Emergence, EmergingTerm, emerging};
pub use group::{TermGroup, groups};
pub use holder::holders;
pub use language::{Language, Spoken};
pub use library::{KEPT_BYTES_MAX, Library};
pub use name::Names;
pub use reader::{Comment, Reader};
pub use site::{Fault, ThemeFile};
pub use taxonomy::{Mention, Taxonomy, Theme};
pub use terms::Terms;

#[cfg(test)]
mod taxonomy_tests;
#[cfg(test)]
mod tests;
