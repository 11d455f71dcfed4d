//! `/dashboards/NAME/brief` and `/api/v1/brief`: the improvement brief as text, or as JSON for who
//! asks for it.

use std::sync::Arc;

use http::StatusCode;
use http::header::ACCEPT;
use warp::reply::Response;

use crate::http::visit::{Fault, Visit};
use crate::http::{pages, reply};
use crate::kpi::brief::{Finding, json, text};
use crate::picture::{Params, Scope};

/// Answers with the brief of a dashboard, or of the company's headline KPIs.
pub(super) async fn brief(visit: &Visit, dashboard: Option<String>) -> Result<Response, Fault> {
    let gallery = Arc::clone(visit.site.options.studio.gallery());
    let params = Params::parse(&visit.pairs, Scope::Kpi, &gallery.rules().settings.timezone)?;
    let asked =
        tokio::task::spawn_blocking(move || gallery.brief(dashboard.as_deref(), &params.overrides));
    let (found, title) = asked.await.map_err(|_| {
        Fault::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the brief could not be written",
        )
        .hint("the log says why")
    })??;
    let base = pages::base(visit);
    let link = |finding: &Finding| {
        let path = format!("{base}/api/v1/kpis/{}", finding.evidence.kpi);
        pages::address(&path, &finding.evidence.pairs)
    };
    let accept = visit.headers.get(ACCEPT);
    let accept = accept.and_then(|value| value.to_str().ok());
    if accept.is_some_and(|accept| accept.contains("application/json")) {
        return Ok(reply::json(&json(&found, &link)));
    }
    Ok(reply::typed(
        StatusCode::OK,
        "text/plain; charset=utf-8",
        text(&found, &title, &link),
    ))
}
