//! Answers a question: resolves it, asks a few plans, and turns counts into scores.

use jiff::{SignedDuration, Timestamp, Unit};

use crate::plan::Tally;

use super::civil::{self, Calendar};
use super::desk::{Desk, Reading};
use super::formula::Entry;
use super::frame::{Frame, FrameRequest};
use super::privacy::promise;
use super::scope::Subject;
use super::verdict::Behind;
use super::{
    Answer, Goal, KpiError, Mode, Query, Range, Rolling, Settings, entry, goal, insight, retention,
    verdict,
};
use crate::nearest::nearest;

/// How long an answer is good that changes by the clock alone.
const CLOCK_STEP: SignedDuration = SignedDuration::from_mins(1);

/// Answers one question from the rows behind `rows`, as known at `now` or the question's `as_of`.
///
/// # Errors
/// When the question is not one (an unknown name, an empty range, …), or the data cannot be read.
pub fn answer(
    query: &Query,
    settings: &Settings,
    now: Timestamp,
    rows: &dyn Tally,
) -> Result<Answer, KpiError> {
    let goal = query.goal.as_deref();
    let goal = goal.map(|name| named(name, query, settings)).transpose()?;
    if query.kpi == goal::KPI.name {
        return goal::answer(query, settings, now, rows);
    }
    let mut answer = bare(query, settings, now, rows)?;
    if let Some(goal) = goal {
        answer.goal = Some(goal::stand(goal, query, settings, now, rows)?);
        if query.as_of.is_none() {
            // The window of a goal moves on at midnight.
            let calendar = Calendar::new(settings, query.tz.as_ref());
            let tomorrow = calendar.date(answer.as_of).tomorrow().ok();
            let midnight = tomorrow.and_then(|day| calendar.day_start(day));
            answer.valid_until =
                midnight.map_or(answer.valid_until, |at| at.min(answer.valid_until));
        }
    }
    Ok(answer)
}

/// Answers a question without what it says of a goal.
pub(super) fn bare(
    query: &Query,
    settings: &Settings,
    now: Timestamp,
    rows: &dyn Tally,
) -> Result<Answer, KpiError> {
    if !insight::is_analysis(&query.kpi) {
        insight::refuse_subject(query)?;
    }
    match retention::entry(&query.kpi) {
        Some(entry) if query.rolling.is_some() => Err(KpiError::NoRolling {
            kpi: entry.kpi.name,
            why: "who stays is counted from one day to another",
        }),
        Some(entry) => retention::answer(entry, query, settings, now, rows),
        None if insight::is_analysis(&query.kpi) => insight::answer(query, settings, now, rows),
        None => tallied(entry(&query.kpi)?, query, settings, now, rows),
    }
}

/// Returns the goal that a question names.
fn named<'a>(name: &str, query: &Query, settings: &'a Settings) -> Result<&'a Goal, KpiError> {
    let goal = settings.goals.get(name).ok_or_else(|| {
        let known: Vec<String> = settings.goals.keys().cloned().collect();
        let nearest = nearest(name, known.iter().map(String::as_str)).map(str::to_owned);
        KpiError::UnknownGoal {
            name: name.to_owned(),
            nearest,
            known,
        }
    })?;
    match goal.kpi.name == query.kpi {
        true => Ok(goal),
        false => Err(KpiError::GoalElsewhere {
            name: name.to_owned(),
            about: goal.kpi.name,
            kpi: query.kpi.clone(),
        }),
    }
}

