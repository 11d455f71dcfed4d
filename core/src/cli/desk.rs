//! Where commands ask: the running daemon over its control socket, or the same routes in this
//! process when no daemon holds the data directory. Either way the answer is the same.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::config::Config;
use crate::daemon::{House, control};

use super::failure::Failure;

/// Longest reply that is read: a picture of 8K, uncompressed at worst.
const REPLY_BYTES_MAX: usize = 256 << 20;

/// An open desk.
pub(super) struct Desk {
    runtime: Runtime,
    place: Place,
}

enum Place {
    Daemon(PathBuf),
    Here(Box<House>),
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Reply {
    status: StatusCode,
    /// The answer.
    pub body: Vec<u8>,
}

impl Desk {
    /// Finds the daemon of the configuration's data directory, or opens the store here.
    pub(super) fn open(config: &Config) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::of(&error))?;
        let place = match running_daemon(config) {
            Some(socket) => Place::Daemon(socket),
            None => Place::Here(Box::new(super::house(config)?)),
        };
        Ok(Self { runtime, place })
    }

    /// Gets an address.
    pub(super) fn get(&self, target: &str, accept: &str) -> Result<Reply, Failure> {
        let request = Request::get(target)
            .header("host", "localhost")
            .header("accept", accept)
            .header(control::BUILD_HEADER, control::BUILD_ID)
            .body(Full::new(Bytes::new()))
            .map_err(|error| Failure::of(&error))?;
        match &self.place {
            Place::Daemon(socket) => self.runtime.block_on(ask_daemon(socket, request)),
            Place::Here(house) => self.runtime.block_on(ask_here(house, request)),
        }
    }
}

impl Reply {
    /// Tells whether it is an answer and not a refusal.
    pub(super) fn is_success(&self) -> bool {
        self.status.is_success()
    }

    /// Returns itself, or the failure it tells of.
    pub(super) fn or_failure(self) -> Result<Self, Failure> {
        if self.is_success() { Ok(self) } else { Err(self.into_failure()) }
    }

    /// Returns the failure that a problem document tells of.
    pub(super) fn into_failure(self) -> Failure {
        let problem: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let text = |name: &str| problem[name].as_str().map(str::to_owned);
        let what = text("detail").or_else(|| text("title"));
        let mut failure = Failure::new(what.unwrap_or_else(|| format!("refused with {}", self.status)));
        failure.hint = text("hint");
        failure
    }
}

/// Returns the control socket of a daemon that answers there.
pub(super) fn running_daemon(config: &Config) -> Option<PathBuf> {
    let socket = control::socket_path(config.data_dir())?;
    UnixStream::connect(&socket).ok().map(|_| socket)
}

/// Writes an address of segments and query pairs, percent-encoded.
pub(super) fn target(segments: &[&str], pairs: &[(String, String)]) -> String {
    let mut text: String = segments.iter().map(|segment| format!("/{}", encoded(segment))).collect();
    for (idx, (name, value)) in pairs.iter().enumerate() {
        let mark = if idx == 0 { '?' } else { '&' };
        text.push_str(&format!("{mark}{}={}", encoded(name), encoded(value)));
    }
    text
}

fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

async fn ask_daemon(socket: &PathBuf, request: Request<Full<Bytes>>) -> Result<Reply, Failure> {
    let gone = |error: &dyn std::fmt::Display| {
        Failure::new(format!("the daemon behind `{}` does not answer: {error}", socket.display()))
            .hint("look at its log, or stop it and try again")
    };
    let stream = tokio::net::UnixStream::connect(socket).await.map_err(|error| gone(&error))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| gone(&error))?;
    tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(|error| gone(&error))?;
    let status = response.status();
    let limited = http_body_util::Limited::new(response.into_body(), REPLY_BYTES_MAX);
    let body = limited.collect().await.map_err(|error| gone(&error))?.to_bytes().to_vec();
    Ok(Reply { status, body })
}

async fn ask_here(house: &House, request: Request<Full<Bytes>>) -> Result<Reply, Failure> {
    let response = house.answer(request).await;
    let status = response.status();
    let body = response.into_body().collect().await.map_err(|error| Failure::new(error.to_string()))?;
    Ok(Reply { status, body: body.to_bytes().to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_percent_encoded() {
        let pairs = [("where.segment".to_owned(), "a b,c&d".to_owned())];
        assert_eq!(target(&["charts", "a/b.svg"], &pairs), "/charts/a%2Fb.svg?where.segment=a%20b%2Cc%26d");
    }
}
