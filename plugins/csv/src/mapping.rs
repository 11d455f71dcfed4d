//! From the cells of a row to the columns of a record: rules bound to one file's header.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use twox_hash::XxHash3_128;
use vocd_plugin::record::{Column, ColumnType, ID_BYTES_MAX};
use vocd_plugin::{RecordKind, RowsBuilder};

use crate::cells::Row;
use crate::config::{self, Entry, RecordRules};
use crate::fault::{Fault, nearest, nearest_hint};
use crate::instant::InstantReader;
use crate::rule::{Piece, Rule, Target, parse_target};
use crate::state::RowIds;
use crate::value;

/// The columns of the batches of one kind, in order; the same for every file of a source.
#[derive(Debug, Clone)]
pub(crate) struct BatchShape {
    /// The record kind.
    pub(crate) kind: RecordKind,
    /// Names of the columns.
    pub(crate) columns: Vec<&'static str>,
}

/// Columns the plugin fills itself, so that every batch has them.
pub(crate) const OWN_COLUMNS: [&str; 4] = ["id", "updated_at", "revision", "deleted"];

/// Returns the shapes of all kinds that the entries may emit.
pub(crate) fn batch_shapes(entries: &[Entry]) -> Vec<BatchShape> {
    let records = || entries.iter().flat_map(|entry| &entry.records);
    let fills = |record: &RecordRules, column: &Column| match &record.columns {
        None => true,
        Some(rules) => rules.iter().any(|(target, _)| match target {
            Target::Column(filled) => filled.name == column.name,
            Target::Attribute(_) => column.name == "attributes",
        }),
    };
    let shape = |kind: RecordKind| BatchShape {
        kind,
        columns: kind
            .columns()
            .filter(|column| {
                let mut of_kind = records().filter(|record| record.kind == kind);
                OWN_COLUMNS.contains(&column.name) || of_kind.any(|record| fills(record, column))
            })
            .map(|column| column.name)
            .collect(),
    };
    let is_emitted = |kind: &RecordKind| records().any(|record| record.kind == *kind);
    RecordKind::ALL
        .into_iter()
        .filter(is_emitted)
        .map(shape)
        .collect()
}

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

/// How a text becomes a value of a record column.
#[derive(Debug)]
struct Cast {
    column: &'static Column,
    slot: usize,
    instants: Option<InstantReader>,
    part: ScalePart,
}

/// What a column has to do with the check of a score against its scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ScalePart {
    None,
    Score,
    Min,
    Max,
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

/// Why a row gives no record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// The reason that is counted.
    pub(crate) reason: &'static str,
    /// The record column at fault.
    pub(crate) column: &'static str,
    /// What is wrong with it, without the value.
    pub(crate) what: String,
}

/// Binds an entry's rules to the header of one file. The second part lists header names that mean
/// nothing, where names come from the header.
pub(crate) fn bind(
    entry: &Entry,
    header: &[String],
    shapes: &[BatchShape],
    name: &str,
) -> Result<(Vec<Mapping>, Vec<String>), Fault> {
    let mut unknown = Vec::new();
    let mut mappings = Vec::with_capacity(entry.records.len());
    for record in &entry.records {
        let from_header;
        let rules = match &record.columns {
            Some(rules) => rules,
            None => {
                from_header = header_rules(record.kind, header, name, &mut unknown)?;
                config::check_required(record.kind, &from_header, name)?;
                &from_header
            }
        };
        let deletes_missing = config::deletes_missing(rules, record.on_missing, &entry.place)?;
        let header = Header {
            names: header,
            name,
        };
        mappings.push(Mapping::bind(
            record,
            rules,
            &header,
            shapes,
            deletes_missing,
        )?);
    }
    Ok((mappings, unknown))
}

/// Header names that are record columns. One that looks like a column which is not there is a
/// fault: a misspelt `score` must not become a chart without answers.
fn header_rules(
    kind: RecordKind,
    header: &[String],
    name: &str,
    unknown: &mut Vec<String>,
) -> Result<Vec<(Target, Rule)>, Fault> {
    let mut rules = Vec::new();
    for column in header {
        if let Some(target) = parse_target(kind, column) {
            rules.push((target, Rule::Cell(column.clone())));
            continue;
        }
        let absent = kind
            .columns()
            .map(|known| known.name)
            .filter(|known| !header.iter().any(|name| name == known));
        if let Some(meant) = nearest(column, absent) {
            return Err(Fault::NoColumn {
                name: name.to_owned(),
                column: meant.to_owned(),
                hint: format!("did you mean it by `{column}`? Rename that, or write `columns`"),
            });
        }
        unknown.push(column.clone());
    }
    Ok(rules)
}

