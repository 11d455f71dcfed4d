//! Whether a batch is one of its record kind: known columns, of their types, each once.

use arrow_schema::{DataType, Schema, TimeUnit};
use vocd_plugin::RecordKind;
use vocd_plugin::record::{Column, ColumnType};

/// Least likeness (0..1) of a column's name that is worth suggesting.
const LIKENESS_MIN: f64 = 0.7;

/// What is wrong with a batch's columns.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProfileError {
    #[error("record kind `{kind}` has no column `{column}`{}", suggestion(nearest))]
    UnknownColumn {
        kind: &'static str,
        column: String,
        nearest: Option<&'static str>,
    },
    #[error("column `{column}` of `{kind}` comes twice")]
    RepeatedColumn { kind: &'static str, column: String },
    #[error("column `{column}` of `{kind}` must be {expected}, not {found}")]
    WrongType {
        kind: &'static str,
        column: String,
        expected: &'static str,
        found: String,
    },
    #[error("a batch of `{kind}` lacks the required column `{column}`")]
    MissingColumn {
        kind: &'static str,
        column: &'static str,
    },
}

fn suggestion(nearest: &Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; is `{name}` meant?"))
}

/// Checks the columns of a batch against its kind.
pub(crate) fn check(kind: RecordKind, schema: &Schema) -> Result<(), ProfileError> {
    for (field_idx, field) in schema.fields().iter().enumerate() {
        let name = field.name();
        let Some(column) = kind.column(name) else {
            return Err(ProfileError::UnknownColumn {
                kind: kind.name(),
                // A hostile name may be of any length.
                column: name.chars().take(80).collect(),
                nearest: nearest(kind, name),
            });
        };
        if schema.fields()[..field_idx]
            .iter()
            .any(|other| other.name() == name)
        {
            return Err(ProfileError::RepeatedColumn {
                kind: kind.name(),
                column: name.clone(),
            });
        }
        check_type(kind, column, field.data_type())?;
    }
    let has = |column: &&Column| schema.column_with_name(column.name).is_some();
    let missing = kind
        .columns()
        .filter(|column| column.is_required)
        .find(|column| !has(column));
    missing.map_or(Ok(()), |column| {
        Err(ProfileError::MissingColumn {
            kind: kind.name(),
            column: column.name,
        })
    })
}

fn check_type(kind: RecordKind, column: &Column, found: &DataType) -> Result<(), ProfileError> {
    let (is_type, expected) = match column.column_type {
        ColumnType::Text | ColumnType::Json => (*found == DataType::Utf8, "Utf8 (`u`)"),
        ColumnType::Number => (*found == DataType::Float64, "Float64 (`g`)"),
        ColumnType::Count => (*found == DataType::UInt64, "UInt64 (`L`)"),
        ColumnType::Flag => (*found == DataType::Boolean, "Boolean (`b`)"),
        ColumnType::Time => (is_utc(found), "Timestamp in microseconds, UTC (`tsu:UTC`)"),
        ColumnType::Money => (
            *found == DataType::Decimal128(18, 4),
            "Decimal128(18, 4) (`d:18,4`)",
        ),
        ColumnType::TextList => (is_text_list(found), "List of Utf8 (`+l` of `u`)"),
    };
    if is_type {
        return Ok(());
    }
    Err(ProfileError::WrongType {
        kind: kind.name(),
        column: column.name.to_owned(),
        expected,
        found: found.to_string(),
    })
}

fn is_utc(found: &DataType) -> bool {
    matches!(found, DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if &**zone == "UTC")
}

fn is_text_list(found: &DataType) -> bool {
    matches!(found, DataType::List(item) if *item.data_type() == DataType::Utf8)
}

fn nearest(kind: RecordKind, name: &str) -> Option<&'static str> {
    let likeness = |column: &Column| strsim::jaro_winkler(column.name, name);
    kind.columns()
        .map(|column| (likeness(column), column.name))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use arrow_schema::Field;

    use super::*;

    fn check_error(fields: &[(&str, DataType)], expected: &str) {
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, data_type)| Field::new(*name, data_type.clone(), true))
            .collect();
        let error = check(RecordKind::Training, &Schema::new(fields)).err();
        assert_eq!(
            error.map(|error| error.to_string()).unwrap_or_default(),
            expected
        );
    }

    #[test]
    fn only_the_columns_of_the_kind_pass() {
        let text = DataType::Utf8;
        let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let required = [
            ("id", text.clone()),
            ("agent", text.clone()),
            ("course", text.clone()),
            ("completed_at", time.clone()),
        ];
        let with = |name, data_type| [&required[..], &[(name, data_type)]].concat();
        check_error(&required, "");
        check_error(&with("result", text.clone()), "");
        check_error(
            &required[..3],
            "a batch of `training` lacks the required column `completed_at`",
        );
        let unknown = "record kind `training` has no column `resuld`; is `result` meant?";
        check_error(&with("resuld", text.clone()), unknown);
        let stranger = "record kind `training` has no column `xyz`";
        check_error(&with("xyz", text.clone()), stranger);
        check_error(&with("id", text), "column `id` of `training` comes twice");
        let wrong = "column `result` of `training` must be Utf8 (`u`), not Float64";
        check_error(&with("result", DataType::Float64), wrong);
    }

    #[test]
    fn times_of_another_zone_or_unit_are_refused() {
        let time = |unit, zone: Option<&str>| DataType::Timestamp(unit, zone.map(Into::into));
        assert!(is_utc(&time(TimeUnit::Microsecond, Some("UTC"))));
        for other in [
            time(TimeUnit::Microsecond, None),
            time(TimeUnit::Microsecond, Some("Europe/Rome")),
            time(TimeUnit::Millisecond, Some("UTC")),
        ] {
            assert!(!is_utc(&other), "{other}");
        }
    }
}
