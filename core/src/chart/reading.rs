//! Reads the tables of answers by the names of their columns.

use crate::kpi::{Base, Cell, Table};

/// A table that is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'a> {
    table: &'a Table,
}

impl<'a> Reading<'a> {
    pub(super) const fn new(table: &'a Table) -> Self {
        Self { table }
    }

    pub(super) fn n_rows(&self) -> usize {
        self.table.rows.len()
    }

    fn place(&self, column: &str) -> Option<usize> {
        let mut columns = self.table.columns.iter();
        columns.position(|one| one.name == column)
    }

    fn cell(&self, row: usize, column: &str) -> Option<&'a Cell> {
        self.table.rows.get(row)?.get(self.place(column)?)
    }

    pub(super) fn text(&self, row: usize, column: &str) -> Option<&'a str> {
        match self.cell(row, column)? {
            Cell::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn count(&self, row: usize, column: &str) -> Option<u64> {
        match self.cell(row, column)? {
            Cell::Count(count) => Some(*count),
            _ => None,
        }
    }

    pub(super) fn number(&self, row: usize, column: &str) -> Option<f64> {
        match self.cell(row, column)? {
            Cell::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// Returns how far a row can be relied on; hidden where it does not say.
    pub(super) fn base(&self, row: usize) -> Base {
        match self.text(row, "base") {
            Some("ok") => Base::Ok,
            Some("low") => Base::Low,
            Some("counts_only") => Base::CountsOnly,
            _ => Base::Hidden,
        }
    }
}
