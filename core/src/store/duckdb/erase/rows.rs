//! The rows of a person: found once, then counted, marked and deleted from that one list.

use std::collections::HashSet;

use arrow_array::UInt64Array;
use duckdb::Connection;

use super::{Stamps, facts};
use crate::record::RecordKind;
use crate::store::duckdb::restamp::append_keys;
use crate::store::duckdb::table::history;
use crate::store::mark::{Mark, Marker};
use crate::store::upkeep::Holding;

/// Kinds whose rows may belong to a person by their ticket alone.
const BY_TICKET: [RecordKind; 3] = [
    RecordKind::Response,
    RecordKind::Invitation,
    RecordKind::Review,
];

/// One row of a person: where it stands, and what it is called. `bucket_time` says which day of
/// its kind changes when it goes.
const LIST_SQL: &str = "CREATE OR REPLACE TEMP TABLE erased_row (kind VARCHAR, \
     is_history BOOLEAN, is_live BOOLEAN, row BIGINT, key UBIGINT, source VARCHAR, id VARCHAR, \
     customer VARCHAR, submission VARCHAR, bucket_time TIMESTAMP)";

/// Puts keys where queries of this module find them.
pub(super) fn stage(connection: &Connection, stamps: &Stamps) -> duckdb::Result<()> {
    connection.execute_batch("CREATE OR REPLACE TEMP TABLE erased_stamp (key UBIGINT NOT NULL)")?;
    let keys: UInt64Array = stamps.iter().copied().map(Some).collect();
    append_keys(connection, "erased_stamp", keys)
}

/// Lists every row of the person with these keys.
pub(super) fn gather(connection: &Connection, stamps: &Stamps) -> duckdb::Result<()> {
    stage(connection, stamps)?;
    connection.execute_batch(LIST_SQL)?;
    let own = "person IN (SELECT key FROM erased_stamp)";
    list(
        connection,
        RecordKind::Customer,
        "key IN (SELECT key FROM erased_stamp)",
    )?;
    for kind in facts() {
        list(connection, kind, own)?;
        list_nameless_versions(connection, kind)?;
    }
    // What names nobody itself, but hangs on something that is gone.
    for kind in BY_TICKET {
        let tickets = gone("ticket", RecordKind::Ticket);
        list(
            connection,
            kind,
            &format!(
                "person IS NULL AND ticket IS NOT NULL AND (\
                 (source, ticket) IN (SELECT (source, id) FROM {tickets}) \
                 OR ticket IN (SELECT source || '/' || id FROM {tickets}))"
            ),
        )?;
        list_nameless_versions(connection, kind)?;
    }
    list(
        connection,
        RecordKind::Response,
        "person IS NULL AND (source, coalesce(response, id)) IN \
         (SELECT (source, submission) FROM erased_row WHERE kind = 'response')",
    )?;
    list_nameless_versions(connection, RecordKind::Response)
}

/// Lists the events whose words name the person, and tells whether there are any.
pub(super) fn gather_events(
    connection: &Connection,
    is_named: impl Fn(&str, &str) -> bool,
) -> duckdb::Result<bool> {
    let mut keys: Vec<String> = Vec::new();
    for table in [
        RecordKind::Event.name().to_owned(),
        history(RecordKind::Event),
    ] {
        let mut statement = connection.prepare(&format!(
            "SELECT key, source, concat_ws(' ', label, url, attributes) FROM {table}"
        ))?;
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            let (source, text): (String, String) = (row.get(1)?, row.get(2)?);
            if is_named(&source, &text) {
                keys.push(row.get::<_, u64>(0)?.to_string());
            }
        }
    }
    if !keys.is_empty() {
        let condition = format!("key IN ({})", keys.join(", "));
        list(connection, RecordKind::Event, &condition)?;
    }
    Ok(!keys.is_empty())
}

/// Lists deletions and other versions that name nobody, of records that are on the list.
fn list_nameless_versions(connection: &Connection, kind: RecordKind) -> duckdb::Result<()> {
    let name = kind.name();
    let condition = format!(
        "person IS NULL AND (source, id) IN \
         (SELECT (source, id) FROM erased_row WHERE kind = '{name}')"
    );
    list(connection, kind, &condition)
}

