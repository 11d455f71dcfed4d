//! Reading: what rows a full read gives, and that the next full read gives the same.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::bench::{Bench, ROWS_MAX, Reading};
use super::comparison::difference;
use super::row::Row;
use super::{Finding, Group, Log, Sample};
use crate::host::{FailureReason, Task};

/// The full read of every stream, to compare others with.
pub(super) struct Full {
    pub(super) readings: Vec<Reading>,
    /// Whether a second full read gave the same.
    pub(super) is_repeatable: bool,
}

/// Runs the tests of full reads; returns the first one of each stream when all succeeded.
pub(super) fn check(log: &mut Log, bench: &Bench<'_>) -> Option<Full> {
    log.group = Group::Read;
    let sample = bench.sample()?;
    let full = full_reads(bench, sample);
    let finding = full_read(&full);
    let is_good = finding.remedy.is_none();
    log.note("full_read", finding);
    if !is_good {
        return None;
    }
    log.note("discover", discover(bench, sample));
    for (test, name, reasons, remedy) in ROW_TESTS {
        log.note(test, bad_rows(&full, name, reasons, remedy));
    }
    log.note("ids", ids(&full));
    let again = full_reads(bench, sample);
    let repeated = determinism(&full, &again);
    let is_repeatable = repeated.remedy.is_none();
    log.note("determinism", repeated);
    log.note("columns", columns(&full, &again));
    Some(Full {
        readings: full,
        is_repeatable,
    })
}

/// Tests of single rows by the daemon's own checks: test, its subject, reasons, remedy.
const ROW_TESTS: [(&str, &str, &[&str], &str); 3] = [
    (
        "required",
        "required columns",
        &["missing_value", "bad_id"],
        "give every row the columns its kind requires, or refuse it with `out.reject`",
    ),
    (
        "timestamps",
        "times",
        &["bad_time"],
        "times are microseconds since 1970 in UTC; check the vendor's unit and zone",
    ),
    (
        "values",
        "values",
        &[
            "unknown_value",
            "bad_number",
            "too_long",
            "bad_attributes",
            "score_out_of_scale",
            "scale_not_nps",
            "bad_scale",
        ],
        "correct the value, or refuse the record with `out.reject` and say why",
    ),
];

fn full_reads(bench: &Bench<'_>, sample: &Sample) -> Vec<Reading> {
    let streams = &bench.plugin.manifest().streams;
    let read = |stream| bench.read(&bench.plan(sample, stream));
    streams.iter().map(read).collect()
}

fn full_read(full: &[Reading]) -> Finding {
    for reading in full {
        let stream = &reading.stream;
        if reading.is_cut {
            return Finding::with(
                super::Status::Skip,
                format!("`{stream}` gives more than {ROWS_MAX} rows"),
                "read tests compare whole reads: name a smaller sample",
            );
        }
        if let Some(failure) = &reading.outcome.failure {
            let what = format!("reading `{stream}` fails: {failure}");
            return Finding::fail(what, remedy(failure.reason));
        }
    }
    let n_rows: usize = full.iter().map(|reading| reading.rows.len()).sum();
    let n_marks: usize = full.iter().map(|reading| reading.marks.len()).sum();
    let what = format!(
        "{n_rows} rows and {n_marks} checkpoints of {} streams",
        full.len()
    );
    match n_rows {
        0 => Finding::skip(
            "the sample gives no rows",
            "name a configuration that reads something: --config sample.toml",
        ),
        _ => Finding::pass(what),
    }
}

fn remedy(reason: FailureReason) -> &'static str {
    match reason {
        FailureReason::Protocol => {
            "batches have the columns and types of their kind, and a checkpoint follows the last"
        }
        FailureReason::Config => "correct the sample configuration",
        FailureReason::Auth | FailureReason::Transient | FailureReason::RateLimited => {
            "the vendor did not answer: read from a recorded or local sample"
        }
        FailureReason::Memory => "emit batches as they come instead of keeping the rows",
        FailureReason::Timeout | FailureReason::Idle => {
            "emit, or report progress; use a sample that is read within a minute"
        }
        _ => "return an error with a class instead of ending the process",
    }
}

