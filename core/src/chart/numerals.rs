//! Numbers, ages and dates as each language writes them.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::Language;
use crate::kpi::duration::{Duration, TimeUnit};
use crate::kpi::{Kpi, Unit};

/// Narrow no-break space: before units, and between groups of digits in French and Spanish.
pub(super) const THIN: char = '\u{202f}';

/// Real minus sign.
const MINUS: char = '−';

/// Returns a number with fixed decimals, grouped digits and a real minus; never "−0".
pub(super) fn number(value: f64, decimals: usize, language: Language) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let plain = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let mut out = String::with_capacity(plain.len() + 8);
    if value < 0.0 && plain.bytes().any(|digit| (b'1'..=b'9').contains(&digit)) {
        out.push(MINUS);
    }
    let (group, point) = match language {
        Language::English => (',', '.'),
        Language::German => ('.', ','),
        Language::French | Language::Spanish => (THIN, ','),
    };
    // Spanish leaves four digits together.
    let is_grouped = whole.len() > 4 || (whole.len() == 4 && language != Language::Spanish);
    for (idx, digit) in whole.chars().enumerate() {
        if is_grouped && idx > 0 && (whole.len() - idx).is_multiple_of(3) {
            out.push(group);
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push(point);
        out.push_str(fraction);
    }
    out
}

/// Returns a short form for axes and narrow headlines: `12.3 M`.
pub(super) fn compact(value: f64, decimals: usize, language: Language) -> String {
    let words = language.words();
    let steps = [
        (1e9, words.billion),
        (1e6, words.million),
        (1e3, words.thousand),
    ];
    for (step, word) in steps {
        if value.abs() >= step * 0.999_95 {
            let scaled = value / step;
            let decimals =
                usize::from(scaled.abs() < 99.95 && (scaled - scaled.round()).abs() > 0.049);
            return format!("{}{THIN}{word}", number(scaled, decimals, language));
        }
    }
    number(value, decimals, language)
}

/// Returns how many decimals a value of a KPI is shown with.
pub(super) fn decimals(kpi: &Kpi) -> usize {
    match (kpi.unit, kpi.range) {
        (Unit::Percent, _) => 1,
        // A mean on a short scale, such as 1 to 5, moves in its second decimal.
        (Unit::Score, _) => 2,
        // A mean on a short scale, such as 1 to 5, says little as an integer.
        (Unit::Points, (Some(low), Some(high))) if high - low <= 20.0 => 1,
        (Unit::Points | Unit::Money | Unit::Count | Unit::Seconds, _) => 0,
    }
}

/// Returns a count.
pub(super) fn count(n: u64, language: Language) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown, not computed with")]
    let n = n as f64;
    number(n, 0, language)
}

/// Returns the whole part of a number of places; none where it is negative.
pub(super) fn whole(places: f64) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small count; negative saturates to none"
    )]
    let n = (places + 1e-6) as usize;
    n
}

/// Returns a position or a count of marks as a number.
pub(super) fn real(n: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "marks on a picture are few")]
    let n = n as f64;
    n
}

/// Returns a number in the unit of a KPI, without a sign or word of points and percent.
pub(super) fn amount(amount: f64, decimals: usize, kpi: &Kpi, language: Language) -> String {
    match kpi.unit {
        Unit::Seconds => duration(amount, language),
        _ => number(amount, decimals, language),
    }
}

/// Returns a change of a KPI with its sign; none where it rounds to nothing.
pub(super) fn signed(change: f64, kpi: &Kpi, language: Language) -> String {
    let decimals = change_decimals(kpi);
    let size = amount(change.abs(), decimals, kpi, language);
    let nothing = amount(0.0, decimals, kpi, language);
    match change {
        _ if size == nothing => size,
        change if change > 0.0 => format!("+{size}"),
        _ => format!("{MINUS}{size}"),
    }
}

