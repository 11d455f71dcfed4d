//! Whom the cards are of: teams or agents, those who were asked for among all.

use std::collections::{BTreeMap, BTreeSet};

use crate::kpi::insight::agents::{AGENT, Passed, TEAM, passes};
use crate::kpi::insight::rating::{Rating, Ratings};
use crate::kpi::{KpiError, Query, parse};
use crate::plan::Dimension;

/// Begins the key of whoever is compared with and not shown.
const UNSHOWN: char = '\u{1}';

/// Whom the cards are of.
pub(in crate::kpi::insight) struct Whom {
    pub(in crate::kpi::insight) are_teams: bool,
    teams: Passed,
    /// The persons that a filter on agents passes.
    agents: Option<BTreeSet<String>>,
    /// What agents are called by their rows, the latest last.
    names: BTreeMap<String, Vec<String>>,
}

impl Whom {
    /// Reads the split and the filters of a question.
    ///
    /// # Errors
    /// When the split is neither of teams nor of agents.
    pub(in crate::kpi::insight) fn new(
        kpi: &'static str,
        query: &Query,
        ratings: &Ratings,
    ) -> Result<Self, KpiError> {
        let filter = query.filters.get(AGENT);
        let are_teams = match query.by.as_deref() {
            Some(AGENT) => false,
            Some(TEAM) | None => filter.is_none(),
            Some(other) => {
                return Err(KpiError::OtherSplit {
                    kpi,
                    by: other.to_owned(),
                    known: &[TEAM, AGENT],
                });
            }
        };
        let mut names = BTreeMap::new();
        let mut agents = filter.map(|_| BTreeSet::new());
        for rating in ratings.iter() {
            let (Some(agent), Some(id)) = (rating.agent, rating.id) else {
                continue;
            };
            let known: &mut Vec<String> = names.entry(agent.to_owned()).or_default();
            if known.last().is_none_or(|last| last != id) {
                known.retain(|one| one != id);
                known.push(id.to_owned());
            }
            if let Some(agents) = &mut agents
                && passes(&filter.cloned(), Some(id))
            {
                agents.insert(agent.to_owned());
            }
        }
        Ok(Self {
            are_teams,
            teams: query.filters.get(TEAM).cloned(),
            agents,
            names,
        })
    }

    /// Returns what counts are grouped by so that [`Whom::key_of`] can read them.
    pub(in crate::kpi::insight) fn group(&self) -> Vec<Dimension> {
        let team = Dimension::Column(TEAM);
        match self.are_teams {
            true => vec![team],
            false => vec![Dimension::ServedBy, team],
        }
    }

    /// Returns the key of a group of [`Whom::group`] and what else it is grouped by.
    pub(in crate::kpi::insight) fn key_of<'g>(
        &self,
        group: &'g [Option<String>],
    ) -> Option<(String, &'g [Option<String>])> {
        let (agent, rest) = match self.are_teams {
            true => (None, group),
            false => {
                let (agent, rest) = group.split_first()?;
                (agent.as_deref(), rest)
            }
        };
        let (team, rest) = rest.split_first()?;
        Some((self.key(agent, team.as_deref())?, rest))
    }

    /// Returns under what somebody's rows are counted; nothing where nobody is named.
    pub(in crate::kpi::insight) fn key(
        &self,
        agent: Option<&str>,
        team: Option<&str>,
    ) -> Option<String> {
        let is_team = passes(&self.teams, team);
        let (key, is_shown) = match self.are_teams {
            true => (team.unwrap_or(parse::MISSING), is_team),
            false => {
                let agent = agent?;
                let is_agent = (self.agents.as_ref()).is_none_or(|agents| agents.contains(agent));
                (agent, is_team && is_agent)
            }
        };
        Some(match is_shown {
            true => key.to_owned(),
            false => format!("{UNSHOWN}{key}"),
        })
    }

    pub(in crate::kpi::insight) fn key_of_rating(&self, rating: &Rating<'_>) -> Option<String> {
        self.key(rating.agent, rating.team)
    }

    /// Whether a key is one that was asked for.
    pub(in crate::kpi::insight) fn is_shown(key: &str) -> bool {
        !key.starts_with(UNSHOWN)
    }

    /// Whether somebody was asked for by name.
    pub(in crate::kpi::insight) fn is_chosen(&self) -> bool {
        self.agents.is_some()
    }

    /// Returns what a key is called.
    pub(in crate::kpi::insight) fn name<'n>(&'n self, key: &'n str) -> &'n str {
        match self.are_teams {
            true => key,
            false => self.ids(key).next_back().unwrap_or(key),
        }
    }

    /// Returns what rows call an agent, the latest last.
    pub(in crate::kpi::insight) fn ids(&self, key: &str) -> impl DoubleEndedIterator<Item = &str> {
        let ids = self.names.get(key).map_or(&[][..], Vec::as_slice);
        ids.iter().map(String::as_str)
    }
}
