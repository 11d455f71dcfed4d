//! From what an analysis found to the figure that its chart draws.

mod contribution;
mod series;

use crate::chart::{Insight, Refusal};
use crate::kpi::{Answer, ChartKind, Found, Gap};

/// Whether a chart shows what the whole history of its answer says, and the answer has one.
pub(super) fn needs_history(chart: ChartKind, answer: &Answer) -> bool {
    matches!(chart, ChartKind::Trend | ChartKind::Control) && answer.verdict.is_some()
}

/// Returns what a chart of an answer shows beside its numbers; `None` where there is nothing.
/// `whole` is the answer of the whole history, where that is known.
pub(super) fn insight(
    chart: ChartKind,
    answer: &Answer,
    whole: Option<&Answer>,
) -> Option<Insight> {
    let history = |answer: &Answer| answer.verdict.as_ref()?.history.clone();
    let history = whole.and_then(history).or_else(|| history(answer));
    match chart {
        ChartKind::Trend => return series::trend(answer, history.as_ref()).map(Insight::Trend),
        ChartKind::Control => return Some(series::control(answer, history.as_ref())),
        _ => {}
    }
    let findings = answer.findings.as_ref()?;
    Some(match &findings.found {
        Found::Pending => Insight::Refused(Refusal::Pending),
        Found::Nothing(gap) => Insight::Refused(refusal(*gap)),
        Found::Contribution(found) => Insight::Moves(contribution::figure(found)),
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
