//! Compaction gives space back, in the daemon or without one, and a kill changes nothing.

use std::path::Path;
use std::time::{Duration, Instant};

use vocd_tests::daemon::{Daemon, command, vocd};
use vocd_tests::dice::{Dice, seed, setting};
use vocd_tests::survey::{self, lay_out};

/// Answers that are there.
const N_ROWS: u64 = 60_000;
/// Kills, unless `VOCD_CRASH_ROUNDS` says otherwise.
const N_ROUNDS: u64 = 12;

/// Returns a KPI and every row, as they are given out.
fn everything(folder: &Path) -> String {
    let arguments = [
        "kpi", "nps", "--range", "all", "--grain", "week", "--format", "csv", "--by", "channel",
    ];
    let kpi = vocd(folder, &arguments);
    assert_eq!(kpi.code, 0, "{}", kpi.stderr);
    let sources = vocd(folder, &["sources"]);
    assert_eq!(sources.code, 0, "{}", sources.stderr);
    kpi.stdout + &sources.stdout
}

#[test]
fn kills_change_nothing() {
    let (seed, n_rounds) = (seed(), setting("VOCD_CRASH_ROUNDS", N_ROUNDS));
    let mut dice = Dice::new(seed);
    let (scratch, _) = lay_out(N_ROWS);
    let folder = scratch.folder();
    let outcome = vocd(folder, &["sync", "answers"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let before = everything(folder);
    // A kill falls anywhere in what an undisturbed one takes here.
    let started = Instant::now();
    assert_eq!(vocd(folder, &["compact"]).code, 0);
    let delay_ms = u64::try_from(started.elapsed().as_millis()).expect("short");
    assert_eq!(everything(folder), before);
    let mut n_killed = 0;
    for round in 0..n_rounds {
        let mut compacting = command(folder, &["compact"]).spawn().expect("vocd starts");
        std::thread::park_timeout(Duration::from_millis(dice.roll(delay_ms)));
        // It may have ended on its own.
        let _ = compacting.kill();
        n_killed += u64::from(!compacting.wait().expect("ours").success());
        assert_eq!(everything(folder), before, "seed {seed} round {round}");
    }
    println!("{n_killed} of {n_rounds} compactions were killed");
    assert!(n_killed > 0, "seed {seed}: none was killed");
    let done = vocd(folder, &["compact"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(done.stdout.contains("counted in both"), "{}", done.stdout);
    assert_eq!(everything(folder), before, "seed {seed}");
    let mut left: Vec<String> = std::fs::read_dir(scratch.path("vocd-data"))
        .expect("there")
        .map(|entry| {
            entry
                .expect("readable")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    left.retain(|name| name.starts_with("vocd.duckdb"));
    assert_eq!(left, ["vocd.duckdb"]);
}

#[test]
fn a_daemon_answers_while_it_compacts() {
    let (scratch, address) = lay_out(N_ROWS);
    let folder = scratch.folder();
    let outcome = vocd(folder, &["sync", "answers"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let mut daemon = Daemon::start(folder, &["serve"], address);
    let target = "/api/v1/kpis/nps?range=all&grain=month";
    let series = |daemon: &Daemon| daemon.get(target).json()["series"].clone();
    let before = series(&daemon);
    assert!(before[0]["points"].is_array());
    let mut compacting = command(folder, &["compact"]).spawn().expect("vocd starts");
    let mut n_answers = 0;
    while compacting.try_wait().expect("ours").is_none() {
        assert_eq!(series(&daemon), before);
        n_answers += 1;
    }
    let done = compacting.wait_with_output().expect("ours");
    let told = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(
        done.status.success() && told.contains("counted in both"),
        "{told}\n{}",
        daemon.log()
    );
    println!("{n_answers} answers meanwhile; {told}");
    assert_eq!(series(&daemon), before);
    let lines = format!("{}{}", survey::HEADER, survey::rows(0, N_ROWS + 10));
    scratch.write("answers.csv", lines);
    let outcome = vocd(folder, &["sync", "answers"]);
    assert!(
        outcome.stdout.contains("10 new or changed"),
        "{}",
        outcome.stdout
    );
    assert_eq!(daemon.stop(), 0);
}
