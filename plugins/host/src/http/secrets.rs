//! Secrets that the plugin never sees: put into requests, and taken out of all that is told.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;
use vocd_plugin::abi::http::{
    HTTP_AUTH_BASIC, HTTP_AUTH_BEARER, HTTP_AUTH_HEADER, HTTP_AUTH_NONE, HTTP_AUTH_QUERY,
};
use vocd_plugin::{Error, Result};

use super::plan::HttpPlan;

/// What stands in place of a secret.
pub(crate) const MASK: &str = "***";
/// Credentials of different forms that one run remembers; a source has one or two.
const CREDENTIALS_MAX: usize = 64;
/// Where the secret stands in a format.
const SLOT: &str = "{secret}";

/// The secrets of a run.
#[derive(Default)]
pub(crate) struct Secrets {
    by_reference: BTreeMap<String, String>,
    /// Every spelling of every secret, and of the credentials made of them so far, which a server
    /// may send back; longest first.
    spellings: Mutex<Vec<String>>,
    n_credentials: Mutex<usize>,
}

/// What the plugin declared about the credentials of a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct AuthWish {
    pub(crate) kind: u32,
    pub(crate) reference: String,
    pub(crate) name: String,
    pub(crate) format: String,
}

/// A secret and where it goes in a request.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Credential {
    Header { name: String, value: String },
    Query { name: String, value: String },
}

impl Secrets {
    pub(crate) fn new(plan: &HttpPlan) -> Self {
        let all = plan.secrets.values().chain(&plan.masked);
        let mut spellings: Vec<String> = all.flat_map(|secret| spellings(secret)).collect();
        sort(&mut spellings);
        Self {
            by_reference: plan.secrets.clone(),
            spellings: Mutex::new(spellings),
            n_credentials: Mutex::new(0),
        }
    }

    /// Resolves the declared credentials; `None` when the request has none.
    pub(crate) fn credential(&self, wish: &AuthWish) -> Result<Option<Credential>> {
        if wish.kind == HTTP_AUTH_NONE {
            return Ok(None);
        }
        // The reference is not told: a plugin may have passed the secret itself.
        let secret = self.by_reference.get(&wish.reference).ok_or_else(|| {
            Error::config(
                "a request names a secret the source does not have; the plugin's author marks the \
                 property `x-voc-secret` and `x-voc-auth` in the configuration schema",
            )
        })?;
        let format = match wish.format.as_str() {
            "" => SLOT,
            format => format,
        };
        if !format.contains(SLOT) {
            let text = format!("the format of a request's credentials has no `{SLOT}` in it");
            return Err(Error::internal(text));
        }
        let value = format.replace(SLOT, secret);
        let header = |name: &str, value: String| Credential::Header {
            name: name.to_ascii_lowercase(),
            value,
        };
        let credential = match wish.kind {
            HTTP_AUTH_BEARER => header("authorization", format!("Bearer {value}")),
            HTTP_AUTH_BASIC => header("authorization", format!("Basic {}", STANDARD.encode(value))),
            HTTP_AUTH_HEADER if !wish.name.is_empty() => header(&wish.name, value),
            HTTP_AUTH_QUERY if !wish.name.is_empty() => Credential::Query {
                name: wish.name.clone(),
                value,
            },
            _ => {
                return Err(Error::internal(
                    "a request declares credentials of no known form",
                ));
            }
        };
        self.remember(&credential);
        Ok(Some(credential))
    }

    fn remember(&self, credential: &Credential) {
        let mut known = self
            .spellings
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (Credential::Header { value, .. } | Credential::Query { value, .. }) = credential;
        let mut n_known = self
            .n_credentials
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if known.contains(value) || *n_known >= CREDENTIALS_MAX {
            return;
        }
        *n_known += 1;
        // The part after `Basic ` is told without it, too.
        let bare = value.split_once(' ').map_or("", |(_, bare)| bare);
        known.extend(spellings(value));
        known.extend(spellings(bare));
        sort(&mut known);
    }

    /// Returns the text with every secret masked.
    pub(crate) fn mask(&self, text: &str) -> String {
        let mut clean = text.to_owned();
        for spelling in self
            .spellings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
        {
            if clean.contains(spelling.as_str()) {
                clean = clean.replace(spelling.as_str(), MASK);
            }
        }
        clean
    }
}

impl Credential {
    /// Returns the URL to send, which must not be told to anybody.
    pub(crate) fn sent_url(&self, url: &Url) -> Url {
        let mut sent = url.clone();
        if let Self::Query { name, value } = self {
            sent.query_pairs_mut().append_pair(name, value);
        }
        sent
    }
}

