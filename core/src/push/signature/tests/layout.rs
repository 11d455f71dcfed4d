//! Every layout of a signature that is known.

use super::*;

/// Returns a declaration with these members besides the usual ones.
pub(super) fn signature(algorithm: &str, header: &str, encoding: &str, members: Value) -> Value {
    let mut auth = json!({"kind": "signature", "algorithm": algorithm, "header": header,
        "encoding": encoding, "signed": "{body}", "keys": ["{webhook_secret}"]});
    for (name, value) in members.as_object().expect("an object") {
        auth[name] = value.clone();
    }
    auth
}

pub(super) fn typeform() -> Case {
    Case::new(
        signature(
            "hmac-sha256",
            "Typeform-Signature",
            "base64",
            json!({"prefix": "sha256="}),
        ),
        &[(
            "typeform-signature",
            "sha256=ln4KrStq2WOXMZTlyWehfsHSMPvprZul8zwC0oMqwbo=",
        )],
    )
}

pub(super) fn standard_webhooks() -> Case {
    let auth = signature(
        "hmac-sha256",
        "webhook-signature",
        "base64",
        json!({
            "separator": " ", "prefix": "v1,", "key_encoding": "base64", "key_prefix": "whsec_",
            "signed": "{header:webhook-id}.{timestamp}.{body}",
            "timestamp": {"header": "webhook-timestamp", "unit": "seconds", "tolerance_s": 300},
        }),
    );
    let case = Case::new(
        auth,
        &[
            ("webhook-id", "msg_1"),
            ("webhook-timestamp", "1767225600"),
            (
                "webhook-signature",
                "v1,bm90IHRoaXM= v1a,x v1,F0wIZ3JvPj3xUnh9seLZhQTKmx7LbeFuLObb0eHyKqc=",
            ),
        ],
    );
    Case {
        config: json!({"webhook_secret": "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"}),
        ..case
    }
}

pub(super) fn hubspot() -> Case {
    let auth = signature(
        "hmac-sha256",
        "X-HubSpot-Signature-v3",
        "base64",
        json!({
            "signed": "{method}{uri}{body}{timestamp}",
            "timestamp": {"header": "X-HubSpot-Request-Timestamp", "unit": "milliseconds",
                "tolerance_s": 300},
        }),
    );
    let case = Case::new(
        auth,
        &[
            ("x-hubspot-request-timestamp", "1767225600000"),
            (
                "x-hubspot-signature-v3",
                "rzOElSDBIj7aynJAOosrLD59B4em1wnPi+VgvBJBm94=",
            ),
        ],
    );
    Case {
        // Signed with the escape undone.
        uri: "https://voice.example.com/ingest/a?x=a%40b",
        ..case
    }
}

pub(super) fn timed(header: &str, unit: &str, signed: &str, prefix: &str) -> Value {
    json!({"signed": signed, "prefix": prefix,
        "timestamp": {"header": header, "unit": unit}})
}

/// The usual layouts; all of them are good.
pub(super) fn usual() -> Vec<Case> {
    let hex = "967e0aad2b6ad963973194e5c967a17ec1d230fbe9ad9ba5f33c02d2832ac1ba";
    let dotted = "29e0868205b0e6a175198002ffdc49c8080933fac49668c705cdfc50785db750";
    vec![
        // SurveyMonkey: a key of two parts.
        Case::new(
            signature(
                "hmac-sha1",
                "Sm-Signature",
                "base64",
                json!({"keys": ["{client_id}&{webhook_secret}"]}),
            ),
            &[("sm-signature", "sdqj7HiUINAqCqXD6jFo4XRkhTY=")],
        ),
        // Delighted.
        Case::new(
            signature(
                "hmac-sha256",
                "X-Signature",
                "hex",
                json!({"prefix": "sha256="}),
            ),
            &[("x-signature", &format!("sha256={hex}"))],
        ),
        // Zendesk: a time without a tolerance.
        Case::new(
            signature(
                "hmac-sha256",
                "X-Signature",
                "base64",
                timed("X-Timestamp", "rfc3339", "{timestamp}{body}", ""),
            ),
            &[
                ("x-timestamp", "2026-01-01T00:00:00Z"),
                (
                    "x-signature",
                    "Eyn4qwdBBQHbIaXkn2/mKTO8I4zJ68YI7qS5HxQvpDE=",
                ),
            ],
        ),
        // Intercom and Zammad.
        Case::new(
            signature(
                "hmac-sha1",
                "X-Hub-Signature",
                "hex",
                json!({"prefix": "sha1="}),
            ),
            &[(
                "x-hub-signature",
                "sha1=7f0555c320a4c9d31307bf478c3bf6af7fc4bb74",
            )],
        ),
        // Chatwoot.
        Case::new(
            signature(
                "hmac-sha256",
                "X-Signature",
                "hex",
                timed("X-Timestamp", "seconds", "{timestamp}.{body}", "sha256="),
            ),
            &[
                ("x-timestamp", "1767225600"),
                ("x-signature", &format!("sha256={dotted}")),
            ],
        ),
    ]
}

