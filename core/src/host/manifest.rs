//! What a plugin says about itself, read from its library's `.voc.manifest` section.
//!
//! Nothing of the library runs: opening it would already execute its constructors.

mod change;
pub mod webhook;

use std::collections::{BTreeMap, BTreeSet};

use object::read::elf::ElfFile64;
use object::{Architecture, Endianness, Object, ObjectSection};
use serde::Deserialize;
use serde_json::Value;

use self::webhook::{RawWebhook, WebhookScheme};
use crate::record::StreamName;

/// The plugin ABI this vocd offers, as major and minor.
pub const ABI: (u32, u32) = (1, 0);

/// Section that holds the manifest.
const SECTION: &str = ".voc.manifest";
/// First bytes of the section.
const MAGIC: &[u8] = b"VOCM1\n";
/// Longest manifest, in bytes of JSON; a configuration schema of a large vendor is about 30 KiB.
const JSON_BYTES_MAX: usize = 256 * 1024;
/// Most streams of one plugin: each costs one child process per pull.
const STREAMS_MAX: usize = 64;

/// A plugin's static description.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// Reverse domain name, such as `vocd.csv`.
    pub id: String,
    /// The plugin's own version.
    pub version: String,
    /// Name for people.
    pub name: String,
    /// Licence expression; empty when not said.
    pub license: String,
    /// Web page; empty when not said.
    pub homepage: String,
    /// Target triple the library was built for; empty when not said.
    pub target: String,
    /// SDK name and version; empty when not said.
    pub sdk: String,
    /// ABI it was built against, as major and minor.
    pub abi: (u32, u32),
    /// Oldest ABI of a host it works with, as major and minor.
    pub min_host: (u32, u32),
    /// Capabilities, such as `pull`.
    pub caps: Vec<String>,
    /// Hosts it talks to, such as `*.zendesk.com:443`; empty without a network.
    pub egress: Vec<String>,
    /// JSON Schema of its configuration; `null` when not said.
    pub config_schema: Value,
    /// Streams it reads, in the order they are pulled; at least one, or webhooks.
    pub streams: Vec<StreamName>,
    /// Kinds that each stream emits; a stream that names none may emit any.
    pub kinds: BTreeMap<StreamName, BTreeSet<String>>,
    /// Version of its checkpoints' format.
    pub checkpoint_format: u32,
    /// Webhooks it takes.
    pub webhook: Option<WebhookScheme>,
    /// Memory it asks for, in MiB.
    pub memory_mib: Option<u64>,
    /// Longest silence it asks for, in seconds.
    pub idle_s: Option<u64>,
}

/// Why a file is not a plugin this vocd can run.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The file is no ELF library, or only a part of one.
    #[error("it is not a complete 64-bit ELF library")]
    NotElf(#[source] object::Error),
    /// The library is for another processor.
    #[error("it is built for {found}, this machine is {expected}")]
    OtherMachine {
        /// Processor of the library.
        found: String,
        /// Processor of this vocd.
        expected: &'static str,
    },
    /// The library is not a vocd plugin.
    #[error("it is a library without a `{SECTION}` section")]
    NoSection,
    /// The section's frame is wrong.
    #[error("its `{SECTION}` section is damaged: {what}")]
    Damaged {
        /// What is wrong.
        what: &'static str,
    },
    /// The section's JSON is wrong.
    #[error("its manifest is not what a plugin of this ABI writes")]
    Json(#[source] serde_json::Error),
    /// A field's value is wrong.
    #[error("its manifest is wrong: {what}")]
    Field {
        /// What is wrong.
        what: String,
    },
    /// The plugin needs a newer or another host.
    #[error("it needs plugin ABI {}.{}, this vocd offers {}.{}", needs.0, needs.1, ABI.0, ABI.1)]
    Abi {
        /// ABI it needs, as major and minor.
        needs: (u32, u32),
    },
}

impl ManifestError {
    /// Returns what the operator can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotElf(_) => "copy the library again, or build it: cargo build -p vocd-source-…",
            Self::OtherMachine { .. } => "install the plugin's build for this machine",
            Self::NoSection => "a plugin exports its entry with `vocd_plugin::export!`",
            Self::Damaged { .. } | Self::Json(_) | Self::Field { .. } => {
                "rebuild the plugin with the SDK of this release"
            }
            Self::Abi { .. } => "upgrade vocd, or install an older release of the plugin",
        }
    }
}

