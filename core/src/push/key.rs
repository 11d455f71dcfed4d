//! Keys of proofs, read from a source's configuration.

use std::fmt;

use base64::Engine as _;
use serde_json::Value;

use super::signature::BASE64;
use crate::host::manifest::webhook::{
    AuthScheme, Find, KeyEncoding, KeyPart, KeyTemplate, SignatureScheme, WebhookScheme,
};

/// Most keys that one proof tries: a few secrets in rotation.
const KEYS_MAX: usize = 16;

/// Bytes of a key; never printed.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Key(Vec<u8>);

impl Key {
    /// Returns the bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Key(***)")
    }
}

/// A proof with its keys.
#[derive(Debug, Clone)]
pub(super) enum Proof {
    Signature(Box<SignatureScheme>, Vec<Key>),
    /// `user:password` as the vendor writes it.
    Basic(Vec<Key>),
    Token(Find, Vec<Key>),
}

/// Why no key could be made of a configured value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is not written as the plugin says.
    #[error("a webhook key of the configuration is not {0}")]
    Encoding(&'static str),
    /// There are too many.
    #[error("the configuration holds more than {KEYS_MAX} webhook keys of one kind")]
    TooMany,
}

/// Returns the proofs for which keys are configured; empty when there are none.
pub(super) fn proofs(scheme: &WebhookScheme, config: &Value) -> Result<Vec<Proof>, KeyError> {
    let mut proofs = Vec::new();
    for auth in &scheme.auth {
        let proof = match auth {
            AuthScheme::Signature(scheme) => {
                let keys = texts(&scheme.keys, config)?;
                let keys: Result<Vec<Key>, KeyError> =
                    keys.iter().map(|text| decode(scheme, text)).collect();
                Proof::Signature(scheme.clone(), keys?)
            }
            AuthScheme::Basic { user, password } => {
                let mut pairs = Vec::new();
                for user in texts(std::slice::from_ref(user), config)? {
                    for password in texts(std::slice::from_ref(password), config)? {
                        pairs.push(Key::from(format!("{user}:{password}").as_str()));
                    }
                }
                Proof::Basic(pairs)
            }
            AuthScheme::Token { place, keys } => {
                let keys = texts(keys, config)?;
                Proof::Token(
                    place.clone(),
                    keys.iter().map(|text| text.as_str().into()).collect(),
                )
            }
        };
        if !proof.keys().is_empty() {
            proofs.push(proof);
        }
    }
    Ok(proofs)
}

impl Proof {
    fn keys(&self) -> &[Key] {
        match self {
            Self::Signature(_, keys) | Self::Basic(keys) | Self::Token(_, keys) => keys,
        }
    }
}

/// Returns what the templates say with this configuration.
pub(super) fn texts(templates: &[KeyTemplate], config: &Value) -> Result<Vec<String>, KeyError> {
    let mut all = Vec::new();
    for template in templates {
        let mut texts = vec![String::new()];
        for part in &template.parts {
            let values = match part {
                KeyPart::Text(text) => vec![text.clone()],
                KeyPart::Value(path) => values(config, path),
            };
            let with = |text: &String| {
                let longer = values.iter().map(|value| format!("{text}{value}"));
                longer.collect::<Vec<_>>()
            };
            texts = texts.iter().flat_map(with).collect();
            if texts.len() > KEYS_MAX {
                return Err(KeyError::TooMany);
            }
        }
        all.extend(texts);
    }
    match all.len() <= KEYS_MAX {
        true => Ok(all),
        false => Err(KeyError::TooMany),
    }
}

/// Returns the texts at a path; a list stands for several, an empty text for none.
fn values(config: &Value, path: &[String]) -> Vec<String> {
    let found = path
        .iter()
        .try_fold(config, |value, name| value.get(name))
        .unwrap_or(&Value::Null);
    let listed = match found {
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    let texts = listed.iter().filter_map(|value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    });
    texts.filter(|text| !text.is_empty()).collect()
}

fn decode(scheme: &SignatureScheme, text: &str) -> Result<Key, KeyError> {
    let text = text.strip_prefix(&scheme.key_prefix).unwrap_or(text);
    let bytes = match scheme.key_encoding {
        KeyEncoding::Text => Some(text.as_bytes().to_vec()),
        KeyEncoding::Hex => super::signature::unhex(text),
        KeyEncoding::Base64 => BASE64.decode(text).ok(),
    };
    let name = match scheme.key_encoding {
        KeyEncoding::Text => "text",
        KeyEncoding::Hex => "hexadecimal",
        KeyEncoding::Base64 => "base64",
    };
    bytes
        .filter(|bytes| !bytes.is_empty())
        .map(Key)
        .ok_or(KeyError::Encoding(name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn template(parts: &[(&str, bool)]) -> KeyTemplate {
        let parts = parts.iter().map(|(text, is_value)| match is_value {
            true => KeyPart::Value(text.split('.').map(str::to_owned).collect()),
            false => KeyPart::Text((*text).to_owned()),
        });
        KeyTemplate {
            parts: parts.collect(),
        }
    }

    fn check(templates: &[KeyTemplate], config: &Value, expected: &[&str]) {
        assert_eq!(texts(templates, config).expect("few"), expected);
    }

    #[test]
    fn values_are_put_together() {
        let pair = template(&[("hook.id", true), ("&", false), ("secret", true)]);
        let config = json!({"hook": {"id": 7}, "secret": ["a", "b"]});
        check(std::slice::from_ref(&pair), &config, &["7&a", "7&b"]);
        check(&[pair], &json!({"secret": "a"}), &[]);
    }

    #[test]
    fn an_empty_secret_is_no_key() {
        let one = [template(&[("secret", true)])];
        check(&one, &json!({"secret": ""}), &[]);
        check(&one, &json!({"secret": null}), &[]);
        check(&one, &json!({}), &[]);
        check(&one, &json!({"secret": ["", "a"]}), &["a"]);
    }

    #[test]
    fn keys_are_bounded() {
        let many: Vec<String> = (0..5).map(|idx| idx.to_string()).collect();
        let config = json!({"a": many, "b": many});
        let pair = [template(&[("a", true), ("b", true)])];
        assert_eq!(texts(&pair, &config), Err(KeyError::TooMany));
    }
}
