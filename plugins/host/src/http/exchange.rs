//! One request of a plugin from its first attempt to its last byte.

use std::io::{ErrorKind, Read};
use std::time::{Duration, Instant, SystemTime};

use serde_json::json;
use url::Url;
use vocd_plugin::abi::http::{HTTP_ONCE, HTTP_REPEATABLE};
use vocd_plugin::{Error, Result};

use super::answer::Answer;
use super::client::{Attempt, Failure, Wire};
use super::egress;
use super::link::{Ask, Daemon};
use super::patience::{self, ATTEMPTS_MAX};
use super::secrets::Credential;
use super::{Head, HttpService, Outgoing, Sink};

/// Redirects followed in one attempt; more are a loop.
const REDIRECTS_MAX: u32 = 5;
/// Longest time of an attempt where the plugin names none.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(120);
/// Longest time of an attempt that a plugin may name.
const TIMEOUT_MAX: Duration = Duration::from_secs(600);
/// Largest body of a response where the plugin names none, decoded; vendors page far below.
const BODY_BYTES_DEFAULT: u64 = 64 * 1024 * 1024;
/// Largest body of a response that a plugin may name; larger ones are files, not answers.
const BODY_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Bytes handed over at once.
const PIECE_BYTES: usize = 64 * 1024;
/// How often a waiting run looks whether it should stop.
const WAIT_STEP: Duration = Duration::from_millis(50);
/// How often a waiting or receiving run tells the daemon that it is alive.
const SIGN_EVERY: Duration = Duration::from_secs(1);

/// A request being made.
pub(super) struct Exchange<'a> {
    service: &'a HttpService,
    daemon: &'a dyn Daemon,
    outgoing: &'a Outgoing,
    start: Hop,
    waited: Duration,
}

/// One address of a chain of redirects, and what is sent there.
#[derive(Clone)]
struct Hop {
    method: String,
    /// Without injected secrets.
    url: Url,
    headers: Vec<(String, String)>,
    credential: Option<Credential>,
    has_body: bool,
}

/// An answer and where it came from.
struct Arrived {
    answer: Answer,
    url: Url,
}

