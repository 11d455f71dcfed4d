//! Plugins: the child program, the layers that confine it, which libraries may run.

use crate::cli::failure::Failure;
use crate::config::Config;
use crate::daemon::plugin_folders;
use crate::host::{Host, PluginFile};

use super::Finding;

const AREA: &str = "plugins";

/// Looks at everything that runs plugins.
pub(super) fn findings(config: &Config) -> Vec<Finding> {
    let mut found = confinement();
    found.extend(libraries(config));
    found
}

fn confinement() -> Vec<Finding> {
    let missing = Host::beside_this_program().and_then(|host| host.missing_layers());
    match missing {
        Ok(missing) if missing.is_empty() => {
            vec![Finding::ok(
                AREA,
                "this kernel confines plugins in every way",
            )]
        }
        Ok(missing) => missing
            .iter()
            .map(|layer| {
                let what = format!("this kernel does not confine plugins in their {layer}");
                Finding::warn(AREA, what, remedy(layer))
            })
            .collect(),
        Err(error) => vec![Finding::fail(AREA, Failure::of(&error).what, error.hint())],
    }
}

/// Returns what brings a layer that is missing.
fn remedy(layer: &str) -> &'static str {
    match layer {
        "files" => {
            "a kernel from 5.13 on with Landlock (lsm=landlock,… at boot); until then run vocd as \
             a user of its own"
        }
        "network" => "a kernel from 6.7 on; until then a plugin may connect to any port",
        "signals" => "a kernel from 6.12 on; until then run vocd as a user of its own",
        "system_calls" => "a kernel with seccomp filters (CONFIG_SECCOMP_FILTER)",
        _ => "look at what limits this process: its container or its service's unit",
    }
}

/// Looks at each library of the plugin folders; one that no source uses may well be refused.
fn libraries(config: &Config) -> Vec<Finding> {
    let folders = plugin_folders(config);
    let mut found = Vec::new();
    for (name, opened) in PluginFile::list(&folders.dirs) {
        let is_used = config.sources().iter().any(|source| source.plugin == name);
        let told = |what: String, remedy: String| match is_used {
            true => Finding::fail(AREA, what, remedy),
            false => Finding::warn(AREA, what, remedy),
        };
        found.push(match opened {
            Err(error) => told(Failure::of(&error).what, error.hint()),
            Ok(_) => match folders.find(&name) {
                Ok(plugin) => {
                    let version = &plugin.manifest().version;
                    let digest = plugin.sha256().get(..12).unwrap_or_default();
                    let place = plugin.path().display();
                    let what = format!("{name} {version} may run ({digest}, `{place}`)");
                    Finding::ok(AREA, what)
                }
                Err(error) => told(Failure::of(&error).what, error.hint()),
            },
        });
    }
    if found.is_empty() && !config.sources().is_empty() {
        let remedy = "set plugin_dirs, or install the plugins beside vocd";
        found.push(Finding::fail(AREA, "there are no plugins", remedy));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layer_has_a_remedy_of_its_own() {
        let other = remedy("capabilities");
        let named = ["files", "network", "signals", "system_calls"].map(remedy);
        assert!(named.iter().all(|remedy| *remedy != other), "{named:?}");
    }
}
