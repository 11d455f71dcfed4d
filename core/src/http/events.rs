//! `/api/v1/events`: what happened and may explain a move, read and written.

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use warp::reply::Response;

use crate::access::audit::Deed;
use crate::http::reply;
use crate::http::rows::unread;
use crate::http::visit::{Fault, Visit};
use crate::kpi::parse;
use crate::nearest::nearest;
use crate::plan::Span;
use crate::record::annotation::{Annotation, SOURCE};
use crate::store::export::Export;
use crate::store::{Ack, Checkpoint, CommitUnit, RunLog, StoreError};

/// One annotation is written at a time: a newer run of the source fences the one before.
static TURN: Mutex<()> = Mutex::const_new(());
const PARAMS: [&str; 2] = ["from", "to"];

/// Answers with the events that overlap a time, the first 200.
pub(super) async fn events(visit: &Visit) -> Result<Response, Fault> {
    let store = store(visit)?;
    let span = span(visit)?;
    let read = tokio::task::spawn_blocking(move || store.events(span.start, span.end)).await;
    let marks = read.map_err(|_| bug())?.map_err(|error| unread(&error))?;
    let events: Vec<Value> = marks
        .iter()
        .map(|mark| {
            json!({
                "happened_at": mark.happened_at.to_string(),
                "label": mark.label,
                "event_kind": mark.event_kind,
            })
        })
        .collect();
    Ok(reply::json(&json!({ "events": events })))
}

/// Writes an annotation and answers with its id; the same one again is the same.
pub(super) async fn annotate(visit: &Visit, body: Bytes) -> Result<Response, Fault> {
    let store = store(visit)?;
    let annotation = Annotation::read(&body, Timestamp::now()).map_err(|error| {
        Fault::new(StatusCode::BAD_REQUEST, error.to_string()).hint(error.hint())
    })?;
    let id = annotation.id();
    let _turn = TURN.lock().await;
    let label = annotation.label.clone();
    let write = tokio::task::spawn_blocking(move || commit(&*store, &annotation)).await;
    let done = write.map_err(|_| bug())?;
    visit.site.options.access.audit().note_change(&Deed {
        who: visit.visitor.to_json(),
        action: "annotate",
        on: &label,
        outcome: match &done {
            Ok(()) => "ok",
            Err(_) => "failed",
        },
    });
    done.map_err(|error| unread(&error))?;
    let mut response = reply::json(&json!({ "source": SOURCE, "id": id }));
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

fn store(visit: &Visit) -> Result<Arc<dyn Export>, Fault> {
    let store = visit.site.options.rows.clone();
    store.ok_or_else(|| Fault::new(StatusCode::NOT_FOUND, "this process keeps no events"))
}

fn bug() -> Fault {
    let what = "the request ended by a bug; the log says more";
    Fault::new(StatusCode::INTERNAL_SERVER_ERROR, what)
}

/// Reads `from` and `to`; without them everything there is, ten years ahead included.
fn span(visit: &Visit) -> Result<Span, Fault> {
    let gallery = visit.site.options.studio.gallery();
    let ahead = jiff::SignedDuration::from_hours(10 * 366 * 24);
    let mut span = Span {
        start: Timestamp::UNIX_EPOCH,
        end: gallery
            .now()
            .saturating_add(ahead)
            .unwrap_or(Timestamp::MAX),
    };
    for (idx, (name, value)) in visit.pairs.iter().enumerate() {
        let refuse = |what: String| Fault::new(StatusCode::BAD_REQUEST, what);
        if visit.pairs[..idx]
            .iter()
            .any(|(earlier, _)| earlier == name)
        {
            return Err(refuse(format!("parameter `{name}` is given twice")));
        }
        if !PARAMS.contains(&name.as_str()) {
            let hint = match nearest(name, PARAMS) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known are {}", PARAMS.join(", ")),
            };
            return Err(refuse(format!("unknown parameter `{name}`")).hint(hint));
        }
        let zone = &gallery.rules().settings.timezone;
        let at = parse::instant(&value.replace(' ', "+"), zone)
            .map_err(|error| refuse(format!("`{name}`: {error}")))?;
        match name.as_str() {
            "from" => span.start = at,
            _ => span.end = at,
        }
    }
    Ok(span)
}

/// Commits an annotation as a run of its own source.
fn commit(store: &dyn Export, annotation: &Annotation) -> Result<(), StoreError> {
    let (source, stream) = crate::record::annotation::place();
    let now = Timestamp::now();
    let batch = annotation.batch(now);
    let (run_id, _) = store.begin_run(&source, now)?;
    let ack = store.commit(CommitUnit {
        source: source.clone(),
        stream,
        run_id,
        unit_idx: 0,
        batches: vec![batch],
        rejects: Vec::new(),
        checkpoint: Checkpoint {
            json: "{}".to_owned(),
            format: 1,
            plugin_version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        is_first_read: false,
        committed_at: now,
    })?;
    debug_assert!(ack != Ack::Fenced, "one annotation is written at a time");
    store.end_run(&RunLog {
        source,
        run_id,
        started_at: now,
        ended_at: Timestamp::now(),
        n_rows: 1,
        n_rejects: 0,
        failure: None,
    })
}
