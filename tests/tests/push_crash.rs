//! Every acknowledged webhook is stored once: under load, and whatever is killed meanwhile.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use vocd_tests::daemon::{Daemon, children, vocd, wait_until};
use vocd_tests::dice::{Dice, seed, setting};
use vocd_tests::pushed::{body, lay_out, n_rows, post, serve, state};
use vocd_tests::scratch::Scratch;

const N_CLIENTS: usize = 64;
/// Events of each, at least; `VOCD_WEBHOOK_S` says for how many seconds they go on.
const N_EVENTS_EACH: u64 = 30;
/// Kills, unless `VOCD_CRASH_ROUNDS` says otherwise.
const N_ROUNDS: u64 = 20;
/// Clients that post while something is killed.
const N_POSTERS: usize = 8;
/// Longest time from the first post of a round to its kill.
const DELAY_MS: u64 = 250;
const LIMIT: Duration = Duration::from_secs(120);

fn is_acknowledged(address: SocketAddr, id: &str) -> bool {
    post(address, &body(id)).is_ok_and(|answer| answer.status == 200)
}

fn wait_until_parsed(daemon: &Daemon) {
    wait_until("the inbox is empty", LIMIT, || {
        (state(daemon)["webhooks"]["waiting"] == 0).then_some(())
    });
}

#[test]
fn sixty_four_clients_are_heard_and_each_event_is_stored_once() {
    let (scratch, address) = lay_out("", "");
    let daemon = serve(scratch.folder(), address);
    let until = Instant::now() + Duration::from_secs(setting("VOCD_WEBHOOK_S", 0));
    let n_events = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for client in 0..N_CLIENTS {
            let (daemon, n_events) = (&daemon, &n_events);
            scope.spawn(move || {
                for event in 0.. {
                    if event >= N_EVENTS_EACH && Instant::now() >= until {
                        break;
                    }
                    let id = format!("c{client}-{event}");
                    assert!(is_acknowledged(address, &id), "{}", daemon.log());
                    n_events.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
    });
    let n_events = n_events.into_inner();
    println!("{n_events} events of {N_CLIENTS} clients were acknowledged");
    wait_until("every event is stored", LIMIT, || {
        (n_rows(&daemon) >= n_events).then_some(())
    });
    wait_until_parsed(&daemon);
    assert_eq!(n_rows(&daemon), n_events);
    assert_eq!(state(&daemon)["webhooks"]["dead_letters"], 0);
}

/// Posts until told to stop; returns the ids that nobody acknowledged.
fn post_until(
    address: SocketAddr,
    prefix: &str,
    is_over: &AtomicBool,
    n_acknowledged: &AtomicU64,
) -> Vec<String> {
    let mut unheard = Vec::new();
    for event in 0.. {
        if is_over.load(Ordering::SeqCst) {
            break;
        }
        let id = format!("{prefix}-{event}");
        match is_acknowledged(address, &id) {
            true => {
                n_acknowledged.fetch_add(1, Ordering::SeqCst);
            }
            false => {
                unheard.push(id);
                // The daemon is dead: the round is over.
                break;
            }
        }
    }
    unheard
}

/// Waits until nothing is left to parse.
fn parse_all(scratch: &Scratch, daemon: &Daemon) {
    wait_until_parsed(daemon);
    if state(daemon)["webhooks"]["dead_letters"] != 0 {
        // Two kills met the same webhook, which looks like poison.
        let retried = vocd(scratch.folder(), &["sources", "retry", "survey"]);
        assert_eq!(retried.code, 0, "{}", retried.stderr);
        wait_until_parsed(daemon);
    }
}

#[test]
fn kills_lose_no_acknowledged_webhook() {
    let (seed, n_rounds) = (seed(), setting("VOCD_CRASH_ROUNDS", N_ROUNDS));
    let mut dice = Dice::new(seed);
    let (scratch, address) = lay_out("", "");
    let mut daemon = serve(scratch.folder(), address);
    let (n_acknowledged, unheard) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    let mut n_hit = 0;
    for round in 0..n_rounds {
        let (delay, is_child) = (
            Duration::from_millis(dice.roll(DELAY_MS)),
            dice.roll(2) == 0,
        );
        let is_over = AtomicBool::new(false);
        let before = n_acknowledged.load(Ordering::SeqCst);
        std::thread::scope(|scope| {
            for poster in 0..N_POSTERS {
                let (is_over, n_acknowledged, unheard) = (&is_over, &n_acknowledged, &unheard);
                scope.spawn(move || {
                    let prefix = format!("r{round}-p{poster}");
                    let own = post_until(address, &prefix, is_over, n_acknowledged);
                    unheard.lock().expect("no panic").extend(own);
                });
            }
            std::thread::park_timeout(delay);
            match is_child {
                true => children(daemon.pid()).into_iter().for_each(|child| {
                    // It may have ended on its own in between.
                    let _ = rustix::process::kill_process(child, rustix::process::Signal::KILL);
                }),
                false => {
                    daemon.signal(rustix::process::Signal::KILL);
                    daemon.wait(LIMIT);
                }
            }
            is_over.store(true, Ordering::SeqCst);
        });
        n_hit += u64::from(n_acknowledged.load(Ordering::SeqCst) > before);
        if !is_child {
            drop(daemon);
            daemon = serve(scratch.folder(), address);
        }
    }
    println!("{n_hit} of {n_rounds} rounds had webhooks under way");
    assert!(
        n_hit >= n_rounds / 4,
        "seed {seed}: only {n_hit} rounds hit"
    );
    parse_all(&scratch, &daemon);
    let unheard = unheard.into_inner().expect("no panic");
    let n_acknowledged = n_acknowledged.into_inner();
    let most = n_acknowledged + unheard.len() as u64;
    println!("seed {seed}: {n_acknowledged} acknowledged, {most} sent");
    // Rows are counted a moment after the inbox is empty.
    wait_until("every acknowledged event is stored", LIMIT, || {
        (n_rows(&daemon) >= n_acknowledged).then_some(())
    });
    let stored = n_rows(&daemon);
    assert!(stored <= most, "seed {seed}: {stored} stored, {most} sent");
    // The vendor sends again what nobody acknowledged: then every event is there, each once.
    for id in &unheard {
        assert!(
            is_acknowledged(address, id),
            "seed {seed}: {}",
            daemon.log()
        );
    }
    wait_until("every event is stored", LIMIT, || {
        (n_rows(&daemon) >= most).then_some(())
    });
    wait_until_parsed(&daemon);
    assert_eq!(n_rows(&daemon), most, "seed {seed}");
    assert_eq!(state(&daemon)["webhooks"]["dead_letters"], 0, "seed {seed}");
}
