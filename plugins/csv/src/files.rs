//! Which files a source has: paths and globs against the folder of the configuration.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};
use twox_hash::XxHash3_64;

use crate::config::{Config, Entry};
use crate::fault::Fault;

/// Greatest number of files of one source: their state has to fit one checkpoint.
pub(crate) const FILES_MAX: usize = 500;
/// A file written a moment ago may be written again within the clock's tick.
const SETTLED_MS: i64 = 3_000;

/// A file of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Which entry found it.
    pub(crate) entry_idx: usize,
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Its path relative to the configuration file, with `/`.
    pub(crate) name: String,
}

/// The files of a source, and what is wrong with the entries that have none.
#[derive(Debug, Default)]
pub(crate) struct Search {
    /// Files sorted by name.
    pub(crate) found: Vec<Found>,
    /// Entries whose file or folder is not there; the others are read.
    pub(crate) faults: Vec<Fault>,
}

/// Finds the files of all entries. A path without a pattern that does not exist is a fault unless
/// it was read before.
pub(crate) fn find(config: &Config, was_read: impl Fn(&str) -> bool) -> Result<Search, Fault> {
    let mut search = Search::default();
    for (entry_idx, entry) in config.entries.iter().enumerate() {
        let paths = expand(&config.base_dir, entry, &was_read).unwrap_or_else(|fault| {
            search.faults.push(fault);
            Vec::new()
        });
        for path in paths {
            let name = name_of(&config.base_dir, &path);
            search.found.push(Found {
                entry_idx,
                path,
                name,
            });
        }
        if search.found.len() > FILES_MAX {
            return Err(Fault::TooManyFiles {
                pattern: entry.pattern.clone(),
                max: FILES_MAX,
            });
        }
    }
    search.found.sort_by(|a, b| a.name.cmp(&b.name));
    let twice = search
        .found
        .windows(2)
        .find(|pair| pair[0].name == pair[1].name);
    match twice {
        Some(pair) => Err(Fault::TwoEntries {
            name: pair[0].name.clone(),
        }),
        None => Ok(search),
    }
}

fn expand(
    base_dir: &Path,
    entry: &Entry,
    was_read: &impl Fn(&str) -> bool,
) -> Result<Vec<PathBuf>, Fault> {
    let pattern = entry.pattern.as_str();
    let Some(first_wild) = pattern.find(['*', '?', '[']) else {
        let path = base_dir.join(pattern);
        if path.exists() {
            return Ok(vec![path]);
        }
        let folder = path.parent().unwrap_or(base_dir);
        // A folder that is gone is a missing mount, not a deleted file.
        return if was_read(&name_of(base_dir, &path)) && folder.exists() {
            Ok(Vec::new())
        } else {
            Err(Fault::NoFile { path })
        };
    };
    let fixed = &pattern[..pattern[..first_wild].rfind('/').map_or(0, |at| at + 1)];
    let folder = base_dir.join(fixed);
    if !folder.is_dir() {
        return Err(Fault::NoFolder { path: folder });
    }
    let options = MatchOptions {
        require_literal_leading_dot: true,
        ..MatchOptions::default()
    };
    let absolute = base_dir.join(pattern);
    let whole = match absolute.strip_prefix(base_dir) {
        Ok(_) if !pattern.starts_with('/') => {
            let base = base_dir.to_string_lossy();
            let base = if base.is_empty() { ".".into() } else { base };
            format!("{}/{pattern}", Pattern::escape(&base))
        }
        _ => pattern.to_owned(),
    };
    let paths = glob::glob_with(&whole, options).map_err(|error| Fault::Pattern {
        pattern: pattern.to_owned(),
        what: error.msg.to_owned(),
    })?;
    let mut files = Vec::new();
    for path in paths {
        let path = path.map_err(|error| Fault::Read {
            name: error.path().display().to_string(),
            source: error.into(),
        })?;
        if path.is_file() {
            files.push(path);
        }
        if files.len() > FILES_MAX {
            break;
        }
    }
    Ok(files)
}

fn name_of(base_dir: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(base_dir).unwrap_or(path);
    relative.to_string_lossy().into_owned()
}

/// Returns a fingerprint that changes whenever a file may have changed, or 0 when the file is too
/// fresh for its time to tell.
pub(crate) fn stat_print(metadata: &Metadata, now_ms: i64) -> u64 {
    let modified_ms = metadata.mtime() * 1_000 + metadata.mtime_nsec() / 1_000_000;
    if now_ms - modified_ms < SETTLED_MS {
        return 0;
    }
    let parts = [
        metadata.len(),
        metadata.ino(),
        metadata.dev(),
        metadata.mtime().cast_unsigned(),
        metadata.mtime_nsec().cast_unsigned(),
        metadata.ctime().cast_unsigned(),
        metadata.ctime_nsec().cast_unsigned(),
    ];
    let mut bytes = [0; 7 * size_of::<u64>()];
    for (slot, part) in bytes.chunks_exact_mut(size_of::<u64>()).zip(parts) {
        slot.copy_from_slice(&part.to_le_bytes());
    }
    // 48 bits are enough for a change to be seen, and shorter in the checkpoint.
    (XxHash3_64::oneshot(&bytes) >> 16).max(1)
}
