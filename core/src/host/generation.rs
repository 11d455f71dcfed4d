//! Builds of a plugin that proved good, and the return to them when a newer one crashes.
//!
//! A build that ended a run well is kept in `DATA_DIR/plugins/NAME/`. When a later build crashes
//! twice in a row, it is set aside and the newest good one runs instead, until the library is
//! replaced again. What is known stands in a small file, so a restart forgets nothing.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::failure::FailureReason;
use super::plugin_file::PluginFile;

/// Crashes in a row after which a build is set aside.
const CRASHES_MAX: u32 = 2;
/// Good builds kept of each plugin.
const KEPT_MAX: usize = 3;
/// Builds set aside that are remembered of each plugin.
const ASIDE_MAX: usize = 20;
/// Longest file of what is known, in bytes.
const BOOK_BYTES_MAX: u64 = 64 * 1024;

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

/// Where the good builds of all plugins are kept.
#[derive(Debug, Clone)]
pub struct Generations {
    dir: PathBuf,
}

/// What is known of one plugin's builds.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Book {
    /// The newest last.
    #[serde(default)]
    good: Vec<Build>,
    #[serde(default)]
    set_aside: Vec<Build>,
    /// The build that crashed last.
    #[serde(default)]
    crashed: Option<Build>,
    #[serde(default)]
    n_crashes: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Build {
    version: String,
    sha256: String,
}

impl Build {
    fn of(plugin: &PluginFile) -> Self {
        Self {
            version: plugin.manifest().version.clone(),
            sha256: plugin.sha256().to_owned(),
        }
    }
}

impl Generations {
    /// Returns the builds kept in a folder, which need not be there.
    #[must_use]
    pub fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// Returns the build to run: `found`, or the newest good one when that was set aside.
    #[must_use]
    pub fn choose(&self, found: PluginFile) -> PluginFile {
        let guard = BOOKS.lock().unwrap_or_else(PoisonError::into_inner);
        let book = self.read(found.name());
        drop(guard);
        let is_aside = |build: &Build| build.sha256 == found.sha256();
        if !book.set_aside.iter().any(is_aside) {
            return found;
        }
        let kept = book.good.iter().rev().find_map(|build| {
            let kept = PluginFile::open(&self.library(found.name(), build)).ok()?;
            (kept.sha256() == build.sha256).then_some(kept)
        });
        kept.unwrap_or(found)
    }

    /// Notes how a run of a build ended.
    pub fn note(&self, plugin: &PluginFile, verdict: Verdict) {
        let _guard = BOOKS.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.read(plugin.name());
        let noted = match verdict {
            Verdict::Good => self.note_good(plugin, before),
            Verdict::Crashed => self.note_crash(plugin, before),
            Verdict::Open => Ok(()),
        };
        if let Err(error) = noted {
            tracing::warn!(plugin = plugin.name(), %error, "failed to note how a build did");
        }
    }

    fn note_good(&self, plugin: &PluginFile, mut book: Book) -> io::Result<()> {
        let build = Build::of(plugin);
        let is_known = book.good.last() == Some(&build) && book.n_crashes == 0;
        if is_known {
            return Ok(());
        }
        let library = self.library(plugin.name(), &build);
        if !library.exists() {
            write_whole(&library, &plugin.bytes()?)?;
        }
        book.good.retain(|known| *known != build);
        book.good.push(build);
        (book.crashed, book.n_crashes) = (None, 0);
        while book.good.len() > KEPT_MAX {
            let oldest = self.library(plugin.name(), &book.good.remove(0));
            if let Some(folder) = oldest.parent() {
                fs::remove_dir_all(folder)?;
            }
        }
        self.write(plugin.name(), &book)
    }

    fn note_crash(&self, plugin: &PluginFile, mut book: Book) -> io::Result<()> {
        let build = Build::of(plugin);
        book.n_crashes = match book.crashed.as_ref() == Some(&build) {
            true => book.n_crashes.saturating_add(1),
            false => 1,
        };
        book.crashed = Some(build.clone());
        let other = book.good.iter().rev().find(|known| **known != build);
        if let (Some(other), true) = (other, book.n_crashes >= CRASHES_MAX) {
            tracing::error!(
                plugin = plugin.name(),
                version = build.version,
                sha256 = build.sha256,
                "crashed twice in a row and is set aside; {} runs instead until the library is replaced",
                other.version
            );
            book.good.retain(|known| *known != build);
            book.set_aside.push(build);
            let n_too_many = book.set_aside.len().saturating_sub(ASIDE_MAX);
            book.set_aside.drain(..n_too_many);
            (book.crashed, book.n_crashes) = (None, 0);
        }
        self.write(plugin.name(), &book)
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

    /// Nothing is known where there is no file; a damaged one costs no more than that.
    fn read(&self, plugin: &str) -> Book {
        let path = self.book(plugin);
        let is_short = |length| length <= BOOK_BYTES_MAX;
        if !fs::metadata(&path).is_ok_and(|metadata| is_short(metadata.len())) {
            return Book::default();
        }
        let text = fs::read(&path).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_else(|error| {
            tracing::warn!(path = %path.display(), %error, "what was known of builds is unreadable");
            Book::default()
        })
    }

    fn write(&self, plugin: &str, book: &Book) -> io::Result<()> {
        write_whole(&self.book(plugin), &serde_json::to_vec_pretty(book)?)
    }
}

/// Writes a file whole or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
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
        for _ in 0..6 {
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
}
