//! The truths are where the statement says they are, and nowhere else.

use super::*;
use crate::demo::company::Company;

/// Days before and after a truth that an analysis looks at.
const DROP_BEFORE_DAYS: i64 = 140;
const DROP_AFTER_DAYS: i64 = 140;
const COURSE_BEFORE_DAYS: i64 = 112;
const COURSE_AFTER_DAYS: i64 = 56;

fn draw(seed: u64, effects: Effects, n_fold: u32) -> Company {
    let scope = Scope {
        seed,
        first: date(2024, 11, 1),
        until: date(2026, 11, 1),
        effects,
        n_fold,
    };
    Company::draw(&scope).expect("a scope within the limits")
}

fn share(part: u64, whole: u64) -> f64 {
    let small = |n: u64| f64::from(u32::try_from(n).expect("a small count"));
    small(part) / small(whole).max(1.0)
}

/// NPS of the whole weeks between two days, and its standard error.
fn nps(company: &Company, from: i64, to: i64) -> (f64, f64) {
    let weeks = company.weeks(|_| true).into_iter();
    let (mut promoters, mut detractors, mut n) = (0, 0, 0);
    for week in weeks.filter(|week| from <= week.day && week.day + 7 <= to) {
        promoters += week.n_promoters;
        detractors += week.n_detractors;
        n += week.n_promoters + week.n_passives + week.n_detractors;
    }
    let (promoters, detractors) = (share(promoters, n), share(detractors, n));
    let score = promoters - detractors;
    let variance = promoters + detractors - score * score;
    (100.0 * score, 100.0 * (variance * share(1, n)).sqrt())
}

/// CSAT percentage of the ratings that pass, and its standard error.
fn csat(company: &Company, passes: impl Fn(&Rating) -> bool) -> (f64, f64) {
    let (mut satisfied, mut n) = (0, 0);
    for rating in company.ratings().filter(passes) {
        satisfied += u64::from(rating.satisfaction >= 4);
        n += 1;
    }
    let rate = share(satisfied, n);
    (
        100.0 * rate,
        100.0 * (rate * (1.0 - rate) * share(1, n)).sqrt(),
    )
}

/// Asserts that a difference of two estimates is `expected`, within four standard errors and what
/// the truth itself is rounded by.
#[track_caller]
fn is_near((after, after_error): (f64, f64), (before, before_error): (f64, f64), expected: f64) {
    let error = after_error.hypot(before_error);
    let found = after - before;
    assert!(
        (found - expected).abs() < 4.0 * error + 1.0,
        "{found} ± {error}, planted {expected}"
    );
}

#[test]
fn two_years_from_any_month_hold_each_truth_well_inside() {
    for seed in 0..40 {
        let world = World::new(seed, Effects::Life, 1);
        let staff = Staff::until(&world, Day::of(date(2029, 1, 1)));
        for month in 0..36_i16 {
            let first = Day::of(date(2026, 12, 1)).month_start(month);
            let end = first.month_start(-24);
            let truths = Truths::of(&world, &staff, first, end);
            let n_days = end.0 - first.0;
            let is_inside = |drop: &&Drop| {
                let after_days = n_days.min(drop.until_day) - drop.day;
                drop.day >= DROP_BEFORE_DAYS && after_days >= DROP_AFTER_DAYS
            };
            let drop = truths.drops.iter().find(is_inside).expect("a drop inside");
            assert!((-12.0..=-6.0).contains(&drop.nps_points), "{drop:?}");
            assert!(drop.label.starts_with("release "), "{drop:?}");
            assert!(truths.themes.iter().any(|theme| theme.day == drop.day));
            for helps in [true, false] {
                let is_inside = |course: &&Course| {
                    course.day >= COURSE_BEFORE_DAYS
                        && course.used_from_day + COURSE_AFTER_DAYS <= n_days
                        && (course.csat_points > 0.0) == helps
                };
                let course = truths.courses.iter().find(is_inside);
                let n_trained = course.expect("a course inside").agents.len();
                assert!(n_trained >= 5, "{n_trained} trained");
            }
            assert!(truths.driver.is_some() && truths.churn.is_some() && truths.agents.is_some());
        }
    }
}

#[test]
fn a_statement_is_a_file_that_only_grows() {
    let world = World::new(SEED, Effects::Life, 1);
    let first = Day::of(date(2024, 11, 1));
    let text = |until: Day| {
        let staff = Staff::until(&world, until);
        Truths::of(&world, &staff, first, until).text(SEED, first)
    };
    let mut before = text(first.after());
    for n_days in 2..800 {
        let now = text(Day(first.0 + n_days));
        assert!(now.starts_with(&before), "after {n_days} days");
        before = now;
    }
    let told: toml::Table = before.parse().expect("a TOML file");
    let n_told = |kind: &str| told[kind].as_array().expect("a list").len();
    assert!(n_told("drop") >= 2 && n_told("theme") >= 2 && n_told("course") >= 4);
    assert_eq!(told["first"].as_str(), Some("2024-11-01"));
    assert!(told["driver"]["relative_weight_times"].as_float() >= Some(1.5));
}