#[derive(Deserialize)]
struct RawManifest {
    voc: u32,
    abi: (u32, u32),
    min_host: Option<(u32, u32)>,
    id: String,
    version: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    license: String,
    #[serde(default)]
    homepage: String,
    #[serde(default)]
    target: String,
    #[serde(default)]
    sdk: String,
    #[serde(default)]
    caps: Vec<String>,
    #[serde(default)]
    egress: Vec<String>,
    #[serde(default = "any_object")]
    config_schema: Value,
    #[serde(default)]
    streams: Vec<Value>,
    checkpoint_format: Option<u32>,
    webhook: Option<RawWebhook>,
    #[serde(default)]
    limits: RawLimits,
}

#[derive(Deserialize, Default)]
struct RawLimits {
    mem_mb: Option<u64>,
    idle_s: Option<u64>,
}

impl Manifest {
    /// Reads the manifest out of a library's bytes.
    ///
    /// # Errors
    /// When the bytes are not a library, it is no plugin, or it is one for another host.
    pub fn from_library(library: &[u8]) -> Result<Self, ManifestError> {
        let elf = ElfFile64::<Endianness>::parse(library).map_err(ManifestError::NotElf)?;
        if elf.architecture() != expected_architecture() {
            return Err(ManifestError::OtherMachine {
                found: format!("{:?}", elf.architecture()),
                expected: std::env::consts::ARCH,
            });
        }
        let section = elf
            .section_by_name(SECTION)
            .ok_or(ManifestError::NoSection)?;
        Self::from_section(section.data().map_err(ManifestError::NotElf)?)
    }

    /// Reads the manifest out of the section's bytes: magic, `u32` length, JSON.
    ///
    /// # Errors
    /// When the bytes are damaged or the plugin needs another host.
    pub fn from_section(section: &[u8]) -> Result<Self, ManifestError> {
        let damaged = |what| ManifestError::Damaged { what };
        let rest = section
            .strip_prefix(MAGIC)
            .ok_or_else(|| damaged("it does not start with `VOCM1`"))?;
        let (length, json) = rest
            .split_first_chunk::<4>()
            .ok_or_else(|| damaged("it ends inside its length"))?;
        let json_bytes = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        if json_bytes > JSON_BYTES_MAX {
            return Err(damaged("it is longer than 256 KiB"));
        }
        let json = json
            .get(..json_bytes)
            .ok_or_else(|| damaged("it is shorter than it says"))?;
        let raw: RawManifest = serde_json::from_slice(json).map_err(ManifestError::Json)?;
        Self::try_from(raw)
    }
}

impl TryFrom<RawManifest> for Manifest {
    type Error = ManifestError;

    fn try_from(raw: RawManifest) -> Result<Self, ManifestError> {
        let wrong = |what: String| Err(ManifestError::Field { what });
        let needs = raw.min_host.unwrap_or((raw.abi.0, 0));
        if raw.voc != 1 || raw.abi.0 != ABI.0 {
            return Err(ManifestError::Abi { needs: raw.abi });
        }
        if needs.0 != ABI.0 || needs.1 > ABI.1 {
            return Err(ManifestError::Abi { needs });
        }
        if raw.id.is_empty() || raw.version.is_empty() {
            return wrong("`id` or `version` is empty".to_owned());
        }
        let is_idle = raw.streams.is_empty() && raw.webhook.is_none();
        if is_idle || raw.streams.len() > STREAMS_MAX {
            return wrong(format!("`streams` must name 1 to {STREAMS_MAX} streams"));
        }
        let mut streams = Vec::with_capacity(raw.streams.len());
        let mut kinds = BTreeMap::new();
        for stream in &raw.streams {
            let name = stream.as_str().or_else(|| stream["name"].as_str());
            match name.and_then(StreamName::new) {
                Some(name) if !streams.contains(&name) => {
                    let named = stream["kinds"].as_array().into_iter().flatten();
                    let named = named.filter_map(Value::as_str).map(str::to_owned);
                    kinds.insert(name.clone(), named.collect::<BTreeSet<_>>());
                    streams.push(name);
                }
                Some(name) => return wrong(format!("stream `{name}` is named twice")),
                None => return wrong(format!("`{stream}` does not name a stream")),
            }
        }
        let webhook = raw.webhook.map(WebhookScheme::try_from).transpose();
        let webhook = webhook.map_err(|error| ManifestError::Field {
            what: error.to_string(),
        })?;
        Ok(Self {
            name: if raw.name.is_empty() {
                raw.id.clone()
            } else {
                raw.name
            },
            id: raw.id,
            version: raw.version,
            license: raw.license,
            homepage: raw.homepage,
            target: raw.target,
            sdk: raw.sdk,
            abi: raw.abi,
            min_host: needs,
            caps: raw.caps,
            egress: raw.egress,
            config_schema: raw.config_schema,
            streams,
            kinds,
            checkpoint_format: raw.checkpoint_format.unwrap_or(1),
            webhook,
            memory_mib: raw.limits.mem_mb,
            idle_s: raw.limits.idle_s,
        })
    }
}

