//! What makes a spell, and who is there at which instant.

use proptest::prelude::*;

use super::*;
use crate::kpi::retention::testing::{at, ledger, period, periods, settings, us};

/// Spells of one customer as `start..end` with days of June 2026 in UTC.
fn check(found: &[(&str, Option<&str>)], grace_days: u32, expected: &[(&str, Option<&str>)]) {
    let all = found
        .iter()
        .map(|(start, end)| period(1, start, *end, 10))
        .collect();
    let ledger = ledger(all, grace_days);
    let spells: Vec<Spell> = ledger
        .customers()
        .flat_map(|customer| customer.spells.to_vec())
        .collect();
    let expected: Vec<Spell> = expected
        .iter()
        .map(|(start, end)| Spell {
            start_us: us(start),
            end_us: end.map(us),
        })
        .collect();
    assert_eq!(spells, expected, "{found:?}, {grace_days} days of grace");
}

const MAR: &str = "2026-03-01T00:00:00Z";
const JUN: &str = "2026-06-01T00:00:00Z";
const JUL: &str = "2026-07-01T00:00:00Z";
const AUG: &str = "2026-08-01T00:00:00Z";
const SEP: &str = "2026-09-01T00:00:00Z";

#[test]
fn periods_that_touch_or_overlap_are_one_spell() {
    check(
        &[(JUN, Some(JUL)), (JUL, Some(AUG))],
        0,
        &[(JUN, Some(AUG))],
    );
    check(
        &[(JUN, Some(AUG)), (JUL, Some(SEP))],
        0,
        &[(JUN, Some(SEP))],
    );
    check(
        &[(JUN, Some(SEP)), (JUL, Some(AUG))],
        0,
        &[(JUN, Some(SEP))],
    );
    check(&[(JUN, None), (JUL, Some(AUG))], 0, &[(JUN, None)]);
    check(&[(JUN, Some(JUL)), (JUL, None)], 0, &[(JUN, None)]);
    check(&[(JUN, None), (JUN, None)], 0, &[(JUN, None)]);
}

#[test]
fn a_gap_ends_a_spell() {
    let late = "2026-07-01T00:00:00.000001Z";
    check(
        &[(JUN, Some(JUL)), (late, None)],
        0,
        &[(JUN, Some(JUL)), (late, None)],
    );
}

#[test]
fn a_period_of_no_time_is_none() {
    check(&[(JUN, Some(JUN))], 0, &[]);
    check(&[(JUL, Some(JUN))], 0, &[]);
}

#[test]
fn grace_bridges_gaps_of_civil_days() {
    let back = "2026-07-08T00:00:00Z";
    let later = "2026-07-08T00:00:00.000001Z";
    check(&[(JUN, Some(JUL)), (back, None)], 7, &[(JUN, None)]);
    check(
        &[(JUN, Some(JUL)), (later, None)],
        7,
        &[(JUN, Some(JUL)), (later, None)],
    );
    check(
        &[(JUN, Some(JUL)), (back, None)],
        6,
        &[(JUN, Some(JUL)), (back, None)],
    );
}

#[test]
fn the_day_on_which_clocks_change_is_a_day() {
    // 29 March 2026 has 23 hours in Berlin, 25 October has 25.
    let (evening, next) = ("2026-03-28T22:00:00Z", "2026-03-29T21:00:00Z");
    check(&[(MAR, Some(evening)), (next, None)], 1, &[(MAR, None)]);
    let hour_more = "2026-03-29T22:00:00Z";
    check(
        &[(MAR, Some(evening)), (hour_more, None)],
        1,
        &[(MAR, Some(evening)), (hour_more, None)],
    );
    let (evening, next) = ("2026-10-24T21:00:00Z", "2026-10-25T22:00:00Z");
    check(&[(JUN, Some(evening)), (next, None)], 1, &[(JUN, None)]);
}

#[test]
fn an_activity_lasts_its_window() {
    let settings = settings();
    let one = period(1, "2026-03-28T12:00:00Z", Some("2026-03-28T12:00:00Z"), 0);
    let joining = Joining {
        zone: &settings.timezone,
        lasting_days: 90,
        grace_days: 0,
        is_by_key: false,
    };
    let ledger = Ledger::new(&periods(vec![one]), joining);
    let customer = ledger.customers().next().expect("one");
    // Ninety civil days, one of them an hour short.
    assert_eq!(customer.spells[0].end_us, Some(us("2026-06-26T11:00:00Z")));
    assert!(customer.is_there(us("2026-06-26T11:00:00Z")));
    assert!(!customer.is_there(us("2026-06-26T11:00:00.000001Z")));
    assert!(!customer.is_there(us("2026-03-28T12:00:00Z")));
    assert!(customer.is_there(us("2026-03-28T12:00:00.000001Z")));
}

#[test]
fn an_instant_is_just_before_itself() {
    let ledger = ledger(vec![period(1, JUN, Some(JUL), 10)], 0);
    let customer = ledger.customers().next().expect("one");
    assert!(!customer.is_there(us(JUN)));
    assert!(customer.is_there(us(JUN) + 1));
    assert!(customer.is_there(us(JUL)));
    assert!(!customer.is_there(us(JUL) + 1));
    assert_eq!(customer.first_us(), us(JUN));
}

#[test]
fn the_period_that_began_last_says_what_a_customer_is() {
    let keyed = |key_idx, one: Period| Period { key_idx, ..one };
    let ledger = ledger(
        vec![
            keyed(0, period(1, JUN, None, 10)),
            keyed(1, period(1, JUL, Some(AUG), 5)),
        ],
        0,
    );
    let customer = ledger.customers().next().expect("one");
    let key = |at: &str| customer.period(us(at)).map(|period| period.key_idx);
    assert_eq!(key(JUN), None);
    assert_eq!(key(JUL), Some(0));
    assert_eq!(key(AUG), Some(1));
    assert_eq!(key(SEP), Some(0));
}

