//! The daemon's first frame: what a child has to do, with what, and what it may reach.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::RunRequest;
use super::failure::{Failure, FailureReason};
use super::outbound::Plan;
use super::reach::Reach;
use super::webhook::Work;

/// Key under which the plugin finds the folder of the configuration file.
const BASE_DIR_KEY: &str = "$base_dir";
/// Processor time of a run in terms of its longest time: it may use more than one core.
const CPU_PER_WALL: u64 = 2;

#[derive(Serialize)]
struct Hello<'a> {
    mode: &'a str,
    run_id: u64,
    source: &'a str,
    stream: &'a str,
    config: Value,
    checkpoint: Option<Box<RawValue>>,
    checkpoint_format: u32,
    limits: HelloLimits,
    reach: Reach,
    #[serde(skip_serializing_if = "str::is_empty")]
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<&'a Value>,
    http: Plan,
    n_webhooks: usize,
}

#[derive(Serialize)]
struct HelloLimits {
    memory_bytes: u64,
    cpu_s: u64,
    idle_s: u64,
}

/// Writes the frame; the secrets that the host injects are in `http` alone.
pub(super) fn hello(
    request: &RunRequest<'_>,
    work: Work<'_>,
    mut config: Value,
    http: Plan,
) -> Result<Vec<u8>, Failure> {
    if let Value::Object(members) = &mut config {
        let base_dir = request.base_dir.to_string_lossy();
        members.insert(BASE_DIR_KEY.to_owned(), Value::from(&*base_dir));
    }
    let checkpoint = request
        .checkpoint
        .map(|checkpoint| RawValue::from_string(checkpoint.json.to_owned()))
        .transpose()
        .map_err(|error| {
            Failure::new(
                FailureReason::CheckpointUnreadable,
                format!("the stored checkpoint is not JSON: {error}"),
            )
        })?;
    let ports = match work.connects() {
        true => http.ports(),
        false => Vec::new(),
    };
    let reach = Reach::of(request, ports);
    let (method, params) = work.call();
    let hello = Hello {
        mode: work.mode(),
        method,
        params,
        reach,
        run_id: request.run_id,
        source: request.source.as_str(),
        stream: request.stream.as_str(),
        config,
        checkpoint,
        checkpoint_format: request.checkpoint.map_or_else(
            || request.plugin.manifest().checkpoint_format,
            |checkpoint| checkpoint.format,
        ),
        limits: HelloLimits {
            memory_bytes: request.limits.memory_bytes,
            cpu_s: CPU_PER_WALL * request.limits.wall.as_secs().max(1),
            idle_s: idle(request).as_secs(),
        },
        http,
        n_webhooks: work.deliveries().len(),
    };
    serde_json::to_vec(&hello)
        .map_err(|error| Failure::new(FailureReason::Internal, error.to_string()))
}

/// Returns how long the child may be silent.
pub(super) fn idle(request: &RunRequest<'_>) -> Duration {
    let asked = request.plugin.manifest().idle_s.unwrap_or_default();
    request.limits.idle.max(Duration::from_secs(asked))
}
