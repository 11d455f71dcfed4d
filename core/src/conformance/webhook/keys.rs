//! The keys of proofs: properties of the configuration, and secret ones.

use serde_json::Value;

use super::super::{Finding, few};
use crate::host::SECRET_MARK;
use crate::host::manifest::webhook::{Algorithm, AuthScheme, KeyPart, KeyTemplate, WebhookScheme};

/// Words of a schema behind which a property may be declared.
const DETOURS: [&str; 4] = ["$ref", "allOf", "anyOf", "oneOf"];

/// Whether the keys are properties of the configuration, and secret ones.
pub(super) fn check(scheme: &WebhookScheme, schema: &Value) -> Finding {
    let mut bare = Vec::new();
    for keys in scheme.auth.iter().map(of_proof) {
        let names: Vec<String> = keys.into_iter().flat_map(names).collect();
        let is = |place| move |name: &&String| Place::of(schema, name) == place;
        let missing: Vec<&String> = names.iter().filter(is(Place::Missing)).collect();
        if !missing.is_empty() {
            return Finding::fail(
                format!("a key is read from {}, which is no property", few(&missing)),
                "name a property of `config_schema`",
            );
        }
        if !names.is_empty() && names.iter().all(|name| is(Place::Plain)(&name)) {
            bare.extend(names);
        }
    }
    match bare.is_empty() {
        true => Finding::pass("every key is a secret of the configuration"),
        false => Finding::fail(
            format!("keys are not marked as secret: {}", few(&bare)),
            "add \"x-voc-secret\": true to the property",
        ),
    }
}

/// What a schema says of a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Missing,
    Plain,
    Secret,
    /// It is behind a reference or a choice.
    Unclear,
}

impl Place {
    fn of(schema: &Value, path: &str) -> Self {
        let mut found = schema;
        for name in path.split('.') {
            found = match (found["properties"].get(name), has_detour(found)) {
                (Some(property), _) => property,
                (None, true) => return Self::Unclear,
                (None, false) => return Self::Missing,
            };
        }
        let parts = [Some(found), found.get("items")];
        let is_secret = |part: &Value| part[SECRET_MARK] == Value::Bool(true);
        if parts.into_iter().flatten().any(is_secret) {
            return Self::Secret;
        }
        match has_detour(found) {
            true => Self::Unclear,
            false => Self::Plain,
        }
    }
}

/// Returns the keys of a proof that must be secret: a public key need not be.
pub(super) fn of_proof(auth: &AuthScheme) -> Vec<&KeyTemplate> {
    match auth {
        AuthScheme::Signature(scheme) if scheme.algorithm == Algorithm::Ed25519 => Vec::new(),
        AuthScheme::Signature(scheme) => scheme.keys.iter().collect(),
        AuthScheme::Basic { user, password } => vec![user, password],
        AuthScheme::Token { keys, .. } => keys.iter().collect(),
    }
}

/// Returns the values of the configuration that a key is made of.
pub(super) fn names(key: &KeyTemplate) -> Vec<String> {
    let parts = key.parts.iter();
    let names = parts.filter_map(|part| match part {
        KeyPart::Value(path) => Some(path.join(".")),
        KeyPart::Text(_) => None,
    });
    names.collect()
}

fn has_detour(schema: &Value) -> bool {
    DETOURS.iter().any(|word| schema.get(word).is_some())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::conformance::Status;

    fn token(key: &str) -> AuthScheme {
        AuthScheme::Token {
            place: crate::host::manifest::webhook::Find::Header("x-token".to_owned()),
            keys: vec![template(key)],
        }
    }

    fn template(key: &str) -> KeyTemplate {
        KeyTemplate {
            parts: vec![KeyPart::Value(key.split('.').map(str::to_owned).collect())],
        }
    }

    fn check_of(auth: AuthScheme, expected: Status) {
        let secret = json!({"type": "string", "x-voc-secret": true});
        let schema = json!({
            "properties": {
                "user": {"type": "string"},
                "secret": secret,
                "secrets": {"type": "array", "items": secret},
                "hook": {"properties": {"key": secret}},
                "far": {"$ref": "#/$defs/key"},
            },
        });
        let scheme = WebhookScheme {
            auth: vec![auth],
            event_id: None,
            headers: Vec::new(),
            challenges: Vec::new(),
        };
        assert_eq!(check(&scheme, &schema).status, expected, "{scheme:?}");
    }

    #[test]
    fn a_key_is_a_secret_property() {
        for good in ["secret", "secrets", "hook.key", "far"] {
            check_of(token(good), Status::Pass);
        }
        for bad in ["user", "secrte", "hook.keys"] {
            check_of(token(bad), Status::Fail);
        }
    }

    #[test]
    fn of_a_pair_one_is_secret() {
        let pair = |user, password| AuthScheme::Basic {
            user: template(user),
            password: template(password),
        };
        check_of(pair("user", "secret"), Status::Pass);
        check_of(pair("user", "user"), Status::Fail);
    }
}
