//! What is done with a request before anything is written: pure, over the raw bytes.

use jiff::Timestamp;
use serde_json::Value;

use super::Answer;
use super::challenge::{self, ChallengeAnswer};
use super::door::Guard;
use super::inbox::Arrival;
use super::key::{self, KeyError};
use super::request::Post;
use super::signature::{self, Verdict};
use crate::host::manifest::webhook::WebhookScheme;
use crate::store::push::EventDigest;

/// Longest event id that is used as it is, in bytes.
const EVENT_ID_BYTES_MAX: usize = 256;
/// Largest body, in bytes, whatever is configured: what a frame to the child takes, with room for
/// the headers.
const BODY_BYTES_MAX: usize = 32 << 20;
/// Longest value of a header that is kept for the plugin, in bytes.
const HEADER_BYTES_MAX: usize = 8 * 1_024;

/// Judges a request by what a plugin declares and what is configured.
///
/// # Errors
/// When no key can be made of a configured value.
pub fn judge_by(
    scheme: &WebhookScheme,
    config: &Value,
    post: &Post<'_>,
    now_ms: i64,
) -> Result<Verdict, KeyError> {
    let proofs = key::proofs(scheme, config)?;
    Ok(signature::judge(&proofs, post, now_ms))
}

/// What becomes of a request by what a plugin declares and what is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sifted {
    /// It gets this answer and is not kept.
    Answered(Answer),
    /// It is kept under this id of its event.
    Kept {
        /// The vendor's id, or one made of the body.
        event_id: String,
        /// Headers for the plugin, names in lower case.
        headers: Vec<(String, String)>,
    },
}

/// Does with a request what is done before anything is written: challenges, proofs, the event's id.
///
/// # Errors
/// When no key can be made of a configured value.
pub fn sift(
    scheme: &WebhookScheme,
    config: &Value,
    post: &Post<'_>,
    now: Timestamp,
) -> Result<Sifted, KeyError> {
    let guard = Guard {
        scheme: scheme.clone(),
        proofs: key::proofs(scheme, config)?,
        config: config.clone(),
    };
    Ok(match judge(&guard, post, now) {
        Some(answer) => Sifted::Answered(answer),
        None => {
            let Arrival {
                event_id, headers, ..
            } = arrival(&guard, post, now);
            Sifted::Kept { event_id, headers }
        }
    })
}

/// Returns the answer to a request that is not to be kept.
pub(super) fn judge(guard: &Guard, post: &Post<'_>, now: Timestamp) -> Option<Answer> {
    match challenge::answer(&guard.scheme.challenges, &guard.config, post) {
        Ok(None) => {}
        Ok(Some(ChallengeAnswer::Wrong)) => {
            return Some(Answer::Refused(Verdict::WrongSignature));
        }
        Ok(Some(answer)) => return Some(Answer::Challenge(answer)),
        Err(_) => return Some(Answer::Unavailable),
    }
    if post.method != "POST" {
        return Some(Answer::WrongMethod);
    }
    if post.body.len() > BODY_BYTES_MAX {
        return Some(Answer::TooLarge);
    }
    match signature::judge(&guard.proofs, post, now.as_millisecond()) {
        Verdict::Good => None,
        verdict => Some(Answer::Refused(verdict)),
    }
}

pub(super) fn arrival(guard: &Guard, post: &Post<'_>, now: Timestamp) -> Arrival {
    let declared = guard.scheme.event_id.as_ref();
    let declared = declared.and_then(|place| post.find(place));
    let event_id = declared
        .filter(|id| (1..=EVENT_ID_BYTES_MAX).contains(&id.len()))
        .unwrap_or_else(|| blake3::hash(post.body).to_hex()[..32].to_owned());
    let headers = guard.scheme.headers.iter().filter_map(|name| {
        let value = post.header(name)?;
        (value.len() <= HEADER_BYTES_MAX).then(|| (name.clone(), value.to_owned()))
    });
    Arrival {
        received_at_ms: now.as_millisecond(),
        digest: digest_of(&event_id),
        headers: headers.collect(),
        event_id,
        body: post.body.to_vec(),
        is_again: false,
    }
}

pub(super) fn digest_of(event_id: &str) -> EventDigest {
    let hash = blake3::hash(event_id.as_bytes());
    let (digest, _) = hash
        .as_bytes()
        .split_first_chunk()
        .expect("a hash has 32 bytes");
    *digest
}
