//! `/healthz`, `/readyz` and `/metrics`.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::StatusCode;
use serde_json::json;
use warp::reply::Response;

use crate::access::Area;
use crate::http::visit::{Fault, Visit};
use crate::http::{Site, reply};
use crate::picture::Gallery;
use crate::telemetry::{
    Metrics, PLUGIN_GENERATION, PLUGIN_HELD, SOURCE_FAILING, SOURCE_LAG, SOURCE_REJECTS,
    SOURCE_ROWS, SOURCE_STALE, STORE_BYTES,
};

/// Media type of OpenMetrics text.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What the daemon says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Readiness {
    /// Why it should get no traffic; may be empty.
    pub blocks: Vec<String>,
    /// What an operator should know although it works, such as a refused reload; may be empty.
    pub notes: Vec<String>,
}

/// Answers that the process lives.
pub(super) fn alive(_visit: &Visit) -> Result<Response, Fault> {
    Ok(reply::typed(
        StatusCode::OK,
        "text/plain; charset=utf-8",
        "ok\n",
    ))
}

/// Answers whether the daemon can serve, and why not; strangers learn the status only.
pub(super) fn ready(visit: &Visit) -> Result<Response, Fault> {
    let Readiness { blocks, notes } = reasons(visit);
    let is_ready = blocks.is_empty();
    let mut body = json!({ "ready": is_ready });
    if let (true, Some(object)) = (visit.visitor.may(Area::Look), body.as_object_mut()) {
        object.insert("reasons".to_owned(), blocks.into());
        object.insert("notes".to_owned(), notes.into());
    }
    let mut response = reply::json(&body);
    if !is_ready {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    Ok(response)
}

/// Returns what keeps the daemon from being ready, and what operators should know.
pub(super) fn reasons(visit: &Visit) -> Readiness {
    let site = &visit.site;
    let Readiness {
        mut blocks,
        mut notes,
    } = (site.options.readiness)();
    if site.is_draining.load(Ordering::Acquire) || *site.shutdown.borrow() {
        blocks.push("the daemon is shutting down".to_owned());
    }
    let gallery = site.options.studio.gallery();
    match gallery.sources_seen() {
        Some(seen) => blocks.extend(seen.failure),
        None => blocks.push("the store has not been read yet".to_owned()),
    }
    for name in gallery.shelf().names() {
        let faults = gallery
            .shelf()
            .get(&name)
            .map(|shelved| shelved.faults.len());
        if let Some(n_faults @ 1..) = faults {
            notes.push(format!(
                "dashboard `{name}`: {n_faults} faults, last good version shown"
            ));
        }
    }
    Readiness { blocks, notes }
}

/// Answers with every metric as OpenMetrics text.
pub(super) async fn metrics(visit: &Visit) -> Result<Response, Fault> {
    let site = Arc::clone(&visit.site);
    let render = tokio::task::spawn_blocking(move || {
        let metrics = &site.options.metrics;
        sources(metrics, site.options.studio.gallery());
        plugins(metrics, &site);
        store_bytes(metrics, &site);
        metrics.render()
    });
    let text = render.await.map_err(|_| {
        Fault::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the metrics could not be written",
        )
    })?;
    Ok(reply::typed(StatusCode::OK, OPEN_METRICS, text))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "metrics are floating point by definition"
)]
fn sources(metrics: &Metrics, gallery: &Gallery) {
    for metric in [
        SOURCE_FAILING,
        SOURCE_LAG,
        SOURCE_REJECTS,
        SOURCE_ROWS,
        SOURCE_STALE,
    ] {
        metrics.forget(&metric);
    }
    let Some(seen) = gallery.sources_seen() else {
        return;
    };
    let now = gallery.now();
    for stamp in gallery.rules().stamps(&seen.states, now) {
        let labels = [("source", stamp.name.as_str())];
        metrics.set(&SOURCE_STALE, &labels, f64::from(u8::from(stamp.is_stale)));
        metrics.set(
            &SOURCE_FAILING,
            &labels,
            f64::from(u8::from(stamp.is_failing)),
        );
        if let Some(last) = stamp.last_success {
            metrics.set(
                &SOURCE_LAG,
                &labels,
                now.duration_since(last).as_secs_f64().max(0.0),
            );
        }
    }
    for state in seen.states.iter() {
        let source = state.source.as_str();
        for (kind, n) in &state.rows {
            metrics.set(
                &SOURCE_ROWS,
                &[("source", source), ("kind", kind.name())],
                *n as f64,
            );
        }
        for (reason, n) in &state.rejects {
            metrics.set(
                &SOURCE_REJECTS,
                &[("source", source), ("reason", reason)],
                *n as f64,
            );
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "metrics are floating point by definition"
)]
fn plugins(metrics: &Metrics, site: &Site) {
    metrics.forget(&PLUGIN_GENERATION);
    metrics.forget(&PLUGIN_HELD);
    let plugins = site.options.plugins.as_ref();
    for plugin in plugins.map(|plugins| plugins()).unwrap_or_default() {
        let labels = [("plugin", plugin.plugin.as_str())];
        metrics.set(&PLUGIN_GENERATION, &labels, plugin.generation as f64);
        let is_held = plugin.why.is_some();
        metrics.set(&PLUGIN_HELD, &labels, f64::from(u8::from(is_held)));
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "metrics are floating point by definition"
)]
fn store_bytes(metrics: &Metrics, site: &Site) {
    let files = &site.options.store_files;
    let bytes: u64 = files
        .iter()
        .filter_map(|file| file.metadata().ok())
        .map(|it| it.len())
        .sum();
    if !files.is_empty() {
        metrics.set(&STORE_BYTES, &[], bytes as f64);
    }
}
