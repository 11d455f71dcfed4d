//! A vendor that remembers: what it holds is made, edited and deleted while its own clock runs, and
//! it fails when it is told to.
//!
//! A vendor's module says how its API answers ([`Service`]); the server, the clock and the faults
//! are here. A test changes the vendor in [`Replay::with`] while the daemon reads it.

pub mod contract;
mod fault;
pub mod formbricks;
pub mod pipedrive;
pub mod reader;
mod shelf;
pub mod zendesk;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

pub use fault::{Change, Fault, Plan};
pub use shelf::{Item, Shelf};

use crate::vendor::{Reply, Seen, Vendor};

/// How one vendor's API answers.
pub trait Service: Send + 'static {
    /// Answers a request that no fault took; `now_s` is the vendor's clock, seconds since 1970.
    fn answer(&mut self, asked: &Asked, now_s: i64) -> Said;
}

/// A request, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// `GET`, `POST`, ….
    pub method: String,
    /// Path without the query, not decoded.
    pub path: String,
    /// Decoded parameters, in order.
    pub query: Vec<(String, String)>,
    /// As it came: headers and body.
    pub seen: Seen,
}

impl Asked {
    fn new(seen: Seen) -> Self {
        let (method, target) = seen.target().split_once(' ').unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: url::form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
            seen,
        }
    }

    /// Returns the first parameter of that name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Returns the first parameter of that name as a number; `None` also for one that is no number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<i64> {
        self.parameter(name)?.parse().ok()
    }
}

/// What the vendor says.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// Status.
    pub status: u16,
    /// Lines such as `retry-after: 7`.
    pub headers: Vec<String>,
    /// Body; `Null` is none.
    pub body: Value,
}

impl Said {
    /// Says 200 with a JSON body.
    #[must_use]
    pub fn json(body: Value) -> Self {
        Self::status(200, body)
    }

    /// Says any status with a JSON body.
    #[must_use]
    pub fn status(status: u16, body: Value) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body,
        }
    }

    /// Adds a header line.
    #[must_use]
    pub fn header(mut self, line: impl Into<String>) -> Self {
        self.headers.push(line.into());
        self
    }

    /// Returns the answer as it crosses the wire.
    pub(crate) fn reply(&self) -> Reply {
        let mut headers: Vec<&str> = self.headers.iter().map(String::as_str).collect();
        headers.push("content-type: application/json; charset=utf-8");
        match &self.body {
            Value::Null => Reply::new(self.status, &headers, ""),
            body => Reply::new(self.status, &headers, body.to_string()),
        }
    }
}

/// The vendor of a test, behind a real server on loopback.
pub struct Replay<S> {
    server: Vendor,
    stage: Arc<Mutex<Stage<S>>>,
}

/// Everything that changes.
struct Stage<S> {
    service: S,
    now_s: i64,
    plans: Vec<Plan>,
    asked: Vec<Asked>,
}

impl<S: Service> Replay<S> {
    /// Starts the vendor with its clock at `now_s`; the clock stands still until it is moved.
    ///
    /// # Panics
    /// When loopback has no free port.
    #[must_use]
    pub fn start(service: S, now_s: i64) -> Self {
        let stage = Arc::new(Mutex::new(Stage {
            service,
            now_s,
            plans: Vec::new(),
            asked: Vec::new(),
        }));
        let shared = Arc::clone(&stage);
        let server = Vendor::start(move |seen, _| lock(&shared).reply(Asked::new(seen.clone())));
        Self { server, stage }
    }

