//! Requests against a small server on loopback.

mod credentials;
mod failures;
mod outside;
#[path = "../../../../tests/src/vendor.rs"]
#[expect(unreachable_pub, reason = "public where the end-to-end tests use it")]
mod vendor;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use flate2::Compression;
use flate2::write::GzEncoder;
use vocd_plugin::ErrorClass;

use super::link::{Ask, Grant};
use super::*;
use vendor::{Reply, Vendor};

/// A daemon that grants everything at once, unless told otherwise.
#[derive(Default)]
struct FakeDaemon {
    asked: Mutex<Vec<String>>,
    pauses: Mutex<Vec<(String, Duration)>>,
    metrics: Mutex<BTreeMap<String, f64>>,
    lines: Mutex<Vec<String>>,
    refuses: Option<Duration>,
    stop_level: AtomicU32,
}

impl Daemon for FakeDaemon {
    fn permit(&self, ask: &Ask<'_>) -> Result<Grant> {
        self.asked
            .lock()
            .expect("free")
            .push(ask.request.to_owned());
        Ok(Grant {
            is_granted: self.refuses.is_none(),
            wait: self.refuses.unwrap_or_default(),
        })
    }

    fn pause(&self, bucket: &str, host: &str, pause: Duration) {
        let place = format!("{bucket}@{host}");
        self.pauses.lock().expect("free").push((place, pause));
    }

    fn metric(&self, name: &str, value: f64, labels_json: &str) {
        let name = format!("{name}{labels_json}");
        *self.metrics.lock().expect("free").entry(name).or_default() += value;
    }

    fn exchange(&self, line: &str) {
        self.lines.lock().expect("free").push(line.to_owned());
    }

    fn stop_level(&self) -> u32 {
        self.stop_level.load(Ordering::Relaxed)
    }
}

impl FakeDaemon {
    fn measured(&self, name: &str) -> f64 {
        self.metrics
            .lock()
            .expect("free")
            .get(name)
            .copied()
            .unwrap_or(0.0)
    }
}

/// What arrived.
#[derive(Debug, Default)]
struct Received {
    head: Option<Head>,
    body: Vec<u8>,
}

impl Sink for Received {
    fn on_head(&mut self, head: &Head) -> Result<()> {
        assert!(self.head.is_none(), "a request has one head");
        self.head = Some(head.clone());
        Ok(())
    }

    fn on_body(&mut self, chunk: &[u8]) -> Result<()> {
        assert!(self.head.is_some(), "the head comes first");
        self.body.extend_from_slice(chunk);
        Ok(())
    }
}

impl Received {
    fn status(&self) -> u16 {
        self.head.as_ref().expect("a head").status
    }
}

/// A service that may connect to these places, and waits hardly at all.
fn service(places: &[String], plan: HttpPlan) -> HttpService {
    let plan = HttpPlan {
        egress: places.to_vec(),
        ..plan
    };
    let mut service = HttpService::new(&plan).expect("a plan");
    service.patience = Patience {
        backoff: Duration::from_millis(2),
        backoff_max: Duration::from_millis(4),
        total: Duration::from_millis(60),
    };
    service
}

fn get(url: String) -> Outgoing {
    Outgoing {
        method: "GET".to_owned(),
        url,
        ..Outgoing::default()
    }
}

fn post(url: String, body: &str) -> Outgoing {
    Outgoing {
        method: "POST".to_owned(),
        body: Some(body.as_bytes().to_vec()),
        ..get(url)
    }
}

/// Makes a request of a server that is allowed.
fn send(vendor: &Vendor, outgoing: &Outgoing, daemon: &FakeDaemon) -> Result<Received> {
    let mut received = Received::default();
    let service = service(&[vendor.place()], HttpPlan::default());
    service.send(outgoing, daemon, &mut received)?;
    Ok(received)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("in memory");
    encoder.finish().expect("in memory")
}

#[test]
fn an_answer_arrives_whole() {
    let vendor = Vendor::saying(vec![Reply::new(201, &["X-Total: 7"], "hello")]);
    let daemon = FakeDaemon::default();
    let mut outgoing = get(vendor.url("/v1/a?cursor=xyz&n=2"));
    outgoing
        .headers
        .push(("Accept".to_owned(), "application/json".to_owned()));
    let received = send(&vendor, &outgoing, &daemon).expect("sent");
    assert_eq!(
        (received.status(), received.body.as_slice()),
        (201, b"hello".as_slice())
    );
    let head = received.head.expect("a head");
    assert_eq!(head.headers.get("x-total"), Some("7"));
    assert_eq!(head.url, outgoing.url);
    let seen = &vendor.seen()[0];
    assert_eq!(seen.target(), "GET /v1/a?cursor=xyz&n=2");
    assert_eq!(seen.header("accept"), Some("application/json"));
    assert!(
        seen.header("user-agent")
            .is_some_and(|agent| agent.starts_with("vocd/"))
    );
    assert_eq!(daemon.measured("http_requests{\"status\":\"2xx\"}"), 1.0);
    assert_eq!(daemon.measured("http_body_bytes"), 5.0);
    // Names of parameters are told, their values are not.
    let told = format!("GET {}?cursor&n", vendor.url("/v1/a"));
    assert_eq!(*daemon.asked.lock().expect("free"), [told]);
}

