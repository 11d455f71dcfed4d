//! The build of each plugin that a daemon runs, and whether a changed file becomes the next one.
//!
//! A build is taken over when its file has settled, it may run, it opens in a child with what its
//! sources are configured with, and it takes nothing away from those who use the one before.
//! Everything else leaves the running build in place and is told.

mod judgement;
mod probe;
mod sight;
mod standing;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

pub use probe::{Usage, WITHHELD};
pub use standing::{PluginState, Standing};

use super::Host;
use super::generation::{Build, EventKind, Noted, PluginEvent, Verdict};
use super::plugin_file::{FindError, PluginFile};
use super::stop::{StopLevel, StopSignal};
use super::trust::{PluginFolders, refused};
use sight::Sight;

/// How long a file must not change before it is read: a copy takes several steps.
const SETTLE: Duration = Duration::from_millis(500);
/// Looks at a file that is written all the time before it is left to the next rescan.
const SETTLE_ROUNDS_MAX: u32 = 60;
/// Judgements of one look; a file that needs more is left to the next rescan as well.
const LOOKS_MAX: u32 = 5;
/// How often the wait for a file looks whether the daemon stops.
const STOP_STEP: Duration = Duration::from_millis(50);

/// Gives each run its plugin.
pub trait Plugins: fmt::Debug + Send + Sync {
    /// Returns the build that a run uses.
    ///
    /// # Errors
    /// When there is none, or it may not run.
    fn find(&self, plugin: &str) -> Result<PluginFile, FindError>;

    /// Notes how a run of a build ended.
    fn note(&self, plugin: &PluginFile, verdict: Verdict);
}

/// Which changed files are taken over while the daemon runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takeover {
    /// Those that may run.
    Auto,
    /// Those whose digest is approved or that are signed.
    Verify,
    /// None: a restart takes over what is there.
    Off,
}

/// Hears what becomes of a plugin's builds; called on the thread that decided it.
pub type EventSink = Arc<dyn Fn(&str, &PluginEvent) + Send + Sync>;

/// What a fleet works with.
pub struct FleetOptions {
    /// Opens new builds.
    pub host: Arc<Host>,
    /// Where plugins are found and which may run.
    pub folders: PluginFolders,
    /// Which changed files are taken over.
    pub takeover: Takeover,
    /// Hears what happens, by plugin.
    pub on_event: EventSink,
}

/// The running builds of the plugins in use.
pub struct Fleet {
    options: FleetOptions,
    by_name: Mutex<BTreeMap<String, Berth>>,
    usages: Mutex<Vec<Usage>>,
    /// One judgement at a time: each may start children.
    judging: Mutex<()>,
    stop: StopSignal,
}

impl fmt::Debug for Fleet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Fleet")
            .field("takeover", &self.options.takeover)
            .finish_non_exhaustive()
    }
}

/// The place of one plugin.
#[derive(Debug, Default)]
struct Berth {
    /// What runs use; kept while its file is away.
    current: Option<PluginFile>,
    generation: u64,
    standing: Standing,
    /// Whether what runs has to be approved as long as it runs.
    needs_pin: bool,
    /// A build that waits for an approval.
    candidate: Option<PluginFile>,
    /// The file as it was judged last.
    seen: Sight,
}

/// Why a build cannot be approved.
#[derive(Debug, thiserror::Error)]
pub enum ApproveError {
    /// No source uses such a plugin.
    #[error("no source uses a plugin `{plugin}`")]
    Unknown {
        /// Name asked for.
        plugin: String,
    },
    /// There is nothing to approve.
    #[error("no build of `{plugin}` waits for an approval")]
    NothingPending {
        /// The plugin.
        plugin: String,
    },
    /// It may no longer run.
    #[error(transparent)]
    Untrusted(#[from] FindError),
}

impl Fleet {
    /// Opens the plugins that are in use, as a restart takes them over: by the rule that judges
    /// libraries, except for builds that a running daemon held back before.
    #[must_use]
    pub fn new(options: FleetOptions, usages: Vec<Usage>) -> Self {
        let fleet = Self {
            options,
            by_name: Mutex::default(),
            usages: Mutex::default(),
            judging: Mutex::default(),
            stop: StopSignal::new(),
        };
        fleet.set_usages(usages);
        fleet
    }

