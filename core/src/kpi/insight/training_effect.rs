//! `training_effect`: what a course changed, beside colleagues who did not take it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::agents::{AGENT, Passed, TEAM, passes, require};
use super::case::{Asked, Case, bare_score};
use super::rating::{self, Ratings};
use super::{Entry, Found, Gap};
use crate::coach::{
    self, Completion, Effect, LOOK_AHEAD_WEEKS, LOOK_BACK_WEEKS, Regression, Tally, Training,
    TrainingEffect, WeekCell,
};
use crate::kpi::definition::Definition;
use crate::kpi::{
    Answer, Base, Cell, ChartKind, Counted, Kpi, KpiError, Query, Range, Score, Table, Tables, Unit,
};
use crate::plan::{Dimension, Filter, SheetColumn, SheetPlan, Span};
use crate::record::RecordKind;

/// Name of the KPI.
const NAME: &str = "training_effect";
/// Days whose trainings are told where nobody asks for a time.
const DAYS_DEFAULT: u32 = 365;
/// Completions of courses that are looked at, the latest.
const COMPLETIONS_MAX: usize = 100_000;
/// Trainings that are told, the latest.
const TRAININGS_MAX: usize = 20;
/// Fewest agents on either side, as is said where there are fewer.
const N_AGENTS_MIN: usize = 5;
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Days from the Thursday on which 1970 began to the Monday from which weeks are counted.
const MONDAY_DAYS: i32 = 3;

static KPI: Kpi = Kpi {
    name: NAME,
    title: "Effect of training",
    unit: Unit::Points,
    range: (Some(-100.0), Some(100.0)),
    definition_version: 1,
    formula: "change of csat of the trained over 8 weeks, less that of their untrained colleagues",
    charts: &[ChartKind::Number],
    is_higher_better: Some(true),
};

static DEFINITION: Definition = Definition {
    expression: "(8 weeks after - 8 weeks before) of the trained less the same of untrained colleagues \
        of the same team and weeks, of d = share of positive ratings less that of the channels and \
        categories of the tickets, in percentage points",
    interval: "95 %: bootstrap over agents, 1000 draws, seeded, widened for few agents",
    source: "difference in differences; Hesterberg 2015 (bootstrap)",
    edge_cases: &[
        "completions of one course that lie at most 4 weeks apart are one training; the week of the \
         training itself is in neither side",
        "trainings of the range, of the last 365 days without one; the total is the latest with a \
         number, a line each in the table",
        "fewer than 5 trained or 5 colleagues with ratings on both sides: no number",
        "a training whose 8 weeks after are not over has no number yet",
        "who took another course from 8 weeks before to 8 weeks after is no colleague to compare with",
        "regression to the mean: the trained began more than one standard deviation below their own \
         weeks 16 to 9 before, so that they would have improved without it",
        "no agent is named; off until [agents] enabled",
    ],
    vectors: &[],
};

pub(super) const ENTRY: Entry = Entry {
    kpi: &KPI,
    definition: &DEFINITION,
    counted: Counted::Answers,
    subjects: &["csat"],
    has_versus: false,
    answer,
};

const COLUMNS: [(&str, &str); 9] = [
    ("course", "text"),
    ("first_day", "text"),
    ("last_day", "text"),
    ("n_trained", "count"),
    ("n_colleagues", "count"),
    ("effect", "points"),
    ("effect_low", "points"),
    ("effect_high", "points"),
    ("said", "text"),
];

/// A training and what is known of it.
struct Studied {
    training: Training,
    days: [jiff::civil::Date; 2],
    /// `None` where its weeks are not over.
    effect: Option<TrainingEffect>,
}

