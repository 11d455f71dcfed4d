//! Whether a request is the vendor's: pure, over the raw bytes, in constant time per key.

pub(super) mod sign;

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use ed25519_dalek::{Signature as Ed25519Signature, VerifyingKey};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use subtle::{Choice, ConstantTimeEq};

use super::key::{Key, Proof};
use super::request::Post;
use crate::host::manifest::webhook::{
    Algorithm, Encoding, SignatureScheme, SignedAt, SignedPart, TimeUnit,
};

/// Most signatures of one header that are looked at.
const SIGNATURES_MAX: usize = 16;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
/// Base64 with or without padding.
pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, LENIENT);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, LENIENT);

/// What a proof says of a request. The later ones were nearer to a success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// No key is configured.
    NoKey,
    /// What holds the proof is not there.
    MissingHeader,
    /// It is not written as declared.
    BadEncoding,
    /// The time of the signature is not written as declared.
    BadTimestamp,
    /// It is not the vendor's.
    WrongSignature,
    /// It was signed too long ago.
    TooOld,
    /// It was signed later than now.
    InTheFuture,
    /// It is the vendor's.
    Good,
}

impl Verdict {
    /// Returns the label that operators count.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoKey => "no_key",
            Self::MissingHeader => "missing_header",
            Self::BadEncoding => "bad_encoding",
            Self::BadTimestamp => "bad_timestamp",
            Self::WrongSignature => "wrong_signature",
            Self::TooOld => "too_old",
            Self::InTheFuture => "in_the_future",
            Self::Good => "good",
        }
    }
}

/// Judges a request by every proof; one that holds is enough.
pub(super) fn judge(proofs: &[Proof], post: &Post<'_>, now_ms: i64) -> Verdict {
    let verdicts = proofs.iter().map(|proof| match proof {
        Proof::Signature(scheme, keys) => verify(scheme, keys, post, now_ms),
        Proof::Basic(pairs) => basic(pairs, post),
        Proof::Token(place, keys) => match post.find(place) {
            Some(token) => among(keys, token.as_bytes()),
            None => Verdict::MissingHeader,
        },
    });
    verdicts.max().unwrap_or(Verdict::NoKey)
}

/// Judges a request by a signature.
fn verify(scheme: &SignatureScheme, keys: &[Key], post: &Post<'_>, now_ms: i64) -> Verdict {
    if keys.is_empty() {
        return Verdict::NoKey;
    }
    let Some(header) = post.header(&scheme.header) else {
        return Verdict::MissingHeader;
    };
    let Some(found) = signatures(scheme, header) else {
        return Verdict::BadEncoding;
    };
    let timestamp = match &scheme.timestamp {
        Some(at) => match timestamp(scheme, at, post) {
            Some(text) => text,
            None => return Verdict::MissingHeader,
        },
        None => String::new(),
    };
    let mut is_good = Choice::from(0);
    for uri in uris(scheme, post.uri) {
        let Some(parts) = parts(scheme, post, &timestamp, &uri) else {
            return Verdict::MissingHeader;
        };
        // Every key and every signature is tried, so that the time does not tell which one fits.
        for key in keys {
            is_good |= fits(scheme.algorithm, key.bytes(), &parts, &found);
        }
    }
    match (bool::from(is_good), &scheme.timestamp) {
        (false, _) => Verdict::WrongSignature,
        (true, None) => Verdict::Good,
        // Only an authentic request is told that its time is wrong.
        (true, Some(at)) => in_time(at, &timestamp, now_ms),
    }
}

/// Returns the signatures of a header; `None` when there is none that can be read.
fn signatures(scheme: &SignatureScheme, header: &str) -> Option<Vec<Vec<u8>>> {
    let unwrapped;
    let text = match scheme.is_wrapped {
        true => {
            unwrapped = String::from_utf8(BASE64.decode(header.trim()).ok()?).ok()?;
            unwrapped.as_str()
        }
        false => header,
    };
    let found: Vec<Vec<u8>> = entries(scheme, text)
        .take(SIGNATURES_MAX)
        .filter_map(|entry| {
            let entry = entry.strip_prefix(&scheme.prefix)?;
            let written = match scheme.after.as_str() {
                "" => entry,
                after => entry.rsplit_once(after)?.1,
            };
            match scheme.encoding {
                Encoding::Hex => unhex(written),
                Encoding::Base64 => BASE64.decode(written).ok(),
                Encoding::Base64Url => BASE64_URL.decode(written).ok(),
            }
        })
        .collect();
    (!found.is_empty()).then_some(found)
}

fn entries<'a>(scheme: &'a SignatureScheme, text: &'a str) -> impl Iterator<Item = &'a str> {
    let separator = scheme.separator.as_str();
    let whole = separator.is_empty().then_some(text.trim());
    let parts = (!separator.is_empty()).then(|| text.split(separator).map(str::trim));
    whole.into_iter().chain(parts.into_iter().flatten())
}

/// Returns the timestamp as it was sent.
fn timestamp(scheme: &SignatureScheme, at: &SignedAt, post: &Post<'_>) -> Option<String> {
    let header = post.header(&at.header)?;
    if at.prefix.is_empty() {
        return Some(header.trim().to_owned());
    }
    let found = entries(scheme, header).find_map(|entry| entry.strip_prefix(&at.prefix))?;
    Some(found.to_owned())
}

