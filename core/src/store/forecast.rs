//! Forecasts as they were made, so that what came can be held against them.

use jiff::Timestamp;

/// Most forecasts that are kept of one question: ten years of weeks, six ahead each.
pub const FORETOLD_MAX: usize = 3_120;
/// Most questions whose forecasts are kept; those of further ones are not.
pub const QUESTIONS_MAX: usize = 500;

/// What was foreseen of one bucket; the first that was said of it so far ahead is kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Foretelling {
    /// First instant of the bucket.
    pub bucket_start: Timestamp,
    /// How many buckets ahead, from 1.
    pub ahead: u8,
    /// When it was said.
    pub made_at: Timestamp,
    /// What was expected, in the KPI's unit.
    pub value: f64,
    /// Where four of five should end.
    pub likely: (f64, f64),
    /// Where nineteen of twenty should, where that was told.
    pub possible: Option<(f64, f64)>,
}
