//! What goes with a score, as bars that add up.

use crate::chart::{Coverage, ParetoFigure, ParetoItem, ParetoMeasure};
use crate::improve::{Driver, Drivers};

/// Returns the shares of drivers, the weightiest first.
pub(super) fn figure(found: &Drivers) -> ParetoFigure {
    let item = |driver: &Driver| ParetoItem {
        name: driver.name.clone(),
        value: 100.0 * driver.share.value,
        interval: Some((100.0 * driver.share.low, 100.0 * driver.share.high)),
        n: u64::try_from(found.n_rows).unwrap_or(u64::MAX),
    };
    ParetoFigure {
        measure: ParetoMeasure::Parts,
        items: found.drivers.iter().map(item).collect(),
        coverage: Some(Coverage {
            percent: 100.0 * found.complete_ratio(),
            value: None,
        }),
        of: None,
    }
}