#[test]
fn a_drop_is_as_large_as_it_says() {
    for seed in [1, 2] {
        let company = draw(seed, Effects::Truths, 3);
        let mut n_seen = 0;
        for drop in &company.truths.drops {
            let (from, to) = (drop.day - DROP_BEFORE_DAYS, drop.until_day.min(730));
            if from >= 0 && to - drop.day >= DROP_BEFORE_DAYS {
                let after = nps(&company, drop.day, to);
                is_near(after, nps(&company, from, drop.day), drop.nps_points);
                n_seen += 1;
            }
        }
        assert!(n_seen > 0, "{:?}", company.truths.drops);
    }
}

#[test]
fn agents_and_trainings_differ_by_what_is_planted() {
    let company = draw(4, Effects::Truths, 3);
    let position = |id: &String| company.agents.iter().position(|agent| agent.id == *id);
    let unlike = company.truths.agents.as_ref().expect("planted");
    let unlike_idx = [&unlike.above, &unlike.below].map(|one| position(&one.agent));
    let trained =
        |course: &Course| -> Vec<usize> { course.agents.iter().filter_map(&position).collect() };
    let is_like = |rating: &Rating| !unlike_idx.contains(&Some(rating.agent));
    let is_gaining = |rating: &Rating| {
        company.truths.courses.iter().any(|course| {
            let is_used = (course.used_from_day..course.used_until_day).contains(&rating.day);
            course.csat_points > 0.0 && is_used && trained(course).contains(&rating.agent)
        })
    };
    let others = csat(&company, |rating| is_like(rating) && !is_gaining(rating));
    for one in [&unlike.above, &unlike.below] {
        let theirs = csat(&company, |rating| {
            Some(rating.agent) == position(&one.agent)
        });
        is_near(theirs, others, one.csat_points);
    }
    let helps = |course: &&Course| course.csat_points > 0.0 && course.day > 60;
    let course = company.truths.courses.iter().find(helps).expect("planted");
    let agents = trained(course);
    let half = |is_trained: bool, days: std::ops::Range<i64>| {
        csat(&company, |rating| {
            let is_theirs = agents.contains(&rating.agent) == is_trained;
            is_like(rating) && is_theirs && days.contains(&rating.day)
        })
    };
    let (before, after) = (
        course.day - 56..course.day,
        course.used_from_day..course.used_from_day + 56,
    );
    let change = |is_trained| {
        let (after, after_error) = half(is_trained, after.clone());
        let (before, before_error) = half(is_trained, before.clone());
        (after - before, after_error.hypot(before_error))
    };
    is_near(change(true), change(false), course.csat_points);
}

/// Sum of squares about the means of a driver and the recommendation, as a correlation.
fn correlation(rated: &[Rated], driver: usize) -> f64 {
    let pairs = || {
        let pair = |one: &Rated| (f64::from(one.ratings[driver]), f64::from(one.recommend));
        rated.iter().map(pair)
    };
    let n = f64::from(u32::try_from(rated.len()).expect("some thousands"));
    let (sum_x, sum_y) = pairs().fold((0.0, 0.0), |(x, y), one| (x + one.0, y + one.1));
    let (mean_x, mean_y) = (sum_x / n, sum_y / n);
    let products = |of: &dyn Fn(f64, f64) -> f64| -> f64 {
        pairs().map(|(x, y)| of(x - mean_x, y - mean_y)).sum()
    };
    products(&|x, y| x * y) / (products(&|x, _| x * x) * products(&|_, y| y * y)).sqrt()
}

#[test]
fn the_strongest_driver_goes_with_the_recommendation_most() {
    for seed in 0..3 {
        let company = draw(seed, Effects::Truths, 2);
        let rated: Vec<Rated> = company.rated().collect();
        assert!(rated.len() > 2_500, "{}", rated.len());
        let drivers = Company::drivers();
        let with = |idx: &usize| correlation(&rated, *idx);
        let strongest = (0..5).max_by(|a, b| with(a).total_cmp(&with(b)));
        let planted = company.truths.driver.expect("planted");
        assert_eq!(strongest.map(|idx| drivers[idx]), Some(planted.driver));
        assert!((1.5..2.2).contains(&planted.times), "{planted:?}");
    }
}

#[test]
fn one_segment_churns() {
    for seed in 0..3 {
        let company = draw(seed, Effects::Truths, 1);
        let planted = company.truths.churn.expect("planted");
        let left = |one: &SegmentChurn| share(one.n_left, one.n_customers);
        let most = company
            .churn
            .iter()
            .max_by(|a, b| left(a).total_cmp(&left(b)));
        assert_eq!(most.map(|one| one.segment), Some(planted.segment));
        assert!(company.churn.iter().all(|one| one.n_customers > 150));
    }
}

