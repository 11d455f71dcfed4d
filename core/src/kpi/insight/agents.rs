//! What all KPIs about agents have in common: whether they are answered, of which time, about whom.

use jiff::{SignedDuration, Timestamp};

use super::case::Case;
use crate::kpi::{KpiError, Query};

/// Those that name agents whatever they are asked.
const NAMING: [&str; 1] = [super::kudos::NAME];
/// The filter and the split of single people.
pub(super) const AGENT: &str = "agent";
/// The filter and the split of teams.
pub(super) const TEAM: &str = "team";

/// Whether a KPI names agents whatever is asked of it.
#[must_use]
pub fn names_agents(kpi: &str) -> bool {
    NAMING.contains(&kpi)
}

/// A list of values that a filter passes.
pub(super) type Passed = Option<Vec<Option<String>>>;

/// Refuses what the operator did not turn on.
///
/// # Errors
/// While numbers of agents are switched off.
pub(super) fn require(case: &Case<'_>) -> Result<(), KpiError> {
    match case.settings.agents.is_enabled {
        true => Ok(()),
        false => Err(KpiError::AgentsOff {
            kpi: case.entry.kpi.name,
        }),
    }
}

/// Refuses times of which numbers of single agents are not told any more.
///
/// # Errors
/// When the time begins before them.
pub(super) fn require_kept(case: &Case<'_>, from: Timestamp) -> Result<(), KpiError> {
    let kept = case.settings.agents.kept;
    // A civil day more: ranges begin with one.
    let first = case.present() - kept - SignedDuration::from_hours(24);
    match from < first {
        true => Err(KpiError::AgentsForgotten {
            kpi: case.entry.kpi.name,
            kept_days: kept.as_hours() / 24,
        }),
        false => Ok(()),
    }
}

/// Returns a question without one of its filters, and what that passed.
pub(super) fn without(query: &Query, name: &str) -> (Query, Passed) {
    let mut query = query.clone();
    let passed = query.filters.remove(name);
    (query, passed)
}

/// Whether a filter passes a value.
pub(super) fn passes(passed: &Passed, value: Option<&str>) -> bool {
    let is_it = |one: &Option<String>| one.as_deref() == value;
    passed
        .as_ref()
        .is_none_or(|values| values.iter().any(is_it))
}
