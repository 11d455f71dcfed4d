//! How a field of a record gets into its column.

use super::{Attributes, Direction, EventKind, HandledBy, Metric, Mode, ReviewerKind, Status};
use crate::{Money, RowsBuilder, Time};

/// A value that knows the type of its column.
pub(super) trait Cell {
    fn push(&self, rows: &mut RowsBuilder, column_idx: usize);
}

impl<T: Cell> Cell for Option<T> {
    fn push(&self, rows: &mut RowsBuilder, column_idx: usize) {
        // What is not pushed is null.
        if let Some(value) = self {
            value.push(rows, column_idx);
        }
    }
}

impl Cell for &str {
    fn push(&self, rows: &mut RowsBuilder, column_idx: usize) {
        rows.push_str(column_idx, self);
    }
}

impl Cell for f64 {
    fn push(&self, rows: &mut RowsBuilder, column_idx: usize) {
        rows.push_number(column_idx, *self);
    }
}

impl Cell for u64 {
    fn push(&self, rows: &mut RowsBuilder, column_idx: usize) {
        rows.push_count(column_idx, *self);
    }
}

impl Cell for bool {
    fn push(&self, rows: &mut RowsBuilder, column_idx: usize) {
        rows.push_flag(column_idx, *self);
    }
}

impl Cell for Time {
    fn push(&self, rows: &mut RowsBuilder, column_idx: usize) {
        rows.push_time_us(column_idx, self.us());
    }
}

impl Cell for Money {
    fn push(&self, rows: &mut RowsBuilder, column_idx: usize) {
        rows.push_money(column_idx, self.ten_thousandths());
    }
}

impl Cell for Vec<&str> {
    fn push(&self, rows: &mut RowsBuilder, column_idx: usize) {
        rows.push_texts(column_idx, self.iter().copied());
    }
}

impl Cell for Attributes {
    fn push(&self, rows: &mut RowsBuilder, column_idx: usize) {
        if let Some(json) = self.json() {
            rows.push_json(column_idx, &json);
        }
    }
}

macro_rules! words {
    ($($word:ty),*) => {$(
        impl Cell for $word {
            fn push(&self, rows: &mut RowsBuilder, column_idx: usize) {
                rows.push_str(column_idx, self.name());
            }
        }
    )*};
}

words!(
    Metric,
    Direction,
    Status,
    Mode,
    HandledBy,
    ReviewerKind,
    EventKind
);
