//! `POST /api/v1/sources/NAME/{run,pause,resume}`: what an operator asks of a source.

use std::sync::Arc;

use http::{HeaderValue, StatusCode, header};
use serde_json::json;
use warp::reply::Response;

use crate::access::audit::Deed;
use crate::http::control::{Steer, SteerRefusal};
use crate::http::visit::{Fault, Visit};
use crate::http::{pages, reply};
use crate::record::PauseReason;

/// Carries an order out, notes it and answers with the new state.
pub(super) async fn steer(visit: &Visit, name: String, action: String) -> Result<Response, Fault> {
    let nothing = || Fault::new(StatusCode::NOT_FOUND, "there is nothing at this address");
    let steer = order(&action, &visit.pairs)?.ok_or_else(nothing)?;
    let options = &visit.site.options;
    let commands = options.commands.clone();
    let commands = commands.ok_or_else(|| refused(SteerRefusal::Stopping, &name, None))?;
    let access = Arc::clone(&options.access);
    let (who, asked) = (visit.visitor.to_json(), name.clone());
    let done = tokio::task::spawn_blocking(move || {
        let done = commands.steer(&asked, steer);
        access.audit().note_change(&Deed {
            who,
            action: steer.name(),
            on: &asked,
            outcome: done
                .as_ref()
                .err()
                .map_or("ok", |(refusal, _)| refusal.name()),
        });
        done
    });
    let done = done.await.map_err(|_| {
        let what = "the order ended by a bug; the log says more";
        Fault::new(StatusCode::INTERNAL_SERVER_ERROR, what)
    })?;
    done.map_err(|(refusal, hint)| refused(refusal, &name, hint))?;
    if is_form(visit) {
        let mut response = reply::empty(StatusCode::SEE_OTHER);
        let back = format!("{}/admin", pages::base(visit));
        reply::put(response.headers_mut(), header::LOCATION, &back);
        return Ok(response);
    }
    let state = match steer {
        Steer::Run => "due",
        Steer::Pause(_) => "paused",
        Steer::Resume => "active",
    };
    Ok(reply::json(&json!({ "source": name, "state": state })))
}

/// Reads the order; `None` when there is no such one.
fn order(action: &str, pairs: &[(String, String)]) -> Result<Option<Steer>, Fault> {
    let refuse = |what: String| {
        let names = PauseReason::ALL.map(PauseReason::name).join(", ");
        let hint = format!("pause takes reason, one of {names}; run and resume take nothing");
        Err(Fault::new(StatusCode::BAD_REQUEST, what).hint(hint))
    };
    let mut reason = PauseReason::default();
    for (name, value) in pairs {
        match (name.as_str(), PauseReason::of(value)) {
            ("reason", Some(known)) if action == "pause" => reason = known,
            ("reason", None) if action == "pause" => {
                return refuse(format!("there is no reason `{value}`"));
            }
            _ => return refuse(format!("unknown parameter `{name}`")),
        }
    }
    Ok(match action {
        "run" => Some(Steer::Run),
        "pause" => Some(Steer::Pause(reason)),
        "resume" => Some(Steer::Resume),
        _ => None,
    })
}

fn refused(refusal: SteerRefusal, name: &str, hint: Option<String>) -> Fault {
    let (status, what) = match refusal {
        SteerRefusal::Unknown => (
            StatusCode::NOT_FOUND,
            format!("no source `{name}` is configured"),
        ),
        SteerRefusal::Running => (
            StatusCode::CONFLICT,
            format!("`{name}` is being pulled already"),
        ),
        SteerRefusal::Paused => (StatusCode::CONFLICT, format!("`{name}` is paused")),
        SteerRefusal::Stopping => (
            StatusCode::SERVICE_UNAVAILABLE,
            "vocd pulls no sources right now".to_owned(),
        ),
        SteerRefusal::NotKept => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the order could not be kept; nothing changed".to_owned(),
        ),
    };
    Fault {
        hint,
        reason: Some(refusal.name()),
        ..Fault::new(status, what)
    }
}

/// Whether a form of a page sent it: browsers wait for a page then.
fn is_form(visit: &Visit) -> bool {
    let accept = visit.headers.get(header::ACCEPT).map(HeaderValue::as_bytes);
    accept.is_some_and(|accept| accept.starts_with(b"text/html"))
}
