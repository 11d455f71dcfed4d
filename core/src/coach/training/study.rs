//! Who is compared with whom: each training of a team beside colleagues in the same weeks.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use crate::statistic::{mean, real};

use super::{N_COLLEAGUES_MIN, N_EARLIER_WEEKS_MIN, Regression, Trainee, WINDOW_WEEKS, Week};

/// What one agent changed by between the windows, and what that rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Change {
    pub(super) value: f64,
    pub(super) weight: f64,
}

/// One team's training in one week.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Session<'a> {
    pub(super) team: &'a str,
    week: i64,
    trained: Vec<(&'a Trainee<'a>, Change)>,
    /// Colleagues by name.
    pub(super) colleagues: BTreeMap<&'a str, Change>,
}

impl Session<'_> {
    /// Returns what the colleagues changed by.
    pub(super) fn usual_change(&self) -> f64 {
        weighted_mean(self.colleagues.values().copied()).unwrap_or_default()
    }

    /// Returns the weight of the trained.
    pub(super) fn weight(&self) -> f64 {
        self.trained.iter().map(|(_, change)| change.weight).sum()
    }
}

/// The trainings that have colleagues to compare with.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Study<'a> {
    pub(super) sessions: Vec<Session<'a>>,
}

impl<'a> Study<'a> {
    /// Matches the trained with colleagues.
    pub(super) fn new(agents: &'a [Trainee<'a>]) -> Self {
        let mut agents: Vec<&Trainee<'_>> = agents.iter().collect();
        // Draws go by position, which the order of the rows must not decide.
        agents.sort_by_key(|agent| (agent.team, agent.name));
        let mut sessions: BTreeMap<(&str, i64), Session<'_>> = BTreeMap::new();
        for agent in &agents {
            let Some(week) = agent.trained_in.map(i64::from) else {
                continue;
            };
            let Some(change) = change(agent.weeks, week) else {
                continue;
            };
            let session = sessions
                .entry((agent.team, week))
                .or_insert_with(|| Session {
                    team: agent.team,
                    week,
                    trained: Vec::new(),
                    colleagues: colleagues(&agents, agent.team, week),
                });
            session.trained.push((agent, change));
        }
        let is_matched = |session: &Session<'_>| session.colleagues.len() >= N_COLLEAGUES_MIN;
        Self {
            sessions: sessions.into_values().filter(is_matched).collect(),
        }
    }

    pub(super) fn n_trained(&self) -> usize {
        self.sessions
            .iter()
            .map(|session| session.trained.len())
            .sum()
    }

    pub(super) fn n_colleagues(&self) -> usize {
        let names = |session: &Session<'a>| {
            let team = session.team;
            session
                .colleagues
                .keys()
                .map(move |name| (team, *name))
                .collect::<Vec<_>>()
        };
        self.sessions
            .iter()
            .flat_map(names)
            .collect::<BTreeSet<_>>()
            .len()
    }

    /// Returns what each trained agent changed by beyond its colleagues.
    pub(super) fn gains(&self) -> Vec<Change> {
        let gains = |session: &Session<'_>| {
            let usual = session.usual_change();
            let gain = |change: Change| Change {
                value: change.value - usual,
                ..change
            };
            session
                .trained
                .iter()
                .map(|(_, change)| gain(*change))
                .collect::<Vec<_>>()
        };
        self.sessions.iter().flat_map(gains).collect()
    }

    /// Returns the effect: the mean gain.
    pub(super) fn value(&self) -> f64 {
        weighted_mean(self.gains().into_iter()).unwrap_or_default()
    }

    /// Returns whether the trained, as a group, began below their own earlier weeks.
    pub(super) fn regression(&self) -> Regression {
        let trained: Vec<(&Trainee<'_>, i64)> = self
            .sessions
            .iter()
            .flat_map(|session| {
                session
                    .trained
                    .iter()
                    .map(|(agent, _)| (*agent, session.week))
            })
            .collect();
        let pooled = |from: i64, to: i64| {
            let weeks_of = |(agent, week): &(&'a Trainee<'a>, i64)| {
                rated(agent.weeks, week + from..=week + to)
            };
            weighted_mean(trained.iter().flat_map(weeks_of))
        };
        let earlier: Vec<f64> = (-2 * WINDOW_WEEKS..-WINDOW_WEEKS)
            .filter_map(|offset| pooled(offset, offset))
            .collect();
        let (Some(usual), Some(start)) = (mean(&earlier), pooled(-WINDOW_WEEKS, -1)) else {
            return Regression::Unknown;
        };
        if earlier.len() < N_EARLIER_WEEKS_MIN {
            return Regression::Unknown;
        }
        let squares: f64 = earlier.iter().map(|week| (week - usual).powi(2)).sum();
        let deviation = (squares / (real(earlier.len()) - 1.0)).sqrt();
        let drop = usual - start;
        // Weeks without any spread differ from each other by rounding.
        match drop > deviation + 1e-12 {
            true => Regression::Likely { drop, deviation },
            false => Regression::Unlikely,
        }
    }
}

fn colleagues<'a>(agents: &[&'a Trainee<'a>], team: &str, week: i64) -> BTreeMap<&'a str, Change> {
    let untrained = agents
        .iter()
        .filter(|agent| agent.team == team && agent.trained_in.is_none());
    untrained
        .filter_map(|agent| Some((agent.name, change(agent.weeks, week)?)))
        .collect()
}

/// Returns what an agent changed by around a week; `None` without ratings on both sides.
fn change(weeks: &[Week], at: i64) -> Option<Change> {
    let window = |weeks_of: RangeInclusive<i64>| {
        let rated: Vec<Change> = rated(weeks, weeks_of).collect();
        let n: f64 = rated.iter().map(|week| week.weight).sum();
        Some((weighted_mean(rated.into_iter())?, n))
    };
    let (before, n_before) = window(at - WINDOW_WEEKS..=at - 1)?;
    let (after, n_after) = window(at + 1..=at + WINDOW_WEEKS)?;
    Some(Change {
        value: after - before,
        // The inverse of what chance gives the difference of two means.
        weight: n_before * n_after / (n_before + n_after),
    })
}

/// Returns the weeks of a range that rest on ratings.
fn rated(weeks: &[Week], range: RangeInclusive<i64>) -> impl Iterator<Item = Change> {
    let is_rated = |week: &&Week| {
        week.difference.is_finite() && week.n_ratings.is_finite() && week.n_ratings > 0.0
    };
    let within = weeks
        .iter()
        .filter(is_rated)
        .filter(move |week| range.contains(&i64::from(week.week)));
    within.map(|week| Change {
        value: week.difference,
        weight: week.n_ratings,
    })
}

/// Returns the mean of values by their weights; `None` where nothing weighs.
pub(super) fn weighted_mean(changes: impl Iterator<Item = Change>) -> Option<f64> {
    let (mut sum, mut weight) = (0.0, 0.0);
    for change in changes {
        sum += change.value * change.weight;
        weight += change.weight;
    }
    (weight > 0.0).then(|| sum / weight)
}

/// Returns how many equally weighted agents would tell as much.
///
/// # Source
/// Kish 1965.
pub(super) fn n_effective(weights: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut squares) = (0.0, 0.0);
    for weight in weights {
        sum += weight;
        squares += weight * weight;
    }
    sum * sum / squares
}
