//! Which model is picked, how wide its bands are, and where it keeps quiet.

use proptest::prelude::*;

use super::*;
use crate::series::testing::{noise, values, weeks};
use crate::statistic::{Draws, real};

fn told(points: &[Point], context: &Context) -> Forecast {
    match forecast(points, context) {
        Outlook::Told(forecast) => forecast,
        other => panic!("{other:?}"),
    }
}

fn months() -> Context {
    Context {
        period: Some(12),
        ..weeks(0.0)
    }
}

fn unrest(seed: u64, n: usize) -> Vec<f64> {
    noise(&mut Draws::new(seed), n, 0.0)
}

/// Unrest around a season of a year and a slow trend.
fn seasonal(n: usize) -> Vec<f64> {
    let season = |at: usize| 20.0 * (std::f64::consts::TAU * real(at) / 12.0).sin();
    let unrest = unrest(3, n);
    (0..n)
        .map(|at| 50.0 + 0.3 * real(at) + season(at) + unrest[at])
        .collect()
}

#[test]
fn under_24_points_nothing_is_foretold() {
    for n in [0, 1, 23] {
        let expected = Outlook::NotEnough { n_points: n };
        assert_eq!(forecast(&values(&unrest(1, n)), &weeks(0.0)), expected);
    }
    assert_ne!(
        forecast(&values(&unrest(1, 24)), &weeks(0.0)),
        Outlook::NotEnough { n_points: 24 }
    );
}

#[test]
fn unrest_around_a_level_is_foretold_by_the_level() {
    let found = told(&values(&unrest(1, 60)), &weeks(0.0));
    assert_eq!(found.model, Model::Exponential);
    assert!(found.mase < found.naive_mase);
    assert!(found.steps.iter().all(|step| step.value.abs() < 0.5));
    assert_eq!(found.steps.len(), HORIZON_MAX);
    assert_eq!(found.steps[0].position, 60);
}

#[test]
fn a_season_is_foretold_by_a_season() {
    let found = told(&values(&seasonal(60)), &months());
    assert_eq!(found.model, Model::HoltWinters);
    // June of the sixth year: 50 + 0.3 * 65 + 20 sin(5/6 pi).
    let june = found.steps[5];
    assert!((june.value - 79.5).abs() < 3.0, "{june:?}");
    // Without a period it is only unrest: the same series is foretold worse.
    match forecast(&values(&seasonal(60)), &weeks(0.0)) {
        Outlook::Told(plain) => assert!(plain.mase > 2.0 * found.mase),
        other => assert_eq!(other, Outlook::NoBetterThanLast),
    }
}

#[test]
fn holt_winters_needs_three_seasons() {
    let found = told(&values(&seasonal(35)), &months());
    assert_ne!(found.model, Model::HoltWinters);
    let short = forecast(&values(&seasonal(28)), &months());
    assert_eq!(short, forecast(&values(&seasonal(28)), &weeks(0.0)));
}

#[test]
fn what_never_moves_or_only_jumps_is_not_better_foretold_than_by_its_last_value() {
    assert_eq!(
        forecast(&values(&[5.0; 60]), &months()),
        Outlook::NoBetterThanLast
    );
    // A level that jumps by ever more: nothing beats the last value.
    let jumps: Vec<f64> = (0..40)
        .map(|at| if (at / 13) % 2 == 0 { 0.0 } else { 50.0 })
        .collect();
    assert_eq!(
        forecast(&values(&jumps), &weeks(0.0)),
        Outlook::NoBetterThanLast
    );
}

#[test]
fn the_band_is_the_error_that_few_enough_errors_passed() {
    let sizes: Vec<f64> = (1..=19).map(real).collect();
    assert_eq!(
        (conformal(&sizes, 80), conformal(&sizes, 95)),
        (Some(16.0), Some(19.0))
    );
    assert_eq!(
        (conformal(&sizes[..18], 80), conformal(&sizes[..18], 95)),
        (Some(16.0), None)
    );
    assert_eq!(
        (conformal(&sizes[..4], 80), conformal(&sizes[..3], 80)),
        (Some(4.0), None)
    );
    assert_eq!(conformal(&[], 80), None);
}

