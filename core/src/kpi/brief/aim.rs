//! Goals that are behind their pace beyond chance.

use super::Search;
use super::finding::{Candidate, Evidence, Finding, FindingKind, sure};
use super::level::p_of;
use super::text::{amount, between, value};
use crate::kpi::goal::stand;
use crate::kpi::{GoalState, KpiError, Query};

/// Adds the goals of a KPI that are behind or were missed.
///
/// # Errors
/// When the data cannot be read.
pub(super) fn look(search: &mut Search<'_>, query: &Query) -> Result<(), KpiError> {
    let goals = search.settings.goals.values();
    for goal in goals.filter(|goal| goal.kpi.name == query.kpi) {
        let standing = match stand(goal, query, search.settings, search.now, search.tally) {
            Ok(standing) => standing,
            Err(error) if error.status() >= 500 => return Err(error),
            // Such a goal says in `goals` why it does not stand.
            Err(_) => continue,
        };
        let (current, kpi) = (&standing.current, goal.kpi);
        let ends = current.low.zip(current.high);
        let (Some(now), Some((low, high)), Some(n)) = (current.value, ends, current.n) else {
            continue;
        };
        let gap = (low - standing.pace, high - standing.pace);
        let p = p_of(now - standing.pace, gap);
        search.ps.push(p);
        let is_short = matches!(standing.state, Some(GoalState::Behind | GoalState::Missed));
        if !is_short {
            continue;
        }
        let sentence = format!(
            "goal {} is {} from its pace: {} is {} ({}, n = {n}), and should be {} by now",
            goal.name,
            amount((now - standing.pace).abs(), kpi),
            kpi.title,
            value(now, kpi),
            between((low, high), kpi),
            value(standing.pace, kpi),
        );
        let asked = Query {
            goal: Some(goal.name.clone()),
            ..query.clone()
        };
        search.candidates.push(Candidate {
            weight: sure(gap) / search.relevant(kpi.unit),
            finding: Finding {
                kind: FindingKind::Goal,
                kpi: kpi.name,
                sentence,
                value: now - standing.pace,
                interval: Some(gap),
                n,
                p,
                evidence: Evidence::of(&asked),
                next_step: "settle what is done until it is due, or set another target".to_owned(),
            },
        });
    }
    Ok(())
}
