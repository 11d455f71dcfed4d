//! `[business_hours]`: when the helpdesk is open.

use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::fault::Complaint;
use super::reader::{Placed, Sheet, TableReader, text};
use super::scalar;
use crate::kpi::hours::{BusinessHours, DAY_OPENINGS_MAX, Opening};

/// Most holidays that the configuration lists: half a century of them.
const HOLIDAYS_MAX: usize = 1_000;

/// Days as keys, Monday first.
const DAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// What hours look like, as hints tell it.
const EXAMPLE: &str = "write hours such as monday = [\"09:00-12:00\", \"13:00-17:30\"]";

/// Reads the table; `None` when it is not written. Without a zone of its own it has that of the
/// configuration.
pub(super) fn read(
    sheet: &mut Sheet<'_>,
    top: &mut TableReader<'_, '_>,
    zone: Option<&TimeZone>,
) -> Option<BusinessHours> {
    let is_written = top.has("business_hours");
    let mut table = top.table(sheet, "business_hours");
    let own_zone = table.parsed(sheet, "timezone", scalar::timezone);
    let week = DAYS.map(|day| openings(sheet, &mut table, day));
    let holidays = table.list(sheet, "holidays", scalar::date);
    if let Some(beyond) = holidays.get(HOLIDAYS_MAX) {
        let what = format!("more than {HOLIDAYS_MAX} holidays are listed");
        sheet.fault(
            &beyond.place,
            what,
            "leave out those before the first ticket",
        );
    }
    if is_written && sheet.is_clean() && week.iter().all(Vec::is_empty) {
        sheet.fault(
            &table.place(),
            "no day of [business_hours] has hours",
            EXAMPLE,
        );
    }
    table.finish(sheet);
    let timezone = own_zone.map(|zone| zone.value).or_else(|| zone.cloned())?;
    is_written.then(|| BusinessHours {
        timezone,
        week,
        holidays: holidays.into_iter().map(|day| day.value).collect(),
    })
}

/// Reads the openings of a day, in time order.
fn openings(
    sheet: &mut Sheet<'_>,
    table: &mut TableReader<'_, '_>,
    day: &'static str,
) -> Vec<Opening> {
    let mut openings = table.list(sheet, day, |value| opening(text(value)?));
    if let Some(beyond) = openings.get(DAY_OPENINGS_MAX) {
        let what = format!("`{day}` opens more than {DAY_OPENINGS_MAX} times");
        sheet.fault(&beyond.place, what, "join hours that follow each other");
    }
    openings.sort_by_key(|opening| opening.value.from);
    for pair in openings.windows(2) {
        if pair[0].value.to.is_none_or(|to| to > pair[1].value.from) {
            let what = format!("two openings of `{day}` overlap");
            sheet.fault(&pair[1].place, what, "join them to one");
        }
    }
    openings
        .into_iter()
        .map(|Placed { value, .. }| value)
        .collect()
}

/// Parses `09:00-17:30`; `24:00` is the end of the day.
fn opening(text: &str) -> Result<Opening, Complaint> {
    let bad = || Complaint::new(format!("`{text}` is no opening"), EXAMPLE);
    let (from, to) = text.split_once('-').ok_or_else(bad)?;
    let from = clock(from).ok_or_else(bad)?;
    let to = match to {
        "24:00" => None,
        to => Some(clock(to).ok_or_else(bad)?),
    };
    if to.is_some_and(|to| to <= from) {
        return Err(Complaint::new(
            format!("`{text}` ends before it begins"),
            "end a night at 24:00 and go on at 00:00 of the next day",
        ));
    }
    Ok(Opening { from, to })
}

/// Parses hours and minutes, two digits each.
fn clock(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let number = |digits: &str| -> Option<i8> {
        let is_plain = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_plain.then(|| digits.parse().ok())?
    };
    Time::new(number(hour)?, number(minute)?, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use expect_test::{Expect, expect};
    use jiff::civil::date;

    use crate::config::Config;

    fn parse(text: &str) -> Result<Config, String> {
        let text = format!("timezone = \"Europe/Berlin\"\n[business_hours]\n{text}");
        Config::parse(Path::new("vocd.toml"), &text).map_err(|faults| {
            let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
            lines.join("\n")
        })
    }

    fn check(text: &str, expected: Expect) {
        expected.assert_eq(&parse(text).expect_err("has faults"));
    }

    #[test]
    fn hours_are_read_with_their_zone_and_holidays() {
        let config = parse(
            "monday = [\"13:00-17:30\", \"09:00-12:00\"]\nsunday = [\"22:00-24:00\"]\n\
             holidays = [\"2026-12-25\", 2026-12-26]",
        );
        let hours = config.expect("valid").kpi_settings().business_hours;
        let hours = hours.expect("hours");
        assert_eq!(hours.timezone.iana_name(), Some("Europe/Berlin"));
        assert_eq!(hours.week[0][0].from.hour(), 9);
        assert_eq!((hours.week[0].len(), hours.week[1].len()), (2, 0));
        assert_eq!(hours.week[6][0].to, None);
        assert!(hours.holidays.contains(&date(2026, 12, 26)));
        let own = parse("timezone = \"Asia/Kolkata\"\nfriday = [\"09:00-17:00\"]");
        let hours = own.expect("valid").kpi_settings().business_hours;
        let zone = hours.expect("hours").timezone;
        assert_eq!(zone.iana_name(), Some("Asia/Kolkata"));
    }

    #[test]
    fn without_the_table_nobody_says_when_it_is_open() {
        let config = Config::parse(Path::new("vocd.toml"), "").expect("valid");
        assert_eq!(config.kpi_settings().business_hours, None);
    }

    #[test]
    fn every_fault_is_told_with_its_remedy() {
        check(
            "monday = [\"9-17\", \"17:00-09:00\", \"09:00-25:00\"]\ntuesday = \"09:00-17:00\"\n\
             wednesday = [\"09:00-12:00\", \"11:00-13:00\"]\nmoday = []\nholidays = [\"25.12.\"]",
            expect![[r#"
                vocd.toml:3:11: `monday`: `9-17` is no opening; write hours such as monday = ["09:00-12:00", "13:00-17:30"]
                vocd.toml:3:19: `monday`: `17:00-09:00` ends before it begins; end a night at 24:00 and go on at 00:00 of the next day
                vocd.toml:3:34: `monday`: `09:00-25:00` is no opening; write hours such as monday = ["09:00-12:00", "13:00-17:30"]
                vocd.toml:4:11: `tuesday`: wrong type, found string; write a list, such as ["a", "b"]
                vocd.toml:5:29: two openings of `wednesday` overlap; join them to one
                vocd.toml:6:1: unknown key `moday` in [business_hours]; did you mean `monday`?
                vocd.toml:7:13: `holidays`: `25.12.` is not a date; write a date such as "2026-01-31""#]],
        );
    }

    #[test]
    fn a_desk_that_never_opens_is_a_fault() {
        check(
            "holidays = [\"2026-12-25\"]",
            expect![[r#"
                vocd.toml:2:2: no day of [business_hours] has hours; write hours such as monday = ["09:00-12:00", "13:00-17:30"]"#]],
        );
    }

    #[test]
    fn a_day_opens_four_times_at_most() {
        check(
            "monday = [\"00:00-01:00\", \"02:00-03:00\", \"04:00-05:00\", \"06:00-07:00\", \
             \"08:00-09:00\"]",
            expect![[r#"
                vocd.toml:3:71: `monday` opens more than 4 times; join hours that follow each other"#]],
        );
    }
}
