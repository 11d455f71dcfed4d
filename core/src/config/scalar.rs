//! The small languages inside values: durations, sizes, zones, weekdays, names.

use std::time::Duration;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use toml::de::DeValue;

use crate::config::fault::{Complaint, nearest};
use crate::config::reader::{text, wrong_type};

/// Longest duration a file may ask for: a century; beyond it arithmetic on instants overflows.
const DURATION_S_MAX: u64 = 100 * 366 * 86_400;

/// Parses `90s`, `5m`, `2h`, `7d` or `4w`.
///
/// # Errors
/// When it is not a whole positive number with one of these units, or above a century.
pub(crate) fn duration(text: &str) -> Result<Duration, Complaint> {
    let complaint = || {
        Complaint::new(
            format!("`{text}` is not a duration"),
            "write a whole number with a unit: `90s`, `5m`, `2h`, `7d` or `4w`",
        )
    };
    let (digits, unit_s) = split_unit(
        text,
        &[
            ("s", 1),
            ("m", 60),
            ("h", 3_600),
            ("d", 86_400),
            ("w", 604_800),
        ],
    )
    .ok_or_else(complaint)?;
    let seconds = digits.checked_mul(unit_s).ok_or_else(complaint)?;
    if seconds == 0 || seconds > DURATION_S_MAX {
        return Err(Complaint::new(
            format!("`{text}` is out of range"),
            "write a duration from `1s` to `5200w`",
        ));
    }
    Ok(Duration::from_secs(seconds))
}

/// Parses `256MiB`, `1GiB`, `64KiB` or `1000B` to bytes.
///
/// # Errors
/// When it is not a whole positive number with one of these units.
pub(crate) fn size_bytes(text: &str) -> Result<u64, Complaint> {
    let complaint = || {
        Complaint::new(
            format!("`{text}` is not a size"),
            "write a whole number with a unit: `64KiB`, `256MiB` or `1GiB`",
        )
    };
    let (digits, unit_bytes) = split_unit(
        text,
        &[
            ("KiB", 1 << 10),
            ("MiB", 1 << 20),
            ("GiB", 1 << 30),
            ("TiB", 1 << 40),
            ("B", 1),
        ],
    )
    .ok_or_else(complaint)?;
    match digits.checked_mul(unit_bytes) {
        Some(bytes) if bytes > 0 => Ok(bytes),
        _ => Err(complaint()),
    }
}

fn split_unit(text: &str, units: &[(&str, u64)]) -> Option<(u64, u64)> {
    let (digits, unit) = units
        .iter()
        .find_map(|(name, unit)| Some((text.strip_suffix(name)?.trim_end(), *unit)))?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    Some((is_number.then(|| digits.parse().ok())??, unit))
}

/// Parses an IANA zone name.
///
/// # Errors
/// When the tz database does not know it; the hint names the nearest.
pub(crate) fn timezone(name: &str) -> Result<TimeZone, Complaint> {
    TimeZone::get(name).map_err(|_| {
        let zones: Vec<String> = jiff::tz::db()
            .available()
            .map(|zone| zone.as_str().to_owned())
            .collect();
        // People write the city alone; compare it with the last part of each name as well.
        let by_city = zones.iter().find(|zone| {
            let city = zone.rsplit('/').next().unwrap_or(zone);
            city.eq_ignore_ascii_case(&name.replace(' ', "_"))
        });
        let near = by_city
            .map(String::as_str)
            .or_else(|| nearest(name, zones.iter().map(String::as_str)));
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "write an IANA name such as `Europe/Berlin` or `UTC`".to_owned(),
        };
        Complaint::new(format!("unknown time zone `{name}`"), hint)
    })
}

/// Names of the weekdays, Monday first.
const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

/// Parses an English weekday in lower case.
///
/// # Errors
/// When it is none.
pub(crate) fn weekday(name: &str) -> Result<Weekday, Complaint> {
    choice(name, &WEEKDAYS)
}

/// Picks one of several named values.
///
/// # Errors
/// When none has this name; the hint lists them.
pub(crate) fn choice<T: Copy>(name: &str, choices: &[(&str, T)]) -> Result<T, Complaint> {
    if let Some((_, value)) = choices.iter().find(|(known, _)| *known == name) {
        return Ok(*value);
    }
    let list: Vec<String> = choices
        .iter()
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    Err(Complaint::new(
        format!("unknown value `{name}`"),
        format!("write one of {}", list.join(", ")),
    ))
}

/// Parses a civil date, written as a text or as a TOML date.
///
/// # Errors
/// When it is no date.
pub(crate) fn date(value: &DeValue<'_>) -> Result<Date, Complaint> {
    let written = match value.as_datetime() {
        Some(datetime) => datetime.to_string(),
        None => text(value)
            .map_err(|_| wrong_type(value, "a date such as \"2026-01-31\""))?
            .to_owned(),
    };
    written.parse().map_err(|_| {
        Complaint::new(
            format!("`{written}` is not a date"),
            "write a date such as \"2026-01-31\"",
        )
    })
}

/// Longest name of a goal, dimension, dashboard or panel, in bytes; it becomes part of a URL.
pub(crate) const NAME_BYTES_MAX: usize = 60;

/// Checks a name that becomes part of a URL: `a-z 0-9 - _`, a letter or digit first.
///
/// # Errors
/// When it is empty, too long or has other characters.
pub(crate) fn name(name: &str) -> Result<String, Complaint> {
    let is_first_fine = name
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let is_rest_fine = name
        .bytes()
        .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'));
    if is_first_fine && is_rest_fine && name.len() <= NAME_BYTES_MAX {
        return Ok(name.to_owned());
    }
    Err(Complaint::new(
        format!("`{name}` cannot be part of an address"),
        format!("use a-z, 0-9, `-` and `_`, a letter or digit first, {NAME_BYTES_MAX} at most"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_one_unit() {
        let check = |text: &str, seconds: Option<u64>| {
            assert_eq!(duration(text).ok().map(|d| d.as_secs()), seconds, "{text}");
        };
        check("90s", Some(90));
        check("5m", Some(300));
        check("2h", Some(7_200));
        check("7d", Some(604_800));
        check("4w", Some(2_419_200));
        for bad in [
            "",
            "5",
            "m",
            "-5m",
            "1.5h",
            "5 mins",
            "0s",
            "99999999999999999999w",
            "6000w",
        ] {
            check(bad, None);
        }
    }

    #[test]
    fn sizes_have_binary_units() {
        let check = |text: &str, bytes: Option<u64>| {
            assert_eq!(size_bytes(text).ok(), bytes, "{text}");
        };
        check("256MiB", Some(256 << 20));
        check("1 GiB", Some(1 << 30));
        check("1000B", Some(1_000));
        for bad in ["256", "256MB", "MiB", "0MiB", "99999999999999TiB", "-1GiB"] {
            check(bad, None);
        }
    }

    #[test]
    fn an_unknown_zone_names_the_nearest() {
        let hint = |name: &str| timezone(name).expect_err("unknown").hint;
        assert_eq!(hint("Europe/Berln"), "did you mean `Europe/Berlin`?");
        assert_eq!(hint("london"), "did you mean `Europe/London`?");
        assert!(timezone("Europe/Berlin").is_ok());
    }

    #[test]
    fn names_fit_into_addresses() {
        assert!(name("nps-2026").is_ok());
        for bad in ["", "-a", "A", "a b", "a/b", "..", "ä"] {
            assert!(name(bad).is_err(), "{bad}");
        }
    }
}
