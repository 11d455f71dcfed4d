//! Who was a customer when, and at what price: the periods of all customers, for retention.

use jiff::Timestamp;

use super::{Dimension, Filter};
use crate::record::RecordKind;

/// One question to the store: the periods of every customer that passes.
#[derive(Debug, Clone, PartialEq)]
pub struct PeriodPlan {
    /// [`RecordKind::Subscription`], of which each row is a period, or [`RecordKind::Activity`], of
    /// which rows that follow each other closely are one.
    pub kind: RecordKind,
    /// Which rows there are.
    pub rows: Filter,
    /// Rows whose customers pass; the customer's other rows come along.
    pub member: Filter,
    /// Split: the value that each row has.
    pub group: Option<Dimension>,
    /// Activities of a customer that lie no further apart than this, in microseconds, and say the
    /// same, are one period; 0 joins those of one instant only. Who was what is told apart by
    /// [`PeriodPlan::slot_us`] only.
    pub joined_us: i64,
    /// State of knowledge: versions with `known_at <= as_of`; `None` is the current rows.
    pub as_of: Option<Timestamp>,
    /// Most periods that are returned; one more says that there are more.
    pub periods_max: usize,
}

/// Activities that say the same on one day are put together before they are joined: customers of
/// an app do something all day long.
const SLOT_US_MAX: i64 = 86_400_000_000;

impl PeriodPlan {
    /// Returns the width of slots in which activities that say the same are put together first, in
    /// microseconds.
    #[must_use]
    pub fn slot_us(&self) -> i64 {
        self.joined_us.clamp(1, SLOT_US_MAX)
    }
}

/// Time in which a customer was there, half-open, at one price.
///
/// # Units
/// Instants in microseconds since 1970 UTC; the price in ten-thousandths of the currency's unit a
/// month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    /// The customer: its account where it has one, else the person.
    pub customer: u64,
    /// First instant, or first activity.
    pub start_us: i64,
    /// First instant after, or last activity; `None` while it lasts.
    pub end_us: Option<i64>,
    /// Monthly recurring revenue; 0 for activities.
    pub price: i64,
    /// Position in [`Periods::currencies`].
    pub currency_idx: u32,
    /// Position in [`Periods::keys`].
    pub key_idx: u32,
    /// Whether [`PeriodPlan::member`] holds for its rows.
    pub is_member: bool,
}

/// Answer to a [`PeriodPlan`]; periods come in no order and may overlap.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Periods {
    /// The periods, at most one more than asked for.
    pub periods: Vec<Period>,
    /// Currencies as the rows write them, ascending; empty for activities.
    pub currencies: Vec<String>,
    /// Values of the split, ascending; `None` is the missing value.
    pub keys: Vec<Option<String>>,
}
