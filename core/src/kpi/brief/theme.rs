//! Which themes of comments cost a score.

use super::Search;
use super::finding::{Candidate, Evidence, Finding, FindingKind};
use super::group::STANDING;
use super::text::{amount, between};
use crate::kpi::{Found, Kpi, KpiError, Query, find};

/// KPIs whose comments are looked at.
const SUBJECTS: [&str; 3] = ["nps", "csat", "ces"];

/// Adds the themes that surely take from a score.
///
/// # Errors
/// When the data cannot be read.
pub(super) fn look(search: &mut Search<'_>, query: &Query) -> Result<(), KpiError> {
    if !SUBJECTS.contains(&query.kpi.as_str()) {
        return Ok(());
    }
    let kpi: &'static Kpi = find(&query.kpi)?;
    let query = Query {
        kpi: "themes".to_owned(),
        of: Some(kpi.name.to_owned()),
        grain: None,
        ..query.clone()
    };
    let Some(answer) = search.asked(&query)? else {
        return Ok(());
    };
    let Some(Found::Themes(themes)) = answer.findings.as_ref().map(|one| &one.found) else {
        return Ok(());
    };
    let n_comments = themes.impacts.n_comments;
    for impact in &themes.impacts.ranked {
        search.ps.push(impact.effect.p);
        // Of all these scores more is better.
        if !impact.is_find || impact.effect.value >= 0.0 {
            continue;
        }
        let interval = (impact.effect.low, impact.effect.high);
        let sentence = format!(
            "comments about {} take {} from {} ({}, n = {} of {n_comments} comments)",
            impact.name,
            amount(impact.effect.value.abs(), kpi),
            kpi.title,
            between(interval, kpi),
            impact.n,
        );
        search.candidates.push(Candidate {
            weight: STANDING * impact.sure_points() / search.relevant(kpi.unit),
            finding: Finding {
                kind: FindingKind::Theme,
                kpi: kpi.name,
                sentence,
                value: impact.effect.value,
                interval: Some(interval),
                n: impact.n as u64,
                p: impact.effect.p,
                evidence: Evidence::of(&query),
                next_step: format!("read the comments about {}", impact.name),
            },
        });
    }
    Ok(())
}