/// Answers a question whose KPI is a formula over counts.
fn tallied(
    entry: Entry,
    query: &Query,
    settings: &Settings,
    now: Timestamp,
    rows: &dyn Tally,
) -> Result<Answer, KpiError> {
    let as_of = whole_micros(query.as_of.unwrap_or(now));
    if as_of > now {
        return Err(KpiError::FutureAsOf { as_of });
    }
    let is_promised = promise::is_promised(entry, query, settings, rows)?;
    if let Some(why) = why_not_rolling(entry, query, is_promised) {
        let kpi = entry.kpi.name;
        return Err(KpiError::NoRolling { kpi, why });
    }
    if !is_promised {
        return counted(entry, query, settings, now, rows, false);
    }
    let (asked, notes) = promise::blunted(query, settings, now)?;
    let mut answer = counted(entry, &asked, settings, now, rows, true)?;
    answer.notes.extend(notes);
    if query.as_of.is_none() {
        // Windows of whole weeks move on at a midnight.
        let (_, tomorrow) = day_of(as_of, settings);
        answer.valid_until = tomorrow.map_or(answer.valid_until, |at| at.min(answer.valid_until));
    }
    Ok(answer)
}

/// Returns what is against trailing windows, where a question asks for them.
fn why_not_rolling(entry: Entry, query: &Query, is_promised: bool) -> Option<&'static str> {
    query.rolling?;
    if entry.formula.standing().is_some() {
        return Some("it is what stands at the end of a bucket");
    }
    if query.mode == Some(Mode::Clustered) {
        return Some("`clustered` computes each bucket from its own answers");
    }
    is_promised.then_some("windows of an anonymous survey that overlap would tell single answers")
}

/// Reads a question over its time; of anonymous answers without a split by the finest buckets that
/// are all large enough, said among the notes.
fn read(
    desk: &mut Desk<'_>,
    subject: &mut Subject,
    request: FrameRequest<'_>,
) -> Result<(Frame, Reading), KpiError> {
    let mut frame = request.frame()?;
    desk.clock = desk.clock(&frame)?;
    let mut reading = desk.read(subject, &frame)?;
    let finest = frame.grain;
    while desk.is_promised && subject.by.is_none() && reading.has_small_buckets() {
        let Some(grain) = frame.grain.coarser() else {
            break;
        };
        let coarser = FrameRequest {
            grain: Some(grain),
            ..request
        };
        frame = coarser.frame()?;
        reading = desk.read(subject, &frame)?;
    }
    if frame.grain != finest {
        let grain = frame.grain;
        subject.notes.push(format!(
            "anonymous survey: shown by {grain}, as too few answered in one {finest}"
        ));
    }
    Ok((frame, reading))
}

/// Refuses a question about anonymous answers whose filters isolate, and readies the desk to hide what its cells would give
/// away.
fn guard(
    desk: &mut Desk<'_>,
    query: &Query,
    subject: &Subject,
    request: FrameRequest<'_>,
) -> Result<(), KpiError> {
    if !desk.is_promised {
        return Ok(());
    }
    let range = match request.range {
        Range::All => None,
        _ => request.frame()?.range(),
    };
    desk.parents = desk.parents(query)?;
    desk.refuse_isolating(subject, range)
}

