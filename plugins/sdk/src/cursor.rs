//! Reading a vendor page by page, and going on next time without losing or repeating a row.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Error, Out, Result, Time};

/// Greatest number of bytes the remembered ids take in a checkpoint: half of what it may hold.
const REMEMBERED_BYTES_MAX: usize = 32 * 1024;
/// What one remembered row takes besides its id: quotes, separators and the time.
const REMEMBERED_ROW_BYTES: usize = 36;
/// Rows after which the edge is looked at again.
const FORGET_EVERY_ROWS: usize = 64;

/// What follows a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page<C> {
    /// There are more: the cursor of the next page.
    More(C),
    /// There are no more: where the next run goes on.
    Last(C),
}

/// Reads page after page from `start` on and declares a checkpoint after each, so that a run that is
/// stopped goes on where it was.
///
/// `read_page` reads the page at a cursor, emits its rows and says what follows. Use it where the
/// vendor's order can be trusted; otherwise read to the end and declare one checkpoint there.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use vocd_plugin::cursor::{self, Page};
/// use vocd_plugin::{Out, Read, Result};
///
/// #[derive(Default, PartialEq, Serialize, Deserialize)]
/// struct Cursor {
///     page: u32,
/// }
///
/// fn read(request: &Read, out: &mut Out<'_>) -> Result<()> {
///     let start: Cursor = request.checkpoint()?.unwrap_or_default();
///     cursor::pages(out, start, |at, _out| {
///         // Ask the vendor for the page here, and emit its rows with `_out.row(…)?`.
///         let next = Cursor { page: at.page + 1 };
///         Ok(if next.page < 3 { Page::More(next) } else { Page::Last(next) })
///     })
/// }
/// # let _ = read;
/// ```
///
/// # Errors
/// Those of `read_page` and of the checkpoint; class `schema_changed` when the vendor points to the
/// page that was just read, which would go on for ever.
pub fn pages<C: PartialEq + Serialize>(
    out: &mut Out<'_>,
    start: C,
    mut read_page: impl FnMut(&C, &mut Out<'_>) -> Result<Page<C>>,
) -> Result<()> {
    let mut cursor = start;
    loop {
        match read_page(&cursor, out)? {
            Page::More(next) if next == cursor => {
                let text = "the vendor's next page is the page just read: its paging has changed";
                return Err(Error::schema_changed(text));
            }
            Page::More(next) => {
                out.checkpoint_value(&next)?;
                cursor = next;
            }
            Page::Last(next) => return out.checkpoint_value(&next),
        }
    }
}

/// How far a stream ordered by its time of change was read, with the rows at the edge.
///
/// Vendors answer "changed since T" inclusively, show changes late, and give several rows one time.
/// So the next read begins a little before the last time seen ([`Watermark::since`]), and rows
/// already emitted there are told from new versions by id and time ([`Watermark::is_news`]). Part
/// of a checkpoint; its size is bounded: where too many rows share the edge some are emitted again,
/// which the store takes for what they are.
///
/// ```
/// use std::time::Duration;
/// use vocd_plugin::Time;
/// use vocd_plugin::cursor::Watermark;
///
/// let overlap = Duration::from_secs(60);
/// let mut mark = Watermark::default();
/// assert_eq!(mark.since(overlap), None);
/// let changed_at = Time::from_unix_s(1_000);
/// assert!(mark.is_news("a", changed_at, overlap));
/// assert_eq!(mark.since(overlap), Some(Time::from_unix_s(940)));
/// assert!(!mark.is_news("a", changed_at, overlap));
/// assert!(mark.is_news("b", Time::from_unix_s(950), overlap));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watermark {
    /// The latest time of change seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    latest: Option<Time>,
    /// Id and time of change of the rows emitted since `latest` − overlap.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    edge: BTreeMap<String, Time>,
}

impl Watermark {
    /// Starts at an instant: only what changed at or after it is wanted.
    #[must_use]
    pub fn starting_at(time: Time) -> Self {
        Self {
            latest: Some(time),
            edge: BTreeMap::new(),
        }
    }