fn in_time(at: &SignedAt, timestamp: &str, now_ms: i64) -> Verdict {
    if at.tolerance_s == 0 {
        return Verdict::Good;
    }
    let signed_ms = match at.unit {
        TimeUnit::Seconds => timestamp
            .parse::<i64>()
            .ok()
            .and_then(|second| second.checked_mul(1_000)),
        TimeUnit::Milliseconds => timestamp.parse::<i64>().ok(),
        TimeUnit::Rfc3339 => {
            let parsed = timestamp.parse::<jiff::Timestamp>();
            parsed.ok().map(jiff::Timestamp::as_millisecond)
        }
    };
    let Some(signed_ms) = signed_ms else {
        return Verdict::BadTimestamp;
    };
    let tolerance_ms = i64::from(at.tolerance_s) * 1_000;
    let age_ms = now_ms.saturating_sub(signed_ms);
    if age_ms > tolerance_ms {
        return Verdict::TooOld;
    }
    match age_ms < -tolerance_ms {
        true => Verdict::InTheFuture,
        false => Verdict::Good,
    }
}

/// A part of the message; the key itself is one of plain digests.
enum Piece<'a> {
    Bytes(&'a [u8]),
    Key,
}

/// Returns what is signed, or `None` when a header that belongs to it is missing.
fn parts<'a>(
    scheme: &'a SignatureScheme,
    post: &'a Post<'_>,
    timestamp: &'a str,
    uri: &'a str,
) -> Option<Vec<Piece<'a>>> {
    let pieces = scheme.signed.iter().map(|part| {
        let bytes = match part {
            SignedPart::Text(text) => text.as_bytes(),
            SignedPart::Body => post.body,
            SignedPart::Timestamp => timestamp.as_bytes(),
            SignedPart::Method => post.method.as_bytes(),
            SignedPart::Uri => uri.as_bytes(),
            SignedPart::Header(name) => post.header(name)?.as_bytes(),
            SignedPart::Key => return Some(Piece::Key),
        };
        Some(Piece::Bytes(bytes))
    });
    pieces.collect()
}

fn fits(algorithm: Algorithm, key: &[u8], parts: &[Piece<'_>], found: &[Vec<u8>]) -> Choice {
    let expected = match algorithm {
        Algorithm::HmacSha1 => mac::<Hmac<Sha1>>(key, parts),
        Algorithm::HmacSha256 => mac::<Hmac<Sha256>>(key, parts),
        Algorithm::HmacSha512 => mac::<Hmac<Sha512>>(key, parts),
        Algorithm::Sha256 => Sha256::digest(message(key, parts)).to_vec(),
        Algorithm::Ed25519 => return is_signed(key, &message(key, parts), found),
    };
    let none = Choice::from(0);
    found
        .iter()
        .fold(none, |is_good, one| is_good | expected.ct_eq(one))
}

fn mac<M: Mac + hmac::digest::KeyInit>(key: &[u8], parts: &[Piece<'_>]) -> Vec<u8> {
    let mut mac = <M as Mac>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        if let Piece::Bytes(bytes) = part {
            mac.update(bytes);
        }
    }
    mac.finalize().into_bytes().to_vec()
}

fn message(key: &[u8], parts: &[Piece<'_>]) -> Vec<u8> {
    let parts = parts.iter().map(|part| match part {
        Piece::Bytes(bytes) => *bytes,
        Piece::Key => key,
    });
    parts.collect::<Vec<_>>().concat()
}

/// The key is public: there is no secret that the time could tell.
fn is_signed(key: &[u8], message: &[u8], found: &[Vec<u8>]) -> Choice {
    let key = key
        .try_into()
        .ok()
        .and_then(|key| VerifyingKey::from_bytes(key).ok());
    let is_good = key.is_some_and(|key| {
        found.iter().any(|one| {
            Ed25519Signature::from_slice(one)
                .is_ok_and(|one| key.verify_strict(message, &one).is_ok())
        })
    });
    Choice::from(u8::from(is_good))
}

/// Returns the address as it came and, where it differs, with the escapes undone that some
/// vendors undo before they sign.
fn uris(scheme: &SignatureScheme, uri: &str) -> Vec<String> {
    const ESCAPES: [(&str, &str); 11] = [
        ("%3A", ":"),
        ("%2F", "/"),
        ("%3F", "?"),
        ("%40", "@"),
        ("%21", "!"),
        ("%24", "$"),
        ("%27", "'"),
        ("%28", "("),
        ("%29", ")"),
        ("%2A", "*"),
        ("%2C", ","),
    ];
    let mut uris = vec![uri.to_owned()];
    if scheme.signed.contains(&SignedPart::Uri) && uri.contains('%') {
        let decoded = ESCAPES
            .iter()
            .fold(uri.to_owned(), |text, (escape, plain)| {
                text.replace(escape, plain)
                    .replace(&escape.to_ascii_lowercase(), plain)
            });
        uris.push(decoded.replace("%3B", ";").replace("%3b", ";"));
    }
    uris
}

fn basic(pairs: &[Key], post: &Post<'_>) -> Verdict {
    let Some(header) = post.header("authorization") else {
        return Verdict::MissingHeader;
    };
    let encoded = match header.split_once(' ') {
        Some((kind, encoded)) if kind.eq_ignore_ascii_case("basic") => encoded.trim(),
        _ => return Verdict::BadEncoding,
    };
    match BASE64.decode(encoded) {
        Ok(pair) => among(pairs, &pair),
        Err(_) => Verdict::BadEncoding,
    }
}

/// Compares digests, so that not even the length of a key shows in the time.
pub(super) fn among(keys: &[Key], found: &[u8]) -> Verdict {
    let found = Sha256::digest(found);
    let is_good = keys.iter().fold(Choice::from(0), |is_good, key| {
        is_good | Sha256::digest(key.bytes()).ct_eq(&found)
    });
    match bool::from(is_good) {
        true => Verdict::Good,
        false => Verdict::WrongSignature,
    }
}

/// Returns the bytes of hexadecimal digits.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests;
