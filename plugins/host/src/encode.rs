//! One batch as Arrow IPC stream bytes, uncompressed: the pipe is faster than any compression.

use arrow_array::RecordBatch;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::ArrowError;

/// Appends the stream of one batch, schema included, to an empty buffer.
pub(crate) fn encode(batch: &RecordBatch, buffer: &mut Vec<u8>) -> Result<(), ArrowError> {
    buffer.clear();
    let mut writer = StreamWriter::try_new(buffer, batch.schema_ref())?;
    writer.write(batch)?;
    writer.finish()
}
