//! One formula per file, one registry, one answer type: the only layer that computes a score.
//!
//! Pure: no IO, no clock, no SQL. `now` and the data come in; the same question gives the same
//! number in the terminal, the API, a picture and a table.

mod answer;
mod bias;
pub mod brief;
mod ces;
mod chart_kind;
pub mod civil;
mod cluster;
mod contrast;
mod csat;
mod definition;
mod desk;
pub mod duration;
mod error;
pub mod format;
mod formula;
mod frame;
mod gather;
pub mod goal;
mod helpdesk;
mod history;
pub mod hours;
mod insight;
mod interval;
mod mean;
mod names;
mod nps;
pub mod parse;
mod privacy;
mod quantile;
mod query;
mod question;
mod rating;
mod response_rate;
mod responses;
mod retention;
mod scope;
mod settings;
mod table;
mod tickets;
mod top_box;
mod verdict;
mod weigh;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

pub use answer::answer;
pub use chart_kind::ChartKind;
pub use definition::definition_json;
pub use error::{KpiError, UnknownKpi};
pub use goal::{GOALS_MAX, Goal, GoalGap, GoalStanding, GoalState, can_be_goal};
pub use history::{History, NextBucket};
pub use insight::{
    Changed, Colleague, Colleagues, Findings, Found, Gap, Reasons, Themes, is_analysis,
    names_agents, pending, subjects,
};
pub use query::{Grain, Instant, Mode, Query, Range, Rolling};
pub use question::ListedSet;
pub use retention::{Active, Exchange, RetentionRules};
pub use settings::{AgentRules, ClockRule, DimensionField, DimensionSource, Settings};
pub use table::{Across, Cell, Column, Comparison, Table, Tables};
pub use verdict::{LevelMove, Verdict};

use formula::Entry;

/// Every KPI, one line each.
const ENTRIES: [Entry; 15] = [
    nps::ENTRY,
    csat::ENTRY,
    ces::ENTRY,
    rating::ENTRY,
    responses::ENTRY,
    response_rate::ENTRY,
    tickets::ENTRY,
    helpdesk::FIRST_REPLY_TIME,
    helpdesk::RESOLUTION_TIME,
    helpdesk::FCR,
    helpdesk::REOPEN_RATE,
    helpdesk::BACKLOG,
    helpdesk::SLA,
    helpdesk::BOT_CONTAINMENT,
    helpdesk::QUALITY_SCORE,
];

/// Every KPI, in the order they are listed to people.
pub const REGISTRY: &[&Kpi] = &registry();

/// How many there are: the formulas, those of customers, the analyses, and the goals.
const N_KPIS: usize = ENTRIES.len() + retention::ENTRIES.len() + insight::ENTRIES.len() + 1;

const fn registry() -> [&'static Kpi; N_KPIS] {
    // What is not replaced is the last.
    let mut kpis = [&goal::KPI; N_KPIS];
    kpis[0] = ENTRIES[0].kpi;
    let mut idx = 1;
    while idx < ENTRIES.len() {
        kpis[idx] = ENTRIES[idx].kpi;
        idx += 1;
    }
    let n_before = ENTRIES.len() + retention::ENTRIES.len();
    while idx < n_before {
        kpis[idx] = retention::ENTRIES[idx - ENTRIES.len()].kpi;
        idx += 1;
    }
    while idx + 1 < kpis.len() {
        kpis[idx] = insight::ENTRIES[idx - n_before].kpi;
        idx += 1;
    }
    kpis
}

/// Returns the KPI of that name.
///
/// # Errors
/// When there is none; the error names the nearest.
pub fn find(name: &str) -> Result<&'static Kpi, UnknownKpi> {
    let found = REGISTRY.iter().find(|kpi| kpi.name == name);
    found.copied().ok_or_else(|| UnknownKpi::new(name))
}

fn entry(name: &str) -> Result<Entry, UnknownKpi> {
    ENTRIES
        .into_iter()
        .find(|entry| entry.kpi.name == name)
        .ok_or_else(|| UnknownKpi::new(name))
}

/// How far an answer's number can be relied on, by its count alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// 30 or more.
    Ok,
    /// 10 to 29: shown with a mark.
    Low,
    /// Fewer than 10: counts, no score.
    CountsOnly,
    /// Fewer than the smallest group: nothing.
    Hidden,
}

/// On which side of a score's number the score itself lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The score is the number or more.
    AtLeast,
    /// The score is the number or less.
    AtMost,
}

