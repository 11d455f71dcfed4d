//! What matters and how it is done, as fields.

use crate::chart::{Quadrant, QuadrantFigure, QuadrantItem};
use crate::improve::{self, Estimate, Importance, Point};

/// Returns the points of drivers, the most urgent first; each is of `n` answers.
pub(super) fn figure(found: &Importance, n: u64) -> QuadrantFigure {
    let ends = |estimate: Estimate| Some((100.0 * estimate.low, 100.0 * estimate.high));
    let item = |point: &Point| QuadrantItem {
        name: point.name.clone(),
        performance: 100.0 * point.performance.value,
        performance_interval: ends(point.performance),
        importance: 100.0 * point.share.value,
        importance_interval: ends(point.share),
        n,
        quadrant: quadrant(point.quadrant),
        is_undecided: point.is_undecided,
    };
    QuadrantFigure {
        items: found.points.iter().map(item).collect(),
        performance_line: 100.0 * found.performance_line,
        importance_line: 100.0 * found.share_line,
    }
}

fn quadrant(quadrant: improve::Quadrant) -> Quadrant {
    match quadrant {
        improve::Quadrant::Concentrate => Quadrant::Concentrate,
        improve::Quadrant::Keep => Quadrant::Keep,
        improve::Quadrant::LowPriority => Quadrant::LowPriority,
        improve::Quadrant::Overkill => Quadrant::Overkill,
    }
}
