//! A plugin's file changes while the real daemon runs: what is good is taken over, what is bad is
//! told, and no row is lost or counted twice.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;
use vocd_tests::daemon::{Daemon, Outcome, free_address, vocd, wait_until};
use vocd_tests::plugin::compile_c_with;
use vocd_tests::scratch::Scratch;
use vocd_tests::skip::{Need, skip};
use vocd_tests::survey;
use vocd_tests::{binaries, pushed};

/// Longest wait for a change to be taken over: longer than the time between two rescans.
const LIMIT: Duration = Duration::from_secs(120);
const SOURCE: &str = include_str!("reload/count.c");
const LIBRARY: &str = "libvocd_source_count.so";

/// A way to put a file in the place of another.
type Replace = fn(&Path, &Path);

/// A folder with a source that pulls without end, and the builds of its plugin.
struct Site {
    scratch: Scratch,
    address: std::net::SocketAddr,
}

/// Compiles a build of the plugin.
fn build(version: u32, more: &[&str]) -> Option<PathBuf> {
    let version = format!("-DVERSION={version}");
    let flags = [&[version.as_str()], more].concat();
    compile_c_with("count", SOURCE, &flags)
}

impl Site {
    /// Lays out version 1; `None` without a compiler.
    fn new(test: &str, reload: &str) -> Option<Self> {
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

    fn place(&self) -> PathBuf {
        self.scratch.path("plugins").join(LIBRARY)
    }

    fn serve(&self) -> Daemon {
        Daemon::start(self.scratch.folder(), &["serve"], self.address)
    }

    fn run(&self, arguments: &[&str], code: i32) -> Outcome {
        let outcome = vocd(self.scratch.folder(), arguments);
        assert_eq!(
            outcome.code, code,
            "{arguments:?}: {}{}",
            outcome.stdout, outcome.stderr
        );
        outcome
    }

    /// Returns what became of the builds, such as `loaded 1.0.0`.
    fn events(&self) -> Vec<String> {
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
fn copy_over(from: &Path, to: &Path) {
    fs::write(to, fs::read(from).expect("built")).expect("writable");
}

/// As `mv` does: a new file takes the old one's name.
fn rename_over(from: &Path, to: &Path) {
    let beside = to.with_extension("tmp");
    copy_over(from, &beside);
    fs::rename(beside, to).expect("renamed");
}

/// As `install` does: the old file goes first.
fn install(from: &Path, to: &Path) {
    fs::remove_file(to).expect("there");
    copy_over(from, to);
}

/// As `cargo build` does: no byte is written in the watched folder.
fn hard_link(from: &Path, to: &Path) {
    let near = to.parent().and_then(Path::parent).expect("a folder");
    let near = near.join(format!("built-{}", fs::read(from).expect("built").len()));
    let _ = fs::remove_file(&near);
    copy_over(from, &near);
    fs::remove_file(to).expect("there");
    fs::hard_link(near, to).expect("linked");
}

/// As `ln -sfn` does: another symbolic link takes the old name.
fn swap_link(from: &Path, to: &Path) {
    let beside = to.with_extension("tmp");
    symlink(from, &beside).expect("linked");
    fs::rename(beside, to).expect("renamed");
}

fn state(daemon: &Daemon) -> Value {
    daemon.get("/api/v1/sources").json()["sources"][0].clone()
}

fn n_rows(daemon: &Daemon) -> u64 {
    state(daemon)["rows"]["response"].as_u64().unwrap_or(0)
}

/// Waits until a version runs whose file is not held back.
fn wait_for_version(daemon: &Daemon, version: u32) {
    let wanted = format!("{version}.0.0");
    wait_until(&format!("{wanted} runs"), LIMIT, || {
        let plugin = state(daemon)["plugin"].clone();
        let runs = plugin["version"] == wanted.as_str() && plugin["state"] == "running";
        runs.then_some(())
    });
}

fn wait_for_state(daemon: &Daemon, wanted: &str) {
    wait_until(&format!("the plugin is {wanted}"), LIMIT, || {
        (state(daemon)["plugin"]["state"] == wanted).then_some(())
    });
}

/// Returns the rows that a version gave.
fn n_rows_of(daemon: &Daemon, version: u32) -> u64 {
    let answer = daemon.get("/api/v1/kpis/nps?by=channel&range=2026-01-01..2026-12-31&grain=month");
    let answer = answer.json();
    let key = format!("v{version}");
    let series = answer["series"].as_array().into_iter().flatten();
    let found = series
        .into_iter()
        .find(|series| series["key"] == key.as_str());
    found.map_or(0, |series| series["total"]["n"].as_u64().unwrap_or(0))
}

fn wait_for_rows_of(daemon: &Daemon, version: u32) {
    wait_until(&format!("rows of version {version}"), LIMIT, || {
        (n_rows_of(daemon, version) > 0).then_some(())
    });
}

/// Waits until the source went on.
fn wait_for_more_rows(daemon: &Daemon) {
    let before = n_rows(daemon);
    wait_until("more rows", LIMIT, || {
        (n_rows(daemon) > before).then_some(())
    });
}

fn builds<const N: usize>(versions: [u32; N]) -> [PathBuf; N] {
    versions.map(|version| build(version, &[]).expect("the first one was built"))
}

#[test]
fn every_way_to_replace_a_file_is_seen() {
    let Some(site) = Site::new("reload::ways", "auto") else {
        return;
    };
    let daemon = site.serve();
    wait_for_version(&daemon, 1);
    let ways: [Replace; 5] = [copy_over, rename_over, install, hard_link, swap_link];
    let files = builds([2, 3, 4, 5, 6]);
    for ((version, file), replace) in (2..).zip(&files).zip(&ways) {
        replace(file, &site.place());
        wait_for_version(&daemon, version);
    }
    // What a symbolic link leads to is in another folder: only the rescan looks there.
    let [last] = builds([7]);
    rename_over(&last, &files[4]);
    wait_for_version(&daemon, 7);
    wait_for_rows_of(&daemon, 7);
    let generation = state(&daemon)["plugin"]["generation"].clone();
    assert_eq!(generation, 7, "{}", daemon.log());
    let metrics = daemon.get("/metrics").text();
    for line in [
        "vocd_plugin_generation{plugin=\"count\"} 7",
        "vocd_plugin_held{plugin=\"count\"} 0",
    ] {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }
}

#[test]
fn a_touched_file_is_no_new_build_and_a_half_written_one_is_not_used() {
    let Some(site) = Site::new("reload::half", "auto") else {
        return;
    };
    let daemon = site.serve();
    wait_for_version(&daemon, 1);
    let first = fs::read(site.place()).expect("there");
    fs::write(site.place(), &first).expect("ours");
    rename_over(&build(1, &[]).expect("a compiler"), &site.place());
    let [second] = builds([2]);
    let whole = fs::read(second).expect("built");
    fs::write(site.place(), &whole[..whole.len() / 2]).expect("ours");
    wait_for_state(&daemon, "refused");
    wait_for_more_rows(&daemon);
    assert_eq!(state(&daemon)["plugin"]["version"], "1.0.0");
    let sources = site.run(&["sources"], 0).stdout;
    assert!(
        sources.contains("count: plugin count is refused: ")
            && sources.contains("it is not a complete 64-bit ELF library"),
        "{sources}"
    );
    fs::write(site.place(), &whole).expect("ours");
    wait_for_version(&daemon, 2);
    wait_for_rows_of(&daemon, 2);
    assert_eq!(
        site.events(),
        ["loaded 1.0.0", "refused -", "swapped 2.0.0"]
    );
}

#[test]
fn a_build_that_does_not_open_is_refused_even_after_a_restart() {
    let Some(site) = Site::new("reload::probe", "auto") else {
        return;
    };
    let mut daemon = site.serve();
    wait_for_rows_of(&daemon, 1);
    for (version, fault) in [(2, "-DFAULT=1"), (3, "-DFAULT=3")] {
        let bad = build(version, &[fault]).expect("a compiler");
        rename_over(&bad, &site.place());
        wait_until("it is refused", LIMIT, || {
            let refused = format!("refused {version}.0.0");
            site.events().contains(&refused).then_some(())
        });
        assert_eq!(state(&daemon)["plugin"]["version"], "1.0.0");
    }
    let ready = daemon.get("/readyz");
    assert_eq!(ready.status, 200);
    let told = "plugin `count` is refused: opened with `count`: config: this build knows no pace";
    assert!(ready.text().contains(told), "{}", ready.text());
    let listed = site.run(&["plugin", "list"], 0).stdout;
    assert!(listed.contains("1.0.0 (build 1)"), "{listed}");
    assert!(listed.contains("count refused 2.0.0 ("), "{listed}");
    assert!(listed.contains("the plugin crashed: abort"), "{listed}");
    wait_for_more_rows(&daemon);
    assert_eq!(daemon.stop(), 0, "{}", daemon.log());

    let daemon = site.serve();
    wait_for_state(&daemon, "refused");
    assert_eq!(state(&daemon)["plugin"]["version"], "1.0.0");
    wait_for_more_rows(&daemon);
    let [good] = builds([4]);
    rename_over(&good, &site.place());
    wait_for_version(&daemon, 4);
    wait_for_rows_of(&daemon, 4);
}

#[test]
fn a_build_that_breaks_with_the_one_before_waits_for_an_approval() {
    let Some(site) = Site::new("reload::pending", "auto") else {
        return;
    };
    let mut daemon = site.serve();
    wait_for_version(&daemon, 1);
    let none = site.run(&["plugin", "approve", "count"], 1).stderr;
    assert!(none.contains("no build of `count` waits"), "{none}");
    let breaking = build(2, &["-DFORMAT=2", r#"-DREQUIRED="\"pace_ms\"""#]);
    let breaking = breaking.expect("a compiler");
    let before = site.scratch.path("before.so");
    copy_over(&site.place(), &before);
    let before = before.display().to_string();
    let library = breaking.display().to_string();
    let checked = site.run(&["plugin", "check", &library, "--against", &before], 1);
    let told = "breaks with 1.0.0: its checkpoints are of format 2, the stored ones of 1; its \
                configuration now needs the key `pace_ms`";
    assert!(checked.stdout.contains(told), "{}", checked.stdout);
    rename_over(&breaking, &site.place());
    wait_for_state(&daemon, "pending");
    wait_for_more_rows(&daemon);
    assert_eq!(n_rows_of(&daemon, 2), 0);
    assert_eq!(daemon.stop(), 0, "{}", daemon.log());
    let daemon = site.serve();
    wait_for_state(&daemon, "pending");
    let sources = site.run(&["sources"], 0).stdout;
    for part in [
        "plugin count is pending: its checkpoints are of format 2, the stored ones of 1",
        "its configuration now needs the key `pace_ms`",
        "vocd plugin approve count",
    ] {
        assert!(sources.contains(part), "{part}: {sources}");
    }
    let approved = site.run(&["plugin", "approve", "count"], 0).stdout;
    assert_eq!(approved, "count 2.0.0 runs from now on\n");
    wait_for_version(&daemon, 2);
    wait_for_rows_of(&daemon, 2);
    let expected = [
        "loaded 1.0.0",
        "pending 2.0.0",
        "approved 2.0.0",
        "swapped 2.0.0",
    ];
    assert_eq!(site.events(), expected);
}

#[test]
fn a_removed_file_disables_its_sources_until_it_returns() {
    let Some(site) = Site::new("reload::removed", "auto") else {
        return;
    };
    let daemon = site.serve();
    wait_for_rows_of(&daemon, 1);
    let away = site.scratch.path("away.so");
    fs::rename(site.place(), &away).expect("moved");
    wait_for_state(&daemon, "missing");
    let sources = site.run(&["sources"], 0).stdout;
    assert!(
        sources.contains("plugin count is missing: no plugin `count`: looked for"),
        "{sources}"
    );
    // The run that was at work gives way; nothing that it gave is lost.
    let refused = site.run(&["sync", "count"], 1).stderr;
    assert!(
        refused.contains("no plugin `count`") || refused.contains("is being pulled already"),
        "{refused}"
    );
    let n_kept = n_rows_of(&daemon, 1);
    assert!(n_kept > 0);
    fs::rename(away, site.place()).expect("moved");
    wait_for_version(&daemon, 1);
    wait_until("it goes on", LIMIT, || {
        (n_rows_of(&daemon, 1) > n_kept).then_some(())
    });
    let events = ["loaded 1.0.0", "removed 1.0.0", "returned 1.0.0"];
    assert_eq!(site.events(), events);
}

#[test]
fn only_approved_builds_are_taken_over_where_the_configuration_says_so() {
    let Some(site) = Site::new("reload::verify", "verify") else {
        return;
    };
    let daemon = site.serve();
    wait_for_version(&daemon, 1);
    let [second] = builds([2]);
    rename_over(&second, &site.place());
    wait_for_state(&daemon, "refused");
    wait_for_more_rows(&daemon);
    let sources = site.run(&["sources"], 0).stdout;
    for part in [
        "nobody approved this build of it (vocd.count 2.0.0)",
        "vocd plugin trust ",
    ] {
        assert!(sources.contains(part), "{part}: {sources}");
    }
    site.run(&["plugin", "trust", "count"], 0);
    wait_for_version(&daemon, 2);
    wait_for_rows_of(&daemon, 2);
}

#[test]
fn nothing_is_taken_over_before_a_restart_where_the_configuration_says_so() {
    let Some(site) = Site::new("reload::off", "off") else {
        return;
    };
    let mut daemon = site.serve();
    wait_for_rows_of(&daemon, 1);
    let [second] = builds([2]);
    rename_over(&second, &site.place());
    daemon.signal(rustix::process::Signal::HUP);
    wait_until("the signal is heard", LIMIT, || {
        let log = daemon.log();
        log.contains("the configuration was reloaded").then_some(())
    });
    wait_for_more_rows(&daemon);
    assert_eq!(n_rows_of(&daemon, 2), 0);
    assert_eq!(daemon.stop(), 0);
    let daemon = site.serve();
    wait_for_version(&daemon, 2);
    wait_for_rows_of(&daemon, 2);
}

#[test]
fn a_build_that_crashes_twice_gives_way_to_the_one_before() {
    let Some(site) = Site::new("reload::rollback", "auto") else {
        return;
    };
    let daemon = site.serve();
    wait_for_rows_of(&daemon, 1);
    let bad = build(2, &["-DFAULT=2"]).expect("a compiler");
    rename_over(&bad, &site.place());
    wait_until("it is rolled back", LIMIT, || {
        let is_back = site.events().contains(&"rolled_back 1.0.0".to_owned());
        is_back.then_some(())
    });
    let plugin = state(&daemon)["plugin"].clone();
    assert_eq!(
        (&plugin["version"], &plugin["state"], &plugin["generation"]),
        (&"1.0.0".into(), &"refused".into(), &3.into())
    );
    let n_before = n_rows_of(&daemon, 1);
    wait_until("the source works again", LIMIT, || {
        (n_rows_of(&daemon, 1) > n_before).then_some(())
    });
    let [third] = builds([3]);
    rename_over(&third, &site.place());
    wait_for_version(&daemon, 3);
    wait_for_rows_of(&daemon, 3);
}

/// Asks for pictures until told to stop; returns how many it got.
fn ask(daemon: &Daemon, is_over: &AtomicBool, first: usize) -> usize {
    let targets = [
        "/charts/service/nps.svg",
        "/charts/service/line.png?width=600&height=300",
        "/charts/service/line.json",
        "/api/v1/kpis/nps?grain=day",
    ];
    let mut n_answers = 0;
    while !is_over.load(Ordering::Acquire) {
        let target = targets[(first + n_answers) % targets.len()];
        let answer = daemon.get(target);
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        n_answers += 1;
    }
    n_answers
}

#[test]
fn no_row_is_lost_or_counted_twice_and_no_chart_fails_while_builds_change() {
    let Some(site) = Site::new("reload::load", "auto") else {
        return;
    };
    let daemon = site.serve();
    wait_for_rows_of(&daemon, 1);
    let ways: [Replace; 4] = [rename_over, copy_over, hard_link, install];
    let is_over = AtomicBool::new(false);
    let n_answers: usize = std::thread::scope(|scope| {
        let askers = [0, 2].map(|first| {
            let (daemon, is_over) = (&daemon, &is_over);
            scope.spawn(move || ask(daemon, is_over, first))
        });
        for version in 2..8 {
            let file = build(version, &[]).expect("a compiler");
            ways[version as usize % ways.len()](&file, &site.place());
            wait_for_rows_of(&daemon, version);
        }
        // It ends at a full thousand, so that whatever is missing shows.
        let last = build(8, &["-DLAST=1"]).expect("a compiler");
        rename_over(&last, &site.place());
        wait_for_version(&daemon, 8);
        wait_until("the last build is done", LIMIT, || {
            let state = state(&daemon);
            let is_done = n_rows(&daemon).is_multiple_of(1_000);
            (is_done && state["last_run"]["failure"].is_null()).then_some(())
        });
        is_over.store(true, Ordering::Release);
        let answers = askers.map(|asker| asker.join().expect("every picture came"));
        answers.iter().sum()
    });
    println!("{n_answers} pictures and answers, {} rows", n_rows(&daemon));
    assert!(n_answers > 20);
    let n_counted: u64 = (1..=8).map(|version| n_rows_of(&daemon, version)).sum();
    assert_eq!(n_counted, n_rows(&daemon), "{}", daemon.log());
    assert_eq!(state(&daemon)["plugin"]["generation"], 8);
    assert_eq!(state(&daemon)["rejects"], serde_json::json!({}));
}

#[test]
fn no_webhook_is_lost_or_refused_while_builds_change() {
    const N_BUILDS: u64 = 4;
    let (scratch, address) = pushed::lay_out("", "");
    let library = "libvocd_source_pushed.so";
    let built = fs::read(binaries::folder().join(library)).expect("built");
    let place = scratch.write(&format!("plugins/{library}"), &built);
    let config = fs::read_to_string(scratch.path("vocd.toml")).expect("written");
    let folders = format!("plugin_dirs = [\"{}\"]", binaries::folder().display());
    assert!(config.contains(&folders));
    let rules = "plugin_dirs = [\"plugins\"]\n[plugins]\ntrust = \"any\"\nreload = \"auto\"";
    scratch.write("vocd.toml", config.replace(&folders, rules));
    let daemon = pushed::serve(scratch.folder(), address);
    let is_over = AtomicBool::new(false);
    let n_sent: u64 = std::thread::scope(|scope| {
        let vendor = scope.spawn(|| {
            let mut n_sent = 0;
            while !is_over.load(Ordering::Acquire) {
                let body = pushed::body(&format!("w{n_sent}"));
                let answer = pushed::post(address, &body).expect("an answer");
                assert_eq!(answer.status, 200, "{}", answer.text());
                n_sent += 1;
            }
            n_sent
        });
        for number in 2..=N_BUILDS {
            // What follows the end of a library makes it another build that does the same.
            let padding = vec![0; usize::try_from(number).expect("small")];
            let beside = scratch.write("plugins/next.tmp", [&built[..], &padding].concat());
            fs::rename(beside, &place).expect("renamed");
            wait_until("the build is taken over", LIMIT, || {
                (state(&daemon)["plugin"]["generation"] == number).then_some(())
            });
        }
        is_over.store(true, Ordering::Release);
        vendor.join().expect("every webhook was taken")
    });
    wait_until("every webhook is parsed", LIMIT, || {
        (pushed::n_rows(&daemon) == n_sent).then_some(())
    });
    let webhooks = state(&daemon)["webhooks"].clone();
    assert_eq!(
        (&webhooks["waiting"], &webhooks["dead_letters"]),
        (&0.into(), &0.into()),
        "{}",
        daemon.log()
    );
    println!("{n_sent} webhooks");
}