fn list(connection: &Connection, kind: RecordKind, condition: &str) -> duckdb::Result<()> {
    let name = kind.name();
    let customer = match kind.column("customer") {
        Some(_) => "customer",
        None => "NULL",
    };
    let submission = match kind {
        RecordKind::Response => "coalesce(response, id)",
        _ => "NULL",
    };
    for (table, is_history, is_live) in [
        (name.to_owned(), "false", "NOT superseded"),
        (history(kind), "true", "false"),
    ] {
        connection.execute_batch(&format!(
            "INSERT INTO erased_row SELECT '{name}', {is_history}, {is_live}, rowid, key, source, \
             id, {customer}, {submission}, bucket_time FROM {table} WHERE ({condition}) \
             AND rowid NOT IN (SELECT row FROM erased_row WHERE kind = '{name}' \
             AND is_history = {is_history})"
        ))?;
    }
    Ok(())
}

/// Returns the records of a kind of which no version is left to anybody else.
fn gone(alias: &str, kind: RecordKind) -> String {
    let name = kind.name();
    let left = |table: &str, is_history: &str| {
        format!(
            "SELECT source, id FROM {table} WHERE key IN \
             (SELECT key FROM erased_row WHERE kind = '{name}') AND rowid NOT IN \
             (SELECT row FROM erased_row WHERE kind = '{name}' AND is_history = {is_history})"
        )
    };
    format!(
        "(SELECT DISTINCT source, id FROM erased_row WHERE kind = '{name}' AND (source, id) NOT IN \
         (SELECT (source, id) FROM ({} UNION ALL {}))) {alias}_gone",
        left(name, "false"),
        left(&history(kind), "true"),
    )
}

/// Counts what is on the list.
pub(super) fn count(connection: &Connection, holding: &mut Holding) -> duckdb::Result<()> {
    let mut statement = connection
        .prepare("SELECT kind, is_live, count(*) FROM erased_row GROUP BY kind, is_live")?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let (kind, is_live): (String, bool) = (row.get(0)?, row.get(1)?);
        let kind = RecordKind::from_name(&kind).expect("listed by its name");
        let counts = match is_live {
            true => &mut holding.rows,
            false => &mut holding.versions,
        };
        counts.insert(kind.name(), row.get(2)?);
    }
    let mut statement = connection.prepare(
        "SELECT source, count(DISTINCT id) FROM erased_row WHERE kind = 'customer' GROUP BY source",
    )?;
    let sources = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    holding.sources = sources.collect::<duckdb::Result<_>>()?;
    Ok(())
}

/// Returns the sources that the rows on the list came from.
pub(super) fn sources(connection: &Connection) -> duckdb::Result<HashSet<String>> {
    connection
        .prepare("SELECT DISTINCT source FROM erased_row")?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// Marks what the rows on the list are called, and whom they name.
pub(super) fn mark(
    connection: &Connection,
    marker: &Marker,
    marks: &mut HashSet<Mark>,
) -> duckdb::Result<()> {
    for kind in RecordKind::ALL {
        let mut statement =
            connection.prepare(&format!("SELECT source, id FROM {}", gone("one", kind)))?;
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            let (source, id): (String, String) = (row.get(0)?, row.get(1)?);
            marks.insert(marker.record(&source, kind, &id));
            marks.insert(marker.word(&source, &id));
        }
    }
    let mut statement = connection.prepare(
        "SELECT DISTINCT source, customer, submission FROM erased_row \
         WHERE customer IS NOT NULL OR submission IS NOT NULL",
    )?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let source: String = row.get(0)?;
        if let Some(customer) = row.get::<_, Option<String>>(1)? {
            marks.extend(marker.reference(&source, &customer));
            match customer.contains(':') {
                true => marks.extend(marker.alias_words(&customer)),
                false => {
                    marks.insert(marker.word(&source, &customer));
                }
            }
        }
        if let Some(submission) = row.get::<_, Option<String>>(2)? {
            marks.insert(marker.submission(&source, &submission));
        }
    }
    Ok(())
}

/// Deletes what is on the list: the one place where rows of a person go. Returns the times of the
/// current answers among them.
pub(super) fn delete(connection: &Connection) -> duckdb::Result<Vec<i64>> {
    for kind in RecordKind::ALL {
        let name = kind.name();
        for (table, is_history) in [(name.to_owned(), "false"), (history(kind), "true")] {
            connection.execute_batch(&format!(
                "DELETE FROM {table} WHERE rowid IN (SELECT row FROM erased_row \
                 WHERE kind = '{name}' AND is_history = {is_history})"
            ))?;
        }
    }
    connection
        .prepare(
            "SELECT epoch_us(bucket_time) FROM erased_row \
             WHERE kind = 'response' AND is_live AND bucket_time IS NOT NULL",
        )?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// Drops the list: it holds what must be gone.
pub(super) fn forget(connection: &Connection) -> duckdb::Result<()> {
    connection.execute_batch("DROP TABLE erased_row; DROP TABLE erased_stamp")
}
