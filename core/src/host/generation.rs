//! Builds of a plugin that proved good, and the return to them when a newer one crashes.
//!
//! A build that ended a run well is kept in `DATA_DIR/plugins/NAME/`. When a later build crashes
//! twice in a row, it is set aside and the newest good one runs instead, until the library is
//! replaced again. What is known stands in a small file, so a restart forgets nothing.

mod book;

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use book::{Book, write_whole};
pub use book::{Build, EventKind, PluginEvent};

use super::failure::FailureReason;
use super::plugin_file::PluginFile;

/// Crashes in a row after which a build is set aside.
const CRASHES_MAX: u32 = 2;
/// Good builds kept of each plugin: the running one and three before it.
const KEPT_MAX: usize = 4;
/// Builds set aside or held back that are remembered of each plugin.
const SHUT_OUT_MAX: usize = 20;

/// Two sources of one plugin may end at the same time.
static BOOKS: Mutex<()> = Mutex::new(());

/// How a run ended, as far as the build is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It did its work.
    Good,
    /// It broke down in a way that a good build does not.
    Crashed,
    /// Nothing is said about the build: the vendor, the network or the operator ended it.
    Open,
}

impl From<FailureReason> for Verdict {
    fn from(reason: FailureReason) -> Self {
        match reason {
            FailureReason::Crashed(_)
            | FailureReason::Exited(_)
            | FailureReason::Panicked
            | FailureReason::Protocol
            | FailureReason::Load => Self::Crashed,
            _ => Self::Open,
        }
    }
}

/// What a verdict led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// The build goes on.
    GoesOn,
    /// The build is set aside: an earlier one runs from now on.
    SetAside,
}

/// What is known of a plugin's builds, for operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// The build that the daemon runs, or ran last; `None` before its first start.
    pub running: Option<Build>,
    /// How many builds were running so far.
    pub generation: u64,
    /// What happened, the newest last; at most 20.
    pub events: Vec<PluginEvent>,
}

/// Where the good builds of all plugins are kept.
#[derive(Debug, Clone)]
pub struct Generations {
    dir: PathBuf,
}

impl Generations {
    /// Returns the builds kept in a folder, which need not be there.
    #[must_use]
    pub fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// Returns the build to run: `found`, or the newest good one when that was set aside, or what
    /// the daemon ran when it was held back.
    #[must_use]
    pub fn choose(&self, found: PluginFile) -> PluginFile {
        let before = match (self.is_set_aside(&found), self.is_held(&found)) {
            (true, _) => self.newest_before(&found),
            (false, true) => self.ran_before(&found),
            (false, false) => None,
        };
        before.unwrap_or(found)
    }

    /// Returns whether a build crashed and gave way to an earlier one.
    #[must_use]
    pub fn is_set_aside(&self, plugin: &PluginFile) -> bool {
        let is_it = |build: &Build| build.sha256 == plugin.sha256();
        self.look(plugin.name(), |book| book.set_aside.iter().any(is_it))
    }

    /// Returns whether a build was not taken over by a running daemon.
    #[must_use]
    pub fn is_held(&self, plugin: &PluginFile) -> bool {
        let is_it = |build: &Build| build.sha256 == plugin.sha256();
        self.look(plugin.name(), |book| book.held.iter().any(is_it))
    }

    /// Returns the newest good build that is kept besides this one.
    #[must_use]
    pub fn newest_before(&self, plugin: &PluginFile) -> Option<PluginFile> {
        let good = self.look(plugin.name(), |book| book.good.clone());
        let mut others = good.iter().rev();
        others.find_map(|build| self.kept_besides(plugin, build))
    }

    /// Returns the build that the daemon ran last, if it is kept and another than this one.
    fn ran_before(&self, plugin: &PluginFile) -> Option<PluginFile> {
        let running = self.look(plugin.name(), |book| book.running.clone())?;
        self.kept_besides(plugin, &running)
    }

    fn kept_besides(&self, plugin: &PluginFile, build: &Build) -> Option<PluginFile> {
        if build.sha256 == plugin.sha256() {
            return None;
        }
        let kept = PluginFile::open(&self.library(plugin.name(), build)).ok()?;
        (kept.sha256() == build.sha256).then_some(kept)
    }

    /// Returns what is known of a plugin's builds.
    #[must_use]
    pub fn history(&self, plugin: &str) -> History {
        self.look(plugin, |book| History {
            running: book.running.clone(),
            generation: book.generation,
            events: book.events.clone(),
        })
    }

    /// Notes that a build runs from now on; returns how many ran so far.
    pub fn run(&self, plugin: &PluginFile) -> u64 {
        let build = Build::of(plugin);
        self.change(plugin.name(), |book| {
            book.held.retain(|held| held.sha256 != build.sha256);
            if book.running.as_ref() != Some(&build) {
                book.generation = book.generation.saturating_add(1);
                let before = book.running.replace(build);
                // It was kept for a restart only.
                if let Some(before) = before.filter(|before| !book.good.contains(before)) {
                    self.forget(plugin.name(), &before);
                }
            }
            book.generation
        })
    }

