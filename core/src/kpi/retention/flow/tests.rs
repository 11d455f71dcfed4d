//! Counts and money of one period: what is churn and what is not, and that everything adds up.

use proptest::prelude::*;

use super::*;
use crate::kpi::retention::testing::{ledger, period, span, us};

impl Flow {
    /// Adds the customers of another flow over the same period.
    fn merge(&mut self, other: &Self) {
        let counts = [
            (&mut self.n_start, other.n_start),
            (&mut self.n_lost, other.n_lost),
            (&mut self.n_new, other.n_new),
            (&mut self.n_back, other.n_back),
            (&mut self.n_passing, other.n_passing),
            (&mut self.n_expanded, other.n_expanded),
            (&mut self.n_contracted, other.n_contracted),
        ];
        for (count, more) in counts {
            *count += more;
        }
        let sums = [
            (&mut self.start, other.start),
            (&mut self.expansion, other.expansion),
            (&mut self.contraction, other.contraction),
            (&mut self.churned, other.churned),
            (&mut self.new, other.new),
            (&mut self.back, other.back),
        ];
        for (sum, more) in sums {
            *sum += more;
        }
        for (sum, more) in self.squares.iter_mut().zip(other.squares) {
            *sum += more;
        }
    }
}

const MAY: &str = "2026-05-01T00:00:00Z";
const JUN: &str = "2026-06-01T00:00:00Z";
const MID: &str = "2026-06-15T00:00:00Z";
const LATE: &str = "2026-06-20T00:00:00Z";
const JUL: &str = "2026-07-01T00:00:00Z";

fn june(found: Vec<Period>, grace_days: u32) -> Flow {
    over(&ledger(found, grace_days), span(JUN, JUL))
}

fn over(ledger: &Ledger, span: Span) -> Flow {
    let flows = Flow::over(ledger, &[span], &mut [Rates::none()], 1, |_| Some(0));
    flows[0][0]
}

/// What one customer's periods, as (start, end), become in June.
fn check(found: &[(&str, Option<&str>)], grace_days: u32, expected: Option<Passage>) {
    let all = found
        .iter()
        .map(|(start, end)| period(1, start, *end, 10))
        .collect();
    let ledger = ledger(all, grace_days);
    let passage = ledger
        .customers()
        .next()
        .and_then(|customer| customer.passage(us(JUN), us(JUL)));
    assert_eq!(passage, expected, "{found:?}, {grace_days} days of grace");
}

#[test]
fn every_way_through_a_period_has_its_name() {
    check(&[(MAY, None)], 0, Some(Passage::Kept));
    check(&[(MAY, Some(MID))], 0, Some(Passage::Lost));
    check(&[(MID, None)], 0, Some(Passage::New));
    check(&[(MAY, Some(MAY)), (MID, None)], 0, Some(Passage::New));
    check(
        &[(MAY, Some("2026-05-09T00:00:00Z")), (MID, None)],
        0,
        Some(Passage::Back),
    );
    check(&[(MID, Some(LATE))], 0, Some(Passage::Passing));
    check(&[(MAY, Some("2026-05-09T00:00:00Z"))], 0, None);
    check(&[(JUL, None)], 0, None);
}

#[test]
fn a_plan_change_at_an_instant_is_no_churn() {
    check(&[(MAY, Some(MID)), (MID, None)], 0, Some(Passage::Kept));
    check(&[(MAY, Some(JUN)), (JUN, None)], 0, Some(Passage::Kept));
    check(&[(MAY, Some(JUL)), (JUL, None)], 0, Some(Passage::Kept));
}

#[test]
fn a_boundary_belongs_to_the_period_that_it_begins() {
    // An end exactly at a boundary is the loss of the period that begins there.
    check(&[(MAY, Some(JUN))], 0, Some(Passage::Lost));
    check(&[(MAY, Some(JUL))], 0, Some(Passage::Kept));
    // A start exactly at a boundary is new in the period that begins there.
    check(&[(JUN, None)], 0, Some(Passage::New));
    check(&[(JUN, Some(JUL))], 0, Some(Passage::New));
    check(&[(MAY, Some("2026-05-31T23:59:59.999999Z"))], 0, None);
}

#[test]
fn a_pause_inside_a_period_is_no_churn_and_one_over_its_end_is() {
    check(&[(MAY, Some(MID)), (LATE, None)], 0, Some(Passage::Kept));
    check(
        &[(MAY, Some(LATE)), ("2026-07-03T00:00:00Z", None)],
        0,
        Some(Passage::Lost),
    );
    check(
        &[(MAY, Some(LATE)), ("2026-07-03T00:00:00Z", None)],
        14,
        Some(Passage::Kept),
    );
}

#[test]
fn nobody_has_no_rate() {
    let nobody = june(Vec::new(), 0);
    assert_eq!(nobody, Flow::default());
    assert_eq!(
        (nobody.crr(), nobody.churn(), nobody.grr(), nobody.nrr()),
        (None, None, None, None)
    );
    let new = june(vec![period(1, MID, None, 10)], 0);
    assert_eq!((new.crr(), new.grr(), new.n_new), (None, None, 1));
}

