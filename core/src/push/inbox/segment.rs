//! The segments of one source: which there are, what they hold, and reading them.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::record::{Found, Item, look};
use super::{EventDigest, Fill};
use crate::record::SourceName;

/// A segment that holds so much is followed by a new one: whole files are what is deleted.
pub(super) const SEGMENT_BYTES: u64 = 4 << 20;
/// Ending of a segment's name; the rest is the position of its first record.
const ENDING: &str = "seg";
/// Digits of that position, so that names sort as numbers do.
const DIGITS: usize = 12;

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    /// Position of its first record.
    pub(super) first: u64,
    /// Bytes that are durable.
    pub(super) n_bytes: u64,
}

/// The segments of a source, as far as they are durable.
#[derive(Debug, Clone)]
pub(super) struct Shelf {
    pub(super) folder: PathBuf,
    pub(super) segments: VecDeque<Segment>,
    /// Position of the next webhook.
    pub(super) next: u64,
}

impl Shelf {
    /// Opens a folder and reports what is damaged in it; also returns the events that wait.
    pub(super) fn open(
        source: &SourceName,
        folder: &Path,
        position: u64,
    ) -> io::Result<(Self, Vec<(i64, EventDigest)>)> {
        let mut shelf = Self {
            folder: folder.to_owned(),
            segments: VecDeque::new(),
            next: position,
        };
        let mut waiting = Vec::new();
        for first in firsts(folder)? {
            let path = shelf.path(first);
            let bytes = fs::read(&path)?;
            let mut has_records = false;
            let end = scan(source, &path, &bytes, &mut |item| {
                has_records = true;
                shelf.next = shelf.next.max(item.position + 1);
                if item.position >= position {
                    waiting.push((item.received_at_ms, item.digest));
                }
                true
            });
            if end < bytes.len() {
                let n_bytes = bytes.len() - end;
                tracing::info!(%source, path = %path.display(), n_bytes,
                    "dropped the end of a webhook that was never acknowledged");
            }
            if !has_records {
                // Its name may be needed again.
                fs::remove_file(&path)?;
                continue;
            }
            let n_bytes = end as u64;
            shelf.segments.push_back(Segment { first, n_bytes });
        }
        Ok((shelf, waiting))
    }

    pub(super) fn path(&self, first: u64) -> PathBuf {
        self.folder.join(format!("{first:0DIGITS$}.{ENDING}"))
    }

    pub(super) fn fill(&self) -> Fill {
        Fill {
            next: self.next,
            n_bytes: self.segments.iter().map(|segment| segment.n_bytes).sum(),
        }
    }

    /// Returns the shelf as it is now, to be read without holding others up.
    pub(super) fn durable(&self) -> Self {
        self.clone()
    }

    /// As [`super::Inbox::read`].
    pub(super) fn read(
        &self,
        source: &SourceName,
        from: u64,
        n_max: usize,
        bytes_max: usize,
    ) -> io::Result<(Vec<Item>, u64)> {
        let mut items = Vec::new();
        let mut n_bytes = 0;
        if from >= self.next {
            // The last file may be gone by now: everything in it was consumed.
            return Ok((items, from));
        }
        let starts_before = |segment: &&Segment| segment.first <= from;
        let skipped = self.segments.iter().filter(starts_before).count();
        for segment in self.segments.iter().skip(skipped.saturating_sub(1)) {
            let path = self.path(segment.first);
            let bytes = read_durable(&path, segment.n_bytes)?;
            let mut is_full = false;
            scan(source, &path, &bytes, &mut |item| {
                if item.position < from {
                    return true;
                }
                is_full = items.len() >= n_max
                    || (!items.is_empty() && n_bytes + item.body.len() > bytes_max);
                if !is_full {
                    n_bytes += item.body.len();
                    items.push(item);
                }
                !is_full
            });
            if is_full {
                let next = items.last().map_or(from, |last| last.position + 1);
                return Ok((items, next));
            }
        }
        Ok((items, self.next.max(from)))
    }
}

/// Hands over the records in order as long as `take` wants more; returns where it ended.
pub(super) fn scan(
    source: &SourceName,
    path: &Path,
    bytes: &[u8],
    take: &mut dyn FnMut(Item) -> bool,
) -> usize {
    let mut offset = 0;
    loop {
        match look(bytes, offset) {
            Found::Record(item, end) => {
                offset = end;
                if !take(*item) {
                    return offset;
                }
            }
            Found::Damage(next) => {
                tracing::error!(%source, path = %path.display(), offset, n_bytes = next - offset,
                    "a webhook in the inbox is damaged and lost; those behind it are not");
                offset = next;
            }
            Found::End => return offset,
        }
    }
}

fn read_durable(path: &Path, n_bytes: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(n_bytes).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Returns the first positions of a folder's segments, ascending.
fn firsts(folder: &Path) -> io::Result<Vec<u64>> {
    let mut firsts = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        let is_segment = path.extension().is_some_and(|ending| ending == ENDING);
        if let Some(first) = stem
            .filter(|_| is_segment)
            .and_then(|stem| stem.parse().ok())
        {
            firsts.push(first);
        }
    }
    firsts.sort_unstable();
    Ok(firsts)
}

/// Returns the sources that have a folder in the inbox.
pub(super) fn sources(dir: &Path) -> io::Result<Vec<SourceName>> {
    let mut sources = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        if let Some(source) = name.to_str().and_then(SourceName::new)
            && entry.file_type()?.is_dir()
        {
            sources.push(source);
        }
    }
    Ok(sources)
}

/// Makes a folder whose name survives a power cut, readable for this user alone.
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = fs::DirBuilder::new().mode(0o700).create(folder);
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
        Ok(()) => match folder.parent() {
            Some(parent) => sync_folder(parent),
            None => Ok(()),
        },
    }
}

/// Makes a folder's list of names durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
