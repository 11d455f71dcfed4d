//! Takes over changed files; what is bad leaves the running version in place and is told.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use crate::config::Config;
use crate::host::fleet::{Fleet, Plugins};
use crate::ingest::Schedule;
use crate::push::Push;

use super::house::rules;
use super::{House, Notes, plugins, source_specs};

/// Replaces the configuration and the dashboards of a running daemon.
pub(super) struct Reloader {
    running: Mutex<Config>,
    house: Arc<House>,
    schedule: Arc<Schedule>,
    push: Arc<Push>,
    fleet: Arc<Fleet>,
    notes: Notes,
}

impl Reloader {
    pub(super) fn new(
        config: Config,
        house: Arc<House>,
        schedule: Arc<Schedule>,
        push: Arc<Push>,
        fleet: Arc<Fleet>,
    ) -> Self {
        Self {
            running: Mutex::new(config),
            house,
            schedule,
            push,
            fleet,
            notes: Notes::default(),
        }
    }

    /// Returns what operators should know about the last reload and the plugins.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = self.notes.get();
        notes.extend(plugins::notes(&self.fleet));
        notes
    }

    /// Returns the running plugins.
    pub(super) fn fleet(&self) -> &Arc<Fleet> {
        &self.fleet
    }

    /// Looks at the plugins' files.
    pub(super) fn plugins(&self) {
        plugins::look(&self.fleet, &self.schedule, &self.push);
    }

    /// Reads the dashboards again.
    pub(super) fn dashboards(&self) {
        self.house.shelf().reload();
        for fault in self.house.shelf().faults() {
            tracing::warn!("{fault}");
        }
    }

    /// Reads the configuration again: sources, goals and privacy take effect at once.
    pub(super) fn configuration(&self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        match Config::load(running.path()) {
            Ok(mut changed) => {
                changed.keep_library(&running);
                let notes = needs_restart(&running, &changed);
                for note in &notes {
                    tracing::warn!("{note}");
                }
                self.take_over(&running, &changed);
                self.notes.set(notes);
                *running = changed;
                tracing::info!("the configuration was reloaded");
            }
            Err(faults) => {
                let told = faults
                    .iter()
                    .map(|fault| format!("configuration not reloaded: {fault}"));
                let told: Vec<String> = told.collect();
                for line in &told {
                    tracing::warn!("{line}");
                }
                self.notes.set(told);
            }
        }
    }

    fn take_over(&self, running: &Config, changed: &Config) {
        let mut rules = rules(changed, Timestamp::now());
        // The zone and the dimensions are the store's as well: they wait for a restart.
        let settings = running.kpi_settings();
        rules.settings.timezone = settings.timezone;
        rules.settings.dimensions = settings.dimensions;
        self.house.gallery().set_rules(rules);
        self.house.shelf().set_context(changed.dashboard_context());
        self.fleet.set_usages(plugins::usages(changed));
        let plugins = Arc::clone(&self.fleet) as Arc<dyn Plugins>;
        let specs = source_specs(changed, &plugins);
        self.schedule.set_sources(specs.clone());
        self.push.set_sources(specs);
    }
}

/// Names what changed but only takes effect at the next start.
fn needs_restart(running: &Config, changed: &Config) -> Vec<String> {
    let checks = [
        ("data_dir", running.data_dir() != changed.data_dir()),
        ("listen", running.listen() != changed.listen()),
        ("base_path", running.base_path() != changed.base_path()),
        ("[auth] or [http]", running.front() != changed.front()),
        ("[limits]", running.limits() != changed.limits()),
        ("timezone", running.timezone() != changed.timezone()),
        (
            "memory_limit",
            running.memory_limit_bytes() != changed.memory_limit_bytes(),
        ),
        (
            "plugin_dirs",
            running.plugin_dirs() != changed.plugin_dirs(),
        ),
        (
            "[plugins] trust",
            (running.plugin_trust(), running.plugin_signers())
                != (changed.plugin_trust(), changed.plugin_signers()),
        ),
        (
            "[plugins] reload",
            running.plugin_reload() != changed.plugin_reload(),
        ),
        (
            "dashboards_dir",
            running.dashboards_dir() != changed.dashboards_dir(),
        ),
        ("[themes] dir", running.themes_dir() != changed.themes_dir()),
        ("[dimensions]", running.dimensions() != changed.dimensions()),
    ];
    let changed = checks.into_iter().filter(|(_, is_changed)| *is_changed);
    changed
        .map(|(key, _)| format!("`{key}` changed: restart vocd for it to take effect"))
        .collect()
}
