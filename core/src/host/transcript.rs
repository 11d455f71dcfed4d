//! The frames of a run that were written down, read as a child's are: for tests that change them.

use std::io::Read;

use arrow_array::RecordBatch;

use super::message::{Message, MessageReader};
use crate::record::RecordKind;

/// What frames held up to their end or their first fault.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transcript {
    /// Frames that were understood.
    pub n_messages: u64,
    /// Rows of all batches.
    pub n_rows: u64,
    /// Checkpoints.
    pub n_checkpoints: u64,
    /// Whether the last one says that the run is a success.
    pub is_complete: bool,
    /// What the child must not have done; `None` where the frames end between two.
    pub fault: Option<String>,
}

/// Reads frames to their end or their first fault, and hands over the batches.
pub fn read(frames: impl Read, on_batch: &mut dyn FnMut(RecordKind, &RecordBatch)) -> Transcript {
    let mut reader = MessageReader::new(frames);
    let mut transcript = Transcript::default();
    loop {
        let message = match reader.next() {
            Ok(Some(message)) => message,
            Ok(None) => break,
            Err(error) => {
                transcript.fault = Some(error.to_string());
                break;
            }
        };
        transcript.n_messages += 1;
        match message {
            Message::Batch(kind, batch) => on_batch(kind, &batch),
            Message::Checkpoint(_) => transcript.n_checkpoints += 1,
            Message::End => transcript.is_complete = true,
            _ => {}
        }
    }
    transcript.n_rows = reader.n_rows();
    transcript
}
