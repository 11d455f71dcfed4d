//! `vocd plugin check`: the conformance kit on one library, as a table, JSON or JUnit XML.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use crate::config::scalar;
use crate::conformance::{
    self, Bench, CheckOptions, ReadPlan, Reading, Recorded, Sample, Status, Verdict, report,
};
use crate::daemon::{plugin_folders, source_specs};
use crate::host::fleet::Plugins;
use crate::host::{Host, PluginFile};

use super::super::cassette::{self, Inserted};
use super::super::failure::Failure;
use super::super::{load, output};

/// Name of the sample configuration that is looked for.
const SAMPLE_FILE: &str = "sample.toml";
/// Name of the recorded webhooks that are looked for.
const WEBHOOKS_FILE: &str = "webhooks.jsonl";

/// What is checked, and how it is told.
#[derive(Debug, Args)]
pub(super) struct CheckFlags {
    /// Library file
    library: PathBuf,
    /// File with a source to read with [default: sample.toml beside the library]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Recorded vendor that answers every request, and fails when it should
    #[arg(long, value_name = "FILE")]
    cassette: Option<PathBuf>,
    /// Record the cassette first: one read of the real vendor, into a new file
    #[arg(long, requires = "cassette")]
    record: bool,
    /// Webhooks as the vendor sends them, one line of JSON each [default: webhooks.jsonl beside
    /// the configuration]
    #[arg(long, value_name = "FILE")]
    webhooks: Option<PathBuf>,
    /// Invent configurations for so long, such as 60s
    #[arg(long, value_name = "TIME", value_parser = time)]
    fuzz: Option<Duration>,
    /// Earlier build of the library: what this one takes away from its users is a failure
    #[arg(long, value_name = "LIB")]
    against: Option<PathBuf>,
    /// How it is printed
    #[arg(long, value_enum, default_value = "text")]
    format: CheckFormat,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum CheckFormat {
    Text,
    Json,
    Junit,
}

/// Checks the library and prints the report; a failed test is a failure of the command.
pub(super) fn run(flags: &CheckFlags) -> Result<(), Failure> {
    let library = &flags.library;
    let beside = library.with_file_name(SAMPLE_FILE);
    let config = flags.config.clone().or(beside.is_file().then_some(beside));
    let mut sample = match config {
        Some(config) => Some(Sample {
            webhooks: webhooks(flags, &config)?,
            ..sample(&config, library)?
        }),
        None => None,
    };
    let host = host()?;
    if let (Some(sample), Some(path)) = (&mut sample, &flags.cassette) {
        if flags.record {
            record(&host, library, sample, path)?;
        }
        sample.cassette = Some(cassette::read(path)?.into());
    }
    let against = flags.against.as_deref().map(PluginFile::open).transpose();
    let against = against.map_err(|error| Failure::of(&error).hint(error.hint()))?;
    let verdicts = conformance::check(
        &host,
        library,
        CheckOptions {
            sample: sample.as_ref(),
            against: against.as_ref(),
            fuzz: flags.fuzz,
        },
    );
    let name = library.display().to_string();
    match flags.format {
        CheckFormat::Text => output::bytes(table(&verdicts).as_bytes())?,
        CheckFormat::Json => output::line(&format!("{:#}", report::json(&name, &verdicts)))?,
        CheckFormat::Junit => output::bytes(report::junit(&name, &verdicts).as_bytes())?,
    }
    conclusion(&verdicts)
}

/// Reads the webhooks that are named, or lie beside the configuration.
fn webhooks(flags: &CheckFlags, config: &Path) -> Result<Vec<Recorded>, Failure> {
    let beside = config.with_file_name(WEBHOOKS_FILE);
    let Some(path) = (flags.webhooks.clone()).or(beside.is_file().then_some(beside)) else {
        return Ok(Vec::new());
    };
    let text = cassette::read(&path)?;
    Recorded::parse(&text, Timestamp::now()).map_err(|error| {
        let hint = "a line is {\"body\": …} with `headers`, `url`, `method`, `received_at` where \
                    they matter";
        Failure::new(format!("`{}`, {error}", path.display())).hint(hint)
    })
}

fn time(text: &str) -> Result<Duration, String> {
    scalar::duration(text).map_err(|complaint| format!("{}; {}", complaint.what, complaint.hint))
}

/// Reads every stream of the plugin, and again from where that ended, and keeps what the vendor
/// answers.
fn record(host: &Host, library: &Path, sample: &Sample, path: &Path) -> Result<(), Failure> {
    let plugin = PluginFile::open(library);
    let plugin = plugin.map_err(|error| Failure::of(&error).hint(error.hint()))?;
    let inserted = cassette::record(path)?;
    let bench = Bench::new(host, &plugin, Some(sample));
    for stream in &plugin.manifest().streams {
        let plan = bench.plan(sample, stream);
        let full = recorded(&bench, &plan, &inserted)?;
        recorded(&bench, &plan.starting(full.end()), &inserted)?;
    }
    inserted.finish()
}

fn recorded(bench: &Bench<'_>, plan: &ReadPlan<'_>, tape: &Inserted) -> Result<Reading, Failure> {
    let reading = bench.read_through(plan, tape.cassette());
    match &reading.outcome.failure {
        None => Ok(reading),
        Some(failure) => {
            let what = format!("`{}` cannot be recorded: {failure}", plan.stream);
            Err(Failure::new(what).hint("the cassette holds what came before; remove it"))
        }
    }
}

/// Opens the child program beside this one.
pub(super) fn host() -> Result<Host, Failure> {
    Host::beside_this_program().map_err(|error| Failure {
        hint: Some(error.hint().to_owned()),
        ..Failure::of(&error)
    })
}

/// Fails when a test did.
pub(super) fn conclusion(verdicts: &[Verdict]) -> Result<(), Failure> {
    match report::count(verdicts, Status::Fail) {
        0 => Ok(()),
        1 => Err(Failure::new("1 test failed")),
        n_failed => Err(Failure::new(format!("{n_failed} tests failed"))),
    }
}

/// Returns one line a test, and below it what to mend.
pub(super) fn table(verdicts: &[Verdict]) -> String {
    let rows: Vec<Vec<String>> = verdicts
        .iter()
        .map(|verdict| {
            let (group, test) = (verdict.group.name(), verdict.test);
            let status = verdict.finding.status.name().to_owned();
            vec![
                status,
                format!("{group}/{test}"),
                verdict.finding.what.clone(),
            ]
        })
        .collect();
    let table = output::table(&rows);
    let mut text = String::new();
    for (line, verdict) in table.lines().zip(verdicts) {
        text.push_str(line);
        text.push('\n');
        if let Some(remedy) = verdict.finding.remedy {
            text.push_str(&format!("      hint: {remedy}\n"));
        }
    }
    let counts = [Status::Pass, Status::Warn, Status::Fail, Status::Skip]
        .map(|status| format!("{} {}", report::count(verdicts, status), status.name()));
    text.push_str(&counts.join(", "));
    text.push('\n');
    text
}

/// Reads the sample of a plugin: the source that names it, or the only one there is.
pub(super) fn sample(file: &Path, library: &Path) -> Result<Sample, Failure> {
    let config = load(file)?;
    let plugins: Arc<dyn Plugins> = Arc::new(plugin_folders(&config));
    let specs = source_specs(&config, &plugins);
    // A library that is no plugin is the report's first line.
    let opened = PluginFile::open(library).ok();
    let name = opened
        .as_ref()
        .map_or("", PluginFile::name)
        .replace('-', "_");
    let named = specs
        .iter()
        .find(|spec| spec.plugin.replace('-', "_") == name);
    let spec = match (named, specs.as_slice()) {
        (Some(spec), _) | (None, [spec]) => spec,
        (None, _) => {
            return Err(Failure::new(format!(
                "`{}` has no [[source]] with plugin = \"{name}\"",
                file.display()
            ))
            .hint("add one; `vocd plugin describe LIB` prints it"));
        }
    };
    let resolved = (spec.resolve)().map_err(|failure| {
        let hint = "the check reads with this configuration: correct it, and set its secrets";
        Failure::new(failure.message).hint(hint)
    })?;
    Ok(Sample {
        config: resolved.json,
        secrets: resolved.secrets,
        base_dir: spec.base_dir.clone(),
        limits: spec.limits,
        cassette: None,
        webhooks: Vec::new(),
    })
}
