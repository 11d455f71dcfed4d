//! What a KPI is meant to reach, and by when.

use jiff::civil::Date;

use crate::config::reader::{Placed, Sheet, TableReader};
use crate::config::{scalar, vocabulary};
use crate::kpi::Kpi;

/// A goal: from a baseline to a target between two days.
#[derive(Debug, Clone, PartialEq)]
pub struct Goal {
    /// Name in files.
    pub name: String,
    /// What is measured.
    pub kpi: &'static Kpi,
    /// Value at the start, in the KPI's unit.
    pub baseline: f64,
    /// Value to reach, in the KPI's unit.
    pub target: f64,
    /// First day.
    pub start: Date,
    /// Day by which the target is due; after `start`.
    pub due: Date,
}

/// Reads `[goals.NAME]`.
pub(crate) fn read(
    sheet: &mut Sheet<'_>,
    name: String,
    mut table: TableReader<'_, '_>,
) -> Option<Goal> {
    let kpi = table.parsed(sheet, "kpi", vocabulary::kpi);
    let baseline = table.number(sheet, "baseline");
    let target = table.number(sheet, "target");
    let start = table.read(sheet, "start", scalar::date);
    let due = table.read(sheet, "due", scalar::date);
    let hint = "a goal has `kpi`, `baseline`, `target`, `start` and `due`";
    for key in ["kpi", "baseline", "target", "start", "due"] {
        if !table.has(key) {
            table.missing(sheet, key, hint);
        }
    }
    table.finish(sheet);
    if let (Some(start), Some(due)) = (&start, &due)
        && due.value <= start.value
    {
        sheet.fault(
            &due.place,
            "`due` is not after `start`",
            "write a later day",
        );
    }
    if let Some(kpi) = &kpi {
        for number in [&baseline, &target].into_iter().flatten() {
            check_value(sheet, number, kpi.value);
        }
    }
    Some(Goal {
        name,
        kpi: kpi?.value,
        baseline: baseline?.value,
        target: target?.value,
        start: start?.value,
        due: due?.value,
    })
}

/// Faults a number that the KPI can never have.
fn check_value(sheet: &mut Sheet<'_>, number: &Placed<f64>, kpi: &Kpi) {
    let (low, high) = kpi.range;
    let is_below = low.is_some_and(|low| number.value < low);
    let is_above = high.is_some_and(|high| number.value > high);
    if is_below || is_above {
        let what = format!("{} is no value of `{}`", number.value, kpi.name);
        let bound = |bound: Option<f64>| bound.map_or("…".to_owned(), |b| b.to_string());
        let hint = format!("write a number from {} to {}", bound(low), bound(high));
        sheet.fault(&number.place, what, hint);
    }
}