#[test]
fn one_customer_leaves_doubt() {
    let one = june(vec![period(1, MAY, None, 10)], 0);
    let crr = one.crr().expect("one");
    assert_eq!((crr.value, crr.high), (100.0, 100.0));
    assert!((crr.low - 20.654_931_437_723_745).abs() < 1e-9, "{crr:?}");
    let nrr = one.nrr().expect("one");
    assert!(nrr.low < 100.0 && nrr.high >= 100.0, "{nrr:?}");
}

#[test]
fn customers_who_pay_nothing_count_as_customers_only() {
    let free = june(vec![period(1, MAY, None, 0)], 0);
    assert!(free.crr().is_some());
    assert_eq!((free.grr(), free.nrr()), (None, None));
}

fn bridge_of_everything() -> Flow {
    june(
        vec![
            // Stays at 100.
            period(1, MAY, None, 100),
            // Grows from 50 to 80.
            period(2, MAY, Some(MID), 50),
            period(2, MID, None, 80),
            // Shrinks from 70 to 30.
            period(3, MAY, Some(MID), 70),
            period(3, MID, None, 30),
            // Leaves with 40.
            period(4, MAY, Some(MID), 40),
            // Comes with 25.
            period(5, MID, None, 25),
            // Comes back with 15.
            period(6, "2025-01-01T00:00:00Z", Some("2025-02-01T00:00:00Z"), 90),
            period(6, MID, None, 15),
            // Comes and goes.
            period(7, MID, Some(LATE), 500),
        ],
        0,
    )
}

#[test]
fn the_bridge_leads_from_the_start_to_the_end() {
    let flow = bridge_of_everything();
    let units = |ten_thousandths: i128| ten_thousandths / 10_000;
    assert_eq!(
        [flow.start, flow.expansion, flow.contraction, flow.churned].map(units),
        [260, 30, 40, 40]
    );
    assert_eq!(
        [flow.kept(), flow.new, flow.back, flow.end()].map(units),
        [210, 25, 15, 250]
    );
    assert_eq!(
        (
            flow.n_start,
            flow.n_lost,
            flow.n_new,
            flow.n_back,
            flow.n_passing,
            flow.n_end()
        ),
        (4, 1, 1, 1, 1, 5)
    );
    assert_eq!((flow.n_expanded, flow.n_contracted), (1, 1));
    let rate = |rate: Option<Rate>| rate.expect("customers").value;
    assert!((rate(flow.crr()) - 75.0).abs() < 1e-12);
    assert!((rate(flow.churn()) - 25.0).abs() < 1e-12);
    // min(100,100) + min(50,80) + min(70,30) + 0 of 260; one customer's growth hides nothing.
    assert!((rate(flow.grr()) - 100.0 * 180.0 / 260.0).abs() < 1e-12);
    assert!((rate(flow.nrr()) - 100.0 * 210.0 / 260.0).abs() < 1e-12);
}

#[test]
fn a_few_large_payers_make_a_share_less_certain() {
    let equal = (1..=20).map(|customer| period(customer, MAY, None, 100));
    let mut skewed: Vec<Period> = equal.clone().collect();
    skewed[0].price *= 50;
    let width = |found: Vec<Period>| {
        let grr = june(found, 0).grr().expect("customers");
        grr.high - grr.low
    };
    let equal: Vec<Period> = equal.collect();
    let crr = june(equal.clone(), 0).crr().expect("customers");
    assert!((width(equal) - (crr.high - crr.low)).abs() < 1e-9);
    assert!(width(skewed) > 2.0 * (crr.high - crr.low));
}

#[test]
fn each_customer_goes_to_the_flow_of_what_it_was() {
    let keyed = |key_idx, one: Period| Period { key_idx, ..one };
    let ledger = ledger(
        vec![
            // Moves from 0 to 1 in June: a customer of 0 that stayed.
            keyed(0, period(1, MAY, Some(MID), 10)),
            keyed(1, period(1, MID, None, 10)),
            keyed(1, period(2, MAY, Some(MID), 10)),
            keyed(0, period(3, MID, None, 10)),
            // Nobody's.
            keyed(2, period(4, MAY, None, 10)),
        ],
        0,
    );
    let slot = |period: &Period| Some(period.key_idx as usize);
    let june = [span(JUN, JUL)];
    let flows = Flow::over(&ledger, &june, &mut [Rates::none()], 2, slot).remove(0);
    assert_eq!(
        (flows[0].n_start, flows[0].n_lost, flows[0].n_new),
        (1, 0, 1)
    );
    assert_eq!(
        (flows[1].n_start, flows[1].n_lost, flows[1].n_new),
        (1, 1, 0)
    );
}

