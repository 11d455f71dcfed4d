//! Exchanges recorded as lines of JSON without secrets, and answered from them again.

use std::collections::{BTreeMap, VecDeque};
use std::io::Read as _;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use url::Url;
use vocd_plugin::{Error, Result};

use super::answer::{Answer, HeaderList};
use super::client::{Attempt, Failure};
use super::plan::CassettePlan;
use super::secrets::{MASK, Secrets};

/// Largest body that is recorded, in bytes; a fixture above it is nobody's to read.
const RECORDED_BODY_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Parts of a header's or parameter's name that promise a secret as its value.
const SENSITIVE: [&str; 9] = [
    "auth",
    "cookie",
    "token",
    "key",
    "secret",
    "password",
    "session",
    "signature",
    "credential",
];
/// Headers about the wire; they are not true of a recorded body.
const FRAMING: [&str; 3] = ["connection", "content-length", "transfer-encoding"];
/// Members of a JSON body that are secrets wherever they come from.
const SENSITIVE_MEMBERS: [&str; 4] = ["access_token", "refresh_token", "id_token", "client_secret"];

/// Whether exchanges are recorded or replayed.
pub(super) enum Cassette {
    Off,
    Record,
    Replay(Mutex<BTreeMap<Key, VecDeque<Response>>>),
}

/// What tells two requests apart: method, URL, digest of the body; secrets masked.
type Key = (String, String, String);

/// A request without secrets.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Request {
    method: String,
    url: String,
    headers: BTreeMap<String, String>,
    /// SHA-256 of the body, secrets masked; empty without one.
    #[serde(default)]
    body_hash: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Response {
    status: u16,
    headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    /// In place of `body` where it is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    request: Request,
    response: Response,
}

impl Cassette {
    pub(super) fn new(plan: Option<&CassettePlan>) -> Result<Self> {
        let lines = match plan {
            None => return Ok(Self::Off),
            Some(CassettePlan::Record) => return Ok(Self::Record),
            Some(CassettePlan::Replay { lines }) => lines,
        };
        let mut shelf: BTreeMap<Key, VecDeque<Response>> = BTreeMap::new();
        for (line_idx, line) in lines.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let line: Line = serde_json::from_str(line).map_err(|error| {
                let number = line_idx + 1;
                Error::config(format!(
                    "line {number} of the cassette is no exchange: {error}"
                ))
            })?;
            shelf
                .entry(line.request.key())
                .or_default()
                .push_back(line.response);
        }
        Ok(Self::Replay(Mutex::new(shelf)))
    }

    pub(super) fn is_recording(&self) -> bool {
        matches!(self, Self::Record)
    }

    pub(super) fn is_replaying(&self) -> bool {
        matches!(self, Self::Replay(_))
    }

    /// Returns a request as it is recorded and looked up; `None` where neither happens.
    pub(super) fn request(
        &self,
        method: &str,
        url: &Url,
        headers: &[(String, String)],
        body: Option<&[u8]>,
        secrets: &Secrets,
    ) -> Option<Request> {
        if matches!(self, Self::Off) {
            return None;
        }
        let hash = |body: &[u8]| {
            let masked = secrets.mask(&String::from_utf8_lossy(body));
            let digest = Sha256::digest(masked.as_bytes());
            digest.iter().map(|byte| format!("{byte:02x}")).collect()
        };
        Some(Request {
            method: method.to_owned(),
            url: secrets.mask(masked_url(url).as_str()),
            headers: masked_headers(headers, secrets),
            body_hash: body.map(hash).unwrap_or_default(),
        })
    }

    /// Returns the next recorded answer to a request, or `None` when nothing is replayed.
    pub(super) fn replayed(&self, request: &Option<Request>) -> Option<Result<Answer>> {
        let (Self::Replay(shelf), Some(request)) = (self, request) else {
            return None;
        };
        let mut shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
        let unknown = |what: &str| {
            let (method, url) = (&request.method, &request.url);
            Error::not_found(format!(
                "the cassette has no {what} answer to {method} {url}"
            ))
        };
        let found = match shelf.get_mut(&request.key()) {
            None => Err(unknown("recorded")),
            Some(answers) => answers.pop_front().ok_or_else(|| unknown("further")),
        };
        Some(found.and_then(|response| response.answer()))
    }

    /// Reads an answer whole and returns it with the line to keep.
    pub(super) fn record(
        &self,
        request: &Option<Request>,
        answer: Answer,
        secrets: &Secrets,
    ) -> Attempt<(Answer, String)> {
        let broken = |error: &std::io::Error| {
            Failure::Again(Error::transient("an answer was cut short").with_internal(error))
        };
        let mut body = Vec::new();
        let mut reader = answer.body.take(RECORDED_BODY_BYTES_MAX + 1);
        reader
            .read_to_end(&mut body)
            .map_err(|error| broken(&error))?;
        if body.len() as u64 > RECORDED_BODY_BYTES_MAX {
            let text = "an answer above 8 MiB cannot be recorded; ask for smaller pages";
            return Err(Failure::Final(Error::internal(text)));
        }
        let (text, base64) = match std::str::from_utf8(&body) {
            Ok(text) => (Some(masked_members(&secrets.mask(text))), None),
            // A secret between bytes that are no text shows in their mended form.
            Err(_) => {
                let mended = String::from_utf8_lossy(&body);
                match secrets.mask(&mended) == mended {
                    true => (None, Some(STANDARD.encode(&body))),
                    false => (Some(secrets.mask(&mended)), None),
                }
            }
        };
        let line = Line {
            request: request.clone().unwrap_or_else(Request::unknown),
            response: Response {
                status: answer.status,
                headers: masked_headers(answer.headers.pairs(), secrets),
                body: text,
                body_base64: base64,
            },
        };
        let line = serde_json::to_string(&line)
            .map_err(|error| Failure::Final(Error::internal(error.to_string())))?;
        Ok((Answer::whole(answer.status, answer.headers, body), line))
    }
}

