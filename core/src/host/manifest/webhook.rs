//! How a plugin's webhooks are recognised, as its manifest declares it: read and checked once.

mod raw;

use serde::Deserialize;

pub(super) use raw::RawWebhook;

/// What a vendor sends and how it proves that it was the vendor; checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookScheme {
    /// Proofs, at least one; one must hold.
    pub auth: Vec<AuthScheme>,
    /// What tells two deliveries of one event; else the whole body does.
    pub event_id: Option<Find>,
    /// Headers for the plugin, in lower case.
    pub headers: Vec<String>,
    /// Questions of the vendor that are answered from themselves.
    pub challenges: Vec<Challenge>,
}

/// A proof of origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthScheme {
    /// A signature in a header.
    Signature(Box<SignatureScheme>),
    /// HTTP Basic.
    Basic {
        /// User.
        user: KeyTemplate,
        /// Password.
        password: KeyTemplate,
    },
    /// A secret text.
    Token {
        /// Where it stands.
        place: Find,
        /// What it may be.
        keys: Vec<KeyTemplate>,
    },
}

/// A signature in a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureScheme {
    /// How it is made.
    pub algorithm: Algorithm,
    /// Header it comes in, in lower case.
    pub header: String,
    /// How it is written.
    pub encoding: Encoding,
    /// Whether the header is base64 of a text that holds the signature.
    pub is_wrapped: bool,
    /// Text between several signatures, or empty.
    pub separator: String,
    /// Text before the signature, or empty.
    pub prefix: String,
    /// The signature begins after the last of these, or empty.
    pub after: String,
    /// What is signed.
    pub signed: Vec<SignedPart>,
    /// Its keys.
    pub keys: Vec<KeyTemplate>,
    /// How keys are written.
    pub key_encoding: KeyEncoding,
    /// Text before a key that is not part of it, or empty.
    pub key_prefix: String,
    /// When it was signed.
    pub timestamp: Option<SignedAt>,
}

/// Where a text of a request stands.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Find {
    /// In this header, in lower case.
    Header(String),
    /// In this query parameter.
    Query(String),
    /// At this JSON pointer of the body.
    Json(String),
}

/// How a signature is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// HMAC with SHA-1.
    HmacSha1,
    /// HMAC with SHA-256.
    HmacSha256,
    /// HMAC with SHA-512.
    HmacSha512,
    /// Ed25519 with the vendor's public key.
    Ed25519,
    /// SHA-256 over a text that holds the key.
    Sha256,
}

/// How a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Hexadecimal.
    Hex,
    /// Base64.
    Base64,
    /// Base64 for URLs.
    Base64Url,
}

/// How a key is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyEncoding {
    /// Its bytes are the key.
    #[default]
    Text,
    /// Hexadecimal.
    Hex,
    /// Base64.
    Base64,
}

/// When a request was signed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedAt {
    /// Header that says it, in lower case.
    pub header: String,
    /// Text before it where the header is a list, or empty.
    #[serde(default)]
    pub prefix: String,
    /// How it is written.
    pub unit: TimeUnit,
    /// Greatest age and lead in seconds; 0 where none is named.
    #[serde(default)]
    pub tolerance_s: u32,
}

/// How an instant is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimeUnit {
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
    /// RFC 3339.
    Rfc3339,
}

/// A part of what is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedPart {
    /// This text.
    Text(String),
    /// The raw body.
    Body,
    /// The timestamp as it was sent.
    Timestamp,
    /// The method.
    Method,
    /// The address that the vendor called.
    Uri,
    /// The key.
    Key,
    /// This header, in lower case.
    Header(String),
}

/// A text with values of the source's configuration in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyTemplate {
    /// Its parts, in order.
    pub parts: Vec<KeyPart>,
}

/// A part of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPart {
    /// This text.
    Text(String),
    /// The value at this path of the configuration.
    Value(Vec<String>),
}

/// A question that is answered with a part of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// `GET`, `HEAD` or `POST`.
    pub method: String,
    /// What must be there.
    pub when: Option<Find>,
    /// What that must say, or empty.
    pub equals: String,
    /// A secret that is repeated.
    pub verify: Option<(Find, KeyTemplate)>,
    /// What is sent back.
    pub answer: Option<Find>,
    /// How it is sent back.
    pub reply: Reply,
}

/// How a challenge is answered.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(tag = "as", content = "name", rename_all = "lowercase")]
pub enum Reply {
    /// As plain text.
    #[default]
    Text,
    /// As a member of a JSON object.
    Json(String),
    /// As a header.
    Header(String),
}

#[cfg(test)]
mod tests;
