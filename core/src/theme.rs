//! What comments are about, without a model: terms, curated themes, and what is new.
//!
//! [`Reader::read`] turns one comment into [`Terms`] and depends on nothing else, so only new
//! comments are ever read. Everything else counts terms that were read before: [`emerging()`] finds
//! what two groups of comments do not share, [`groups()`] puts terms that come together under one
//! name.

mod emerging;
mod grammar;
mod group;
mod language;
mod mention;
mod pattern;
mod reader;
mod site;
mod tally;
mod taxonomy;
mod terms;
mod word;

pub use emerging::{Emergence, EmergingTerm, emerging};
pub use group::{TermGroup, groups};
pub use language::{Language, Spoken};
pub use reader::{Comment, Reader};
pub use site::{Fault, ThemeFile};
pub use taxonomy::{Mention, Taxonomy, Theme};
pub use terms::Terms;

#[cfg(test)]
mod taxonomy_tests;
#[cfg(test)]
mod tests;
