//! Where commands ask: the running daemon over its control socket. When no daemon holds the data
//! directory, this process opens it and answers on that socket itself, so that there is one way
//! to a number.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::config::Config;
use crate::daemon::House;
use crate::http::ServeOptions;
use crate::http::accept::{Listener, serve};
use crate::http::control::{BUILD_HEADER, BUILD_ID, socket_path};

use super::failure::Failure;

/// Longest reply that is read: a picture of 8K, uncompressed at worst.
const REPLY_BYTES_MAX: usize = 256 << 20;
/// Longest line of a command's answer: its report with 20 samples of rejects.
const LINE_BYTES_MAX: usize = 1 << 20;

/// An open desk.
pub(super) struct Desk {
    socket: PathBuf,
    /// Ends this process's own server when the desk is closed.
    own_server: Option<watch::Sender<bool>>,
    runtime: Runtime,
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
        let runtime = runtime()?;
        if let Some(socket) = running_daemon(config) {
            return Ok(Self {
                socket,
                own_server: None,
                runtime,
            });
        }
        let house = House::open(config).map_err(|error| Failure::of_store(&error))?;
        let socket = socket_path(config.data_dir()).ok_or_else(|| {
            Failure::new("the path of data_dir is too long for a socket")
                .hint("set XDG_RUNTIME_DIR, or choose a shorter data_dir")
        })?;
        let options = ServeOptions {
            base_path: String::new(),
            ..house.serve_options(config)
        };
        let (stop, stopping) = watch::channel(false);
        let listener = {
            let _inside = runtime.enter();
            Listener::socket(&socket).map_err(|error| Failure::of(&error).hint(error.hint()))?
        };
        runtime.spawn(serve(listener, options, stopping));
        Ok(Self {
            socket,
            own_server: Some(stop),
            runtime,
        })
    }

    /// Gets an address.
    pub(super) fn get(&self, target: &str, accept: &str) -> Result<Reply, Failure> {
        let request = Request::get(target)
            .header("host", "localhost")
            .header("accept", accept)
            .header(BUILD_HEADER, BUILD_ID)
            .body(Full::new(Bytes::new()))
            .map_err(|error| Failure::of(&error))?;
        self.runtime.block_on(async {
            let response = send(&self.socket, request).await?;
            read(response)
                .await
                .map_err(|error| gone(&self.socket, &*error))
        })
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if self.own_server.is_some() {
            // Gone already is fine.
            let _ = std::fs::remove_file(&self.socket);
        }
    }
}

/// Sends a command to the running daemon and hands over each line of its answer.
pub(super) fn command(
    socket: &PathBuf,
    target: &str,
    mut on_line: impl FnMut(&Value),
) -> Result<(), Failure> {
    runtime()?.block_on(async {
        let response = send(socket, posted(target)?).await?;
        if !response.status().is_success() {
            let reply = read(response)
                .await
                .map_err(|error| gone(socket, &*error))?;
            return Err(reply.into_failure());
        }
        let mut body = response.into_body();
        let mut waiting = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| gone(socket, &error))?;
            waiting.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
            while let Some(end) = waiting.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = waiting.drain(..=end).collect();
                on_line(&serde_json::from_slice(&line).unwrap_or_default());
            }
            if waiting.len() > LINE_BYTES_MAX {
                return Err(gone(socket, &"its answer makes no sense"));
            }
        }
        Ok(())
    })
}

/// Posts to an address of the running daemon.
pub(super) fn post(socket: &PathBuf, target: &str) -> Result<Reply, Failure> {
    runtime()?.block_on(async {
        let response = send(socket, posted(target)?).await?;
        let reply = read(response)
            .await
            .map_err(|error| gone(socket, &*error))?;
        reply.or_failure()
    })
}

fn posted(target: &str) -> Result<Request<Full<Bytes>>, Failure> {
    Request::post(target)
        .header("host", "localhost")
        .header(BUILD_HEADER, BUILD_ID)
        .body(Full::new(Bytes::new()))
        .map_err(|error| Failure::of(&error))
}

/// Sends a command to the running daemon and returns the report of its last line.
pub(super) fn report(socket: &PathBuf, target: &str) -> Result<Value, Failure> {
    let mut last = Value::Null;
    command(socket, target, |line| last = line.clone())?;
    if let Some(what) = last["failure"]["what"].as_str() {
        return Err(Failure {
            what: what.to_owned(),
            hint: last["failure"]["hint"].as_str().map(str::to_owned),
        });
    }
    match last["report"].take() {
        Value::Null => Err(gone(socket, "it ended before it answered")),
        report => Ok(report),
    }
}

fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Failure::of(&error))
}

fn gone(socket: &std::path::Path, error: &(impl std::fmt::Display + ?Sized)) -> Failure {
    Failure::new(format!(
        "the daemon behind `{}` does not answer: {error}",
        socket.display()
    ))
    .hint("look at its log, or stop it and try again")
}

async fn send(
    socket: &PathBuf,
    request: Request<Full<Bytes>>,
) -> Result<Response<Incoming>, Failure> {
    let stream = tokio::net::UnixStream::connect(socket)
        .await
        .map_err(|error| gone(socket, &error))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| gone(socket, &error))?;
    tokio::spawn(connection);
    sender
        .send_request(request)
        .await
        .map_err(|error| gone(socket, &error))
}

async fn read(
    response: Response<Incoming>,
) -> Result<Reply, Box<dyn std::error::Error + Send + Sync>> {
    let status = response.status();
    let body = Limited::new(response.into_body(), REPLY_BYTES_MAX)
        .collect()
        .await?;
    Ok(Reply {
        status,
        body: body.to_bytes().to_vec(),
    })
}

impl Reply {
    /// Tells whether it is an answer and not a refusal.
    pub(super) fn is_success(&self) -> bool {
        self.status.is_success()
    }

    /// Returns itself, or the failure it tells of.
    pub(super) fn or_failure(self) -> Result<Self, Failure> {
        if self.is_success() {
            Ok(self)
        } else {
            Err(self.into_failure())
        }
    }

    /// Returns the failure that a problem document tells of.
    pub(super) fn into_failure(self) -> Failure {
        let problem: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let text = |name: &str| problem[name].as_str().map(str::to_owned);
        let what = text("detail").or_else(|| text("title"));
        let mut failure =
            Failure::new(what.unwrap_or_else(|| format!("refused with {}", self.status)));
        failure.hint = text("hint");
        failure
    }
}

/// Returns the control socket of a daemon that answers there.
pub(super) fn running_daemon(config: &Config) -> Option<PathBuf> {
    let socket = socket_path(config.data_dir())?;
    UnixStream::connect(&socket).ok().map(|_| socket)
}

/// Writes an address of segments and query pairs, percent-encoded.
pub(super) fn target(segments: &[&str], pairs: &[(String, String)]) -> String {
    let mut text: String = segments
        .iter()
        .map(|segment| format!("/{}", encoded(segment)))
        .collect();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_percent_encoded() {
        let pairs = [("where.segment".to_owned(), "a b,c&d".to_owned())];
        assert_eq!(
            target(&["charts", "a/b.svg"], &pairs),
            "/charts/a%2Fb.svg?where.segment=a%20b%2Cc%26d"
        );
    }
}
