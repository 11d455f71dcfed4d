//! What a KPI is meant to reach, and by when.

use crate::config::reader::{Placed, Sheet, TableReader};
use crate::config::{scalar, vocabulary};
use crate::kpi::{self, Goal, Kpi};

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
        if !kpi::can_be_goal(kpi.value) {
            let what = format!("`{}` has no value of a period, so no goal", kpi.value.name);
            sheet.fault(
                &kpi.place,
                what,
                "name a KPI that is a series, such as `nps`",
            );
        }
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
