//! Retention: who stays, who leaves, how long it takes, and what it is worth.
//!
//! A [`ledger`] of customers and their spells comes from one plan; every KPI here is
//! computed from it, so that churn, cohorts and survival cannot disagree about who was there.

mod answer;
mod cohort;
mod cohort_table;
mod definition;
mod flow;
mod groups;
mod ledger;
mod rates;
mod risk;
mod risk_table;
mod subject;
mod survival;
mod survival_table;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::civil::Date;

pub(super) use answer::answer;
pub(super) use definition::{ENTRIES, Entry};

/// What makes a customer, and what money is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionRules {
    /// Longest gap between two contracts that is no churn, in civil days.
    pub grace_days: u32,
    /// Time for which an activity makes a customer without contracts, in civil days.
    pub activity_days: u32,
    /// First day with complete records; `None` when they always were.
    pub records_begin: Option<Date>,
    /// How amounts in several currencies are added up.
    pub exchange: Exchange,
}

impl Default for RetentionRules {
    fn default() -> Self {
        Self {
            grace_days: 0,
            activity_days: 90,
            records_begin: None,
            exchange: Exchange::default(),
        }
    }
}

/// Rates of currencies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exchange {
    /// Currency that amounts are reported in, in capitals; `None` refuses several currencies.
    pub report: Option<String>,
    /// Rates by currency, in capitals: from a day on, ascending; each at least one.
    ///
    /// # Units
    /// Billionths of the reporting currency for one unit of the other.
    pub rates: BTreeMap<String, Vec<(Date, i64)>>,
}

/// What makes a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Active {
    /// A contract in force.
    Contract,
    /// Anything done in the last so many days.
    Activity {
        /// The window, in civil days.
        days: u32,
    },
}

impl std::fmt::Display for Active {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Contract => formatter.write_str("contract"),
            Self::Activity { days } => write!(formatter, "activity_{days}d"),
        }
    }
}

/// Returns the KPI of that name, if it is one of these.
pub(super) fn entry(name: &str) -> Option<Entry> {
    ENTRIES.into_iter().find(|entry| entry.kpi.name == name)
}
