//! What is said of a series, clause by clause.

use std::ops::Range;

use super::number;
use crate::series::testing::{noise, shares, values, weeks};
use crate::series::{Context, Difference, Event, Point, read};
use crate::statistic::{Draws, mean, real};

fn check(points: &[Point], context: &Context, p: f64, expected: &[&str]) {
    let release = Event {
        position: 20,
        name: "release 4.2".to_owned(),
    };
    let level = |range: Range<usize>| {
        let level = points[range].iter().filter_map(|point| point.value);
        mean(&level.collect::<Vec<_>>()).expect("points")
    };
    let test = |before, after| {
        let value = level(after) - level(before);
        Some(Difference { value, p })
    };
    let text = read(points, context, &test, &[release]).course.text;
    assert_eq!(text.split("; ").collect::<Vec<_>>(), expected);
}

fn line(n: usize, slope: f64, unrest: f64) -> Vec<Point> {
    let noise = noise(&mut Draws::new(11), n, 0.0);
    let at = |at: usize| 30.0 + slope * real(at) + unrest * noise[at];
    values(&(0..n).map(at).collect::<Vec<_>>())
}

#[test]
fn a_trend_is_said_with_its_size_and_length_and_not_as_its_steps() {
    let up = [
        "up 2.1 points a week over 14 weeks, unlikely to be chance",
        "w13 is above its usual limits",
    ];
    check(&line(14, 2.1, 0.2), &weeks(3.0), 0.001, &up);
    let down = [
        "down 0.30 points a week over 14 weeks, unlikely to be chance",
        "w13 is below its usual limits",
    ];
    check(&line(14, -0.31, 0.1), &weeks(3.0), 0.001, &down);
}

#[test]
fn no_trend_is_said_too() {
    let none = ["no trend seen over 14 weeks"];
    check(&line(14, 0.0, 1.0), &weeks(3.0), 1.0, &none);
    let still = [
        "no trend seen over 40 weeks",
        "no forecast is better than the last value",
    ];
    check(&values(&[5.0; 40]), &weeks(3.0), 1.0, &still);
}

#[test]
fn too_little_is_said_to_be_too_little() {
    for (n, amount) in [(0, "0 weeks"), (1, "1 week"), (11, "11 weeks")] {
        let text =
            format!("not enough to tell a trend: {amount} with enough answers, 12 are needed");
        check(&line(n, 2.0, 1.0), &weeks(3.0), 1.0, &[&text]);
    }
}

#[test]
fn points_of_different_seasons_are_said_to_be_no_help() {
    let mut points = line(160, 0.1, 0.1);
    for (at, point) in points.iter_mut().enumerate() {
        point.value = point.value.filter(|_| at % 13 == 0);
    }
    let context = Context {
        period: Some(12),
        ..weeks(0.0)
    };
    let text = "not enough to tell a trend: too few points of the same season";
    let expected = [
        text,
        "possibly moved up by 5.9 points at w104",
        "w156 is above its usual limits",
    ];
    check(&points, &context, 1.0, &expected);
}

#[test]
fn months_under_three_years_are_said_to_hide_their_season() {
    let context = Context {
        period: Some(12),
        bucket: "month".to_owned(),
        unit: "percentage points".to_owned(),
        ..weeks(2.0)
    };
    let expected = [
        "up 1.5 percentage points a month over 20 months, unlikely to be chance",
        "too short to tell a season from a trend",
        "w19 is above its usual limits",
    ];
    check(&line(20, 1.5, 0.2), &context, 1.0, &expected);
}

/// Unrest around 45, and around less by `by` from the twenty-first point on.
fn fallen(n: usize, by: f64) -> Vec<Point> {
    let unrest = noise(&mut Draws::new(7), n, 0.0);
    let level = |at: usize| if at < 20 { 45.0 } else { 45.0 - by };
    values(&(0..n).map(|at| level(at) + unrest[at]).collect::<Vec<_>>())
}

#[test]
fn a_shift_is_said_with_what_happened_near_it() {
    let confirmed = [
        "no trend seen over 34 weeks",
        "moved down by 12.1 points at w20, near release 4.2",
        "no forecast is better than the last value",
    ];
    check(&fallen(34, 12.0), &weeks(3.0), 0.001, &confirmed);
    // Its limits do not move either.
    let possible = [
        "no trend seen over 34 weeks",
        "possibly moved down by 12.1 points at w20, near release 4.2",
        "w33 is below its usual limits",
        "no forecast is better than the last value",
    ];
    check(&fallen(34, 12.0), &weeks(3.0), 0.2, &possible);
}

#[test]
fn a_trend_that_is_one_move_is_said_to_be() {
    let expected = [
        "down 0.074 points a week over 50 weeks, unlikely to be chance",
        "moved down by 2.6 points at w20, near release 4.2, which fits better than a steady trend",
        "next week between 40.8 and 44.5, 80 % sure",
    ];
    check(&fallen(50, 2.5), &weeks(1.0), 0.001, &expected);
}

#[test]
fn what_is_not_usual_about_the_last_point_is_said() {
    let mut weekly: Vec<(u64, u64)> = (0..22).map(|at| (80 + at % 3, 100)).collect();
    weekly.push((50, 100));
    let beyond = [
        "no trend seen over 23 weeks",
        "possibly moved down by 7.7 points at w19, near release 4.2",
        "w22 is below its usual limits",
    ];
    check(&shares(&weekly), &weeks(2.0), 1.0, &beyond);
}

#[test]
fn a_row_on_one_side_is_said() {
    // A saw of 0 and 1, and then less unrest above its middle.
    let height = |at: usize| {
        if at < 14 {
            real(at % 2)
        } else {
            0.9 + 0.1 * real(at % 2)
        }
    };
    let row: Vec<f64> = (0..22).map(height).collect();
    let expected = [
        "no trend seen over 22 weeks",
        "the last 9 weeks all lie above the usual level",
    ];
    check(&values(&row), &weeks(3.0), 1.0, &expected);
}

#[test]
fn the_next_bucket_is_said_with_its_band() {
    let expected = [
        "no trend seen over 40 weeks",
        "next week between 28.6 and 36.2, 80 % sure",
    ];
    check(&line(40, 0.0, 3.0), &weeks(3.0), 1.0, &expected);
}

#[test]
fn numbers_are_short_and_say_their_sign() {
    let texts = [0.0, -0.0, 12.34, -8.16, 0.5, 0.043_21, -1e-9, 99.96].map(number);
    let expected = [
        "0.0",
        "0.0",
        "12.3",
        "\u{2212}8.2",
        "0.50",
        "0.043",
        "0.0",
        "100.0",
    ];
    assert_eq!(texts, expected);
}
