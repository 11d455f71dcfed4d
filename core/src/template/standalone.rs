//! The SDK's manifest as it stands alone: everything it takes from the workspace written out.

use toml::{Table, Value};

/// Parts that only its own tests and examples need.
const LEFT_OUT: [&str; 3] = ["dev-dependencies", "example", "bench"];

/// Returns the manifest of a workspace member without its workspace.
///
/// # Panics
/// When one of the texts is no manifest: both are built into this binary.
pub(super) fn manifest(member: &str, root: &str) -> String {
    let mut member: Table = member.parse().expect("the SDK's own manifest");
    let root: Table = root.parse().expect("the workspace's own manifest");
    let workspace = &root["workspace"];
    for name in LEFT_OUT {
        member.remove(name);
    }
    if member.contains_key("lints") {
        member.insert("lints".to_owned(), workspace["lints"].clone());
    }
    if let Some(package) = member.get_mut("package").and_then(Value::as_table_mut) {
        for (key, value) in package.iter_mut() {
            if is_inherited(value) {
                *value = workspace["package"][key.as_str()].clone();
            }
        }
    }
    if let Some(dependencies) = member.get_mut("dependencies").and_then(Value::as_table_mut) {
        for (name, value) in dependencies.iter_mut() {
            if is_inherited(value) {
                *value = written_out(&workspace["dependencies"][name.as_str()], value);
            }
        }
    }
    toml::to_string(&member).expect("a table of TOML values")
}

fn is_inherited(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

/// A member may add features to what the workspace says, and make the dependency optional.
fn written_out(shared: &Value, own: &Value) -> Value {
    let mut whole = match shared {
        Value::Table(table) => table.clone(),
        version => Table::from_iter([("version".to_owned(), version.clone())]),
    };
    for (key, value) in own.as_table().into_iter().flatten() {
        match (key.as_str(), whole.get_mut(key), value) {
            ("workspace", ..) => {}
            ("features", Some(Value::Array(features)), Value::Array(more)) => {
                features.extend(more.iter().cloned());
            }
            _ => {
                whole.insert(key.clone(), value.clone());
            }
        }
    }
    Value::Table(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_workspace_says_is_written_out() {
        let root = "[workspace.package]\nversion = \"1.2.3\"\n[workspace.lints.rust]\n\
                    unsafe_code = \"deny\"\n[workspace.dependencies]\n\
                    a = \"1\"\nb = { version = \"2\", features = [\"x\"] }";
        let member = "[package]\nname = \"m\"\nversion.workspace = true\n\
                      [dependencies]\na = { workspace = true, optional = true }\n\
                      b = { workspace = true, features = [\"y\"] }\nc = \"3\"\n\
                      [dev-dependencies]\nd = \"4\"\n[lints]\nworkspace = true\n";
        let alone: Table = manifest(member, root).parse().expect("TOML");
        assert_eq!(alone["package"]["version"].as_str(), Some("1.2.3"));
        assert_eq!(alone["dependencies"]["a"]["version"].as_str(), Some("1"));
        assert_eq!(alone["dependencies"]["a"]["optional"].as_bool(), Some(true));
        assert_eq!(
            alone["dependencies"]["b"]["features"]
                .as_array()
                .map(Vec::len),
            Some(2)
        );
        assert_eq!(alone["dependencies"]["c"].as_str(), Some("3"));
        assert_eq!(alone["lints"]["rust"]["unsafe_code"].as_str(), Some("deny"));
        assert!(!alone.contains_key("dev-dependencies"));
    }
}
