//! Days as numbers: the generator counts, it does not keep a calendar.

use jiff::ToSpan as _;
use jiff::civil::{Date, date};

/// A civil day, counted from 1970-01-01; all of the demo's times are UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Day(pub(super) i64);

const EPOCH: Date = date(1970, 1, 1);

/// Hours of a day, to turn jiff's exact difference into days.
const HOURS: i64 = 24;

impl Day {
    /// Counts a date.
    pub(super) fn of(date: Date) -> Self {
        Self(date.duration_since(EPOCH).as_hours() / HOURS)
    }

    /// Returns the date.
    pub(super) fn date(self) -> Date {
        EPOCH
            .checked_add(self.0.days())
            .expect("the demo's years are checked")
    }

    /// Returns the next day.
    pub(super) fn after(self) -> Self {
        Self(self.0 + 1)
    }

    /// Returns the day before.
    pub(super) fn before(self) -> Self {
        Self(self.0 - 1)
    }

    /// Returns 0 for Monday to 6 for Sunday.
    pub(super) fn weekday_idx(self) -> usize {
        usize::try_from((self.0 + 3).rem_euclid(7)).expect("a remainder of 7")
    }

    /// Returns a number that is the same for all days of a week.
    pub(super) fn week(self) -> i64 {
        (self.0 + 3).div_euclid(7)
    }

    /// Returns the month from 0 to 11.
    pub(super) fn month_idx(self) -> usize {
        usize::try_from(self.date().month() - 1).expect("months start at 1")
    }

    /// Returns `2026-05`.
    pub(super) fn month_name(self) -> String {
        let date = self.date();
        format!("{:04}-{:02}", date.year(), date.month())
    }

    /// Returns the first day of the month that many months earlier.
    pub(super) fn month_start(self, n_months: i16) -> Self {
        let month = self.date().first_of_month();
        let start = month
            .checked_sub(n_months.months())
            .expect("the demo's years are checked");
        Self::of(start)
    }
}

/// An instant of a day, to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    /// The day.
    pub(super) day: Day,
    /// Seconds since its start, below 86,400.
    pub(super) second: u32,
}

/// Seconds of an hour.
pub(super) const HOUR_S: u32 = 3_600;
/// Seconds of a day.
pub(super) const DAY_S: u32 = 24 * HOUR_S;

impl Moment {
    /// Returns the moment so many seconds later.
    pub(super) fn plus(self, seconds: u32) -> Self {
        let second = self.second + seconds;
        Self {
            day: Day(self.day.0 + i64::from(second / DAY_S)),
            second: second % DAY_S,
        }
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (hour, rest) = (self.second / HOUR_S, self.second % HOUR_S);
        let (minute, second) = (rest / 60, rest % 60);
        let date = self.day.date();
        write!(formatter, "{date}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_count_and_have_weekdays() {
        let day = Day::of(date(2026, 5, 13));
        assert_eq!(day.date(), date(2026, 5, 13));
        assert_eq!(day.weekday_idx(), 2);
        assert_eq!(day.month_start(24).date(), date(2024, 5, 1));
        let moment = Moment { day, second: 3_661 };
        assert_eq!(moment.to_string(), "2026-05-13T01:01:01Z");
        let later = moment.plus(DAY_S - 1);
        assert_eq!(later.to_string(), "2026-05-14T01:01:00Z");
    }
}