#[test]
fn the_wide_band_comes_with_nineteen_errors() {
    // With n points the next one has n - 8 errors to learn from, the sixth n - 13.
    let bands = |n| {
        let steps = told(&values(&unrest(2, n)), &weeks(0.0)).steps;
        steps
            .iter()
            .map(|step| step.band_95.is_some())
            .collect::<Vec<_>>()
    };
    assert_eq!(bands(26), [false; 6]);
    assert_eq!(bands(27), [true, false, false, false, false, false]);
    assert_eq!(bands(32), [true; 6]);
}

#[test]
fn bands_stay_within_what_is_possible() {
    let context = Context {
        range: (Some(0.0), Some(100.0)),
        ..weeks(0.0)
    };
    let near_top: Vec<f64> = unrest(4, 40).iter().map(|x| 99.0 - x.abs()).collect();
    for step in told(&values(&near_top), &context).steps {
        assert!(step.band_80.1 <= 100.0 && step.band_95.is_none_or(|band| band.1 <= 100.0));
    }
}

#[test]
fn a_gap_at_the_end_is_foretold_over_until_it_is_too_long() {
    let mut points = values(&unrest(6, 66));
    for point in &mut points[60..64] {
        point.value = None;
    }
    let found = told(&points[..64], &weeks(0.0));
    let positions: Vec<usize> = found.steps.iter().map(|step| step.position).collect();
    assert_eq!(positions, [64, 65]);
    for point in &mut points[64..] {
        point.n = 0;
    }
    assert_eq!(forecast(&points, &weeks(0.0)), Outlook::TooFewErrors);
}

#[test]
fn points_too_far_apart_have_no_errors_to_learn_from() {
    let mut points = values(&unrest(8, 200));
    for (at, point) in points.iter_mut().enumerate() {
        point.value = point.value.filter(|_| at % 7 == 0);
    }
    assert_eq!(forecast(&points, &weeks(0.0)), Outlook::TooFewErrors);
}

#[test]
fn equal_errors_are_won_by_the_simpler() {
    assert_eq!(least(&[2.0, 1.0, 1.0, 1.5]), 1);
    assert_eq!(least(&[1.0, 1.0 - 1e-12]), 0);
    assert_eq!(least(&[0.0, 0.0]), 0);
    assert!(Model::ALL.is_sorted());
}

proptest! {
    #[test]
    fn the_fan_only_widens_and_its_bands_nest(
        seed in 0_u64..5_000, n in 24_usize..70, phi in 0.0_f64..0.9, gap in 8_usize..20,
    ) {
        let mut points = values(&noise(&mut Draws::new(seed), n, phi));
        points[gap].value = None;
        let Outlook::Told(found) = forecast(&points, &months()) else {
            return Ok(());
        };
        prop_assert!(found.mase < found.naive_mase);
        let (mut narrow, mut wide) = (0.0, 0.0);
        for step in &found.steps {
            let half = |band: (f64, f64)| band.1 - step.value;
            prop_assert!(half(step.band_80) >= narrow - 1e-9);
            narrow = half(step.band_80);
            if let Some(band) = step.band_95 {
                prop_assert!(half(band) >= wide - 1e-9 && half(band) >= narrow - 1e-9);
                wide = half(band);
            }
        }
    }

    #[test]
    fn a_level_and_a_scale_move_the_forecast_with_them(
        seed in 0_u64..5_000, n in 24_usize..50, level in -50.0_f64..50.0, scale in 0.5_f64..20.0,
    ) {
        let plain = noise(&mut Draws::new(seed), n, 0.2);
        let moved: Vec<f64> = plain.iter().map(|x| level + scale * x).collect();
        match (forecast(&values(&plain), &weeks(0.0)), forecast(&values(&moved), &weeks(0.0))) {
            (Outlook::Told(one), Outlook::Told(other)) => {
                prop_assert_eq!(one.model, other.model);
                for (one, other) in one.steps.iter().zip(&other.steps) {
                    prop_assert!((level + scale * one.value - other.value).abs() < 1e-6);
                    prop_assert!((level + scale * one.band_80.0 - other.band_80.0).abs() < 1e-6);
                }
            }
            (one, other) => prop_assert_eq!(one, other),
        }
    }
}
