//! What a plan for single rows means.

use super::Row;
use super::desk::Context;
use super::period_rows::is_of;
use crate::plan::{Sheet, SheetColumn, SheetPlan, SheetValues, Texts};

/// Returns the latest rows of a plan, in the order of their time and then their identity.
pub(super) fn sheet(live: &[&Row], plan: &SheetPlan) -> Sheet {
    let in_span = |row: &&&Row| plan.span.start <= row.at && row.at < plan.span.end;
    let mut rows: Vec<&Row> = (live.iter())
        .filter(|row| is_of(plan.kind, row) && row.passes(&plan.filter, Context::PLAIN))
        .filter(in_span)
        .copied()
        .collect();
    rows.sort_by_key(|row| (row.at, &row.source, &row.id));
    let n_left_out = rows.len().saturating_sub(plan.rows_max);
    let rows = &rows[n_left_out..];
    Sheet {
        n_rows: rows.len(),
        columns: plan
            .columns
            .iter()
            .map(|column| values(rows, column))
            .collect(),
        is_cut: n_left_out > 0,
    }
}

fn values(rows: &[&Row], column: &SheetColumn) -> SheetValues {
    let texts = |text: &dyn Fn(&Row) -> Option<String>| {
        let mut texts = Texts::default();
        for row in rows {
            let idx = text(row).map(|text| {
                let known = texts.distinct.iter().position(|one| *one == text);
                known.unwrap_or_else(|| {
                    texts.distinct.push(text);
                    texts.distinct.len() - 1
                })
            });
            let idx = idx.map(|idx| u32::try_from(idx).expect("few rows"));
            texts.of_row.push(idx);
        }
        SheetValues::Texts(texts)
    };
    match column {
        SheetColumn::Number(name) => SheetValues::Numbers(
            rows.iter()
                .map(|row| row.numbers.get(name).copied())
                .collect(),
        ),
        SheetColumn::Text(name) => texts(&|row| row.texts.get(name).cloned()),
        SheetColumn::Sourced(name) => texts(&|row| row.sourced(name)),
        SheetColumn::Dimension(dimension) => texts(&|row| row.value(dimension).map(str::to_owned)),
        SheetColumn::OfTicket(name) => {
            texts(&|row| row.dimensions.get(&format!("ticket.{name}")).cloned())
        }
        SheetColumn::EventTime => {
            SheetValues::Times(rows.iter().map(|row| row.at.as_microsecond()).collect())
        }
        SheetColumn::Someone => SheetValues::Persons(rows.iter().map(|row| number(row)).collect()),
    }
}

/// Returns a number for whom a row stands for.
fn number(row: &Row) -> u64 {
    twox_hash::XxHash3_64::oneshot(row.person().as_bytes())
}
