//! Rows as they are, page by page: what an export asks of the store, and what it gets.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use crate::plan::Filter;
use crate::record::RecordKind;
use crate::store::{Store, StoreError};

/// Most rows of one page.
pub const PAGE_ROWS_MAX: usize = 10_000;
/// Bytes of values after which a page ends early; one row may pass it by its own length.
pub const PAGE_BYTES_MAX: usize = 8 << 20;

/// What an export may show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disclosure {
    /// Every column of every row.
    Everything,
    /// No personal column, no vendor's attributes, no reference that is an address of a person, and
    /// nothing of a survey that promised anonymity to anyone.
    Impersonal,
}

/// A question for rows, in the order in which the store came to know them.
#[derive(Debug, Clone, PartialEq)]
pub struct PageAsk {
    /// Kind of rows.
    pub kind: RecordKind,
    /// Which of them.
    pub filter: Filter,
    /// Event times, from the first (inclusive) to the second (exclusive).
    pub between: (Option<Timestamp>, Option<Timestamp>),
    /// Only rows known since then.
    pub since: Option<Timestamp>,
    /// Only rows after this one.
    pub after: Option<RowPlace>,
    /// Rows of the page, at most [`PAGE_ROWS_MAX`].
    pub n_rows_max: usize,
    /// What it may show.
    pub disclosure: Disclosure,
}

/// Where a row stands in that order; says nothing of the row itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowPlace {
    /// Since when it is known, in microseconds.
    pub known_at_us: i64,
    /// Its key.
    pub key: u64,
    /// Its digest.
    pub digest: u64,
}

impl fmt::Display for RowPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            known_at_us,
            key,
            digest,
        } = self;
        write!(formatter, "{known_at_us}-{key:016x}-{digest:016x}")
    }
}

/// The text is no place of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no cursor of an earlier page")]
pub struct NoPlace;

impl FromStr for RowPlace {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let mut parts = text.rsplitn(3, '-');
        let mut hexadecimal = || {
            let part = parts.next().filter(|part| part.len() == 16);
            part.and_then(|part| u64::from_str_radix(part, 16).ok())
        };
        let (digest, key) = (hexadecimal().ok_or(NoPlace)?, hexadecimal().ok_or(NoPlace)?);
        let known_at_us = parts.next().and_then(|part| part.parse().ok());
        Ok(Self {
            known_at_us: known_at_us.ok_or(NoPlace)?,
            key,
            digest,
        })
    }
}

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// There is none.
    Missing,
    /// A text, an amount of money included.
    Text(String),
    /// A number.
    Number(f64),
    /// A whole number.
    Count(u64),
    /// Yes or no.
    Flag(bool),
    /// An instant.
    Time(Timestamp),
    /// Several texts.
    Texts(Vec<String>),
    /// A JSON object of scalars, as text.
    Json(String),
}

/// Some rows, in order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    /// Names of the columns.
    pub columns: Vec<&'static str>,
    /// One cell a column.
    pub rows: Vec<Vec<Cell>>,
    /// The last row's place, where more rows follow.
    pub next: Option<RowPlace>,
}

/// A store whose rows can be taken out.
pub trait Export: Store {
    /// Returns one page of live rows.
    ///
    /// # Errors
    /// When the deadline passes, a dimension is unknown or the store fails.
    fn page(&self, ask: &PageAsk) -> Result<Page, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_written_and_read() {
        let place = |known_at_us| RowPlace {
            known_at_us,
            key: 7,
            digest: u64::MAX,
        };
        for known_at_us in [0, -5, i64::MAX, i64::MIN] {
            let text = place(known_at_us).to_string();
            assert_eq!(text.parse(), Ok(place(known_at_us)), "{text}");
        }
        for wrong in [
            "",
            "1",
            "1-2-3",
            "x-0000000000000007-0000000000000007",
            "--",
        ] {
            assert_eq!(wrong.parse::<RowPlace>(), Err(NoPlace), "{wrong}");
        }
    }
}
