//! The plugins of a running daemon: watched, told about, and taken over when they change.

use std::sync::{Arc, OnceLock};

use crate::config::{Config, PluginReload, SourceConfig};
use crate::host::Host;
use crate::host::fleet::{Fleet, FleetOptions, PluginState, Takeover, Usage, WITHHELD};
use crate::host::generation::{EventKind, PluginEvent};
use crate::http::PluginStanding;
use crate::ingest::{Schedule, SourceSpec};
use crate::push::Push;
use crate::telemetry::PLUGIN_EVENTS;
use crate::watch::{Watch, WatchError};

use super::House;
use super::house::{plugin_folders, run_limits};

/// Opens the plugins that the configuration's sources use.
pub(super) fn open(config: &Config, house: &Arc<House>, host: &Arc<Host>) -> Fleet {
    let metrics = Arc::clone(house.metrics());
    Fleet::new(
        FleetOptions {
            host: Arc::clone(host),
            folders: plugin_folders(config),
            takeover: match config.plugin_reload() {
                PluginReload::Auto => Takeover::Auto,
                PluginReload::Verify => Takeover::Verify,
                PluginReload::Off => Takeover::Off,
            },
            on_event: Arc::new(move |plugin, event| {
                let labels = [("plugin", plugin), ("event", event.kind.name())];
                metrics.add(&PLUGIN_EVENTS, &labels, 1.0);
                log(plugin, event);
            }),
        },
        usages(config),
    )
}

/// Returns what each source's plugin is tried with, without secrets.
pub(super) fn usages(config: &Config) -> Vec<Usage> {
    let usage = |source: &SourceConfig| Usage {
        source: source.name.clone(),
        plugin: source.plugin.clone(),
        config: source.without_secrets(WITHHELD),
        base_dir: std::path::absolute(config.folder())
            .unwrap_or_else(|_| config.folder().to_owned()),
        private_dir: config.data_dir().to_owned(),
        limits: run_limits(source),
    };
    config.sources().iter().map(usage).collect()
}

/// Looks at the plugins whenever something happens in their folders or to the approvals.
pub(super) fn watch(
    config: &Config,
    fleet: &Arc<Fleet>,
    schedule: &Arc<Schedule>,
    push: &Arc<Push>,
) -> Result<Watch, WatchError> {
    let mut places = config.plugin_dirs().to_vec();
    places.push(config.plugin_lock());
    let (fleet, schedule, push) = (Arc::clone(fleet), Arc::clone(schedule), Arc::clone(push));
    crate::watch::watch(&places, move |_| look(&fleet, &schedule, &push))
}

/// Takes over what changed while nobody watched: a build that was held back before is judged
/// again, which may take its time.
pub(super) fn look_soon(fleet: &Arc<Fleet>, schedule: &Arc<Schedule>, push: &Arc<Push>) {
    let (fleet, schedule, push) = (Arc::clone(fleet), Arc::clone(schedule), Arc::clone(push));
    tokio::task::spawn_blocking(move || look(&fleet, &schedule, &push));
}

/// Takes over what changed, and lets its sources go on with it.
pub(super) fn look(fleet: &Fleet, schedule: &Schedule, push: &Push) {
    for plugin in fleet.look() {
        renew(&plugin, schedule, push);
    }
}

/// Lets the sources of a plugin go on with another build of it.
pub(super) fn renew(plugin: &str, schedule: &Schedule, push: &Push) {
    let uses = |spec: &SourceSpec| spec.plugin.replace('-', "_") == plugin.replace('-', "_");
    schedule.renew(uses);
    push.renew(uses);
}

/// Returns how each plugin stands, for those who ask the daemon.
pub(super) fn standings(fleet: &Fleet) -> Vec<PluginStanding> {
    let standing = |state: PluginState| PluginStanding {
        state: state.standing.name(),
        why: state.standing.why().map(str::to_owned),
        hint: state.standing.hint(&state.plugin),
        version: state.build.as_ref().map(|build| build.version.clone()),
        sha256: state.build.map(|build| build.sha256),
        generation: state.generation,
        sources: state.sources.iter().map(ToString::to_string).collect(),
        plugin: state.plugin,
    };
    fleet.states().into_iter().map(standing).collect()
}

/// Returns what looks for missing layers of confinement, once: a kernel does not change while a
/// process lives.
pub(super) fn missing_layers(
    host: Arc<Host>,
) -> impl Fn() -> Result<Vec<String>, String> + Send + Sync {
    let found = OnceLock::new();
    move || {
        let look = || host.missing_layers().map_err(|error| error.to_string());
        found.get_or_init(look).clone()
    }
}

/// Returns what operators should know of the plugins.
pub(super) fn notes(fleet: &Fleet) -> Vec<String> {
    let states = fleet.states().into_iter();
    let notes = states.filter_map(|state| {
        let (name, why) = (state.standing.name(), state.standing.why()?);
        Some(format!("plugin `{}` is {name}: {why}", state.plugin))
    });
    notes.collect()
}

fn log(plugin: &str, event: &PluginEvent) {
    let build = event.build.as_ref();
    let version = build.map_or("", |build| build.version.as_str());
    let sha256 = build.map_or("", |build| build.sha256.as_str());
    let (why, event) = (event.why.as_str(), event.kind);
    let is_bad = matches!(
        event,
        EventKind::Refused | EventKind::Pending | EventKind::RolledBack | EventKind::Removed
    );
    let event = event.name();
    match is_bad {
        true => tracing::warn!(plugin, event, version, sha256, "a plugin changed: {why}"),
        false => tracing::info!(plugin, event, version, sha256, "a plugin changed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_tried_without_its_secrets() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("vocd.toml");
        let text = "[[source]]\nname = \"a\"\nplugin = \"p-q\"\n[source.config]\n\
                    token = { env = \"VOCD_TEST_NEVER_SET\" }\nsite = \"x\"\n";
        std::fs::write(&path, text).expect("written");
        let config = Config::load(&path).expect("good");
        let usages = usages(&config);
        let expected = serde_json::json!({"token": WITHHELD, "site": "x"});
        assert_eq!(usages[0].config, expected);
        assert_eq!(usages[0].plugin, "p-q");
    }
}
