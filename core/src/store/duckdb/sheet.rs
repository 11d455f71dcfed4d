//! Single rows, as columns.

use std::collections::HashMap;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float64Type, Int64Type, UInt64Type};
use duckdb::{Connection, params_from_iter};

use super::question::{Question, Writing};
use super::state::time;
use super::table::{current, quoted};
use crate::plan::{Dimension, Sheet, SheetColumn, SheetPlan, SheetValues, Texts};
use crate::record::RecordKind;
use crate::record::door::{BUCKET_TIME, KEY};
use crate::store::StoreError;

impl Writing<'_> {
    /// Writes the question for single rows: the latest first, so that a limit keeps those.
    pub(super) fn sheet(mut self, plan: &SheetPlan) -> Result<Question, StoreError> {
        let base = self.base(plan.as_of);
        let mut columns = Vec::new();
        for column in &plan.columns {
            columns.push(self.sheet_column(column)?);
        }
        let mut conditions = vec![self.condition(&plan.filter)?];
        let (start, end) = (
            self.bind(time(plan.span.start)),
            self.bind(time(plan.span.end)),
        );
        conditions.push(format!(
            "r.{BUCKET_TIME} >= {start} AND r.{BUCKET_TIME} < {end}"
        ));
        let names_ticket = |column: &SheetColumn| matches!(column, SheetColumn::OfTicket(_));
        let joins = match plan.columns.iter().any(names_ticket) {
            true => tickets(),
            false => String::new(),
        };
        let n_rows = plan.rows_max.saturating_add(1);
        Ok(self.finish(format!(
            "SELECT {} FROM {base} r{joins} WHERE {} \
             ORDER BY r.{BUCKET_TIME} DESC, r.{KEY} DESC LIMIT {n_rows}",
            columns.join(", "),
            conditions.join(" AND ")
        )))
    }

    fn sheet_column(&mut self, column: &SheetColumn) -> Result<String, StoreError> {
        Ok(match column {
            SheetColumn::Number(name) => self.number(name)?,
            SheetColumn::Text(name) => format!("{}::VARCHAR", self.column(name)?),
            SheetColumn::Sourced(name) => {
                format!(
                    "({} || '/' || {}::VARCHAR)",
                    self.named("source"),
                    self.column(name)?
                )
            }
            SheetColumn::Dimension(Dimension::Tag) => "NULL::VARCHAR".to_owned(),
            SheetColumn::Dimension(dimension) => self.dimension(dimension)?,
            SheetColumn::OfTicket(name) => {
                let ticket = RecordKind::Ticket;
                let known = ticket
                    .column(name)
                    .ok_or_else(|| StoreError::UnknownColumn {
                        kind: ticket.name(),
                        column: (*name).to_owned(),
                    })?;
                // A row of a kind without tickets names none.
                self.column("ticket")?;
                let name = quoted(known.name);
                format!("coalesce(own_ticket.{name}, other_ticket.{name})::VARCHAR")
            }
            SheetColumn::EventTime => format!("epoch_us(r.{BUCKET_TIME})"),
            SheetColumn::Someone => self.someone(),
        })
    }
}

/// Joins the ticket that a row names: one of its own source by its id, else `SOURCE/ID`.
fn tickets() -> String {
    let tickets = current(RecordKind::Ticket);
    format!(
        " LEFT JOIN (FROM {tickets}) own_ticket \
         ON own_ticket.source = r.source AND own_ticket.id = r.ticket \
         LEFT JOIN (FROM {tickets}) other_ticket \
         ON other_ticket.source || '/' || other_ticket.id = r.ticket"
    )
}

/// Collects a column batch by batch.
enum Collected {
    Numbers(Vec<Option<f64>>),
    Texts(Texts, HashMap<String, u32>),
    Times(Vec<i64>),
    Persons(Vec<u64>),
}

impl Collected {
    fn new(column: &SheetColumn) -> Self {
        match column {
            SheetColumn::Number(_) => Self::Numbers(Vec::new()),
            SheetColumn::EventTime => Self::Times(Vec::new()),
            SheetColumn::Someone => Self::Persons(Vec::new()),
            _ => Self::Texts(Texts::default(), HashMap::new()),
        }
    }

    fn take(&mut self, batch: &RecordBatch, idx: usize) {
        let column = batch.column(idx);
        match self {
            Self::Numbers(numbers) => numbers.extend(column.as_primitive::<Float64Type>()),
            Self::Times(times) => times.extend(column.as_primitive::<Int64Type>().values()),
            Self::Persons(persons) => persons.extend(column.as_primitive::<UInt64Type>().values()),
            Self::Texts(texts, numbers) => {
                for text in column.as_string::<i32>() {
                    let idx = text.map(|text| number(&mut texts.distinct, numbers, text));
                    texts.of_row.push(idx);
                }
            }
        }
    }

    /// Returns the values in the order of time.
    fn finish(self, n_rows: usize) -> SheetValues {
        fn turned<T>(mut values: Vec<T>, n_rows: usize) -> Vec<T> {
            values.truncate(n_rows);
            values.reverse();
            values
        }
        match self {
            Self::Numbers(numbers) => SheetValues::Numbers(turned(numbers, n_rows)),
            Self::Times(times) => SheetValues::Times(turned(times, n_rows)),
            Self::Persons(persons) => SheetValues::Persons(turned(persons, n_rows)),
            Self::Texts(texts, _) => SheetValues::Texts(Texts {
                of_row: turned(texts.of_row, n_rows),
                distinct: texts.distinct,
            }),
        }
    }
}

/// Returns the number of a text, which it gets when it is first met.
fn number(distinct: &mut Vec<String>, numbers: &mut HashMap<String, u32>, text: &str) -> u32 {
    if let Some(known) = numbers.get(text) {
        return *known;
    }
    let next = u32::try_from(distinct.len()).unwrap_or(u32::MAX);
    distinct.push(text.to_owned());
    numbers.insert(text.to_owned(), next);
    next
}

/// Runs a question for single rows.
pub(super) fn sheet(
    connection: &Connection,
    plan: &SheetPlan,
    question: &Question,
) -> duckdb::Result<Sheet> {
    let mut statement = connection.prepare(&question.sql)?;
    let found = statement.query_arrow(params_from_iter(question.values.iter()))?;
    let mut columns: Vec<Collected> = plan.columns.iter().map(Collected::new).collect();
    let mut n_found = 0;
    for batch in found {
        n_found += batch.num_rows();
        for (idx, column) in columns.iter_mut().enumerate() {
            column.take(&batch, idx);
        }
    }
    let n_rows = n_found.min(plan.rows_max);
    Ok(Sheet {
        n_rows,
        columns: columns
            .into_iter()
            .map(|column| column.finish(n_rows))
            .collect(),
        is_cut: n_found > plan.rows_max,
    })
}
