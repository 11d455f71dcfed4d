//! Every state of a goal and the edges between them.

use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().expect(text)
}

/// From 40 to 60 over 100 days, or the other way round.
fn course(is_falling: bool) -> Course {
    let (baseline, target) = if is_falling {
        (60.0, 40.0)
    } else {
        (40.0, 60.0)
    };
    Course {
        baseline,
        target,
        start: at("2026-01-01T00:00:00Z"),
        end: at("2026-04-11T00:00:00Z"),
        is_falling,
    }
}

fn level(value: f64, half: f64) -> Level {
    Level {
        value,
        interval: Some((value - half, value + half)),
    }
}

/// Checks a rising goal, and its mirror image around 50.
fn check(value: f64, half: f64, when: &str, expected: GoalState) {
    let found = course(false).state(level(value, half), at(when));
    assert_eq!(found, expected, "{value} ± {half} at {when}");
    let found = course(true).state(level(100.0 - value, half), at(when));
    assert_eq!(found, expected, "{value} ± {half} at {when}, falling");
}

const MIDDLE: &str = "2026-02-20T00:00:00Z";
const LAST: &str = "2026-04-10T23:59:59.999999Z";
const OVER: &str = "2026-04-11T00:00:00Z";

#[test]
fn the_first_state_that_holds_counts() {
    // The pace is 50 in the middle.
    check(65.0, 3.0, MIDDLE, GoalState::MetConfirmed);
    check(61.0, 3.0, MIDDLE, GoalState::MetUnconfirmed);
    check(45.0, 3.0, MIDDLE, GoalState::Behind);
    check(55.0, 3.0, MIDDLE, GoalState::Ahead);
    check(51.0, 3.0, MIDDLE, GoalState::OnTrack);
    check(49.0, 3.0, MIDDLE, GoalState::OnTrack);
}

#[test]
fn what_touches_the_target_has_reached_it() {
    check(62.0, 2.0, MIDDLE, GoalState::MetConfirmed);
    check(62.0, 2.001, MIDDLE, GoalState::MetUnconfirmed);
    check(60.0, 2.0, MIDDLE, GoalState::MetUnconfirmed);
    check(59.999, 2.0, MIDDLE, GoalState::Ahead);
}

#[test]
fn what_touches_the_pace_is_neither_behind_nor_ahead() {
    check(48.0, 2.0, MIDDLE, GoalState::OnTrack);
    check(47.999, 2.0, MIDDLE, GoalState::Behind);
    check(52.0, 2.0, MIDDLE, GoalState::OnTrack);
    check(52.001, 2.0, MIDDLE, GoalState::Ahead);
}

#[test]
fn a_goal_is_missed_once_its_last_day_is_over() {
    check(55.0, 1.0, LAST, GoalState::Behind);
    check(55.0, 1.0, OVER, GoalState::Missed);
    check(55.0, 1.0, "2027-01-01T00:00:00Z", GoalState::Missed);
    check(61.0, 0.5, OVER, GoalState::MetConfirmed);
    check(61.0, 2.0, OVER, GoalState::MetUnconfirmed);
}

#[test]
fn before_it_starts_the_pace_is_the_baseline() {
    let before = "2025-06-01T00:00:00Z";
    check(30.0, 2.0, before, GoalState::Behind);
    check(40.0, 2.0, before, GoalState::OnTrack);
    check(45.0, 2.0, before, GoalState::Ahead);
    check(65.0, 2.0, before, GoalState::MetConfirmed);
    assert_eq!(course(false).pace(at(before)), 40.0);
}

#[test]
fn the_pace_goes_straight_from_baseline_to_target() {
    let pace = |when: &str| course(false).pace(at(when));
    assert_eq!(pace("2026-01-01T00:00:00Z"), 40.0);
    assert!((pace("2026-01-11T00:00:00Z") - 42.0).abs() < 1e-9);
    assert!((pace(MIDDLE) - 50.0).abs() < 1e-9);
    assert!(pace(LAST) < 60.0);
    assert_eq!((pace(OVER), pace("2030-01-01T00:00:00Z")), (60.0, 60.0));
    assert!((course(true).pace(at(MIDDLE)) - 50.0).abs() < 1e-9);
}

#[test]
fn progress_is_raw() {
    let progress = |value| course(false).progress(value);
    assert_eq!(progress(40.0), Some(0.0));
    assert_eq!(progress(45.0), Some(0.25));
    assert_eq!(progress(30.0), Some(-0.5));
    assert_eq!(progress(70.0), Some(1.5));
    assert_eq!(course(true).progress(55.0), Some(0.25));
    let still = Course {
        target: 40.0,
        ..course(false)
    };
    assert_eq!(still.progress(41.0), None);
}