#[test]
fn any_status_is_an_answer() {
    for status in [204, 304, 400, 401, 404, 422, 500, 501] {
        let vendor = Vendor::saying(vec![Reply::new(status, &[], "")]);
        let received = send(&vendor, &get(vendor.url("/")), &FakeDaemon::default());
        assert_eq!(received.expect("sent").status(), status);
        assert_eq!(vendor.seen().len(), 1, "{status} is not asked for again");
    }
}

#[test]
fn every_method_is_sent_as_it_is() {
    for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "POST", "PATCH"] {
        let vendor = Vendor::saying(vec![Reply::new(200, &[], "")]);
        let outgoing = Outgoing {
            method: method.to_owned(),
            ..get(vendor.url("/x"))
        };
        send(&vendor, &outgoing, &FakeDaemon::default()).expect(method);
        assert_eq!(vendor.seen()[0].target(), format!("{method} /x"));
    }
}

#[test]
fn a_body_is_sent_and_sent_again() {
    let vendor = Vendor::saying(vec![Reply::new(503, &[], ""), Reply::new(200, &[], "ok")]);
    let outgoing = Outgoing {
        flags: vocd_plugin::abi::http::HTTP_REPEATABLE,
        ..post(vendor.url("/search"), "{\"q\":1}")
    };
    let received = send(&vendor, &outgoing, &FakeDaemon::default()).expect("sent");
    assert_eq!(received.status(), 200);
    let bodies: Vec<_> = vendor.seen().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies, [b"{\"q\":1}", b"{\"q\":1}"]);
}

#[test]
fn compressed_answers_are_decoded_and_counted_as_such() {
    let zeros = vec![b'0'; 3_000_000];
    let packed = gzip(&zeros);
    assert!(packed.len() < 10_000, "it is small on the wire");
    let vendor = Vendor::saying(vec![Reply::new(200, &["content-encoding: gzip"], &packed)]);
    let received = send(&vendor, &get(vendor.url("/")), &FakeDaemon::default()).expect("sent");
    assert!(received.body == zeros);
    assert_eq!(
        received
            .head
            .expect("a head")
            .headers
            .get("content-encoding"),
        None
    );
    assert_eq!(vendor.seen()[0].header("accept-encoding"), Some("gzip"));
    let outgoing = Outgoing {
        body_bytes_max: 1_000_000,
        ..get(vendor.url("/"))
    };
    let error = send(&vendor, &outgoing, &FakeDaemon::default()).expect_err("too large");
    assert!(
        error.user().contains("answered more than 1000000 bytes"),
        "{error}"
    );
    assert_eq!(error.class(), ErrorClass::Internal);
}

#[test]
fn what_is_no_request_is_refused_before_anything_is_sent() {
    let vendor = Vendor::saying(vec![Reply::new(200, &[], "")]);
    let header = |name: &str, value: &str| Outgoing {
        headers: vec![(name.to_owned(), value.to_owned())],
        ..get(vendor.url("/"))
    };
    let of = |method: &str| Outgoing {
        method: method.to_owned(),
        ..get(vendor.url("/"))
    };
    let with_user = vendor.url("/").replace("http://", "http://me:pw@");
    for (outgoing, expected) in [
        (of("TRACE"), "method must be one of"),
        (of("get"), "method must be one of"),
        (get("not a url".to_owned()), "no valid URL"),
        (get("file:///etc/passwd".to_owned()), "must begin with"),
        (get(with_user), "declare credentials"),
        (header("Host", "evil.example"), "`Host` is the host's"),
        (header("a b", "c"), "invalid header name"),
        (header("x", "a\r\nhost: evil"), "invalid header value"),
        (
            Outgoing {
                method: "GET".to_owned(),
                ..post(vendor.url("/"), "x")
            },
            "a GET request has no body",
        ),
    ] {
        let error = send(&vendor, &outgoing, &FakeDaemon::default()).expect_err("refused");
        assert!(error.user().contains(expected), "{error}");
        assert_eq!(error.class(), ErrorClass::Internal);
    }
    assert!(vendor.seen().is_empty());
}
