//! Why people call, as a Pareto chart.

use crate::chart::{ParetoFigure, ParetoItem, ParetoMeasure};
use crate::improve::Bar;
use crate::kpi::Reasons;

/// Returns the reasons that are given at the time, as percent of all.
pub(super) fn figure(found: &Reasons) -> ParetoFigure {
    let given = found.pareto.bars.iter().filter(|bar| bar.n > 0);
    let item = |bar: &Bar| ParetoItem {
        name: bar.name.clone(),
        value: 100.0 * bar.share.value,
        interval: Some((100.0 * bar.share.low, 100.0 * bar.share.high)),
        n: bar.n,
    };
    ParetoFigure {
        of: None,
        measure: match found.may_overlap {
            true => ParetoMeasure::Mentions,
            false => ParetoMeasure::Parts,
        },
        items: given.map(item).collect(),
        coverage: None,
    }
}
