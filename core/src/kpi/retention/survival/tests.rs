//! The curve against independently computed ones, and what it refuses to say.

use proptest::prelude::*;

use super::*;

/// Lives as (days, whether it ended), under observation from the start.
fn lives(all: &[(i32, bool)]) -> Vec<Life> {
    all.iter()
        .map(|(days, is_ended)| Life {
            entry: -1,
            days: *days,
            is_ended: *is_ended,
        })
        .collect()
}

fn treated() -> Vec<Life> {
    let ended = [5, 6, 6, 7, 10, 13, 16, 22, 23].map(|days| (days, true));
    let seen = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35].map(|days| (days, false));
    lives(&[&ended[..], &seen].concat())
}

fn untreated() -> Vec<Life> {
    let ended = [
        1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23,
    ];
    lives(&ended.map(|days| (days, true)))
}

fn check(curve: &Curve, expected: &[(i32, f64, f64, f64)]) {
    let found: Vec<i32> = curve.steps.iter().map(|step| step.day).collect();
    let days: Vec<i32> = expected.iter().map(|(day, ..)| *day).collect();
    assert_eq!(found, days);
    for (day, share, low, high) in expected {
        let found = curve.at(*day).expect("at risk");
        let (found_low, found_high) = found.band.expect("a band");
        let is_close = |one: f64, other: f64| (one - other).abs() < 1e-6;
        assert!(
            is_close(found.share, *share)
                && is_close(found_low, *low)
                && is_close(found_high, *high),
            "day {day}: {found:?}"
        );
    }
}

#[test]
fn the_curve_and_its_band_are_those_of_an_independent_program() {
    let curve = Curve::new(&treated());
    check(
        &curve,
        &[
            (5, 0.952_381, 0.707_207, 0.993_152),
            (6, 0.857_143, 0.619_718, 0.951_552),
            (7, 0.806_723, 0.563_147, 0.922_809),
            (10, 0.752_941, 0.503_200, 0.889_362),
            (13, 0.690_196, 0.431_610, 0.849_066),
            (16, 0.627_451, 0.367_511, 0.804_912),
            (22, 0.537_815, 0.267_779, 0.746_791),
            (23, 0.448_179, 0.188_052, 0.680_143),
        ],
    );
    assert_eq!((curve.n, curve.n_ended, curve.median()), (21, 9, Some(23)));
    let mean = curve.mean_of_first(20).expect("at risk");
    assert!((mean - 16.068_907_563_025_206).abs() < 1e-9, "{mean}");
}

/// Days and days of entry that differ, so that the number at risk rises and falls.
fn late() -> Vec<Life> {
    [
        (0, 4, true),
        (2, 6, true),
        (3, 8, false),
        (-1, 8, true),
        (1, 9, true),
        (5, 9, false),
        (4, 12, true),
        (6, 12, true),
        (2, 14, false),
        (-1, 15, true),
        (7, 15, false),
        (9, 18, true),
        (3, 20, false),
        (10, 20, false),
    ]
    .map(|(entry, days, is_ended)| Life {
        entry,
        days,
        is_ended,
    })
    .to_vec()
}

#[test]
fn who_comes_late_is_at_risk_late() {
    let curve = Curve::new(&late());
    check(
        &curve,
        &[
            (4, 0.875, 0.387, 0.981_393),
            (6, 0.777_778, 0.364_751, 0.939_296),
            (8, 0.7, 0.328_717, 0.891_949),
            (9, 0.612_5, 0.269_035, 0.832_743),
            (12, 0.459_375, 0.175_173, 0.706_545),
            (15, 0.367_5, 0.116_518, 0.627_420),
        ],
    );
    // Who enters on a day is at risk from the next one on.
    let at_risk = [0, 1, 4, 5, 12, 15, 18].map(|day| curve.n_at_risk(day));
    assert_eq!(at_risk, [2, 3, 8, 8, 8, 5, 3]);
    assert_eq!(curve.last_day, Some(15));
    assert_eq!(curve.at(16), None);
}

#[test]
fn ignoring_late_entry_overstates() {
    let ignored: Vec<Life> = late()
        .into_iter()
        .map(|life| Life { entry: -1, ..life })
        .collect();
    let share = |lives: &[Life]| Curve::new(lives).at(12).expect("at risk").share;
    assert!(share(&ignored) > share(&late()) + 0.05);
}

#[test]
fn nobody_has_no_curve() {
    let curve = Curve::new(&[]);
    assert_eq!((curve.n, curve.at(0), curve.median()), (0, None, None));
    assert_eq!(curve.mean_of_first(1), None);
    assert!(curve.steps.is_empty());
}

#[test]
fn too_few_at_risk_say_nothing() {
    let four = Curve::new(&lives(&[(5, true); 4]));
    assert_eq!((four.n, four.at(0), four.median()), (4, None, None));
    let five = Curve::new(&lives(&[
        (5, true),
        (5, false),
        (9, false),
        (9, true),
        (9, true),
    ]));
    assert_eq!(five.last_day, Some(5));
    assert_eq!(five.steps.len(), 1);
    assert_eq!(five.at(6), None);
    assert_eq!(five.mean_of_first(6), None);
}

