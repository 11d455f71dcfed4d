//! Turns one frame of Arrow IPC bytes into one checked batch of a record kind.
//!
//! The bytes are hostile: the decoder validates everything, its panics are caught here, and the
//! schema has to be the kind's own.

use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use arrow_schema::{ArrowError, DataType, Schema, TimeUnit};
use vocd_plugin::BATCH_ROWS_MAX;
use vocd_plugin::record::ColumnType;

use crate::record::RecordKind;

/// Why a batch was refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum BatchError {
    /// The bytes are not one Arrow IPC stream.
    #[error("the batch is not a valid Arrow stream")]
    Decode(#[source] ArrowError),
    /// The decoder gave up in a way it does not report.
    #[error("the batch is not a valid Arrow stream: the decoder panicked")]
    DecoderPanic,
    /// The frame holds no batch, several, or something after it.
    #[error("a frame must hold exactly one batch")]
    NotOne,
    /// Too many rows.
    #[error("a batch of {n_rows} rows is above the limit of {BATCH_ROWS_MAX}")]
    TooManyRows {
        /// Rows of the batch.
        n_rows: usize,
    },
    /// A column the kind does not have.
    #[error("`{kind}` has no column `{column}`", kind = kind.name())]
    UnknownColumn {
        /// Kind of the batch.
        kind: RecordKind,
        /// The column.
        column: String,
    },
    /// A column that comes twice.
    #[error("column `{column}` of `{kind}` comes twice", kind = kind.name())]
    RepeatedColumn {
        /// Kind of the batch.
        kind: RecordKind,
        /// The column.
        column: String,
    },
    /// A column of another type.
    #[error(
        "column `{column}` of `{kind}` must be {expected:?}, not {found}",
        kind = kind.name()
    )]
    WrongType {
        /// Kind of the batch.
        kind: RecordKind,
        /// The column.
        column: String,
        /// Type of the kind's column.
        expected: ColumnType,
        /// Arrow type that came.
        found: DataType,
    },
}

/// Decodes and checks the one batch of a frame.
///
/// # Errors
/// When the bytes are not one batch of that kind.
pub(super) fn decode(kind: RecordKind, frame: Buffer) -> Result<RecordBatch, BatchError> {
    // The decoder slices buffers by lengths it reads from them and panics when they lie.
    let decoded = catch_unwind(AssertUnwindSafe(|| decode_one(frame)));
    let batch = decoded.map_err(|_| BatchError::DecoderPanic)??;
    if batch.num_rows() > BATCH_ROWS_MAX {
        return Err(BatchError::TooManyRows {
            n_rows: batch.num_rows(),
        });
    }
    check_schema(kind, batch.schema_ref())?;
    Ok(batch)
}

fn decode_one(mut frame: Buffer) -> Result<RecordBatch, BatchError> {
    let mut decoder = StreamDecoder::new();
    let first = decoder.decode(&mut frame).map_err(BatchError::Decode)?;
    let batch = first.ok_or(BatchError::NotOne)?;
    let second = decoder.decode(&mut frame).map_err(BatchError::Decode)?;
    if second.is_some() || !frame.is_empty() {
        return Err(BatchError::NotOne);
    }
    decoder.finish().map_err(BatchError::Decode)?;
    Ok(batch)
}

fn check_schema(kind: RecordKind, schema: &Schema) -> Result<(), BatchError> {
    for (idx, field) in schema.fields().iter().enumerate() {
        let name = field.name();
        let Some(column) = kind.column(name) else {
            return Err(BatchError::UnknownColumn {
                kind,
                column: name.chars().take(80).collect(),
            });
        };
        if schema.fields()[..idx]
            .iter()
            .any(|other| other.name() == name)
        {
            return Err(BatchError::RepeatedColumn {
                kind,
                column: name.clone(),
            });
        }
        if !is_type(column.column_type, field.data_type()) {
            return Err(BatchError::WrongType {
                kind,
                column: name.clone(),
                expected: column.column_type,
                found: field.data_type().clone(),
            });
        }
    }
    Ok(())
}

