//! The stages that answer questions, built once from a configuration: store, shelf, pictures.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::chart::Painter;
use crate::config::{Config, Network, PluginTrust, SourceConfig, schema};
use crate::dashboard::Shelf;
use crate::host::fleet::Plugins;
use crate::host::generation::Generations;
use crate::host::trust::{PluginFolders, Trust, TrustLevel};
use crate::host::{Failure, FailureReason, MetricSink, Outbound, REFUSED_REQUESTS, RunLimits};
use crate::http::{Limits, Readiness, ServeOptions};
use crate::ingest::{Pauses, ResolvedConfig, SourceSpec};
use crate::kpi;
use crate::kpi::civil::CivilDays;
use crate::picture::gallery::GalleryParts;
use crate::picture::source::SourceRule;
use crate::picture::{Gallery, Rules, Studio};
use crate::record::{Pause, SourceName};
use crate::store::duckdb::{DimensionField, DimensionSpec, DuckStore, RollUps, StoreOptions};
use crate::store::export::Export;
use crate::store::push::PushStore;
use crate::store::{Store, StoreError};
use crate::telemetry::{
    Metrics, SOURCE_BODY_BYTES, SOURCE_REFUSED, SOURCE_REQUESTS, SOURCE_RETRIES, SOURCE_WAIT,
};

use super::store_files;

/// Classes of answers that requests are counted by.
const STATUS_CLASSES: [&str; 6] = ["1xx", "2xx", "3xx", "4xx", "5xx", "failed"];
/// Largest file of authorities, in bytes; a system's whole list has about 250 KiB.
const CA_BUNDLE_BYTES_MAX: u64 = 2 * 1024 * 1024;

/// Answers that a tally must stand for on average before tallies are read instead of answers.
const LEAST_GAIN: u64 = 4;

/// How long a picture waits for an analysis before it shows the last result.
const ANALYSIS_PATIENCE: Duration = Duration::from_millis(50);

/// Store, dashboards and pictures of one data directory.
pub struct House {
    store: Arc<DuckStore>,
    shelf: Arc<Shelf>,
    gallery: Arc<Gallery>,
    studio: Studio,
    metrics: Arc<Metrics>,
}

impl House {
    /// Opens the store of the configuration and everything that answers from it.
    ///
    /// # Errors
    /// When the store cannot be opened, or another process has it.
    pub fn open(config: &Config) -> Result<Self, StoreError> {
        Self::with_patience(config, None)
    }

    /// Opens the same for screens: no picture waits for an analysis.
    ///
    /// # Errors
    /// As [`House::open`].
    pub fn open_to_screens(config: &Config) -> Result<Self, StoreError> {
        Self::with_patience(config, Some(ANALYSIS_PATIENCE))
    }

    fn with_patience(config: &Config, patience: Option<Duration>) -> Result<Self, StoreError> {
        let store = Arc::new(DuckStore::open(store_options(config))?);
        let shelf = Arc::new(Shelf::load(
            config.dashboards_dir(),
            config.dashboard_context(),
        ));
        let metrics = Arc::new(Metrics::new());
        let gallery = Arc::new(Gallery::new(GalleryParts {
            store: Arc::clone(&store) as Arc<dyn Store>,
            shelf: Arc::clone(&shelf) as Arc<dyn crate::picture::Dashboards>,
            painter: Arc::new(Painter::new(config.font_dirs())),
            rules: rules(config, Timestamp::now()),
            clock: Arc::new(Timestamp::now),
            metrics: Arc::clone(&metrics),
            patience,
        }));
        let studio = Studio::new(Arc::clone(&gallery), Arc::clone(&metrics));
        Ok(Self {
            store,
            shelf,
            gallery,
            studio,
            metrics,
        })
    }

    /// Returns the store.
    #[must_use]
    pub fn store(&self) -> &DuckStore {
        &self.store
    }

