//! `goals`: every goal of the configuration and how it stands.

use jiff::{Span, Timestamp};

use super::{GoalStanding, GoalState, stand};
use crate::kpi::answer::{next_day, whole_micros};
use crate::kpi::civil::{self, Calendar};
use crate::kpi::definition::{Definition, unit_name};
use crate::kpi::{
    Answer, Base, Cell, ChartKind, Grain, Kpi, KpiError, Query, Score, Settings, Table, Tables,
    Unit,
};
use crate::plan::Tally;

pub(in crate::kpi) static KPI: Kpi = Kpi {
    name: "goals",
    title: "Goals reached",
    unit: Unit::Count,
    range: (Some(0.0), None),
    definition_version: 1,
    formula: "goals whose value, of the last 28 complete days, has reached the target",
    charts: &[ChartKind::Number],
    is_higher_better: Some(true),
};

pub(in crate::kpi) static DEFINITION: Definition = Definition {
    expression: "progress = (value - baseline) / (target - baseline), pace = baseline + elapsed \
        (target - baseline); state, the first that holds: met_confirmed (the worse end of the 95 % \
        interval has reached the target), met_unconfirmed (the value has), missed (the last day is \
        over), behind (the whole interval is worse than the pace), ahead (better), on_track",
    interval: "that of each goal's KPI; a count has none and is taken as certain",
    source: "definition of this project",
    edge_cases: &[
        "value: of the last 28 complete civil days; response rate: 28 days whose window has \
         passed; crr, churn, grr and nrr: the last complete calendar month",
        "elapsed is 0 before the first day and 1 after the last; in between it counts whole days",
        "after the last day a goal keeps the state it had then",
        "target = baseline: no progress; which side is better follows from the KPI",
        "nobody answered, too few for a score, or hidden: no state, and a reason",
        "an interval that touches the target has reached it; one that touches the pace is neither \
         behind nor ahead",
        "a survey whose invitations are known also tells how many of those asked answered",
    ],
    vectors: &[],
};

/// Columns of the table.
const COLUMNS: [(&str, &str); 17] = [
    ("goal", "text"),
    ("kpi", "text"),
    ("unit", "text"),
    ("baseline", "kpi"),
    ("target", "kpi"),
    ("start", "text"),
    ("due", "text"),
    ("value", "kpi"),
    ("low", "kpi"),
    ("high", "kpi"),
    ("n", "count"),
    ("base", "text"),
    ("progress", "ratio"),
    ("pace", "kpi"),
    ("state", "text"),
    ("reason", "text"),
    ("response_rate", "percent"),
];

/// Answers with every goal; a goal that cannot be asked with these filters says why.
///
/// # Errors
/// When the question has a split or lies in the future, or the data cannot be read.
pub(in crate::kpi) fn answer(
    query: &Query,
    settings: &Settings,
    now: Timestamp,
    rows: &dyn Tally,
) -> Result<Answer, KpiError> {
    let as_of = whole_micros(query.as_of.unwrap_or(now));
    if as_of > now {
        return Err(KpiError::FutureAsOf { as_of });
    }
    if query.by.is_some() {
        return Err(KpiError::NoSplit { kpi: KPI.name });
    }
    let calendar = Calendar::new(settings, query.tz.as_ref());
    let mut table = Table::new(&COLUMNS);
    let mut states = Vec::new();
    for goal in settings.goals.values() {
        match stand(goal, query, settings, now, rows) {
            Ok(standing) => {
                states.push(standing.state);
                table.rows.push(row(&standing));
            }
            // The data could not be read: what stands in the table would be half of it.
            Err(error) if error.status() >= 500 => return Err(error),
            Err(error) => {
                states.push(None);
                let mut row = vec![Cell::Missing; COLUMNS.len()];
                row[0] = Cell::Text(goal.name.clone());
                row[1] = Cell::Text(goal.kpi.name.to_owned());
                row[15] = Cell::Text(error.to_string());
                table.rows.push(row);
            }
        }
    }
    let tomorrow = (calendar.date(as_of).checked_add(Span::new().days(1)).ok())
        .and_then(|day| calendar.day_start(day));
    Ok(Answer {
        kpi: &KPI,
        timezone: calendar.zone_name(),
        tzdb: civil::tzdb_version().to_owned(),
        as_of,
        valid_until: match query.as_of {
            Some(_) => next_day(now),
            None => tomorrow.unwrap_or(Timestamp::MAX),
        },
        grain: Grain::Day,
        rolling: None,
        mode: None,
        filters: query.filters.clone(),
        by: None,
        is_additive: true,
        from: as_of,
        to: as_of,
        series: Vec::new(),
        total: total(&states),
        change: None,
        is_lower_better: false,
        deff: None,
        active: None,
        currency: None,
        tables: Some(Tables {
            main: table,
            ..Tables::default()
        }),
        bias: None,
        verdict: None,
        goal: None,
        findings: None,
        notes: Vec::new(),
        sources: Vec::new(),
        newest: None,
    })
}

fn row(standing: &GoalStanding) -> Vec<Cell> {
    let (goal, current) = (&standing.goal, &standing.current);
    let text = |text: &str| Cell::Text(text.to_owned());
    let state = standing.state.map(GoalState::name);
    let rate = standing.response_rate.as_ref();
    vec![
        text(&goal.name),
        text(goal.kpi.name),
        text(unit_name(goal.kpi.unit)),
        Cell::number(Some(goal.baseline)),
        Cell::number(Some(goal.target)),
        Cell::Text(goal.start.to_string()),
        Cell::Text(goal.due.to_string()),
        Cell::number(current.value),
        Cell::number(current.low),
        Cell::number(current.high),
        Cell::count(current.n),
        text(crate::kpi::format::base_name(current.base)),
        Cell::number(standing.progress),
        Cell::number(Some(standing.pace)),
        Cell::text(state),
        Cell::text(standing.gap.map(super::GoalGap::name)),
        Cell::number(rate.and_then(|rate| rate.value)),
    ]
}

/// Counts the goals by state; those that are met are the number.
fn total(states: &[Option<GoalState>]) -> Score {
    let n_of = |wanted: Option<GoalState>| {
        let found = states.iter().filter(|state| **state == wanted);
        found.count() as u64
    };
    let met = [GoalState::MetConfirmed, GoalState::MetUnconfirmed];
    let n_met: u64 = met.into_iter().map(|state| n_of(Some(state))).sum();
    let counts = GoalState::ALL.map(|state| (state.name(), n_of(Some(state))));
    Score {
        value: Some(crate::kpi::interval::real(n_met)),
        bound: None,
        low: None,
        high: None,
        n: Some(states.len() as u64),
        base: Base::Ok,
        counts: counts
            .into_iter()
            .chain([("no_state", n_of(None))])
            .collect(),
        histogram: Vec::new(),
        secondary: Vec::new(),
    }
}
