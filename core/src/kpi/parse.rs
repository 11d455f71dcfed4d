//! Reads the parameters of a question as people write them, with errors that name what is allowed.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::civil;
use super::{ChartKind, Grain, Instant, Mode, Range, Rolling};
use crate::nearest::nearest;

/// Most filtered dimensions in one question.
pub const FILTERS_MAX: usize = 16;
/// Most values of one filter; more would be a list of rows, not a group.
pub const FILTER_VALUES_MAX: usize = 200;
/// Longest relative range, in years; keeps date arithmetic far from the calendar's ends.
const RANGE_YEARS_MAX: u32 = 100;
/// First and last year of an explicit date.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=2200;
/// How the missing value is written.
pub(super) const MISSING: &str = "(none)";

/// Why a parameter could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Not a range.
    #[error(
        "`{given}` is not a range; write `all`, `ytd`, a length up to 100 years such as `90d`, \
         `12w`, `6mo` or `2y`, or `2026-01-01..2026-06-30` (the end is exclusive)"
    )]
    Range {
        /// What was written.
        given: String,
    },
    /// Not a trailing window.
    #[error(
        "`{given}` is not a trailing window; write whole weeks up to 52, such as `28d` or `4w`, so \
         that every window has each day of the week as often"
    )]
    Rolling {
        /// What was written.
        given: String,
    },
    /// An explicit range without rows in between.
    #[error("the range ends at `{to}`, which is not after its start `{from}`")]
    RangeOrder {
        /// Start as written.
        from: String,
        /// End as written.
        to: String,
    },
    /// Both ways of giving the time, or half of one.
    #[error("give either `range`, or both `from` and `to`")]
    RangeParts,
    /// Not a date or instant.
    #[error(
        "`{given}` is neither a date such as `2026-06-30` nor an RFC 3339 time such as \
         `2026-06-30T22:00:00Z`, in the years 1900 to 2200"
    )]
    Instant {
        /// What was written.
        given: String,
    },
    /// Not one of a closed list.
    #[error(
        "`{given}` is not a {what}; it is one of {allowed}{}",
        nearest_clause(nearest)
    )]
    Choice {
        /// What the list names.
        what: &'static str,
        /// What was written.
        given: String,
        /// The list.
        allowed: String,
        /// The closest entry, when one is close.
        nearest: Option<String>,
    },
    /// Not a zone of the tz database.
    #[error("`{given}` is not a time zone of the IANA database, such as `Europe/Berlin` or `UTC`")]
    TimeZone {
        /// What was written.
        given: String,
    },
    /// A filter without a value.
    #[error("the filter on `{dimension}` has no value; write `{dimension}=a,b` or `(none)`")]
    FilterEmpty {
        /// The dimension.
        dimension: String,
    },
    /// Too many filters or values.
    #[error("at most {FILTERS_MAX} filters with at most {FILTER_VALUES_MAX} values each")]
    FilterSize,
}

