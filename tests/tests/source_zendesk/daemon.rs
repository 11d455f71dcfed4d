//! The whole way: the real daemon, its store, its webhooks.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use vocd_tests::binaries;
use vocd_tests::daemon::{Daemon, command, free_address, vocd, wait_until};
use vocd_tests::pushed::send;
use vocd_tests::replay::zendesk::{EMAIL, TOKEN, Zendesk, rfc3339};
use vocd_tests::replay::{Fault, Plan, Replay};
use vocd_tests::scratch::Scratch;

use super::stage::{N_TICKETS, account, vendor};

const SECRET: &str = "signing-secret-of-the-test";
const LIMIT: Duration = Duration::from_secs(60);

fn lay_out(vendor: &Replay<Zendesk>) -> (Scratch, SocketAddr) {
    let (scratch, address) = (Scratch::new(), free_address());
    let plugins = binaries::folder().display();
    let url = vendor.url("");
    std::fs::create_dir(scratch.path("dashboards")).expect("a new folder");
    scratch.write(
        "vocd.toml",
        format!(
            "listen = \"{address}\"\nplugin_dirs = [\"{plugins}\"]\n\n[[source]]\n\
             name = \"helpdesk\"\nplugin = \"zendesk\"\nevery = \"1d\"\n\
             limits = {{ requests_per_minute = 100000 }}\n\n[source.config]\nurl = \"{url}\"\n\
             email = \"{EMAIL}\"\ntoken = \"{TOKEN}\"\nwebhook_secret = \"{SECRET}\"\n"
        ),
    );
    (scratch, address)
}

fn sync(scratch: &Scratch, more: &[&str]) -> String {
    let mut arguments = vec!["sync", "helpdesk"];
    arguments.extend(more);
    let outcome = vocd(scratch.folder(), &arguments);
    assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
    outcome.stdout
}

