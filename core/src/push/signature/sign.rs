//! Proofs made here as the vendor would make them: for trying a declaration on bodies that nobody
//! signed.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;
use sha2::Digest as _;

use super::{
    Algorithm, Encoding, Hmac, Key, Piece, Post, Proof, Sha1, Sha256, Sha512, SignatureScheme,
    SignedAt, TimeUnit, mac, message, parts,
};
use crate::host::manifest::webhook::{Find, WebhookScheme};
use crate::push::key::{KeyError, proofs};

/// What proves a request, to be added to it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proven {
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Query parameters.
    pub query: Vec<(String, String)>,
}

/// Why a request cannot be proven here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// Nothing is configured that proves anything.
    #[error("no key is configured for webhooks")]
    NoKey,
    /// The vendor's own key stays with the vendor.
    #[error("only the vendor can sign with Ed25519")]
    VendorsKey,
    /// A header that is signed is not there.
    #[error("a header that is signed is missing")]
    MissingHeader,
    /// No key can be made of a configured value.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Proves a request by the first proof that is configured.
///
/// # Errors
/// When there is none, or only the vendor can give it.
pub fn sign(
    scheme: &WebhookScheme,
    config: &Value,
    post: &Post<'_>,
    now_ms: i64,
) -> Result<Proven, Unsigned> {
    let proofs = proofs(scheme, config)?;
    let mut refusal = Unsigned::NoKey;
    for proof in &proofs {
        match proven(proof, post, now_ms) {
            Ok(proven) => return Ok(proven),
            Err(error) => refusal = error,
        }
    }
    Err(refusal)
}

fn proven(proof: &Proof, post: &Post<'_>, now_ms: i64) -> Result<Proven, Unsigned> {
    let of_header = |name: &str, value: String| Proven {
        headers: vec![(name.to_owned(), value)],
        ..Proven::default()
    };
    match proof {
        Proof::Signature(scheme, keys) => signed(scheme, first(keys)?, post, now_ms),
        Proof::Basic(pairs) => {
            let pair = STANDARD.encode(first(pairs)?.bytes());
            Ok(of_header("authorization", format!("Basic {pair}")))
        }
        Proof::Token(place, keys) => {
            let token = String::from_utf8_lossy(first(keys)?.bytes()).into_owned();
            match place {
                Find::Header(name) => Ok(of_header(name, token)),
                Find::Query(name) => Ok(Proven {
                    query: vec![(name.clone(), token)],
                    ..Proven::default()
                }),
                Find::Json(_) => Err(Unsigned::NoKey),
            }
        }
    }
}

fn first(keys: &[Key]) -> Result<&Key, Unsigned> {
    keys.first().ok_or(Unsigned::NoKey)
}

fn signed(
    scheme: &SignatureScheme,
    key: &Key,
    post: &Post<'_>,
    now_ms: i64,
) -> Result<Proven, Unsigned> {
    let timestamp = scheme.timestamp.as_ref().map(|at| written(at, now_ms));
    let text = timestamp.clone().unwrap_or_default();
    let parts = parts(scheme, post, &text, post.uri).ok_or(Unsigned::MissingHeader)?;
    let bytes = digest(scheme.algorithm, key.bytes(), &parts)?;
    let signature = match scheme.encoding {
        Encoding::Hex => hex(&bytes),
        Encoding::Base64 => STANDARD.encode(bytes),
        Encoding::Base64Url => URL_SAFE_NO_PAD.encode(bytes),
    };
    let mut value = format!("{}{}{signature}", scheme.prefix, scheme.after);
    let mut headers = Vec::new();
    if let (Some(at), Some(time)) = (&scheme.timestamp, timestamp) {
        let time = format!("{}{time}", at.prefix);
        match at.header == scheme.header {
            true => value = format!("{time}{}{value}", scheme.separator),
            false => headers.push((at.header.clone(), time)),
        }
    }
    if scheme.is_wrapped {
        value = STANDARD.encode(value);
    }
    headers.push((scheme.header.clone(), value));
    Ok(Proven {
        headers,
        ..Proven::default()
    })
}

fn written(at: &SignedAt, now_ms: i64) -> String {
    match at.unit {
        TimeUnit::Seconds => now_ms.div_euclid(1_000).to_string(),
        TimeUnit::Milliseconds => now_ms.to_string(),
        TimeUnit::Rfc3339 => jiff::Timestamp::from_millisecond(now_ms)
            .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
            .to_string(),
    }
}

fn digest(algorithm: Algorithm, key: &[u8], parts: &[Piece<'_>]) -> Result<Vec<u8>, Unsigned> {
    Ok(match algorithm {
        Algorithm::HmacSha1 => mac::<Hmac<Sha1>>(key, parts),
        Algorithm::HmacSha256 => mac::<Hmac<Sha256>>(key, parts),
        Algorithm::HmacSha512 => mac::<Hmac<Sha512>>(key, parts),
        Algorithm::Sha256 => Sha256::digest(message(key, parts)).to_vec(),
        Algorithm::Ed25519 => return Err(Unsigned::VendorsKey),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