/// Layouts that differ by more than names; all of them are good.
pub(super) fn unusual() -> Vec<Case> {
    let hex = "967e0aad2b6ad963973194e5c967a17ec1d230fbe9ad9ba5f33c02d2832ac1ba";
    let dotted = "29e0868205b0e6a175198002ffdc49c8080933fac49668c705cdfc50785db750";
    vec![
        // EspoCRM: base64 around `id:hex`.
        Case::new(
            signature(
                "hmac-sha256",
                "Signature",
                "hex",
                json!({"wrapped": true, "after": ":"}),
            ),
            &[("signature", &BASE64.encode(format!("5f3a:{hex}")))],
        ),
        // Twenty.
        Case::new(
            signature(
                "hmac-sha256",
                "X-Signature",
                "hex",
                timed("X-Timestamp", "milliseconds", "{timestamp}:{body}", ""),
            ),
            &[
                ("x-timestamp", "1767225600000"),
                (
                    "x-signature",
                    "4299fbc75e1eb59be06b980081918601e26e8c537c92d3f7b25d2328ed6d08a4",
                ),
            ],
        ),
        // A plain digest, as HubSpot's first version.
        Case::new(
            signature(
                "sha256",
                "X-Signature",
                "hex",
                json!({"signed": "{key}{body}"}),
            ),
            &[(
                "x-signature",
                "1ab2dc377bc5a847f176e370536e809b7299acf8a8218abcee8b94f8c1debb65",
            )],
        ),
        Case::new(
            signature("hmac-sha512", "X-Signature", "base64url", json!({})),
            &[(
                "x-signature",
                "ZcoPhcDgleMKVOXNpvWfN-ETY8rekbetUgFnT8cB3FD_CcFOJVO2Lz2mQjwRO8PL4rJSSquz2o2kbDNecBh-xw",
            )],
        ),
        // Time and signatures in one header.
        Case::new(
            signature(
                "hmac-sha256",
                "X-Signature",
                "hex",
                json!({"separator": ",", "prefix": "v1=", "signed": "{timestamp}.{body}",
                    "timestamp": {"header": "X-Signature", "prefix": "t=", "unit": "seconds",
                        "tolerance_s": 300}}),
            ),
            &[("x-signature", &format!("t=1767225600,v1=00ff,v1={dotted}"))],
        ),
        ed25519(),
    ]
}

pub(super) fn ed25519() -> Case {
    let auth = signature(
        "ed25519",
        "X-Signature",
        "hex",
        json!({"key_encoding": "hex", "signed": "{timestamp}{body}",
            "timestamp": {"header": "X-Timestamp", "unit": "seconds", "tolerance_s": 300}}),
    );
    let case = Case::new(
        auth,
        &[
            ("x-timestamp", "1767225600"),
            (
                "x-signature",
                "6e44a6a409fbcb9ed598dff51ee1509bfe21bab085a7e0e434f4371d7e51e6f8\
                 7ab9d58e7544586ed585485959665c09850c001903f392827a5dfe90d7cb680c",
            ),
        ],
    );
    Case {
        config: json!({"webhook_secret":
            "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"}),
        ..case
    }
}

pub(super) fn all() -> Vec<Case> {
    let mut all = usual();
    all.extend(unusual());
    all.extend([typeform(), standard_webhooks(), hubspot()]);
    all
}
