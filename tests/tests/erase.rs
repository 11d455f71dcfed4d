//! A person is erased from three sources, the inbox and every file, whatever is killed, and nobody
//! who stays loses a number.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vocd_tests::binaries;
use vocd_tests::daemon::{Daemon, Outcome, command, free_address, vocd, wait_until};
use vocd_tests::dice::{Dice, seed, setting};
use vocd_tests::planted::{ALIAS, Among, PLANTED, found_in, lay_out, numbers, sync};
use vocd_tests::pushed::{self, SECRET};
use vocd_tests::scratch::Scratch;

/// Kills, unless `VOCD_CRASH_ROUNDS` says otherwise.
const N_ROUNDS: u64 = 12;
const LIMIT: Duration = Duration::from_secs(60);

fn nowhere() -> std::net::SocketAddr {
    "127.0.0.1:1".parse().expect("an address nobody listens on")
}

fn erase(folder: &Path, arguments: &[&str]) -> Outcome {
    let all: Vec<&str> = ["erase"]
        .into_iter()
        .chain(arguments.iter().copied())
        .collect();
    vocd(folder, &all)
}

/// What the numbers are when the person never was.
fn without() -> Vec<Value> {
    let scratch = lay_out(Among::None, nowhere(), "");
    let _ = sync(scratch.folder(), false);
    numbers(scratch.folder())
}

