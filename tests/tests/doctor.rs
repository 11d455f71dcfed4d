//! `vocd doctor` as an operator meets it: what is well, what is broken, what to do.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;
use vocd_tests::daemon::{Daemon, Outcome, vocd};
use vocd_tests::survey::lay_out;

/// Returns the findings of one area as `level: what`, and the worst level.
fn examine(folder: &Path) -> (Outcome, Vec<(String, String, String)>) {
    let outcome = vocd(folder, &["doctor", "--format", "json"]);
    let value: Value = serde_json::from_str(&outcome.stdout)
        .unwrap_or_else(|error| panic!("{error}: {outcome:?}"));
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap_or_default().to_owned();
    let findings = value["findings"].as_array().expect("a list").iter();
    let findings = findings
        .map(|finding| {
            let remedy = text(finding, "remedy");
            let level = text(finding, "level");
            assert_eq!(remedy.is_empty(), level == "ok", "{finding}");
            (level, text(finding, "area"), text(finding, "what"))
        })
        .collect();
    (outcome, findings)
}

fn levels<'a>(findings: &'a [(String, String, String)], words: &str) -> Vec<&'a str> {
    let found = findings.iter().filter(|(_, _, what)| what.contains(words));
    found.map(|(level, _, _)| level.as_str()).collect()
}

#[test]
fn a_healthy_house_has_nothing_broken() {
    let (scratch, address) = lay_out(50);
    let (fresh, findings) = examine(scratch.folder());
    assert_eq!(fresh.code, 0, "{fresh:?}");
    assert_eq!(levels(&findings, "is not there yet"), ["warn"]);
    let mut daemon = Daemon::start(scratch.folder(), &["serve"], address);
    let (beside, findings) = examine(scratch.folder());
    assert_eq!(beside.code, 0, "{beside:?}");
    assert_eq!(levels(&findings, "it runs and is ready"), ["ok"]);
    assert_eq!(daemon.stop(), 0);
    let (alone, findings) = examine(scratch.folder());
    assert_eq!(alone.code, 0, "{alone:?}");
    for words in [
        "has no faults",
        "it opens, and no daemon runs",
        "has mode 0700",
        "nothing was left behind",
        "no source is paused",
        "0 access tokens",
        "csv ",
    ] {
        assert_eq!(levels(&findings, words), ["ok"], "{words}: {findings:?}");
    }
    let told = vocd(scratch.folder(), &["doctor"]);
    assert!(told.stdout.contains("ok    storage"), "{}", told.stdout);
}

#[test]
fn what_is_broken_is_named_with_its_remedy() {
    let (scratch, _) = lay_out(5);
    let made = vocd(scratch.folder(), &["token", "new", "--role", "viewer"]);
    assert_eq!(made.code, 0, "{made:?}");
    let tokens = scratch.path("vocd-data/tokens.json");
    std::fs::set_permissions(&tokens, std::fs::Permissions::from_mode(0o644)).expect("our own");
    scratch.write("vocd-data/paused.json", "[]");
    scratch.write("vocd-data/vocd.duckdb", "this is no database");
    scratch.write("dashboards/service.toml", "title = 3");
    let (broken, findings) = examine(scratch.folder());
    assert_eq!(broken.code, 1);
    for words in [
        "tokens.json` has mode 0644",
        "failed to read the paused sources",
        "vocd.duckdb",
        "service.toml:1:9",
    ] {
        assert_eq!(levels(&findings, words), ["fail"], "{words}: {findings:?}");
    }
    assert!(broken.stderr.contains("things are broken"), "{broken:?}");
    let secret = made.stdout.trim();
    assert!(!broken.stdout.contains(&secret[16..]), "{broken:?}");
    scratch.write("vocd.toml", "listne = \"127.0.0.1:1\"");
    let (wrong, findings) = examine(scratch.folder());
    assert_eq!(
        (wrong.code, levels(&findings, "unknown key `listne`")),
        (1, vec!["fail"])
    );
}
