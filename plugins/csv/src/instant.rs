//! From the text of a cell to an instant: formats, time zones, and a memory of days.
//!
//! A civil time that a zone skips (spring) or repeats (autumn) is resolved the way calendars do:
//! skipped times move forward by the gap, repeated ones mean the first of the two.

use std::fmt;

use jiff::civil::DateTime;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{Timestamp, Unit};

const DAY_S: i64 = 86_400;
const US_PER_S: i64 = 1_000_000;
/// Days whose offset is remembered: eleven years of 8 bytes each stay in the cache.
const DAYS_REMEMBERED: usize = 4_096;

/// Reads instants written in one format and one zone.
pub(crate) struct InstantReader {
    format: Option<String>,
    /// The format as fixed-width parts, where it is that simple.
    parts: Vec<Part>,
    zone: TimeZone,
    days: Vec<Day>,
}

/// What a zone does on one civil day.
#[derive(Clone, Copy)]
struct Day {
    day: i32,
    offset_s: i32,
}

/// No day of the calendar has this number.
const NO_DAY: i32 = i32::MIN;
/// Marks a day on which the offset changes.
const CHANGES: i32 = i32::MIN;

/// A fixed-width part of a format.
#[derive(Clone, Copy)]
enum Part {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    Literal(u8),
}

/// A civil time taken apart.
#[derive(Default)]
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    subsecond_us: i64,
}

impl fmt::Debug for InstantReader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zone = self.zone.iana_name();
        formatter
            .debug_struct("InstantReader")
            .field("format", &self.format)
            .field("zone", &zone)
            .finish()
    }
}

impl InstantReader {
    /// Makes a reader; without a format it reads RFC 3339 and ISO 8601. The zone is that of times
    /// written without an offset.
    pub(crate) fn new(format: Option<&str>, zone: TimeZone) -> Self {
        Self {
            format: format.map(str::to_owned),
            parts: format.and_then(fixed_parts).unwrap_or_default(),
            zone,
            days: vec![
                Day {
                    day: NO_DAY,
                    offset_s: 0
                };
                DAYS_REMEMBERED
            ],
        }
    }

    /// Returns the format, if any.
    pub(crate) fn format(&self) -> Option<&str> {
        self.format.as_deref()
    }

    /// Reads an instant in microseconds since 1970.
    pub(crate) fn read_us(&mut self, text: &str) -> Option<i64> {
        let text = text.trim_ascii();
        let fast = match self.format {
            None => self.read_iso(text.as_bytes()),
            Some(_) => {
                read_parts(&self.parts, text.as_bytes()).and_then(|civil| self.in_zone(&civil))
            }
        };
        fast.or_else(|| self.read_slowly(text))
    }

    /// `2026-05-13T10:00:00Z`, with a fraction, with an offset, or without either.
    fn read_iso(&mut self, text: &[u8]) -> Option<i64> {
        let (date, rest) = text.split_at_checked(10)?;
        let mut civil = Civil {
            year: digits(&date[..4])?,
            month: digits(&date[5..7])?,
            day: digits(&date[8..])?,
            ..Civil::default()
        };
        if date[4] != b'-' || date[7] != b'-' {
            return None;
        }
        let Some((b'T' | b't' | b' ', rest)) = rest.split_first() else {
            return if rest.is_empty() {
                self.in_zone(&civil)
            } else {
                None
            };
        };
        let (time, mut rest) = rest.split_at_checked(8)?;
        if time[2] != b':' || time[5] != b':' {
            return None;
        }
        civil.hour = digits(&time[..2])?;
        civil.minute = digits(&time[3..5])?;
        civil.second = digits(&time[6..])?;
        if let [b'.', fraction @ ..] = rest {
            let n_digits = fraction
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            let kept = n_digits.min(6);
            civil.subsecond_us = digits(&fraction[..kept])? * 10_i64.pow(6 - kept as u32);
            rest = &fraction[n_digits..];
        }
        match rest {
            [] => self.in_zone(&civil),
            b"Z" | b"z" => civil.utc_us(),
            [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
                let offset_s = digits(&[*h1, *h2])? * 3_600 + digits(&[*m1, *m2])? * 60;
                let offset_s = if *sign == b'-' { -offset_s } else { offset_s };
                Some(civil.utc_us()? - offset_s * US_PER_S)
            }
            _ => None,
        }
    }

    fn in_zone(&mut self, civil: &Civil) -> Option<i64> {
        let utc_us = civil.utc_us()?;
        let day = i32::try_from(utc_us.div_euclid(DAY_S * US_PER_S)).ok()?;
        let slot_idx = day.rem_euclid(DAYS_REMEMBERED as i32) as usize;
        if self.days[slot_idx].day != day {
            let offset_s = day_offset_s(&self.zone, day).unwrap_or(CHANGES);
            self.days[slot_idx] = Day { day, offset_s };
        }
        match self.days[slot_idx].offset_s {
            CHANGES => civil_us(civil.datetime()?, &self.zone),
            offset_s => Some(utc_us - i64::from(offset_s) * US_PER_S),
        }
    }

    /// Everything the fast readers leave: names of months, twelve-hour clocks, one-digit days, ….
    #[cold]
    fn read_slowly(&self, text: &str) -> Option<i64> {
        let Some(format) = &self.format else {
            if let Ok(timestamp) = text.parse::<Timestamp>() {
                return Some(timestamp.as_microsecond());
            }
            return civil_us(text.parse().ok()?, &self.zone);
        };
        let broken = BrokenDownTime::parse(format, text).ok()?;
        if broken.offset().is_some() || broken.timestamp().is_some() {
            return broken
                .to_timestamp()
                .ok()
                .map(|timestamp| timestamp.as_microsecond());
        }
        civil_us(broken.to_datetime().ok()?, &self.zone)
    }
}

