//! What the store knows of the ids of a commit.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, UInt64Array};
use duckdb::Connection;

use super::commit::arrow_failure;
use super::merge::{Known, KnownVersions, Place, VersionOrder};
use super::table::history;
use crate::record::RecordKind;
use crate::record::door::KEY;
use crate::store::CommitUnit;

/// Returns what the tables hold about keys.
pub(super) fn known_versions(
    connection: &Connection,
    unit: &CommitUnit,
    kind: RecordKind,
    keys: &[u64],
) -> duckdb::Result<KnownVersions> {
    let mut known = KnownVersions::new();
    if keys.is_empty() {
        return Ok(known);
    }
    let tables = [kind.name().to_owned(), history(kind)];
    let mut is_staged = false;
    for (idx, table) in tables.iter().enumerate() {
        let has_rows: bool = connection.query_row(
            &format!("SELECT EXISTS (SELECT 1 FROM {table})"),
            [],
            |row| row.get(0),
        )?;
        if !has_rows {
            continue;
        }
        if !is_staged {
            stage_keys(connection, keys)?;
            is_staged = true;
        }
        look_up(connection, unit, kind, table, idx == 0, &mut known)?;
    }
    Ok(known)
}

fn stage_keys(connection: &Connection, keys: &[u64]) -> duckdb::Result<()> {
    connection.execute_batch("TRUNCATE staged_key")?;
    let keys: ArrayRef = Arc::new(UInt64Array::from(keys.to_vec()));
    let keys = RecordBatch::try_from_iter([(KEY, keys)]).map_err(arrow_failure)?;
    let mut appender = connection.appender_to_catalog_and_db("staged_key", "temp", "main")?;
    appender.append_record_batch(keys)?;
    appender.flush()
}

fn look_up(
    connection: &Connection,
    unit: &CommitUnit,
    kind: RecordKind,
    table: &str,
    is_current: bool,
    known: &mut KnownVersions,
) -> duckdb::Result<()> {
    let event = kind.event_time().unwrap_or("updated_at");
    let superseded = if is_current { "superseded" } else { "true" };
    let sql = format!(
        "SELECT rowid, key, id, epoch_us(updated_at), revision, digest, epoch_us({event}), \
         epoch_us(bucket_time), {superseded}, source FROM {table} \
         WHERE key IN (SELECT key FROM staged_key)"
    );
    let mut statement = connection.prepare(&sql)?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        if row.get_ref(9)?.as_str()? != unit.source.as_str() {
            continue;
        }
        let place = match row.get(8)? {
            true => Place::History,
            false => Place::Current {
                rowid: row.get(0)?,
                bucket_us: row.get(7)?,
            },
        };
        known.entry(row.get(1)?).or_default().push(Known {
            id: row.get(2)?,
            order: VersionOrder {
                updated_at_us: row.get(3)?,
                revision: row.get(4)?,
                digest: row.get(5)?,
            },
            event_us: row.get(6)?,
            place,
        });
    }
    Ok(())
}
