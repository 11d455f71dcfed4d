//! The whole program: `vocd sync`, and webhooks beside pulls.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use vocd_tests::binaries;
use vocd_tests::daemon::{Daemon, free_address, vocd, wait_until};
use vocd_tests::pushed::{send, state};
use vocd_tests::replay::Replay;
use vocd_tests::replay::pipedrive::{API_TOKEN, Pipedrive};
use vocd_tests::scratch::Scratch;
use vocd_tests::survey::DASHBOARD;

use super::stage::{HOUR_S, N_ORGANIZATIONS, account, vendor};

const LIMIT: Duration = Duration::from_secs(60);
const PASSWORD: &str = "a password of the test";

fn lay_out(vendor: &Replay<Pipedrive>, every: &str) -> (Scratch, std::net::SocketAddr) {
    let (scratch, address) = (Scratch::new(), free_address());
    scratch.write("token", format!("{API_TOKEN}\n"));
    scratch.write("password", format!("{PASSWORD}\n"));
    let (plugins, url) = (binaries::folder().display(), vendor.url(""));
    scratch.write(
        "vocd.toml",
        format!(
            "listen = \"{address}\"\nplugin_dirs = [\"{plugins}\"]\n\n\
             [[source]]\nname = \"crm\"\nplugin = \"pipedrive\"\nevery = \"{every}\"\n\
             limits = {{ requests_per_minute = 100000 }}\n\n[source.config]\nurl = \"{url}\"\n\
             api_token = {{ file = \"token\" }}\nwebhook_user = \"vocd\"\n\
             webhook_password = {{ file = \"password\" }}\n\n\
             [source.config.subscriptions]\npipelines = [1]\namount = \"value\"\n"
        ),
    );
    scratch.write("dashboards/voices.toml", DASHBOARD);
    (scratch, address)
}

#[test]
fn a_pull_stores_customers_and_contracts_once() {
    let vendor = vendor(account());
    let (scratch, _) = lay_out(&vendor, "10m");
    let checked = vocd(scratch.folder(), &["check"]);
    assert_eq!(checked.code, 0, "{}{}", checked.stdout, checked.stderr);
    let sync = || {
        let outcome = vocd(scratch.folder(), &["sync", "crm"]);
        assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
        for told in [&outcome.stdout, &outcome.stderr] {
            assert!(
                !told.contains(API_TOKEN) && !told.contains(PASSWORD),
                "{told}"
            );
        }
        outcome.stdout
    };
    let n_rows = 2 * N_ORGANIZATIONS + N_ORGANIZATIONS / 2;
    let first = sync();
    assert!(first.contains(&format!("{n_rows} rows read")), "{first}");
    let again = sync();
    assert!(again.contains("0 rows read"), "{again}");
    vendor.pass(HOUR_S);
    vendor.with(|account, now_s| account.set(2, "value", json!(1), now_s));
    let third = sync();
    assert!(
        third.contains("2 rows read"),
        "one price ends, another begins: {third}"
    );
}

#[test]
fn webhooks_bring_what_changed_and_what_was_deleted() {
    let vendor = vendor(account());
    let (scratch, address) = lay_out(&vendor, "1d");
    let daemon = Daemon::start(scratch.folder(), &["serve"], address);
    let rows = |kind: &str| state(&daemon)["rows"][kind].as_u64().unwrap_or(0);
    let (customers, contracts) = (2 * N_ORGANIZATIONS, N_ORGANIZATIONS / 2);
    wait_until("the first pull is over", LIMIT, || {
        (rows("customer") == customers && rows("subscription") == contracts).then_some(())
    });
    let post = |password: &str, body: &[u8]| {
        let pair = STANDARD.encode(format!("vocd:{password}"));
        let headers = [("Authorization".to_owned(), format!("Basic {pair}"))];
        send(address, "/ingest/crm", &headers, body)
            .expect("an answer")
            .status
    };
    vendor.pass(HOUR_S);
    let bodies = vendor.with(|account, now_s| {
        account.put_organization(99, "New", "small", now_s);
        account.win(1, now_s);
        let bodies = [
            account.delivery("create", "organization", 99, now_s),
            account.delivery("change", "deal", 1, now_s),
            account.delivery("delete", "person", 5, now_s),
            account.delivery("delete", "deal", 2, now_s),
        ];
        account.persons.delete(&5, now_s);
        account.deals.delete(&2, now_s);
        bodies
    });
    assert_eq!(post("a guess", &bodies[0]), 401);
    for body in bodies.iter().chain(&bodies[..1]) {
        assert_eq!(post(PASSWORD, body), 200);
    }
    let after: Value = wait_until("the webhooks are parsed", LIMIT, || {
        let state = state(&daemon);
        // One organisation more and one person less; one contract more, and one that is over.
        let is_done = state["webhooks"]["waiting"] == 0
            && state["rows"]["customer"] == customers
            && state["rows"]["subscription"] == contracts + 1;
        is_done.then_some(state)
    });
    assert_eq!(after["webhooks"]["dead_letters"], 0, "{after}");
    assert!(!daemon.log().contains(API_TOKEN) && !daemon.log().contains(PASSWORD));
}
