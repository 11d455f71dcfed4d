//! The roles, and the one table of what each may.

use std::fmt;

use serde_json::{Map, Value};

use crate::nearest::nearest;

/// A thing one may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// Look at pages, pictures, KPIs and metrics.
    Look,
    /// See the numbers of single agents of one's team.
    TeamAgents,
    /// See one's own numbers as an agent.
    OwnCard,
    /// Export rows without personal columns and without anonymous surveys.
    Rows,
    /// Write annotations.
    Annotate,
    /// See the numbers of every single agent.
    EveryAgent,
    /// Read personal rows, change sources, see the page of operators.
    Operate,
}

/// What a person or a screen is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Looks.
    Viewer,
    /// Leads a team.
    Lead,
    /// Answers customers.
    Agent,
    /// Works with rows.
    Editor,
    /// Runs the daemon.
    Admin,
}

/// What each role may; the columns are those of [`Role::ALL`].
const MAY: [(Area, [bool; 5]); 7] = [
    (Area::Look, [true, true, true, true, true]),
    (Area::TeamAgents, [false, true, false, false, true]),
    (Area::OwnCard, [false, false, true, false, true]),
    (Area::Rows, [false, false, false, true, true]),
    (Area::Annotate, [false, false, false, true, true]),
    (Area::EveryAgent, [false, false, false, false, true]),
    (Area::Operate, [false, false, false, false, true]),
];

impl Role {
    /// Every role, in the order of the table's columns.
    pub const ALL: [Self; 5] = [
        Self::Viewer,
        Self::Lead,
        Self::Agent,
        Self::Editor,
        Self::Admin,
    ];

    /// Returns the name that users write.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Lead => "lead",
            Self::Agent => "agent",
            Self::Editor => "editor",
            Self::Admin => "admin",
        }
    }

    /// Returns the role of a name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Returns whether the role may do a thing.
    #[must_use]
    pub fn may(self, area: Area) -> bool {
        let column = Self::ALL.iter().position(|role| *role == self);
        let row = MAY.iter().find(|(known, _)| *known == area);
        matches!((row, column), (Some((_, may)), Some(column)) if may[column])
    }

    /// Returns the least of the roles that may do a thing, for words of refusal.
    #[must_use]
    pub fn least(area: Area) -> Self {
        let least = Self::ALL.into_iter().find(|role| role.may(area));
        least.unwrap_or(Self::Admin)
    }
}

/// A role with what narrows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    role: Role,
    team: Option<String>,
    agent: Option<String>,
    wall: Option<String>,
}

/// Longest name of a team, an agent or a wall, in bytes.
pub const NAME_BYTES_MAX: usize = 200;

/// Why a role cannot be given like this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// There is no such role.
    #[error("there is no role `{name}`")]
    Unknown {
        /// As written.
        name: String,
    },
    /// A lead leads a team, an agent is one.
    #[error("role `{}` does not name its {what}", role.name())]
    Missing {
        /// The role.
        role: Role,
        /// What it needs.
        what: &'static str,
    },
    /// The role has no use for it.
    #[error("role `{}` takes no {what}", role.name())]
    Superfluous {
        /// The role.
        role: Role,
        /// What it does not take.
        what: &'static str,
    },
    /// A name is empty, too long or has control characters.
    #[error("the name of the {what} is empty, longer than 200 bytes or has control characters")]
    Name {
        /// Whose name.
        what: &'static str,
    },
}

impl GrantError {
    /// Returns what to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Unknown { name } => {
                let names = Role::ALL.map(Role::name);
                match nearest(name, names) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there are {}", names.join(", ")),
                }
            }
            Self::Missing { .. } => {
                "on the command line add --team TEAM or --agent ID, in a file write lead:TEAM or \
                 agent:ID"
                    .to_owned()
            }
            Self::Superfluous { what, .. } => format!("leave the {what} out"),
            Self::Name { .. } => "write it as the records have it".to_owned(),
        }
    }
}

impl Grant {
    /// Returns what a visitor without a token may where looking is open: to look.
    #[must_use]
    pub const fn viewer() -> Self {
        Self::bare(Role::Viewer)
    }

    /// Returns what the operator of this machine may: everything.
    #[must_use]
    pub const fn admin() -> Self {
        Self::bare(Role::Admin)
    }

    const fn bare(role: Role) -> Self {
        Self {
            role,
            team: None,
            agent: None,
            wall: None,
        }
    }

