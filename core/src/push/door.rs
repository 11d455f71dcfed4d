//! Who may push to which source: the plugin's declaration with the configured keys, kept for a
//! while.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, TryLockError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::key::{Proof, proofs};
use crate::host::fleet::Plugins;
use crate::host::manifest::webhook::WebhookScheme;
use crate::ingest::SourceSpec;

/// How long keys are used before they are read again: a rotated secret file is seen by then.
const OPEN_FOR: Duration = Duration::from_secs(60);
/// How long a fault is believed: it costs reading the library to look again.
const SHUT_FOR: Duration = Duration::from_secs(5);

/// What is known of a source's webhooks.
#[derive(Debug, Clone)]
pub(super) enum Access {
    /// The plugin takes them.
    Open(Arc<Guard>),
    /// The plugin takes none.
    NotPushed,
    /// They cannot be judged right now; the log says why.
    Unavailable,
}

/// How webhooks of one source are judged.
#[derive(Debug)]
pub(super) struct Guard {
    pub(super) scheme: WebhookScheme,
    pub(super) proofs: Vec<Proof>,
    /// For challenges that repeat a secret.
    pub(super) config: Value,
}

/// The doors of all configured sources.
#[derive(Debug)]
pub(super) struct Doors {
    plugins: Arc<dyn Plugins>,
    by_name: RwLock<BTreeMap<String, Arc<Door>>>,
}

/// The door of one source.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) spec: SourceSpec,
    known: Mutex<Option<(Instant, Access)>>,
}

impl Doors {
    pub(super) fn new(plugins: Arc<dyn Plugins>, sources: Vec<SourceSpec>) -> Self {
        let doors = Self {
            plugins,
            by_name: RwLock::default(),
        };
        doors.set(sources);
        doors
    }

    /// Takes over changed sources; every key is read again.
    pub(super) fn set(&self, sources: Vec<SourceSpec>) {
        let doors = sources.into_iter().map(|spec| {
            let door = Door {
                spec,
                known: Mutex::default(),
            };
            (door.spec.name.to_string(), Arc::new(door))
        });
        *self.by_name.write().unwrap_or_else(PoisonError::into_inner) = doors.collect();
    }

    pub(super) fn get(&self, source: &str) -> Option<Arc<Door>> {
        let by_name = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        by_name.get(source).cloned()
    }

    /// Forgets what is known of some sources.
    pub(super) fn forget(&self, is_meant: impl Fn(&SourceSpec) -> bool) {
        let by_name = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        for door in by_name.values().filter(|door| is_meant(&door.spec)) {
            *door.known.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    pub(super) fn plugins(&self) -> &dyn Plugins {
        &*self.plugins
    }
}

impl Door {
    /// Returns what is known and still believed, without waiting.
    pub(super) fn known(&self) -> Option<Access> {
        let known = match self.known.try_lock() {
            Ok(known) => known,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        fresh(known.as_ref())
    }

    /// As [`Door::known`], but looks when nothing is; blocks.
    pub(super) fn look(&self, plugins: &dyn Plugins) -> Access {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(access) = fresh(known.as_ref()) {
            return access;
        }
        let access = self.read(plugins);
        *known = Some((Instant::now(), access.clone()));
        access
    }

    fn read(&self, plugins: &dyn Plugins) -> Access {
        let name = &self.spec.name;
        let unavailable = |why: &dyn std::fmt::Display| {
            tracing::warn!(source = %name, "webhooks cannot be taken: {why}");
            Access::Unavailable
        };
        let plugin = match plugins.find(&self.spec.plugin) {
            Ok(plugin) => plugin,
            Err(error) => {
                return unavailable(&format!("{}; {}", error.message(), error.hint()));
            }
        };
        let Some(scheme) = plugin.manifest().webhook.clone() else {
            return Access::NotPushed;
        };
        let config = match (self.spec.resolve)() {
            Ok(config) => config.json,
            Err(failure) => return unavailable(&failure),
        };
        let proofs = match proofs(&scheme, &config) {
            Ok(proofs) => proofs,
            Err(error) => return unavailable(&error),
        };
        if proofs.is_empty() {
            tracing::warn!(source = %name,
                hint = "set the secret that `vocd plugin describe` names in [source.config]",
                "webhooks are refused: no secret is configured for them");
        }
        Access::Open(Arc::new(Guard {
            scheme,
            proofs,
            config,
        }))
    }
}

fn fresh(known: Option<&(Instant, Access)>) -> Option<Access> {
    let (at, access) = known?;
    let believed_for = match access {
        Access::Open(_) => OPEN_FOR,
        Access::NotPushed | Access::Unavailable => SHUT_FOR,
    };
    (at.elapsed() < believed_for).then(|| access.clone())
}
