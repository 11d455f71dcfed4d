//! One access token: who it stands for, until when, and the digest of its secret.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;

use super::role::Grant;

/// What every secret begins with, so that scanners of leaked secrets recognise it.
pub const PREFIX: &str = "vocd_";
/// Random bytes of an id; a collision within one keyring is drawn again.
const ID_BYTES: usize = 5;
/// Random bytes of a secret: 192 bits, beyond any search.
const SECRET_BYTES: usize = 24;
/// Letters of an id, two a byte.
const ID_LETTERS: usize = 2 * ID_BYTES;
/// Letters of a whole secret: prefix, id, underscore, secret in base64.
const SECRET_LETTERS: usize = PREFIX.len() + ID_LETTERS + 1 + SECRET_BYTES.div_ceil(3) * 4;

/// The text that stands for its holder; shown once, never printed by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Returns the text, to be shown to the person who asked for it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// A token without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Public name, part of the secret's text: what lists, logs and `revoke` use.
    pub id: String,
    /// What it allows.
    pub grant: Grant,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is refused; `None` for never.
    pub expires_at: Option<Timestamp>,
    digest: Digest,
}

/// BLAKE3 of the secret's text.
///
/// A slow password hash would be wrong here: it makes guessing short passwords dear, and a random
/// 192-bit text cannot be guessed at all, while every picture of a wall pays for the hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Digest([u8; 32]);

impl Digest {
    fn of(text: &str) -> Self {
        Self(*blake3::hash(text.as_bytes()).as_bytes())
    }

    /// Compares in a time that does not depend on where they differ.
    fn matches(&self, text: &str) -> bool {
        self.0.ct_eq(&Self::of(text).0).into()
    }
}

/// Why a presented token does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// It is not written like a token.
    #[error("this is no access token of vocd")]
    Malformed,
    /// No token has this id, any more or ever.
    #[error("this access token is unknown or was revoked")]
    Unknown,
    /// The id is known and the secret is another.
    #[error("this access token is unknown or was revoked")]
    Forged,
    /// Its time is over.
    #[error("this access token has expired")]
    Expired,
}

impl TokenFault {
    /// Returns the word that the audit log uses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Unknown => "unknown",
            Self::Forged => "forged",
            Self::Expired => "expired",
        }
    }
}

impl Token {
    /// Draws a new token and its secret.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub(super) fn draw(
        grant: Grant,
        created_at: Timestamp,
        expires_at: Option<Timestamp>,
    ) -> std::io::Result<(Self, Secret)> {
        let (mut id, mut secret) = ([0; ID_BYTES], [0; SECRET_BYTES]);
        for bytes in [&mut id[..], &mut secret[..]] {
            getrandom::fill(bytes).map_err(|error| std::io::Error::other(error.to_string()))?;
        }
        let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = format!("{PREFIX}{id}_{}", URL_SAFE_NO_PAD.encode(secret));
        let token = Self {
            id,
            grant,
            created_at,
            expires_at,
            digest: Digest::of(&text),
        };
        Ok((token, Secret(text)))
    }

    /// Checks a presented text against this token.
    ///
    /// # Errors
    /// When the secret is another or the time is over.
    pub(super) fn check(&self, presented: &str, now: Timestamp) -> Result<(), TokenFault> {
        if !self.digest.matches(presented) {
            return Err(TokenFault::Forged);
        }
        match self.is_expired(now) {
            true => Err(TokenFault::Expired),
            false => Ok(()),
        }
    }

    /// Returns whether its time is over.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// Returns the token as its file and lists write it, without the digest.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut value = json!({ "id": self.id });
        if let Some(object) = value.as_object_mut() {
            object.extend(self.grant.to_json());
            object.insert("created_at".to_owned(), self.created_at.to_string().into());
            if let Some(end) = self.expires_at {
                object.insert("expires_at".to_owned(), end.to_string().into());
            }
        }
        value
    }

    /// Returns the token with its digest, for its file.
    pub(super) fn to_kept_json(&self) -> Value {
        let mut value = self.to_json();
        let digest: String = self
            .digest
            .0
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        value["blake3"] = digest.into();
        value
    }

    /// Reads what [`Token::to_kept_json`] wrote, or says what is wrong.
    pub(super) fn from_kept_json(value: &Value) -> Result<Self, String> {
        let text = |name: &str| {
            let found = value[name].as_str();
            found.ok_or_else(|| format!("a token has no `{name}`"))
        };
        let instant = |text: &str| {
            let parsed: Result<Timestamp, _> = text.parse();
            parsed.map_err(|_| format!("`{text}` is no instant"))
        };
        let id = text("id")?.to_owned();
        if !is_id(&id) {
            return Err(format!("`{id}` is no id"));
        }
        let digest = blake3::Hash::from_hex(text("blake3")?)
            .map_err(|_| format!("the digest of `{id}` is none"))?;
        Ok(Self {
            grant: Grant::from_json(value).map_err(|error| error.to_string())?,
            created_at: instant(text("created_at")?)?,
            expires_at: value["expires_at"].as_str().map(instant).transpose()?,
            digest: Digest(*digest.as_bytes()),
            id,
        })
    }
}

/// Returns the id in a presented text, or `None` when it is not written like a token.
#[must_use]
pub fn id_of(presented: &str) -> Option<&str> {
    let rest = presented.strip_prefix(PREFIX)?;
    let (id, secret) = rest.split_at_checked(ID_LETTERS)?;
    let is_token = presented.len() == SECRET_LETTERS && secret.starts_with('_') && is_id(id);
    is_token.then_some(id)
}

fn is_id(id: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    id.len() == ID_LETTERS && id.bytes().all(is_letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn() -> (Token, Secret) {
        Token::draw(Grant::viewer(), Timestamp::UNIX_EPOCH, None).unwrap()
    }

    #[test]
    fn a_secret_is_recognisable_and_never_printed() {
        let (token, secret) = drawn();
        assert!(secret.reveal().starts_with(PREFIX));
        assert_eq!(secret.reveal().len(), SECRET_LETTERS);
        assert_eq!(id_of(secret.reveal()), Some(token.id.as_str()));
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_ne!(drawn().1.reveal(), secret.reveal());
        for wrong in ["", "vocd_", "vocd_é", "Bearer x", &secret.reveal()[1..]] {
            assert_eq!(id_of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_the_digest_is_kept() {
        let (token, secret) = drawn();
        let kept = token.to_kept_json();
        let random = &secret.reveal()[PREFIX.len() + ID_LETTERS + 1..];
        assert!(!kept.to_string().contains(random), "{kept}");
        assert_eq!(Token::from_kept_json(&kept), Ok(token));
    }

    #[test]
    fn another_secret_or_a_late_one_is_refused() {
        let (mut token, secret) = drawn();
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(token.check(secret.reveal(), now), Ok(()));
        let mut forged = secret.reveal().to_owned();
        let last = if forged.pop() == Some('A') { 'B' } else { 'A' };
        forged.push(last);
        assert_eq!(token.check(&forged, now), Err(TokenFault::Forged));
        token.expires_at = Some(now);
        assert_eq!(token.check(secret.reveal(), now), Err(TokenFault::Expired));
        assert_eq!(token.check(&forged, now), Err(TokenFault::Forged));
    }
}
