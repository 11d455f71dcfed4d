//! Tries a new build before it is used: opened in a child, with what its sources are configured
//! with, without secrets and without a network.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::host::generation::Verdict;
use crate::host::marked::marked;
use crate::host::{
    Cassette, Failure, FailureReason, Flow, Host, Outbound, PluginFile, RunLimits, RunRequest,
    StopSignal, Task,
};
use crate::record::{SourceName, StreamName};

/// Longest time that opening may take: it does no I/O.
const OPEN_DEADLINE: Duration = Duration::from_secs(5);
/// Stands for every secret; long enough for what plugins check before they connect.
pub const WITHHELD: &str = "withheld-0123456789abcdef";
/// Mark of a property that holds a secret.
const SECRET_MARK: &str = "x-voc-secret";

/// One source's use of a plugin.
#[derive(Debug, Clone, PartialEq)]
pub struct Usage {
    /// The source.
    pub source: SourceName,
    /// Name of its plugin.
    pub plugin: String,
    /// Its configuration, with [`WITHHELD`] in place of every secret that it refers to.
    pub config: Value,
    /// Folder that relative paths of the configuration count from.
    pub base_dir: PathBuf,
    /// Folder that no plugin may read.
    pub private_dir: PathBuf,
    /// What a run may use.
    pub limits: RunLimits,
}

/// Why a build may not take the place of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// It broke down when it was opened.
    Broke(String),
    /// It refuses a configuration that the running build takes.
    Declined(String),
    /// The daemon is about to end: nothing was found out.
    Stopped,
}

/// Opens a build with the configuration of each source that uses it.
pub(super) fn probe(
    host: &Host,
    candidate: &PluginFile,
    current: &PluginFile,
    usages: &[Usage],
    stop: &StopSignal,
) -> Result<(), Fault> {
    for usage in usages {
        let schemas = [current, candidate].map(|plugin| &plugin.manifest().config_schema);
        let config = without_secrets(&usage.config, &schemas);
        let Err(failure) = open(host, candidate, usage, &config, stop) else {
            continue;
        };
        let told = format!("opened with `{}`: {failure}", usage.source);
        match failure.reason {
            FailureReason::Cancelled => return Err(Fault::Stopped),
            reason if is_breakdown(reason) => return Err(Fault::Broke(told)),
            // Where the running build says no as well, the build is not to blame: the
            // configuration is wrong, or its secrets are checked.
            _ if open(host, current, usage, &config, stop).is_err() => {}
            _ => return Err(Fault::Declined(told)),
        }
    }
    Ok(())
}

fn is_breakdown(reason: FailureReason) -> bool {
    // Without a child nothing was found out, which is no reason to trust the build.
    let is_untried = matches!(
        reason,
        FailureReason::Timeout | FailureReason::Idle | FailureReason::Memory | FailureReason::Spawn
    );
    is_untried || Verdict::from(reason) == Verdict::Crashed
}

fn open(
    host: &Host,
    plugin: &PluginFile,
    usage: &Usage,
    config: &Value,
    stop: &StopSignal,
) -> Result<(), Failure> {
    // A plugin that is only pushed to has none.
    let stream = plugin.manifest().streams.first().cloned();
    let stream = stream.unwrap_or_else(|| StreamName::new("none").expect("a plain name"));
    let outbound = Outbound {
        // Where the kernel does not confine connections, the host makes none either.
        cassette: Some(Cassette::Replay(Arc::from(""))),
        ..Outbound::default()
    };
    let request = RunRequest {
        source: &usage.source,
        run_id: 0,
        plugin,
        config_json: config,
        base_dir: &usage.base_dir,
        private_dir: &usage.private_dir,
        secrets: &[],
        stream: &stream,
        checkpoint: None,
        limits: RunLimits {
            wall: OPEN_DEADLINE,
            idle: OPEN_DEADLINE,
            ..usage.limits
        },
        outbound: &outbound,
    };
    let (outcome, _) = host.observe(request, Task::Open, stop, &mut |_| Flow::Continue);
    outcome.failure.map_or(Ok(()), Err)
}

/// Takes out the secrets that stand in the configuration as plain text: a build that is not
/// trusted with them yet does not say by itself which they are.
fn without_secrets(config: &Value, schemas: &[&Value]) -> Value {
    let secrets = schemas
        .iter()
        .flat_map(|schema| marked(schema, config, &[SECRET_MARK]));
    let mut open = config.clone();
    for secret in secrets {
        if let Some(place) = open.pointer_mut(&secret.pointer) {
            *place = Value::from(WITHHELD);
        }
    }
    open
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_is_withheld_though_the_new_build_does_not_mark_it() {
        let before = json!({"properties": {"token": {"x-voc-secret": true}}});
        let after = json!({"properties": {"key": {"x-voc-secret": true}}});
        let config = json!({"token": "hunter2", "key": "hunter3", "site": "a"});
        assert_eq!(
            without_secrets(&config, &[&before, &after]),
            json!({"token": WITHHELD, "key": WITHHELD, "site": "a"})
        );
    }
}
