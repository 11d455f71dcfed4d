//! What a refusal looks like: a drawn card, a problem document, a line of text or a page.

use std::sync::Arc;

use askama::Template;
use http::header::{self, HeaderValue};
use warp::reply::Response;

use crate::chart::{ErrorCard, Theme};
use crate::http::gate::below;
use crate::http::visit::Fault;
use crate::http::{Peer, Site, ingest, pages, reply};
use crate::picture::{Format, Params};

/// Which face an address shows.
enum Face {
    Card(Format),
    Problem,
    Line,
    Page,
}

/// Returns the response of a refusal.
pub(super) async fn of(
    site: &Arc<Site>,
    peer: Peer,
    path: &str,
    query: &str,
    fault: &Fault,
) -> Response {
    let face = match peer {
        // A command tells its user what a card would show.
        Peer::Socket { .. } => Face::Problem,
        Peer::Network(_) => face(below(site, path)),
    };
    let mut response = match face {
        Face::Card(format) => card(site, query, fault, format).await,
        Face::Problem => problem(fault),
        Face::Line => {
            let hint = fault.hint.as_ref().map(|hint| format!("\nhint: {hint}"));
            let text = format!("{}{}\n", fault.what, hint.unwrap_or_default());
            reply::typed(fault.status, "text/plain; charset=utf-8", text)
        }
        Face::Page => {
            let page = pages::ErrorPage {
                base: site.options.base_path.trim_end_matches('/'),
                status: fault.status.as_u16(),
                what: &fault.what,
                hint: fault.hint.as_deref().unwrap_or_default(),
            };
            let html = page.render().unwrap_or_else(|_| fault.what.clone());
            reply::typed(fault.status, "text/html; charset=utf-8", html)
        }
    };
    let headers = response.headers_mut();
    if let Some(seconds) = fault.retry_after_s {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    match fault.status {
        http::StatusCode::METHOD_NOT_ALLOWED => {
            headers.insert(
                header::ALLOW,
                HeaderValue::from_static(ingest::allowed(site, path)),
            );
        }
        http::StatusCode::UNAUTHORIZED => {
            let scheme = match ingest::is_ingest(site, path) {
                true => "Basic realm=\"ingest\"",
                false => "Bearer",
            };
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
        }
        // The rest of a body that is too long or too slow is not read.
        http::StatusCode::PAYLOAD_TOO_LARGE | http::StatusCode::REQUEST_TIMEOUT => {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        _ => {}
    }
    response
}

fn face(path: &str) -> Face {
    let (first, _) = path.split_once('/').unwrap_or((path, ""));
    let ending = path.rsplit_once('.').map(|(_, ending)| ending);
    let format = ending.and_then(|ending| ending.parse::<Format>().ok());
    match (first, format) {
        ("charts", Some(Format::Json)) | ("api" | ingest::SEGMENT, _) => Face::Problem,
        ("charts", Some(Format::Csv | Format::Txt)) => Face::Line,
        // A picture is expected: what cannot be read as text in its place would be a broken one.
        ("charts", None) => Face::Card(Format::Svg),
        ("charts" | "walls", Some(format)) => Face::Card(format),
        ("healthz" | "readyz" | "metrics" | "assets", _) => Face::Line,
        _ => Face::Page,
    }
}

async fn card(site: &Arc<Site>, query: &str, fault: &Fault, format: Format) -> Response {
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let style = Params::look_of(&pairs).style(Theme::default());
    let card = ErrorCard {
        status: fault.status.as_u16(),
        title: fault.what.clone(),
        hint: fault.hint.clone().unwrap_or_default(),
    };
    let gallery = Arc::clone(site.options.studio.gallery());
    let drawn = tokio::task::spawn_blocking(move || gallery.error_card(&card, &style, format));
    match drawn.await {
        Ok(bytes) => reply::typed(fault.status, format.media_type(), bytes),
        Err(error) => {
            tracing::error!(error = %error, "an error card could not be drawn");
            reply::empty(fault.status)
        }
    }
}

/// RFC 9457.
fn problem(fault: &Fault) -> Response {
    let title = fault.status.canonical_reason().unwrap_or("Error");
    let mut document = serde_json::json!({
        "type": "about:blank",
        "title": title,
        "status": fault.status.as_u16(),
        "detail": fault.what,
    });
    if let (Some(hint), Some(object)) = (&fault.hint, document.as_object_mut()) {
        object.insert("hint".to_owned(), hint.as_str().into());
    }
    if let (Some(reason), Some(object)) = (fault.reason, document.as_object_mut()) {
        object.insert("reason".to_owned(), reason.into());
    }
    reply::typed(
        fault.status,
        "application/problem+json",
        format!("{document}\n"),
    )
}
