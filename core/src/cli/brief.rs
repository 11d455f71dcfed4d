//! `vocd brief`: what moved, what moved it, and what to do next; the same as
//! `/dashboards/NAME/brief`.

use clap::Args;

use super::desk::{Desk, target};
use super::failure::Failure;
use super::{ConfigFlag, output};

/// What it is about, and how it is printed.
#[derive(Debug, Args)]
pub(super) struct BriefFlags {
    /// Dashboard whose questions it is about [default: the headline KPIs]
    dashboard: Option<String>,
    /// 90d, 12w, 6mo, 2y, ytd, all, or FROM..TO [default: the dashboard's, else 90d]
    #[arg(long)]
    range: Option<String>,
    /// Answer as it was known at this instant
    #[arg(long, value_name = "INSTANT")]
    as_of: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigFlag,
}

/// Prints the brief.
pub(super) fn run(flags: &BriefFlags) -> Result<(), Failure> {
    let config = super::find_and_load(&flags.config)?;
    let named = [("range", &flags.range), ("as_of", &flags.as_of)];
    let pairs: Vec<(String, String)> = named
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)))
        .collect();
    let path = match &flags.dashboard {
        Some(name) => vec!["dashboards", name.as_str(), "brief"],
        None => vec!["api", "v1", "brief"],
    };
    let accept = if flags.json {
        "application/json"
    } else {
        "text/plain"
    };
    let reply = Desk::open(&config)?.get(&target(&path, &pairs), accept)?;
    let reply = reply.or_failure()?;
    output::line(String::from_utf8_lossy(&reply.body).trim_end())
}
