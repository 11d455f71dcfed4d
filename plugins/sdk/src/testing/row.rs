//! Decoded rows, and their text form for golden files.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::json;

/// The non-null values of one row by column name: null and absent columns look the same.
pub type Row = BTreeMap<String, Value>;

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text or JSON.
    Text(String),
    /// Number.
    Number(f64),
    /// Whole number.
    Count(u64),
    /// Yes or no.
    Flag(bool),
    /// Microseconds since 1970, UTC.
    Time(i64),
    /// Ten-thousandths.
    Money(i128),
    /// Texts, in order.
    Texts(Vec<String>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// Returns a row as one JSON line with sorted names: times as RFC 3339, money as decimal text.
#[must_use]
pub fn row_json(row: &Row) -> String {
    let mut line = "{".to_owned();
    for (name, value) in row {
        if line.len() > 1 {
            line.push(',');
        }
        json::push_string(&mut line, name);
        line.push(':');
        push_value(&mut line, value);
    }
    line.push('}');
    line
}

fn push_value(line: &mut String, value: &Value) {
    match value {
        Value::Text(text) => json::push_string(line, text),
        Value::Number(number) => push_display(line, number),
        Value::Count(count) => push_display(line, count),
        Value::Flag(flag) => push_display(line, flag),
        Value::Time(time_us) => json::push_string(line, &rfc3339(*time_us)),
        Value::Money(amount) => json::push_string(line, &money(*amount)),
        Value::Texts(texts) => {
            line.push('[');
            for (text_idx, text) in texts.iter().enumerate() {
                if text_idx > 0 {
                    line.push(',');
                }
                json::push_string(line, text);
            }
            line.push(']');
        }
    }
}

fn push_display(line: &mut String, value: &impl std::fmt::Display) {
    write!(line, "{value}").expect("writing to a string cannot fail");
}

fn money(ten_thousandths: i128) -> String {
    let sign = if ten_thousandths < 0 { "-" } else { "" };
    let amount = ten_thousandths.unsigned_abs();
    format!("{sign}{}.{:04}", amount / 10_000, amount % 10_000)
}

fn rfc3339(time_us: i64) -> String {
    const DAY_US: i64 = 86_400_000_000;
    let (year, month, day) = date_of(time_us.div_euclid(DAY_US));
    let in_day_us = time_us.rem_euclid(DAY_US);
    let (seconds, fraction_us) = (in_day_us / 1_000_000, in_day_us % 1_000_000);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let date = format!("{year:04}-{month:02}-{day:02}");
    match fraction_us {
        0 => format!("{date}T{hour:02}:{minute:02}:{second:02}Z"),
        _ => format!("{date}T{hour:02}:{minute:02}:{second:02}.{fraction_us:06}Z"),
    }
}

/// Year, month and day of a day number since 1970 in the proleptic Gregorian calendar, counted in
/// years that start in March so that the leap day is the last one.
fn date_of(day_number: i64) -> (i64, i64, i64) {
    const ERA_DAYS: i64 = 146_097;
    let days = day_number + 719_468;
    let era = days.div_euclid(ERA_DAYS);
    let in_era = days.rem_euclid(ERA_DAYS);
    let year_in_era = (in_era - in_era / 1_460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year_in_era + year_in_era / 4 - year_in_era / 100);
    let from_march = (5 * in_year + 2) / 153;
    let day = in_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    (era * 400 + year_in_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_print_as_rfc_3339() {
        let check = |time_us: i64, expected: &str| assert_eq!(rfc3339(time_us), expected);
        check(0, "1970-01-01T00:00:00Z");
        check(951_782_400_000_000, "2000-02-29T00:00:00Z");
        check(1_767_225_599_000_001, "2025-12-31T23:59:59.000001Z");
        check(-1, "1969-12-31T23:59:59.999999Z");
    }

    #[test]
    fn a_row_prints_as_one_line_with_sorted_names() {
        let row = Row::from([
            (
                "tags".to_owned(),
                Value::Texts(vec!["a".to_owned(), "b\"".to_owned()]),
            ),
            ("mrr".to_owned(), Value::Money(-5_000)),
            ("score".to_owned(), Value::Number(9.0)),
        ]);
        assert_eq!(
            row_json(&row),
            r#"{"mrr":"-0.5000","score":9,"tags":["a","b\""]}"#
        );
    }
}
