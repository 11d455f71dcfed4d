//! Secrets stay references until a run starts, and never print.

use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

/// Key of a reference inside a checked source configuration: `{"$secret": {"env": "X"}}`.
pub const SECRET_KEY: &str = "$secret";

/// Largest secret file, in bytes; keys and tokens are far smaller.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// A text that no log or error can print.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretString(String);

impl SecretString {
    /// Wraps a text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Returns the text, to be handed to the plugin and to nobody else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretString {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretString(…)")
    }
}

/// Why a secret could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The environment does not have it.
    #[error("environment variable `{name}` is not set")]
    Unset {
        /// Its name.
        name: String,
    },
    /// It is there but empty.
    #[error("the secret in {place} is empty")]
    Empty {
        /// Variable or file, in words.
        place: String,
    },
    /// The file could not be read.
    #[error("failed to read the secret file `{path}`")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is larger than any secret.
    #[error("the secret file `{path}` has more than {SECRET_BYTES_MAX} bytes")]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
}

impl SecretError {
    /// Returns what to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unset { .. } => "set it in the environment of the daemon",
            Self::Empty { .. } => "put the secret there",
            Self::File { .. } => "create it, readable for the daemon's user",
            Self::TooLarge { .. } => "name a file that holds nothing but the secret",
        }
    }
}

/// Where a secret comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SecretReference {
    /// An environment variable.
    Env(String),
    /// A file; its trailing line break is not part of the secret.
    File(PathBuf),
}

impl SecretReference {
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Env(name) => json!({ SECRET_KEY: { "env": name } }),
            Self::File(path) => json!({ SECRET_KEY: { "file": path } }),
        }
    }

    /// Returns the reference that a JSON value is, or `None` for any other value.
    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        let reference = value.as_object()?.get(SECRET_KEY)?;
        let text = |key: &str| reference.get(key)?.as_str().map(str::to_owned);
        text("env")
            .map(Self::Env)
            .or_else(|| text("file").map(|path| Self::File(path.into())))
    }

    fn read(&self) -> Result<SecretString, SecretError> {
        let (text, place) = match self {
            Self::Env(name) => {
                let text =
                    std::env::var(name).map_err(|_| SecretError::Unset { name: name.clone() })?;
                (text, format!("environment variable `{name}`"))
            }
            Self::File(path) => (read_file(path)?, format!("file `{}`", path.display())),
        };
        if text.is_empty() {
            return Err(SecretError::Empty { place });
        }
        Ok(SecretString(text))
    }
}

fn read_file(path: &Path) -> Result<String, SecretError> {
    let failed = |source| SecretError::File {
        path: path.to_owned(),
        source,
    };
    if std::fs::metadata(path).map_err(failed)?.len() > SECRET_BYTES_MAX {
        return Err(SecretError::TooLarge {
            path: path.to_owned(),
        });
    }
    let text = std::fs::read_to_string(path).map_err(failed)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// Replaces every reference by its secret; called when a run starts, never earlier.
///
/// Returns the configuration for the plugin, and each secret in it for redaction (in the order of
/// the configuration, may repeat).
///
/// # Errors
/// When a variable is not set, or a file cannot be read or is empty.
pub fn resolve(config: &Value) -> Result<(Value, Vec<SecretString>), SecretError> {
    let mut secrets = Vec::new();
    let resolved = replace_with(config, &mut |reference| {
        let secret = reference.read()?;
        let text = secret.expose().to_owned();
        secrets.push(secret);
        Ok(text)
    })?;
    Ok((resolved, secrets))
}

/// Replaces every reference by one text; no secret is read.
pub(super) fn replace(config: &Value, instead: &str) -> Value {
    let text = |_: SecretReference| Ok::<_, Infallible>(instead.to_owned());
    let Ok(replaced) = replace_with(config, &mut { text });
    replaced
}

fn replace_with<E>(
    value: &Value,
    text: &mut impl FnMut(SecretReference) -> Result<String, E>,
) -> Result<Value, E> {
    if let Some(reference) = SecretReference::from_json(value) {
        return Ok(Value::String(text(reference)?));
    }
    Ok(match value {
        Value::Object(entries) => {
            let mut replaced = Map::new();
            for (key, value) in entries {
                replaced.insert(key.clone(), replace_with(value, text)?);
            }
            Value::Object(replaced)
        }
        Value::Array(items) => {
            let mut replaced = Vec::with_capacity(items.len());
            for item in items {
                replaced.push(replace_with(item, text)?);
            }
            Value::Array(replaced)
        }
        other => other.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_prints() {
        let secret = SecretString::new("hunter2".to_owned());
        assert_eq!(format!("{secret:?}"), "SecretString(…)");
    }

    #[test]
    fn a_file_is_read_without_its_line_break() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = dir.path().join("token");
        std::fs::write(&path, "abc\n").expect("written");
        let config = json!({ "a": [{ "token": { SECRET_KEY: { "file": path } } }], "b": 1 });
        let (resolved, secrets) = resolve(&config).expect("resolved");
        assert_eq!(resolved, json!({ "a": [{ "token": "abc" }], "b": 1 }));
        assert_eq!(secrets, [SecretString::new("abc".to_owned())]);
    }

    #[test]
    fn an_unset_variable_is_named() {
        let config = json!({ "t": { SECRET_KEY: { "env": "VOCD_TEST_NEVER_SET" } } });
        let error = resolve(&config).expect_err("not set");
        assert_eq!(
            error.to_string(),
            "environment variable `VOCD_TEST_NEVER_SET` is not set"
        );
    }

    #[test]
    fn an_environment_variable_is_read() {
        let config = json!({ "path": { SECRET_KEY: { "env": "PATH" } } });
        let (resolved, secrets) = resolve(&config).expect("PATH is always set");
        assert_eq!(resolved["path"], secrets[0].expose());
    }
}
