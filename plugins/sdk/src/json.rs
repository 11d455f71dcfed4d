//! The little JSON the SDK needs itself: members of the host's requests, and escaping.
//!
//! The host sends valid JSON; anything else yields `None`, never a panic.

/// Returns the raw text of a member of a JSON object, or `None` when it is absent.
pub(crate) fn member<'json>(object: &'json str, name: &str) -> Option<&'json str> {
    let mut scanner = Scanner {
        text: object,
        position: 0,
    };
    scanner.expect(b'{')?;
    loop {
        scanner.skip_space();
        let key = string(scanner.value()?)?;
        scanner.expect(b':')?;
        scanner.skip_space();
        let value = scanner.value()?;
        if key == name {
            return Some(value);
        }
        scanner.expect(b',')?;
    }
}

/// Returns the members of a JSON object with their raw texts, in order.
pub(crate) fn members(object: &str) -> Option<Vec<(String, &str)>> {
    let mut scanner = Scanner {
        text: object,
        position: 0,
    };
    scanner.expect(b'{')?;
    let mut members = Vec::new();
    if scanner.expect(b'}').is_some() {
        return Some(members);
    }
    loop {
        scanner.skip_space();
        let key = string(scanner.value()?)?;
        scanner.expect(b':')?;
        scanner.skip_space();
        members.push((key, scanner.value()?));
        if scanner.expect(b',').is_none() {
            return scanner.expect(b'}').map(|()| members);
        }
    }
}

/// Returns the text of a JSON string, unescaped, or `None` when `raw` is not a string.
pub(crate) fn string(raw: &str) -> Option<String> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(char) = chars.next() {
        if char != '\\' {
            text.push(char);
            continue;
        }
        text.push(match chars.next()? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'u' => unicode_escape(&mut chars)?,
            other => other,
        });
    }
    Some(text)
}

/// Appends `text` as a JSON string, quotes included.
pub(crate) fn push_string(json: &mut String, text: &str) {
    json.push('"');
    for char in text.chars() {
        match char {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            char if u32::from(char) < 0x20 => {
                json.push_str(&format!("\\u{:04x}", u32::from(char)));
            }
            char => json.push(char),
        }
    }
    json.push('"');
}

fn unicode_escape(chars: &mut std::str::Chars<'_>) -> Option<char> {
    let high = hex4(chars)?;
    if !(0xd800..0xdc00).contains(&high) {
        return char::from_u32(high);
    }
    if chars.next()? != '\\' || chars.next()? != 'u' {
        return None;
    }
    let low = hex4(chars)?.checked_sub(0xdc00)?;
    char::from_u32(0x10000 + ((high - 0xd800) << 10) + low)
}

fn hex4(chars: &mut std::str::Chars<'_>) -> Option<u32> {
    (0..4).try_fold(0, |code, _| Some(code * 16 + chars.next()?.to_digit(16)?))
}

struct Scanner<'json> {
    text: &'json str,
    position: usize,
}

impl<'json> Scanner<'json> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.position).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.position += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.skip_space();
        (self.peek()? == byte).then(|| self.position += 1)
    }

    /// Steps over one value of any type and returns its text.
    fn value(&mut self) -> Option<&'json str> {
        let start = self.position;
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => self.skip_string()?,
                b'{' | b'[' => {
                    depth += 1;
                    self.position += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.position += 1;
                }
                b',' | b':' if depth > 0 => self.position += 1,
                byte if byte.is_ascii_whitespace() => self.position += 1,
                _ => self.skip_literal()?,
            }
            if depth == 0 {
                return self.text.get(start..self.position);
            }
        }
    }

    fn skip_string(&mut self) -> Option<()> {
        self.position += 1;
        loop {
            match self.peek()? {
                b'\\' => self.position += 2,
                b'"' => {
                    self.position += 1;
                    return Some(());
                }
                _ => self.position += 1,
            }
        }
    }

    /// Steps over a number, `true`, `false` or `null`.
    fn skip_literal(&mut self) -> Option<()> {
        let start = self.position;
        while matches!(
            self.peek(),
            Some(b'0'..=b'9' | b'a'..=b'z' | b'E' | b'+' | b'-' | b'.')
        ) {
            self.position += 1;
        }
        (self.position > start).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_by_name() {
        let object = r#" { "a":1, "b" : {"c":[1,"}"], "a":2}, "d": "x\"y", "e":null } "#;
        let check = |name: &str, expected: Option<&str>| assert_eq!(member(object, name), expected);
        check("a", Some("1"));
        check("b", Some(r#"{"c":[1,"}"], "a":2}"#));
        check("d", Some(r#""x\"y""#));
        check("e", Some("null"));
        check("c", None);
    }

    #[test]
    fn cut_or_wrong_json_has_no_members() {
        for object in [
            "", "{", "{\"a\"", "{\"a\":", "{\"a\":}", "[1]", "{\"a\\", "{]",
        ] {
            assert_eq!(member(object, "a"), None, "{object}");
        }
    }

    #[test]
    fn members_are_listed_in_order() {
        let listed = members(r#"{"b": 1, "a":"x"}"#).expect("an object");
        assert_eq!(listed, [("b".to_owned(), "1"), ("a".to_owned(), "\"x\"")]);
        assert_eq!(members(" { } "), Some(Vec::new()));
        assert_eq!(members(r#"{"a":1"#), None);
    }

    #[test]
    fn strings_read_back() {
        for text in ["", "plain", "\"quoted\" \\ \n\r\t\u{1}", "\u{1f600} é"] {
            let mut json = String::new();
            push_string(&mut json, text);
            assert_eq!(string(&json).as_deref(), Some(text));
        }
        assert_eq!(string("\"\\ud83d\\ude00\"").as_deref(), Some("\u{1f600}"));
        assert_eq!(string("\"\\ud83d\"").as_deref(), None);
    }
}
