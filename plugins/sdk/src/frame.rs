//! The private frames between the daemon and its child process.
//!
//! Both ends come from one build (they compare build ids before the first frame), so this layout
//! may change at any release. A frame is `u32 length | u8 kind | u8 stream | u16 zero`, all
//! little-endian, then `length` payload bytes. JSON payloads are UTF-8 objects.

use std::io::{self, Read, Write};

/// Where the child finds the sealed library. Frames come on its standard input and go to its
/// standard output; its standard error is the log pipe.
pub const LIBRARY_FD: i32 = 4;
/// Size of a frame's header in bytes.
pub const HEADER_BYTES: usize = 8;
/// Identity of this build: the daemon and its child refuse each other when it differs.
pub const BUILD_ID: &str = env!("VOCD_BUILD_ID");
/// Greatest payload of a frame. A batch is at most 32 MiB of values; Arrow IPC adds padding and
/// metadata.
pub const PAYLOAD_BYTES_MAX: u32 = 40 * 1024 * 1024;

/// What a frame carries. Parent → child kinds are below 64, child → parent kinds above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum FrameKind {
    /// JSON: configuration with secrets, stream, checkpoint, limits, run id.
    Hello = 1,
    /// JSON `{"when":"drain"|"now"}`.
    Stop = 2,
    /// JSON `{"id","is_granted","wait_ms"}`: the answer to [`FrameKind::Ask`].
    Permit = 3,
    /// JSON: the request of one webhook to parse; its body follows.
    Webhook = 4,
    /// The body of the webhook before, as it came.
    Body = 5,
    /// JSON: the library is open and the instance configured.
    Ready = 64,
    /// Arrow IPC stream bytes of one batch (schema message included), `stream` names its kind.
    Data = 65,
    /// JSON `{"stream","checkpoint","rows_since"}`.
    Checkpoint = 66,
    /// JSON `{"level","target","message","fields"}`.
    Log = 67,
    /// JSON `{"name","kind","value","labels"}`.
    Metric = 68,
    /// JSON `{"class","user","internal","retry_after_ms"}`; the class is a name of
    /// [`crate::ErrorClass`], `load` (not a usable library) or `protocol` (a bug of the plugin).
    Error = 69,
    /// JSON `{"done","total","unit"}`: still alive, and how far.
    Progress = 70,
    /// JSON `{"status","rows","batches"}`: the run's only success signal.
    End = 71,
    /// JSON `{"kind","reason","place","detail"}`: one record the plugin refused.
    Reject = 72,
    /// JSON: the answer of `call`.
    Reply = 73,
    /// JSON `{"id","bucket","host","wait_ms_max","request"}`: a request wants to be made; `request`
    /// is `GET https://…` without secrets, kept for the report of a crash.
    Ask = 74,
    /// JSON `{"bucket","host","pause_ms"}`: a server wants no requests for so long.
    Pause = 75,
    /// JSON: one line of a cassette.
    Exchange = 76,
    /// JSON `{"rows_since","refusal"}`: the webhook before is parsed, or refused with the members
    /// of an error.
    Parsed = 77,
}

impl FrameKind {
    const ALL: [Self; 19] = [
        Self::Hello,
        Self::Stop,
        Self::Permit,
        Self::Webhook,
        Self::Body,
        Self::Ready,
        Self::Data,
        Self::Checkpoint,
        Self::Log,
        Self::Metric,
        Self::Error,
        Self::Progress,
        Self::End,
        Self::Reject,
        Self::Reply,
        Self::Ask,
        Self::Pause,
        Self::Exchange,
        Self::Parsed,
    ];

    fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// A frame's header, checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// What the payload is.
    pub kind: FrameKind,
    /// Index of the record kind (for `Data`), else 0.
    pub stream_idx: u8,
    /// Length of the payload.
    pub payload_bytes: u32,
}

/// Writes one frame; the caller flushes.
///
/// # Errors
/// When the payload is longer than [`PAYLOAD_BYTES_MAX`] or the writer fails.
pub fn write_frame(
    writer: &mut impl Write,
    kind: FrameKind,
    stream_idx: u8,
    payload: &[u8],
) -> io::Result<()> {
    let payload_bytes = u32::try_from(payload.len())
        .ok()
        .filter(|bytes| *bytes <= PAYLOAD_BYTES_MAX)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "frame payload too long"))?;
    let mut header = [0; HEADER_BYTES];
    header[..4].copy_from_slice(&payload_bytes.to_le_bytes());
    header[4] = kind as u8;
    header[5] = stream_idx;
    writer.write_all(&header)?;
    writer.write_all(payload)
}

/// Reads and checks a header, or returns `None` at a clean end of the stream.
///
/// # Errors
/// When the stream ends inside a header, the kind is unknown, the reserved bytes are not zero, or
/// the length is above [`PAYLOAD_BYTES_MAX`] (refused before anything is allocated).
pub fn read_header(reader: &mut impl Read) -> io::Result<Option<FrameHeader>> {
    let mut header = [0; HEADER_BYTES];
    let mut filled = 0;
    while filled < HEADER_BYTES {
        match reader.read(&mut header[filled..]) {
            Ok(0) if filled == 0 => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n_bytes) => filled += n_bytes,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    parse_header(header).map(Some)
}

/// Checks a header's eight bytes.
///
/// # Errors
/// As [`read_header`], without the end of the stream.
pub fn parse_header(header: [u8; HEADER_BYTES]) -> io::Result<FrameHeader> {
    let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let [b0, b1, b2, b3, kind, stream_idx, z0, z1] = header;
    let payload_bytes = u32::from_le_bytes([b0, b1, b2, b3]);
    if (z0, z1) != (0, 0) {
        return Err(invalid("frame header has reserved bytes set"));
    }
    if payload_bytes > PAYLOAD_BYTES_MAX {
        return Err(invalid("frame payload above the limit"));
    }
    let kind = FrameKind::from_byte(kind).ok_or_else(|| invalid("frame kind unknown"))?;
    Ok(FrameHeader {
        kind,
        stream_idx,
        payload_bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_reads_back() {
        let mut bytes = Vec::new();
        write_frame(&mut bytes, FrameKind::Data, 3, b"abc").expect("in memory");
        let header = read_header(&mut bytes.as_slice())
            .expect("valid")
            .expect("not at the end");
        assert_eq!(
            header,
            FrameHeader {
                kind: FrameKind::Data,
                stream_idx: 3,
                payload_bytes: 3
            }
        );
    }

    #[test]
    fn a_length_above_the_limit_is_refused() {
        let mut header = [0; HEADER_BYTES];
        header[..4].copy_from_slice(&(PAYLOAD_BYTES_MAX + 1).to_le_bytes());
        header[4] = FrameKind::Data as u8;
        assert!(parse_header(header).is_err());
    }

    #[test]
    fn a_cut_header_is_an_error_and_a_clean_end_is_not() {
        assert!(read_header(&mut [1_u8, 2].as_slice()).is_err());
        assert_eq!(read_header(&mut [].as_slice()).expect("clean end"), None);
    }
}
