//! Builds the stages, owns the channels between them, and writes the order of shutdown once.
//!
//! Shutdown: stop accepting (requests, pulls, webhooks to parse) → drain all → flush → close the
//! store. Each has its limit, so that the whole is done within ten seconds and loses nothing that
//! was committed or acknowledged.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::access::{Access, KeyringError};
use crate::config::Config;
use crate::host::fleet::{Fleet, Plugins};
use crate::host::{Host, HostError};
use crate::http::accept::{BindError, Listener};
use crate::http::{self, Readiness, ServeOptions, control};
use crate::ingest::{PauseError, Pauses, Schedule, ScheduleOptions};
use crate::push::{Push, PushError, PushOptions};
use crate::store::{Store as _, StoreError};
use crate::telemetry::SOURCE_PULLS;
use crate::watch::{Changes, Watch, WatchError};

mod house;
pub mod order;
mod plugins;
mod reload;
pub mod upkeep;

pub use house::{House, hold_data_dir, plugin_folders, source_specs};
use order::Order;

use reload::Reloader;

/// Why the daemon could not start or had to stop.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DaemonError {
    /// The store could not be opened.
    #[error("failed to open the store")]
    Store(#[from] StoreError),
    /// The address or the control socket is not to be had.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The child program is missing or of another build.
    #[error("plugins cannot run")]
    Host(#[from] HostError),
    /// Files cannot be watched.
    #[error(transparent)]
    Watch(#[from] WatchError),
    /// The access tokens cannot be read.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// It cannot be read which sources are held back.
    #[error(transparent)]
    Pauses(#[from] PauseError),
    /// Webhooks cannot be taken.
    #[error(transparent)]
    Push(#[from] PushError),
    /// The system refused threads or signals.
    #[error("failed to {what}")]
    System {
        /// What was attempted.
        what: &'static str,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

impl DaemonError {
    /// Returns what the operator can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.hint().map(str::to_owned),
            Self::Bind(error) => Some(error.hint()),
            Self::Host(error) => Some(error.hint().to_owned()),
            Self::Keyring(error) => Some(error.hint().to_owned()),
            Self::Pauses(error) => Some(error.hint().to_owned()),
            Self::Push(_) => Some("check that the data directory can be written".to_owned()),
            Self::Watch(_) | Self::System { .. } => None,
        }
    }
}

/// Runs the daemon until SIGTERM or SIGINT; `on_ready` hears where it listens.
///
/// # Errors
/// When it cannot start, or the store cannot be closed cleanly.
pub fn run(config: Config, on_ready: impl FnOnce(SocketAddr)) -> Result<(), DaemonError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|source| DaemonError::System {
            what: "start the runtime",
            source,
        })?;
    let outcome = runtime.block_on(serve(config, &runtime, on_ready));
    // Whatever still blocks after the drain has had its time.
    runtime.shutdown_background();
    outcome
}

async fn serve(
    config: Config,
    runtime: &Runtime,
    on_ready: impl FnOnce(SocketAddr),
) -> Result<(), DaemonError> {
    let mut signals = Signals::new()?;
    let listener = Listener::network(config.listen()).await?;
    let address = listener.address().unwrap_or_else(|| config.listen());
    let host = Host::beside_this_program()?;
    let house = Arc::new(House::open_to_screens(&config)?);
    let host = Arc::new(host.with_metrics(house.source_metrics()));
    if let Some(path) = house.store().damaged_log() {
        tracing::warn!(path = %path.display(), "a damaged log was set aside; sources are read again");
    }
    // After the store, whose lock keeps other processes from the tokens.
    let access = Arc::new(Access::open(config.data_dir())?);
    let fleet = Arc::new(plugins::open(&config, &house, &host));
    let push = Arc::new(start_push(&config, &house, &host, &fleet)?);
    finish_erasures(&house, &push);
    let schedule = Arc::new(start_schedule(&config, &house, Arc::clone(&host), &fleet)?);
    let reloader = Arc::new(Reloader::new(
        config.clone(),
        Arc::clone(&house),
        Arc::clone(&schedule),
        Arc::clone(&push),
        Arc::clone(&fleet),
    ));
    let _watch = watch_files(&config, &reloader)?;
    let watch_plugins = plugins::watch(&config, &fleet, &schedule, &push)?;
    plugins::look_soon(&fleet, &schedule, &push);
    let (stop, stopping) = watch::channel(false);
    let options = ServeOptions {
        access,
        missing_layers: Arc::new(plugins::missing_layers(host)),
        ..serve_options(&config, &house, &schedule, &push, &reloader)
    };
    let mut servers = vec![runtime.spawn(http::serve(listener, options.clone(), stopping.clone()))];
    if let Some(path) = control::socket_path(config.data_dir()) {
        let socket = Listener::socket(&path)?;
        servers.push(runtime.spawn(http::serve(socket, control_options(options), stopping)));
    } else {
        tracing::warn!("data_dir is too long for a control socket: set XDG_RUNTIME_DIR");
    }
    tell_systemd(sd_notify::NotifyState::Ready);
    tracing::info!(%address, "serving");
    on_ready(address);
    while signals.next().await == Wish::Reload {
        reload_now(&reloader).await;
    }
    tracing::info!("stopping");
    tell_systemd(sd_notify::NotifyState::Stopping);
    let _ = stop.send(true);
    fleet.stop();
    let pulls = tokio::task::spawn_blocking(move || schedule.stop());
    let parsing = Arc::clone(&push);
    let parsing = tokio::task::spawn_blocking(move || parsing.stop_parsing());
    for server in servers {
        if let Err(error) = server.await {
            tracing::error!("a server ended by a panic: {error}");
        }
    }
    if let Err(error) = pulls.await {
        tracing::error!("the schedule ended by a panic: {error}");
    }
    if let Err(error) = parsing.await {
        tracing::error!("the parsing of webhooks ended by a panic: {error}");
    }
    drop(watch_plugins);
    // After the servers: a webhook that is being taken is kept and answered.
    push.stop();
    close(config, &house)
}

/// Writes what is only in the log to the main file, and takes the socket away.
fn close(config: Config, house: &House) -> Result<(), DaemonError> {
    if let Some(path) = control::socket_path(config.data_dir()) {
        // Gone already is fine.
        let _ = std::fs::remove_file(path);
    }
    house.store().flush()?;
    tracing::info!("stopped");
    Ok(())
}

/// Finishes erasures that were interrupted, beside everything else: their rows are gone already.
fn finish_erasures(house: &Arc<House>, push: &Arc<Push>) {
    let (house, push) = (Arc::clone(house), Arc::clone(push));
    tokio::task::spawn_blocking(move || {
        if let Err(failure) = upkeep::finish(&house, &upkeep::Inbox::Open(&push)) {
            tracing::error!(
                hint = failure.hint,
                "bytes of an erased person may be left: {}",
                failure.what
            );
        }
    });
}

fn start_schedule(
    config: &Config,
    house: &Arc<House>,
    host: Arc<Host>,
    fleet: &Arc<Fleet>,
) -> Result<Schedule, DaemonError> {
    let plugins = Arc::clone(fleet) as Arc<dyn Plugins>;
    let pulled = Arc::clone(house);
    Schedule::start(ScheduleOptions {
        host,
        store: house.store_as_trait(),
        sources: source_specs(config, &plugins),
        plugins,
        pauses: Pauses::open(config.data_dir())?,
        on_pulled: Arc::new(move |source, outcome| {
            let labels = [("source", source.as_str()), ("outcome", outcome)];
            pulled.metrics().add(&SOURCE_PULLS, &labels, 1.0);
            pulled.gallery().refresh_sources();
        }),
    })
    .map_err(|source| DaemonError::System {
        what: "start the pulling threads",
        source,
    })
}

fn start_push(
    config: &Config,
    house: &Arc<House>,
    host: &Arc<Host>,
    fleet: &Arc<Fleet>,
) -> Result<Push, DaemonError> {
    let plugins = Arc::clone(fleet) as Arc<dyn Plugins>;
    let parsed = Arc::clone(house);
    Ok(Push::start(PushOptions {
        host: Arc::clone(host),
        store: house.store_for_push(),
        sources: source_specs(config, &plugins),
        plugins,
        inbox_dir: config.data_dir().join("inbox"),
        inbox_bytes_max: config.limits().inbox_bytes,
        metrics: Arc::clone(house.metrics()),
        on_parsed: Arc::new(move |_| parsed.gallery().refresh_sources()),
    })?)
}

fn watch_files(config: &Config, reloader: &Arc<Reloader>) -> Result<Watch, DaemonError> {
    let (dashboards, file) = (config.dashboards_dir().to_owned(), config.path().to_owned());
    let themes = config.themes_dir().to_owned();
    let places = [dashboards.clone(), file.clone(), themes.clone()];
    let reloader = Arc::clone(reloader);
    let on_change = move |changes: Changes| {
        if changes.touch(&dashboards) {
            reloader.dashboards();
        }
        if changes.touch(&file) || changes.touch(&themes) {
            reloader.configuration();
        }
    };
    Ok(crate::watch::watch(&places, on_change)?)
}

fn serve_options(
    config: &Config,
    house: &Arc<House>,
    schedule: &Arc<Schedule>,
    push: &Arc<Push>,
    reloader: &Arc<Reloader>,
) -> ServeOptions {
    let (notes, held) = (Arc::clone(reloader), Arc::clone(schedule));
    let fleet = Arc::clone(reloader.fleet());
    ServeOptions {
        paused: Arc::new(move || held.pauses().all()),
        readiness: Arc::new(move || Readiness {
            blocks: Vec::new(),
            notes: notes.notes(),
        }),
        plugins: Some(Arc::new(move || plugins::standings(&fleet))),
        commands: Some(Arc::new(Order::new(
            Arc::clone(house),
            Arc::clone(schedule),
            Arc::clone(push),
            Arc::clone(reloader.fleet()),
        ))),
        push: Some(Arc::clone(push)),
        ..house.serve_options(config)
    }
}

/// The control socket has no base path in front: commands know none.
fn control_options(options: ServeOptions) -> ServeOptions {
    ServeOptions {
        base_path: String::new(),
        ..options
    }
}

async fn reload_now(reloader: &Arc<Reloader>) {
    let reloader = Arc::clone(reloader);
    let reload = tokio::task::spawn_blocking(move || {
        reloader.dashboards();
        reloader.configuration();
        reloader.plugins();
    });
    if let Err(error) = reload.await {
        tracing::error!("the reload ended by a panic: {error}");
    }
}

fn tell_systemd(state: sd_notify::NotifyState<'_>) {
    // Without systemd nobody listens, which is fine.
    let _ = sd_notify::notify(&[state]);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Stop,
    Reload,
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> Result<Self, DaemonError> {
        let listen = |kind| {
            signal(kind).map_err(|source| DaemonError::System {
                what: "listen for signals",
                source,
            })
        };
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hang_up: listen(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Wish {
        tokio::select! {
            _ = self.terminate.recv() => Wish::Stop,
            _ = self.interrupt.recv() => Wish::Stop,
            _ = self.hang_up.recv() => Wish::Reload,
        }
    }
}

/// Notes for operators, replaced as a whole.
#[derive(Debug, Default)]
struct Notes(Mutex<Vec<String>>);

impl Notes {
    fn set(&self, notes: Vec<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = notes;
    }

    fn get(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Returns the files of the store, whose sizes are a metric.
fn store_files(config: &Config) -> Vec<PathBuf> {
    ["vocd.duckdb", "vocd.duckdb.wal"]
        .map(|name| config.data_dir().join(name))
        .to_vec()
}
