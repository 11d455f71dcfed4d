//! Ratings of tickets, each with who resolved the ticket when the survey was sent.
//!
//! Who that was is said by the answer itself: what becomes of the ticket later changes nothing.

use super::agents::{AGENT, TEAM, without};
use super::case::{Asked, Case, base};
use crate::kpi::formula::Formula;
use crate::kpi::{KpiError, Mode, Query};
use crate::plan::{Dimension, Filter, Sheet, SheetColumn, SheetPlan, Span, Worth};

/// Ratings that are looked at.
const RATINGS_MAX: usize = 1_000_000;

/// Places of the columns of the sheet.
const SCORE: usize = 0;
const AT: usize = 1;
const SOMEONE: usize = 2;
const SERVED_BY: usize = 3;
const ID: usize = 4;
const TEAM_OF: usize = 5;
const CHANNEL: usize = 6;
const TICKET_CHANNEL: usize = 7;
const TICKET_CATEGORY: usize = 8;
const TICKET: usize = 9;
const COMMENT: usize = 10;
const LANGUAGE: usize = 11;

/// Ratings of a time, in its order.
pub(super) struct Ratings {
    sheet: Sheet,
    positive: Vec<Filter>,
}

/// One rating.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rating<'a> {
    pub(super) score: f64,
    pub(super) is_positive: bool,
    /// Microseconds since 1970 UTC.
    pub(super) at: i64,
    /// Whom it is of.
    pub(super) someone: u64,
    /// Who resolved the ticket, as one person over all sources.
    pub(super) agent: Option<&'a str>,
    /// The same as the row has it.
    pub(super) id: Option<&'a str>,
    /// The team as of then.
    pub(super) team: Option<&'a str>,
    /// Of the ticket, else of the answer; an unknown one is empty.
    pub(super) channel: &'a str,
    /// Of the ticket; an unknown one is empty.
    pub(super) category: &'a str,
    pub(super) ticket: Option<&'a str>,
    pub(super) comment: Option<&'a str>,
    pub(super) language: Option<&'a str>,
}

/// Returns the question for the ratings of everybody: agents and teams are compared with those that
/// a filter on them leaves out.
pub(super) fn of_everybody(query: &Query) -> Query {
    let (query, _) = without(query, AGENT);
    let (mut query, _) = without(&query, TEAM);
    query.by = None;
    // Ratings of a ticket are transactional, also where the relation is asked about as well.
    query.mode = query.mode.or(Some(Mode::Transactional));
    query
}

/// Finds the ratings of everybody.
///
/// # Errors
/// When a name is unknown, a filter isolates, or the data cannot be read.
pub(super) fn asked<'a>(case: &Case<'a>) -> Result<Asked<'a>, KpiError> {
    case.asking(of_everybody(&case.query))
        .rows_of(base("csat")?)
}

impl Ratings {
    /// Reads the ratings of a span.
    ///
    /// # Errors
    /// When there are too many, or they cannot be read.
    pub(super) fn read(asked: &Asked<'_>, span: Span, kpi: &'static str) -> Result<Self, KpiError> {
        let scope = &asked.subject.scope;
        let sheet = asked.desk.rows.sheet(&SheetPlan {
            kind: scope.formula.kind(),
            filter: Filter::And(vec![
                scope.filter.clone(),
                scope.formula.answered(),
                Filter::Present("agent"),
            ]),
            span,
            columns: vec![
                SheetColumn::Number("score"),
                SheetColumn::EventTime,
                SheetColumn::Someone,
                SheetColumn::Dimension(Dimension::ServedBy),
                SheetColumn::Text("agent"),
                SheetColumn::Dimension(Dimension::Column(TEAM)),
                SheetColumn::Text("channel"),
                SheetColumn::OfTicket("channel"),
                SheetColumn::OfTicket("category"),
                SheetColumn::Text("ticket"),
                SheetColumn::Text("comment"),
                SheetColumn::Text("language"),
            ],
            as_of: asked.desk.as_of,
            rows_max: RATINGS_MAX,
        })?;
        match sheet.is_cut {
            true => Err(KpiError::TooManyAnswers {
                kpi,
                max: RATINGS_MAX,
            }),
            false => Ok(Self {
                sheet,
                positive: positive(&*scope.formula),
            }),
        }
    }

    /// Returns them.
    pub(super) fn iter(&self) -> impl Iterator<Item = Rating<'_>> {
        (0..self.sheet.n_rows).filter_map(|row| self.rating(row))
    }

    fn rating(&self, row: usize) -> Option<Rating<'_>> {
        let text = |column| self.sheet.text(column, row);
        let score = self.sheet.numbers(SCORE).get(row).copied().flatten()?;
        Some(Rating {
            score,
            is_positive: self.positive.iter().any(|filter| holds(filter, score)),
            at: *self.sheet.times(AT).get(row)?,
            someone: *self.sheet.persons(SOMEONE).get(row)?,
            agent: text(SERVED_BY),
            id: text(ID),
            team: text(TEAM_OF),
            channel: text(TICKET_CHANNEL).or(text(CHANNEL)).unwrap_or_default(),
            category: text(TICKET_CATEGORY).unwrap_or_default(),
            ticket: text(TICKET),
            comment: text(COMMENT),
            language: text(LANGUAGE),
        })
    }
}

/// Returns what makes an answer positive.
fn positive(formula: &dyn Formula) -> Vec<Filter> {
    match formula.worth() {
        Some(Worth::Classes(classes)) => classes.into_iter().map(|(filter, _)| filter).collect(),
        Some(Worth::Column(_)) | None => Vec::new(),
    }
}

fn holds(filter: &Filter, score: f64) -> bool {
    match filter {
        Filter::NumberIn { low, high, .. } => {
            low.is_none_or(|low| low <= score) && high.is_none_or(|high| score < high)
        }
        _ => false,
    }
}
