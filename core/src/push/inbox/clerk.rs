//! The one thread that writes: groups, appends, syncs, then acknowledges.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use tokio::sync::oneshot;

use super::record::Item;
use super::scrub;
use super::segment::{SEGMENT_BYTES, Segment, Shelf, sync_folder};
use super::{Arrival, Job, Kept, Scrub, Shelves};
use crate::push::replay::Seen;
use crate::record::SourceName;

/// Most webhooks of one group.
const GROUP_MAX: usize = 512;
/// Bytes after which a group takes no more: what is written must be synced within milliseconds.
const GROUP_BYTES: usize = 4 << 20;

/// Writes the inbox.
pub(super) struct Clerk {
    shelves: Arc<Shelves>,
    seen: BTreeMap<SourceName, Seen>,
    /// The segments that are written to.
    open: BTreeMap<SourceName, Open>,
    on_arrival: Arc<dyn Fn(&SourceName) + Send + Sync>,
}

/// A segment that is written to.
struct Open {
    file: File,
    segment: Segment,
}

/// A webhook of the group at hand.
struct Entry {
    source: SourceName,
    arrival: Arrival,
    answer: oneshot::Sender<Kept>,
    kept: Kept,
}

impl Clerk {
    pub(super) fn new(
        shelves: Arc<Shelves>,
        seen: BTreeMap<SourceName, Seen>,
        on_arrival: Arc<dyn Fn(&SourceName) + Send + Sync>,
    ) -> Self {
        Self {
            shelves,
            seen,
            open: BTreeMap::new(),
            on_arrival,
        }
    }

    /// Works until nobody can ask any more.
    pub(super) fn work(mut self, jobs: &Receiver<Job>) {
        while let Ok(first) = jobs.recv() {
            let mut group = Vec::new();
            let mut n_bytes = 0;
            let mut next = Some(first);
            while let Some(job) = next.take() {
                match job {
                    Job::Consumed(source, position) => self.let_go(&source, position),
                    Job::Scrub(scrub, answer) => {
                        // Who asked may be gone; it is done all the same.
                        let _ = answer.send(self.scrub(&scrub));
                    }
                    Job::Keep(source, arrival, answer) => {
                        n_bytes += arrival.body.len();
                        group.push(Entry {
                            source,
                            arrival,
                            answer,
                            kept: Kept::Durable,
                        });
                    }
                }
                if group.len() < GROUP_MAX && n_bytes < GROUP_BYTES {
                    next = jobs.try_recv().ok();
                }
            }
            self.write(group);
        }
    }

    /// Writes a group, one source after the other, and answers.
    fn write(&mut self, mut group: Vec<Entry>) {
        let sources: BTreeSet<SourceName> =
            group.iter().map(|entry| entry.source.clone()).collect();
        for source in &sources {
            let mut entries: Vec<&mut Entry> = group
                .iter_mut()
                .filter(|entry| entry.source == *source)
                .collect();
            self.write_source(source, &mut entries);
        }
        for entry in group {
            // A client that is gone asks again, and is told that it is kept.
            let _ = entry.answer.send(entry.kept);
        }
        for source in &sources {
            (self.on_arrival)(source);
        }
    }

    fn write_source(&mut self, source: &SourceName, entries: &mut [&mut Entry]) {
        let mut room = self.room();
        let Some((mut next, folder)) = self.place(source) else {
            entries
                .iter_mut()
                .for_each(|entry| entry.kept = Kept::Failed);
            return;
        };
        let first = next;
        let seen = self.seen.entry(source.clone()).or_default();
        let mut digests = BTreeSet::new();
        let mut bytes = Vec::new();
        for entry in entries.iter_mut() {
            let arrival = &mut entry.arrival;
            let is_known = seen.holds(&arrival.digest) || digests.contains(&arrival.digest);
            if is_known && !arrival.is_again {
                // In the same group: acknowledged with the first, so after the sync, too.
                entry.kept = Kept::Replayed;
                continue;
            }
            let item = Item {
                position: next,
                received_at_ms: arrival.received_at_ms,
                digest: arrival.digest,
                event_id: std::mem::take(&mut arrival.event_id),
                headers: std::mem::take(&mut arrival.headers),
                body: std::mem::take(&mut arrival.body),
            };
            let record = item.encode();
            if record.len() as u64 > room {
                entry.kept = Kept::Full;
                continue;
            }
            room -= record.len() as u64;
            bytes.extend(record);
            digests.insert(item.digest);
            next += 1;
        }
        if next == first {
            return;
        }
        match self.append(source, &folder, first, &bytes) {
            Ok(()) => self.publish(source, next, entries),
            Err(error) => {
                tracing::error!(%source, "failed to keep webhooks: {error}");
                // The file may hold what was not acknowledged: another one follows, and positions
                // are not used twice.
                self.open.remove(source);
                if let Some(shelf) = self.shelves.lock().get_mut(source) {
                    shelf.next = next;
                }
                for entry in entries.iter_mut() {
                    // A repeat of what was not kept is not kept either.
                    if matches!(entry.kept, Kept::Durable | Kept::Replayed) {
                        entry.kept = Kept::Failed;
                    }
                }
            }
        }
    }

