//! A daemon with one source, builds of its plugin, and ways to put one in the place of another.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use vocd_tests::daemon::{Daemon, Outcome, free_address, vocd, wait_until};
use vocd_tests::plugin::compile_c_with;
use vocd_tests::scratch::Scratch;
use vocd_tests::skip::{Need, skip};
use vocd_tests::survey;

/// Longest wait for a change to be taken over: longer than the time between two rescans.
pub(crate) const LIMIT: Duration = Duration::from_secs(120);
pub(crate) const SOURCE: &str = include_str!("count.c");
pub(crate) const LIBRARY: &str = "libvocd_source_count.so";

/// A way to put a file in the place of another.
pub(crate) type Replace = fn(&Path, &Path);

/// A folder with a source that pulls without end, and the builds of its plugin.
pub(crate) struct Site {
    pub(crate) scratch: Scratch,
    pub(crate) address: std::net::SocketAddr,
}

/// Compiles a build of the plugin.
pub(crate) fn build(version: u32, more: &[&str]) -> Option<PathBuf> {
    let version = format!("-DVERSION={version}");
    let flags = [&[version.as_str()], more].concat();
    compile_c_with("count", SOURCE, &flags)
}

impl Site {
    /// Lays out version 1; `None` without a compiler.
    pub(crate) fn new(test: &str, reload: &str) -> Option<Self> {
        let Some(first) = build(1, &[]) else {
            skip(test, Need::Compiler, "there is no C compiler");
            return None;
        };
        let (scratch, address) = (Scratch::new(), free_address());
        let site = Self { scratch, address };
        site.scratch.write(
            "vocd.toml",
            format!(
                "listen = \"{address}\"\ntimezone = \"UTC\"\nplugin_dirs = [\"plugins\"]\n\n\
                 [plugins]\ntrust = \"any\"\nreload = \"{reload}\"\n\n\
                 [[source]]\nname = \"count\"\nplugin = \"count\"\nevery = \"1s\"\n\n\
                 [source.config]\npace_ms = 20\n"
            ),
        );
        site.scratch
            .write("dashboards/service.toml", survey::DASHBOARD);
        fs::create_dir(site.scratch.path("plugins")).expect("ours");
        copy_over(&first, &site.place());
        Some(site)
    }

    pub(crate) fn place(&self) -> PathBuf {
        self.scratch.path("plugins").join(LIBRARY)
    }

    pub(crate) fn serve(&self) -> Daemon {
        Daemon::start(self.scratch.folder(), &["serve"], self.address)
    }

    pub(crate) fn run(&self, arguments: &[&str], code: i32) -> Outcome {
        let outcome = vocd(self.scratch.folder(), arguments);
        assert_eq!(
            outcome.code, code,
            "{arguments:?}: {}{}",
            outcome.stdout, outcome.stderr
        );
        outcome
    }

    /// Returns what became of the builds, such as `loaded 1.0.0`.
    pub(crate) fn events(&self) -> Vec<String> {
        let book = self.scratch.path("vocd-data/plugins/count/builds.json");
        let book: Value = serde_json::from_slice(&fs::read(book).expect("written")).expect("JSON");
        let events = book["events"].as_array().expect("a list").iter();
        events
            .map(|event| {
                let part = |value: &Value| value.as_str().unwrap_or("-").to_owned();
                let build = part(&event["build"]["version"]);
                format!("{} {build}", part(&event["kind"]))
            })
            .collect()
    }
}

/// As `cp` does: the old file gets another content.
pub(crate) fn copy_over(from: &Path, to: &Path) {
    fs::write(to, fs::read(from).expect("built")).expect("writable");
}

/// As `mv` does: a new file takes the old one's name.
pub(crate) fn rename_over(from: &Path, to: &Path) {
    let beside = to.with_extension("tmp");
    copy_over(from, &beside);
    fs::rename(beside, to).expect("renamed");
}

/// As `install` does: the old file goes first.
pub(crate) fn install(from: &Path, to: &Path) {
    fs::remove_file(to).expect("there");
    copy_over(from, to);
}

/// As `cargo build` does: no byte is written in the watched folder.
pub(crate) fn hard_link(from: &Path, to: &Path) {
    let near = to.parent().and_then(Path::parent).expect("a folder");
    let near = near.join(format!("built-{}", fs::read(from).expect("built").len()));
    let _ = fs::remove_file(&near);
    copy_over(from, &near);
    fs::remove_file(to).expect("there");
    fs::hard_link(near, to).expect("linked");
}

/// As `ln -sfn` does: another symbolic link takes the old name.
pub(crate) fn swap_link(from: &Path, to: &Path) {
    let beside = to.with_extension("tmp");
    symlink(from, &beside).expect("linked");
    fs::rename(beside, to).expect("renamed");
}

pub(crate) fn state(daemon: &Daemon) -> Value {
    daemon.get("/api/v1/sources").json()["sources"][0].clone()
}

pub(crate) fn n_rows(daemon: &Daemon) -> u64 {
    state(daemon)["rows"]["response"].as_u64().unwrap_or(0)
}

/// Waits until a version runs whose file is not held back.
pub(crate) fn wait_for_version(daemon: &Daemon, version: u32) {
    let wanted = format!("{version}.0.0");
    wait_until(&format!("{wanted} runs"), LIMIT, || {
        let plugin = state(daemon)["plugin"].clone();
        let runs = plugin["version"] == wanted.as_str() && plugin["state"] == "running";
        runs.then_some(())
    });
}

pub(crate) fn wait_for_state(daemon: &Daemon, wanted: &str) {
    wait_until(&format!("the plugin is {wanted}"), LIMIT, || {
        (state(daemon)["plugin"]["state"] == wanted).then_some(())
    });
}

/// Returns the rows that a version gave.
pub(crate) fn n_rows_of(daemon: &Daemon, version: u32) -> u64 {
    let answer = daemon.get("/api/v1/kpis/nps?by=channel&range=2026-01-01..2026-12-31&grain=month");
    let answer = answer.json();
    let key = format!("v{version}");
    let series = answer["series"].as_array().into_iter().flatten();
    let found = series
        .into_iter()
        .find(|series| series["key"] == key.as_str());
    found.map_or(0, |series| series["total"]["n"].as_u64().unwrap_or(0))
}

pub(crate) fn wait_for_rows_of(daemon: &Daemon, version: u32) {
    wait_until(&format!("rows of version {version}"), LIMIT, || {
        (n_rows_of(daemon, version) > 0).then_some(())
    });
}

/// Waits until the source went on.
pub(crate) fn wait_for_more_rows(daemon: &Daemon) {
    let before = n_rows(daemon);
    wait_until("more rows", LIMIT, || {
        (n_rows(daemon) > before).then_some(())
    });
}

pub(crate) fn builds<const N: usize>(versions: [u32; N]) -> [PathBuf; N] {
    versions.map(|version| build(version, &[]).expect("the first one was built"))
}
