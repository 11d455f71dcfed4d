//! Trends of known series, and what no transformation may change.

use proptest::prelude::*;

use super::*;
use crate::series::testing::{NILE, noise, values, weeks};
use crate::statistic::Draws;

fn monthly() -> Context {
    Context {
        period: Some(12),
        ..weeks(0.0)
    }
}

fn check(points: &[Point], context: &Context, expected: (f64, f64, (f64, f64))) {
    let found = trend(points, context).slope.expect("enough points");
    let (low, high) = found.interval.expect("an interval");
    let found = [found.value, found.p, low, high];
    let (value, p, (low, high)) = expected;
    for (found, expected) in found.into_iter().zip([value, p, low, high]) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }
}

// Sum, variance with ties and slopes of the three vectors below were also computed by the Python
// package pymannkendall 1.4.3, and the rest from them by a second program.

#[test]
fn the_nile_fell() {
    let interval = (-4.283_546_235_741_415, -0.766_243_905_412_086_6);
    check(
        &values(&NILE),
        &weeks(3.0),
        (-2.6, 0.007_381_421_688_823_661, interval),
    );
    let trend = trend(&values(&NILE), &weeks(3.0));
    assert_eq!(trend.verdict, Verdict::Falling);
    assert_eq!((trend.n_points, trend.n_buckets), (100, 100));
    assert_eq!(trend.season, Season::None);
}

#[test]
fn gaps_keep_their_place_in_time() {
    let mut points = values(&NILE);
    for gap in [3, 4, 17, 40, 41, 42, 77] {
        points[gap].value = None;
    }
    let interval = (-4.285_714_285_714_286, -0.779_553_957_863_510_4);
    let expected = (
        -2.619_868_637_110_016_6,
        0.006_804_212_140_737_542,
        interval,
    );
    check(&points, &weeks(3.0), expected);
}

#[test]
fn seasons_are_compared_with_themselves() {
    let interval = (-13.526_745_666_878_496, 1.147_804_111_181_720_5);
    let expected = (-7.0, 0.124_218_832_504_201_71, interval);
    check(&values(&NILE[..48]), &monthly(), expected);
    let trend = trend(&values(&NILE[..48]), &monthly());
    assert_eq!(trend.season, Season::Removed);
    assert_eq!(trend.verdict, Verdict::NotSeen);
}

#[test]
fn a_season_hides_a_trend_unless_it_is_removed() {
    let mut draws = Draws::new(5);
    let noise = noise(&mut draws, 48, 0.0);
    let season = |at: usize| 40.0 * (std::f64::consts::TAU * real(at) / 12.0).sin();
    let year: Vec<f64> = (0..48)
        .map(|at| season(at) + 0.3 * real(at) + noise[at])
        .collect();
    let plain = trend(&values(&year), &weeks(3.0));
    let seasonal = trend(&values(&year), &monthly());
    assert_eq!(plain.verdict, Verdict::NotSeen);
    assert_eq!(seasonal.verdict, Verdict::Rising);
    let slope = seasonal.slope.expect("a slope").value;
    assert!((slope - 0.3).abs() < 0.05, "{slope}");
}

#[test]
fn under_three_years_no_season_can_be_told() {
    assert_eq!(
        trend(&values(&NILE[..35]), &monthly()).season,
        Season::NotAssessable
    );
    assert_eq!(
        trend(&values(&NILE[..36]), &monthly()).season,
        Season::Removed
    );
}

#[test]
fn a_trend_must_be_large_enough_to_matter() {
    // From 0.0 to 2.9, without any doubt; it matters from 2.9 on.
    let line: Vec<f64> = (0..30).map(|at| 0.1 * real(at)).collect();
    let verdict = |relevant| trend(&values(&line), &weeks(relevant)).verdict;
    assert_eq!(
        (verdict(2.8), verdict(3.0)),
        (Verdict::Rising, Verdict::NotSeen)
    );
}

#[test]
fn a_straight_line_is_a_trend_whose_slope_is_certain() {
    let line: Vec<f64> = (0..20).map(|at| 50.0 - 0.7 * real(at)).collect();
    let trend = trend(&values(&line), &weeks(3.0));
    let slope = trend.slope.expect("a slope");
    let (low, high) = slope.interval.expect("an interval");
    assert_eq!(trend.verdict, Verdict::Falling);
    assert!(
        (low + 0.7).abs() < 1e-9 && (high + 0.7).abs() < 1e-9,
        "{slope:?}"
    );
}

