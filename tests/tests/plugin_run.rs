//! Runs of small C plugins in the real child: whatever they do, the daemon's side gets a typed
//! outcome and every row that a checkpoint covers.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use vocd::host::{
    Failure, FailureReason, Flow, PluginFile, RunEvent, RunLimits, RunOutcome, StartAt, StopSignal,
};
use vocd_tests::plugin::{self, Start, hostile};

/// What the plugin may not tell.
const SECRET: &str = "hunter22";

/// What one run gave.
struct Run {
    outcome: RunOutcome,
    n_rows_covered: usize,
    checkpoints: Vec<String>,
}

impl Run {
    fn failure(&self) -> &Failure {
        self.outcome.failure.as_ref().expect("the run failed")
    }
}

fn run_with(
    plugin: &PluginFile,
    config: &Value,
    checkpoint: Option<StartAt<'_>>,
    limits: RunLimits,
    stop: &StopSignal,
    mut on_event: impl FnMut(&RunEvent) -> Flow,
) -> Run {
    let start = Start {
        plugin,
        config,
        base_dir: Path::new("/etc"),
        private_dir: Path::new("/nowhere"),
        checkpoint,
        limits,
        stop,
        secrets: &[SECRET.to_owned()],
    };
    let (mut n_rows, mut n_rows_covered, mut checkpoints) = (0, 0, Vec::new());
    let outcome = plugin::run(&start, &mut |event| {
        match &event {
            RunEvent::Batch(_, rows) => n_rows += rows.num_rows(),
            RunEvent::Checkpoint { json, .. } => {
                n_rows_covered = n_rows;
                checkpoints.push(json.clone());
            }
            _ => {}
        }
        on_event(&event)
    });
    Run {
        outcome,
        n_rows_covered,
        checkpoints,
    }
}

fn limits() -> RunLimits {
    RunLimits {
        wall: Duration::from_secs(60),
        idle: Duration::from_secs(30),
        memory_bytes: 256 * 1024 * 1024,
        ..RunLimits::default()
    }
}

fn run(test: &str, deed: &str) -> Option<Run> {
    let plugin = hostile(test)?;
    let config = json!({ "deed": deed, "token": SECRET });
    let go_on = |_: &RunEvent| Flow::Continue;
    let stop = StopSignal::new();
    Some(run_with(plugin, &config, None, limits(), &stop, go_on))
}

/// Checks that a plugin with this deed fails for this reason and keeps its covered rows.
fn check(test: &str, deed: &str, expected: FailureReason) -> Option<Run> {
    let run = run(test, deed)?;
    assert_eq!(run.failure().reason, expected, "{:?}", run.outcome);
    assert_eq!(run.n_rows_covered, 5);
    assert_eq!(run.checkpoints.len(), 1);
    Some(run)
}

