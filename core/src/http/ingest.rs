//! `/ingest/SOURCE`: webhooks. Open to everyone: the signature is the authentication.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use warp::reply::Response;

use crate::http::gate::below;
use crate::http::routes::ALLOW;
use crate::http::visit::Fault;
use crate::http::{Site, entry, reply};
use crate::push::{Answer, ChallengeAnswer, Post, Verdict};

/// First segment of the addresses.
pub(super) const SEGMENT: &str = "ingest";
/// Methods of the addresses.
const ALLOW_INGEST: &str = "POST, OPTIONS";
/// Seconds after which a full or unavailable inbox is worth another try: vendors that honour it
/// come back, the others have longer pauses of their own.
const RETRY_AFTER_S: u32 = 30;

/// Whether an address takes webhooks.
pub(super) fn is_ingest(site: &Site, path: &str) -> bool {
    below(site, path).split('/').next() == Some(SEGMENT)
}

/// Returns the methods of an address.
pub(super) fn allowed(site: &Site, path: &str) -> &'static str {
    match is_ingest(site, path) {
        true => ALLOW_INGEST,
        false if entry::is_order(below(site, path)) => entry::ALLOW_ORDER,
        false if entry::takes_annotations(below(site, path)) => entry::ALLOW_ANNOTATE,
        false => ALLOW,
    }
}

/// Takes one webhook, or answers the vendor's question.
pub(super) async fn answer(
    site: &Arc<Site>,
    request: Request<Full<Bytes>>,
) -> Result<Response, Fault> {
    let nothing = || Fault::new(StatusCode::NOT_FOUND, "there is nothing at this address");
    let push = site.options.push.as_ref().ok_or_else(nothing)?;
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await;
    let body = body.to_bytes();
    let source = match below(site, head.uri.path()).split_once('/') {
        Some((_, source)) if !source.contains('/') => source,
        _ => return Err(nothing()),
    };
    let query: Vec<(String, String)> =
        form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect();
    let host = head.headers.get(header::HOST);
    let uri = called(
        site.options.front.public_url.as_deref(),
        host.and_then(|host| host.to_str().ok()),
        &head.uri,
    );
    let post = Post {
        method: head.method.as_str(),
        uri: &uri,
        query: &query,
        headers: &head.headers,
        body: &body,
    };
    respond(push.receive(source, post).await)
}

/// Returns the address that the vendor called. A proxy hides it, so it can be configured; without
/// that it is the host the vendor asked for, by the scheme that every vendor insists on.
fn called(public_url: Option<&str>, host: Option<&str>, uri: &Uri) -> String {
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    match public_url {
        Some(url) => format!("{url}{target}"),
        None => format!("https://{}{target}", host.unwrap_or_default()),
    }
}

fn respond(answer: Answer) -> Result<Response, Fault> {
    let again = |what: &str| Fault {
        retry_after_s: Some(RETRY_AFTER_S),
        ..Fault::new(StatusCode::SERVICE_UNAVAILABLE, what)
    };
    match answer {
        Answer::Accepted | Answer::Replayed => Ok(reply::empty(StatusCode::OK)),
        Answer::Challenge(challenge) => Ok(challenged(challenge)),
        Answer::Refused(verdict) => Err(Fault::new(StatusCode::UNAUTHORIZED, refusal(verdict))),
        Answer::Unknown => Err(Fault::new(StatusCode::NOT_FOUND, "there is no such source")),
        Answer::NotPushed => Err(Fault::new(
            StatusCode::NOT_FOUND,
            "this source takes no webhooks",
        )),
        Answer::WrongMethod => {
            let what = "webhooks are sent by POST";
            Err(Fault::new(StatusCode::METHOD_NOT_ALLOWED, what))
        }
        Answer::TooLarge => {
            let what = "the body is larger than a plugin can take";
            Err(Fault::new(StatusCode::PAYLOAD_TOO_LARGE, what))
        }
        Answer::Full => Err(again("the inbox is full")),
        Answer::Unavailable => Err(again("webhooks cannot be taken right now")),
    }
}

/// Returns what a vendor's log will show, and nothing that helps to forge.
const fn refusal(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::NoKey => "no secret is configured for the webhooks of this source",
        Verdict::MissingHeader => "the request carries no signature or credentials",
        Verdict::BadEncoding | Verdict::BadTimestamp => {
            "the signature or its time is not written as this vendor writes it"
        }
        Verdict::TooOld => "the request was signed too long ago",
        Verdict::InTheFuture => "the request was signed later than now: compare the clocks",
        Verdict::WrongSignature | Verdict::Good => "the signature or the credentials are wrong",
    }
}

fn challenged(challenge: ChallengeAnswer) -> Response {
    match challenge {
        ChallengeAnswer::Text(text) => {
            reply::typed(StatusCode::OK, "text/plain; charset=utf-8", text)
        }
        ChallengeAnswer::Json(value) => reply::json(&value),
        ChallengeAnswer::Header(name, value) => {
            let mut response = reply::empty(StatusCode::OK);
            let pair = (
                HeaderName::try_from(name.as_str()),
                HeaderValue::try_from(value.as_str()),
            );
            if let (Ok(name), Ok(value)) = pair {
                response.headers_mut().insert(name, value);
            }
            response
        }
        ChallengeAnswer::Empty | ChallengeAnswer::Wrong => reply::empty(StatusCode::OK),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_called_address_is_the_vendors() {
        let uri: Uri = "/ingest/a?x=1".parse().expect("valid");
        let check = |public_url, host, expected: &str| {
            assert_eq!(called(public_url, host, &uri), expected);
        };
        let public = Some("https://voice.example.com/v");
        check(
            public,
            Some("10.0.0.1"),
            "https://voice.example.com/v/ingest/a?x=1",
        );
        check(None, Some("a.example"), "https://a.example/ingest/a?x=1");
    }
}
