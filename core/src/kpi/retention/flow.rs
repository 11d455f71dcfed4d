//! What became of customers over one period, as counts and as money; adds up over customers.

use super::ledger::{Customer, Ledger};
use super::rates::Rates;
use crate::kpi::interval::real;
use crate::plan::{Period, Span};
use crate::statistic::{Proportion, Z_95};

/// What became of one customer between two instants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passage {
    /// There just before both.
    Kept,
    /// There just before the first only.
    Lost,
    /// There just before the second only, for the first time.
    New,
    /// There just before the second only, but some time before the first too.
    Back,
    /// There in between only.
    Passing,
}

impl Customer<'_> {
    /// Returns what became of the customer in `from <= t < to`; `None` when it was not there.
    pub(super) fn passage(self, from_us: i64, to_us: i64) -> Option<Passage> {
        match (self.is_there(from_us), self.is_there(to_us)) {
            (true, true) => Some(Passage::Kept),
            (true, false) => Some(Passage::Lost),
            (false, true) if self.first_us() >= from_us => Some(Passage::New),
            (false, true) => Some(Passage::Back),
            (false, false) => {
                let is_inside = |start_us| from_us <= start_us && start_us < to_us;
                let mut starts = self.spells.iter().map(|spell| spell.start_us);
                starts.any(is_inside).then_some(Passage::Passing)
            }
        }
    }
}

/// Customers and what they pay over one period.
///
/// # Units
/// Money in ten-thousandths of the currency's unit, at the rates of the period's start.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Flow {
    pub(super) n_start: u64,
    pub(super) n_lost: u64,
    pub(super) n_new: u64,
    pub(super) n_back: u64,
    pub(super) n_passing: u64,
    /// Kept customers that pay more, and less.
    pub(super) n_expanded: u64,
    pub(super) n_contracted: u64,
    pub(super) start: i128,
    pub(super) expansion: i128,
    pub(super) contraction: i128,
    pub(super) churned: i128,
    pub(super) new: i128,
    pub(super) back: i128,
    /// Sums of squares and products of what a customer pays at the start (0) and the end (1).
    squares: [f64; 3],
}

