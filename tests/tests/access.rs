//! Who may what, as an operator meets it: tokens by the command line, with and without a daemon.

use std::net::SocketAddr;
use std::time::Duration;

use fantoccini::Locator;
use vocd_tests::browser::Driver;
use vocd_tests::daemon::{Daemon, command, vocd, wait_until};
use vocd_tests::request::{self, Response};
use vocd_tests::scratch::Scratch;
use vocd_tests::survey;

/// Returns a folder whose daemon shows nothing without a token.
fn lay_out() -> (Scratch, SocketAddr) {
    let (scratch, address) = survey::lay_out(50);
    let text = survey::configuration(address, "");
    scratch.write(
        "vocd.toml",
        format!("{text}\n[auth]\nanonymous = \"none\"\n"),
    );
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
    assert!(
        again.stderr.contains("there is no access token"),
        "{again:?}"
    );
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
        (
            vec!["--role", "viewer", "--expires", "soon"],
            "is not a duration",
        ),
    ] {
        let mut arguments = vec!["token", "new"];
        arguments.extend(flags);
        let refused = vocd(scratch.folder(), &arguments);
        assert_ne!(refused.code, 0, "{refused:?}");
        assert!(refused.stderr.contains(words), "{refused:?}");
    }
    scratch.write("vocd-data/tokens.json", "{}");
    let refused = vocd(scratch.folder(), &["token", "list"]);
    assert!(
        refused.stderr.contains("is no list of access tokens"),
        "{refused:?}"
    );
    let refused = command(scratch.folder(), &["serve"])
        .output()
        .expect("it ends");
    let log = String::from_utf8_lossy(&refused.stderr);
    assert!(
        !refused.status.success() && log.contains("is no list"),
        "{log}"
    );
}

#[test]
fn secrets_are_in_no_log_and_no_file() {
    let (scratch, address) = lay_out();
    let secret = new_token(&scratch, &["--role", "admin"]);
    let mut daemon = Daemon::start_with(
        scratch.folder(),
        &["serve"],
        address,
        &[("VOCD_LOG", "trace")],
    );
    let beside = new_token(&scratch, &["--role", "viewer", "--wall", "service"]);
    for one in [&secret, &beside] {
        for target in [
            "/walls/service",
            "/charts/service/nps.svg",
            "/nowhere",
            "/admin",
        ] {
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
        for file in std::fs::read_dir(scratch.path("vocd-data"))
            .expect("a folder")
            .flatten()
        {
            let bytes = std::fs::read(file.path()).unwrap_or_default();
            let needle = random.as_bytes();
            let is_there = bytes.windows(needle.len()).any(|window| window == needle);
            assert!(!is_there, "a secret is in {}", file.path().display());
        }
    }
}

/// Returns what `vocd sources --format json` says of the only source.
fn source_state(scratch: &Scratch) -> serde_json::Value {
    let told = vocd(scratch.folder(), &["sources", "--format", "json"]);
    assert_eq!(told.code, 0, "{told:?}");
    let value: serde_json::Value = serde_json::from_str(&told.stdout).expect("JSON");
    value["sources"][0].clone()
}

fn audit(scratch: &Scratch, name: &str) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(scratch.path("vocd-data").join(name)).expect("a log");
    let lines = text.lines().map(serde_json::from_str::<serde_json::Value>);
    lines.map(|line| line.expect("JSON")).collect()
}

/// Returns what was done, how it ended, and what proved who did it.
fn deeds(scratch: &Scratch) -> Vec<(String, String, String)> {
    let lines = audit(scratch, "audit.ndjson").into_iter();
    let deeds = lines.map(|line| {
        let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        let who = line["who"]["token"].as_str().map_or("uid", |_| "token");
        (text("action"), text("outcome"), who.to_owned())
    });
    deeds.collect()
}

#[test]
fn a_pause_survives_a_killed_daemon_and_is_told() {
    let (scratch, address) = lay_out();
    let admin = new_token(&scratch, &["--role", "admin"]);
    let paused = vocd(
        scratch.folder(),
        &["sources", "pause", "answers", "--reason", "quota"],
    );
    assert_eq!(paused.code, 0, "{paused:?}");
    let mut daemon = Daemon::start(scratch.folder(), &["serve"], address);
    assert_eq!(source_state(&scratch)["paused"]["reason"], "quota");
    let run = ask(address, "POST", "/api/v1/sources/answers/run", &admin);
    assert_eq!((run.status, &run.json()["reason"]), (409, &"paused".into()));
    let resumed = vocd(scratch.folder(), &["sources", "resume", "answers"]);
    assert_eq!(resumed.code, 0, "{resumed:?}");
    wait_until("the source is pulled", Duration::from_secs(60), || {
        source_state(&scratch)["last_success"]
            .is_string()
            .then_some(())
    });
    let target = "/api/v1/sources/answers/pause?reason=maintenance";
    let paused = ask(address, "POST", target, &admin);
    assert_eq!(
        (paused.status, &paused.json()["state"]),
        (200, &"paused".into())
    );
    daemon.signal(rustix::process::Signal::KILL);
    daemon.wait(Duration::from_secs(10));
    assert_eq!(source_state(&scratch)["paused"]["reason"], "maintenance");
    let _daemon = Daemon::start(scratch.folder(), &["serve"], address);
    let table = vocd(scratch.folder(), &["sources"]);
    assert!(
        table.stdout.contains("paused: maintenance"),
        "{}",
        table.stdout
    );
    let run = ask(address, "POST", "/api/v1/sources/answers/run", &admin);
    assert_eq!(run.status, 409);
    for (target, status, reason) in [
        ("/api/v1/sources/nothing/pause", 404, Some("unknown_source")),
        ("/api/v1/sources/answers/pause?reason=mood", 400, None),
        ("/api/v1/sources/answers/resume?x=1", 400, None),
    ] {
        let refused = ask(address, "POST", target, &admin);
        let found = refused.json()["reason"].as_str().map(str::to_owned);
        assert_eq!(
            (refused.status, found.as_deref()),
            (status, reason),
            "{target}"
        );
    }
    let get = ask(address, "GET", "/api/v1/sources/answers/pause", &admin);
    assert_eq!(
        (get.status, get.header("allow")),
        (405, Some("POST, OPTIONS"))
    );
    let expected = [
        ("token_new", "ok", "uid"),
        ("pause", "ok", "uid"),
        ("run", "paused", "token"),
        ("resume", "ok", "uid"),
        ("pause", "ok", "token"),
        ("run", "paused", "token"),
        ("pause", "unknown_source", "token"),
    ];
    let expected = expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()));
    assert_eq!(deeds(&scratch), expected);
}

