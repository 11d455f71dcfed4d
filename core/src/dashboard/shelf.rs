//! All dashboards of a folder; a bad file never takes a good page away.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::config::Fault;
use crate::dashboard::{Dashboard, DashboardContext, load, read};

/// Most dashboards of one folder.
const DASHBOARDS_MAX: usize = 500;

/// A dashboard as last read well, and what is wrong with its file now.
#[derive(Debug, Clone, PartialEq)]
pub struct ShelvedDashboard {
    /// The last good version.
    pub dashboard: Dashboard,
    /// Faults of the file as it is now; empty when it is the version shown.
    pub faults: Vec<Fault>,
}

/// What a reload did.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reload {
    /// Names of dashboards that are new, changed, gone, or whose faults changed; sorted.
    pub changed: Vec<String>,
    /// Every fault of the folder as it is now; may be empty.
    pub faults: Vec<Fault>,
}

/// The dashboards of one folder.
#[derive(Debug)]
pub struct Shelf {
    dir: PathBuf,
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    context: DashboardContext,
    by_name: BTreeMap<String, Arc<ShelvedDashboard>>,
    /// Faults of files that were never good, and of the folder.
    other_faults: Vec<Fault>,
    version: u64,
}

impl Shelf {
    /// Reads every `*.toml` of a folder; what is wrong is in [`Shelf::faults`].
    #[must_use]
    pub fn load(dir: &Path, context: DashboardContext) -> Self {
        let shelf = Self {
            dir: dir.to_owned(),
            state: RwLock::new(State {
                context,
                by_name: BTreeMap::new(),
                other_faults: Vec::new(),
                version: 0,
            }),
        };
        shelf.reload();
        shelf
    }

    /// Returns the folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Reads the folder again: good files replace their dashboards, bad ones leave the last good
    /// version with the faults beside it, missing ones take theirs away.
    pub fn reload(&self) -> Reload {
        let context = self.read().context.clone();
        let found = read_folder(&self.dir, &context);
        let mut state = self.write();
        let reload = state.replace(found);
        if !reload.changed.is_empty() {
            state.version += 1;
        }
        reload
    }

    /// Replaces what dashboards are checked against, and reloads.
    pub fn set_context(&self, context: DashboardContext) -> Reload {
        self.write().context = context;
        self.reload()
    }

    /// Returns a dashboard by name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arc<ShelvedDashboard>> {
        self.read().by_name.get(name).cloned()
    }

    /// Returns the names in order; may be empty.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.read().by_name.keys().cloned().collect()
    }

    /// Returns every fault of the folder as last read; may be empty.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        self.read().all_faults()
    }

    /// Returns a number that grows with every reload that changed something.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.read().version
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().expect("no code panics under this lock")
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().expect("no code panics under this lock")
    }
}

impl State {
    fn all_faults(&self) -> Vec<Fault> {
        let shelved = self.by_name.values().flat_map(|shelved| &shelved.faults);
        shelved.chain(&self.other_faults).cloned().collect()
    }

    fn replace(&mut self, found: Result<Vec<FoundFile>, Fault>) -> Reload {
        let found = match found {
            Ok(found) => found,
            Err(fault) => {
                // An unreadable folder (an unmounted disk) says nothing about its files.
                self.other_faults = vec![fault];
                let faults = self.all_faults();
                return Reload {
                    changed: Vec::new(),
                    faults,
                };
            }
        };
        let mut by_name = BTreeMap::new();
        self.other_faults.clear();
        for file in found {
            let before = self.by_name.get(&file.name);
            match (file.read, before) {
                (Ok(dashboard), _) => {
                    let faults = Vec::new();
                    by_name.insert(file.name, ShelvedDashboard { dashboard, faults });
                }
                (Err(faults), Some(last_good)) => {
                    let dashboard = last_good.dashboard.clone();
                    by_name.insert(file.name, ShelvedDashboard { dashboard, faults });
                }
                (Err(faults), None) => self.other_faults.extend(faults),
            }
        }
        let by_name = by_name.into_iter();
        let before = std::mem::take(&mut self.by_name);
        self.by_name = by_name
            .map(|(name, shelved)| (name, Arc::new(shelved)))
            .collect();
        Reload {
            changed: changed_names(&before, &self.by_name),
            faults: self.all_faults(),
        }
    }
}

type Shelved = BTreeMap<String, Arc<ShelvedDashboard>>;

fn changed_names(before: &Shelved, after: &Shelved) -> Vec<String> {
    let mut changed: Vec<String> = before
        .keys()
        .chain(after.keys())
        .filter(|name| before.get(*name) != after.get(*name))
        .cloned()
        .collect();
    changed.sort();
    changed.dedup();
    changed
}

struct FoundFile {
    name: String,
    read: Result<Dashboard, Vec<Fault>>,
}

fn read_folder(dir: &Path, context: &DashboardContext) -> Result<Vec<FoundFile>, Fault> {
    let failed = |error: std::io::Error| {
        let what = format!("failed to read the folder of dashboards: {error}");
        Fault::of_file(dir, what, "create it, or set `dashboards_dir`")
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let is_hidden = path.file_name().is_some_and(|name| {
            // Editors keep their own files here.
            name.to_string_lossy().starts_with('.')
        });
        if path.extension() == Some(OsStr::new("toml")) && !is_hidden {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.len() > DASHBOARDS_MAX {
        let what = format!("more than {DASHBOARDS_MAX} dashboards");
        return Err(Fault::of_file(dir, what, "remove the unused ones"));
    }
    let files = paths.into_iter().map(|path| {
        let name = read::name_of(&path).unwrap_or_else(|_| path.display().to_string());
        let read = load(&path, context);
        FoundFile { name, read }
    });
    Ok(files.collect())
}
