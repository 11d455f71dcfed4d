//! Single rows, a few columns of each: for analyses that counts cannot carry.
//!
//! What comes back is only for arithmetic inside: whatever an answer tells of it passes the rules of
//! privacy first.

use jiff::Timestamp;

use super::{Dimension, Filter, Span};
use crate::record::RecordKind;

/// One question to the store for the rows of a span, in the order of their event time.
#[derive(Debug, Clone, PartialEq)]
pub struct SheetPlan {
    /// Kind of rows.
    pub kind: RecordKind,
    /// Which rows.
    pub filter: Filter,
    /// When they happened.
    pub span: Span,
    /// What of each row, at least one.
    pub columns: Vec<SheetColumn>,
    /// State of knowledge: versions with `known_at <= as_of`; `None` is the current rows.
    pub as_of: Option<Timestamp>,
    /// Most rows that are returned, the latest of them; whether there were more is said.
    pub rows_max: usize,
}

/// What is asked of each row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SheetColumn {
    /// A number column.
    Number(&'static str),
    /// A text column.
    Text(&'static str),
    /// A text column together with the row's source, as `SOURCE/VALUE`.
    Sourced(&'static str),
    /// The value of a dimension; a tag is none.
    Dimension(Dimension),
    /// A text column of the ticket that the row names, where that is known.
    OfTicket(&'static str),
    /// Microseconds since 1970 UTC of the event time.
    EventTime,
    /// Whom the row stands for: a number for its person, or for the row itself where it has none or
    /// is anonymous.
    Someone,
}

/// The values of one column, as many as there are rows.
#[derive(Debug, Clone, PartialEq)]
pub enum SheetValues {
    /// Numbers, missing where a row has none.
    Numbers(Vec<Option<f64>>),
    /// Texts.
    Texts(Texts),
    /// Instants, in microseconds since 1970 UTC.
    Times(Vec<i64>),
    /// Opaque numbers, equal for the same person.
    Persons(Vec<u64>),
}

/// Texts of rows, each different one kept once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Texts {
    /// The different ones, in the order they were met.
    pub distinct: Vec<String>,
    /// Position among them by row; missing where a row has none.
    pub of_row: Vec<Option<u32>>,
}

impl Texts {
    /// Returns the text of a row.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<&str> {
        let idx = (*self.of_row.get(row)?)?;
        self.distinct.get(idx as usize).map(String::as_str)
    }
}

/// The answer to a [`SheetPlan`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sheet {
    /// Rows.
    pub n_rows: usize,
    /// One for each column of the plan, in its order.
    pub columns: Vec<SheetValues>,
    /// Whether earlier rows were left out.
    pub is_cut: bool,
}

impl Sheet {
    /// Returns the numbers of a column; none of a column that holds others.
    #[must_use]
    pub fn numbers(&self, column: usize) -> &[Option<f64>] {
        match self.columns.get(column) {
            Some(SheetValues::Numbers(numbers)) => numbers,
            _ => &[],
        }
    }

    /// Returns the text of a row in a column.
    #[must_use]
    pub fn text(&self, column: usize, row: usize) -> Option<&str> {
        match self.columns.get(column) {
            Some(SheetValues::Texts(texts)) => texts.get(row),
            _ => None,
        }
    }

    /// Returns the instants of a column; none of a column that holds others.
    #[must_use]
    pub fn times(&self, column: usize) -> &[i64] {
        match self.columns.get(column) {
            Some(SheetValues::Times(times)) => times,
            _ => &[],
        }
    }

    /// Returns the persons of a column; none of a column that holds others.
    #[must_use]
    pub fn persons(&self, column: usize) -> &[u64] {
        match self.columns.get(column) {
            Some(SheetValues::Persons(persons)) => persons,
            _ => &[],
        }
    }
}