/// Returns a share of 0..=100 with its sign.
pub(super) fn percent(share: f64, decimals: usize, language: Language) -> String {
    format!("{}{THIN}%", number(share, decimals, language))
}

/// Returns seconds in the unit that fits: `45 s`, `5.4 h`, `2.3 days`.
pub(super) fn duration(seconds: f64, language: Language) -> String {
    if !seconds.is_finite() {
        return number(seconds, 0, language);
    }
    let duration = Duration::of(seconds);
    let shown = number(duration.amount, duration.decimals, language);
    let unit = unit(duration.unit, duration.rounded(), language);
    format!("{shown}{THIN}{unit}")
}

/// Returns days as people count them: `90 days`, `1 year`, `8.6 years`; nothing is `0`.
pub(super) fn days(days: f64, language: Language) -> String {
    let years = days / 365.0;
    let is_one = |amount: f64| (amount - 1.0).abs() < 1e-9;
    match days {
        0.0 => "0".to_owned(),
        _ if years >= 2.0 || is_one(years) => {
            let name = language.phrases().years[usize::from(!is_one(years))];
            let decimals = usize::from((years - years.round()).abs() > 0.05);
            format!("{}{THIN}{name}", number(years, decimals, language))
        }
        _ => {
            let name = unit(TimeUnit::Day, days, language);
            format!("{}{THIN}{name}", number(days, 0, language))
        }
    }
}

/// Returns the name of a unit of time beside an amount of it.
pub(super) fn unit(unit: TimeUnit, amount: f64, language: Language) -> &'static str {
    let size = amount.abs();
    let is_one = match language {
        // French counts one and a half as one.
        Language::French => size < 2.0,
        _ => (size - 1.0).abs() < 1e-9,
    };
    match unit {
        TimeUnit::Second => "s",
        TimeUnit::Minute => "min",
        TimeUnit::Hour => "h",
        TimeUnit::Day => language.words().days[usize::from(!is_one)],
    }
}

/// Returns how many decimals a change or a distance of a KPI is shown with.
pub(super) fn change_decimals(kpi: &Kpi) -> usize {
    match kpi.unit {
        Unit::Money | Unit::Count | Unit::Seconds => 0,
        Unit::Points | Unit::Percent => 1,
        Unit::Score => 2,
    }
}

/// Returns a value with the sign of its unit but without the word `points`.
pub(super) fn value(value: f64, kpi: &Kpi, language: Language) -> String {
    let shown = amount(value, decimals(kpi), kpi, language);
    if kpi.unit == Unit::Percent {
        format!("{shown}{THIN}%")
    } else {
        shown
    }
}

/// Returns a value for a label: as [`value`], large ones in their short form.
pub(super) fn short_value(shown: f64, kpi: &Kpi, language: Language) -> String {
    if shown.abs() >= 100_000.0 && kpi.unit != Unit::Seconds {
        compact(shown, 0, language)
    } else {
        value(shown, kpi, language)
    }
}

/// Returns an age in its largest unit: `3 h`.
pub(super) fn age(age: SignedDuration, language: Language) -> String {
    let minutes = age.as_secs().max(0) / 60;
    let (count, unit) = match minutes {
        0..=119 => (minutes, "min"),
        120..=2879 => (minutes / 60, "h"),
        _ => (minutes / 1440, language.words().days[1]),
    };
    format!("{count}{THIN}{unit}")
}

/// Returns `1 Jun`.
pub(super) fn day_month(date: Date, language: Language) -> String {
    let month = month(date.month(), language);
    match language {
        Language::German => format!("{}. {month}", date.day()),
        _ => format!("{} {month}", date.day()),
    }
}

/// Returns `31 Dec 2026`.
pub(super) fn day_month_year(date: Date, language: Language) -> String {
    let between = match language {
        Language::Spanish => " de ",
        _ => " ",
    };
    format!("{}{between}{}", day_month(date, language), date.year())
}

/// Returns the short name of a month, 1..=12.
pub(super) fn month(month: i8, language: Language) -> &'static str {
    let idx = usize::try_from(month - 1).unwrap_or(0).min(11);
    language.words().months[idx]
}