/// Periods of customers over half a year, in days, with prices in ten-thousandths.
fn some_periods() -> impl Strategy<Value = Vec<Period>> {
    let one = (
        1_u64..40,
        0_i64..180,
        1_i64..120,
        0_i64..5_000_000,
        0_u32..4,
    );
    let one = one.prop_map(|(customer, day, length, price, key_idx)| {
        let start_us = us("2026-03-01T00:00:00Z") + day * 86_400_000_000;
        Period {
            customer,
            start_us,
            end_us: (length < 100).then_some(start_us + length * 86_400_000_000),
            price,
            currency_idx: 0,
            key_idx,
            is_member: true,
        }
    });
    prop::collection::vec(one, 0..80)
}

proptest! {
    #[test]
    fn every_customer_is_in_one_class(found in some_periods(), grace_days in 0_u32..9) {
        let ledger = ledger(found, grace_days);
        let flow = over(&ledger, span(JUN, JUL));
        let there = |at: &str| {
            ledger.customers().filter(|customer| customer.is_there(us(at))).count() as u64
        };
        prop_assert_eq!(flow.n_start, there(JUN));
        prop_assert_eq!(flow.n_end(), there(JUL));
    }

    #[test]
    fn the_bridge_adds_up_exactly(found in some_periods(), grace_days in 0_u32..9) {
        let ledger = ledger(found, grace_days);
        let (june, july) = (
            over(&ledger, span(JUN, JUL)),
            over(&ledger, span(JUL, "2026-08-01T00:00:00Z")),
        );
        // What June leaves is what July begins with.
        prop_assert_eq!(june.end(), july.start);
        prop_assert_eq!(june.n_end(), july.n_start);
        if let Some(nrr) = june.nrr() {
            let kept = nrr.value / 100.0 * amount(june.start);
            prop_assert!((kept - amount(june.kept())).abs() <= 1e-6 * amount(june.start).max(1.0));
        }
    }

    #[test]
    fn groups_pool_to_the_whole(found in some_periods()) {
        let ledger = ledger(found, 0);
        let slot = |period: &Period| Some(period.key_idx as usize);
        let june = [span(JUN, JUL)];
        let groups = Flow::over(&ledger, &june, &mut [Rates::none()], 4, slot).remove(0);
        let mut pooled = Flow::default();
        for group in &groups {
            pooled.merge(group);
        }
        let whole = over(&ledger, span(JUN, JUL));
        // Sums of squares are added in another order.
        let close = |one: f64, other: f64| (one - other).abs() <= 1e-9 * one.abs().max(1.0);
        prop_assert!(pooled.squares.iter().zip(whole.squares).all(|(a, b)| close(*a, b)));
        pooled.squares = whole.squares;
        prop_assert_eq!(pooled, whole);
    }

    #[test]
    fn rates_lie_in_their_intervals_and_grr_below_one(found in some_periods()) {
        let flow = june(found, 0);
        for rate in [flow.crr(), flow.churn(), flow.grr(), flow.nrr()].into_iter().flatten() {
            prop_assert!(rate.low <= rate.value && rate.value <= rate.high, "{:?}", rate);
            prop_assert!(rate.low < rate.high, "no doubt left: {:?}", rate);
            prop_assert!(rate.low >= 0.0);
        }
        if let (Some(grr), Some(nrr)) = (flow.grr(), flow.nrr()) {
            prop_assert!(grr.value <= 100.0 && grr.high <= 100.0);
            prop_assert!(grr.value <= nrr.value + 1e-9);
        }
        if let (Some(crr), Some(churn)) = (flow.crr(), flow.churn()) {
            prop_assert!((crr.value + churn.value - 100.0).abs() < 1e-9);
            prop_assert!((crr.low + churn.high - 100.0).abs() < 1e-9);
        }
    }

    #[test]
    fn many_periods_at_once_are_each_alone(
        found in some_periods(),
        grace_days in 0_u32..9,
        days in 1_i64..40,
    ) {
        let ledger = ledger(found, grace_days);
        let start = us("2026-02-20T00:00:00Z");
        let at = |idx: i64| {
            jiff::Timestamp::from_microsecond(start + idx * days * 86_400_000_000).expect("in range")
        };
        let spans: Vec<Span> = (0..12)
            .map(|idx| Span { start: at(idx), end: at(idx + 1) })
            .collect();
        let mut rates: Vec<Rates<'_>> = spans.iter().map(|_| Rates::none()).collect();
        let slot = |period: &Period| Some(period.key_idx as usize);
        let together = Flow::over(&ledger, &spans, &mut rates, 4, slot);
        for (one, flows) in spans.iter().zip(together) {
            let mut alone = vec![Flow::default(); 4];
            let (from_us, to_us) = (one.start.as_microsecond(), one.end.as_microsecond());
            for customer in ledger.customers() {
                let Some(passage) = customer.passage(from_us, to_us) else { continue };
                let said_us = if passage.is_of_start() { from_us } else { to_us };
                let flow = customer.period(said_us).expect("there").key_idx as usize;
                let paid = [from_us, to_us].map(|at_us| Rates::none().sum(customer.priced(at_us)));
                alone[flow].add(passage, paid);
            }
            prop_assert_eq!(flows, alone);
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter(found in some_periods()) {
        let turned: Vec<Period> = found.iter().rev().copied().collect();
        prop_assert_eq!(june(found, 3), june(turned, 3));
    }
}
