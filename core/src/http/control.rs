//! Commands that change something, heard on the control socket alone; they answer line by line.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{HeaderValue, Method, Request, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use warp::Reply as _;
use warp::reply::Response;

use crate::access::Access;
use crate::access::audit::Deed;
use crate::access::order::TokenOrder;
use crate::http::ServeOptions;
use crate::http::visit::{Fault, Visitor};
use crate::record::{PauseReason, SourceName};
use crate::store::upkeep::PersonAsk;

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

/// Commands that change something. Each blocks until it is done and returns its last line, which has
/// `report` or `failure`.
pub trait Commands: Send + Sync {
    /// Pulls a source once.
    fn sync(&self, source: &str, is_full: bool, is_dry_run: bool, lines: &Lines) -> Value;

    /// Forgets a source's checkpoints.
    fn reset(&self, source: &str) -> Value;

    /// Has a source's webhooks that were kept aside parsed again.
    fn retry(&self, source: &str) -> Value;

    /// Lets a build of a plugin run that waits for it.
    fn approve(&self, plugin: &str) -> Value;

    /// Rewrites the database without what was deleted.
    fn compact(&self) -> Value;

    /// Erases a person, or tells what that would take away; also returns what the audit log says
    /// it was done to and how it ended, neither with anything personal.
    fn erase(&self, ask: &PersonAsk, is_dry_run: bool) -> (Value, String, &'static str);

    /// Returns the receipts of all erasures.
    fn receipts(&self) -> Value;

    /// Has a source pulled soon, held back or let go on.
    ///
    /// # Errors
    /// With the reason, and what to do about it where there is something.
    fn steer(&self, source: &str, steer: Steer) -> Result<(), (SteerRefusal, Option<String>)>;
}

/// What an operator asks of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Steer {
    /// Pull it as soon as a thread is free.
    Run,
    /// Hold it back, across restarts.
    Pause(PauseReason),
    /// Let it go on.
    Resume,
}

impl Steer {
    /// Returns the word for it in addresses and in the audit log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Pause(_) => "pause",
            Self::Resume => "resume",
        }
    }
}

/// Why an order to a source was not carried out; a closed set, so that programs can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SteerRefusal {
    /// No source has that name.
    Unknown,
    /// It is being pulled already.
    Running,
    /// It is held back.
    Paused,
    /// Nothing is pulled any more, or yet.
    Stopping,
    /// The order could not be made to survive a restart.
    NotKept,
}

impl SteerRefusal {
    /// Returns the label.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown_source",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopping => "stopping",
            Self::NotKept => "not_kept",
        }
    }
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
pub(super) fn answer<B>(
    request: &Request<B>,
    options: &ServeOptions,
    visitor: &Visitor,
) -> Result<Response, Fault> {
    if request.method() != Method::POST {
        let what = "a command is sent by POST";
        return Err(Fault::new(StatusCode::METHOD_NOT_ALLOWED, what));
    }
    let query = request.uri().query().unwrap_or_default();
    let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
    let order = Order {
        pairs: pairs.collect(),
        who: visitor.to_json(),
        access: Arc::clone(&options.access),
        commands: options.commands.clone(),
    };
    let (lines, received) = mpsc::channel(LINES_MAX);
    match request.uri().path() {
        "/control/sync" => order.start(lines, Order::sync)?,
        "/control/reset" => {
            order.start(lines, |order, commands, _| {
                let source = order.parameter("source");
                let done = commands.reset(source);
                order.note("reset", source, &done);
                done
            })?;
        }
        "/control/retry" => {
            order.start(lines, |order, commands, _| {
                let source = order.parameter("source");
                let done = commands.retry(source);
                order.note("retry", source, &done);
                done
            })?;
        }
        "/control/approve" => {
            order.start(lines, |order, commands, _| {
                let plugin = order.parameter("plugin");
                let done = commands.approve(plugin);
                order.note("approve", plugin, &done);
                done
            })?;
        }
        "/control/compact" => {
            order.start(lines, |order, commands, _| {
                let done = commands.compact();
                order.note("compact", "", &done);
                done
            })?;
        }
        "/control/erase" => order.start(lines, |order, commands, _| order.erase(commands))?,
        "/control/receipts" => order.start(lines, |_, commands, _| commands.receipts())?,
        "/control/token" => order.start(lines, |order, _, _| order.token())?,
        _ => {
            let fault = Fault::new(StatusCode::NOT_FOUND, "there is no such command");
            let hint = "there are /control/{sync,reset,retry,approve,compact,erase,receipts,token}";
            return Err(fault.hint(hint));
        }
    }
    let lines = ReceiverStream::new(received)
        .map(|line| Ok::<_, std::convert::Infallible>(Bytes::from(format!("{line}\n"))));
    let mut response = warp::reply::stream(lines).into_response();
    let media_type = HeaderValue::from_static("application/x-ndjson");
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, media_type);
    Ok(response)
}

/// A command as it was sent.
struct Order {
    pairs: Vec<(String, String)>,
    who: Map<String, Value>,
    access: Arc<Access>,
    commands: Option<Arc<dyn Commands>>,
}

impl Order {
    /// Carries it out on a thread that may block, and sends the last line.
    fn start(
        self,
        lines: Lines,
        carry_out: impl FnOnce(&Self, &dyn Commands, &Lines) -> Value + Send + 'static,
    ) -> Result<(), Fault> {
        let commands = self
            .commands
            .clone()
            .ok_or_else(|| Fault::new(StatusCode::NOT_FOUND, "this process takes no commands"))?;
        tokio::task::spawn_blocking(move || {
            let last = carry_out(&self, &*commands, &lines);
            // Nobody reads any more when the terminal is gone; it is done all the same.
            let _ = lines.blocking_send(last);
        });
        Ok(())
    }

    fn parameter(&self, name: &str) -> &str {
        let found = self.pairs.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    fn sync(&self, commands: &dyn Commands, lines: &Lines) -> Value {
        let source = self.parameter("source");
        let is_full = self.parameter("full") == "true";
        let is_dry_run = self.parameter("dry_run") == "true";
        let done = commands.sync(source, is_full, is_dry_run, lines);
        if !is_dry_run {
            let action = if is_full { "sync_full" } else { "sync" };
            self.note(action, source, &done);
        }
        done
    }

    fn erase(&self, commands: &dyn Commands) -> Value {
        let source = self.parameter("source");
        let ask = PersonAsk {
            reference: self.parameter("customer").to_owned(),
            source: SourceName::new(source),
        };
        if ask.source.is_none() && !source.is_empty() {
            return json!({ "failure": { "what": "that is no name of a source" } });
        }
        let is_dry_run = self.parameter("dry_run") == "true";
        let (done, on, outcome) = commands.erase(&ask, is_dry_run);
        if !is_dry_run {
            self.access.audit().note_change(&Deed {
                who: self.who.clone(),
                action: "erase",
                on: &on,
                outcome,
            });
        }
        done
    }

    fn token(&self) -> Value {
        let order = TokenOrder::from_pairs(&self.pairs);
        let done = order.and_then(|order| {
            order.carry_out_for(&self.access, self.who.clone(), Timestamp::now())
        });
        match done {
            Ok(report) => json!({ "report": report }),
            Err(error) => failure_line(&error, Some(error.hint())),
        }
    }

    fn note(&self, action: &str, on: &str, done: &Value) {
        self.access.audit().note_change(&Deed {
            who: self.who.clone(),
            action,
            on,
            outcome: done["failure"]["what"].as_str().unwrap_or("ok"),
        });
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
