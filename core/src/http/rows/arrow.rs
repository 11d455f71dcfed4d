//! A page of rows as an Arrow IPC stream: every column in the type of its kind.

use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{
    ArrayRef, BooleanArray, Decimal128Array, Float64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray, UInt64Array,
};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::ArrowError;
use vocd_plugin::record::ColumnType;

use crate::record::RecordKind;
use crate::store::export::{Cell, Page};

/// Digits of money, and those of them after the point.
const MONEY_DIGITS: (u8, i8) = (18, 4);

/// Writes a page.
pub(super) fn stream(kind: RecordKind, page: &Page) -> Result<Vec<u8>, ArrowError> {
    let columns = page.columns.iter().enumerate().map(|(idx, name)| {
        // The source is a column of no kind; it is a text.
        let column_type = kind
            .column(name)
            .map_or(ColumnType::Text, |column| column.column_type);
        let cells = page.rows.iter().map(move |row| &row[idx]);
        Ok((*name, array(column_type, cells)?, true))
    });
    let columns = columns.collect::<Result<Vec<_>, ArrowError>>()?;
    let batch = RecordBatch::try_from_iter_with_nullable(columns)?;
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema())?;
    if batch.num_rows() > 0 {
        writer.write(&batch)?;
    }
    writer.into_inner()
}

fn array<'c>(
    column_type: ColumnType,
    cells: impl Iterator<Item = &'c Cell>,
) -> Result<ArrayRef, ArrowError> {
    Ok(match column_type {
        ColumnType::Text | ColumnType::Json => Arc::new(cells.map(text).collect::<StringArray>()),
        ColumnType::Number => Arc::new(
            cells
                .map(|cell| match cell {
                    Cell::Number(number) => Some(*number),
                    _ => None,
                })
                .collect::<Float64Array>(),
        ),
        ColumnType::Count => Arc::new(
            cells
                .map(|cell| match cell {
                    Cell::Count(count) => Some(*count),
                    _ => None,
                })
                .collect::<UInt64Array>(),
        ),
        ColumnType::Flag => Arc::new(
            cells
                .map(|cell| match cell {
                    Cell::Flag(flag) => Some(*flag),
                    _ => None,
                })
                .collect::<BooleanArray>(),
        ),
        ColumnType::Time => {
            let times = cells.map(|cell| match cell {
                Cell::Time(at) => Some(at.as_microsecond()),
                _ => None,
            });
            let times: TimestampMicrosecondArray = times.collect();
            Arc::new(times.with_timezone("UTC"))
        }
        ColumnType::Money => {
            let amounts: Decimal128Array = cells.map(amount).collect();
            Arc::new(amounts.with_precision_and_scale(MONEY_DIGITS.0, MONEY_DIGITS.1)?)
        }
        ColumnType::TextList => texts(cells),
    })
}

fn text(cell: &Cell) -> Option<&str> {
    match cell {
        Cell::Text(text) | Cell::Json(text) => Some(text),
        _ => None,
    }
}

/// Reads an amount, which the store writes with all four digits after the point.
fn amount(cell: &Cell) -> Option<i128> {
    text(cell)?.replace('.', "").parse().ok()
}

fn texts<'c>(cells: impl Iterator<Item = &'c Cell>) -> ArrayRef {
    let mut lists = ListBuilder::new(StringBuilder::new());
    for cell in cells {
        match cell {
            Cell::Texts(texts) => lists.append_value(texts.iter().map(Some)),
            _ => lists.append_null(),
        }
    }
    Arc::new(lists.finish())
}

#[cfg(test)]
mod tests {
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Decimal128Type, TimestampMicrosecondType};
    use arrow_ipc::reader::StreamReader;
    use jiff::Timestamp;

    use super::*;

    fn read(bytes: &[u8]) -> Vec<RecordBatch> {
        let reader = StreamReader::try_new(bytes, None).expect("a stream");
        reader.collect::<Result<_, _>>().expect("batches")
    }

    #[test]
    fn values_keep_their_types() {
        let at = Timestamp::from_second(1_780_272_000).expect("a time");
        let page = Page {
            columns: vec!["source", "started_at", "mrr", "plan"],
            rows: vec![
                vec![
                    Cell::Text("billing".to_owned()),
                    Cell::Time(at),
                    Cell::Text("-12.5000".to_owned()),
                    Cell::Missing,
                ],
                vec![Cell::Missing, Cell::Missing, Cell::Missing, Cell::Missing],
            ],
            next: None,
        };
        let bytes = stream(RecordKind::Subscription, &page).expect("written");
        let batches = read(&bytes);
        let batch = &batches[0];
        assert_eq!((batches.len(), batch.num_rows()), (1, 2));
        let times = batch.column(1).as_primitive::<TimestampMicrosecondType>();
        assert_eq!(times.value(0), at.as_microsecond());
        let amounts = batch.column(2).as_primitive::<Decimal128Type>();
        assert_eq!(amounts.value_as_string(0), "-12.5000");
        assert_eq!(batch.column(0).as_string::<i32>().value(0), "billing");
        for column in batch.columns() {
            assert!(column.is_null(1), "{:?}", column.data_type());
        }
    }

    #[test]
    fn lists_and_counts_come_through_and_an_empty_page_has_a_schema() {
        let page = Page {
            columns: vec!["tags", "replies"],
            rows: vec![vec![
                Cell::Texts(vec!["a".to_owned(), "b".to_owned()]),
                Cell::Count(3),
            ]],
            next: None,
        };
        let batches = read(&stream(RecordKind::Ticket, &page).expect("written"));
        let tags = batches[0].column(0).as_list::<i32>().value(0);
        let tags: Vec<_> = tags.as_string::<i32>().iter().flatten().collect();
        assert_eq!(tags, ["a", "b"]);
        let empty = Page {
            rows: Vec::new(),
            ..page
        };
        let bytes = stream(RecordKind::Ticket, &empty).expect("written");
        let reader = StreamReader::try_new(bytes.as_slice(), None).expect("a stream");
        assert_eq!(reader.schema().fields().len(), 2);
    }
}
