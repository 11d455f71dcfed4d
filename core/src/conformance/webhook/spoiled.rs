//! Webhooks changed so that a proof must fail, and bodies that are no webhooks.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::Recorded;
use crate::host::manifest::webhook::{AuthScheme, Find, WebhookScheme};

/// Lists inside each other: below what the JSON readers of this project refuse.
const DEPTH: usize = 100;
/// Bytes of one long text.
const TEXT_BYTES: usize = 1024 * 1024;

/// Returns another secret of the same shape: digits stay digits of the same encoding.
pub(super) fn other_secret(secret: &str) -> String {
    let mut chars: Vec<char> = secret.chars().collect();
    // Late, so that no prefix is meant, and not last, where bits may count for nothing.
    let late = chars.len() * 3 / 4;
    if let Some(one) = chars.get_mut(late.saturating_sub(1)) {
        *one = if *one == '1' { '2' } else { '1' };
    }
    chars.into_iter().collect()
}

/// Returns the body with one bit of one byte changed.
pub(super) fn flipped(body: &[u8]) -> Vec<u8> {
    let mut body = body.to_vec();
    let middle = body.len() / 2;
    match body.get_mut(middle) {
        Some(byte) => *byte ^= 1,
        None => body.push(b'1'),
    }
    body
}

/// Returns the webhook without what any proof looks at.
pub(super) fn without_proof(scheme: &WebhookScheme, webhook: &Recorded) -> Recorded {
    let mut bare = webhook.clone();
    for auth in &scheme.auth {
        match auth {
            AuthScheme::Signature(scheme) => {
                bare.headers.remove(&scheme.header);
            }
            AuthScheme::Basic { .. } => {
                bare.headers.remove("authorization");
            }
            AuthScheme::Token { place, .. } => match place {
                Find::Header(name) => {
                    bare.headers.remove(name);
                }
                Find::Query(name) => bare.query.retain(|(other, _)| other != name),
                Find::Json(_) => {}
            },
        }
    }
    bare
}

/// Returns the webhook arriving after each tolerance that is declared; none where a proof without
/// a time may hold as well.
pub(super) fn too_late(scheme: &WebhookScheme, webhook: &Recorded) -> Vec<Recorded> {
    let [AuthScheme::Signature(only)] = scheme.auth.as_slice() else {
        return Vec::new();
    };
    let tolerance_s = only.timestamp.as_ref().map_or(0, |at| at.tolerance_s);
    if tolerance_s == 0 {
        return Vec::new();
    }
    let by = SignedDuration::from_secs(2 * i64::from(tolerance_s) + 1);
    let received_at = webhook.received_at.saturating_add(by);
    vec![Recorded {
        received_at: received_at.unwrap_or(jiff::Timestamp::MAX),
        ..webhook.clone()
    }]
}

/// Returns bodies that are no webhooks, made of one that is.
pub(super) fn bodies(good: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let deep = "[".repeat(DEPTH) + &"]".repeat(DEPTH);
    let mut bodies = vec![
        ("an empty body", Vec::new()),
        ("half of a body", good[..good.len() / 2].to_vec()),
        (
            "a page of HTML",
            b"<!doctype html><title>Oops</title>".to_vec(),
        ),
        ("null", b"null".to_vec()),
        ("an empty list", b"[]".to_vec()),
        ("an empty object", b"{}".to_vec()),
        ("a deep list", deep.into_bytes()),
        (
            "a long text",
            json!("x".repeat(TEXT_BYTES)).to_string().into_bytes(),
        ),
        ("bytes that are no text", vec![0xff, 0xfe, 0x00, 0x80]),
    ];
    if let Ok(body @ Value::Object(_)) = serde_json::from_slice::<Value>(good) {
        let changed = [
            ("a body of nulls", told_as(&body, &Value::Null)),
            ("a body of texts", told_as(&body, &json!("x"))),
            ("a body of huge numbers", told_as(&body, &json!(1e300))),
        ];
        let changed = changed.map(|(name, body)| (name, body.to_string().into_bytes()));
        bodies.extend(changed);
    }
    bodies
}

/// Returns the body with every value at the ends of it replaced.
fn told_as(body: &Value, value: &Value) -> Value {
    match body {
        Value::Object(members) => {
            let members = members.iter();
            members
                .map(|(name, member)| (name.clone(), told_as(member, value)))
                .collect()
        }
        Value::Array(items) => items.iter().map(|item| told_as(item, value)).collect(),
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_secret_has_the_same_shape() {
        assert_eq!(other_secret("whsec_AAECAwQF"), "whsec_AAE1AwQF");
        assert_eq!(other_secret("1"), "2");
        assert_eq!(other_secret("00ff11aa"), "00ff12aa");
    }

    #[test]
    fn one_bit_is_changed() {
        assert_eq!(flipped(b"{\"a\":1}"), b"{\"a#:1}");
        assert_eq!(flipped(b""), b"1");
    }

    #[test]
    fn every_value_of_a_body_is_replaced() {
        let body = json!({"a": {"b": [1, "x"]}, "c": true});
        let expected = json!({"a": {"b": [null, null]}, "c": null});
        assert_eq!(told_as(&body, &Value::Null), expected);
    }
}
