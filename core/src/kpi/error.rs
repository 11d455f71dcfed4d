//! Why a question could not be answered, as the asker should read it.

use crate::plan::TallyError;

use super::parse::ParseError;
use super::question::ListedSet;
use super::{Grain, Mode, REGISTRY};
use crate::nearest::nearest;

/// A KPI name that is not in the registry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no KPI `{name}`{}", self.clause())]
pub struct UnknownKpi {
    /// The name that was asked for.
    pub name: String,
    /// The closest name of the registry, when one is close.
    pub nearest: Option<&'static str>,
}

impl UnknownKpi {
    pub(super) fn new(name: &str) -> Self {
        let nearest = nearest(name, REGISTRY.iter().map(|kpi| kpi.name));
        Self {
            name: name.to_owned(),
            nearest,
        }
    }

    fn clause(&self) -> String {
        self.nearest
            .map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
    }

    /// Returns what to do: the names there are.
    #[must_use]
    pub fn hint(&self) -> String {
        let names: Vec<&str> = REGISTRY.iter().map(|kpi| kpi.name).collect();
        format!("the KPIs are {}", names.join(", "))
    }
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KpiError {
    /// The KPI is not in the registry.
    #[error(transparent)]
    Unknown(#[from] UnknownKpi),
    /// A parameter cannot be read.
    #[error(transparent)]
    Parameter(#[from] ParseError),
    /// The dimension is neither built in nor configured.
    #[error(
        "there is no dimension `{name}`{}",
        nearest.as_ref().map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
    )]
    UnknownDimension {
        /// The name that was asked for.
        name: String,
        /// The closest dimension, when one is close.
        nearest: Option<String>,
        /// Every dimension the KPI can be asked by.
        known: Vec<String>,
    },
    /// The dimension exists, but not on the rows this KPI counts.
    #[error("`{kpi}` counts {kind} rows, which cannot carry `{name}` of {from} rows")]
    DimensionElsewhere {
        /// The dimension.
        name: String,
        /// Kind of rows that say its value.
        from: &'static str,
        /// The KPI.
        kpi: &'static str,
        /// Kind of rows the KPI counts.
        kind: &'static str,
    },
    /// The goal is not configured.
    #[error(
        "there is no goal `{name}`{}",
        nearest.as_ref().map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
    )]
    UnknownGoal {
        /// The name that was asked for.
        name: String,
        /// The closest goal, when one is close.
        nearest: Option<String>,
        /// Every goal there is.
        known: Vec<String>,
    },
    /// The goal is about another KPI.
    #[error("goal `{name}` is about `{about}`, not `{kpi}`")]
    GoalElsewhere {
        /// The goal.
        name: String,
        /// What it is about.
        about: &'static str,
        /// The KPI that was asked for.
        kpi: String,
    },
    /// A filter on anonymous answers passes or leaves out too few persons.
    #[error(
        "the filter on `{dimension}` would tell of fewer than {min_group} persons of an anonymous \
         survey"
    )]
    Isolating {
        /// The dimension of the filter.
        dimension: String,
        /// The smallest group that is shown.
        min_group: u64,
    },
    /// What an analysis is of is none of what it can be of.
    #[error(
        "`{kpi}` cannot be of `{of}`{}",
        nearest.as_ref().map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
    )]
    UnknownSubject {
        /// The KPI.
        kpi: String,
        /// What was asked for.
        of: String,
        /// The closest that it can be of, when one is close.
        nearest: Option<String>,
        /// All that it can be of; nothing of what is no analysis.
        subjects: &'static [&'static str],
    },
    /// An earlier time, for what compares no two times.
    #[error("`{kpi}` compares no two times")]
    NoVersus {
        /// The KPI.
        kpi: String,
    },
    /// An analysis of groups without a split.
    #[error("`{kpi}` is told by groups, and no split is asked for")]
    NeedsSplit {
        /// The KPI.
        kpi: &'static str,
    },
    /// The range holds no instant.
    #[error("the range from {from} to {to} is empty")]
    EmptyRange {
        /// Start.
        from: jiff::Timestamp,
        /// End, exclusive.
        to: jiff::Timestamp,
    },
    /// The range has more buckets than an answer may have.
    #[error("the range has more than {max} buckets of one {grain}")]
    TooManyBuckets {
        /// Bucket width.
        grain: Grain,
        /// Most buckets of an answer.
        max: usize,
    },
    /// A state of knowledge that does not exist yet.
    #[error("`as_of` {as_of} lies in the future")]
    FutureAsOf {
        /// The instant that was asked for.
        as_of: jiff::Timestamp,
    },
    /// The range reaches past the calendar.
    #[error("the range reaches past the calendar's end")]
    Calendar,
    /// The question finds several question sets, which are never pooled.
    #[error(
        "`{kpi}` finds questions that cannot be pooled, as their scales differ: {}{}",
        sets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        if *n_more == 0 { String::new() } else { format!(" and {n_more} more") }
    )]
    Ambiguous {
        /// The KPI.
        kpi: &'static str,
        /// The sets, most answers first.
        sets: Vec<ListedSet>,
        /// Further sets that are not listed.
        n_more: usize,
    },
    /// Several questions of one metric were answered in one submission.
    #[error(
        "`{kpi}` finds several questions of `{of}` in one submission: {}",
        listed(questions)
    )]
    SeveralOutcomes {
        /// The KPI.
        kpi: &'static str,
        /// What it is of.
        of: &'static str,
        /// `SOURCE/QUESTION`, by name, at least two.
        questions: Vec<String>,
    },
    /// A question does not say its scale, and its answers do not fit the usual one.
    #[error(
        "question `{question}` does not say its scale, and its answers from {low} to {high} do not \
         fit {scale}"
    )]
    ScaleUnsaid {
        /// `SOURCE/QUESTION`.
        question: String,
        /// The usual scale in words.
        scale: String,
        /// Its lowest answer.
        low: f64,
        /// Its greatest answer.
        high: f64,
    },
    /// A series of trailing windows is not defined for the question.
    #[error("`{kpi}` has no trailing windows here: {why}")]
    NoRolling {
        /// The KPI.
        kpi: &'static str,
        /// What is against it.
        why: &'static str,
    },
    /// The KPI is not computed in that mode.
    #[error("`{kpi}` cannot be computed with mode `{mode}`")]
    UnsupportedMode {
        /// The KPI.
        kpi: &'static str,
        /// The mode.
        mode: Mode,
        /// The modes it is computed in.
        supported: &'static [Mode],
    },
    /// Prices in several currencies, and no rates to add them up.
    #[error(
        "`{kpi}` adds up money, and the prices are in several currencies: {}",
        currencies.join(", ")
    )]
    SeveralCurrencies {
        /// The KPI.
        kpi: &'static str,
        /// The currencies, ascending.
        currencies: Vec<String>,
    },
    /// A price that counts is in a currency without a rate.
    #[error("no rate of {currency} is configured for {on}")]
    NoRate {
        /// The currency.
        currency: String,
        /// The day whose rate is needed.
        on: jiff::civil::Date,
    },
    /// The KPI is one figure of all customers.
    #[error("`{kpi}` cannot be split")]
    NoSplit {
        /// The KPI.
        kpi: &'static str,
    },
    /// More answers of customers than an answer may look at.
    #[error("`{kpi}` would look at more than {max} answers")]
    TooManyAnswers {
        /// The KPI.
        kpi: &'static str,
        /// Most answers.
        max: usize,
    },
    /// More periods of customers than an answer may look at.
    #[error("`{kpi}` would look at more than {max} periods of customers")]
    TooManyPeriods {
        /// The KPI.
        kpi: &'static str,
        /// Most periods of an answer.
        max: usize,
    },
    /// The operator did not turn numbers of agents on.
    #[error("`{kpi}` tells of agents, which is switched off here")]
    AgentsOff {
        /// The KPI.
        kpi: &'static str,
    },
    /// A time of which numbers of single agents are not told any more.
    #[error("`{kpi}` tells of agents of the last {kept_days} days only")]
    AgentsForgotten {
        /// The KPI.
        kpi: &'static str,
        /// Days that are told of.
        kept_days: i64,
    },
    /// A split that the KPI has no use for.
    #[error("`{kpi}` cannot be split by `{by}`")]
    OtherSplit {
        /// The KPI.
        kpi: &'static str,
        /// The split that was asked for.
        by: String,
        /// What it can be split by; may be empty.
        known: &'static [&'static str],
    },
    /// The data could not be read in time, or at all.
    #[error("the data could not be read")]
    Tally(#[from] TallyError),
}

