//! Limits of published and of made-up processes.

use proptest::prelude::*;

use super::*;
use crate::series::signal::{Side, SignalKind};
use crate::series::testing::{N, noise, shares, values, weeks};
use crate::statistic::Draws;

/// Flow rates, an individuals chart: centre 50.81, limits 45.8159 and 55.8041.
///
/// # Source
/// NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2.
const FLOW: [f64; 10] = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1];

fn chart(points: &[Point]) -> Control {
    control(points, &weeks(0.0), &[])
}

fn confirmed(position: usize) -> Shift {
    Shift {
        position,
        last_before: position - 1,
        size: 1.0,
        p: Some(0.0),
        is_confirmed: true,
        events: Vec::new(),
    }
}

/// A level of which every second point is `by` above.
fn saw(level: f64, by: f64, n: usize) -> Vec<f64> {
    (0..n)
        .map(|at| if at % 2 == 0 { level } else { level + by })
        .collect()
}

#[test]
fn the_handbooks_limits_are_met() {
    let usual = by_distances(&Track::new(&values(&FLOW)));
    assert!((usual.centre - 50.81).abs() < 1e-9);
    // The handbook divides by 1.128; 2.66 is its rounding.
    assert!((usual.centre + usual.spread - 55.8041).abs() < 1e-3);
    assert!((usual.centre - usual.spread - 45.8159).abs() < 1e-3);
    let distance = usual.distance_limit.expect("of distances");
    assert!((distance - 3.267 * 16.9 / 9.0).abs() < 1e-9, "{distance}");
}

#[test]
fn limits_stay_when_the_baseline_is_full() {
    let mut series = saw(50.0, 2.0, 20);
    let before = chart(&values(&series));
    series.extend([90.0; 5]);
    let after = chart(&values(&series));
    assert_eq!(before.limits[..], after.limits[..20]);
    let limits = after.limits[24].expect("limits");
    assert!((limits.centre - 51.0).abs() < 1e-12 && (limits.reach - 5.32).abs() < 1e-12);
    let stretch = &after.stretches[0];
    assert_eq!(
        (stretch.n_baseline, stretch.baseline_last, stretch.last),
        (20, 19, 24)
    );
    assert!(stretch.is_frozen && !chart(&values(&series[..19])).stretches[0].is_frozen);
}

#[test]
fn under_twelve_points_there_are_no_limits() {
    for n in 0..12 {
        let control = chart(&values(&saw(50.0, 2.0, n)));
        assert!(control.stretches.is_empty() && control.signals.is_empty());
        assert_eq!(control.limits, vec![None; n]);
    }
    assert_eq!(chart(&values(&saw(50.0, 2.0, 12))).stretches.len(), 1);
}

#[test]
fn limits_are_drawn_within_what_is_possible_and_judged_beyond() {
    let mut context = weeks(0.0);
    context.range = (Some(0.0), Some(100.0));
    let mut series = saw(97.0, 2.0, 20);
    // Half of the reach is 2.66: this is within, though it is beyond half of what is drawn.
    series.extend([100.0; 3]);
    let control = control(&values(&series), &context, &[]);
    let limits = control.limits[20].expect("limits");
    assert!((limits.low - 92.68).abs() < 1e-9 && (limits.reach - 5.32).abs() < 1e-9);
    assert!((limits.high - 100.0).abs() < 1e-12);
    assert_eq!(control.signals, []);
}

#[test]
fn a_process_that_never_moved_tells_no_limits() {
    let mut series = vec![80.0; 20];
    series.extend([80.1; 9]);
    let found = chart(&values(&series));
    assert!(found.stretches[0].is_flat && found.signals.is_empty());
    assert_eq!(found.limits, vec![None; 29]);
    let all_hit = shares(&[(50, 50); 20]);
    assert!(chart(&all_hit).stretches[0].is_flat);
}