/// Returns the forms a secret may be told in: as it is, in JSON, in a URL, in Basic.
fn spellings(secret: &str) -> Vec<String> {
    if secret.is_empty() {
        return Vec::new();
    }
    let json = serde_json::Value::from(secret).to_string();
    vec![
        secret.to_owned(),
        json[1..json.len() - 1].to_owned(),
        url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
        percent_encoded(secret),
        STANDARD.encode(secret),
    ]
}

fn percent_encoded(secret: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let mut text = String::new();
    for byte in secret.bytes() {
        match plain(byte) {
            true => text.push(char::from(byte)),
            false => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

fn sort(spellings: &mut Vec<String>) {
    // A secret that contains another is masked whole.
    spellings.sort_by(|left, right| right.len().cmp(&left.len()).then(left.cmp(right)));
    spellings.dedup();
}

#[cfg(test)]
mod tests {
    use vocd_plugin::ErrorClass;

    use super::*;

    fn secrets() -> Secrets {
        Secrets::new(&HttpPlan {
            secrets: BTreeMap::from([("$secret:/token".to_owned(), "s3 cr/t".to_owned())]),
            masked: vec!["plain".to_owned()],
            ..HttpPlan::default()
        })
    }

    fn wish(kind: u32, name: &str, format: &str) -> AuthWish {
        AuthWish {
            kind,
            reference: "$secret:/token".to_owned(),
            name: name.to_owned(),
            format: format.to_owned(),
        }
    }

    fn check_header(kind: u32, name: &str, format: &str, expected: (&str, &str)) {
        let credential = secrets()
            .credential(&wish(kind, name, format))
            .expect("known");
        let (name, value) = expected;
        let expected = Credential::Header {
            name: name.to_owned(),
            value: value.to_owned(),
        };
        assert!(credential == Some(expected), "{format}");
    }

    #[test]
    fn secrets_go_where_the_request_declares() {
        check_header(
            HTTP_AUTH_BEARER,
            "",
            "",
            ("authorization", "Bearer s3 cr/t"),
        );
        let basic = ("authorization", "Basic bWVAeC9wdzpzMyBjci90");
        check_header(HTTP_AUTH_BASIC, "", "me@x/pw:{secret}", basic);
        check_header(HTTP_AUTH_HEADER, "X-Api-Key", "", ("x-api-key", "s3 cr/t"));
        let zammad = ("authorization", "Token token=s3 cr/t");
        check_header(
            HTTP_AUTH_HEADER,
            "Authorization",
            "Token token={secret}",
            zammad,
        );
    }

    #[test]
    fn a_query_parameter_is_sent_and_not_told() {
        let credential = secrets()
            .credential(&wish(HTTP_AUTH_QUERY, "key", ""))
            .expect("known");
        let credential = credential.expect("one");
        let url = Url::parse("https://a.example/x?a=1").expect("valid");
        assert_eq!(
            credential.sent_url(&url).as_str(),
            "https://a.example/x?a=1&key=s3+cr%2Ft"
        );
    }

    #[test]
    fn an_unknown_reference_is_refused_without_being_told() {
        let unknown = AuthWish {
            reference: "the-secret-itself".to_owned(),
            ..wish(HTTP_AUTH_BEARER, "", "")
        };
        let error = secrets().credential(&unknown).err().expect("refused");
        assert_eq!(error.class(), ErrorClass::Config);
        assert!(!error.user().contains("the-secret-itself"), "{error}");
    }

    #[test]
    fn credentials_without_the_secret_are_none() {
        let error = secrets()
            .credential(&wish(HTTP_AUTH_BASIC, "", "me:pw"))
            .err();
        assert!(error.expect("refused").user().contains("`{secret}`"));
    }

    #[test]
    fn every_spelling_is_masked() {
        let secrets = secrets();
        for text in [
            "s3 cr/t",
            "s3+cr%2Ft",
            "s3%20cr%2Ft",
            "plain",
            "czMgY3IvdA==",
        ] {
            assert_eq!(secrets.mask(&format!("<{text}>")), "<***>");
        }
        let basic = secrets.credential(&wish(HTTP_AUTH_BASIC, "", "u:{secret}"));
        assert!(basic.is_ok_and(|credential| credential.is_some()));
        let echo = "you sent Basic dTpzMyBjci90";
        assert!(!secrets.mask(echo).contains("dTpzMyBjci90"));
    }
}
