//! Binding: from an entry's rules and one file's header to mappings.

use vocd_plugin::RecordKind;
use vocd_plugin::record::Column;

use crate::config::{self, Entry, RecordRules};
use crate::fault::{Fault, nearest, nearest_hint};
use crate::mapping::cast::Cast;
use crate::mapping::{BoundColumn, Mapping, Source};
use crate::rule::{Piece, Rule, Target, parse_target};
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
        if !mapping.columns.iter().any(|bound| bound.cast.is_id()) {
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
        let slot = slot(column.name).expect("the shape holds every mapped column");
        let cast = Cast::new(column, slot, rule);
        self.columns.push(BoundColumn { source, cast });
    }
}