fn answer(case: &Case<'_>) -> Result<Answer, KpiError> {
    require(case)?;
    if let Some(by) = &case.query.by {
        return Err(KpiError::OtherSplit {
            kpi: NAME,
            by: by.clone(),
            known: &[],
        });
    }
    let range = match case.is_any_time {
        true => Some(Range::Days(DAYS_DEFAULT)),
        false => case.query.range,
    };
    let case = &case.asking(Query {
        range,
        ..case.query.clone()
    });
    let asked = rating::asked(case)?;
    let studied = study(case, &asked)?;
    let mut table = Table::new(&COLUMNS);
    table.rows = studied.iter().map(line).collect();
    let latest = studied.iter().rev().find_map(|one| match one.effect {
        Some(TrainingEffect::Measured(effect)) => Some((one, effect)),
        _ => None,
    });
    let total = latest.map_or_else(|| bare_score(0), |(_, effect)| score(&effect));
    let found = match latest {
        Some(_) => Found::Training,
        None => Found::Nothing(gap(&studied)),
    };
    let tables = Tables {
        main: table,
        ..Tables::default()
    };
    let mut answer = case.around(&asked.frame, None, total, found, tables);
    answer.mode = asked.subject.mode;
    answer.notes.clone_from(&asked.subject.notes);
    answer.notes.push(match latest {
        Some((one, effect)) => match warning(effect.regression) {
            Some(warning) => format!("of `{}`; {warning}", one.training.course),
            None => format!("of `{}`", one.training.course),
        },
        None if studied.is_empty() => "nobody took a course in this time".to_owned(),
        None => format!(
            "no training has {N_AGENTS_MIN} trained and {N_AGENTS_MIN} colleagues with ratings in \
             all of the 8 weeks before and after"
        ),
    });
    Ok(answer)
}

fn gap(studied: &[Studied]) -> Gap {
    let n_groups = |one: &Studied| match one.effect {
        Some(TrainingEffect::TooFew {
            n_trained,
            n_colleagues,
        }) => n_trained.min(n_colleagues),
        _ => 0,
    };
    match studied
        .iter()
        .any(|one| one.effect == Some(TrainingEffect::NoVariation))
    {
        true => Gap::Alike,
        false => Gap::FewGroups {
            n: studied.iter().map(n_groups).max().unwrap_or(0),
            needed: N_AGENTS_MIN,
        },
    }
}

fn score(effect: &Effect) -> Score {
    let points = |share: f64| 100.0 * share + 0.0;
    let (low, high) = effect.interval;
    Score {
        value: Some(points(effect.value)),
        low: Some(points(low)),
        high: Some(points(high)),
        base: Base::Ok,
        counts: vec![
            ("trained", effect.n_trained as u64),
            ("colleagues", effect.n_colleagues as u64),
        ],
        ..bare_score((effect.n_trained + effect.n_colleagues) as u64)
    }
}

fn line(one: &Studied) -> Vec<Cell> {
    let (n, effect, said) = match one.effect {
        None => (None, None, Some("its weeks are not over yet".to_owned())),
        Some(TrainingEffect::TooFew {
            n_trained,
            n_colleagues,
        }) => {
            let said = "too few with ratings on both sides".to_owned();
            (Some((n_trained, n_colleagues)), None, Some(said))
        }
        Some(TrainingEffect::NoVariation) => (None, None, Some("nobody changed".to_owned())),
        Some(TrainingEffect::Measured(effect)) => {
            let n = (effect.n_trained, effect.n_colleagues);
            (Some(n), Some(effect), warning(effect.regression))
        }
    };
    let count = |n: Option<usize>| Cell::count(n.map(|n| n as u64));
    let points = |share: Option<f64>| Cell::number(share.map(|share| 100.0 * share));
    vec![
        Cell::Text(one.training.course.clone()),
        Cell::Text(one.days[0].to_string()),
        Cell::Text(one.days[1].to_string()),
        count(n.map(|(n_trained, _)| n_trained)),
        count(n.map(|(_, n_colleagues)| n_colleagues)),
        points(effect.map(|effect| effect.value)),
        points(effect.map(|effect| effect.interval.0)),
        points(effect.map(|effect| effect.interval.1)),
        Cell::text(said.as_deref()),
    ]
}

