//! Instants, as vendors write them.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

const US_PER_S: i64 = 1_000_000;
const S_PER_DAY: i64 = 86_400;

/// An instant in microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

/// Why a text is no instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeError {
    text: String,
}

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.text;
        write!(f, "`{text}` is no time such as 2026-01-31T12:00:00Z")
    }
}

impl std::error::Error for TimeError {}

impl Time {
    /// Makes an instant from microseconds since 1970.
    #[must_use]
    pub const fn from_us(us: i64) -> Self {
        Self(us)
    }

    /// Makes an instant from milliseconds since 1970; far beyond any calendar it stays at the end.
    #[must_use]
    pub const fn from_unix_ms(ms: i64) -> Self {
        Self(ms.saturating_mul(1_000))
    }

    /// Makes an instant from seconds since 1970; far beyond any calendar it stays at the end.
    #[must_use]
    pub const fn from_unix_s(s: i64) -> Self {
        Self(s.saturating_mul(US_PER_S))
    }

    /// Reads RFC 3339: `2026-01-31T12:00:00.25+01:00`. A space may stand for the `T`, and the offset
    /// may lack its colon.
    ///
    /// # Errors
    /// When the text is none, has no offset, or names a day that is in no calendar.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let (local, rest) = civil(text).ok_or_else(|| unreadable(text))?;
        let offset_s = offset_s(rest).ok_or_else(|| unreadable(text))?;
        Ok(Self(local.0 - offset_s * US_PER_S))
    }

    /// As [`Time::parse`] for vendors that leave the offset away and mean UTC; a bare date is its
    /// first instant.
    ///
    /// # Errors
    /// As [`Time::parse`], but without an offset it is UTC.
    pub fn parse_utc(text: &str) -> Result<Self, TimeError> {
        let (local, rest) = match text.len() {
            10 => civil(&format!("{text}T00:00:00")).map(|(time, _)| (time, "")),
            _ => civil(text),
        }
        .ok_or_else(|| unreadable(text))?;
        match rest {
            "" => Ok(local),
            rest => {
                let offset_s = offset_s(rest).ok_or_else(|| unreadable(text))?;
                Ok(Self(local.0 - offset_s * US_PER_S))
            }
        }
    }

    /// Returns microseconds since 1970.
    #[must_use]
    pub const fn us(self) -> i64 {
        self.0
    }

    /// Returns whole milliseconds since 1970, rounded down.
    #[must_use]
    pub const fn unix_ms(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Returns whole seconds since 1970, rounded down.
    #[must_use]
    pub const fn unix_s(self) -> i64 {
        self.0.div_euclid(US_PER_S)
    }
}

/// RFC 3339 in UTC, with as many decimals as needed: `2026-01-31T11:00:00.25Z`.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date(self.unix_s().div_euclid(S_PER_DAY));
        let second = self.unix_s().rem_euclid(S_PER_DAY);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )?;
        let us = self.0.rem_euclid(US_PER_S);
        if us != 0 {
            let decimals = format!("{us:06}");
            write!(f, ".{}", decimals.trim_end_matches('0'))?;
        }
        f.write_str("Z")
    }
}

impl Add<Duration> for Time {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(us(span)))
    }
}

impl Sub<Duration> for Time {
    type Output = Self;