#[test]
fn a_goal_to_stay_where_one_is_has_states_without_progress() {
    let still = |is_falling| Course {
        baseline: 40.0,
        target: 40.0,
        ..course(is_falling)
    };
    let state = |is_falling, value| still(is_falling).state(level(value, 1.0), at(MIDDLE));
    assert_eq!(state(false, 42.0), GoalState::MetConfirmed);
    assert_eq!(state(false, 40.0), GoalState::MetUnconfirmed);
    assert_eq!(state(false, 38.0), GoalState::Behind);
    assert_eq!(state(true, 38.0), GoalState::MetConfirmed);
    assert_eq!(state(true, 42.0), GoalState::Behind);
}

#[test]
fn a_value_without_an_interval_proves_nothing() {
    let bare = |value| Level {
        value,
        interval: None,
    };
    let state = |value, when: &str| course(false).state(bare(value), at(when));
    assert_eq!(state(99.0, MIDDLE), GoalState::MetUnconfirmed);
    assert_eq!(state(1.0, MIDDLE), GoalState::OnTrack);
    assert_eq!(state(1.0, OVER), GoalState::Missed);
}

#[test]
fn a_score_that_is_not_there_says_why() {
    let score = |value, n, base| Score {
        value,
        bound: None,
        low: None,
        high: None,
        n,
        base,
        counts: Vec::new(),
        histogram: Vec::new(),
        secondary: Vec::new(),
    };
    let gap = |value, n, base| GoalGap::of(&score(value, n, base));
    assert_eq!(gap(Some(1.0), Some(30), Base::Ok), None);
    assert_eq!(gap(None, None, Base::Hidden), Some(GoalGap::Hidden));
    assert_eq!(
        gap(None, Some(0), Base::CountsOnly),
        Some(GoalGap::NoAnswers)
    );
    assert_eq!(
        gap(None, Some(7), Base::CountsOnly),
        Some(GoalGap::FewAnswers)
    );
    // A count is certain, a score without an interval is not.
    let count = score(Some(7.0), Some(7), Base::Ok);
    let certain = Level::of(&count, Unit::Count).and_then(|level| level.interval);
    assert_eq!(certain, Some((7.0, 7.0)));
    let open = Level::of(&count, Unit::Seconds).and_then(|level| level.interval);
    assert_eq!(open, None);
}

fn any_course() -> impl Strategy<Value = Course> {
    (-100.0_f64..100.0, -100.0_f64..100.0, 1_i64..2_000).prop_map(|(baseline, target, days)| {
        let start = at("2026-01-01T00:00:00Z");
        Course {
            baseline,
            target,
            start,
            end: start + jiff::SignedDuration::from_hours(24 * days),
            is_falling: target < baseline,
        }
    })
}

proptest! {
    #[test]
    fn pace_stays_between_its_ends_and_progress_is_its_inverse(
        course in any_course(), hours in -10_000_i64..60_000, value in -200.0_f64..200.0,
    ) {
        let when = course.start + jiff::SignedDuration::from_hours(hours);
        let pace = course.pace(when);
        let (low, high) = (course.baseline.min(course.target), course.baseline.max(course.target));
        prop_assert!(low <= pace && pace <= high);
        if let Some(progress) = course.progress(value) {
            prop_assert!(progress.is_finite() && !(progress == 0.0 && progress.is_sign_negative()));
            let back = course.baseline + progress * (course.target - course.baseline);
            prop_assert!((back - value).abs() < 1e-6 * (1.0 + value.abs()));
        }
    }

    #[test]
    fn a_better_value_never_has_a_worse_state(
        course in any_course(), hours in -10_000_i64..60_000,
        value in -120.0_f64..120.0, half in 0.0_f64..20.0, gain in 0.0_f64..50.0,
    ) {
        let rank = |state| match state {
            GoalState::MetConfirmed => 4,
            GoalState::MetUnconfirmed => 3,
            GoalState::Ahead => 2,
            GoalState::OnTrack => 1,
            GoalState::Behind | GoalState::Missed => 0,
        };
        let when = course.start + jiff::SignedDuration::from_hours(hours);
        let better = if course.is_falling { value - gain } else { value + gain };
        let before = course.state(level(value, half), when);
        let after = course.state(level(better, half), when);
        prop_assert!(rank(before) <= rank(after), "{:?} then {:?}", before, after);
        let is_over = when >= course.end;
        prop_assert!(is_over || before != GoalState::Missed);
    }
}