impl<'a> Exchange<'a> {
    pub(super) fn new(
        service: &'a HttpService,
        outgoing: &'a Outgoing,
        daemon: &'a dyn Daemon,
    ) -> Result<Self> {
        let url = Url::parse(&outgoing.url)
            .map_err(|error| Error::internal("a request has no valid URL").with_internal(error))?;
        if !matches!(url.scheme(), "https" | "http") || !url.has_host() {
            return Err(Error::internal(
                "a request's URL must begin with https:// or http://",
            ));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::internal(
                "a request's URL has a user or a password in it; declare credentials instead",
            ));
        }
        let start = Hop {
            method: outgoing.method.clone(),
            url,
            headers: outgoing.headers.clone(),
            credential: service.secrets.credential(&outgoing.auth)?,
            has_body: outgoing.body.is_some(),
        };
        Ok(Self {
            service,
            daemon,
            outgoing,
            start,
            waited: Duration::ZERO,
        })
    }

    /// Makes attempts until one is worth telling, and tells it.
    pub(super) fn run(mut self, sink: &mut dyn Sink) -> Result<()> {
        let mut attempt_idx = 0;
        loop {
            let outcome = self.attempt();
            let wait = match &outcome {
                Ok(arrived) => self.wait_before_repeating(&arrived.answer, attempt_idx),
                Err(Failure::Again(_)) => Some(self.service.patience.backoff(attempt_idx)),
                Err(Failure::Final(_)) => None,
            };
            match wait.filter(|wait| self.may_repeat(attempt_idx, *wait)) {
                Some(wait) => {
                    drop(outcome);
                    self.daemon.metric("http_retries", 1.0, "");
                    self.wait(wait)?;
                    attempt_idx += 1;
                }
                None => return self.deliver(outcome.map_err(Failure::into_error)?, sink),
            }
        }
    }

    fn wait_before_repeating(&self, answer: &Answer, attempt_idx: u32) -> Option<Duration> {
        if !patience::may_pass(answer.status) {
            return None;
        }
        let asked = patience::retry_after(&answer.headers, SystemTime::now());
        Some(asked.unwrap_or_else(|| self.service.patience.backoff(attempt_idx)))
    }

    fn may_repeat(&self, attempt_idx: u32, wait: Duration) -> bool {
        let flags = self.outgoing.flags;
        let is_repeatable =
            patience::is_idempotent(&self.outgoing.method) || flags & HTTP_REPEATABLE != 0;
        is_repeatable
            && flags & HTTP_ONCE == 0
            && attempt_idx + 1 < ATTEMPTS_MAX
            && self.waited + wait <= self.service.patience.total
    }

    /// Refuses a place that is not declared, and counts that it was wanted: a plugin that tries is
    /// worth a look even where it takes the refusal calmly.
    fn let_out(&self, url: &Url) -> Result<()> {
        self.service.egress.check(url).inspect_err(|_| {
            let place = json!({"host": egress::place(url)}).to_string();
            self.daemon.metric("http_refused", 1.0, &place);
        })
    }

    /// Follows redirects to the answer.
    fn attempt(&mut self) -> Attempt<Arrived> {
        let mut hop = self.start.clone();
        for _ in 0..=REDIRECTS_MAX {
            self.let_out(&hop.url).map_err(Failure::Final)?;
            let answer = self.once(&hop)?;
            match answer.redirect(&hop.url) {
                Some(next) => hop = hop.follow(next, answer.status),
                None => {
                    return Ok(Arrived {
                        answer,
                        url: hop.url,
                    });
                }
            }
        }
        Err(Failure::Final(Error::internal(format!(
            "{} redirected more than {REDIRECTS_MAX} times",
            self.start.told(self.service)
        ))))
    }

    /// Sends one request and returns its answer, whatever it is.
    fn once(&mut self, hop: &Hop) -> Attempt<Answer> {
        let (service, secrets) = (self.service, &self.service.secrets);
        let body = self.outgoing.body.as_deref().filter(|_| hop.has_body);
        let credential = hop.credential.as_ref();
        let recorded = service
            .cassette
            .request(&hop.method, &hop.url, &hop.headers, body, secrets);
        if let Some(answer) = service.cassette.replayed(&recorded) {
            return answer.map_err(Failure::Final);
        }
        self.await_permit(hop).map_err(Failure::Final)?;
        let timeout = match self.outgoing.timeout_ms {
            0 => TIMEOUT_DEFAULT,
            timeout_ms => Duration::from_millis(timeout_ms.into()).min(TIMEOUT_MAX),
        };
        let answer = service.client.send(&Wire {
            method: &hop.method,
            url: &credential.map_or_else(|| hop.url.clone(), |found| found.sent_url(&hop.url)),
            told: &hop.told(service),
            headers: &hop.headers,
            credential,
            body,
            timeout,
        });
        let class = answer.as_ref().map_or_else(
            |_| "failed".to_owned(),
            |answer| format!("{}xx", answer.status / 100),
        );
        let labels = format!("{{\"status\":\"{class}\"}}");
        self.daemon.metric("http_requests", 1.0, &labels);
        let answer = answer?;
        self.tell_pause(hop, &answer);
        match service.cassette.is_recording() {
            false => Ok(answer),
            true => {
                let (answer, line) = service.cassette.record(&recorded, answer, secrets)?;
                self.daemon.exchange(&line);
                Ok(answer)
            }
        }
    }

    /// Asks the daemon, which shares a vendor's limits out among all sources and runs.
    fn await_permit(&mut self, hop: &Hop) -> Result<()> {
        let left = self.service.patience.total.saturating_sub(self.waited);
        let grant = self.daemon.permit(&Ask {
            bucket: &self.outgoing.bucket,
            host: &host_of(&hop.url),
            wait_max: left,
            request: &hop.told(self.service),
        })?;
        if !grant.is_granted {
            let host = host_of(&hop.url);
            let text =
                format!("the budget of requests to `{host}` is used up; the rest is read later");
            return Err(Error::rate_limited(text, grant.wait));
        }
        self.wait(grant.wait)
    }

    /// Lets other sources wait, too, where a server asks for it.
    fn tell_pause(&self, hop: &Hop, answer: &Answer) {
        let now = SystemTime::now();
        let asked = match answer.status {
            429 | 503 => patience::retry_after(&answer.headers, now),
            _ => None,
        };
        if let Some(pause) = asked.or_else(|| patience::quota_pause(&answer.headers, now)) {
            self.daemon
                .pause(&self.outgoing.bucket, &host_of(&hop.url), pause);
        }
    }

    /// Waits, telling the daemon now and then, and gives up when the run should end: a run that is
    /// asked to finish reaches no checkpoint by waiting.
    fn wait(&mut self, wait: Duration) -> Result<()> {
        if self.service.cassette.is_replaying() || wait.is_zero() {
            return Ok(());
        }
        self.waited += wait;
        let (until, mut told) = (Instant::now() + wait, Instant::now());
        loop {
            let now = Instant::now();
            let is_over = now >= until;
            if is_over || now.duration_since(told) >= SIGN_EVERY {
                let waited_s = now.duration_since(told).as_secs_f64();
                self.daemon.metric("http_wait_seconds", waited_s, "");
                told = now;
            }
            if is_over {
                return Ok(());
            }
            if self.daemon.stop_level() > 0 {
                return Err(Error::cancelled());
            }
            std::thread::sleep(WAIT_STEP.min(until.duration_since(now)));
        }
    }

    fn deliver(&self, arrived: Arrived, sink: &mut dyn Sink) -> Result<()> {
        let Arrived { answer, url } = arrived;
        let retry_after = patience::retry_after(&answer.headers, SystemTime::now());
        sink.on_head(&Head {
            status: answer.status,
            url: self.service.secrets.mask(url.as_str()),
            headers: answer.headers,
            retry_after,
        })?;
        self.deliver_body(answer.body, sink)
    }

    fn deliver_body(&self, mut body: Box<dyn Read>, sink: &mut dyn Sink) -> Result<()> {
        let bytes_max = match self.outgoing.body_bytes_max {
            0 => BODY_BYTES_DEFAULT,
            bytes => bytes.min(BODY_BYTES_MAX),
        };
        let (mut piece, mut n_bytes, mut n_untold) = (vec![0; PIECE_BYTES], 0_u64, 0_u64);
        let mut told = Instant::now();
        loop {
            let n_read = match body.read(&mut piece) {
                Ok(n_read) => n_read as u64,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.cut_short(&error)),
            };
            (n_bytes, n_untold) = (n_bytes + n_read, n_untold + n_read);
            if n_read == 0 || told.elapsed() >= SIGN_EVERY {
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "a measured size, not an account"
                )]
                self.daemon.metric("http_body_bytes", n_untold as f64, "");
                (told, n_untold) = (Instant::now(), 0);
            }
            if n_read == 0 {
                return Ok(());
            }
            if n_bytes > bytes_max {
                let told = self.start.told(self.service);
                return Err(Error::internal(format!(
                    "{told} answered more than {bytes_max} bytes"
                )));
            }
            if self.daemon.stop_level() > 1 {
                return Err(Error::cancelled());
            }
            sink.on_body(&piece[..usize::try_from(n_read).unwrap_or_default()])?;
        }
    }

    fn cut_short(&self, error: &std::io::Error) -> Error {
        let told = self.start.told(self.service);
        Error::transient(format!("the answer to {told} was cut short")).with_internal(error)
    }
}

