//! Companies drawn from a seed, with a planted drop or without anything, and what the series analysis
//! says of their weeks.

use std::ops::Range;

use vocd::demo::{Company, Drop, Effects, Scope, Week};
use vocd::series::{self, Answers, Context, Course, Difference, Point, Verdict};

pub use crate::truth::{HELD_OUT, SEEN};

/// Size of the company: about 520 NPS answers a week.
const N_FOLD: u32 = 4;
/// Days between the planted day and the week that is named, at most.
const DATED_WITHIN_DAYS: i64 = 14;
/// Days that a level must last on both sides to be one.
const LEVEL_DAYS: i64 = 84;
/// Least change of a score that matters.
const RELEVANT_POINTS: f64 = 3.0;

/// What was found in companies with planted drops.
#[derive(Debug, Clone, Copy, Default)]
pub struct Found {
    /// Drops that last long enough on both sides.
    pub n_drops: usize,
    /// Of those, drops with a confirmed move within two weeks.
    pub n_dated: usize,
    /// Confirmed moves where nothing was planted.
    pub n_false: usize,
}

/// What was claimed of companies in which nothing happens.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silence {
    /// Companies.
    pub n: usize,
    /// Those that are said to rise or fall.
    pub n_trends: usize,
    /// Those with a confirmed move.
    pub n_shifts: usize,
}

/// Looks for the planted drops of companies.
#[must_use]
pub fn drops(seeds: impl Iterator<Item = u64>) -> Found {
    let mut found = Found::default();
    for seed in seeds {
        let company = draw(seed, Effects::Truths);
        let weeks = company.weeks(|_| true);
        let moves: Vec<(i64, f64)> = confirmed(&weeks);
        let (first, last) = (weeks[0].day, weeks[weeks.len() - 1].day + 7);
        let lasts = |drop: &&Drop| {
            drop.day - first >= LEVEL_DAYS && drop.until_day.min(last) - drop.day >= LEVEL_DAYS
        };
        let is_near = |day: i64, at: i64| (day - at).abs() <= DATED_WITHIN_DAYS;
        for drop in company.truths.drops.iter().filter(lasts) {
            found.n_drops += 1;
            let is_dated = |(day, size): &(i64, f64)| *size < 0.0 && is_near(*day, drop.day);
            found.n_dated += usize::from(moves.iter().any(is_dated));
        }
        let is_planted = |day: i64| {
            let mut drops = company.truths.drops.iter();
            drops.any(|drop| is_near(day, drop.day) || is_near(day, drop.until_day))
        };
        found.n_false += moves.iter().filter(|(day, _)| !is_planted(*day)).count();
    }
    found
}

/// Listens to companies in which nothing happens.
#[must_use]
pub fn silence(seeds: impl Iterator<Item = u64>) -> Silence {
    let mut silence = Silence::default();
    for seed in seeds {
        let weeks = draw(seed, Effects::Nothing).weeks(|_| true);
        let course = course(&weeks);
        silence.n += 1;
        let is_told = matches!(course.trend.verdict, Verdict::Rising | Verdict::Falling);
        silence.n_trends += usize::from(is_told);
        silence.n_shifts += usize::from(course.shifts.iter().any(|shift| shift.is_confirmed));
    }
    silence
}

fn draw(seed: u64, effects: Effects) -> Company {
    let scope = Scope {
        seed,
        first: jiff::civil::date(2024, 11, 1),
        until: jiff::civil::date(2026, 11, 1),
        effects,
        n_fold: N_FOLD,
    };
    Company::draw(&scope).expect("a scope within the limits")
}

/// Returns the confirmed moves: first day of the new level and size.
fn confirmed(weeks: &[Week]) -> Vec<(i64, f64)> {
    let course = course(weeks);
    let shifts = course.shifts.iter().filter(|shift| shift.is_confirmed);
    shifts
        .map(|shift| (weeks[shift.position].day, shift.size))
        .collect()
}

fn course(weeks: &[Week]) -> Course {
    let points: Vec<Point> = weeks.iter().map(point).collect();
    let context = Context {
        relevant_change: RELEVANT_POINTS,
        range: (Some(-100.0), Some(100.0)),
        ..Context::default()
    };
    let test =
        |before: Range<usize>, after: Range<usize>| Some(difference(&weeks[before], &weeks[after]));
    let mut course = series::course(&points, &context, &test, &[]);
    if course.is_steady {
        course.shifts.clear();
    }
    course
}

fn point(week: &Week) -> Point {
    let n = week.n_promoters + week.n_passives + week.n_detractors;
    Point {
        label: String::new(),
        value: (n > 0)
            .then(|| 100.0 * (real(week.n_promoters) - real(week.n_detractors)) / real(n)),
        n,
        answers: Answers::Classes {
            plus: week.n_promoters,
            minus: week.n_detractors,
        },
    }
}

/// Returns the difference of two Net Promoter Scores.
///
/// # Source
/// Adjusted Wald for both, as `MeasuringU` compares two scores.
fn difference(before: &[Week], after: &[Week]) -> Difference {
    let ((one, one_error), (other, other_error)) = (adjusted(before), adjusted(after));
    let error = one_error.hypot(other_error);
    let z = (other - one) / error;
    // Twice the upper tail of the normal distribution, by the complementary error function.
    let p = statrs::function::erf::erfc(z.abs() / std::f64::consts::SQRT_2);
    Difference {
        value: other - one,
        p,
    }
}

fn adjusted(weeks: &[Week]) -> (f64, f64) {
    let sum = |count: fn(&Week) -> u64| real(weeks.iter().map(count).sum());
    let (plus, minus) = (sum(|week| week.n_promoters), sum(|week| week.n_detractors));
    let n = plus + minus + sum(|week| week.n_passives) + 3.0;
    let (plus, minus) = ((plus + 0.75) / n, (minus + 0.75) / n);
    let score = plus - minus;
    let error = ((plus + minus - score * score) / n).sqrt();
    (100.0 * score, 100.0 * error)
}

fn real(n: u64) -> f64 {
    vocd::statistic::real(usize::try_from(n).expect("a small count"))
}
