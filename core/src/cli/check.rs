//! `vocd check`: every fault of configuration, dashboards and plugins, without network.

use crate::config::{Config, Fault, schema};
use crate::daemon::plugin_folders;
use crate::dashboard::Shelf;

use super::failure::Failure;
use super::{ConfigFlag, output};

/// Prints every fault as `file:line:column: what; hint`, and fails when there is one.
pub(super) fn run(flag: &ConfigFlag) -> Result<(), Failure> {
    let path = Config::find(flag.config.as_deref()).map_err(|fault| Failure::of_fault(&fault))?;
    let faults = match Config::load(&path) {
        Ok(config) => faults_around(&config),
        Err(faults) => faults,
    };
    for fault in &faults {
        output::line(&fault.to_string())?;
    }
    match faults.len() {
        0 => output::line(&format!("{}: no faults", path.display())),
        1 => Err(Failure::new("1 fault")),
        n_faults => Err(Failure::new(format!("{n_faults} faults"))),
    }
}

/// Returns the faults of everything a good configuration points at.
pub(super) fn faults_around(config: &Config) -> Vec<Fault> {
    let mut faults = Shelf::load(config.dashboards_dir(), config.dashboard_context()).faults();
    let plugins = plugin_folders(config);
    for source in config.sources() {
        match plugins.find(&source.plugin) {
            Ok(plugin) => faults.extend(schema::check(source, &plugin.manifest().config_schema)),
            Err(error) => {
                let what = Failure::of(&error).what;
                faults.push(source.plugin_fault(what, error.hint()));
            }
        }
    }
    faults
}
