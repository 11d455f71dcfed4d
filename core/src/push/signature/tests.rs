//! One request, signed in the layout of every vendor that is known, and then changed.

use base64::Engine as _;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::sign::Unsigned;
use super::*;
use crate::host::manifest::Manifest;
use crate::host::manifest::webhook::{AuthScheme, WebhookScheme};
use crate::push::judge_by;

mod layout;

use layout::{all, ed25519, hubspot, standard_webhooks, typeform};

const BODY: &str = r#"{"n":1,"text":"grüße"}"#;
/// 2026-01-01T00:00:00Z.
const NOW_MS: i64 = 1_767_225_600_000;

/// A request and how it is to be judged.
#[derive(Clone)]
struct Case {
    auth: Value,
    config: Value,
    headers: Vec<(&'static str, String)>,
    query: Vec<(String, String)>,
    uri: &'static str,
    body: String,
    now_ms: i64,
}

impl Case {
    fn new(auth: Value, headers: &[(&'static str, &str)]) -> Self {
        Self {
            auth,
            config: json!({"webhook_secret": "s3cret", "client_id": "id-1"}),
            headers: headers
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned()))
                .collect(),
            query: Vec::new(),
            uri: "https://voice.example.com/ingest/a",
            body: BODY.to_owned(),
            now_ms: NOW_MS,
        }
    }

    fn verdict(&self) -> Verdict {
        let (scheme, headers) = (self.scheme(), self.header_map());
        judge_by(&scheme, &self.config, &self.post(&headers), self.now_ms).expect("keys")
    }

    /// Proves the request here, in place of the vendor's own proof.
    fn signed_here(&self) -> Result<Self, Unsigned> {
        let mut bare = self.clone();
        let scheme = self.scheme();
        let AuthScheme::Signature(own) = &scheme.auth[0] else {
            panic!("only signatures are listed here");
        };
        let stamp = own.timestamp.as_ref().map(|at| at.header.as_str());
        (bare.headers).retain(|(name, _)| *name != own.header && Some(*name) != stamp);
        let headers = bare.header_map();
        let proven = sign::sign(&scheme, &bare.config, &bare.post(&headers), bare.now_ms)?;
        let proven = proven.headers.into_iter();
        bare.headers
            .extend(proven.map(|(name, value)| (&*name.leak(), value)));
        Ok(bare)
    }

    fn scheme(&self) -> WebhookScheme {
        let json = json!({"voc": 1, "abi": [1, 0], "id": "a", "version": "1",
            "webhook": {"auth": [self.auth]}})
        .to_string();
        let mut section = b"VOCM1\n".to_vec();
        section.extend(u32::try_from(json.len()).expect("short").to_le_bytes());
        section.extend(json.as_bytes());
        let manifest = Manifest::from_section(&section).expect("a declaration");
        manifest.webhook.expect("declared")
    }

    fn header_map(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let name = HeaderName::try_from(*name).expect("a name");
            headers.append(name, HeaderValue::try_from(value).expect("a value"));
        }
        headers
    }

    fn post<'a>(&'a self, headers: &'a HeaderMap) -> Post<'a> {
        Post {
            method: "POST",
            uri: self.uri,
            query: &self.query,
            headers,
            body: self.body.as_bytes(),
        }
    }
}

#[test]
fn every_layout_is_verified() {
    for case in all() {
        assert_eq!(case.verdict(), Verdict::Good, "{}", case.auth);
    }
}

#[test]
fn what_is_signed_here_is_verified_here() {
    let mut refused = Vec::new();
    for case in all() {
        match case.signed_here() {
            Ok(signed) => assert_eq!(signed.verdict(), Verdict::Good, "{}", case.auth),
            Err(error) => refused.push(error),
        }
    }
    assert_eq!(
        refused,
        [Unsigned::VendorsKey],
        "of all layouts only Ed25519"
    );
}

#[test]
fn another_body_is_wrong_in_every_layout() {
    for mut case in all() {
        case.body.push(' ');
        assert_eq!(case.verdict(), Verdict::WrongSignature, "{}", case.auth);
        case.body.clear();
        assert_eq!(case.verdict(), Verdict::WrongSignature, "{}", case.auth);
    }
}