    /// Takes over changed sources: plugins that are new to them are opened, the others let go.
    pub fn set_usages(&self, usages: Vec<Usage>) {
        let _judging = self.judging.lock().unwrap_or_else(PoisonError::into_inner);
        let names: Vec<String> = usages.iter().map(|usage| key(&usage.plugin)).collect();
        self.lock().retain(|name, _| names.contains(name));
        for name in names {
            let is_new = !self.lock().contains_key(&name);
            if is_new {
                let berth = self.berth(&name);
                self.lock().insert(name, berth);
            }
        }
        *self.usages.lock().unwrap_or_else(PoisonError::into_inner) = usages;
    }

    /// Judges every file that changed; returns the plugins whose sources have to run anew.
    ///
    /// Blocks until the files have settled and were tried, or [`Fleet::stop`] is called.
    pub fn look(&self) -> Vec<String> {
        if self.options.takeover == Takeover::Off {
            return Vec::new();
        }
        let _judging = self.judging.lock().unwrap_or_else(PoisonError::into_inner);
        let mut renewed = BTreeSet::new();
        // A file that changes while it is judged is judged once more.
        for _ in 0..LOOKS_MAX {
            let settled = self.settled();
            if settled.is_empty() {
                break;
            }
            for (name, sight) in settled {
                if self.judge(&name, &sight) {
                    renewed.insert(name);
                }
            }
        }
        renewed.into_iter().collect()
    }

    /// Lets the build that waits run although it breaks with the one before.
    ///
    /// # Errors
    /// When none waits, or it may no longer run.
    pub fn approve(&self, plugin: &str) -> Result<Build, ApproveError> {
        let _judging = self.judging.lock().unwrap_or_else(PoisonError::into_inner);
        let name = key(plugin);
        let candidate = match self.lock().get(&name) {
            None => {
                return Err(ApproveError::Unknown {
                    plugin: plugin.to_owned(),
                });
            }
            Some(berth) => berth.candidate.clone(),
        };
        let Some(candidate) = candidate else {
            return Err(ApproveError::NothingPending {
                plugin: plugin.to_owned(),
            });
        };
        self.check(&candidate).map_err(refused(&candidate))?;
        let build = Build::of(&candidate);
        self.tell(&name, EventKind::Approved, Some(build.clone()), "");
        self.swap(&name, candidate, EventKind::Swapped, Standing::Running, "");
        Ok(build)
    }

    /// Returns the state of every plugin in use, by name.
    #[must_use]
    pub fn states(&self) -> Vec<PluginState> {
        let usages = self.usages.lock().unwrap_or_else(PoisonError::into_inner);
        let by_name = self.lock();
        let states = by_name.iter().map(|(name, berth)| {
            let users = usages.iter().filter(|usage| key(&usage.plugin) == *name);
            PluginState {
                plugin: name.clone(),
                build: berth.current.as_ref().map(Build::of),
                generation: berth.generation,
                standing: berth.standing.clone(),
                sources: users.map(|usage| usage.source.clone()).collect(),
            }
        });
        states.collect()
    }

