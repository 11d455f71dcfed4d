//! The command line: flags, exit codes and everything that is printed. Nothing else prints.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use tracing_subscriber::EnvFilter;

use crate::config::Config;

mod brief;
mod cassette;
mod check;
mod compact;
mod demo;
mod desk;
mod doctor;
mod erase;
mod failure;
mod kpi;
mod output;
mod plugin;
mod progress;
mod render;
mod serve;
mod sources;
mod sync;
mod token;

use failure::Failure;

/// The voice-of-the-customer daemon: survey, helpdesk and CRM plugins in, charts you can trust out.
#[derive(Debug, Parser)]
#[command(
    name = "vocd",
    version,
    about,
    max_term_width = 100,
    disable_help_subcommand = true
)]
struct Cli {
    /// How log lines on stderr are written
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "text",
        value_name = "FORMAT"
    )]
    log_format: LogFormat,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

/// Where the configuration is.
#[derive(Debug, Args)]
struct ConfigFlag {
    /// Configuration file [default: $VOCD_CONFIG, ./vocd.toml, /etc/vocd/vocd.toml]
    #[arg(short = 'c', long = "config", value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Load the demo company through the csv plugin and serve its walls
    Demo(demo::DemoFlags),
    /// Run the daemon in the foreground
    Serve(ConfigFlag),
    /// Check configuration, dashboards and plugins without network
    Check(ConfigFlag),
    /// Pull one source once
    Sync(sync::SyncFlags),
    /// Draw a panel into a file, with or without a running daemon
    Render(render::RenderFlags),
    /// Print a KPI
    Kpi(kpi::KpiFlags),
    /// Print the improvement brief: what moved, what moved it, what to do next
    Brief(brief::BriefFlags),
    /// Show the state of each source, forget a checkpoint, or parse webhooks again
    Sources(sources::SourcesFlags),
    /// Look at data, configuration, plugins and kernel, and say what to mend
    Doctor(doctor::DoctorFlags),
    /// Give the space of deleted rows back to the disk
    Compact(ConfigFlag),
    /// Take a person out of everything, for good, and print a receipt
    Erase(erase::EraseFlags),
    /// Make, list and revoke access tokens
    Token(token::TokenFlags),
    /// List, describe, check, write and try plugins
    Plugin(plugin::PluginFlags),
    /// Print shell completions
    Completions {
        /// Shell to complete for
        shell: clap_complete::Shell,
    },
}

/// Runs the command of this process's arguments and returns its exit code: 0 done, 1 failed,
/// 2 wrong usage.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    log_to_stderr(cli.log_format);
    let outcome = match cli.command {
        Command::Demo(flags) => demo::run(&flags),
        Command::Serve(flag) => serve::run(&flag),
        Command::Check(flag) => check::run(&flag),
        Command::Sync(flags) => sync::run(&flags),
        Command::Render(flags) => render::run(&flags),
        Command::Kpi(flags) => kpi::run(&flags),
        Command::Brief(flags) => brief::run(&flags),
        Command::Sources(flags) => sources::run(&flags),
        Command::Doctor(flags) => doctor::run(&flags),
        Command::Compact(flag) => compact::run(&flag),
        Command::Erase(flags) => erase::run(&flags),
        Command::Token(flags) => token::run(&flags),
        Command::Plugin(flags) => plugin::run(&flags),
        Command::Completions { shell } => complete(shell),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::failure(&failure);
            ExitCode::FAILURE
        }
    }
}

fn complete(shell: clap_complete::Shell) -> Result<(), Failure> {
    use clap::CommandFactory as _;
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "vocd", &mut script);
    output::bytes(&script)
}

/// Log lines shown when `VOCD_LOG` says nothing: the SVG reader warns at each picture that it does
/// not load the font a browser needs, which it is not meant to.
const LOG_FILTER: &str = "info,simplecss=error,usvg=error,resvg=error";

/// Sends log lines to stderr; `VOCD_LOG` filters them.
fn log_to_stderr(format: LogFormat) {
    let filter = EnvFilter::try_from_env("VOCD_LOG").unwrap_or_else(|_| EnvFilter::new(LOG_FILTER));
    let is_colourful = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(is_colourful);
    match format {
        LogFormat::Text => lines.with_target(false).init(),
        LogFormat::Json => lines.json().init(),
    }
}

/// Returns who works at this terminal, for the audit log.
fn terminal() -> serde_json::Map<String, serde_json::Value> {
    let uid = rustix::process::getuid().as_raw();
    let mut who = serde_json::Map::new();
    who.insert("uid".to_owned(), uid.into());
    who.insert("role".to_owned(), "admin".into());
    who
}

/// Finds, reads and checks the configuration.
fn find_and_load(flag: &ConfigFlag) -> Result<Config, Failure> {
    load(&Config::find(flag.config.as_deref()).map_err(|fault| Failure::of_fault(&fault))?)
}

/// Reads and checks a configuration; a failure tells every fault.
fn load(path: &Path) -> Result<Config, Failure> {
    Config::load(path).map_err(|faults| match faults.as_slice() {
        [fault] => Failure::new(fault.to_string()),
        faults => {
            let lines: Vec<String> = faults.iter().map(|fault| format!("\n  {fault}")).collect();
            Failure::new(format!("{} faults:{}", faults.len(), lines.concat()))
        }
    })
}
