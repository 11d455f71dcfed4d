//! From the text of a cell to a value of a record column.

/// Digits after the point in `decimal(18,4)`.
const MONEY_DIGITS: usize = 4;
/// The greatest amount `decimal(18,4)` holds, in ten-thousandths.
const MONEY_MAX: i128 = 999_999_999_999_999_999;

/// Reads a finite number with a decimal point.
pub(crate) fn number(text: &str) -> Option<f64> {
    let text = text.trim_ascii();
    // Scores are one or two digits; the general parser costs five times as much.
    if let [digit @ b'0'..=b'9'] = text.as_bytes() {
        return Some(f64::from(digit - b'0'));
    }
    let is_plain =
        |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E');
    if !text.bytes().all(is_plain) {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Reads a whole, non-negative number; `3.0` is one, because tools write it for 3.
pub(crate) fn count(text: &str) -> Option<u64> {
    let text = text.trim_ascii();
    let whole = match text.split_once('.') {
        Some((whole, rest)) if rest.bytes().all(|byte| byte == b'0') => whole,
        Some(_) => return None,
        None => text,
    };
    if !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    whole.parse().ok()
}

/// Reads yes or no, in any case: `true false yes no y n t f 1 0`.
pub(crate) fn flag(text: &str) -> Option<bool> {
    let text = text.trim_ascii();
    let is_one_of = |words: [&str; 5]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is_one_of(["true", "1", "yes", "y", "t"]) {
        Some(true)
    } else if is_one_of(["false", "0", "no", "n", "f"]) {
        Some(false)
    } else {
        None
    }
}

/// Reads an amount of money with a decimal point into ten-thousandths, exactly.
pub(crate) fn money(text: &str) -> Option<i128> {
    let text = text.trim_ascii();
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction = if fraction.len() > MONEY_DIGITS {
        let (kept, rest) = fraction.split_at_checked(MONEY_DIGITS)?;
        rest.bytes().all(|byte| byte == b'0').then_some(kept)?
    } else {
        fraction
    };
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !are_digits(whole) || !are_digits(fraction) {
        return None;
    }
    let mut amount: i128 = 0;
    let padding = std::iter::repeat_n(b'0', MONEY_DIGITS - fraction.len());
    for digit in whole.bytes().chain(fraction.bytes()).chain(padding) {
        amount = amount * 10 + i128::from(digit - b'0');
        if amount > MONEY_MAX {
            return None;
        }
    }
    Some(if is_negative { -amount } else { amount })
}

/// Reads a list: a JSON array of texts, or items parted by `;`, `,` or `|`.
pub(crate) fn texts(text: &str) -> Option<Vec<String>> {
    let text = text.trim();
    if text.starts_with('[') {
        return serde_json::from_str(text).ok();
    }
    let items = text.split([';', ',', '|']).map(str::trim);
    Some(
        items
            .filter(|item| !item.is_empty())
            .map(str::to_owned)
            .collect(),
    )
}

/// Returns whether a text is a JSON object of scalars.
pub(crate) fn is_scalar_object(text: &str) -> bool {
    let parsed = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text);
    parsed.is_ok_and(|object| {
        !object
            .values()
            .any(|value| value.is_array() || value.is_object())
    })
}

/// Appends a text as a JSON string.
pub(crate) fn push_json_string(json: &mut String, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    json.push('"');
    let mut start = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        json.push_str(&text[start..at]);
        start = at + 1;
        match byte {
            b'"' => json.push_str("\\\""),
            b'\\' => json.push_str("\\\\"),
            b'\n' => json.push_str("\\n"),
            b'\r' => json.push_str("\\r"),
            b'\t' => json.push_str("\\t"),
            _ => {
                json.push_str("\\u00");
                json.push(char::from(HEX[usize::from(byte >> 4)]));
                json.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
    json.push_str(&text[start..]);
    json.push('"');
}

/// Appends a whole number in decimal digits.
pub(crate) fn push_count(text: &mut String, mut count: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (count % 10) as u8;
        count /= 10;
        if count == 0 {
            break;
        }
    }
    text.extend(digits[at..].iter().map(|digit| char::from(*digit)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_finite_and_plain() {
        let check = |text, expected| assert_eq!(number(text), expected, "{text}");
        check("7", Some(7.0));
        check(" 10 ", Some(10.0));
        check("-2.5e1", Some(-25.0));
        for wrong in ["", "seven", "inf", "NaN", "1e999", "7,5", "1 0", "0x10"] {
            check(wrong, None);
        }
    }

    #[test]
    fn counts_are_whole() {
        let check = |text, expected| assert_eq!(count(text), expected, "{text}");
        check("3", Some(3));
        check("3.00", Some(3));
        for wrong in ["-1", "3.5", "+3", "18446744073709551616", "1e3"] {
            check(wrong, None);
        }
    }

    #[test]
    fn money_is_exact() {
        let check = |text, expected| assert_eq!(money(text), expected, "{text}");
        check("9.99", Some(99_900));
        check("-0.0001", Some(-1));
        check("1200", Some(12_000_000));
        check(".5", Some(5_000));
        check("1.230000", Some(12_300));
        check("99999999999999.9999", Some(MONEY_MAX));
        for wrong in [
            "",
            "-",
            ".",
            "1.23456",
            "100000000000000",
            "1,5",
            "€5",
            "1.000é0",
        ] {
            check(wrong, None);
        }
    }

    #[test]
    fn flags_are_words_or_digits() {
        let check = |text, expected| assert_eq!(flag(text), expected, "{text}");
        check("TRUE", Some(true));
        check("no", Some(false));
        check("2", None);
    }

    #[test]
    fn lists_are_json_or_parted() {
        let check = |text, expected: Option<&[&str]>| {
            let expected =
                expected.map(|items| items.iter().map(|&item| item.to_owned()).collect());
            assert_eq!(texts(text), expected, "{text}");
        };
        check("a; b,,c|d", Some(&["a", "b", "c", "d"]));
        check(r#"["a;b","c"]"#, Some(&["a;b", "c"]));
        check("[1", None);
    }

    #[test]
    fn json_strings_read_back() {
        let text = "a\"b\\c\nd\u{1}é";
        let mut json = String::new();
        push_json_string(&mut json, text);
        assert_eq!(serde_json::from_str::<String>(&json).expect("valid"), text);
    }

    #[test]
    fn counts_are_written_in_digits() {
        for count in [0, 7, 10, u64::MAX] {
            let mut text = String::new();
            push_count(&mut text, count);
            assert_eq!(text, count.to_string());
        }
    }
}
