//! `/api/v1/rows/KIND`: rows page by page, as NDJSON, JSON, CSV or Arrow; without what the role
//! hides.

mod arrow;

use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;
use vocd_plugin::record::ColumnType;
use warp::reply::Response;

use crate::access::Area;
use crate::access::audit::Deed;
use crate::http::visit::{Fault, Visit};
use crate::http::{pages, reply};
use crate::kpi::{Settings, parse};
use crate::nearest::nearest;
use crate::picture::params::PARAMS_MAX;
use crate::plan::{Dimension, Filter};
use crate::record::{RecordKind, SourceName};
use crate::store::StoreError;
use crate::store::export::{Cell, Disclosure, PAGE_ROWS_MAX, Page, PageAsk};

/// Rows of a page when nothing is said.
const PAGE_ROWS: usize = 1_000;
/// Pages read at once: the store has a few readers, and pictures need some of them.
static TURNS: Semaphore = Semaphore::const_new(2);
/// Media type of Arrow's stream of batches.
const ARROW: &str = "application/vnd.apache.arrow.stream";
/// Header that holds the next page's cursor.
const NEXT_CURSOR: &str = "x-next-cursor";
/// Dimensions of rows besides configured ones, as KPIs have them.
const BUILT_IN: [&str; 9] = [
    "source", "survey", "question", "mode", "channel", "language", "agent", "team", "category",
];
/// The dimension of tags.
const TAG: &str = "tag";
const PARAMS: [&str; 6] = ["source", "since", "from", "to", "cursor", "limit"];

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Lines,
    Json,
    Csv,
    Arrow,
}

/// Answers with a page of rows.
pub(super) async fn rows(visit: &Visit, name: String) -> Result<Response, Fault> {
    let kind = kind(&name)?;
    let store = visit.site.options.rows.clone();
    let store =
        store.ok_or_else(|| Fault::new(StatusCode::NOT_FOUND, "this process gives no rows out"))?;
    let gallery = visit.site.options.studio.gallery();
    let disclosure = match visit.visitor.may(Area::Operate) {
        true => Disclosure::Everything,
        false => Disclosure::Impersonal,
    };
    let ask = ask(kind, disclosure, &visit.pairs, &gallery.rules().settings)?;
    let _turn = TURNS.acquire().await;
    let read = tokio::task::spawn_blocking(move || store.page(&ask)).await;
    let page = read.map_err(|_| bug())?.map_err(|error| unread(&error))?;
    // Every kind but this one names persons, by a column, a reference or a vendor's attribute.
    if disclosure == Disclosure::Everything && kind != RecordKind::Event {
        visit.site.options.access.audit().note_change(&Deed {
            who: visit.visitor.to_json(),
            action: "read",
            on: &format!("personal rows of {name}"),
            outcome: "ok",
        });
    }
    written(visit, kind, &page)
}

fn kind(name: &str) -> Result<RecordKind, Fault> {
    RecordKind::from_name(name).ok_or_else(|| {
        let names = RecordKind::ALL.map(RecordKind::name);
        let hint = match nearest(name, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", names.join(", ")),
        };
        Fault::new(StatusCode::NOT_FOUND, format!("there is no kind `{name}`")).hint(hint)
    })
}

/// Reads the parameters.
fn ask(
    kind: RecordKind,
    disclosure: Disclosure,
    pairs: &[(String, String)],
    settings: &Settings,
) -> Result<PageAsk, Fault> {
    if pairs.len() > PARAMS_MAX {
        return Err(refuse(&format!("more than {PARAMS_MAX} parameters"), ""));
    }
    let mut ask = PageAsk {
        kind,
        filter: Filter::All,
        between: (None, None),
        since: None,
        after: None,
        n_rows_max: PAGE_ROWS,
        disclosure,
    };
    let mut filters = Vec::new();
    for (idx, (name, value)) in pairs.iter().enumerate() {
        if pairs[..idx].iter().any(|(earlier, _)| earlier == name) {
            return Err(refuse(&format!("parameter `{name}` is given twice"), ""));
        }
        let instant = || {
            // In a query `+` means a space; an offset written plainly is still meant as one.
            let read = parse::instant(&value.replace(' ', "+"), &settings.timezone);
            read.map_err(|error| refuse(&format!("`{name}`: {error}"), ""))
        };
        match (name.as_str(), name.strip_prefix("where.")) {
            (_, Some(dimension)) => filters.push(filter(kind, dimension, value, settings)?),
            ("source", _) => filters.push(of_source(value)?),
            ("since", _) => ask.since = Some(instant()?),
            ("from", _) => ask.between.0 = Some(instant()?),
            ("to", _) => ask.between.1 = Some(instant()?),
            ("cursor", _) => {
                let place = value.parse();
                let hint = format!("give what `{NEXT_CURSOR}` of the page before said");
                ask.after =
                    Some(place.map_err(|error| refuse(&format!("`cursor`: {error}"), &hint))?);
            }
            ("limit", _) => ask.n_rows_max = limit(value)?,
            _ => return Err(unknown(name)),
        }
    }
    ask.filter = Filter::And(filters);
    Ok(ask)
}

