//! The only user of notify: tells, debounced, which watched files changed.
//!
//! Folders are watched, never files: editors save by renaming a new file over the old one, and a
//! watch on the old one would see nothing more. What the notifications say is only a reason to
//! look; what changed is decided by comparing what is there, so lost notifications are caught by
//! the next look, and a save that changes nothing is no event.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

/// Quiet time after the last notification before it is looked: editors save in several steps.
pub const DEBOUNCE: Duration = Duration::from_millis(200);

/// Longest wait for quiet: a file that is written all the time is still looked at.
const DEBOUNCE_MAX: Duration = Duration::from_secs(1);

/// Time between two looks without any notification: network folders send none, queues overflow.
const RESCAN: Duration = Duration::from_secs(30);

/// Notifications on their way to a look that takes its time; one would do.
const SIGNALS_MAX: usize = 64;

/// Most files looked at in one folder.
const FILES_MAX: usize = 10_000;

/// What changed in the watched places since the last event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// Files that are new or have other content; sorted, may be empty.
    pub written: Vec<PathBuf>,
    /// Files that are gone; sorted, may be empty.
    pub removed: Vec<PathBuf>,
}

impl Changes {
    /// Whether any changed file is `place` or lies directly in it.
    #[must_use]
    pub fn touch(&self, place: &Path) -> bool {
        let mut changed = self.written.iter().chain(&self.removed);
        changed.any(|path| path == place || path.parent() == Some(place))
    }

    fn is_empty(&self) -> bool {
        self.written.is_empty() && self.removed.is_empty()
    }
}

