//! What becomes of one changed file: taken over, held back, or told as removed.

use std::sync::PoisonError;

use super::probe::{Fault, Usage, probe};
use super::sight::Sight;
use super::standing::Standing;
use super::{Berth, Fleet, Takeover, key};
use crate::host::generation::{Build, EventKind};
use crate::host::plugin_file::PluginFile;
use crate::host::trust::{TrustError, refused};

impl Fleet {
    /// Decides what becomes of a file; returns whether the plugin's sources have to run anew.
    pub(super) fn judge(&self, name: &str, sight: &Sight) -> bool {
        let Some(path) = sight.path() else {
            return self.remove(name, sight);
        };
        let opened = PluginFile::open(path);
        // Changed since: there is another event about it, and another look.
        if !self.sight(name).has_same_library(sight) {
            return false;
        }
        let candidate = match opened {
            Ok(candidate) => candidate,
            Err(error) => {
                self.refuse(name, sight, None, Standing::of(&error));
                return false;
            }
        };
        let current = self
            .lock()
            .get(name)
            .and_then(|berth| berth.current.clone());
        match current {
            Some(current) if current.sha256() == candidate.sha256() => self.keep(name, sight),
            Some(current) => self.succeed(name, sight, candidate, &current),
            None => self.first(name),
        }
    }

    /// The file is gone.
    fn remove(&self, name: &str, sight: &Sight) -> bool {
        let dirs = &self.options.folders.dirs;
        let Err(error) = PluginFile::locate(dirs, name) else {
            return false;
        };
        let was_running = self.lock().get(name).is_some_and(Berth::is_running);
        let build = self.settle(name, sight, Standing::of(&error), None);
        if was_running {
            let why = "its file is gone; its sources wait until it is back";
            self.tell(name, EventKind::Removed, build, why);
        }
        was_running
    }

    /// The file is what runs already.
    fn keep(&self, name: &str, sight: &Sight) -> bool {
        let was_running = self.lock().get(name).is_some_and(Berth::is_running);
        let build = self.settle(name, sight, Standing::Running, None);
        if !was_running {
            self.tell(name, EventKind::Returned, build, "");
        }
        !was_running
    }

    /// There was no build to run: whatever may run is better.
    fn first(&self, name: &str) -> bool {
        let berth = self.berth(name);
        let is_running = berth.is_running();
        self.lock().insert(name.to_owned(), berth);
        is_running
    }

    /// Judges a build that would take the place of another.
    fn succeed(
        &self,
        name: &str,
        sight: &Sight,
        candidate: PluginFile,
        current: &PluginFile,
    ) -> bool {
        let build = Some(Build::of(&candidate));
        let folders = &self.options.folders;
        if folders.generations.is_set_aside(&candidate) {
            self.settle(name, sight, Standing::set_aside(), None);
            return false;
        }
        if let Err(error) = self.check(&candidate) {
            let error = refused(&candidate)(error);
            self.refuse(name, sight, build, Standing::of(&error));
            return false;
        }
        let usages = self.usages_of(name);
        let tried = probe(&self.options.host, &candidate, current, &usages, &self.stop);
        let mut breaks = candidate.manifest().breaks_with(current.manifest());
        match tried {
            Ok(()) => {}
            Err(Fault::Stopped) => return false,
            Err(Fault::Declined(why)) if !breaks.is_empty() => breaks.push(why),
            Err(Fault::Declined(why) | Fault::Broke(why)) => {
                folders.generations.hold(&candidate, current);
                self.refuse(name, sight, build, Standing::broken(why));
                return false;
            }
        }
        if !breaks.is_empty() {
            folders.generations.hold(&candidate, current);
            self.hold(name, sight, candidate, &breaks.join("; "));
            return false;
        }
        self.swap(name, candidate, EventKind::Swapped, Standing::Running, "");
        self.see(name, sight);
        true
    }

    /// Returns whether a build may take the place of another.
    pub(super) fn check(&self, candidate: &PluginFile) -> Result<(), TrustError> {
        let trust = &self.options.folders.trust;
        trust.check(candidate)?;
        match self.options.takeover {
            Takeover::Verify => trust.check_vouched(candidate),
            Takeover::Auto | Takeover::Off => Ok(()),
        }
    }

    fn usages_of(&self, name: &str) -> Vec<Usage> {
        let usages = self.usages.lock().unwrap_or_else(PoisonError::into_inner);
        let own = usages.iter().filter(|usage| key(&usage.plugin) == name);
        own.cloned().collect()
    }

    fn refuse(&self, name: &str, sight: &Sight, build: Option<Build>, standing: Standing) {
        let why = standing.why().unwrap_or_default().to_owned();
        let is_news = self
            .lock()
            .get(name)
            .is_some_and(|berth| berth.standing != standing);
        self.settle(name, sight, standing, None);
        if is_news {
            self.tell(name, EventKind::Refused, build, &why);
        }
    }

    fn hold(&self, name: &str, sight: &Sight, candidate: PluginFile, why: &str) {
        let build = Build::of(&candidate);
        let standing = Standing::Pending {
            version: build.version.clone(),
            why: why.to_owned(),
        };
        let is_news = self
            .lock()
            .get(name)
            .is_some_and(|berth| berth.standing != standing);
        self.settle(name, sight, standing, Some(candidate));
        if is_news {
            self.tell(name, EventKind::Pending, Some(build), why);
        }
    }

    /// Leaves what runs in place; returns it.
    fn settle(
        &self,
        name: &str,
        sight: &Sight,
        standing: Standing,
        candidate: Option<PluginFile>,
    ) -> Option<Build> {
        let mut by_name = self.lock();
        let berth = by_name.get_mut(name)?;
        berth.seen = sight.clone();
        berth.standing = standing;
        berth.candidate = candidate;
        berth.current.as_ref().map(Build::of)
    }

    fn see(&self, name: &str, sight: &Sight) {
        if let Some(berth) = self.lock().get_mut(name) {
            berth.seen = sight.clone();
        }
    }
}
