//! A scripted vendor for unit tests: the harness's side of `voc.http/1`.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::c_void;
use std::mem::size_of;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::recorder::owned;
use crate::abi::http::{
    HTTP_AUTH_NONE, VocHttpHead, VocHttpHeader, VocHttpRequest, VocHttpSink, VocHttpV1,
};
use crate::abi::{OK, VocStatus, VocStr};
use crate::{Error, Result, ffi, json};

/// Largest body read from a plugin, in bytes, as in the real host.
const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// What the scripted vendor answers once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    result: Result<u16>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Answer {
    /// Makes an answer with a status and nothing else.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self {
            result: Ok(status),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// Makes an answer of status 200 with a JSON body.
    #[must_use]
    pub fn json(body: &str) -> Self {
        Self::status(200)
            .header("content-type", "application/json")
            .body(body)
    }

    /// Makes the request fail in the host, as a broken connection does.
    #[must_use]
    pub fn failure(error: Error) -> Self {
        Self {
            result: Err(error),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// Adds a header; a `retry-after` in seconds is understood as by the host.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers
            .push((name.to_ascii_lowercase(), value.to_owned()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    fn retry_after_ms(&self) -> u64 {
        let header = self.headers.iter().find(|(name, _)| name == "retry-after");
        let seconds = header.and_then(|(_, value)| value.parse::<u64>().ok());
        seconds.unwrap_or(0).saturating_mul(1_000)
    }
}

/// A request as the plugin made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// `GET`, `POST`, …
    pub method: String,
    /// As written, without what the host adds.
    pub url: String,
    /// In order.
    pub headers: Vec<(String, String)>,
    /// Empty without one.
    pub body: Vec<u8>,
    /// Name of the budget; may be empty.
    pub bucket: String,
    /// What the configuration held in place of the secret; `None` without credentials.
    pub auth_ref: Option<String>,
}

/// Answers to come by method and URL, and the requests so far.
#[derive(Debug)]
pub(super) struct Vendor {
    pub(super) extension: VocHttpV1,
    script: Mutex<Script>,
}

#[derive(Debug, Default)]
struct Script {
    answers: BTreeMap<(String, String), VecDeque<Answer>>,
    sent: Vec<Sent>,
}

impl Vendor {
    /// Makes the vendor; the extension points at it, so it must not move.
    pub(super) fn boxed() -> Box<Self> {
        let mut vendor = Box::new(Self {
            extension: VocHttpV1 {
                struct_size: size_of::<VocHttpV1>() as u32,
                abi_minor: 0,
                ctx: std::ptr::null_mut(),
                send: Some(send),
            },
            script: Mutex::default(),
        });
        vendor.extension.ctx = (&raw mut *vendor).cast();
        vendor
    }

    pub(super) fn answer(&self, method: &str, url: &str, answer: Answer) {
        let key = (method.to_owned(), url.to_owned());
        self.script()
            .answers
            .entry(key)
            .or_default()
            .push_back(answer);
    }

    /// Adds the answers of a recording, in order.
    pub(super) fn replay(&self, cassette: &str) -> Result<()> {
        for (line_idx, line) in cassette.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let (method, url, answer) = recorded(line).ok_or_else(|| {
                Error::internal(format!("line {} of the cassette is none", line_idx + 1))
            })?;
            self.answer(&method, &url, answer);
        }
        Ok(())
    }

    pub(super) fn take_sent(&self) -> Vec<Sent> {
        std::mem::take(&mut self.script().sent)
    }

    fn next(&self, sent: Sent) -> Answer {
        let mut script = self.script();
        let key = (sent.method.clone(), sent.url.clone());
        let answer = script.answers.get_mut(&key).and_then(VecDeque::pop_front);
        script.sent.push(sent);
        answer.unwrap_or_else(|| {
            let (method, url) = key;
            Answer::failure(Error::not_found(format!(
                "the script has no answer for {method} {url}"
            )))
        })
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads one line of a cassette.
fn recorded(line: &str) -> Option<(String, String, Answer)> {
    let text = |object, name| json::member(object, name).and_then(json::string);
    let (request, response) = (
        json::member(line, "request")?,
        json::member(line, "response")?,
    );
    let status = json::member(response, "status")?.trim().parse().ok()?;
    let mut answer = Answer::status(status);
    for (name, raw) in json::members(json::member(response, "headers")?)? {
        answer = answer.header(&name, &json::string(raw)?);
    }
    answer.body = match text(response, "body") {
        Some(body) => body.into_bytes(),
        None => base64_decoded(&text(response, "body_base64")?)?,
    };
    Some((text(request, "method")?, text(request, "url")?, answer))
}

fn base64_decoded(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.trim_end_matches('=').bytes();
    let (mut bits, mut n_bits, mut bytes) = (0_u32, 0, Vec::new());
    for digit in digits {
        let value = ALPHABET.iter().position(|known| *known == digit)?;
        bits = bits << 6 | u32::try_from(value).ok()?;
        n_bits += 6;
        if n_bits >= 8 {
            n_bits -= 8;
            bytes.push(u8::try_from(bits >> n_bits & 0xff).ok()?);
        }
    }
    Some(bytes)
}

unsafe extern "C" fn send(
    ctx: *mut c_void,
    request: *const VocHttpRequest,
    sink: *const VocHttpSink,
) -> VocStatus {
    // SAFETY: called by the SDK during a call of the harness, with our vendor and with structures
    // that outlive the call.
    unsafe {
        let vendor = &*ctx.cast::<Vendor>();
        let (Some(request), Some(sink)) = (ffi::read_sized(request), ffi::read_sized(sink)) else {
            return crate::ErrorClass::Internal.status();
        };
        // The plugin's own code runs inside `deliver`: no lock is held there.
        deliver(&vendor.next(sent(&request)), &request, &sink)
    }
}

/// # Safety
/// The structure comes from a plugin's running call.
unsafe fn sent(request: &VocHttpRequest) -> Sent {
    // SAFETY: promised by the caller.
    unsafe {
        Sent {
            method: owned(request.method),
            url: owned(request.url),
            headers: ffi::header_pairs(request.headers, request.n_headers),
            body: ffi::read_body(request, BODY_BYTES_MAX).unwrap_or_default(),
            bucket: owned(request.bucket),
            auth_ref: (request.auth_kind != HTTP_AUTH_NONE).then(|| owned(request.auth_ref)),
        }
    }
}

/// # Safety
/// The structures come from a plugin's running call.
unsafe fn deliver(answer: &Answer, request: &VocHttpRequest, sink: &VocHttpSink) -> VocStatus {
    let status = match &answer.result {
        Ok(status) => *status,
        Err(error) => {
            let wait_ms = error.retry_after().unwrap_or_default().as_millis();
            let wait_ms = u64::try_from(wait_ms).unwrap_or(u64::MAX);
            let (user, internal) = (VocStr::new(error.user()), error.internal_detail());
            if let Some(on_error) = sink.on_error {
                let (class, internal) = (error.class().status(), VocStr::new(internal));
                // SAFETY: promised by the caller; the texts outlive the call.
                unsafe { on_error(sink.ctx, class, user, internal, wait_ms) };
            }
            return error.class().status();
        }
    };
    let pair = |(name, value): &(String, String)| VocHttpHeader {
        name: VocStr::new(name),
        value: VocStr::new(value),
    };
    let headers: Vec<_> = answer.headers.iter().map(pair).collect();
    let head = VocHttpHead {
        struct_size: size_of::<VocHttpHead>() as u32,
        status: u32::from(status),
        url: request.url,
        headers: headers.as_ptr(),
        n_headers: headers.len(),
        retry_after_ms: answer.retry_after_ms(),
    };
    let body = VocStr {
        ptr: answer.body.as_ptr(),
        len: answer.body.len(),
    };
    // SAFETY: promised by the caller; head and body outlive the calls.
    unsafe {
        let taken = sink
            .on_head
            .map_or(OK, |on_head| on_head(sink.ctx, &raw const head));
        if taken != OK || answer.body.is_empty() {
            return taken;
        }
        sink.on_body.map_or(OK, |on_body| on_body(sink.ctx, body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_line_becomes_an_answer() {
        let line = r#"{"request":{"method":"GET","url":"https://a/","headers":{}},
            "response":{"status":429,"headers":{"Retry-After":"7"},"body_base64":"AAH/"}}"#;
        let (method, url, answer) = recorded(line).expect("valid");
        assert_eq!((method.as_str(), url.as_str()), ("GET", "https://a/"));
        assert_eq!(answer.result, Ok(429));
        assert_eq!(answer.body, [0, 1, 255]);
        assert_eq!(answer.retry_after_ms(), 7_000);
    }

    #[test]
    fn a_line_that_is_no_exchange_is_refused_by_its_number() {
        let error = Vendor::boxed().replay("\n{}\n").expect_err("no exchange");
        assert!(error.user().contains("line 2"), "{error}");
    }
}
