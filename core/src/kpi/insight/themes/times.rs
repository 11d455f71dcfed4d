//! The times that comments are compared over.

use jiff::{Span as Days, Timestamp};

use super::written::Told;
use crate::kpi::Grain;
use crate::kpi::civil::Calendar;
use crate::kpi::insight::case::{Asked, Case};
use crate::plan::Span;

/// Comparable times before this one that new terms are told from.
const TIMES_BEFORE: i64 = 3;

/// The times of one answer.
pub(super) struct Times {
    /// What it is about.
    pub(super) now: Span,
    /// The time it is compared with.
    pub(super) before: Option<Span>,
    /// The times that new terms are told from; ends with `before`.
    pub(super) earlier: Option<Span>,
}

impl Times {
    /// Returns the times; `None` where nothing is left of the one asked for.
    ///
    /// Of a survey that promised anonymity they are whole weeks.
    pub(super) fn of(case: &Case<'_>, asked: &Asked<'_>) -> Option<Self> {
        let home = Calendar::new(case.settings, None);
        let calendar = match asked.desk.is_promised {
            true => &home,
            false => &case.calendar,
        };
        let blunted = |span: Span| match asked.desk.is_promised {
            true => weeks(calendar, span),
            false => Some(span),
        };
        let before = asked.before.and_then(blunted);
        let earlier = match case.query.versus {
            Some(_) => before,
            None => before.and_then(|before| lengthened(calendar, before)),
        };
        Some(Self {
            now: blunted(asked.span)?,
            before,
            earlier,
        })
    }

    /// Returns the answers of the time that this one is compared with.
    pub(super) fn before_in<'t>(&self, earlier: &'t [Told]) -> &'t [Told] {
        let Some(before) = self.before else {
            return &[];
        };
        // They are in the order of time, and both times end together.
        let from = earlier.partition_point(|one| one.at < before.start.as_microsecond());
        &earlier[from..]
    }
}

/// Returns the whole weeks in a span, if any.
fn weeks(calendar: &Calendar, span: Span) -> Option<Span> {
    let floor = |at: Timestamp| calendar.floor(Grain::Week, calendar.date(at));
    let mut start = calendar.day_start(floor(span.start)?)?;
    if start < span.start {
        start = calendar.day_start(calendar.next(Grain::Week, floor(span.start)?)?)?;
    }
    let end = calendar.day_start(floor(span.end)?)?;
    (start < end).then_some(Span { start, end })
}

/// Returns a span together with those before it that are as many days long.
fn lengthened(calendar: &Calendar, span: Span) -> Option<Span> {
    let (first, last) = (calendar.date(span.start), calendar.date(span.end));
    let n_days = i64::from(first.until(last).ok()?.get_days()).max(1);
    let first = first
        .checked_sub(Days::new().days(n_days * (TIMES_BEFORE - 1)))
        .ok()?;
    Some(Span {
        start: calendar.day_start(first)?.min(span.start),
        end: span.end,
    })
}