impl Hop {
    /// Returns the request that a redirect asks for. What was meant for one host is not shown to
    /// another, and a form that was sent is not sent again.
    fn follow(&self, mut url: Url, status: u16) -> Self {
        let mut next = self.clone();
        // They could only come from the server, and would be sent on as credentials.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_fragment(None);
        if url.origin() != self.url.origin() {
            next.credential = None;
            next.headers
                .retain(|(name, _)| !super::cassette::is_sensitive(name));
        }
        let is_get = matches!(self.method.as_str(), "GET" | "HEAD");
        if status == 303 && !is_get || matches!(status, 301 | 302) && self.method == "POST" {
            "GET".clone_into(&mut next.method);
            next.has_body = false;
            next.headers
                .retain(|(name, _)| !name.to_ascii_lowercase().starts_with("content-"));
        }
        next.url = url;
        next
    }

    /// Returns the request in words for logs: names of parameters, not their values.
    fn told(&self, service: &HttpService) -> String {
        let names: Vec<_> = self.url.query_pairs().map(|(name, _)| name).collect();
        let mut url = self.url.clone();
        url.set_query(None);
        url.set_fragment(None);
        let query = match names.is_empty() {
            true => String::new(),
            false => format!("?{}", names.join("&")),
        };
        service
            .secrets
            .mask(&format!("{} {url}{query}", self.method))
    }
}

/// Returns host and port, the place that a limit belongs to.
fn host_of(url: &Url) -> String {
    let port = url.port_or_known_default().unwrap_or_default();
    format!("{}:{port}", url.host_str().unwrap_or_default())
}
