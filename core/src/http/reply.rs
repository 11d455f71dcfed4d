//! Builds responses: pictures with their validators, JSON, pages.

use http::header::{self, HeaderMap, HeaderValue};
use http::{Response as Typed, StatusCode};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use warp::reply::Response;

use crate::chart::Freshness;
use crate::http::visit::{Fault, Visit};
use crate::picture::{Format, Served};

/// What a browser may reuse of a live picture: nothing without asking, because a commit may have
/// changed it; a cache in between may keep showing it while the daemon restarts.
const LIVE: &str = "private, max-age=0, must-revalidate, stale-if-error=86400";

/// One state of knowledge does not change; restated history may, so not for ever.
const PINNED: &str = "private, max-age=3600";

/// Pages and static files: keep, but ask.
pub(super) const ASK: &str = "private, no-cache";

/// Returns the response, or one that carries the refusal to where it gets its face.
pub(super) fn finish(result: Result<Response, Fault>) -> Response {
    result.unwrap_or_else(|fault| {
        let mut response = empty(fault.status);
        response.extensions_mut().insert(fault);
        response
    })
}

/// Returns a response without a body.
pub(super) fn empty(status: StatusCode) -> Response {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}

/// Returns a response of one media type.
pub(super) fn typed(
    status: StatusCode,
    media_type: &'static str,
    body: impl Into<bytes::Bytes>,
) -> Response {
    let mut response = Typed::new(body.into().into());
    *response.status_mut() = status;
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// Returns a JSON response.
pub(super) fn json(value: &serde_json::Value) -> Response {
    let mut text = value.to_string();
    text.push('\n');
    typed(StatusCode::OK, "application/json", text)
}

/// Returns a page with a validator, or 304 when the visitor has it.
pub(super) fn page(visit: &Visit, html: String) -> Response {
    let etag = format!("\"{}\"", &blake3::hash(html.as_bytes()).to_hex()[..32]);
    validated(visit, &etag, || {
        typed(StatusCode::OK, "text/html; charset=utf-8", html)
    })
}

/// Returns what `make` makes with a validator, or 304 when the visitor has it.
pub(super) fn validated(visit: &Visit, etag: &str, make: impl FnOnce() -> Response) -> Response {
    let is_known = is_known(&visit.headers, etag);
    let mut response = if is_known {
        empty(StatusCode::NOT_MODIFIED)
    } else {
        make()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(ASK));
    put(headers, header::ETAG, etag);
    response
}

/// Returns a picture with its validators and age, or 304 when the visitor has it.
pub(super) fn picture(visit: &Visit, served: &Served, now: Timestamp) -> Response {
    let picture = &served.picture;
    let etag = format!("\"{}\"", picture.hash);
    let mut response = validated(visit, &etag, || {
        typed(
            StatusCode::OK,
            picture.format.media_type(),
            picture.bytes.clone(),
        )
    });
    let headers = response.headers_mut();
    let cache_control = if picture.is_pinned { PINNED } else { LIVE };
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static(cache_control),
    );
    // Sent for readers; not compared with If-Modified-Since, because late answers change a picture
    // without a newer event.
    if let Some(text) = picture.newest.and_then(|newest| http_date(newest.min(now))) {
        put(headers, header::LAST_MODIFIED, &text);
    }
    let day = picture.as_of.strftime("%Y-%m-%d");
    let kind = if picture.format == Format::Csv {
        "attachment"
    } else {
        "inline"
    };
    let ending = picture.format.ending();
    let name = format!("{kind}; filename=\"{}-{day}.{ending}\"", picture.name);
    put(headers, header::CONTENT_DISPOSITION, &name);
    age(headers, served, now);
    response
}

fn age(headers: &mut HeaderMap, served: &Served, now: Timestamp) {
    let (said, last_success) = match (&served.picture.freshness, served.kept_since) {
        (Freshness::Stale(last) | Freshness::Failing(last), kept) => {
            ("110 vocd \"Response is Stale\"", last.or(kept))
        }
        (Freshness::Fresh, Some(kept)) => ("111 vocd \"Revalidation Failed\"", Some(kept)),
        (Freshness::Fresh, None) => return,
    };
    put(headers, header::WARNING, said);
    if let Some(last) = last_success {
        put(
            headers,
            header::AGE,
            &now.duration_since(last).as_secs().max(0).to_string(),
        );
    }
}

fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let listed = headers.get_all(header::IF_NONE_MATCH);
    listed
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|list| {
            // Comparison is weak: a proxy that compresses may have marked our strong tag.
            let mut tags = list
                .split(',')
                .map(|tag| tag.trim().trim_start_matches("W/"));
            tags.any(|tag| tag == etag || tag == "*")
        })
}

fn http_date(at: Timestamp) -> Option<String> {
    DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok()
}

/// Inserts a header; a value that cannot be one is left out.
pub(super) fn put(headers: &mut HeaderMap, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header_value: &str, expected: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, header_value.parse().unwrap());
        assert_eq!(is_known(&headers, "\"abc\""), expected, "{header_value}");
    }

    #[test]
    fn etag_is_found_in_a_list() {
        check("\"abc\"", true);
        check("\"x\", W/\"abc\"", true);
        check("*", true);
        check("abc", false);
        check("\"abcd\"", false);
    }
}
