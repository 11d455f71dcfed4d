//! Configured dimensions: `segment = { from = "customer.segment", rollup = true }`.

use vocd_plugin::record::{ColumnType, RecordKind};

use crate::config::fault::{Complaint, nearest_hint};
use crate::config::reader::{Placed, Sheet, TableReader};
use crate::config::vocabulary::BUILT_IN_DIMENSIONS;
use crate::kpi::{DimensionField, DimensionSource};

/// A key to filter and group by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dimension {
    /// The column or attribute it comes from.
    pub source: DimensionSource,
    /// Whether the store keeps pre-computed tallies by it.
    pub is_rolled_up: bool,
}

/// Most dimensions with `rollup`; each multiplies the pre-computed tallies.
pub const ROLLUP_DIMENSIONS_MAX: usize = 4;

/// Kinds whose fields a fact can be stamped with.
const KINDS: [RecordKind; 4] = [
    RecordKind::Response,
    RecordKind::Ticket,
    RecordKind::Customer,
    RecordKind::Agent,
];

/// Reads one entry of `[dimensions]`.
pub(crate) fn read(
    sheet: &mut Sheet<'_>,
    name: &Placed<String>,
    mut table: TableReader<'_, '_>,
) -> Option<Dimension> {
    if BUILT_IN_DIMENSIONS.contains(&name.value.as_str()) {
        let what = format!("`{}` is always a dimension", name.value);
        sheet.fault(&name.place, what, "leave it out, or choose another name");
    }
    let source = table.parsed(sheet, "from", source);
    if !table.has("from") {
        table.missing(sheet, "from", "write from = \"customer.segment\"");
    }
    let is_rolled_up = table.flag(sheet, "rollup");
    table.finish(sheet);
    Some(Dimension {
        source: source?.value,
        is_rolled_up: is_rolled_up.is_some_and(|flag| flag.value),
    })
}

/// Parses `KIND.COLUMN` or `KIND.attributes.KEY`.
fn source(text: &str) -> Result<DimensionSource, Complaint> {
    let Some((kind_name, field_name)) = text.split_once('.') else {
        return Err(Complaint::new(
            format!("`{text}` names no column"),
            "write KIND.COLUMN or KIND.attributes.KEY, such as `customer.segment`",
        ));
    };
    let kind = KINDS.into_iter().find(|kind| kind.name() == kind_name);
    let kind = kind.ok_or_else(|| {
        Complaint::new(
            format!("`{kind_name}` is no kind that dimensions come from"),
            nearest_hint(kind_name, KINDS.map(RecordKind::name)),
        )
    })?;
    let field = match field_name.strip_prefix("attributes.") {
        Some(key) if !key.is_empty() => DimensionField::Attribute(key.to_owned()),
        Some(_) => {
            return Err(Complaint::new(
                format!("`{text}` names no attribute"),
                "write the attribute's key after `attributes.`",
            ));
        }
        None => column(kind, field_name)?,
    };
    Ok(DimensionSource { kind, field })
}

fn column(kind: RecordKind, name: &str) -> Result<DimensionField, Complaint> {
    let usable = || {
        kind.own_columns()
            .iter()
            .filter(|column| column.column_type == ColumnType::Text && !column.is_personal)
    };
    if let Some(column) = usable().find(|column| column.name == name) {
        return Ok(DimensionField::Column(column.name));
    }
    let what = match kind.column(name) {
        Some(column) if column.is_personal => format!("`{name}` of `{}` is personal", kind.name()),
        Some(_) => format!("`{name}` of `{}` is no text", kind.name()),
        None => format!("`{}` has no column `{name}`", kind.name()),
    };
    let hint = nearest_hint(name, usable().map(|column| column.name));
    Err(Complaint::new(what, hint))
}