#[test]
fn a_confirmed_shift_begins_a_baseline_once_twelve_points_follow() {
    let mut series = saw(50.0, 2.0, 20);
    series.extend(saw(80.0, 4.0, 11));
    let few = control(&values(&series), &weeks(0.0), &[confirmed(20)]);
    assert_eq!(few.stretches.len(), 1);
    assert_eq!(
        few.signals
            .iter()
            .filter(|signal| signal.kind == SignalKind::Beyond)
            .count(),
        11
    );
    series.push(84.0);
    let enough = control(&values(&series), &weeks(0.0), &[confirmed(20)]);
    assert_eq!(enough.stretches.len(), 2);
    assert_eq!(
        (enough.stretches[1].start, enough.stretches[0].last),
        (20, 19)
    );
    assert!((enough.limits[31].expect("limits").reach - 2.66 * 4.0).abs() < 1e-9);
    assert_eq!(enough.signals, []);
}

#[test]
fn a_possible_shift_moves_no_limits_but_a_person_does() {
    let mut series = saw(50.0, 2.0, 20);
    series.extend(saw(80.0, 2.0, 20));
    let possible = Shift {
        is_confirmed: false,
        ..confirmed(20)
    };
    assert_eq!(
        control(&values(&series), &weeks(0.0), &[possible])
            .stretches
            .len(),
        1
    );
    let context = Context {
        rebased: vec![20, 20],
        ..weeks(0.0)
    };
    assert_eq!(control(&values(&series), &context, &[]).stretches.len(), 2);
}

#[test]
fn a_baseline_never_reaches_into_the_next_level() {
    let mut series = saw(50.0, 2.0, 14);
    series.extend(saw(80.0, 2.0, 5));
    let found = control(&values(&series), &weeks(0.0), &[confirmed(14)]);
    let stretch = &found.stretches[0];
    assert_eq!((stretch.n_baseline, stretch.last), (14, 18));
    assert!((stretch.centre - 51.0).abs() < 1e-9);
}

#[test]
fn shares_are_widened_by_what_moves_beyond_chance() {
    // Every second week 30 %, else 20 %, of 100: standard scores are 50 / sqrt(25 * 75) apart.
    let weekly: Vec<(u64, u64)> = (0..20)
        .map(|at| if at % 2 == 0 { (20, 100) } else { (30, 100) })
        .collect();
    let found = chart(&shares(&weekly));
    assert_eq!(found.method, Method::Shares);
    let binomial = 100.0 * (0.25_f64 * 0.75 / 100.0).sqrt();
    let widened = 10.0 / binomial / 1.128;
    let limits = found.limits[0].expect("limits");
    assert!((limits.centre - 25.0).abs() < 1e-9);
    assert!(
        (limits.reach - 3.0 * widened * binomial).abs() < 1e-9,
        "{limits:?}"
    );
}

#[test]
fn shares_that_move_less_than_chance_keep_binomial_limits_by_their_answers() {
    let mut weekly = vec![(25, 100); 19];
    weekly.push((26, 100));
    weekly.push((100, 400));
    let found = chart(&shares(&weekly));
    let centre: f64 = 25.05;
    let deviation = (centre * (100.0 - centre)).sqrt();
    let reach = |at: usize| found.limits[at].expect("limits").reach;
    assert!((reach(0) - 3.0 * deviation / 10.0).abs() < 1e-9);
    assert!((reach(20) - 3.0 * deviation / 20.0).abs() < 1e-9);
}

fn classes(counts: &[(u64, u64, u64)]) -> Vec<Point> {
    let real = |count: u64| f64::from(u32::try_from(count).expect("small"));
    let point = |(plus, minus, n): &(u64, u64, u64)| Point {
        value: Some(100.0 * (real(*plus) - real(*minus)) / real(*n)),
        n: *n,
        answers: Answers::Classes {
            plus: *plus,
            minus: *minus,
        },
        ..Point::default()
    };
    counts.iter().map(point).collect()
}

