//! What the plugin says about itself: its manifest, its schema, its name and version.

use std::path::Path;

use serde_json::Value;

use super::{Finding, Log};
use crate::host::manifest::Manifest;
use crate::host::{PluginFile, SECRET_MARK};

/// Words that end the name of a property that holds a secret.
const SECRET_WORDS: [&str; 7] = [
    "token",
    "password",
    "passwd",
    "secret",
    "api_key",
    "apikey",
    "private_key",
];
/// Nested schemas looked into.
const DEPTH_MAX: usize = 16;

/// Runs the tests of the manifest; returns the plugin when it can be run.
pub(super) fn check(log: &mut Log, library: &Path, bytes: &[u8]) -> Option<PluginFile> {
    let manifest = match Manifest::from_library(bytes) {
        Ok(manifest) => manifest,
        Err(error) => {
            let what = match std::error::Error::source(&error) {
                Some(cause) => format!("{error}: {cause}"),
                None => error.to_string(),
            };
            log.note("manifest", Finding::fail(what, error.hint()));
            return None;
        }
    };
    let plugin = match PluginFile::open(library) {
        Ok(plugin) => plugin,
        Err(error) => {
            let remedy = "build the library again";
            log.note("manifest", Finding::fail(error.to_string(), remedy));
            return None;
        }
    };
    let streams: Vec<&str> = manifest.streams.iter().map(|name| name.as_str()).collect();
    let what = format!("{} reads {}", manifest.name, streams.join(", "));
    log.note("manifest", Finding::pass(what));
    log.note("identity", identity(&manifest));
    log.note("schema", schema(&manifest.config_schema));
    log.note("secrets_marked", secrets_marked(&manifest.config_schema));
    Some(plugin)
}

/// Compares the plugin with an earlier build, as a running daemon does before it takes it over.
pub(super) fn against(plugin: &PluginFile, before: &PluginFile) -> Finding {
    let version = &before.manifest().version;
    match plugin.manifest().breaks_with(before.manifest()).as_slice() {
        [] => Finding::pass(format!("takes nothing away that {version} had")),
        breaks => Finding::fail(
            format!("breaks with {version}: {}", breaks.join("; ")),
            "keep what users have, or tell them: they have to let it run with vocd plugin approve",
        ),
    }
}

fn identity(manifest: &Manifest) -> Finding {
    let (id, version) = (&manifest.id, &manifest.version);
    if !is_reverse_domain(id) {
        return Finding::fail(
            format!("its id `{id}` is no reverse domain name"),
            "write one that stays for ever, such as org.example.zendesk",
        );
    }
    match is_semantic(version) {
        true => Finding::pass(format!("{id} {version}")),
        false => Finding::fail(
            format!("its version `{version}` is not semantic"),
            "write MAJOR.MINOR.PATCH; in Rust env!(\"CARGO_PKG_VERSION\")",
        ),
    }
}

fn is_reverse_domain(id: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte)
            })
    };
    id.len() <= 200 && id.split('.').count() >= 2 && id.split('.').all(is_part)
}

fn is_semantic(version: &str) -> bool {
    let (version, build) = version.split_once('+').unwrap_or((version, "0"));
    let (core, pre) = version.split_once('-').unwrap_or((version, "0"));
    let is_number = |part: &str| {
        let has_digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        has_digits && (part == "0" || !part.starts_with('0'))
    };
    let is_label = |part: &str| {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !part.is_empty() && part.bytes().all(is_letter)
    };
    core.split('.').count() == 3
        && core.split('.').all(is_number)
        && pre.split('.').all(is_label)
        && build.split('.').all(is_label)
}

fn schema(schema: &Value) -> Finding {
    if schema.is_null() {
        return Finding::warn(
            "it has no schema of its configuration",
            "declare one: then `vocd check` finds a wrong key before a run does",
        );
    }
    match jsonschema::validator_for(schema) {
        Ok(_) => Finding::pass("the configuration's schema is valid JSON Schema"),
        Err(error) => Finding::fail(
            format!("the configuration's schema is no JSON Schema: {error}"),
            "correct `config_schema`; it is JSON Schema 2020-12",
        ),
    }
}

fn secrets_marked(schema: &Value) -> Finding {
    let mut unmarked = Vec::new();
    look(schema, DEPTH_MAX, &mut unmarked);
    match unmarked.is_empty() {
        true => Finding::pass("no property looks like an unmarked secret"),
        false => Finding::fail(
            format!("not marked as secret: {}", super::few(&unmarked)),
            "add \"x-voc-secret\": true to the property, or false if it holds none",
        ),
    }
}

fn look<'a>(schema: &'a Value, depth: usize, unmarked: &mut Vec<&'a str>) {
    let Some(depth) = depth.checked_sub(1) else {
        return;
    };
    match schema {
        Value::Object(members) => {
            let properties = members.get("properties").and_then(Value::as_object);
            for (name, property) in properties.into_iter().flatten() {
                let is_text = property["type"] == "string";
                if is_text && looks_secret(name) && property.get(SECRET_MARK).is_none() {
                    unmarked.push(name);
                }
            }
            for member in members.values() {
                look(member, depth, unmarked);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| look(item, depth, unmarked)),
        _ => {}
    }
}

fn looks_secret(name: &str) -> bool {
    let name = name.to_lowercase().replace('-', "_");
    SECRET_WORDS.iter().any(|word| name.ends_with(word))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::conformance::Status;

    #[test]
    fn versions_are_semantic() {
        for version in ["0.1.0", "10.20.30", "1.0.0-rc.1", "1.0.0+build.7"] {
            assert!(is_semantic(version), "{version}");
        }
        for version in [
            "1", "1.0", "1.0.x", "v1.0.0", "1.0.0-", "01.0.0", "1.0.0.0", "",
        ] {
            assert!(!is_semantic(version), "{version}");
        }
    }

    #[test]
    fn ids_are_reverse_domain_names() {
        assert!(is_reverse_domain("org.example.zendesk") && is_reverse_domain("vocd.csv"));
        for id in ["zendesk", "org..x", "Org.Example", "a b.c", "."] {
            assert!(!is_reverse_domain(id), "{id}");
        }
    }

    #[test]
    fn a_secret_is_marked_or_said_to_be_none() {
        let check = |property: Value, expected: Status| {
            let schema = json!({ "items": { "properties": { "api-token": property } } });
            assert_eq!(secrets_marked(&schema).status, expected, "{schema}");
        };
        check(json!({ "type": "string" }), Status::Fail);
        check(
            json!({ "type": "string", "x-voc-secret": true }),
            Status::Pass,
        );
        check(
            json!({ "type": "string", "x-voc-secret": false }),
            Status::Pass,
        );
        check(json!({ "type": "integer" }), Status::Pass);
    }

    #[test]
    fn a_schema_that_is_none_fails() {
        assert_eq!(schema(&json!({ "type": "objekt" })).status, Status::Fail);
        assert_eq!(schema(&json!({ "type": "object" })).status, Status::Pass);
        assert_eq!(schema(&Value::Null).status, Status::Warn);
    }
}
