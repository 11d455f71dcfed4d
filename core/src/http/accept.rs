//! Accepts connections within limits, serves each on its own task, and ends them in time.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::http::routes::Routes;
use crate::http::{Limiters, Peer, ServeOptions, Site, assets, gate, pulse};
use crate::telemetry::HTTP_CONNECTIONS;

/// Bytes of one request's head; hyper answers 431 beyond.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// Pause after a failed accept: the usual cause is a full table of open files, and ends by itself.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Why a server could not start.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another process has the address.
    #[error("failed to listen on `{address}`: the address is taken")]
    Taken {
        /// The address.
        address: SocketAddr,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// The system refused.
    #[error("failed to listen on `{address}`")]
    Network {
        /// The address.
        address: SocketAddr,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// The control socket could not be made.
    #[error("failed to listen on the control socket `{path}`")]
    Socket {
        /// The socket's file.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: io::Error,
    },
}

impl BindError {
    /// Returns what the operator can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Taken { address, .. } => format!(
                "stop the other process on port {}, or choose another `listen` or `--port`",
                address.port()
            ),
            Self::Network { .. } => {
                "`listen` must be an address of this machine; ports under 1024 need a privilege"
                    .to_owned()
            }
            Self::Socket { .. } => "check that the data directory can be written".to_owned(),
        }
    }
}

/// A place where clients arrive.
#[derive(Debug)]
pub enum Listener {
    /// The network.
    Network(TcpListener),
    /// The control socket: root and this user may, by the file's mode and by who connects.
    Socket(UnixListener),
}

impl Listener {
    /// Listens on a network address; port 0 is any free one.
    ///
    /// # Errors
    /// When the address is taken or not ours.
    pub async fn network(address: SocketAddr) -> Result<Self, BindError> {
        match TcpListener::bind(address).await {
            Ok(listener) => Ok(Self::Network(listener)),
            Err(source) if source.kind() == io::ErrorKind::AddrInUse => {
                Err(BindError::Taken { address, source })
            }
            Err(source) => Err(BindError::Network { address, source }),
        }
    }

    /// Listens on a socket file that only this user may open, in place of one that a killed
    /// process left behind; the caller holds the lock of the data directory.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn socket(path: &std::path::Path) -> Result<Self, BindError> {
        bind_socket(path)
            .map(Self::Socket)
            .map_err(|source| BindError::Socket {
                path: path.to_owned(),
                source,
            })
    }

    /// Returns the network address it listens on.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Network(listener) => listener.local_addr().ok(),
            Self::Socket(_) => None,
        }
    }
}

fn bind_socket(path: &std::path::Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Serves until `shutdown` turns true, then ends streams, lets requests finish and cuts the rest.
pub async fn serve(listener: Listener, options: ServeOptions, mut shutdown: watch::Receiver<bool>) {
    let limits = options.limits;
    let metrics = Arc::clone(&options.metrics);
    let (pulse, beating) = pulse::start(Arc::clone(options.studio.gallery()), shutdown.clone());
    let site = Arc::new(Site {
        options,
        assets: assets::Assets::new(),
        pulse,
        shutdown: shutdown.clone(),
        n_streams: Arc::new(AtomicUsize::new(0)),
        is_draining: AtomicBool::new(false),
        limiters: Limiters::new(&limits),
    });
    let routes = Routes::new(&site);
    let permits = Arc::new(Semaphore::new(limits.connections_max));
    let mut open = JoinSet::new();
    loop {
        let permit = tokio::select! {
            () = ended(&mut shutdown) => break,
            permit = Arc::clone(&permits).acquire_owned() => permit,
        };
        let accepted = tokio::select! {
            () = ended(&mut shutdown) => break,
            accepted = accept(&listener) => accepted,
        };
        while open.try_join_next().is_some() {}
        let (Ok(permit), Ok((stream, peer))) = (permit, accepted) else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let (routes, metrics) = (routes.clone(), Arc::clone(&metrics));
        let (site, shutdown) = (Arc::clone(&site), shutdown.clone());
        open.spawn(async move {
            metrics.add(&HTTP_CONNECTIONS, &[], 1.0);
            connection(stream, peer, &site, routes, shutdown).await;
            metrics.add(&HTTP_CONNECTIONS, &[], -1.0);
            drop(permit);
        });
    }
    drop(listener);
    site.is_draining.store(true, Ordering::Release);
    let drained = tokio::time::timeout(limits.drain_timeout, async {
        while open.join_next().await.is_some() {}
    });
    if drained.await.is_err() {
        tracing::warn!(
            n_connections = open.len(),
            "cutting connections that did not end in time"
        );
        open.shutdown().await;
    }
    beating.abort();
}

/// A stream of either listener.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

async fn accept(listener: &Listener) -> io::Result<(Box<dyn Stream>, Peer)> {
    match listener {
        Listener::Network(listener) => {
            let (stream, address) = listener.accept().await?;
            // Small answers must not wait for the next packet.
            stream.set_nodelay(true)?;
            Ok((Box::new(stream), Peer::Network(address)))
        }
        Listener::Socket(listener) => {
            let (stream, _) = listener.accept().await?;
            let uid = stream.peer_cred()?.uid();
            // The file's mode says the same; a folder or a mount may say otherwise.
            if uid != 0 && uid != rustix::process::geteuid().as_raw() {
                tracing::warn!(uid, "another user was refused at the control socket");
                return Err(io::ErrorKind::PermissionDenied.into());
            }
            Ok((Box::new(stream), Peer::Socket { uid }))
        }
    }
}

async fn connection(
    stream: Box<dyn Stream>,
    peer: Peer,
    site: &Arc<Site>,
    routes: Routes,
    mut shutdown: watch::Receiver<bool>,
) {
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let (site, routes) = (Arc::clone(site), routes.clone());
        async move { Ok::<_, Infallible>(gate::answer(&site, &routes, peer, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(site.options.limits.header_timeout)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = ended(&mut shutdown) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(error = %error, ?peer, "a connection ended early");
    }
}

/// Waits for the signal; a dropped sender counts as one.
pub(super) async fn ended(shutdown: &mut watch::Receiver<bool>) {
    let _ = shutdown.wait_for(|is_over| *is_over).await;
}
