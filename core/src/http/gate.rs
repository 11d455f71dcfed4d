//! What happens to a request before and after its route: limits, access, faces, headers, counts.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Incoming};
use jiff::Timestamp;
use warp::reply::Response;

use crate::http::admission::{self, Admitted};
use crate::http::routes::Routes;
use crate::http::visit::Fault;
use crate::http::{Peer, Site, control, face, ingest, reply};
use crate::telemetry::{HTTP_REQUESTS, HTTP_SECONDS};

/// Answers one request.
pub(super) async fn answer(
    site: &Arc<Site>,
    routes: &Routes,
    peer: Peer,
    request: Request<Incoming>,
) -> Response {
    let started = Instant::now();
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let method = request.method().clone();
    let mut response = match admit(site, routes, peer, request).await {
        Ok(response) => response,
        Err(fault) => reply::finish(Err(fault)),
    };
    if let Some(fault) = response.extensions_mut().remove::<Fault>() {
        response = face::of(site, peer, &path, &query, &fault).await;
    }
    if method == Method::OPTIONS && response.status() != StatusCode::NOT_FOUND {
        response = reply::empty(StatusCode::NO_CONTENT);
        response.headers_mut().insert(
            header::ALLOW,
            HeaderValue::from_static(ingest::allowed(site, &path)),
        );
    }
    finish_headers(response.headers_mut());
    let route = below(site, &path)
        .split(['/', '.'])
        .next()
        .unwrap_or_default();
    let route = ROUTE_NAMES
        .iter()
        .find(|name| **name == route)
        .unwrap_or(&"other");
    let status = response.status();
    let metrics = &site.options.metrics;
    metrics.add(
        &HTTP_REQUESTS,
        &[("route", route), ("status", status.as_str())],
        1.0,
    );
    metrics.observe(
        &HTTP_SECONDS,
        &[("route", route)],
        started.elapsed().as_secs_f64(),
    );
    response
}

/// First path segments that are counted by name; the empty one is the list of dashboards.
const ROUTE_NAMES: [&str; 11] = [
    "",
    "admin",
    "api",
    "assets",
    "charts",
    "dashboards",
    "healthz",
    "ingest",
    "metrics",
    "readyz",
    "walls",
];

/// Returns the path below the base path, without its slash.
pub(super) fn below<'a>(site: &Site, path: &'a str) -> &'a str {
    let base = site.options.base_path.trim_end_matches('/');
    path.strip_prefix(base)
        .unwrap_or(path)
        .trim_start_matches('/')
}

async fn admit(
    site: &Arc<Site>,
    routes: &Routes,
    peer: Peer,
    request: Request<Incoming>,
) -> Result<Response, Fault> {
    let limits = &site.options.limits;
    let target = request
        .uri()
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    if target > limits.target_bytes_max {
        let what = format!(
            "the address is longer than {} bytes",
            limits.target_bytes_max
        );
        return Err(Fault::new(StatusCode::URI_TOO_LONG, what));
    }
    control::check_build(&request)?;
    let path = below(site, request.uri().path()).to_owned();
    if ingest::is_ingest(site, request.uri().path()) {
        return ingest::answer(site, read_body(site, request).await?).await;
    }
    let mut request = request;
    let visitor = match admission::admit(site, peer, &path, &mut request, Timestamp::now())? {
        Admitted::In(visitor) => visitor,
        Admitted::Redirected(response) => return Ok(response),
    };
    let mut request = read_body(site, request).await?;
    let is_command = path.split('/').next() == Some(control::SEGMENT);
    if let (true, Peer::Socket { .. }) = (is_command, peer) {
        return control::answer(&request, &site.options, &visitor);
    }
    request.extensions_mut().insert(visitor);
    if request.method() == Method::OPTIONS {
        // An address allows the same methods for everything it answers: ask as HEAD would.
        *request.method_mut() = Method::HEAD;
    }
    Ok(routes.call(request).await)
}

/// Reads the body within the limits; only webhooks have one.
async fn read_body(site: &Site, request: Request<Incoming>) -> Result<Request<Full<Bytes>>, Fault> {
    let limits = &site.options.limits;
    let (head, body) = request.into_parts();
    let too_large = || {
        let what = format!("the body is longer than {} bytes", limits.body_bytes_max);
        Fault::new(StatusCode::PAYLOAD_TOO_LARGE, what)
    };
    if body.size_hint().lower() > limits.body_bytes_max as u64 {
        return Err(too_large());
    }
    // A chunked body names no length: it is counted while it arrives.
    let reading = Limited::new(body, limits.body_bytes_max).collect();
    let body = match tokio::time::timeout(limits.body_timeout, reading).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => return Err(too_large()),
        Ok(Err(_)) => {
            return Err(Fault::new(
                StatusCode::BAD_REQUEST,
                "the body could not be read",
            ));
        }
        Err(_) => {
            let what = "the body did not arrive in time";
            return Err(Fault::new(StatusCode::REQUEST_TIMEOUT, what));
        }
    };
    Ok(Request::from_parts(head, Full::new(body)))
}

fn finish_headers(headers: &mut HeaderMap) {
    const ALWAYS: [(HeaderName, &str); 2] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // An answer without a body, such as 304, must say nothing: a browser would take its policy
    // for the page it has kept.
    if let Some(policy) = headers.get(header::CONTENT_TYPE).map(policy) {
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(policy),
        );
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}

/// Returns what a document of this type may load.
fn policy(content_type: &HeaderValue) -> &'static str {
    let is_kind = |kind: &str| content_type.as_bytes().starts_with(kind.as_bytes());
    if is_kind("text/html") {
        "default-src 'none'; img-src 'self' blob:; style-src 'self'; script-src 'self'; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
    } else if is_kind("image/svg+xml") {
        "default-src 'none'; style-src 'unsafe-inline'; font-src data:; sandbox"
    } else {
        "default-src 'none'; frame-ancestors 'none'"
    }
}
