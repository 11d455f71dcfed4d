//! What a KPI's own file provides: the rows it counts, the numbers it needs, and its arithmetic.

use crate::plan::{Filter, Measure, TallyValue};
use crate::record::RecordKind;

use super::Kpi;
use super::definition::Definition;

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

    /// Compares two cells that share no rows; `None` where no test is defined.
    fn difference(&self, now: &Measured, before: &Measured) -> Option<Difference>;
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
}

/// The difference of two scores, unrounded, with its 95 % interval and two-sided p.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Difference {
    pub(super) value: f64,
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) p: f64,
}

/// Name of the count of rows without a usable answer.
pub(super) const UNANSWERED: &str = "unanswered";

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
