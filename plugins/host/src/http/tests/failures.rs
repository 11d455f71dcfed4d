//! What goes wrong: statuses that pass, servers that hang, runs that should end.

use std::time::SystemTime;

use vocd_plugin::abi::http::{HTTP_ONCE, HTTP_REPEATABLE};

use super::*;

fn check_repeated(replies: Vec<Reply>, outgoing: impl Fn(&Vendor) -> Outgoing, expected: usize) {
    let n_replies = replies.len();
    let vendor = Vendor::saying(replies);
    let daemon = FakeDaemon::default();
    let received = send(&vendor, &outgoing(&vendor), &daemon).expect("answered");
    assert_eq!(vendor.seen().len(), expected, "{n_replies} replies");
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    let n_retries = (expected - 1) as f64;
    assert_eq!(daemon.measured("http_retries"), n_retries);
    assert!(received.head.is_some());
}

#[test]
fn what_may_pass_is_asked_for_again_a_few_times() {
    let ok = || Reply::new(200, &[], "ok");
    let asking = |vendor: &Vendor| get(vendor.url("/"));
    for status in [429, 502, 503, 504] {
        check_repeated(vec![Reply::new(status, &[], "busy"), ok()], asking, 2);
        check_repeated(
            vec![Reply::new(status, &["retry-after: 0"], ""), ok()],
            asking,
            2,
        );
        check_repeated(vec![Reply::new(status, &[], "")], asking, 5);
    }
    check_repeated(vec![Reply::raw(""), ok()], asking, 2);
    check_repeated(vec![Reply::raw("SSH-2.0-x\r\n"), ok()], asking, 2);
}

#[test]
fn what_changes_things_is_only_repeated_when_marked() {
    let busy = || vec![Reply::new(503, &[], ""), Reply::new(200, &[], "")];
    check_repeated(busy(), |vendor| post(vendor.url("/"), "x"), 1);
    let flagged = |outgoing: Outgoing, flags| Outgoing { flags, ..outgoing };
    check_repeated(
        busy(),
        |vendor| flagged(post(vendor.url("/"), "x"), HTTP_REPEATABLE),
        2,
    );
    check_repeated(busy(), |vendor| flagged(get(vendor.url("/")), HTTP_ONCE), 1);
}

#[test]
fn a_wait_that_is_too_long_is_left_to_the_daemon() {
    let until = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(3_600));
    for (header, at_least_s) in [
        ("retry-after: 120".to_owned(), 120),
        (format!("Retry-After: {until}"), 3_500),
    ] {
        let vendor = Vendor::saying(vec![Reply::new(429, &[&header], "")]);
        let daemon = FakeDaemon::default();
        let outgoing = Outgoing {
            bucket: "exports".to_owned(),
            ..get(vendor.url("/"))
        };
        let received = send(&vendor, &outgoing, &daemon).expect("answered");
        let head = received.head.expect("a head");
        assert_eq!((head.status, vendor.seen().len()), (429, 1));
        let asked = head.retry_after.expect("it says how long");
        assert!(asked >= Duration::from_secs(at_least_s), "{asked:?}");
        let pauses = daemon.pauses.lock().expect("free");
        assert_eq!(pauses[0].0, format!("exports@{}", vendor.place()));
    }
}

#[test]
fn a_used_up_quota_holds_the_next_request() {
    let headers = ["x-ratelimit-remaining: 0", "x-ratelimit-reset: 41"];
    let vendor = Vendor::saying(vec![Reply::new(200, &headers, "")]);
    let daemon = FakeDaemon::default();
    send(&vendor, &get(vendor.url("/")), &daemon).expect("sent");
    assert_eq!(
        daemon.pauses.lock().expect("free")[0].1,
        Duration::from_secs(41)
    );
}

#[test]
fn a_used_up_budget_is_told_with_its_wait() {
    let vendor = Vendor::saying(vec![Reply::new(200, &[], "")]);
    let daemon = FakeDaemon {
        refuses: Some(Duration::from_secs(90)),
        ..FakeDaemon::default()
    };
    let error = send(&vendor, &get(vendor.url("/")), &daemon).expect_err("refused");
    assert_eq!(error.class(), ErrorClass::RateLimited);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(90)));
    assert!(error.user().contains(&vendor.place()), "{error}");
    assert!(vendor.seen().is_empty());
}