/// A score with its uncertainty.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// The number; `None` where nobody answered or the base is too small.
    pub value: Option<f64>,
    /// Set where all answers of an anonymous group agree: the number is then an end of the interval.
    pub bound: Option<Bound>,
    /// Lower end of the 95 % interval.
    pub low: Option<f64>,
    /// Upper end of the 95 % interval.
    pub high: Option<f64>,
    /// Rows it rests on; `None` when suppressed.
    pub n: Option<u64>,
    /// How far it can be relied on.
    pub base: Base,
    /// Named counts, such as `promoters`; empty when suppressed.
    pub counts: Vec<(&'static str, u64)>,
    /// Rows by exact answer, ascending; empty when suppressed or not asked for.
    pub histogram: Vec<(f64, u64)>,
    /// Further numbers, such as `mean`; empty when there is no score.
    pub secondary: Vec<(&'static str, f64)>,
}

/// One bucket of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// First instant.
    pub start: Timestamp,
    /// First instant after.
    pub end: Timestamp,
    /// `2026-W23`, `2026-06`, ….
    pub label: String,
    /// The score of the bucket.
    pub score: Score,
    /// Whether the bucket ended before `as_of`.
    pub is_complete: bool,
    /// Whether late answers are still expected.
    pub is_provisional: bool,
    /// Whether the score is hidden for privacy.
    pub is_suppressed: bool,
}

/// One line: a group, the pooled rest, or the unsplit answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Value of the split dimension; `None` for the unsplit answer.
    pub key: Option<String>,
    /// Whether this pools the groups beyond the eighth.
    pub is_rest: bool,
    /// Buckets in time order, without holes.
    pub points: Vec<Point>,
    /// The score over the whole range, from its rows.
    pub total: Score,
    /// The group against all others, where both have at least 20 rows and share none.
    pub versus_rest: Option<Contrast>,
}

/// The difference between a group and all others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contrast {
    /// Group minus rest, unrounded.
    pub value: f64,
    /// Lower end of the 95 % interval of the difference.
    pub low: f64,
    /// Upper end of the 95 % interval of the difference.
    pub high: f64,
    /// Two-sided p of no difference.
    pub p: f64,
    /// Rows of the rest.
    pub n_rest: u64,
    /// Whether it differs, given how many groups are shown.
    pub is_different: bool,
}

/// Whether those who answered are like those who were asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Bias {
    /// How like each other the groups of invited people answered.
    Response(ResponseBias),
    /// The score if each group had answered as often as it was asked.
    Weighted(WeightedScore),
}

impl Bias {
    /// Whether it says how many were in groups too small to be told.
    fn leaves_out(&self) -> bool {
        matches!(self, Self::Response(bias) if bias.n_left_out > 0)
    }
}

/// A score whose groups weigh as much as they were asked.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightedScore {
    /// The dimension of the groups.
    pub by: String,
    /// The weighted score.
    pub value: f64,
    /// Share of delivered invitations in groups that have a score, 0..=1.
    pub coverage: f64,
}

/// How like each other the groups of invited people answered.
#[derive(Debug, Clone, PartialEq)]
pub struct ResponseBias {
    /// The dimension of the groups.
    pub by: String,
    /// 1 where all groups answered alike, 0 where answering splits them.
    pub r_indicator: f64,
    /// Groups compared.
    pub n_groups: usize,
    /// Delivered invitations in them whose window has passed.
    pub n: u64,
    /// Such invitations in groups too small to be told.
    pub n_left_out: u64,
}

/// R-indicator below which those who answered are not like those who were asked.
pub const REPRESENTATIVE_MIN: f64 = 0.8;

/// The change between the whole range and the comparable one before it.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Current minus previous, unrounded.
    pub value: f64,
    /// Lower end of the 95 % interval of the difference.
    pub low: f64,
    /// Upper end of the 95 % interval of the difference.
    pub high: f64,
    /// Two-sided p of no difference.
    pub p: f64,
    /// Whether the interval excludes zero.
    pub is_changed: bool,
    /// First instant of the earlier range.
    pub previous_start: Timestamp,
    /// First instant after the earlier range.
    pub previous_end: Timestamp,
    /// Rows of the earlier range.
    pub previous_n: u64,
}

/// How much several answers of one person widen the intervals of an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DesignEffect {
    /// Variance over that of as many answers of different persons, at least 1.
    pub factor: f64,
    /// End of the answers it was estimated from.
    pub as_of: Timestamp,
}

