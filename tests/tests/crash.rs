//! Whatever is killed, and whenever: the same rows and the same numbers as an undisturbed load.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use vocd_tests::daemon::{children, command, vocd};
use vocd_tests::dice::{Dice, seed, setting};
use vocd_tests::scratch::Scratch;
use vocd_tests::survey;

/// What a load has to lose in each round.
const ROWS_PER_ROUND: u64 = 10_000;
/// Kills, unless `VOCD_CRASH_ROUNDS` says otherwise.
const N_ROUNDS: u64 = 20;
/// Longest time before a kill: about what one round's load takes.
const DELAY_MS: u64 = 250;

fn lay_out(n_rows: u64) -> Scratch {
    let scratch = Scratch::new();
    scratch.write(
        "answers.csv",
        format!("{}{}", survey::HEADER, survey::rows(0, n_rows)),
    );
    let address = "127.0.0.1:1".parse().expect("an address nobody listens on");
    // Small commit units: a checkpoint every 2,000 rows. Many rounds make one long undisturbed load.
    let configuration = survey::configuration(address, "").replace(
        "[[source.config.file]]",
        "timeout = \"1h\"\n\n[source.config]\ncheckpoint_rows = 2000\n\n[[source.config.file]]",
    );
    scratch.write("vocd.toml", configuration);
    scratch
}

/// Adds rows to the file that the source reads.
fn grow(scratch: &Scratch, first: u64, n_rows: u64) {
    let path = scratch.path("answers.csv");
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .open(path)
        .expect("ours");
    file.write_all(survey::rows(first, n_rows).as_bytes())
        .expect("writable");
}

fn answer(folder: &Path) -> Value {
    let outcome = vocd(
        folder,
        &[
            "kpi", "nps", "--grain", "week", "--range", "all", "--tz", "UTC", "--format", "json",
            "--by", "channel",
        ],
    );
    if outcome.code != 0 {
        panic!("{}\n{}", outcome.stdout, outcome.stderr);
    }
    let mut answer: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    for moving in ["as_of", "valid_until", "provenance"] {
        answer.as_object_mut().expect("object").remove(moving);
    }
    answer
}

fn undisturbed(n_rows: u64) -> Value {
    let scratch = lay_out(n_rows);
    let outcome = vocd(scratch.folder(), &["sync", "answers"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    answer(scratch.folder())
}

/// Starts a load and kills it, or the child it runs, after `delay`; tells whether it was still
/// at work.
fn kill_once(folder: &Path, delay: Duration, is_child: bool) -> bool {
    let mut daemon = command(folder, &["sync", "answers"])
        .spawn()
        .expect("vocd starts");
    std::thread::park_timeout(delay);
    if is_child {
        let pid = i32::try_from(daemon.id()).expect("process ids are positive i32");
        for child in children(pid) {
            // It may have ended on its own in between.
            let _ = rustix::process::kill_process(child, rustix::process::Signal::KILL);
        }
    } else {
        let _ = daemon.kill();
    }
    // After the death of its child the daemon reports it and ends in an orderly way.
    let status = daemon.wait().expect("our own child");
    !status.success()
}

#[test]
fn kills_change_nothing() {
    let (seed, n_rounds) = (seed(), setting("VOCD_CRASH_ROUNDS", N_ROUNDS));
    let n_rows = n_rounds * ROWS_PER_ROUND;
    let mut dice = Dice::new(seed);
    let expected = undisturbed(n_rows);
    // The file grows from round to round, so that every round has something to lose.
    let scratch = lay_out(0);
    let mut n_interrupted = 0;
    for round in 0..n_rounds {
        grow(&scratch, round * ROWS_PER_ROUND, ROWS_PER_ROUND);
        let delay = Duration::from_millis(dice.roll(DELAY_MS));
        n_interrupted += u64::from(kill_once(scratch.folder(), delay, dice.roll(3) == 0));
    }
    println!("{n_interrupted} of {n_rounds} rounds were interrupted");
    assert!(
        n_interrupted >= n_rounds / 4,
        "seed {seed}: only {n_interrupted} rounds hit a load"
    );
    let outcome = vocd(scratch.folder(), &["sync", "answers"]);
    assert_eq!(outcome.code, 0, "seed {seed}: {}", outcome.stderr);
    assert_eq!(answer(scratch.folder()), expected, "seed {seed}");
    let sources = vocd(scratch.folder(), &["sources", "--format", "json"]);
    let sources: Value = serde_json::from_str(&sources.stdout).expect("JSON");
    assert_eq!(
        sources["sources"][0]["rows"]["response"], n_rows,
        "seed {seed}"
    );
}
