//! From the text of one record to its cells, without an allocation per cell.

use memchr::memchr_iter;

use crate::scan::{Content, Marks, closing_quote};

/// Greatest number of columns; DuckDB and spreadsheets end before.
pub(crate) const COLUMNS_MAX: usize = 4_096;

/// Splits records into cells; its buffers are used again for the next record.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    text: String,
    cells: Vec<(u32, u32)>,
    /// Texts that stand for an empty cell.
    nulls: Vec<String>,
}

/// The cells of one record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'row> {
    text: &'row str,
    cells: &'row [(u32, u32)],
    nulls: &'row [String],
    /// Number of the row in its file, from 1.
    pub(crate) row: u64,
}

impl Splitter {
    /// Returns a splitter to which these texts are empty cells.
    pub(crate) fn new(nulls: Vec<String>) -> Self {
        Self {
            nulls,
            ..Self::default()
        }
    }

    /// Splits a record. Records are at most [`crate::scan::RECORD_BYTES_MAX`] long, so that
    /// positions fit `u32` even after decoding.
    pub(crate) fn split<'row>(
        &'row mut self,
        record: &'row str,
        content: &Content,
        marks: Marks,
        row: u64,
    ) -> Row<'row> {
        self.cells.clear();
        if content.has_quote {
            self.text.clear();
            self.split_quoted(record, marks);
            return Row {
                text: &self.text,
                cells: &self.cells,
                nulls: &self.nulls,
                row,
            };
        }
        let mut start = 0;
        for end in memchr_iter(marks.delimiter, record.as_bytes()) {
            self.cells.push((start, end as u32));
            start = end as u32 + 1;
        }
        self.cells.push((start, record.len() as u32));
        Row {
            text: record,
            cells: &self.cells,
            nulls: &self.nulls,
            row,
        }
    }

    fn split_quoted(&mut self, record: &str, marks: Marks) {
        let bytes = record.as_bytes();
        let mut at = 0;
        loop {
            let start = self.text.len() as u32;
            if bytes.get(at) == Some(&marks.quote) {
                // Framing has seen to it that the quote is closed, unless the file ends here.
                let closing = closing_quote(bytes, at, marks.quote).unwrap_or(bytes.len());
                push_unquoted(&mut self.text, &record[at + 1..closing], marks.quote);
                at = (closing + 1).min(bytes.len());
            }
            // Text behind a closing quote belongs to the cell, as spreadsheets read it.
            let rest = &bytes[at..];
            let len = memchr::memchr(marks.delimiter, rest).unwrap_or(rest.len());
            self.text.push_str(&record[at..at + len]);
            self.cells.push((start, self.text.len() as u32));
            at += len + 1;
            if at > bytes.len() {
                return;
            }
        }
    }
}

/// Appends a cell's text with doubled quotes made single.
fn push_unquoted(text: &mut String, cell: &str, quote: u8) {
    let mut start = 0;
    while let Some(at) = memchr::memchr(quote, &cell.as_bytes()[start..]) {
        text.push_str(&cell[start..=start + at]);
        start = (start + at + 2).min(cell.len());
    }
    text.push_str(&cell[start..]);
}

impl<'row> Row<'row> {
    /// Returns a cell, or `None` when it is empty or blank, or stands for that.
    #[inline]
    pub(crate) fn cell(&self, cell_idx: usize) -> Option<&'row str> {
        let &(start, end) = self.cells.get(cell_idx)?;
        let cell = &self.text[start as usize..end as usize];
        let first = cell.as_bytes().first()?;
        if first.is_ascii_whitespace() && cell.trim_ascii().is_empty() {
            return None;
        }
        if !self.nulls.is_empty() && self.nulls.iter().any(|null| null == cell.trim_ascii()) {
            return None;
        }
        Some(cell)
    }

    /// Returns the number of cells.
    pub(crate) fn n_cells(&self) -> usize {
        self.cells.len()
    }

    /// Returns whether every cell from this one on is empty.
    pub(crate) fn is_empty_from(&self, cell_idx: usize) -> bool {
        (cell_idx..self.n_cells()).all(|idx| self.cell(idx).is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKS: Marks = Marks {
        delimiter: b',',
        quote: b'"',
        terminator: b'\n',
    };

    fn check(record: &str, expected: &[Option<&str>]) {
        let content = Content {
            range: 0..record.len(),
            has_quote: record.contains('"'),
        };
        let mut splitter = Splitter::default();
        let row = splitter.split(record, &content, MARKS, 1);
        let cells: Vec<_> = (0..row.n_cells()).map(|idx| row.cell(idx)).collect();
        assert_eq!(cells, expected, "{record}");
    }

    #[test]
    fn cells_are_split_at_the_delimiter() {
        check("a,b", &[Some("a"), Some("b")]);
        check("a,,b,", &[Some("a"), None, Some("b"), None]);
        check("a, ,b", &[Some("a"), None, Some("b")]);
    }

    #[test]
    fn quotes_are_taken_off() {
        check("\"a,b\",c", &[Some("a,b"), Some("c")]);
        check("\"say \"\"hi\"\"\",\"\"", &[Some("say \"hi\""), None]);
        check("\"two\nlines\",x", &[Some("two\nlines"), Some("x")]);
    }

    #[test]
    fn a_quote_inside_a_cell_stands_for_itself() {
        check("5\" screen,x", &[Some("5\" screen"), Some("x")]);
        check("\"a\"b,x", &[Some("ab"), Some("x")]);
    }
}
