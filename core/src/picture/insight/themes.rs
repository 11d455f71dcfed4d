//! What comments are about: what it does to a score, and how often at two times.

use crate::chart::{
    Coverage, Insight, ParetoFigure, ParetoItem, ParetoMeasure, Refusal, SlopeFigure, SlopeItem,
    SlopePeriod,
};
use crate::improve::Impact;
use crate::kpi::civil::first_and_last;
use crate::kpi::{self, Answer, Changed, Findings, Themes};
use crate::plan::Span;

/// Returns the impact of each theme, the surest first.
pub(super) fn pareto(of: &str, found: &Themes) -> ParetoFigure {
    let item = |impact: &Impact| ParetoItem {
        name: impact.name.clone(),
        value: impact.effect.value,
        interval: Some((impact.effect.low, impact.effect.high)),
        n: impact.n as u64,
    };
    ParetoFigure {
        of: kpi::find(of).ok(),
        measure: ParetoMeasure::Impact,
        items: found.impacts.ranked.iter().map(item).collect(),
        coverage: Some(Coverage {
            percent: found.coverage,
            value: found.impacts.score,
        }),
    }
}

/// Returns how often each theme is spoken of at both times: what surely changed first, then what
/// changed most.
pub(super) fn slope(answer: &Answer, findings: &Findings, found: &Themes) -> Insight {
    let (Some(n_before), Some(before)) = (found.n_before, findings.before) else {
        return Insight::Refused(Refusal::FewPeriods { n: 1, needed: 2 });
    };
    let size = |one: &Changed| match (one.before, one.after) {
        (Some(before), Some(after)) => (after - before).abs(),
        _ => 0.0,
    };
    let mut changes: Vec<&Changed> = found.changes.iter().collect();
    changes.sort_by(|one, other| {
        let finds = other.is_find.cmp(&one.is_find);
        finds.then(size(other).total_cmp(&size(one)))
    });
    let percent = |share: Option<f64>| share.map(|share| 100.0 * share);
    let item = |one: &&Changed| SlopeItem {
        name: one.title.clone(),
        before: percent(one.before),
        after: percent(one.after),
        is_changed: one.is_find,
        is_higher_better: None,
    };
    let now = Span {
        start: answer.from,
        end: answer.to,
    };
    let n_after = (answer.total.counts.iter()).find(|(name, _)| *name == "read");
    Insight::Slope(SlopeFigure {
        before: SlopePeriod {
            name: days(answer, before),
            n: n_before,
        },
        after: SlopePeriod {
            name: days(answer, now),
            n: n_after.map_or(0, |(_, n)| *n),
        },
        items: changes.iter().map(item).collect(),
    })
}

/// Returns the first and the last day of a time.
fn days(answer: &Answer, time: Span) -> String {
    let (first, last) = first_and_last(time, &answer.timezone);
    format!("{first} – {last}")
}
