//! What a plan about periods means, row by row.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Row;
use super::desk::Context;
use crate::plan::{Period, PeriodPlan, Periods, Stance, StancePlan};
use crate::record::RecordKind;

impl Row {
    /// Returns a contract of a customer: from, until, price in whole units and currency.
    pub(crate) fn contract(
        customer: &str,
        start: &str,
        end: Option<&str>,
        price: f64,
        currency: &str,
    ) -> Self {
        let row = Self::of_customer(customer, start).text("currency", currency);
        let mut row = match end {
            Some(end) => row.text("ended_at", end),
            None => row,
        };
        row.numbers.insert("mrr", price);
        row
    }

    /// Returns an activity of a customer.
    pub(crate) fn activity(customer: &str, at: &str) -> Self {
        Self::of_customer(customer, at).text("name", "login")
    }

    fn of_customer(customer: &str, at: &str) -> Self {
        Self {
            source: "crm".to_owned(),
            id: format!("{customer}@{at}"),
            at: at.parse().expect(at),
            ..Self::default()
        }
        .text("customer", customer)
    }

    fn unit(&self) -> Option<&String> {
        self.texts.get("account").or(self.texts.get("customer"))
    }
}

/// Whether a row is of a kind: contracts have a currency, activities a customer and a name; what
/// has neither may be of any other kind.
pub(super) fn is_of(kind: RecordKind, row: &Row) -> bool {
    let is_contract = row.texts.contains_key("currency");
    let is_named = row.texts.contains_key("name");
    match kind {
        RecordKind::Subscription => is_contract,
        RecordKind::Activity | RecordKind::Customer | RecordKind::Agent => is_named,
        _ => !is_contract && !is_named,
    }
}

pub(super) fn periods(live: &[&Row], plan: &PeriodPlan) -> Periods {
    let rows = live
        .iter()
        .filter(|row| is_of(plan.kind, row) && row.passes(&plan.rows, Context::PLAIN));
    let members: BTreeSet<_> = rows
        .clone()
        .filter(|row| row.passes(&plan.member, Context::PLAIN))
        .map(|row| row.unit())
        .collect();
    let rows: Vec<&Row> = rows
        .copied()
        .filter(|row| members.contains(&row.unit()))
        .collect();
    let customers = customers(live);
    let currency = |row: &Row| row.texts.get("currency").cloned();
    let key = |row: &Row| {
        let dimension = plan.group.as_ref()?;
        row.value(dimension).map(str::to_owned)
    };
    let currencies: BTreeSet<String> = rows.iter().filter_map(|row| currency(row)).collect();
    let keys: BTreeSet<Option<String>> = rows.iter().map(|row| key(row)).collect();
    let (currencies, keys): (Vec<_>, Vec<_>) =
        (currencies.into_iter().collect(), keys.into_iter().collect());
    let mut periods: Vec<Period> = rows
        .iter()
        .map(|row| Period {
            customer: number(&customers, row),
            start_us: row.at.as_microsecond(),
            end_us: end_us(plan.kind, row),
            price: price(row),
            currency_idx: currency(row)
                .map_or(0, |currency| position(&currencies, &&currency) as u32),
            key_idx: position(&keys, &&key(row)) as u32,
            is_member: row.passes(&plan.member, Context::PLAIN),
        })
        .collect();
    if plan.kind == RecordKind::Activity {
        gather(&mut periods, plan.slot_us());
        join(&mut periods, plan.joined_us);
    }
    periods.truncate(plan.periods_max + 1);
    Periods {
        periods,
        currencies,
        keys,
    }
}

/// Everybody that a row is about, in order: the position is the number.
fn customers<'a>(live: &[&'a Row]) -> BTreeSet<&'a String> {
    live.iter().filter_map(|row| row.unit()).collect()
}

fn number(customers: &BTreeSet<&String>, row: &Row) -> u64 {
    position(customers.iter().copied(), &row.unit().expect("a customer"))
}

pub(super) fn stances(live: &[&Row], plan: &StancePlan) -> Vec<Stance> {
    let customers = customers(live);
    let counts = |row: &&&Row| {
        let is_known = row.texts.contains_key("customer") && !row.flags.contains("anonymous");
        is_known && row.at < plan.to && row.passes(&plan.rows, Context::PLAIN)
    };
    let stance = |row: &&Row| {
        Some(Stance {
            customer: number(&customers, row),
            at_us: row.at.as_microsecond(),
            score: row.numbers.get("score").copied()?,
        })
    };
    let answers = live
        .iter()
        .filter(|row| is_of(RecordKind::Response, row))
        .filter(counts);
    answers
        .filter_map(stance)
        .take(plan.answers_max + 1)
        .collect()
}

fn position<T: PartialEq>(all: impl IntoIterator<Item = T>, one: &T) -> u64 {
    all.into_iter()
        .position(|other| other == *one)
        .expect("one of them") as u64
}

fn end_us(kind: RecordKind, row: &Row) -> Option<i64> {
    if kind == RecordKind::Activity {
        return Some(row.at.as_microsecond());
    }
    let end: Timestamp = row.texts.get("ended_at")?.parse().expect("a time");
    Some(end.as_microsecond())
}

#[expect(clippy::cast_possible_truncation, reason = "small prices of tests")]
fn price(row: &Row) -> i64 {
    let price = row.numbers.get("mrr").copied().unwrap_or_default();
    (price * 10_000.0).round() as i64
}

/// Puts activities together that say the same in one slot.
fn gather(periods: &mut Vec<Period>, slot_us: i64) {
    let slot = |one: &Period| {
        let said = (one.customer, one.key_idx, one.is_member);
        (said, one.start_us.div_euclid(slot_us))
    };
    periods.sort_unstable_by_key(|one| (slot(one), one.start_us));
    periods.dedup_by(|next, kept| {
        let is_one = slot(next) == slot(kept);
        if is_one {
            kept.end_us = next.end_us;
        }
        is_one
    });
}

/// Joins each activity to the one before it, if that is close and of the same value.
fn join(periods: &mut Vec<Period>, joined_us: i64) {
    periods.sort_unstable();
    periods.dedup_by(|next, kept| {
        let is_one = next.customer == kept.customer
            && (next.key_idx, next.is_member) == (kept.key_idx, kept.is_member)
            && next.start_us - kept.end_us.unwrap_or(kept.start_us) <= joined_us;
        if is_one {
            kept.end_us = next.end_us;
        }
        is_one
    });
}
