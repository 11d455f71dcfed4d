//! `vocd token`: makes, lists and revokes access tokens, beside a daemon or alone.

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use serde_json::Value;

use crate::access::order::TokenOrder;
use crate::access::{Access, Grant, Role};
use crate::config::{Config, scalar};
use crate::daemon::hold_data_dir;

use super::desk;
use super::failure::Failure;
use super::{ConfigFlag, output};

/// What is asked of the tokens.
#[derive(Debug, Args)]
pub(super) struct TokenFlags {
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Make a token and show its secret, once
    New(NewFlags),
    /// List the tokens; their secrets are kept nowhere
    List {
        /// How they are printed
        #[arg(long, value_enum, default_value = "table")]
        format: ListFormat,
        #[command(flatten)]
        config: ConfigFlag,
    },
    /// Take a token back: it is refused from now on
    Revoke {
        /// Id of the token, as `vocd token list` shows it
        id: String,
        #[command(flatten)]
        config: ConfigFlag,
    },
}

#[derive(Debug, Args)]
struct NewFlags {
    /// What its holder may
    #[arg(long, value_enum)]
    role: RoleFlag,
    /// Team that a lead leads
    #[arg(long)]
    team: Option<String>,
    /// Id of the agent
    #[arg(long)]
    agent: Option<String>,
    /// Only wall that a viewer sees, with its charts
    #[arg(long, value_name = "NAME")]
    wall: Option<String>,
    /// How long it counts, such as 90d [default: until it is revoked]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    expires: Option<Duration>,
    #[command(flatten)]
    config: ConfigFlag,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleFlag {
    Viewer,
    Lead,
    Agent,
    Editor,
    Admin,
}

impl RoleFlag {
    const fn role(self) -> Role {
        match self {
            Self::Viewer => Role::Viewer,
            Self::Lead => Role::Lead,
            Self::Agent => Role::Agent,
            Self::Editor => Role::Editor,
            Self::Admin => Role::Admin,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ListFormat {
    Table,
    Json,
}

/// Carries out what is asked.
pub(super) fn run(flags: &TokenFlags) -> Result<(), Failure> {
    match &flags.command {
        TokenCommand::New(flags) => new(flags),
        TokenCommand::List { format, config } => {
            let report = carry_out(config, &TokenOrder::List)?;
            let tokens = report["tokens"].as_array().cloned().unwrap_or_default();
            match format {
                ListFormat::Json => output::line(&report.to_string()),
                ListFormat::Table if tokens.is_empty() => {
                    output::line("no tokens: vocd token new --role viewer makes one")
                }
                ListFormat::Table => output::bytes(table(&tokens).as_bytes()),
            }
        }
        TokenCommand::Revoke { id, config } => {
            carry_out(config, &TokenOrder::Revoke { id: id.clone() })?;
            output::line(&format!("{id}: revoked"))
        }
    }
}

fn new(flags: &NewFlags) -> Result<(), Failure> {
    let narrow = |name: &Option<String>| name.clone();
    let grant = Grant::new(
        flags.role.role(),
        narrow(&flags.team),
        narrow(&flags.agent),
        narrow(&flags.wall),
    )
    .map_err(|error| Failure::new(error.to_string()).hint(error.hint()))?;
    let order = TokenOrder::New {
        grant,
        expires_in: flags.expires,
    };
    let report = carry_out(&flags.config, &order)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let until = match report["token"]["expires_at"].as_str() {
        Some(end) => format!("until {end}"),
        None => "until it is revoked".to_owned(),
    };
    tracing::info!(
        id = text(&report["token"]["id"]),
        "the token counts {until}; it is not shown again"
    );
    output::line(&text(&report["secret"]))
}

/// Asks the running daemon, or changes the tokens here while no daemon can start.
fn carry_out(flag: &ConfigFlag, order: &TokenOrder) -> Result<Value, Failure> {
    let config = super::find_and_load(flag)?;
    match desk::running_daemon(&config) {
        Some(socket) => {
            let target = desk::target(&["control", "token"], &order.to_pairs());
            desk::report(&socket, &target)
        }
        None => carry_out_here(&config, order),
    }
}

fn carry_out_here(config: &Config, order: &TokenOrder) -> Result<Value, Failure> {
    let _lock = hold_data_dir(config).map_err(|error| Failure::of_store(&error))?;
    let access =
        Access::open(config.data_dir()).map_err(|error| Failure::of(&error).hint(error.hint()))?;
    order
        .carry_out_for(&access, super::terminal(), Timestamp::now())
        .map_err(|error| Failure::of(&error).hint(error.hint()))
}

fn duration(text: &str) -> Result<Duration, String> {
    scalar::duration(text).map_err(|complaint| format!("{}; {}", complaint.what, complaint.hint))
}

fn table(tokens: &[Value]) -> String {
    let headings = ["id", "role", "for", "made", "expires", "last used"];
    let mut rows = vec![headings.map(str::to_owned).to_vec()];
    for token in tokens {
        let text = |name: &str| token[name].as_str().map(str::to_owned);
        let day = |name: &str| text(name).map(|at| at.chars().take(10).collect::<String>());
        let narrowed = ["team", "agent", "wall"]
            .into_iter()
            .find_map(|name| Some(format!("{name} {}", text(name)?)));
        let expires = match token["is_expired"].as_bool() {
            Some(true) => Some("expired".to_owned()),
            _ => day("expires_at"),
        };
        let dash = |cell: Option<String>| cell.unwrap_or_else(|| "-".to_owned());
        rows.push(vec![
            dash(text("id")),
            dash(text("role")),
            dash(narrowed),
            dash(day("created_at")),
            dash(expires),
            dash(text("last_used")),
        ]);
    }
    output::table(&rows)
}