#[test]
fn the_theme_is_in_comments_of_its_days_alone() {
    let company = draw(5, Effects::Truths, 1);
    let themes = &company.truths.themes;
    let is_about = |comment: &Comment<'_>| {
        let terms = themes[0].terms;
        terms.iter().any(|term| comment.text.contains(term))
    };
    let mut n_about = 0;
    for comment in company.comments() {
        let is_time = themes
            .iter()
            .any(|theme| (theme.day..theme.until_day).contains(&comment.day));
        assert!(is_time || !is_about(&comment), "{comment:?}");
        n_about += u32::from(is_about(&comment));
    }
    assert!(n_about > 150, "{n_about}");
}

#[test]
fn a_company_without_effects_is_the_same_on_every_day() {
    let company = draw(6, Effects::Nothing, 2);
    let truths = &company.truths;
    assert!(truths.driver.is_none() && truths.churn.is_none() && truths.agents.is_none());
    assert!(truths.drops.is_empty() && truths.themes.is_empty());
    // The courses are taken, and help nobody.
    assert!(truths.courses.len() >= 3);
    assert!(truths.courses.iter().all(|one| one.csat_points == 0.0));
    for from in [0, 182, 364, 546] {
        let quarter = nps(&company, from, from + 182);
        is_near(quarter, nps(&company, 0, 730), 0.0);
        let days = from..from + 182;
        let rated = csat(&company, |rating| days.contains(&rating.day));
        is_near(rated, csat(&company, |_| true), 0.0);
    }
    assert!(!company.comments().any(|one| one.text.contains("actor")));
    for one in &company.churn {
        let left = share(one.n_left, one.n_customers);
        assert!((0.03..0.16).contains(&left), "{one:?}");
    }
}

#[test]
fn the_company_in_memory_is_that_of_the_files() {
    let texts = business::company();
    let (mut n_answers, mut sum, mut n_comments) = (0_u64, 0_u64, 0_u64);
    for survey in ["relationship", "support"] {
        let text = &texts[&format!("answers/{survey}-2026-05.csv")];
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        for row in reader.deserialize::<BTreeMap<String, String>>() {
            let row = row.expect("valid CSV");
            if row["is_test"] == "true" {
                continue;
            }
            n_comments += u64::from(!row["comment"].is_empty());
            if let ("nps", Ok(score)) = (row["metric"].as_str(), row["score"].parse::<u64>()) {
                n_answers += 1;
                sum += score;
            }
        }
    }
    let scope = Scope {
        seed: SEED,
        first: date(2026, 5, 1),
        until: date(2026, 6, 1),
        effects: Effects::Life,
        n_fold: 1,
    };
    let company = Company::draw(&scope).expect("a month");
    let scores = company.replies.iter().filter_map(|reply| reply.recommend);
    let scores: Vec<u64> = scores.map(u64::from).collect();
    assert!(n_answers > 300, "{n_answers}");
    assert_eq!((scores.len() as u64, scores.iter().sum()), (n_answers, sum));
    assert_eq!(company.comments().count() as u64, n_comments);
}

#[test]
fn weeks_are_whole_and_begin_on_mondays() {
    let scope = Scope {
        seed: SEED,
        // A Friday, to a Tuesday.
        first: date(2026, 5, 1),
        until: date(2026, 5, 26),
        effects: Effects::Nothing,
        n_fold: 1,
    };
    let company = Company::draw(&scope).expect("some weeks");
    let days: Vec<i64> = company
        .weeks(|_| true)
        .iter()
        .map(|week| week.day)
        .collect();
    assert_eq!(days, [3, 10, 17]);
    let rating = company.ratings().find(|rating| rating.day < 3);
    assert_eq!(rating.expect("in the first days").week_day, -4);
}

#[test]
fn a_scope_outside_of_the_limits_is_refused() {
    let scope = Scope {
        seed: 1,
        first: date(2026, 5, 1),
        until: date(2026, 5, 2),
        effects: Effects::Life,
        n_fold: 1,
    };
    let first = scope.first;
    let bad = [
        Scope {
            until: first,
            ..scope
        },
        Scope { n_fold: 0, ..scope },
        Scope {
            n_fold: 17,
            ..scope
        },
        Scope {
            until: date(2036, 5, 10),
            ..scope
        },
        Scope {
            first: date(2018, 12, 31),
            ..scope
        },
    ];
    for scope in bad {
        let error = Company::draw(&scope).expect_err("refused");
        assert!(error.to_string().contains("1 day to 10 years"), "{error}");
    }
    assert!(Company::draw(&scope).is_ok());
}
