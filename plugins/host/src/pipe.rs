//! The daemon's two pipes, moved out of a plugin's reach, and the thread that listens on one.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::process::{Signal, getpgrp, getpid, kill_current_process_group, kill_process};
use serde::Deserialize;
use vocd_plugin::frame::{FrameHeader, FrameKind, PAYLOAD_BYTES_MAX, read_header, write_frame};

use crate::http::Permits;

use crate::webhook::Deliverer;

/// Frames get descriptors above those a program opens by habit.
const FRAME_FD_MIN: i32 = 64;
/// Small frames gathered before one write, in bytes.
const BUFFER_BYTES: usize = 64 * 1024;
/// Longest HELLO: a configuration with its secrets, a checkpoint of 64 KiB, a cassette.
const JSON_BYTES_MAX: u32 = PAYLOAD_BYTES_MAX;

/// Moves the frames off the standard descriptors and gives those to the plugin: input is empty,
/// output and error are the log pipe, so a plugin that prints cannot corrupt a frame.
pub(crate) fn take_frames() -> io::Result<(FrameReader, FrameWriter)> {
    let input = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), FRAME_FD_MIN)?;
    let output = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), FRAME_FD_MIN)?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
    let reader = FrameReader {
        input: File::from(input),
    };
    let writer = FrameWriter {
        output: Mutex::new(BufWriter::with_capacity(BUFFER_BYTES, File::from(output))),
    };
    Ok((reader, writer))
}

/// Frames from the daemon.
#[derive(Debug)]
pub(crate) struct FrameReader {
    input: File,
}

impl FrameReader {
    /// Returns the next frame, or `None` when the daemon is gone.
    pub(crate) fn next(&mut self) -> io::Result<Option<(FrameKind, Vec<u8>)>> {
        let Some(FrameHeader {
            kind,
            payload_bytes,
            ..
        }) = read_header(&mut self.input)?
        else {
            return Ok(None);
        };
        // A body is what the vendor sent, within the daemon's own limit.
        if payload_bytes > JSON_BYTES_MAX && kind != FrameKind::Body {
            let text = "a frame of the daemon is above the limit";
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        let len = usize::try_from(payload_bytes).map_err(io::Error::other)?;
        let mut payload = vec![0; len];
        self.input.read_exact(&mut payload)?;
        Ok(Some((kind, payload)))
    }

    /// Listens for STOP, PERMIT and webhooks on a thread of its own, and ends the process when the
    /// daemon is gone.
    pub(crate) fn listen(
        mut self,
        stop: StopFlag,
        permits: Permits,
        mut webhooks: Deliverer,
    ) -> io::Result<()> {
        let listener = thread::Builder::new().name("daemon-frames".to_owned());
        listener.spawn(move || {
            while let Ok(Some((kind, payload))) = self.next() {
                match kind {
                    FrameKind::Stop => {
                        stop.raise(&payload);
                        webhooks.stop();
                    }
                    FrameKind::Permit => permits.arrive(&payload),
                    kind => {
                        if !webhooks.take(kind, payload) {
                            break;
                        }
                    }
                }
            }
            end_all();
        })?;
        Ok(())
    }
}

/// Ends this process and what it started.
///
/// The plugin may sleep or spin in any thread, so nothing gentler ends it for sure; and a process
/// that it forked has no thread that listens, so the group goes with it.
fn end_all() {
    if getpgrp() == getpid() {
        let _ = kill_current_process_group(Signal::KILL);
    }
    let _ = kill_process(getpid(), Signal::KILL);
}

/// Frames to the daemon, from any thread.
#[derive(Debug)]
pub(crate) struct FrameWriter {
    output: Mutex<BufWriter<File>>,
}

impl FrameWriter {
    /// Writes one frame. Blocks while the daemon is behind: slower is fine, losing rows is not.
    pub(crate) fn write(&self, kind: FrameKind, stream_idx: u8, payload: &[u8]) -> io::Result<()> {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        write_frame(&mut *output, kind, stream_idx, payload)?;
        match kind {
            // A file of a million wrong rows makes a million of these.
            FrameKind::Reject => Ok(()),
            _ => output.flush(),
        }
    }
}

/// Whether the daemon wants the run to end: 0 no, 1 at the next checkpoint, 2 now.
#[derive(Debug, Clone, Default)]
pub(crate) struct StopFlag {
    level: Arc<AtomicU32>,
}

impl StopFlag {
    pub(crate) fn level(&self) -> u32 {
        self.level.load(Ordering::Relaxed)
    }

    /// Ends the run from this side.
    pub(crate) fn raise_now(&self) {
        self.level.store(2, Ordering::Relaxed);
    }

    /// Takes the wish of a STOP frame; it only ever becomes more urgent.
    fn raise(&self, payload: &[u8]) {
        #[derive(Deserialize)]
        struct Stop {
            when: String,
        }
        let is_drain =
            serde_json::from_slice::<Stop>(payload).is_ok_and(|stop| stop.when == "drain");
        self.level
            .fetch_max(if is_drain { 1 } else { 2 }, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_only_becomes_more_urgent() {
        let stop = StopFlag::default();
        let mut levels = vec![stop.level()];
        for payload in [
            &br#"{"when":"drain"}"#[..],
            br#"{"when":"now"}"#,
            br#"{"when":"drain"}"#,
        ] {
            stop.raise(payload);
            levels.push(stop.level());
        }
        assert_eq!(levels, [0, 1, 2, 2]);
    }
}
