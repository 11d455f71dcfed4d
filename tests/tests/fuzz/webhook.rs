//! Vendors that sign in every way there is, their requests, and what is done to these.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, Mac as _};
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::Sha256;
use vocd::host::manifest::Manifest;
use vocd::host::manifest::webhook::WebhookScheme;
use vocd::push::{Post, Sifted, sift};
use vocd_tests::dice::Dice;

use crate::mutation::spoil;

const SECRET: &str = "it-is-a-secret-of-the-test";
/// When everything is signed and judged: 2026-01-01T00:00:00Z.
const NOW_S: i64 = 1_767_225_600;
const BODY: &str = r#"{"event_id":"e-1","rows":[{"id":"a1","score":9,"text":"größer"}]}"#;
/// Names of headers that are put in besides the vendor's.
const NAMES: [&str; 4] = ["x-signature", "x-timestamp", "authorization", "x-other"];

/// How a vendor's webhooks are recognised.
pub(crate) struct Vendor {
    pub(crate) name: &'static str,
    scheme: WebhookScheme,
    config: Value,
    headers: Vec<(&'static str, String)>,
    query: Vec<(String, String)>,
}

/// A request, to be spoiled.
pub(crate) struct Request {
    method: String,
    uri: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

fn hmac_of(text: &str) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes());
    let mut mac = mac.expect("keys are of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn signature(members: Value) -> Value {
    let mut auth = json!({"kind": "signature", "algorithm": "hmac-sha256", "header": "x-signature",
        "encoding": "hex", "signed": "{body}", "keys": ["{webhook_secret}"]});
    for (name, value) in members.as_object().into_iter().flatten() {
        auth[name] = value.clone();
    }
    auth
}

fn vendor(name: &'static str, auth: &Value, headers: &[(&'static str, String)]) -> Vendor {
    let manifest = json!({"voc": 1, "abi": [1, 0], "id": "org.example.a", "version": "1",
        "webhook": {"auth": [auth], "event_id": {"json": "/event_id"}, "headers": ["x-other"],
            "challenges": [{"method": "GET", "when": {"query": "mode"}, "equals": "subscribe",
                "answer": {"query": "challenge"}, "reply": {"as": "text"}}]}});
    let manifest = manifest.to_string();
    let mut section = b"VOCM1\n".to_vec();
    section.extend(u32::try_from(manifest.len()).expect("short").to_le_bytes());
    section.extend(manifest.as_bytes());
    let manifest = Manifest::from_section(&section).unwrap_or_else(|error| panic!("{error:?}"));
    Vendor {
        name,
        scheme: manifest.webhook.expect("declared"),
        config: json!({"webhook_secret": ["another one", SECRET]}),
        headers: headers.to_vec(),
        query: vec![("mode".to_owned(), "news".to_owned())],
    }
}

/// Returns one vendor a way of signing.
pub(crate) fn vendors() -> Vec<Vendor> {
    let stamped = json!({"header": "x-timestamp", "unit": "seconds", "tolerance_s": 300});
    let at = ("x-timestamp", NOW_S.to_string());
    let of_body = hmac_of(BODY);
    let of_both = hmac_of(&format!("{NOW_S}.{BODY}"));
    let of_all = hmac_of(&format!("POSThttps://voice.example.com/ingest/a{BODY}"));
    vec![
        vendor(
            "hex",
            &signature(json!({"prefix": "sha256="})),
            &[("x-signature", format!("sha256={}", hex(&of_body)))],
        ),
        vendor(
            "base64",
            &signature(json!({"encoding": "base64"})),
            &[("x-signature", BASE64.encode(&of_body))],
        ),
        vendor(
            "stamped",
            &signature(json!({"signed": "{timestamp}.{body}", "timestamp": stamped})),
            &[at.clone(), ("x-signature", hex(&of_both))],
        ),
        vendor(
            "list",
            &signature(json!({"signed": "{timestamp}.{body}", "timestamp": stamped,
                "separator": " ", "prefix": "v1,", "encoding": "base64"})),
            &[
                at,
                (
                    "x-signature",
                    format!("v0,abc v1,{}", BASE64.encode(&of_both)),
                ),
            ],
        ),
        vendor(
            "address",
            &signature(json!({"signed": "{method}{uri}{body}"})),
            &[("x-signature", hex(&of_all))],
        ),
    ]
}

impl Vendor {
    /// Returns the request as the vendor sends it.
    pub(crate) fn good(&self) -> Request {
        let own = self.headers.iter();
        let mut headers: Vec<(String, Vec<u8>)> = own
            .map(|(name, value)| ((*name).to_owned(), value.clone().into_bytes()))
            .collect();
        headers.push(("x-other".to_owned(), b"topic".to_vec()));
        Request {
            method: "POST".to_owned(),
            uri: "https://voice.example.com/ingest/a".to_owned(),
            query: self.query.clone(),
            headers,
            body: BODY.as_bytes().to_vec(),
        }
    }
}

impl Request {
    /// Changes it in one to three places.
    pub(crate) fn spoil(&mut self, dice: &mut Dice) {
        for _ in 0..=dice.roll(3) {
            let idx = dice.index(self.headers.len());
            match dice.roll(9) {
                0 | 1 => spoil(dice, &mut self.body, BODY.as_bytes()),
                2 | 3 => spoil(dice, &mut self.headers[idx].1, BODY.as_bytes()),
                4 => {
                    let (_, value) = self.headers[idx].clone();
                    let name = (*dice.pick(&NAMES)).to_owned();
                    self.headers.insert(idx, (name, value));
                }
                5 if self.headers.len() > 1 => {
                    self.headers.remove(idx);
                }
                6 => {
                    let methods = ["POST", "GET", "HEAD", "PUT", "", "post"];
                    self.method = (*dice.pick(&methods)).to_owned();
                }
                7 => spoil_text(dice, &mut self.uri),
                _ => {
                    let (name, value) = &mut self.query[0];
                    spoil_text(dice, name);
                    spoil_text(dice, value);
                }
            }
        }
    }

    /// Has it judged as the daemon does before it writes anything.
    pub(crate) fn sift(&self, vendor: &Vendor) -> Sifted {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            // What is no header never gets past the HTTP server.
            if let (Ok(name), Ok(value)) =
                (name.parse::<HeaderName>(), HeaderValue::from_bytes(value))
            {
                headers.append(name, value);
            }
        }
        let post = Post {
            method: &self.method,
            uri: &self.uri,
            query: &self.query,
            headers: &headers,
            body: &self.body,
        };
        let now = Timestamp::from_second(NOW_S).expect("inside the calendar");
        sift(&vendor.scheme, &vendor.config, &post, now).expect("the keys are whole")
    }
}

fn spoil_text(dice: &mut Dice, text: &mut String) {
    let mut bytes = std::mem::take(text).into_bytes();
    spoil(dice, &mut bytes, BODY.as_bytes());
    *text = String::from_utf8_lossy(&bytes).into_owned();
}