    /// Returns where to begin reading, or `None` for the beginning.
    #[must_use]
    pub fn since(&self, overlap: Duration) -> Option<Time> {
        self.latest.map(|latest| latest - overlap)
    }

    /// Returns the latest time of change seen.
    #[must_use]
    pub fn latest(&self) -> Option<Time> {
        self.latest
    }

    /// Returns whether this version of a row is remembered. Of a list in no order, ask the mark as it
    /// was before the list: rows that come first may make it forget rows that come last.
    #[must_use]
    pub fn knows(&self, id: &str, changed_at: Time) -> bool {
        self.edge.get(id) == Some(&changed_at)
    }

    /// Notes a row and returns whether it is to be emitted: not when this version of it was before.
    /// Give the same `overlap` each time.
    pub fn is_news(&mut self, id: &str, changed_at: Time, overlap: Duration) -> bool {
        if self.knows(id, changed_at) {
            return false;
        }
        if self.latest.is_none_or(|latest| latest < changed_at) {
            self.latest = Some(changed_at);
        }
        self.edge.insert(id.to_owned(), changed_at);
        self.forget_the_past(overlap);
        true
    }

    /// Drops what the next read cannot meet again, and the oldest where too much is left.
    fn forget_the_past(&mut self, overlap: Duration) {
        // Looking at all of them for each row would be quadratic; the bound leaves room for these.
        if !self.edge.len().is_multiple_of(FORGET_EVERY_ROWS) {
            return;
        }
        if let Some(since) = self.since(overlap) {
            self.edge.retain(|_, changed_at| *changed_at >= since);
        }
        while !self.n_bytes_is_fine() {
            let oldest = self.edge.values().min().copied();
            self.edge
                .retain(|_, changed_at| Some(*changed_at) != oldest);
        }
    }

    fn n_bytes_is_fine(&self) -> bool {
        let row = |id: &String| id.len() + REMEMBERED_ROW_BYTES;
        self.edge.keys().map(row).sum::<usize>() <= REMEMBERED_BYTES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OVERLAP: Duration = Duration::from_secs(60);

    fn at(second: i64) -> Time {
        Time::from_unix_s(second)
    }

    #[test]
    fn a_version_is_news_once() {
        let mut mark = Watermark::default();
        assert!(mark.is_news("a", at(100), OVERLAP));
        assert!(mark.is_news("b", at(100), OVERLAP));
        assert!(!mark.is_news("a", at(100), OVERLAP));
        assert!(mark.is_news("a", at(101), OVERLAP));
        // Late news of an earlier time does not turn the clock back.
        assert!(mark.is_news("c", at(90), OVERLAP));
        assert_eq!(mark.since(OVERLAP), Some(at(41)));
    }

    #[test]
    fn it_knows_what_it_remembers() {
        let mut mark = Watermark::default();
        assert!(!mark.knows("a", at(100)));
        assert!(mark.is_news("a", at(100), OVERLAP));
        assert!(mark.knows("a", at(100)));
        assert!(!mark.knows("a", at(101)));
    }

    #[test]
    fn it_survives_a_checkpoint() {
        let mut mark = Watermark::starting_at(at(50));
        assert!(mark.is_news("a", at(100), OVERLAP));
        let json = serde_json::to_string(&mark).expect("JSON");
        let mut read: Watermark = serde_json::from_str(&json).expect("a mark");
        assert_eq!(read, mark);
        assert!(!read.is_news("a", at(100), OVERLAP));
    }

    #[test]
    fn it_forgets_what_is_past_and_what_is_too_much() {
        let mut mark = Watermark::default();
        for second in 0..10_000 {
            assert!(mark.is_news(&second.to_string(), at(second), OVERLAP));
        }
        assert!(mark.edge.len() <= 61 + FORGET_EVERY_ROWS);
        assert!(!mark.is_news("9950", at(9_950), OVERLAP));

        let mut crowded = Watermark::default();
        for row in 0..10_000 {
            crowded.is_news(&format!("{row:0200}"), at(7), OVERLAP);
        }
        let json = serde_json::to_string(&crowded).expect("JSON");
        assert!(json.len() < 2 * REMEMBERED_BYTES_MAX, "{}", json.len());
    }
}