#[test]
fn an_end_on_the_first_day_counts() {
    let curve = Curve::new(&lives(&[
        (0, true),
        (3, false),
        (3, false),
        (3, false),
        (3, false),
    ]));
    let first = curve.at(0).expect("at risk");
    assert!((first.share - 0.8).abs() < 1e-12, "{first:?}");
    // Day 4 is past the last at which five were at risk.
    assert_eq!(curve.at(3), None);
}

#[test]
fn the_end_of_a_day_comes_before_the_last_sight_of_it() {
    let curve = Curve::new(&lives(&[
        (7, false),
        (7, true),
        (7, false),
        (7, false),
        (7, true),
    ]));
    assert_eq!(curve.steps[0].n_at_risk, 5);
    assert!((curve.steps[0].share - 0.6).abs() < 1e-12);
}

#[test]
fn everybody_and_nobody_have_no_band() {
    let kept = Curve::new(&lives(&[(9, false); 6]));
    let whole = kept.at(9).expect("at risk");
    assert_eq!((whole.share, whole.band), (1.0, None));
    assert_eq!(kept.mean_of_first(9), Some(9.0));
    let gone = Curve::new(&lives(&[(9, true); 6]));
    let none = gone.at(9).expect("at risk");
    assert_eq!((none.share, none.band), (0.0, None));
    assert_eq!(gone.median(), Some(9));
}

#[test]
fn who_was_gone_before_observation_says_nothing() {
    let mut all = treated();
    all.push(Life {
        entry: 12,
        days: 12,
        is_ended: true,
    });
    assert_eq!(Curve::new(&all), Curve::new(&treated()));
}

#[test]
fn the_log_rank_test_is_that_of_an_independent_program() {
    let test = log_rank(&treated(), &untreated()).expect("events");
    assert!(
        (test.chi_squared - 16.561_329_361_637_533).abs() < 1e-9,
        "{test:?}"
    );
    assert!((test.p - 4.710_174_112_726_27e-5).abs() < 1e-12, "{test:?}");
    let turned = log_rank(&untreated(), &treated()).expect("events");
    assert!((test.chi_squared - turned.chi_squared).abs() < 1e-9);
}

#[test]
fn groups_without_an_end_cannot_be_compared() {
    let kept = lives(&[(9, false); 6]);
    assert_eq!(log_rank(&kept, &kept), None);
    assert_eq!(log_rank(&[], &treated()), None);
}

fn some_lives() -> impl Strategy<Value = Vec<Life>> {
    let one = (-1_i32..40, 0_i32..60, any::<bool>()).prop_map(|(entry, days, is_ended)| Life {
        // Half of them are there from the start.
        entry: if entry < 20 { -1 } else { entry - 20 },
        days,
        is_ended,
    });
    prop::collection::vec(one, 0..60)
}

proptest! {
    #[test]
    fn a_curve_falls_from_one_within_its_band(all in some_lives()) {
        let curve = Curve::new(&all);
        let mut before = 1.0;
        for step in &curve.steps {
            prop_assert!(step.n_at_risk >= 1 && step.n_ended <= step.n_at_risk);
            prop_assert!((0.0..=before).contains(&step.share));
            before = step.share;
            if let Some((low, high)) = step.survived().band {
                prop_assert!(0.0 <= low && low <= step.share && step.share <= high && high <= 1.0);
            }
        }
    }

    #[test]
    fn without_late_entry_and_loss_it_is_the_share_that_is_left(days in prop::collection::vec(0_i32..30, 5..60)) {
        let all: Vec<(i32, bool)> = days.iter().map(|days| (*days, true)).collect();
        let curve = Curve::new(&lives(&all));
        for step in &curve.steps {
            let n_left = days.iter().filter(|days| **days > step.day).count();
            let share = real(n_left as u64) / real(days.len() as u64);
            prop_assert!((step.share - share).abs() < 1e-9);
        }
    }

    #[test]
    fn the_order_of_lives_does_not_matter(all in some_lives(), other in some_lives()) {
        let turned: Vec<Life> = all.iter().rev().copied().collect();
        prop_assert_eq!(Curve::new(&all), Curve::new(&turned));
        prop_assert_eq!(log_rank(&all, &other), log_rank(&turned, &other));
    }

    #[test]
    fn the_number_at_risk_is_who_entered_before_and_is_not_over(all in some_lives(), day in -1_i32..70) {
        let n = all.iter().filter(|life| life.entry < day && day <= life.days).count();
        prop_assert_eq!(Curve::new(&all).n_at_risk(day), n as u64);
    }

    #[test]
    fn a_test_has_a_probability(one in some_lives(), other in some_lives()) {
        if let Some(test) = log_rank(&one, &other) {
            prop_assert!(test.chi_squared >= 0.0 && (0.0..=1.0).contains(&test.p));
        }
    }
}
