//! From what an analysis found to the figure that its chart draws.

mod contribution;

use crate::chart::{Insight, Refusal};
use crate::kpi::{Answer, ChartKind, Found, Gap};

/// Returns what a chart of an answer shows beside its numbers; `None` where there is nothing.
pub(super) fn insight(_chart: ChartKind, answer: &Answer) -> Option<Insight> {
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
