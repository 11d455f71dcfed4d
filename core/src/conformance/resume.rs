//! Going on: from every checkpoint, after a kill, and from a checkpoint that is none.

use serde_json::{Map, Value};

use super::bench::{Bench, Mark, ReadPlan, Reading, Until};
use super::comparison::difference;
use super::read::Full;
use super::{Dice, Finding, Log, Sample};
use crate::host::{FailureReason, StartAt};

/// Checkpoints of one stream that a read is resumed from; of more, as many are chosen.
const CHECKPOINTS_MAX: usize = 32;
/// Kills of one stream.
const KILLS_MAX: usize = 8;
/// Seed of what is chosen; constant, so that a failure repeats.
const SEED: u64 = 0x00c0_ffee;
/// One row in this many may come again from unchanged data.
const AGAIN_SHARE: usize = 10;

const REMEDY_RESUME: &str =
    "a checkpoint covers exactly the rows emitted before it, and the next read starts there";
const REMEDY_UNREADABLE: &str =
    "return checkpoint_unreadable: starting over silently would hide a lost cursor";

/// Runs the tests of resumed reads against full ones.
pub(super) fn check(log: &mut Log, bench: &Bench<'_>, full: &Full) {
    let Some(sample) = bench.sample() else {
        return;
    };
    let resumer = Resumer { bench, sample };
    let each = |test: &dyn Fn(&Reading) -> Finding| {
        let findings: Vec<Finding> = full.readings.iter().map(test).collect();
        let bad = findings.iter().find(|finding| finding.remedy.is_some());
        bad.or(findings.last()).cloned()
    };
    let resumed = match full.is_repeatable {
        true => each(&|reading| resumer.resume(reading)),
        false => Some(Finding::skip(
            "two full reads differ",
            "mend determinism first",
        )),
    };
    let killed = match &resumed {
        Some(finding) if finding.remedy.is_some() => Some(Finding::skip(
            "a read does not go on where its checkpoint is",
            "mend what comes before this test first",
        )),
        _ => each(&|reading| resumer.kill(reading)),
    };
    let findings = [
        ("resume", resumed),
        ("kill", killed),
        (
            "garbage_checkpoint",
            each(&|reading| resumer.garbage(reading)),
        ),
        (
            "other_format",
            each(&|reading| resumer.other_format(reading)),
        ),
        ("again", each(&|reading| resumer.again(reading))),
    ];
    for (name, finding) in findings {
        if let Some(finding) = finding {
            log.note(name, finding);
        }
    }
}

struct Resumer<'a> {
    bench: &'a Bench<'a>,
    sample: &'a Sample,
}