/// Most questions that an error lists.
const LISTED_MAX: usize = 8;

fn listed(questions: &[String]) -> String {
    let named = questions.iter().take(LISTED_MAX);
    let mut named: Vec<String> = named.map(|one| format!("`{one}`")).collect();
    if questions.len() > LISTED_MAX {
        named.push(format!("{} more", questions.len() - LISTED_MAX));
    }
    named.join(", ")
}

impl KpiError {
    /// Returns the HTTP status that says whose fault it is: 400, 403, 404 or 503.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Unknown(_) => 404,
            Self::Isolating { .. } | Self::AgentsOff { .. } | Self::AgentsForgotten { .. } => 403,
            Self::Tally(_) => 503,
            _ => 400,
        }
    }

    /// Returns the label by which programs tell it apart, where there is one.
    #[must_use]
    pub fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Ambiguous { .. } => Some("ambiguous"),
            Self::Isolating { .. } => Some("small_group"),
            Self::AgentsOff { .. } => Some("agents_off"),
            _ => None,
        }
    }

    /// Returns what the asker can do about it, in one sentence.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown(unknown) => Some(unknown.hint()),
            Self::UnknownDimension { known, .. } => {
                Some(format!("the dimensions are {}", known.join(", ")))
            }
            Self::DimensionElsewhere { kind, .. } => Some(format!(
                "use a dimension that comes from {kind}, customer or agent rows"
            )),
            Self::UnknownGoal { known, .. } if known.is_empty() => {
                Some("write [goals.NAME] in the configuration".to_owned())
            }
            Self::UnknownGoal { known, .. } => Some(format!("the goals are {}", known.join(", "))),
            Self::GoalElsewhere { about, .. } => Some(format!("ask `{about}` with this goal")),
            Self::Isolating { dimension, .. } => Some(format!(
                "leave the filter on `{dimension}` out, pass more of its values, or ask for a \
                 longer range"
            )),
            Self::EmptyRange { .. } => {
                Some("`to` is exclusive and must be after `from`".to_owned())
            }
            Self::TooManyBuckets { .. } => {
                Some("ask for a coarser grain or a shorter range".to_owned())
            }
            Self::FutureAsOf { .. } => Some("leave `as_of` out for the current state".to_owned()),
            Self::Ambiguous { sets, .. } => Some(pick(sets)),
            Self::SeveralOutcomes { questions, .. } => {
                let first = questions.first().map_or("", String::as_str);
                Some(format!("pick one, such as where.question={first}"))
            }
            Self::ScaleUnsaid { .. } => {
                Some("map `scale_min` and `scale_max` in the question's source".to_owned())
            }
            Self::UnsupportedMode { supported: [], .. } => Some("leave `mode` out".to_owned()),
            Self::SeveralCurrencies { .. } => Some(
                "set `report` and the rates of the other currencies under [currency], or ask for \
                 customers of one currency"
                    .to_owned(),
            ),
            Self::NoRate { .. } => {
                Some("add a [[currency.rate]] with its `currency`, `from` and `rate`".to_owned())
            }
            Self::NoRolling { .. } => Some("leave `rolling` out".to_owned()),
            Self::UnknownSubject { subjects: [], .. } => Some("leave `of` out".to_owned()),
            Self::UnknownSubject { subjects, .. } => {
                Some(format!("it can be of {}", subjects.join(", ")))
            }
            Self::NoVersus { .. } => Some("leave `versus` out".to_owned()),
            Self::NeedsSplit { .. } => Some("add `by`, such as by=channel".to_owned()),
            Self::AgentsOff { .. } => Some(
                "the operator sets `enabled = true` under [agents] of the configuration".to_owned(),
            ),
            Self::AgentsForgotten { .. } => Some(
                "ask for a later time; the operator sets how far back under [agents] as `kept`"
                    .to_owned(),
            ),
            Self::OtherSplit { known: [], .. } => Some("leave `by` out".to_owned()),
            Self::OtherSplit { known, .. } => Some(format!("use by={}", known.join(" or by="))),
            Self::NoSplit { .. } => Some("use a filter for each group".to_owned()),
            Self::TooManyPeriods { .. } | Self::TooManyAnswers { .. } => {
                Some("ask for fewer customers with a filter".to_owned())
            }
            Self::UnsupportedMode { supported, .. } => {
                let names: Vec<String> = supported.iter().map(|mode| format!("`{mode}`")).collect();
                Some(format!("use {}", names.join(" or ")))
            }
            Self::Tally(TallyError::Deadline { .. }) => {
                Some("ask for a shorter range, or try again".to_owned())
            }
            Self::Parameter(_) | Self::Calendar | Self::Tally(_) => None,
        }
    }
}

/// Says which filter picks each set: the question, and the survey where one question is in several.
fn pick(sets: &[ListedSet]) -> String {
    let mut filters: Vec<String> = Vec::new();
    for set in sets {
        let is_in_several = sets
            .iter()
            .any(|other| other.question == set.question && other.survey != set.survey);
        let survey = match is_in_several {
            true => format!("&where.survey={}", set.survey),
            false => String::new(),
        };
        let filter = format!("`where.question={}{survey}`", set.question);
        if !filters.contains(&filter) {
            filters.push(filter);
        }
    }
    format!("ask with {}", filters.join(" or "))
}
