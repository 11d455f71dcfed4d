//! When the helpdesk is open, in civil time, and how working time passes.

use crate::demo::calendar::{Day, HOUR_S, Moment};

/// Civil hours of a weekday, of Saturday; on Sunday it is closed.
const WEEKDAY_HOURS: (u32, u32) = (8, 19);
const SATURDAY_HOURS: (u32, u32) = (9, 15);

/// Returns the seconds of a day, in UTC, between which the helpdesk is open.
pub(super) fn opening(day: Day) -> Option<(u32, u32)> {
    let (from, to) = match day.weekday_idx() {
        0..=4 => WEEKDAY_HOURS,
        5 => SATURDAY_HOURS,
        _ => return None,
    };
    let ahead = hours_ahead(day);
    Some(((from - ahead) * HOUR_S, (to - ahead) * HOUR_S))
}

/// Returns the moment at which so many seconds of working time have passed.
pub(super) fn after(moment: Moment, mut seconds: u32) -> Moment {
    let Moment {
        mut day,
        mut second,
    } = moment;
    loop {
        if let Some((from, to)) = opening(day) {
            let start = second.max(from);
            if start + seconds <= to {
                second = start + seconds;
                return Moment { day, second };
            }
            seconds -= to.saturating_sub(start);
        }
        (day, second) = (day.after(), 0);
    }
}

/// Returns the seconds of working time between two moments.
pub(super) fn between(from: Moment, to: Moment) -> u32 {
    let mut seconds = 0;
    let mut day = from.day;
    while day <= to.day {
        if let Some((open, close)) = opening(day) {
            let start = if day == from.day {
                open.max(from.second)
            } else {
                open
            };
            let end = if day == to.day {
                close.min(to.second)
            } else {
                close
            };
            seconds += end.saturating_sub(start);
        }
        day = day.after();
    }
    seconds
}

/// Returns how far the company's clocks are ahead of UTC while it is open.
///
/// They change at night before a closed Sunday, so that a day has one answer.
fn hours_ahead(day: Day) -> u32 {
    let today = day.date();
    // March and October have 31 days: a Sunday from the 25th on is their last.
    let n_days = i8::try_from((day.weekday_idx() + 1) % 7).expect("below 7");
    let is_past_change = today.day() - n_days >= 25;
    let is_summer = match today.month() {
        3 => is_past_change,
        4..=9 => true,
        10 => !is_past_change,
        _ => false,
    };
    if is_summer { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn at(text: &str) -> Moment {
        let time: jiff::civil::DateTime = text.parse().expect("a time");
        Moment {
            day: Day::of(time.date()),
            second: u32::try_from(i32::from(time.hour()) * 3_600 + i32::from(time.minute()) * 60)
                .expect("positive"),
        }
    }

    #[test]
    fn the_hours_are_those_of_the_zone() {
        let zone = jiff::tz::TimeZone::get("Europe/Berlin").expect("in the bundled database");
        let mut day = Day::of(date(2024, 1, 1));
        while day < Day::of(date(2027, 1, 1)) {
            let noon = zone.to_ambiguous_zoned(day.date().at(12, 0, 0, 0));
            let offset = noon.compatible().expect("a time").offset().seconds() / 3_600;
            assert_eq!(i64::from(offset), i64::from(hours_ahead(day)), "{day:?}");
            day = day.after();
        }
    }

    #[test]
    fn work_waits_for_the_opening_and_skips_sundays() {
        let check = |from: &str, hours: u32, expected: &str| {
            let found = after(at(from), hours * HOUR_S);
            assert_eq!(found, at(expected), "{from} and {hours} h");
            assert_eq!(between(at(from), found), hours * HOUR_S, "{from}");
        };
        // A Wednesday in summer is open from 06:00 to 17:00 UTC.
        check("2026-05-13T03:00", 2, "2026-05-13T08:00");
        check("2026-05-13T16:00", 3, "2026-05-14T08:00");
        check("2026-05-13T22:00", 1, "2026-05-14T07:00");
        // From Saturday's last hour to Monday.
        check("2026-05-16T12:30", 1, "2026-05-18T06:30");
        // In winter an hour later.
        check("2026-01-14T00:00", 1, "2026-01-14T08:00");
    }
}
