//! Webhooks on disk, from the acknowledgement to the store: `DATA_DIR/inbox/SOURCE/NNNN.seg`.
//!
//! One thread, the clerk, writes: all requests that wait go into one group with one `fsync` per
//! file, and each is acknowledged after it. Others only read, up to what is durable.

mod clerk;
mod record;
mod scrub;
mod segment;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

pub(super) use self::record::Item;
pub(super) use self::scrub::GoesOut;
use self::segment::Shelf;
use super::replay::Seen;
use crate::record::SourceName;
use crate::store::push::{EventDigest, SeenEvent};

/// Requests that wait for the clerk; further ones are told to come again.
const JOBS_MAX: usize = 1_024;

/// A webhook that is to be kept.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) received_at_ms: i64,
    pub(super) digest: EventDigest,
    pub(super) event_id: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// Kept even when the event is known: it was kept aside and is tried again.
    pub(super) is_again: bool,
}

/// What became of an arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// It is durable.
    Durable,
    /// It was received before.
    Replayed,
    /// The inbox is full.
    Full,
    /// It could not be written.
    Failed,
}

/// The inbox of every source.
#[derive(Debug)]
pub(super) struct Inbox {
    shelves: Arc<Shelves>,
    jobs: Mutex<Option<SyncSender<Job>>>,
    clerk: Mutex<Option<JoinHandle<()>>>,
}

/// What the clerk is asked to do.
enum Job {
    Keep(SourceName, Arrival, oneshot::Sender<Kept>),
    Consumed(SourceName, u64),
    Scrub(Scrub, SyncSender<io::Result<u64>>),
}

/// What is taken out of the inbox.
struct Scrub {
    /// How far each source is consumed; others are left alone.
    positions: BTreeMap<SourceName, u64>,
    goes_out: Arc<GoesOut>,
}

/// Returns how far a source's inbox is consumed, and which events were seen.
type Known<'a> = dyn FnMut(&SourceName) -> io::Result<(u64, Vec<SeenEvent>)> + 'a;

/// What is durable, as every thread sees it.
#[derive(Debug)]
struct Shelves {
    dir: PathBuf,
    bytes_max: u64,
    by_source: Mutex<BTreeMap<SourceName, Shelf>>,
}

/// How full a source's inbox is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Fill {
    /// Position after the last durable webhook.
    pub(super) next: u64,
    /// Bytes on disk.
    pub(super) n_bytes: u64,
}

impl Shelves {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<SourceName, Shelf>> {
        self.by_source
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inbox {
    /// Opens the inbox of a data directory and reports what is damaged.
    ///
    /// # Errors
    /// When the folder cannot be read or made, or the system refuses a thread.
    pub(super) fn open(
        dir: &Path,
        bytes_max: u64,
        known: &mut Known<'_>,
        on_arrival: Arc<dyn Fn(&SourceName) + Send + Sync>,
    ) -> io::Result<Self> {
        segment::make_folder(dir)?;
        let mut by_source = BTreeMap::new();
        let mut seen = BTreeMap::new();
        for source in segment::sources(dir)? {
            let (position, events) = known(&source)?;
            let folder = dir.join(source.as_str());
            let (shelf, waiting) = Shelf::open(&source, &folder, position)?;
            seen.insert(source.clone(), seen_of(&events, &waiting));
            by_source.insert(source, shelf);
        }
        let shelves = Arc::new(Shelves {
            dir: dir.to_owned(),
            bytes_max,
            by_source: Mutex::new(by_source),
        });
        let (jobs, received) = sync_channel(JOBS_MAX);
        let clerk = clerk::Clerk::new(Arc::clone(&shelves), seen, on_arrival);
        let thread = std::thread::Builder::new()
            .name("inbox".to_owned())
            .spawn(move || clerk.work(&received))?;
        Ok(Self {
            shelves,
            jobs: Mutex::new(Some(jobs)),
            clerk: Mutex::new(Some(thread)),
        })
    }

    /// Whether the source has its place.
    pub(super) fn is_prepared(&self, source: &SourceName) -> bool {
        self.shelves.lock().contains_key(source)
    }

    /// Makes room for a source: how far it is consumed and what was seen is only asked for the
    /// first webhook of a source that has no folder yet.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub(super) fn prepare(&self, source: &SourceName, position: u64) -> io::Result<()> {
        let mut by_source = self.shelves.lock();
        if by_source.contains_key(source) {
            return Ok(());
        }
        let folder = self.shelves.dir.join(source.as_str());
        segment::make_folder(&folder)?;
        let (shelf, _) = Shelf::open(source, &folder, position)?;
        by_source.insert(source.clone(), shelf);
        Ok(())
    }

