//! How a KPI moved: against the time before, or to another level within the time.

use statrs::distribution::{ContinuousCDF, Normal};

use super::Search;
use super::finding::{Candidate, Evidence, Finding, FindingKind, sure};
use super::text::{amount, between, level_words, value};
use crate::kpi::{Answer, Grain, LevelMove, Query};
use crate::statistic::Z_95;

/// Adds how a KPI moved: the surer of the change against the time before and of a move within it.
pub(super) fn look(search: &mut Search<'_>, query: &Query, answer: &Answer) {
    let change = changed(search, query, answer);
    let weekly = Query {
        grain: Some(Grain::Week),
        ..query.clone()
    };
    // What was asked by the day tells no level; a question that is one was answered just now.
    let series = match answer.verdict {
        Some(_) => None,
        None => search.asked(&weekly).ok().flatten(),
    };
    let moved = moved(search, &weekly, series.as_ref().unwrap_or(answer));
    let surer = [change, moved].into_iter().flatten();
    search
        .candidates
        .extend(surer.max_by(|one, other| one.weight.total_cmp(&other.weight)));
}

fn changed(search: &mut Search<'_>, query: &Query, answer: &Answer) -> Option<Candidate> {
    let change = answer.change.as_ref()?;
    let kpi = answer.kpi;
    search.ps.push(change.p);
    let now = answer.total.value?;
    let interval = (change.low, change.high);
    let n = answer.total.n?;
    let sentence = format!(
        "{} {} by {} to {} ({}, n = {n} and {} before)",
        kpi.title,
        if change.value < 0.0 { "fell" } else { "rose" },
        amount(change.value.abs(), kpi),
        value(now, kpi),
        between(interval, kpi),
        change.previous_n,
    );
    Some(Candidate {
        weight: sure(interval) / search.relevant(kpi.unit),
        finding: Finding {
            kind: FindingKind::Moved,
            kpi: kpi.name,
            sentence,
            value: change.value,
            interval: Some(interval),
            n,
            p: change.p,
            evidence: Evidence::of(query),
            next_step: level_words(answer, change.value).to_owned(),
        },
    })
}

/// Returns the latest confirmed move of the level within the time.
fn moved(search: &mut Search<'_>, query: &Query, answer: &Answer) -> Option<Candidate> {
    let verdict = answer.verdict.as_ref()?;
    search
        .ps
        .extend(verdict.moves.iter().filter_map(|one| one.p));
    let confirmed = |one: &&LevelMove| one.is_confirmed;
    let one = verdict.moves.iter().rfind(confirmed)?;
    let (p, kpi) = (one.p?, answer.kpi);
    let n = answer.total.n?;
    let near = match one.events.first() {
        Some(event) => format!(", near {event}"),
        None => String::new(),
    };
    let error = standard_error(one.size, p)?;
    let interval = (one.size - Z_95 * error, one.size + Z_95 * error);
    let sentence = format!(
        "{} moved {} by {} at {}{near} ({}, n = {n})",
        kpi.title,
        if one.size < 0.0 { "down" } else { "up" },
        amount(one.size.abs(), kpi),
        one.label,
        between(interval, kpi),
    );
    Some(Candidate {
        weight: sure(interval) / search.relevant(kpi.unit),
        finding: Finding {
            kind: FindingKind::Moved,
            kpi: kpi.name,
            sentence,
            value: one.size,
            interval: Some(interval),
            n,
            p,
            evidence: Evidence::of(query),
            next_step: level_words(answer, one.size).to_owned(),
        },
    })
}

/// Returns the two-sided p of a normal effect from its 95 % interval, which may lie askew: by the end
/// that is nearer 0.
pub(super) fn p_of(value: f64, (low, high): (f64, f64)) -> f64 {
    let half = if value > 0.0 {
        value - low
    } else {
        high - value
    };
    let z = match half > 0.0 {
        true => value.abs() / (half / Z_95),
        false => 0.0,
    };
    2.0 * Normal::standard().sf(z)
}

/// Returns the standard error of a normal effect from its two-sided p.
fn standard_error(size: f64, p: f64) -> Option<f64> {
    // Below, the quantile is no number any more.
    let p = p.max(1e-300);
    let z = -Normal::standard().inverse_cdf(p / 2.0);
    (z > 0.0 && z.is_finite()).then(|| size.abs() / z)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effect_and_its_p_tell_its_error() {
        let error = standard_error(-10.0, 0.05).expect("an error");
        assert!((error - 10.0 / Z_95).abs() < 1e-6, "{error}");
        assert!(standard_error(3.0, 0.0).is_some_and(|error| error > 0.0));
        assert_eq!(standard_error(3.0, 1.0), None);
        assert!((p_of(-10.0, (-25.0, 0.0)) - 0.05).abs() < 1e-6);
        assert!(p_of(3.0, (1.0, 6.0)) < 0.05);
        assert_eq!(p_of(0.0, (-1.0, 1.0)), 1.0);
    }
}
