//! `vocd sources`: the state of each source; `reset` forgets a checkpoint, `pause` holds it back.

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use serde_json::Value;

use crate::access::Audit;
use crate::access::audit::Deed;
use crate::config::Config;
use crate::daemon::{House, hold_data_dir, order};
use crate::http::control::Steer;
use crate::ingest::Pauses;
use crate::record::PauseReason;

use super::desk::{self, Desk};
use super::failure::Failure;
use super::{ConfigFlag, output};

/// What is asked of the sources.
#[derive(Debug, Args)]
pub(super) struct SourcesFlags {
    #[command(subcommand)]
    command: Option<SourcesCommand>,
    /// How they are printed
    #[arg(long, value_enum, default_value = "table")]
    format: SourcesFormat,
    #[command(flatten)]
    config: ConfigFlag,
}

#[derive(Debug, Subcommand)]
enum SourcesCommand {
    /// Forget a source's checkpoints: its next pull reads everything again
    Reset {
        /// Name of the source
        name: String,
        #[command(flatten)]
        config: ConfigFlag,
    },
    /// Hold a source back: no pull starts until it is resumed, whatever restarts
    Pause {
        /// Name of the source
        name: String,
        /// Why
        #[arg(long, value_enum, default_value = "operator")]
        reason: ReasonFlag,
        #[command(flatten)]
        config: ConfigFlag,
    },
    /// Let a source go on that was held back
    Resume {
        /// Name of the source
        name: String,
        #[command(flatten)]
        config: ConfigFlag,
    },
    /// Parse webhooks again that were kept aside; the daemon must be running
    Retry {
        /// Name of the source
        name: String,
        #[command(flatten)]
        config: ConfigFlag,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ReasonFlag {
    Maintenance,
    Quota,
    BadData,
    Operator,
}

impl ReasonFlag {
    const fn reason(self) -> PauseReason {
        match self {
            Self::Maintenance => PauseReason::Maintenance,
            Self::Quota => PauseReason::Quota,
            Self::BadData => PauseReason::BadData,
            Self::Operator => PauseReason::Operator,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SourcesFormat {
    Table,
    Json,
}

/// Prints the sources, or resets one.
pub(super) fn run(flags: &SourcesFlags) -> Result<(), Failure> {
    match &flags.command {
        Some(SourcesCommand::Reset { name, config }) => return reset(name, config),
        Some(SourcesCommand::Retry { name, config }) => return retry(name, config),
        Some(SourcesCommand::Pause {
            name,
            reason,
            config,
        }) => return steer(name, Steer::Pause(reason.reason()), config),
        Some(SourcesCommand::Resume { name, config }) => return steer(name, Steer::Resume, config),
        None => {}
    }
    let config = super::find_and_load(&flags.config)?;
    let reply = Desk::open(&config)?
        .get("/api/v1/sources", "application/json")?
        .or_failure()?;
    if matches!(flags.format, SourcesFormat::Json) {
        return output::line(String::from_utf8_lossy(&reply.body).trim_end());
    }
    let document: Value =
        serde_json::from_slice(&reply.body).map_err(|error| Failure::of(&error))?;
    let sources = document["sources"].as_array().cloned().unwrap_or_default();
    if sources.is_empty() {
        return output::line("no sources: add a [[source]] to the configuration");
    }
    output::bytes(table(&sources).as_bytes())
}

fn reset(name: &str, flag: &ConfigFlag) -> Result<(), Failure> {
    let config = super::find_and_load(flag)?;
    let told = |failure: order::OrderFailure| Failure {
        what: failure.what,
        hint: failure.hint,
    };
    match desk::running_daemon(&config) {
        Some(socket) => {
            desk::report(&socket, &format!("/control/reset?source={name}"))?;
        }
        None => {
            let house = House::open(&config).map_err(|error| Failure::of_store(&error))?;
            let done = order::reset(&house, name);
            Audit::open(config.data_dir()).note_change(&Deed {
                who: super::terminal(),
                action: "reset",
                on: name,
                outcome: done.as_ref().err().map_or("ok", |failure| &failure.what),
            });
            done.map_err(told)?;
        }
    }
    output::line(&format!("{name}: the next pull reads everything again"))
}

/// Asks the running daemon, or keeps the wish for the next one.
fn steer(name: &str, steer: Steer, flag: &ConfigFlag) -> Result<(), Failure> {
    let config = super::find_and_load(flag)?;
    let pairs = match steer {
        Steer::Pause(reason) => vec![("reason".to_owned(), reason.name().to_owned())],
        Steer::Run | Steer::Resume => Vec::new(),
    };
    match desk::running_daemon(&config) {
        Some(socket) => {
            let address = ["api", "v1", "sources", name, steer.name()];
            desk::post(&socket, &desk::target(&address, &pairs))?;
        }
        None => steer_here(&config, name, steer)?,
    }
    output::line(&match steer {
        Steer::Pause(_) => format!("{name}: paused; vocd sources resume {name} lets it go on"),
        Steer::Run | Steer::Resume => format!("{name}: goes on"),
    })
}

fn steer_here(config: &Config, name: &str, steer: Steer) -> Result<(), Failure> {
    let name = super::sync::spec(config, name)?.name;
    let _lock = hold_data_dir(config).map_err(|error| Failure::of_store(&error))?;
    let done = Pauses::open(config.data_dir()).and_then(|pauses| match steer {
        Steer::Pause(reason) => pauses.pause(&name, reason, Timestamp::now()).map(|_| ()),
        Steer::Run | Steer::Resume => pauses.resume(&name).map(|_| ()),
    });
    let failure = done.as_ref().err().map(ToString::to_string);
    Audit::open(config.data_dir()).note_change(&Deed {
        who: super::terminal(),
        action: steer.name(),
        on: name.as_str(),
        outcome: failure.as_deref().unwrap_or("ok"),
    });
    done.map_err(|error| Failure::of(&error).hint(error.hint()))
}

fn retry(name: &str, flag: &ConfigFlag) -> Result<(), Failure> {
    let config = super::find_and_load(flag)?;
    let Some(socket) = desk::running_daemon(&config) else {
        return Err(Failure {
            what: "no daemon is running that could parse them".to_owned(),
            hint: Some("start it: vocd serve".to_owned()),
        });
    };
    let report = desk::report(&socket, &format!("/control/retry?source={name}"))?;
    let n_webhooks = report["webhooks"].as_u64().unwrap_or_default();
    output::line(&format!("{name}: {n_webhooks} webhooks are parsed again"))
}

fn table(sources: &[Value]) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| "-".to_owned(), str::to_owned);
    let mut rows = vec![
        ["source", "state", "last good pull", "rows", "rejected"]
            .map(str::to_owned)
            .to_vec(),
    ];
    let mut more = String::new();
    for source in sources {
        let paused = source["paused"]["reason"].as_str();
        let state = match (source["failing"].as_bool(), source["stale"].as_bool()) {
            (Some(true), _) => "failing",
            (_, Some(true)) => "stale",
            _ if source["last_success"].is_null() => "not yet pulled",
            _ => "ok",
        };
        let kinds = source["rows"].as_object().into_iter().flatten();
        let kinds: Vec<String> = kinds
            .map(|(kind, n_rows)| format!("{n_rows} {kind}"))
            .collect();
        let n_rejects: u64 = source["rejects"]
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(_, n_rejects)| n_rejects.as_u64())
            .sum();
        rows.push(vec![
            text(&source["name"]),
            paused.map_or_else(|| state.to_owned(), |reason| format!("paused: {reason}")),
            text(&source["last_success"]),
            if kinds.is_empty() {
                "none".to_owned()
            } else {
                kinds.join(", ")
            },
            n_rejects.to_string(),
        ]);
        more.push_str(&details(source));
    }
    format!("{}{more}", output::table(&rows))
}

/// Writes why a source fails and what it refused.
fn details(source: &Value) -> String {
    let name = source["name"].as_str().unwrap_or_default();
    let mut text = String::new();
    let failure = &source["last_run"]["failure"];
    if let Some(message) = failure["message"].as_str() {
        let reason = failure["reason"].as_str().unwrap_or("failed");
        text.push_str(&format!("\n{name}: {reason}: {message}\n"));
    }
    text.push_str(&webhooks(name, &source["webhooks"]));
    text.push_str(&plugin(name, &source["plugin"]));
    for (reason, n_rejects) in source["rejects"].as_object().into_iter().flatten() {
        text.push_str(&format!("\n{name}: {n_rejects} rejected as {reason}\n"));
        let samples = source["reject_samples"].as_array().into_iter().flatten();
        for sample in samples.filter(|sample| sample["reason"] == reason.as_str()) {
            let part = |name: &str| sample[name].as_str().unwrap_or_default();
            text.push_str(&format!("  {}: {}\n", part("place"), part("detail")));
        }
    }
    text
}

/// Writes why the file of a source's plugin is not what runs.
fn plugin(name: &str, plugin: &Value) -> String {
    let part = |name: &str| plugin[name].as_str().unwrap_or_default();
    let (state, why, hint) = (part("state"), part("why"), part("hint"));
    if why.is_empty() {
        return String::new();
    }
    let plugin = part("name");
    format!("\n{name}: plugin {plugin} is {state}: {why}\n  {hint}\n")
}

/// Writes what waits in the inbox and what was kept aside.
fn webhooks(name: &str, webhooks: &Value) -> String {
    let count = |member: &str| webhooks[member].as_u64().unwrap_or_default();
    let mut text = String::new();
    if let Some(message) = webhooks["failure"]["message"].as_str() {
        let n_waiting = count("waiting");
        text.push_str(&format!("\n{name}: {n_waiting} webhooks wait: {message}\n"));
    }
    let n_letters = count("dead_letters");
    if n_letters > 0 {
        text.push_str(&format!(
            "\n{name}: {n_letters} webhooks were kept aside; vocd sources retry {name} parses them again\n"
        ));
    }
    for letter in webhooks["letters"].as_array().into_iter().flatten() {
        let part = |name: &str| letter[name].as_str().unwrap_or_default();
        let (at, reason, detail) = (part("received_at"), part("reason"), part("detail"));
        text.push_str(&format!("  {at}: {reason}: {detail}\n"));
    }
    text
}