    /// Returns a checked grant: a lead has a team, an agent an id, a wall only a viewer.
    ///
    /// # Errors
    /// When something is missing, superfluous or no name.
    pub fn new(
        role: Role,
        team: Option<String>,
        agent: Option<String>,
        wall: Option<String>,
    ) -> Result<Self, GrantError> {
        let checks = [
            ("team", &team, role == Role::Lead, role == Role::Lead),
            ("agent", &agent, role == Role::Agent, role == Role::Agent),
            ("wall", &wall, false, role == Role::Viewer),
        ];
        for (what, given, is_needed, is_taken) in checks {
            match given {
                None if is_needed => return Err(GrantError::Missing { role, what }),
                Some(_) if !is_taken => return Err(GrantError::Superfluous { role, what }),
                Some(name) if !is_name(name) => return Err(GrantError::Name { what }),
                _ => {}
            }
        }
        Ok(Self {
            role,
            team,
            agent,
            wall,
        })
    }

    /// Reads `viewer`, `lead:TEAM`, `agent:ID`, `editor` or `admin`.
    ///
    /// # Errors
    /// As [`Grant::new`], and for an unknown role.
    pub fn parse(text: &str) -> Result<Self, GrantError> {
        let (name, rest) = match text.split_once(':') {
            Some((name, rest)) => (name, Some(rest.to_owned())),
            None => (text, None),
        };
        let role = Role::of(name).ok_or_else(|| GrantError::Unknown {
            name: name.to_owned(),
        })?;
        match role {
            Role::Agent => Self::new(role, None, rest, None),
            _ => Self::new(role, rest, None, None),
        }
    }

    /// Reads what [`Grant::to_json`] wrote.
    ///
    /// # Errors
    /// As [`Grant::new`], and for an unknown role.
    pub fn from_json(value: &Value) -> Result<Self, GrantError> {
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        let name = text("role").unwrap_or_default();
        let role = Role::of(&name).ok_or(GrantError::Unknown { name })?;
        Self::new(role, text("team"), text("agent"), text("wall"))
    }

    /// Returns the members `role`, `team`, `agent` and `wall`; those it has.
    #[must_use]
    pub fn to_json(&self) -> Map<String, Value> {
        let mut object = Map::new();
        object.insert("role".to_owned(), self.role.name().into());
        for (name, value) in [
            ("team", &self.team),
            ("agent", &self.agent),
            ("wall", &self.wall),
        ] {
            if let Some(value) = value {
                object.insert(name.to_owned(), value.as_str().into());
            }
        }
        object
    }

    /// Returns the role.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Returns the only wall it may see, where it is narrowed to one.
    #[must_use]
    pub fn wall(&self) -> Option<&str> {
        self.wall.as_deref()
    }

    /// Returns whether it may do a thing.
    #[must_use]
    pub fn may(&self, area: Area) -> bool {
        self.role.may(area)
    }

    /// Returns whether it may ask for these query parameters: numbers of single agents are for
    /// admins, for the lead of their team, and for the agent.
    ///
    /// What names agents whatever is asked of it (`names_agents`) is for the same.
    #[must_use]
    pub fn may_ask(&self, names_agents: bool, pairs: &[(String, String)]) -> bool {
        let filters = |dimension: &str, value: &str| {
            let named: Vec<&str> = values(pairs, dimension).collect();
            named == [escaped(value)]
        };
        if !names_agents && !is_about_agents(pairs) {
            return true;
        }
        if self.may(Area::EveryAgent) {
            return true;
        }
        match (&self.team, &self.agent) {
            (Some(team), _) if self.may(Area::TeamAgents) => filters("team", team),
            (_, Some(agent)) if self.may(Area::OwnCard) => {
                !splits(pairs) && filters("agent", agent)
            }
            _ => false,
        }
    }
}

/// Returns whether query parameters ask for numbers of single agents.
#[must_use]
pub fn is_about_agents(pairs: &[(String, String)]) -> bool {
    splits(pairs) || values(pairs, "agent").next().is_some()
}

fn splits(pairs: &[(String, String)]) -> bool {
    pairs
        .iter()
        .any(|(name, value)| name == "by" && value == "agent")
}

/// Returns what the filters on a dimension pass.
fn values<'p>(pairs: &'p [(String, String)], dimension: &'p str) -> impl Iterator<Item = &'p str> {
    let is_of = move |name: &str| name.strip_prefix("where.") == Some(dimension);
    let named = pairs.iter().filter(move |(name, _)| is_of(name));
    named.map(|(_, value)| value.as_str())
}

