//! How often what is told of agents and trainings is true of companies whose truth is planted:
//! counts over many of them, each drawn from a seed.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Range;

use jiff::civil::date;
use vocd::coach::{self, Band, Cell, Completion, Review, Tally, TrainingEffect, WeekCell};
use vocd::demo::{Company, Effects, Rating, Scope};
use vocd::statistic::real;

/// Times the demo's size: about 520 NPS answers a week.
const N_FOLD: u32 = 4;
/// Days of a time that ratings are compared over.
const PERIOD_DAYS: i64 = 90;
/// Days that a company lives: two years of whole weeks.
const N_DAYS: i64 = 730;
/// Days before a training that tell how the trained began, and days of its use that are compared.
const BEFORE_DAYS: i64 = 119;
const AFTER_DAYS: i64 = 63;

/// What was told of some companies, and what was true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Coached {
    /// Trainings with an effect and an interval.
    pub n_measured: usize,
    /// Those of them whose interval holds the planted effect.
    pub n_covered: usize,
    /// Trainings without a number, although all of their weeks are there.
    pub n_unmeasured: usize,
    /// Agents unlike the rest.
    pub n_unlike: usize,
    /// Those of them in the band they belong to.
    pub n_unlike_found: usize,
    /// Agents like the rest, with enough ratings to say so.
    pub n_alike: usize,
    /// Those of them who are told apart all the same.
    pub n_alike_apart: usize,
}

impl Coached {
    /// Returns the share of intervals that hold the truth.
    #[must_use]
    pub fn coverage(&self) -> f64 {
        real(self.n_covered) / real(self.n_measured.max(1))
    }

    /// Returns the share of the unlike who are found.
    #[must_use]
    pub fn found(&self) -> f64 {
        real(self.n_unlike_found) / real(self.n_unlike.max(1))
    }

    /// Returns the share of those like the rest who are told apart.
    #[must_use]
    pub fn false_rate(&self) -> f64 {
        real(self.n_alike_apart) / real(self.n_alike.max(1))
    }

    fn add(&mut self, other: Self) {
        self.n_measured += other.n_measured;
        self.n_covered += other.n_covered;
        self.n_unmeasured += other.n_unmeasured;
        self.n_unlike += other.n_unlike;
        self.n_unlike_found += other.n_unlike_found;
        self.n_alike += other.n_alike;
        self.n_alike_apart += other.n_alike_apart;
    }
}

/// Counts over the companies of some seeds.
///
/// # Panics
/// When a company cannot be drawn, which its scope does not allow.
#[must_use]
pub fn coached(seeds: impl IntoIterator<Item = u64>, effects: Effects) -> Coached {
    let mut all = Coached::default();
    for seed in seeds {
        let company = Company::draw(&Scope {
            seed,
            first: date(2024, 11, 1),
            until: date(2026, 11, 1),
            effects,
            n_fold: N_FOLD,
        });
        let company = company.expect("a scope within the limits");
        let ratings: Vec<Rating> = company.ratings().collect();
        all.add(trainings(&company, &ratings));
        all.add(bands(&company, &ratings));
    }
    all
}

fn count(tally: &mut Tally, rating: &Rating) {
    match rating.satisfaction >= 4 {
        true => tally.n_positive += 1,
        false => tally.n_negative += 1,
    }
}

/// Monday's number of a day; days are counted from a Friday.
fn week(day: i64) -> i32 {
    i32::try_from((day + 4).div_euclid(7)).expect("two years of weeks")
}

