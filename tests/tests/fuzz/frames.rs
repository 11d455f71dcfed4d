//! Recordings of real children, and what is done to their frames.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};

use command_fds::{CommandFdExt as _, FdMapping};
use serde_json::json;
use vocd_plugin::frame::{FrameKind, HEADER_BYTES, LIBRARY_FD, write_frame};
use vocd_tests::binaries;
use vocd_tests::dice::Dice;

use crate::mutation::spoil;

/// Reads a stream in a child and returns every byte that it says.
pub(crate) fn record(library: &Path, stream: &str) -> Vec<u8> {
    let memory = rustix::fs::memfd_create("library", rustix::fs::MemfdFlags::CLOEXEC);
    let mut memory = File::from(memory.expect("memory"));
    std::io::copy(&mut File::open(library).expect("built"), &mut memory).expect("copied");
    let mut command = Command::new(binaries::folder().join("vocd-plugin-host"));
    command
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .fd_mappings(vec![FdMapping {
            parent_fd: memory.into(),
            child_fd: LIBRARY_FD,
        }])
        .expect("one mapping");
    let mut child = command.spawn().expect("built");
    let hello = json!({
        "run_id": 1, "source": "fuzz", "stream": stream, "mode": "read", "config": {},
        "checkpoint": null, "checkpoint_format": 1,
        "limits": { "memory_bytes": 256 << 20, "idle_s": 60 },
    });
    let mut input = child.stdin.take().expect("piped");
    let hello = hello.to_string();
    write_frame(&mut input, FrameKind::Hello, 0, hello.as_bytes()).expect("the child listens");
    let mut bytes = Vec::new();
    let mut output = child.stdout.take().expect("piped");
    output.read_to_end(&mut bytes).expect("the child ends");
    drop(input);
    child.wait().expect("our own child");
    bytes
}

/// Splits a recording between its frames.
fn split(recording: &[u8]) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    let mut rest = recording;
    while let Some(length) = rest.first_chunk::<4>() {
        let n_payload = u32::from_le_bytes(*length) as usize;
        let (frame, after) = rest.split_at(HEADER_BYTES + n_payload);
        frames.push(frame.to_vec());
        rest = after;
    }
    frames
}

/// Makes one case out of a recording; `donor` is another one, for parts that fit anywhere.
pub(crate) fn spoiled(dice: &mut Dice, recording: &[u8], donor: &[u8]) -> Vec<u8> {
    let mut frames = split(recording);
    let n_changes = 1 + dice.roll(3);
    for _ in 0..n_changes {
        let (idx, other) = (dice.index(frames.len()), dice.index(frames.len()));
        match dice.roll(10) {
            0 => frames.swap(idx, other),
            1 => frames.insert(idx, frames[other].clone()),
            2 if frames.len() > 1 => {
                frames.remove(idx);
            }
            3 => {
                let foreign = split(donor);
                frames.insert(idx, dice.pick(&foreign).clone());
            }
            // The length alone, which everything after it hangs on.
            4 => spoil_length(dice, &mut frames[idx]),
            // The kind, or the record kind, of a payload that stays as it is.
            5 => {
                let at = 4 + dice.index(frames[idx].len().min(HEADER_BYTES) - 4).min(1);
                frames[idx][at] = dice.next_u64().to_le_bytes()[0] % 96;
            }
            // A payload whose frame is right: what the decoders see.
            _ => {
                let mut payload = frames[idx].split_off(HEADER_BYTES);
                spoil(dice, &mut payload, donor);
                let length = u32::try_from(payload.len()).expect("recordings are short");
                frames[idx][..4].copy_from_slice(&length.to_le_bytes());
                frames[idx].extend(payload);
            }
        }
    }
    let mut bytes = frames.concat();
    if dice.roll(4) == 0 {
        spoil(dice, &mut bytes, donor);
    }
    bytes
}

fn spoil_length(dice: &mut Dice, frame: &mut [u8]) {
    let length = u32::from_le_bytes([frame[0], frame[1], frame[2], frame[3]]);
    let changed = match dice.roll(4) {
        0 => length.wrapping_add(1),
        1 => length.wrapping_sub(1),
        2 => (dice.next_u64() >> 32) as u32,
        _ => *dice.pick(&[0, u32::MAX, 40 << 20, (40 << 20) + 1, 512 << 10]),
    };
    frame[..4].copy_from_slice(&changed.to_le_bytes());
}
