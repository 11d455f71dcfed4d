//! What operators see of the plugins: which may run, which build does, what confines them.

use std::sync::{Arc, OnceLock};

use crate::host::trust::PluginFolders;
use crate::host::{Host, PluginFile};
use crate::http::{PluginState, Workshop};

/// Digits of a digest that are shown.
const DIGEST_DIGITS: usize = 12;

/// Returns what looks at the plugin folders, and at the kernel once.
pub(super) fn workshop(
    folders: PluginFolders,
    host: Arc<Host>,
) -> impl Fn() -> Workshop + Send + Sync {
    // A kernel does not change while a process lives.
    let missing_layers = OnceLock::new();
    move || Workshop {
        plugins: plugins(&folders),
        missing_layers: missing_layers
            .get_or_init(|| host.missing_layers().map_err(|error| error.to_string()))
            .clone(),
    }
}

fn plugins(folders: &PluginFolders) -> Vec<PluginState> {
    let listed = PluginFile::list(&folders.dirs).into_iter();
    let states = listed.map(|(name, opened)| match opened {
        Err(error) => PluginState {
            name,
            version: String::new(),
            build: String::new(),
            state: error.to_string(),
        },
        Ok(found) => match folders.find(&name) {
            Ok(chosen) => PluginState {
                version: chosen.manifest().version.clone(),
                build: digits(chosen.sha256()),
                state: match chosen.sha256() == found.sha256() {
                    true => "may run".to_owned(),
                    false => format!(
                        "the build {} crashed and gave way to the last good one",
                        digits(found.sha256())
                    ),
                },
                name,
            },
            Err(error) => PluginState {
                name,
                version: found.manifest().version.clone(),
                build: String::new(),
                state: with_cause(&error),
            },
        },
    });
    states.collect()
}

fn digits(digest: &str) -> String {
    digest.chars().take(DIGEST_DIGITS).collect()
}

fn with_cause(error: &(dyn std::error::Error + 'static)) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
