//! Licences, banned crates and sources of every dependency, checked without a network.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde::Deserialize;
use vocd_tests::binaries::root;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    req: String,
    path: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    dependencies: Vec<String>,
}

#[derive(Deserialize)]
struct Rules {
    licenses: Licences,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licences {
    allow: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    #[serde(default)]
    wrappers: Vec<String>,
    reason: String,
}

fn metadata() -> Metadata {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON")
}

fn rules() -> Rules {
    let text = std::fs::read_to_string(root().join("deny.toml")).expect("deny.toml");
    toml::from_str(&text).expect("deny.toml is TOML")
}

/// Tells whether a licence expression can be satisfied from the allowed ones: `OR` needs one
/// side, `AND` both; an exception only adds permissions.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let expression = expression.replace(" / ", " OR ").replace('/', " OR ");
    let mut words: Vec<String> = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    words.reverse();
    any_of(&mut words, allowed)
}

fn any_of(words: &mut Vec<String>, allowed: &BTreeSet<String>) -> bool {
    let mut holds = all_of(words, allowed);
    while words.last().is_some_and(|word| word == "OR") {
        words.pop();
        holds |= all_of(words, allowed);
    }
    holds
}

fn all_of(words: &mut Vec<String>, allowed: &BTreeSet<String>) -> bool {
    let mut holds = one(words, allowed);
    while words.last().is_some_and(|word| word == "AND") {
        words.pop();
        holds &= one(words, allowed);
    }
    holds
}

fn one(words: &mut Vec<String>, allowed: &BTreeSet<String>) -> bool {
    let word = words.pop().expect("a licence");
    if word == "(" {
        let holds = any_of(words, allowed);
        assert_eq!(
            words.pop().as_deref(),
            Some(")"),
            "unbalanced licence expression"
        );
        return holds;
    }
    if words.last().is_some_and(|next| next == "WITH") {
        words.truncate(words.len() - 2);
    }
    allowed.contains(&word)
}

#[test]
fn every_licence_is_allowed() {
    let rules = rules();
    let faults: Vec<String> = metadata()
        .packages
        .iter()
        .filter(|package| {
            !package
                .license
                .as_deref()
                .is_some_and(|text| is_allowed(text, &rules.licenses.allow))
        })
        .map(|package| {
            format!(
                "{} {}: {:?}",
                package.name, package.version, package.license
            )
        })
        .collect();
    assert!(
        faults.is_empty(),
        "licences that are not in deny.toml:\n{}",
        faults.join("\n")
    );
}

#[test]
fn licence_expressions_are_read_rightly() {
    let allowed: BTreeSet<String> = ["MIT", "Apache-2.0"].map(str::to_owned).into();
    let cases = [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("MIT AND GPL-3.0", false),
        ("(MIT OR GPL-3.0) AND Apache-2.0", true),
        ("MIT/Unlicense", true),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("(GPL-3.0 OR LGPL-2.1) AND MIT", false),
    ];
    for (expression, expected) in cases {
        assert_eq!(is_allowed(expression, &allowed), expected, "{expression}");
    }
}

#[test]
fn no_banned_crate_is_used() {
    let metadata = metadata();
    let names: BTreeMap<&str, &str> = metadata
        .packages
        .iter()
        .map(|package| (&*package.id, &*package.name))
        .collect();
    let mut faults = Vec::new();
    for ban in rules().bans.deny {
        for node in &metadata.resolve.nodes {
            let user = names[&*node.id];
            let uses = node.dependencies.iter().any(|id| names[&**id] == ban.name);
            // A macro crate of the same house may stand on the banned one at build time.
            if uses
                && !ban.wrappers.iter().any(|wrapper| wrapper == user)
                && is_ours(&metadata, user)
            {
                faults.push(format!("{user} uses {}: {}", ban.name, ban.reason));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn is_ours(metadata: &Metadata, name: &str) -> bool {
    metadata
        .packages
        .iter()
        .any(|package| package.name == name && package.source.is_none())
}

#[test]
fn every_dependency_comes_from_the_registry_with_a_version() {
    let mut faults = Vec::new();
    for package in &metadata().packages {
        if package
            .source
            .as_deref()
            .is_some_and(|source| !source.starts_with("registry+"))
        {
            faults.push(format!("{} comes from {:?}", package.name, package.source));
        }
        if package.source.is_none() {
            for dependency in &package.dependencies {
                if dependency.path.is_none() && dependency.req == "*" {
                    faults.push(format!("{} takes any {}", package.name, dependency.name));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_sdk_has_no_mandatory_dependency() {
    let metadata = metadata();
    let sdk = metadata
        .packages
        .iter()
        .find(|package| package.name == "vocd-plugin")
        .expect("sdk");
    let manifest =
        std::fs::read_to_string(root().join("plugins/sdk/Cargo.toml")).expect("readable");
    let table: toml::Table = toml::from_str(&manifest).expect("TOML");
    let mandatory: Vec<&String> = table
        .get("dependencies")
        .and_then(toml::Value::as_table)
        .into_iter()
        .flatten()
        .filter(|(_, value)| value.get("optional").and_then(toml::Value::as_bool) != Some(true))
        .map(|(name, _)| name)
        .collect();
    assert!(mandatory.is_empty(), "{mandatory:?} in {}", sdk.id);
}
