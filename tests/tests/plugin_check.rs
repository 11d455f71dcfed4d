//! The conformance kit: a plugin that keeps the contract passes every test, and one with a single
//! fault fails the one test that is meant for it.

use std::path::{Path, PathBuf};

use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use vocd::conformance::{self, CheckOptions, Group, Recorded, Sample, Status, Verdict, report};
use vocd::host::{Host, RunLimits};
use vocd_tests::plugin::compile_c_with;
use vocd_tests::replay::contract::recorded;
use vocd_tests::scratch::Scratch;
use vocd_tests::skip::{Need, skip};
use vocd_tests::vendor::{Reply, Vendor};
use vocd_tests::{binaries, daemon};

const SOURCE: &str = include_str!("plugin_check/faulty.c");

fn sample(config: Value, base_dir: &Path) -> Sample {
    Sample {
        config,
        secrets: Vec::new(),
        base_dir: base_dir.to_owned(),
        limits: RunLimits::default(),
        cassette: None,
        webhooks: Vec::new(),
    }
}

/// What the plugin with one fault is checked with: it reads, and a vendor pushes to it.
fn whole_sample() -> Sample {
    const BODY: &str = r#"{"row":4}"#;
    let mut mac = Hmac::<Sha256>::new_from_slice(b"hunter23").expect("any length");
    mac.update(BODY.as_bytes());
    let digest = mac.finalize().into_bytes();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let webhooks = [
        json!({"headers": {"X-Signature": hex, "X-Topic": "t3"}, "body": BODY}),
        json!({"body": {"row": 5}}),
    ];
    Sample {
        webhooks: webhooks.iter().map(recorded).collect(),
        secrets: vec!["hunter23".to_owned()],
        ..sample(
            json!({ "n": 3, "token": "hunter22", "hook": "hunter23" }),
            Path::new("/nowhere"),
        )
    }
}

fn verdicts(library: &Path, sample: &Sample) -> Vec<Verdict> {
    let host = Host::new(&binaries::folder().join("vocd-plugin-host")).expect("one build");
    let options = CheckOptions {
        sample: Some(sample),
        ..CheckOptions::default()
    };
    conformance::check(&host, library, options)
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
    let verdicts = verdicts(&library, &whole_sample());
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
    let verdicts = verdicts(&library, &whole_sample());
    assert_eq!(bad(&verdicts), [], "{verdicts:#?}");
    assert!(verdicts.len() > 40, "{verdicts:#?}");
    assert_eq!(report::count(&verdicts, Status::Skip), 0);
}

#[test]
fn a_fault_of_the_file_fails_its_own_test() {
    check("exports", &[], Status::Fail);
    check("needs", &["-Wl,--no-as-needed", "-lresolv"], Status::Fail);
    check("run_paths", &["-Wl,-rpath,/nowhere"], Status::Fail);
    check("stack", &["-Wl,-z,execstack"], Status::Fail);
    check("relocations", &["-Wl,-z,notext"], Status::Fail);
    check("calls", &[], Status::Warn);
}

#[test]
fn a_fault_of_the_manifest_fails_its_own_test() {
    for fault in ["manifest", "identity", "schema", "secrets_marked"] {
        check(fault, &[], Status::Fail);
    }
}

