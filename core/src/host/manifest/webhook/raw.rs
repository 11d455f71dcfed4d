//! The member `webhook` of a manifest as written, and what is refused of it.

use std::fmt;

use serde::Deserialize;

use super::{
    Algorithm, AuthScheme, Challenge, Encoding, Find, KeyEncoding, KeyPart, KeyTemplate, Reply,
    SignatureScheme, SignedAt, SignedPart, WebhookScheme,
};

/// Most proofs of one plugin.
const AUTHS_MAX: usize = 8;
/// Most key templates of one proof.
const KEYS_MAX: usize = 8;
/// Most challenges of one plugin.
const CHALLENGES_MAX: usize = 8;
/// Most further headers.
const HEADERS_MAX: usize = 32;
/// Longest text of a declaration, in bytes.
const TEXT_BYTES_MAX: usize = 256;

/// The member `webhook` of a manifest, as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::host::manifest) struct RawWebhook {
    auth: Vec<RawAuth>,
    #[serde(default)]
    event_id: Option<Find>,
    #[serde(default)]
    headers: Vec<String>,
    #[serde(default)]
    challenges: Vec<RawChallenge>,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
enum RawAuth {
    Signature {
        algorithm: Algorithm,
        header: String,
        encoding: Encoding,
        #[serde(default)]
        wrapped: bool,
        #[serde(default)]
        separator: String,
        #[serde(default)]
        prefix: String,
        #[serde(default)]
        after: String,
        signed: String,
        keys: Vec<String>,
        #[serde(default)]
        key_encoding: KeyEncoding,
        #[serde(default)]
        key_prefix: String,
        timestamp: Option<SignedAt>,
    },
    Basic {
        user: String,
        password: String,
    },
    Token {
        place: Find,
        keys: Vec<String>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawChallenge {
    method: String,
    when: Option<Find>,
    #[serde(default)]
    equals: String,
    verify: Option<Find>,
    #[serde(default)]
    key: String,
    answer: Option<Find>,
    #[serde(default)]
    reply: Reply,
}

/// What is wrong with a declaration.
#[derive(Debug)]
pub(in crate::host::manifest) struct Wrong(String);

impl fmt::Display for Wrong {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`webhook`: {}", self.0)
    }
}

fn wrong<T>(what: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong(what.into()))
}

impl TryFrom<RawWebhook> for WebhookScheme {
    type Error = Wrong;

    fn try_from(raw: RawWebhook) -> Result<Self, Wrong> {
        if raw.auth.is_empty() || raw.auth.len() > AUTHS_MAX {
            return wrong(format!("`auth` must list 1 to {AUTHS_MAX} proofs"));
        }
        if raw.headers.len() > HEADERS_MAX || raw.challenges.len() > CHALLENGES_MAX {
            return wrong(format!(
                "at most {HEADERS_MAX} headers and {CHALLENGES_MAX} challenges are allowed"
            ));
        }
        let auth = raw.auth.into_iter().map(auth).collect::<Result<_, _>>()?;
        let headers = raw.headers.into_iter().map(header);
        let challenges = raw.challenges.into_iter().map(challenge);
        Ok(Self {
            auth,
            event_id: raw.event_id.map(find).transpose()?,
            headers: headers.collect::<Result<_, _>>()?,
            challenges: challenges.collect::<Result<_, _>>()?,
        })
    }
}

fn auth(raw: RawAuth) -> Result<AuthScheme, Wrong> {
    match raw {
        RawAuth::Basic { user, password } => Ok(AuthScheme::Basic {
            user: key_template(&user)?,
            password: key_template(&password)?,
        }),
        RawAuth::Token { place, keys } => match find(place)? {
            Find::Json(_) => wrong("a token stands in a header or in the query"),
            place => Ok(AuthScheme::Token {
                place,
                keys: key_templates(&keys)?,
            }),
        },
        RawAuth::Signature {
            algorithm,
            header: name,
            encoding,
            wrapped,
            separator,
            prefix,
            after,
            signed,
            keys,
            key_encoding,
            key_prefix,
            timestamp,
        } => {
            let scheme = SignatureScheme {
                algorithm,
                header: header(name)?,
                encoding,
                is_wrapped: wrapped,
                separator: short(separator)?,
                prefix: short(prefix)?,
                after: short(after)?,
                signed: signed_parts(&signed)?,
                keys: key_templates(&keys)?,
                key_encoding,
                key_prefix: short(key_prefix)?,
                timestamp: timestamp.map(signed_at).transpose()?,
            };
            check_signed(&scheme)?;
            Ok(AuthScheme::Signature(Box::new(scheme)))
        }
    }
}

/// Refuses signatures that prove nothing.
fn check_signed(scheme: &SignatureScheme) -> Result<(), Wrong> {
    let holds = |part: &SignedPart| scheme.signed.contains(part);
    if !holds(&SignedPart::Body) {
        return wrong("`signed` must hold `{body}`: the rest does not say what happened");
    }
    let is_keyed = scheme.algorithm == Algorithm::Sha256;
    if holds(&SignedPart::Key) != is_keyed {
        return wrong("`signed` must hold `{key}` for `sha256`, and only there");
    }
    match (&scheme.timestamp, holds(&SignedPart::Timestamp)) {
        (None, true) => wrong("`{timestamp}` is signed, but `timestamp` does not say where it is"),
        (Some(at), false) if at.tolerance_s > 0 => {
            wrong("`timestamp` has a tolerance, but `{timestamp}` is not signed")
        }
        _ => Ok(()),
    }
}

