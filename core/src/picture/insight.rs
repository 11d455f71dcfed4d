//! From what an analysis found to the figure that its chart draws.

mod contribution;
mod drivers;
mod importance;
mod reasons;
mod scorecard;
mod series;
mod themes;

use crate::chart::{Insight, Refusal};
use crate::kpi::{Answer, ChartKind, Found, Gap};
use crate::series::HitRate;

/// The answer of the whole history of a series, and how often its forecasts held.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Whole<'a> {
    pub(super) answer: &'a Answer,
    pub(super) hits: Option<HitRate>,
}

/// Whether a chart shows what the whole history of its answer says, and the answer has one.
pub(super) fn needs_history(chart: ChartKind, answer: &Answer) -> bool {
    matches!(chart, ChartKind::Trend | ChartKind::Control) && answer.verdict.is_some()
}

/// Returns what a chart of an answer shows beside its numbers; `None` where there is nothing.
/// `whole` is the whole history, where that is known.
pub(super) fn insight(
    chart: ChartKind,
    answer: &Answer,
    whole: Option<Whole<'_>>,
) -> Option<Insight> {
    let history = |answer: &Answer| answer.verdict.as_ref()?.history.clone();
    let hits = whole.and_then(|whole| whole.hits);
    let whole = whole.and_then(|whole| history(whole.answer));
    let history = whole.or_else(|| history(answer));
    match chart {
        ChartKind::Trend => {
            return series::trend(answer, history.as_ref(), hits).map(Insight::Trend);
        }
        ChartKind::Control => return Some(series::control(answer, history.as_ref())),
        _ => {}
    }
    let findings = answer.findings.as_ref()?;
    Some(match &findings.found {
        Found::Pending => Insight::Refused(Refusal::Pending),
        Found::Nothing(gap) => Insight::Refused(refusal(*gap)),
        Found::Scorecard(found) if found.members.is_empty() => {
            Insight::Refused(Refusal::FewGroups { n: 0, needed: 1 })
        }
        Found::Scorecard(found) => Insight::Funnel(scorecard::figure(found)),
        Found::Kudos | Found::Training => return None,
        Found::Contribution(found) => Insight::Moves(contribution::figure(found)),
        Found::Drivers(found) => Insight::Pareto(drivers::figure(found)),
        Found::Importance(found) => Insight::Quadrant(importance::figure(
            found,
            answer.total.n.unwrap_or_default(),
        )),
        Found::Themes(found) if chart == ChartKind::Slope => themes::slope(answer, findings, found),
        Found::Themes(found) => Insight::Pareto(themes::pareto(findings.of, found)),
        Found::Reasons(found) => Insight::Pareto(reasons::figure(found)),
    })
}

fn refusal(gap: Gap) -> Refusal {
    match gap {
        Gap::FewAnswers { n, needed } => Refusal::FewAnswers { n, needed },
        Gap::FewGroups { n, needed } => Refusal::FewGroups { n, needed },
        Gap::Entangled => Refusal::Entangled,
        Gap::Alike => Refusal::Alike,
    }
}
