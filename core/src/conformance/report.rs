//! Verdicts as JSON for programs and as JUnit XML for CI.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Status, Verdict};

/// Returns whether no test failed.
#[must_use]
pub fn is_good(verdicts: &[Verdict]) -> bool {
    !verdicts
        .iter()
        .any(|verdict| verdict.finding.status == Status::Fail)
}

/// Returns how many tests ended that way.
#[must_use]
pub fn count(verdicts: &[Verdict], status: Status) -> usize {
    let all = verdicts.iter();
    all.filter(|verdict| verdict.finding.status == status)
        .count()
}

/// Returns the report as a JSON document.
#[must_use]
pub fn json(library: &str, verdicts: &[Verdict]) -> Value {
    let tests: Vec<Value> = verdicts
        .iter()
        .map(|verdict| {
            json!({
                "group": verdict.group.name(),
                "test": verdict.test,
                "status": verdict.finding.status.name(),
                "what": verdict.finding.what,
                "remedy": verdict.finding.remedy,
                "seconds": verdict.elapsed.as_secs_f64(),
            })
        })
        .collect();
    json!({ "library": library, "passed": is_good(verdicts), "tests": tests })
}

/// Returns the report as JUnit XML; a warning passes and is told in `system-out`.
#[must_use]
pub fn junit(library: &str, verdicts: &[Verdict]) -> String {
    let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    let seconds: f64 = verdicts
        .iter()
        .map(|verdict| verdict.elapsed.as_secs_f64())
        .sum();
    let head = format!(
        "<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\" time=\"{seconds:.3}\">\n",
        escaped(library),
        verdicts.len(),
        count(verdicts, Status::Fail),
        count(verdicts, Status::Skip),
    );
    xml.push_str(&head);
    for verdict in verdicts {
        push_case(&mut xml, verdict);
    }
    xml.push_str("</testsuite>\n");
    xml
}

fn push_case(xml: &mut String, verdict: &Verdict) {
    let finding = &verdict.finding;
    let (group, test) = (verdict.group.name(), verdict.test);
    let seconds = verdict.elapsed.as_secs_f64();
    let (what, remedy) = (
        escaped(&finding.what),
        escaped(finding.remedy.unwrap_or_default()),
    );
    let head = format!("  <testcase classname=\"{group}\" name=\"{test}\" time=\"{seconds:.3}\"");
    let written = match finding.status {
        Status::Pass => writeln!(xml, "{head}/>"),
        Status::Warn => writeln!(
            xml,
            "{head}><system-out>warning: {what}; {remedy}</system-out></testcase>"
        ),
        Status::Fail => writeln!(
            xml,
            "{head}><failure message=\"{what}\">{remedy}</failure></testcase>"
        ),
        Status::Skip => writeln!(
            xml,
            "{head}><skipped message=\"{what}; {remedy}\"/></testcase>"
        ),
    };
    written.expect("writing to a string");
}

/// Escapes a text for XML, and replaces the characters XML cannot hold.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\n' | '\t' => safe.push(' '),
            char if char.is_control() || matches!(char, '\u{fffe}' | '\u{ffff}') => {
                safe.push('\u{fffd}');
            }
            char => safe.push(char),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{Finding, Group};
    use super::*;

    fn verdicts() -> Vec<Verdict> {
        let verdict = |test, finding| Verdict {
            group: Group::Read,
            test,
            finding,
            elapsed: Duration::from_millis(1_500),
        };
        vec![
            verdict("ids", Finding::pass("good")),
            verdict("values", Finding::fail("<a> & \"b\"\0", "mend it")),
            verdict("quiet", Finding::warn("prints", "do not")),
            verdict("read", Finding::skip("no sample", "name one")),
        ]
    }

    #[test]
    fn junit_counts_and_escapes() {
        let xml = junit("lib<x>.so", &verdicts());
        for part in [
            "name=\"lib&lt;x&gt;.so\" tests=\"4\" failures=\"1\" skipped=\"1\" time=\"6.000\"",
            "<testcase classname=\"read\" name=\"ids\" time=\"1.500\"/>",
            "<failure message=\"&lt;a&gt; &amp; &quot;b&quot;\u{fffd}\">mend it</failure>",
            "<system-out>warning: prints; do not</system-out>",
            "<skipped message=\"no sample; name one\"/>",
        ] {
            assert!(xml.contains(part), "{xml} lacks {part}");
        }
    }

    #[test]
    fn one_failure_fails_the_report() {
        assert!(!is_good(&verdicts()) && is_good(&verdicts()[..1]));
        assert_eq!(json("l", &verdicts())["passed"], false);
        assert_eq!(json("l", &verdicts())["tests"][1]["remedy"], "mend it");
    }
}