fn warning(regression: Regression) -> Option<String> {
    match regression {
        Regression::Unlikely => None,
        Regression::Unknown => {
            Some("whether the trained began unusually low is not known".to_owned())
        }
        Regression::Likely { drop, .. } => Some(format!(
            "regression to the mean: the trained began {:.1} points below their earlier weeks, and \
             would have improved without it",
            100.0 * drop
        )),
    }
}

/// Studies the trainings of the range, in the order of time.
fn study(case: &Case<'_>, asked: &Asked<'_>) -> Result<Vec<Studied>, KpiError> {
    let around = Span {
        start: moved(asked.span.start, -LOOK_BACK_WEEKS - 1),
        end: moved(asked.span.end, LOOK_AHEAD_WEEKS + 1),
    };
    if around.start >= around.end {
        return Ok(Vec::new());
    }
    let taken = Taken::read(case, asked, around)?;
    let completions = taken.completions();
    let in_range = |training: &Training| {
        let days = taken.days(training);
        let span = asked.span;
        days.is_some_and(|[_, last]| {
            let first = case.calendar.date(span.start);
            let end = case
                .calendar
                .date(span.end - SignedDuration::from_micros(1));
            first <= last && last <= end
        })
    };
    let mut trainings = coach::trainings(&completions);
    trainings.retain(in_range);
    trainings.sort_by_key(|training| (training.weeks().1, training.course.clone()));
    let n_early = trainings.len().saturating_sub(TRAININGS_MAX);
    trainings.drain(..n_early);
    if trainings.is_empty() {
        return Ok(Vec::new());
    }
    let ratings = Ratings::read(asked, around, NAME)?;
    let weekly = Weekly::new(case, &ratings);
    let this_week = week_of(case, case.as_of);
    let studied = trainings.into_iter().filter_map(|training| {
        let is_over = training.weeks().1 + LOOK_AHEAD_WEEKS < this_week;
        Some(Studied {
            days: taken.days(&training)?,
            effect: is_over.then(|| weekly.effect(&training, &completions)),
            training,
        })
    });
    Ok(studied.collect())
}

fn moved(at: Timestamp, n_weeks: i32) -> Timestamp {
    at.checked_add(WEEK * n_weeks).unwrap_or(at)
}

/// Returns the number of a civil week, which begins on a Monday.
fn week_of(case: &Case<'_>, at: Timestamp) -> i32 {
    week_of_day(case.calendar.date(at))
}

fn week_of_day(day: jiff::civil::Date) -> i32 {
    let days = day.duration_since(jiff::civil::date(1970, 1, 1)).as_hours() / 24;
    let days = i32::try_from(days).unwrap_or_default();
    (days + MONDAY_DAYS).div_euclid(7)
}

/// Who took which course.
struct Taken {
    /// Course, agent and civil day.
    rows: Vec<(String, String, jiff::civil::Date)>,
}

impl Taken {
    fn read(case: &Case<'_>, asked: &Asked<'_>, span: Span) -> Result<Self, KpiError> {
        let teams: Passed = case.query.filters.get(TEAM).cloned();
        let agents: Passed = case.query.filters.get(AGENT).cloned();
        let sheet = asked.desk.rows.sheet(&SheetPlan {
            kind: RecordKind::Training,
            filter: Filter::Present("course"),
            span,
            columns: vec![
                SheetColumn::Text("course"),
                SheetColumn::Dimension(Dimension::ServedBy),
                SheetColumn::EventTime,
                SheetColumn::Dimension(Dimension::Column(TEAM)),
                SheetColumn::Text("agent"),
            ],
            as_of: asked.desk.as_of,
            rows_max: COMPLETIONS_MAX,
        })?;
        if sheet.is_cut {
            return Err(KpiError::TooManyAnswers {
                kpi: NAME,
                max: COMPLETIONS_MAX,
            });
        }
        let row = |row: usize| {
            let is_asked =
                passes(&teams, sheet.text(3, row)) && passes(&agents, sheet.text(4, row));
            let at = Timestamp::from_microsecond(*sheet.times(2).get(row)?).ok()?;
            let (course, agent) = (sheet.text(0, row)?, sheet.text(1, row)?);
            let day = case.calendar.date(at);
            is_asked.then(|| (course.to_owned(), agent.to_owned(), day))
        };
        Ok(Self {
            rows: (0..sheet.n_rows).filter_map(row).collect(),
        })
    }