#[test]
fn a_good_run_is_a_success() {
    let Some(run) = run("plugin_run::good", "end") else {
        return;
    };
    assert_eq!(run.outcome.failure, None);
    assert_eq!((run.outcome.n_rows, run.n_rows_covered), (5, 5));
    assert_eq!(run.checkpoints, [r#"{"n":5}"#]);
}

#[test]
fn the_next_run_starts_at_the_checkpoint() {
    let Some(plugin) = hostile("plugin_run::resume") else {
        return;
    };
    let config = json!({ "deed": "end" });
    let start = StartAt {
        json: r#"{"n":5}"#,
        format: 1,
    };
    let go_on = |_: &RunEvent| Flow::Continue;
    let stop = StopSignal::new();
    let run = run_with(plugin, &config, Some(start), limits(), &stop, go_on);
    assert_eq!(run.outcome.failure, None);
    assert_eq!(run.outcome.n_rows, 0);
}

#[test]
fn a_crash_names_its_signal() {
    check("plugin_run::segv", "segfault", FailureReason::Crashed(11));
    check("plugin_run::abort", "abort", FailureReason::Crashed(6));
}

#[test]
fn a_batch_that_lies_costs_the_run_and_nothing_else() {
    for lie in [
        "wrong kind",
        "wrong type",
        "unknown column",
        "bad offsets",
        "giant batch",
    ] {
        let Some(run) = check("plugin_run::lie", lie, FailureReason::Protocol) else {
            return;
        };
        let message = &run.failure().message;
        assert!(message.contains("the plugin emitted"), "{lie}: {message}");
    }
}

#[test]
fn a_batch_longer_than_its_memory_stays_in_the_child() {
    for lie in ["beyond buffers", "endless"] {
        let Some(run) = run("plugin_run::bogus", lie) else {
            return;
        };
        // Whether the read beyond the end is seen or crashes depends on what lies there.
        let reason = run.failure().reason;
        assert!(
            matches!(
                reason,
                FailureReason::Protocol | FailureReason::Crashed(_) | FailureReason::Memory
            ),
            "{lie}: {reason:?}"
        );
        assert_eq!(run.n_rows_covered, 5, "{lie}");
    }
}

#[test]
fn a_checkpoint_of_another_stream_is_refused() {
    check(
        "plugin_run::checkpoint",
        "other stream",
        FailureReason::Protocol,
    );
}

#[test]
fn a_stack_that_overflows_is_a_crash() {
    let Some(run) = check(
        "plugin_run::stack",
        "stack overflow",
        FailureReason::Crashed(6),
    ) else {
        return;
    };
    assert!(run.failure().printed.contains("overflowed its stack"));
}

#[test]
fn a_flood_of_log_lines_is_no_failure() {
    let Some(run) = run("plugin_run::flood", "flood") else {
        return;
    };
    assert_eq!(run.outcome.failure, None);
    assert_eq!(run.n_rows_covered, 5);
}

#[test]
fn a_clean_exit_in_the_middle_is_no_success() {
    check("plugin_run::exit", "exit", FailureReason::Exited(0));
}

#[test]
fn rows_without_a_checkpoint_are_no_success() {
    let Some(run) = run("plugin_run::ahead", "checkpoint ahead") else {
        return;
    };
    assert_eq!(run.failure().reason, FailureReason::Protocol);
    // The second checkpoint came before the rows it speaks of, so they are not covered.
    assert_eq!((run.outcome.n_rows, run.n_rows_covered), (10, 5));
    assert_eq!(run.checkpoints.len(), 2);
}

#[test]
fn a_plugins_own_words_reach_the_operator_without_secrets() {
    let Some(run) = check("plugin_run::auth", "auth", FailureReason::Auth) else {
        return;
    };
    assert!(run.failure().message.contains("token *** was refused"));
    let run = check(
        "plugin_run::printed",
        "last words",
        FailureReason::Crashed(6),
    )
    .expect("as above");
    assert_eq!(run.failure().printed, "using ***\n");
}

#[test]
fn a_vendors_wait_is_handed_on() {
    let Some(run) = check("plugin_run::rate", "rate limit", FailureReason::RateLimited) else {
        return;
    };
    assert_eq!(
        run.failure().retry_after,
        Some(Duration::from_millis(1_500))
    );
}

#[test]
fn a_plugin_that_needs_too_much_memory_is_told_so() {
    check("plugin_run::memory", "leak", FailureReason::Memory);
}

#[test]
fn a_plugin_that_hangs_is_killed_with_what_it_started() {
    let Some(plugin) = hostile("plugin_run::hang") else {
        return;
    };
    let go_on = |_: &RunEvent| Flow::Continue;
    for (deed, limits, expected) in [
        (
            "sleep",
            RunLimits {
                idle: Duration::from_millis(100),
                ..limits()
            },
            FailureReason::Idle,
        ),
        (
            "spin",
            RunLimits {
                wall: Duration::from_millis(500),
                ..limits()
            },
            FailureReason::Timeout,
        ),
        (
            "fork",
            RunLimits {
                wall: Duration::from_millis(500),
                ..limits()
            },
            FailureReason::Timeout,
        ),
    ] {
        let config = json!({ "deed": deed });
        let run = run_with(plugin, &config, None, limits, &StopSignal::new(), go_on);
        assert_eq!(run.failure().reason, expected, "{:?}", run.outcome);
        assert_eq!(run.n_rows_covered, 5);
    }
}

#[test]
fn a_drained_run_ends_at_its_next_checkpoint() {
    let Some(plugin) = hostile("plugin_run::drain") else {
        return;
    };
    let stop = StopSignal::new();
    let config = json!({ "deed": "forever" });
    let run = run_with(plugin, &config, None, limits(), &stop, |_| {
        stop.drain();
        Flow::Continue
    });
    assert_eq!(run.failure().reason, FailureReason::Cancelled);
    assert_eq!(run.n_rows_covered as u64, run.outcome.n_rows);
}

#[test]
fn a_receiver_that_says_stop_gets_nothing_more() {
    let Some(plugin) = hostile("plugin_run::flow") else {
        return;
    };
    let config = json!({ "deed": "forever" });
    let mut n_events = 0;
    let run = run_with(plugin, &config, None, limits(), &StopSignal::new(), |_| {
        n_events += 1;
        Flow::Stop
    });
    assert_eq!(run.failure().reason, FailureReason::Cancelled);
    assert_eq!(n_events, 1);
}
