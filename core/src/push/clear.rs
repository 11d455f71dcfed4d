//! Clears the inbox of persons who were erased.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::Push;
use super::inbox::{self, Item};
use crate::record::SourceName;
use crate::store::mark::Marks;
use crate::store::push::PushStore;

/// Shortest word that is taken for a person in a webhook that waits, in characters: a shorter one
/// may stand in anybody's. The store refuses the rows of those all the same.
const WORD_CHARS_MIN: usize = 4;

impl Push {
    /// Takes every webhook out of the inbox that was consumed or names a person of the marks;
    /// returns how many of the latter waited. Blocks.
    ///
    /// # Errors
    /// When the store fails or the inbox cannot be written.
    pub fn clear(&self, marks: &Marks) -> io::Result<u64> {
        let sources = self.inbox.fills().into_keys();
        let position = |source: SourceName| {
            let position = self.store.inbox_position(&source);
            Ok((source, position.map_err(io::Error::other)?))
        };
        let positions = sources.map(position).collect::<io::Result<_>>()?;
        let marks = marks.clone();
        let goes_out = move |source: &SourceName, item: &Item| is_named(&marks, source, item);
        self.inbox.scrub(positions, Arc::new(goes_out))
    }
}

/// Clears the inbox of a data directory as [`Push::clear`] does, where no daemon runs.
///
/// # Errors
/// When the store fails or the inbox cannot be written.
pub fn clear_closed(dir: &Path, store: &dyn PushStore, marks: &Marks) -> io::Result<u64> {
    let mut position = |source: &SourceName| store.inbox_position(source).map_err(io::Error::other);
    let marks = marks.clone();
    let goes_out = move |source: &SourceName, item: &Item| is_named(&marks, source, item);
    inbox::scrub_closed(dir, &mut position, &goes_out)
}

fn is_named(marks: &Marks, source: &SourceName, item: &Item) -> bool {
    let named = |text: &[u8]| marks.name_in(source, text, WORD_CHARS_MIN);
    named(&item.body)
        || named(item.event_id.as_bytes())
        || item
            .headers
            .iter()
            .any(|(_, value)| named(value.as_bytes()))
}
