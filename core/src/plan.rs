//! Typed questions to the store: what to count, over which instants, split by what.
//!
//! A plan never holds SQL, a time zone or a ratio. Buckets are explicit UTC ranges; ratios,
//! intervals and suppression are computed from the small result by `kpi`.

mod anonymous;
mod cluster;
mod cohort;
mod elapsed;
pub mod explain;
mod period;
#[cfg(test)]
pub(crate) mod row_table;
mod sheet;
mod stance;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

pub use anonymous::{Survey, anonymous_surveys, ever};
pub use cluster::{ClusterPlan, ClusterRow, ClusterSums, Worth};
pub use cohort::{CohortPlan, CohortRow, Cohorts};
pub use elapsed::{Clock, Elapsed, Openings, Order, Run, Window, seconds};
pub use period::{Period, PeriodPlan, Periods};
pub use sheet::{Sheet, SheetColumn, SheetPlan, SheetValues, Texts};
pub use stance::{Stance, StancePlan};

use crate::record::{RecordKind, SourceName};

/// One half-open range of instants, `start <= t < end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First instant inside.
    pub start: Timestamp,
    /// First instant after.
    pub end: Timestamp,
}

/// A key to filter and group by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// A column every row of the kind has, such as `source`, `survey` or `channel`.
    Column(&'static str),
    /// A dimension of `[dimensions]`, stamped on the row by the store under this name.
    Configured(String),
    /// The ticket's tags: a row is in every group it carries.
    Tag,
    /// The agent a row names, as one person over all sources.
    ServedBy,
}

impl std::fmt::Display for Dimension {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Column(name) => name,
            Self::Configured(name) => name,
            Self::Tag => "tag",
            Self::ServedBy => "agent",
        })
    }
}

/// Which instant of a row places it in a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RowTime {
    /// Its event time.
    #[default]
    Event,
    /// The first of these time columns that has a value; a row without any is in no bucket.
    FirstOf(&'static [&'static str]),
    /// The same, but not before the event time: what ended had begun.
    EndOf(&'static [&'static str]),
}

/// What makes a later row of the same person a sequel of an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sequel {
    /// Text column that both have in common; missing is a value of its own.
    pub topic: &'static str,
    /// When the earlier row was over: the first of these time columns that has a value.
    pub over: &'static [&'static str],
    /// The later one begins this long after that, the end excluded; and after the earlier began.
    pub within: SignedDuration,
}

/// Which rows a plan looks at.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// Every row.
    All,
    /// Every one of these holds.
    And(Vec<Filter>),
    /// At least one of these holds.
    Or(Vec<Filter>),
    /// It does not hold (a missing value counts as not holding inside, so it passes here).
    Not(Box<Filter>),
    /// The dimension has one of these values; `None` is the missing value `(none)`.
    In(Dimension, Vec<Option<String>>),
    /// The number column is in `low <= x < high`; an open side is infinite.
    NumberIn {
        /// Column of the kind.
        column: &'static str,
        /// Inclusive lower bound.
        low: Option<f64>,
        /// Exclusive upper bound.
        high: Option<f64>,
    },
    /// The column has a value.
    Present(&'static str),
    /// The flag column is true (null counts as false).
    IsTrue(&'static str),
    /// The first time column is not after the second; both have a value.
    NotAfter(&'static str, &'static str),
    /// The time column is not after the time it was due; what is missing is measured now.
    InTime {
        /// When it was done; missing is the present of the plan.
        done: &'static str,
        /// When it was due.
        due: &'static str,
    },
    /// Another live row of the kind, whatever the filter, is a sequel of the row.
    HasSequel(Sequel),
}

impl Filter {
    /// Whether it asks for values of a dimension.
    #[must_use]
    pub fn names(&self, dimension: &Dimension) -> bool {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().any(|part| part.names(dimension)),
            Self::Not(inner) => inner.names(dimension),
            Self::In(named, _) => named == dimension,
            _ => false,
        }
    }
}

