//! Manners: stopping when asked, keeping secrets, staying within limits, not printing.

use std::collections::BTreeSet;
use std::time::Duration;

use super::bench::{Bench, ReadPlan, Reading, Until};
use super::secret::{self, Said};
use super::{Finding, Group, Log, Sample, few};
use crate::host::FailureReason;

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
    log.note("egress", egress(full));
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
    let secrets = secret::secrets(bench, sample);
    if secrets.is_empty() {
        return Finding::pass("the configuration holds no secret");
    }
    let config = secret::marked(&sample.config, &secrets);
    for reading in full {
        let read = bench.read(&ReadPlan {
            config: &config,
            // Nothing is masked here: what the plugin gives away is to be seen.
            secrets: &[],
            ..bench.plan(sample, &reading.stream)
        });
        if let Some(place) = Said::from(&read).leak() {
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

/// Whether every request goes to a host that the manifest or the configuration names.
fn egress(full: &[Reading]) -> Finding {
    let refused = full
        .iter()
        .flat_map(|reading| &reading.overheard.refused_hosts);
    let refused: BTreeSet<&String> = refused.collect();
    let refused: Vec<&String> = refused.into_iter().collect();
    match refused.is_empty() {
        true => Finding::pass("connects to declared hosts only"),
        false => Finding::fail(
            format!(
                "wants to connect to {}, which it does not declare",
                few(&refused)
            ),
            "add the host to `egress`, or take it from a property marked \"x-voc-url\": true",
        ),
    }
}
