//! `vocd plugin`: what plugins say of themselves without being run, which may run, and what their
//! authors type.

mod check;
mod dev;
mod list;
mod new;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::Value;

use crate::config::Config;
use crate::host::PluginFile;
use crate::host::manifest::Manifest;
use crate::host::manifest::webhook::{AuthScheme, WebhookScheme};
use crate::host::trust::{Lock, LockEntry, LockError};

use super::failure::Failure;
use super::{ConfigFlag, desk, output};

/// Which plugin command.
#[derive(Debug, Args)]
pub(super) struct PluginFlags {
    #[command(subcommand)]
    command: PluginCommand,
}

#[derive(Debug, Subcommand)]
enum PluginCommand {
    /// List the plugins of the plugin folders
    List(ConfigFlag),
    /// Print a plugin's manifest and an annotated configuration
    Describe {
        /// Library file, or the name of a plugin in the plugin folders
        library: PathBuf,
        #[command(flatten)]
        config: ConfigFlag,
    },
    /// Approve this build of a plugin: adds its digest to plugins.lock beside the configuration
    Trust {
        /// Library file, or the name of a plugin in the plugin folders
        library: PathBuf,
        #[command(flatten)]
        config: ConfigFlag,
    },
    /// Let a changed plugin run although it breaks with the build before; the daemon must be running
    Approve {
        /// Name of the plugin
        name: String,
        #[command(flatten)]
        config: ConfigFlag,
    },
    /// Run a plugin through the contract, offline, and say what to mend
    Check(check::CheckFlags),
    /// Write the crate of a new plugin, which builds and works as it is
    New(new::NewFlags),
    /// Build, check and read a plugin's crate, again whenever a file is saved
    Dev(dev::DevFlags),
}

/// Runs a plugin command.
pub(super) fn run(flags: &PluginFlags) -> Result<(), Failure> {
    match &flags.command {
        PluginCommand::List(flag) => list::run(flag),
        PluginCommand::Describe { library, config } => describe(library, config),
        PluginCommand::Trust { library, config } => trust(library, config),
        PluginCommand::Approve { name, config } => approve(name, config),
        PluginCommand::Check(flags) => check::run(flags),
        PluginCommand::New(flags) => new::run(flags),
        PluginCommand::Dev(flags) => dev::run(flags),
    }
}

/// Returns the configuration, or `None` where there is none and none was named.
fn config_if_any(flag: &ConfigFlag) -> Result<Option<Config>, Failure> {
    match Config::find(flag.config.as_deref()) {
        Ok(path) => Ok(Some(super::load(&path)?)),
        Err(fault) if flag.config.is_some() => Err(Failure::of_fault(&fault)),
        Err(_) => Ok(None),
    }
}

/// Returns the plugin folders of the configuration, or the default ones where there is none.
fn plugin_dirs(flag: &ConfigFlag) -> Result<Vec<PathBuf>, Failure> {
    let config = config_if_any(flag)?;
    Ok(config.map_or_else(Config::default_plugin_dirs, |config| {
        config.plugin_dirs().to_vec()
    }))
}

/// Opens the library that is named by its path or by its plugin's name.
fn open(library: &Path, flag: &ConfigFlag) -> Result<PluginFile, Failure> {
    let is_file = library.components().count() > 1 || library.extension().is_some();
    let found = if is_file {
        PluginFile::open(library)
    } else {
        PluginFile::find(&plugin_dirs(flag)?, &library.to_string_lossy())
    };
    found.map_err(|error| Failure::of(&error).hint(error.hint()))
}

fn describe(library: &Path, flag: &ConfigFlag) -> Result<(), Failure> {
    output::bytes(description(&open(library, flag)?).as_bytes())
}

fn trust(library: &Path, flag: &ConfigFlag) -> Result<(), Failure> {
    let plugin = open(library, flag)?;
    let path = super::find_and_load(flag)?.plugin_lock();
    let fail = |error: &LockError| Failure::of(error);
    let mut lock = Lock::read(&path).map_err(|error| fail(&error))?;
    let (name, version) = (plugin.name(), &plugin.manifest().version);
    if lock.approves(plugin.sha256()) {
        return output::line(&format!("{name} {version} is approved already"));
    }
    let before = lock.approve(LockEntry {
        id: plugin.manifest().id.clone(),
        version: version.clone(),
        sha256: plugin.sha256().to_owned(),
    });
    lock.write(&path).map_err(|error| fail(&error))?;
    let beside = match before.as_slice() {
        [] => String::new(),
        before => format!(", beside {}", before.join(", ")),
    };
    output::line(&format!(
        "{name} {version} may run from now on{beside}; noted in {}",
        path.display()
    ))
}

