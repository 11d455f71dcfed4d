//! `/api/v1/…`: the registry, values, definitions and the state of the sources.

use std::collections::BTreeMap;

use http::{StatusCode, header};
use serde_json::{Value, json};
use warp::reply::Response;

use crate::access::Area;
use crate::access::audit::Deed;
use crate::http::visit::{Fault, Visit};
use crate::http::{PluginStanding, charts, reply};
use crate::kpi::{self, KpiError};
use crate::picture::gallery::SourcesSeen;
use crate::picture::{Format, Params, PictureError, Scope, Subject};
use crate::push::PushState;
use crate::record::{Pause, SourceName};
use crate::store::SourceState;

/// Answers with the registry.
pub(super) fn kpis(visit: &Visit) -> Result<Response, Fault> {
    bare(visit)?;
    let kpis: Vec<Value> = kpi::REGISTRY
        .iter()
        .map(|kpi| kpi::definition_json(kpi))
        .collect();
    Ok(reply::json(&json!({ "kpis": kpis })))
}

/// Answers with a KPI's values: JSON, or CSV or an aligned table where that is accepted first.
pub(super) async fn kpi(visit: &Visit, name: String) -> Result<Response, Fault> {
    let accept = visit
        .headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    let format = match accept {
        Some(list) if list.trim_start().starts_with("text/csv") => Format::Csv,
        Some(list) if list.trim_start().starts_with("text/plain") => Format::Txt,
        _ => Format::Json,
    };
    charts::picture(visit, Subject::Kpi(name), format, Scope::Kpi).await
}

/// Answers with a KPI's definition.
pub(super) fn definition(visit: &Visit, name: String) -> Result<Response, Fault> {
    bare(visit)?;
    let found = kpi::find(&name)
        .map_err(|error| PictureError::Kpi(std::sync::Arc::new(KpiError::from(error))))?;
    Ok(reply::json(&kpi::definition_json(found)))
}

/// Answers with the state of every source; without what its rows say, but for operators.
pub(super) async fn sources(visit: &Visit) -> Result<Response, Fault> {
    Ok(reply::json(&states(visit).await?))
}

/// Returns the state of every source.
pub(super) async fn states(visit: &Visit) -> Result<Value, Fault> {
    bare(visit)?;
    let gallery = visit.site.options.studio.gallery();
    let seen = seen(visit).await?;
    let is_operator = visit.visitor.may(Area::Operate);
    let pushed = pushed(visit).await;
    let (paused, plugins) = ((visit.site.options.paused)(), standings(visit));
    let (rules, now) = (gallery.rules(), gallery.now());
    let sources: Vec<Value> = rules
        .stamps(&seen.states, now)
        .iter()
        .map(|stamp| {
            let state = seen
                .states
                .iter()
                .find(|state| state.source.as_str() == stamp.name);
            let rule = rules
                .sources
                .iter()
                .find(|rule| rule.name.as_str() == stamp.name);
            let lag_s = stamp
                .last_success
                .map(|last| now.duration_since(last).as_secs().max(0));
            let mut value = json!({
                "name": stamp.name,
                "is_configured": rule.is_some(),
                "every_s": rule.and_then(|rule| rule.every).map(|every| every.as_secs()),
                "last_success": stamp.last_success.map(|at| at.to_string()),
                "lag_s": lag_s,
                "stale": stamp.is_stale,
                "failing": stamp.is_failing,
                "paused": SourceName::new(&stamp.name)
                    .and_then(|name| paused.get(&name))
                    .map(pause),
            });
            if let (Some(object), Some(state)) = (value.as_object_mut(), state) {
                object.extend(counts(state, is_operator));
            }
            if let Some(state) = pushed.get(&stamp.name) {
                value["webhooks"] = push_state(state, is_operator);
            }
            if let Some(plugin) = plugin_of(&plugins, &stamp.name) {
                value["plugin"] = plugin_state(plugin, is_operator);
            }
            value
        })
        .collect();
    if is_operator && sources.iter().any(has_words) {
        note_look(visit);
    }
    Ok(json!({ "as_of": seen.at.to_string(), "sources": sources }))
}

/// Returns what was last seen of the sources, or looks for the first time.
async fn seen(visit: &Visit) -> Result<SourcesSeen, Fault> {
    let gallery = std::sync::Arc::clone(visit.site.options.studio.gallery());
    if let Some(seen) = gallery.sources_seen() {
        return Ok(seen);
    }
    let read = tokio::task::spawn_blocking(move || {
        gallery.refresh_sources();
        gallery.sources_seen()
    });
    let what = "the sources' states could not be read";
    read.await
        .ok()
        .flatten()
        .ok_or_else(|| Fault::new(StatusCode::SERVICE_UNAVAILABLE, what).hint("the log says why"))
}

fn note_look(visit: &Visit) {
    visit.site.options.access.audit().note_change(&Deed {
        who: visit.visitor.to_json(),
        action: "read",
        on: "words of rejected rows and webhooks",
        outcome: "ok",
    });
}