/// A share with its interval, in percent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rate {
    pub(super) value: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Flow {
    /// Adds up customers over each of `spans`, which are in order and disjoint, at the rates of
    /// each. Each customer goes to the flow that `slot` names for the period that says what it was:
    /// just before the start, for those who were not there then just before the end, for those who
    /// came and went when they went.
    pub(super) fn over(
        ledger: &Ledger,
        spans: &[Span],
        rates: &mut [Rates<'_>],
        n_slots: usize,
        slot: impl Fn(&Period) -> Option<usize>,
    ) -> Vec<Vec<Self>> {
        let mut flows = vec![vec![Self::default(); n_slots]; spans.len()];
        let edges: Vec<(i64, i64)> = spans
            .iter()
            .map(|span| (span.start.as_microsecond(), span.end.as_microsecond()))
            .collect();
        let mut turns = Vec::new();
        for customer in ledger.customers() {
            customer.turns(&mut turns);
            let mut idx = edges.partition_point(|(_, to_us)| *to_us <= customer.first_us());
            while let Some((from_us, to_us)) = edges.get(idx).copied() {
                let next_us = turns.get(turns.partition_point(|turn_us| *turn_us < from_us));
                // Up to the next start or end of a period nothing changes: of long histories most
                // buckets are alike.
                let n_alike = match next_us {
                    Some(next_us) => edges[idx..].partition_point(|(_, to_us)| to_us <= next_us),
                    None if customer.is_there(from_us) => edges.len() - idx,
                    None => break,
                };
                let last = idx + n_alike.max(1);
                if let Some(passage) = customer.passage(from_us, to_us) {
                    let said_us = if passage.is_of_start() {
                        from_us
                    } else {
                        to_us
                    };
                    let flow = customer.period(said_us).and_then(&slot);
                    if let Some(flow) = flow.filter(|flow| *flow < n_slots) {
                        let mut paid = [0; 2];
                        for bucket in idx..last {
                            // The same rates make the same money of the same periods.
                            if bucket == idx || !rates[bucket].is_worth(&rates[bucket - 1]) {
                                let rates = &mut rates[bucket];
                                paid =
                                    [from_us, to_us].map(|at_us| rates.sum(customer.priced(at_us)));
                            }
                            flows[bucket][flow].add(passage, paid);
                        }
                    }
                }
                idx = last;
            }
        }
        flows
    }

    fn add(&mut self, passage: Passage, [before, after]: [i128; 2]) {
        match passage {
            Passage::Kept => {
                self.n_start += 1;
                self.n_expanded += u64::from(after > before);
                self.n_contracted += u64::from(after < before);
                self.expansion += (after - before).max(0);
                self.contraction += (before - after).max(0);
            }
            Passage::Lost => {
                self.n_start += 1;
                self.n_lost += 1;
                self.churned += before;
            }
            Passage::New => {
                self.n_new += 1;
                self.new += after;
            }
            Passage::Back => {
                self.n_back += 1;
                self.back += after;
            }
            Passage::Passing => self.n_passing += 1,
        }
        if passage.is_of_start() {
            self.start += before;
            let (before, after) = (amount(before), amount(after));
            self.squares[0] += before * before;
            self.squares[1] += before * after;
            self.squares[2] += after * after;
        }
    }

    /// Returns how many were there just before the end.
    pub(super) fn n_end(&self) -> u64 {
        self.n_start - self.n_lost + self.n_new + self.n_back
    }

    /// Returns what the customers of the start pay at the end.
    pub(super) fn kept(&self) -> i128 {
        self.start + self.expansion - self.contraction - self.churned
    }

    /// Returns what all customers pay at the end.
    pub(super) fn end(&self) -> i128 {
        self.kept() + self.new + self.back
    }

    /// Returns the share of the customers of the start that are there at the end.
    pub(super) fn crr(&self) -> Option<Rate> {
        let n = real(self.n_start);
        let share = Proportion::new(real(self.n_start - self.n_lost), n, n)?;
        Some(Rate::percent(
            real(self.n_start - self.n_lost) / n,
            share.interval(),
        ))
    }

    /// Returns the share of the customers of the start that left.
    pub(super) fn churn(&self) -> Option<Rate> {
        let n = real(self.n_start);
        let share = Proportion::new(real(self.n_lost), n, n)?;
        Some(Rate::percent(real(self.n_lost) / n, share.interval()))
    }

    /// Returns the share of the start's revenue that is left without anybody's growth.
    pub(super) fn grr(&self) -> Option<Rate> {
        if self.start <= 0 {
            return None;
        }
        let start = amount(self.start);
        let kept = start - amount(self.contraction + self.churned);
        // So many equal payers would tell as much: a few large ones make the share less certain.
        let n = (start * start / self.squares[0]).clamp(1.0, real(self.n_start));
        let share = Proportion::new(kept, start, n)?;
        Some(Rate::percent(kept / start, share.interval()))
    }

    /// Returns the end's revenue of the customers of the start, as a share of the start's.
    pub(super) fn nrr(&self) -> Option<Rate> {
        let grr = self.grr()?;
        let share = amount(self.kept()) / amount(self.start);
        let n = real(self.n_start);
        let [before, both, after] = self.squares;
        let residuals = (after - 2.0 * share * both + share * share * before).max(0.0);
        let spread = residuals * n / (n - 1.0).max(1.0);
        let half = 100.0 * Z_95 * spread.sqrt() / amount(self.start);
        let value = 100.0 * share;
        // Customers that all pay the same as before still could have left: the doubt about what
        // stays is part of the doubt about what it grew to.
        Some(Rate {
            value,
            low: (value - half).min(value - (grr.value - grr.low)).max(0.0),
            high: (value + half).max(value + (grr.high - grr.value)),
        })
    }
}

impl Rate {
    fn percent(share: f64, (low, high): (f64, f64)) -> Self {
        Self {
            value: 100.0 * share,
            low: 100.0 * low,
            high: 100.0 * high,
        }
    }
}

impl Passage {
    /// Whether the customer was there at the start.
    const fn is_of_start(self) -> bool {
        matches!(self, Self::Kept | Self::Lost)
    }
}

impl Customer<'_> {
    /// Puts the instants at which a period begins or ends into `turns`, ascending.
    fn turns(self, turns: &mut Vec<i64>) {
        turns.clear();
        let periods = self.periods.iter();
        turns.extend(
            periods
                .flat_map(|period| [Some(period.start_us), period.end_us])
                .flatten(),
        );
        turns.sort_unstable();
    }
}

/// Returns an amount as a number.
#[expect(
    clippy::cast_precision_loss,
    reason = "shares need no more than 53 bits"
)]
fn amount(ten_thousandths: i128) -> f64 {
    ten_thousandths as f64
}

#[cfg(test)]
mod tests;