struct Header<'file> {
    names: &'file [String],
    name: &'file str,
}

impl Header<'_> {
    fn cell_idx(&self, column: &str) -> Result<usize, Fault> {
        let mut found = self
            .names
            .iter()
            .enumerate()
            .filter(|(_, name)| name.as_str() == column.trim());
        let (name, column) = (self.name.to_owned(), column.to_owned());
        match (found.next(), found.next()) {
            (Some((cell_idx, _)), None) => Ok(cell_idx),
            (Some(_), Some(_)) => Err(Fault::TwoColumns { name, column }),
            (None, _) => {
                let hint = nearest_hint(&column, self.names.iter().map(String::as_str));
                Err(Fault::NoColumn { name, column, hint })
            }
        }
    }

    fn source(&self, rule: &Rule) -> Result<Source, Fault> {
        Ok(match rule {
            Rule::Cell(cell) | Rule::Time { cell, .. } => Source::Cell(self.cell_idx(cell)?),
            Rule::Row => Source::Row,
            Rule::Const(text) => Source::Const(text.clone()),
            Rule::HashOf(cells) => Source::HashOf(
                cells
                    .iter()
                    .map(|cell| self.cell_idx(cell))
                    .collect::<Result<_, _>>()?,
            ),
            Rule::Template(pieces) => {
                let bind = |piece: &Piece| match piece {
                    Piece::Text(text) => Ok(Piece::Text(text.clone())),
                    Piece::Cell(cell) => self.cell_idx(cell).map(Piece::Cell),
                };
                Source::Template(pieces.iter().map(bind).collect::<Result<_, _>>()?)
            }
            Rule::Mapped {
                cell,
                table,
                otherwise,
            } => Source::Mapped {
                cell: self.cell_idx(cell)?,
                table: table.clone(),
                otherwise: otherwise.clone(),
            },
        })
    }
}

impl Mapping {
    fn bind(
        record: &RecordRules,
        rules: &[(Target, Rule)],
        header: &Header,
        shapes: &[BatchShape],
        deletes_missing: bool,
    ) -> Result<Self, Fault> {
        let shape_idx = shapes
            .iter()
            .position(|shape| shape.kind == record.kind)
            .expect("every kind of an entry has a shape");
        let shape = &shapes[shape_idx];
        let slot = |name: &str| shape.columns.iter().position(|column| *column == name);
        let own_slot = |name: &str| slot(name).expect("every shape has the own columns");
        let mut mapping = Self {
            kind: record.kind,
            shape_idx,
            id_suffix: record.id_suffix.clone(),
            deletes_missing,
            has_row_ids: false,
            columns: Vec::with_capacity(rules.len() + 1),
            attributes: Vec::new(),
            attributes_idx: slot("attributes"),
            skip_if_null: None,
            updated_at_slot: own_slot("updated_at"),
            revision_slot: own_slot("revision"),
            has_updated_at: false,
            has_revision: false,
            scratch: String::new(),
            json: String::new(),
        };
        for (target, rule) in rules {
            let source = header.source(rule)?;
            let name = match target {
                Target::Column(column) => column.name.to_owned(),
                Target::Attribute(name) => format!("attributes.{name}"),
            };
            if record.skip_if_null.as_ref() == Some(&name) {
                mapping.skip_if_null = Some(source.clone());
            }
            mapping.push(target, rule, source, slot);
        }
        if !mapping
            .columns
            .iter()
            .any(|bound| bound.cast.column.name == "id")
        {
            let column = record.kind.column("id").expect("every kind has an id");
            mapping.push(&Target::Column(column), &Rule::Row, Source::Row, slot);
        }
        Ok(mapping)
    }

