//! The conformance kit: runs a plugin's library through the contract, offline, and says in one
//! line each what holds and what to mend.
//!
//! Nothing of the library runs in this process. The static tests read its bytes; every other test
//! starts children of its own, confined and under deadlines like any run.

mod bench;
mod comparison;
mod dice;
mod elf;
mod endurance;
mod fuzz;
mod lifecycle;
mod manifest;
mod manners;
mod read;
pub mod report;
mod resume;
pub mod row;
mod secret;
mod vendor;
mod webhook;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::host::{Host, PluginFile, RunLimits};

pub use bench::{Bench, ReadPlan, Reading};
use dice::Dice;
pub use webhook::{Recorded, RecordedError};

/// Which part of the contract a test is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// What the file is; nothing of it runs.
    Static,
    /// Opening and closing with any configuration.
    Lifecycle,
    /// Rows, checkpoints and how a read goes on.
    Read,
    /// How the plugin behaves towards its host.
    Manners,
    /// What it makes of a vendor that fails.
    Vendor,
    /// How its webhooks are proven and parsed.
    Webhook,
}

impl Group {
    /// Returns the name used in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Lifecycle => "lifecycle",
            Self::Read => "read",
            Self::Manners => "manners",
            Self::Vendor => "vendor",
            Self::Webhook => "webhook",
        }
    }
}

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The contract is kept.
    Pass,
    /// It is kept, but users will notice something.
    Warn,
    /// It is broken.
    Fail,
    /// The test could not run.
    Skip,
}

impl Status {
    /// Returns the name used in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Skip => "skip",
        }
    }
}

/// What one test found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How it ended.
    pub status: Status,
    /// What was found, in one line.
    pub what: String,
    /// What to do about it; `None` where nothing has to be done.
    pub remedy: Option<&'static str>,
}

impl Finding {
    fn pass(what: impl Into<String>) -> Self {
        Self {
            status: Status::Pass,
            what: what.into(),
            remedy: None,
        }
    }

    fn with(status: Status, what: impl Into<String>, remedy: &'static str) -> Self {
        Self {
            status,
            what: what.into(),
            remedy: Some(remedy),
        }
    }

    fn warn(what: impl Into<String>, remedy: &'static str) -> Self {
        Self::with(Status::Warn, what, remedy)
    }

    fn fail(what: impl Into<String>, remedy: &'static str) -> Self {
        Self::with(Status::Fail, what, remedy)
    }

    fn skip(what: impl Into<String>, remedy: &'static str) -> Self {
        Self::with(Status::Skip, what, remedy)
    }
}

/// The finding of one named test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Part of the contract.
    pub group: Group,
    /// Name of the test, unique in all groups.
    pub test: &'static str,
    /// What it found.
    pub finding: Finding,
    /// How long it took.
    pub elapsed: Duration,
}

/// A configuration to read with.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The source's configuration with its secrets resolved.
    pub config: Value,
    /// Every secret inside the configuration.
    pub secrets: Vec<String>,
    /// Folder that relative paths of the configuration count from.
    pub base_dir: PathBuf,
    /// What each read may use.
    pub limits: RunLimits,
    /// A recorded vendor that answers every request; `None` asks the real one.
    pub cassette: Option<Arc<str>>,
    /// Webhooks as the vendor sent them; without any the tests that parse are skipped.
    pub webhooks: Vec<Recorded>,
}

/// What is tried besides the tests that always run.
#[derive(Debug, Clone, Copy, Default)]
pub struct CheckOptions<'a> {
    /// A configuration to read with; without one the tests that read are skipped.
    pub sample: Option<&'a Sample>,
    /// An earlier build: what this one takes away from its users is a failure.
    pub against: Option<&'a PluginFile>,
    /// For how long more configurations are invented.
    pub fuzz: Option<Duration>,
}

/// Runs every test that can be run, in order.
#[must_use]
pub fn check(host: &Host, library: &Path, options: CheckOptions<'_>) -> Vec<Verdict> {
    let mut log = Log::default();
    let bytes = elf::check(&mut log, library);
    let plugin = bytes.and_then(|bytes| manifest::check(&mut log, library, &bytes));
    if let Some(plugin) = plugin {
        if let Some(before) = options.against {
            log.note("against", manifest::against(&plugin, before));
        }
        run(&mut log, host, &plugin, options);
    }
    log.verdicts
}

fn run(log: &mut Log, host: &Host, plugin: &PluginFile, options: CheckOptions<'_>) {
    let bench = Bench::new(host, plugin, options.sample);
    lifecycle::check(log, &bench, options.fuzz);
    match options.sample {
        Some(sample) => reads(log, &bench, sample),
        None => {
            log.group = Group::Read;
            let remedy = "name a file with a [[source]]: --config sample.toml";
            let what = "there is no configuration to read with";
            log.note("read", Finding::skip(what, remedy));
        }
    }
    webhook::check(log, &bench);
}

fn reads(log: &mut Log, bench: &Bench<'_>, sample: &Sample) {
    let is_only_pushed = bench.plugin.manifest().streams.is_empty();
    if is_only_pushed {
        return;
    }
    if let Some(full) = read::check(log, bench) {
        resume::check(log, bench, &full);
        manners::check(log, bench, sample, &full.readings);
        vendor::check(log, bench, sample, &full.readings);
    }
}

/// The verdicts so far.
#[derive(Debug)]
struct Log {
    group: Group,
    started: Instant,
    verdicts: Vec<Verdict>,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            group: Group::Static,
            started: Instant::now(),
            verdicts: Vec::new(),
        }
    }
}

impl Log {
    /// Adds a finding; its time is what passed since the one before.
    fn note(&mut self, test: &'static str, finding: Finding) {
        self.verdicts.push(Verdict {
            group: self.group,
            test,
            finding,
            elapsed: self.started.elapsed(),
        });
        self.started = Instant::now();
    }
}

/// Returns a list in words, the first few of many.
fn few<T: AsRef<str>>(names: &[T]) -> String {
    /// Names told; the rest is counted.
    const TOLD_MAX: usize = 4;
    let told: Vec<String> = names
        .iter()
        .take(TOLD_MAX)
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    match names.len().saturating_sub(TOLD_MAX) {
        0 => told.join(", "),
        n_more => format!("{} and {n_more} more", told.join(", ")),
    }
}