fn signed_at(raw: SignedAt) -> Result<SignedAt, Wrong> {
    Ok(SignedAt {
        header: header(raw.header)?,
        prefix: short(raw.prefix)?,
        ..raw
    })
}

fn challenge(raw: RawChallenge) -> Result<Challenge, Wrong> {
    if !["GET", "HEAD", "POST"].contains(&raw.method.as_str()) {
        let method = raw.method;
        return wrong(format!(
            "a challenge comes by GET, HEAD or POST, not `{method}`"
        ));
    }
    if raw.method == "POST" && raw.when.is_none() {
        return wrong("a challenge by POST must say by `when` what makes it one");
    }
    let verify = match raw.verify {
        Some(place) => Some((find(place)?, key_template(&raw.key)?)),
        None => None,
    };
    if let Reply::Json(name) | Reply::Header(name) = &raw.reply {
        short(name.clone())?;
    }
    Ok(Challenge {
        method: raw.method,
        when: raw.when.map(find).transpose()?,
        equals: short(raw.equals)?,
        verify,
        answer: raw.answer.map(find).transpose()?,
        reply: raw.reply,
    })
}

fn find(raw: Find) -> Result<Find, Wrong> {
    match raw {
        Find::Header(name) => Ok(Find::Header(header(name)?)),
        Find::Query(name) if !name.is_empty() => Ok(Find::Query(short(name)?)),
        Find::Json(pointer) if pointer.starts_with('/') => Ok(Find::Json(short(pointer)?)),
        Find::Query(_) | Find::Json(_) => {
            wrong("a query parameter needs a name, and a JSON pointer begins with `/`")
        }
    }
}

fn header(name: String) -> Result<String, Wrong> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!#$%&'*+^`|~".contains(&byte);
    if name.is_empty() || name.len() > TEXT_BYTES_MAX || !name.bytes().all(is_token) {
        return wrong(format!("`{name}` is no name of a header"));
    }
    Ok(name.to_ascii_lowercase())
}

fn short(text: String) -> Result<String, Wrong> {
    match text.len() <= TEXT_BYTES_MAX {
        true => Ok(text),
        false => wrong(format!("a text is longer than {TEXT_BYTES_MAX} bytes")),
    }
}

fn key_templates(texts: &[String]) -> Result<Vec<KeyTemplate>, Wrong> {
    if texts.is_empty() || texts.len() > KEYS_MAX {
        return wrong(format!("`keys` must list 1 to {KEYS_MAX} keys"));
    }
    texts.iter().map(|text| key_template(text)).collect()
}

fn key_template(text: &str) -> Result<KeyTemplate, Wrong> {
    let parts = template(text)?;
    if !parts.iter().any(|part| matches!(part, Piece::Name(_))) {
        return wrong(format!(
            "the key `{text}` names no value of the configuration, such as `{{webhook_secret}}`"
        ));
    }
    let parts = parts.into_iter().map(|piece| match piece {
        Piece::Text(text) => KeyPart::Text(text),
        Piece::Name(name) => KeyPart::Value(name.split('.').map(str::to_owned).collect()),
    });
    Ok(KeyTemplate {
        parts: parts.collect(),
    })
}

fn signed_parts(text: &str) -> Result<Vec<SignedPart>, Wrong> {
    let pieces = template(text)?.into_iter();
    pieces
        .map(|piece| match piece {
            Piece::Text(text) => Ok(SignedPart::Text(text)),
            Piece::Name(name) => match (name.as_str(), name.strip_prefix("header:")) {
                ("body", _) => Ok(SignedPart::Body),
                ("timestamp", _) => Ok(SignedPart::Timestamp),
                ("method", _) => Ok(SignedPart::Method),
                ("uri", _) => Ok(SignedPart::Uri),
                ("key", _) => Ok(SignedPart::Key),
                (_, Some(name)) => Ok(SignedPart::Header(header(name.to_owned())?)),
                _ => wrong(format!(
                    "`signed` names `{{{name}}}`; known are body, timestamp, method, uri, key and \
                     header:NAME"
                )),
            },
        })
        .collect()
}

enum Piece {
    Text(String),
    Name(String),
}

/// Splits a text at its names in braces.
fn template(text: &str) -> Result<Vec<Piece>, Wrong> {
    let mut rest = text;
    let mut pieces = Vec::new();
    if text.is_empty() || text.len() > TEXT_BYTES_MAX {
        return wrong(format!("a template has 1 to {TEXT_BYTES_MAX} bytes"));
    }
    while let Some(start) = rest.find('{') {
        let Some(len) = rest[start..].find('}') else {
            return wrong(format!("`{text}` opens a brace that is not closed"));
        };
        if start > 0 {
            pieces.push(Piece::Text(rest[..start].to_owned()));
        }
        pieces.push(Piece::Name(rest[start + 1..start + len].to_owned()));
        rest = &rest[start + len + 1..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Ok(pieces)
}
