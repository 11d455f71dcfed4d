//! Answers that are no series: columns with units, and rows.

/// A table of an answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// The columns, at least one.
    pub columns: Vec<Column>,
    /// The rows, each as long as there are columns.
    pub rows: Vec<Vec<Cell>>,
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name, unique in the table.
    pub name: &'static str,
    /// What its numbers are, such as `percent` or `days`; `text` for words.
    pub unit: &'static str,
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Words.
    Text(String),
    /// A count.
    Count(u64),
    /// A number, unrounded.
    Number(f64),
    /// Nothing: not known, or not shown.
    Missing,
}

/// The tables of an answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tables {
    /// The answer.
    pub main: Table,
    /// What is read off it, by name; may be empty.
    pub further: Vec<(&'static str, Table)>,
    /// Whether people read the answer itself, and then what is read off it.
    pub is_read_whole: bool,
    /// How people read the answer; `None` is line by line.
    pub across: Option<Across>,
    /// Whether its two groups differ; `None` unless there are two.
    pub comparison: Option<Comparison>,
}

/// How a long table is read: a line for each value of one column, and across it the cells by the
/// values of another. Columns are given by their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Across {
    /// Last of the columns that name a line.
    pub line: &'static str,
    /// Counts that go across, from 0.
    pub column: &'static str,
    /// What stands there.
    pub cell: &'static str,
}

/// A test of two groups.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// Name of the test, such as `log_rank`.
    pub test: &'static str,
    /// Its statistic, chi-square with one degree of freedom.
    pub chi_squared: f64,
    /// Two-sided p of no difference.
    pub p: f64,
}

impl Table {
    /// Returns a table of these columns, as (name, unit), without rows.
    #[must_use]
    pub fn new(columns: &[(&'static str, &'static str)]) -> Self {
        let columns = columns
            .iter()
            .map(|(name, unit)| Column { name, unit })
            .collect();
        Self {
            columns,
            rows: Vec::new(),
        }
    }
}

impl Tables {
    /// Returns the number of rows of all tables.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        let further = self.further.iter().map(|(_, table)| table.rows.len());
        self.main.rows.len() + further.sum::<usize>()
    }
}

impl Cell {
    /// Returns words, or nothing.
    #[must_use]
    pub fn text(text: Option<&str>) -> Self {
        text.map_or(Self::Missing, |text| Self::Text(text.to_owned()))
    }

    /// Returns a count, or nothing.
    #[must_use]
    pub fn count(count: Option<u64>) -> Self {
        count.map_or(Self::Missing, Self::Count)
    }

    /// Returns a number, or nothing where it is none.
    #[must_use]
    pub fn number(number: Option<f64>) -> Self {
        let finite = number.filter(|number| number.is_finite());
        // Adding zero turns -0 into 0.
        finite.map_or(Self::Missing, |number| Self::Number(number + 0.0))
    }
}
