//! The configuration file: read with every fault, checked once, never half applied.
//!
//! `default.toml` beside this file holds every default and is the documentation. What a person
//! wrote is laid over it key by key; [`Config`] exists only when nothing was wrong.

mod agent;
mod comments;
pub(crate) mod currency;
pub mod dimension;
pub mod fault;
pub mod front;
pub mod goal;
mod hours;
pub mod network;
pub mod question;
pub(crate) mod read;
pub(crate) mod reader;
pub(crate) mod scalar;
pub mod schema;
pub mod secret;
pub mod source;
pub(crate) mod vocabulary;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

pub use self::dimension::Dimension;
pub use self::fault::Fault;
pub use self::front::Front;
pub use self::network::Network;
pub use self::question::Question;
pub use self::source::{SourceConfig, SourceLimits};
pub use crate::kpi::Goal;
use crate::kpi::hours::BusinessHours;
use crate::kpi::{ClockRule, Exchange, RetentionRules, Settings};
use crate::theme::Library;

/// The embedded defaults, which are also the reference of every key.
pub const DEFAULTS: &str = include_str!("config/default.toml");

/// Environment variable that names the configuration file.
pub const PATH_VARIABLE: &str = "VOCD_CONFIG";

/// Largest configuration or dashboard file, in bytes; a page of text has 4 KiB.
pub const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Who may look without a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Anonymous {
    /// A viewer on a loopback address that no proxy forwarded to, else nobody.
    #[default]
    LoopbackViewer,
    /// Nobody.
    Nobody,
    /// Everybody is a viewer.
    Viewer,
}

/// Which plugin files may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PluginTrust {
    /// Any beside the executable, pinned ones elsewhere.
    ByPlace,
    /// Any.
    Any,
    /// Only those whose hash was approved.
    Pinned,
    /// Only signed ones.
    Signed,
}

/// What happens when a plugin's file changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PluginReload {
    /// It is taken over when it passes its checks.
    Auto,
    /// The same, and only when its digest is approved or it is signed.
    Verify,
    /// It is taken over by a restart.
    Off,
}

/// A block of addresses, such as `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressBlock {
    /// Any address of the block.
    pub address: IpAddr,
    /// Leading bits that all its addresses share.
    pub prefix_bits: u8,
}

impl AddressBlock {
    /// Returns whether an address lies in the block; `::ffff:10.0.0.1` is `10.0.0.1`.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let bits = u32::from(self.prefix_bits);
        match (self.address.to_canonical(), address.to_canonical()) {
            (IpAddr::V4(block), IpAddr::V4(address)) => {
                let differing = block.to_bits() ^ address.to_bits();
                differing.leading_zeros() >= bits.min(32)
            }
            (IpAddr::V6(block), IpAddr::V6(address)) => {
                let differing = block.to_bits() ^ address.to_bits();
                differing.leading_zeros() >= bits.min(128)
            }
            _ => false,
        }
    }
}

/// Limits that an operator may move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest request body, in bytes.
    pub body_bytes: u64,
    /// Connections served at once.
    pub connections: u32,
    /// Requests of one address in a minute.
    pub address_requests_per_minute: u32,
    /// Requests of one token or user in a minute.
    pub token_requests_per_minute: u32,
    /// Wrong tokens of one address in a minute.
    pub wrong_tokens_per_minute: u32,
    /// Bytes on disk of webhooks that are not parsed yet.
    pub inbox_bytes: u64,
    /// Longest time a question to the store may take.
    pub query_deadline: Duration,
}

/// What `[kpi]` says besides what [`Settings`] carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KpiRules {
    /// Gap between two subscriptions that is not churn, in days.
    pub grace_days: u32,
    /// Window in which an activity keeps a customer active, in days.
    pub activity_days: u32,
    /// How long after its end a bucket is provisional.
    pub provisional: Duration,
    /// How long an answer may take to count for its invitation.
    pub response_window: Duration,
    /// Smallest relevant change of NPS, in points, as written.
    pub relevant_nps: u32,
    /// Smallest relevant change of a rate, in percentage points.
    pub relevant_rate: u32,
    /// First day with complete records of contracts.
    pub records_begin: Option<Date>,
    /// Which seconds of reply and resolution times count.
    pub clock: ClockRule,
}

