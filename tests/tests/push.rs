//! Webhooks against the real daemon: who may push, what is kept, and what becomes of it.

use std::time::Duration;

use serde_json::{Value, json};
use vocd_tests::daemon::{Daemon, vocd, wait_until};
use vocd_tests::pushed::{TARGET, body, lay_out, n_rows, post, send, serve, signed, state};
use vocd_tests::request::{self, Response};
use vocd_tests::scratch::Scratch;

const LIMIT: Duration = Duration::from_secs(60);

fn started(more: &str) -> (Scratch, Daemon) {
    let (scratch, address) = lay_out("", more);
    let daemon = serve(scratch.folder(), address);
    (scratch, daemon)
}

fn status(response: std::io::Result<Response>) -> u16 {
    response.expect("an answer").status
}

fn wait_for_rows(daemon: &Daemon, n_wanted: u64) {
    wait_until("the webhooks are parsed", LIMIT, || {
        let state = state(daemon);
        let is_empty = state["webhooks"]["waiting"] == 0;
        (is_empty && n_rows(daemon) >= n_wanted).then_some(())
    });
    assert_eq!(n_rows(daemon), n_wanted, "{}", daemon.log());
}

#[test]
fn an_accepted_webhook_becomes_a_row_once() {
    let (_scratch, daemon) = started("");
    assert_eq!(status(post(daemon.address, &body("a1"))), 200);
    wait_for_rows(&daemon, 1);
    // The vendor did not hear the answer and sends it again, signed anew.
    assert_eq!(status(post(daemon.address, &body("a1"))), 200);
    assert_eq!(status(post(daemon.address, &body("a2"))), 200);
    wait_for_rows(&daemon, 2);
    let metrics = daemon.get("/metrics").text();
    for (outcome, n) in [("accepted", 2), ("replayed", 1), ("parsed", 2)] {
        let labels = [("outcome", outcome), ("source", "survey")];
        let line = metrics.lines().find(|line| {
            line.starts_with("vocd_webhooks_total")
                && labels
                    .iter()
                    .all(|(name, value)| line.contains(&format!("{name}=\"{value}\"")))
        });
        let line = line.unwrap_or_else(|| panic!("no {outcome} in {metrics}"));
        assert!(line.ends_with(&format!(" {n}")), "{line}");
    }
}

#[test]
fn a_forged_webhook_changes_nothing() {
    let (_scratch, daemon) = started("");
    let now_s = jiff::Timestamp::now().as_second();
    let sent = body("a1").to_string().into_bytes();
    let other = body("a2").to_string().into_bytes();
    let cases = [
        ("no signature", Vec::new()),
        ("of another body", signed(&other, now_s)),
        ("too old", signed(&sent, now_s - 400)),
        ("of the future", signed(&sent, now_s + 400)),
        ("cut", {
            let mut headers = signed(&sent, now_s);
            headers[1].1.truncate(40);
            headers
        }),
    ];
    for (what, headers) in cases {
        let answer = send(daemon.address, TARGET, &headers, &sent).expect("an answer");
        assert_eq!(answer.status, 401, "{what}");
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json"),
            "{what}"
        );
    }
    // Truncated on the way: the signature is of more.
    let headers = signed(&sent, now_s);
    let cut = send(daemon.address, TARGET, &headers, &sent[..sent.len() - 1]);
    assert_eq!(status(cut), 401);
    assert_eq!(status(post(daemon.address, &body("real"))), 200);
    wait_for_rows(&daemon, 1);
}

#[test]
fn addresses_methods_and_sizes_are_checked() {
    let (scratch, address) = lay_out("body = \"64KiB\"", "");
    let daemon = serve(scratch.folder(), address);
    let sent = body("a1").to_string().into_bytes();
    for target in ["/ingest/nobody", "/ingest/", "/ingest/survey/more"] {
        assert_eq!(status(send(address, target, &[], &sent)), 404, "{target}");
    }
    let got = daemon.get(TARGET);
    assert_eq!(
        (got.status, got.header("allow")),
        (405, Some("POST, OPTIONS"))
    );
    let large = vec![b' '; 65 * 1024];
    assert_eq!(status(send(address, TARGET, &[], &large)), 413);
    assert_eq!(status(post(address, &body("a1"))), 200);
    wait_for_rows(&daemon, 1);
}

#[test]
fn a_visitor_without_a_token_may_push_but_not_look() {
    let (scratch, address) = lay_out("", "");
    let path = scratch.path("vocd.toml");
    let text = std::fs::read_to_string(&path).expect("ours");
    scratch.write(
        "vocd.toml",
        text.replace("[limits]", "[auth]\nanonymous = \"none\"\n\n[limits]"),
    );
    let daemon = serve(scratch.folder(), address);
    assert_eq!(daemon.get("/api/v1/sources").status, 401);
    assert_eq!(status(post(address, &body("a1"))), 200);
}