/// One number to compute per group and bucket.
#[derive(Debug, Clone, PartialEq)]
pub enum Measure {
    /// Rows.
    Count,
    /// Rows for which the filter holds.
    CountIf(Filter),
    /// Sum of a number column over rows that have it.
    Sum(&'static str),
    /// Sum of squares of a number column over rows that have it.
    SumSquares(&'static str),
    /// Smallest value of a number column.
    Min(&'static str),
    /// Greatest value of a number column.
    Max(&'static str),
    /// Quantile of type 7 of a number column.
    Quantile(&'static str, f64),
    /// Distinct non-null values of a column, each counted with its source.
    Distinct(&'static str),
    /// Distinct values of `column` (with source) among rows for which the filter holds.
    DistinctIf(&'static str, Filter),
    /// Distinct persons; a row without a customer, or anonymous, is a person of its own.
    Persons,
    /// Distinct persons among rows for which the filter holds.
    PersonsIf(Filter),
    /// Whether the distinct persons among rows for which the filter holds are enough: their count,
    /// or any other on the same side of `enough`.
    PersonsToward {
        /// The least count that is enough.
        enough: u64,
        /// Which rows.
        among: Filter,
    },
    /// Rows by exact value of a number column, ascending.
    Histogram(&'static str),
    /// The order of an elapsed time's seconds, as far as these quantiles need it.
    Order(Elapsed, &'static [f64]),
}

/// Which rows count of those that belong together.
#[derive(Debug, Clone, PartialEq)]
pub enum Keep {
    /// All of them.
    All,
    /// Per bucket and group, of the rows for which the filter holds the last of each customer, by
    /// (event time, `response`, `id`). All other rows count: those for which it does not hold,
    /// anonymous ones, and those without a customer.
    LastPerCustomer(Filter),
    /// Of the categories of one review (by `review`), before anything is filtered, the earliest by
    /// (event time, `id`), and its `score` is that of the review: 0 to 100, by weight, 0 when a
    /// critical category has 0.
    OnePerReview,
}

/// One question to the store about live rows of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct TallyPlan {
    /// Kind of rows.
    pub kind: RecordKind,
    /// Which rows.
    pub filter: Filter,
    /// Buckets by `time`; sorted, disjoint, 1–2,000 of them.
    pub buckets: Vec<Span>,
    /// What places a row in a bucket.
    pub time: RowTime,
    /// Splits; empty for one group with an empty key.
    pub group: Vec<Dimension>,
    /// Numbers per group and bucket, at least one.
    pub measures: Vec<Measure>,
    /// De-duplication.
    pub keep: Keep,
    /// State of knowledge: versions with `known_at <= as_of`; `None` is the current rows.
    pub as_of: Option<Timestamp>,
    /// The instant that stands for what has not happened yet.
    pub present: Timestamp,
    /// Which seconds of elapsed times count.
    pub clock: Clock,
}

/// One computed number.
#[derive(Debug, Clone, PartialEq)]
pub enum TallyValue {
    /// A count.
    Count(u64),
    /// A number; `None` when no row had a value.
    Number(Option<f64>),
    /// Rows by exact value, ascending by value.
    Histogram(Vec<(f64, u64)>),
    /// Some numbers of an order.
    Order(Order),
}

/// The numbers of one group in one bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct TallyRow {
    /// Position in [`TallyPlan::buckets`].
    pub bucket_idx: usize,
    /// One value per dimension of [`TallyPlan::group`]; `None` is the missing value.
    pub key: Vec<Option<String>>,
    /// One value per measure, in plan order.
    pub values: Vec<TallyValue>,
}

/// Answer to a [`TallyPlan`]: only groups and buckets that have rows, ordered by key then bucket.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tallies {
    /// The groups.
    pub rows: Vec<TallyRow>,
    /// Earliest and latest time (that of the plan) among the rows that were counted; `None` without
    /// rows.
    pub extent: Option<(Timestamp, Timestamp)>,
    /// What they were counted from.
    pub path: Path,
}

/// What an answer to a plan was counted from; both give the same numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Path {
    /// All rows in reach.
    #[default]
    Rows,
    /// The tallies of whole days, and the rows of the days that are cut or have just changed.
    RollUp {
        /// Days read from rows.
        n_days_of_rows: usize,
    },
}

/// The civil days that tallies are kept by.
pub trait Days: std::fmt::Debug + Send + Sync {
    /// Returns the civil day that holds an instant; `None` only at the ends of the calendar.
    fn day_of(&self, at: Timestamp) -> Option<Span>;

    /// Returns the civil month that holds an instant, made of whole days; `None` only at the ends of
    /// the calendar.
    fn month_of(&self, at: Timestamp) -> Option<Span>;

    /// Returns a text that changes when the days do.
    fn name(&self) -> String;
}

/// Which data an answer was computed from: changes whenever an answer could change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct DataVersion(pub u64);

/// One named question set candidate, for `metric` rows of responses.
#[derive(Debug, Clone, PartialEq)]
pub struct QuestionSet {
    /// Source that asked.
    pub source: SourceName,
    /// Survey id.
    pub survey: String,
    /// Question id.
    pub question: String,
    /// Mode of its rows; absent in a row means transactional.
    pub is_relational: bool,
    /// Lowest answer of the scale.
    pub scale_min: Option<f64>,
    /// Greatest answer of the scale.
    pub scale_max: Option<f64>,
    /// Whether a lower answer is better.
    pub is_lower_better: bool,
    /// Answers with a score.
    pub n_answers: u64,
    /// Lowest answer that was given.
    pub score_min: Option<f64>,
    /// Greatest answer that was given.
    pub score_max: Option<f64>,
    /// Most recent answer.
    pub last_answer: Option<Timestamp>,
}

/// Why a plan could not be answered.
#[derive(Debug, thiserror::Error)]
pub enum TallyError {
    /// The query ran past its deadline and was stopped.
    #[error("the question took longer than {deadline_s} s and was stopped")]
    Deadline {
        /// The deadline.
        deadline_s: u64,
    },
    /// The store could not answer; the source says why.
    #[error("the store could not answer")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Anything that answers plans: the store, or a table in a test.
pub trait Tally: Send + Sync {
    /// Answers one plan.
    ///
    /// # Errors
    /// When the deadline passes or the store fails.
    fn tally(&self, plan: &TallyPlan) -> Result<Tallies, TallyError>;

    /// Answers several plans, in their order.
    ///
    /// # Errors
    /// As [`Tally::tally`].
    fn tally_all(&self, plans: &[TallyPlan]) -> Result<Vec<Tallies>, TallyError> {
        plans.iter().map(|plan| self.tally(plan)).collect()
    }

    /// Sums over persons, by group and bucket; only those that have rows, ordered by key then
    /// bucket.
    ///
    /// # Errors
    /// As [`Tally::tally`].
    fn clusters(&self, plan: &ClusterPlan) -> Result<Vec<ClusterRow>, TallyError>;

    /// Counts invitations and those that met an answer.
    ///
    /// # Errors
    /// As [`Tally::tally`].
    fn cohorts(&self, plan: &CohortPlan) -> Result<Cohorts, TallyError>;

    /// Answers several plans about invitations, in their order.
    ///
    /// # Errors
    /// As [`Tally::tally`].
    fn cohorts_all(&self, plans: &[CohortPlan]) -> Result<Vec<Cohorts>, TallyError> {
        plans.iter().map(|plan| self.cohorts(plan)).collect()
    }

    /// Lists the questions of one metric (`nps`, `csat`, …), most answers first, deleted and test
    /// rows left out.
    ///
    /// # Errors
    /// As [`Tally::tally`].
    fn question_sets(&self, metric: &str) -> Result<Vec<QuestionSet>, TallyError>;

    /// Lists the surveys with an anonymous answer, as far as is known now.
    ///
    /// # Errors
    /// As [`Tally::tally`].
    fn anonymous_surveys(&self) -> Result<BTreeSet<Survey>, TallyError> {
        anonymous_surveys(|plan| self.tally(plan))
    }

    /// Returns the most values that an answer had of a dimension so far, if it was asked about: a
    /// hint, for choosing between two ways to the same answer.
    fn n_values(&self, _kind: RecordKind, _dimension: &Dimension) -> Option<usize> {
        None
    }

    /// Returns earliest and latest time of the live rows of a kind under a filter; rows without
    /// that time are left out.
    ///
    /// # Errors
    /// As [`Tally::tally`].
    fn extent(
        &self,
        kind: RecordKind,
        filter: &Filter,
        time: RowTime,
        as_of: Option<Timestamp>,
    ) -> Result<Option<(Timestamp, Timestamp)>, TallyError>;

    /// Answers a plan about the periods of customers.
    ///
    /// # Errors
    /// As [`Tally::tally`].
    fn periods(&self, plan: &PeriodPlan) -> Result<Periods, TallyError>;

    /// Lists the answers of customers, in no order.
    ///
    /// # Errors
    /// As [`Tally::tally`].
    fn stances(&self, plan: &StancePlan) -> Result<Vec<Stance>, TallyError>;

    /// Lists single rows, in the order of their event time.
    ///
    /// # Errors
    /// As [`Tally::tally`].
    fn sheet(&self, plan: &SheetPlan) -> Result<Sheet, TallyError>;

    /// Returns the version of the data that answers computed now are based on.
    fn data_version(&self) -> DataVersion;
}
