//! Takes webhooks out of the inbox: those that were consumed, and those of erased persons.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::record::Item;
use super::segment::{Segment, Shelf, scan, sync_folder};
use crate::record::SourceName;

/// Ending of a segment while it is written anew.
const ANEW: &str = "new";

/// Says of a webhook of a source whether it is to go.
pub(in crate::push) type GoesOut = dyn Fn(&SourceName, &Item) -> bool + Send + Sync;

/// Writes every segment anew that holds a webhook before `position` or one that is to go; returns
/// how many of the latter waited. The others keep their positions.
pub(super) fn scrub(
    source: &SourceName,
    shelf: &mut Shelf,
    position: u64,
    goes_out: &GoesOut,
) -> io::Result<u64> {
    forget_halves(&shelf.folder)?;
    let mut n_waiting = 0;
    for segment in std::mem::take(&mut shelf.segments) {
        let path = shelf.path(segment.first);
        let bytes = fs::read(&path)?;
        let mut kept = Vec::new();
        scan(source, &path, &bytes, &mut |item| {
            let is_consumed = item.position < position;
            if !is_consumed && !goes_out(source, &item) {
                kept.extend(item.encode());
            } else if !is_consumed {
                n_waiting += 1;
            }
            true
        });
        if kept.len() == bytes.len() {
            shelf.segments.push_back(segment);
        } else if kept.is_empty() {
            fs::remove_file(&path)?;
        } else {
            replace(&path, &kept)?;
            let (first, n_bytes) = (segment.first, kept.len() as u64);
            shelf.segments.push_back(Segment { first, n_bytes });
        }
    }
    sync_folder(&shelf.folder)?;
    Ok(n_waiting)
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension(ANEW);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

/// Removes what a crash left of segments that were written anew.
fn forget_halves(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == ANEW) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}
