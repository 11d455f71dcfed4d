//! Small C plugins, compiled once for a test binary and run in the real child.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;
use vocd::host::{
    Flow, Host, Outbound, PluginFile, RunEvent, RunLimits, RunOutcome, RunRequest, StartAt,
    StopSignal,
};
use vocd::record::{SourceName, StreamName};

use crate::binaries;
use crate::skip::{Need, skip};

/// Compiles a plugin of one C file into a folder of its own; `None` without a compiler.
///
/// # Panics
/// When the compiler refuses it, or it is no plugin.
#[must_use]
pub fn compile_c(name: &str, source: &str) -> Option<PluginFile> {
    let library = compile_c_with(name, source, &[])?;
    Some(PluginFile::open(&library).expect("a plugin"))
}

/// Compiles a library of one C file with more flags into a folder of its own, whether or not it
/// is a plugin; `None` without a compiler.
///
/// # Panics
/// When the compiler refuses it.
#[must_use]
pub fn compile_c_with(name: &str, source: &str, flags: &[&str]) -> Option<PathBuf> {
    let folder: PathBuf = tempfile::tempdir().expect("temporary folder").keep();
    let file = folder.join(format!("{name}.c"));
    let library = folder.join(format!("libvocd_source_{name}.so"));
    fs::write(&file, source).expect("written");
    let status = Command::new("cc")
        .args(["-std=gnu99", "-Wall", "-Werror", "-shared", "-fPIC", "-O1"])
        .arg("-I")
        .arg(binaries::root().join("plugins/sdk/include"))
        .arg("-o")
        .arg(&library)
        .arg(&file)
        .args(flags)
        .status()
        .ok()?;
    assert!(status.success(), "the C plugin compiles");
    Some(library)
}

/// Compiles the example `hostile`, once; without a compiler it notes the skip and returns `None`.
///
/// # Panics
/// When the compiler refuses it.
#[must_use]
pub fn hostile(test: &str) -> Option<&'static PluginFile> {
    static PLUGIN: LazyLock<Option<PluginFile>> =
        LazyLock::new(|| compile_c("hostile", &example("hostile/hostile.c")));
    if PLUGIN.is_none() {
        skip(test, Need::Compiler, "there is no C compiler");
    }
    PLUGIN.as_ref()
}

/// Returns the text of a file below `plugins/examples`.
///
/// # Panics
/// When it is not there.
#[must_use]
pub fn example(path: &str) -> String {
    let path = binaries::root().join("plugins/examples").join(path);
    fs::read_to_string(path).expect("a file of this checkout")
}

/// How a plugin is run.
pub struct Start<'a> {
    /// The plugin.
    pub plugin: &'a PluginFile,
    /// Its configuration.
    pub config: &'a Value,
    /// Folder its paths count from.
    pub base_dir: &'a Path,
    /// Folder it may not read.
    pub private_dir: &'a Path,
    /// Where the read starts.
    pub checkpoint: Option<StartAt<'a>>,
    /// What it may use.
    pub limits: RunLimits,
    /// Ends it early.
    pub stop: &'a StopSignal,
    /// Texts that may not be told.
    pub secrets: &'a [String],
}

/// Runs a plugin in a child and hands over what it gives.
///
/// # Panics
/// When the child program is missing or from another build.
pub fn run(start: &Start<'_>, on_event: &mut dyn FnMut(RunEvent) -> Flow) -> RunOutcome {
    let host = Host::new(&binaries::folder().join("vocd-plugin-host")).expect("one build");
    let source = SourceName::new("c-source").expect("valid");
    let stream = StreamName::new("rows").expect("valid");
    let request = RunRequest {
        source: &source,
        run_id: 7,
        plugin: start.plugin,
        config_json: start.config,
        base_dir: start.base_dir,
        private_dir: start.private_dir,
        secrets: start.secrets,
        stream: &stream,
        checkpoint: start.checkpoint,
        limits: start.limits,
        outbound: &Outbound::default(),
    };
    host.run(request, start.stop, on_event)
}
