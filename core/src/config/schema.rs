//! Checks a source's own configuration against the JSON Schema of its plugin.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use serde_json::{Map, Value};

use crate::config::fault::{Fault, nearest_hint};
use crate::config::secret::SecretReference;
use crate::config::source::{SourceConfig, escaped};

/// Stands for a secret while its configuration is checked: the secret itself is read at run start.
const SECRET_STAND_IN: &str = "secret";

/// Checks `[source.config]` against a plugin's schema; empty when it fits.
///
/// A schema that is none is one fault as well: it is the plugin's.
#[must_use]
pub fn check(source: &SourceConfig, schema: &Value) -> Vec<Fault> {
    let validator = match jsonschema::validator_for(schema) {
        Ok(validator) => validator,
        Err(error) => {
            let what = format!(
                "the schema of plugin `{}` is broken: {error}",
                source.plugin
            );
            return vec![source.places.fault("", what, "tell the plugin's author")];
        }
    };
    let mut secrets = Vec::new();
    let stand_in = without_secrets(&source.config, "", &mut secrets);
    let mut found: Vec<Fault> = validator
        .iter_errors(&stand_in)
        .flat_map(|error| faults(source, schema, &secrets, &error))
        .collect();
    found.sort_by_key(|fault| (fault.line, fault.column));
    found
}

/// Replaces references to secrets by a text and remembers where they were.
fn without_secrets(value: &Value, pointer: &str, secrets: &mut Vec<String>) -> Value {
    if SecretReference::from_json(value).is_some() {
        secrets.push(pointer.to_owned());
        return Value::String(SECRET_STAND_IN.to_owned());
    }
    match value {
        Value::Object(entries) => {
            let mut plain = Map::new();
            for (key, value) in entries {
                let pointer = format!("{pointer}/{}", escaped(key));
                plain.insert(key.clone(), without_secrets(value, &pointer, secrets));
            }
            Value::Object(plain)
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items
                .map(|(idx, item)| without_secrets(item, &format!("{pointer}/{idx}"), secrets))
                .collect()
        }
        other => other.clone(),
    }
}

fn faults(
    source: &SourceConfig,
    schema: &Value,
    secrets: &[String],
    error: &ValidationError<'_>,
) -> Vec<Fault> {
    let pointer = error.instance_path().as_str();
    let fault =
        |pointer: &str, what: String, hint: String| source.places.fault(pointer, what, hint);
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            let known = properties(schema, error.schema_path().as_str());
            let unknown = unexpected.iter().map(|name| {
                let what = format!("unknown key `{name}` of plugin `{}`", source.plugin);
                let hint = nearest_hint(name, known.iter().map(String::as_str));
                fault(&format!("{pointer}/{}", escaped(name)), what, hint)
            });
            unknown.collect()
        }
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            let what = format!("plugin `{}` needs the key `{name}` here", source.plugin);
            let hint = description(schema, error.schema_path().as_str(), name);
            vec![fault(pointer, what, hint)]
        }
        // What a secret looks like is known only when it is read.
        kind if secrets.iter().any(|secret| secret == pointer) => match kind {
            ValidationErrorKind::Type { .. } => vec![fault(
                pointer,
                format!(
                    "`{}` takes no text, so it takes no secret",
                    name_of(pointer)
                ),
                format!("see `vocd plugin describe {}`", source.plugin),
            )],
            _ => Vec::new(),
        },
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            vec![nearest_alternative(source, schema, secrets, error, context)]
        }
        _ => vec![fault(
            pointer,
            format!("`{}`: {error}", name_of(pointer)),
            format!("see `vocd plugin describe {}`", source.plugin),
        )],
    }
}

/// Of the forms a value may have, the one it was meant to be says what is wrong with it: the one
/// that does not already fail by the type of the value itself.
fn nearest_alternative(
    source: &SourceConfig,
    schema: &Value,
    secrets: &[String],
    error: &ValidationError<'_>,
    context: &[Vec<ValidationError<'static>>],
) -> Fault {
    let pointer = error.instance_path().as_str();
    let is_meant = |alternative: &&Vec<ValidationError<'static>>| {
        !alternative.iter().any(|inner| {
            let is_type = matches!(inner.kind(), ValidationErrorKind::Type { .. });
            is_type && inner.instance_path().as_str() == pointer
        })
    };
    let mut meant = context.iter().filter(is_meant);
    let only = match (meant.next(), meant.next()) {
        (Some(only), None) => only.first(),
        _ => None,
    };
    let inner = only.and_then(|inner| faults(source, schema, secrets, inner).into_iter().next());
    inner.unwrap_or_else(|| {
        source.places.fault(
            pointer,
            format!("`{}` has none of the allowed forms", name_of(pointer)),
            format!("see `vocd plugin describe {}`", source.plugin),
        )
    })
}

