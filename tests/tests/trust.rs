//! A plugin from elsewhere runs once it was approved, and the refusal says how.

use std::fs;

use vocd_tests::binaries;
use vocd_tests::daemon::{Outcome, vocd};
use vocd_tests::plugin::{compile_c, example};
use vocd_tests::scratch::Scratch;
use vocd_tests::skip::{Need, skip};

const LIBRARY: &str = "libvocd_source_csv.so";

fn site() -> Scratch {
    let scratch = Scratch::new();
    let library = fs::read(binaries::folder().join(LIBRARY)).expect("built");
    scratch.write(&format!("plugins/{LIBRARY}"), library);
    fs::create_dir(scratch.path("dashboards")).expect("ours");
    scratch.write(
        "answers.csv",
        "id,survey,question,metric,score,responded_at\n",
    );
    scratch.write(
        "vocd.toml",
        "timezone = \"UTC\"\nplugin_dirs = [\"plugins\"]\n\n[[source]]\nname = \"answers\"\n\
         plugin = \"csv\"\n\n[[source.config.file]]\nkind = \"response\"\npath = \"answers.csv\"\n",
    );
    scratch
}

fn run(scratch: &Scratch, arguments: &[&str], code: i32) -> Outcome {
    let outcome = vocd(scratch.folder(), arguments);
    assert_eq!(
        outcome.code, code,
        "{arguments:?}: {}{}",
        outcome.stdout, outcome.stderr
    );
    outcome
}

#[test]
fn an_unknown_build_is_refused_until_it_is_approved() {
    let scratch = site();
    let checked = run(&scratch, &["check"], 1);
    for part in [
        "vocd.toml:6:",
        "nobody approved this build of it",
        "vocd plugin trust ./plugins/",
    ] {
        assert!(checked.stdout.contains(part), "{part}: {}", checked.stdout);
    }
    let synced = run(&scratch, &["sync", "answers"], 1);
    assert!(
        synced.stderr.contains("vocd plugin trust ./plugins/"),
        "{}",
        synced.stderr
    );

    let trusted = run(&scratch, &["plugin", "trust", "csv"], 0);
    assert!(
        trusted.stdout.contains("may run from now on; noted in"),
        "{}",
        trusted.stdout
    );
    let again = run(
        &scratch,
        &["plugin", "trust", "plugins/libvocd_source_csv.so"],
        0,
    );
    assert!(
        again.stdout.contains("is approved already"),
        "{}",
        again.stdout
    );
    run(&scratch, &["check"], 0);
    run(&scratch, &["sync", "answers"], 0);
}

#[test]
fn another_build_under_the_same_name_is_refused() {
    let scratch = site();
    run(&scratch, &["plugin", "trust", "csv"], 0);
    let path = scratch.path(&format!("plugins/{LIBRARY}"));
    let mut library = fs::read(&path).expect("there");
    library.push(0);
    fs::write(&path, library).expect("ours");
    let synced = run(&scratch, &["sync", "answers"], 1);
    assert!(
        synced.stderr.contains("nobody approved this build"),
        "{}",
        synced.stderr
    );
}

#[test]
fn a_build_that_crashes_twice_gives_way_to_the_last_good_one() {
    let good = example("hostile/hostile.c");
    let bad = good.replace(
        "return misbehave(out);",
        "abort();\n  return misbehave(out);",
    );
    assert_ne!(good, bad);
    let (Some(good), Some(bad)) = (compile_c("turn", &good), compile_c("turn", &bad)) else {
        skip("trust::turn", Need::Compiler, "there is no C compiler");
        return;
    };
    let scratch = Scratch::new();
    let place = scratch.path("plugins/libvocd_source_turn.so");
    fs::create_dir(scratch.path("plugins")).expect("ours");
    scratch.write(
        "vocd.toml",
        "timezone = \"UTC\"\nplugin_dirs = [\"plugins\"]\n[plugins]\ntrust = \"any\"\n\n\
         [[source]]\nname = \"turn\"\nplugin = \"turn\"\n[source.config]\ndeed = \"end\"\n",
    );
    fs::copy(good.path(), &place).expect("copied");
    run(&scratch, &["sync", "turn"], 0);
    fs::copy(bad.path(), &place).expect("copied");
    for _ in 0..2 {
        let crashed = run(&scratch, &["sync", "turn"], 1);
        assert!(
            crashed.stderr.contains("abort (signal 6)"),
            "{}",
            crashed.stderr
        );
    }
    run(&scratch, &["sync", "turn"], 0);
    let sources = run(&scratch, &["sources", "--format", "json"], 0);
    assert!(
        sources.stdout.contains("\"activity\": 5") || sources.stdout.contains("\"activity\":5"),
        "{}",
        sources.stdout
    );
}
