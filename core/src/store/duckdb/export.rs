//! Reads rows page by page, without what an export may not show.

use duckdb::types::Value;
use duckdb::{Connection, Row, params_from_iter};
use vocd_plugin::record::{Column, ColumnType};

use super::question::{Question, Writing};
use super::state::{instant, time};
use super::table::{DimensionSpec, current, past, quoted};
use crate::record::RecordKind;
use crate::record::door::{BUCKET_TIME, DIGEST, KEY};
use crate::store::StoreError;
use crate::store::export::{
    Cell, Disclosure, PAGE_BYTES_MAX, PAGE_ROWS_MAX, Page, PageAsk, RowPlace,
};

/// Columns that name a row of another kind, or of another source by an alias.
const REFERENCES: [&str; 4] = ["customer", "agent", "account", "ticket"];
/// The person in charge of a customer, written by name in most CRMs.
const OWNER: &str = "owner";

/// Columns of a page: name, type and how it is read.
struct Shown {
    name: &'static str,
    column_type: ColumnType,
    sql: String,
}

/// Returns what a page shows of a kind; live rows are never deleted, so that is not shown.
fn shown(kind: RecordKind, disclosure: Disclosure) -> Vec<Shown> {
    let source = Shown {
        name: "source",
        column_type: ColumnType::Text,
        sql: "r.source".to_owned(),
    };
    let columns = kind
        .columns()
        .filter(|column| column.name != "deleted" && may_show(column, disclosure))
        .map(|column| Shown {
            name: column.name,
            column_type: column.column_type,
            sql: read_as(column, disclosure),
        });
    std::iter::once(source).chain(columns).collect()
}

fn may_show(column: &Column, disclosure: Disclosure) -> bool {
    let is_open = !column.is_personal
        && column.name != OWNER
        // What a vendor's own fields hold nobody can tell.
        && column.column_type != ColumnType::Json;
    disclosure == Disclosure::Everything || is_open
}

fn read_as(column: &Column, disclosure: Disclosure) -> String {
    let name = format!("r.{}", quoted(column.name));
    let may_be_address = column.name == "id" || REFERENCES.contains(&column.name);
    match column.column_type {
        ColumnType::Time => format!("epoch_us({name})"),
        ColumnType::Money => format!("{name}::VARCHAR"),
        ColumnType::Text if may_be_address && disclosure == Disclosure::Impersonal => format!(
            "CASE WHEN contains({name}, '@') OR contains(lower({name}), 'email:') \
             OR contains(lower({name}), 'phone:') THEN NULL ELSE {name} END"
        ),
        _ => name,
    }
}

/// Writes the query of a page, which asks for one row more than the page has.
pub(super) fn question(
    dimensions: &[DimensionSpec],
    ask: &PageAsk,
) -> Result<Question, StoreError> {
    let mut writing = Writing::new(ask.kind, dimensions);
    let mut conditions = vec![writing.condition(&ask.filter)?];
    let mut question = writing.finish(String::new());
    let mut bind = |value: Value| {
        question.values.push(value);
        format!("${}", question.values.len())
    };
    let (from, to) = ask.between;
    let bounds = [
        (from, BUCKET_TIME, ">="),
        (to, BUCKET_TIME, "<"),
        (ask.since, "known_at", ">="),
    ];
    for (at, column, sign) in bounds {
        if let Some(at) = at {
            conditions.push(format!("r.{column} {sign} {}", bind(time(at))));
        }
    }
    if let Some(after) = ask.after {
        let known_at = bind(Value::BigInt(after.known_at_us));
        let (key, digest) = (
            bind(Value::UBigInt(after.key)),
            bind(Value::UBigInt(after.digest)),
        );
        conditions.push(format!(
            "(epoch_us(r.known_at), r.{KEY}, r.{DIGEST}) > ({known_at}, {key}, {digest})"
        ));
    }
    if ask.disclosure == Disclosure::Impersonal && ask.kind.column("survey").is_some() {
        // A survey that promised anonymity once is left out as a whole, whatever source tells of
        // it: an invitation would say who answered, and an answer before the promise how they do.
        conditions.push(format!(
            "NOT EXISTS (SELECT 1 FROM (FROM {} UNION ALL BY NAME FROM {}) a \
             WHERE a.anonymous AND a.survey = r.survey)",
            current(RecordKind::Response),
            past(RecordKind::Response)
        ));
    }
    let columns: String = shown(ask.kind, ask.disclosure)
        .iter()
        .map(|column| format!(", {}", column.sql))
        .collect();
    question.sql = format!(
        "SELECT epoch_us(r.known_at), r.{KEY}, r.{DIGEST}{columns} FROM {} r WHERE {} \
         ORDER BY r.known_at, r.{KEY}, r.{DIGEST} LIMIT {}",
        current(ask.kind),
        conditions.join(" AND "),
        ask.n_rows_max.clamp(1, PAGE_ROWS_MAX) + 1
    );
    Ok(question)
}

/// Reads a page.
pub(super) fn page(
    connection: &Connection,
    ask: &PageAsk,
    question: &Question,
) -> duckdb::Result<Page> {
    let shown = shown(ask.kind, ask.disclosure);
    let mut page = Page {
        columns: shown.iter().map(|column| column.name).collect(),
        ..Page::default()
    };
    let mut statement = connection.prepare(&question.sql)?;
    let mut found = statement.query(params_from_iter(question.values.iter()))?;
    let n_rows_max = ask.n_rows_max.clamp(1, PAGE_ROWS_MAX);
    let (mut last, mut n_bytes) = (None, 0);
    while let Some(row) = found.next()? {
        if page.rows.len() == n_rows_max || n_bytes >= PAGE_BYTES_MAX {
            page.next = last;
            break;
        }
        last = Some(RowPlace {
            known_at_us: row.get(0)?,
            key: row.get(1)?,
            digest: row.get(2)?,
        });
        let cells = shown.iter().enumerate();
        let cells = cells
            .map(|(idx, column)| cell(row, idx + 3, column.column_type))
            .collect::<duckdb::Result<Vec<_>>>()?;
        n_bytes += cells.iter().map(length).sum::<usize>();
        page.rows.push(cells);
    }
    Ok(page)
}

fn cell(row: &Row<'_>, idx: usize, column_type: ColumnType) -> duckdb::Result<Cell> {
    let cell = match column_type {
        ColumnType::Text | ColumnType::Money => row.get::<_, Option<_>>(idx)?.map(Cell::Text),
        ColumnType::Json => row.get::<_, Option<_>>(idx)?.map(Cell::Json),
        ColumnType::Number => row.get::<_, Option<_>>(idx)?.map(Cell::Number),
        ColumnType::Count => row.get::<_, Option<_>>(idx)?.map(Cell::Count),
        ColumnType::Flag => row.get::<_, Option<_>>(idx)?.map(Cell::Flag),
        ColumnType::Time => instant(row, idx)?.map(Cell::Time),
        ColumnType::TextList => match row.get::<_, Value>(idx)? {
            Value::List(items) => Some(Cell::Texts(items.into_iter().filter_map(text).collect())),
            _ => None,
        },
    };
    Ok(cell.unwrap_or(Cell::Missing))
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// Bytes that a value takes, about.
fn length(cell: &Cell) -> usize {
    const SMALL: usize = 8;
    match cell {
        Cell::Text(text) | Cell::Json(text) => text.len() + SMALL,
        Cell::Texts(texts) => texts.iter().map(|text| text.len() + SMALL).sum(),
        _ => SMALL,
    }
}
