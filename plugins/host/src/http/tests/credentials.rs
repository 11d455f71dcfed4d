//! Where secrets go, and where they never do: other hosts, errors, cassettes.

use vocd_plugin::abi::http::{HTTP_AUTH_BASIC, HTTP_AUTH_BEARER, HTTP_AUTH_QUERY};

use super::super::plan::CassettePlan;
use super::*;

const SECRET: &str = "s3cr3t/value+x";

fn plan(cassette: Option<CassettePlan>) -> HttpPlan {
    HttpPlan {
        secrets: BTreeMap::from([("$secret:/token".to_owned(), SECRET.to_owned())]),
        cassette,
        ..HttpPlan::default()
    }
}

fn with_auth(outgoing: Outgoing, kind: u32, name: &str, format: &str) -> Outgoing {
    Outgoing {
        auth: AuthWish {
            kind,
            reference: "$secret:/token".to_owned(),
            name: name.to_owned(),
            format: format.to_owned(),
        },
        ..outgoing
    }
}

/// Refuses texts with the secret in any spelling.
fn check_clean(text: &str) {
    for spelling in [
        SECRET,
        "s3cr3t%2Fvalue%2Bx",
        "czNjcjN0L3ZhbHVlK3g",
        "s3cr3t",
    ] {
        assert!(!text.contains(spelling), "{text}");
    }
}

#[test]
fn a_server_gets_the_secret_and_the_plugin_does_not() {
    let vendor = Vendor::saying(vec![Reply::new(200, &[], "")]);
    let service = service(&[vendor.place()], plan(None));
    let daemon = FakeDaemon::default();
    for (kind, name, format) in [
        (HTTP_AUTH_BEARER, "", ""),
        (HTTP_AUTH_BASIC, "", "me:{secret}"),
        (HTTP_AUTH_QUERY, "api_key", ""),
    ] {
        let outgoing = with_auth(get(vendor.url("/a?n=1")), kind, name, format);
        let mut received = Received::default();
        service
            .send(&outgoing, &daemon, &mut received)
            .expect("sent");
        check_clean(&format!("{received:?}"));
    }
    let seen = vendor.seen();
    assert_eq!(
        seen[0].header("authorization"),
        Some("Bearer s3cr3t/value+x")
    );
    assert_eq!(
        seen[1].header("authorization"),
        Some("Basic bWU6czNjcjN0L3ZhbHVlK3g=")
    );
    assert_eq!(seen[2].target(), "GET /a?n=1&api_key=s3cr3t%2Fvalue%2Bx");
    check_clean(&format!("{:?}", daemon.asked.lock().expect("free")));
}

#[test]
fn a_redirect_within_a_host_keeps_the_credentials() {
    let vendor = Vendor::start(|seen, _| match seen.target() {
        "GET /old" => Reply::new(302, &["location: /new?x=1"], "moved"),
        _ => Reply::new(200, &[], "here"),
    });
    let service = service(&[vendor.place()], plan(None));
    let outgoing = with_auth(get(vendor.url("/old")), HTTP_AUTH_BEARER, "", "");
    let mut received = Received::default();
    service
        .send(&outgoing, &FakeDaemon::default(), &mut received)
        .expect("sent");
    assert_eq!(received.body, b"here");
    assert_eq!(received.head.expect("a head").url, vendor.url("/new?x=1"));
    assert!(vendor.seen()[1].header("authorization").is_some());
}

#[test]
fn a_redirect_to_another_host_carries_nothing_that_was_not_meant_for_it() {
    let other = Vendor::saying(vec![Reply::new(200, &[], "file")]);
    let location = format!("location: {}", other.url("/file"));
    let vendor = Vendor::saying(vec![Reply::new(302, &[&location], "")]);
    let service = service(&[vendor.place(), other.place()], plan(None));
    for kind in [HTTP_AUTH_BEARER, HTTP_AUTH_QUERY] {
        let mut outgoing = with_auth(get(vendor.url("/")), kind, "api_key", "");
        for (name, value) in [
            ("Cookie", "id=1"),
            ("X-Api-Key", "k"),
            ("Accept", "text/csv"),
        ] {
            outgoing.headers.push((name.to_owned(), value.to_owned()));
        }
        let mut received = Received::default();
        service
            .send(&outgoing, &FakeDaemon::default(), &mut received)
            .expect("sent");
        assert_eq!(received.body, b"file");
    }
    for seen in other.seen() {
        check_clean(&seen.head);
        assert_eq!(seen.target(), "GET /file");
        assert_eq!(seen.header("accept"), Some("text/csv"));
        for name in ["authorization", "cookie", "x-api-key"] {
            assert_eq!(seen.header(name), None);
        }
    }
}

#[test]
fn a_redirect_leads_to_declared_hosts_alone() {
    let other = Vendor::saying(vec![Reply::new(200, &[], "")]);
    let location = format!("location: {}", other.url("/"));
    let vendor = Vendor::saying(vec![Reply::new(307, &[&location], "")]);
    let error = send(&vendor, &get(vendor.url("/")), &FakeDaemon::default());
    let error = error.expect_err("not declared");
    assert_eq!(error.class(), ErrorClass::Config);
    assert!(
        error.user().contains(&format!("`{}`", other.place())),
        "{error}"
    );
    assert!(other.seen().is_empty());
    let round = Vendor::saying(vec![Reply::new(301, &["location: /"], "")]);
    let error = send(&round, &get(round.url("/")), &FakeDaemon::default()).expect_err("a loop");
    assert!(
        error.user().contains("redirected more than 5 times"),
        "{error}"
    );
}

