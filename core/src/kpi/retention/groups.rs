//! The groups of a split: the greatest on their own, the others pooled.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::ledger::{Joining, Ledger};
use crate::kpi::desk::{GROUPS_MAX, REST};
use crate::kpi::parse;
use crate::plan::{Period, Periods};

/// Groups in the order they are shown, and where each value goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Groups {
    /// Names of the groups; the pooled rest stands last.
    pub(super) keys: Vec<String>,
    pub(super) has_rest: bool,
    /// Position of the group by position of the value.
    slots: Vec<usize>,
}

impl Groups {
    /// Ranks the values by the number of customers that ever had them.
    pub(super) fn new(ledger: &Ledger, values: &[Option<String>]) -> Self {
        let mut sizes = vec![0_u64; values.len()];
        for customer in ledger.customers() {
            let members = customer.periods.iter().filter(|period| period.is_member);
            let own: BTreeSet<u32> = members.map(|period| period.key_idx).collect();
            for value_idx in own {
                sizes[value_idx as usize] += 1;
            }
        }
        let mut ranked: Vec<usize> = (0..values.len()).filter(|idx| sizes[*idx] > 0).collect();
        ranked.sort_by_key(|idx| (Reverse(sizes[*idx]), *idx));
        let mut slots = vec![GROUPS_MAX; values.len()];
        let mut keys = Vec::new();
        for (slot, value_idx) in ranked.iter().take(GROUPS_MAX).enumerate() {
            slots[*value_idx] = slot;
            let key = values[*value_idx].as_deref();
            keys.push(key.unwrap_or(parse::MISSING).to_owned());
        }
        let has_rest = ranked.len() > GROUPS_MAX;
        if has_rest {
            keys.push(REST.to_owned());
        }
        Self {
            keys,
            has_rest,
            slots,
        }
    }

    /// Returns the group of what a period says; `None` for customers that do not pass.
    pub(super) fn slot(&self, period: &Period) -> Option<usize> {
        let slot = self.slots.get(period.key_idx as usize)?;
        period.is_member.then_some(*slot)
    }

    /// Returns a ledger in which the periods of each group are customers of their own.
    pub(super) fn apart(&self, found: &Periods, joining: Joining<'_>) -> Ledger {
        let mut apart = found.clone();
        for period in &mut apart.periods {
            let slot = self.slots.get(period.key_idx as usize).copied();
            // Groups are few.
            period.key_idx = slot.map_or(u32::MAX, |slot| slot as u32);
        }
        Ledger::new(
            &apart,
            Joining {
                is_by_key: true,
                ..joining
            },
        )
    }
}
