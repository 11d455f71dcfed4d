//! Reads the child's frames as messages, and refuses everything a child of this build never says.

mod payload;

use std::io::{self, Read};

use arrow_array::RecordBatch;
use arrow_buffer::{Buffer, MutableBuffer};
use serde::de::DeserializeOwned;
use serde_json::Value;
use vocd_plugin::abi::CHECKPOINT_BYTES_MAX;
use vocd_plugin::frame::{FrameHeader, FrameKind, read_header};

use self::payload::{CheckpointReport, EndReport, ParsedReport};
use super::batch::{self, BatchError};
use crate::record::RecordKind;

pub(super) use self::payload::{Ask, ErrorReport, LogLine, Pause, Ready, RejectedRecord};
pub use self::payload::{Metric, Progress};

/// Longest JSON payload, in bytes: a checkpoint, a log line with a backtrace, an answer of `call`.
const JSON_BYTES_MAX: u32 = 512 * 1024;
/// Longest text kept of a log line or an error, in bytes.
const TEXT_BYTES_MAX: usize = 8 * 1024;

/// One thing the child said.
#[derive(Debug)]
pub(super) enum Message {
    Ready(Ready),
    Batch(RecordKind, RecordBatch),
    Checkpoint(String),
    Log(LogLine),
    Metric(Metric),
    Error(ErrorReport),
    Progress(Progress),
    Reject(RejectedRecord),
    /// A request wants to be made.
    Ask(Ask),
    /// A server wants no requests for a while.
    Pause(Pause),
    /// A line of a cassette.
    Exchange(String),
    /// A webhook is parsed, or refused.
    Parsed(Option<ErrorReport>),
    Reply(Value),
    /// The run is a success.
    End,
}