#[test]
fn scores_of_varying_answers_have_trinomial_limits() {
    let mut weekly = vec![(50, 30, 100); 19];
    weekly.push((200, 120, 400));
    let found = chart(&classes(&weekly));
    assert_eq!(found.method, Method::Classes);
    let limits = found.limits[0].expect("limits");
    assert!((limits.centre - 20.0).abs() < 1e-9);
    // 0.5 + 0.3 - 0.2^2 is 0.76.
    assert!((limits.reach - 30.0 * 0.76_f64.sqrt()).abs() < 1e-9);
    assert!((found.limits[19].expect("limits").reach - limits.reach / 2.0).abs() < 1e-9);
}

#[test]
fn scores_of_similar_answers_are_judged_by_their_distances() {
    let weekly: Vec<(u64, u64, u64)> = (0..20).map(|at| (50 + at % 2, 30, 90 + at)).collect();
    assert_eq!(chart(&classes(&weekly)).method, Method::Distances);
    assert_eq!(chart(&values(&saw(1.0, 1.0, 20))).method, Method::Distances);
    assert_eq!(chart(&[]).method, Method::Distances);
}

#[test]
fn rows_are_counted_over_gaps_and_end_with_a_new_baseline() {
    let mut series = saw(50.0, 2.0, 20);
    series.extend([51.5; 9]);
    let mut points = values(&series);
    points[24].value = None;
    let run = |control: &Control| {
        let runs = control
            .signals
            .iter()
            .filter(|signal| signal.kind == SignalKind::Run);
        runs.map(|signal| (signal.position, signal.since, signal.side))
            .collect::<Vec<_>>()
    };
    // The last of the baseline is above, too: 19 to 23 and 25 to 28.
    assert_eq!(
        run(&chart(&points)),
        [(27, 19, Side::Above), (28, 19, Side::Above)]
    );
    assert_eq!(chart(&points).limits[24], None);
    points[26].value = Some(51.0);
    assert_eq!(run(&chart(&points)), []);
}

proptest! {
    #[test]
    fn a_level_and_a_scale_move_the_limits_and_no_signal(
        seed in 0_u64..10_000, n in 12_usize..50, level in -500.0_f64..500.0, scale in 0.1_f64..50.0,
    ) {
        let plain = noise(&mut Draws::new(seed), n, 0.4);
        let moved: Vec<f64> = plain.iter().map(|x| level + scale * x).collect();
        let (one, other) = (chart(&values(&plain)), chart(&values(&moved)));
        prop_assert_eq!(&one.signals, &other.signals);
        for (one, other) in one.limits.iter().flatten().zip(other.limits.iter().flatten()) {
            prop_assert!((level + scale * one.low - other.low).abs() < 1e-8);
            prop_assert!((level + scale * one.high - other.high).abs() < 1e-8);
        }
    }

    #[test]
    fn every_limit_is_a_number_around_the_centre(
        weekly in prop::collection::vec((0_u64..200, 0_u64..200), 0..40),
    ) {
        let weekly: Vec<(u64, u64)> = weekly.into_iter().map(|(hits, misses)| (hits, hits + misses)).collect();
        let mut points = shares(&weekly);
        for point in &mut points {
            point.value = point.value.filter(|_| point.n > 0);
        }
        let found = chart(&points);
        prop_assert_eq!(found.limits.len(), points.len());
        for (limits, point) in found.limits.iter().zip(&points) {
            prop_assert!(limits.is_none() || point.n >= 10);
            if let Some(limits) = limits {
                prop_assert!(limits.low <= limits.centre && limits.centre <= limits.high);
                prop_assert!(limits.reach.is_finite() && limits.reach > 0.0);
            }
        }
    }
}

#[test]
fn a_point_without_counts_makes_no_chart_of_shares() {
    let mut points = shares(&[(20, 100); 20]);
    points[3].answers = Answers::Counted;
    points[3].n = N;
    assert_eq!(chart(&points).method, Method::Distances);
}
