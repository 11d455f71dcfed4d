//! What happens to a request before and after its route: limits, access, faces, headers, counts.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Incoming};
use warp::reply::Response;

use crate::http::routes::Routes;
use crate::http::visit::{Fault, Visitor};
use crate::http::{Peer, Site, control, face, ingest, reply};
use crate::telemetry::{HTTP_REQUESTS, HTTP_SECONDS};

/// Who may read without a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Anonymous {
    /// Whoever asks this machine by a loopback name, not through a proxy: the default.
    #[default]
    Loopback,
    /// Everyone who can reach the address (`anonymous = "viewer"`).
    Viewer,
    /// Nobody (`anonymous = "none"`).
    Nobody,
}

/// Headers that say a proxy stands between.
const FORWARDED: [&str; 4] = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
];

/// Addresses that are open to everyone, below the base path.
const OPEN: [&str; 2] = ["healthz", "readyz"];

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
const ROUTE_NAMES: [&str; 10] = [
    "",
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
    let visitor = Visitor {
        peer,
        is_viewer: refusal(
            site.options.anonymous,
            peer,
            request.headers(),
            request.uri().host(),
        )
        .is_none(),
    };
    let is_ingest = ingest::is_ingest(site, request.uri().path());
    if !is_ingest && !OPEN.contains(&below(site, request.uri().path())) {
        let host = request.uri().host();
        if let Some(fault) = refusal(site.options.anonymous, peer, request.headers(), host) {
            return Err(fault);
        }
    }
    control::check_build(&request)?;
    let mut request = read_body(site, request).await?;
    let is_command = below(site, request.uri().path()).split('/').next() == Some(control::SEGMENT);
    if is_command && peer == Peer::Socket {
        return control::answer(&request, site.options.commands.as_ref());
    }
    if is_ingest {
        return ingest::answer(site, request).await;
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

/// Returns why the visitor may not read, or nothing when they may.
fn refusal(
    anonymous: Anonymous,
    peer: Peer,
    headers: &HeaderMap,
    target_host: Option<&str>,
) -> Option<Fault> {
    let address = match peer {
        // Whoever can open the socket's file is the daemon's own user or root.
        Peer::Socket => return None,
        Peer::Network(address) => address.ip(),
    };
    let needs_token = |what: &str, hint: &str| {
        Some(Fault::new(StatusCode::UNAUTHORIZED, what).hint(hint.to_owned()))
    };
    match anonymous {
        Anonymous::Viewer => None,
        Anonymous::Nobody => needs_token(
            "this server shows nothing to visitors without a token",
            "set anonymous = \"viewer\" under [auth] to open it to everyone who can reach it",
        ),
        Anonymous::Loopback => {
            let host = target_host.or_else(|| {
                headers
                    .get(header::HOST)
                    .and_then(|value| value.to_str().ok())
            });
            let is_proxied = FORWARDED.iter().any(|name| headers.contains_key(*name));
            if is_proxied {
                return needs_token(
                    "this server is open to its own machine only, and the request came through a \
                     proxy",
                    "set anonymous = \"viewer\" under [auth] to serve through the proxy",
                );
            }
            if !is_loopback(address) || !host.is_some_and(is_loopback_host) {
                return needs_token(
                    "this server is open to its own machine only",
                    "ask for http://127.0.0.1 or http://localhost, or set anonymous = \"viewer\" \
                     under [auth]",
                );
            }
            None
        }
    }
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// Whether a `Host` names this machine; another name may have been pointed here by a stranger.
fn is_loopback_host(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let is_address = name.parse::<IpAddr>().is_ok_and(is_loopback);
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    is_address || name == "localhost" || name.ends_with(".localhost")
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(anonymous: Anonymous, peer: &str, headers: &[(&str, &str)], is_open: bool) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            map.insert(name, value.parse().unwrap());
        }
        let peer = Peer::Network(peer.parse().unwrap());
        let found = refusal(anonymous, peer, &map, None);
        assert_eq!(found.is_none(), is_open, "{headers:?} {found:?}");
    }

    #[test]
    fn only_loopback_names_without_a_proxy_are_open_by_default() {
        let home = "127.0.0.1:5000";
        for host in [
            "127.0.0.1:7878",
            "localhost",
            "LOCALHOST:1",
            "[::1]:7878",
            "wall.localhost",
        ] {
            check(Anonymous::Loopback, home, &[("host", host)], true);
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "",
        ] {
            check(Anonymous::Loopback, home, &[("host", host)], false);
        }
        check(Anonymous::Loopback, home, &[], false);
        let proxied = [("host", "localhost"), ("x-forwarded-for", "10.0.0.1")];
        check(Anonymous::Loopback, home, &proxied, false);
        check(
            Anonymous::Loopback,
            "192.0.2.7:5000",
            &[("host", "localhost")],
            false,
        );
    }

    #[test]
    fn configured_access_does_not_look_at_names() {
        check(
            Anonymous::Viewer,
            "192.0.2.7:5000",
            &[("host", "wall.example")],
            true,
        );
        check(
            Anonymous::Nobody,
            "127.0.0.1:5000",
            &[("host", "localhost")],
            false,
        );
    }
}
