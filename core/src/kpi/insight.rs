//! Analyses: what goes with a score, what moved it, what people talk about, how teams do.
//!
//! Each is a file with its registry entry, its definition and its answer: typed [`Findings`] for
//! pictures, and tables of the same numbers for programs and terminals. They take longer than other
//! KPIs, so pictures never wait for them.

mod agents;
mod case;
mod contribution;
mod drivers;
mod findings;
mod importance;
mod kudos;
mod rated;
mod rating;
mod reasons;
mod scorecard;
mod themes;
mod training_effect;

use jiff::Timestamp;

pub use agents::names_agents;
pub use findings::{Colleague, Colleagues, Findings, Found, Gap};
pub use reasons::Reasons;
pub use themes::{Changed, Themes};

use super::definition::Definition;
use super::{Answer, Counted, Kpi, KpiError, Query, Score, Settings, Tables};
use crate::nearest::nearest;
use crate::plan::Tally;
use case::Case;

/// One analysis.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    pub(super) kpi: &'static Kpi,
    pub(super) definition: &'static Definition,
    /// What its rows are to people.
    pub(super) counted: Counted,
    /// What it can be of; the first is what it is usually of.
    pub(super) subjects: &'static [&'static str],
    /// Whether it compares two times.
    pub(super) has_versus: bool,
    answer: fn(&Case<'_>) -> Result<Answer, KpiError>,
}

/// The analyses, in the order they are listed to people.
pub(super) const ENTRIES: [Entry; 8] = [
    drivers::ENTRY,
    importance::ENTRY,
    contribution::ENTRY,
    themes::ENTRY,
    reasons::ENTRY,
    scorecard::ENTRY,
    kudos::ENTRY,
    training_effect::ENTRY,
];

/// Returns the analysis of that name.
pub(super) fn entry(name: &str) -> Option<Entry> {
    ENTRIES.into_iter().find(|entry| entry.kpi.name == name)
}

/// Whether a KPI is an analysis: what takes longer than a picture may wait.
#[must_use]
pub fn is_analysis(kpi: &str) -> bool {
    entry(kpi).is_some()
}

/// Returns what an analysis can be of, the usual first; nothing of a KPI that is none.
#[must_use]
pub fn subjects(kpi: &Kpi) -> &'static [&'static str] {
    entry(kpi.name).map_or(&[], |entry| entry.subjects)
}

/// Answers an analysis.
///
/// # Errors
/// When the question is not one, or the data cannot be read.
pub(super) fn answer(
    query: &Query,
    settings: &Settings,
    now: Timestamp,
    tally: &dyn Tally,
) -> Result<Answer, KpiError> {
    let Some(entry) = entry(&query.kpi) else {
        return Err(super::UnknownKpi::new(&query.kpi).into());
    };
    let kpi = entry.kpi.name;
    if query.rolling.is_some() {
        let why = "an analysis is of one time";
        return Err(KpiError::NoRolling { kpi, why });
    }
    refuse_subject(query)?;
    (entry.answer)(&Case::new(entry, query, settings, now, tally)?)
}

/// Returns what is shown of an analysis that is being worked out.
///
/// # Errors
/// When the question is not one, as far as that can be told without the data.
pub fn pending(
    query: &Query,
    settings: &Settings,
    now: Timestamp,
    tally: &dyn Tally,
) -> Result<Answer, KpiError> {
    let Some(entry) = entry(&query.kpi) else {
        return Err(super::UnknownKpi::new(&query.kpi).into());
    };
    refuse_subject(query)?;
    let case = Case::new(entry, query, settings, now, tally)?;
    let tables = Tables::default();
    let total = Score {
        n: None,
        ..case::bare_score(0)
    };
    let mut answer = case.around(&case.frame()?, None, total, Found::Pending, tables);
    answer.valid_until = now;
    Ok(answer)
}

/// Refuses a subject or an earlier time that a KPI has no use for.
///
/// # Errors
/// When it has none.
pub(super) fn refuse_subject(query: &Query) -> Result<(), KpiError> {
    let entry = entry(&query.kpi);
    let subjects = entry.map_or(&[][..], |entry| entry.subjects);
    if let Some(of) = query.of.as_deref()
        && !subjects.contains(&of)
    {
        return Err(KpiError::UnknownSubject {
            kpi: query.kpi.clone(),
            of: of.to_owned(),
            nearest: nearest(of, subjects.iter().copied()).map(str::to_owned),
            subjects,
        });
    }
    let has_versus = entry.is_some_and(|entry| entry.has_versus);
    match query.versus {
        Some(_) if !has_versus => Err(KpiError::NoVersus {
            kpi: query.kpi.clone(),
        }),
        _ => Ok(()),
    }
}