fn name_of(pointer: &str) -> &str {
    match pointer.trim_start_matches('/') {
        "" => "config",
        name => name,
    }
}

/// Returns the keys that the schema around a failed keyword declares.
fn properties(schema: &Value, keyword_path: &str) -> Vec<String> {
    let declared = schema_around(schema, keyword_path).and_then(|around| around.get("properties"));
    let names = declared.and_then(Value::as_object);
    names.map_or_else(Vec::new, |names| names.keys().cloned().collect())
}

fn description(schema: &Value, keyword_path: &str, name: &str) -> String {
    let around = schema_around(schema, keyword_path);
    let described =
        around.and_then(|around| around.get("properties")?.get(name)?.get("description"));
    match described.and_then(Value::as_str) {
        Some(text) => text.to_owned(),
        None => format!("write `{name}`"),
    }
}

fn schema_around<'s>(schema: &'s Value, keyword_path: &str) -> Option<&'s Value> {
    let slash_idx = keyword_path.rfind('/')?;
    schema.pointer(&keyword_path[..slash_idx])
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use expect_test::{Expect, expect};
    use serde_json::json;

    use crate::config::Config;

    fn check(written: &str, expected: Expect) {
        let schema = json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["file"],
            "properties": {
                "token": { "type": "string", "minLength": 20 },
                "port": { "type": "integer", "maximum": 65535 },
                "file": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "additionalProperties": false,
                        "required": ["path"],
                        "properties": {
                            "path": { "type": "string", "description": "a glob of CSV files" },
                            "kind": { "enum": ["response", "ticket"] },
                            "id": { "oneOf": [
                                { "type": "string" },
                                {
                                    "type": "object",
                                    "properties": { "row": { "const": true } },
                                    "additionalProperties": false,
                                },
                            ] },
                        },
                    },
                },
            },
        });
        let text = format!("[[source]]\nname = \"a\"\nplugin = \"csv\"\n{written}");
        let config = Config::parse(Path::new("vocd.toml"), &text).expect("valid");
        let faults = super::check(&config.sources()[0], &schema);
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        expected.assert_eq(&lines.join("\n"));
    }

    #[test]
    fn a_fitting_configuration_has_no_fault() {
        check(
            "[source.config]\ntoken = { env = \"T\" }\n[[source.config.file]]\npath = \"a\"\n\
             id = { row = true }",
            expect![[r#""#]],
        );
    }

    #[test]
    fn faults_point_at_the_line_in_the_file() {
        check(
            "[source.config]\nport = 70000\nprot = 1\n[[source.config.file]]\nkind = \"tikcet\"\n\
             id = { rwo = true }\npaht = \"a\"",
            expect![[r#"
                vocd.toml:5:1: `port`: 70000 is greater than the maximum of 65535; see `vocd plugin describe csv`
                vocd.toml:6:1: unknown key `prot` of plugin `csv`; did you mean `port`?
                vocd.toml:7:1: plugin `csv` needs the key `path` here; a glob of CSV files
                vocd.toml:8:1: `file/0/kind`: "tikcet" is not one of "response" or "ticket"; see `vocd plugin describe csv`
                vocd.toml:9:8: unknown key `rwo` of plugin `csv`; known are `row`
                vocd.toml:10:1: unknown key `paht` of plugin `csv`; did you mean `path`?"#]],
        );
    }

    #[test]
    fn a_secret_must_be_where_a_text_is() {
        check(
            "[source.config]\nport = { env = \"T\" }\nfile = []",
            expect![
                "vocd.toml:5:1: `port` takes no text, so it takes no secret; see `vocd plugin describe csv`"
            ],
        );
    }

    #[test]
    fn a_missing_configuration_points_at_the_source() {
        check(
            "",
            expect!["vocd.toml:1:1: plugin `csv` needs the key `file` here; write `file`"],
        );
    }
}
