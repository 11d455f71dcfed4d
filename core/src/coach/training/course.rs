//! Who took a course at about the same time, and whom they are compared with.

use std::collections::{BTreeMap, BTreeSet};

use super::{LOOK_AHEAD_WEEKS, Trainee, Week};

/// Weeks between two who took a course, beyond which they are of two trainings.
const APART_WEEKS: i32 = 4;
/// Somebody completed a course.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Completion<'a> {
    /// The course.
    pub course: &'a str,
    /// Number of the week on a count without gaps.
    pub week: i32,
    /// Who.
    pub agent: &'a str,
}

/// A course that some took at about the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Training {
    /// The course.
    pub course: String,
    /// Who took it, and the last week in which they did.
    pub trained: BTreeMap<String, i32>,
}

impl Training {
    /// Returns the first and the last week; both 0 if nobody took it.
    #[must_use]
    pub fn weeks(&self) -> (i32, i32) {
        let weeks = || self.trained.values().copied();
        (weeks().min().unwrap_or(0), weeks().max().unwrap_or(0))
    }
}

/// Returns the trainings, by course and then in the order of time.
#[must_use]
pub fn trainings(completions: &[Completion<'_>]) -> Vec<Training> {
    let sorted: BTreeSet<Completion<'_>> = completions.iter().copied().collect();
    let mut trainings: Vec<Training> = Vec::new();
    for completion in sorted {
        let open = trainings.last_mut().filter(|last| {
            let (_, week) = last.weeks();
            last.course == completion.course && completion.week - week <= APART_WEEKS
        });
        let agent = completion.agent.to_owned();
        match open {
            Some(training) => {
                training.trained.insert(agent, completion.week);
            }
            None => trainings.push(Training {
                course: completion.course.to_owned(),
                trained: BTreeMap::from([(agent, completion.week)]),
            }),
        }
    }
    trainings
}

/// Returns the trained and their colleagues, by name: whoever has weeks and a team, but for those who
/// took any other course in the weeks that are compared.
#[must_use]
pub fn trainees<'a>(
    training: &Training,
    completions: &[Completion<'_>],
    teams: &'a BTreeMap<String, String>,
    weeks: &'a BTreeMap<String, Vec<Week>>,
) -> Vec<Trainee<'a>> {
    let (first, last) = training.weeks();
    let compared = first - LOOK_AHEAD_WEEKS..=last + LOOK_AHEAD_WEEKS;
    let elsewhere: BTreeSet<&str> = (completions.iter())
        .filter(|one| compared.contains(&one.week) && !training.trained.contains_key(one.agent))
        .map(|one| one.agent)
        .collect();
    let known = weeks
        .iter()
        .filter(|(name, _)| !elsewhere.contains(name.as_str()));
    known
        .filter_map(|(name, weeks)| {
            Some(Trainee {
                name,
                team: teams.get(name)?,
                trained_in: training.trained.get(name).copied(),
                weeks,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completion<'a>(course: &'a str, week: i32, agent: &'a str) -> Completion<'a> {
        Completion {
            course,
            week,
            agent,
        }
    }

    #[test]
    fn a_course_taken_again_later_is_another_training() {
        let found = trainings(&[
            completion("tone", 60, "ann"),
            completion("tone", 10, "ann"),
            completion("tone", 14, "bob"),
            completion("desk", 12, "bob"),
            completion("tone", 19, "cleo"),
        ]);
        let told: Vec<(&str, (i32, i32), usize)> = (found.iter())
            .map(|one| (one.course.as_str(), one.weeks(), one.trained.len()))
            .collect();
        let expected = [
            ("desk", (12, 12), 1),
            ("tone", (10, 14), 2),
            ("tone", (19, 19), 1),
            ("tone", (60, 60), 1),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn who_took_another_course_at_the_time_is_no_colleague() {
        let completions = [
            completion("tone", 20, "ann"),
            completion("desk", 28, "bob"),
            completion("desk", 29, "cleo"),
        ];
        let names = ["ann", "bob", "cleo", "dan", "eve"].map(str::to_owned);
        let weeks: BTreeMap<String, Vec<Week>> = names
            .iter()
            .map(|name| (name.clone(), Vec::new()))
            .collect();
        let teams: BTreeMap<String, String> = (names[..4].iter())
            .map(|name| (name.clone(), "north".to_owned()))
            .collect();
        let training = &trainings(&completions)[1];
        let found = trainees(training, &completions, &teams, &weeks);
        let told: Vec<(&str, Option<i32>)> =
            found.iter().map(|one| (one.name, one.trained_in)).collect();
        assert_eq!(told, [("ann", Some(20)), ("cleo", None), ("dan", None)]);
    }
}