    /// Notes that a build does not take the place of the running one, neither now nor by a
    /// restart; so that one is kept whether or not it ended a run well.
    pub fn hold(&self, plugin: &PluginFile, running: &PluginFile) {
        if let Err(error) = self.keep(running) {
            let plugin = plugin.name();
            tracing::warn!(plugin, %error, "failed to keep the running build for a restart");
        }
        let build = Build::of(plugin);
        self.change(plugin.name(), |book| shut_out(&mut book.held, build));
    }

    /// Lets a build that was held back be taken over by a restart.
    pub fn release(&self, plugin: &PluginFile) {
        self.change(plugin.name(), |book| {
            book.held.retain(|held| held.sha256 != plugin.sha256());
        });
    }

    fn keep(&self, plugin: &PluginFile) -> io::Result<()> {
        let library = self.library(plugin.name(), &Build::of(plugin));
        match library.exists() {
            true => Ok(()),
            false => write_whole(&library, &plugin.bytes()?),
        }
    }

    fn forget(&self, plugin: &str, build: &Build) {
        if let Some(folder) = self.library(plugin, build).parent() {
            // Most were never kept.
            let _ = fs::remove_dir_all(folder);
        }
    }

    /// Adds an event to what is known of a plugin.
    pub fn tell(&self, plugin: &str, event: PluginEvent) {
        self.change(plugin, |book| book.tell(event));
    }

    /// Notes how a run of a build ended.
    pub fn note(&self, plugin: &PluginFile, verdict: Verdict) -> Noted {
        let _guard = BOOKS.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.read(plugin.name());
        let noted = match verdict {
            Verdict::Good => self.note_good(plugin, before),
            Verdict::Crashed => self.note_crash(plugin, before),
            Verdict::Open => Ok(Noted::GoesOn),
        };
        noted.unwrap_or_else(|error| {
            tracing::warn!(plugin = plugin.name(), %error, "failed to note how a build did");
            Noted::GoesOn
        })
    }

    fn note_good(&self, plugin: &PluginFile, mut book: Book) -> io::Result<Noted> {
        let build = Build::of(plugin);
        let is_known = book.good.last() == Some(&build) && book.n_crashes == 0;
        if is_known {
            return Ok(Noted::GoesOn);
        }
        self.keep(plugin)?;
        book.good.retain(|known| *known != build);
        book.good.push(build);
        (book.crashed, book.n_crashes) = (None, 0);
        while book.good.len() > KEPT_MAX {
            let oldest = self.library(plugin.name(), &book.good.remove(0));
            if let Some(folder) = oldest.parent() {
                fs::remove_dir_all(folder)?;
            }
        }
        self.write(plugin.name(), &book)?;
        Ok(Noted::GoesOn)
    }

    fn note_crash(&self, plugin: &PluginFile, mut book: Book) -> io::Result<Noted> {
        let build = Build::of(plugin);
        book.n_crashes = match book.crashed.as_ref() == Some(&build) {
            true => book.n_crashes.saturating_add(1),
            false => 1,
        };
        book.crashed = Some(build.clone());
        let other = book.good.iter().rev().find(|known| **known != build);
        let mut noted = Noted::GoesOn;
        if let (Some(other), true) = (other, book.n_crashes >= CRASHES_MAX) {
            tracing::error!(
                plugin = plugin.name(),
                version = build.version,
                sha256 = build.sha256,
                "crashed twice in a row and is set aside; {} runs instead until the library is replaced",
                other.version
            );
            book.good.retain(|known| *known != build);
            shut_out(&mut book.set_aside, build);
            (book.crashed, book.n_crashes) = (None, 0);
            noted = Noted::SetAside;
        }
        self.write(plugin.name(), &book)?;
        Ok(noted)
    }

    fn folder(&self, plugin: &str) -> PathBuf {
        self.dir.join(plugin)
    }

    /// Each build has a folder of its own, as the file's name is the plugin's.
    fn library(&self, plugin: &str, build: &Build) -> PathBuf {
        let file_name = PluginFile::file_name(plugin);
        self.folder(plugin).join(&build.sha256).join(file_name)
    }

    fn book(&self, plugin: &str) -> PathBuf {
        self.folder(plugin).join("builds.json")
    }

    fn read(&self, plugin: &str) -> Book {
        Book::read(&self.book(plugin))
    }

    fn write(&self, plugin: &str, book: &Book) -> io::Result<()> {
        book.write(&self.book(plugin))
    }

