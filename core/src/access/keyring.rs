//! The tokens of one data directory, in one small file that is replaced whole.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::role::Grant;
use super::token::{Secret, Token, TokenFault, id_of};
use crate::keep;

/// Most tokens; each person and each screen has one.
pub const TOKENS_MAX: usize = 1_000;
/// Longest file, in bytes; a token has about 250, and names of 200 bytes escape to 1,200.
const FILE_BYTES_MAX: u64 = 4 << 20;
/// Name of the file in the data directory.
pub const FILE_NAME: &str = "tokens.json";

/// Why tokens cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The file could not be read.
    #[error("failed to read the access tokens in `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file is not what `vocd token` writes.
    #[error("`{}` is no list of access tokens: {what}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The file could not be replaced; nothing changed.
    #[error("failed to write the access tokens in `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// There are as many as there may be.
    #[error("there are {TOKENS_MAX} access tokens already")]
    Full,
    /// No token has this id.
    #[error("there is no access token `{id}`")]
    Unknown {
        /// As written.
        id: String,
    },
}

impl KeyringError {
    /// Returns what the operator can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Read { .. } | Self::Write { .. } => {
                "check that the data directory belongs to the user vocd runs as and has room"
            }
            Self::Format { .. } => {
                "restore the file, or remove it: that revokes every token, and new ones are made \
                 by `vocd token new`"
            }
            Self::Full => "revoke those that nobody uses: `vocd token list`",
            Self::Unknown { .. } => "`vocd token list` shows the ids",
        }
    }
}

/// The tokens of a data directory.
#[derive(Debug, Default)]
pub struct Keyring {
    /// `None` keeps them in memory alone.
    path: Option<PathBuf>,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    tokens: HashMap<String, Token>,
    /// Kept in memory alone: a file that is written at each picture would wear a disk.
    last_used: HashMap<String, Date>,
}

impl Keyring {
    /// Reads the tokens of a data directory; none where there is no file.
    ///
    /// # Errors
    /// When the file cannot be read or is damaged: a daemon that forgot its tokens would lock its
    /// screens out, and one that guessed would let strangers in.
    pub fn open(data_dir: &Path) -> Result<Self, KeyringError> {
        let path = data_dir.join(FILE_NAME);
        let text = keep::read(&path, FILE_BYTES_MAX).map_err(|source| KeyringError::Read {
            path: path.clone(),
            source,
        })?;
        let tokens = match text {
            Some(text) => parse(&text).map_err(|what| KeyringError::Format {
                path: path.clone(),
                what,
            })?,
            None => HashMap::new(),
        };
        Ok(Self {
            path: Some(path),
            held: Mutex::new(Held {
                tokens,
                last_used: HashMap::new(),
            }),
        })
    }

