//! Signatures of vendors as they were published or computed elsewhere, against our verification.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::{Value, json};
use vocd::host::manifest::Manifest;
use vocd::push::{Post, Verdict, judge_by};
use vocd_tests::skip::specification;

/// One vector.
#[derive(Deserialize)]
struct Vector {
    vendor: String,
    secret: String,
    body: String,
    expected_headers: BTreeMap<String, String>,
    method: Option<String>,
    uri: Option<String>,
}

fn hmac(algorithm: &str, header: &str, encoding: &str, members: Value) -> Value {
    let mut auth = json!({"kind": "signature", "algorithm": algorithm, "header": header,
        "encoding": encoding, "signed": "{body}", "keys": ["{secret}"]});
    for (name, value) in members.as_object().expect("an object") {
        auth[name] = value.clone();
    }
    auth
}

fn at(header: &str, unit: &str, signed: &str) -> Value {
    json!({"signed": signed, "timestamp": {"header": header, "unit": unit}})
}

/// Returns how a vendor's signature is declared.
fn declaration(vendor: &str) -> Option<Value> {
    let sha256 = |header, encoding, members| hmac("hmac-sha256", header, encoding, members);
    Some(match vendor {
        "typeform" => sha256("Typeform-Signature", "base64", json!({"prefix": "sha256="})),
        "surveymonkey" => hmac("hmac-sha1", "Sm-Signature", "base64", json!({})),
        "delighted" => sha256(
            "X-Delighted-Webhook-Signature",
            "hex",
            json!({"prefix": "sha256="}),
        ),
        "zendesk" | "zendesk-OLD-doc-order" => sha256(
            "X-Zendesk-Webhook-Signature",
            "base64",
            at(
                "X-Zendesk-Webhook-Signature-Timestamp",
                "rfc3339",
                "{timestamp}{body}",
            ),
        ),
        "intercom" | "zammad" => hmac(
            "hmac-sha1",
            "X-Hub-Signature",
            "hex",
            json!({"prefix": "sha1="}),
        ),
        "chatwoot" => {
            let mut members = at("X-Chatwoot-Timestamp", "seconds", "{timestamp}.{body}");
            members["prefix"] = json!("sha256=");
            sha256("X-Chatwoot-Signature", "hex", members)
        }
        "helpscout" => hmac("hmac-sha1", "X-HelpScout-Signature", "base64", json!({})),
        _ if vendor.starts_with("hubspot") => hubspot(vendor)?,
        "espocrm" => sha256("Signature", "hex", json!({"wrapped": true, "after": ":"})),
        "twenty" => sha256(
            "X-Twenty-Webhook-Signature",
            "hex",
            at(
                "X-Twenty-Webhook-Timestamp",
                "milliseconds",
                "{timestamp}:{body}",
            ),
        ),
        _ if vendor.contains("tandard") => sha256(
            "webhook-signature",
            "base64",
            json!({
                "separator": " ", "prefix": "v1,",
                "signed": "{header:webhook-id}.{timestamp}.{body}",
                "key_encoding": "base64", "key_prefix": "whsec_",
                "timestamp": {"header": "webhook-timestamp", "unit": "seconds"},
            }),
        ),
        _ => return None,
    })
}

/// Returns how each version of one vendor's signature is declared.
fn hubspot(vendor: &str) -> Option<Value> {
    let sha256 = |header, encoding, members| hmac("hmac-sha256", header, encoding, members);
    Some(match vendor {
        "hubspot-v1" => hmac(
            "sha256",
            "X-HubSpot-Signature",
            "hex",
            json!({"signed": "{key}{body}"}),
        ),
        "hubspot-v2" => hmac(
            "sha256",
            "X-HubSpot-Signature",
            "hex",
            json!({"signed": "{key}{method}{uri}{body}"}),
        ),
        "hubspot-v3" => sha256(
            "X-HubSpot-Signature-v3",
            "base64",
            at(
                "X-HubSpot-Request-Timestamp",
                "milliseconds",
                "{method}{uri}{body}{timestamp}",
            ),
        ),
        _ => return None,
    })
}

fn verdict(vector: &Vector, auth: &Value, body: &str) -> Verdict {
    let manifest = json!({"voc": 1, "abi": [1, 0], "id": "a", "version": "1",
        "webhook": {"auth": [auth]}})
    .to_string();
    let mut section = b"VOCM1\n".to_vec();
    section.extend(u32::try_from(manifest.len()).expect("short").to_le_bytes());
    section.extend(manifest.as_bytes());
    let manifest = Manifest::from_section(&section).expect("a declaration");
    let mut headers = HeaderMap::new();
    for (name, value) in &vector.expected_headers {
        let name: HeaderName = name.parse().expect("a header");
        headers.insert(name, HeaderValue::try_from(value).expect("a value"));
    }
    let post = Post {
        method: vector.method.as_deref().unwrap_or("POST"),
        uri: vector.uri.as_deref().unwrap_or_default(),
        query: &[],
        headers: &headers,
        body: body.as_bytes(),
    };
    let config = json!({"secret": vector.secret});
    let scheme = manifest.webhook.expect("declared");
    judge_by(&scheme, &config, &post, 0).expect("keys")
}

#[test]
fn vendors_signatures_are_verified() {
    let Some(folder) = specification("webhook_vectors::verified", "webhook-vectors") else {
        return;
    };
    let text = std::fs::read_to_string(folder.join("vectors.json")).expect("vectors.json");
    let vectors: Vec<Vector> = serde_json::from_str(&text).expect("vectors");
    assert!(vectors.len() >= 16, "{}", vectors.len());
    for vector in &vectors {
        let vendor = &vector.vendor;
        let auth = declaration(vendor).unwrap_or_else(|| panic!("no declaration for {vendor}"));
        // The older order of one vendor must be refused.
        let expected = match vendor.as_str() {
            "zendesk-OLD-doc-order" => Verdict::WrongSignature,
            _ => Verdict::Good,
        };
        assert_eq!(verdict(vector, &auth, &vector.body), expected, "{vendor}");
        let other = format!("{} ", vector.body);
        assert_eq!(
            verdict(vector, &auth, &other),
            Verdict::WrongSignature,
            "{vendor}"
        );
    }
}
