//! From the cells of a row to the columns of a record: rules bound to one file's header.

pub(crate) mod bind;
mod cast;

use std::collections::HashMap;

use twox_hash::XxHash3_128;
use vocd_plugin::{RecordKind, RowsBuilder};

use crate::cells::Row;
use crate::mapping::cast::{Cast, Refused, Verdict};
use crate::rule::Piece;
use crate::state::RowIds;
use crate::value;

/// The rules of one record, bound to a file.
#[derive(Debug)]
pub(crate) struct Mapping {
    /// The record kind.
    pub(crate) kind: RecordKind,
    /// Which builder takes its rows.
    pub(crate) shape_idx: usize,
    /// Behind the row's number in row ids.
    pub(crate) id_suffix: String,
    /// Whether records of rows that are gone are deleted.
    pub(crate) deletes_missing: bool,
    /// Whether ids are made of the file's name and the row's number.
    pub(crate) has_row_ids: bool,
    columns: Vec<BoundColumn>,
    attributes: Vec<(String, Source)>,
    attributes_idx: Option<usize>,
    skip_if_null: Option<Source>,
    updated_at_slot: usize,
    revision_slot: usize,
    has_updated_at: bool,
    has_revision: bool,
    scratch: String,
    json: String,
}

#[derive(Debug)]
struct BoundColumn {
    source: Source,
    cast: Cast,
}

#[derive(Debug, Clone)]
enum Source {
    Cell(usize),
    Row,
    Template(Vec<Piece<usize>>),
    HashOf(Vec<usize>),
    Const(String),
    Mapped {
        cell: usize,
        table: HashMap<String, String>,
        otherwise: Option<String>,
    },
}

/// What the rows of one read of a file have in common.
#[derive(Debug)]
pub(crate) struct FileVersion<'file> {
    /// Path relative to the configuration file, the first part of row ids.
    pub(crate) name: &'file str,
    /// When the file was read again; 0 for a first read, which leaves `updated_at` to the rows.
    pub(crate) stamp_s: u64,
}

/// Bits of a revision that count rows; the rest is the stamp of the read.
const REVISION_ROW_BITS: u32 = 30;

impl FileVersion<'_> {
    /// Returns when the rows changed, where the rows do not say it themselves.
    pub(crate) fn updated_at_us(&self) -> Option<i64> {
        let stamp_s = i64::try_from(self.stamp_s)
            .ok()
            .filter(|stamp_s| *stamp_s > 0)?;
        Some(stamp_s * 1_000_000)
    }

    /// Returns a row's revision: later reads of a file come after earlier ones.
    pub(crate) fn revision(&self, row: u64) -> u64 {
        (self.stamp_s << REVISION_ROW_BITS) + row
    }
}

impl Mapping {
    /// Returns the row ids of this mapping.
    pub(crate) fn row_ids(&self) -> RowIds {
        RowIds {
            kind: self.kind,
            suffix: self.id_suffix.clone(),
        }
    }

    /// Returns whether a row gives no record of this mapping at all.
    pub(crate) fn skips(&mut self, row: &Row) -> bool {
        match &self.skip_if_null {
            Some(Source::Cell(cell_idx)) => row.cell(*cell_idx).is_none(),
            Some(source) => matches!(source.text(row, "", "", &mut self.scratch), Ok(None)),
            None => false,
        }
    }

    /// Adds a row's record to a builder; after a refusal the caller drops the unfinished row.
    pub(crate) fn emit(
        &mut self,
        row: &Row,
        version: &FileVersion,
        builder: &mut RowsBuilder,
    ) -> Result<(), Refused> {
        let mut verdict = Verdict::default();
        let mut missing = None;
        for bound in &mut self.columns {
            let text = bound
                .source
                .text(row, version.name, &self.id_suffix, &mut self.scratch);
            match text {
                Ok(Some(text)) => bound.cast.push(text, builder, &mut verdict)?,
                Ok(None) if bound.cast.is_required() => {
                    missing = missing.or(Some(&bound.cast));
                }
                Ok(None) => {}
                Err(Unlisted) => {
                    return Err(bound
                        .cast
                        .refused("unknown_value", "is not in its `map`, which has no `else`"));
                }
            }
        }
        // A deletion needs no more than its id.
        if let Some(cast) = missing
            && (!verdict.is_deletion() || cast.is_id())
        {
            return Err(cast.refused("missing_value", "is empty"));
        }
        verdict.check()?;
        self.push_attributes(row, version, builder)?;
        if let (false, Some(updated_at_us)) = (self.has_updated_at, version.updated_at_us()) {
            builder.push_time_us(self.updated_at_slot, updated_at_us);
        }
        if !self.has_revision {
            builder.push_count(self.revision_slot, version.revision(row.row));
        }
        builder.end_row();
        Ok(())
    }

