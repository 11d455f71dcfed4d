//! `vocd demo`: the demo company's files, loaded by the real csv plugin, served on real walls.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::config::Config;
use crate::daemon::{self, House, plugin_folders, source_specs};
use crate::demo::{self, site};
use crate::host::Host;
use crate::host::fleet::Plugins;
use crate::ingest::PullOptions;

use super::failure::Failure;
use super::output;
use super::progress::Progress;
use super::{serve, sync};

/// The company is the same at every start.
const SEED: u64 = 2_023;
/// Zone whose yesterday is the last day of the demo.
const ZONE: &str = "Europe/Berlin";

/// Where the demo lives.
#[derive(Debug, Args)]
pub(super) struct DemoFlags {
    /// Port to serve on
    #[arg(long, default_value_t = 7878)]
    port: u16,
    /// Keep the company and its store in this folder; the next demo starts from it
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Load and exit
    #[arg(long)]
    no_serve: bool,
    /// First day without records [default: today]
    #[arg(long, value_name = "DATE")]
    until: Option<Date>,
}

/// Folder of a demo; a temporary one is removed at the end.
struct Folder {
    path: PathBuf,
    is_temporary: bool,
}

impl Folder {
    fn new(kept: Option<&Path>) -> Result<Self, Failure> {
        let (path, is_temporary) = match kept {
            Some(path) => (path.to_owned(), false),
            None => {
                let name = format!("vocd-demo-{}", std::process::id());
                (std::env::temp_dir().join(name), true)
            }
        };
        let failed = |error: std::io::Error| {
            Failure::new(format!(
                "failed to make the folder `{}`: {error}",
                path.display()
            ))
            .hint("name a folder you may write with --keep DIR")
        };
        std::fs::create_dir_all(&path).map_err(failed)?;
        let path = std::path::absolute(&path).map_err(failed)?;
        Ok(Self { path, is_temporary })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.is_temporary {
            // What is left is in the system's folder for such things.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// Writes, loads and serves the demo.
pub(super) fn run(flags: &DemoFlags) -> Result<(), Failure> {
    let folder = Folder::new(flags.keep.as_deref())?;
    let until = flags.until.unwrap_or_else(today);
    let report = demo::generate(&folder.path, SEED, until).map_err(|error| Failure::of(&error))?;
    let path = site::write_config(&folder.path, flags.port, &[], until)
        .map_err(|error| Failure::of(&error))?;
    let config = super::load(&path)?;
    load(&config)?;
    let n_answers = report.rows.get("response").copied().unwrap_or(0);
    output::line(&format!(
        "The demo company: {n_answers} answers from {} to the day before {}, in {}",
        report.first,
        report.until,
        folder.path.display()
    ))?;
    if flags.no_serve {
        return Ok(());
    }
    let names =
        crate::dashboard::Shelf::load(config.dashboards_dir(), config.dashboard_context()).names();
    daemon::run(config, |address| tell(&format!("http://{address}"), &names))
        .map_err(|error| serve::failure(&error))
}

fn today() -> Date {
    let zone = crate::kpi::civil::zone(ZONE).expect("the bundled tz database has it");
    Timestamp::now().to_zoned(zone).date()
}

/// Pulls every source of the demo once.
fn load(config: &Config) -> Result<(), Failure> {
    let host = Host::beside_this_program().map_err(|error| Failure {
        hint: Some(error.hint().to_owned()),
        ..Failure::of(&error)
    })?;
    let house = House::open(config).map_err(|error| Failure::of_store(&error))?;
    let plugins: Arc<dyn Plugins> = Arc::new(plugin_folders(config));
    for spec in source_specs(config, &plugins) {
        let progress = Progress::new(spec.name.as_str());
        sync::pull(
            &host,
            &house,
            config,
            &spec,
            PullOptions::default(),
            &progress,
        )?;
        progress.finish();
    }
    Ok(())
}

fn tell(address: &str, names: &[String]) {
    let mut lines = vec![String::new(), format!("  every dashboard   {address}/")];
    for name in names {
        lines.push(format!("  wall              {address}/walls/{name}"));
    }
    if let Some(first) = names.first() {
        lines.push(format!("  page              {address}/dashboards/{first}"));
        lines.push(format!(
            "  picture           {address}/charts/{first}.png?width=1920&height=1080"
        ));
        lines.push(format!("  the same in words {address}/charts/{first}.txt"));
    }
    lines.push(format!(
        "  numbers           {address}/api/v1/kpis/nps?grain=month"
    ));
    lines.push(String::new());
    lines.push("Ctrl-C ends it.".to_owned());
    for line in lines {
        // The daemon serves whether or not somebody reads its addresses.
        let _ = output::line(&line);
    }
}
