//! The control socket: the same addresses as over HTTP, and commands that change something.
//!
//! Only the daemon's own user and root may speak here; the kernel says who that is.

use std::convert::Infallible;
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;

use super::House;

/// Header that says which build asks.
pub const BUILD_HEADER: &str = "x-vocd-build";
/// Identity of this build; another one may speak another dialect.
pub const BUILD_ID: &str = vocd_plugin::frame::BUILD_ID;

/// Longest path of a socket that every system takes, in bytes.
const SOCKET_PATH_BYTES_MAX: usize = 100;
/// Commands at once: people at terminals, not traffic.
const CONNECTIONS_MAX: usize = 16;
/// Time for a request's headers.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Lines of progress on their way to a slow terminal; the work waits for it then.
const LINES_MAX: usize = 64;

/// A body that is whole or comes line by line.
pub type Body = BoxBody<Bytes, Infallible>;
/// Where a command's lines go.
pub type Lines = mpsc::Sender<Value>;

/// Commands that change something; each blocks until it is done and sends lines on the way.
pub trait Commands: Send + Sync {
    /// Pulls a source once. The last line has `report` or `failure`.
    fn sync(&self, source: &str, is_full: bool, is_dry_run: bool, lines: &Lines);

    /// Forgets a source's checkpoints. The last line has `report` or `failure`.
    fn reset(&self, source: &str, lines: &Lines);
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

/// Binds the socket, replacing one that a killed daemon left behind; the caller holds the lock
/// of the data directory.
///
/// # Errors
/// When the folder is not writable.
pub fn bind(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Answers on the socket until `stop` turns true.
pub async fn serve(
    listener: UnixListener,
    house: Arc<House>,
    commands: Arc<dyn Commands>,
    mut stop: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|is_stopping| *is_stopping) => return,
        };
        let Ok((stream, _)) = accepted else { continue };
        let (house, commands) = (Arc::clone(&house), Arc::clone(&commands));
        tokio::spawn(async move {
            converse(stream, house, commands).await;
            drop(place);
        });
    }
}

async fn converse(stream: UnixStream, house: Arc<House>, commands: Arc<dyn Commands>) {
    if !is_owner(&stream) {
        tracing::warn!("refused a control connection of another user");
        return;
    }
    let service = service_fn(move |request| {
        let (house, commands) = (Arc::clone(&house), Arc::clone(&commands));
        async move { Ok::<_, Infallible>(answer(request, &house, commands).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!("a control connection ended early: {error}");
    }
}

/// Tells whether the other end is root or the daemon's own user.
fn is_owner(stream: &UnixStream) -> bool {
    rustix::net::sockopt::socket_peercred(stream).is_ok_and(|peer| {
        peer.uid.is_root() || peer.uid == rustix::process::geteuid()
    })
}

async fn answer(
    request: Request<Incoming>,
    house: &House,
    commands: Arc<dyn Commands>,
) -> Response<Body> {
    let build = request.headers().get(BUILD_HEADER).and_then(|build| build.to_str().ok());
    if build.is_some_and(|build| build != BUILD_ID) {
        return problem(
            StatusCode::CONFLICT,
            "the running daemon is of another build than this command",
            "restart the daemon after an upgrade",
        );
    }
    if !request.uri().path().starts_with("/control/") {
        return house.answer(request).await;
    }
    if request.method() != Method::POST {
        return problem(StatusCode::METHOD_NOT_ALLOWED, "commands are sent by POST", "use vocd");
    }
    command(&request, commands)
}

fn command(request: &Request<Incoming>, commands: Arc<dyn Commands>) -> Response<Body> {
    let query = request.uri().query().unwrap_or_default();
    let parameter = |name: &str| {
        query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned)
    };
    // A source's name needs no decoding: it is letters, digits and hyphens.
    let source = parameter("source").unwrap_or_default();
    let is_set = |name: &str| parameter(name).as_deref() == Some("true");
    let (is_full, is_dry_run) = (is_set("full"), is_set("dry_run"));
    let (lines, received) = mpsc::channel(LINES_MAX);
    match request.uri().path() {
        "/control/sync" => {
            tokio::task::spawn_blocking(move || commands.sync(&source, is_full, is_dry_run, &lines));
        }
        "/control/reset" => {
            tokio::task::spawn_blocking(move || commands.reset(&source, &lines));
        }
        other => {
            let what = format!("there is no command `{other}`");
            return problem(StatusCode::NOT_FOUND, &what, "there are /control/sync and /control/reset");
        }
    }
    let body = ReceiverStream::new(received)
        .map(|line: Value| Ok(Frame::data(Bytes::from(format!("{line}\n")))));
    let mut response = Response::new(BodyExt::boxed(StreamBody::new(body)));
    let ndjson = http::HeaderValue::from_static("application/x-ndjson");
    response.headers_mut().insert(http::header::CONTENT_TYPE, ndjson);
    response
}

fn problem(status: StatusCode, detail: &str, hint: &str) -> Response<Body> {
    let title = status.canonical_reason().unwrap_or("refused");
    let document =
        json!({ "title": title, "status": status.as_u16(), "detail": detail, "hint": hint });
    let mut response = Response::new(Full::new(Bytes::from(document.to_string())).boxed());
    *response.status_mut() = status;
    let problem = http::HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(http::header::CONTENT_TYPE, problem);
    response
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
