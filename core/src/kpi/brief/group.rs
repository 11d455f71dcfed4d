//! Which group does worse than all others.

use super::Search;
use super::finding::{Candidate, Evidence, Finding, FindingKind, sure};
use super::text::{amount, between};
use crate::kpi::interval::real;
use crate::kpi::{Answer, Base, Contrast, KpiError, Query, Score, Series};
use crate::statistic::{Proportion, finds_bound};

/// Share of false finds among the groups that are said to differ.
const FALSE_FINDS: f64 = 0.10;
/// Weight of a gap that may have been there for long against a move of the same size.
pub(super) const STANDING: f64 = 0.5;

/// Adds the groups of a split that surely do worse than all others.
///
/// # Errors
/// When the data cannot be read.
pub(super) fn look(search: &mut Search<'_>, query: &Query) -> Result<(), KpiError> {
    let Some(answer) = search.asked(query)? else {
        return Ok(());
    };
    let kpi = answer.kpi;
    let Some(is_higher_better) = kpi.is_higher_better else {
        return Ok(());
    };
    let is_higher_better = is_higher_better != answer.is_lower_better;
    let dimension = query.by.as_deref().unwrap_or_default();
    let contrasts = contrasts(&answer);
    search
        .ps
        .extend(contrasts.iter().map(|(_, contrast)| contrast.p));
    for (series, contrast) in contrasts {
        let is_worse = (contrast.value < 0.0) == is_higher_better;
        let (Some(key), Some(n)) = (&series.key, series.total.n) else {
            continue;
        };
        if !is_worse || !contrast.is_different || series.is_rest {
            continue;
        }
        let interval = (contrast.low, contrast.high);
        let side = if contrast.value < 0.0 {
            "below"
        } else {
            "above"
        };
        let sentence = format!(
            "{} of {dimension} {key} is {} {side} that of all others ({}, n = {n})",
            kpi.title,
            amount(contrast.value.abs(), kpi),
            between(interval, kpi),
        );
        // What the whole would gain if the group were like the others.
        let share = real(n) / real(n + contrast.n_rest);
        search.candidates.push(Candidate {
            weight: STANDING * share * sure(interval) / search.relevant(kpi.unit),
            finding: Finding {
                kind: FindingKind::Group,
                kpi: kpi.name,
                sentence,
                value: contrast.value,
                interval: Some(interval),
                n,
                p: contrast.p,
                evidence: Evidence::of(query),
                next_step: format!("ask what {dimension} {key} lacks that the others have"),
            },
        });
    }
    Ok(())
}

/// Returns how each group differs from all others.
fn contrasts(answer: &Answer) -> Vec<(&Series, Contrast)> {
    let shown = |series: &&Series| series.total.base != Base::Hidden;
    let told: Vec<(&Series, Contrast)> = (answer.series.iter())
        .filter(shown)
        .filter_map(|series| Some((series, series.versus_rest?)))
        .collect();
    if !told.is_empty() || !answer.is_additive {
        return told;
    }
    // Of what is kept the difference is that of what is lost, the other way round.
    let sign = match answer.kpi.name {
        "churn" => 1.0,
        "crr" => -1.0,
        _ => return told,
    };
    let mut found: Vec<(&Series, Contrast)> = (answer.series.iter())
        .filter(shown)
        .filter_map(|series| Some((series, of_customers(&series.total, &answer.total, sign)?)))
        .collect();
    let bound = finds_bound(found.iter().map(|(_, one)| one.p), FALSE_FINDS);
    for (_, one) in &mut found {
        let excludes_zero = one.low > 0.0 || one.high < 0.0;
        one.is_different = bound.is_some_and(|bound| one.p <= bound) && excludes_zero;
    }
    found
}

/// Compares the customers of a group that stayed, or left, with all others.
fn of_customers(group: &Score, all: &Score, sign: f64) -> Option<Contrast> {
    let count = |score: &Score, wanted: &str| {
        let found = score.counts.iter().find(|(name, _)| *name == wanted);
        found.map(|(_, n)| *n)
    };
    let rest = |wanted: &str| count(all, wanted)?.checked_sub(count(group, wanted)?);
    let (n, n_rest) = (count(group, "start")?, rest("start")?);
    let is_enough = n.min(n_rest) >= crate::kpi::desk::CHANGE_MIN;
    let share = |lost: u64, n: u64| Proportion::new(real(lost), real(n), real(n));
    let lost = share(count(group, "lost")?, n).zip(share(rest("lost")?, n_rest));
    let (own, others) = lost.filter(|_| is_enough)?;
    let difference = own.difference(others).scaled(100.0 * sign);
    Some(Contrast {
        value: difference.value,
        low: difference.low,
        high: difference.high,
        p: difference.p,
        n_rest,
        is_different: false,
    })
}
