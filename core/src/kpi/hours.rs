//! The hours a helpdesk is open, as people write them and as instants.

use std::collections::BTreeSet;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::civil;
use crate::plan::{Openings, Span};

/// Most openings of one day, as configurations allow; a day has a lunch break, not twenty.
pub const DAY_OPENINGS_MAX: usize = 4;

/// One opening of a day, `from <= t < to` by the clock on the wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// When it begins.
    pub from: Time,
    /// When it ends; `None` is the end of the day.
    pub to: Option<Time>,
}

/// The hours of every week, and the days without any.
#[derive(Debug, Clone, PartialEq)]
pub struct BusinessHours {
    /// The zone of the clock on the wall.
    pub timezone: TimeZone,
    /// Openings of each weekday, Monday first; sorted and disjoint.
    pub week: [Vec<Opening>; 7],
    /// Days on which nobody works.
    pub holidays: BTreeSet<Date>,
}

impl BusinessHours {
    /// Returns every opening that meets `from <= t < to`.
    pub(super) fn openings(&self, from: Timestamp, to: Timestamp) -> Openings {
        let mut spans = Vec::new();
        // Midnight may come back after the clock is turned: a day earlier misses nothing.
        let mut day = from.to_zoned(self.timezone.clone()).date();
        day = day.checked_sub(1.day()).unwrap_or(day);
        while let Some(start) = civil::day_start(day, &self.timezone) {
            if start >= to {
                break;
            }
            spans.extend(self.of_day(day));
            let Ok(next) = day.checked_add(1.day()) else {
                break;
            };
            day = next;
        }
        spans.retain(|span| span.end > from && span.start < to);
        Openings::new(spans)
    }

    fn of_day(&self, day: Date) -> Vec<Span> {
        if self.holidays.contains(&day) {
            return Vec::new();
        }
        let weekday = usize::from(day.weekday().to_monday_zero_offset().unsigned_abs());
        let openings = self.week[weekday].iter();
        openings
            .filter_map(|opening| {
                Some(Span {
                    start: self.instant(day, opening.from)?,
                    end: match opening.to {
                        Some(time) => self.instant(day, time)?,
                        None => civil::day_start(day.checked_add(1.day()).ok()?, &self.timezone)?,
                    },
                })
            })
            .collect()
    }

