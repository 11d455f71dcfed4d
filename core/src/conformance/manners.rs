//! Manners: stopping when asked, keeping secrets, staying within limits, not printing.

use std::time::Duration;

use serde_json::Value;

use super::bench::{Bench, ReadPlan, Reading, Until};
use super::{Finding, Group, Log, Sample};
use crate::host::{FailureReason, SECRET_MARK, marked_texts};

/// Longest time from the wish to drain to the end.
const DRAIN_MAX: Duration = Duration::from_secs(5);
/// Bytes of a MiB.
const MIB: u64 = 1024 * 1024;

/// Runs the tests of the group.
pub(super) fn check(log: &mut Log, bench: &Bench<'_>, sample: &Sample, full: &[Reading]) {
    log.group = Group::Manners;
    log.note("drain", drain(bench, sample, full));
    log.note("secrets", secrets(bench, sample, full));
    log.note("memory", memory(bench, sample, full));
    log.note("quiet", quiet(full));
}

fn drain(bench: &Bench<'_>, sample: &Sample, full: &[Reading]) -> Finding {
    for reading in full {
        let plan = bench.plan(sample, &reading.stream);
        let drained = bench.read(&ReadPlan {
            until: Until::Drained,
            ..plan
        });
        let took = drained.drained_in.unwrap_or_default();
        let failure = drained.outcome.failure;
        let is_stopped = failure
            .as_ref()
            .is_none_or(|failure| failure.reason == FailureReason::Cancelled);
        if took > DRAIN_MAX {
            return Finding::fail(
                format!(
                    "`{}` does not stop within 5 s of being asked",
                    reading.stream
                ),
                "emit checkpoints often, pass errors of `out` on, ask `should_stop` in loops",
            );
        }
        if let (Some(failure), false) = (failure, is_stopped) {
            return Finding::fail(
                format!("asked to stop, `{}` fails: {failure}", reading.stream),
                "return VOC_CANCELLED: pass the error of `out` on with `?`",
            );
        }
    }
    Finding::pass("stops within 5 s of being asked")
}

/// Reads with secrets that stand out, and looks for them in all that is said.
fn secrets(bench: &Bench<'_>, sample: &Sample, full: &[Reading]) -> Finding {
    let schema = &bench.plugin.manifest().config_schema;
    let declared = marked_texts(schema, &sample.config, &[SECRET_MARK]);
    let mut secrets = sample.secrets.clone();
    secrets.extend(declared.iter().map(|secret| secret.text.to_owned()));
    secrets.sort_unstable();
    secrets.dedup();
    if secrets.is_empty() {
        return Finding::pass("the configuration holds no secret");
    }
    let config = with_marks(&sample.config, &secrets);
    for reading in full {
        let read = bench.read(&ReadPlan {
            config: &config,
            // Nothing is masked here: what the plugin gives away is to be seen.
            secrets: &[],
            ..bench.plan(sample, &reading.stream)
        });
        if let Some(place) = leak(&read) {
            return Finding::fail(
                format!("a secret of the configuration is in {place}"),
                "name the property instead of its value; log no request with its headers",
            );
        }
    }
    Finding::pass(format!(
        "{} secrets stay out of logs, errors and rows",
        secrets.len()
    ))
}

/// What a secret is replaced by begins with this; no vendor's data holds it.
const MARK: &str = "vocd-marked-secret-";

fn with_marks(config: &Value, secrets: &[String]) -> Value {
    match config {
        Value::String(text) => match secrets.iter().position(|secret| secret == text) {
            Some(idx) => Value::String(format!("{MARK}{idx}")),
            None => config.clone(),
        },
        Value::Array(items) => items.iter().map(|item| with_marks(item, secrets)).collect(),
        Value::Object(members) => {
            let members = members.iter();
            members
                .map(|(name, member)| (name.clone(), with_marks(member, secrets)))
                .collect()
        }
        other => other.clone(),
    }
}

fn leak(reading: &Reading) -> Option<&'static str> {
    let holds = |text: &str| text.contains(MARK);
    let failure = reading.outcome.failure.as_ref();
    let in_rows = reading.rows.iter().flat_map(|row| &row.cells);
    let in_rejects = reading.rejects.iter();
    let places = [
        (
            "its log",
            reading.overheard.log.iter().any(|line| holds(line)),
        ),
        ("what it prints", holds(&reading.overheard.printed)),
        (
            "its error",
            failure.is_some_and(|failure| holds(&failure.message)),
        ),
        ("its rows", in_rows.into_iter().any(|(_, text)| holds(text))),
        (
            "a refused record",
            in_rejects
                .into_iter()
                .any(|reject| holds(&reject.detail) || holds(&reject.place)),
        ),
        (
            "a checkpoint",
            reading.marks.iter().any(|mark| holds(&mark.json)),
        ),
    ];
    places
        .into_iter()
        .find_map(|(place, is_there)| is_there.then_some(place))
}

fn memory(bench: &Bench<'_>, sample: &Sample, full: &[Reading]) -> Finding {
    let declared = bench.plugin.manifest().memory_mib.map(|mib| mib * MIB);
    let memory_bytes = declared.unwrap_or(sample.limits.memory_bytes);
    for reading in full {
        let read = bench.read(&ReadPlan {
            memory_bytes,
            ..bench.plan(sample, &reading.stream)
        });
        if let Some(failure) = read.outcome.failure {
            return Finding::fail(
                format!("with {} MiB the read fails: {failure}", memory_bytes / MIB),
                "emit batches as they come, or declare more in `limits.mem_mb`",
            );
        }
    }
    Finding::pass(format!("reads within {} MiB", memory_bytes / MIB))
}

fn quiet(full: &[Reading]) -> Finding {
    let mut lines = full
        .iter()
        .flat_map(|reading| reading.overheard.printed.lines());
    match lines.next() {
        None => Finding::pass("prints nothing"),
        Some(first) => Finding::warn(
            format!(
                "prints, such as `{}`",
                first.chars().take(80).collect::<String>()
            ),
            "use `host.log`: it has levels, and says which source spoke",
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_secret_of_a_configuration_is_marked() {
        let config = json!({ "token": "s1", "list": ["s2", "s1", "plain"], "n": 1 });
        let marked = with_marks(&config, &["s1".to_owned(), "s2".to_owned()]);
        let expected = json!({
            "token": "vocd-marked-secret-0",
            "list": ["vocd-marked-secret-1", "vocd-marked-secret-0", "plain"],
            "n": 1,
        });
        assert_eq!(marked, expected);
    }
}
