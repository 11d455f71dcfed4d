//! One daemon's side of runs of the example source, and everything they say.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use vocd::host::{
    Flow, Host, Outbound, PluginFile, RunEvent, RunLimits, RunOutcome, RunRequest, StopSignal,
};
use vocd::record::{SourceName, StreamName};
use vocd_tests::binaries;

/// The token in the configuration; nothing but the vendor may see it.
pub(crate) const SECRET: &str = "t0p-s3cr3t-t0k3n";

/// A host with the example plugin, and how its runs go.
pub(crate) struct Stage {
    host: Host,
    plugin: PluginFile,
    metrics: Arc<Mutex<BTreeMap<String, f64>>>,
    pub(crate) limits: RunLimits,
    pub(crate) outbound: Outbound,
}

/// What one run gave.
pub(crate) struct Run {
    pub(crate) outcome: RunOutcome,
    pub(crate) checkpoints: Vec<String>,
}

impl Stage {
    /// Takes the example.
    pub(crate) fn new() -> Self {
        let folder = binaries::folder().to_owned();
        Self::of(PluginFile::find(&[folder], "fetch").expect("a plugin"))
    }

    /// Takes any plugin with a stream `answers` and a configuration of `url` and `token`.
    pub(crate) fn of(plugin: PluginFile) -> Self {
        let metrics: Arc<Mutex<BTreeMap<String, f64>>> = Arc::default();
        let sums = Arc::clone(&metrics);
        let folder = binaries::folder();
        let host = Host::new(&folder.join("vocd-plugin-host")).expect("one build");
        let host = host.with_metrics(Arc::new(move |_, metric| {
            let status = metric.labels["status"].as_str().unwrap_or_default();
            let name = format!("{} {status}", metric.name);
            *sums.lock().expect("free").entry(name).or_default() += metric.value.unwrap_or(0.0);
        }));
        Self {
            host,
            plugin,
            metrics,
            limits: RunLimits {
                wall: Duration::from_secs(60),
                requests_per_minute: 100_000,
                ..RunLimits::default()
            },
            outbound: Outbound::default(),
        }
    }

    /// Returns the sums of what was measured, by name and status.
    pub(crate) fn metrics(&self) -> BTreeMap<String, f64> {
        self.metrics.lock().expect("free").clone()
    }

    /// Reads the vendor at an address from the beginning; no word of the run tells the secret.
    pub(crate) fn run(&self, url: &str) -> Run {
        let source = SourceName::new("fetched").expect("valid");
        let stream = StreamName::new("answers").expect("valid");
        let config = json!({"url": url, "token": SECRET});
        let request = RunRequest {
            source: &source,
            run_id: 7,
            plugin: &self.plugin,
            config_json: &config,
            private_dir: Path::new("/nowhere"),
            base_dir: Path::new("/etc"),
            // Written as plain text: its mark alone makes it a secret.
            secrets: &[],
            stream: &stream,
            checkpoint: None,
            limits: self.limits,
            outbound: &self.outbound,
        };
        let mut checkpoints = Vec::new();
        let outcome = self.host.run(request, &StopSignal::new(), &mut |event| {
            if let RunEvent::Checkpoint { json, .. } = event {
                checkpoints.push(json);
            }
            Flow::Continue
        });
        let told = format!("{outcome:?} {checkpoints:?}");
        assert!(!told.contains(SECRET), "{told}");
        Run {
            outcome,
            checkpoints,
        }
    }
}

/// Returns a page of the example's API with one answer.
pub(crate) fn page(id: u64, next: Option<u64>) -> String {
    let answer = json!({"id": id, "score": 9, "answered_at_s": 1_767_225_600});
    json!({"answers": [answer], "next": next}).to_string()
}
