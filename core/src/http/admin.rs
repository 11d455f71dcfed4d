//! `/admin`: what an operator looks at, and the orders to sources; plain forms, no script.

use std::sync::Arc;

use askama::Template;
use http::StatusCode;
use serde_json::Value;
use warp::reply::Response;

use crate::access::Area;
use crate::http::visit::{Fault, Visit};
use crate::http::{PluginStanding, Readiness, api, health, pages, reply};

/// Lines of the audit log that are shown.
const AUDIT_LINES: usize = 20;

/// Digits of a digest that are shown.
const DIGEST_DIGITS: usize = 12;

#[derive(Template)]
#[template(path = "admin.html")]
struct AdminPage<'a> {
    base: &'a str,
    faults: Vec<String>,
    sources: Vec<SourceLine>,
    sheets: Vec<Sheet>,
}

struct SourceLine {
    name: String,
    state: String,
    failure: String,
    last_success: String,
    rows: String,
    rejects: String,
    webhooks: String,
    is_configured: bool,
    is_paused: bool,
}

/// A table with a heading.
struct Sheet {
    title: &'static str,
    none: &'static str,
    headings: &'static [&'static str],
    rows: Vec<Vec<String>>,
}

/// Answers with the page.
pub(super) async fn admin(visit: &Visit) -> Result<Response, Fault> {
    if !visit.visitor.may(Area::Operate) {
        let what = "this page is for operators";
        return Err(Fault::new(StatusCode::FORBIDDEN, what));
    }
    let document = api::states(visit).await?;
    let site = Arc::clone(&visit.site);
    let kept = tokio::task::spawn_blocking(move || {
        let options = &site.options;
        let storage = storage(&options.store_files);
        (
            (options.missing_layers)(),
            storage,
            audit(&options.access.audit().tail(AUDIT_LINES)),
        )
    });
    let (missing_layers, storage, audit) = kept.await.map_err(|_| {
        let what = "the page could not be gathered";
        Fault::new(StatusCode::INTERNAL_SERVER_ERROR, what)
    })?;
    let sources = document["sources"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let Readiness { blocks, notes } = health::reasons(visit);
    let mut faults: Vec<String> = blocks.into_iter().chain(notes).collect();
    faults.extend(unconfined(&missing_layers));
    let page = AdminPage {
        base: pages::base(visit),
        faults,
        sources: sources.iter().map(source_line).collect(),
        sheets: vec![
            rejects(sources),
            letters(sources),
            plugins(api::standings(visit)),
            storage,
            audit,
        ],
    };
    Ok(reply::page(visit, pages::rendered(&page)?))
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Writes counts by name as `3 a, 4 b`.
fn counts(value: &Value) -> String {
    let named = value.as_object().into_iter().flatten();
    let named: Vec<String> = named.map(|(name, n)| format!("{n} {name}")).collect();
    named.join(", ")
}

/// Returns an instant to the second, as people read it; anything else as it is.
fn clock(value: &Value) -> String {
    let text = text(value);
    match text.parse::<jiff::Timestamp>() {
        Ok(at) => at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        Err(_) => text,
    }
}

fn source_line(source: &Value) -> SourceLine {
    let is = |name: &str| source[name] == true;
    let state = match source["paused"]["reason"].as_str() {
        Some(reason) => format!("paused: {reason}"),
        None if is("failing") => "failing".to_owned(),
        None if is("stale") => "stale".to_owned(),
        None if source["last_success"].is_null() => "not yet pulled".to_owned(),
        None => "ok".to_owned(),
    };
    let webhooks = &source["webhooks"];
    let waiting = webhooks["waiting"].as_u64().unwrap_or_default();
    let aside = webhooks["dead_letters"].as_u64().unwrap_or_default();
    SourceLine {
        name: text(&source["name"]),
        state,
        failure: text(&source["last_run"]["failure"]["message"]),
        last_success: clock(&source["last_success"]),
        rows: counts(&source["rows"]),
        rejects: counts(&source["rejects"]),
        webhooks: match webhooks.is_object() {
            true => format!("{waiting} waiting, {aside} kept aside"),
            false => String::new(),
        },
        is_configured: is("is_configured"),
        is_paused: source["paused"].is_object(),
    }
}

/// Gathers a list of every source, its name in front of each row.
fn listed(
    sources: &[Value],
    list: impl Fn(&Value) -> &Value + Copy,
    cells: &[&str],
) -> Vec<Vec<String>> {
    let rows = sources.iter().flat_map(|source| {
        let items = list(source).as_array().map_or(&[][..], Vec::as_slice);
        items.iter().map(|item| {
            let cells = cells.iter().map(|cell| clock(&item[*cell]));
            std::iter::once(text(&source["name"]))
                .chain(cells)
                .collect()
        })
    });
    rows.collect()
}

fn rejects(sources: &[Value]) -> Sheet {
    Sheet {
        title: "Rejected rows",
        none: "No row was refused.",
        headings: &["source", "place", "reason", "detail"],
        rows: listed(
            sources,
            |source| &source["reject_samples"],
            &["place", "reason", "detail"],
        ),
    }
}

fn letters(sources: &[Value]) -> Sheet {
    Sheet {
        title: "Webhooks kept aside",
        none: "No webhook was kept aside.",
        headings: &["source", "received", "reason", "detail"],
        rows: listed(
            sources,
            |source| &source["webhooks"]["letters"],
            &["received_at", "reason", "detail"],
        ),
    }
}

fn plugins(plugins: Vec<PluginStanding>) -> Sheet {
    let digits = |sha256: String| sha256.chars().take(DIGEST_DIGITS).collect();
    let row = |plugin: PluginStanding| {
        let remedy = plugin.hint.unwrap_or_default();
        let state = match plugin.why {
            Some(why) => format!("{}: {why}", plugin.state),
            None => plugin.state.to_owned(),
        };
        vec![
            plugin.plugin,
            plugin.version.unwrap_or_default(),
            plugin.sha256.map(digits).unwrap_or_default(),
            plugin.generation.to_string(),
            plugin.sources.join(", "),
            state,
            remedy,
        ]
    };
    Sheet {
        title: "Plugins",
        none: "No source uses a plugin.",
        headings: &[
            "plugin",
            "version",
            "build that runs",
            "generation",
            "sources",
            "state of its file",
            "what to do",
        ],
        rows: plugins.into_iter().map(row).collect(),
    }
}

fn unconfined(missing: &Result<Vec<String>, String>) -> Vec<String> {
    match missing {
        Ok(layers) => layers
            .iter()
            .map(|layer| format!("this kernel does not confine plugins in their {layer}"))
            .collect(),
        Err(why) => vec![format!("it is unknown how plugins are confined: {why}")],
    }
}

fn storage(files: &[std::path::PathBuf]) -> Sheet {
    let rows = files.iter().filter_map(|file| {
        let bytes = file.metadata().ok()?.len();
        Some(vec![
            file.display().to_string(),
            format!("{} KiB", bytes.div_ceil(1 << 10)),
        ])
    });
    Sheet {
        title: "Storage",
        none: "Nothing is stored yet.",
        headings: &["file", "size"],
        rows: rows.collect(),
    }
}

fn audit(lines: &[Value]) -> Sheet {
    let rows = lines.iter().map(|line| {
        let who = line["who"].as_object().into_iter().flatten();
        let who: Vec<String> = who
            .map(|(name, value)| format!("{name} {}", text(value)))
            .collect();
        let cell = |name: &str| text(&line[name]);
        vec![
            clock(&line["at"]),
            who.join(", "),
            cell("action"),
            cell("on"),
            cell("outcome"),
        ]
    });
    Sheet {
        title: "Last changes",
        none: "Nothing was changed yet.",
        headings: &["when", "who", "what", "on", "outcome"],
        rows: rows.collect(),
    }
}