fn pause(pause: &Pause) -> Value {
    json!({ "since": pause.since.to_string(), "reason": pause.reason.name() })
}

/// Whether something of rows is told that may be personal.
fn has_words(source: &Value) -> bool {
    let has = |words: &Value| words.as_array().is_some_and(|words| !words.is_empty());
    has(&source["reject_samples"]) || has(&source["webhooks"]["letters"])
}

/// Returns the counts of a source; words and places of its rows are for operators alone.
fn counts(state: &SourceState, is_operator: bool) -> serde_json::Map<String, Value> {
    let rows: serde_json::Map<String, Value> = state
        .rows
        .iter()
        .map(|(kind, n)| (kind.name().to_owned(), (*n).into()))
        .collect();
    let rejects: serde_json::Map<String, Value> = state
        .rejects
        .iter()
        .map(|(reason, n)| (reason.clone(), (*n).into()))
        .collect();
    let last_run = state.last_run.as_ref().map(|run| {
        json!({
            "started_at": run.started_at.to_string(),
            "ended_at": run.ended_at.to_string(),
            "n_rows": run.n_rows,
            "n_rejects": run.n_rejects,
            "failure": run.failure.as_ref().map(|(reason, message)| match is_operator {
                true => json!({ "reason": reason, "message": message }),
                false => json!({ "reason": reason }),
            }),
        })
    });
    let streams: Vec<Value> = state
        .checkpoints
        .iter()
        .map(|(stream, checkpoint)| {
            json!({ "name": stream.as_str(), "plugin_version": checkpoint.plugin_version })
        })
        .collect();
    let newest = state.newest_record.map(|at| at.to_string());
    let mut map = serde_json::Map::new();
    map.insert("rows".to_owned(), rows.into());
    map.insert("rejects".to_owned(), rejects.into());
    if is_operator {
        let samples = state.reject_samples.iter().map(|reject| {
            json!({ "reason": reject.reason, "place": reject.place, "detail": reject.detail })
        });
        map.insert("reject_samples".to_owned(), samples.collect());
    }
    map.insert("newest_record".to_owned(), newest.into());
    map.insert("last_run".to_owned(), last_run.into());
    map.insert("streams".to_owned(), streams.into());
    map
}

/// Returns what waits in the inbox, by source; nothing when it cannot be said.
async fn pushed(visit: &Visit) -> BTreeMap<String, PushState> {
    let Some(push) = visit.site.options.push.clone() else {
        return BTreeMap::new();
    };
    let states = tokio::task::spawn_blocking(move || push.states()).await;
    let states = states.ok().and_then(Result::ok).unwrap_or_default();
    let by_name = states.into_iter();
    by_name
        .map(|(source, state)| (source.to_string(), state))
        .collect()
}

/// Returns what waits for a source; words of failures are for operators alone.
fn push_state(state: &PushState, is_operator: bool) -> Value {
    let failure = state.failure.as_ref().map(|failure| match is_operator {
        true => json!({ "reason": failure.reason.name(), "message": failure.message }),
        false => json!({ "reason": failure.reason.name() }),
    });
    let mut value = json!({
        "waiting": state.n_waiting,
        "inbox_bytes": state.n_bytes,
        "failure": failure,
        "dead_letters": state.n_letters,
    });
    if is_operator {
        let letters = state.letters.iter().map(|letter| {
            json!({
                "position": letter.position,
                "received_at": letter.received_at.to_string(),
                "bytes": letter.n_bytes,
                "reason": letter.reason,
                "detail": letter.detail,
            })
        });
        value["letters"] = letters.collect();
    }
    value
}

/// Returns how the plugins stand.
pub(super) fn standings(visit: &Visit) -> Vec<PluginStanding> {
    let plugins = visit.site.options.plugins.as_ref();
    plugins.map(|plugins| plugins()).unwrap_or_default()
}

fn plugin_of<'a>(plugins: &'a [PluginStanding], source: &str) -> Option<&'a PluginStanding> {
    let uses = |plugin: &&PluginStanding| plugin.sources.iter().any(|user| user == source);
    plugins.iter().find(uses)
}

/// Returns how a source's plugin stands; words of why are for operators alone.
fn plugin_state(plugin: &PluginStanding, is_operator: bool) -> Value {
    let mut value = json!({
        "name": plugin.plugin,
        "version": plugin.version,
        "sha256": plugin.sha256,
        "generation": plugin.generation,
        "state": plugin.state,
    });
    if is_operator {
        value["why"] = plugin.why.clone().into();
        value["hint"] = plugin.hint.clone().into();
    }
    value
}

/// Refuses every parameter.
fn bare(visit: &Visit) -> Result<(), Fault> {
    let rules = visit.site.options.studio.gallery().rules();
    Params::parse(&visit.pairs, Scope::Bare, &rules.settings.timezone)?;
    Ok(())
}