/// Writes a value as a filter does: a comma separates values there.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace(',', "\\,")
}

fn is_name(name: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len()) && !name.chars().any(char::is_control)
}

impl fmt::Display for Grant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.role.name())?;
        for (name, value) in [
            ("team", &self.team),
            ("agent", &self.agent),
            ("wall", &self.wall),
        ] {
            if let Some(value) = value {
                write!(formatter, " {name}={value}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_knows_every_area_once() {
        let areas = [
            Area::Look,
            Area::TeamAgents,
            Area::OwnCard,
            Area::Rows,
            Area::Annotate,
            Area::EveryAgent,
            Area::Operate,
        ];
        for area in areas {
            assert_eq!(MAY.iter().filter(|(known, _)| *known == area).count(), 1);
            assert!(Role::Admin.may(area), "{area:?}");
            assert_eq!(Role::Viewer.may(area), area == Area::Look, "{area:?}");
        }
        assert_eq!(areas.len(), MAY.len());
        assert_eq!(Role::least(Area::Rows), Role::Editor);
        assert_eq!(Role::least(Area::Operate), Role::Admin);
    }

    fn check(text: &str, expected: &str) {
        let found = match Grant::parse(text) {
            Ok(grant) => {
                let again = Grant::from_json(&Value::Object(grant.to_json()));
                assert_eq!(again.as_ref(), Ok(&grant), "{text}");
                grant.to_string()
            }
            Err(error) => format!("{error}; {}", error.hint()),
        };
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_grant_says_what_it_needs() {
        check("viewer", "viewer");
        check("lead:emea", "lead team=emea");
        check("agent:a:17", "agent agent=a:17");
        let hint = "on the command line add --team TEAM or --agent ID, in a file write lead:TEAM \
                    or agent:ID";
        check(
            "lead",
            &format!("role `lead` does not name its team; {hint}"),
        );
        check(
            "agent",
            &format!("role `agent` does not name its agent; {hint}"),
        );
        check("admin:x", "role `admin` takes no team; leave the team out");
        check("amdin", "there is no role `amdin`; did you mean `admin`?");
        check(
            "lead:",
            "the name of the team is empty, longer than 200 bytes or has control characters; \
             write it as the records have it",
        );
        let wall = Some("executive".to_owned());
        assert!(Grant::new(Role::Editor, None, None, wall.clone()).is_err());
        assert!(Grant::new(Role::Viewer, None, None, wall).is_ok());
    }

    #[test]
    fn numbers_of_single_agents_are_for_those_they_concern() {
        let ask = |grant: &str, query: &str| {
            let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect();
            let names_agents = query.starts_with("names_agents");
            Grant::parse(grant).unwrap().may_ask(names_agents, &pairs)
        };
        for (grant, query, expected) in [
            ("viewer", "by=team&where.team=emea", true),
            ("viewer", "by=agent", false),
            ("viewer", "where.agent=a1", false),
            ("editor", "by=agent", false),
            ("admin", "by=agent", true),
            ("lead:emea", "by=agent&where.team=emea", true),
            ("lead:emea", "by=agent", false),
            ("lead:emea", "by=agent&where.team=emea,apac", false),
            (
                "lead:emea",
                "by=agent&where.team=emea&where.team=apac",
                false,
            ),
            ("lead:e,a", "by=agent&where.team=e\\,a", true),
            ("lead:e,a", "by=agent&where.team=e,a", false),
            ("agent:a1", "where.agent=a1", true),
            ("agent:a1", "where.agent=a1,a2", false),
            ("agent:a1", "by=agent&where.agent=a1", false),
            ("agent:a1", "by=agent", false),
            ("viewer", "names_agents", false),
            ("editor", "names_agents&where.team=emea", false),
            ("admin", "names_agents", true),
            ("lead:emea", "names_agents", false),
            ("lead:emea", "names_agents&where.team=apac", false),
            ("lead:emea", "names_agents&where.team=emea", true),
            ("agent:a1", "names_agents", false),
            ("agent:a1", "names_agents&where.agent=a2", false),
            ("agent:a1", "names_agents&where.agent=a1", true),
        ] {
            assert_eq!(ask(grant, query), expected, "{grant} {query}");
        }
    }
}
