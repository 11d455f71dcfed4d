//! `vocd render`: one panel into a file, with or without a running daemon.

use std::path::PathBuf;

use clap::Args;

use crate::config::{Config, Fault};
use crate::dashboard::Shelf;

use super::desk::{Desk, target};
use super::failure::Failure;
use super::{ConfigFlag, output};

/// What is drawn, and how.
#[derive(Debug, Args)]
pub(super) struct RenderFlags {
    /// DASHBOARD or DASHBOARD/PANEL; without a panel the first
    what: String,
    /// File to write; its ending is the format: png, svg, json, csv or txt
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    output: PathBuf,
    /// Width in pixels, 200 to 7680
    #[arg(long)]
    width: Option<u32>,
    /// Height in pixels, 120 to 4320
    #[arg(long)]
    height: Option<u32>,
    /// dark, light or contrast [default: the dashboard's]
    #[arg(long)]
    theme: Option<String>,
    /// en, de, fr or es
    #[arg(long)]
    lang: Option<String>,
    /// 90d, 12w, 6mo, 2y, ytd, all, or FROM..TO [default: the dashboard's]
    #[arg(long)]
    range: Option<String>,
    /// Draw it as it was known at this instant
    #[arg(long, value_name = "INSTANT")]
    as_of: Option<String>,
    #[command(flatten)]
    config: ConfigFlag,
}

const ENDINGS: [&str; 5] = ["png", "svg", "json", "csv", "txt"];

/// Writes the file.
pub(super) fn run(flags: &RenderFlags) -> Result<(), Failure> {
    let ending = flags
        .output
        .extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or_default();
    if !ENDINGS.contains(&ending) {
        let what = format!("`{}` does not say a format", flags.output.display());
        return Err(
            Failure::new(what).hint(format!("end its name in one of {}", ENDINGS.join(", ")))
        );
    }
    let config = super::find_and_load(&flags.config)?;
    let pairs: Vec<(String, String)> = [
        ("width", flags.width.map(|width_px| width_px.to_string())),
        (
            "height",
            flags.height.map(|height_px| height_px.to_string()),
        ),
        ("theme", flags.theme.clone()),
        ("lang", flags.lang.clone()),
        ("range", flags.range.clone()),
        ("as_of", flags.as_of.clone()),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), value?)))
    .collect();
    let path = match flags.what.split_once('/') {
        Some((dashboard, panel)) => {
            target(&["charts", dashboard, &format!("{panel}.{ending}")], &pairs)
        }
        None => target(&["charts", &format!("{}.{ending}", flags.what)], &pairs),
    };
    let desk = Desk::open(&config)?;
    let reply = desk.get(&path, "*/*")?;
    if !reply.is_success() {
        // A chart address draws its errors; the words of one come with the text formats.
        if let Some(fault) = fault_of(&config, &flags.what) {
            return Err(Failure::new(fault.to_string()));
        }
        let words = path.replacen(&format!(".{ending}"), ".json", 1);
        return Err(desk.get(&words, "application/json")?.into_failure());
    }
    std::fs::write(&flags.output, &reply.body).map_err(|error| {
        Failure::new(format!(
            "failed to write `{}`: {error}",
            flags.output.display()
        ))
        .hint("check that the folder exists and is writable")
    })?;
    output::line(&flags.output.display().to_string())
}

/// Returns the fault that keeps a dashboard from being shown at all, if that is why it is unknown.
fn fault_of(config: &Config, what: &str) -> Option<Fault> {
    let name = what.split('/').next().unwrap_or_default();
    let shelf = Shelf::load(config.dashboards_dir(), config.dashboard_context());
    let is_kept = shelf.get(name).is_some();
    let faults = shelf.faults().into_iter();
    faults
        .filter(|_| !is_kept)
        .find(|fault| fault.file.file_stem().is_some_and(|stem| stem == name))
}
