//! Commands that change something, heard on the control socket alone; they answer line by line.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{HeaderValue, Method, Request, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use warp::Reply as _;
use warp::reply::Response;

use crate::access::Access;
use crate::access::order::TokenOrder;
use crate::http::ServeOptions;
use crate::http::visit::Fault;

/// Header that says which build asks; another build may speak another dialect.
pub const BUILD_HEADER: &str = "x-vocd-build";
/// Identity of this build.
pub const BUILD_ID: &str = vocd_plugin::frame::BUILD_ID;

/// First segment of every command's address.
pub(super) const SEGMENT: &str = "control";
/// Longest path of a socket that every system takes, in bytes.
const SOCKET_PATH_BYTES_MAX: usize = 100;
/// Lines of progress on their way to a slow terminal; the work waits for it then.
const LINES_MAX: usize = 64;

/// Where a command's lines go; a closed end means that nobody reads them any more.
pub type Lines = mpsc::Sender<Value>;

/// Commands that change something. Each blocks until it is done; its last line has `report` or
/// `failure`.
pub trait Commands: Send + Sync {
    /// Pulls a source once.
    fn sync(&self, source: &str, is_full: bool, is_dry_run: bool, lines: &Lines);

    /// Forgets a source's checkpoints.
    fn reset(&self, source: &str, lines: &Lines);

    /// Has a source's webhooks that were kept aside parsed again.
    fn retry(&self, source: &str, lines: &Lines);
}

/// Returns where the control socket of a data directory is, or `None` when its path would be too
/// long and there is no `$XDG_RUNTIME_DIR` for a shorter one.
#[must_use]
pub fn socket_path(data_dir: &Path) -> Option<PathBuf> {
    let data_dir = std::path::absolute(data_dir).ok()?;
    let beside = data_dir.join("vocd.sock");
    if beside.as_os_str().len() <= SOCKET_PATH_BYTES_MAX {
        return Some(beside);
    }
    let folder = PathBuf::from(std::env::var_os("XDG_RUNTIME_DIR")?);
    let hash = blake3::hash(data_dir.as_os_str().as_encoded_bytes()).to_hex();
    Some(folder.join(format!("vocd-{}.sock", &hash[..16])))
}

/// Refuses a request of another build.
pub(super) fn check_build<B>(request: &Request<B>) -> Result<(), Fault> {
    match request.headers().get(BUILD_HEADER) {
        Some(build) if build != BUILD_ID => {
            let what = "the running daemon is of another build than this command";
            Err(Fault::new(StatusCode::CONFLICT, what).hint("restart the daemon after an upgrade"))
        }
        _ => Ok(()),
    }
}

/// Starts the command of an address and answers with its lines.
pub(super) fn answer<B>(request: &Request<B>, options: &ServeOptions) -> Result<Response, Fault> {
    let commands = options
        .commands
        .clone()
        .ok_or_else(|| Fault::new(StatusCode::NOT_FOUND, "this process takes no commands"))?;
    if request.method() != Method::POST {
        let what = "a command is sent by POST";
        return Err(Fault::new(StatusCode::METHOD_NOT_ALLOWED, what));
    }
    let query = request.uri().query().unwrap_or_default();
    // A source's name needs no decoding: it is letters, digits and hyphens.
    let parameter = |name: &str| {
        query
            .split('&')
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    };
    let source = parameter("source").unwrap_or_default().to_owned();
    let is_full = parameter("full") == Some("true");
    let is_dry_run = parameter("dry_run") == Some("true");
    let (lines, received) = mpsc::channel(LINES_MAX);
    match request.uri().path() {
        "/control/sync" => tokio::task::spawn_blocking(move || {
            commands.sync(&source, is_full, is_dry_run, &lines);
        }),
        "/control/reset" => tokio::task::spawn_blocking(move || commands.reset(&source, &lines)),
        "/control/retry" => tokio::task::spawn_blocking(move || commands.retry(&source, &lines)),
        "/control/token" => {
            let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect();
            let access = Arc::clone(&options.access);
            tokio::task::spawn_blocking(move || {
                let _ = lines.blocking_send(token(&access, &pairs));
            })
        }
        _ => {
            let fault = Fault::new(StatusCode::NOT_FOUND, "there is no such command");
            return Err(fault.hint(
                "there are /control/sync, /control/reset, /control/retry and /control/token",
            ));
        }
    };
    let lines = ReceiverStream::new(received)
        .map(|line| Ok::<_, std::convert::Infallible>(Bytes::from(format!("{line}\n"))));
    let mut response = warp::reply::stream(lines).into_response();
    let media_type = HeaderValue::from_static("application/x-ndjson");
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, media_type);
    Ok(response)
}

fn token(access: &Access, pairs: &[(String, String)]) -> Value {
    let done =
        TokenOrder::from_pairs(pairs).and_then(|order| order.carry_out(access, Timestamp::now()));
    match done {
        Ok(report) => json!({ "report": report }),
        Err(error) => failure_line(&error, Some(error.hint())),
    }
}

/// Returns the last line of a command that failed: the error with its causes, and a hint.
#[must_use]
pub fn failure_line(error: &(dyn std::error::Error + 'static), hint: Option<String>) -> Value {
    let mut what = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        what = format!("{what}: {error}");
        cause = error.source();
    }
    json!({ "failure": { "what": what, "hint": hint } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_folder_holds_its_socket() {
        let path = socket_path(Path::new("/var/lib/vocd")).expect("short");
        assert_eq!(path, Path::new("/var/lib/vocd/vocd.sock"));
    }

    #[test]
    fn a_long_folder_never_gives_a_long_path() {
        let folder = format!("/{}", "a".repeat(200));
        if let Some(path) = socket_path(Path::new(&folder)) {
            assert!(!path.starts_with(&folder));
        }
    }
}
