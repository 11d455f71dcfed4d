//! Whatever is killed, and whenever: the same rows and the same numbers as an undisturbed load.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use vocd_tests::daemon::{command, vocd};
use vocd_tests::scratch::Scratch;
use vocd_tests::survey;

const N_ROWS: u64 = 200_000;
const N_ROUNDS: u32 = 20;
/// Longest time before a kill: about what one round's load takes.
const DELAY_MS: u64 = 250;

/// A small generator whose whole state is the seed that the test prints.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

fn lay_out(n_rows: u64) -> Scratch {
    let scratch = Scratch::new();
    scratch.write(
        "answers.csv",
        format!("{}{}", survey::HEADER, survey::rows(0, n_rows)),
    );
    let address = "127.0.0.1:1".parse().expect("an address nobody listens on");
    // Small commit units: a checkpoint every 2,000 rows.
    let configuration = survey::configuration(address, "").replace(
        "[[source.config.file]]",
        "[source.config]\ncheckpoint_rows = 2000\n\n[[source.config.file]]",
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

fn undisturbed() -> Value {
    let scratch = lay_out(N_ROWS);
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
        for child in children(daemon.id()) {
            if let Some(pid) = rustix::process::Pid::from_raw(child) {
                // It may have ended on its own in between.
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
        }
    } else {
        let _ = daemon.kill();
    }
    // After the death of its child the daemon reports it and ends in an orderly way.
    let status = daemon.wait().expect("our own child");
    !status.success()
}

fn children(pid: u32) -> Vec<i32> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task"));
    let children = tasks
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    children
        .flat_map(|line| {
            line.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .filter_map(|pid| pid.parse().ok())
        .collect()
}

#[test]
fn twenty_kills_change_nothing() {
    let seed = std::env::var("VOCD_TEST_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(|| {
            let now = SystemTime::now()
                .duration_since(SystemTime::UNIX_EPOCH)
                .expect("after 1970");
            now.as_nanos() as u64 | 1
        });
    println!("seed {seed}: VOCD_TEST_SEED={seed} repeats it");
    let mut dice = Dice(seed);
    let expected = undisturbed();
    // The file grows from round to round, so that every round has something to lose.
    let rows_per_round = N_ROWS / u64::from(N_ROUNDS);
    let scratch = lay_out(0);
    let mut n_interrupted = 0;
    for round in 0..N_ROUNDS {
        grow(&scratch, u64::from(round) * rows_per_round, rows_per_round);
        let delay = Duration::from_millis(dice.roll(DELAY_MS));
        n_interrupted += u32::from(kill_once(scratch.folder(), delay, dice.roll(3) == 0));
    }
    println!("{n_interrupted} of {N_ROUNDS} rounds were interrupted");
    assert!(
        n_interrupted >= N_ROUNDS / 4,
        "seed {seed}: only {n_interrupted} rounds hit a load"
    );
    let outcome = vocd(scratch.folder(), &["sync", "answers"]);
    assert_eq!(outcome.code, 0, "seed {seed}: {}", outcome.stderr);
    assert_eq!(answer(scratch.folder()), expected, "seed {seed}");
    let sources = vocd(scratch.folder(), &["sources", "--format", "json"]);
    let sources: Value = serde_json::from_str(&sources.stdout).expect("JSON");
    assert_eq!(
        sources["sources"][0]["rows"]["response"], N_ROWS,
        "seed {seed}"
    );
}
