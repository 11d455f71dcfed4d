//! How the rows of one person hang together: for intervals of people who answer often.

use super::{Filter, TallyPlan};

/// What one answer adds to a score.
#[derive(Debug, Clone, PartialEq)]
pub enum Worth {
    /// The number in this column.
    Column(&'static str),
    /// The weight of the first class whose filter holds, else 0.
    Classes(Vec<(Filter, f64)>),
}

/// A question about how the rows of one person hang together.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterPlan {
    /// Which rows, in which buckets, split by what; its measures and its keeping say nothing here.
    pub rows: TallyPlan,
    /// What each row adds.
    pub worth: Worth,
    /// Whether sums over very many rows may be some minutes older than the data.
    pub is_estimate: bool,
}

/// Sums over persons; a person's sum and number of rows make one term. A row without a customer,
/// or anonymous, is a person of its own.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ClusterSums {
    /// Rows.
    pub n: u64,
    /// Persons.
    pub n_persons: u64,
    /// Persons with two rows or more.
    pub n_repeaters: u64,
    /// Sum of what rows add.
    pub sum: f64,
    /// Sum of its squares.
    pub squares: f64,
    /// Sum over persons of the square of their sum.
    pub person_squares: f64,
    /// Sum over persons of their sum times their number of rows.
    pub person_products: f64,
    /// Sum over persons of the square of their number of rows.
    pub size_squares: f64,
}

/// The sums of one group in one bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterRow {
    /// Position in the plan's buckets.
    pub bucket_idx: usize,
    /// One value per dimension of the plan's group; `None` is the missing value.
    pub key: Vec<Option<String>>,
    /// The sums.
    pub sums: ClusterSums,
}