    fn push(
        &mut self,
        target: &Target,
        rule: &Rule,
        source: Source,
        slot: impl Fn(&str) -> Option<usize>,
    ) {
        let column = match target {
            Target::Column(column) => *column,
            Target::Attribute(name) => {
                let mut key = String::new();
                value::push_json_string(&mut key, name);
                key.push(':');
                self.attributes.push((key, source));
                return;
            }
        };
        self.has_row_ids |= column.name == "id" && matches!(rule, Rule::Row);
        self.has_updated_at |= column.name == "updated_at";
        self.has_revision |= column.name == "revision";
        let instants = match rule {
            Rule::Time { format, zone, .. } => {
                Some(InstantReader::new(format.as_deref(), zone.clone()))
            }
            _ if column.column_type == ColumnType::Time => {
                Some(InstantReader::new(None, TimeZone::UTC))
            }
            _ => None,
        };
        let cast = Cast {
            column,
            slot: slot(column.name).expect("the shape holds every mapped column"),
            instants,
            part: match column.name {
                "score" => ScalePart::Score,
                "scale_min" => ScalePart::Min,
                "scale_max" | "score_max" => ScalePart::Max,
                _ => ScalePart::None,
            },
        };
        self.columns.push(BoundColumn { source, cast });
    }

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
                Ok(None) if bound.cast.column.is_required => {
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
            && !(verdict.is_deletion && cast.column.name != "id")
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

impl Cast {
    #[inline]
    fn push(
        &mut self,
        text: &str,
        builder: &mut RowsBuilder,
        verdict: &mut Verdict,
    ) -> Result<(), Refused> {
        let slot = self.slot;
        match self.column.column_type {
            ColumnType::Text => {
                self.check_text(text)?;
                builder.push_str(slot, text);
            }
            ColumnType::Number => {
                let number = value::number(text);
                let number = number.ok_or_else(|| self.refused("bad_number", "is no number"))?;
                verdict.note(self.part, number);
                builder.push_number(slot, number);
            }
            ColumnType::Count => {
                let count = value::count(text);
                let wrong = || self.refused("bad_number", "is no whole, non-negative number");
                builder.push_count(slot, count.ok_or_else(wrong)?);
            }
            ColumnType::Flag => {
                let flag = value::flag(text);
                let wrong = || self.refused("unknown_value", "is neither yes nor no");
                let flag = flag.ok_or_else(wrong)?;
                verdict.is_deletion |= flag && self.column.name == "deleted";
                builder.push_flag(slot, flag);
            }
            ColumnType::Time => {
                let instants = self.instants.as_mut().expect("time columns have a reader");
                match instants.read_us(text) {
                    Some(time_us) => builder.push_time_us(slot, time_us),
                    None => return Err(self.bad_time()),
                }
            }
            ColumnType::Money => {
                let amount = value::money(text);
                let wrong = || self.refused("bad_number", "is no amount with at most 4 decimals");
                builder.push_money(slot, amount.ok_or_else(wrong)?);
            }
            ColumnType::TextList => {
                let wrong = || self.refused("bad_list", "is no JSON array of texts");
                let texts = value::texts(text).ok_or_else(wrong)?;
                builder.push_texts(slot, texts.iter().map(String::as_str));
            }
            ColumnType::Json => {
                if !value::is_scalar_object(text) {
                    return Err(self.refused("bad_json", "is no JSON object of scalars"));
                }
                builder.push_json(slot, text);
            }
        }
        Ok(())
    }

    fn check_text(&self, text: &str) -> Result<(), Refused> {
        let values = self.column.values;
        if !values.is_empty() && !values.contains(&text) {
            let what = format!("is none of {}", values.join(", "));
            return Err(self.refused("unknown_value", what));
        }
        if text.len() > ID_BYTES_MAX && self.column.name == "id" {
            return Err(self.refused("bad_id", format!("is longer than {ID_BYTES_MAX} bytes")));
        }
        Ok(())
    }

    #[cold]
    fn bad_time(&self) -> Refused {
        let format = self.instants.as_ref().and_then(InstantReader::format);
        match format {
            Some(format) => self.refused("bad_time", format!("is no time of the form {format}")),
            None => self.refused("bad_time", "is no RFC 3339 time; give it a `format`"),
        }
    }

    #[cold]
    fn refused(&self, reason: &'static str, what: impl Into<String>) -> Refused {
        Refused {
            reason,
            column: self.column.name,
            what: what.into(),
        }
    }
}

/// What decides about a whole row: a score and its scale, and whether it is a deletion.
#[derive(Debug, Default)]
struct Verdict {
    is_deletion: bool,
    score: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
}

impl Verdict {
    #[inline]
    fn note(&mut self, part: ScalePart, number: f64) {
        match part {
            ScalePart::None => {}
            ScalePart::Score => self.score = Some(number),
            ScalePart::Min => self.min = Some(number),
            ScalePart::Max => self.max = Some(number),
        }
    }

    fn check(&self) -> Result<(), Refused> {
        let Some(score) = self.score else {
            return Ok(());
        };
        let is_below = self.min.is_some_and(|min| score < min);
        if is_below || self.max.is_some_and(|max| score > max) {
            return Err(Refused {
                reason: "score_out_of_scale",
                column: "score",
                what: "is not on its scale".to_owned(),
            });
        }
        Ok(())
    }
}
