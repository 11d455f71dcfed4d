//! What is written down of one plugin's builds, in a small file beside those that are kept.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::host::plugin_file::PluginFile;

/// Longest file, in bytes: 20 events with their reasons are about 20 KiB.
const BOOK_BYTES_MAX: u64 = 64 * 1024;
/// Events that are kept of each plugin.
const EVENTS_MAX: usize = 20;
/// Longest reason that is kept with an event, in bytes.
const WHY_BYTES_MAX: usize = 1_000;

/// One build of a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// What its manifest says.
    pub version: String,
    /// SHA-256 of the library, in lowercase hexadecimal digits.
    pub sha256: String,
}

impl Build {
    /// Returns the build that a library is.
    #[must_use]
    pub fn of(plugin: &PluginFile) -> Self {
        Self {
            version: plugin.manifest().version.clone(),
            sha256: plugin.sha256().to_owned(),
        }
    }
}

/// What became of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// The daemon runs it, and ran none or another at its last start.
    Loaded,
    /// It took the place of another while the daemon ran.
    Swapped,
    /// It was not taken over.
    Refused,
    /// It breaks with the one before and waits for an approval.
    Pending,
    /// An operator approved it although it breaks with the one before.
    Approved,
    /// It crashed and gave way to an earlier one.
    RolledBack,
    /// Its file was removed: the plugin's sources wait.
    Removed,
    /// Its file came back.
    Returned,
}

impl EventKind {
    /// Returns the label.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Loaded => "loaded",
            Self::Swapped => "swapped",
            Self::Refused => "refused",
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::RolledBack => "rolled_back",
            Self::Removed => "removed",
            Self::Returned => "returned",
        }
    }
}

/// Something that happened to a plugin's builds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginEvent {
    /// When, by RFC 3339.
    pub at: String,
    /// What.
    pub kind: EventKind,
    /// The build it is about; `None` for a file that is no plugin.
    pub build: Option<Build>,
    /// Why, in words for the operator; may be empty.
    #[serde(default)]
    pub why: String,
}

impl PluginEvent {
    /// Returns an event of this instant.
    #[must_use]
    pub fn now(kind: EventKind, build: Option<Build>, why: &str) -> Self {
        Self {
            at: format!("{:.0}", Timestamp::now()),
            kind,
            build,
            why: why[..why.floor_char_boundary(WHY_BYTES_MAX)].to_owned(),
        }
    }
}

/// What is known of one plugin's builds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Book {
    /// The newest last.
    #[serde(default)]
    pub(super) good: Vec<Build>,
    #[serde(default)]
    pub(super) set_aside: Vec<Build>,
    /// Builds that were not taken over: a restart does not let them in either.
    #[serde(default)]
    pub(super) held: Vec<Build>,
    /// The build that crashed last.
    #[serde(default)]
    pub(super) crashed: Option<Build>,
    #[serde(default)]
    pub(super) n_crashes: u32,
    /// The build that the daemon runs, or ran last.
    #[serde(default)]
    pub(super) running: Option<Build>,
    /// Counts the builds that were running.
    #[serde(default)]
    pub(super) generation: u64,
    /// The newest last.
    #[serde(default)]
    pub(super) events: Vec<PluginEvent>,
}

impl Book {
    /// Reads a book. Nothing is known where there is no file; a damaged one costs no more than
    /// that.
    pub(super) fn read(path: &Path) -> Self {
        let is_short = |length| length <= BOOK_BYTES_MAX;
        if !fs::metadata(path).is_ok_and(|metadata| is_short(metadata.len())) {
            return Self::default();
        }
        let text = fs::read(path).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_else(|error| {
            tracing::warn!(path = %path.display(), %error, "what was known of builds is unreadable");
            Self::default()
        })
    }

    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        write_whole(path, &serde_json::to_vec_pretty(self)?)
    }

    /// Adds an event, once however often it is told in a row; the oldest gives way.
    pub(super) fn tell(&mut self, event: PluginEvent) {
        let is_known = self.events.last().is_some_and(|last| {
            (last.kind, &last.build, &last.why) == (event.kind, &event.build, &event.why)
        });
        if is_known {
            return;
        }
        self.events.push(event);
        let n_too_many = self.events.len().saturating_sub(EVENTS_MAX);
        self.events.drain(..n_too_many);
    }
}

/// Writes a file whole or not at all.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let beside = path.with_extension("new");
    let write = || -> io::Result<()> {
        let mut file = fs::File::create(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().inspect_err(|_| {
        // What is left of it would only take the room that was too little.
        let _ = fs::remove_file(&beside);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_event_gives_way_and_a_long_reason_is_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("builds.json");
        let mut book = Book::default();
        for number in 0..EVENTS_MAX + 5 {
            let why = format!("{number} {}", "ä".repeat(WHY_BYTES_MAX));
            book.tell(PluginEvent::now(EventKind::Refused, None, &why));
            book.tell(PluginEvent::now(EventKind::Refused, None, &why));
        }
        book.write(&path).unwrap();
        assert!(fs::metadata(&path).unwrap().len() < BOOK_BYTES_MAX);
        let read = Book::read(&path);
        assert_eq!(read, book);
        assert_eq!(read.events.len(), EVENTS_MAX);
        assert!(read.events[0].why.starts_with("5 "));
    }

    #[test]
    fn a_book_of_an_earlier_release_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("builds.json");
        let text = r#"{"good":[{"version":"1","sha256":"ab"}],"set_aside":[],"n_crashes":0}"#;
        fs::write(&path, text).unwrap();
        let book = Book::read(&path);
        assert_eq!((book.good.len(), book.generation), (1, 0));
    }
}
