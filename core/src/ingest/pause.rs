//! Which sources are held back, in one small file that survives restarts.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::keep;
use crate::record::{Pause, PauseReason, SourceName};

/// Name of the file in the data directory.
const FILE_NAME: &str = "paused.json";
/// Most sources that are held back, five times what one configuration may have.
const PAUSES_MAX: usize = 1_000;
/// Longest file, in bytes; a source has about 120.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Why it cannot be read or kept which sources are held back.
#[derive(Debug, thiserror::Error)]
pub enum PauseError {
    /// The file could not be read.
    #[error("failed to read the paused sources in `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said, or what is wrong in it.
        #[source]
        source: io::Error,
    },
    /// The file could not be replaced; nothing changed.
    #[error("failed to write the paused sources in `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl PauseError {
    /// Returns what the operator can do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Read { .. } => "restore the file, or remove it: then no source is paused",
            Self::Write { .. } => "check that the data directory can be written and has room",
        }
    }
}

/// The sources that are held back.
#[derive(Debug, Default)]
pub struct Pauses {
    /// `None` keeps them in memory alone.
    path: Option<PathBuf>,
    held: Mutex<BTreeMap<SourceName, Pause>>,
}

impl Pauses {
    /// Reads those of a data directory; none where there is no file.
    ///
    /// # Errors
    /// When the file cannot be read or is damaged: a source that was paused for a reason must not
    /// start by itself.
    pub fn open(data_dir: &Path) -> Result<Self, PauseError> {
        let path = data_dir.join(FILE_NAME);
        let read = || -> io::Result<BTreeMap<SourceName, Pause>> {
            match keep::read(&path, FILE_BYTES_MAX)? {
                Some(text) => parse(&text),
                None => Ok(BTreeMap::new()),
            }
        };
        let held = read().map_err(|source| PauseError::Read {
            path: path.clone(),
            source,
        })?;
        Ok(Self {
            path: Some(path),
            held: Mutex::new(held),
        })
    }

    /// Returns all.
    #[must_use]
    pub fn all(&self) -> BTreeMap<SourceName, Pause> {
        self.lock().clone()
    }

    /// Returns the one of a source.
    #[must_use]
    pub fn of(&self, name: &SourceName) -> Option<Pause> {
        self.lock().get(name).copied()
    }

    /// Holds a source back; one that is held back keeps its time and takes the new reason.
    ///
    /// # Errors
    /// When it cannot be kept; then nothing changed.
    pub fn pause(
        &self,
        name: &SourceName,
        reason: PauseReason,
        now: Timestamp,
    ) -> Result<Pause, PauseError> {
        let mut held = self.lock();
        let since = held.get(name).map_or(now, |pause| pause.since);
        let pause = Pause { since, reason };
        let mut changed = held.clone();
        changed.insert(name.clone(), pause);
        if changed.len() > PAUSES_MAX {
            return Err(PauseError::Write {
                path: self.path.clone().unwrap_or_default(),
                source: io::Error::other(format!("{PAUSES_MAX} sources are paused already")),
            });
        }
        self.write(&changed)?;
        *held = changed;
        Ok(pause)
    }

    /// Lets a source go on; returns whether it was held back.
    ///
    /// # Errors
    /// When it cannot be kept; then nothing changed.
    pub fn resume(&self, name: &SourceName) -> Result<bool, PauseError> {
        let mut held = self.lock();
        let mut changed = held.clone();
        if changed.remove(name).is_none() {
            return Ok(false);
        }
        self.write(&changed)?;
        *held = changed;
        Ok(true)
    }

    fn write(&self, held: &BTreeMap<SourceName, Pause>) -> Result<(), PauseError> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        let listed = held.iter().map(|(name, pause)| {
            let value = json!({ "since": pause.since.to_string(), "reason": pause.reason.name() });
            (name.to_string(), value)
        });
        let listed: Map<String, Value> = listed.collect();
        keep::replace(path, &format!("{:#}\n", Value::Object(listed))).map_err(|source| {
            PauseError::Write {
                path: path.clone(),
                source,
            }
        })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<SourceName, Pause>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn parse(text: &str) -> io::Result<BTreeMap<SourceName, Pause>> {
    let listed: Map<String, Value> = serde_json::from_str(text)?;
    let pauses = listed.iter().map(|(name, value)| {
        let since = value["since"].as_str().and_then(|at| at.parse().ok());
        let reason = value["reason"].as_str().and_then(PauseReason::of);
        match (SourceName::new(name), since, reason) {
            (Some(name), Some(since), Some(reason)) => Ok((name, Pause { since, reason })),
            _ => Err(io::Error::other(format!(
                "the entry `{name}` makes no sense"
            ))),
        }
    });
    pauses.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_kept_until_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let (name, now) = (SourceName::new("a").unwrap(), Timestamp::UNIX_EPOCH);
        let pauses = Pauses::open(folder.path()).unwrap();
        let first = pauses.pause(&name, PauseReason::Quota, now).unwrap();
        let later = now + jiff::SignedDuration::from_secs(5);
        let again = pauses.pause(&name, PauseReason::BadData, later).unwrap();
        assert_eq!((first.since, again.since), (now, now));
        let reopened = Pauses::open(folder.path()).unwrap();
        assert_eq!(reopened.of(&name), Some(again));
        assert!(reopened.resume(&name).unwrap());
        assert!(!reopened.resume(&name).unwrap());
        assert!(Pauses::open(folder.path()).unwrap().all().is_empty());
        std::fs::write(folder.path().join(FILE_NAME), "{\"a\":{}}").unwrap();
        assert!(Pauses::open(folder.path()).is_err());
    }
}