    /// A time that the clock skips is the one after the gap, one that comes twice is the first.
    fn instant(&self, day: Date, time: Time) -> Option<Timestamp> {
        if time == Time::midnight() {
            return civil::day_start(day, &self.timezone);
        }
        self.timezone.to_timestamp(day.to_datetime(time)).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn time(text: &str) -> Time {
        text.parse().expect(text)
    }

    fn hours(zone: &str, week: [&[(&str, &str)]; 7], holidays: &[&str]) -> BusinessHours {
        let opening = |(from, to): &(&str, &str)| Opening {
            from: time(from),
            to: (*to != "24:00").then(|| time(to)),
        };
        BusinessHours {
            timezone: civil::zone(zone).expect(zone),
            week: week.map(|day| day.iter().map(opening).collect()),
            holidays: holidays.iter().map(|day| day.parse().expect(day)).collect(),
        }
    }

    /// Monday to Friday from nine to five.
    fn office(zone: &str, holidays: &[&str]) -> BusinessHours {
        const DAY: &[(&str, &str)] = &[("09:00", "17:00")];
        hours(zone, [DAY, DAY, DAY, DAY, DAY, &[], &[]], holidays)
    }

    fn check(hours: &BusinessHours, from: &str, to: &str, expected_h: f64) {
        let (from, to): (Timestamp, Timestamp) = (
            from.parse().expect("an instant"),
            to.parse().expect("an instant"),
        );
        let found = hours.openings(from, to).seconds(from, to) / 3_600.0;
        assert!((found - expected_h).abs() < 1e-9, "{from}..{to}: {found} h");
    }

    #[test]
    fn a_weekend_and_a_holiday_do_not_count() {
        let berlin = office("Europe/Berlin", &["2026-05-14"]);
        // Friday 16:00 to Monday 10:00 local.
        check(&berlin, "2026-05-08T14:00:00Z", "2026-05-11T08:00:00Z", 2.0);
        // Wednesday 16:00 over Ascension Day to Friday 10:00.
        check(&berlin, "2026-05-13T14:00:00Z", "2026-05-15T08:00:00Z", 2.0);
        // Inside a weekend, and inside one hour.
        check(&berlin, "2026-05-09T08:00:00Z", "2026-05-10T08:00:00Z", 0.0);
        check(&berlin, "2026-05-08T10:00:00Z", "2026-05-08T10:30:00Z", 0.5);
        // A whole week.
        check(
            &berlin,
            "2026-05-04T00:00:00Z",
            "2026-05-11T00:00:00Z",
            40.0,
        );
    }

    #[test]
    fn the_ends_of_an_opening_are_inside_and_outside() {
        let utc = office("UTC", &[]);
        check(&utc, "2026-05-11T09:00:00Z", "2026-05-11T17:00:00Z", 8.0);
        check(&utc, "2026-05-11T17:00:00Z", "2026-05-12T09:00:00Z", 0.0);
        check(&utc, "2026-05-11T08:59:59Z", "2026-05-11T09:00:00Z", 0.0);
        check(&utc, "2026-05-11T12:00:00Z", "2026-05-11T12:00:00Z", 0.0);
    }

    #[test]
    fn the_clock_on_the_wall_decides_when_it_is_turned() {
        const NIGHT: &[(&str, &str)] = &[("00:00", "06:00"), ("22:00", "24:00")];
        let berlin = hours("Europe/Berlin", [NIGHT; 7], &[]);
        // Sunday 29 March 2026 has 23 hours, 25 October has 25: the night shift has an hour less
        // and an hour more.
        check(&berlin, "2026-03-28T23:00:00Z", "2026-03-29T10:00:00Z", 5.0);
        check(&berlin, "2026-10-24T22:00:00Z", "2026-10-25T10:00:00Z", 7.0);
        // An office that opens by day has eight hours on the days around.
        let office = office("Europe/Berlin", &[]);
        check(&office, "2026-03-27T16:00:00Z", "2026-03-30T08:00:00Z", 1.0);
    }

    #[test]
    fn a_time_that_is_skipped_begins_after_the_gap() {
        const EARLY: &[(&str, &str)] = &[("02:30", "04:00")];
        let berlin = hours("Europe/Berlin", [EARLY; 7], &[]);
        // 02:30 does not exist on 29 March: the opening is 03:30 to 04:00.
        check(&berlin, "2026-03-28T22:00:00Z", "2026-03-29T22:00:00Z", 0.5);
        // 02:30 comes twice on 25 October, and the first one opens.
        check(&berlin, "2026-10-24T22:00:00Z", "2026-10-25T22:00:00Z", 2.5);
        // Havana turns the clock at midnight.
        const DAWN: &[(&str, &str)] = &[("00:00", "02:00")];
        let havana = hours("America/Havana", [DAWN; 7], &[]);
        check(&havana, "2026-03-08T04:30:00Z", "2026-03-08T16:00:00Z", 1.0);
    }

    #[test]
    fn half_hour_zones_have_their_own_hours() {
        let kolkata = office("Asia/Kolkata", &[]);
        // 09:00 in India is 03:30 UTC.
        check(
            &kolkata,
            "2026-05-11T03:00:00Z",
            "2026-05-11T04:00:00Z",
            0.5,
        );
        // Lord Howe turns by half an hour.
        const NIGHT: &[(&str, &str)] = &[("00:00", "06:00")];
        let island = hours("Australia/Lord_Howe", [NIGHT; 7], &[]);
        check(&island, "2026-04-04T13:00:00Z", "2026-04-05T01:00:00Z", 6.5);
    }

    #[test]
    fn a_desk_that_never_opens_has_no_seconds() {
        let never = hours("UTC", [&[]; 7], &[]);
        check(&never, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", 0.0);
    }

    proptest! {
        #[test]
        fn times_add_up_and_never_pass_the_clock(
            start_s in 1_700_000_000_i64..1_800_000_000,
            first_s in 0_i64..3_000_000,
            second_s in 0_i64..3_000_000,
        ) {
            let at = |second| Timestamp::from_second(second).expect("in range");
            let (a, b, c) = (at(start_s), at(start_s + first_s), at(start_s + first_s + second_s));
            let openings = office("Europe/Berlin", &["2025-12-25"]).openings(a, c);
            let (one, other) = (openings.seconds(a, b), openings.seconds(b, c));
            prop_assert_eq!(openings.seconds(a, c), one + other);
            prop_assert!(one >= 0.0 && one <= first_s as f64);
        }
    }
}
