//! The cohort triangle as a table.

use super::answer::{Case, percent};
use super::cohort::Triangle;
use crate::kpi::civil::Bucket;
use crate::kpi::formula::Measured;
use crate::kpi::frame::{BUCKETS_MAX, Frame};
use crate::kpi::interval::real;
use crate::kpi::{
    Across, Answer, Base, Cell, Grain, KpiError, Range, Score, Table, Tables, privacy,
};
use crate::statistic::Proportion;

/// Most cohorts of a triangle, and most months of one: ten years.
const COHORTS_MAX: usize = 120;
/// Age of the pooled cohorts that is the headline, in months.
const HEADLINE_MONTHS: usize = 12;
/// Name of the pooled cohorts.
const ALL: &str = "all";

/// Answers with the cohort triangle.
pub(super) fn answer(case: &Case<'_>) -> Result<Answer, KpiError> {
    let frame = case.frame(Some(Grain::Month))?;
    let (months, mut notes) = months(case, &frame)?;
    let n_cohorts = months.iter().filter(|month| month.start < frame.to).count();
    let as_of_us = case.as_of.as_microsecond();
    let triangle = |is_split, slot| {
        let customers = case.ledger(is_split).customers();
        let own = customers.filter(|customer| case.came_as(is_split, *customer) == Some(slot));
        Triangle::new(own, &months, n_cohorts, as_of_us)
    };
    let whole = triangle(false, 0);
    let total = match whole.pooled(HEADLINE_MONTHS) {
        Some(pooled) => cell(case, pooled.n, pooled.n_there),
        None => cell(case, 0, 0),
    };
    let mut table = Table::new(&COHORT_COLUMNS[usize::from(case.groups.is_none())..]);
    let groups = case.groups.map(|groups| &groups.keys[..]);
    match groups {
        None => put_triangle(case, &mut table, None, &months, &whole),
        Some(keys) => {
            for (slot, key) in keys.iter().enumerate() {
                put_triangle(case, &mut table, Some(key), &months, &triangle(true, slot));
            }
        }
    }
    if total.value.is_none() {
        notes.push(format!(
            "no headline: no 10 customers came {HEADLINE_MONTHS} months ago or earlier"
        ));
    }
    let mut answer = case.around(frame, Vec::new(), total);
    answer.notes = notes;
    answer.tables = Some(Tables {
        main: table,
        across: Some(Across {
            line: "cohort",
            column: "age",
            cell: "value",
        }),
        ..Tables::default()
    });
    Ok(answer)
}

const COHORT_COLUMNS: [(&str, &str); 9] = [
    ("key", "text"),
    ("cohort", "month"),
    ("age", "months"),
    ("n", "customers"),
    ("there", "customers"),
    ("value", "percent"),
    ("low", "percent"),
    ("high", "percent"),
    ("base", "text"),
];

/// Returns the months of the cohorts and those that they may reach.
fn months(case: &Case<'_>, frame: &Frame) -> Result<(Vec<Bucket>, Vec<String>), KpiError> {
    let mut notes = Vec::new();
    let Some(first) = frame.slots.first() else {
        return Ok((Vec::new(), notes));
    };
    let too_many = KpiError::TooManyBuckets {
        grain: Grain::Month,
        max: COHORTS_MAX,
    };
    let end = frame.to.max(case.as_of);
    let mut months = case
        .calendar
        .buckets(Grain::Month, first.start, end, BUCKETS_MAX)
        .ok_or(KpiError::Calendar)?;
    if let Some(begin) = case.records_begin() {
        let n_before = months.partition_point(|month| month.start < begin);
        if n_before > 0 {
            notes.push(format!(
                "{n_before} months before records begin are left out: only who stayed is known of \
                 them"
            ));
            months.drain(..n_before);
        }
    }
    let n_cohorts = months.iter().filter(|month| month.start < frame.to).count();
    if n_cohorts > COHORTS_MAX {
        if !matches!(case.query.range, None | Some(Range::All)) {
            return Err(too_many);
        }
        months.drain(..n_cohorts - COHORTS_MAX);
        notes.push(format!("only the last {COHORTS_MAX} months are shown"));
    }
    Ok((months, notes))
}

fn put_triangle(
    case: &Case<'_>,
    table: &mut Table,
    key: Option<&str>,
    months: &[Bucket],
    triangle: &Triangle,
) {
    let mut put = |label: &str, age: usize, n: u64, n_there: u64| {
        let score = cell(case, n, n_there);
        let is_hidden = score.base == Base::Hidden;
        let mut row: Vec<Cell> = key.map(|key| Cell::text(Some(key))).into_iter().collect();
        row.extend([
            Cell::text(Some(label)),
            Cell::Count(age as u64),
            Cell::count(score.n),
            Cell::count((!is_hidden).then_some(n_there)),
        ]);
        row.extend(score_cells(&score));
        table.rows.push(row);
    };
    for cohort in triangle.cohorts.iter().filter(|cohort| cohort.n > 0) {
        let label = case
            .calendar
            .label(Grain::Month, months[cohort.month_idx].first);
        let cells = cohort.n_there.iter().take(COHORTS_MAX).enumerate();
        for (age, n_there) in cells {
            put(&label, age, cohort.n, *n_there);
        }
    }
    for age in 0..triangle.n_ages().min(COHORTS_MAX) {
        if let Some(pooled) = triangle.pooled(age) {
            put(ALL, age, pooled.n, pooled.n_there);
        }
    }
}

/// Returns what may be shown of so many customers, of which so many are there.
fn cell(case: &Case<'_>, n: u64, n_there: u64) -> Score {
    let share = Proportion::new(real(n_there), real(n), real(n));
    let measured = Measured {
        value: share.map(|_| 100.0 * real(n_there) / real(n)),
        interval: share.map(|share| percent(share.interval())),
        n,
        n_persons: n,
        counts: vec![("n", n), ("there", n_there)],
        ..Measured::default()
    };
    privacy::shown(&measured, false, case.settings.min_group)
}

/// Returns value, interval and base of a score.
fn score_cells(score: &Score) -> [Cell; 4] {
    [
        Cell::number(score.value),
        Cell::number(score.low),
        Cell::number(score.high),
        Cell::text(Some(crate::kpi::format::base_name(score.base))),
    ]
}
