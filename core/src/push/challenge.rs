//! Questions that a vendor asks when an address is set up, answered from themselves.

use serde_json::{Value, json};

use super::key::{KeyError, texts};
use super::request::Post;
use super::signature::{Verdict, among};
use crate::host::manifest::webhook::{Challenge, Reply};

/// Longest text that is sent back, in bytes: vendors ask for tokens.
const ANSWER_BYTES_MAX: usize = 1_024;

/// What a challenge gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChallengeAnswer {
    /// An empty success.
    Empty,
    /// A text.
    Text(String),
    /// A JSON object.
    Json(Value),
    /// A header with its value.
    Header(String, String),
    /// The repeated secret is not the configured one.
    Wrong,
}

/// Answers a request that is a challenge; `None` when it is none.
pub(super) fn answer(
    challenges: &[Challenge],
    config: &Value,
    post: &Post<'_>,
) -> Result<Option<ChallengeAnswer>, KeyError> {
    let asked = challenges
        .iter()
        .find(|challenge| challenge.method == post.method && is_asked(challenge, post));
    let Some(challenge) = asked else {
        return Ok(None);
    };
    if let Some((place, key)) = &challenge.verify {
        let keys = texts(std::slice::from_ref(key), config)?;
        let keys: Vec<_> = keys.iter().map(|text| text.as_str().into()).collect();
        let found = post.find(place).unwrap_or_default();
        if among(&keys, found.as_bytes()) != Verdict::Good {
            return Ok(Some(ChallengeAnswer::Wrong));
        }
    }
    let Some(place) = &challenge.answer else {
        return Ok(Some(ChallengeAnswer::Empty));
    };
    let found = post.find(place);
    let Some(text) = found.filter(|text| text.len() <= ANSWER_BYTES_MAX) else {
        return Ok(None);
    };
    Ok(Some(match &challenge.reply {
        Reply::Text => ChallengeAnswer::Text(text),
        Reply::Json(name) => ChallengeAnswer::Json(json!({ name: text })),
        Reply::Header(name) => ChallengeAnswer::Header(name.clone(), text),
    }))
}

fn is_asked(challenge: &Challenge, post: &Post<'_>) -> bool {
    match &challenge.when {
        None => true,
        Some(place) => post
            .find(place)
            .is_some_and(|found| challenge.equals.is_empty() || found == challenge.equals),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;
    use crate::host::manifest::webhook::{Find, KeyPart, KeyTemplate};

    fn check(
        challenge: &Challenge,
        method: &str,
        query: &[(&str, &str)],
        body: &str,
        expected: Option<ChallengeAnswer>,
    ) {
        let query: Vec<_> = query
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let post = Post {
            method,
            uri: "https://example.com/ingest/a",
            query: &query,
            headers: &HeaderMap::new(),
            body: body.as_bytes(),
        };
        let config = json!({"token": "s3cret"});
        let found = answer(std::slice::from_ref(challenge), &config, &post);
        assert_eq!(found, Ok(expected));
    }

    fn by(method: &str) -> Challenge {
        Challenge {
            method: method.to_owned(),
            when: None,
            equals: String::new(),
            verify: None,
            answer: None,
            reply: Reply::Text,
        }
    }

    #[test]
    fn a_head_request_is_enough_for_some() {
        check(&by("HEAD"), "HEAD", &[], "", Some(ChallengeAnswer::Empty));
        check(&by("HEAD"), "GET", &[], "", None);
    }

    #[test]
    fn a_token_is_verified_before_the_answer() {
        let key = KeyTemplate {
            parts: vec![KeyPart::Value(vec!["token".to_owned()])],
        };
        let challenge = Challenge {
            when: Some(Find::Query("mode".to_owned())),
            equals: "subscribe".to_owned(),
            verify: Some((Find::Query("verify".to_owned()), key)),
            answer: Some(Find::Query("challenge".to_owned())),
            ..by("GET")
        };
        let ask = |verify| {
            [
                ("mode", "subscribe"),
                ("verify", verify),
                ("challenge", "42"),
            ]
        };
        let text = ChallengeAnswer::Text("42".to_owned());
        check(&challenge, "GET", &ask("s3cret"), "", Some(text));
        check(
            &challenge,
            "GET",
            &ask("no"),
            "",
            Some(ChallengeAnswer::Wrong),
        );
        check(&challenge, "GET", &[("mode", "other")], "", None);
    }

    #[test]
    fn a_body_can_ask() {
        let challenge = Challenge {
            when: Some(Find::Json("/type".to_owned())),
            equals: "url_verification".to_owned(),
            answer: Some(Find::Json("/challenge".to_owned())),
            reply: Reply::Json("challenge".to_owned()),
            ..by("POST")
        };
        let body = r#"{"type":"url_verification","challenge":"abc"}"#;
        let expected = ChallengeAnswer::Json(json!({"challenge": "abc"}));
        check(&challenge, "POST", &[], body, Some(expected));
        check(&challenge, "POST", &[], r#"{"type":"event"}"#, None);
        let long = "a".repeat(ANSWER_BYTES_MAX + 1);
        let body = format!(r#"{{"type":"url_verification","challenge":"{long}"}}"#);
        check(&challenge, "POST", &[], &body, None);
    }
}
