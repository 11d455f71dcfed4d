//! The answers of a time, and what was written with them.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::SignedDuration;

use crate::kpi::KpiError;
use crate::kpi::Mode;
use crate::kpi::insight::case::Asked;
use crate::plan::{Dimension, Filter, Sheet, SheetColumn, SheetPlan, Span, Worth};
use crate::theme::{Comment, Library, Terms};

/// Answers of a time that are looked at, and comments beside them.
const ANSWERS_MAX: usize = 1_000_000;
/// How far apart the answers of one submission may lie.
const APART: SignedDuration = SignedDuration::from_hours(24);

const RESPONSE: usize = 0;
const TEXT: usize = 1;
const LANGUAGE: usize = 2;
const SCORE: usize = 3;
const PERSON: usize = 4;
const TIME: usize = 5;

/// The answers of a time.
pub(super) struct Written {
    /// Answers, with words or without.
    pub(super) n_answers: u64,
    /// Distinct persons among them.
    pub(super) n_persons: u64,
    /// Answers with words.
    pub(super) n_commented: u64,
    /// Those in a language that is read, in the order of their time.
    pub(super) told: Vec<Told>,
}

/// An answer with words in a language that is read.
#[derive(Clone)]
pub(super) struct Told {
    /// Microseconds since 1970.
    pub(super) at: i64,
    /// Who gave it; every anonymous answer is a person of its own.
    pub(super) person: u64,
    /// What it adds to the mean that is the score.
    pub(super) points: f64,
    /// What was written.
    pub(super) terms: Arc<Terms>,
}

/// Returns the answers of a span; of relational ones the last of each person.
pub(super) fn written(
    asked: &Asked<'_>,
    kpi: &'static str,
    span: Span,
    library: &Library,
) -> Result<Written, KpiError> {
    let formula = &asked.subject.scope.formula;
    let answered = Filter::And(vec![asked.subject.scope.filter.clone(), formula.answered()]);
    let mut columns = texts();
    columns.extend([
        SheetColumn::Number("score"),
        SheetColumn::Someone,
        SheetColumn::EventTime,
    ]);
    let sheet = sheet(asked, kpi, answered, span, columns)?;
    let beside = beside(asked, kpi, span)?;
    let rows = rows(&sheet, asked.subject.mode == Some(Mode::Relational));
    let (mut places, mut comments) = (Vec::new(), Vec::new());
    for row in &rows {
        if let Some(comment) = comment(&sheet, *row, &beside) {
            places.push(*row);
            comments.push(comment);
        }
    }
    let worth = formula.worth();
    let told = places.iter().zip(library.read(&comments));
    let told = told.filter(|(_, terms)| terms.language().is_some());
    let persons: BTreeSet<u64> = rows.iter().map(|row| sheet.persons(PERSON)[*row]).collect();
    let told = told.filter_map(|(row, terms)| {
        let score = (*sheet.numbers(SCORE).get(*row)?)?;
        Some(Told {
            at: sheet.times(TIME)[*row],
            person: sheet.persons(PERSON)[*row],
            points: 100.0 * worth.as_ref().map_or(0.0, |worth| weight(worth, score)),
            terms,
        })
    });
    Ok(Written {
        told: told.collect(),
        n_answers: rows.len() as u64,
        n_persons: persons.len() as u64,
        n_commented: comments.len() as u64,
    })
}

fn texts() -> Vec<SheetColumn> {
    vec![
        SheetColumn::Sourced("response"),
        SheetColumn::Text("comment"),
        SheetColumn::Text("language"),
    ]
}

fn sheet(
    asked: &Asked<'_>,
    kpi: &'static str,
    filter: Filter,
    span: Span,
    columns: Vec<SheetColumn>,
) -> Result<Sheet, KpiError> {
    let sheet = asked.desk.rows.sheet(&SheetPlan {
        kind: asked.subject.scope.formula.kind(),
        filter,
        span,
        columns,
        as_of: asked.desk.as_of,
        rows_max: ANSWERS_MAX,
    })?;
    match sheet.is_cut {
        false => Ok(sheet),
        true => Err(KpiError::TooManyAnswers {
            kpi,
            max: ANSWERS_MAX,
        }),
    }
}

/// What was written in answer to other questions of a submission, by the submission.
struct Beside {
    sheet: Sheet,
    of_response: HashMap<String, usize>,
}

/// Reads the comments on other answers, which belong to all answers of their submission.
fn beside(asked: &Asked<'_>, kpi: &'static str, span: Span) -> Result<Beside, KpiError> {
    let own = asked.subject.scope.formula.metric().map(str::to_owned);
    let filter = Filter::And(vec![
        Filter::Present("comment"),
        Filter::Not(Box::new(Filter::IsTrue("is_test"))),
        Filter::Not(Box::new(Filter::In(Dimension::Column("metric"), vec![own]))),
    ]);
    let around = Span {
        start: span.start.saturating_sub(APART).unwrap_or(span.start),
        end: span.end.saturating_add(APART).unwrap_or(span.end),
    };
    let sheet = sheet(asked, kpi, filter, around, texts())?;
    let mut of_response = HashMap::new();
    for row in 0..sheet.n_rows {
        if let Some(response) = sheet.text(RESPONSE, row) {
            // The first question's comment is the submission's.
            of_response.entry(response.to_owned()).or_insert(row);
        }
    }
    Ok(Beside { sheet, of_response })
}

/// Returns the rows that count, in the order of their time.
fn rows(sheet: &Sheet, is_last_of_each: bool) -> Vec<usize> {
    if !is_last_of_each {
        return (0..sheet.n_rows).collect();
    }
    let last: HashMap<u64, usize> = sheet.persons(PERSON).iter().copied().zip(0..).collect();
    let mut rows: Vec<usize> = last.into_values().collect();
    rows.sort_unstable();
    rows
}

fn comment<'s>(sheet: &'s Sheet, row: usize, beside: &'s Beside) -> Option<Comment<'s>> {
    let of = |sheet: &'s Sheet, row: usize| {
        let text = sheet.text(TEXT, row).filter(|text| !text.trim().is_empty());
        text.map(|text| Comment {
            text,
            locale: sheet.text(LANGUAGE, row),
            survey_language: None,
        })
    };
    of(sheet, row).or_else(|| {
        let at = beside.of_response.get(sheet.text(RESPONSE, row)?)?;
        of(&beside.sheet, *at)
    })
}

/// Returns what a score adds.
fn weight(worth: &Worth, score: f64) -> f64 {
    match worth {
        Worth::Column(_) => score,
        Worth::Classes(classes) => {
            let class = classes.iter().find(|(filter, _)| holds(filter, score));
            class.map_or(0.0, |(_, weight)| *weight)
        }
    }
}

/// Whether a score is in a class; classes are ranges of it.
fn holds(filter: &Filter, score: f64) -> bool {
    match filter {
        Filter::NumberIn { low, high, .. } => {
            low.is_none_or(|low| low <= score) && high.is_none_or(|high| score < high)
        }
        _ => false,
    }
}

/// Returns how many persons gave some of the answers.
pub(super) fn n_persons<'t>(told: impl IntoIterator<Item = &'t Told>) -> u64 {
    let persons: BTreeSet<u64> = told.into_iter().map(|one| one.person).collect();
    persons.len() as u64
}
