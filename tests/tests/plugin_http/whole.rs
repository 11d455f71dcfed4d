//! The whole program over HTTP: the daemon's log and metrics, and the cassettes of `vocd sync`.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use vocd_tests::binaries;
use vocd_tests::daemon::{Daemon, free_address, vocd, wait_until};
use vocd_tests::scratch::Scratch;
use vocd_tests::vendor::{Reply, Vendor};

use super::stage::{SECRET, page};

/// Lays out a configuration whose token comes from a file.
fn lay_out(vendor: &Vendor, address: std::net::SocketAddr) -> Scratch {
    let scratch = Scratch::new();
    scratch.write("token", format!("{SECRET}\n"));
    let (plugins, url) = (binaries::folder().display(), vendor.url(""));
    scratch.write(
        "vocd.toml",
        format!(
            "listen = \"{address}\"\nplugin_dirs = [\"{plugins}\"]\n\
             [[source]]\nname = \"fetched\"\nplugin = \"fetch\"\n\
             [source.config]\nurl = \"{url}\"\ntoken = {{ file = \"token\" }}\n"
        ),
    );
    scratch
}

fn vendor() -> Vendor {
    Vendor::start(|seen, _| {
        // A vendor that repeats what it was sent, in answers and in errors.
        let echo = format!(
            "x-echo: {}",
            seen.header("authorization").unwrap_or_default()
        );
        match seen.target() {
            "GET /answers?after=0" => Reply::new(200, &[&echo], page(1, Some(1))),
            "GET /answers?after=1" => Reply::new(200, &[&echo], page(2, None)),
            _ => Reply::new(400, &[], echo),
        }
    })
}

#[test]
fn a_daemon_counts_requests_and_tells_no_secret() {
    let (vendor, address) = (vendor(), free_address());
    let scratch = lay_out(&vendor, address);
    let mut daemon = Daemon::start(scratch.folder(), &["serve"], address);
    let counted = "vocd_source_http_requests_total{source=\"fetched\",status=\"2xx\"} 2";
    let pulled = "vocd_source_pulls_total{source=\"fetched\",outcome=\"ok\"} 1";
    wait_until(
        "the pull is over and counted",
        Duration::from_secs(60),
        || {
            let metrics = daemon.get("/metrics").text();
            (metrics.contains(counted) && metrics.contains(pulled)).then_some(())
        },
    );
    // Nothing comes after the last page: the vendor's refusal repeats the token.
    let _ = vocd(scratch.folder(), &["sync", "fetched"]);
    let outcome = vocd(scratch.folder(), &["sync", "fetched"]);
    assert!(
        outcome.stderr.contains("answered 400"),
        "{}",
        outcome.stderr
    );
    assert_eq!(daemon.stop(), 0);
    for told in [daemon.log(), outcome.stderr, outcome.stdout] {
        assert!(!told.contains(SECRET), "{told}");
    }
}

#[test]
fn a_pull_is_recorded_into_a_new_file_and_replayed_dry() {
    let (vendor, address) = (vendor(), free_address());
    let scratch = lay_out(&vendor, address);
    let tape = scratch.path("tape.har.jsonl");
    let sync = |more: &[&str]| {
        let mut arguments = vec!["sync", "fetched", "--full"];
        arguments.extend_from_slice(more);
        vocd(scratch.folder(), &arguments)
    };
    let recorded = sync(&["--dry-run", "--record", "tape.har.jsonl"]);
    assert_eq!(recorded.code, 0, "{}", recorded.stderr);
    let lines = std::fs::read_to_string(&tape).expect("recorded");
    assert_eq!(lines.lines().count(), 2, "{lines}");
    assert!(!lines.contains(SECRET), "{lines}");
    let mode = std::fs::metadata(&tape)
        .expect("recorded")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let replayed = sync(&["--dry-run", "--replay", "tape.har.jsonl"]);
    assert!(replayed.stdout.contains("2 rows read"), "{replayed:?}");
    assert_eq!(vendor.seen().len(), 2, "nothing was connected to");
    let again = sync(&["--dry-run", "--record", "tape.har.jsonl"]);
    assert!(again.stderr.contains("name a new file"), "{}", again.stderr);
    let wet = sync(&["--replay", "tape.har.jsonl"]);
    assert!(wet.stderr.contains("--dry-run"), "{}", wet.stderr);
}
