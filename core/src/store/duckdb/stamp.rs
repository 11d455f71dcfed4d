//! What the store stamps on a row beside its own columns: whose it is, and its dimensions.

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch, StringArray, UInt64Array, new_null_array};
use arrow_schema::DataType;
use duckdb::Connection;
use twox_hash::XxHash3_64;

use super::table::{DimensionField, DimensionSpec, Reach, history, quoted, stamped};
use crate::record::door::key_of;
use crate::record::{RecordKind, SourceName};
use crate::store::CommitUnit;

/// The stamped columns of a batch.
pub(super) struct Stamps {
    /// The person each row is about; null where nobody is named or the answer is anonymous.
    pub(super) persons: UInt64Array,
    /// One column per stamped dimension of the kind.
    pub(super) dimensions: Vec<StringArray>,
}

/// Returns the stamps of rows in normal form.
pub(super) fn stamp(
    _connection: &Connection,
    dimensions: &[DimensionSpec],
    unit: &CommitUnit,
    kind: RecordKind,
    rows: &RecordBatch,
) -> duckdb::Result<Stamps> {
    let dimensions = stamped(dimensions, kind)
        .map(|(spec, reach)| match reach {
            Reach::Own => own_values(spec, rows),
            Reach::Customer | Reach::Agent => no_texts(rows.num_rows()),
        })
        .collect();
    Ok(Stamps {
        persons: persons(&unit.source, rows),
        dimensions,
    })
}

fn no_texts(n_rows: usize) -> StringArray {
    new_null_array(&DataType::Utf8, n_rows)
        .as_string::<i32>()
        .clone()
}

fn own_values(spec: &DimensionSpec, rows: &RecordBatch) -> StringArray {
    match &spec.field {
        DimensionField::Column(name) => match rows.column_by_name(name) {
            Some(array) if array.data_type() == &DataType::Utf8 => array.as_string().clone(),
            _ => no_texts(rows.num_rows()),
        },
        DimensionField::Attribute(name) => {
            let attributes = rows
                .column_by_name("attributes")
                .expect("every kind has attributes")
                .as_string::<i32>();
            attributes
                .iter()
                .map(|text| attribute(text?, name))
                .collect()
        }
    }
}

/// Returns an attribute as text; numbers and flags as they are written.
pub(super) fn attribute(text: &str, name: &str) -> Option<String> {
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).ok()?;
    match object.get(name)? {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn persons(source: &SourceName, rows: &RecordBatch) -> UInt64Array {
    let Some(customers) = rows.column_by_name("customer") else {
        return new_null_array(&DataType::UInt64, rows.num_rows())
            .as_primitive::<arrow_array::types::UInt64Type>()
            .clone();
    };
    let anonymous = rows
        .column_by_name("anonymous")
        .map(|array| array.as_boolean());
    customers
        .as_string::<i32>()
        .iter()
        .enumerate()
        .map(|(row, reference)| {
            let is_anonymous =
                anonymous.is_some_and(|flags| flags.is_valid(row) && flags.value(row));
            reference
                .filter(|_| !is_anonymous)
                .map(|reference| person_of(source, reference))
        })
        .collect()
}

/// Returns the person an unresolved reference stands for.
pub(super) fn person_of(source: &SourceName, reference: &str) -> u64 {
    match reference.split_once(':') {
        Some(_) => XxHash3_64::oneshot(reference.trim().to_lowercase().as_bytes()),
        None => key_of(source, reference),
    }
}

/// Brings the stamped columns in line with the configuration.
pub(super) fn prepare(connection: &Connection, dimensions: &[DimensionSpec]) -> duckdb::Result<()> {
    for kind in RecordKind::ALL {
        for (spec, _) in stamped(dimensions, kind) {
            for table in [kind.name().to_owned(), history(kind)] {
                connection.execute_batch(&format!(
                    "ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {} VARCHAR",
                    quoted(&spec.column())
                ))?;
            }
        }
    }
    Ok(())
}
