//! The people of the helpdesk: who works when, and in which team. Kind `agent`.

use crate::demo::calendar::{Day, HOUR_S, Moment};
use crate::demo::dice::{Cast, Stream};
use crate::demo::sheet::Rows;
use crate::demo::training::{self, Cohort};
use crate::demo::world::World;

/// Agents of the first day: two for each team, who stay.
pub(super) const FOUNDERS: usize = 6;
/// The first day of a record (2015-01-01), and the day from which more are hired (2019-04-14).
const FOUNDED: Day = Day(16_436);
const HIRING_FROM: i64 = 18_000;
/// Days from one hire to the next, before its jitter.
const HIRE_CYCLE_DAYS: i64 = 120;
/// Shares of agents that leave, and that change their team, one day.
const LEAVING_SHARE: f64 = 0.3;
const CHANGING_SHARE: f64 = 0.2;
/// How much the hand of an agent like the others moves a satisfaction of 1 to 5, per unit of a bell.
const SKILL: f64 = 0.04;

/// What an agent works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Team {
    FirstLine,
    Technical,
    Accounts,
}

impl Team {
    const ALL: [Self; 3] = [Self::FirstLine, Self::Technical, Self::Accounts];

    /// Name in records.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::FirstLine => "first line",
            Self::Technical => "technical",
            Self::Accounts => "accounts",
        }
    }
}

/// One agent.
#[derive(Debug)]
struct Agent {
    joined: Day,
    left: Option<Day>,
    team: Team,
    changed: Option<(Day, Team)>,
    skill: f64,
    /// What sets one of the two unlike the others apart.
    csat_points: f64,
}

impl Agent {
    fn team(&self, day: Day) -> Team {
        match self.changed {
            Some((changed, team)) if changed <= day => team,
            _ => self.team,
        }
    }

    fn works(&self, day: Day) -> bool {
        self.joined <= day && self.left.is_none_or(|left| day < left)
    }
}

/// All agents up to a day.
#[derive(Debug)]
pub(super) struct Staff {
    all: Vec<Agent>,
    cohorts: Vec<Cohort>,
    end: Day,
}

impl Staff {
    /// Computes the agents that were hired before `end`.
    pub(super) fn until(world: &World, end: Day) -> Self {
        let agents = (0..).map(|idx| agent(world, idx));
        // Hires keep their order: the cycle is longer than its jitter.
        let all = agents.take_while(|agent| agent.joined < end).collect();
        let mut staff = Self {
            all,
            cohorts: Vec::new(),
            end,
        };
        staff.cohorts = training::cohorts(world, &staff, end);
        staff
    }

    /// Positions of those who worked so many days before a day already and so many after it still,
    /// by team.
    pub(super) fn steady(&self, day: Day, n_before: i64, n_after: i64) -> [Vec<usize>; 3] {
        Team::ALL.map(|team| {
            let able = self.all.iter().enumerate().filter(|(_, agent)| {
                let (from, to) = (Day(day.0 - n_before), Day(day.0 + n_after));
                // Who changes the team in these days is in none of them.
                let teams = [from, day, to].map(|day| agent.team(day));
                agent.works(from) && agent.works(to) && teams == [team; 3]
            });
            able.map(|(idx, _)| idx).collect()
        })
    }

    /// Trainings up to the last day, in their order.
    pub(super) fn cohorts(&self) -> &[Cohort] {
        &self.cohorts
    }

    /// CSAT points that an agent's work of a day gains or loses beside that of the others.
    pub(super) fn csat_points(&self, agent_idx: usize, day: Day) -> f64 {
        let trained = self
            .cohorts
            .iter()
            .map(|cohort| cohort.gain(agent_idx, day));
        self.all[agent_idx].csat_points + trained.sum::<f64>()
    }

