//! Which surveys promised anonymity.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;

use super::{Clock, Dimension, Filter, Keep, Measure, RowTime, Span, Tallies, TallyPlan};
use crate::record::RecordKind;

/// A source and a survey of it.
pub type Survey = (Option<String>, Option<String>);

/// Returns all the time in which something can have happened.
#[must_use]
pub fn ever() -> Span {
    let at = |year: i16| {
        let first = Date::constant(year, 1, 1).at(0, 0, 0, 0);
        let first = first.to_zoned(jiff::tz::TimeZone::UTC);
        first.map_or(Timestamp::UNIX_EPOCH, |first| first.timestamp())
    };
    Span {
        start: at(1900),
        end: at(2201),
    }
}

/// Asks for the surveys with an anonymous answer, as far as is known now.
///
/// # Errors
/// Those of `tally`.
pub fn anonymous_surveys<E>(
    tally: impl FnOnce(&TallyPlan) -> Result<Tallies, E>,
) -> Result<BTreeSet<Survey>, E> {
    let span = ever();
    let found = tally(&TallyPlan {
        kind: RecordKind::Response,
        filter: Filter::IsTrue("anonymous"),
        buckets: vec![span],
        time: RowTime::Event,
        group: vec![Dimension::Column("source"), Dimension::Column("survey")],
        measures: vec![Measure::Count],
        keep: Keep::All,
        as_of: None,
        present: span.end,
        clock: Clock::Calendar,
    })?;
    let survey = |row: super::TallyRow| {
        let mut key = row.key.into_iter();
        (key.next().flatten(), key.next().flatten())
    };
    Ok(found.rows.into_iter().map(survey).collect())
}
