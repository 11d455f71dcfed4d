//! One finding, and what it takes to be told.

use crate::kpi::Query;
use crate::kpi::parse;

/// What kind of finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingKind {
    /// A score moved from one time to the other, or to another level.
    Moved,
    /// A group moved a score.
    Cause,
    /// A group's score is worse than that of all others.
    Group,
    /// A goal is behind its pace, or was missed.
    Goal,
    /// A rating goes with the recommendation more than any other.
    Driver,
    /// A theme of comments takes from a score.
    Theme,
}

impl FindingKind {
    /// Returns the word of an answer.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Moved => "moved",
            Self::Cause => "cause",
            Self::Group => "group",
            Self::Goal => "goal",
            Self::Driver => "driver",
            Self::Theme => "theme",
        }
    }
}

/// A question whose answer shows a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The KPI.
    pub kpi: String,
    /// Parameters of its address.
    pub pairs: Vec<(String, String)>,
}

/// One finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Its kind.
    pub kind: FindingKind,
    /// The KPI it is about.
    pub kpi: &'static str,
    /// One sentence with the number, its interval and the rows behind it.
    pub sentence: String,
    /// The number, in the KPI's unit.
    pub value: f64,
    /// Its 95 % interval, where there is one.
    pub interval: Option<(f64, f64)>,
    /// Rows behind it.
    pub n: u64,
    /// Two-sided p of no effect.
    pub p: f64,
    /// What shows it.
    pub evidence: Evidence,
    /// What to do next.
    pub next_step: String,
}

/// A finding that may be told, and its weight among the others.
pub(in crate::kpi) struct Candidate {
    pub(in crate::kpi) finding: Finding,
    /// What is sure of it, in changes that matter.
    pub(in crate::kpi) weight: f64,
}

impl Evidence {
    /// Returns the address parameters of a question.
    pub(super) fn of(query: &Query) -> Self {
        let text = |name: &str, value: Option<String>| Some((name.to_owned(), value?));
        let mut pairs: Vec<(String, String)> = [
            text("of", query.of.clone()),
            text("range", query.range.map(|range| range.to_string())),
            text("versus", query.versus.map(|range| range.to_string())),
            text("grain", query.grain.map(|grain| grain.to_string())),
            text("by", query.by.clone()),
            text("mode", query.mode.map(|mode| mode.to_string())),
            text("goal", query.goal.clone()),
            text("as_of", query.as_of.map(|at| at.to_string())),
        ]
        .into_iter()
        .flatten()
        .collect();
        for (name, values) in &query.filters {
            pairs.push((format!("where.{name}"), parse::written(values)));
        }
        Self {
            kpi: query.kpi.clone(),
            pairs,
        }
    }
}

/// Returns what an effect surely is, without sign: the end of its interval that is nearest 0.
pub(super) fn sure((low, high): (f64, f64)) -> f64 {
    match low > 0.0 || high < 0.0 {
        true => low.abs().min(high.abs()),
        false => 0.0,
    }
}
