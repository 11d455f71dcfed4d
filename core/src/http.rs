//! Serves pictures, pages and the API: warp's routes behind an accept loop of our own.
//!
//! The order of a request: accept (a connection permit, a header timeout) → `gate` (address
//! length, body length) → `admission` (who may) → routes, or `ingest` for webhooks → `face` (what a
//! refusal looks like) → headers. warp's own server panics on a taken port, sets no header timeout, caps no
//! connections and waits for ever on an open event stream, so it is not used.

pub mod accept;
pub mod control;

mod admin;
mod admission;
mod api;
mod arrival;
mod assets;
mod brief;
mod charts;
mod credential;
mod entry;
mod events;
mod explain;
mod face;
mod gate;
mod health;
mod ingest;
mod pages;
mod pulse;
mod reply;
mod routes;
mod rows;
mod steer;
mod visit;
mod walls;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::Duration;

use tokio::sync::watch;

pub use accept::{BindError, Listener, serve};
pub use health::Readiness;

use crate::access::Access;
use crate::access::limit::Limiter;
use crate::config::Front;
use crate::picture::Studio;
use crate::push::Push;
use crate::record::{Pause, SourceName};
use crate::store::export::Export;
use crate::telemetry::Metrics;

/// Everything a server needs; cheap to clone.
#[derive(Clone)]
pub struct ServeOptions {
    /// Path in front of every address, such as `/vocd`; empty without one.
    pub base_path: String,
    /// Who comes in without a token, and what a proxy in front says.
    pub front: Front,
    /// The tokens.
    pub access: Arc<Access>,
    /// Answers picture requests.
    pub studio: Studio,
    /// Where requests are counted; served at `/metrics`.
    pub metrics: Arc<Metrics>,
    /// What keeps the daemon from being ready, and what it wants an operator to know.
    pub readiness: Arc<dyn Fn() -> Readiness + Send + Sync>,
    /// Layers of confinement that this kernel does not offer plugins, or why that is unknown; the
    /// first call starts a program.
    pub missing_layers: Arc<dyn Fn() -> Result<Vec<String>, String> + Send + Sync>,
    /// Files of the store, whose sizes `/metrics` shows.
    pub store_files: Vec<PathBuf>,
    /// Which sources are held back.
    pub paused: Arc<dyn Fn() -> BTreeMap<SourceName, Pause> + Send + Sync>,
    /// Commands of the control socket and orders to sources; `None` takes none.
    pub commands: Option<Arc<dyn control::Commands>>,
    /// Says how the plugins stand; `None` where none run.
    pub plugins: Option<Arc<dyn Fn() -> Vec<PluginStanding> + Send + Sync>>,
    /// Gives rows out and takes annotations; `None` does neither.
    pub rows: Option<Arc<dyn Export>>,
    /// Takes webhooks; `None` takes none.
    pub push: Option<Arc<Push>>,
    /// Limits of the server.
    pub limits: Limits,
}

/// How a plugin stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginStanding {
    /// Its name.
    pub plugin: String,
    /// Version of the build that runs; `None` where none does.
    pub version: Option<String>,
    /// SHA-256 of that build.
    pub sha256: Option<String>,
    /// How many builds ran so far.
    pub generation: u64,
    /// What became of its file: `running`, `missing`, `refused` or `pending`.
    pub state: &'static str,
    /// Why the file is not what runs.
    pub why: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// The sources that use it.
    pub sources: Vec<String>,
}

/// Limits of the server; the defaults are the product's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Open connections; further ones wait in the kernel's queue.
    pub connections_max: usize,
    /// Open event streams of walls; further walls poll.
    pub streams_max: usize,
    /// Time a client has to send a request's head, idle time between requests included.
    pub header_timeout: Duration,
    /// Time a client has to send a request's body.
    pub body_timeout: Duration,
    /// Bytes of a request's body, counted while they arrive.
    pub body_bytes_max: usize,
    /// Requests of one address in a minute; those of this machine itself are not counted.
    pub address_requests_per_minute: u32,
    /// Requests of one token or user in a minute.
    pub token_requests_per_minute: u32,
    /// Wrong tokens of one address in a minute that are answered in words.
    pub wrong_tokens_per_minute: u32,
    /// Bytes of a request's path and query.
    pub target_bytes_max: usize,
    /// Time open connections have to end at shutdown before they are cut.
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // 512 sockets and their 64 KiB buffers stay under 32 MiB and the usual 1,024 files.
            connections_max: 512,
            // Half of the connections, so that walls never keep a browser out.
            streams_max: 256,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            body_bytes_max: 1 << 20,
            // Some hundred walls behind one office's address, each with a dozen panels.
            address_requests_per_minute: 6_000,
            token_requests_per_minute: 6_000,
            // More than a person mistypes.
            wrong_tokens_per_minute: 10,
            // The longest filter people paste; also what common proxies let through.
            target_bytes_max: 8 << 10,
            // The daemon promises to end within 10 s.
            drain_timeout: Duration::from_secs(8),
        }
    }
}

/// What every request of one server shares.
struct Site {
    options: ServeOptions,
    assets: assets::Assets,
    pulse: watch::Receiver<Arc<str>>,
    shutdown: watch::Receiver<bool>,
    n_streams: Arc<AtomicUsize>,
    is_draining: AtomicBool,
    limiters: Limiters,
}

/// How often each may ask.
struct Limiters {
    addresses: Limiter<u128>,
    holders: Limiter<String>,
    wrong_tokens: Limiter<u128>,
}

impl Limiters {
    fn new(limits: &Limits) -> Self {
        Self {
            addresses: Limiter::new(limits.address_requests_per_minute),
            holders: Limiter::new(limits.token_requests_per_minute),
            wrong_tokens: Limiter::new(limits.wrong_tokens_per_minute),
        }
    }
}

/// Who is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// A network client.
    Network(SocketAddr),
    /// A process of this machine at the control socket.
    Socket {
        /// Its user: root or the daemon's own.
        uid: u32,
    },
}
