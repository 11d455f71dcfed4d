//! The triangle: who belongs to which month, and which cells there are.

use proptest::prelude::*;

use super::*;
use crate::kpi::Grain;
use crate::kpi::retention::testing::{at, calendar, ledger, period, us};
use crate::plan::Period;

fn months(from: &str, to: &str) -> Vec<Bucket> {
    calendar()
        .buckets(Grain::Month, at(from), at(to), 200)
        .expect("months")
}

/// The cohorts of January to March 2026 in Berlin, as known at `as_of`: size and who is there.
fn triangle(found: Vec<Period>, as_of: &str) -> Vec<(u64, Vec<u64>)> {
    let months = months("2025-12-31T23:00:00Z", "2026-12-31T23:00:00Z");
    let ledger = ledger(found, 0);
    let triangle = Triangle::new(ledger.customers(), &months, 3, us(as_of));
    let cohorts = triangle.cohorts.into_iter();
    cohorts.map(|cohort| (cohort.n, cohort.n_there)).collect()
}

const JAN: &str = "2026-01-10T00:00:00Z";
const FEB: &str = "2026-02-10T00:00:00Z";
const MAR: &str = "2026-03-10T00:00:00Z";
const APR: &str = "2026-04-10T00:00:00Z";

#[test]
fn customers_stay_in_the_month_they_came_in() {
    let found = vec![
        period(1, JAN, None, 1),
        period(2, JAN, Some(FEB), 1),
        // Gone before the end of the first month.
        period(3, JAN, Some("2026-01-20T00:00:00Z"), 1),
        // Away in February, back in March.
        period(4, JAN, Some(FEB), 1),
        period(4, MAR, None, 1),
        period(5, FEB, None, 1),
    ];
    let expected = vec![(4, vec![3, 1, 2]), (1, vec![1, 1]), (0, vec![0])];
    assert_eq!(triangle(found, "2026-04-15T00:00:00Z"), expected);
}

#[test]
fn a_month_that_is_not_over_has_no_cell() {
    let found = || vec![period(1, JAN, None, 1)];
    // March ends at 22:00 UTC in Berlin, two hours before the month does in UTC.
    let cells = |as_of| triangle(found(), as_of)[0].1.len();
    assert_eq!(cells("2026-03-31T21:59:59Z"), 2);
    assert_eq!(cells("2026-03-31T22:00:00Z"), 3);
    assert_eq!(cells("2026-01-31T22:59:59Z"), 0);
    assert_eq!(cells("2026-01-31T23:00:00Z"), 1);
}

#[test]
fn the_month_is_that_of_the_zone() {
    // The last hour of January in UTC is February in Berlin.
    let found = vec![period(1, "2026-01-31T23:00:00Z", None, 1)];
    let found = triangle(found, APR);
    assert_eq!((found[0].0, found[1].0), (0, 1));
}

#[test]
fn who_leaves_at_the_end_of_a_month_was_there() {
    let found = vec![
        period(1, JAN, Some("2026-01-31T23:00:00Z"), 1),
        period(2, JAN, Some("2026-01-31T22:59:59Z"), 1),
    ];
    assert_eq!(triangle(found, FEB)[0], (2, vec![1]));
}

#[test]
fn pooled_cohorts_are_weighted_and_leave_none_out() {
    let mut found: Vec<Period> = (1..=10)
        .map(|customer| period(customer, JAN, None, 1))
        .collect();
    // Nobody of the second cohort stays.
    found.extend((11..=12).map(|customer| period(customer, FEB, Some(MAR), 1)));
    let months = months(JAN, APR);
    let ledger = ledger(found, 0);
    let triangle = Triangle::new(ledger.customers(), &months, 3, us(APR));
    assert_eq!(triangle.pooled(0), Some(Pooled { n: 12, n_there: 12 }));
    assert_eq!(triangle.pooled(1), Some(Pooled { n: 12, n_there: 10 }));
    assert_eq!(triangle.pooled(2), Some(Pooled { n: 10, n_there: 10 }));
    assert_eq!(triangle.pooled(3), None);
    assert_eq!(triangle.n_ages(), 3);
}

#[test]
fn nobody_has_empty_cohorts() {
    assert_eq!(
        triangle(Vec::new(), FEB),
        [(0, vec![0]), (0, vec![]), (0, vec![])]
    );
}

proptest! {
    #[test]
    fn the_cells_of_a_month_are_everybody_there_who_came_in_the_months(
        found in prop::collection::vec((1_u64..20, 0_i64..90, 1_i64..90), 0..40),
        age in 0_usize..4,
    ) {
        let day = |day: i64| us("2026-01-01T00:00:00Z") + day * 86_400_000_000;
        let found: Vec<Period> = found
            .into_iter()
            .map(|(customer, start, length)| Period {
                start_us: day(start),
                end_us: (length < 80).then(|| day(start + length)),
                ..period(customer, JAN, None, 1)
            })
            .collect();
        let months = months("2026-01-01T00:00:00Z", "2026-06-30T00:00:00Z");
        let ledger = ledger(found, 0);
        let triangle = Triangle::new(ledger.customers(), &months, 4, us("2026-07-15T00:00:00Z"));
        // The diagonal of one calendar month sums to those who are there at its end and came by then.
        let end_us = months[age].end.as_microsecond();
        let diagonal: u64 = (0..=age).map(|idx| triangle.cohorts[idx].n_there[age - idx]).sum();
        let there = ledger.customers().filter(|customer| customer.is_there(end_us)).count();
        prop_assert_eq!(diagonal, there as u64);
        for cohort in &triangle.cohorts {
            prop_assert!(cohort.n_there.iter().all(|n_there| *n_there <= cohort.n));
        }
    }
}
