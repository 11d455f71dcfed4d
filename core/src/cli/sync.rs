//! `vocd sync`: one pull of one source, by the running daemon or here.

use std::sync::Arc;

use clap::Args;
use serde_json::Value;

use crate::config::Config;
use crate::daemon::order::{progress_line, pull_failure, pull_options, report_line};
use crate::daemon::{House, plugin_folders, source_specs};
use crate::host::fleet::Plugins;
use crate::host::{Host, StopSignal};
use crate::ingest::{SourceSpec, pull_source};
use crate::nearest::nearest;
use crate::record::door::Reason;

use super::cassette::CassetteFlags;
use super::desk;
use super::failure::Failure;
use super::progress::Progress;
use super::{ConfigFlag, output};

/// What is pulled, and how.
#[derive(Debug, Args)]
pub(super) struct SyncFlags {
    /// Name of the source
    source: String,
    /// Forget the checkpoint and read everything again; rows that did not change stay as they are
    #[arg(long)]
    full: bool,
    /// Read and check, but write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    cassette: CassetteFlags,
    #[command(flatten)]
    config: ConfigFlag,
}

/// Pulls the source.
pub(super) fn run(flags: &SyncFlags) -> Result<(), Failure> {
    let config = super::find_and_load(&flags.config)?;
    let spec = spec(&config, &flags.source)?;
    let daemon = desk::running_daemon(&config);
    if daemon.is_some() && flags.cassette.is_used() {
        return Err(Failure::new("the running daemon pulls without a cassette")
            .hint("stop it, or use a configuration with another `data_dir`"));
    }
    let cassette = flags.cassette.insert()?;
    let spec = cassette.apply(spec);
    let progress = Progress::new(&flags.source);
    let last = match daemon {
        Some(socket) => {
            let target = format!(
                "/control/sync?source={}&full={}&dry_run={}",
                flags.source, flags.full, flags.dry_run
            );
            let mut last = Value::Null;
            desk::command(&socket, &target, |line| {
                show(&progress, line);
                last = line.clone();
            })?;
            last
        }
        None => pull_here(&config, &spec, flags, &progress)?,
    };
    progress.finish();
    cassette.finish()?;
    tell(&flags.source, &last, flags.dry_run)
}

/// Finds a source of the configuration.
pub(super) fn spec(config: &Config, source: &str) -> Result<SourceSpec, Failure> {
    let plugins: Arc<dyn Plugins> = Arc::new(plugin_folders(config));
    let specs = source_specs(config, &plugins);
    let names: Vec<String> = specs.iter().map(|spec| spec.name.to_string()).collect();
    specs
        .into_iter()
        .find(|spec| spec.name.as_str() == source)
        .ok_or_else(|| {
            let hint = match nearest(source, names.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None if names.is_empty() => "add a [[source]] to the configuration".to_owned(),
                None => format!("there are: {}", names.join(", ")),
            };
            Failure::new(format!("no source `{source}` is configured")).hint(hint)
        })
}

fn pull_here(
    config: &Config,
    spec: &SourceSpec,
    flags: &SyncFlags,
    progress: &Progress,
) -> Result<Value, Failure> {
    let host = Host::beside_this_program().map_err(|error| Failure {
        hint: Some(error.hint().to_owned()),
        ..Failure::of(&error)
    })?;
    let house = House::open(config).map_err(|error| Failure::of_store(&error))?;
    pull(
        &host,
        &house,
        config,
        spec,
        pull_options(flags.full, flags.dry_run),
        progress,
    )
}

/// Pulls a source into an open store, showing how far it is.
pub(super) fn pull(
    host: &Host,
    house: &House,
    config: &Config,
    spec: &SourceSpec,
    options: crate::ingest::PullOptions,
    progress: &Progress,
) -> Result<Value, Failure> {
    let store = house.store_as_trait();
    let stop = StopSignal::new();
    let pulled = pull_source(
        host,
        &*store,
        &plugin_folders(config),
        spec,
        options,
        &stop,
        &mut |step| {
            show(progress, &progress_line(step));
        },
    );
    match pulled {
        Ok(report) => Ok(report_line(&report)),
        Err(error) => {
            let failure = pull_failure(&error);
            Err(Failure {
                what: failure.what,
                hint: failure.hint,
            })
        }
    }
}

fn show(progress: &Progress, line: &Value) {
    let number = |name: &str| line["progress"][name].as_u64().unwrap_or(0);
    if line["progress"].is_object() {
        progress.show(number("done"), number("total"), number("rows"));
    }
}

/// Prints what the last line says.
fn tell(source: &str, last: &Value, is_dry_run: bool) -> Result<(), Failure> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if let Some(what) = text(&last["failure"]["what"]) {
        return Err(Failure {
            what,
            hint: text(&last["failure"]["hint"]),
        });
    }
    let report = &last["report"];
    if !report.is_object() {
        return Err(Failure::new("the daemon ended before the pull did")
            .hint("look at its log; what was committed is kept, the rest is read again"));
    }
    let number = |name: &str| report[name].as_u64().unwrap_or(0);
    let verb = if is_dry_run {
        "would be new or changed"
    } else {
        "new or changed"
    };
    let changed = if is_dry_run {
        number("rows")
    } else {
        number("changed")
    };
    let seconds = report["seconds"].as_f64().unwrap_or(0.0);
    output::line(&format!(
        "{source}: {} rows read, {changed} {verb}, {} rejected, {seconds:.1} s",
        number("rows"),
        number("rejects"),
    ))?;
    for (reason, n_rejects) in report["reject_reasons"].as_object().into_iter().flatten() {
        output::line(&format!("  {reason}: {n_rejects}"))?;
    }
    for sample in report["reject_samples"]
        .as_array()
        .into_iter()
        .flatten()
        .take(5)
    {
        let part = |name: &str| sample[name].as_str().unwrap_or_default();
        output::line(&format!(
            "  {}: {}: {}",
            part("place"),
            part("reason"),
            part("detail")
        ))?;
    }
    let erased = report["reject_reasons"][Reason::Erased.name()].as_u64();
    if number("rejects") > erased.unwrap_or(0) && !is_dry_run {
        output::line(&format!(
            "  read on behind them; once their cause is mended: vocd sync {source} --full"
        ))?;
    }
    Ok(())
}
