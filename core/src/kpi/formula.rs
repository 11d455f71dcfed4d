//! What a KPI's own file provides: the rows it counts, the numbers it needs, and its arithmetic.

use std::rc::Rc;

use jiff::SignedDuration;

use crate::plan::{Dimension, Filter, Keep, Measure, Order, RowTime, TallyValue, Worth};
use crate::record::RecordKind;
use crate::statistic::Difference;

use super::cluster::Deff;
use super::definition::Definition;
use super::question::Terms;
use super::{Kpi, Settings};

/// One KPI: how it is listed, how it is explained, how it is computed.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    pub(super) kpi: &'static Kpi,
    pub(super) definition: &'static Definition,
    pub(super) formula: &'static dyn Formula,
}

/// The scale a survey question must have for its answers to count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    pub(super) min: f64,
    pub(super) max: f64,
}

/// How a KPI is computed. Pure: from counts to numbers.
pub(super) trait Formula: Sync {
    /// Kind of rows it counts.
    fn kind(&self) -> RecordKind;

    /// The survey metric whose question sets it answers; `None` counts rows of any metric, in any
    /// mode, each once.
    fn metric(&self) -> Option<&'static str>;

    /// The scale of the questions that count; `None` is any.
    fn scale(&self) -> Option<Scale>;

    /// Rows that belong to it, answered or not.
    fn rows(&self) -> Filter;

    /// Rows of those that count in its base.
    fn answered(&self) -> Filter;

    /// Numbers it needs, in the order that [`Formula::measured`] reads them.
    fn measures(&self) -> Vec<Measure>;

    /// Whether it is a plain number of things, which is never hidden and has no interval.
    fn is_plain_count(&self) -> bool;

    /// Computes the score of one cell; `values` are those of its measures, or empty for a cell
    /// without rows.
    fn measured(&self, values: &[TallyValue]) -> Measured;

    /// Whether a test of two cells is defined; where it is not, nothing is asked of earlier rows.
    fn is_compared(&self) -> bool {
        true
    }

    /// Compares two cells that share no rows; `None` where no test is defined, or where these cells
    /// do not allow it.
    fn difference(&self, _now: &Measured, _before: &Measured) -> Option<Difference> {
        None
    }

    /// The scale of questions that do not say theirs; `None` where the scale does not matter.
    fn usual_scale(&self) -> Option<Scale> {
        None
    }

    /// Returns the formula for questions asked on these terms; `None` where they change nothing.
    fn on(&self, _terms: &Terms) -> Option<Rc<dyn Formula>> {
        None
    }

    /// Which rows of answers make a submission the response to an invitation; `None` for what does
    /// not count invitations.
    fn responses(&self) -> Option<Filter> {
        None
    }

    /// How long after its end a bucket's rows still change by themselves.
    fn maturity(&self, _settings: &Settings) -> SignedDuration {
        SignedDuration::ZERO
    }

    /// Returns what one answer adds to the score, where several answers of one person widen the
    /// interval.
    fn worth(&self) -> Option<Worth> {
        None
    }

    /// Computes a cell as [`Formula::measured`] does, with a design effect of its own.
    fn clustered(&self, values: &[TallyValue], _deff: Deff) -> Measured {
        self.measured(values)
    }

    /// Which instant of a row places it in a bucket.
    fn time(&self) -> RowTime {
        RowTime::Event
    }

    /// Which rows count of those that belong together, where no survey mode decides it.
    fn keep(&self) -> Keep {
        Keep::All
    }

    /// Whether its numbers change without new rows, by the passing of time inside a bucket.
    fn follows_clock(&self) -> bool {
        false
    }

    /// What stands at the end of each bucket: its number comes before the values of the measures,
    /// of which there may then be none.
    fn standing(&self) -> Option<Standing> {
        None
    }

    /// What rows are alike by: the values of its measures then come once per cluster, one after
    /// the other.
    fn cluster(&self) -> Option<Dimension> {
        None
    }

    /// Returns what has to be said of the unsplit score, in a sentence.
    fn note(&self, _whole: &Measured) -> Option<String> {
        None
    }
}

/// Rows that have begun (by their event time) and not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    /// The first of these time columns that has a value is the end.
    pub(super) until: &'static [&'static str],
}

/// The formula of an answer: a KPI's own, or the one for the questions that were asked.
#[derive(Clone)]
pub(super) enum Chosen {
    /// As registered.
    Own(&'static dyn Formula),
    /// For the terms of a question set.
    OnTerms(Rc<dyn Formula>),
}

impl Chosen {
    /// Returns the formula for these terms.
    pub(super) fn new(own: &'static dyn Formula, terms: &Terms) -> Self {
        own.on(terms).map_or(Self::Own(own), Self::OnTerms)
    }
}

impl std::ops::Deref for Chosen {
    type Target = dyn Formula;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Own(formula) => *formula,
            Self::OnTerms(formula) => formula.as_ref(),
        }
    }
}

/// One cell before anything is hidden.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Measured {
    /// The score; `None` when nobody answered.
    pub(super) value: Option<f64>,
    /// 95 % interval of the score.
    pub(super) interval: Option<(f64, f64)>,
    /// Rows in the base.
    pub(super) n: u64,
    /// Distinct persons in the base.
    pub(super) n_persons: u64,
    /// Named counts, in the order they are shown.
    pub(super) counts: Vec<(&'static str, u64)>,
    /// Rows by exact answer.
    pub(super) histogram: Vec<(f64, u64)>,
    /// Further numbers of the base, such as `mean`, in the order they are told.
    pub(super) secondary: Vec<(&'static str, f64)>,
    /// How much more the score varies than that of as many people asked once.
    pub(super) deff: Deff,
}

impl Measured {
    /// Returns the count of that name, 0 when there is none.
    pub(super) fn count(&self, name: &str) -> u64 {
        let found = self.counts.iter().find(|(known, _)| *known == name);
        found.map_or(0, |(_, count)| *count)
    }
}

/// Name of the count of rows without a usable answer.
pub(super) const UNANSWERED: &str = "unanswered";

/// Returns the filter of a metric's rows that count, answered or not.
pub(super) fn survey_rows(metric: &str) -> Filter {
    Filter::And(vec![
        Filter::In(Dimension::Column("metric"), vec![Some(metric.to_owned())]),
        Filter::Not(Box::new(Filter::IsTrue("is_test"))),
    ])
}

/// Returns the count at `idx`, 0 when the cell has no rows.
pub(super) fn count(values: &[TallyValue], idx: usize) -> u64 {
    match values.get(idx) {
        Some(TallyValue::Count(count)) => *count,
        _ => 0,
    }
}

/// Returns the histogram at `idx`, empty when the cell has no rows.
pub(super) fn histogram(values: &[TallyValue], idx: usize) -> Vec<(f64, u64)> {
    match values.get(idx) {
        Some(TallyValue::Histogram(bars)) => bars.clone(),
        _ => Vec::new(),
    }
}

/// Returns the order at `idx`, empty when the cell has no rows.
pub(super) fn order(values: &[TallyValue], idx: usize) -> Order {
    match values.get(idx) {
        Some(TallyValue::Order(order)) => order.clone(),
        _ => Order::default(),
    }
}

/// Returns the number at `idx`, 0 when no row had one.
pub(super) fn number(values: &[TallyValue], idx: usize) -> f64 {
    match values.get(idx) {
        Some(TallyValue::Number(Some(number))) => *number,
        _ => 0.0,
    }
}
