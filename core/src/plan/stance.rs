//! What customers answered, and when: for figures that meet answers with contracts.

use jiff::Timestamp;

use super::Filter;

/// One question to the store: the answers of every customer that can be told.
#[derive(Debug, Clone, PartialEq)]
pub struct StancePlan {
    /// Which responses; those without a score, without a customer, or anonymous never count.
    pub rows: Filter,
    /// First instant after the last answer that counts.
    pub to: Timestamp,
    /// State of knowledge: versions with `known_at <= as_of`; `None` is the current rows.
    pub as_of: Option<Timestamp>,
    /// Most answers that are returned; one more says that there are more.
    pub answers_max: usize,
}

/// One answer of a customer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stance {
    /// The customer, numbered as in [`super::Period`].
    pub customer: u64,
    /// When, in microseconds since 1970 UTC.
    pub at_us: i64,
    /// The score.
    pub score: f64,
}