    /// Ends what [`Fleet::look`] waits for.
    pub fn stop(&self) {
        self.stop.now();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Berth>> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sight(&self, name: &str) -> Sight {
        let folders = &self.options.folders;
        let library = PluginFile::locate(&folders.dirs, name).ok();
        Sight::of(library, &folders.trust.lock_file)
    }

    /// Opens a plugin that was not in use.
    fn berth(&self, name: &str) -> Berth {
        let seen = self.sight(name);
        let folders = &self.options.folders;
        if self.options.takeover == Takeover::Off
            && let Some(Ok(held)) = seen.path().map(PluginFile::open)
        {
            // Nobody could approve it: a restart is what does.
            folders.generations.release(&held);
        }
        match folders.find(name) {
            Ok(chosen) => self.launch(chosen, seen),
            Err(error) => Berth {
                standing: Standing::of(&error),
                generation: folders.generations.history(name).generation,
                seen,
                ..Berth::default()
            },
        }
    }

    fn launch(&self, chosen: PluginFile, seen: Sight) -> Berth {
        let folders = &self.options.folders;
        let known = folders.generations.history(chosen.name()).running;
        let generation = folders.generations.run(&chosen);
        let build = Build::of(&chosen);
        if known.as_ref() != Some(&build) {
            self.tell(chosen.name(), EventKind::Loaded, Some(build), "");
        }
        let place = seen.path().unwrap_or_else(|| chosen.path());
        Berth {
            needs_pin: folders.trust.needs_pin(place),
            generation,
            // A file in whose place an earlier build runs is judged again.
            seen: match seen.path() == Some(chosen.path()) {
                true => seen,
                false => Sight::default(),
            },
            current: Some(chosen),
            ..Berth::default()
        }
    }

    /// Returns the plugins whose file changed and no longer does.
    fn settled(&self) -> Vec<(String, Sight)> {
        let names: Vec<String> = self.lock().keys().cloned().collect();
        let looked = names.into_iter().map(|name| {
            let sight = self.sight(&name);
            (name, sight)
        });
        let mut moving: Vec<(String, Sight)> = looked
            .filter(|(name, sight)| self.is_changed(name, sight))
            .collect();
        let mut settled = Vec::new();
        for _ in 0..SETTLE_ROUNDS_MAX {
            if moving.is_empty() || !self.wait(SETTLE) {
                break;
            }
            let before = std::mem::take(&mut moving);
            for (name, sight) in before {
                let now = self.sight(&name);
                match now == sight {
                    true => settled.push((name, now)),
                    false => moving.push((name, now)),
                }
            }
        }
        settled
    }

    fn is_changed(&self, name: &str, sight: &Sight) -> bool {
        let by_name = self.lock();
        by_name
            .get(name)
            .is_some_and(|berth| match &berth.standing {
                // An approval or a signature may be what it lacked.
                Standing::Refused { .. } => berth.seen != *sight,
                _ => !berth.seen.has_same_library(sight),
            })
    }

    /// Waits, unless the daemon stops.
    fn wait(&self, time: Duration) -> bool {
        let n_steps = time.as_millis() / STOP_STEP.as_millis();
        for _ in 0..n_steps {
            if self.stop.level() != StopLevel::Run {
                return false;
            }
            thread::sleep(STOP_STEP);
        }
        true
    }

    fn swap(&self, name: &str, next: PluginFile, kind: EventKind, standing: Standing, why: &str) {
        let build = Build::of(&next);
        let folders = &self.options.folders;
        let generation = folders.generations.run(&next);
        if let Some(berth) = self.lock().get_mut(name) {
            // An earlier build came from where the one after it did.
            if kind != EventKind::RolledBack {
                berth.needs_pin = folders.trust.needs_pin(next.path());
            }
            berth.current = Some(next);
            berth.generation = generation;
            berth.standing = standing;
            berth.candidate = None;
        }
        self.tell(name, kind, Some(build), why);
    }

    fn tell(&self, name: &str, kind: EventKind, build: Option<Build>, why: &str) {
        let event = PluginEvent::now(kind, build, why);
        self.options.folders.generations.tell(name, event.clone());
        (self.options.on_event)(name, &event);
    }
}

impl Berth {
    fn is_running(&self) -> bool {
        self.current.is_some() && !matches!(self.standing, Standing::Missing { .. })
    }
}

impl Plugins for Fleet {
    fn find(&self, plugin: &str) -> Result<PluginFile, FindError> {
        let name = key(plugin);
        let folders = &self.options.folders;
        let (current, needs_pin) = match self.lock().get(&name) {
            Some(berth) if berth.is_running() => (berth.current.clone(), berth.needs_pin),
            // What just came back is judged before it runs.
            Some(Berth {
                current: Some(_), ..
            }) => return Err(PluginFile::not_found(&folders.dirs, &name)),
            _ => (None, false),
        };
        let Some(current) = current else {
            // It says best why there is none.
            return folders.find(plugin);
        };
        if needs_pin {
            // Read each time: an approval that is taken back counts at once.
            let pinned = folders.trust.check_pin(&current);
            pinned.map_err(refused(&current))?;
        }
        Ok(current)
    }

    fn note(&self, plugin: &PluginFile, verdict: Verdict) {
        let generations = &self.options.folders.generations;
        if generations.note(plugin, verdict) == Noted::GoesOn {
            return;
        }
        // Nothing may take over in between.
        let _judging = self.judging.lock().unwrap_or_else(PoisonError::into_inner);
        let name = plugin.name();
        let is_current = |berth: &Berth| {
            let current = berth.current.as_ref();
            current.is_some_and(|current| current.sha256() == plugin.sha256())
        };
        let is_running = self.lock().get(name).is_some_and(is_current);
        if let (true, Some(earlier)) = (is_running, generations.newest_before(plugin)) {
            let why = format!("{} crashed twice in a row", plugin.manifest().version);
            self.swap(
                name,
                earlier,
                EventKind::RolledBack,
                Standing::set_aside(),
                &why,
            );
        }
    }
}

/// A library's file name knows no hyphens.
fn key(plugin: &str) -> String {
    plugin.replace('-', "_")
}
