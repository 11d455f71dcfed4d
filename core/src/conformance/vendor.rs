//! A vendor that fails: what a cassette holds is answered wrongly from some request on, and the
//! plugin has to say so in the right class. An answer that is none must never pass for an end.

use std::sync::Arc;

use serde_json::{Value, json};

use super::bench::{Bench, ReadPlan, Reading};
use super::comparison::difference;
use super::{Finding, Group, Log, Sample};
use crate::host::FailureReason;

/// How often a request is answered wrongly: more often than the host tries again.
const N_ANSWERS: usize = 8;

/// A way to fail, and what the plugin has to make of it.
struct Fault {
    test: &'static str,
    what: &'static str,
    spoil: fn(&mut Value),
    expected: &'static [FailureReason],
    remedy: &'static str,
}

const REMEDY_STATUS: &str =
    "use `send`, which gives every status its class, and pass the error on with `?`";
const REMEDY_BODY: &str =
    "parse each body whole and require what the vendor always sends; `Response::json` does";

const FAULTS: [Fault; 5] = [
    Fault {
        test: "vendor_busy",
        what: "429 that asks for an hour",
        spoil: |response| {
            say(response, 429, "{\"error\":\"slow down\"}");
            response["headers"]["retry-after"] = json!("3600");
        },
        expected: &[FailureReason::RateLimited],
        remedy: REMEDY_STATUS,
    },
    Fault {
        test: "vendor_down",
        what: "500",
        spoil: |response| say(response, 500, "{\"error\":\"internal\"}"),
        expected: &[FailureReason::Transient],
        remedy: REMEDY_STATUS,
    },
    Fault {
        test: "vendor_locked",
        what: "401",
        spoil: |response| say(response, 401, "{\"error\":\"unauthorized\"}"),
        expected: &[FailureReason::Auth],
        remedy: REMEDY_STATUS,
    },
    Fault {
        test: "vendor_page",
        what: "a page of HTML with 200",
        spoil: |response| {
            say(response, 200, "<!doctype html><title>Maintenance</title>");
            response["headers"]["content-type"] = json!("text/html");
        },
        expected: &[FailureReason::Transient, FailureReason::SchemaChanged],
        remedy: REMEDY_BODY,
    },
    Fault {
        test: "vendor_cut",
        what: "half of a body",
        spoil: |response| {
            let body = response["body"].as_str().unwrap_or_default();
            let half: String = body.chars().take(body.chars().count() / 2).collect();
            say(response, 200, &half);
        },
        expected: &[FailureReason::Transient, FailureReason::SchemaChanged],
        remedy: REMEDY_BODY,
    },
];

fn say(response: &mut Value, status: u16, body: &str) {
    response["status"] = json!(status);
    response["body"] = json!(body);
    if let Some(members) = response.as_object_mut() {
        members.remove("body_base64");
    }
}

/// Runs the tests of the group; without a cassette there is no vendor to fail.
pub(super) fn check(log: &mut Log, bench: &Bench<'_>, sample: &Sample, full: &[Reading]) {
    log.group = Group::Vendor;
    if !makes_requests(bench) {
        return;
    }
    let Some(cassette) = &sample.cassette else {
        let what = "there is no recorded vendor to fail";
        let remedy = "record one: --cassette FILE --record, or name one: --cassette FILE";
        return log.note("vendor", Finding::skip(what, remedy));
    };
    let lines: Vec<Value> = (cassette.lines())
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    for fault in &FAULTS {
        log.note(fault.test, judged(fault, bench, sample, full, &lines));
    }
}

/// Whether the manifest lets the plugin make any.
fn makes_requests(bench: &Bench<'_>) -> bool {
    let manifest = bench.plugin.manifest();
    let schema = manifest.config_schema.to_string();
    !manifest.egress.is_empty() || schema.contains("\"x-voc-url\":true")
}

fn judged(
    fault: &Fault,
    bench: &Bench<'_>,
    sample: &Sample,
    full: &[Reading],
    lines: &[Value],
) -> Finding {
    let what = fault.what;
    let mut n_failed = 0;
    for first in places(lines.len()) {
        let spoiled: Arc<str> = spoiled(fault, lines, first).into();
        for reading in full {
            let read = bench.read(&ReadPlan {
                cassette: Some(&spoiled),
                ..bench.plan(sample, &reading.stream)
            });
            let (stream, number) = (&reading.stream, first + 1);
            match read.outcome.failure {
                Some(failure) if fault.expected.contains(&failure.reason) => n_failed += 1,
                Some(failure) => {
                    let told = format!(
                        "request {number} answered by {what} ends `{stream}` with {failure}"
                    );
                    return Finding::fail(told, fault.remedy);
                }
                // Its requests came before; then nothing may be missing.
                None if difference(&reading.rows, &[&read.rows]).is_none() => {}
                None => {
                    let told =
                        format!("`{stream}` takes {what} in answer to request {number} for an end");
                    return Finding::fail(told, fault.remedy);
                }
            }
        }
    }
    match n_failed {
        0 => Finding::skip(
            "no read made a request",
            "record the cassette with this configuration",
        ),
        _ => Finding::pass(format!("{what} ends {n_failed} reads in its class")),
    }
}

/// Returns the requests from which on the vendor fails: the first, one in the middle, the last.
fn places(n_lines: usize) -> Vec<usize> {
    let mut places = vec![0, n_lines / 2, n_lines.saturating_sub(1)];
    places.dedup();
    places
}

/// Returns the cassette with every answer from `first` on spoiled.
fn spoiled(fault: &Fault, lines: &[Value], first: usize) -> String {
    let mut text = String::new();
    for (line_idx, line) in lines.iter().enumerate() {
        let mut line = line.clone();
        let n_answers = match line_idx >= first {
            true => {
                (fault.spoil)(&mut line["response"]);
                N_ANSWERS
            }
            false => 1,
        };
        for _ in 0..n_answers {
            text.push_str(&line.to_string());
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_spoiled_from_a_request_on() {
        let line = json!({"request": {"url": "u"}, "response": {"status": 200, "headers": {}, "body": "[1,2]"}});
        let text = spoiled(&FAULTS[4], &[line.clone(), line], 1);
        let lines: Vec<Value> = (text.lines())
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        assert_eq!(lines.len(), 1 + N_ANSWERS);
        assert_eq!(lines[0]["response"]["body"], "[1,2]");
        assert_eq!(lines[1]["response"]["body"], "[1");
    }

    #[test]
    fn the_first_the_middle_and_the_last_request_fail() {
        assert_eq!(places(1), [0]);
        assert_eq!(places(2), [0, 1]);
        assert_eq!(places(9), [0, 4, 8]);
    }
}