    fn look<T>(&self, plugin: &str, look: impl FnOnce(&Book) -> T) -> T {
        let _guard = BOOKS.lock().unwrap_or_else(PoisonError::into_inner);
        look(&self.read(plugin))
    }

    fn change<T>(&self, plugin: &str, change: impl FnOnce(&mut Book) -> T) -> T {
        let _guard = BOOKS.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.read(plugin);
        let mut book = before.clone();
        let changed = change(&mut book);
        if book != before
            && let Err(error) = self.write(plugin, &book)
        {
            tracing::warn!(plugin, %error, "failed to note what became of a build");
        }
        changed
    }
}

/// Adds a build to those that are shut out; the oldest gives way.
fn shut_out(builds: &mut Vec<Build>, build: Build) {
    builds.retain(|known| *known != build);
    builds.push(build);
    let n_too_many = builds.len().saturating_sub(SHUT_OUT_MAX);
    builds.drain(..n_too_many);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::trust::tests::Site;

    /// Makes the library another build by a byte behind its end.
    fn rebuild(site: &Site) -> PluginFile {
        let mut bytes = fs::read(site.library()).unwrap();
        bytes.push(0);
        fs::write(site.library(), bytes).unwrap();
        found(site)
    }

    fn found(site: &Site) -> PluginFile {
        PluginFile::open(&site.library()).unwrap()
    }

    fn note(generations: &Generations, plugin: &PluginFile, verdicts: &[Verdict]) {
        for verdict in verdicts {
            generations.note(plugin, *verdict);
        }
    }

    #[test]
    fn a_build_that_crashes_twice_gives_way_until_the_next_one_comes() {
        let Some(site) = Site::new() else { return };
        let generations = Generations::new(site.path("kept"));
        let first = found(&site);
        note(&generations, &first, &[Verdict::Good]);
        let second = rebuild(&site);
        note(
            &generations,
            &second,
            &[Verdict::Crashed, Verdict::Open, Verdict::Crashed],
        );
        let chosen = generations.choose(found(&site));
        assert_eq!(chosen.sha256(), first.sha256());
        assert_eq!(chosen.name(), "acme");
        let third = rebuild(&site);
        assert_eq!(generations.choose(found(&site)).sha256(), third.sha256());
    }

    #[test]
    fn a_success_in_between_clears_the_count_and_a_lone_build_stays() {
        let Some(site) = Site::new() else { return };
        let generations = Generations::new(site.path("kept"));
        let lone = found(&site);
        note(&generations, &lone, &[Verdict::Crashed; 5]);
        assert_eq!(generations.choose(found(&site)).sha256(), lone.sha256());
        note(&generations, &lone, &[Verdict::Good]);
        let second = rebuild(&site);
        let verdicts = [Verdict::Crashed, Verdict::Good, Verdict::Crashed];
        note(&generations, &second, &verdicts);
        assert_eq!(generations.choose(found(&site)).sha256(), second.sha256());
    }

    #[test]
    fn few_builds_are_kept_and_a_changed_copy_is_not_used() {
        let Some(site) = Site::new() else { return };
        let generations = Generations::new(site.path("kept"));
        for _ in 0..KEPT_MAX + 3 {
            note(&generations, &rebuild(&site), &[Verdict::Good]);
        }
        let folders = fs::read_dir(site.path("kept/acme")).unwrap();
        let is_folder = |entry: &fs::DirEntry| entry.path().is_dir();
        assert_eq!(folders.flatten().filter(is_folder).count(), KEPT_MAX);
        let good = found(&site);
        let bad = rebuild(&site);
        note(&generations, &bad, &[Verdict::Crashed; 2]);
        let copy = generations.library("acme", &Build::of(&good));
        fs::write(&copy, "something else").unwrap();
        let chosen = generations.choose(found(&site));
        assert!(![good.sha256(), bad.sha256()].contains(&chosen.sha256()));
    }

    #[test]
    fn a_build_is_counted_once_and_is_held_until_it_runs() {
        let Some(site) = Site::new() else { return };
        let generations = Generations::new(site.path("kept"));
        let first = found(&site);
        assert_eq!([generations.run(&first), generations.run(&first)], [1, 1]);
        let second = rebuild(&site);
        generations.hold(&second, &first);
        assert!(generations.is_held(&second) && !generations.is_held(&first));
        let chosen = |plugin: &PluginFile| generations.choose(plugin.clone()).sha256().to_owned();
        assert_eq!(chosen(&second), first.sha256());
        generations.release(&second);
        assert_eq!(chosen(&second), second.sha256());
        generations.hold(&second, &first);
        assert_eq!(generations.run(&second), 2);
        assert!(!generations.is_held(&second));
        let kept = generations.library("acme", &Build::of(&first));
        assert!(!kept.exists(), "it was kept for a restart only");
        assert_eq!(
            generations.history("acme").running,
            Some(Build::of(&second))
        );
    }
}
