//! One page as a TOML file: read, checked against the KPI registry, kept when the next one is bad.

pub(crate) mod read;
mod shelf;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use self::shelf::{Reload, Shelf, ShelvedDashboard};
use crate::chart::Theme;
use crate::config::{Config, Fault, Goal};
use crate::kpi::{ChartKind, Grain, Kpi, Range, Rolling};

/// A checked dashboard.
#[derive(Debug, Clone, PartialEq)]
pub struct Dashboard {
    /// The file's name without `.toml`; the page's part of the URL.
    pub name: String,
    /// Heading.
    pub title: String,
    /// Colours.
    pub theme: Theme,
    /// Default range of its panels.
    pub range: Option<Range>,
    /// Default bucket width.
    pub grain: Option<Grain>,
    /// Dwell time on a wall with several pages.
    pub rotate: std::time::Duration,
    /// Panels in file order, at least one.
    pub panels: Vec<Panel>,
    /// Labelled marks.
    pub events: Vec<PlannedEvent>,
}

/// One chart on a dashboard.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// The panel's part of the URL.
    pub id: String,
    /// Heading; the KPI's title when absent.
    pub title: Option<String>,
    /// What it shows.
    pub kpi: &'static Kpi,
    /// How it is drawn; one of the KPI's charts.
    pub chart: ChartKind,
    /// Name of a goal of the configuration.
    pub goal: Option<String>,
    /// What an analysis is of, such as `csat`.
    pub of: Option<String>,
    /// The earlier time that an analysis compares with.
    pub versus: Option<Range>,
    /// Filters.
    pub filters: BTreeMap<String, Vec<Option<String>>>,
    /// Split.
    pub by: Option<String>,
    /// Overrides the dashboard's range.
    pub range: Option<Range>,
    /// Overrides the dashboard's grain.
    pub grain: Option<Grain>,
    /// Window of each point; `None` is its bucket.
    pub rolling: Option<Rolling>,
    /// Columns and rows of the 4-column grid.
    pub size: (u8, u8),
    /// Page on a wall, from 1.
    pub page: u8,
}

/// A mark written in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedEvent {
    /// Start of that civil day, or the instant.
    pub at: Timestamp,
    /// What happened.
    pub label: String,
}

/// What a dashboard is checked against.
#[derive(Debug, Clone)]
pub struct DashboardContext {
    /// Goals of the configuration by name.
    pub goals: BTreeMap<String, Goal>,
    /// Names of the configured dimensions.
    pub dimensions: BTreeSet<String>,
    /// Zone of the civil days of events.
    pub timezone: TimeZone,
}

impl Config {
    /// Returns what dashboards are checked against.
    #[must_use]
    pub fn dashboard_context(&self) -> DashboardContext {
        DashboardContext {
            goals: self.goals().clone(),
            dimensions: self.dimensions().keys().cloned().collect(),
            timezone: self.timezone().clone(),
        }
    }
}

/// Reads and checks one file; its name without `.toml` is the dashboard's.
///
/// # Errors
/// Every fault of the file, in its order; at least one.
pub fn load(path: &Path, context: &DashboardContext) -> Result<Dashboard, Vec<Fault>> {
    let text = crate::config::read::file(path).map_err(|fault| vec![fault])?;
    parse(path, &text, context)
}

/// Checks a text as if it were read from `path`.
///
/// # Errors
/// As [`load`].
pub fn parse(path: &Path, text: &str, context: &DashboardContext) -> Result<Dashboard, Vec<Fault>> {
    read::dashboard(path, text, context)
}

#[cfg(test)]
mod tests;
