//! Version 1 of the C interface for ever: a library that was built when it was new, a header that
//! may only grow, and a plugin whose Arrow is not the daemon's.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use vocd::host::{
    Delivery, FailureReason, Flow, Host, Outbound, PluginFile, RunEvent, RunLimits, RunOutcome,
    RunRequest, StartAt, StopSignal, Task,
};
use vocd::record::{RecordKind, SourceName, StreamName};
use vocd_tests::binaries;
use vocd_tests::plugin::{Start, compile_c_with, run};
use vocd_tests::skip::{Need, skip};

fn fixture(name: &str) -> PathBuf {
    binaries::root().join("tests/fixtures/abi-v1").join(name)
}

/// The library of 1.0, or `None` on a machine that it was not built for.
fn frozen(test: &str) -> Option<PluginFile> {
    if !cfg!(all(
        target_arch = "x86_64",
        target_os = "linux",
        target_env = "gnu"
    )) {
        let why = "the frozen library is for x86-64 Linux with glibc";
        skip(test, Need::Processor, why);
        return None;
    }
    let library = fixture("libvocd_source_frozen.so");
    Some(PluginFile::open(&library).expect("the manifest of 1.0 is read"))
}

/// What a run gave, one word an event.
fn told(event: &RunEvent) -> String {
    match event {
        RunEvent::Batch(kind, rows) => format!("{} {}", rows.num_rows(), kind.name()),
        RunEvent::Checkpoint { json, .. } => json.clone(),
        RunEvent::Reject(reject) => format!("refused {}", reject.place),
        RunEvent::Progress(progress) => format!("{} of {}", progress.done, progress.total),
        RunEvent::Ready => "ready".to_owned(),
        RunEvent::Parsed(refusal) => match refusal {
            None => "parsed".to_owned(),
            Some(failure) => format!("refused: {}", failure.message),
        },
    }
}

/// Reads the plugin's rows from a checkpoint on.
fn read(plugin: &PluginFile, config: &Value, from: Option<&str>) -> (RunOutcome, Vec<String>) {
    let start = Start {
        plugin,
        config,
        base_dir: Path::new("/nowhere"),
        private_dir: Path::new("/nowhere"),
        checkpoint: from.map(|json| StartAt { json, format: 1 }),
        limits: RunLimits::default(),
        stop: &StopSignal::new(),
        secrets: &[],
    };
    let mut events = Vec::new();
    let outcome = run(&start, &mut |event| {
        events.push(told(&event));
        Flow::Continue
    });
    (outcome, events)
}

#[test]
fn a_library_of_1_0_is_read_to_its_end() {
    let Some(plugin) = frozen("abi_v1::read") else {
        return;
    };
    let second = ["refused page:1", "3 of 6", "3 subscription", "{\"page\":2}"];
    let whole = [&["3 ticket", "{\"page\":1}"][..], &second].concat();
    for (from, expected) in [
        (None, whole.as_slice()),
        (Some("{\"page\":1}"), second.as_slice()),
        (Some("{\"page\":2}"), &[]),
    ] {
        let (outcome, events) = read(&plugin, &json!({}), from);
        assert_eq!(outcome.failure, None, "{from:?}");
        assert_eq!(events, expected, "{from:?}");
    }
}

#[test]
fn a_library_of_1_0_fails_in_its_own_words() {
    let Some(plugin) = frozen("abi_v1::fail") else {
        return;
    };
    for (config, from, reason, message) in [
        (
            json!({"refuse": true}),
            None,
            FailureReason::Config,
            "`refuse` is set (frozen)",
        ),
        (
            json!({"wait": true}),
            None,
            FailureReason::RateLimited,
            "slow down (frozen)",
        ),
        (
            json!({}),
            Some("{\"leaf\":1}"),
            FailureReason::CheckpointUnreadable,
            "not a page (frozen)",
        ),
    ] {
        let failure = read(&plugin, &config, from).0.failure.expect("it fails");
        assert_eq!(
            (failure.reason, failure.message.as_str()),
            (reason, message)
        );
    }
}

