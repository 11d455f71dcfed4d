//! How often each theme is spoken of at two times.

use super::Changed;
use super::subject::{Spoken, Subject};
use crate::improve::{Items, Reason, pareto};
use crate::kpi::interval::real;
use crate::kpi::{Cell, Table};
use crate::statistic::Difference;

const COLUMNS: [(&str, &str); 10] = [
    ("theme", "text"),
    ("title", "text"),
    ("n_before", "count"),
    ("n", "count"),
    ("share_before", "percent"),
    ("share", "percent"),
    ("change", "percent"),
    ("change_low", "percent"),
    ("change_high", "percent"),
    ("found", "text"),
];

/// Returns the themes of two times, the commonest first, and the table of the same numbers; nothing
/// where too few persons wrote something at the earlier time.
pub(super) fn change(spoken: &Spoken<'_>, subjects: &[Subject]) -> (Vec<Changed>, Table) {
    let mut table = Table::new(&COLUMNS);
    if !spoken.has_before() {
        return (Vec::new(), table);
    }
    let reasons: Vec<Reason<'_>> = subjects
        .iter()
        .map(|subject| Reason {
            name: &subject.id,
            n: subject.now.len() as u64,
            n_before: subject.before.len() as u64,
        })
        .collect();
    let [n, n_before] = [spoken.now, spoken.before].map(|told| told.len() as u64);
    let items = Items {
        n,
        n_before: Some(n_before),
    };
    let mut changes = Vec::new();
    for bar in pareto(&reasons, items).bars {
        let Some(subject) = subjects.iter().find(|one| one.id == bar.name) else {
            continue;
        };
        let share = |count: Option<u64>, n: u64| count.map(|count| real(count) / real(n));
        let changed = Changed {
            title: subject.title.clone(),
            before: share(subject.n_told_before(), n_before),
            after: share(subject.n_told(), n),
            is_find: bar.is_find,
        };
        table.rows.push(row(subject, &changed, bar.change));
        changes.push(changed);
    }
    (changes, table)
}

fn row(subject: &Subject, changed: &Changed, change: Option<Difference>) -> Vec<Cell> {
    let percent = |share: Option<f64>| Cell::number(share.map(|share| 100.0 * share));
    // The change would tell of the one time from the other.
    let is_told = changed.before.is_some() && changed.after.is_some();
    let told = change.filter(|_| is_told);
    let is_more = change
        .filter(|_| changed.is_find)
        .map(|change| change.value > 0.0);
    vec![
        Cell::Text(subject.id.clone()),
        Cell::Text(subject.title.clone()),
        Cell::count(subject.n_told_before()),
        Cell::count(subject.n_told()),
        percent(changed.before),
        percent(changed.after),
        percent(told.map(|change| change.value)),
        percent(told.map(|change| change.low)),
        percent(told.map(|change| change.high)),
        Cell::text(is_more.map(|is_more| if is_more { "more" } else { "less" })),
    ]
}
