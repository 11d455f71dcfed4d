//! The examples do what their pages say, typed as the pages say it.

use std::path::Path;
use std::process::Command;

use vocd::host::PluginFile;
use vocd_tests::binaries;
use vocd_tests::daemon::vocd;
use vocd_tests::plugin::example;
use vocd_tests::scratch::Scratch;
use vocd_tests::skip::{Need, skip};

/// Builds the example in C by its own Makefile; `None` without a compiler.
fn built_c(test: &str) -> Option<Scratch> {
    let scratch = Scratch::new();
    for file in ["answers.c", "Makefile", "sample.toml"] {
        scratch.write(file, example(&format!("c/{file}")));
    }
    let header = binaries::root().join("plugins/sdk/include");
    let made = Command::new("make")
        .arg(format!("HEADER={}", header.display()))
        .arg("CFLAGS=-O2 -Wall -Wextra -Wpedantic -Werror")
        .current_dir(scratch.folder())
        .output();
    let has_compiler = Command::new("cc").arg("--version").output().is_ok();
    match made {
        Ok(made) if has_compiler => {
            let told = String::from_utf8_lossy(&made.stderr);
            assert!(made.status.success(), "{told}");
            Some(scratch)
        }
        _ => {
            skip(test, Need::Compiler, "there is no `make` or no `cc`");
            None
        }
    }
}

fn run(folder: &Path, arguments: &[&str]) -> String {
    let outcome = vocd(folder, arguments);
    assert_eq!(outcome.code, 0, "{arguments:?}: {outcome:?}");
    outcome.stdout
}

#[test]
fn the_source_in_c_keeps_the_contract() {
    let Some(scratch) = built_c("examples::c_contract") else {
        return;
    };
    let library = "libvocd_source_answers.so";
    let arguments = ["plugin", "check", library, "--config", "sample.toml"];
    let report = run(scratch.folder(), &arguments);
    assert!(report.contains(" 0 warn, 0 fail, 0 skip"), "{report}");
}

#[test]
fn the_source_in_c_goes_on_where_it_was() {
    let Some(scratch) = built_c("examples::c_resume") else {
        return;
    };
    let lay_out = |n_answers: u32| {
        let sample = example("c/sample.toml").replace("10000", &n_answers.to_string());
        let folders = "timezone = \"UTC\"\nplugin_dirs = [\".\"]\n[plugins]\ntrust = \"any\"\n";
        scratch.write("vocd.toml", format!("{folders}{sample}"));
    };
    for (n_answers, told) in [(10_000, "10000"), (10_000, "0"), (10_500, "500")] {
        lay_out(n_answers);
        let synced = run(scratch.folder(), &["sync", "my-answers"]);
        let expected = format!("{told} new or changed");
        assert!(synced.contains(&expected), "{expected}: {synced}");
    }
    let answer = ["kpi", "nps", "--range", "all", "--format", "json"];
    let answer: serde_json::Value =
        serde_json::from_str(&run(scratch.folder(), &answer)).expect("JSON");
    assert_eq!(answer["series"][0]["total"]["n"], 10_500, "{answer}");
}

#[test]
fn the_smallest_source_is_described_without_being_run() {
    let library = binaries::folder().join("libvocd_source_bare.so");
    let plugin = PluginFile::open(&library).expect("a plugin");
    assert_eq!(plugin.manifest().id, "org.example.bare");
    let sample = binaries::root().join("plugins/examples/bare/sample.toml");
    let (library, sample) = (library.to_string_lossy(), sample.to_string_lossy());
    let arguments = ["plugin", "check", &library, "--config", &sample];
    let report = run(Path::new("/"), &arguments);
    assert!(report.contains(" 0 warn, 0 fail, 0 skip"), "{report}");
}