#[test]
fn a_library_of_1_0_answers_calls_and_parses_webhooks() {
    let Some(plugin) = frozen("abi_v1::webhook") else {
        return;
    };
    let host = Host::new(&binaries::folder().join("vocd-plugin-host")).expect("one build");
    let (source, stream) = (SourceName::new("frozen"), StreamName::new("rows"));
    let (source, stream) = (source.expect("valid"), stream.expect("valid"));
    let request = RunRequest {
        source: &source,
        run_id: 1,
        plugin: &plugin,
        config_json: &json!({}),
        base_dir: Path::new("/nowhere"),
        private_dir: Path::new("/nowhere"),
        secrets: &[],
        stream: &stream,
        checkpoint: None,
        limits: RunLimits::default(),
        outbound: &Outbound::default(),
    };
    let task = Task::Call {
        method: "check",
        params: &json!({}),
    };
    let stop = StopSignal::new();
    let (outcome, overheard) = host.observe(request, task, &stop, &mut |_| Flow::Continue);
    assert_eq!(outcome.failure, None);
    assert_eq!(overheard.reply, Some(json!({"ok": true})));

    let delivery = |body| Delivery {
        event_id: "e1",
        received_at_ms: 1_767_225_600_000,
        headers: &[],
        body,
    };
    let deliveries = [delivery(b"a ticket"), delivery(b"nothing")];
    let mut events = Vec::new();
    let outcome = host.parse(request, &deliveries, &stop, &mut |event| {
        events.push(told(&event));
        Flow::Continue
    });
    assert_eq!(outcome.failure, None);
    let refused = "refused: no ticket (frozen)";
    assert_eq!(events, ["ready", "3 ticket", "parsed", refused]);
}

#[test]
fn the_source_of_1_0_compiles_against_the_header_of_today() {
    let source = std::fs::read_to_string(fixture("frozen.c")).expect("a file of this checkout");
    let flags = ["-std=c99", "-Wextra", "-Wpedantic"];
    let Some(library) = compile_c_with("frozen", &source, &flags) else {
        skip("abi_v1::source", Need::Compiler, "there is no C compiler");
        return;
    };
    let plugin = PluginFile::open(&library).expect("a plugin");
    let (outcome, _) = read(&plugin, &json!({}), None);
    assert_eq!((outcome.failure, outcome.n_rows), (None, 6));
}

/// Builds the plugin with the other Arrow; `None` where its packages cannot be had.
fn other_arrow() -> Option<PluginFile> {
    let manifest = binaries::root().join("tests/other-arrow/Cargo.toml");
    let target = binaries::folder().parent().expect("the target folder");
    let target = target.join("other-arrow");
    let cargo = |arguments: &[&str]| {
        Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(arguments)
            .args(["--locked", "--quiet", "--manifest-path"])
            .arg(&manifest)
            .env("CARGO_TARGET_DIR", &target)
            .output()
            .expect("cargo runs")
    };
    let is_there = cargo(&["fetch", "--offline"]).status.success();
    if !is_there && !cargo(&["fetch"]).status.success() {
        let why = "the packages of another Arrow are neither in cargo's store nor to be fetched";
        skip("abi_v1::other_arrow", Need::Registry, why);
        return None;
    }
    let built = cargo(&["build", "--offline"]);
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    let library = target.join("debug/libvocd_source_other_arrow.so");
    Some(PluginFile::open(&library).expect("a plugin"))
}

#[test]
fn a_plugin_with_another_arrow_is_understood() {
    let Some(plugin) = other_arrow() else {
        return;
    };
    let start = Start {
        plugin: &plugin,
        config: &json!({}),
        base_dir: Path::new("/nowhere"),
        private_dir: Path::new("/nowhere"),
        checkpoint: None,
        limits: RunLimits::default(),
        stop: &StopSignal::new(),
        secrets: &[],
    };
    let mut printed = String::new();
    let outcome = run(&start, &mut |event| {
        if let RunEvent::Batch(RecordKind::Ticket, rows) = &event {
            let mut row = rows.slice(1, 1);
            row.remove_column(1);
            printed.push_str(&format!("{row:?}"));
        }
        Flow::Continue
    });
    assert_eq!(outcome.failure, None);
    assert_eq!(outcome.n_rows, 150);
    // The second row of each batch is the 52nd of its page: the offset of the slice was heeded.
    for id in ["t51", "t151", "t251"] {
        assert!(printed.contains(&format!("\"{id}\"")), "{id}: {printed}");
    }
    assert!(printed.contains("51.0"), "{printed}");
}