impl Request {
    fn key(&self) -> Key {
        (
            self.method.clone(),
            self.url.clone(),
            self.body_hash.clone(),
        )
    }

    fn unknown() -> Self {
        Self {
            method: String::new(),
            url: String::new(),
            headers: BTreeMap::new(),
            body_hash: String::new(),
        }
    }
}

impl Response {
    fn answer(self) -> Result<Answer> {
        let body = match (self.body, self.body_base64) {
            (Some(text), _) => text.into_bytes(),
            (None, Some(base64)) => STANDARD
                .decode(base64)
                .map_err(|_| Error::config("the cassette has a body that is no base64"))?,
            (None, None) => Vec::new(),
        };
        let mut headers = HeaderList::default();
        for (name, value) in self.headers {
            headers.push(&name, value);
        }
        Ok(Answer::whole(self.status, headers, body))
    }
}

/// Tells whether a header or parameter of this name holds a secret.
pub(super) fn is_sensitive(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SENSITIVE.iter().any(|part| name.contains(part))
}

fn masked_url(url: &Url) -> Url {
    let mut masked = url.clone();
    if url.query_pairs().any(|(name, _)| is_sensitive(&name)) {
        let pairs = url.query_pairs().map(|(name, value)| {
            let value = if is_sensitive(&name) {
                MASK.into()
            } else {
                value
            };
            (name, value)
        });
        let pairs: Vec<_> = pairs.collect();
        masked.query_pairs_mut().clear().extend_pairs(pairs);
    }
    masked
}

fn masked_headers(headers: &[(String, String)], secrets: &Secrets) -> BTreeMap<String, String> {
    let mut masked = BTreeMap::new();
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        if FRAMING.contains(&name.as_str()) {
            continue;
        }
        let value = match is_sensitive(&name) {
            true => MASK.to_owned(),
            false => secrets.mask(value),
        };
        let joined: &mut String = masked.entry(name).or_default();
        if !joined.is_empty() {
            joined.push_str(", ");
        }
        joined.push_str(&value);
    }
    masked
}

/// Masks the tokens that a server hands out in JSON.
fn masked_members(text: &str) -> String {
    let mut clean = text.to_owned();
    for member in SENSITIVE_MEMBERS {
        let quoted = format!("\"{member}\"");
        let mut from = 0;
        while let Some(found) = clean[from..].find(&quoted) {
            from += found + quoted.len();
            let rest = clean[from..].trim_start();
            let Some(rest) = rest.strip_prefix(':').map(str::trim_start) else {
                continue;
            };
            let Some(value) = rest.strip_prefix('"') else {
                continue;
            };
            let start = clean.len() - value.len();
            // Tokens hold no quotes; one that does is masked up to the first.
            let end = value.find('"').map_or(clean.len(), |len| start + len);
            clean.replace_range(start..end, MASK);
            from = start;
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_and_tokens_are_masked_by_name() {
        let url = Url::parse("https://a.example/x?page=2&api_key=abc&q=ü").expect("valid");
        assert_eq!(
            masked_url(&url).as_str(),
            "https://a.example/x?page=2&api_key=***&q=%C3%BC"
        );
        let body = r#"{"access_token": "abc", "n": 1, "refresh_token":"def"}"#;
        let expected = r#"{"access_token": "***", "n": 1, "refresh_token":"***"}"#;
        assert_eq!(masked_members(body), expected);
        assert_eq!(masked_members("\"access_token\""), "\"access_token\"");
    }

    #[test]
    fn a_line_that_is_no_exchange_is_named() {
        let plan = CassettePlan::Replay {
            lines: "\n{\"request\":1}\n".to_owned(),
        };
        let error = Cassette::new(Some(&plan)).err().expect("refused");
        assert!(error.user().contains("line 2"), "{error}");
    }
}