fn nearest_clause(nearest: &Option<String>) -> String {
    nearest
        .as_ref()
        .map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

fn choice<T: Copy>(
    what: &'static str,
    given: &str,
    allowed: &[(&'static str, T)],
) -> Result<T, ParseError> {
    let found = allowed
        .iter()
        .find(|(name, _)| *name == given)
        .map(|(_, value)| *value);
    found.ok_or_else(|| ParseError::Choice {
        what,
        given: given.to_owned(),
        allowed: allowed
            .iter()
            .map(|(name, _)| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", "),
        nearest: nearest(given, allowed.iter().map(|(name, _)| *name)).map(str::to_owned),
    })
}

fn name_of<T: Copy + PartialEq>(value: T, names: &[(&'static str, T)]) -> &'static str {
    names
        .iter()
        .find(|(_, candidate)| *candidate == value)
        .map_or("", |(name, _)| name)
}

const GRAINS: [(&str, Grain); 4] = [
    ("day", Grain::Day),
    ("week", Grain::Week),
    ("month", Grain::Month),
    ("quarter", Grain::Quarter),
];

const CHARTS: [(&str, ChartKind); 15] = [
    ("number", ChartKind::Number),
    ("trend", ChartKind::Trend),
    ("stack", ChartKind::Stack),
    ("distribution", ChartKind::Distribution),
    ("bars", ChartKind::Bars),
    ("table", ChartKind::Table),
    ("cohort", ChartKind::Cohort),
    ("survival", ChartKind::Survival),
    ("bridge", ChartKind::Bridge),
    ("bullet", ChartKind::Bullet),
    ("control", ChartKind::Control),
    ("quadrant", ChartKind::Quadrant),
    ("pareto", ChartKind::Pareto),
    ("slope", ChartKind::Slope),
    ("funnel", ChartKind::Funnel),
];

const MODES: [(&str, Mode); 3] = [
    ("transactional", Mode::Transactional),
    ("relational", Mode::Relational),
    ("clustered", Mode::Clustered),
];

macro_rules! written_as {
    ($kind:ty, $what:literal, $names:ident) => {
        impl FromStr for $kind {
            type Err = ParseError;

            fn from_str(given: &str) -> Result<Self, ParseError> {
                choice($what, given, &$names)
            }
        }

        impl fmt::Display for $kind {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(name_of(*self, &$names))
            }
        }
    };
}

written_as!(Grain, "grain", GRAINS);
written_as!(ChartKind, "chart", CHARTS);
written_as!(Mode, "mode", MODES);

impl FromStr for Instant {
    type Err = ParseError;

    fn from_str(given: &str) -> Result<Self, ParseError> {
        let bad = || ParseError::Instant {
            given: given.to_owned(),
        };
        let is_date = given.len() == 10 && given.is_ascii();
        let (instant, year) = if is_date {
            let date: Date = given.parse().map_err(|_| bad())?;
            (Self::Day(date), date.year())
        } else {
            let exact: Timestamp = given.parse().map_err(|_| bad())?;
            (Self::Exact(exact), exact.to_zoned(TimeZone::UTC).year())
        };
        YEARS.contains(&year).then_some(instant).ok_or_else(bad)
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(date) => write!(formatter, "{date}"),
            Self::Exact(exact) => write!(formatter, "{exact}"),
        }
    }
}

impl FromStr for Range {
    type Err = ParseError;

    fn from_str(given: &str) -> Result<Self, ParseError> {
        let bad = || ParseError::Range {
            given: given.to_owned(),
        };
        if let Some((from, to)) = given.split_once("..") {
            return between(from.parse()?, to.parse()?);
        }
        match given {
            "all" => return Ok(Self::All),
            "ytd" => return Ok(Self::YearToDate),
            _ => {}
        }
        let unit_idx = given
            .find(|letter: char| !letter.is_ascii_digit())
            .ok_or_else(bad)?;
        let (count, unit) = given.split_at(unit_idx);
        let count: u32 = count.parse().map_err(|_| bad())?;
        let (range, per_year) = match unit {
            "d" => (Self::Days(count), 366),
            "w" => (Self::Weeks(count), 53),
            "mo" => (Self::Months(count), 12),
            "y" => (Self::Years(count), 1),
            _ => return Err(bad()),
        };
        (1..=RANGE_YEARS_MAX * per_year)
            .contains(&count)
            .then_some(range)
            .ok_or_else(bad)
    }
}

impl FromStr for Rolling {
    type Err = ParseError;

    fn from_str(given: &str) -> Result<Self, ParseError> {
        let days = match given.split_at_checked(given.len().saturating_sub(1)) {
            Some((count, "d")) => count.parse().ok(),
            Some((count, "w")) => count
                .parse()
                .ok()
                .and_then(|weeks: u16| weeks.checked_mul(7)),
            _ => None,
        };
        days.and_then(Self::of_days)
            .ok_or_else(|| ParseError::Rolling {
                given: given.to_owned(),
            })
    }
}

impl fmt::Display for Rolling {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}d", self.days())
    }
}

impl fmt::Display for Range {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => formatter.write_str("all"),
            Self::Days(count) => write!(formatter, "{count}d"),
            Self::Weeks(count) => write!(formatter, "{count}w"),
            Self::Months(count) => write!(formatter, "{count}mo"),
            Self::Years(count) => write!(formatter, "{count}y"),
            Self::YearToDate => formatter.write_str("ytd"),
            Self::Between(from, to) => write!(formatter, "{from}..{to}"),
        }
    }
}

