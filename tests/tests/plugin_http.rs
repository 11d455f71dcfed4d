//! Runs of the example source over HTTP in the real child, against a vendor on loopback.

mod plugin_http {
    pub(crate) mod stage;
    mod whole;
}

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use plugin_http::stage::{SECRET, Stage, page};
use vocd::host::{Cassette, FailureReason, Outbound, PluginFile};
use vocd_tests::binaries;
use vocd_tests::scratch::Scratch;
use vocd_tests::skip::{Need, skip};
use vocd_tests::vendor::{Reply, Vendor};

#[test]
fn pages_are_read_with_a_secret_the_plugin_never_holds() {
    let vendor = Vendor::start(|seen, _| match seen.target() {
        "GET /answers?after=0" => Reply::new(200, &[], page(1, Some(1))),
        "GET /answers?after=1" => Reply::new(200, &[], page(2, None)),
        _ => Reply::new(404, &[], ""),
    });
    let stage = Stage::new();
    let run = stage.run(&vendor.url(""));
    assert_eq!(run.outcome.failure, None);
    assert_eq!((run.outcome.n_rows, run.checkpoints.len()), (2, 2));
    for seen in vendor.seen() {
        assert_eq!(
            seen.header("authorization"),
            Some(&*format!("Bearer {SECRET}"))
        );
    }
    let metrics = stage.metrics();
    assert_eq!(metrics.get("http_requests 2xx"), Some(&2.0), "{metrics:?}");
}

#[test]
fn what_a_vendor_answers_ends_the_run_in_its_class() {
    let html = Reply::new(
        200,
        &["content-type: text/html"],
        "<html>maintenance</html>",
    );
    let cut = Reply::raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"answers\":[");
    let too_far = Reply::new(429, &["retry-after: 3600"], "");
    for (reply, expected) in [
        (Reply::new(401, &[], ""), FailureReason::Auth),
        (Reply::new(403, &[], ""), FailureReason::Auth),
        (Reply::new(404, &[], ""), FailureReason::NotFound),
        (Reply::new(500, &[], ""), FailureReason::Transient),
        (too_far, FailureReason::RateLimited),
        (html, FailureReason::Transient),
        (cut, FailureReason::Transient),
        (Reply::new(200, &[], "{}"), FailureReason::SchemaChanged),
    ] {
        let vendor = Vendor::saying(vec![reply]);
        let failure = Stage::new()
            .run(&vendor.url(""))
            .outcome
            .failure
            .expect("failed");
        assert_eq!(failure.reason, expected, "{failure}");
        assert!(failure.message.contains(&vendor.place()), "{failure}");
        let wait = (expected == FailureReason::RateLimited).then(|| Duration::from_secs(3_600));
        assert_eq!(failure.retry_after, wait);
    }
}

#[test]
fn an_echoed_secret_reaches_no_log_and_no_report() {
    // The vendor repeats the credentials, and a redirect tries to lead them elsewhere.
    let thief = Vendor::saying(vec![Reply::new(200, &[], "")]);
    let location = format!("location: {}?stolen={SECRET}", thief.url("/"));
    let vendor = Vendor::saying(vec![Reply::new(302, &[&location], "")]);
    let failure = Stage::new()
        .run(&vendor.url(""))
        .outcome
        .failure
        .expect("refused");
    assert_eq!(failure.reason, FailureReason::Config);
    assert!(
        failure.message.contains(&format!("`{}`", thief.place())),
        "{failure}"
    );
    assert!(thief.seen().is_empty());
    let echo = format!("token {SECRET} is unknown");
    let vendor = Vendor::saying(vec![Reply::new(400, &[], echo)]);
    let failure = Stage::new()
        .run(&vendor.url(""))
        .outcome
        .failure
        .expect("refused");
    assert!(
        failure.message.contains("token *** is unknown"),
        "{failure}"
    );
}

#[test]
fn an_address_that_is_none_is_a_fault_of_the_configuration() {
    let failure = Stage::new()
        .run("api.example.org")
        .outcome
        .failure
        .expect("refused");
    assert_eq!(failure.reason, FailureReason::Config);
    assert!(failure.message.contains("`url` is no address"), "{failure}");
}

#[test]
fn runs_share_the_budget_of_a_vendor() {
    let vendor = Vendor::saying(vec![Reply::new(200, &[], page(1, None))]);
    let mut stage = Stage::new();
    // One request a minute: the second run is told to come back rather than kept waiting.
    stage.limits.requests_per_minute = 1;
    assert_eq!(stage.run(&vendor.url("")).outcome.failure, None);
    let failure = stage.run(&vendor.url("")).outcome.failure.expect("used up");
    assert_eq!(failure.reason, FailureReason::RateLimited);
    let wait = failure.retry_after.expect("it says how long");
    assert!(
        wait > Duration::from_secs(30) && wait <= Duration::from_secs(60),
        "{wait:?}"
    );
    assert_eq!(vendor.seen().len(), 1);
}