impl Resumer<'_> {
    fn read(&self, stream: &Reading, from: Option<StartAt<'_>>, until: Until) -> Reading {
        let plan = self.bench.plan(self.sample, &stream.stream);
        self.bench.read(&ReadPlan {
            from,
            until,
            ..plan
        })
    }

    fn resume(&self, full: &Reading) -> Finding {
        let mut dice = Dice::new(SEED);
        let chosen = dice.some_of(full.marks.len(), CHECKPOINTS_MAX);
        for &idx in &chosen {
            let mark = &full.marks[idx];
            let rest = self.read(full, Some(mark.start()), Until::End);
            let at = format!("resumed from checkpoint {} of `{}`", idx + 1, full.stream);
            if let Some(finding) = judge(full, mark.n_rows, &full.rows, &rest, &at) {
                return finding;
            }
        }
        Finding::pass(format!(
            "from {} of {} checkpoints the rest of the full read follows",
            chosen.len(),
            full.marks.len()
        ))
    }

    fn kill(&self, full: &Reading) -> Finding {
        let mut dice = Dice::new(SEED);
        let chosen = dice.some_of(full.n_events, KILLS_MAX);
        for &idx in &chosen {
            let cut = self.read(full, None, Until::Killed(idx + 1));
            let mark = cut.marks.last();
            let rest = self.read(full, mark.map(Mark::start), Until::End);
            let n_covered = mark.map_or(0, |mark| mark.n_rows);
            let at = format!(
                "killed after frame {} of `{}` and resumed",
                idx + 1,
                full.stream
            );
            if let Some(finding) = judge(full, n_covered, &cut.rows, &rest, &at) {
                return finding;
            }
        }
        Finding::pass(format!(
            "killed after {} of {} frames, nothing is lost",
            chosen.len(),
            full.n_events
        ))
    }

    fn garbage(&self, full: &Reading) -> Finding {
        let Some(mark) = full.marks.last() else {
            return Finding::pass("there is no checkpoint to spoil");
        };
        let mut spoilt = serde_json::from_str(&mark.json).unwrap_or(Value::Null);
        spoil(&mut spoilt);
        let strange = Value::Object(Map::from_iter([(
            "vocd.conformance".to_owned(),
            Value::from("garbage"),
        )]));
        for json in [strange.to_string(), spoilt.to_string()] {
            let start = StartAt {
                json: &json,
                format: mark.format,
            };
            let what = format!("`{}` from the checkpoint {json}", full.stream);
            if let Some(finding) = self.unreadable(full, start, &what) {
                return finding;
            }
        }
        Finding::pass("a checkpoint that is none is refused as unreadable")
    }

    fn other_format(&self, full: &Reading) -> Finding {
        let Some(mark) = full.marks.last() else {
            return Finding::pass("there is no checkpoint of another format");
        };
        let start = StartAt {
            format: mark.format + 1,
            ..mark.start()
        };
        let what = format!(
            "`{}` from a checkpoint of format {}",
            full.stream, start.format
        );
        self.unreadable(full, start, &what).unwrap_or_else(|| {
            Finding::pass("a checkpoint of a newer format is refused as unreadable")
        })
    }

    fn unreadable(&self, full: &Reading, from: StartAt<'_>, what: &str) -> Option<Finding> {
        /// Characters of a finding: a checkpoint may be long.
        const CHARS_MAX: usize = 240;
        let what: String = what.chars().take(CHARS_MAX).collect();
        let reading = self.read(full, Some(from), Until::End);
        match reading.outcome.failure {
            Some(failure) if failure.reason == FailureReason::CheckpointUnreadable => None,
            Some(failure) => Some(Finding::fail(
                format!("reading {what} fails otherwise: {failure}"),
                REMEDY_UNREADABLE,
            )),
            None => Some(Finding::fail(
                format!("reading {what} succeeds, with {} rows", reading.rows.len()),
                REMEDY_UNREADABLE,
            )),
        }
    }

    fn again(&self, full: &Reading) -> Finding {
        let Some(mark) = full.marks.last() else {
            return Finding::pass("there is no checkpoint to go on from");
        };
        let again = self.read(full, Some(mark.start()), Until::End);
        let (n_again, n_rows) = (again.rows.len(), full.rows.len());
        match n_again * AGAIN_SHARE <= n_rows {
            true => Finding::pass(format!(
                "a second run on unchanged data emits {n_again} rows"
            )),
            false => Finding::warn(
                format!("a second run on unchanged data emits {n_again} of {n_rows} rows again"),
                "start after the last record seen, with a small overlap where the vendor needs it",
            ),
        }
    }
}

/// Compares the rows before a checkpoint and those of the read after it with the full read.
fn judge(
    full: &Reading,
    n_covered: usize,
    before: &[super::row::Row],
    rest: &Reading,
    at: &str,
) -> Option<Finding> {
    if let Some(failure) = &rest.outcome.failure {
        return Some(Finding::fail(
            format!("{at} it fails: {failure}"),
            REMEDY_RESUME,
        ));
    }
    let what = difference(&full.rows, &[&before[..n_covered], &rest.rows])?;
    Some(Finding::fail(format!("{at} {what}"), REMEDY_RESUME))
}

/// Puts a table where each value was.
fn spoil(value: &mut Value) {
    match value {
        Value::Object(members) if !members.is_empty() => members.values_mut().for_each(spoil),
        Value::Array(items) if !items.is_empty() => items.iter_mut().for_each(spoil),
        other => *other = serde_json::json!({ "spoilt": true }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_spoilt_checkpoint_keeps_its_shape() {
        let mut checkpoint = json!({ "a": 1, "b": ["x", { "c": null }] });
        spoil(&mut checkpoint);
        let leaf = json!({ "spoilt": true });
        assert_eq!(checkpoint, json!({ "a": leaf, "b": [leaf, { "c": leaf }] }));
    }
}