    /// Returns the URL of a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        self.server.url(path)
    }

    /// Looks at what the vendor holds, or changes it; the second argument is its clock. No request
    /// is answered meanwhile.
    pub fn with<T>(&self, act: impl FnOnce(&mut S, i64) -> T) -> T {
        let mut stage = lock(&self.stage);
        let now_s = stage.now_s;
        act(&mut stage.service, now_s)
    }

    /// Returns the vendor's clock.
    #[must_use]
    pub fn now_s(&self) -> i64 {
        lock(&self.stage).now_s
    }

    /// Lets time pass at the vendor's.
    pub fn pass(&self, seconds: i64) {
        lock(&self.stage).now_s += seconds;
    }

    /// Adds a fault to come. Of several that fit a request the first one added takes it.
    pub fn plan(&self, plan: Plan) {
        lock(&self.stage).plans.push(plan);
    }

    /// Returns the number of faults that are still to come.
    #[must_use]
    pub fn n_planned(&self) -> usize {
        lock(&self.stage)
            .plans
            .iter()
            .map(|plan| plan.n_times)
            .sum()
    }

    /// Takes the requests since the last call, in order.
    #[must_use]
    pub fn take_asked(&self) -> Vec<Asked> {
        std::mem::take(&mut lock(&self.stage).asked)
    }
}

impl<S: Service> Stage<S> {
    fn reply(&mut self, asked: Asked) -> Reply {
        self.asked.push(asked.clone());
        let mut plans = self.plans.iter_mut();
        let fault = plans.find_map(|plan| plan.takes(&asked.path));
        match fault {
            Some(Fault::Says(said)) => said.reply(),
            Some(Fault::Page(status)) => fault::page(status),
            Some(Fault::Hangup) => Reply::raw(""),
            Some(Fault::Silence) => Reply::raw("").hanging(),
            Some(Fault::Cut) => fault::cut(&self.service.answer(&asked, self.now_s)),
            Some(Fault::Surprise(change)) => {
                let mut said = self.service.answer(&asked, self.now_s);
                change(&mut said.body);
                said.reply()
            }
            None => self.service.answer(&asked, self.now_s).reply(),
        }
    }
}

fn lock<S>(stage: &Mutex<Stage<S>>) -> MutexGuard<'_, Stage<S>> {
    stage.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use serde_json::json;

    use super::*;

    /// Says what it was asked, and when.
    struct Echo;

    impl Service for Echo {
        fn answer(&mut self, asked: &Asked, now_s: i64) -> Said {
            Said::json(json!({"path": asked.path, "after": asked.number("after"), "now": now_s}))
        }
    }

    fn get(replay: &Replay<Echo>, target: &str) -> String {
        let mut stream = TcpStream::connect(replay.server.place()).expect("listening");
        let head = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        stream.write_all(head.as_bytes()).expect("sent");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("answered");
        text
    }

    #[test]
    fn the_clock_stands_until_it_is_moved() {
        let replay = Replay::start(Echo, 100);
        assert!(get(&replay, "/a?after=7").ends_with(r#"{"path":"/a","after":7,"now":100}"#));
        replay.pass(60);
        assert!(get(&replay, "/a").ends_with(r#"{"path":"/a","after":null,"now":160}"#));
        assert_eq!(replay.take_asked().len(), 2);
        assert_eq!(replay.take_asked().len(), 0);
    }

    #[test]
    fn faults_come_where_and_as_often_as_planned() {
        let replay = Replay::start(Echo, 0);
        let busy = Fault::Says(Said::status(429, Value::Null).header("retry-after: 1"));
        replay.plan(Plan {
            path: "/a",
            n_before: 1,
            n_times: 2,
            ..Plan::new(busy)
        });
        let statuses: Vec<bool> = ["/a", "/b", "/a", "/a", "/a"]
            .map(|path| get(&replay, path).starts_with("HTTP/1.1 429"))
            .into();
        assert_eq!(statuses, [false, false, true, true, false]);
        assert_eq!(replay.n_planned(), 0);
    }

    #[test]
    fn every_fault_is_what_it_says() {
        let replay = Replay::start(Echo, 0);
        replay.plan(Plan::new(Fault::Page(200)));
        assert!(get(&replay, "/").contains("<html"));
        replay.plan(Plan::new(Fault::Hangup));
        assert_eq!(get(&replay, "/"), "");
        replay.plan(Plan::new(Fault::Cut));
        let text = get(&replay, "/");
        assert!(
            text.contains("content-length: 33") && !text.ends_with('}'),
            "{text}"
        );
        replay.plan(Plan::new(Fault::surprise(|body| {
            body["now"] = json!("soon")
        })));
        assert!(get(&replay, "/").ends_with(r#""now":"soon"}"#));
    }
}