fn is_type(column_type: ColumnType, data_type: &DataType) -> bool {
    match column_type {
        ColumnType::Text | ColumnType::Json => *data_type == DataType::Utf8,
        ColumnType::Number => *data_type == DataType::Float64,
        ColumnType::Count => *data_type == DataType::UInt64,
        ColumnType::Flag => *data_type == DataType::Boolean,
        ColumnType::Time => match data_type {
            DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) => &**zone == "UTC",
            _ => false,
        },
        ColumnType::Money => *data_type == DataType::Decimal128(18, 4),
        ColumnType::TextList => match data_type {
            DataType::List(item) => *item.data_type() == DataType::Utf8,
            _ => false,
        },
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use arrow_array::{
        ArrayRef, BooleanArray, Float64Array, StringArray, TimestampMicrosecondArray,
    };
    use arrow_ipc::writer::StreamWriter;
    use proptest::prelude::*;

    use super::*;

    pub(in crate::host) fn encode(batches: &[RecordBatch]) -> Vec<u8> {
        let mut writer =
            StreamWriter::try_new(Vec::new(), &batches[0].schema()).expect("in memory");
        for batch in batches {
            writer.write(batch).expect("in memory");
        }
        writer.into_inner().expect("finished")
    }

    pub(in crate::host) fn responses(n_rows: usize) -> RecordBatch {
        let ids: StringArray = (0..n_rows).map(|row| Some(format!("r{row}"))).collect();
        let scores: Float64Array = (0..n_rows)
            .map(|row| (row % 3 != 0).then_some((row % 11) as f64))
            .collect();
        let times: TimestampMicrosecondArray = (0..n_rows)
            .map(|row| Some(row as i64 * 1_000_000))
            .collect();
        let flags: BooleanArray = (0..n_rows).map(|row| Some(row % 2 == 0)).collect();
        RecordBatch::try_from_iter([
            ("id", Arc::new(ids) as ArrayRef),
            ("score", Arc::new(scores)),
            ("responded_at", Arc::new(times.with_timezone("UTC"))),
            ("is_test", Arc::new(flags)),
        ])
        .expect("equal lengths")
    }

    fn named(name: &str) -> RecordBatch {
        let array: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
        RecordBatch::try_from_iter([(name, array)]).expect("one column")
    }

    fn check_refused(bytes: Vec<u8>, expected: &str) {
        let error = decode(RecordKind::Response, bytes.into()).expect_err("refused");
        assert!(
            error.to_string().contains(expected),
            "{error} lacks {expected}"
        );
    }

    #[test]
    fn a_batch_comes_back_as_it_was() {
        let batch = responses(100);
        let decoded = decode(
            RecordKind::Response,
            encode(std::slice::from_ref(&batch)).into(),
        );
        assert_eq!(decoded.expect("valid"), batch);
    }

    #[test]
    fn a_frame_holds_one_batch() {
        check_refused(encode(&[responses(1), responses(1)]), "exactly one batch");
        check_refused(Vec::new(), "exactly one batch");
    }

    #[test]
    fn a_schema_that_is_not_the_kinds_is_refused() {
        check_refused(encode(&[named("scoore")]), "`response` has no column");
        check_refused(encode(&[named("score")]), "must be Number, not Utf8");
        check_refused(encode(&[named("responded_at")]), "must be Time");
    }

    #[test]
    fn too_many_rows_are_refused() {
        check_refused(encode(&[responses(BATCH_ROWS_MAX + 1)]), "above the limit");
    }

    #[test]
    fn a_cut_frame_is_refused() {
        let bytes = encode(&[responses(10)]);
        // Without its last eight bytes the stream lacks only its end mark, which is optional.
        for n_bytes in (0..bytes.len() - 8).step_by(7) {
            assert!(decode(RecordKind::Response, bytes[..n_bytes].to_vec().into()).is_err());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn changed_bytes_never_get_past_the_decoder_as_a_panic(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
        ) {
            let mut bytes = encode(&[responses(20)]);
            for (idx, byte) in changes {
                let at = idx.index(bytes.len());
                bytes[at] = byte;
            }
            if let Ok(batch) = decode(RecordKind::Response, bytes.into()) {
                prop_assert!(batch.num_rows() <= BATCH_ROWS_MAX);
            }
        }
    }
}
