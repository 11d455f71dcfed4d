//! `vocd plugin list`: the plugins of the plugin folders, and what became of their builds.

use crate::config::Config;
use crate::daemon::plugin_folders;
use crate::host::PluginFile;
use crate::host::generation::{Generations, PluginEvent};

use super::super::failure::Failure;
use super::super::{ConfigFlag, output};

/// Events told of each plugin; the daemon keeps more.
const EVENTS_TOLD: usize = 5;
/// Digits of a digest that tell two builds.
const DIGITS: usize = 12;

/// Prints the plugins.
pub(super) fn run(flag: &ConfigFlag) -> Result<(), Failure> {
    let config = super::config_if_any(flag)?;
    let dirs = config
        .as_ref()
        .map_or_else(Config::default_plugin_dirs, |config| {
            config.plugin_dirs().to_vec()
        });
    let generations = config.map(|config| plugin_folders(&config).generations);
    let head = ["plugin", "version", "runs", "reads", "file"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let mut more = String::new();
    for (name, found) in PluginFile::list(&dirs) {
        let (runs, events) = known(generations.as_ref(), &name);
        more.push_str(&events);
        let (version, reads, file) = match found {
            Ok(plugin) => {
                let manifest = plugin.manifest();
                let reads = manifest.streams.iter().map(ToString::to_string);
                let reads = reads.collect::<Vec<_>>().join(", ");
                let file = plugin.path().display().to_string();
                (manifest.version.clone(), reads, file)
            }
            Err(error) => ("-".to_owned(), "-".to_owned(), Failure::of(&error).what),
        };
        rows.push(vec![name, version, runs, reads, file]);
    }
    if rows.len() == 1 {
        let dirs: Vec<String> = dirs
            .iter()
            .map(|dir| format!("`{}`", dir.display()))
            .collect();
        return Err(Failure::new(format!("no plugins in {}", dirs.join(", ")))
            .hint("set plugin_dirs, or build the plugins: make build"));
    }
    output::bytes(format!("{}{more}", output::table(&rows)).as_bytes())
}

/// Returns what the daemon runs of a plugin, or ran last, and what happened to it.
fn known(generations: Option<&Generations>, plugin: &str) -> (String, String) {
    let Some(history) = generations.map(|generations| generations.history(plugin)) else {
        return ("-".to_owned(), String::new());
    };
    let runs = history.running.map_or_else(
        || "-".to_owned(),
        |build| format!("{} (build {})", build.version, history.generation),
    );
    let n_older = history.events.len().saturating_sub(EVENTS_TOLD);
    let events = history.events.iter().skip(n_older);
    let lines: String = events.map(|event| line(plugin, event)).collect();
    let events = match lines.is_empty() {
        true => lines,
        false => format!("\n{lines}"),
    };
    (runs, events)
}

fn line(plugin: &str, event: &PluginEvent) -> String {
    let build = event.build.as_ref().map_or_else(String::new, |build| {
        let digits: String = build.sha256.chars().take(DIGITS).collect();
        format!(" {} ({digits}…)", build.version)
    });
    let what = event.kind.name().replace('_', " ");
    let why = match event.why.as_str() {
        "" => String::new(),
        why => format!(": {why}"),
    };
    format!("{} {plugin} {what}{build}{why}\n", event.at)
}