#[test]
fn challenges_are_answered_from_themselves() {
    let (_scratch, daemon) = started("token = \"t0ken\"");
    let head = request::exchange(daemon.address, "HEAD", TARGET, &[], &[]).expect("an answer");
    assert_eq!(head.status, 200);
    let ask = |token: &str| {
        daemon.get(&format!(
            "{TARGET}?mode=subscribe&token={token}&challenge=%3Cb%3E42"
        ))
    };
    let answer = ask("t0ken");
    assert_eq!((answer.status, answer.text().as_str()), (200, "<b>42"));
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(ask("guess").status, 401);
}

#[test]
fn vendors_without_signatures_prove_themselves_by_credentials() {
    let (_scratch, daemon) = started("user = \"u\"\npassword = \"p\"\ntoken = \"t0ken\"");
    let basic = |pair: &str| vec![("Authorization".to_owned(), format!("Basic {pair}"))];
    let sent = |id: &str| body(id).to_string().into_bytes();
    // u:p and u:x in base64.
    let good = send(daemon.address, TARGET, &basic("dTpw"), &sent("a1"));
    assert_eq!(status(good), 200);
    let bad = send(daemon.address, TARGET, &basic("dTp4"), &sent("a2"));
    assert_eq!(status(bad), 401);
    let target = |token: &str| format!("{TARGET}?token={token}");
    let good = send(daemon.address, &target("t0ken"), &[], &sent("a3"));
    assert_eq!(status(good), 200);
    let bad = send(daemon.address, &target("guess"), &[], &sent("a4"));
    assert_eq!(status(bad), 401);
    wait_for_rows(&daemon, 2);
}

#[test]
fn poison_is_kept_aside_and_blocks_nobody() {
    let (scratch, daemon) = started("");
    let mut poison = Vec::new();
    for act in ["refuse", "panic", "crash"] {
        let mut poisoned: Value = body(act);
        poisoned["do"] = json!(act);
        poison.push(poisoned);
    }
    for (number, poisoned) in poison.iter().enumerate() {
        assert_eq!(status(post(daemon.address, poisoned)), 200);
        assert_eq!(
            status(post(daemon.address, &body(&format!("good-{number}")))),
            200
        );
    }
    // The rows that the poison emitted before it failed are not among them.
    wait_for_rows(&daemon, 3);
    assert_eq!(state(&daemon)["webhooks"]["dead_letters"], 3);
    let told = vocd(scratch.folder(), &["sources"]);
    for what in ["schema_changed", "panicked", "crashed"] {
        assert!(told.stdout.contains(what), "{what} in {}", told.stdout);
    }
    let retried = vocd(scratch.folder(), &["sources", "retry", "survey"]);
    assert_eq!(retried.code, 0, "{}", retried.stderr);
    assert!(retried.stdout.contains("3 webhooks"), "{}", retried.stdout);
    wait_until("they are kept aside again", LIMIT, || {
        let state = state(&daemon);
        let is_done = state["webhooks"]["waiting"] == 0 && state["webhooks"]["dead_letters"] == 3;
        is_done.then_some(())
    });
    wait_for_rows(&daemon, 3);
}

#[test]
fn the_newest_version_wins_whatever_comes_first() {
    let (_scratch, daemon) = started("");
    // Enough rows that the number is shown.
    let with = |event: &str, version: u64, score: u64| {
        let rows = (0..20).map(|row| {
            json!({"id": format!("a{row}"), "score": score, "at_s": 1_767_225_600,
                "version": version})
        });
        json!({"id": event, "rows": rows.collect::<Vec<_>>()})
    };
    assert_eq!(status(post(daemon.address, &with("e2", 2, 9))), 200);
    wait_for_rows(&daemon, 20);
    assert_eq!(status(post(daemon.address, &with("e1", 1, 0))), 200);
    wait_for_rows(&daemon, 20);
    let target = "/api/v1/kpis/nps?range=all&grain=day";
    let total = daemon.get(target).json()["series"][0]["total"].clone();
    assert_eq!((&total["n"], &total["value"]), (&json!(20), &json!(100.0)));
}

#[test]
fn what_waits_is_parsed_after_a_restart() {
    let (scratch, address) = lay_out("", "");
    let mut daemon = serve(scratch.folder(), address);
    assert_eq!(status(post(address, &body("a1"))), 200);
    assert_eq!(daemon.stop(), 0, "{}", daemon.log());
    let daemon = serve(scratch.folder(), address);
    wait_for_rows(&daemon, 1);
    assert_eq!(status(post(address, &body("a1"))), 200);
    assert_eq!(status(post(address, &body("a2"))), 200);
    wait_for_rows(&daemon, 2);
}

#[test]
fn a_full_inbox_asks_to_come_again() {
    let (scratch, address) = lay_out("inbox_bytes = \"1KiB\"", "");
    let daemon = serve(scratch.folder(), address);
    let mut large = body("a1");
    large["more"] = json!("x".repeat(2_000));
    let answer = post(address, &large).expect("an answer");
    assert_eq!(answer.status, 503, "{}", daemon.log());
    assert!(answer.header("retry-after").is_some());
    assert_eq!(status(post(address, &body("a2"))), 200);
    wait_for_rows(&daemon, 1);
}