#[test]
fn a_person_is_gone_from_three_sources_and_stays_away() {
    let scratch = lay_out(Among::Others, nowhere(), "");
    let (folder, data) = (scratch.folder(), scratch.path("vocd-data"));
    let _ = sync(folder, false);
    let (before, without) = (numbers(folder), without());
    assert!(
        before.iter().zip(&without).all(|(a, b)| a != b),
        "the person counts in each"
    );
    assert!(!found_in(&data).is_empty(), "the test sees what is planted");

    ask_wrongly(folder);
    let dry = erase(folder, &["--customer", "zplantedq@b.example", "--dry-run"]);
    let rows: Vec<Vec<&str>> = dry
        .stdout
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    for expected in [
        ["customer", "2", "0"],
        ["response", "80", "0"],
        ["ticket", "40", "0"],
    ] {
        assert!(rows.contains(&expected.to_vec()), "{}", dry.stdout);
    }
    assert_eq!(numbers(folder), before, "looking changes nothing");

    let done = erase(folder, &["--customer", "desk/zplantedq-9", "--yes"]);
    assert_eq!(done.code, 0, "{}{}", done.stdout, done.stderr);
    assert_eq!(numbers(folder), without);
    assert_eq!(found_in(&data), Vec::<String>::new());
    let receipt = done
        .stdout
        .split("receipt ")
        .nth(1)
        .expect("printed")
        .split(' ')
        .next();
    let receipt = receipt.expect("a word");
    let kept = erase(folder, &["--receipts"]);
    let line: Value = serde_json::from_str(kept.stdout.trim()).expect("one receipt");
    assert_eq!(line["receipt"], receipt);
    assert_eq!(
        line["rows"],
        json!({"customer": 2, "response": 80, "ticket": 40})
    );
    assert!(line["finished_at"].is_string(), "{line}");
    let audit = std::fs::read_to_string(data.join("audit.ndjson")).expect("there");
    let last: Value = serde_json::from_str(audit.lines().last().expect("a line")).expect("JSON");
    assert_eq!(
        (&last["action"], &last["on"]),
        (&json!("erase"), &json!(receipt))
    );

    let printed = sync(folder, true);
    for part in ["erased: 1", "erased: 41", "erased: 80"] {
        assert!(printed.contains(part), "{printed}");
    }
    assert_eq!(numbers(folder), without, "a full read brings nobody back");
    let again = erase(folder, &["--customer", ALIAS, "--yes"]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert!(again.stdout.contains(receipt), "{}", again.stdout);
    assert_eq!(found_in(&data), Vec::<String>::new());
}

/// Asks for what cannot be, or not yet.
fn ask_wrongly(folder: &Path) {
    for (arguments, code, part) in [
        (
            vec!["--customer", "nobody", "--yes"],
            1,
            "no customer `nobody` is known",
        ),
        (vec!["--customer", ALIAS], 1, "nothing was erased"),
        (vec!["--yes"], 2, "--customer"),
        (
            vec!["--customer", ALIAS, "--yes", "--dry-run"],
            2,
            "cannot be used with",
        ),
        (vec!["--receipts"], 0, "nobody was erased yet"),
    ] {
        let outcome = erase(folder, &arguments);
        let told = format!("{}{}", outcome.stdout, outcome.stderr);
        assert_eq!(outcome.code, code, "{arguments:?}: {told}");
        assert!(told.contains(part), "{arguments:?}: {told}");
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("writable");
    for entry in std::fs::read_dir(from).expect("readable") {
        let path = entry.expect("readable").path();
        let target = to.join(path.file_name().expect("an entry has a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else if path.is_file() {
            std::fs::copy(&path, &target).expect("writable");
        }
    }
}

#[test]
fn a_kill_leaves_all_or_nothing_and_the_command_can_be_run_again() {
    let (seed, n_rounds) = (seed(), setting("VOCD_CRASH_ROUNDS", N_ROUNDS));
    let mut dice = Dice::new(seed);
    let scratch = lay_out(Among::Others, nowhere(), "");
    let (folder, data) = (scratch.folder(), scratch.path("vocd-data"));
    let _ = sync(folder, false);
    let (before, without) = (numbers(folder), without());
    let kept = Scratch::new();
    copy(&data, &kept.path("data"));
    // A kill falls anywhere in what an undisturbed one takes here.
    let started = Instant::now();
    assert_eq!(erase(folder, &["--customer", ALIAS, "--yes"]).code, 0);
    let delay_ms = u64::try_from(started.elapsed().as_millis()).expect("short");
    let (mut n_whole, mut n_gone, mut n_killed) = (0, 0, 0);
    for round in 0..n_rounds {
        std::fs::remove_dir_all(&data).expect("ours");
        copy(&kept.path("data"), &data);
        let mut erasing = command(folder, &["erase", "--customer", ALIAS, "--yes"])
            .spawn()
            .expect("vocd starts");
        std::thread::park_timeout(Duration::from_millis(dice.roll(delay_ms)));
        // It may have ended on its own.
        let _ = erasing.kill();
        n_killed += u64::from(!erasing.wait().expect("ours").success());
        let after = numbers(folder);
        match after == before {
            true => n_whole += 1,
            false => {
                assert_eq!(
                    after, without,
                    "seed {seed} round {round}: neither all nor nothing"
                );
                n_gone += 1;
            }
        }
        let again = erase(folder, &["--customer", ALIAS, "--yes"]);
        assert_eq!(again.code, 0, "seed {seed} round {round}: {}", again.stderr);
        assert_eq!(numbers(folder), without, "seed {seed} round {round}");
        let left = found_in(&data);
        assert_eq!(left, Vec::<String>::new(), "seed {seed} round {round}");
    }
    println!(
        "{n_killed} were killed: {n_whole} before the commit, the others of {n_gone} after it"
    );
    assert!(n_killed > 0, "seed {seed}: none was killed");
}

/// Returns the body of a webhook in which the person says something.
fn said(idx: u64) -> Value {
    json!({"id": format!("event-{idx}"), "words": PLANTED,
        "rows": [{"id": format!("w-{PLANTED}-{idx}"), "score": 0, "at_s": 1_772_000_000, "customer": ALIAS}]})
}

#[test]
fn a_running_daemon_erases_while_the_person_goes_on_talking() {
    let address = free_address();
    let more = format!(
        "[[source]]\nname = \"talk\"\nplugin = \"pushed\"\nexpect_every = \"1d\"\n\
         [source.config]\nwebhook_secret = \"{SECRET}\"\n"
    );
    let plugins = format!("plugin_dirs = [\"{}\"]\n", binaries::folder().display());
    let scratch = lay_out(Among::Others, address, &more);
    let configuration = std::fs::read_to_string(scratch.path("vocd.toml")).expect("ours");
    scratch.write("vocd.toml", plugins + &configuration);
    let (folder, data) = (scratch.folder(), scratch.path("vocd-data"));
    let _ = sync(folder, false);
    let mut daemon = Daemon::start(folder, &["serve"], address);
    let post = |body: &Value| {
        let bytes = body.to_string().into_bytes();
        let headers = pushed::signed(&bytes, jiff::Timestamp::now().as_second());
        pushed::send(address, "/ingest/talk", &headers, &bytes)
            .is_ok_and(|answer| answer.status == 200)
    };
    let other =
        json!({"id": "other", "rows": [{"id": "other", "score": 9, "at_s": 1_772_000_000}]});
    assert!(post(&other));
    assert!(post(
        &json!({"id": "aside", "do": "refuse", "words": format!("x {PLANTED}@b.example")})
    ));
    let is_over = AtomicBool::new(false);
    let n_posted = AtomicU64::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for idx in 0.. {
                if is_over.load(Ordering::Acquire) {
                    break;
                }
                assert!(post(&said(idx)), "{}", daemon.log());
                n_posted.fetch_add(1, Ordering::AcqRel);
            }
        });
        wait_until("the person was heard", LIMIT, || {
            (rows_of(&daemon) > 5).then_some(())
        });
        let done = erase(folder, &["--customer", "zplantedq-1", "--yes"]);
        let told = format!("{}{}", done.stdout, done.stderr);
        let heard = n_posted.load(Ordering::Acquire);
        // Answered anew at once, and the person goes on for a while.
        let n_rows = rows_of(&daemon);
        wait_until("more was posted", LIMIT, || {
            (n_posted.load(Ordering::Acquire) > heard + 5).then_some(())
        });
        is_over.store(true, Ordering::Release);
        assert_eq!((done.code, n_rows), (0, 1), "{told}\n{}", daemon.log());
    });
    wait_until("the inbox is empty", LIMIT, || {
        (source(&daemon)["webhooks"]["waiting"] == 0).then_some(())
    });
    assert_eq!(rows_of(&daemon), 1, "only the other's row");
    assert!(
        source(&daemon)["rejects"]["erased"]
            .as_u64()
            .is_some_and(|n| n > 0)
    );
    assert_eq!(daemon.stop(), 0, "{}", daemon.log());
    assert_eq!(found_in(&data), Vec::<String>::new());
    // The log of the daemon is not in the data directory, and may be kept elsewhere.
    assert!(!daemon.log().contains(PLANTED), "{}", daemon.log());
    let sources = vocd(folder, &["sources", "--format", "json"]);
    assert!(!sources.stdout.contains(PLANTED), "{}", sources.stdout);
}

fn source(daemon: &Daemon) -> Value {
    let sources = daemon.get("/api/v1/sources").json();
    let sources = sources["sources"].as_array().cloned().unwrap_or_default();
    let own = sources.into_iter().find(|source| source["name"] == "talk");
    own.unwrap_or_default()
}

fn rows_of(daemon: &Daemon) -> u64 {
    source(daemon)["rows"]["response"].as_u64().unwrap_or(0)
}
