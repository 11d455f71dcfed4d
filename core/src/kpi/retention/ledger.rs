//! Customers in time: their periods, and the spells that periods without a gap make together.

use std::ops::Range;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::plan::{Period, Periods};

/// No day is longer: two of these and `n` civil days of any zone are more than `n` days of 24 h.
const DAY_US: i64 = 86_400_000_000;

/// Time without interruption in which somebody was a customer, half-open.
///
/// # Units
/// Microseconds since 1970 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spell {
    pub(super) start_us: i64,
    /// `None` while it lasts.
    pub(super) end_us: Option<i64>,
}

impl Spell {
    /// Whether it goes on just before an instant.
    pub(super) fn holds_before(self, at_us: i64) -> bool {
        holds_before(self.start_us, self.end_us, at_us)
    }
}

/// Every customer of an answer. Customers in the order of their numbers, each with at least one
/// spell.
#[derive(Debug, Clone, Default)]
pub(super) struct Ledger {
    periods: Vec<Period>,
    spells: Vec<Spell>,
    customers: Vec<(Range<usize>, Range<usize>)>,
}

/// One customer: periods by start, spells by start and disjoint.
#[derive(Debug, Clone, Copy)]
pub(super) struct Customer<'a> {
    pub(super) periods: &'a [Period],
    pub(super) spells: &'a [Spell],
}

/// How periods become spells.
#[derive(Debug, Clone, Copy)]
pub(super) struct Joining<'a> {
    /// Civil days are those of this zone.
    pub(super) zone: &'a TimeZone,
    /// Civil days added to the end of every period: an activity's window.
    pub(super) lasting_days: u32,
    /// Longest gap between two periods that is none, in civil days.
    pub(super) grace_days: u32,
    /// Whether the periods of each value of the split are a customer of their own.
    pub(super) is_by_key: bool,
}

impl Ledger {
    /// Orders periods by customer and joins them into spells; empty periods count for nothing.
    pub(super) fn new(found: &Periods, joining: Joining<'_>) -> Self {
        let mut periods: Vec<Period> = found
            .periods
            .iter()
            .map(|period| joining.lasting(*period))
            .filter(|period| period.end_us.is_none_or(|end_us| period.start_us < end_us))
            .collect();
        let owner = |period: &Period| {
            let part = if joining.is_by_key { period.key_idx } else { 0 };
            (period.customer, part)
        };
        periods.sort_unstable_by_key(|period| (owner(period), *period));
        let mut ledger = Self::default();
        let mut start = 0;
        for own in periods.chunk_by(|one, next| owner(one) == owner(next)) {
            let n_spells = ledger.spells.len();
            joining.join(own, &mut ledger.spells);
            let (end, spells) = (start + own.len(), n_spells..ledger.spells.len());
            ledger.customers.push((start..end, spells));
            start = end;
        }
        ledger.periods = periods;
        ledger
    }

    /// Returns every customer.
    pub(super) fn customers(&self) -> impl Iterator<Item = Customer<'_>> {
        self.customers.iter().map(|(periods, spells)| Customer {
            periods: &self.periods[periods.clone()],
            spells: &self.spells[spells.clone()],
        })
    }

    /// Returns the first instant after this one at which a spell begins or ends.
    pub(super) fn next_turn_us(&self, after_us: i64) -> Option<i64> {
        let turns = self
            .spells
            .iter()
            .flat_map(|spell| [Some(spell.start_us), spell.end_us]);
        turns.flatten().filter(|turn| *turn > after_us).min()
    }
}

impl<'a> Customer<'a> {
    /// Returns the start of the first spell.
    pub(super) fn first_us(self) -> i64 {
        self.spells[0].start_us
    }

    /// Whether somebody was a customer just before an instant.
    pub(super) fn is_there(self, before_us: i64) -> bool {
        // Spells are disjoint: only the last that began before can hold.
        let n_begun = self
            .spells
            .partition_point(|spell| spell.start_us < before_us);
        n_begun > 0 && self.spells[n_begun - 1].holds_before(before_us)
    }

    /// Returns the period that says what a customer was just before an instant: of those in force
    /// the one that began last, else the one that ended last.
    pub(super) fn period(self, before_us: i64) -> Option<&'a Period> {
        let begun = || {
            self.periods
                .iter()
                .filter(move |period| period.start_us < before_us)
        };
        let in_force =
            begun().rfind(|period| holds_before(period.start_us, period.end_us, before_us));
        in_force.or_else(|| begun().max_by_key(|period| (period.end_us, *period)))
    }

    /// Returns the periods whose prices add up to what a customer pays just before an instant;
    /// those before a gap that is none go on through it.
    pub(super) fn priced(self, before_us: i64) -> impl Iterator<Item = &'a Period> {
        let in_force =
            move |period: &Period| holds_before(period.start_us, period.end_us, before_us);
        let ended_us = if self.periods.iter().any(in_force) || !self.is_there(before_us) {
            None
        } else {
            let ends = self.periods.iter().filter_map(|period| period.end_us);
            ends.filter(|end_us| *end_us < before_us).max()
        };
        self.periods.iter().filter(move |period| match ended_us {
            Some(_) => period.end_us == ended_us,
            None => in_force(period),
        })
    }
}

impl Joining<'_> {
    fn lasting(self, mut period: Period) -> Period {
        if self.lasting_days > 0 {
            period.end_us = period
                .end_us
                .map(|end_us| self.later(end_us, self.lasting_days));
        }
        period
    }

    /// Returns the same local time so many civil days later.
    fn later(self, at_us: i64, n_days: u32) -> i64 {
        let by_clock = at_us.saturating_add(i64::from(n_days) * DAY_US);
        let civil = Timestamp::from_microsecond(at_us).ok().and_then(|at| {
            let local = at.to_zoned(self.zone.clone());
            local.checked_add(Span::new().days(n_days)).ok()
        });
        civil.map_or(by_clock, |local| local.timestamp().as_microsecond())
    }

    /// Joins one customer's periods, sorted by start, and appends the spells.
    fn join(self, periods: &[Period], spells: &mut Vec<Spell>) {
        let mut open: Option<Spell> = None;
        for period in periods {
            match &mut open {
                Some(spell) if self.is_joined(spell.end_us, period.start_us) => {
                    spell.end_us = spell.end_us.zip(period.end_us).map(|(a, b)| a.max(b));
                }
                _ => {
                    let next = Spell {
                        start_us: period.start_us,
                        end_us: period.end_us,
                    };
                    spells.extend(open.replace(next));
                }
            }
        }
        spells.extend(open);
    }

    fn is_joined(self, end_us: Option<i64>, start_us: i64) -> bool {
        let Some(end_us) = end_us else {
            return true;
        };
        if start_us <= end_us {
            return true;
        }
        let far_us = (i64::from(self.grace_days) + 2) * DAY_US;
        // Most gaps are far too long to be worth a look at the calendar.
        self.grace_days > 0
            && start_us.saturating_sub(end_us) < far_us
            && start_us <= self.later(end_us, self.grace_days)
    }
}

fn holds_before(start_us: i64, end_us: Option<i64>, at_us: i64) -> bool {
    start_us < at_us && end_us.is_none_or(|end_us| end_us >= at_us)
}

#[cfg(test)]
mod tests;