    /// Hands a webhook to the clerk, who answers when it is durable; `None` when too many wait.
    pub(super) fn keep(
        &self,
        source: &SourceName,
        arrival: Arrival,
    ) -> Option<oneshot::Receiver<Kept>> {
        let (sender, answer) = oneshot::channel();
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = jobs
            .as_ref()?
            .try_send(Job::Keep(source.clone(), arrival, sender));
        match sent {
            Ok(()) => Some(answer),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => None,
        }
    }

    /// Lets go of what lies before a position.
    pub(super) fn consumed(&self, source: &SourceName, position: u64) {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = jobs.clone();
        drop(jobs);
        if let Some(sender) = sender {
            // Waits for a place: space that is not freed would be missed later.
            let _ = sender.send(Job::Consumed(source.clone(), position));
        }
    }

    /// Takes everything out that was consumed, and what is to go; returns how many of the latter
    /// waited. Blocks.
    ///
    /// # Errors
    /// When a segment cannot be written anew; what was written is whole.
    pub(super) fn scrub(
        &self,
        positions: BTreeMap<SourceName, u64>,
        goes_out: Arc<GoesOut>,
    ) -> io::Result<u64> {
        let (sender, answer) = sync_channel(1);
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let jobs = jobs.clone();
        let stopped = || io::Error::other("the inbox is closed");
        let scrub = Scrub {
            positions,
            goes_out,
        };
        let jobs = jobs.ok_or_else(stopped)?;
        jobs.send(Job::Scrub(scrub, sender))
            .map_err(|_| stopped())?;
        answer.recv().map_err(|_| stopped())?
    }

    /// Reads durable webhooks from a position on, in order, within both bounds but at least one;
    /// returns them with the position after the last, which may lie behind damage.
    ///
    /// # Errors
    /// When a segment cannot be read.
    pub(super) fn read(
        &self,
        source: &SourceName,
        from: u64,
        n_max: usize,
        bytes_max: usize,
    ) -> io::Result<(Vec<Item>, u64)> {
        let Some(shelf) = self.shelves.lock().get(source).map(Shelf::durable) else {
            return Ok((Vec::new(), from));
        };
        shelf.read(source, from, n_max, bytes_max)
    }

    /// Returns how full the inbox of every source is.
    pub(super) fn fills(&self) -> BTreeMap<SourceName, Fill> {
        let by_source = self.shelves.lock();
        let fills = by_source
            .iter()
            .map(|(source, shelf)| (source.clone(), shelf.fill()));
        fills.collect()
    }

    /// Stops: what was handed over is written and answered first.
    pub(super) fn stop(&self) {
        let jobs = self
            .jobs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(jobs);
        let clerk = self
            .clerk
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if clerk.is_some_and(|clerk| clerk.join().is_err()) {
            tracing::error!("the inbox ended by a panic");
        }
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Scrubs an inbox that no process has open, as [`Inbox::scrub`] does.
///
/// # Errors
/// When it cannot be read or written.
pub(super) fn scrub_closed(
    dir: &Path,
    position: &mut dyn FnMut(&SourceName) -> io::Result<u64>,
    goes_out: &GoesOut,
) -> io::Result<u64> {
    let mut n_waiting = 0;
    if !dir.exists() {
        return Ok(n_waiting);
    }
    for source in segment::sources(dir)? {
        let position = position(&source)?;
        let (mut shelf, _) = Shelf::open(&source, &dir.join(source.as_str()), position)?;
        n_waiting += scrub::scrub(&source, &mut shelf, position, goes_out)?;
    }
    Ok(n_waiting)
}

fn seen_of(events: &[SeenEvent], waiting: &[(i64, EventDigest)]) -> Seen {
    let mut seen = Seen::default();
    for event in events {
        seen.add(event.digest, event.received_at.as_millisecond());
    }
    for (received_at_ms, digest) in waiting {
        seen.add(*digest, *received_at_ms);
    }
    seen
}

#[cfg(test)]
mod tests;