/// A checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    path: PathBuf,
    data_dir: PathBuf,
    listen: SocketAddr,
    base_path: String,
    timezone: TimeZone,
    week_start: Weekday,
    fiscal_year_start: i8,
    plugin_dirs: Vec<PathBuf>,
    dashboards_dir: PathBuf,
    themes: comments::ThemeFolder,
    library: Arc<Library>,
    memory_limit_bytes: u64,
    front: Front,
    min_group: u64,
    min_group_verbatim: u64,
    agents: crate::kpi::AgentRules,
    plugin_trust: PluginTrust,
    plugin_signers: Vec<String>,
    plugin_reload: PluginReload,
    font_dirs: Vec<PathBuf>,
    network: Network,
    limits: Limits,
    kpi: KpiRules,
    exchange: Exchange,
    business_hours: Option<BusinessHours>,
    identity: Vec<crate::record::SourceName>,
    dimensions: BTreeMap<String, Dimension>,
    questions: BTreeMap<String, Question>,
    goals: BTreeMap<String, Goal>,
    sources: Vec<SourceConfig>,
}

impl Config {
    /// Reads and checks a file and the site's themes; relative paths in it count from its folder.
    ///
    /// # Errors
    /// Every fault of the file, in its order, or of the files of themes; at least one.
    pub fn load(path: &Path) -> Result<Self, Vec<Fault>> {
        let text = read::file(path).map_err(|fault| vec![fault])?;
        let mut config = Self::parse(path, &text)?;
        config.library = Arc::new(Library::new(config.themes.taxonomy()?));
        Ok(config)
    }

