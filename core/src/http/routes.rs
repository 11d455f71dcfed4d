//! The addresses: one warp filter per route; all but orders to sources and annotations are only read.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::Full;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Rejection};

use crate::http::visit::{Fault, Visit, Visitor};
use crate::http::{
    Site, admin, api, assets, brief, charts, events, explain, health, pages, reply, rows, steer,
    walls,
};

/// Methods every address answers.
pub(super) const ALLOW: &str = "GET, HEAD, OPTIONS";

/// The routes as a service.
#[derive(Clone)]
pub(super) struct Routes {
    filter: BoxedFilter<(Response,)>,
}

impl Routes {
    /// Builds every route of a site.
    pub(super) fn new(site: &Arc<Site>) -> Self {
        let pages = under(site).and(
            page_routes(site)
                .or(picture_routes(site))
                .unify()
                .or(api_routes(site))
                .unify(),
        );
        let filter = pages
            .recover(|rejection| async move { Ok::<_, Infallible>(refused(&rejection)) })
            .unify()
            .boxed();
        Self { filter }
    }

    /// Answers one request whose body has been read.
    pub(super) async fn call(&self, request: Request<Full<Bytes>>) -> Response {
        let service = TowerToHyperService::new(warp::service(self.filter.clone()));
        match service.call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

type Route = BoxedFilter<(Response,)>;

fn page_routes(site: &Arc<Site>) -> Route {
    let index = warp::path::end()
        .and(visit(site))
        .then(|visit| async move { reply::finish(pages::index(&visit)) });
    let dashboard = warp::path!("dashboards" / String)
        .and(visit(site))
        .then(|name, visit| async move { reply::finish(pages::dashboard(&visit, name).await) });
    let brief = warp::path!("dashboards" / String / "brief")
        .and(visit(site))
        .then(|name, visit| async move { reply::finish(brief::brief(&visit, Some(name)).await) });
    let wall = warp::path!("walls" / String)
        .and(visit(site))
        .then(|name, visit| async move { reply::finish(walls::wall(&visit, name).await) });
    let admin = warp::path!("admin")
        .and(visit(site))
        .then(|visit| async move { reply::finish(admin::admin(&visit).await) });
    let events = warp::path!("walls" / String / "events")
        .and(visit(site))
        .then(|name, visit| async move { reply::finish(walls::events(&visit, name)) });
    let asset = warp::path!("assets" / String)
        .and(visit(site))
        .then(|name, visit| async move { reply::finish(assets::asset(&visit, name)) });
    index
        .or(dashboard)
        .unify()
        .or(brief)
        .unify()
        .or(wall)
        .unify()
        .or(events)
        .unify()
        .or(admin)
        .unify()
        .or(asset)
        .unify()
        .boxed()
}

fn picture_routes(site: &Arc<Site>) -> Route {
    let panel = warp::path!("charts" / String / String)
        .and(visit(site))
        .then(|dashboard, file, visit| async move {
            reply::finish(charts::panel(&visit, dashboard, file).await)
        });
    let first = warp::path!("charts" / String)
        .and(visit(site))
        .then(|file, visit| async move { reply::finish(charts::first(&visit, file).await) });
    panel.or(first).unify().boxed()
}

fn api_routes(site: &Arc<Site>) -> Route {
    let kpis = warp::path!("api" / "v1" / "kpis")
        .and(visit(site))
        .then(|visit| async move { reply::finish(api::kpis(&visit)) });
    let kpi = warp::path!("api" / "v1" / "kpis" / String)
        .and(visit(site))
        .then(|name, visit| async move { reply::finish(api::kpi(&visit, name).await) });
    let definition = warp::path!("api" / "v1" / "kpis" / String / "definition")
        .and(visit(site))
        .then(|name, visit| async move { reply::finish(api::definition(&visit, name)) });
    let explain = warp::path!("api" / "v1" / "kpis" / String / "explain")
        .and(visit(site))
        .then(|name, visit| async move { reply::finish(explain::explain(&visit, name).await) });
    let brief = warp::path!("api" / "v1" / "brief")
        .and(visit(site))
        .then(|visit| async move { reply::finish(brief::brief(&visit, None).await) });
    let sources = warp::path!("api" / "v1" / "sources")
        .and(visit(site))
        .then(|visit| async move { reply::finish(api::sources(&visit).await) });
    let steer = warp::path!("api" / "v1" / "sources" / String / String)
        .and(change(site))
        .then(|name, action, visit| async move {
            reply::finish(steer::steer(&visit, name, action).await)
        });
    let rows = warp::path!("api" / "v1" / "rows" / String)
        .and(visit(site))
        .then(|name, visit| async move { reply::finish(rows::rows(&visit, name).await) });
    let events = warp::path!("api" / "v1" / "events")
        .and(visit(site))
        .then(|visit| async move { reply::finish(events::events(&visit).await) });
    let annotate = warp::path!("api" / "v1" / "events")
        .and(change(site))
        .and(warp::body::bytes())
        .then(|visit, body| async move { reply::finish(events::annotate(&visit, body).await) });
    let alive = warp::path!("healthz")
        .and(visit(site))
        .then(|visit| async move { reply::finish(health::alive(&visit)) });
    let ready = warp::path!("readyz")
        .and(visit(site))
        .then(|visit| async move { reply::finish(health::ready(&visit)) });
    let metrics = warp::path!("metrics")
        .and(visit(site))
        .then(|visit| async move { reply::finish(health::metrics(&visit).await) });
    kpis.or(kpi)
        .unify()
        .or(definition)
        .unify()
        .or(explain)
        .unify()
        .or(brief)
        .unify()
        .or(sources)
        .unify()
        .or(steer)
        .unify()
        .or(rows)
        .unify()
        .or(events)
        .unify()
        .or(annotate)
        .unify()
        .or(alive)
        .unify()
        .or(ready)
        .unify()
        .or(metrics)
        .unify()
        .boxed()
}

/// Matches the configured path in front of every address.
fn under(site: &Site) -> BoxedFilter<()> {
    let segments = site
        .options
        .base_path
        .split('/')
        .filter(|segment| !segment.is_empty());
    segments.fold(warp::any().boxed(), |base, segment| {
        base.and(warp::path(segment.to_owned())).boxed()
    })
}

/// Lets reading methods through, after the path matched, and gathers what routes need.
fn visit(site: &Arc<Site>) -> BoxedFilter<(Visit,)> {
    warp::get()
        .or(warp::head())
        .unify()
        .and(gathered(site))
        .boxed()
}

/// Lets POST through, and only where the request was let in as a change.
fn change(site: &Arc<Site>) -> BoxedFilter<(Visit,)> {
    warp::post()
        .and(gathered(site))
        .and_then(|visit: Visit| async move {
            match visit.visitor.may_change() {
                true => Ok(visit),
                false => Err(warp::reject::not_found()),
            }
        })
        .boxed()
}

fn gathered(site: &Arc<Site>) -> BoxedFilter<(Visit,)> {
    let site = Arc::clone(site);
    warp::query::<Vec<(String, String)>>()
        .and(warp::header::headers_cloned())
        .and(warp::ext::get::<Visitor>())
        .map(move |pairs, headers: HeaderMap, visitor| Visit {
            site: Arc::clone(&site),
            headers,
            pairs,
            visitor,
        })
        .boxed()
}

fn refused(rejection: &Rejection) -> Response {
    let fault = if rejection.find::<warp::reject::MethodNotAllowed>().is_some() {
        Fault::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "this address can only be read",
        )
        .hint(format!("allowed are {ALLOW}"))
    } else if rejection.find::<warp::reject::InvalidQuery>().is_some() {
        Fault::new(
            StatusCode::BAD_REQUEST,
            "the address's parameters cannot be decoded",
        )
    } else {
        Fault::new(StatusCode::NOT_FOUND, "there is nothing at this address")
            .hint("the list of dashboards is at `/`")
    };
    reply::finish(Err(fault))
}
