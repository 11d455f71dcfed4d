//! The cohort triangle: of the customers that came in one month, how many are there months later.

use super::ledger::Customer;
use crate::kpi::civil::Bucket;

/// Customers that came in one month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cohort {
    /// Position of its month.
    pub(super) month_idx: usize,
    pub(super) n: u64,
    /// How many are there just before the end of the month so many months after their own, from 0
    /// on; as long as those months are over.
    pub(super) n_there: Vec<u64>,
}

/// Cohorts of consecutive months.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Triangle {
    /// One for every month, also those in which nobody came.
    pub(super) cohorts: Vec<Cohort>,
}

/// All cohorts together at one age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pooled {
    /// Customers of the cohorts that are old enough.
    pub(super) n: u64,
    pub(super) n_there: u64,
}

impl Triangle {
    /// Sorts customers by the month of their first day. `months` are consecutive; the first
    /// `n_cohorts` have cohorts, those after them only an end that the cohorts may reach. A month
    /// counts when it ends by `as_of_us`.
    pub(super) fn new<'a>(
        customers: impl Iterator<Item = Customer<'a>>,
        months: &[Bucket],
        n_cohorts: usize,
        as_of_us: i64,
    ) -> Self {
        let ends_us: Vec<i64> = months
            .iter()
            .map(|month| month.end.as_microsecond())
            .take_while(|end_us| *end_us <= as_of_us)
            .collect();
        let mut cohorts: Vec<Cohort> = (0..n_cohorts)
            .map(|month_idx| Cohort {
                month_idx,
                n: 0,
                n_there: vec![0; ends_us.len().saturating_sub(month_idx)],
            })
            .collect();
        for customer in customers {
            let first_us = customer.first_us();
            let n_before = months.partition_point(|month| month.start.as_microsecond() <= first_us);
            let Some(month_idx) = n_before.checked_sub(1) else {
                continue;
            };
            let is_inside = first_us < months[month_idx].end.as_microsecond();
            let Some(cohort) = cohorts.get_mut(month_idx).filter(|_| is_inside) else {
                continue;
            };
            cohort.n += 1;
            for (n_there, end_us) in cohort.n_there.iter_mut().zip(&ends_us[month_idx..]) {
                *n_there += u64::from(customer.is_there(*end_us));
            }
        }
        Self { cohorts }
    }

    /// Returns all cohorts that have reached an age, weighted by their size; `None` when none has.
    pub(super) fn pooled(&self, age_months: usize) -> Option<Pooled> {
        let reached = self
            .cohorts
            .iter()
            .filter_map(|cohort| Some((cohort.n, *cohort.n_there.get(age_months)?)));
        reached.fold(None, |sum: Option<Pooled>, (n, n_there)| {
            let sum = sum.unwrap_or(Pooled { n: 0, n_there: 0 });
            Some(Pooled {
                n: sum.n + n,
                n_there: sum.n_there + n_there,
            })
        })
    }

    /// Returns the greatest number of cells of a cohort.
    pub(super) fn n_ages(&self) -> usize {
        let lengths = self.cohorts.iter().map(|cohort| cohort.n_there.len());
        lengths.max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
