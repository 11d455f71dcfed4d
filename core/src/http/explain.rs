//! `/api/v1/kpis/KPI/explain`: what the store is asked for an answer, what it reads and how long
//! that takes. Answered beside the caches, so for operators only.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};
use warp::reply::Response;

use crate::http::reply;
use crate::http::visit::{Fault, Visit};
use crate::picture::{Format, Params, PictureRequest, Scope, Subject};
use crate::plan::Path;
use crate::plan::explain::Step;

/// Answers with the steps, in the order they were taken.
pub(super) async fn explain(visit: &Visit, name: String) -> Result<Response, Fault> {
    let gallery = Arc::clone(visit.site.options.studio.gallery());
    let params = Params::parse(&visit.pairs, Scope::Kpi, &gallery.rules().settings.timezone)?;
    let request = PictureRequest {
        subject: Subject::Kpi(name.clone()),
        overrides: params.overrides,
        look: params.look,
        format: Format::Json,
    };
    let asked = tokio::task::spawn_blocking(move || gallery.explain(&request, &name));
    let steps = asked.await.map_err(|_| {
        Fault::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the answer was not found",
        )
        .hint("the log says why")
    })??;
    let steps: Vec<Value> = steps.iter().map(step).collect();
    Ok(reply::json(&json!({ "steps": steps })))
}

fn step(step: &Step) -> Value {
    let mut value = json!({
        "what": step.what,
        "kind": step.kind.name(),
        "buckets": step.n_buckets,
        "split": step.split,
        "read": read(step.path),
        "found": step.n_found,
        "elapsed_us": u64::try_from(step.elapsed.as_micros()).unwrap_or(u64::MAX),
    });
    if let Path::RollUp { n_days_of_rows } = step.path {
        value["days_of_rows"] = n_days_of_rows.into();
    }
    value
}

const fn read(path: Path) -> &'static str {
    match path {
        Path::Rows => "rows",
        Path::RollUp { .. } => "roll-up",
    }
}
