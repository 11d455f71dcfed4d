//! What the KPI layer needs to know of the configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::{Goal, RetentionRules, hours};
use crate::theme::Library;

/// Where a configured dimension comes from (`segment = { from = "customer.segment" }`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DimensionSource {
    /// Record kind name before the first dot.
    pub kind: crate::record::RecordKind,
    /// Column of the kind, or the key after `attributes.`.
    pub field: DimensionField,
}

/// A column or an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DimensionField {
    /// A declared column.
    Column(&'static str),
    /// A key of the `attributes` object.
    Attribute(String),
}

/// What the KPI layer needs to know of the configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The zone of every civil day.
    pub timezone: TimeZone,
    /// First day of a week.
    pub week_start: jiff::civil::Weekday,
    /// First month of the fiscal year, 1..=12.
    pub fiscal_year_start: i8,
    /// Smallest group that is shown.
    pub min_group: u64,
    /// Smallest group of which anything is told that was read from comments.
    pub min_group_verbatim: u64,
    /// What is told of agents.
    pub agents: AgentRules,
    /// What reads comments, and what it read.
    pub library: Arc<Library>,
    /// How long after its end a bucket may still change without saying so.
    pub provisional: jiff::SignedDuration,
    /// How long after it was sent an answer counts for an invitation.
    pub response_window: jiff::SignedDuration,
    /// Smallest change of a score in points that matters.
    pub relevant_points: f64,
    /// Smallest change of a rate that matters, in percentage points.
    pub relevant_percent: f64,
    /// Configured dimensions by name.
    pub dimensions: BTreeMap<String, DimensionSource>,
    /// Named question sets: name → `SOURCE/QUESTION` ids.
    pub questions: BTreeMap<String, Vec<String>>,
    /// Declared bound of positive answers by `SOURCE/QUESTION`.
    pub positives: BTreeMap<String, f64>,
    /// Goals by name.
    pub goals: BTreeMap<String, Goal>,
    /// What makes a customer, and what money is worth.
    pub retention: RetentionRules,
    /// Which seconds of reply and resolution times count.
    pub clock: ClockRule,
    /// When the helpdesk is open; `None` where nobody says.
    pub business_hours: Option<hours::BusinessHours>,
}

impl Settings {
    /// Returns the declared bound of positive answers of a question, if there is one.
    pub(super) fn positive_of(&self, question: &str) -> Option<f64> {
        self.positives.get(question).copied()
    }
}

/// What is told of agents: nothing, unless the operator turned it on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AgentRules {
    /// Whether the KPIs about agents are answered at all.
    pub is_enabled: bool,
    /// How far back numbers of single agents are told.
    pub kept: jiff::SignedDuration,
    /// Agents who are not thanked, by the ids that their rows have.
    pub opt_out: BTreeSet<String>,
}

/// Which seconds of reply and resolution times count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockRule {
    /// Business seconds of the source, else those of the business hours, else all.
    Business,
    /// All of them.
    Calendar,
}
