//! Tickets to look at together with an agent: references alone, the most telling first.

use super::measures;
use crate::coach::Subject;
use crate::kpi::KpiError;
use crate::kpi::insight::case::{Asked, Case};
use crate::plan::{Dimension, Filter, Sheet, SheetColumn, SheetPlan};

/// Tickets of a suggestion.
const EXAMPLES_MAX: usize = 3;
/// Rows among which they are looked for, the latest.
const ROWS_MAX: usize = 1_000;

/// Returns tickets of an agent that show a measure; nothing where none is told apart.
///
/// # Errors
/// When the data cannot be read.
pub(super) fn examples(
    case: &Case<'_>,
    subject: Subject,
    agent: &str,
) -> Result<Vec<String>, KpiError> {
    let (name, narrowing, columns) = match subject {
        Subject::Ease => ("ces", Filter::Present("ticket"), of_scores()),
        Subject::Quality => ("quality_score", Filter::Present("ticket"), of_reviews()),
        Subject::Reopen | Subject::FirstContact => {
            let reopened = Filter::NumberIn {
                column: "reopens",
                low: Some(1.0),
                high: None,
            };
            ("reopen_rate", reopened, vec![SheetColumn::Sourced("id")])
        }
        // Those of ratings are read with the ratings; of long tickets none is longer for a reason
        // that its reference would tell.
        Subject::Csat | Subject::HandlingTime => return Ok(Vec::new()),
    };
    let Some(asked) = measures::asked(case, name)?.filter(|asked| !asked.desk.is_promised) else {
        return Ok(Vec::new());
    };
    Ok(worst(&sheet(&asked, agent, narrowing, columns)?))
}

fn of_scores() -> Vec<SheetColumn> {
    vec![SheetColumn::Text("ticket"), SheetColumn::Number("score")]
}

fn of_reviews() -> Vec<SheetColumn> {
    let mut columns = of_scores();
    columns.push(SheetColumn::Number("score_max"));
    columns
}

fn sheet(
    asked: &Asked<'_>,
    agent: &str,
    narrowing: Filter,
    columns: Vec<SheetColumn>,
) -> Result<Sheet, KpiError> {
    let scope = &asked.subject.scope;
    let is_theirs = Filter::In(Dimension::ServedBy, vec![Some(agent.to_owned())]);
    Ok(asked.desk.rows.sheet(&SheetPlan {
        kind: scope.formula.kind(),
        filter: Filter::And(vec![scope.filter.clone(), is_theirs, narrowing]),
        span: asked.span,
        columns,
        as_of: asked.desk.as_of,
        rows_max: ROWS_MAX,
    })?)
}

/// Returns the tickets of the lowest scores, of equal ones the latest.
fn worst(sheet: &Sheet) -> Vec<String> {
    let score = |row: usize| {
        let number = |column: usize| sheet.numbers(column).get(row).copied().flatten();
        let most = number(2).filter(|most| *most > 0.0).unwrap_or(1.0);
        number(1).map_or(0.0, |score| score / most)
    };
    let mut rows: Vec<usize> = (0..sheet.n_rows).rev().collect();
    rows.sort_by(|one, other| score(*one).total_cmp(&score(*other)));
    let mut tickets: Vec<String> = Vec::new();
    for ticket in rows.into_iter().filter_map(|row| sheet.text(0, row)) {
        if tickets.len() < EXAMPLES_MAX && !tickets.iter().any(|known| known == ticket) {
            tickets.push(ticket.to_owned());
        }
    }
    tickets
}