    /// Bytes that the inbox may still take.
    fn room(&self) -> u64 {
        let by_source = self.shelves.lock();
        let used: u64 = by_source.values().map(|shelf| shelf.fill().n_bytes).sum();
        self.shelves.bytes_max.saturating_sub(used)
    }

    fn place(&self, source: &SourceName) -> Option<(u64, Shelf)> {
        let by_source = self.shelves.lock();
        let shelf = by_source.get(source)?;
        Some((shelf.next, shelf.durable()))
    }

    fn append(
        &mut self,
        source: &SourceName,
        shelf: &Shelf,
        first: u64,
        bytes: &[u8],
    ) -> io::Result<()> {
        let is_full = |open: &Open| open.segment.n_bytes >= SEGMENT_BYTES;
        if self.open.get(source).is_none_or(is_full) {
            let path = shelf.path(first);
            // What a failed write left under this name was never acknowledged.
            let file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(path)?;
            sync_folder(&shelf.folder)?;
            let segment = Segment { first, n_bytes: 0 };
            self.open.insert(source.clone(), Open { file, segment });
        }
        let open = self.open.get_mut(source).expect("opened above");
        open.file.write_all(bytes)?;
        open.file.sync_data()?;
        open.segment.n_bytes += bytes.len() as u64;
        Ok(())
    }

    /// Makes what is durable known.
    fn publish(&mut self, source: &SourceName, next: u64, entries: &[&mut Entry]) {
        let seen = self.seen.entry(source.clone()).or_default();
        for entry in entries.iter().filter(|entry| entry.kept == Kept::Durable) {
            seen.add(entry.arrival.digest, entry.arrival.received_at_ms);
        }
        let Some(open) = self.open.get(source) else {
            return;
        };
        let mut by_source = self.shelves.lock();
        let Some(shelf) = by_source.get_mut(source) else {
            return;
        };
        match shelf.segments.back_mut() {
            Some(last) if last.first == open.segment.first => *last = open.segment.clone(),
            _ => shelf.segments.push_back(open.segment.clone()),
        }
        shelf.next = next;
    }

    fn scrub(&mut self, scrub: &Scrub) -> io::Result<u64> {
        let mut n_waiting = 0;
        for (source, position) in &scrub.positions {
            let mut by_source = self.shelves.lock();
            let Some(shelf) = by_source.get_mut(source) else {
                continue;
            };
            // What is written from here on goes into a new file.
            self.open.remove(source);
            let mut scrubbed = shelf.clone();
            n_waiting += scrub::scrub(source, &mut scrubbed, *position, &*scrub.goes_out)?;
            *shelf = scrubbed;
        }
        Ok(n_waiting)
    }

    /// Deletes segments that hold nothing from a position on.
    fn let_go(&mut self, source: &SourceName, position: u64) {
        let mut by_source = self.shelves.lock();
        let Some(shelf) = by_source.get_mut(source) else {
            return;
        };
        while let Some(segment) = shelf.segments.front() {
            let end = shelf
                .segments
                .get(1)
                .map_or(shelf.next, |later| later.first);
            let is_last = shelf.segments.len() == 1;
            // A short last one stays: making a file costs more than keeping it.
            if end > position || (is_last && segment.n_bytes < SEGMENT_BYTES / 8) {
                return;
            }
            let path = shelf.path(segment.first);
            if let Err(error) = fs::remove_file(&path) {
                tracing::warn!(path = %path.display(), "failed to delete a consumed segment: {error}");
                return;
            }
            if self
                .open
                .get(source)
                .is_some_and(|open| open.segment.first == segment.first)
            {
                self.open.remove(source);
            }
            shelf.segments.pop_front();
        }
    }
}
