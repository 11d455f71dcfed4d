//! What a plugin author types: a new crate builds, keeps the contract, and gives a number; the
//! loop of building, checking and looking says what is wrong.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use vocd_tests::binaries;
use vocd_tests::daemon::{Outcome, command, vocd, wait_until};
use vocd_tests::scratch::Scratch;
use vocd_tests::skip::{Need, skip};

/// Longest wait for one build of a small crate on a busy machine.
const BUILD_TIMEOUT: Duration = Duration::from_secs(300);

fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// New crates share one target folder, so that their dependencies are compiled once.
fn target_dir() -> PathBuf {
    let target = binaries::folder().parent().expect("the target folder");
    target.join("plugin-new")
}

/// Writes a crate; `None` where cargo lacks the packages it is built from.
fn new_crate(test: &str, scratch: &Scratch, name: &str, kind: &str) -> Option<PathBuf> {
    let made = vocd(scratch.folder(), &["plugin", "new", name, "--kind", kind]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let folder = scratch.path(name);
    let resolved = Command::new(cargo())
        .args(["fetch", "--offline", "--quiet"])
        .current_dir(&folder)
        .output();
    if resolved.is_ok_and(|output| output.status.success()) {
        return Some(folder);
    }
    let why = "cargo has no copy of the packages a new plugin is built from";
    skip(test, Need::Registry, why);
    None
}

fn dev(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = command(folder, &["plugin", "dev", "."]);
    command
        .args(arguments)
        .env("CARGO_TARGET_DIR", target_dir())
        .env("CARGO_NET_OFFLINE", "true");
    command
}

fn once(folder: &Path) -> Outcome {
    let output = dev(folder, &["--once"]).output().expect("vocd starts");
    Outcome {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Puts the library where the crate's own target folder would have it.
fn install(folder: &Path, library: &str) {
    let built = folder.join("target/debug");
    fs::create_dir_all(&built).expect("made");
    fs::copy(
        target_dir().join("debug").join(library),
        built.join(library),
    )
    .expect("built");
}

fn run(folder: &Path, arguments: &[&str]) -> String {
    let outcome = vocd(folder, arguments);
    assert_eq!(
        outcome.code, 0,
        "{arguments:?}: {}{}",
        outcome.stdout, outcome.stderr
    );
    outcome.stdout
}

#[test]
fn a_new_survey_plugin_gives_a_number() {
    let scratch = Scratch::new();
    let Some(folder) = new_crate("plugin_new::survey", &scratch, "new-survey", "survey") else {
        return;
    };
    let looked = once(&folder);
    assert_eq!(looked.code, 0, "{}{}", looked.stdout, looked.stderr);
    assert!(looked.stdout.contains("answers: 360 rows of response"));
    assert!(looked.stdout.contains("answer-19 ") && !looked.stdout.contains("answer-20 "));

    let library = "libvocd_source_new_survey.so";
    install(&folder, library);
    let library = format!("target/debug/{library}");
    let report = run(
        &folder,
        &["plugin", "check", &library, "--config", "sample.toml"],
    );
    assert!(report.contains(" 0 warn, 0 fail, 0 skip"), "{report}");
    assert!(run(&folder, &["check"]).contains("no faults"));
    assert!(run(&folder, &["sync", "my-new-survey"]).contains("360 new or changed"));
    let answer = run(
        &folder,
        &["kpi", "nps", "--grain", "month", "--format", "json"],
    );
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    assert_eq!(answer["series"][0]["total"]["n"], 360, "{answer}");
    run(&folder, &["render", "new-survey/trend", "-o", "trend.svg"]);
}

#[test]
fn new_helpdesk_and_crm_plugins_give_rows() {
    for (kind, rows) in [("helpdesk", "360 ticket"), ("crm", "360 customer")] {
        let scratch = Scratch::new();
        let (test, name) = (format!("plugin_new::{kind}"), format!("new-{kind}"));
        let Some(folder) = new_crate(&test, &scratch, &name, kind) else {
            return;
        };
        let looked = once(&folder);
        assert_eq!(looked.code, 0, "{}{}", looked.stdout, looked.stderr);
        install(&folder, &format!("libvocd_source_new_{kind}.so"));
        assert!(run(&folder, &["check"]).contains("no faults"));
        run(&folder, &["sync", &format!("my-{name}")]);
        let sources = run(&folder, &["sources"]);
        assert!(sources.contains(rows), "{sources}");
    }
}

#[test]
fn its_own_unit_tests_pass() {
    let scratch = Scratch::new();
    let test = "plugin_new::unit_tests";
    let Some(folder) = new_crate(test, &scratch, "new-tested", "survey") else {
        return;
    };
    let output = Command::new(cargo())
        .args(["test", "--offline", "--quiet", "--lib"])
        .env("CARGO_TARGET_DIR", target_dir())
        .current_dir(&folder)
        .output()
        .expect("cargo starts");
    let (stdout, stderr) = (output.stdout, output.stderr);
    let told = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
    assert!(
        output.status.success() && told.contains("2 passed"),
        "{told}"
    );
    assert!(!told.contains("warning"), "{told}");
}

#[test]
fn nothing_is_overwritten_and_a_bad_name_is_explained() {
    let scratch = Scratch::new();
    scratch.write("taken/mine.txt", "mine");
    let outcome = vocd(scratch.folder(), &["plugin", "new", "taken"]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.stderr.contains("failed to make the folder `taken`"));
    assert!(!scratch.path("taken/Cargo.toml").exists());
    let outcome = vocd(scratch.folder(), &["plugin", "new", "../Zendesk"]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome
            .stderr
            .contains("`../Zendesk` cannot be the name of a plugin")
    );
    assert!(outcome.stderr.contains("hint: use 1 to 30 of a-z"));
}

#[test]
fn what_stops_the_loop_is_said() {
    let scratch = Scratch::new();
    let outcome = vocd(scratch.folder(), &["plugin", "dev", ".", "--once"]);
    assert!(
        outcome
            .stderr
            .contains("`.` is no crate: it has no Cargo.toml")
    );
    let test = "plugin_new::build_failure";
    let Some(folder) = new_crate(test, &scratch, "new-broken", "crm") else {
        return;
    };
    let output = dev(&folder, &["--once"])
        .env("CARGO", "/nowhere/cargo")
        .output();
    let stderr = String::from_utf8_lossy(&output.expect("vocd starts").stderr).into_owned();
    assert!(
        stderr.contains("failed to run `/nowhere/cargo`"),
        "{stderr}"
    );
    assert!(stderr.contains("hint: install Rust"), "{stderr}");

    fs::write(folder.join("src/vendor.rs"), "//! Broken.\nfn (").expect("written");
    let outcome = once(&folder);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stderr.contains("src/vendor.rs:2"),
        "{}",
        outcome.stderr
    );
    assert!(outcome.stderr.contains("vocd: the plugin does not build"));
}

#[test]
fn a_saved_file_is_built_and_shown_again() {
    let scratch = Scratch::new();
    let Some(folder) = new_crate("plugin_new::watch", &scratch, "new-watched", "survey") else {
        return;
    };
    let mut child = dev(&folder, &[]).spawn().expect("vocd starts");
    let shown = Arc::new(Mutex::new(String::new()));
    let reader = BufReader::new(child.stdout.take().expect("piped"));
    let keeper = Arc::clone(&shown);
    std::thread::spawn(move || {
        for line in reader.lines().map_while(Result::ok) {
            keeper
                .lock()
                .expect("only appended to")
                .push_str(&(line + "\n"));
        }
    });
    let is_shown = |text: &str| {
        let shown = shown.lock().expect("only appended to");
        shown.contains(text).then_some(())
    };
    wait_until("the first turn", BUILD_TIMEOUT, || {
        is_shown("waiting for a change")
    });
    assert!(is_shown("360 rows of response").is_some());
    let vendor = folder.join("src/vendor.rs");
    let text = fs::read_to_string(&vendor).expect("readable");
    fs::write(
        &vendor,
        text.replace("PAGE_ANSWERS: u32 = 30", "PAGE_ANSWERS: u32 = 20"),
    )
    .expect("written");
    wait_until("the second turn", BUILD_TIMEOUT, || {
        is_shown("240 rows of response")
    });
    child.kill().expect("still there");
    child.wait().expect("our own child");
}
