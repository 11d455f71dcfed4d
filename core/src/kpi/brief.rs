//! The improvement brief: at most five findings over a time, each one sentence with its number, how
//! sure it is, what shows it and what to do next; or that nothing moved beyond chance.
//!
//! Everything that is looked at counts: a finding must stand out among all comparisons that were
//! made, not only among those that are told.

mod aim;
mod cause;
mod driver;
mod finding;
mod group;
mod level;
mod text;
mod theme;

use jiff::Timestamp;

pub use finding::{Evidence, Finding, FindingKind};
pub use text::{json, text};

use super::civil::Calendar;
use super::{KpiError, Query, Range, Settings, Unit, answer, find};
use crate::plan::Tally;
use crate::statistic::finds_bound;
use finding::Candidate;

/// Most findings of a brief: more are a list that nobody works through.
pub const FINDINGS_MAX: usize = 5;
/// Share of false finds among those that are told.
const FALSE_FINDS: f64 = 0.10;
/// What a brief is about that is asked of no time.
const RANGE_DEFAULT: Range = Range::Days(90);
/// Most questions a brief looks at; those of a dashboard beyond are left out, and it says so.
const SUBJECTS_MAX: usize = 8;
/// Most dimensions that each is looked at by.
const DIMENSIONS_MAX: usize = 8;
/// Dimensions of every survey row and ticket whose groups somebody can do something about.
const DIMENSIONS: [&str; 2] = ["channel", "team"];

/// What a time says about what to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Brief {
    /// State of knowledge.
    pub as_of: Timestamp,
    /// Zone of its days.
    pub timezone: String,
    /// The time as asked.
    pub range: Range,
    /// The surest and largest first, at most [`FINDINGS_MAX`]; may be empty.
    pub findings: Vec<Finding>,
    /// Comparisons that were made.
    pub n_compared: usize,
    /// What could not be looked at, and why.
    pub left_out: Vec<String>,
}

/// What is asked to find something.
pub(super) struct Search<'a> {
    pub(super) settings: &'a Settings,
    pub(super) now: Timestamp,
    pub(super) tally: &'a dyn Tally,
    /// By what groups are looked at.
    pub(super) dimensions: Vec<String>,
    /// p of everything that was compared.
    pub(super) ps: Vec<f64>,
    pub(super) candidates: Vec<Candidate>,
    left_out: Vec<String>,
}

/// Returns the brief of some questions over their own time: points and rates of KPIs that move, their
/// causes and groups.
///
/// # Errors
/// When the data cannot be read; a question that is none is left out, and the brief says why.
pub fn brief(
    subjects: &[Query],
    settings: &Settings,
    now: Timestamp,
    tally: &dyn Tally,
) -> Result<Brief, KpiError> {
    let range = subjects.first().and_then(|query| query.range);
    let configured = settings.dimensions.keys().map(String::as_str);
    let mut search = Search {
        settings,
        now,
        tally,
        dimensions: DIMENSIONS
            .into_iter()
            .chain(configured)
            .take(DIMENSIONS_MAX)
            .map(str::to_owned)
            .collect(),
        ps: Vec::new(),
        candidates: Vec::new(),
        left_out: Vec::new(),
    };
    for query in subjects.iter().take(SUBJECTS_MAX) {
        let mut query = query.clone();
        query.range = query.range.or(Some(RANGE_DEFAULT));
        (query.by, query.rolling, query.goal) = (None, None, None);
        search.look(&query)?;
    }
    if subjects.len() > SUBJECTS_MAX {
        let n_more = subjects.len() - SUBJECTS_MAX;
        search.left_out.push(format!("{n_more} further questions"));
    }
    let as_of = subjects.iter().find_map(|query| query.as_of).unwrap_or(now);
    Ok(Brief {
        as_of,
        timezone: Calendar::new(settings, None).zone_name(),
        range: range.unwrap_or(RANGE_DEFAULT),
        n_compared: search.ps.len(),
        findings: chosen(search.candidates, &search.ps),
        left_out: search.left_out,
    })
}

/// Whether a KPI can be a subject: a score or a rate whose moves mean something.
#[must_use]
pub fn can_be_briefed(kpi: &str) -> bool {
    let Ok(kpi) = find(kpi) else {
        return false;
    };
    let is_score = matches!(kpi.unit, Unit::Points | Unit::Percent);
    is_score && !super::is_analysis(kpi.name) && !["cohort", "survival"].contains(&kpi.name)
}

impl Search<'_> {
    /// Looks at a KPI: how it moved, what moved it, and which groups differ.
    fn look(&mut self, query: &Query) -> Result<(), KpiError> {
        let Some(level) = self.asked(query)? else {
            return Ok(());
        };
        level::look(self, query, &level);
        aim::look(self, query)?;
        driver::look(self, query)?;
        theme::look(self, query)?;
        for dimension in self.dimensions.clone() {
            if query.filters.contains_key(&dimension) {
                continue;
            }
            let by = Query {
                by: Some(dimension),
                ..query.clone()
            };
            cause::look(self, &by)?;
            group::look(self, &by)?;
        }
        Ok(())
    }

    /// Answers a question; `None` where it is none, which is noted unless it is only split by what
    /// its rows do not have.
    pub(super) fn asked(&mut self, query: &Query) -> Result<Option<super::Answer>, KpiError> {
        match answer(query, self.settings, self.now, self.tally) {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.status() >= 500 => Err(error),
            Err(_) if query.by.is_some() => Ok(None),
            Err(error) => {
                self.left_out.push(format!("{}: {error}", query.kpi));
                Ok(None)
            }
        }
    }

    /// Returns the least change of a KPI that matters, in its unit.
    pub(super) fn relevant(&self, unit: Unit) -> f64 {
        match unit {
            Unit::Points => self.settings.relevant_points,
            _ => self.settings.relevant_percent,
        }
    }
}

/// Returns what stands out among all comparisons, the surest and largest first; of one kind and KPI
/// only the first.
fn chosen(mut candidates: Vec<Candidate>, ps: &[f64]) -> Vec<Finding> {
    let bound = finds_bound(ps.iter().copied(), FALSE_FINDS);
    candidates.retain(|one| bound.is_some_and(|bound| one.finding.p <= bound) && one.weight > 0.0);
    candidates.sort_by(|one, other| {
        let by_weight = other.weight.total_cmp(&one.weight);
        by_weight.then_with(|| one.finding.sentence.cmp(&other.finding.sentence))
    });
    let mut findings: Vec<Finding> = Vec::new();
    for candidate in candidates {
        let Candidate { finding, .. } = candidate;
        let is_told = findings
            .iter()
            .any(|told| told.kind == finding.kind && told.kpi == finding.kpi);
        if !is_told && findings.len() < FINDINGS_MAX {
            findings.push(finding);
        }
    }
    findings
}