    /// Returns the store as the boundary that other stages know.
    #[must_use]
    pub fn store_as_trait(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store) as Arc<dyn Store>
    }

    /// Returns the store as the push stage knows it.
    #[must_use]
    pub fn store_for_push(&self) -> Arc<dyn PushStore> {
        Arc::clone(&self.store) as Arc<dyn PushStore>
    }

    /// Returns where everything is counted.
    #[must_use]
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Returns the dashboards.
    #[must_use]
    pub fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// Returns what answers questions.
    #[must_use]
    pub fn gallery(&self) -> &Gallery {
        &self.gallery
    }

    /// Returns what counts the requests of sources among the daemon's own metrics.
    #[must_use]
    pub fn source_metrics(&self) -> MetricSink {
        let metrics = Arc::clone(&self.metrics);
        Arc::new(move |source, measured| {
            let source = ("source", source.as_str());
            // Counters only grow, whatever a plugin says.
            let value = measured.value.filter(|value| *value >= 0.0).unwrap_or(0.0);
            let add = |metric, labels: &[(&str, &str)]| metrics.add(metric, labels, value);
            match measured.name.as_str() {
                "http_requests" => {
                    let status = measured.labels["status"].as_str();
                    let status = STATUS_CLASSES
                        .into_iter()
                        .find(|known| Some(*known) == status);
                    add(
                        &SOURCE_REQUESTS,
                        &[source, ("status", status.unwrap_or("other"))],
                    );
                }
                "http_retries" => add(&SOURCE_RETRIES, &[source]),
                REFUSED_REQUESTS => add(&SOURCE_REFUSED, &[source]),
                "http_wait_seconds" => add(&SOURCE_WAIT, &[source]),
                "http_body_bytes" => add(&SOURCE_BODY_BYTES, &[source]),
                // A plugin's own names are not the daemon's.
                _ => {}
            }
        })
    }

    /// Returns how a server answers from this house; it takes no commands and knows no tokens.
    #[must_use]
    pub fn serve_options(&self, config: &Config) -> ServeOptions {
        let limits = config.limits();
        ServeOptions {
            base_path: config.base_path().to_owned(),
            front: config.front().clone(),
            access: Arc::default(),
            studio: self.studio.clone(),
            metrics: Arc::clone(&self.metrics),
            readiness: Arc::new(Readiness::default),
            missing_layers: Arc::new(|| Err("no daemon runs".to_owned())),
            store_files: store_files(config),
            paused: Arc::new(paused_in(config.data_dir().to_owned())),
            commands: None,
            push: None,
            plugins: None,
            rows: Some(Arc::clone(&self.store) as Arc<dyn Export>),
            limits: Limits {
                connections_max: usize::try_from(limits.connections).unwrap_or(usize::MAX),
                address_requests_per_minute: limits.address_requests_per_minute,
                token_requests_per_minute: limits.token_requests_per_minute,
                wrong_tokens_per_minute: limits.wrong_tokens_per_minute,
                body_bytes_max: usize::try_from(limits.body_bytes).unwrap_or(usize::MAX),
                ..Limits::default()
            },
        }
    }
}

/// Reads which sources are held back, where no daemon knows.
fn paused_in(data_dir: PathBuf) -> impl Fn() -> BTreeMap<SourceName, Pause> + Send + Sync {
    move || match Pauses::open(&data_dir) {
        Ok(pauses) => pauses.all(),
        Err(error) => {
            tracing::warn!(%error, "it is unknown which sources are paused");
            BTreeMap::new()
        }
    }
}

fn store_options(config: &Config) -> StoreOptions {
    StoreOptions {
        memory_limit_bytes: config.memory_limit_bytes(),
        deadline: config.limits().query_deadline,
        dimensions: dimensions(config),
        believed: config.identity().to_vec(),
        roll_ups: Some(RollUps {
            days: Arc::new(CivilDays(config.timezone().clone())),
            dimensions: rolled_up(config),
            least_gain: LEAST_GAIN,
        }),
        ..StoreOptions::new(config.data_dir().to_owned())
    }
}

fn rolled_up(config: &Config) -> Vec<String> {
    let dimensions = config.dimensions().iter();
    dimensions
        .filter(|(_, dimension)| dimension.is_rolled_up)
        .map(|(name, _)| name.clone())
        .collect()
}

fn dimensions(config: &Config) -> Vec<DimensionSpec> {
    let dimensions = config.dimensions().iter();
    dimensions
        .map(|(name, dimension)| DimensionSpec {
            name: name.clone(),
            kind: dimension.source.kind,
            field: match &dimension.source.field {
                kpi::DimensionField::Column(column) => DimensionField::Column(column),
                kpi::DimensionField::Attribute(key) => DimensionField::Attribute(key.clone()),
            },
        })
        .collect()
}

/// Returns what pictures need to know of a configuration; sources are expected since `since`.
pub(super) fn rules(config: &Config, since: Timestamp) -> Rules {
    let sources = config.sources().iter();
    Rules {
        settings: config.kpi_settings(),
        sources: sources
            .map(|source| SourceRule {
                name: source.name.clone(),
                // Pushed data comes when it comes: only the operator knows what silence means.
                every: source.expect_every.or_else(|| {
                    let now = Timestamp::now();
                    Some(source.rhythm.longest_gap(now, config.timezone()))
                }),
            })
            .collect(),
        since,
    }
}