fn expected_architecture() -> Architecture {
    if cfg!(target_arch = "x86_64") {
        Architecture::X86_64
    } else if cfg!(target_arch = "aarch64") {
        Architecture::Aarch64
    } else {
        Architecture::Unknown
    }
}

/// A plugin that says nothing of its configuration takes any.
fn any_object() -> Value {
    serde_json::json!({ "type": "object" })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::host) fn section(json: &str) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(u32::try_from(json.len()).expect("short").to_le_bytes());
        bytes.extend(json.as_bytes());
        bytes
    }

    fn check_refused(json: &str, expected: &str) {
        let error = Manifest::from_section(&section(json)).expect_err("refused");
        assert!(
            error.to_string().contains(expected),
            "{error} lacks {expected}"
        );
    }

    #[test]
    fn a_small_manifest_is_read() {
        let json = r#"{"voc":1,"abi":[1,0],"id":"vocd.csv","version":"0.1.0",
            "streams":["files",{"name":"more"}]}"#;
        let manifest = Manifest::from_section(&section(json)).expect("valid");
        assert_eq!(manifest.id, "vocd.csv");
        assert_eq!(manifest.name, "vocd.csv");
        assert_eq!(manifest.streams.len(), 2);
        assert_eq!(manifest.checkpoint_format, 1);
    }

    #[test]
    fn a_plugin_for_another_host_is_refused_in_words() {
        check_refused(
            r#"{"voc":1,"abi":[1,4],"min_host":[1,3],"id":"a","version":"1","streams":["s"]}"#,
            "needs plugin ABI 1.3, this vocd offers 1.0",
        );
        check_refused(
            r#"{"voc":1,"abi":[2,0],"id":"a","version":"1","streams":["s"]}"#,
            "needs plugin ABI 2.0",
        );
    }

    #[test]
    fn wrong_fields_are_named() {
        check_refused(
            r#"{"voc":1,"abi":[1,0],"id":"a","version":"1"}"#,
            "`streams` must name",
        );
        check_refused(
            r#"{"voc":1,"abi":[1,0],"id":"a","version":"1","streams":["s","s"]}"#,
            "named twice",
        );
        check_refused(
            r#"{"voc":1,"abi":[1,0],"id":"","version":"1","streams":["s"]}"#,
            "`id`",
        );
        check_refused("[]", "not what a plugin of this ABI writes");
    }

    #[test]
    fn a_damaged_section_is_refused() {
        let whole = section(r#"{"voc":1,"abi":[1,0],"id":"a","version":"1","streams":["s"]}"#);
        for n_bytes in 0..whole.len() {
            assert!(Manifest::from_section(&whole[..n_bytes]).is_err());
        }
        let mut long = MAGIC.to_vec();
        long.extend(u32::MAX.to_le_bytes());
        assert!(Manifest::from_section(&long).is_err());
    }

    #[test]
    fn a_file_that_is_no_library_is_refused() {
        for bytes in [
            b"".as_slice(),
            b"#!/bin/sh\n",
            b"\x7fELF",
            &[0x7f; 64 * 1024],
        ] {
            assert!(matches!(
                Manifest::from_library(bytes),
                Err(ManifestError::NotElf(_))
            ));
        }
    }

    #[test]
    fn a_library_that_is_no_plugin_is_refused() {
        let own = std::fs::read(std::env::current_exe().expect("path")).expect("readable");
        assert!(matches!(
            Manifest::from_library(&own),
            Err(ManifestError::NoSection)
        ));
    }
}