fn limit(value: &str) -> Result<usize, Fault> {
    let limit = value.parse().ok();
    limit
        .filter(|limit| (1..=PAGE_ROWS_MAX).contains(limit))
        .ok_or_else(|| {
            let hint = format!("a whole number from 1 to {PAGE_ROWS_MAX}");
            refuse(&format!("`limit={value}` is not allowed"), &hint)
        })
}

fn of_source(value: &str) -> Result<Filter, Fault> {
    let source = SourceName::new(value).ok_or_else(|| {
        let hint = "the sources are at `/api/v1/sources`";
        refuse(&format!("`source={value}` is no name of a source"), hint)
    })?;
    let dimension = Dimension::Column("source");
    Ok(Filter::In(dimension, vec![Some(source.to_string())]))
}

fn filter(kind: RecordKind, name: &str, value: &str, settings: &Settings) -> Result<Filter, Fault> {
    let pair = [(name, value)];
    let read = parse::filters(pair).map_err(|error| refuse(&error.to_string(), ""))?;
    let values = read.into_values().next().unwrap_or_default();
    Ok(Filter::In(dimension(kind, name, settings)?, values))
}

fn dimension(kind: RecordKind, name: &str, settings: &Settings) -> Result<Dimension, Fault> {
    if settings.dimensions.contains_key(name) {
        return Ok(Dimension::Configured(name.to_owned()));
    }
    if name == TAG && kind.column("tags").is_some() {
        return Ok(Dimension::Tag);
    }
    // A team is said by the row itself or by its agent.
    let has = |one: &'static str| match one {
        "source" => true,
        "team" => kind.column("team").is_some() || kind.column("agent").is_some(),
        one => kind
            .column(one)
            .is_some_and(|column| column.column_type == ColumnType::Text),
    };
    let built_in: Vec<&'static str> = BUILT_IN.into_iter().filter(|one| has(one)).collect();
    if let Some(found) = built_in.iter().find(|one| **one == name) {
        return Ok(Dimension::Column(found));
    }
    let configured = settings.dimensions.keys().map(String::as_str);
    let known: Vec<&str> = built_in.iter().copied().chain(configured).collect();
    let hint = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known are {}", known.join(", ")),
    };
    let what = format!("rows of {} have no dimension `{name}`", kind.name());
    Err(refuse(&what, &hint))
}

fn unknown(name: &str) -> Fault {
    let hint = match nearest(name, PARAMS) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known are {}, where.DIMENSION", PARAMS.join(", ")),
    };
    refuse(&format!("unknown parameter `{name}`"), &hint)
}

fn refuse(what: &str, hint: &str) -> Fault {
    let fault = Fault::new(StatusCode::BAD_REQUEST, what);
    match hint {
        "" => fault,
        hint => fault.hint(hint),
    }
}

fn bug() -> Fault {
    let what = "the export ended by a bug; the log says more";
    Fault::new(StatusCode::INTERNAL_SERVER_ERROR, what)
}

/// Returns the refusal of a store that did not answer.
pub(super) fn unread(error: &StoreError) -> Fault {
    let (status, hint) = match error {
        StoreError::UnknownDimension { .. } | StoreError::UnknownColumn { .. } => {
            (StatusCode::BAD_REQUEST, None)
        }
        StoreError::Deadline { .. } => (
            StatusCode::SERVICE_UNAVAILABLE,
            Some("ask for a shorter time, or one source"),
        ),
        _ => {
            tracing::error!(%error, "rows could not be read");
            (StatusCode::SERVICE_UNAVAILABLE, Some("the log says why"))
        }
    };
    let fault = Fault::new(status, error.to_string());
    hint.map_or(fault.clone(), |hint| fault.hint(hint))
}