/// Answers from the counts, with the rules of anonymous surveys or without.
fn counted(
    entry: Entry,
    query: &Query,
    settings: &Settings,
    now: Timestamp,
    rows: &dyn Tally,
    is_promised: bool,
) -> Result<Answer, KpiError> {
    let as_of = whole_micros(query.as_of.unwrap_or(now));
    let mut subject = Subject::new(entry, query, settings, rows)?;
    let (today, tomorrow) = day_of(as_of, settings);
    let mut desk = Desk::new(entry, query, settings, rows, as_of);
    (desk.is_promised, desk.year_end) = (is_promised, today.ok_or(KpiError::Calendar)?);
    desk.weigh(&mut subject)?;
    let range = query.range.unwrap_or(Range::All);
    let calendar = Calendar::new(settings, query.tz.as_ref());
    let request = FrameRequest {
        range,
        grain: query.grain,
        calendar: &calendar,
        as_of,
        maturity: entry.formula.maturity(settings),
        provisional: settings.provisional,
        rolling: query.rolling,
        extent: extent(&desk, query, &subject)?,
    };
    guard(&mut desk, query, &subject, request)?;
    let (frame, reading) = read(&mut desk, &mut subject, request)?;
    let notes = desk.note(&reading.whole).into_iter();
    subject
        .notes
        .extend(notes.chain(query.rolling.map(window_note)));
    let deff = desk.effect(&subject.scope, &reading.whole, as_of);
    // The year that a design effect is estimated over moves on at midnight.
    let rolls_at = tomorrow.filter(|_| deff.is_some());
    let valid_until = match query.as_of {
        None => moves_at(entry, &frame, as_of, rolls_at),
        // A fixed state of knowledge does not change by the clock.
        Some(_) => next_day(now),
    };
    let change = desk.change(
        &reading.current,
        &reading.before,
        &subject.scope.formula,
        frame.previous,
    );
    let mut answer = Answer {
        kpi: entry.kpi,
        timezone: calendar.zone_name(),
        tzdb: civil::tzdb_version().to_owned(),
        as_of,
        valid_until,
        grain: frame.grain,
        rolling: query.rolling,
        mode: subject.mode,
        filters: query.filters.clone(),
        by: query.by.clone(),
        is_additive: subject.is_additive(),
        from: frame.from,
        to: frame.to,
        change,
        is_lower_better: subject.scope.is_lower_better(),
        deff,
        active: None,
        currency: None,
        tables: None,
        bias: reading.bias,
        verdict: None,
        goal: None,
        findings: None,
        series: reading.series,
        total: desk.shown(&reading.whole),
        notes: subject.notes,
        sources: Vec::new(),
        newest: reading.newest,
    };
    let behind = Behind::new(&*subject.scope.formula, &reading.behind);
    let whole_by = matches!(range, Range::All).then_some(&calendar);
    answer.verdict = verdict::of(&answer, Some(&behind), settings, rows, desk.as_of, whole_by)?;
    Ok(answer)
}

/// Returns the time of all rows that a question without a range is about.
fn extent(
    desk: &Desk<'_>,
    query: &Query,
    subject: &Subject,
) -> Result<Option<(Timestamp, Timestamp)>, KpiError> {
    match query.range {
        None | Some(Range::All) if desk.is_promised => desk.whole_extent(query, subject),
        None | Some(Range::All) => desk.extent(&subject.scope),
        Some(_) => Ok(None),
    }
}

fn window_note(rolling: Rolling) -> String {
    format!("each point is of the {rolling} up to its end")
}

/// Returns when the civil day of an instant begins, and the next one.
fn day_of(at: Timestamp, settings: &Settings) -> (Option<Timestamp>, Option<Timestamp>) {
    let home = Calendar::new(settings, None);
    let today = home.date(at);
    let tomorrow = today.tomorrow().ok();
    (
        home.day_start(today),
        tomorrow.and_then(|day| home.day_start(day)),
    )
}

/// Returns the last instant up to this one that the store can hold.
pub(super) fn whole_micros(at: Timestamp) -> Timestamp {
    let round = jiff::TimestampRound::new()
        .smallest(Unit::Microsecond)
        .mode(jiff::RoundMode::Floor);
    at.round(round).unwrap_or(at)
}

/// Returns when an answer changes by the clock alone; one that follows it inside a bucket is asked
/// for again every minute.
fn moves_at(
    entry: Entry,
    frame: &Frame,
    as_of: Timestamp,
    rolls_at: Option<Timestamp>,
) -> Timestamp {
    let soon = as_of.saturating_add(CLOCK_STEP).ok();
    let soon = soon.filter(|_| entry.formula.follows_clock());
    let earlier = [soon, rolls_at].into_iter().flatten();
    earlier.fold(frame.valid_until, Timestamp::min)
}

/// Returns how long an answer of a fixed state of knowledge is good.
pub(super) fn next_day(now: Timestamp) -> Timestamp {
    now.saturating_add(SignedDuration::from_hours(24))
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