fn approve(name: &str, flag: &ConfigFlag) -> Result<(), Failure> {
    let config = super::find_and_load(flag)?;
    let Some(socket) = desk::running_daemon(&config) else {
        return Err(Failure::new("no daemon is running that holds it back").hint("vocd serve"));
    };
    let mut outcome = Ok(String::new());
    desk::command(
        &socket,
        &format!("/control/approve?plugin={name}"),
        |line| {
            let text = |value: &Value| value.as_str().map(str::to_owned);
            if let Some(what) = text(&line["failure"]["what"]) {
                outcome = Err(Failure {
                    what,
                    hint: text(&line["failure"]["hint"]),
                });
            } else if let Some(version) = text(&line["report"]["version"]) {
                outcome = Ok(version);
            }
        },
    )?;
    output::line(&format!("{name} {} runs from now on", outcome?))
}

fn description(plugin: &PluginFile) -> String {
    let manifest = plugin.manifest();
    let streams = manifest
        .streams
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    let or_none = |texts: &[String]| {
        if texts.is_empty() {
            "none".to_owned()
        } else {
            texts.join(", ")
        }
    };
    let rows: Vec<Vec<String>> = [
        ("plugin", plugin.name().to_owned()),
        ("name", manifest.name.clone()),
        ("id", manifest.id.clone()),
        ("version", manifest.version.clone()),
        ("abi", format!("{}.{}", manifest.abi.0, manifest.abi.1)),
        ("sdk", manifest.sdk.clone()),
        ("licence", manifest.license.clone()),
        ("homepage", manifest.homepage.clone()),
        ("can", or_none(&manifest.caps)),
        ("streams", streams),
        ("webhooks", webhooks(manifest.webhook.as_ref())),
        ("network", or_none(&manifest.egress)),
        ("sha256", plugin.sha256().to_owned()),
        ("file", plugin.path().display().to_string()),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| vec![name.to_owned(), value])
    .collect();
    format!(
        "{}\n{}",
        output::table(&rows),
        sample(plugin.name(), manifest)
    )
}

/// Returns how webhooks prove where they come from; empty where none are taken.
fn webhooks(scheme: Option<&WebhookScheme>) -> String {
    let proofs = scheme.map_or(&[][..], |scheme| &scheme.auth);
    let proofs = proofs.iter().map(|auth| match auth {
        AuthScheme::Signature(signature) => format!("signed in `{}`", signature.header),
        AuthScheme::Basic { .. } => "HTTP Basic".to_owned(),
        AuthScheme::Token { .. } => "a token".to_owned(),
    });
    proofs.collect::<Vec<_>>().join(", or ")
}

/// Writes a `[[source]]` with every property of the plugin's schema, explained.
fn sample(plugin: &str, manifest: &Manifest) -> String {
    let head =
        format!("[[source]]\nname = \"my-{plugin}\"\nplugin = \"{plugin}\"\nevery = \"10m\"\n");
    let schema = &manifest.config_schema;
    format!(
        "{head}{}",
        Sample { schema }.table(schema, "source.config", "[", 0)
    )
}

/// Tables inside tables that are shown; a schema may contain itself.
const DEPTH_MAX: usize = 4;

/// Turns a schema into an annotated table.
struct Sample<'a> {
    schema: &'a Value,
}

impl<'a> Sample<'a> {
    /// Writes one table: its plain properties, then those that are tables themselves.
    fn table(&self, node: &'a Value, path: &str, bracket: &str, depth: usize) -> String {
        let mut text = format!("\n{bracket}{path}{}\n", bracket.replace('[', "]"));
        let mut inner = String::new();
        let required: Vec<&str> = node["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let properties = node["properties"].as_object().into_iter().flatten();
        // A name that begins with `$` is filled in by vocd.
        for (name, written) in properties.filter(|(name, _)| !name.starts_with('$')) {
            let property = self.resolved(written);
            let items = self.resolved(&property["items"]);
            let need = if required.contains(&name.as_str()) {
                "required"
            } else {
                "optional"
            };
            let what = written["description"]
                .as_str()
                .or(property["description"].as_str());
            let line = format!(
                "# {name} ({}, {need}) {}",
                kind(property),
                what.unwrap_or_default()
            );
            text.push_str(line.trim_end());
            text.push('\n');
            let (table, bracket) = match property["properties"].is_object() {
                true => (property, "["),
                false => (items, "[["),
            };
            if table["properties"].is_object() && depth < DEPTH_MAX {
                inner.push_str(&self.table(table, &format!("{path}.{name}"), bracket, depth + 1));
            }
        }
        format!("{text}{inner}")
    }

    /// Follows a reference inside the schema.
    fn resolved(&self, node: &'a Value) -> &'a Value {
        let pointer = node["$ref"]
            .as_str()
            .and_then(|reference| reference.strip_prefix('#'));
        pointer
            .and_then(|pointer| self.schema.pointer(pointer))
            .unwrap_or(node)
    }
}

/// Names the values that a property takes.
fn kind(property: &Value) -> String {
    let choices = property["enum"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let choices: Vec<&str> = choices.collect();
    match choices.as_slice() {
        [] => property["type"].as_str().unwrap_or("value").to_owned(),
        choices => choices.join(" | "),
    }
}