#[test]
fn a_fault_of_opening_and_closing_fails_its_own_test() {
    for fault in [
        "close",
        "odd_configs",
        "invented_configs",
        "unknown_method",
        "other_hosts",
        "many_times",
    ] {
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
    for fault in ["drain", "secrets", "memory", "egress"] {
        check(fault, &[], Status::Fail);
    }
    check("quiet", &[], Status::Warn);
}

#[test]
fn a_fault_of_its_webhooks_fails_its_own_test() {
    for fault in [
        "webhook_keys",
        "webhook_proof",
        "webhook_parsed",
        "webhook_again",
        "webhook_strange",
        "webhook_secrets",
    ] {
        check(fault, &[], Status::Fail);
    }
}

#[test]
fn a_proof_that_anybody_can_give_is_found() {
    let Some(library) = faulty("webhook_changed", &[]) else {
        return;
    };
    let verdicts = verdicts(&library, &whole_sample());
    let failed = |test| (test, Status::Fail);
    let expected = ["webhook_keys", "webhook_changed"].map(failed);
    assert_eq!(bad(&verdicts), expected, "{verdicts:#?}");
}

#[test]
fn without_webhooks_or_their_secret_the_rest_is_checked() {
    let Some(library) = faulty("nowhere", &[]) else {
        return;
    };
    let config = json!({ "n": 3 });
    let skipped = |webhooks: Vec<Recorded>| {
        let sample = Sample {
            webhooks,
            ..sample(config.clone(), Path::new("/nowhere"))
        };
        let verdicts = verdicts(&library, &sample);
        assert_eq!(bad(&verdicts), [], "{verdicts:#?}");
        let is_skipped = |verdict: &&Verdict| verdict.finding.status == Status::Skip;
        let what = verdicts.iter().filter(is_skipped);
        what.map(|verdict| verdict.finding.what.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(skipped(Vec::new()), ["there are no recorded webhooks"]);
    assert_eq!(
        skipped(whole_sample().webhooks),
        ["the sample sets none of `hook`"]
    );
}

#[test]
fn the_command_takes_webhooks_from_beside_the_sample() {
    let Some(library) = faulty("nowhere", &[]) else {
        return;
    };
    let scratch = Scratch::new();
    scratch.write(
        "sample.toml",
        "[[source]]\nname = \"a\"\nplugin = \"faulty\"\nevery = \"1d\"\n\
         [source.config]\nn = 3\nhook = \"hunter23\"\n",
    );
    scratch.write("webhooks.jsonl", "{\"body\":{\"row\":4}}\n");
    let library = library.to_string_lossy();
    let check = || {
        let arguments = ["plugin", "check", &library, "--config", "sample.toml"];
        daemon::vocd(scratch.folder(), &arguments)
    };
    let good = check();
    assert_eq!(good.code, 0, "{}{}", good.stdout, good.stderr);
    let told = "1 webhooks prove themselves, 1 of them signed here";
    assert!(good.stdout.contains(told), "{}", good.stdout);
    scratch.write("webhooks.jsonl", "\n{\"boddy\":1}\n");
    let bad = check();
    assert_eq!(bad.code, 1, "{}", bad.stdout);
    let told = "webhooks.jsonl`, line 2: unknown field `boddy`";
    assert!(bad.stderr.contains(told), "{}", bad.stderr);
}

/// One exchange of a vendor that is well.
const ANSWERED: &str = r#"{"request":{"method":"GET","url":"https://api.example.org/answers","headers":{},"body_hash":""},"response":{"status":200,"headers":{"content-type":"application/json"},"body":"[]"}}"#;

#[test]
fn a_failing_vendor_that_is_taken_for_an_end_is_found() {
    let Some(library) = faulty("vendor", &[]) else {
        return;
    };
    let config = json!({ "n": 3, "token": "hunter22" });
    let sample = Sample {
        cassette: Some(ANSWERED.into()),
        ..sample(config, Path::new("/nowhere"))
    };
    let verdicts = verdicts(&library, &sample);
    let failed = |test| (test, Status::Fail);
    let expected = ["vendor_busy", "vendor_down", "vendor_locked"].map(failed);
    assert_eq!(bad(&verdicts), expected, "{verdicts:#?}");
}

#[test]
fn a_recorded_vendor_fails_in_every_way() {
    let fixture = binaries::root().join("plugins/examples/fetch/fixtures/two-pages.har.jsonl");
    let cassette = std::fs::read_to_string(fixture).expect("the fixture");
    let config = json!({ "url": "https://api.example.org", "token": "hunter22" });
    let sample = Sample {
        secrets: vec!["hunter22".to_owned()],
        cassette: Some(cassette.into()),
        ..sample(config, Path::new("/nowhere"))
    };
    let library = binaries::folder().join("libvocd_source_fetch.so");
    let verdicts = verdicts(&library, &sample);
    assert_eq!(bad(&verdicts), [], "{verdicts:#?}");
    let vendor = verdicts
        .iter()
        .filter(|verdict| verdict.group == Group::Vendor);
    let passed: Vec<&str> = vendor
        .filter(|verdict| verdict.finding.status == Status::Pass)
        .map(|verdict| verdict.test)
        .collect();
    let expected = [
        "vendor_busy",
        "vendor_down",
        "vendor_locked",
        "vendor_page",
        "vendor_cut",
    ];
    assert_eq!(passed, expected, "{verdicts:#?}");
}

#[test]
fn the_command_records_a_vendor_replays_it_and_invents_configurations() {
    let vendor = Vendor::start(|seen, _| match seen.target() {
        "GET /answers?after=0" => Reply::new(
            200,
            &["content-type: application/json"],
            r#"{"answers":[{"id":1,"score":9,"answered_at_s":1767225600}],"next":null}"#,
        ),
        "GET /answers?after=1" => Reply::new(
            200,
            &["content-type: application/json"],
            r#"{"answers":[],"next":null}"#,
        ),
        _ => Reply::new(404, &[], ""),
    });
    let scratch = Scratch::new();
    let (folder, url) = (binaries::folder(), vendor.url(""));
    scratch.write(
        "sample.toml",
        format!(
            "plugin_dirs = [\"{}\"]\n[[source]]\nname = \"fetched\"\nplugin = \"fetch\"\n\
             every = \"1d\"\n[source.config]\nurl = \"{url}\"\ntoken = \"hunter22\"\n",
            folder.display()
        ),
    );
    let library = folder.join("libvocd_source_fetch.so");
    let library = library.to_string_lossy();
    let check = |more: &[&str]| {
        let mut arguments = vec!["plugin", "check", &library, "--config", "sample.toml"];
        arguments.extend(more);
        daemon::vocd(scratch.folder(), &arguments)
    };
    let recorded = check(&["--cassette", "new.jsonl", "--record"]);
    let told = format!("{}{}", recorded.stdout, recorded.stderr);
    assert!(told.contains("pass  vendor/vendor_busy"), "{told}");
    let n_asked = vendor.seen().len();
    assert_eq!(
        n_asked, 2,
        "only recording reads the vendor: all, and what is new"
    );
    let kept = std::fs::read_to_string(scratch.path("new.jsonl")).expect("recorded");
    assert!(!kept.contains("hunter22"), "no secret in a cassette");
    let replayed = check(&["--cassette", "new.jsonl", "--fuzz", "1s"]);
    assert_eq!(replayed.code, 0, "{}{}", replayed.stdout, replayed.stderr);
    assert!(
        replayed.stdout.contains("pass  lifecycle/fuzz"),
        "{}",
        replayed.stdout
    );
    assert_eq!(vendor.seen().len(), n_asked);
    // Never over a recording that is there.
    let again = check(&["--cassette", "new.jsonl", "--record"]);
    assert_eq!(again.code, 1, "{}", again.stderr);
    assert!(again.stderr.contains("name a new file"), "{}", again.stderr);
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
