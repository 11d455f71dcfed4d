//! Builds change while rows, webhooks and requests for charts come.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use vocd_tests::daemon::{Daemon, wait_until};
use vocd_tests::{binaries, pushed};

use super::stage::{
    LIMIT, Replace, Site, build, copy_over, hard_link, install, n_rows, n_rows_of, rename_over,
    state, wait_for_rows_of, wait_for_version,
};

/// Asks for pictures until told to stop; returns how many it got.
fn ask(daemon: &Daemon, is_over: &AtomicBool, first: usize) -> usize {
    let targets = [
        "/charts/service/nps.svg",
        "/charts/service/line.png?width=600&height=300",
        "/charts/service/line.json",
        "/api/v1/kpis/nps?grain=day",
    ];
    let mut n_answers = 0;
    while !is_over.load(Ordering::Acquire) {
        let target = targets[(first + n_answers) % targets.len()];
        let answer = daemon.get(target);
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        n_answers += 1;
    }
    n_answers
}

#[test]
fn no_row_is_lost_or_counted_twice_and_no_chart_fails_while_builds_change() {
    let Some(site) = Site::new("reload::load", "auto") else {
        return;
    };
    let daemon = site.serve();
    wait_for_rows_of(&daemon, 1);
    let ways: [Replace; 4] = [rename_over, copy_over, hard_link, install];
    let is_over = AtomicBool::new(false);
    let n_answers: usize = std::thread::scope(|scope| {
        let askers = [0, 2].map(|first| {
            let (daemon, is_over) = (&daemon, &is_over);
            scope.spawn(move || ask(daemon, is_over, first))
        });
        for version in 2..8 {
            let file = build(version, &[]).expect("a compiler");
            ways[version as usize % ways.len()](&file, &site.place());
            wait_for_rows_of(&daemon, version);
        }
        // It ends at a full thousand, so that whatever is missing shows.
        let last = build(8, &["-DLAST=1"]).expect("a compiler");
        rename_over(&last, &site.place());
        wait_for_version(&daemon, 8);
        wait_until("the last build is done", LIMIT, || {
            let state = state(&daemon);
            let is_done = n_rows(&daemon).is_multiple_of(1_000);
            (is_done && state["last_run"]["failure"].is_null()).then_some(())
        });
        is_over.store(true, Ordering::Release);
        let answers = askers.map(|asker| asker.join().expect("every picture came"));
        answers.iter().sum()
    });
    println!("{n_answers} pictures and answers, {} rows", n_rows(&daemon));
    assert!(n_answers > 20);
    let n_counted: u64 = (1..=8).map(|version| n_rows_of(&daemon, version)).sum();
    assert_eq!(n_counted, n_rows(&daemon), "{}", daemon.log());
    assert_eq!(state(&daemon)["plugin"]["generation"], 8);
    assert_eq!(state(&daemon)["rejects"], serde_json::json!({}));
}

#[test]
fn no_webhook_is_lost_or_refused_while_builds_change() {
    const N_BUILDS: u64 = 4;
    let (scratch, address) = pushed::lay_out("", "");
    let library = "libvocd_source_pushed.so";
    let built = fs::read(binaries::folder().join(library)).expect("built");
    let place = scratch.write(&format!("plugins/{library}"), &built);
    let config = fs::read_to_string(scratch.path("vocd.toml")).expect("written");
    let folders = format!("plugin_dirs = [\"{}\"]", binaries::folder().display());
    assert!(config.contains(&folders));
    let rules = "plugin_dirs = [\"plugins\"]\n[plugins]\ntrust = \"any\"\nreload = \"auto\"";
    scratch.write("vocd.toml", config.replace(&folders, rules));
    let daemon = pushed::serve(scratch.folder(), address);
    let is_over = AtomicBool::new(false);
    let n_sent: u64 = std::thread::scope(|scope| {
        let vendor = scope.spawn(|| {
            let mut n_sent = 0;
            while !is_over.load(Ordering::Acquire) {
                let body = pushed::body(&format!("w{n_sent}"));
                let answer = pushed::post(address, &body).expect("an answer");
                assert_eq!(answer.status, 200, "{}", answer.text());
                n_sent += 1;
            }
            n_sent
        });
        for number in 2..=N_BUILDS {
            // What follows the end of a library makes it another build that does the same.
            let padding = vec![0; usize::try_from(number).expect("small")];
            let beside = scratch.write("plugins/next.tmp", [&built[..], &padding].concat());
            fs::rename(beside, &place).expect("renamed");
            wait_until("the build is taken over", LIMIT, || {
                (state(&daemon)["plugin"]["generation"] == number).then_some(())
            });
        }
        is_over.store(true, Ordering::Release);
        vendor.join().expect("every webhook was taken")
    });
    wait_until("every webhook is parsed", LIMIT, || {
        (pushed::n_rows(&daemon) == n_sent).then_some(())
    });
    let webhooks = state(&daemon)["webhooks"].clone();
    assert_eq!(
        (&webhooks["waiting"], &webhooks["dead_letters"]),
        (&0.into(), &0.into()),
        "{}",
        daemon.log()
    );
    println!("{n_sent} webhooks");
}