/// What the child did that it must not.
#[derive(Debug, thiserror::Error)]
pub(super) enum MessageError {
    #[error("the child's pipe failed")]
    Read(#[source] io::Error),
    #[error("a frame is not one of this build: {what}")]
    Frame { what: String },
    #[error("a `{frame:?}` frame is longer than it may be")]
    TooLong { frame: FrameKind },
    #[error("a `{frame:?}` frame is not the JSON it should be")]
    Json {
        frame: FrameKind,
        #[source]
        source: serde_json::Error,
    },
    #[error("a `{frame:?}` frame goes the wrong way or comes at the wrong time")]
    Unexpected { frame: FrameKind },
    #[error("{source}")]
    Batch {
        #[from]
        source: BatchError,
    },
    #[error("a checkpoint covers {said} rows, {received} were received since the one before")]
    RowsSince { said: u64, received: u64 },
    #[error("a checkpoint must be a JSON object of at most 64 KiB")]
    Checkpoint,
    #[error("the run ended with {n_rows} rows that no checkpoint covers")]
    Uncovered { n_rows: u64 },
    #[error("the run ended saying {said} rows, {received} were received")]
    RowsInAll { said: u64, received: u64 },
}

/// Reads messages and keeps count of the rows they carry.
pub(super) struct MessageReader<R> {
    reader: R,
    n_rows: u64,
    n_rows_since: u64,
    n_bytes: u64,
    is_ended: bool,
}

impl<R: Read> MessageReader<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader,
            n_rows: 0,
            n_rows_since: 0,
            n_bytes: 0,
            is_ended: false,
        }
    }

    /// Rows received in all.
    pub(super) fn n_rows(&self) -> u64 {
        self.n_rows
    }

    /// Payload bytes received in all.
    pub(super) fn n_bytes(&self) -> u64 {
        self.n_bytes
    }

    pub(super) fn reader(&self) -> &R {
        &self.reader
    }

    pub(super) fn reader_mut(&mut self) -> &mut R {
        &mut self.reader
    }

    /// Returns the next message, or `None` where the child's side is closed between two frames.
    pub(super) fn next(&mut self) -> Result<Option<Message>, MessageError> {
        let header = match read_header(&mut self.reader) {
            Ok(Some(header)) => header,
            Ok(None) => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(MessageError::Frame {
                    what: error.to_string(),
                });
            }
            Err(error) => return Err(MessageError::Read(error)),
        };
        if self.is_ended {
            return Err(MessageError::Unexpected { frame: header.kind });
        }
        self.n_bytes += u64::from(header.payload_bytes);
        let message = match header.kind {
            FrameKind::Data => self.batch(header)?,
            FrameKind::Ready => Message::Ready(self.json(header)?),
            FrameKind::Metric => Message::Metric(self.json(header)?),
            FrameKind::Ask => Message::Ask(self.json(header)?),
            FrameKind::Pause => Message::Pause(self.json(header)?),
            FrameKind::Exchange => Message::Exchange(self.line(header)?),
            FrameKind::Checkpoint => self.checkpoint(header)?,
            FrameKind::Log => Message::Log(self.json(header)?),
            FrameKind::Error => Message::Error(self.json(header)?),
            FrameKind::Progress => Message::Progress(self.json(header)?),
            FrameKind::Reject => Message::Reject(self.json(header)?),
            FrameKind::Reply => Message::Reply(self.json(header)?),
            FrameKind::End => self.end(header)?,
            FrameKind::Parsed => self.parsed(header)?,
            FrameKind::Hello
            | FrameKind::Stop
            | FrameKind::Permit
            | FrameKind::Webhook
            | FrameKind::Body => {
                return Err(MessageError::Unexpected { frame: header.kind });
            }
        };
        Ok(Some(message))
    }

    fn batch(&mut self, header: FrameHeader) -> Result<Message, MessageError> {
        let kind = RecordKind::ALL
            .get(usize::from(header.stream_idx))
            .copied()
            .ok_or_else(|| MessageError::Frame {
                what: format!("there is no record kind {}", header.stream_idx),
            })?;
        // Aligned, so that the decoder's arrays point into it instead of copying.
        let mut payload = MutableBuffer::from_len_zeroed(bytes(header));
        self.reader
            .read_exact(payload.as_slice_mut())
            .map_err(MessageError::Read)?;
        let batch = batch::decode(kind, Buffer::from(payload))?;
        let n_rows = batch.num_rows() as u64;
        self.n_rows += n_rows;
        self.n_rows_since += n_rows;
        Ok(Message::Batch(kind, batch))
    }

    fn checkpoint(&mut self, header: FrameHeader) -> Result<Message, MessageError> {
        let report: CheckpointReport = self.json(header)?;
        let json = report.checkpoint.get();
        if json.len() > CHECKPOINT_BYTES_MAX || !json.starts_with('{') {
            return Err(MessageError::Checkpoint);
        }
        if report.rows_since != self.n_rows_since {
            return Err(MessageError::RowsSince {
                said: report.rows_since,
                received: self.n_rows_since,
            });
        }
        self.n_rows_since = 0;
        Ok(Message::Checkpoint(json.to_owned()))
    }

    fn parsed(&mut self, header: FrameHeader) -> Result<Message, MessageError> {
        let report: ParsedReport = self.json(header)?;
        if report.rows_since != self.n_rows_since {
            return Err(MessageError::RowsSince {
                said: report.rows_since,
                received: self.n_rows_since,
            });
        }
        self.n_rows_since = 0;
        Ok(Message::Parsed(report.refusal))
    }

    fn end(&mut self, header: FrameHeader) -> Result<Message, MessageError> {
        let report: EndReport = self.json(header)?;
        self.is_ended = true;
        if report.status != 0 {
            return Err(MessageError::Frame {
                what: "a run that failed has no last frame".to_owned(),
            });
        }
        if report.rows != self.n_rows {
            return Err(MessageError::RowsInAll {
                said: report.rows,
                received: self.n_rows,
            });
        }
        if self.n_rows_since > 0 {
            return Err(MessageError::Uncovered {
                n_rows: self.n_rows_since,
            });
        }
        Ok(Message::End)
    }

    fn json<T: DeserializeOwned>(&mut self, header: FrameHeader) -> Result<T, MessageError> {
        let payload = self.payload(header)?;
        serde_json::from_slice(&payload).map_err(|source| MessageError::Json {
            frame: header.kind,
            source,
        })
    }

    /// Reads a line of a cassette, which holds a whole body and may be as long as any frame.
    fn line(&mut self, header: FrameHeader) -> Result<String, MessageError> {
        let payload = self.read_payload(header)?;
        let line = String::from_utf8(payload)
            .ok()
            .filter(|line| !line.contains('\n'));
        line.ok_or_else(|| MessageError::Frame {
            what: "a recorded exchange is no line of text".to_owned(),
        })
    }

    fn payload(&mut self, header: FrameHeader) -> Result<Vec<u8>, MessageError> {
        if header.payload_bytes > JSON_BYTES_MAX {
            return Err(MessageError::TooLong { frame: header.kind });
        }
        self.read_payload(header)
    }

    fn read_payload(&mut self, header: FrameHeader) -> Result<Vec<u8>, MessageError> {
        let mut payload = vec![0; bytes(header)];
        self.reader
            .read_exact(&mut payload)
            .map_err(MessageError::Read)?;
        Ok(payload)
    }
}

/// Returns the text without what goes beyond the limit.
pub(super) fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_BYTES_MAX)]
}

