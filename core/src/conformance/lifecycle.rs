//! Opening and closing: any configuration is taken or refused in words, never with a crash.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::bench::Bench;
use super::{Dice, Finding, Group, Log, endurance, fuzz};
use crate::host::{FailureReason, Overheard, RunOutcome, Task};

/// Configurations invented from the schema.
const N_INVENTED: usize = 48;
/// Seed of the invented configurations; constant, so that a failure repeats.
const SEED: u64 = 0x0f0f_5eed;

const REMEDY_CONFIG: &str =
    "return an error of class config that names the property and what is allowed";

/// Runs the tests of the group.
pub(super) fn check(log: &mut Log, bench: &Bench<'_>, fuzz: Option<Duration>) {
    log.group = Group::Lifecycle;
    let empty = json!({});
    let config = bench.sample().map_or(&empty, |sample| &sample.config);
    log.note("open", open(bench, config));
    let closed = close(bench, config);
    let is_closed = closed.remedy.is_none();
    log.note("close", closed);
    log.note("open_twice", open_twice(bench, config));
    log.note("empty_config", judged(bench, "an empty table", &empty));
    log.note("odd_configs", odd_configs(bench));
    log.note("invented_configs", invented_configs(bench));
    if let Some(time) = fuzz {
        log.note("fuzz", fuzzed(bench, time));
    }
    log.note("unknown_method", unknown_method(bench, config));
    let opens = bench.open(config, Task::Open).0.failure.is_none();
    // Once was too often for one that does not close.
    if opens && is_closed {
        endurance::check(log, bench, config);
    }
}

fn open(bench: &Bench<'_>, config: &Value) -> Finding {
    let (outcome, _) = bench.open(config, Task::Open);
    match (outcome.failure, bench.sample()) {
        (None, _) => Finding::pass("opens and closes"),
        (Some(failure), None) if failure.reason == FailureReason::Config => Finding::pass(format!(
            "refuses an empty configuration: {}",
            failure.message
        )),
        (Some(failure), _) if failure.reason == FailureReason::Config => Finding::fail(
            format!("refuses its sample configuration: {}", failure.message),
            "correct the sample; every key it shows must be one that `open` takes",
        ),
        (Some(failure), _) => Finding::fail(
            format!("does not open: {failure}"),
            "`open` parses and checks the configuration, without I/O",
        ),
    }
}

fn close(bench: &Bench<'_>, config: &Value) -> Finding {
    let (outcome, overheard) = bench.open(config, Task::Open);
    match unclean(&outcome, &overheard) {
        None => Finding::pass("its process ends by itself"),
        Some(end) => Finding::fail(
            format!("its process did not end cleanly after `close`: {end}"),
            "free in `close` what `open` made, and end the threads it started",
        ),
    }
}

/// The exit code of a refused configuration says in which stage the run ended: that is no fault.
fn unclean<'a>(outcome: &RunOutcome, overheard: &'a Overheard) -> Option<&'a str> {
    let end = overheard.unclean_end.as_deref()?;
    let is_stage = outcome.failure.is_some() && end.starts_with("exit status");
    (!is_stage).then_some(end)
}

fn open_twice(bench: &Bench<'_>, config: &Value) -> Finding {
    let single = bench
        .open(config, Task::Open)
        .0
        .failure
        .map(|failure| failure.reason);
    let reasons: Vec<Option<FailureReason>> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..2)
            .map(|_| scope.spawn(|| bench.open(config, Task::Open).0))
            .collect();
        runs.into_iter()
            .map(|run| run.join().ok()?.failure.map(|failure| failure.reason))
            .collect()
    });
    match reasons.iter().all(|reason| *reason == single) {
        true => Finding::pass("two processes open it at once"),
        false => Finding::fail(
            format!("opened in two processes at once it fails: {reasons:?}"),
            "share nothing between processes: no lock file, port or fixed name",
        ),
    }
}

/// Says why an outcome of `open` is not one that the contract allows.
fn broken(outcome: &RunOutcome) -> Option<String> {
    let failure = outcome.failure.as_ref()?;
    (failure.reason != FailureReason::Config).then(|| failure.to_string())
}

fn judged(bench: &Bench<'_>, name: &str, config: &Value) -> Finding {
    match broken(&bench.open(config, Task::Open).0) {
        None => Finding::pass(format!("{name} is taken, or refused in words")),
        Some(what) => Finding::fail(format!("{name} ends it: {what}"), REMEDY_CONFIG),
    }
}

fn odd_configs(bench: &Bench<'_>) -> Finding {
    let oddities = fuzz::oddities();
    for (name, config) in &oddities {
        if let Some(what) = broken(&bench.open(config, Task::Open).0) {
            return Finding::fail(
                format!("{name} as configuration ends it: {what}"),
                REMEDY_CONFIG,
            );
        }
    }
    Finding::pass(format!(
        "{} wrong or huge configurations are survived",
        oddities.len()
    ))
}

fn invented_configs(bench: &Bench<'_>) -> Finding {
    let mut dice = Dice::new(SEED);
    let mut n_refused = 0;
    for _ in 0..N_INVENTED {
        match survives_invention(bench, &mut dice) {
            Ok(is_refused) => n_refused += usize::from(is_refused),
            Err(finding) => return finding,
        }
    }
    Finding::pass(format!(
        "of {N_INVENTED} configurations invented from its schema {n_refused} are refused in words"
    ))
}

/// Invents configurations for as long as the author likes; the same ones in the same order each
/// time, so that a failure repeats.
fn fuzzed(bench: &Bench<'_>, time: Duration) -> Finding {
    let (started, mut n_configs) = (Instant::now(), 0);
    let mut dice = Dice::new(SEED.wrapping_add(1));
    while started.elapsed() < time {
        if let Err(finding) = survives_invention(bench, &mut dice) {
            return finding;
        }
        n_configs += 1;
    }
    let seconds = time.as_secs();
    Finding::pass(format!(
        "{n_configs} invented configurations are survived in {seconds} s"
    ))
}

/// Opens the plugin with an invented configuration and returns whether it is refused in words.
fn survives_invention(bench: &Bench<'_>, dice: &mut Dice) -> Result<bool, Finding> {
    /// Characters of a configuration that are told.
    const TOLD_CHARS: usize = 160;
    let config = fuzz::invent(dice, &bench.plugin.manifest().config_schema);
    let (outcome, _) = bench.open(&config, Task::Open);
    match broken(&outcome) {
        Some(what) => {
            let told: String = config.to_string().chars().take(TOLD_CHARS).collect();
            let told = format!("the configuration {told} ends it: {what}");
            Err(Finding::fail(told, REMEDY_CONFIG))
        }
        None => Ok(outcome.failure.is_some()),
    }
}

fn unknown_method(bench: &Bench<'_>, config: &Value) -> Finding {
    let task = Task::Call {
        method: "vocd.conformance.unknown",
        params: &json!({}),
    };
    let (outcome, _) = bench.open(config, task);
    match outcome.failure {
        Some(failure)
            if matches!(
                failure.reason,
                FailureReason::Unsupported | FailureReason::Config
            ) =>
        {
            Finding::pass("a method it does not know is refused as unsupported")
        }
        Some(failure) => Finding::fail(
            format!("a method it does not know ends it: {failure}"),
            "return VOC_UNSUPPORTED from `call` for every other method",
        ),
        None => Finding::fail(
            "says yes to a method that does not exist",
            "return VOC_UNSUPPORTED from `call` for every other method",
        ),
    }
}
