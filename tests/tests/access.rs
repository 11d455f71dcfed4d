//! Who may what, as an operator meets it: tokens by the command line, with and without a daemon.

use std::net::SocketAddr;
use std::time::Duration;

use vocd_tests::daemon::{Daemon, command, vocd};
use vocd_tests::request::{self, Response};
use vocd_tests::scratch::Scratch;
use vocd_tests::survey;

/// Returns a folder whose daemon shows nothing without a token.
fn lay_out() -> (Scratch, SocketAddr) {
    let (scratch, address) = survey::lay_out(50);
    let text = survey::configuration(address, "");
    scratch.write("vocd.toml", format!("{text}\n[auth]\nanonymous = \"none\"\n"));
    (scratch, address)
}

/// Makes a token and returns its secret.
fn new_token(scratch: &Scratch, flags: &[&str]) -> String {
    let mut arguments = vec!["token", "new"];
    arguments.extend(flags);
    let made = vocd(scratch.folder(), &arguments);
    assert_eq!(made.code, 0, "{made:?}");
    let secret = made.stdout.trim_end().to_owned();
    assert!(secret.starts_with("vocd_") && secret.len() > 40, "{secret}");
    assert!(!made.stderr.contains(&secret), "{}", made.stderr);
    secret
}

fn id_of(secret: &str) -> &str {
    secret.split('_').nth(1).expect("prefix, id, secret")
}

fn ask(address: SocketAddr, method: &str, target: &str, secret: &str) -> Response {
    let bearer = format!("Bearer {secret}");
    let headers = [("Authorization", bearer.as_str())];
    request::exchange(address, method, target, &headers, &[]).expect("an answer")
}

#[test]
fn tokens_made_without_a_daemon_and_beside_it_count() {
    let (scratch, address) = lay_out();
    let before = new_token(&scratch, &["--role", "viewer", "--expires", "90d"]);
    let mut daemon = Daemon::start(scratch.folder(), &["serve"], address);
    let beside = new_token(&scratch, &["--role", "lead", "--team", "emea"]);
    assert_eq!(daemon.get("/").status, 401);
    for secret in [&before, &beside] {
        assert_eq!(ask(address, "GET", "/", secret).status, 200);
    }
    let listed = vocd(scratch.folder(), &["token", "list"]);
    for words in [id_of(&before), id_of(&beside), "lead", "team emea"] {
        assert!(listed.stdout.contains(words), "{words}: {}", listed.stdout);
    }
    let revoked = vocd(scratch.folder(), &["token", "revoke", id_of(&before)]);
    assert_eq!(revoked.code, 0, "{revoked:?}");
    assert_eq!(ask(address, "GET", "/", &before).status, 401);
    let again = vocd(scratch.folder(), &["token", "revoke", id_of(&before)]);
    assert_eq!(again.code, 1);
    assert!(again.stderr.contains("there is no access token"), "{again:?}");
    daemon.signal(rustix::process::Signal::KILL);
    daemon.wait(Duration::from_secs(10));
    let alone = vocd(scratch.folder(), &["token", "revoke", id_of(&beside)]);
    assert_eq!(alone.code, 0, "{alone:?}");
    let _daemon = Daemon::start(scratch.folder(), &["serve"], address);
    for secret in [&before, &beside] {
        assert_eq!(ask(address, "GET", "/", secret).status, 401);
    }
}

#[test]
fn wrong_orders_are_refused_in_words() {
    let (scratch, _) = lay_out();
    for (flags, words) in [
        (vec!["--role", "lead"], "does not name its team"),
        (vec!["--role", "admin", "--wall", "a"], "takes no wall"),
        (vec!["--role", "viewer", "--expires", "soon"], "is not a duration"),
    ] {
        let mut arguments = vec!["token", "new"];
        arguments.extend(flags);
        let refused = vocd(scratch.folder(), &arguments);
        assert_ne!(refused.code, 0, "{refused:?}");
        assert!(refused.stderr.contains(words), "{refused:?}");
    }
    scratch.write("vocd-data/tokens.json", "{}");
    let refused = vocd(scratch.folder(), &["token", "list"]);
    assert!(refused.stderr.contains("is no list of access tokens"), "{refused:?}");
    let refused = command(scratch.folder(), &["serve"]).output().expect("it ends");
    let log = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && log.contains("is no list"), "{log}");
}

#[test]
fn secrets_are_in_no_log_and_no_file() {
    let (scratch, address) = lay_out();
    let secret = new_token(&scratch, &["--role", "admin"]);
    let mut daemon = Daemon::start_with(scratch.folder(), &["serve"], address, &[("VOCD_LOG", "trace")]);
    let beside = new_token(&scratch, &["--role", "viewer", "--wall", "service"]);
    for one in [&secret, &beside] {
        for target in ["/walls/service", "/charts/service/nps.svg", "/nowhere", "/admin"] {
            let _ = daemon.get(&format!("{target}?token={one}"));
            let _ = ask(address, "GET", target, one);
            let _ = ask(address, "POST", target, &format!("{one}x"));
            let cookie = format!("vocd_token={one}");
            let _ = request::get(address, target, &[("Cookie", &cookie)]);
        }
    }
    assert_eq!(daemon.stop(), 0);
    let log = daemon.log();
    assert!(log.contains("stopped"), "{log}");
    for one in [&secret, &beside] {
        let random = one.rsplit_once(id_of(one)).expect("it has its id").1;
        assert!(!log.contains(random), "a secret is in the log");
        for file in std::fs::read_dir(scratch.path("vocd-data")).expect("a folder").flatten() {
            let bytes = std::fs::read(file.path()).unwrap_or_default();
            let needle = random.as_bytes();
            let is_there = bytes.windows(needle.len()).any(|window| window == needle);
            assert!(!is_there, "a secret is in {}", file.path().display());
        }
    }
}