fn trainings(company: &Company, ratings: &[Rating]) -> Coached {
    let mut found = Coached::default();
    let completions: Vec<Completion<'_>> = (company.truths.courses.iter())
        .flat_map(|course| {
            course.agents.iter().map(|agent| Completion {
                course: course.course,
                week: week(course.day),
                agent,
            })
        })
        .collect();
    let trainings = coach::trainings(&completions);
    for course in &company.truths.courses {
        let is_whole = course.day >= BEFORE_DAYS && course.used_from_day + AFTER_DAYS <= N_DAYS;
        let is_it = |one: &&coach::Training| {
            one.course == course.course && one.weeks().0 == week(course.day)
        };
        let Some(training) = trainings.iter().find(is_it).filter(|_| is_whole) else {
            continue;
        };
        let around =
            week(course.day) - coach::LOOK_BACK_WEEKS..=week(course.day) + coach::LOOK_AHEAD_WEEKS;
        let mut tallies: BTreeMap<(usize, i32, &str, &str), Tally> = BTreeMap::new();
        let mut teams: BTreeMap<String, String> = BTreeMap::new();
        for rating in ratings.iter().filter(|one| around.contains(&week(one.day))) {
            let key = (
                rating.agent,
                week(rating.day),
                rating.channel,
                rating.category,
            );
            count(tallies.entry(key).or_default(), rating);
            teams.insert(
                company.agents[rating.agent].id.clone(),
                rating.team.to_owned(),
            );
        }
        let cells: Vec<WeekCell<'_>> = (tallies.iter())
            .map(|((agent, week, channel, category), tally)| WeekCell {
                week: *week,
                cell: Cell {
                    name: &company.agents[*agent].id,
                    channel,
                    category,
                    tally: *tally,
                },
            })
            .collect();
        let weeks = coach::weeks(&cells);
        let trainees = coach::trainees(training, &completions, &teams, &weeks);
        match coach::training_effect(&trainees, u64::from(week(course.day).unsigned_abs())) {
            TrainingEffect::Measured(effect) => {
                let truth = course.csat_points / 100.0;
                let (low, high) = effect.interval;
                found.n_measured += 1;
                found.n_covered += usize::from(low <= truth && truth <= high);
            }
            TrainingEffect::TooFew { .. } | TrainingEffect::NoVariation => found.n_unmeasured += 1,
        }
    }
    found
}

fn review(company: &Company, ratings: &[Rating], days: &Range<i64>) -> Review {
    let mut tallies: BTreeMap<(usize, &str, &str), Tally> = BTreeMap::new();
    let mut customers: BTreeMap<String, HashSet<u64>> = BTreeMap::new();
    for rating in ratings.iter().filter(|one| days.contains(&one.day)) {
        let key = (rating.agent, rating.channel, rating.category);
        count(tallies.entry(key).or_default(), rating);
        let name = company.agents[rating.agent].id.clone();
        customers.entry(name).or_default().insert(rating.customer);
    }
    let cells: Vec<Cell<'_>> = (tallies.iter())
        .map(|((agent, channel, category), tally)| Cell {
            name: &company.agents[*agent].id,
            channel,
            category,
            tally: *tally,
        })
        .collect();
    let n_customers = (customers.into_iter())
        .map(|(name, customers)| (name, customers.len() as u64))
        .collect();
    Review::new(&cells, &n_customers)
}

fn bands(company: &Company, ratings: &[Rating]) -> Coached {
    let days = N_DAYS - PERIOD_DAYS..N_DAYS;
    let before = days.start - PERIOD_DAYS..days.start;
    let now = review(company, ratings, &days);
    let earlier = review(company, ratings, &before);
    let unlike: BTreeMap<&str, Band> = (company.truths.agents.iter())
        .flat_map(|both| {
            let (above, below) = (both.above.agent.as_str(), both.below.agent.as_str());
            [(above, Band::Above), (below, Band::Below)]
        })
        .collect();
    // Who used a course that helps in these days is measurably better, and rightly told apart.
    let gained: BTreeSet<&str> = (company.truths.courses.iter())
        .filter(|course| course.csat_points > 0.0 && course.used_until_day > before.start)
        .flat_map(|course| course.agents.iter().map(String::as_str))
        .collect();
    let mut found = Coached::default();
    for (name, band) in now.bands(Some(&earlier)) {
        match unlike.get(name.as_str()) {
            Some(expected) => {
                found.n_unlike += 1;
                found.n_unlike_found += usize::from(band == *expected);
            }
            None if gained.contains(name.as_str()) || band == Band::NotEnough => {}
            None => {
                found.n_alike += 1;
                found.n_alike_apart += usize::from(band != Band::Within);
            }
        }
    }
    found
}