#[test]
fn what_never_moves_has_no_trend() {
    for n in [12, 13, 60] {
        let found = trend(&values(&vec![41.5; n]), &weeks(0.0));
        let slope = found.slope.expect("a slope");
        assert_eq!(
            (found.verdict, slope.value, slope.p),
            (Verdict::NotSeen, 0.0, 1.0)
        );
        assert_eq!(slope.interval, Some((0.0, 0.0)));
    }
}

#[test]
fn too_few_points_say_nothing() {
    for n in 0..POINTS_MIN {
        let found = trend(&values(&NILE[..n]), &weeks(3.0));
        assert_eq!((found.verdict, found.slope), (Verdict::NotEnough, None));
        assert_eq!(found.n_points, n);
    }
    let mut missing = values(&NILE);
    for point in &mut missing {
        point.value = None;
    }
    let found = trend(&missing, &monthly());
    assert_eq!((found.verdict, found.n_buckets), (Verdict::NotEnough, 0));
}

#[test]
fn points_of_different_seasons_alone_cannot_be_compared() {
    // Thirteen months, one year and one month apart: no season is met twice.
    let mut points = values(&[0.0; 160]);
    for (at, point) in points.iter_mut().enumerate() {
        point.value = (at % 13 == 0).then(|| real(at));
    }
    let found = trend(&points, &monthly());
    assert_eq!(found.verdict, Verdict::NotEnough);
    assert_eq!(trend(&points, &weeks(0.0)).verdict, Verdict::Rising);
}

#[test]
fn neighbours_alike_widen_the_variance_as_the_formula_says() {
    assert!((inflation(50, 0.0) - 1.0).abs() < 1e-12);
    // 1 + 2 (3/4 0.5 + 2/4 0.25 + 1/4 0.125).
    assert!((inflation(4, 0.5) - 2.0625).abs() < 1e-12);
}

proptest! {
    #[test]
    fn a_level_changes_nothing_and_a_scale_only_the_slope(
        seed in 0_u64..10_000, n in 12_usize..60, level in -500.0_f64..500.0, scale in 0.1_f64..50.0,
    ) {
        let plain = noise(&mut Draws::new(seed), n, 0.3);
        let moved: Vec<f64> = plain.iter().map(|x| level + scale * x).collect();
        let one = trend(&values(&plain), &weeks(0.0)).slope.expect("a slope");
        let other = trend(&values(&moved), &weeks(0.0)).slope.expect("a slope");
        prop_assert!((one.value * scale - other.value).abs() < 1e-8 * scale.max(level.abs()));
        prop_assert!((one.p - other.p).abs() < 1e-6);
    }

    #[test]
    fn turned_round_in_time_or_value_a_trend_is_its_opposite(
        seed in 0_u64..10_000, n in 12_usize..60, gap in 1_usize..10, is_seasonal: bool,
    ) {
        let context = if is_seasonal { Context { period: Some(4), ..weeks(0.0) } } else { weeks(0.0) };
        let mut points = values(&noise(&mut Draws::new(seed), n, 0.5));
        points[gap].value = None;
        let forth = trend(&points, &context);
        let mut back = points.clone();
        back.reverse();
        let back = trend(&back, &context);
        for point in &mut points {
            point.value = point.value.map(|value| -value);
        }
        let down = trend(&points, &context);
        for other in [back, down] {
            let (Some(one), Some(other)) = (forth.slope, other.slope) else {
                prop_assert!(forth.slope.is_none() && other.slope.is_none());
                continue;
            };
            prop_assert!((one.value + other.value).abs() < 1e-9);
            prop_assert!((one.p - other.p).abs() < 1e-9);
            if let (Some(one), Some(other)) = (one.interval, other.interval) {
                prop_assert!((one.0 + other.1).abs() < 1e-9 && (one.1 + other.0).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn whatever_comes_in_no_number_is_missing(
        series in prop::collection::vec(prop::option::of(-3_i8..4), 0..60), period in 0_usize..14,
    ) {
        let mut points = values(&vec![0.0; series.len()]);
        for (point, value) in points.iter_mut().zip(&series) {
            point.value = value.map(f64::from);
        }
        let context = Context { period: Some(period), ..weeks(1.0) };
        let found = trend(&points, &context);
        let is_told = found.verdict != Verdict::NotEnough;
        prop_assert_eq!(is_told, found.slope.is_some());
        if let Some(slope) = found.slope {
            prop_assert!(slope.value.is_finite() && (0.0..=1.0).contains(&slope.p));
            if let Some((low, high)) = slope.interval {
                prop_assert!(low <= slope.value && slope.value <= high);
            }
        }
    }
}
