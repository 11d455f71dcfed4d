//! The conformance kit: a plugin that keeps the contract passes every test, and one with a single
//! fault fails the one test that is meant for it.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use vocd::conformance::{self, Sample, Status, Verdict, report};
use vocd::host::{Host, RunLimits};
use vocd_tests::plugin::compile_c_with;
use vocd_tests::scratch::Scratch;
use vocd_tests::skip::{Need, skip};
use vocd_tests::{binaries, daemon};

const SOURCE: &str = include_str!("plugin_check/faulty.c");

fn sample(config: Value, base_dir: &Path) -> Sample {
    Sample {
        config,
        secrets: Vec::new(),
        base_dir: base_dir.to_owned(),
        limits: RunLimits::default(),
    }
}

fn verdicts(library: &Path, sample: &Sample) -> Vec<Verdict> {
    let host = Host::new(&binaries::folder().join("vocd-plugin-host")).expect("one build");
    conformance::check(&host, library, Some(sample), None)
}

fn bad(verdicts: &[Verdict]) -> Vec<(&str, Status)> {
    verdicts
        .iter()
        .filter(|verdict| matches!(verdict.finding.status, Status::Fail | Status::Warn))
        .map(|verdict| (verdict.test, verdict.finding.status))
        .collect()
}

/// Compiles the plugin with one fault; `None` without a compiler.
fn faulty(fault: &str, flags: &[&str]) -> Option<PathBuf> {
    let source = format!("#define FAULT_{}\n{SOURCE}", fault.to_uppercase());
    let library = compile_c_with("faulty", &source, flags);
    if library.is_none() {
        let test = format!("plugin_check::{fault}");
        skip(&test, Need::Compiler, "there is no C compiler");
    }
    library
}

/// Checks that the fault is found by its own test and by no other.
fn check(fault: &str, flags: &[&str], expected: Status) {
    let Some(library) = faulty(fault, flags) else {
        return;
    };
    let config = json!({ "n": 3, "token": "hunter22" });
    let verdicts = verdicts(&library, &sample(config, Path::new("/nowhere")));
    let found = bad(&verdicts);
    assert_eq!(found, [(fault, expected)], "{verdicts:#?}");
    let verdict = verdicts.iter().find(|verdict| verdict.test == fault);
    let remedy = verdict.and_then(|verdict| verdict.finding.remedy);
    assert!(remedy.is_some_and(|remedy| remedy.len() > 10), "{fault}");
}

#[test]
fn a_plugin_without_a_fault_passes_every_test() {
    let Some(library) = faulty("nowhere", &[]) else {
        return;
    };
    let config = json!({ "n": 3, "token": "hunter22" });
    let verdicts = verdicts(&library, &sample(config, Path::new("/nowhere")));
    assert_eq!(bad(&verdicts), [], "{verdicts:#?}");
    assert!(verdicts.len() > 30, "{verdicts:#?}");
    assert_eq!(report::count(&verdicts, Status::Skip), 0);
}

#[test]
fn a_fault_of_the_file_fails_its_own_test() {
    check("exports", &[], Status::Fail);
    check("needs", &["-Wl,--no-as-needed", "-lresolv"], Status::Fail);
    check("run_paths", &["-Wl,-rpath,/nowhere"], Status::Fail);
    check("stack", &["-Wl,-z,execstack"], Status::Fail);
    check("relocations", &["-Wl,-z,notext"], Status::Fail);
}

#[test]
fn a_fault_of_the_manifest_fails_its_own_test() {
    for fault in ["manifest", "identity", "schema", "secrets_marked"] {
        check(fault, &[], Status::Fail);
    }
}

#[test]
fn a_fault_of_opening_and_closing_fails_its_own_test() {
    for fault in ["close", "odd_configs", "invented_configs", "unknown_method"] {
        check(fault, &[], Status::Fail);
    }
}

#[test]
fn a_fault_of_the_rows_fails_its_own_test() {
    for fault in [
        "full_read",
        "required",
        "timestamps",
        "values",
        "ids",
        "determinism",
    ] {
        check(fault, &[], Status::Fail);
    }
}

#[test]
fn a_fault_of_going_on_fails_its_own_test() {
    for fault in ["resume", "garbage_checkpoint", "other_format"] {
        check(fault, &[], Status::Fail);
    }
    check("again", &[], Status::Warn);
}

#[test]
fn bad_manners_fail_their_own_test() {
    for fault in ["drain", "secrets", "memory"] {
        check(fault, &[], Status::Fail);
    }
    check("quiet", &[], Status::Warn);
}

#[test]
fn the_plugins_of_this_tree_pass() {
    let scratch = Scratch::new();
    let rows: String = (0..500)
        .map(|row| format!("r{row},s,q,nps,{},2026-01-05T10:00:00Z\n", row % 11))
        .collect();
    let header = "id,survey,question,metric,score,responded_at\n";
    // A record that the plugin refuses is no fault of the plugin.
    let refused = "r500,s,q,nps,nine,2026-01-05T10:00:00Z\n";
    scratch.write("answers.csv", format!("{header}{rows}{refused}"));
    let file = json!({ "kind": "response", "path": "answers.csv" });
    let csv = json!({ "checkpoint_rows": 50, "file": [file] });
    for (library, config) in [
        ("libvocd_source_csv.so", csv),
        ("libvocd_source_bare.so", json!({})),
    ] {
        let library = binaries::folder().join(library);
        let verdicts = verdicts(&library, &sample(config, scratch.folder()));
        assert_eq!(bad(&verdicts), [], "{verdicts:#?}");
        assert_eq!(report::count(&verdicts, Status::Skip), 0);
    }
}

#[test]
fn the_command_tells_by_exit_code_and_in_three_formats() {
    let scratch = Scratch::new();
    scratch.write("text.so", "no library");
    let text = daemon::vocd(scratch.folder(), &["plugin", "check", "text.so"]);
    assert_eq!(text.code, 1, "{}", text.stdout);
    assert!(
        text.stdout
            .starts_with("fail  static/elf  it is no 64-bit ELF library")
    );
    assert!(text.stdout.contains("hint: build it as a shared library"));
    assert!(
        text.stderr.contains("vocd: 1 test failed"),
        "{}",
        text.stderr
    );

    let library = binaries::folder().join("libvocd_source_csv.so");
    let library = library.to_string_lossy();
    let run = |format: &str| {
        let outcome = daemon::vocd(
            scratch.folder(),
            &["plugin", "check", &library, "--format", format],
        );
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        outcome.stdout
    };
    let report: Value = serde_json::from_str(&run("json")).expect("JSON");
    assert_eq!(report["passed"], true);
    assert_eq!(
        report["tests"]
            .as_array()
            .and_then(|tests| tests.last())
            .map(|test| &test["status"]),
        Some(&json!("skip"))
    );
    let xml = run("junit");
    assert!(
        xml.contains("<testcase classname=\"static\" name=\"elf\""),
        "{xml}"
    );
    assert!(xml.contains("<skipped message=\"there is no configuration to read with"));
}
