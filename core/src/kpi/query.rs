//! A question as it is asked: which KPI, when, of whom, split by what.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Width of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Grain {
    /// Civil days.
    Day,
    /// Weeks from the configured first day.
    Week,
    /// Calendar months.
    Month,
    /// Fiscal quarters.
    Quarter,
}

impl Grain {
    /// Returns the next wider one; `None` beyond quarters.
    pub(super) const fn coarser(self) -> Option<Self> {
        match self {
            Self::Day => Some(Self::Week),
            Self::Week => Some(Self::Month),
            Self::Month => Some(Self::Quarter),
            Self::Quarter => None,
        }
    }
}

/// One end of an explicit range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Instant {
    /// The start of a civil day of the zone.
    Day(Date),
    /// An exact instant.
    Exact(Timestamp),
}

/// The time a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Range {
    /// Everything there is.
    All,
    /// The last `n` civil days up to and including today (`90d`).
    Days(u32),
    /// The last `n` weeks, the current one included (`12w`).
    Weeks(u32),
    /// The last `n` months, the current one included (`6mo`).
    Months(u32),
    /// The last `n` years, as 12 months each (`2y`).
    Years(u32),
    /// The fiscal year to date.
    YearToDate,
    /// From (inclusive) to (exclusive).
    Between(Instant, Instant),
}

/// Which of two survey modes an answer pools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Every response counts.
    Transactional,
    /// One response per customer, bucket and filter: the last.
    Relational,
    /// Transactional with the cluster-robust interval computed from the bucket's own rows.
    Clustered,
}

/// A trailing window of whole weeks, in civil days: every point of a series is of the rows of so many
/// days up to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rolling(u16);

impl Rolling {
    /// Longest window, in days: 52 weeks.
    pub const DAYS_MAX: u16 = 364;

    /// Returns a window; `None` for one that is not of 1 to 52 whole weeks.
    #[must_use]
    pub fn of_days(days: u16) -> Option<Self> {
        ((7..=Self::DAYS_MAX).contains(&days) && days.is_multiple_of(7)).then_some(Self(days))
    }

    /// Returns its length in civil days.
    #[must_use]
    pub const fn days(self) -> u16 {
        self.0
    }
}

/// One question.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Name in the registry, such as `nps`.
    pub kpi: String,
    /// The time it is about; `None` is everything there is.
    pub range: Option<Range>,
    /// Bucket width; `None` is the finest that gives at most 120 buckets.
    pub grain: Option<Grain>,
    /// Window of each point; `None` is its bucket.
    pub rolling: Option<Rolling>,
    /// Zone of civil time; `None` is the configured one.
    pub tz: Option<TimeZone>,
    /// Filters: dimension name and the values that pass; `None` is the missing value `(none)`.
    pub filters: BTreeMap<String, Vec<Option<String>>>,
    /// Dimension to split by.
    pub by: Option<String>,
    /// State of knowledge; `None` is now.
    pub as_of: Option<Timestamp>,
    /// Survey mode; `None` is by the data.
    pub mode: Option<Mode>,
    /// Name of a goal whose standing is told with the answer.
    pub goal: Option<String>,
    /// What an analysis is of, such as `csat`; `None` is what it is usually of.
    pub of: Option<String>,
    /// The earlier time that an analysis compares with; `None` is the comparable time before.
    pub versus: Option<Range>,
}

impl Query {
    /// Returns the question for everything there is of a KPI.
    #[must_use]
    pub fn new(kpi: &str) -> Self {
        Self {
            kpi: kpi.to_owned(),
            range: None,
            grain: None,
            rolling: None,
            tz: None,
            filters: BTreeMap::new(),
            by: None,
            as_of: None,
            mode: None,
            goal: None,
            of: None,
            versus: None,
        }
    }
}
