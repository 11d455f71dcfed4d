//! The whole program: `vocd sync` and a number, and webhooks beside pulls.

use std::time::Duration;

use vocd_tests::binaries;
use vocd_tests::daemon::{Daemon, free_address, vocd, wait_until};
use vocd_tests::pushed::{n_rows, send, state};
use vocd_tests::replay::Replay;
use vocd_tests::replay::formbricks::{API_KEY, Formbricks, WEBHOOK_SECRET, signed};
use vocd_tests::scratch::Scratch;
use vocd_tests::survey::DASHBOARD;

use super::stage::{HOUR_S, N_RESPONSES, account, vendor};

const LIMIT: Duration = Duration::from_secs(60);
const TARGET: &str = "/ingest/voices";

fn lay_out(vendor: &Replay<Formbricks>, every: &str) -> (Scratch, std::net::SocketAddr) {
    let (scratch, address) = (Scratch::new(), free_address());
    scratch.write("api-key", format!("{API_KEY}\n"));
    scratch.write("webhook-secret", format!("{WEBHOOK_SECRET}\n"));
    let (plugins, url) = (binaries::folder().display(), vendor.url(""));
    scratch.write(
        "vocd.toml",
        format!(
            "listen = \"{address}\"\nplugin_dirs = [\"{plugins}\"]\n\n\
             [[source]]\nname = \"voices\"\nplugin = \"formbricks\"\nevery = \"{every}\"\n\
             limits = {{ requests_per_minute = 100000 }}\n\n[source.config]\nurl = \"{url}\"\n\
             api_key = {{ file = \"api-key\" }}\nwebhook_secret = {{ file = \"webhook-secret\" }}\n"
        ),
    );
    scratch.write("dashboards/voices.toml", DASHBOARD);
    (scratch, address)
}

fn sync(scratch: &Scratch) -> String {
    let outcome = vocd(scratch.folder(), &["sync", "voices"]);
    assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
    for told in [&outcome.stdout, &outcome.stderr] {
        assert!(
            !told.contains(API_KEY) && !told.contains(WEBHOOK_SECRET),
            "{told}"
        );
    }
    outcome.stdout
}

fn total(scratch: &Scratch) -> serde_json::Value {
    let outcome = vocd(scratch.folder(), &["kpi", "nps", "--format", "json"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let answer: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    answer["total"].clone()
}

#[test]
fn a_pull_is_a_number_and_an_edit_moves_it() {
    let vendor = vendor(account());
    let (scratch, _) = lay_out(&vendor, "10m");
    let checked = vocd(scratch.folder(), &["check"]);
    assert_eq!(checked.code, 0, "{}{}", checked.stdout, checked.stderr);
    sync(&scratch);
    let first = total(&scratch);
    assert_eq!(first["n"], N_RESPONSES, "{first}");
    let again = sync(&scratch);
    assert!(again.contains("0 rows read"), "{again}");
    vendor.pass(HOUR_S);
    vendor.with(|account, now_s| {
        for number in 0..N_RESPONSES {
            account.edit(&format!("r{number:03}"), 10, now_s);
        }
    });
    sync(&scratch);
    let after = total(&scratch);
    assert_eq!((&after["n"], &after["value"]), (&first["n"], &100.0.into()));
}

#[test]
fn webhooks_and_pulls_are_versions_of_the_same_answers() {
    // Twenty customers change their minds: enough that the number is shown.
    let mut account = Formbricks::with_survey();
    let at_s = super::stage::NOW_S;
    let minds: Vec<(Vec<u8>, Vec<u8>)> = (0..20)
        .map(|number| {
            let id = format!("w{number}");
            account.begin(&id, 0, at_s);
            let created = account.delivery("responseCreated", &id);
            account.edit(&id, 10, at_s + 1);
            (created, account.delivery("responseUpdated", &id))
        })
        .collect();
    let vendor = vendor(account);
    let (scratch, address) = lay_out(&vendor, "1d");
    let daemon = Daemon::start(scratch.folder(), &["serve"], address);
    wait_until("the first pull is over", LIMIT, || {
        (n_rows(&daemon) == 20).then_some(())
    });
    let now_s = jiff::Timestamp::now().as_second();
    let post = |id: &str, body: &[u8], at_s: i64| {
        send(address, TARGET, &signed(id, body, at_s), body)
            .expect("an answer")
            .status
    };
    // Late, out of order and again: what is older than the pull changes nothing.
    for (number, (created, updated)) in minds.iter().enumerate() {
        assert_eq!(post(&format!("updated-{number}"), updated, now_s), 200);
        for _ in 0..2 {
            assert_eq!(post(&format!("created-{number}"), created, now_s), 200);
        }
    }
    let (created, updated) = &minds[0];
    assert_eq!(
        post("old", created, now_s - 400),
        401,
        "too old to be believed"
    );
    let headers = signed("forged", updated, now_s);
    let forged = send(address, TARGET, &headers, created).expect("an answer");
    assert_eq!(forged.status, 401);
    // A response that no pull has seen.
    let next = vendor.with(|account, now_s| {
        account.begin("new", 9, now_s + 60);
        account.delivery("responseCreated", "new")
    });
    assert_eq!(post("new", &next, now_s), 200);
    wait_until("the webhooks are parsed", LIMIT, || {
        let is_empty = state(&daemon)["webhooks"]["waiting"] == 0;
        (is_empty && n_rows(&daemon) == 21).then_some(())
    });
    assert_eq!(state(&daemon)["webhooks"]["dead_letters"], 0);
    let target = "/api/v1/kpis/nps?range=all&grain=day";
    let total = daemon.get(target).json()["series"][0]["total"].clone();
    assert_eq!((&total["n"], &total["value"]), (&21.into(), &100.0.into()));
    assert!(!daemon.log().contains(API_KEY) && !daemon.log().contains(WEBHOOK_SECRET));
}