    fn push_attributes(
        &mut self,
        row: &Row,
        version: &FileVersion,
        builder: &mut RowsBuilder,
    ) -> Result<(), Refused> {
        let (false, Some(slot)) = (self.attributes.is_empty(), self.attributes_idx) else {
            return Ok(());
        };
        self.json.clear();
        for (key, source) in &self.attributes {
            match source.text(row, version.name, &self.id_suffix, &mut self.scratch) {
                Ok(Some(text)) => {
                    self.json.push(if self.json.is_empty() { '{' } else { ',' });
                    self.json.push_str(key);
                    value::push_json_string(&mut self.json, text);
                }
                Ok(None) => {}
                Err(Unlisted) => {
                    return Err(Refused {
                        reason: "unknown_value",
                        column: "attributes",
                        what: format!("{key} is not in its `map`, which has no `else`"),
                    });
                }
            }
        }
        if !self.json.is_empty() {
            self.json.push('}');
            builder.push_json(slot, &self.json);
        }
        Ok(())
    }
}

/// Writes the id of a row: `answers/2024.csv:17`.
pub(crate) fn push_row_id(id: &mut String, name: &str, row: u64, suffix: &str) {
    id.clear();
    id.push_str(name);
    id.push(':');
    value::push_count(id, row);
    id.push_str(suffix);
}

/// A value that a map neither lists nor has an `else` for.
struct Unlisted;

impl Source {
    /// Returns a row's text, or `None` for null.
    #[inline]
    fn text<'text>(
        &'text self,
        row: &Row<'text>,
        name: &str,
        id_suffix: &str,
        scratch: &'text mut String,
    ) -> Result<Option<&'text str>, Unlisted> {
        match self {
            Self::Cell(cell_idx) => Ok(row.cell(*cell_idx)),
            Self::Const(text) => Ok(Some(text)),
            Self::Row => {
                push_row_id(scratch, name, row.row, id_suffix);
                Ok(Some(scratch))
            }
            Self::Template(pieces) => Ok(fill_template(pieces, row, scratch)),
            Self::HashOf(cells) => Ok(hash_cells(cells, row, scratch)),
            Self::Mapped {
                cell,
                table,
                otherwise,
            } => {
                let Some(word) = row.cell(*cell) else {
                    return Ok(table.get("").map(String::as_str));
                };
                match table.get(word.trim()).or(otherwise.as_ref()) {
                    Some(text) => Ok(Some(text)),
                    None => Err(Unlisted),
                }
            }
        }
    }
}

fn fill_template<'text>(
    pieces: &[Piece<usize>],
    row: &Row,
    scratch: &'text mut String,
) -> Option<&'text str> {
    scratch.clear();
    for piece in pieces {
        match piece {
            Piece::Text(text) => scratch.push_str(text),
            Piece::Cell(cell_idx) => scratch.push_str(row.cell(*cell_idx)?),
        }
    }
    Some(scratch)
}

/// A hash in 32 hexadecimal digits: 128 bits, so that two rows never share one by chance.
fn hash_cells<'text>(cells: &[usize], row: &Row, scratch: &'text mut String) -> Option<&'text str> {
    /// Parts cells, so that `a|bc` and `ab|c` differ.
    const UNIT_SEPARATOR: char = '\u{1f}';
    scratch.clear();
    let mut is_null = true;
    for cell_idx in cells {
        let cell = row.cell(*cell_idx);
        is_null &= cell.is_none();
        scratch.push_str(cell.unwrap_or(""));
        scratch.push(UNIT_SEPARATOR);
    }
    if is_null {
        return None;
    }
    let hash = XxHash3_128::oneshot(scratch.as_bytes());
    scratch.clear();
    for nibble_idx in (0..32).rev() {
        let nibble = (hash >> (4 * nibble_idx)) as u32 & 15;
        scratch.push(char::from_digit(nibble, 16).expect("a nibble is a hexadecimal digit"));
    }
    Some(scratch)
}
