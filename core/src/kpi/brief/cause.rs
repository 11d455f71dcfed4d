//! Which group moved a score.

use super::Search;
use super::finding::{Candidate, Evidence, Finding, FindingKind, sure};
use super::text::{amount, between, value};
use crate::kpi::insight::ENTRIES;
use crate::kpi::{Found, Kpi, KpiError, Query, find};

const ANALYSIS: &str = "contribution";

/// Adds the groups of a split whose own score surely moved that of all.
///
/// # Errors
/// When the data cannot be read.
pub(super) fn look(search: &mut Search<'_>, query: &Query) -> Result<(), KpiError> {
    let analysis = ENTRIES.iter().find(|entry| entry.kpi.name == ANALYSIS);
    let is_told = analysis.is_some_and(|entry| entry.subjects.contains(&query.kpi.as_str()));
    if !is_told {
        return Ok(());
    }
    let kpi: &'static Kpi = find(&query.kpi)?;
    let query = Query {
        kpi: ANALYSIS.to_owned(),
        of: Some(kpi.name.to_owned()),
        grain: None,
        ..query.clone()
    };
    let Some(answer) = search.asked(&query)? else {
        return Ok(());
    };
    let Some(Found::Contribution(found)) = answer.findings.as_ref().map(|one| &one.found) else {
        return Ok(());
    };
    let dimension = query.by.as_deref().unwrap_or_default();
    for effect in &found.effects {
        let Some(doubt) = effect.rate_doubt else {
            continue;
        };
        search.ps.push(doubt.p);
        // Of one group alone the change itself is told already.
        if !effect.is_find || found.effects.len() < 2 {
            continue;
        }
        let interval = (doubt.low, doubt.high);
        let n = answer.total.n.unwrap_or_default();
        let after = effect.score_after.zip(effect.score_before);
        let own = after.map_or_else(String::new, |(after, before)| {
            format!(
                ", whose own went from {} to {}",
                value(before, kpi),
                value(after, kpi)
            )
        });
        let sentence = format!(
            "{} {} moved {} by {} ({}, n = {n}){own}",
            dimension,
            effect.name,
            kpi.title,
            amount(effect.rate, kpi),
            between(interval, kpi),
        );
        search.candidates.push(Candidate {
            weight: sure(interval) / search.relevant(kpi.unit),
            finding: Finding {
                kind: FindingKind::Cause,
                kpi: kpi.name,
                sentence,
                value: effect.rate,
                interval: Some(interval),
                n,
                p: doubt.p,
                evidence: Evidence::of(&query),
                next_step: format!("look at what changed for {dimension} {}", effect.name),
            },
        });
    }
    Ok(())
}