    /// Agents in the order of their hire: position, day of joining, day of leaving.
    pub(super) fn lives(&self) -> impl Iterator<Item = (usize, Day, Option<Day>)> + '_ {
        let all = self.all.iter().enumerate();
        all.map(|(idx, agent)| (idx, agent.joined, agent.left))
    }

    /// Picks one of a team that works on a day.
    pub(super) fn pick(&self, cast: &mut Cast, team: Team, day: Day) -> usize {
        let able: Vec<usize> = self
            .all
            .iter()
            .enumerate()
            .filter(|(_, agent)| agent.works(day) && agent.team(day) == team)
            .map(|(idx, _)| idx)
            .collect();
        *cast.pick(&able)
    }

    /// Name of an agent's team on a day.
    pub(super) fn team_name(&self, agent_idx: usize, day: Day) -> &'static str {
        self.all[agent_idx].team(day).name()
    }

    /// What an agent adds to a satisfaction of 1 to 5.
    pub(super) fn skill(&self, agent_idx: usize) -> f64 {
        self.all[agent_idx].skill
    }

    /// Writes hires, changes of team and departures in the order they happened.
    pub(super) fn rows(&self) -> Rows {
        let columns = [
            "id",
            "updated_at",
            "aliases",
            "name",
            "team",
            "active",
            "started_at",
        ];
        let mut rows = Rows::new("agent", &columns);
        let mut changes: Vec<(Day, usize)> = Vec::new();
        for (idx, agent) in self.all.iter().enumerate() {
            let days = [
                Some(agent.joined),
                agent.changed.map(|(day, _)| day),
                agent.left,
            ];
            changes.extend(days.into_iter().flatten().map(|day| (day, idx)));
        }
        changes.retain(|(day, _)| *day < self.end);
        changes.sort_unstable();
        for (day, idx) in changes {
            let agent = &self.all[idx];
            let moment = |day| Moment {
                day,
                second: 6 * HOUR_S,
            };
            rows.push(&[
                &id(idx),
                &moment(day).to_string(),
                &format!("email:agent-{idx:02}@help.example"),
                &format!("Agent {idx:02}"),
                agent.team(day).name(),
                if agent.works(day) { "true" } else { "false" },
                &moment(agent.joined).to_string(),
            ]);
        }
        rows
    }
}

/// Record id of an agent.
pub(super) fn id(agent_idx: usize) -> String {
    format!("A{agent_idx:02}")
}

/// Reference to an agent from another source.
pub(super) fn reference(agent_idx: usize) -> String {
    format!("{}/{}", super::site::HELPDESK_SOURCE, id(agent_idx))
}

fn agent(world: &World, idx: usize) -> Agent {
    let mut cast = world.dice().cast(Stream::Agent, 0, idx as u64);
    let mut days = |from: i64, below: u64| from + i64::try_from(cast.below(below)).expect("days");
    let (jitter, stays, settles) = (days(0, 60), days(500, 1_000), days(200, 280));
    let standing = world.standing();
    let skill = standing.map_or(0.0, |_| SKILL) * cast.bell();
    let csat_points = standing.map_or(0.0, |standing| standing.agent_points(idx));
    let place = Team::ALL.len();
    let team = Team::ALL[idx % place];
    let Some(n_hired) = idx.checked_sub(FOUNDERS) else {
        return Agent {
            joined: FOUNDED,
            left: None,
            team,
            changed: None,
            skill,
            csat_points,
        };
    };
    let n_hired = i64::try_from(n_hired).expect("a few dozen");
    let joined = HIRING_FROM + n_hired * HIRE_CYCLE_DAYS + jitter;
    Agent {
        joined: Day(joined),
        left: cast.happens(LEAVING_SHARE).then_some(Day(joined + stays)),
        team,
        // Before anybody leaves.
        changed: cast
            .happens(CHANGING_SHARE)
            .then_some((Day(joined + settles), Team::ALL[(idx + 1) % place])),
        skill,
        csat_points,
    }
}