    fn completions(&self) -> Vec<Completion<'_>> {
        let all = self.rows.iter().map(|(course, agent, day)| Completion {
            course,
            week: week_of_day(*day),
            agent,
        });
        all.collect()
    }

    /// Returns the first and the last day of a training.
    fn days(&self, training: &Training) -> Option<[jiff::civil::Date; 2]> {
        let (first, last) = training.weeks();
        let is_of = |(course, agent, day): &&(String, String, jiff::civil::Date)| {
            let is_then = (first..=last).contains(&week_of_day(*day));
            *course == training.course && is_then && training.trained.contains_key(agent)
        };
        let days = || self.rows.iter().filter(is_of).map(|(.., day)| *day);
        Some([days().min()?, days().max()?])
    }
}

/// Ratings by agent, week and kind of ticket.
struct Weekly<'r> {
    tallies: BTreeMap<(&'r str, i32, &'r str, &'r str), Tally>,
    /// Ratings of an agent in a team by week.
    teams: BTreeMap<(&'r str, &'r str, i32), u64>,
}

impl<'r> Weekly<'r> {
    fn new(case: &Case<'_>, ratings: &'r Ratings) -> Self {
        let mut weekly = Self {
            tallies: BTreeMap::new(),
            teams: BTreeMap::new(),
        };
        for rating in ratings.iter() {
            let (Some(agent), Ok(at)) = (rating.agent, Timestamp::from_microsecond(rating.at))
            else {
                continue;
            };
            let week = week_of(case, at);
            let key = (agent, week, rating.channel, rating.category);
            let tally = weekly.tallies.entry(key).or_default();
            match rating.is_positive {
                true => tally.n_positive += 1,
                false => tally.n_negative += 1,
            }
            let team = (agent, rating.team.unwrap_or_default(), week);
            *weekly.teams.entry(team).or_default() += 1;
        }
        weekly
    }

    /// Studies one training by the weeks around it.
    fn effect(&self, training: &Training, completions: &[Completion<'_>]) -> TrainingEffect {
        let (first, last) = training.weeks();
        let around = first - LOOK_BACK_WEEKS..=last + LOOK_AHEAD_WEEKS;
        let cells: Vec<WeekCell<'_>> = (self.tallies.iter())
            .filter(|((_, week, ..), _)| around.contains(week))
            .map(|((name, week, channel, category), tally)| WeekCell {
                week: *week,
                cell: coach::Cell {
                    name,
                    channel,
                    category,
                    tally: *tally,
                },
            })
            .collect();
        let weeks = coach::weeks(&cells);
        let teams = self.teams_around(&around);
        let trainees = coach::trainees(training, completions, &teams, &weeks);
        // Drawn anew for each week, and the same whenever it is asked.
        coach::training_effect(&trainees, u64::from(first.unsigned_abs()))
    }

    /// Returns the team that each agent had most ratings in.
    fn teams_around(&self, around: &std::ops::RangeInclusive<i32>) -> BTreeMap<String, String> {
        let mut counted: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for ((agent, team, week), n) in &self.teams {
            if around.contains(week) {
                *counted.entry((agent, team)).or_default() += n;
            }
        }
        let mut most: BTreeMap<&str, (u64, &str)> = BTreeMap::new();
        for ((agent, team), n) in counted {
            let known = most.entry(agent).or_insert((n, team));
            if n > known.0 {
                *known = (n, team);
            }
        }
        let team = |(agent, (_, team)): (&str, (u64, &str))| (agent.to_owned(), team.to_owned());
        most.into_iter().map(team).collect()
    }
}
