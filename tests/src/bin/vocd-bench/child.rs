//! What a child costs: from its start to its end, for each row of its pipe, and in memory.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::{Value, json};
use vocd::host::{
    Flow, Host, Outbound, PluginFile, RunEvent, RunLimits, RunOutcome, RunRequest, StopSignal,
};
use vocd::record::{SourceName, StreamName};
use vocd_tests::binaries;
use vocd_tests::daemon::children as children_of;
use vocd_tests::plugin::{compile_c_with, example};

use crate::{median, print_with_target};

/// Children started for the figure of a start.
const N_STARTS: usize = 300;
/// Rows of the longest stream, of 8 columns.
const N_ROWS: u64 = 8_000_000;
/// Streams measured; the median counts.
const N_STREAMS: usize = 5;
/// Batches after which the child's memory is looked at: all its buffers are in use by then.
const WARM_BATCHES: u64 = 100;

/// Measures runs of two examples, without a store.
pub(crate) fn children() -> anyhow::Result<()> {
    let host = Host::new(&binaries::folder().join("vocd-plugin-host"))?;
    let bare = PluginFile::open(&binaries::folder().join("libvocd_source_bare.so"))?;
    starts(&host, &bare)?;
    let library = compile_c_with("answers", &example("c/answers.c"), &["-O2"]);
    let answers = PluginFile::open(&library.context("the stream needs a C compiler")?)?;
    streams(&host, &answers)
}

fn run(
    host: &Host,
    (plugin, stream): (&PluginFile, &str),
    config: &Value,
    on_event: &mut dyn FnMut(RunEvent) -> Flow,
) -> anyhow::Result<RunOutcome> {
    let request = RunRequest {
        source: &SourceName::new("bench").expect("a plain name"),
        run_id: 1,
        plugin,
        config_json: config,
        base_dir: Path::new("/nowhere"),
        private_dir: Path::new("/nowhere"),
        secrets: &[],
        stream: &StreamName::new(stream).expect("a plain name"),
        checkpoint: None,
        limits: RunLimits::default(),
        outbound: &Outbound::default(),
    };
    let outcome = host.run(request, &StopSignal::new(), on_event);
    match &outcome.failure {
        None => Ok(outcome),
        Some(failure) => anyhow::bail!("{failure}"),
    }
}

/// Start of the process, confinement, opening of the library, a thousand rows, end.
fn starts(host: &Host, plugin: &PluginFile) -> anyhow::Result<()> {
    let (mut firsts, mut ends) = (Vec::new(), Vec::new());
    for _ in 0..N_STARTS {
        let start = Instant::now();
        let mut first = None::<Duration>;
        run(host, (plugin, "ticks"), &json!({}), &mut |event| {
            if matches!(event, RunEvent::Batch(..)) {
                first.get_or_insert_with(|| start.elapsed());
            }
            Flow::Continue
        })?;
        ends.push(start.elapsed().as_secs_f64() * 1e3);
        firsts.push(first.context("there are rows")?.as_secs_f64() * 1e3);
    }
    for (name, times, target) in [
        ("child_first_batch", &mut firsts, "no target"),
        ("child_run", &mut ends, "<= 15 ms"),
    ] {
        print_with_target(&format!("{name}_p50_ms"), median(times), "ms", target);
        let p99 = times[times.len() * 99 / 100];
        print_with_target(&format!("{name}_p99_ms"), p99, "ms", "no target");
    }
    Ok(())
}

/// Rows made by the plugin, checked, sent and decoded: everything but the store.
fn streams(host: &Host, plugin: &PluginFile) -> anyhow::Result<()> {
    let (mut rates, mut resident_mb) = (Vec::new(), 0.0_f64);
    for _ in 0..N_STREAMS {
        let mut n_batches = 0;
        let config = json!({ "answers": N_ROWS });
        let start = Instant::now();
        let outcome = run(host, (plugin, "answers"), &config, &mut |event| {
            n_batches += u64::from(matches!(event, RunEvent::Batch(..)));
            if n_batches == WARM_BATCHES {
                resident_mb = resident_mb.max(peak_of_children_mb());
            }
            Flow::Continue
        })?;
        anyhow::ensure!(outcome.n_rows == N_ROWS, "{} rows came", outcome.n_rows);
        rates.push(outcome.n_rows as f64 / start.elapsed().as_secs_f64());
    }
    print_with_target(
        "pipe_rows_s",
        median(&mut rates),
        "rows/s",
        ">= 2,000,000 rows/s of 8 columns",
    );
    print_with_target("child_peak_rss_mb", resident_mb, "MB", "<= 25 MB");
    Ok(())
}

/// Returns the most memory that any child of this process had resident.
fn peak_of_children_mb() -> f64 {
    let own = i32::try_from(std::process::id()).unwrap_or_default();
    let peaks = children_of(own).into_iter().filter_map(|pid| {
        let status = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero()));
        let line = status.ok()?;
        let line = line.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.split_whitespace().next()?.parse::<f64>().ok()
    });
    peaks.fold(0.0, f64::max) / 1_000.0
}