fn discover(bench: &Bench<'_>, sample: &Sample) -> Finding {
    let task = Task::Call {
        method: "discover",
        params: &json!({}),
    };
    let (outcome, overheard) = bench.open(&sample.config, task);
    match outcome.failure.map(|failure| (failure.reason, failure)) {
        Some((FailureReason::Unsupported, _)) => {
            return Finding::pass("not offered: the manifest's streams are read");
        }
        Some((_, failure)) => {
            return Finding::warn(
                format!("`discover` fails: {failure}"),
                "list the streams, or return VOC_UNSUPPORTED",
            );
        }
        None => {}
    }
    let reply = overheard.reply.unwrap_or_default();
    let name = |stream: &Value| stream["name"].as_str().map(str::to_owned);
    let streams: Option<Vec<String>> = reply["streams"]
        .as_array()
        .and_then(|streams| streams.iter().map(name).collect());
    match streams {
        Some(streams) => Finding::pass(format!("`discover` lists {}", super::few(&streams))),
        None => Finding::fail(
            "`discover` does not answer with streams",
            "reply {\"streams\":[{\"name\":\"tickets\",\"kinds\":[\"ticket\"]}]}",
        ),
    }
}

fn bad_rows(full: &[Reading], name: &str, reasons: &[&str], remedy: &'static str) -> Finding {
    let all = full.iter().flat_map(|reading| &reading.bad_rows);
    let mut found = all.filter(|reject| reasons.contains(&reject.reason.as_str()));
    let Some(first) = found.next() else {
        return Finding::pass(format!("{name} of every row are good"));
    };
    let kind = first.kind.name();
    let (place, reason, detail) = (&first.place, &first.reason, &first.detail);
    let more = match found.count() {
        0 => String::new(),
        n_more => format!(", and {n_more} more"),
    };
    Finding::fail(format!("{kind} {place}: {reason}: {detail}{more}"), remedy)
}

/// Two rows of one id are versions, which only their times and revisions can order.
fn ids(full: &[Reading]) -> Finding {
    let mut versions: BTreeMap<Version<'_>, &Row> = BTreeMap::new();
    let mut names = BTreeSet::new();
    let mut n_repeated = 0;
    for row in full.iter().flat_map(|reading| &reading.rows) {
        let (id, changed) = (row.cell("id"), row.cell("updated_at"));
        names.insert((row.kind, id));
        match versions.insert((row.kind, id, changed, row.cell("revision")), row) {
            Some(other) if other != row => {
                return Finding::fail(
                    format!("two different rows of `{}` cannot be ordered", row.name()),
                    "ids are unique; several versions differ in `updated_at` or `revision`",
                );
            }
            Some(_) => n_repeated += 1,
            None => {}
        }
    }
    match n_repeated {
        0 => Finding::pass(format!("{} ids, every version ordered", names.len())),
        _ => Finding::warn(
            format!("{n_repeated} rows come twice in one read"),
            "emit a record once: vendors' pages may overlap",
        ),
    }
}

type Version<'a> = (
    &'static str,
    Option<&'a str>,
    Option<&'a str>,
    Option<&'a str>,
);

fn determinism(full: &[Reading], again: &[Reading]) -> Finding {
    const REMEDY: &str = "take values from the vendor's record alone: no clock, counter or chance";
    for (first, second) in full.iter().zip(again) {
        if let Some(failure) = &second.outcome.failure {
            let what = format!("the second read of `{}` fails: {failure}", first.stream);
            return Finding::fail(what, REMEDY);
        }
        if let Some(what) = difference(&first.rows, &[&second.rows]) {
            return Finding::fail(format!("in a second full read {what}"), REMEDY);
        }
    }
    Finding::pass("two full reads give the same rows")
}

fn columns(full: &[Reading], again: &[Reading]) -> Finding {
    for (first, second) in full.iter().zip(again) {
        if first.columns != second.columns {
            return Finding::warn(
                format!("`{}` has other columns in its second read", first.stream),
                "emit the same columns always; an absent value is null",
            );
        }
    }
    Finding::pass("the same columns in both reads")
}
