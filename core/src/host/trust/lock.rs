//! `plugins.lock`: the digests of plugin builds that an operator approved.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Longest file, in bytes; about 5,000 approvals.
const LOCK_BYTES_MAX: u64 = 1024 * 1024;

const HEADER: &str = "# Plugin builds that may run, approved by `vocd plugin trust`. Keep it under version control.\n\n";

/// The approvals of one site.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// In the order in which they were given.
    #[serde(default)]
    plugin: Vec<LockEntry>,
}

/// One approved build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockEntry {
    /// The plugin's id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of the library, in lowercase hexadecimal digits.
    pub sha256: String,
}

/// Why the approvals cannot be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// The file could not be read.
    #[error("failed to read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It is not what `vocd plugin trust` writes.
    #[error("`{}` is no list of approved plugins: {what}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The file could not be written.
    #[error("failed to write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl Lock {
    /// Reads the approvals; none where there is no file.
    ///
    /// # Errors
    /// When it cannot be read or is no such list.
    pub fn read(path: &Path) -> Result<Self, LockError> {
        let failed = |source| LockError::Read {
            path: path.to_owned(),
            source,
        };
        let length = match fs::metadata(path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(failed(error)),
        };
        if length > LOCK_BYTES_MAX {
            return Err(failed(io::Error::other("it is longer than 1 MiB")));
        }
        let text = fs::read_to_string(path).map_err(failed)?;
        toml::from_str(&text).map_err(|error| LockError::Format {
            path: path.to_owned(),
            what: error.to_string(),
        })
    }

    /// Returns whether a build is approved.
    #[must_use]
    pub fn approves(&self, sha256: &str) -> bool {
        self.plugin.iter().any(|entry| entry.sha256 == sha256)
    }

    /// Adds an approval; returns the versions of the same plugin that were approved before.
    pub fn approve(&mut self, entry: LockEntry) -> Vec<String> {
        let same = self.plugin.iter().filter(|known| known.id == entry.id);
        let before = same.map(|known| known.version.clone()).collect();
        if !self.approves(&entry.sha256) {
            self.plugin.push(entry);
        }
        before
    }

    /// Writes the approvals, whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), LockError> {
        let failed = |source| LockError::Write {
            path: path.to_owned(),
            source,
        };
        let text = toml::to_string(self).map_err(|error| failed(io::Error::other(error)))?;
        let beside = path.with_extension("lock.new");
        let write = || -> io::Result<()> {
            let mut file = fs::File::create(&beside)?;
            file.write_all(HEADER.as_bytes())?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&beside, path)
        };
        write().map_err(failed)
    }
}
