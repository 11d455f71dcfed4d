//! Declarations that are read, and those that are refused with their reason.

use serde_json::{Value, json};

use super::*;

fn read(webhook: &Value) -> Result<WebhookScheme, String> {
    let raw: RawWebhook =
        serde_json::from_value(webhook.clone()).map_err(|error| error.to_string())?;
    WebhookScheme::try_from(raw).map_err(|error| error.to_string())
}

fn signature(members: &Value) -> Value {
    let mut auth = json!({
        "kind": "signature", "algorithm": "hmac-sha256", "header": "X-Signature",
        "encoding": "hex", "signed": "{body}", "keys": ["{webhook_secret}"],
    });
    for (name, value) in members.as_object().expect("an object") {
        auth[name] = value.clone();
    }
    json!({ "auth": [auth] })
}

fn check_refused(webhook: &Value, expected: &str) {
    let error = read(webhook).expect_err("refused");
    assert!(error.contains(expected), "{error} lacks {expected}");
}

#[test]
fn a_small_declaration_gets_defaults() {
    let scheme = read(&signature(&json!({}))).expect("valid");
    let [AuthScheme::Signature(signature)] = scheme.auth.as_slice() else {
        panic!("{scheme:?}");
    };
    assert_eq!(signature.header, "x-signature");
    assert_eq!(signature.signed, [SignedPart::Body]);
    assert_eq!(signature.key_encoding, KeyEncoding::Text);
    assert_eq!(scheme.event_id, None);
}

#[test]
fn templates_are_split_at_their_names() {
    let scheme = read(&signature(&json!({
        "signed": "{header:Webhook-Id}.{timestamp}.{body}",
        "timestamp": {"header": "T", "unit": "seconds", "tolerance_s": 300},
        "keys": ["{client.id}&{secret}"],
    })));
    let scheme = scheme.expect("valid");
    let [AuthScheme::Signature(signature)] = scheme.auth.as_slice() else {
        panic!("{scheme:?}");
    };
    let dot = || SignedPart::Text(".".to_owned());
    let expected = [
        SignedPart::Header("webhook-id".to_owned()),
        dot(),
        SignedPart::Timestamp,
        dot(),
        SignedPart::Body,
    ];
    assert_eq!(signature.signed, expected);
    let expected = [
        KeyPart::Value(vec!["client".to_owned(), "id".to_owned()]),
        KeyPart::Text("&".to_owned()),
        KeyPart::Value(vec!["secret".to_owned()]),
    ];
    assert_eq!(signature.keys[0].parts, expected);
}

#[test]
fn proofs_that_prove_nothing_are_refused() {
    check_refused(&json!({"auth": []}), "1 to 8 proofs");
    check_refused(
        &signature(&json!({"signed": "{timestamp}"})),
        "must hold `{body}`",
    );
    check_refused(
        &signature(&json!({"keys": ["constant"]})),
        "names no value of the configuration",
    );
    check_refused(
        &signature(&json!({"timestamp": {"header": "T", "unit": "seconds", "tolerance_s": 5}})),
        "is not signed",
    );
    check_refused(
        &signature(&json!({"signed": "{timestamp}{body}"})),
        "does not say where it is",
    );
    check_refused(&signature(&json!({"algorithm": "sha256"})), "`{key}`");
    check_refused(
        &json!({"auth": [{"kind": "token", "place": {"json": "/a"}, "keys": ["{k}"]}]}),
        "in a header or in the query",
    );
}

#[test]
fn mistakes_are_named() {
    check_refused(&signature(&json!({"signed": "{bdy}"})), "names `{bdy}`");
    check_refused(&signature(&json!({"signed": "{body"})), "not closed");
    check_refused(&signature(&json!({"header": "a b"})), "`a b` is no name");
    check_refused(&signature(&json!({"algorithm": "md5"})), "md5");
    check_refused(
        &signature(&json!({"secret": "x"})),
        "unknown field `secret`",
    );
    check_refused(
        &json!({"auth": [{"kind": "basic", "user": "{u}", "password": "{p}"}],
            "challenges": [{"method": "POST"}]}),
        "must say by `when`",
    );
}
