//! Surveys that promised anonymity: which they are, and the time that may be asked of them.

use jiff::civil::Date;
use jiff::{Span, Timestamp};

use crate::kpi::answer::whole_micros;
use crate::kpi::civil::Calendar;
use crate::kpi::formula::Entry;
use crate::kpi::names::Names;
use crate::kpi::{Grain, Instant, KpiError, Query, Range, Settings};
use crate::plan::{Survey, Tally};

/// Returns whether a question is about a survey that promised anonymity to anyone who answered it.
///
/// Plain counts tell nobody's opinion, and tickets and customers were promised nothing.
///
/// # Errors
/// When the data cannot be read.
pub(in crate::kpi) fn is_promised(
    entry: Entry,
    query: &Query,
    settings: &Settings,
    rows: &dyn Tally,
) -> Result<bool, KpiError> {
    let formula = entry.formula;
    if formula.is_plain_count() {
        return Ok(false);
    }
    let surveys = match (formula.metric(), formula.responses()) {
        (None, None) => return Ok(false),
        _ => rows.anonymous_surveys()?,
    };
    if surveys.is_empty() {
        return Ok(false);
    }
    let names = Names { entry, settings };
    let Some(metric) = formula.metric() else {
        return Ok(surveys.iter().any(|survey| is_meant(survey, query)));
    };
    let asked = rows.question_sets(metric)?;
    let asked = asked.into_iter().filter(|set| {
        let mut filters = query.filters.iter();
        filters.all(|(name, values)| names.admits(name, values, set))
    });
    let mut asked = asked.map(|set| (Some(set.source.to_string()), Some(set.survey)));
    Ok(asked.any(|survey| surveys.contains(&survey)))
}

/// Whether the filters on source and survey let a survey through.
fn is_meant((source, survey): &Survey, query: &Query) -> bool {
    let passes = |name: &str, value: &Option<String>| {
        let filter = query.filters.get(name);
        filter.is_none_or(|values| values.contains(value))
    };
    passes("source", source) && passes("survey", survey)
}

/// Returns the question as it may be asked of anonymous answers, and what was changed: civil days
/// of the one zone, and a window that moves by whole weeks. Two questions that differ by less would
/// show a single answer between them.
pub(in crate::kpi) fn blunted(
    query: &Query,
    settings: &Settings,
    now: Timestamp,
) -> Result<(Query, Vec<String>), KpiError> {
    let home = Calendar::new(settings, None);
    let mut notes = Vec::new();
    let mut asked = query.clone();
    if asked
        .tz
        .take()
        .is_some_and(|zone| zone != settings.timezone)
    {
        notes.push(format!(
            "anonymous survey: its days are those of {}",
            home.zone_name()
        ));
    }
    let day_start = |day| home.day_start(day).ok_or(KpiError::Calendar);
    if let Some(as_of) = query.as_of.map(whole_micros) {
        let start = day_start(home.date(as_of))?;
        if start < as_of {
            notes.push("anonymous survey: as known at the start of that day".to_owned());
        }
        asked.as_of = Some(start);
    }
    let today = home.date(asked.as_of.unwrap_or(now));
    asked.range = match query.range {
        Some(Range::Between(from, to)) => {
            let day = |instant| match instant {
                Instant::Day(day) => day,
                Instant::Exact(at) => home.date(at),
            };
            let (first, last) = (day(from), day(to));
            let is_exact = |instant| matches!(instant, Instant::Exact(_));
            if is_exact(from) || is_exact(to) {
                notes.push("anonymous survey: from and to are civil days".to_owned());
            }
            let last = if last > first { last } else { later(first, 1)? };
            Some(Range::Between(Instant::Day(first), Instant::Day(last)))
        }
        Some(Range::Days(n_days)) => {
            notes.push("anonymous survey: the window moves by whole weeks".to_owned());
            Some(weeks(&home, today, n_days)?)
        }
        range => range,
    };
    Ok((asked, notes))
}

/// Returns the whole weeks that hold the last days up to a day, without the week of that day.
fn weeks(home: &Calendar, today: Date, n_days: u32) -> Result<Range, KpiError> {
    let floor = |day| home.floor(Grain::Week, day).ok_or(KpiError::Calendar);
    let last = floor(today)?;
    let n_days = i64::from(n_days);
    let first = today.checked_sub(Span::new().days(n_days - 1));
    let first = floor(first.map_err(|_| KpiError::Calendar)?)?;
    let first = if first < last {
        first
    } else {
        later(last, -7)?
    };
    Ok(Range::Between(Instant::Day(first), Instant::Day(last)))
}

fn later(day: Date, days: i32) -> Result<Date, KpiError> {
    day.checked_add(Span::new().days(days))
        .map_err(|_| KpiError::Calendar)
}