    /// Makes a token and returns its secret, which is not to be had again.
    ///
    /// # Errors
    /// When there are too many, or the file cannot be written.
    pub fn issue(
        &self,
        grant: Grant,
        expires_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(Token, Secret), KeyringError> {
        let mut held = self.lock();
        // Expired ones are of no more use than revoked ones.
        let mut tokens = held.tokens.clone();
        if tokens.len() >= TOKENS_MAX {
            tokens.retain(|_, token| !token.is_expired(now));
        }
        if tokens.len() >= TOKENS_MAX {
            return Err(KeyringError::Full);
        }
        let (token, secret) = loop {
            let drawn = Token::draw(grant.clone(), now, expires_at).map_err(|source| {
                KeyringError::Write {
                    path: self.path.clone().unwrap_or_default(),
                    source,
                }
            })?;
            if !tokens.contains_key(&drawn.0.id) {
                break drawn;
            }
        };
        tokens.insert(token.id.clone(), token.clone());
        self.write(&tokens)?;
        held.tokens = tokens;
        Ok((token, secret))
    }

    /// Takes a token back; it is refused from now on.
    ///
    /// # Errors
    /// When there is none with this id, or the file cannot be written.
    pub fn revoke(&self, id: &str) -> Result<Token, KeyringError> {
        let mut held = self.lock();
        let mut tokens = held.tokens.clone();
        let revoked = tokens
            .remove(id)
            .ok_or_else(|| KeyringError::Unknown { id: id.to_owned() })?;
        self.write(&tokens)?;
        held.tokens = tokens;
        held.last_used.remove(id);
        Ok(revoked)
    }

    /// Returns the tokens, oldest first, each with the day it was last used since the start.
    #[must_use]
    pub fn list(&self) -> Vec<(Token, Option<Date>)> {
        let held = self.lock();
        let mut tokens: Vec<_> = held
            .tokens
            .values()
            .map(|token| (token.clone(), held.last_used.get(&token.id).copied()))
            .collect();
        tokens.sort_by(|(left, _), (right, _)| {
            (left.created_at, &left.id).cmp(&(right.created_at, &right.id))
        });
        tokens
    }

    /// Returns the token that a presented text is the secret of.
    ///
    /// # Errors
    /// When it is none, is forged, was revoked or has expired.
    pub fn check(&self, presented: &str, now: Timestamp) -> Result<Token, TokenFault> {
        let id = id_of(presented).ok_or(TokenFault::Malformed)?;
        let mut held = self.lock();
        // The id is public: that it is looked up in a time of its own tells nothing.
        let token = held.tokens.get(id).ok_or(TokenFault::Unknown)?.clone();
        token.check(presented, now)?;
        let today = now.to_zoned(TimeZone::UTC).date();
        held.last_used.insert(token.id.clone(), today);
        Ok(token)
    }

    fn write(&self, tokens: &HashMap<String, Token>) -> Result<(), KeyringError> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        let mut listed: Vec<&Token> = tokens.values().collect();
        listed.sort_by(|left, right| left.id.cmp(&right.id));
        let listed: Vec<Value> = listed.into_iter().map(Token::to_kept_json).collect();
        keep::replace(path, &format!("{:#}\n", json!({ "tokens": listed }))).map_err(|source| {
            KeyringError::Write {
                path: path.clone(),
                source,
            }
        })
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn parse(text: &str) -> Result<HashMap<String, Token>, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let listed = value["tokens"].as_array().ok_or("it has no `tokens`")?;
    let tokens = listed.iter().map(Token::from_kept_json);
    let tokens: Result<Vec<Token>, String> = tokens.collect();
    let tokens = tokens?.into_iter();
    Ok(tokens.map(|token| (token.id.clone(), token)).collect())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn tokens_survive_and_revoked_ones_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let keyring = Keyring::open(folder.path()).unwrap();
        let (kept, secret) = keyring.issue(Grant::admin(), None, NOW).unwrap();
        let (gone, revoked) = keyring.issue(Grant::viewer(), None, NOW).unwrap();
        keyring.revoke(&gone.id).unwrap();
        let file = folder.path().join(FILE_NAME);
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(!text.contains(&secret.reveal()[20..]), "{text}");
        for keyring in [keyring, Keyring::open(folder.path()).unwrap()] {
            assert_eq!(keyring.check(secret.reveal(), NOW).as_ref(), Ok(&kept));
            let refused = keyring.check(revoked.reveal(), NOW);
            assert_eq!(refused, Err(TokenFault::Unknown));
            assert_eq!(keyring.check("x", NOW), Err(TokenFault::Malformed));
            assert_eq!(keyring.list().len(), 1);
            let used = keyring.list()[0].1;
            assert_eq!(used, Some(jiff::civil::date(1970, 1, 1)));
        }
    }

    #[test]
    fn the_number_of_tokens_is_bounded_and_expired_ones_make_room() {
        let keyring = Keyring::default();
        let late = Some(NOW);
        for idx in 0..TOKENS_MAX {
            let expires_at = if idx == 0 { late } else { None };
            keyring.issue(Grant::viewer(), expires_at, NOW).unwrap();
        }
        keyring.issue(Grant::viewer(), None, NOW).unwrap();
        let full = keyring.issue(Grant::viewer(), None, NOW).unwrap_err();
        assert!(matches!(full, KeyringError::Full), "{full}");
        assert_eq!(keyring.list().len(), TOKENS_MAX);
    }

    #[test]
    fn a_damaged_file_is_no_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        for text in [
            "",
            "{}",
            "{\"tokens\":[{\"id\":\"x\"}]}",
            "{\"tokens\":[{}]}",
        ] {
            std::fs::write(folder.path().join(FILE_NAME), text).unwrap();
            let error = Keyring::open(folder.path()).unwrap_err();
            assert!(matches!(error, KeyringError::Format { .. }), "{text}");
        }
    }
}