fn bytes(header: FrameHeader) -> usize {
    // `read_header` refused everything above 40 MiB.
    usize::try_from(header.payload_bytes).expect("a frame fits the address space")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use vocd_plugin::frame::write_frame;

    use super::super::batch::tests::{encode, responses};
    use super::*;

    fn frames(parts: &[(FrameKind, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (kind, payload) in parts {
            write_frame(&mut bytes, *kind, 0, payload).expect("in memory");
        }
        bytes
    }

    fn drain(bytes: &[u8]) -> Result<Vec<Message>, MessageError> {
        let mut reader = MessageReader::new(bytes);
        let mut messages = Vec::new();
        while let Some(message) = reader.next()? {
            messages.push(message);
        }
        Ok(messages)
    }

    fn check_refused(parts: &[(FrameKind, &[u8])], expected: &str) {
        let error = drain(&frames(parts)).expect_err("refused");
        assert!(
            error.to_string().contains(expected),
            "{error} lacks {expected}"
        );
    }

    fn run() -> Vec<u8> {
        let data = encode(&[responses(5)]);
        frames(&[
            (FrameKind::Ready, b"{}"),
            (FrameKind::Data, &data),
            (
                FrameKind::Reject,
                br#"{"kind":"response","reason":"bad_number"}"#,
            ),
            (
                FrameKind::Progress,
                br#"{"done":5,"total":10,"unit":"rows"}"#,
            ),
            (
                FrameKind::Checkpoint,
                br#"{"stream":"s","checkpoint":{"n":5},"rows_since":5}"#,
            ),
            (FrameKind::End, br#"{"status":0,"rows":5,"batches":1}"#),
        ])
    }

    #[test]
    fn a_whole_run_is_read() {
        let messages = drain(&run()).expect("valid");
        assert_eq!(messages.len(), 6);
        assert!(
            matches!(&messages[1], Message::Batch(RecordKind::Response, batch)
                if batch.num_rows() == 5)
        );
        assert!(matches!(&messages[4], Message::Checkpoint(json) if json == r#"{"n":5}"#));
    }

    #[test]
    fn a_checkpoint_must_cover_what_was_received() {
        let data = encode(&[responses(5)]);
        check_refused(
            &[
                (FrameKind::Data, &data),
                (
                    FrameKind::Checkpoint,
                    br#"{"checkpoint":{},"rows_since":4}"#,
                ),
            ],
            "covers 4 rows, 5 were received",
        );
        check_refused(
            &[(
                FrameKind::Checkpoint,
                br#"{"checkpoint":[],"rows_since":0}"#,
            )],
            "must be a JSON object",
        );
    }

    #[test]
    fn a_parsed_webhook_covers_its_rows() {
        let data = encode(&[responses(5)]);
        let parsed: (FrameKind, &[u8]) = (FrameKind::Parsed, br#"{"rows_since":5,"refusal":null}"#);
        let end: (FrameKind, &[u8]) = (FrameKind::End, br#"{"status":0,"rows":5}"#);
        let messages = drain(&frames(&[(FrameKind::Data, &data), parsed, end])).expect("valid");
        assert!(matches!(messages[1], Message::Parsed(None)));
        check_refused(&[parsed], "covers 5 rows, 0 were received");
    }

    #[test]
    fn a_success_leaves_no_row_uncovered() {
        let data = encode(&[responses(5)]);
        check_refused(
            &[
                (FrameKind::Data, &data),
                (FrameKind::End, br#"{"status":0,"rows":5}"#),
            ],
            "5 rows that no checkpoint covers",
        );
        check_refused(
            &[(FrameKind::End, br#"{"status":0,"rows":7}"#)],
            "saying 7 rows",
        );
    }

    #[test]
    fn nothing_comes_after_the_end_or_from_the_wrong_side() {
        check_refused(
            &[
                (FrameKind::End, br#"{"status":0,"rows":0}"#),
                (FrameKind::Progress, b"{}"),
            ],
            "wrong time",
        );
        check_refused(&[(FrameKind::Hello, b"{}")], "wrong way");
    }

    #[test]
    fn a_long_json_frame_is_refused_before_it_is_read() {
        let long = vec![b' '; 600 * 1024];
        check_refused(&[(FrameKind::Log, &long)], "longer than it may be");
    }

    #[test]
    fn what_is_told_about_requests_is_checked() {
        let ask = br#"{"id":1,"host":"a.example:443","wait_ms_max":5,"request":"GET https://a"}"#;
        let metric = br#"{"name":"http_requests","kind":"counter","value":null}"#;
        let parts: [(FrameKind, &[u8]); 3] = [
            (FrameKind::Ask, ask),
            (FrameKind::Metric, metric),
            (FrameKind::Exchange, b"{}"),
        ];
        let messages = drain(&frames(&parts)).expect("valid");
        assert!(matches!(&messages[0], Message::Ask(ask) if ask.host == "a.example:443"));
        assert!(matches!(&messages[1], Message::Metric(metric) if metric.value.is_none()));
        check_refused(&[(FrameKind::Ask, b"{}")], "not the JSON it should be");
        check_refused(&[(FrameKind::Exchange, b"{}\n{}")], "no line of text");
        check_refused(&[(FrameKind::Exchange, b"\xff")], "no line of text");
        check_refused(&[(FrameKind::Permit, b"{}")], "wrong way");
    }

    #[test]
    fn a_run_cut_anywhere_is_no_success() {
        let bytes = run();
        for n_bytes in 0..bytes.len() {
            let messages = drain(&bytes[..n_bytes]).unwrap_or_default();
            assert!(!matches!(messages.last(), Some(Message::End)));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]
        #[test]
        fn changed_bytes_give_messages_or_a_typed_error(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
        ) {
            let mut bytes = run();
            for (idx, byte) in changes {
                let at = idx.index(bytes.len());
                bytes[at] = byte;
            }
            if let Ok(messages) = drain(&bytes) {
                prop_assert!(messages.len() <= 8);
            }
        }
    }
}