/// Returns the sources of a configuration as the schedule runs them; secrets are read at each run.
#[must_use]
pub fn source_specs(config: &Config, plugins: &Arc<dyn Plugins>) -> Vec<SourceSpec> {
    config
        .sources()
        .iter()
        .map(|source| source_spec(config, source, plugins))
        .collect()
}

/// Takes the lock of the data directory without opening the store, for small files beside it.
///
/// # Errors
/// When another process has it, or the directory cannot be written.
pub fn hold_data_dir(config: &Config) -> Result<std::fs::File, StoreError> {
    crate::store::duckdb::hold(&store_options(config))
}

/// Returns where plugins are found and which of them may run.
#[must_use]
pub fn plugin_folders(config: &Config) -> PluginFolders {
    PluginFolders {
        dirs: config.plugin_dirs().to_vec(),
        generations: Generations::new(config.data_dir().join("plugins")),
        trust: Trust {
            level: match config.plugin_trust() {
                PluginTrust::ByPlace => TrustLevel::ByPlace,
                PluginTrust::Any => TrustLevel::Any,
                PluginTrust::Pinned => TrustLevel::Pinned,
                PluginTrust::Signed => TrustLevel::Signed,
            },
            lock_file: config.plugin_lock(),
            signers: config.plugin_signers().to_vec(),
        },
    }
}

/// Returns what a run of a source may use.
pub(super) fn run_limits(source: &SourceConfig) -> RunLimits {
    RunLimits {
        wall: source.timeout,
        memory_bytes: source.limits.memory_bytes,
        requests_per_minute: source.limits.requests_per_minute,
        ..RunLimits::default()
    }
}

fn source_spec(config: &Config, source: &SourceConfig, plugins: &Arc<dyn Plugins>) -> SourceSpec {
    let (resolved, plugins) = (source.clone(), Arc::clone(plugins));
    let network = config.network().clone();
    SourceSpec {
        name: source.name.clone(),
        plugin: source.plugin.clone(),
        rhythm: source.rhythm.clone(),
        zone: config.timezone().clone(),
        catches_up: source.catches_up,
        limits: run_limits(source),
        // The child works in a folder of its own: what counts from here must say so.
        base_dir: std::path::absolute(config.folder())
            .unwrap_or_else(|_| config.folder().to_owned()),
        private_dir: config.data_dir().to_owned(),
        resolve: Arc::new(move || {
            check_by_schema(&resolved, &*plugins)?;
            let (json, secrets) = resolved
                .resolve()
                .map_err(|fault| Failure::new(FailureReason::Config, fault.to_string()))?;
            let secrets = secrets.iter().map(|secret| secret.expose().to_owned());
            Ok(ResolvedConfig {
                json,
                secrets: secrets.chain(proxy_password(&network)).collect(),
                outbound: outbound(&network)?,
            })
        }),
    }
}

/// Reads what requests need besides a source's own configuration.
fn outbound(network: &Network) -> Result<Outbound, Failure> {
    let read = |path: &PathBuf| {
        let failed = |why: String| {
            let path = path.display();
            Failure::new(
                FailureReason::Config,
                format!("failed to read `network.ca_bundle` `{path}`: {why}"),
            )
        };
        let metadata = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?;
        if metadata.len() > CA_BUNDLE_BYTES_MAX {
            return Err(failed("it is above 2 MiB".to_owned()));
        }
        std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))
    };
    Ok(Outbound {
        proxy: network
            .proxy
            .as_ref()
            .map(|proxy| proxy.expose().to_owned()),
        ca_pem: network.ca_bundle.as_ref().map(read).transpose()?,
        cassette: None,
    })
}

fn proxy_password(network: &Network) -> Option<String> {
    let proxy = url::Url::parse(network.proxy.as_ref()?.expose()).ok()?;
    proxy.password().map(str::to_owned)
}

/// Refuses a run whose configuration does not fit the plugin's schema, as `vocd check` does.
fn check_by_schema(source: &SourceConfig, plugins: &dyn Plugins) -> Result<(), Failure> {
    // A plugin that cannot be found or may not run is the pull's own failure.
    let Ok(plugin) = plugins.find(&source.plugin) else {
        return Ok(());
    };
    let faults = schema::check(source, &plugin.manifest().config_schema);
    match faults.as_slice() {
        [] => Ok(()),
        faults => {
            let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
            Err(Failure::new(FailureReason::Config, lines.join("; ")))
        }
    }
}