    fn sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(us(span)))
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Time {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Time {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

fn us(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

fn unreadable(text: &str) -> TimeError {
    TimeError {
        // What a vendor sends may be of any length.
        text: text.chars().take(60).collect(),
    }
}

/// Reads `YYYY-MM-DDTHH:MM:SS[.frac]` as if it were UTC and returns what follows.
fn civil(text: &str) -> Option<(Time, &str)> {
    let bytes = text.as_bytes();
    let is_shaped = bytes.len() >= 19
        && [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')]
            .iter()
            .all(|(at, separator)| bytes[*at] == *separator)
        && matches!(bytes[10], b'T' | b't' | b' ');
    if !is_shaped {
        return None;
    }
    let [year, month, day] = [
        digits(bytes, 0, 4)?,
        digits(bytes, 5, 2)?,
        digits(bytes, 8, 2)?,
    ];
    let [hour, minute, second] = [
        digits(bytes, 11, 2)?,
        digits(bytes, 14, 2)?,
        digits(bytes, 17, 2)?,
    ];
    let day_number = day_number(year, month, day)?;
    // A leap second is the last instant before the next minute.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let second_of_day = hour * 3_600 + minute * 60 + second.min(59);
    let (decimals_us, rest) = decimals_us(&text[19..])?;
    let seconds = day_number * S_PER_DAY + second_of_day;
    Some((Time(seconds * US_PER_S + decimals_us), rest))
}

fn decimals_us(text: &str) -> Option<(i64, &str)> {
    let Some(decimals) = text.strip_prefix('.') else {
        return Some((0, text));
    };
    let n_digits = decimals.bytes().take_while(u8::is_ascii_digit).count();
    let us = (0..6).try_fold(0, |us, at| {
        let digit = match at < n_digits {
            true => digits(decimals.as_bytes(), at, 1)?,
            false => 0,
        };
        Some(us * 10 + digit)
    })?;
    (n_digits > 0).then(|| (us, &decimals[n_digits..]))
}

/// Reads `Z`, `+01:00` or `+0100` as seconds east of Greenwich.
fn offset_s(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let sign = match bytes.first()? {
        b'Z' | b'z' => return (bytes.len() == 1).then_some(0),
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let minutes_at = match (bytes.len(), bytes.get(3)) {
        (6, Some(b':')) => 4,
        (5, _) => 3,
        _ => return None,
    };
    let (hours, minutes) = (digits(bytes, 1, 2)?, digits(bytes, minutes_at, 2)?);
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 3_600 + minutes * 60))
}

fn digits(bytes: &[u8], at: usize, n_digits: usize) -> Option<i64> {
    let digits = bytes.get(at..at + n_digits)?;
    digits.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit()
            .then(|| number * 10 + i64::from(byte - b'0'))
    })
}

/// Days since 1970 of a date of the Gregorian calendar (after H. Hinnant, `days_from_civil`).
fn day_number(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || day < 1 {
        return None;
    }
    // The year begins in March, so that the leap day is its last.
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let number = era * 146_097 + day_of_era - 719_468;
    // A day that is not in the month comes back as another.
    (date(number) == (year, month, day)).then_some(number)
}

/// The date of a day since 1970: the inverse of [`day_number`].
fn date(day_number: i64) -> (i64, i64, i64) {
    let shifted = day_number + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = (shifted_month + 2) % 12 + 1;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_a_vendor_sends_is_one_instant() {
        let expected = Time::from_unix_s(1_769_860_800);
        for text in [
            "2026-01-31T12:00:00Z",
            "2026-01-31t12:00:00z",
            "2026-01-31T12:00:00.000Z",
            "2026-01-31T13:00:00+01:00",
            "2026-01-31T13:00:00+0100",
            "2026-01-31 06:30:00.0-05:30",
        ] {
            assert_eq!(Time::parse(text), Ok(expected), "{text}");
        }
        assert_eq!(Time::from_unix_ms(1_769_860_800_000), expected);
        assert_eq!(Time::parse_utc("2026-01-31 12:00:00"), Ok(expected));
        assert_eq!(Time::parse_utc("2026-01-31T13:00:00+01:00"), Ok(expected));
        let midnight = expected - Duration::from_secs(12 * 3_600);
        assert_eq!(Time::parse_utc("2026-01-31"), Ok(midnight));
    }

    #[test]
    fn what_is_no_instant_is_refused_by_name() {
        for text in [
            "",
            "tomorrow",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-31T24:00:00Z",
            "2026-01-31T12:00:00",
            "2026-01-31T12:00:00+25:00",
            "2026-01-31T12:00:00.Z",
            "2026-01-31T12:00:00ZZ",
            "２026-01-31T12:00:00Z",
        ] {
            let error = Time::parse(text).expect_err(text);
            assert!(error.to_string().contains("is no time"), "{error}");
        }
    }

    #[test]
    fn every_day_of_eight_centuries_reads_back() {
        let first = day_number(1600, 1, 1).expect("a day");
        for number in first..first + 2 * 146_097 {
            let (year, month, day) = date(number);
            assert_eq!(day_number(year, month, day), Some(number));
            let time = Time::from_unix_s(number * S_PER_DAY + 3_661);
            assert_eq!(Time::parse(&time.to_string()), Ok(time));
        }
    }

    #[test]
    fn decimals_are_kept_and_shown_only_where_there_are_some() {
        let time = Time::parse("1969-12-31T23:59:59.25Z").expect("a time");
        assert_eq!(time.us(), -750_000);
        assert_eq!(time.to_string(), "1969-12-31T23:59:59.25Z");
        assert_eq!(time.unix_s(), -1);
        assert_eq!(Time::from_us(0).to_string(), "1970-01-01T00:00:00Z");
        let finer = Time::parse("1970-01-01T00:00:00.123456789Z").expect("a time");
        assert_eq!(finer.us(), 123_456);
    }
}