fn rows(scratch: &Scratch) -> Value {
    let outcome = vocd(scratch.folder(), &["sources", "--format", "json"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let state: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    state["sources"][0]["rows"].clone()
}

/// Returns what the KPI counts over all time.
fn n_tickets(scratch: &Scratch) -> u64 {
    let arguments = [
        "kpi", "tickets", "--range", "all", "--tz", "UTC", "--format", "json",
    ];
    let outcome = vocd(scratch.folder(), &arguments);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let answer: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    let total = answer["series"][0]["total"]["value"].as_f64();
    total.map_or(0, |total| total as u64)
}

#[test]
fn the_daemon_stores_what_the_vendor_shows() {
    let vendor = vendor(account());
    let (scratch, _) = lay_out(&vendor);
    let checked = vocd(scratch.folder(), &["check"]);
    assert_eq!(checked.code, 0, "{}{}", checked.stdout, checked.stderr);
    sync(&scratch, &[]);
    let first = rows(&scratch);
    assert_eq!(first["ticket"], N_TICKETS, "{first}");
    assert_eq!(
        (&first["agent"], &first["customer"]),
        (&json!(10), &json!(32)),
        "{first}"
    );
    assert_eq!(
        (&first["response"], &first["invitation"]),
        (&json!(5), &json!(10)),
        "{first}"
    );
    assert_eq!(n_tickets(&scratch), N_TICKETS);
    vendor.with(|account, now_s| {
        account.delete(6, now_s);
        account.solve(1, now_s);
        account.open_ticket(N_TICKETS + 1, 4_001, now_s);
        account.open_ticket(N_TICKETS + 2, 4_001, now_s);
    });
    vendor.pass(120);
    sync(&scratch, &[]);
    assert_eq!(rows(&scratch)["ticket"], N_TICKETS + 1);
    assert_eq!(n_tickets(&scratch), N_TICKETS + 1);
    // From the beginning: the same rows.
    let before = rows(&scratch);
    sync(&scratch, &["--full"]);
    assert_eq!(rows(&scratch), before);
}

#[test]
fn the_sample_is_a_configuration_to_copy() {
    let scratch = Scratch::new();
    std::fs::create_dir(scratch.path("dashboards")).expect("a new folder");
    let sample = binaries::root().join("plugins/zendesk/sample.toml");
    let sample = std::fs::read_to_string(sample).expect("sample.toml");
    let plugins = binaries::folder().display();
    // What is commented out is valid, too.
    let commented = sample.lines().skip(1);
    let all = commented.map(|line| line.strip_prefix("# ").unwrap_or(line));
    let all = all.collect::<Vec<_>>().join("\n");
    for sample in [sample, all] {
        scratch.write(
            "vocd.toml",
            format!("plugin_dirs = [\"{plugins}\"]\n{sample}"),
        );
        let mut check = command(scratch.folder(), &["check"]);
        let output = check
            .env("ZENDESK_TOKEN", TOKEN)
            .output()
            .expect("vocd starts");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.success(),
            "{told}{}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
    // A wrong one is found without a request.
    let wrong = "[[source]]\nname = \"z\"\nplugin = \"zendesk\"\nevery = \"5m\"\n[source.config]\n\
                 subdomain = \"acme.zendesk.com\"\nemail = \"a@example.org\"\ncsat = \"old\"\n";
    scratch.write(
        "vocd.toml",
        format!("plugin_dirs = [\"{plugins}\"]\n{wrong}"),
    );
    let outcome = vocd(scratch.folder(), &["check"]);
    let told = outcome.stdout + &outcome.stderr;
    assert_eq!(outcome.code, 1, "{told}");
    for fault in ["`subdomain`", "`csat`", "allowed forms"] {
        assert!(told.contains(fault), "{fault}: {told}");
    }
}

/// Returns the processes that a process started.
fn children(pid: u32) -> Vec<i32> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task"));
    let lists = tasks.into_iter().flatten().flatten();
    let lists = lists.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    let pids = lists.flat_map(|list| {
        let pids: Vec<i32> = list
            .split_whitespace()
            .filter_map(|pid| pid.parse().ok())
            .collect();
        pids
    });
    pids.collect()
}

#[test]
fn a_child_killed_in_the_middle_costs_nothing() {
    let mut account = account();
    account.page_rows = 2;
    let vendor = vendor(account);
    let (scratch, _) = lay_out(&vendor);
    for n_before in [2, 9, 27] {
        // The run cannot end before it is killed: the vendor falls silent.
        vendor.plan(Plan {
            n_before,
            ..Plan::new(Fault::Silence)
        });
        let mut run = command(scratch.folder(), &["sync", "helpdesk"]);
        let mut daemon = run.spawn().expect("vocd starts");
        let pids = wait_until("the vendor is silent", LIMIT, || {
            (vendor.n_planned() == 0).then(|| children(daemon.id()))
        });
        assert!(!pids.is_empty(), "a plugin runs in a child");
        for pid in pids.into_iter().filter_map(rustix::process::Pid::from_raw) {
            let signal = rustix::process::Signal::KILL;
            rustix::process::kill_process(pid, signal).expect("it waits for the vendor");
        }
        assert!(!daemon.wait().expect("our own child").success());
    }
    sync(&scratch, &[]);
    let undisturbed = lay_out(&vendor).0;
    sync(&undisturbed, &[]);
    assert_eq!(rows(&scratch), rows(&undisturbed));
    assert_eq!(rows(&scratch)["ticket"], N_TICKETS);
}

/// Sends an event as the vendor signs it.
fn post(daemon: &Daemon, id: &str, body: &Value, secret: &str) -> u16 {
    let body = body.to_string().into_bytes();
    let at = rfc3339(jiff::Timestamp::now().as_second());
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    mac.update(at.as_bytes());
    mac.update(&body);
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let headers = [
        ("X-Zendesk-Webhook-Signature", signature.as_str()),
        ("X-Zendesk-Webhook-Signature-Timestamp", &at),
        ("X-Zendesk-Webhook-Invocation-Id", id),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let answer = send(daemon.address, "/ingest/helpdesk", &headers, &body);
    answer.expect("an answer").status
}

fn event(kind: &str, ticket: u64) -> Value {
    json!({
        "type": format!("zen:event-type:ticket.{kind}"), "account_id": 1, "id": "e",
        "time": rfc3339(jiff::Timestamp::now().as_second()),
        "zendesk_event_version": "2022-11-06", "subject": format!("zen:ticket:{ticket}"),
        "detail": {"id": ticket.to_string(), "status": "OPEN"}, "event": {},
    })
}

#[test]
fn a_webhook_brings_what_no_export_shows_yet() {
    let vendor = vendor(account());
    let (scratch, address) = lay_out(&vendor);
    sync(&scratch, &[]);
    let daemon = Daemon::start(scratch.folder(), &["serve"], address);
    let state = || daemon.get("/api/v1/sources").json()["sources"][0].clone();
    let wait_for = |kind: &str, n_rows: u64| {
        wait_until("the webhook is parsed", LIMIT, || {
            let state = state();
            assert_eq!(
                state["webhooks"]["failed"].as_u64().unwrap_or(0),
                0,
                "{state}"
            );
            (state["rows"][kind] == n_rows).then_some(())
        });
    };
    // The vendor's clock stands: a pull cannot see these.
    vendor.with(|account, now_s| {
        account.open_ticket(N_TICKETS + 1, 4_001, now_s);
        account.rate(91, 22, "good", now_s);
        account.delete(6, now_s);
    });
    assert_eq!(
        post(&daemon, "i0", &event("created", N_TICKETS + 1), "a guess"),
        401
    );
    assert_eq!(
        post(&daemon, "i1", &event("created", N_TICKETS + 1), SECRET),
        200
    );
    wait_for("ticket", N_TICKETS + 1);
    // The same invocation again, and another of the same event.
    assert_eq!(
        post(&daemon, "i1", &event("created", N_TICKETS + 1), SECRET),
        200
    );
    assert_eq!(
        post(
            &daemon,
            "i2",
            &event("status_changed", N_TICKETS + 1),
            SECRET
        ),
        200
    );
    assert_eq!(
        post(&daemon, "i3", &event("csat_received", 22), SECRET),
        200
    );
    wait_for("response", 6);
    assert_eq!(post(&daemon, "i4", &event("soft_deleted", 6), SECRET), 200);
    wait_for("ticket", N_TICKETS);
    // What an administrator's trigger sends.
    assert_eq!(
        post(&daemon, "i5", &json!({"ticket_id": "22"}), SECRET),
        200
    );
    wait_until("nothing waits", LIMIT, || {
        (state()["webhooks"]["waiting"] == 0).then_some(())
    });
    assert_eq!(state()["rows"]["ticket"], N_TICKETS, "{}", daemon.log());
    assert!(!daemon.log().contains(TOKEN), "{}", daemon.log());
}

/// The cassette that the plugin's own tests replay.
const CASSETTE: &str = "plugins/zendesk/fixtures/account.har.jsonl";

#[test]
fn the_cassette_of_the_plugin_is_what_the_vendor_says() {
    let vendor = vendor(account());
    let (scratch, _) = lay_out(&vendor);
    sync(&scratch, &["--dry-run", "--record", "cassette.har.jsonl"]);
    let recorded = std::fs::read_to_string(scratch.path("cassette.har.jsonl")).expect("recorded");
    let recorded = recorded.replace(&vendor.url(""), "https://acme.zendesk.com");
    assert!(!recorded.contains(TOKEN), "no secret in a cassette");
    let kept = binaries::root().join(CASSETTE);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&kept, &recorded).expect("writable");
    }
    let kept = std::fs::read_to_string(kept).unwrap_or_default();
    assert_eq!(
        exchanges(&recorded),
        exchanges(&kept),
        "UPDATE_EXPECT=1 writes `{CASSETTE}` anew"
    );
}

/// Returns request, status and body of each line.
fn exchanges(cassette: &str) -> Vec<(Value, Value, Value)> {
    let lines = cassette.lines().map(|line| {
        let line: Value = serde_json::from_str(line).expect("JSON");
        let (request, response) = (&line["request"], &line["response"]);
        (
            request["url"].clone(),
            response["status"].clone(),
            response["body"].clone(),
        )
    });
    lines.collect()
}
