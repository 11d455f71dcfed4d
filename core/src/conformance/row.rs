//! One row as texts by column, for comparing two reads and for showing one.

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Float64Type, TimestampMicrosecondType, UInt64Type};
use arrow_array::{Array, RecordBatch};
use jiff::Timestamp;
use vocd_plugin::record::ColumnType;

use crate::record::RecordKind;

/// The values of one row; null and absent columns look the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Row {
    /// Name of its kind.
    pub kind: &'static str,
    /// Column and value, in schema order.
    pub cells: Vec<(&'static str, String)>,
}

impl Row {
    /// Returns the value of a column, or `None` where it is null.
    #[must_use]
    pub fn cell(&self, column: &str) -> Option<&str> {
        let found = self.cells.iter().find(|(name, _)| *name == column);
        found.map(|(_, text)| text.as_str())
    }

    /// Returns kind and id, such as `response r-17`.
    #[must_use]
    pub fn name(&self) -> String {
        format!(
            "{} {}",
            self.kind,
            self.cell("id").unwrap_or("without an id")
        )
    }
}

/// Returns the rows of a batch, in order.
#[must_use]
pub fn rows(kind: RecordKind, batch: &RecordBatch) -> Vec<Row> {
    let columns: Vec<_> = kind
        .columns()
        .filter_map(|column| Some((column, batch.column_by_name(column.name)?)))
        .collect();
    (0..batch.num_rows())
        .map(|row_idx| Row {
            kind: kind.name(),
            cells: columns
                .iter()
                .filter(|(_, array)| array.is_valid(row_idx))
                .map(|(column, array)| (column.name, text(column.column_type, array, row_idx)))
                .collect(),
        })
        .collect()
}

/// The host refused every array that is not of its column's type.
fn text(column_type: ColumnType, array: &dyn Array, row_idx: usize) -> String {
    match column_type {
        ColumnType::Text | ColumnType::Json => array.as_string::<i32>().value(row_idx).to_owned(),
        ColumnType::Number => array
            .as_primitive::<Float64Type>()
            .value(row_idx)
            .to_string(),
        ColumnType::Count => array
            .as_primitive::<UInt64Type>()
            .value(row_idx)
            .to_string(),
        ColumnType::Flag => array.as_boolean().value(row_idx).to_string(),
        ColumnType::Time => {
            let time_us = array
                .as_primitive::<TimestampMicrosecondType>()
                .value(row_idx);
            Timestamp::from_microsecond(time_us)
                .map_or_else(|_| format!("{time_us} µs"), |time| time.to_string())
        }
        ColumnType::Money => {
            let amount = array.as_primitive::<Decimal128Type>().value(row_idx);
            let sign = if amount < 0 { "-" } else { "" };
            let amount = amount.unsigned_abs();
            format!("{sign}{}.{:04}", amount / 10_000, amount % 10_000)
        }
        ColumnType::TextList => {
            let items = array.as_list::<i32>().value(row_idx);
            let items = items.as_string::<i32>();
            let texts: Vec<&str> = items.iter().map(Option::unwrap_or_default).collect();
            texts.join(", ")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Decimal128Array, StringArray, TimestampMicrosecondArray};

    use super::*;

    #[test]
    fn values_are_told_in_schema_order_without_nulls() {
        let money = Decimal128Array::from(vec![Some(-12_500), None]);
        let times = TimestampMicrosecondArray::from(vec![0, i64::MAX]).with_timezone("UTC");
        let batch = RecordBatch::try_from_iter([
            (
                "mrr",
                Arc::new(money.with_precision_and_scale(18, 4).expect("fits")) as ArrayRef,
            ),
            ("started_at", Arc::new(times)),
            ("id", Arc::new(StringArray::from(vec!["a", "b"]))),
        ])
        .expect("equal lengths");
        let rows = rows(RecordKind::Subscription, &batch);
        let expected = [
            ("id", "a".to_owned()),
            ("started_at", "1970-01-01T00:00:00Z".to_owned()),
            ("mrr", "-1.2500".to_owned()),
        ];
        assert_eq!(rows[0].cells, expected);
        assert_eq!(rows[1].cell("mrr"), None);
        assert_eq!(rows[1].name(), "subscription b");
    }
}
