//! CSV text in memory, and files that only grow.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use jiff::civil::date;

use crate::demo::DemoError;
use crate::demo::calendar::Day;

/// Rows of one record kind under their header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rows {
    kind: &'static str,
    text: String,
    header_bytes: usize,
    n_rows: u64,
}

impl Rows {
    /// Starts a file of a record kind; the header names its columns.
    pub(super) fn new(kind: &'static str, columns: &[&str]) -> Self {
        let text = format!("{}\n", columns.join(","));
        Self {
            kind,
            header_bytes: text.len(),
            text,
            n_rows: 0,
        }
    }

    /// Adds a row; cells are quoted where CSV needs it.
    pub(super) fn push(&mut self, cells: &[&str]) {
        for (idx, cell) in cells.iter().enumerate() {
            if idx > 0 {
                self.text.push(',');
            }
            if needs_quotes(cell) {
                self.text.push('"');
                self.text.push_str(&cell.replace('"', "\"\""));
                self.text.push('"');
            } else {
                self.text.push_str(cell);
            }
        }
        self.text.push('\n');
        self.n_rows += 1;
    }

    /// Adds the rows of a later day.
    pub(super) fn append(&mut self, later: Self) {
        self.text.push_str(&later.text[later.header_bytes..]);
        self.n_rows += later.n_rows;
    }

    /// Record kind of the rows.
    pub(super) fn kind(&self) -> &'static str {
        self.kind
    }

    /// Rows without the header.
    pub(super) fn n_rows(&self) -> u64 {
        self.n_rows
    }

    /// Header and rows.
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// Looks for one byte at a time: that is much faster than for several, and there are millions of
/// cells.
fn needs_quotes(cell: &str) -> bool {
    let bytes = cell.as_bytes();
    [b',', b'"', b'\n', b'\r']
        .iter()
        .any(|byte| bytes.contains(byte))
}

/// Makes a file hold at least this text, by appending where it is the beginning of it; returns the
/// bytes written.
///
/// A file that already goes further is left alone; one with other content is replaced as a whole.
pub(super) fn extend(path: &Path, text: &str) -> Result<u64, DemoError> {
    let failed = |doing| {
        move |source| DemoError::Io {
            doing,
            path: path.to_owned(),
            source,
        }
    };
    let before = match fs::read_to_string(path) {
        Ok(before) => before,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed("read")(error)),
    };
    if before.starts_with(text) {
        return Ok(0);
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed("create the folder of"))?;
    }
    let missing = text.strip_prefix(before.as_str());
    match missing {
        Some(missing) if !before.is_empty() => {
            let mut file = fs::OpenOptions::new()
                .append(true)
                .open(path)
                .map_err(failed("open"))?;
            file.write_all(missing.as_bytes())
                .map_err(failed("write"))?;
            Ok(missing.len() as u64)
        }
        _ => {
            // A reader never sees half of a new file.
            let part = path.with_extension("part");
            fs::write(&part, text).map_err(failed("write"))?;
            fs::rename(&part, path).map_err(failed("write"))?;
            Ok(text.len() as u64)
        }
    }
}

/// Returns the first month that a kept folder has invitations of.
pub(super) fn first_month(dir: &Path) -> Option<Day> {
    let entries = fs::read_dir(dir.join("invitations")).ok()?;
    let months = entries.flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let (year, month) = name.strip_suffix(".csv")?.split_once('-')?;
        let (year, month): (i16, i8) = (year.parse().ok()?, month.parse().ok()?);
        let is_plausible = (2015..=2100).contains(&year) && (1..=12).contains(&month);
        is_plausible.then(|| Day::of(date(year, month, 1)))
    });
    months.min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_needed() {
        let mut rows = Rows::new("event", &["a", "b"]);
        rows.push(&["x, \"y\"", "z"]);
        assert_eq!(rows.text(), "a,b\n\"x, \"\"y\"\"\",z\n");
    }

    #[test]
    fn a_file_grows_by_what_is_missing() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = dir.path().join("deep/a.csv");
        let extend = |text: &str| extend(&path, text).expect("written");
        assert_eq!(extend("a\n1\n"), 4);
        assert_eq!(extend("a\n1\n2\n"), 2);
        assert_eq!(extend("a\n1\n2\n"), 0);
        assert_eq!(extend("a\n1\n"), 0, "it never shrinks");
        assert_eq!(extend("b\n"), 2, "another company replaces it");
        assert_eq!(fs::read_to_string(&path).expect("there"), "b\n");
    }
}