/// Returns `30 Jun 2026, 14:05 CEST`, and without the date `14:05 CEST`.
pub(super) fn clock(at: Timestamp, zone: &TimeZone, language: Language) -> (String, String) {
    let local = at.to_zoned(zone.clone());
    let time = local.strftime("%H:%M %Z").to_string();
    let day = day_month(local.date(), language);
    (format!("{day} {}, {time}", local.year()), time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_the_language() {
        let check = |value, decimals, expected: [&str; 4]| {
            let found = Language::ALL.map(|language| number(value, decimals, language));
            assert_eq!(found, expected);
        };
        check(-24.6919, 0, ["−25", "−25", "−25", "−25"]);
        check(-0.04, 1, ["0.0", "0,0", "0,0", "0,0"]);
        check(-0.4, 0, ["0", "0", "0", "0"]);
        check(2353.0, 0, ["2,353", "2.353", "2\u{202f}353", "2353"]);
        let million = "1\u{202f}234\u{202f}567,9";
        check(
            1_234_567.89,
            1,
            ["1,234,567.9", "1.234.567,9", million, million],
        );
        check(f64::NAN, 0, ["–"; 4]);
    }

    #[test]
    fn large_numbers_have_a_short_form() {
        let check = |value, expected: &str| {
            assert_eq!(compact(value, 0, Language::English), expected);
        };
        check(999.0, "999");
        check(1000.0, "1\u{202f}k");
        check(-12_345.0, "−12.3\u{202f}k");
        check(999_999.0, "1\u{202f}M");
        check(2e9, "2\u{202f}bn");
    }

    #[test]
    fn ages_use_their_largest_unit() {
        let check = |minutes, expected: &str| {
            let found = age(SignedDuration::from_mins(minutes), Language::English);
            assert_eq!(found, expected);
        };
        check(-5, "0\u{202f}min");
        check(45, "45\u{202f}min");
        check(180, "3\u{202f}h");
        check(60 * 24 * 3, "3\u{202f}days");
    }

    #[test]
    fn durations_are_said_in_every_language() {
        let check = |seconds: f64, expected: [&str; 4]| {
            let found = Language::ALL.map(|language| duration(seconds, language));
            let expected = expected.map(|text| text.replace(' ', "\u{202f}"));
            assert_eq!(found, expected);
        };
        check(45.0, ["45 s"; 4]);
        check(754.0, ["13 min"; 4]);
        check(19_440.0, ["5.4 h", "5,4 h", "5,4 h", "5,4 h"]);
        check(196_080.0, ["2.3 days", "2,3 Tage", "2,3 jours", "2,3 días"]);
        check(f64::NAN, ["–"; 4]);
        let one = Language::ALL.map(|language| unit(TimeUnit::Day, 1.0, language));
        assert_eq!(one, ["day", "Tag", "jour", "día"]);
        assert_eq!(unit(TimeUnit::Day, 1.5, Language::French), "jour");
        assert_eq!(unit(TimeUnit::Day, 1.5, Language::English), "days");
    }

    #[test]
    fn days_become_years_where_they_are_whole_ones() {
        let check = |count: f64, expected: &str| {
            assert_eq!(
                days(count, Language::English).replace('\u{202f}', " "),
                expected
            );
        };
        check(0.0, "0");
        check(1.0, "1 day");
        check(180.0, "180 days");
        check(365.0, "1 year");
        check(1095.0, "3 years");
        check(631.0, "631 days");
        check(3126.0, "8.6 years");
    }

    #[test]
    fn clocks_name_the_zone() {
        let at: Timestamp = "2026-06-30T12:05:00Z".parse().unwrap();
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let (long, short) = clock(at, &zone, Language::German);
        assert_eq!(long, "30. Juni 2026, 14:05 CEST");
        assert_eq!(short, "14:05 CEST");
    }
}
