//! How one goal stands: the value of its window, measured against the straight way.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{SignedDuration, Span, Timestamp};

use super::{Course, Goal, GoalGap, GoalStanding, Level};
use crate::kpi::answer::{bare, whole_micros};
use crate::kpi::civil::Calendar;
use crate::kpi::names::Names;
use crate::kpi::privacy::promise;
use crate::kpi::scope::mode_of;
use crate::kpi::{
    Answer, Grain, Instant, KpiError, Query, Range, Score, Settings, Unit, entry, response_rate,
    retention,
};
use crate::plan::Tally;

/// Length of the trailing window, in civil days: whole weeks, so that no weekday counts twice.
const WINDOW_DAYS: i32 = 28;
/// Dimensions of answers that invitations do not carry, but which choose the surveys.
const CHOOSING: [&str; 2] = ["question", "mode"];

/// Says how a goal stands under the filters of a question, as known at its `as_of` or `now`.
///
/// # Errors
/// When the goal's KPI cannot be answered with these filters, or the data cannot be read.
pub(in crate::kpi) fn stand(
    goal: &Goal,
    query: &Query,
    settings: &Settings,
    now: Timestamp,
    rows: &dyn Tally,
) -> Result<GoalStanding, KpiError> {
    let promised = entry(goal.kpi.name).ok();
    let promised = promised.map(|entry| promise::is_promised(entry, query, settings, rows));
    let is_promised = promised.transpose()?.unwrap_or(false);
    let blunted = match is_promised {
        true => promise::blunted(query, settings, now)?.0,
        false => query.clone(),
    };
    let query = &blunted;
    let asker = Asker {
        query,
        is_promised,
        settings,
        calendar: Calendar::new(settings, query.tz.as_ref()),
        now,
        rows,
    };
    let as_of = whole_micros(query.as_of.unwrap_or(now));
    let start = asker.day_start(goal.start)?;
    let end = asker.day_start(later(goal.due, 1)?)?;
    // A goal is judged by what was reached in time: after its last day nothing changes any more.
    let at = as_of.min(end);
    let today = asker.day_start(asker.calendar.date(at))?;
    let answer = asker.ask(
        goal.kpi.name,
        query.filters.clone(),
        at.min(asker.mature(goal, as_of)),
    )?;
    let is_turned = answer.is_lower_better && goal.kpi.unit == Unit::Score;
    let is_smaller_better = (goal.kpi.is_higher_better == Some(false)) != is_turned;
    let course = Course {
        baseline: goal.baseline,
        target: goal.target,
        start,
        end,
        is_falling: match goal.target - goal.baseline {
            way if way < 0.0 => true,
            way if way > 0.0 => false,
            _ => is_smaller_better,
        },
    };
    let level = Level::of(&answer.total, goal.kpi.unit);
    Ok(GoalStanding {
        is_falling: course.is_falling,
        from: answer.from,
        to: answer.to,
        progress: level.and_then(|level| course.progress(level.value)),
        pace: course.pace(today),
        state: level.map(|level| course.state(level, today)),
        gap: GoalGap::of(&answer.total),
        response_rate: asker.response_rate(goal, &answer, at)?,
        current: answer.total,
        goal: goal.clone(),
    })
}

/// Asks the questions that a goal needs.
struct Asker<'a> {
    query: &'a Query,
    /// Whether a survey it is about promised anonymity.
    is_promised: bool,
    settings: &'a Settings,
    calendar: Calendar,
    now: Timestamp,
    rows: &'a dyn Tally,
}