impl Civil {
    /// Returns the microseconds since 1970 as if the civil time were UTC; `None` for a time that
    /// no calendar has. A 60th second is left to the general parser.
    fn utc_us(&self) -> Option<i64> {
        let is_time = self.hour < 24 && self.minute < 60 && self.second < 60;
        let is_day = (1..=12).contains(&self.month)
            && self.day >= 1
            && self.day <= days_in_month(self.year, self.month);
        if !is_time || !is_day {
            return None;
        }
        let seconds = days_since_1970(self.year, self.month, self.day) * DAY_S
            + self.hour * 3_600
            + self.minute * 60
            + self.second;
        Some(seconds * US_PER_S + self.subsecond_us)
    }

    fn datetime(&self) -> Option<DateTime> {
        DateTime::new(
            i16::try_from(self.year).ok()?,
            i8::try_from(self.month).ok()?,
            i8::try_from(self.day).ok()?,
            i8::try_from(self.hour).ok()?,
            i8::try_from(self.minute).ok()?,
            i8::try_from(self.second).ok()?,
            i32::try_from(self.subsecond_us * 1_000).ok()?,
        )
        .ok()
    }
}

fn civil_us(civil: DateTime, zone: &TimeZone) -> Option<i64> {
    let zoned = zone.to_ambiguous_zoned(civil).compatible().ok()?;
    Some(zoned.timestamp().as_microsecond())
}

/// Returns a civil day's offset when the whole day has only one.
fn day_offset_s(zone: &TimeZone, day: i32) -> Option<i32> {
    let epoch = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
    let start = epoch
        .checked_add(jiff::Span::new().try_days(day).ok()?)
        .ok()?;
    let end = start.checked_add(jiff::Span::new().days(1)).ok()?;
    let only_offset = |civil: DateTime| -> Option<Offset> {
        match zone.to_ambiguous_timestamp(civil).offset() {
            AmbiguousOffset::Unambiguous { offset } => Some(offset),
            AmbiguousOffset::Gap { .. } | AmbiguousOffset::Fold { .. } => None,
        }
    };
    let offset = only_offset(start)?;
    (only_offset(end)? == offset).then(|| offset.seconds())
}

/// Counts days with March as the first month, so that leap days come last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[inline]
fn digits(text: &[u8]) -> Option<i64> {
    let mut number = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + i64::from(digit);
    }
    Some(number)
}

/// Takes a format apart when each directive has a fixed width; others go the slow way.
fn fixed_parts(format: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut bytes = format.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => match bytes.next()? {
                b'Y' => parts.push(Part::Year),
                b'm' => parts.push(Part::Month),
                b'd' => parts.push(Part::Day),
                b'H' => parts.push(Part::Hour),
                b'M' => parts.push(Part::Minute),
                b'S' => parts.push(Part::Second),
                b'F' => parts.extend([
                    Part::Year,
                    Part::Literal(b'-'),
                    Part::Month,
                    Part::Literal(b'-'),
                    Part::Day,
                ]),
                b'T' => parts.extend([
                    Part::Hour,
                    Part::Literal(b':'),
                    Part::Minute,
                    Part::Literal(b':'),
                    Part::Second,
                ]),
                _ => return None,
            },
            literal if literal.is_ascii() => parts.push(Part::Literal(literal)),
            _ => return None,
        }
    }
    let names_day = [Part::is_year, Part::is_month, Part::is_day];
    names_day
        .iter()
        .all(|names| parts.iter().filter(|part| names(part)).count() == 1)
        .then_some(parts)
}

impl Part {
    fn is_year(&self) -> bool {
        matches!(self, Self::Year)
    }

    fn is_month(&self) -> bool {
        matches!(self, Self::Month)
    }

    fn is_day(&self) -> bool {
        matches!(self, Self::Day)
    }
}

/// Reads a text whose every part has its full width; anything else is `None`.
fn read_parts(parts: &[Part], mut text: &[u8]) -> Option<Civil> {
    if parts.is_empty() {
        return None;
    }
    let mut civil = Civil::default();
    for part in parts {
        let width = match part {
            Part::Year => 4,
            Part::Literal(_) => 1,
            _ => 2,
        };
        let (head, rest) = text.split_at_checked(width)?;
        text = rest;
        match part {
            Part::Literal(literal) if head[0] == *literal => {}
            Part::Literal(_) => return None,
            Part::Year => civil.year = digits(head)?,
            Part::Month => civil.month = digits(head)?,
            Part::Day => civil.day = digits(head)?,
            Part::Hour => civil.hour = digits(head)?,
            Part::Minute => civil.minute = digits(head)?,
            Part::Second => civil.second = digits(head)?,
        }
    }
    text.is_empty().then_some(civil)
}

/// Checks that a format can be read at all, by writing an instant with it and reading that back.
pub(crate) fn check_format(format: &str) -> Result<(), jiff::Error> {
    let sample = Timestamp::UNIX_EPOCH
        .round(Unit::Second)?
        .to_zoned(TimeZone::UTC);
    let text = jiff::fmt::strtime::format(format, &sample)?;
    let broken = BrokenDownTime::parse(format, &text)?;
    if broken.timestamp().is_none() {
        broken.to_datetime()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