#[test]
fn wrong_tokens_are_noted_without_their_secret_and_then_slowed_down() {
    let (scratch, address) = lay_out();
    let good = new_token(&scratch, &["--role", "viewer"]);
    let _daemon = Daemon::start(scratch.folder(), &["serve"], address);
    let random = good.rsplit_once(id_of(&good)).expect("it has its id").1;
    let forged = good.replace(random, &format!("_{}", "x".repeat(random.len() - 1)));
    let statuses: Vec<u16> = (0..12)
        .map(|_| ask(address, "GET", "/", &forged).status)
        .collect();
    assert_eq!(statuses[..10], [401; 10]);
    assert_eq!(statuses[10..], [429; 2]);
    let slowed = ask(address, "GET", "/", &forged);
    let wait_s: u32 = slowed
        .header("retry-after")
        .expect("told")
        .parse()
        .expect("a number");
    assert!((1..=60).contains(&wait_s), "{wait_s}");
    assert_eq!(ask(address, "GET", "/", &good).status, 200);
    let refusals = audit(&scratch, "refusals.ndjson");
    assert_eq!(refusals.len(), 10);
    assert_eq!(refusals[0]["on"], id_of(&good));
    assert_eq!(refusals[0]["outcome"], "forged");
    assert_eq!(refusals[0]["who"]["address"], "127.0.0.1");
}

#[test]
fn requests_of_one_token_and_of_one_address_are_limited() {
    let (scratch, address) = lay_out();
    let text = std::fs::read_to_string(scratch.path("vocd.toml")).expect("written");
    let limits = "[limits]\ntoken_requests_per_minute = 5\naddress_requests_per_minute = 8\n\
                  [http]\ntrusted_proxies = [\"127.0.0.1\"]\n";
    scratch.write("vocd.toml", format!("{text}\n{limits}"));
    let secret = new_token(&scratch, &["--role", "viewer"]);
    let _daemon = Daemon::start(scratch.folder(), &["serve"], address);
    let mut statuses: Vec<u16> = (0..6)
        .map(|_| ask(address, "GET", "/api/v1/kpis", &secret).status)
        .collect();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 429]);
    let client = |from: &str| {
        let headers = [("X-Forwarded-For", from)];
        let answer = request::get(address, "/api/v1/kpis", &headers);
        answer.expect("an answer").status
    };
    statuses = (0..9).map(|_| client("192.0.2.1")).collect();
    assert_eq!(statuses, [401, 401, 401, 401, 401, 401, 401, 401, 429]);
    assert_eq!(client("192.0.2.2"), 401);
}

#[tokio::test]
async fn a_browser_gives_orders_from_the_page_of_operators() {
    let Some(driver) = Driver::start("access::orders_from_the_page") else {
        return;
    };
    let (scratch, address) = lay_out();
    let admin = new_token(&scratch, &["--role", "admin"]);
    let _daemon = Daemon::start(scratch.folder(), &["serve"], address);
    let client = driver.window(1280, 800).await;
    let target = format!("http://{address}/admin?token={admin}");
    client.goto(&target).await.expect("the page loads");
    let shown = client.current_url().await.expect("an address");
    assert_eq!(shown.as_str(), format!("http://{address}/admin"));
    for (action, next) in [("pause", "resume"), ("resume", "pause")] {
        let button = format!("form[action$='/{action}'] button");
        let found = client.find(Locator::Css(&button)).await.expect("a button");
        found.click().await.expect("it can be clicked");
        let next = format!("form[action$='/{next}'] button");
        let shown = client.wait().for_element(Locator::Css(&next)).await;
        shown.expect("the page comes again with the new state");
        let is_paused = source_state(&scratch)["paused"].is_object();
        assert_eq!(is_paused, action == "pause", "{action}");
    }
    client.close().await.expect("closes");
}