impl Asker<'_> {
    fn day_start(&self, day: Date) -> Result<Timestamp, KpiError> {
        self.calendar.day_start(day).ok_or(KpiError::Calendar)
    }

    /// Returns up to when the rows of a goal's KPI no longer change by themselves.
    fn mature(&self, goal: &Goal, as_of: Timestamp) -> Timestamp {
        let maturity = entry(goal.kpi.name).map(|entry| entry.formula.maturity(self.settings));
        let maturity = maturity.unwrap_or(SignedDuration::ZERO);
        as_of.saturating_sub(maturity).unwrap_or(Timestamp::MIN)
    }

    /// Answers a KPI over the window that ends at the latest at an instant.
    fn ask(
        &self,
        kpi: &str,
        filters: BTreeMap<String, Vec<Option<String>>>,
        until: Timestamp,
    ) -> Result<Answer, KpiError> {
        let (first, last) = self.window(kpi, self.calendar.date(until))?;
        let query = Query {
            kpi: kpi.to_owned(),
            range: Some(Range::Between(Instant::Day(first), Instant::Day(last))),
            grain: Some(Grain::Quarter),
            filters,
            by: None,
            goal: None,
            ..self.query.clone()
        };
        bare(&query, self.settings, self.now, self.rows)
    }

    /// Returns the first day of the window and the day after its last: the 28 days before a day;
    /// of what is a rate of a month, the month before.
    fn window(&self, kpi: &str, day: Date) -> Result<(Date, Date), KpiError> {
        if retention::entry(kpi).is_none() {
            // A window over anonymous answers moves by whole weeks: by days it would show, from one
            // to the next, what a few of them said.
            let last = match self.is_promised {
                true => self
                    .calendar
                    .floor(Grain::Week, day)
                    .ok_or(KpiError::Calendar)?,
                false => day,
            };
            return Ok((later(last, -WINDOW_DAYS)?, last));
        }
        let end = day.first_of_month();
        Ok((later(end, -1)?.first_of_month(), end))
    }

    /// Returns how many of those who were asked by the surveys of an answer responded; `None`
    /// where the store knows no invitations, or they do not carry what the question filters by.
    fn response_rate(
        &self,
        goal: &Goal,
        answer: &Answer,
        at: Timestamp,
    ) -> Result<Option<Score>, KpiError> {
        let Ok(entry) = entry(goal.kpi.name) else {
            return Ok(None);
        };
        let (Some(metric), Some(mode)) = (entry.formula.metric(), answer.mode) else {
            return Ok(None);
        };
        let settings = self.settings;
        let (own, invited) = (
            Names { entry, settings },
            Names {
                entry: response_rate::ENTRY,
                settings,
            },
        );
        let mut filters = self.query.filters.clone();
        filters.retain(|name, _| !CHOOSING.contains(&name.as_str()));
        let is_carried = |name: &String| {
            let dimension = invited.dimension(name);
            dimension.is_ok_and(|dimension| response_rate::is_carried(&dimension))
        };
        if !filters.keys().all(is_carried) {
            return Ok(None);
        }
        let is_relational = mode == crate::kpi::Mode::Relational;
        let asked = self.rows.question_sets(metric)?;
        let asked = asked.into_iter().filter(|set| {
            let mut filters = self.query.filters.iter();
            (mode_of(set) == crate::kpi::Mode::Relational) == is_relational
                && filters.all(|(name, values)| own.admits(name, values, set))
        });
        let mut surveys: Vec<Option<String>> = asked.map(|set| Some(set.survey)).collect();
        surveys.sort_unstable();
        surveys.dedup();
        if surveys.is_empty() {
            return Ok(None);
        }
        filters.entry("survey".to_owned()).or_insert(surveys);
        let mature = self.now_or_asked().saturating_sub(settings.response_window);
        let until = at.min(mature.unwrap_or(Timestamp::MIN));
        let unmoded = Asker {
            query: &Query {
                mode: None,
                ..self.query.clone()
            },
            calendar: self.calendar.clone(),
            ..*self
        };
        let rate = unmoded.ask(response_rate::ENTRY.kpi.name, filters, until)?;
        Ok(Some(rate.total).filter(|rate| rate.n != Some(0)))
    }

    fn now_or_asked(&self) -> Timestamp {
        whole_micros(self.query.as_of.unwrap_or(self.now))
    }
}

fn later(day: Date, days: i32) -> Result<Date, KpiError> {
    day.checked_add(Span::new().days(days))
        .map_err(|_| KpiError::Calendar)
}
