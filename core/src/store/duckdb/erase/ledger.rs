//! Receipts and marks of erasures in the database.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray};
use duckdb::{Connection, OptionalExt as _, params};
use jiff::Timestamp;

use super::Gathered;
use crate::store::duckdb::commit::arrow_failure;
use crate::store::duckdb::sieve::hex;
use crate::store::duckdb::state::{instant, time};
use crate::store::mark::{Mark, Marker};
use crate::store::upkeep::PersonAsk;

/// Receipts that a listing holds.
const RECEIPTS_MAX: u64 = 1_000;

/// Notes an erasure with its marks.
pub(super) fn note(
    connection: &Connection,
    receipt: &str,
    check: &str,
    at: Timestamp,
    gathered: &Gathered,
) -> duckdb::Result<()> {
    connection.execute(
        "INSERT INTO erasure VALUES (?, ?, ?, ?, NULL, NULL)",
        params![receipt, time(at), check, gathered.report()],
    )?;
    let marks: StringArray = gathered.all.iter().map(|mark| Some(hex(mark))).collect();
    let receipts = StringArray::from_iter_values(std::iter::repeat_n(receipt, gathered.all.len()));
    let columns: [(&str, ArrayRef); 2] =
        [("receipt", Arc::new(receipts)), ("mark", Arc::new(marks))];
    let rows = RecordBatch::try_from_iter(columns).map_err(arrow_failure)?;
    let mut appender = connection.appender("erased_mark")?;
    appender.append_record_batch(rows)?;
    appender.flush()
}

/// Returns the receipt of an erasure that a person is known by, and its time.
pub(super) fn earlier(
    connection: &Connection,
    marker: &Marker,
    ask: &PersonAsk,
) -> duckdb::Result<Option<(String, Timestamp)>> {
    let sources: Vec<String> = match &ask.source {
        Some(source) => vec![source.to_string()],
        None => super::person::sources(connection)?,
    };
    let mut marks: Vec<Mark> = sources
        .iter()
        .flat_map(|source| marker.reference(source, &ask.reference))
        .collect();
    if sources.is_empty() {
        // An alias needs no source.
        marks.push(marker.alias(&ask.reference));
    }
    if ask.source.is_none() {
        marks.push(marker.word("", &ask.reference));
    }
    for mark in marks {
        let found = connection
            .query_row(
                "SELECT receipt, epoch_us(erased_at) FROM erasure WHERE receipt = \
                 (SELECT min(receipt) FROM erased_mark WHERE mark = ?)",
                params![hex(&mark)],
                |row| Ok((row.get(0)?, instant(row, 1)?.unwrap_or_default())),
            )
            .optional()?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Returns the receipts of erasures whose bytes may still lie about.
pub(in crate::store::duckdb) fn unfinished(connection: &Connection) -> duckdb::Result<Vec<String>> {
    connection
        .prepare("SELECT receipt FROM erasure WHERE finished_at IS NULL ORDER BY erased_at")?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// Notes that the bytes of these erasures are gone.
pub(in crate::store::duckdb) fn finish(
    connection: &Connection,
    receipts: &[String],
    n_webhooks: u64,
    at: Timestamp,
) -> duckdb::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    for receipt in receipts {
        transaction.execute(
            "UPDATE erasure SET finished_at = ?, n_webhooks = ? WHERE receipt = ?",
            params![time(at), n_webhooks, receipt],
        )?;
    }
    transaction.commit()
}

/// Returns all receipts as JSON, the newest first.
pub(in crate::store::duckdb) fn receipts(connection: &Connection) -> duckdb::Result<Vec<String>> {
    connection
        .prepare(
            "SELECT receipt, epoch_us(erased_at), report, epoch_us(finished_at), n_webhooks \
             FROM erasure ORDER BY erased_at DESC, receipt LIMIT ?",
        )?
        .query_map(params![RECEIPTS_MAX], |row| {
            let (report, at): (String, _) = (row.get(2)?, instant(row, 1)?);
            let finished_at = instant(row, 3)?;
            let n_webhooks: Option<u64> = row.get(4)?;
            let mut receipt: serde_json::Value = serde_json::from_str(&report).unwrap_or_default();
            receipt["receipt"] = row.get::<_, String>(0)?.into();
            receipt["erased_at"] = at.map(|at| at.to_string()).into();
            receipt["finished_at"] = finished_at.map(|at| at.to_string()).into();
            receipt["webhooks"] = n_webhooks.into();
            Ok(receipt.to_string())
        })?
        .collect()
}
