//! Takes secrets out of everything a plugin says before anybody sees it.

/// What stands in place of a secret.
const MASK: &str = "***";

/// The secrets of one run, in every spelling they may be printed in.
#[derive(Clone, Default)]
pub(super) struct Scrubber {
    /// Longest first, so that a secret containing another is masked whole.
    spellings: Vec<String>,
}

impl Scrubber {
    pub(super) fn new(secrets: &[String]) -> Self {
        let mut spellings: Vec<String> = secrets
            .iter()
            .filter(|secret| !secret.is_empty())
            .flat_map(|secret| [secret.clone(), json_spelling(secret), url_spelling(secret)])
            .collect();
        spellings.sort_by(|left, right| right.len().cmp(&left.len()).then(left.cmp(right)));
        spellings.dedup();
        Self { spellings }
    }

    /// Returns the text with every secret masked.
    pub(super) fn scrub(&self, text: &str) -> String {
        let mut clean = text.to_owned();
        for spelling in &self.spellings {
            if clean.contains(spelling.as_str()) {
                clean = clean.replace(spelling.as_str(), MASK);
            }
        }
        clean
    }
}

fn json_spelling(secret: &str) -> String {
    let quoted = serde_json::Value::from(secret).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn url_spelling(secret: &str) -> String {
    let mut spelling = String::new();
    for byte in secret.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                spelling.push(char::from(byte));
            }
            _ => spelling.push_str(&format!("%{byte:02X}")),
        }
    }
    spelling
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(secrets: &[&str], text: &str, expected: &str) {
        let secrets: Vec<String> = secrets.iter().map(|&secret| secret.to_owned()).collect();
        assert_eq!(Scrubber::new(&secrets).scrub(text), expected);
    }

    #[test]
    fn every_spelling_is_masked() {
        check(&["s3cr\"t/x"], "a s3cr\"t/x b", "a *** b");
        check(&["s3cr\"t/x"], r#"{"t":"s3cr\"t/x"}"#, r#"{"t":"***"}"#);
        check(
            &["s3cr\"t/x"],
            "GET /?t=s3cr%22t%2Fx&u=1",
            "GET /?t=***&u=1",
        );
    }

    #[test]
    fn the_longer_secret_is_masked_whole() {
        check(&["abc", "abcdef"], "abcdef abc", "*** ***");
    }

    #[test]
    fn an_empty_secret_masks_nothing() {
        check(&[""], "text", "text");
    }
}
