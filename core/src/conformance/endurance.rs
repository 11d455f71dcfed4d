//! A thousand instances in one process, one after the other and beside one that stays open: what
//! is left of them, and whether earlier and later hosts are met.

use serde::Deserialize;
use serde_json::Value;

use super::bench::Bench;
use super::{Finding, Log};
use crate::host::Task;

/// Growth of the resident memory over 900 instances that is no leak, in KiB: allocators keep some.
const GROWTH_MAX_KIB: u64 = 4 * 1024;

const REMEDY: &str = "free in `close` what `open` made: memory, descriptors, threads";

/// The child's account, as it tells it.
#[derive(Debug, Clone, Deserialize)]
struct Endured {
    n_times: u32,
    minors_met: [bool; 3],
    host_to_come: Option<String>,
    refuses_wrong: bool,
    held: [Held; 2],
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Held {
    resident_kib: u64,
    threads: u64,
    descriptors: u64,
}

/// Runs both tests for a configuration that opens.
pub(super) fn check(log: &mut Log, bench: &Bench<'_>, config: &Value) {
    let (outcome, overheard) = bench.open(config, Task::Endure);
    let told = overheard.reply.clone();
    let endured = told.and_then(|reply| serde_json::from_value::<Endured>(reply).ok());
    let Some(endured) = endured else {
        let what = match (&outcome.failure, &overheard.unclean_end) {
            (Some(failure), _) => failure.to_string(),
            (None, Some(end)) => end.clone(),
            (None, None) => "its process did not tell why".to_owned(),
        };
        let what = format!("opened and closed again and again, it ends: {what}");
        return log.note("many_times", Finding::fail(what, REMEDY));
    };
    log.note("other_hosts", endured.other_hosts());
    log.note("many_times", endured.many_times());
}

impl Endured {
    fn other_hosts(&self) -> Finding {
        let names = ["0", "that of this vocd", "999"];
        let missed = self.minors_met.iter().position(|is_met| !is_met);
        match (missed, &self.host_to_come) {
            (Some(idx), _) => Finding::fail(
                format!("its entry refuses a host of minor version {}", names[idx]),
                "return the structure whatever `host_minor` is; ask for what you need by extension",
            ),
            (None, Some(error)) => Finding::fail(
                format!("a later host, whose structure is longer, cannot open it: {error}"),
                "use the members you know, and take no notice of a greater `struct_size`",
            ),
            (None, None) => Finding::pass("is met by earlier and later hosts"),
        }
    }

    fn many_times(&self) -> Finding {
        let [before, after] = self.held;
        let grown = [
            ("threads", after.threads.saturating_sub(before.threads)),
            (
                "descriptors",
                after.descriptors.saturating_sub(before.descriptors),
            ),
        ];
        for (name, more) in grown {
            if more > 0 {
                let what = format!("{} instances leave {more} {name} behind", self.n_times);
                return Finding::fail(what, REMEDY);
            }
        }
        let growth_kib = after.resident_kib.saturating_sub(before.resident_kib);
        match growth_kib <= GROWTH_MAX_KIB {
            true => Finding::pass(format!(
                "{} instances leave nothing behind{}",
                self.n_times,
                if self.refuses_wrong {
                    ", nor does one that is refused"
                } else {
                    ""
                }
            )),
            false => Finding::fail(
                format!("{} instances leave {growth_kib} KiB behind", self.n_times),
                REMEDY,
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::Status;

    fn check(change: impl Fn(&mut Endured), expected: (Status, Status)) {
        let held = Held {
            resident_kib: 6_000,
            threads: 2,
            descriptors: 8,
        };
        let mut endured = Endured {
            n_times: 1_000,
            minors_met: [true; 3],
            host_to_come: None,
            refuses_wrong: true,
            held: [held; 2],
        };
        change(&mut endured);
        let found = (endured.other_hosts().status, endured.many_times().status);
        assert_eq!(found, expected, "{endured:?}");
    }

    #[test]
    fn what_is_left_behind_fails() {
        let good = (Status::Pass, Status::Pass);
        let leaks = (Status::Pass, Status::Fail);
        check(|_| {}, good);
        check(|endured| endured.held[1].resident_kib += 4_096, good);
        check(|endured| endured.held[1].resident_kib += 4_097, leaks);
        check(|endured| endured.held[1].threads += 1, leaks);
        check(|endured| endured.held[1].descriptors += 1, leaks);
    }

    #[test]
    fn a_host_that_is_refused_fails() {
        let refuses = (Status::Fail, Status::Pass);
        check(|endured| endured.minors_met[2] = false, refuses);
        check(
            |endured| endured.host_to_come = Some("no".to_owned()),
            refuses,
        );
    }
}