#[test]
fn a_vendors_pause_holds_the_next_run() {
    let vendor = Vendor::saying(vec![Reply::new(429, &["retry-after: 600"], "")]);
    let stage = Stage::new();
    for _ in 0..2 {
        let failure = stage.run(&vendor.url("")).outcome.failure.expect("refused");
        assert_eq!(failure.reason, FailureReason::RateLimited, "{failure}");
    }
    assert_eq!(vendor.seen().len(), 1, "the second run did not ask");
}

#[test]
fn a_run_that_hangs_in_a_request_is_told_with_it() {
    let vendor = Vendor::saying(vec![Reply::raw("").hanging()]);
    let mut stage = Stage::new();
    stage.limits.wall = Duration::from_millis(500);
    let failure = stage
        .run(&vendor.url("/v1"))
        .outcome
        .failure
        .expect("stopped");
    assert_eq!(failure.reason, FailureReason::Timeout);
    let told = format!(
        "its last request was GET {}?after",
        vendor.url("/v1/answers")
    );
    assert!(failure.message.contains(&told), "{failure}");
}

#[test]
fn a_recorded_run_is_replayed_without_the_vendor() {
    let vendor = Vendor::start(|seen, _| match seen.target() {
        "GET /answers?after=0" => Reply::new(200, &["set-cookie: id=7"], page(1, Some(1))),
        _ => Reply::new(200, &[], page(2, None)),
    });
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&lines);
    let mut stage = Stage::new();
    stage.outbound = Outbound {
        cassette: Some(Cassette::Record(Arc::new(move |line| {
            kept.lock().expect("free").push(line.to_owned());
        }))),
        ..Outbound::default()
    };
    let live = stage.run(&vendor.url(""));
    let lines = lines.lock().expect("free").join("\n");
    assert_eq!(lines.lines().count(), 2, "{lines}");
    assert!(
        !lines.contains(SECRET) && !lines.contains("id=7"),
        "{lines}"
    );
    stage.outbound.cassette = Some(Cassette::Replay(lines.into()));
    let replayed = stage.run(&vendor.url(""));
    assert_eq!(replayed.outcome.failure, None);
    assert_eq!(replayed.checkpoints, live.checkpoints);
    assert_eq!(vendor.seen().len(), 2, "nothing was connected to");
    stage.outbound.cassette = Some(Cassette::Replay("".into()));
    let failure = stage.run(&vendor.url("")).outcome.failure.expect("unknown");
    assert!(
        failure
            .message
            .contains("the cassette has no recorded answer"),
        "{failure}"
    );
}

/// Builds the C plugin, or tells that there is no compiler.
fn c_plugin(scratch: &Scratch) -> Option<PluginFile> {
    let source = scratch.write("ask.c", include_str!("plugin_http/ask.c"));
    let built = Command::new("cc")
        .args([
            "-std=gnu99",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-shared",
            "-fPIC",
        ])
        .arg("-I")
        .arg(binaries::root().join("plugins/sdk/include"))
        .arg("-o")
        .arg(scratch.path("libvocd_source_ask.so"))
        .arg(source)
        .status();
    let Ok(status) = built else {
        skip("plugin_http::c", Need::Compiler, "there is no C compiler");
        return None;
    };
    assert!(status.success(), "the C plugin compiles");
    Some(PluginFile::find(&[scratch.folder().to_owned()], "ask").expect("a plugin"))
}

#[test]
fn a_plugin_in_c_makes_requests_by_the_header_alone() {
    let scratch = Scratch::new();
    let Some(plugin) = c_plugin(&scratch) else {
        return;
    };
    let vendor = Vendor::saying(vec![Reply::new(200, &[], "nothing new")]);
    let stage = Stage::of(plugin);
    let run = stage.run(&vendor.url("/ask"));
    assert_eq!(run.outcome.failure, None);
    assert_eq!(run.checkpoints, [r#"{"status":200,"bytes":11}"#]);
    let seen = &vendor.seen()[0];
    assert_eq!(
        (seen.target(), seen.body.as_slice()),
        ("POST /ask", b"what is new?".as_slice())
    );
    assert_eq!(seen.header("x-api-key"), Some(SECRET));
    assert_eq!(seen.header("accept"), Some("text/plain"));
    let broken = Vendor::saying(vec![Reply::raw("")]);
    let failure = stage
        .run(&broken.url("/ask"))
        .outcome
        .failure
        .expect("broke");
    assert_eq!(failure.reason, FailureReason::Transient);
    assert!(
        failure.message.contains("the connection broke"),
        "{failure}"
    );
    assert_eq!(broken.seen().len(), 1, "a POST is not repeated");
}