#[test]
fn another_key_is_wrong_in_every_layout() {
    for mut case in all() {
        let text = case.config["webhook_secret"].as_str().expect("a text");
        let text = text.to_owned();
        let other = match text.strip_suffix('8').or(text.strip_suffix('X')) {
            Some(rest) => format!("{rest}4"),
            None => format!("{text}4"),
        };
        case.config["webhook_secret"] = json!(other);
        assert_eq!(case.verdict(), Verdict::WrongSignature, "{}", case.auth);
        case.config["webhook_secret"] = json!([other, text]);
        assert_eq!(case.verdict(), Verdict::Good, "rotated: {}", case.auth);
        case.config["webhook_secret"] = json!("");
        assert_eq!(case.verdict(), Verdict::NoKey, "{}", case.auth);
    }
}

#[test]
fn a_missing_header_is_named_as_that() {
    for case in all() {
        for name in case.headers.iter().map(|(name, _)| *name) {
            let mut without = case.clone();
            without.headers.retain(|(kept, _)| *kept != name);
            assert_eq!(without.verdict(), Verdict::MissingHeader, "{name}");
        }
    }
}

#[test]
fn what_cannot_be_read_is_no_signature() {
    for text in ["", "sha256=", "sha256=!!!", "ln4KrStq", "sha1=ln4K"] {
        let mut case = typeform();
        case.headers[0].1 = text.to_owned();
        let verdict = case.verdict();
        let is_refused = matches!(verdict, Verdict::BadEncoding | Verdict::WrongSignature);
        assert!(is_refused, "{text}: {verdict:?}");
    }
}

#[test]
fn an_authentic_request_is_judged_by_its_time() {
    for case in [standard_webhooks(), hubspot(), ed25519()] {
        for (off_ms, expected) in [
            (300_000, Verdict::Good),
            (300_001, Verdict::TooOld),
            (-300_000, Verdict::Good),
            (-300_001, Verdict::InTheFuture),
            (i64::MAX - NOW_MS, Verdict::TooOld),
        ] {
            let at = Case {
                now_ms: NOW_MS + off_ms,
                ..case.clone()
            };
            assert_eq!(at.verdict(), expected, "{off_ms}");
        }
        let mut forged = case.clone();
        forged.body.push(' ');
        forged.now_ms += 400_000;
        assert_eq!(forged.verdict(), Verdict::WrongSignature);
    }
}

#[test]
fn a_moved_timestamp_is_wrong() {
    let mut case = standard_webhooks();
    case.headers[1].1 = "1767225601".to_owned();
    assert_eq!(case.verdict(), Verdict::WrongSignature);
}

#[test]
fn another_address_is_wrong_where_it_is_signed() {
    let case = Case {
        uri: "https://voice.example.com/ingest/b?x=a%40b",
        ..hubspot()
    };
    assert_eq!(case.verdict(), Verdict::WrongSignature);
}

#[test]
fn a_signature_among_many_is_found_but_not_among_endless_ones() {
    let good = standard_webhooks().headers[2].1.clone();
    let mut case = standard_webhooks();
    case.headers[2].1 = format!("{}{good}", "v1,AAAA ".repeat(SIGNATURES_MAX));
    assert_eq!(case.verdict(), Verdict::WrongSignature);
}

#[test]
fn credentials_are_compared_whole() {
    let basic = json!({"kind": "basic", "user": "{user}", "password": "{password}"});
    let check = |header: &str, expected: Verdict| {
        let mut case = Case::new(basic.clone(), &[("authorization", header)]);
        case.config = json!({"user": "u", "password": "p:w"});
        assert_eq!(case.verdict(), expected, "{header}");
    };
    check(&format!("Basic {}", BASE64.encode("u:p:w")), Verdict::Good);
    check(&format!("basic {}", BASE64.encode("u:p:w")), Verdict::Good);
    for pair in ["u:p", "u:p:w2", ":", ""] {
        let header = format!("Basic {}", BASE64.encode(pair));
        check(&header, Verdict::WrongSignature);
    }
    check("Bearer abc", Verdict::BadEncoding);
}

#[test]
fn a_token_is_found_in_the_query() {
    let token = json!({"kind": "token", "place": {"query": "token"}, "keys": ["{token}"]});
    let mut case = Case::new(token, &[]);
    case.config = json!({"token": "t0ken"});
    assert_eq!(case.verdict(), Verdict::MissingHeader);
    case.query = vec![("token".to_owned(), "t0ken".to_owned())];
    assert_eq!(case.verdict(), Verdict::Good);
    case.query[0].1.push('x');
    assert_eq!(case.verdict(), Verdict::WrongSignature);
    case.config = json!({});
    assert_eq!(case.verdict(), Verdict::NoKey);
}
