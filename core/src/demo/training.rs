//! Courses that half of the agents take: one that helps, and one that does not. Kind `training`.

use crate::demo::agent::{self, Staff};
use crate::demo::calendar::{Day, HOUR_S, Moment};
use crate::demo::dice::Stream;
use crate::demo::sheet::Rows;
use crate::demo::truth::{self, CYCLE_DAYS};
use crate::demo::world::World;

/// The first cycle of truths in which somebody is trained; there are only founders before.
const FIRST_CYCLE: i64 = 50;
/// Whole weeks in which the day of a course falls.
const WEEKS: u64 = 5;
/// Days from a Friday's course to the Monday from which on it is used.
const USED_AFTER_DAYS: i64 = 3;
/// Days of use until what was learnt is forgotten: 20 weeks, before another course is measured.
const USED_DAYS: i64 = 140;
/// Days that all who are asked worked before the course and work after it, in one team.
pub(super) const BEFORE_DAYS: i64 = 112;
const AFTER_DAYS: i64 = 63;
/// CSAT points that the helping course gives, from and to.
const HELP_POINTS: (f64, f64) = (4.0, 8.0);

/// A course of the company.
struct Subject {
    name: &'static str,
    /// Place of its first Friday in a cycle of truths.
    friday: i64,
    /// CSAT points from and to.
    points: (f64, f64),
    /// Its stream of chance.
    stream: u64,
}

/// In the order of a cycle; day 1 of the calendar is a Friday, and a cycle has whole weeks.
const SUBJECTS: [Subject; 2] = [
    Subject {
        name: "listening first",
        friday: 64,
        points: HELP_POINTS,
        stream: truth::COURSE,
    },
    Subject {
        name: "new reporting tool",
        friday: 295,
        points: (0.0, 0.0),
        stream: truth::COURSE + 1,
    },
];

/// Those who took a course on one day.
#[derive(Debug)]
pub(super) struct Cohort {
    /// The course.
    pub(super) course: &'static str,
    /// The day.
    pub(super) day: Day,
    /// CSAT points that the work of the trained gains while it is used; 0 if it helps nobody.
    pub(super) csat_points: f64,
    /// Positions of the trained, ascending.
    pub(super) agents: Vec<usize>,
}

impl Cohort {
    /// First day on which it is used, a Monday, and the first on which it is forgotten.
    pub(super) fn used(&self) -> (Day, Day) {
        let from = self.day.0 + USED_AFTER_DAYS;
        (Day(from), Day(from + USED_DAYS))
    }

    /// CSAT points that an agent's work of a day gains by it.
    pub(super) fn gain(&self, agent_idx: usize, day: Day) -> f64 {
        let (from, to) = self.used();
        if (from..to).contains(&day) && self.agents.binary_search(&agent_idx).is_ok() {
            self.csat_points
        } else {
            0.0
        }
    }
}

/// Draws the trainings up to `end` (exclusive), in their order.
pub(super) fn cohorts(world: &World, staff: &Staff, end: Day) -> Vec<Cohort> {
    let last = end.0.div_euclid(CYCLE_DAYS);
    let all = (FIRST_CYCLE..=last).flat_map(|cycle| {
        SUBJECTS
            .iter()
            .map(move |subject| cohort(world, staff, cycle, subject))
    });
    all.filter(|cohort| cohort.day < end).collect()
}

fn cohort(world: &World, staff: &Staff, cycle: i64, subject: &Subject) -> Cohort {
    let mut cast = world.dice().cast(Stream::Truth, cycle, subject.stream);
    let n_weeks = i64::try_from(cast.below(WEEKS)).expect("some weeks");
    let csat_points = truth::between(&mut cast, subject.points);
    let day = Day(cycle * CYCLE_DAYS + subject.friday + 7 * n_weeks);
    let mut agents = Vec::new();
    // Half of each team by lot, so that those who are not asked can be compared with.
    let mut is_up = cast.happens(0.5);
    for mut team in staff.steady(day, BEFORE_DAYS, AFTER_DAYS) {
        team.retain(|idx| !is_unlike(world, *idx));
        // An odd one out is trained in one team and not in the next.
        let n_trained = (team.len() + usize::from(is_up)) / 2;
        is_up ^= team.len() % 2 == 1;
        for _ in 0..n_trained {
            let at = usize::try_from(cast.below(team.len() as u64)).expect("below a length");
            agents.push(team.swap_remove(at));
        }
    }
    agents.sort_unstable();
    Cohort {
        course: subject.name,
        day,
        csat_points: if world.has_truths() { csat_points } else { 0.0 },
        agents,
    }
}

/// The two unlike agents need no course: what they learnt would be lost in what they are.
fn is_unlike(world: &World, agent_idx: usize) -> bool {
    world
        .standing()
        .is_some_and(|standing| standing.agent_points(agent_idx) != 0.0)
}

/// Writes who took which course from `first` on, in the order it happened.
pub(super) fn rows(staff: &Staff, first: Day) -> Rows {
    let columns = [
        "id",
        "updated_at",
        "agent",
        "course",
        "completed_at",
        "result",
    ];
    let mut rows = Rows::new("training", &columns);
    for cohort in staff.cohorts().iter().filter(|cohort| cohort.day >= first) {
        let at = Moment {
            day: cohort.day,
            second: 15 * HOUR_S,
        };
        for agent_idx in &cohort.agents {
            let agent = agent::id(*agent_idx);
            rows.push(&[
                &format!("{}-{agent}", cohort.day.date()),
                &at.to_string(),
                &agent,
                cohort.course,
                &at.to_string(),
                "passed",
            ]);
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::world::Effects;

    #[test]
    fn a_cohort_has_enough_agents_on_both_sides() {
        for seed in 0..50 {
            let world = World::new(seed, Effects::Truths, 1);
            let end = Day(20_800);
            let staff = Staff::until(&world, end);
            let recent = staff
                .cohorts()
                .iter()
                .filter(|cohort| cohort.day.0 > 19_600);
            let mut n_cohorts = 0;
            for cohort in recent {
                let teams = staff.steady(cohort.day, BEFORE_DAYS, AFTER_DAYS);
                let n_steady: usize = teams.iter().map(Vec::len).sum();
                let n_trained = cohort.agents.len();
                assert!(n_trained >= 5, "{seed}: {n_trained} trained");
                assert!(n_steady - n_trained >= 5, "{seed}: {n_steady} in all");
                assert_eq!(cohort.day.weekday_idx(), 4);
                assert_eq!(cohort.used().0.weekday_idx(), 0);
                let helps = cohort.course == SUBJECTS[0].name;
                assert_eq!((4.0..8.0).contains(&cohort.csat_points), helps);
                n_cohorts += 1;
            }
            assert!(n_cohorts >= 6, "{seed}: {n_cohorts}");
        }
    }

    #[test]
    fn a_course_is_used_from_monday_on_and_forgotten() {
        let world = World::new(3, Effects::Truths, 1);
        let staff = Staff::until(&world, Day(20_800));
        let cohort = &staff.cohorts()[0];
        let (agent, (from, to)) = (cohort.agents[0], cohort.used());
        let gain = |day: i64| cohort.gain(agent, Day(day));
        assert_eq!((gain(from.0 - 1), gain(to.0)), (0.0, 0.0));
        assert_eq!(
            (gain(from.0), gain(to.0 - 1)),
            (cohort.csat_points, cohort.csat_points)
        );
    }
}