/// State of one source behind an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceStamp {
    /// Source name.
    pub name: String,
    /// Last successful run.
    pub last_success: Option<Timestamp>,
    /// Whether it is overdue.
    pub is_stale: bool,
    /// Whether its last run failed.
    pub is_failing: bool,
}

/// The answer to a question, before any rounding.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Registry entry it comes from.
    pub kpi: &'static Kpi,
    /// Zone of its buckets.
    pub timezone: String,
    /// Version of the tz database.
    pub tzdb: String,
    /// State of knowledge.
    pub as_of: Timestamp,
    /// Next instant at which it would change without new data.
    pub valid_until: Timestamp,
    /// Bucket width.
    pub grain: Grain,
    /// Window of each point; `None` is its bucket.
    pub rolling: Option<Rolling>,
    /// Survey mode it pools.
    pub mode: Option<Mode>,
    /// Filters as asked.
    pub filters: BTreeMap<String, Vec<Option<String>>>,
    /// Split as asked.
    pub by: Option<String>,
    /// Whether the groups are disjoint.
    pub is_additive: bool,
    /// First and last instant of the range.
    pub from: Timestamp,
    /// End of the range.
    pub to: Timestamp,
    /// One series, or one per group in order of their size.
    pub series: Vec<Series>,
    /// The unsplit score over the whole range.
    pub total: Score,
    /// Change against the comparable earlier range, where both have at least 20 rows.
    pub change: Option<Change>,
    /// Whether a lower answer of its questions is the better one.
    pub is_lower_better: bool,
    /// Design effect of the unsplit answer; `None` where every person counts once or no interval
    /// is computed.
    pub deff: Option<DesignEffect>,
    /// What makes a customer of it; `None` when it is not about customers.
    pub active: Option<Active>,
    /// Currency of its amounts; `None` when there are none.
    pub currency: Option<String>,
    /// What it answers beside or in the place of a series.
    pub tables: Option<Tables>,
    /// For a split: whether those who answered are like those who were asked, as far as
    /// invitations tell.
    pub bias: Option<Bias>,
    /// What the series says in words; `None` of what is no series of weeks or months.
    pub verdict: Option<Verdict>,
    /// How the goal stands that the question named.
    pub goal: Option<GoalStanding>,
    /// What an analysis found; `None` of a KPI that is none.
    pub findings: Option<Arc<Findings>>,
    /// What was said or hidden along the way, in words.
    pub notes: Vec<String>,
    /// Sources behind it, filled in by the caller.
    pub sources: Vec<SourceStamp>,
    /// Latest event time among the rows.
    pub newest: Option<Timestamp>,
}

/// Unit of a KPI's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Score points.
    Points,
    /// Percent, 0..=100.
    Percent,
    /// An answer on the question's own scale.
    Score,
    /// Whole units of the answer's currency, a month.
    Money,
    /// A plain count.
    Count,
    /// Seconds, of however many hours or days.
    Seconds,
}

/// A registry entry.
#[derive(Debug, PartialEq)]
pub struct Kpi {
    /// Name in addresses and files.
    pub name: &'static str,
    /// Plain name on pictures.
    pub title: &'static str,
    /// Unit.
    pub unit: Unit,
    /// Lowest and greatest possible value; `None` is unbounded.
    pub range: (Option<f64>, Option<f64>),
    /// Version of the definition.
    pub definition_version: u32,
    /// One sentence that pictures show in the footer.
    pub formula: &'static str,
    /// Charts it can be drawn as; the first is the default.
    pub charts: &'static [ChartKind],
    /// Whether a greater value is better; `None` when neither is.
    pub is_higher_better: Option<bool>,
}

/// What the rows of a KPI are to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Answers to surveys.
    Answers,
    /// Invitations to surveys.
    Invitations,
    /// Tickets of a helpdesk.
    Tickets,
    /// Reviews of tickets.
    Reviews,
    /// Customers.
    Customers,
}

impl Kpi {
    /// Returns what its rows are to people.
    #[must_use]
    pub fn counted(&self) -> Counted {
        use crate::record::RecordKind;
        if let Some(entry) = insight::entry(self.name) {
            return entry.counted;
        }
        match entry(self.name).map(|entry| entry.formula.kind()) {
            Ok(RecordKind::Ticket) => Counted::Tickets,
            Ok(RecordKind::Invitation) => Counted::Invitations,
            Ok(RecordKind::Review) => Counted::Reviews,
            Ok(_) => Counted::Answers,
            // What is no formula over rows is about customers.
            Err(_) => Counted::Customers,
        }
    }
}