    /// Checks a text as if it were read from `path`; files that it points at are not read.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(path: &Path, text: &str) -> Result<Self, Vec<Fault>> {
        read::config(path, text)
    }

    /// Finds the configuration file: the flag's, else `$VOCD_CONFIG`, `./vocd.toml`,
    /// `/etc/vocd/vocd.toml`.
    ///
    /// # Errors
    /// When none of them is there; a named one is not looked for, loading it says what is wrong.
    pub fn find(flag: Option<&Path>) -> Result<PathBuf, Fault> {
        let variable = std::env::var_os(PATH_VARIABLE).map(PathBuf::from);
        find_among(flag, variable, &PLACES.map(Path::new))
    }

    /// Returns the plugin folders of a configuration that names none, from the current folder.
    #[must_use]
    pub fn default_plugin_dirs() -> Vec<PathBuf> {
        beside_executable()
            .into_iter()
            .chain([PathBuf::from("plugins")])
            .collect()
    }

    /// Returns the file this was read from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the folder that relative paths count from.
    #[must_use]
    pub fn folder(&self) -> &Path {
        folder_of(&self.path)
    }

    /// Returns where the store and everything durable live.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Returns the address to serve at.
    #[must_use]
    pub fn listen(&self) -> SocketAddr {
        self.listen
    }

    /// Returns the path prefix behind a reverse proxy: empty, or `/x` without a slash at its end.
    #[must_use]
    pub fn base_path(&self) -> &str {
        &self.base_path
    }

    /// Returns the zone of every civil day.
    #[must_use]
    pub fn timezone(&self) -> &TimeZone {
        &self.timezone
    }

    /// Returns the first day of a week.
    #[must_use]
    pub fn week_start(&self) -> Weekday {
        self.week_start
    }

    /// Returns the first month of the fiscal year, 1..=12.
    #[must_use]
    pub fn fiscal_year_start(&self) -> i8 {
        self.fiscal_year_start
    }

    /// Returns the folders of plugins in the order they are searched; at least one.
    #[must_use]
    pub fn plugin_dirs(&self) -> &[PathBuf] {
        &self.plugin_dirs
    }

    /// Returns the folder of dashboards.
    #[must_use]
    pub fn dashboards_dir(&self) -> &Path {
        &self.dashboards_dir
    }

    /// Returns the folder of a site's themes.
    #[must_use]
    pub fn themes_dir(&self) -> &Path {
        &self.themes.dir
    }

    /// Takes over what the running configuration has read of comments, where both look for the same
    /// themes: comments are not read again. Another folder of themes waits for a restart, as nobody
    /// watches it yet.
    pub fn keep_library(&mut self, of: &Self) {
        let is_elsewhere = self.themes != of.themes;
        if is_elsewhere || self.library.taxonomy() == of.library.taxonomy() {
            self.library = Arc::clone(&of.library);
        }
    }

    /// Returns the store's memory limit.
    #[must_use]
    pub fn memory_limit_bytes(&self) -> u64 {
        self.memory_limit_bytes
    }

    /// Returns who comes in, and through which door.
    #[must_use]
    pub fn front(&self) -> &Front {
        &self.front
    }

    /// Returns the smallest group whose numbers are shown.
    #[must_use]
    pub fn min_group(&self) -> u64 {
        self.min_group
    }

    /// Returns the smallest group of which anything is told that was read from comments.
    #[must_use]
    pub fn min_group_verbatim(&self) -> u64 {
        self.min_group_verbatim
    }

    /// Returns which plugin files may run.
    #[must_use]
    pub fn plugin_trust(&self) -> PluginTrust {
        self.plugin_trust
    }

    /// Returns the public keys that plugins may be signed with, in base64.
    #[must_use]
    pub fn plugin_signers(&self) -> &[String] {
        &self.plugin_signers
    }

    /// Returns the file of approved plugins: `plugins.lock` beside the configuration.
    #[must_use]
    pub fn plugin_lock(&self) -> PathBuf {
        self.folder().join("plugins.lock")
    }

    /// Returns what happens when a plugin's file changes.
    #[must_use]
    pub fn plugin_reload(&self) -> PluginReload {
        self.plugin_reload
    }

    /// Returns how requests to vendors go out.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Returns folders of further fonts; may be empty.
    #[must_use]
    pub fn font_dirs(&self) -> &[PathBuf] {
        &self.font_dirs
    }

    /// Returns the limits.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Returns the rules of `[kpi]`.
    #[must_use]
    pub fn kpi_rules(&self) -> &KpiRules {
        &self.kpi
    }

    /// Returns the sources of customers, the one to believe first in front; may be empty.
    #[must_use]
    pub fn identity(&self) -> &[crate::record::SourceName] {
        &self.identity
    }

    /// Returns the configured dimensions by name; may be empty.
    #[must_use]
    pub fn dimensions(&self) -> &BTreeMap<String, Dimension> {
        &self.dimensions
    }

    /// Returns the named questions; may be empty.
    #[must_use]
    pub fn questions(&self) -> &BTreeMap<String, Question> {
        &self.questions
    }

    /// Returns the goals by name; may be empty.
    #[must_use]
    pub fn goals(&self) -> &BTreeMap<String, Goal> {
        &self.goals
    }

    /// Returns the sources in file order; may be empty.
    #[must_use]
    pub fn sources(&self) -> &[SourceConfig] {
        &self.sources
    }

    /// Returns what the KPI layer needs to know.
    #[must_use]
    pub fn kpi_settings(&self) -> Settings {
        let dimensions = self.dimensions.iter();
        Settings {
            timezone: self.timezone.clone(),
            week_start: self.week_start,
            fiscal_year_start: self.fiscal_year_start,
            min_group: self.min_group,
            min_group_verbatim: self.min_group_verbatim,
            agents: self.agents.clone(),
            library: Arc::clone(&self.library),
            provisional: jiff::SignedDuration::try_from(self.kpi.provisional)
                .expect("durations are bounded by a century"),
            response_window: jiff::SignedDuration::try_from(self.kpi.response_window)
                .expect("durations are bounded by a century"),
            relevant_points: f64::from(self.kpi.relevant_nps),
            relevant_percent: f64::from(self.kpi.relevant_rate),
            dimensions: dimensions
                .map(|(name, dimension)| (name.clone(), dimension.source.clone()))
                .collect(),
            questions: (self.questions.iter())
                .map(|(name, question)| (name.clone(), question.ids.clone()))
                .collect(),
            positives: (self.questions.values())
                .flat_map(|question| {
                    let bound = question.positive;
                    let bounded = |id: &String| Some((id.clone(), bound?));
                    question.ids.iter().filter_map(bounded).collect::<Vec<_>>()
                })
                .collect(),
            goals: self.goals.clone(),
            retention: RetentionRules {
                grace_days: self.kpi.grace_days,
                activity_days: self.kpi.activity_days,
                records_begin: self.kpi.records_begin,
                exchange: self.exchange.clone(),
            },
            clock: self.kpi.clock,
            business_hours: self.business_hours.clone(),
        }
    }
}

/// Where a configuration is looked for when nothing names one.
const PLACES: [&str; 2] = ["vocd.toml", "/etc/vocd/vocd.toml"];

fn find_among(
    flag: Option<&Path>,
    variable: Option<PathBuf>,
    places: &[&Path],
) -> Result<PathBuf, Fault> {
    if let Some(named) = flag.map(Path::to_owned).or(variable) {
        return Ok(named);
    }
    if let Some(found) = places.iter().find(|place| place.is_file()) {
        return Ok(found.to_path_buf());
    }
    Err(Fault::of_file(
        Path::new("vocd.toml"),
        "no configuration file found",
        format!("name one with -c or ${PATH_VARIABLE}, or write ./vocd.toml"),
    ))
}

/// Returns the folder of a file; `.` for a bare name.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Returns the folder of this executable, where installed plugins lie.
fn beside_executable() -> Option<PathBuf> {
    let executable = std::env::current_exe().ok()?;
    executable.parent().map(Path::to_owned)
}

#[cfg(test)]
mod tests;