#[test]
fn after_its_end_a_customer_is_what_it_was_last() {
    let keyed = |key_idx, one: Period| Period { key_idx, ..one };
    let ledger = ledger(
        vec![
            keyed(0, period(1, JUN, Some(AUG), 10)),
            keyed(1, period(1, JUL, Some("2026-07-02T00:00:00Z"), 5)),
        ],
        0,
    );
    let customer = ledger.customers().next().expect("one");
    assert_eq!(
        customer.period(us(SEP)).map(|period| period.key_idx),
        Some(0)
    );
}

fn paid(found: Vec<Period>, grace_days: u32, at: &str) -> i64 {
    let ledger = ledger(found, grace_days);
    let prices = ledger
        .customers()
        .flat_map(|customer| customer.priced(us(at)).map(|period| period.price))
        .sum::<i64>();
    prices / 10_000
}

#[test]
fn what_is_paid_is_the_sum_of_what_is_in_force() {
    let all = || {
        vec![
            period(1, JUN, Some(AUG), 10),
            period(1, JUL, None, 5),
            period(2, JUL, Some(AUG), 100),
        ]
    };
    assert_eq!(paid(all(), 0, JUN), 0);
    assert_eq!(paid(all(), 0, JUL), 10);
    assert_eq!(paid(all(), 0, AUG), 115);
    assert_eq!(paid(all(), 0, SEP), 5);
}

#[test]
fn the_price_before_a_gap_that_is_none_goes_on() {
    let all = || {
        vec![
            period(1, MAR, Some("2026-04-01T00:00:00Z"), 7),
            period(1, JUN, Some(JUL), 10),
            period(1, JUN, Some(JUL), 4),
            period(1, "2026-07-05T00:00:00Z", None, 20),
        ]
    };
    let inside = "2026-07-03T00:00:00Z";
    assert_eq!(paid(all(), 7, inside), 14);
    assert_eq!(paid(all(), 0, inside), 0);
    assert_eq!(paid(all(), 7, "2026-05-01T00:00:00Z"), 0);
}

#[test]
fn customers_of_each_value_can_be_apart() {
    let settings = settings();
    let mut found = periods(vec![period(1, JUN, None, 1), period(1, JUN, None, 2)]);
    found.periods[1].key_idx = 1;
    let joining = Joining {
        zone: &settings.timezone,
        lasting_days: 0,
        grace_days: 0,
        is_by_key: true,
    };
    assert_eq!(Ledger::new(&found, joining).customers().count(), 2);
    let joined = Joining {
        is_by_key: false,
        ..joining
    };
    assert_eq!(Ledger::new(&found, joined).customers().count(), 1);
}

#[test]
fn the_next_turn_is_the_next_start_or_end() {
    let ledger = ledger(
        vec![period(1, JUN, Some(AUG), 1), period(2, SEP, None, 1)],
        0,
    );
    assert_eq!(ledger.next_turn_us(us(JUN)), Some(us(AUG)));
    assert_eq!(ledger.next_turn_us(us(AUG)), Some(us(SEP)));
    assert_eq!(ledger.next_turn_us(us(SEP)), None);
}

/// Periods of a few customers in whole days, as (customer, first day, length).
fn some_periods() -> impl Strategy<Value = Vec<Period>> {
    let one =
        (1_u64..5, 0_i64..120, 0_i64..50, 0_i64..9).prop_map(|(customer, day, length, price)| {
            let start_us = at(MAR).as_microsecond() + day * DAY_US;
            Period {
                customer,
                start_us,
                // The longest last.
                end_us: (length < 45).then_some(start_us + length * DAY_US),
                price,
                currency_idx: 0,
                key_idx: 0,
                is_member: true,
            }
        });
    prop::collection::vec(one, 0..30)
}

proptest! {
    #[test]
    fn spells_hold_exactly_where_a_period_does(found in some_periods(), day in 0_i64..200) {
        let at_us = us(MAR) + day * DAY_US;
        let ledger = ledger(found.clone(), 0);
        let n_there = ledger.customers().filter(|customer| customer.is_there(at_us)).count();
        let holds = |period: &Period| holds_before(period.start_us, period.end_us, at_us);
        let wanted: std::collections::BTreeSet<u64> =
            found.iter().filter(|period| holds(period)).map(|period| period.customer).collect();
        prop_assert_eq!(n_there, wanted.len());
    }

    #[test]
    fn spells_are_disjoint_and_in_order(found in some_periods(), grace_days in 0_u32..9) {
        for customer in ledger(found, grace_days).customers() {
            for pair in customer.spells.windows(2) {
                prop_assert!(pair[0].end_us.is_some_and(|end_us| end_us < pair[1].start_us));
            }
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter(found in some_periods(), grace_days in 0_u32..9) {
        let turned: Vec<Period> = found.iter().rev().copied().collect();
        let (one, other) = (ledger(found, grace_days), ledger(turned, grace_days));
        prop_assert_eq!(one.spells, other.spells);
        prop_assert_eq!(one.periods, other.periods);
    }

    #[test]
    fn grace_only_ever_joins(found in some_periods(), grace_days in 1_u32..20) {
        let (strict, kind) = (ledger(found.clone(), 0), ledger(found, grace_days));
        prop_assert!(kind.spells.len() <= strict.spells.len());
        prop_assert_eq!(kind.customers.len(), strict.customers.len());
    }
}