fn between(from: Instant, to: Instant) -> Result<Range, ParseError> {
    let is_backward = match (from, to) {
        (Instant::Day(from), Instant::Day(to)) => from >= to,
        (Instant::Exact(from), Instant::Exact(to)) => from >= to,
        // Which of a day and an instant comes first depends on the zone; the answer checks it.
        _ => false,
    };
    if is_backward {
        return Err(ParseError::RangeOrder {
            from: from.to_string(),
            to: to.to_string(),
        });
    }
    Ok(Range::Between(from, to))
}

/// Returns the range given by `range`, or by `from` and `to`; `None` when nothing was given.
///
/// # Errors
/// When a part cannot be read, both ways are used, or only one end is given.
pub fn range(
    range: Option<&str>,
    from: Option<&str>,
    to: Option<&str>,
) -> Result<Option<Range>, ParseError> {
    match (range, from, to) {
        (None, None, None) => Ok(None),
        (Some(range), None, None) => range.parse().map(Some),
        (None, Some(from), Some(to)) => between(from.parse()?, to.parse()?).map(Some),
        _ => Err(ParseError::RangeParts),
    }
}

/// Returns the instant of a date (the start of that civil day) or RFC 3339 time, for `as_of`.
///
/// # Errors
/// When it is neither.
pub fn instant(given: &str, zone: &TimeZone) -> Result<Timestamp, ParseError> {
    match given.parse()? {
        Instant::Exact(exact) => Ok(exact),
        Instant::Day(date) => civil::day_start(date, zone).ok_or_else(|| ParseError::Instant {
            given: given.to_owned(),
        }),
    }
}

/// Returns the zone of that IANA name, from the compiled-in tz database.
///
/// # Errors
/// When the database has no such zone.
pub fn timezone(given: &str) -> Result<TimeZone, ParseError> {
    civil::zone(given).ok_or_else(|| ParseError::TimeZone {
        given: given.to_owned(),
    })
}

/// Splits a filter's values at commas; `\` takes the next character literally, and an unescaped
/// `(none)` is the missing value (`None`). Empty parts are left out.
#[must_use]
pub fn values(given: &str) -> Vec<Option<String>> {
    let mut values = Vec::new();
    let mut part = String::new();
    let mut is_literal = false;
    let mut letters = given.chars();
    loop {
        let letter = letters.next();
        match letter {
            Some('\\') => {
                is_literal = true;
                part.extend(letters.next());
            }
            Some(letter) if letter != ',' => part.push(letter),
            _ => {
                let value = std::mem::take(&mut part);
                if !value.is_empty() {
                    values.push((is_literal || value != MISSING).then_some(value));
                }
                is_literal = false;
            }
        }
        if letter.is_none() {
            return values;
        }
    }
}

/// Writes values so that [`values`] reads them back.
#[must_use]
pub fn written(values: &[Option<String>]) -> String {
    let escape = |value: &String| {
        if value == MISSING {
            return format!("\\{value}");
        }
        value.replace('\\', "\\\\").replace(',', "\\,")
    };
    let parts: Vec<String> = values
        .iter()
        .map(|value| value.as_ref().map_or(MISSING.to_owned(), escape))
        .collect();
    parts.join(",")
}

/// Reads filters from pairs of dimension (with or without `where.` in front) and values; pairs of
/// the same dimension add up.
///
/// # Errors
/// When a filter has no value, or there are too many.
pub fn filters<'a>(
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<BTreeMap<String, Vec<Option<String>>>, ParseError> {
    let mut filters: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
    for (name, given) in pairs {
        let dimension = name.strip_prefix("where.").unwrap_or(name);
        let read = values(given);
        if read.is_empty() {
            return Err(ParseError::FilterEmpty {
                dimension: dimension.to_owned(),
            });
        }
        let kept = filters.entry(dimension.to_owned()).or_default();
        for value in read {
            if !kept.contains(&value) {
                kept.push(value);
            }
        }
        if kept.len() > FILTER_VALUES_MAX {
            return Err(ParseError::FilterSize);
        }
    }
    if filters.len() > FILTERS_MAX {
        return Err(ParseError::FilterSize);
    }
    Ok(filters)
}

#[cfg(test)]
mod tests;
