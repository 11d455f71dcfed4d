//! When a source is pulled: at an interval, or at the times of a cron line.

use std::str::FromStr;
use std::time::Duration;

use croner::Cron;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Firings looked at to find the longest gap of a cron line: more than a year of daily ones.
const FIRINGS_MAX: usize = 400;

/// When a source is pulled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rhythm {
    /// From the start of one pull to the start of the next.
    Every(Duration),
    /// At the times of a cron line, in the configured zone.
    Cron(Box<CronLine>),
}

/// A cron line with five fields: minute, hour, day of the month, month, day of the week.
#[derive(Debug, Clone)]
pub struct CronLine {
    text: String,
    cron: Cron,
}

impl PartialEq for CronLine {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for CronLine {}

impl CronLine {
    /// Reads a line such as `0 */2 * * *`.
    ///
    /// # Errors
    /// In words, when it is no cron line or never comes due.
    pub fn parse(text: &str) -> Result<Self, String> {
        let n_fields = text.split_ascii_whitespace().count();
        if n_fields != 5 {
            return Err(format!("it has {n_fields} fields, not 5"));
        }
        let cron = Cron::from_str(text).map_err(|error| error.to_string())?;
        let line = Self {
            text: text.to_owned(),
            cron,
        };
        match line.next_after(Timestamp::UNIX_EPOCH, &TimeZone::UTC) {
            Some(_) => Ok(line),
            None => Err("it never comes due".to_owned()),
        }
    }

    /// Returns the line as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the first time after `at`; a time that the clock skips comes due right after the
    /// skipped hour, one that it repeats once.
    #[must_use]
    pub fn next_after(&self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let at = at.to_zoned(zone.clone());
        let next = self.cron.find_next_occurrence(&at, false).ok()?;
        Some(next.timestamp())
    }
}

impl Rhythm {
    /// Returns the longest time from one pull to the next, looked for from `now` on.
    #[must_use]
    pub fn longest_gap(&self, now: Timestamp, zone: &TimeZone) -> Duration {
        let line = match self {
            Self::Every(every) => return *every,
            Self::Cron(line) => line,
        };
        let firings: Vec<Timestamp> =
            std::iter::successors(line.next_after(now, zone), |at| line.next_after(*at, zone))
                .take(FIRINGS_MAX)
                .collect();
        let gaps = firings
            .windows(2)
            .filter_map(|pair| Duration::try_from(pair[1].duration_since(pair[0])).ok());
        gaps.max().unwrap_or(Duration::MAX)
    }
}

impl std::fmt::Display for Rhythm {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Every(every) => write!(formatter, "every {} s", every.as_secs()),
            Self::Cron(line) => write!(formatter, "cron {}", line.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> TimeZone {
        jiff::tz::db().get("Europe/Berlin").unwrap()
    }

    fn firings(line: &str, from: &str, n: usize) -> Vec<String> {
        let line = CronLine::parse(line).unwrap();
        let from: Timestamp = from.parse().unwrap();
        std::iter::successors(Some(from), |at| line.next_after(*at, &zone()))
            .skip(1)
            .take(n)
            .map(|at| at.to_zoned(zone()).strftime("%F %H:%M%:z").to_string())
            .collect()
    }

    #[test]
    fn lines_count_in_civil_time_through_both_changes_of_the_clock() {
        for (line, from, expected) in [
            (
                "0 */6 * * *",
                "2026-03-28T20:00:00Z",
                ["2026-03-29 00:00+01:00", "2026-03-29 06:00+02:00"],
            ),
            (
                "30 2 * * *",
                "2026-03-28T12:00:00Z",
                ["2026-03-29 03:00+02:00", "2026-03-30 02:30+02:00"],
            ),
            (
                "30 2 * * *",
                "2026-10-24T12:00:00Z",
                ["2026-10-25 02:30+02:00", "2026-10-26 02:30+01:00"],
            ),
            (
                "0 8 * * 1-5",
                "2026-05-01T06:00:00Z",
                ["2026-05-04 08:00+02:00", "2026-05-05 08:00+02:00"],
            ),
        ] {
            assert_eq!(firings(line, from, 2), expected, "{line}");
        }
    }

    #[test]
    fn the_longest_gap_is_what_a_reader_would_say() {
        let now: Timestamp = "2026-05-01T06:00:00Z".parse().unwrap();
        let gap_h = |line: &str| {
            let rhythm = Rhythm::Cron(Box::new(CronLine::parse(line).unwrap()));
            rhythm.longest_gap(now, &zone()).as_secs() / 3_600
        };
        assert_eq!(gap_h("0 */2 * * *"), 2);
        assert_eq!(
            gap_h("0 8 * * 1-5"),
            73,
            "over the weekend of the change in October"
        );
        assert_eq!(gap_h("0 0 1 * *"), 31 * 24 + 1);
    }

    #[test]
    fn what_is_no_line_says_why() {
        for (line, expected) in [
            ("", "it has 0 fields, not 5"),
            ("* * * *", "it has 4 fields, not 5"),
            ("* * * * * *", "it has 6 fields, not 5"),
            ("61 * * * *", ""),
            ("a b c d e", ""),
            ("0 0 30 2 *", "it never comes due"),
        ] {
            let error = CronLine::parse(line).unwrap_err();
            assert!(error.contains(expected), "{line}: {error}");
        }
    }
}
