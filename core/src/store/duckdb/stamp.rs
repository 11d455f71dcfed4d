//! What the store stamps on a row beside its own columns: whose it is, and its dimensions.

use arrow_array::cast::AsArray;
use arrow_array::types::{TimestampMicrosecondType, UInt64Type};
use arrow_array::{Array, RecordBatch, StringArray, UInt64Array, new_null_array};
use arrow_schema::DataType;

use super::directory::Directory;
use super::table::{DimensionField, DimensionSpec, Reach, stamped};
use crate::record::door::BUCKET_TIME;
use crate::record::{RecordKind, SourceName};

/// The stamped columns of a batch.
pub(super) struct Stamps {
    /// The person each row's `customer` means; null where nobody is named.
    pub(super) persons: UInt64Array,
    /// The person each row's `agent` means; null where nobody is named.
    pub(super) served_by: UInt64Array,
    /// One column per stamped dimension of the kind.
    pub(super) dimensions: Vec<StringArray>,
}

/// Returns the stamps of rows in normal form.
pub(super) fn stamp(
    dimensions: &[DimensionSpec],
    people: &Directory,
    source: &SourceName,
    kind: RecordKind,
    rows: &RecordBatch,
) -> Stamps {
    let persons = referred(
        people,
        Reach::Customer,
        source,
        rows.column_by_name("customer"),
        rows,
    );
    let served_by = referred(
        people,
        Reach::Agent,
        source,
        rows.column_by_name("agent"),
        rows,
    );
    let times = rows
        .column_by_name(BUCKET_TIME)
        .expect("the normal form has this column")
        .as_primitive::<TimestampMicrosecondType>();
    let dimensions = stamped(dimensions, kind)
        .map(|(spec, reach)| {
            let named = match reach {
                Reach::Own => return own_values(spec, rows),
                Reach::Customer => &persons,
                Reach::Agent => &served_by,
            };
            let roll = people.roll(reach);
            named
                .iter()
                .zip(times.iter())
                .map(|(person, at_us)| roll.value(person?, at_us.unwrap_or(i64::MAX), &spec.name))
                .collect()
        })
        .collect();
    Stamps {
        persons,
        served_by,
        dimensions,
    }
}

/// Returns an attribute as text; numbers and flags as they are written.
pub(super) fn attribute(text: &str, name: &str) -> Option<String> {
    let mut object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).ok()?;
    match object.remove(name)? {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

fn referred(
    people: &Directory,
    reach: Reach,
    source: &SourceName,
    references: Option<&arrow_array::ArrayRef>,
    rows: &RecordBatch,
) -> UInt64Array {
    match references {
        Some(references) if references.null_count() < references.len() => references
            .as_string::<i32>()
            .iter()
            .map(|reference| Some(people.person(reach, source, reference?)))
            .collect(),
        _ => new_null_array(&DataType::UInt64, rows.num_rows())
            .as_primitive::<UInt64Type>()
            .clone(),
    }
}

fn own_values(spec: &DimensionSpec, rows: &RecordBatch) -> StringArray {
    match &spec.field {
        DimensionField::Column(name) => match rows.column_by_name(name) {
            Some(array) if array.data_type() == &DataType::Utf8 => array.as_string().clone(),
            _ => std::iter::repeat_n(None::<&str>, rows.num_rows()).collect(),
        },
        DimensionField::Attribute(name) => rows
            .column_by_name("attributes")
            .expect("every kind has attributes")
            .as_string::<i32>()
            .iter()
            .map(|text| attribute(text?, name))
            .collect(),
    }
}
