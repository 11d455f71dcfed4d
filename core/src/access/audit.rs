//! Who changed what: one line a change, appended to a file that only its owner reads.
//!
//! What was refused goes to a file of its own, and who looked at numbers of single agents to another,
//! so that nobody can push changes out of the first by knocking or looking often.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::keep;

/// Name of the file of changes in the data directory.
pub const CHANGES: &str = "audit.ndjson";
/// Name of the file of refusals.
pub const REFUSALS: &str = "refusals.ndjson";
/// Name of the file of looks at numbers of single agents.
pub const LOOKS: &str = "looks.ndjson";
/// Size at which a file is set aside, in bytes; about 20,000 lines.
const FILE_BYTES_MAX: u64 = 4 << 20;
/// Files that are kept of each, the current one included.
const FILES_MAX: u32 = 5;
/// Longest text that a line repeats from a request, in characters.
const TEXT_CHARS_MAX: usize = 200;
/// Bytes at the end of a file that [`Audit::tail`] looks at.
const TAIL_BYTES: u64 = 64 << 10;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed<'a> {
    /// Who did it; never a secret.
    pub who: Map<String, Value>,
    /// What was done, such as `pause`.
    pub action: &'a str,
    /// To what, such as a source's name.
    pub on: &'a str,
    /// `ok`, or why not.
    pub outcome: &'a str,
}

/// The audit log of a data directory.
#[derive(Debug, Default)]
pub struct Audit {
    /// `None` keeps nothing.
    data_dir: Option<PathBuf>,
    /// Held while a file is appended to and rotated.
    turn: Mutex<()>,
}

impl Audit {
    /// Returns the log of a data directory; its files are made with their first lines.
    #[must_use]
    pub fn open(data_dir: &Path) -> Self {
        Self {
            data_dir: Some(data_dir.to_owned()),
            turn: Mutex::new(()),
        }
    }

    /// Notes a change, or an operator's look at personal rows; it is durable afterwards.
    pub fn note_change(&self, deed: &Deed<'_>) {
        self.note(CHANGES, deed);
    }

    /// Notes that somebody was refused.
    pub fn note_refusal(&self, deed: &Deed<'_>) {
        self.note(REFUSALS, deed);
    }

    /// Notes that somebody was let look at numbers of single agents.
    pub fn note_look(&self, deed: &Deed<'_>) {
        self.note(LOOKS, deed);
    }

    /// Returns the last changes, newest first; at most `n_max`, and those of the current file.
    #[must_use]
    pub fn tail(&self, n_max: usize) -> Vec<Value> {
        let Some(folder) = &self.data_dir else {
            return Vec::new();
        };
        let text = end_of(&folder.join(CHANGES)).unwrap_or_default();
        let lines = text.lines().rev();
        let values = lines.filter_map(|line| serde_json::from_str(line).ok());
        values.take(n_max).collect()
    }

    fn note(&self, name: &'static str, deed: &Deed<'_>) {
        let Some(folder) = &self.data_dir else {
            return;
        };
        let line = json!({
            "at": Timestamp::now().to_string(),
            "who": deed.who,
            "action": deed.action,
            "on": short(deed.on),
            "outcome": short(deed.outcome),
        });
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = append(folder, name, &format!("{line}\n")) {
            // The deed is done: what is left is to say so where an operator looks next.
            tracing::error!(%error, file = name, "the audit log could not be written: {line}");
        }
    }
}

/// Appends a line; the system appends it whole, behind those of another process.
fn append(folder: &Path, name: &str, line: &str) -> io::Result<()> {
    let path = folder.join(name);
    let is_full = fs::metadata(&path).is_ok_and(|known| known.len() >= FILE_BYTES_MAX);
    if is_full {
        rotate(folder, name)?;
    }
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(keep::MODE)
        .open(path)?;
    file.write_all(line.as_bytes())?;
    match name == CHANGES {
        true => file.sync_data(),
        false => Ok(()),
    }
}

fn rotate(folder: &Path, name: &str) -> io::Result<()> {
    let kept = |n: u32| match n {
        0 => folder.join(name),
        n => folder.join(name.replace(".ndjson", &format!(".{n}.ndjson"))),
    };
    for n in (0..FILES_MAX - 1).rev() {
        match fs::rename(kept(n), kept(n + 1)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn end_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn short(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn deed(on: &str) -> Deed<'_> {
        Deed {
            who: Map::new(),
            action: "pause",
            on,
            outcome: "ok",
        }
    }

    #[test]
    fn lines_are_appended_and_the_newest_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        for on in ["a", "b", "c"] {
            // A new process each time.
            Audit::open(folder.path()).note_change(&deed(on));
        }
        let audit = Audit::open(folder.path());
        audit.note_refusal(&deed(&"x".repeat(1_000)));
        audit.note_look(&deed("look"));
        let tail = audit.tail(2);
        assert_eq!(
            (tail.len(), &tail[0]["on"], &tail[1]["on"]),
            (2, &json!("c"), &json!("b"))
        );
        for (name, on_chars) in [(CHANGES, 1), (REFUSALS, TEXT_CHARS_MAX), (LOOKS, 4)] {
            let path = folder.path().join(name);
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            let text = fs::read_to_string(path).unwrap();
            let line: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
            assert_eq!(line["on"].as_str().unwrap().len(), on_chars);
            assert!(line["at"].is_string() && line["outcome"] == "ok", "{line}");
        }
    }

    #[test]
    fn full_files_are_set_aside_and_the_oldest_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let audit = Audit::open(folder.path());
        for idx in 0..=FILES_MAX {
            audit.note_change(&deed(&idx.to_string()));
            let file = OpenOptions::new()
                .write(true)
                .open(folder.path().join(CHANGES));
            file.unwrap().set_len(FILE_BYTES_MAX).unwrap();
        }
        let n_files = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(n_files, FILES_MAX as usize);
        let oldest = fs::read_to_string(folder.path().join("audit.4.ndjson")).unwrap();
        assert!(oldest.contains("\"on\":\"1\""), "{}", &oldest[..80]);
    }
}