#[test]
fn a_body_that_is_cut_short_is_no_answer() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this";
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nonly\r\n";
    let mut cut_gzip = Vec::from("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n");
    let packed = gzip(&[b'x'; 1_000]);
    cut_gzip.extend_from_slice(&packed[..packed.len() - 10]);
    for bytes in [head.into(), chunked.into(), cut_gzip] {
        let vendor = Vendor::saying(vec![Reply::raw(bytes)]);
        let error = send(&vendor, &get(vendor.url("/t?k=v")), &FakeDaemon::default());
        let error = error.expect_err("cut");
        assert_eq!(error.class(), ErrorClass::Transient);
        let told = format!("the answer to GET {}?k was cut short", vendor.url("/t"));
        assert_eq!(error.user(), told);
    }
}

#[test]
fn a_server_that_hangs_costs_one_timeout() {
    let started = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this";
    for bytes in ["", "HTTP/1.1 200 OK\r\n", started] {
        let vendor = Vendor::saying(vec![Reply::raw(bytes).hanging()]);
        let outgoing = Outgoing {
            timeout_ms: 100,
            flags: HTTP_ONCE,
            ..get(vendor.url("/"))
        };
        let error = send(&vendor, &outgoing, &FakeDaemon::default()).expect_err("no answer");
        assert_eq!(error.class(), ErrorClass::Transient, "{error}");
    }
}

#[test]
fn a_server_that_is_not_there_is_a_passing_failure() {
    let vendor = Vendor::saying(vec![Reply::new(200, &[], "")]);
    // Nothing listens on the port of a socket that is bound and does not.
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let place = format!("127.0.0.1:{}", taken.local_addr().expect("bound").port());
    let daemon = FakeDaemon::default();
    let service = service(std::slice::from_ref(&place), HttpPlan::default());
    let outgoing = get(format!("http://{place}/x"));
    let error = service
        .send(&outgoing, &daemon, &mut Received::default())
        .expect_err("nobody");
    assert_eq!(error.class(), ErrorClass::Transient);
    assert!(error.user().contains("the connection broke"), "{error}");
    assert_eq!(daemon.measured("http_requests{\"status\":\"failed\"}"), 5.0);
    drop(vendor);
}

#[test]
fn a_run_that_should_end_waits_for_nothing() {
    for (stop_level, n_requests) in [(1, 1), (2, 1)] {
        let vendor = Vendor::saying(vec![Reply::new(503, &["retry-after: 20"], "")]);
        let daemon = FakeDaemon::default();
        daemon.stop_level.store(stop_level, Ordering::Relaxed);
        let mut service = service(&[vendor.place()], HttpPlan::default());
        service.patience.total = Duration::from_secs(30);
        let mut received = Received::default();
        let error = service.send(&get(vendor.url("/")), &daemon, &mut received);
        assert_eq!(error.expect_err("stopped").class(), ErrorClass::Cancelled);
        assert_eq!(vendor.seen().len(), n_requests);
    }
}

#[test]
fn a_body_is_not_read_to_its_end_for_a_run_that_should() {
    struct Stopping<'a>(&'a FakeDaemon, usize);
    impl Sink for Stopping<'_> {
        fn on_head(&mut self, _: &Head) -> Result<()> {
            Ok(())
        }
        fn on_body(&mut self, _: &[u8]) -> Result<()> {
            self.0.stop_level.store(2, Ordering::Relaxed);
            self.1 += 1;
            Ok(())
        }
    }
    let vendor = Vendor::saying(vec![Reply::new(200, &[], vec![b'x'; 4 << 20])]);
    let daemon = FakeDaemon::default();
    let mut sink = Stopping(&daemon, 0);
    let service = service(&[vendor.place()], HttpPlan::default());
    let error = service
        .send(&get(vendor.url("/")), &daemon, &mut sink)
        .expect_err("stopped");
    assert_eq!((error.class(), sink.1), (ErrorClass::Cancelled, 1));
}