fn written(visit: &Visit, kind: RecordKind, page: &Page) -> Result<Response, Fault> {
    let shape = shape(visit);
    let (media_type, bytes) = match shape {
        Shape::Lines => ("application/x-ndjson", lines(page).into()),
        Shape::Json => ("application/json", object(kind, page).into()),
        Shape::Csv => ("text/csv; charset=utf-8", csv(page)),
        Shape::Arrow => (ARROW, arrow::stream(kind, page).map_err(|_| bug())?),
    };
    let mut response = reply::typed(StatusCode::OK, media_type, bytes);
    let headers = response.headers_mut();
    // Rows of people belong into no cache.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if shape == Shape::Csv {
        let name = format!("attachment; filename=\"{}.csv\"", kind.name());
        reply::put(headers, header::CONTENT_DISPOSITION, &name);
    }
    if let Some(next) = page.next {
        let name = header::HeaderName::from_static(NEXT_CURSOR);
        reply::put(headers, name, &next.to_string());
        let link = format!(
            "<{}>; rel=\"next\"",
            next_address(visit, kind, &next.to_string())
        );
        reply::put(headers, header::LINK, &link);
    }
    Ok(response)
}

/// Returns the address of the next page; never with a token, which some send there.
fn next_address(visit: &Visit, kind: RecordKind, cursor: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in visit.pairs.iter().filter(|(name, _)| name != "cursor") {
        query.append_pair(name, value);
    }
    let query = query.append_pair("cursor", cursor).finish();
    format!("{}/api/v1/rows/{}?{query}", pages::base(visit), kind.name())
}

fn shape(visit: &Visit) -> Shape {
    let accept = visit.headers.get(header::ACCEPT);
    let accept = accept.and_then(|value| value.to_str().ok()).unwrap_or("");
    match accept.trim_start() {
        accept if accept.starts_with("text/csv") => Shape::Csv,
        accept if accept.starts_with("application/json") => Shape::Json,
        accept if accept.starts_with(ARROW) => Shape::Arrow,
        _ => Shape::Lines,
    }
}

fn row(page: &Page, cells: &[Cell]) -> Value {
    let names = page.columns.iter().map(|name| (*name).to_owned());
    let object: Map<String, Value> = names.zip(cells.iter().map(value)).collect();
    Value::Object(object)
}

fn lines(page: &Page) -> String {
    let lines = page.rows.iter();
    lines
        .map(|cells| format!("{}\n", row(page, cells)))
        .collect()
}

fn object(kind: RecordKind, page: &Page) -> String {
    let rows: Vec<Value> = page.rows.iter().map(|cells| row(page, cells)).collect();
    let next = page.next.map(|next| next.to_string());
    format!(
        "{}\n",
        json!({ "kind": kind.name(), "rows": rows, "next": next })
    )
}

fn csv(page: &Page) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let cells = |cells: &[Cell]| cells.iter().map(cell_text).collect::<Vec<_>>();
    let mut write = |record: Vec<String>| {
        writer
            .write_record(record)
            .expect("memory takes every record of one length");
    };
    write(page.columns.iter().map(|name| (*name).to_owned()).collect());
    for row in &page.rows {
        write(cells(row));
    }
    writer.into_inner().expect("memory takes everything")
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Missing => Value::Null,
        Cell::Text(text) => text.as_str().into(),
        Cell::Number(number) => (*number).into(),
        Cell::Count(count) => (*count).into(),
        Cell::Flag(flag) => (*flag).into(),
        Cell::Time(at) => at.to_string().into(),
        Cell::Texts(texts) => texts.as_slice().into(),
        // The door lets only objects in; a text is shown as it is.
        Cell::Json(text) => serde_json::from_str(text).unwrap_or_else(|_| text.as_str().into()),
    }
}

fn cell_text(cell: &Cell) -> String {
    match cell {
        Cell::Missing => String::new(),
        Cell::Text(text) | Cell::Json(text) => text.clone(),
        other => match value(other) {
            Value::String(text) => text,
            value => value.to_string(),
        },
    }
}