/// Watches until it is dropped.
#[derive(Debug)]
pub struct Watch {
    signals: SyncSender<Signal>,
    thread: Option<JoinHandle<()>>,
    /// Dropped after the thread, which it signals; `None` where only rescans look.
    _notifier: Option<RecommendedWatcher>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        // A thread that already ended has nothing left to stop.
        let _ = self.signals.send(Signal::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Why a folder could not be watched; the rescan still looks at it.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The thread that looks could not be started.
    #[error("failed to start the thread that watches files")]
    Thread(#[source] std::io::Error),
}

/// Watches folders (the files directly in them) and single files; `on_event` runs on a thread of
/// its own. Places that do not exist yet are seen once they do.
///
/// # Errors
/// When the thread cannot be started. A folder that cannot be watched is rescanned.
pub fn watch(
    paths: &[PathBuf],
    on_event: impl FnMut(Changes) + Send + 'static,
) -> Result<Watch, WatchError> {
    let (signals, received) = mpsc::sync_channel(SIGNALS_MAX);
    let notifier = notifier(paths, signals.clone());
    // Looked at here, not on the thread: a change right after this call is a change.
    let mut looker = Looker::new(paths.to_vec(), on_event);
    let thread = std::thread::Builder::new()
        .name("watch".to_owned())
        .spawn(move || looker.run(&received))
        .map_err(WatchError::Thread)?;
    Ok(Watch {
        signals,
        thread: Some(thread),
        _notifier: notifier,
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signal {
    /// Something may have changed.
    Look,
    /// The watch was dropped.
    Stop,
}

fn notifier(paths: &[PathBuf], signals: SyncSender<Signal>) -> Option<RecommendedWatcher> {
    let notify = move |event: notify::Result<notify::Event>| {
        // Reading is no change, and looking reads: it would never be quiet.
        let is_access = event.is_ok_and(|event| event.kind.is_access());
        if !is_access {
            // A full channel says to look already; after the thread ended nobody has to be told.
            let _ = signals.try_send(Signal::Look);
        }
    };
    let mut notifier = match notify::recommended_watcher(notify) {
        Ok(notifier) => notifier,
        Err(error) => {
            tracing::warn!(%error, "files are looked at every {} s only", RESCAN.as_secs());
            return None;
        }
    };
    for path in paths {
        let folder = if path.is_dir() { path } else { parent_of(path) };
        if let Err(error) = notifier.watch(folder, RecursiveMode::NonRecursive) {
            let folder = folder.display();
            tracing::warn!(%error, "`{folder}` is looked at every {} s only", RESCAN.as_secs());
        }
    }
    Some(notifier)
}

fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Identity of a file's content, without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    n_bytes: u64,
    /// Changes when another file is renamed over this one.
    inode: u64,
}

struct Looker<F> {
    places: Vec<PathBuf>,
    seen: BTreeMap<PathBuf, Stamp>,
    on_event: F,
}

impl<F: FnMut(Changes)> Looker<F> {
    fn new(places: Vec<PathBuf>, on_event: F) -> Self {
        let seen = scan(&places);
        Self {
            places,
            seen,
            on_event,
        }
    }

    fn run(&mut self, signals: &Receiver<Signal>) {
        loop {
            match signals.recv_timeout(RESCAN) {
                Ok(Signal::Look) => {
                    if !wait_for_quiet(signals) {
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Signal::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            }
            self.look();
        }
    }

    fn look(&mut self) {
        let now = scan(&self.places);
        let changes = differences(&self.seen, &now);
        self.seen = now;
        if !changes.is_empty() {
            (self.on_event)(changes);
        }
    }
}

/// Waits until [`DEBOUNCE`] passes without a signal; `false` means stop.
fn wait_for_quiet(signals: &Receiver<Signal>) -> bool {
    let started = std::time::Instant::now();
    while started.elapsed() < DEBOUNCE_MAX {
        match signals.recv_timeout(DEBOUNCE) {
            Ok(Signal::Look) => {}
            Ok(Signal::Stop) | Err(RecvTimeoutError::Disconnected) => return false,
            Err(RecvTimeoutError::Timeout) => return true,
        }
    }
    true
}

fn scan(places: &[PathBuf]) -> BTreeMap<PathBuf, Stamp> {
    let mut found = BTreeMap::new();
    for place in places {
        let Ok(entries) = fs::read_dir(place) else {
            found.extend(stamp(place).map(|stamp| (place.clone(), stamp)));
            continue;
        };
        for entry in entries.take(FILES_MAX).flatten() {
            let path = entry.path();
            found.extend(stamp(&path).map(|stamp| (path, stamp)));
        }
    }
    found
}

/// Returns the stamp of a regular file, through symbolic links; `None` for anything else.
fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    Some(Stamp {
        modified: metadata.modified().ok(),
        n_bytes: metadata.len(),
        inode: inode(&metadata),
    })
}

#[cfg(unix)]
fn inode(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_metadata: &fs::Metadata) -> u64 {
    0
}

fn differences(before: &BTreeMap<PathBuf, Stamp>, after: &BTreeMap<PathBuf, Stamp>) -> Changes {
    let changed = after
        .iter()
        .filter(|(path, stamp)| before.get(*path) != Some(stamp));
    let gone = before.keys().filter(|path| !after.contains_key(*path));
    Changes {
        written: changed.map(|(path, _)| path.clone()).collect(),
        removed: gone.cloned().collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    /// Longest wait for a notification of the system; one second is usual on a busy machine.
    const PATIENCE: Duration = Duration::from_secs(20);

    struct Fixture {
        dir: tempfile::TempDir,
        signals: SyncSender<Signal>,
        events: Receiver<Changes>,
        thread: Option<JoinHandle<()>>,
    }

    /// A looker that is signalled by the test instead of the system.
    fn fixture(write: &[(&str, &str)]) -> Fixture {
        let dir = tempfile::tempdir().expect("temporary directory");
        for (name, text) in write {
            fs::write(dir.path().join(name), text).expect("written");
        }
        let (signals, received) = mpsc::sync_channel(SIGNALS_MAX);
        let (event_sender, events) = channel();
        let mut looker = Looker::new(vec![dir.path().to_owned()], move |changes| {
            event_sender.send(changes).expect("the test listens");
        });
        let thread = std::thread::spawn(move || looker.run(&received));
        Fixture {
            dir,
            signals,
            events,
            thread: Some(thread),
        }
    }

    impl Fixture {
        fn path(&self, name: &str) -> PathBuf {
            self.dir.path().join(name)
        }

        fn signal(&self) {
            self.signals.send(Signal::Look).expect("the looker runs");
        }

        fn event(&self) -> Changes {
            self.events.recv_timeout(PATIENCE).expect("an event")
        }

        /// Stops the looker and returns what it said and nobody took.
        fn rest(mut self) -> Vec<Changes> {
            self.signals.send(Signal::Stop).expect("the looker runs");
            let thread = self.thread.take().expect("joined once");
            thread.join().expect("no panic");
            self.events.try_iter().collect()
        }
    }

    #[test]
    fn several_steps_of_one_save_are_one_event() {
        let fixture = fixture(&[("a.toml", "1")]);
        fs::write(fixture.path("a.toml"), "").expect("truncated");
        fixture.signal();
        fs::write(fixture.path("a.toml"), "22").expect("written");
        fixture.signal();
        assert_eq!(fixture.event().written, [fixture.path("a.toml")]);
        assert_eq!(fixture.rest(), []);
    }

    #[test]
    fn a_file_renamed_over_the_old_one_is_written() {
        let fixture = fixture(&[("a.toml", "1")]);
        let new = fixture.path("a.toml.new");
        fs::write(&new, "2").expect("written");
        fs::rename(&new, fixture.path("a.toml")).expect("renamed");
        fixture.signal();
        let changes = fixture.event();
        assert_eq!(changes.written, [fixture.path("a.toml")]);
        assert!(changes.removed.is_empty() && changes.touch(fixture.dir.path()));
    }

    #[test]
    fn a_removed_file_is_removed() {
        let fixture = fixture(&[("a.toml", "1"), ("b.toml", "1")]);
        fs::remove_file(fixture.path("a.toml")).expect("removed");
        fixture.signal();
        let changes = fixture.event();
        assert_eq!(changes.removed, [fixture.path("a.toml")]);
        assert!(changes.written.is_empty() && !changes.touch(&fixture.path("b.toml")));
    }

    #[test]
    fn a_signal_without_a_change_is_no_event() {
        let fixture = fixture(&[("a.toml", "1")]);
        fixture.signal();
        fs::write(fixture.path("b.toml"), "1").expect("written");
        fixture.signal();
        assert_eq!(fixture.event().written, [fixture.path("b.toml")]);
        fixture.signal();
        assert_eq!(fixture.rest(), []);
    }

    #[test]
    fn the_system_tells_of_a_saved_file() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = dir.path().join("a.toml");
        let (sender, events) = channel();
        let watch = watch(&[dir.path().to_owned()], move |changes| {
            let _ = sender.send(changes);
        })
        .expect("watching");
        fs::write(&path, "1").expect("written");
        let changes = events.recv_timeout(PATIENCE).expect("an event");
        assert_eq!(changes.written, [path]);
        drop(watch);
        assert!(events.recv_timeout(PATIENCE).is_err(), "the thread ended");
    }

    #[test]
    fn a_single_file_is_watched_through_its_folder() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = dir.path().join("vocd.toml");
        let (sender, events) = channel();
        let _watch = watch(std::slice::from_ref(&path), move |changes| {
            let _ = sender.send(changes);
        })
        .expect("watching");
        fs::write(dir.path().join("other"), "1").expect("written");
        fs::write(&path, "1").expect("written");
        let changes = events.recv_timeout(PATIENCE).expect("an event");
        assert_eq!(changes.written, [path]);
    }
}
