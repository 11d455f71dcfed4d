//! Shifts of known series, and the two stages.

use proptest::prelude::*;

use super::*;
use crate::series::testing::{NILE, always, noise, values};
use crate::statistic::Draws;

fn event(position: usize, name: &str) -> Event {
    Event {
        position,
        name: name.to_owned(),
    }
}

/// A level of 50 that is 40 from the thirteenth point on, with a little unrest.
fn step() -> Vec<Point> {
    let level = |at: usize| if at < 12 { 50.0 } else { 40.0 };
    values(
        &(0..24)
            .map(|at| level(at) + real(at % 3))
            .collect::<Vec<_>>(),
    )
}

#[test]
fn the_nile_shifted_in_1899() {
    let found = shifts(&values(&NILE), &|_, _| None, &[]);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].position, found[0].last_before), (28, 27));
    assert!((found[0].size - (849.972_222_222_222_2 - 1_097.75)).abs() < 1e-9);
    assert_eq!((found[0].p, found[0].is_confirmed), (None, false));
}

#[test]
fn the_answers_confirm_a_shift_at_99_percent() {
    let is_confirmed = |p| shifts(&step(), &*always(p), &[])[0].is_confirmed;
    assert!(is_confirmed(0.009) && !is_confirmed(0.01));
    let shift = &shifts(&step(), &*always(0.009), &[])[0];
    assert_eq!((shift.size, shift.p), (1.0, Some(0.009)));
}

#[test]
fn the_test_is_asked_of_all_buckets_of_both_levels() {
    let mut points = step();
    for gap in [0, 11, 12, 23] {
        points[gap].n = 1;
    }
    let asked = std::cell::RefCell::new(Vec::new());
    let test = |before: Range<usize>, after: Range<usize>| {
        asked.borrow_mut().push((before, after));
        None
    };
    let found = shifts(&points, &test, &[]);
    assert_eq!(asked.into_inner(), [(1..11, 13..23)]);
    assert_eq!((found[0].last_before, found[0].position), (10, 13));
}

#[test]
fn events_from_the_bucket_before_to_the_one_after_are_named_nearest_first() {
    let events = [
        event(10, "too early"),
        event(11, "late in the old level"),
        event(12, "in the first of the new"),
        event(13, "a bucket later"),
        event(14, "too late"),
    ];
    let found = shifts(&step(), &*always(0.0), &events);
    let expected = [
        "in the first of the new",
        "late in the old level",
        "a bucket later",
    ];
    assert_eq!(found[0].events, expected);
    let many: Vec<Event> = (0..9).map(|_| event(12, "release")).collect();
    assert_eq!(
        shifts(&step(), &*always(0.0), &many)[0].events.len(),
        EVENTS_MAX
    );
}

#[test]
fn events_in_the_gap_before_a_shift_are_named() {
    let mut points = step();
    for point in &mut points[9..12] {
        point.value = None;
    }
    let found = shifts(
        &points,
        &*always(0.0),
        &[event(9, "in the gap"), event(7, "before it")],
    );
    assert_eq!(found[0].events, ["in the gap"]);
}

#[test]
fn what_never_moves_and_what_is_too_short_has_no_shift() {
    for n in [0, 1, 11, 12, 100] {
        assert_eq!(shifts(&values(&vec![7.0; n]), &*always(0.0), &[]), []);
    }
    assert_eq!(shifts(&step()[7..18], &*always(0.0), &[]), []);
    assert_eq!(shifts(&step()[6..18], &*always(0.0), &[]).len(), 1);
}

fn means(levels: &[(f64, f64, u64)]) -> Vec<Point> {
    let point = |(value, deviation, n): &(f64, f64, u64)| Point {
        label: String::new(),
        value: Some(*value),
        n: *n,
        answers: Answers::Spread {
            deviation: *deviation,
        },
    };
    levels.iter().map(point).collect()
}

#[test]
fn welch_pools_the_answers_of_buckets() {
    // 1, 3, 3 | 4, 4, 4, 5, 5, 5, 5 against twenty lower answers: as of all answers at once.
    let points = means(&[
        (7.0 / 3.0, (4.0_f64 / 3.0).sqrt(), 3),
        (32.0 / 7.0, (2.0_f64 / 7.0).sqrt(), 7),
        (2.5, (27.0_f64 / 19.0).sqrt(), 20),
    ]);
    let found = welch(&points, 2..3, 0..2).expect("a test");
    assert!((found.value - 1.4).abs() < 1e-9, "{found:?}");
    assert!(
        (found.p - 0.010_476_902_270_635_535).abs() < 1e-9,
        "{found:?}"
    );
}

#[test]
fn welch_of_the_nile_is_that_of_every_statistics_package() {
    // Every year is one answer.
    let points = means(&NILE.map(|flow| (flow, 0.0, 1)));
    let found = welch(&points, 0..28, 28..100).expect("a test");
    assert!(
        (found.p / 7.307_856_756_725_654e-11 - 1.0).abs() < 1e-6,
        "{found:?}"
    );
}

#[test]
fn welch_needs_a_spread_and_two_answers() {
    assert_eq!(welch(&values(&NILE), 0..28, 28..100), None);
    assert_eq!(
        welch(&means(&[(1.0, 0.0, 1), (2.0, 1.0, 9)]), 0..1, 1..2),
        None
    );
    assert_eq!(welch(&[], 0..1, 1..2), None);
    let same = welch(&means(&[(3.0, 0.0, 9), (3.0, 0.0, 9)]), 0..1, 1..2);
    assert_eq!(same, Some(Difference { value: 0.0, p: 1.0 }));
}

proptest! {
    #[test]
    fn level_and_scale_move_no_shift(
        seed in 0_u64..10_000, n in 12_usize..80, level in -500.0_f64..500.0, scale in 0.1_f64..50.0,
    ) {
        let mut plain = noise(&mut Draws::new(seed), n, 0.3);
        for value in &mut plain[n / 2..] {
            *value += 2.5;
        }
        let moved: Vec<f64> = plain.iter().map(|x| level + scale * x).collect();
        let one = shifts(&values(&plain), &|_, _| None, &[]);
        let other = shifts(&values(&moved), &|_, _| None, &[]);
        prop_assert_eq!(one.len(), other.len());
        for (one, other) in one.iter().zip(&other) {
            prop_assert_eq!(one.position, other.position);
            prop_assert!((one.size * scale - other.size).abs() < 1e-6);
        }
        prop_assert!(one.windows(2).all(|two| two[1].position - two[0].position >= LEVEL_POINTS_MIN));
    }
}

#[test]
fn a_slope_is_steady_and_a_step_is_not() {
    let unrest = noise(&mut Draws::new(9), 40, 0.0);
    let slope: Vec<f64> = (0..40).map(|at| 0.5 * real(at) + unrest[at]).collect();
    let step: Vec<f64> = (0..40)
        .map(|at| if at < 20 { 0.0 } else { 2.0 } + unrest[at])
        .collect();
    let flat: Vec<f64> = unrest;
    let steady = |series: &[f64]| {
        let points = values(series);
        let trend = crate::series::trend(&points, &crate::series::Context::default());
        let shifts = shifts(&points, &*always(0.0), &[]);
        (
            trend.is_told(),
            !shifts.is_empty(),
            is_steady(&points, &trend, &shifts),
        )
    };
    assert_eq!(steady(&slope), (true, true, true));
    assert_eq!(steady(&step), (true, true, false));
    assert_eq!(steady(&flat), (false, false, false));
}