#[test]
fn a_form_is_not_sent_where_its_answer_lies() {
    let vendor = Vendor::start(|seen, _| match seen.target() {
        "POST /form" => Reply::new(303, &["location: /done"], ""),
        _ => Reply::new(200, &[], ""),
    });
    send(
        &vendor,
        &post(vendor.url("/form"), "x"),
        &FakeDaemon::default(),
    )
    .expect("sent");
    let seen = vendor.seen();
    assert_eq!(
        (seen[1].target(), seen[1].body.as_slice()),
        ("GET /done", [].as_slice())
    );
}

#[test]
fn an_error_tells_no_secret() {
    let vendor = Vendor::saying(vec![Reply::raw("")]);
    let service = service(&[vendor.place()], plan(None));
    let url = vendor.url(&format!("/{SECRET}/x?token=other&s={SECRET}"));
    let outgoing = with_auth(get(url), HTTP_AUTH_QUERY, "api_key", "");
    let daemon = FakeDaemon::default();
    let error = service
        .send(&outgoing, &daemon, &mut Received::default())
        .expect_err("broke");
    check_clean(&format!("{error:?}"));
    assert!(error.user().contains("?token&s"), "{error}");
    assert!(!error.user().contains("other"), "{error}");
}

#[test]
fn a_cassette_holds_no_secret_and_answers_alike() {
    let vendor = Vendor::start(|seen, n_before| {
        let echo = format!(
            "{{\"head\":{:?},\"access_token\":\"fresh\",\"n\":{n_before}}}",
            seen.head
        );
        Reply::new(200, &["set-cookie: id=1", "x-echo: s3cr3t/value+x"], echo)
    });
    let daemon = FakeDaemon::default();
    let recording = service(&[vendor.place()], plan(Some(CassettePlan::Record)));
    let paged = |page: u32| {
        let url = vendor.url(&format!("/a?page={page}&session_token=plain"));
        with_auth(get(url), HTTP_AUTH_BASIC, "", "me:{secret}")
    };
    let search = post(
        vendor.url("/search"),
        &format!("{{\"password\":\"{SECRET}\"}}"),
    );
    let requests = [paged(1), paged(1), paged(2), search];
    let mut bodies = Vec::new();
    for outgoing in &requests {
        let mut received = Received::default();
        recording
            .send(outgoing, &daemon, &mut received)
            .expect("sent");
        bodies.push(received.body);
    }
    let lines = daemon.lines.lock().expect("free").join("\n");
    check_clean(&lines);
    for hidden in ["fresh", "id=1", "bWU6czNj"] {
        assert!(!lines.contains(hidden), "{hidden} in {lines}");
    }
    assert!(lines.contains("page=2&session_token=***\","), "{lines}");
    let seen_live = vendor.seen().len();
    let replaying = service(
        &[vendor.place()],
        plan(Some(CassettePlan::Replay { lines })),
    );
    for (outgoing, body) in requests.iter().zip(bodies) {
        let mut received = Received::default();
        replaying
            .send(outgoing, &daemon, &mut received)
            .expect("recorded");
        let number = |body: &[u8]| {
            serde_json::from_slice::<serde_json::Value>(body).expect("JSON")["n"].clone()
        };
        assert_eq!(number(&received.body), number(&body));
    }
    assert_eq!(vendor.seen().len(), seen_live, "nothing is connected to");
    for (outgoing, expected) in [
        (paged(1), "no further answer to GET"),
        (paged(3), "no recorded answer to GET"),
        (
            post(vendor.url("/search"), "other"),
            "no recorded answer to POST",
        ),
    ] {
        let error = replaying.send(&outgoing, &daemon, &mut Received::default());
        let error = error.expect_err("unknown");
        assert_eq!(error.class(), ErrorClass::NotFound);
        assert!(error.user().contains(expected), "{error}");
        check_clean(error.user());
    }
}

#[test]
fn a_replay_waits_for_nothing() {
    let line = |status: u16, headers: &str| {
        format!(
            r#"{{"request":{{"method":"GET","url":"https://a.example/","headers":{{}}}},"response":{{"status":{status},"headers":{headers},"body":"x"}}}}"#
        )
    };
    let lines = [line(503, r#"{"retry-after":"25"}"#), line(200, "{}")].join("\n");
    let mut replaying = service(
        &["a.example".to_owned()],
        plan(Some(CassettePlan::Replay { lines })),
    );
    replaying.patience.total = Duration::from_secs(30);
    let daemon = FakeDaemon::default();
    let mut received = Received::default();
    let outgoing = get("https://a.example/".to_owned());
    replaying
        .send(&outgoing, &daemon, &mut received)
        .expect("recorded");
    assert_eq!(received.status(), 200);
    assert_eq!(daemon.measured("http_wait_seconds"), 0.0);
}
