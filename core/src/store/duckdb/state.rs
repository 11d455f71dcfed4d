//! What the store keeps about sources: runs, fences, checkpoints, rejects.

use std::collections::BTreeMap;

use duckdb::types::{TimeUnit, Value};
use duckdb::{Connection, OptionalExt, Row, params};
use jiff::Timestamp;

use super::counts::RowCount;
use super::sieve::Sifted;
use super::table::current;
use crate::record::door::Reason;
use crate::record::{RecordKind, SourceName, StreamName};
use crate::store::{Checkpoint, CommitUnit, EventMark, Reject, RunLog, SourceState};

/// Checkpoints kept per stream, for a rollback by hand.
const CHECKPOINTS_KEPT: usize = 10;

/// Runs kept per source.
const RUNS_KEPT: usize = 100;

/// Refused records kept per source as samples.
const SAMPLES_KEPT: usize = 20;

/// Event marks an answer holds.
const EVENTS_MAX: usize = 200;

/// Whether a unit may be committed.
pub(super) enum Gate {
    Open,
    Applied,
    Fenced,
}

/// Returns an instant as the engine's zone-free microseconds.
pub(super) fn time(at: Timestamp) -> Value {
    Value::Timestamp(TimeUnit::Microsecond, at.as_microsecond())
}

/// Asks whether the unit is of the source's latest run and not committed yet.
pub(super) fn gate(connection: &Connection, unit: &CommitUnit) -> duckdb::Result<Gate> {
    let state: Option<(u64, i64)> = connection
        .query_row(
            "SELECT run_id, unit_idx FROM source_state WHERE source = ?",
            params![unit.source.as_str()],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    Ok(match state {
        Some((run_id, _)) if run_id != unit.run_id => Gate::Fenced,
        Some((_, last_idx)) if i64::try_from(unit.unit_idx).is_ok_and(|idx| idx <= last_idx) => {
            Gate::Applied
        }
        Some(_) => Gate::Open,
        None => Gate::Fenced,
    })
}

/// Notes the unit's checkpoint, rejects and position.
pub(super) fn note_unit(
    connection: &Connection,
    unit: &CommitUnit,
    sifted: &Sifted<'_>,
    is_changed: bool,
) -> duckdb::Result<()> {
    let source = unit.source.as_str();
    connection.execute(
        "UPDATE source_state SET unit_idx = ? WHERE source = ?",
        params![unit.unit_idx, source],
    )?;
    note_checkpoint(connection, unit)?;
    note_rejects(connection, unit, sifted)?;
    note_change(connection, is_changed)
}

/// Notes that answers may be others from here on.
pub(super) fn note_change(connection: &Connection, is_changed: bool) -> duckdb::Result<()> {
    if is_changed {
        connection.execute_batch("UPDATE data_version SET version = version + 1")?;
    }
    Ok(())
}

fn note_checkpoint(connection: &Connection, unit: &CommitUnit) -> duckdb::Result<()> {
    let (source, stream) = (unit.source.as_str(), unit.stream.as_str());
    let position: u64 = connection.query_row(
        "SELECT coalesce(max(position), 0) + 1 FROM checkpoint_log WHERE source = ? AND stream = ?",
        params![source, stream],
        |row| row.get(0),
    )?;
    connection.execute(
        "INSERT INTO checkpoint_log VALUES (?, ?, ?, ?, ?, ?, ?)",
        params![
            source,
            stream,
            position,
            unit.checkpoint.json,
            unit.checkpoint.format,
            unit.checkpoint.plugin_version,
            time(unit.committed_at)
        ],
    )?;
    if position > CHECKPOINTS_KEPT as u64 {
        connection.execute(
            "DELETE FROM checkpoint_log WHERE source = ? AND stream = ? AND position <= ?",
            params![source, stream, position - CHECKPOINTS_KEPT as u64],
        )?;
    }
    Ok(())
}

/// Counts the unit's refused records and keeps some; of erased persons none.
pub(super) fn note_rejects(
    connection: &Connection,
    unit: &CommitUnit,
    sifted: &Sifted<'_>,
) -> duckdb::Result<()> {
    if sifted.rejects.is_empty() && sifted.n_erased == 0 {
        return Ok(());
    }
    let source = unit.source.as_str();
    let days = unit.committed_at.as_second().div_euclid(86_400);
    let day = Value::Date32(i32::try_from(days).unwrap_or(i32::MAX));
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for reject in sifted.rejects.iter() {
        *counts.entry(reject.reason.as_str()).or_default() += 1;
    }
    if sifted.n_erased > 0 {
        *counts.entry(Reason::Erased.name()).or_default() += sifted.n_erased;
    }
    for (reason, n) in counts {
        let n_updated = connection.execute(
            "UPDATE reject_count SET n = n + ? WHERE source = ? AND day = ? AND reason = ?",
            params![n, source, day, reason],
        )?;
        if n_updated == 0 {
            connection.execute(
                "INSERT INTO reject_count VALUES (?, ?, ?, ?)",
                params![source, day, reason, n],
            )?;
        }
    }
    note_samples(connection, source, &sifted.rejects)
}

fn note_samples(connection: &Connection, source: &str, rejects: &[Reject]) -> duckdb::Result<()> {
    let mut position: u64 = connection.query_row(
        "SELECT coalesce(max(position), 0) FROM reject_sample WHERE source = ?",
        params![source],
        |row| row.get(0),
    )?;
    let newest = rejects.len().saturating_sub(SAMPLES_KEPT);
    for reject in &rejects[newest..] {
        position += 1;
        connection.execute(
            "INSERT INTO reject_sample VALUES (?, ?, ?, ?, ?, ?)",
            params![
                source,
                position,
                reject.kind.name(),
                reject.reason,
                reject.place,
                reject.detail
            ],
        )?;
    }
    connection.execute(
        "DELETE FROM reject_sample WHERE source = ? AND position + ? <= ?",
        params![source, SAMPLES_KEPT as u64, position],
    )?;
    Ok(())
}

/// Begins a run: returns its id and whether the source never completed a full read.
pub(super) fn begin_run(connection: &Connection, source: &str) -> duckdb::Result<(u64, bool)> {
    let transaction = connection.unchecked_transaction()?;
    let run_id: u64 = transaction.query_row(
        "SELECT coalesce(max(run_id), 0) + 1 FROM source_state",
        [],
        |row| row.get(0),
    )?;
    let has_full_read: Option<bool> = transaction
        .query_row(
            "SELECT has_full_read FROM source_state WHERE source = ?",
            params![source],
            |row| row.get(0),
        )
        .optional()?;
    match has_full_read {
        Some(_) => transaction.execute(
            "UPDATE source_state SET run_id = ?, unit_idx = -1 WHERE source = ?",
            params![run_id, source],
        )?,
        None => transaction.execute(
            "INSERT INTO source_state VALUES (?, ?, -1, false, NULL)",
            params![source, run_id],
        )?,
    };
    transaction.commit()?;
    Ok((run_id, !has_full_read.unwrap_or(false)))
}

/// Notes how a run ended.
pub(super) fn end_run(connection: &Connection, run: &RunLog) -> duckdb::Result<()> {
    let source = run.source.as_str();
    let (reason, message) = run.failure.clone().unzip();
    let transaction = connection.unchecked_transaction()?;
    transaction.execute(
        "INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            source,
            run.run_id,
            time(run.started_at),
            time(run.ended_at),
            run.n_rows,
            run.n_rejects,
            reason,
            message
        ],
    )?;
    if run.failure.is_none() {
        transaction.execute(
            "UPDATE source_state SET has_full_read = true, last_success = ? WHERE source = ?",
            params![time(run.ended_at), source],
        )?;
    }
    transaction.execute(
        "DELETE FROM run WHERE source = ? AND run_id < (SELECT min(run_id) FROM (SELECT run_id \
         FROM run WHERE source = ? ORDER BY run_id DESC LIMIT ?))",
        params![source, source, RUNS_KEPT as u64],
    )?;
    transaction.commit()
}

/// Returns the newest checkpoint of a stream.
pub(super) fn checkpoint(
    connection: &Connection,
    source: &str,
    stream: &str,
) -> duckdb::Result<Option<Checkpoint>> {
    connection
        .query_row(
            "SELECT json, format, plugin_version FROM checkpoint_log \
             WHERE source = ? AND stream = ? ORDER BY position DESC LIMIT 1",
            params![source, stream],
            |row| {
                Ok(Checkpoint {
                    json: row.get(0)?,
                    format: row.get(1)?,
                    plugin_version: row.get(2)?,
                })
            },
        )
        .optional()
}

/// Forgets the checkpoints of a source.
pub(super) fn reset(connection: &Connection, source: &str) -> duckdb::Result<()> {
    connection
        .execute(
            "DELETE FROM checkpoint_log WHERE source = ?",
            params![source],
        )
        .map(|_| ())
}

/// Returns the state of every source, by name.
pub(super) fn source_states(
    connection: &Connection,
    counts: &[RowCount],
) -> duckdb::Result<Vec<SourceState>> {
    let mut states: BTreeMap<String, SourceState> = BTreeMap::new();
    let mut statement =
        connection.prepare("SELECT source, epoch_us(last_success) FROM source_state")?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let name: String = row.get(0)?;
        let Some(source) = SourceName::new(&name) else {
            continue;
        };
        let state = SourceState {
            source,
            rows: Vec::new(),
            last_success: instant(row, 1)?,
            last_run: None,
            rejects: Vec::new(),
            reject_samples: Vec::new(),
            checkpoints: Vec::new(),
            newest_record: None,
        };
        states.insert(name, state);
    }
    add_rows(&mut states, counts);
    for (name, state) in &mut states {
        state.last_run = last_run(connection, &state.source)?;
        state.rejects = rejects(connection, name)?;
        state.reject_samples = samples(connection, name)?;
        state.checkpoints = checkpoints(connection, name)?;
    }
    Ok(states.into_values().collect())
}

fn add_rows(states: &mut BTreeMap<String, SourceState>, counts: &[RowCount]) {
    for count in counts {
        if let Some(state) = states.get_mut(&count.source) {
            state.rows.push((count.kind, count.n_rows));
            state.newest_record = state.newest_record.max(count.newest);
        }
    }
}

fn last_run(connection: &Connection, source: &SourceName) -> duckdb::Result<Option<RunLog>> {
    connection
        .query_row(
            "SELECT run_id, epoch_us(started_at), epoch_us(ended_at), n_rows, n_rejects, \
             failure_reason, failure_message FROM run WHERE source = ? \
             ORDER BY run_id DESC LIMIT 1",
            params![source.as_str()],
            |row| {
                let reason: Option<String> = row.get(5)?;
                let message: Option<String> = row.get(6)?;
                Ok(RunLog {
                    source: source.clone(),
                    run_id: row.get(0)?,
                    started_at: instant(row, 1)?.unwrap_or_default(),
                    ended_at: instant(row, 2)?.unwrap_or_default(),
                    n_rows: row.get(3)?,
                    n_rejects: row.get(4)?,
                    failure: reason.map(|reason| (reason, message.unwrap_or_default())),
                })
            },
        )
        .optional()
}

fn rejects(connection: &Connection, source: &str) -> duckdb::Result<Vec<(String, u64)>> {
    connection
        .prepare(
            "SELECT reason, sum(n)::UBIGINT FROM reject_count WHERE source = ? \
             GROUP BY reason ORDER BY reason",
        )?
        .query_map(params![source], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

fn samples(connection: &Connection, source: &str) -> duckdb::Result<Vec<Reject>> {
    connection
        .prepare(
            "SELECT kind, reason, place, detail FROM reject_sample WHERE source = ? \
             ORDER BY position DESC LIMIT ?",
        )?
        .query_map(params![source, SAMPLES_KEPT as u64], |row| {
            let kind: String = row.get(0)?;
            Ok(Reject {
                kind: RecordKind::from_name(&kind).unwrap_or(RecordKind::Event),
                reason: row.get(1)?,
                place: row.get(2)?,
                detail: row.get(3)?,
            })
        })?
        .collect()
}

fn checkpoints(
    connection: &Connection,
    source: &str,
) -> duckdb::Result<Vec<(StreamName, Checkpoint)>> {
    let newest: Vec<(String, Checkpoint)> = connection
        .prepare(
            "SELECT stream, arg_max(json, position), arg_max(format, position), \
             arg_max(plugin_version, position) FROM checkpoint_log WHERE source = ? \
             GROUP BY stream ORDER BY stream",
        )?
        .query_map(params![source], |row| {
            let checkpoint = Checkpoint {
                json: row.get(1)?,
                format: row.get(2)?,
                plugin_version: row.get(3)?,
            };
            Ok((row.get(0)?, checkpoint))
        })?
        .collect::<duckdb::Result<_>>()?;
    Ok(newest
        .into_iter()
        .filter_map(|(stream, checkpoint)| Some((StreamName::new(&stream)?, checkpoint)))
        .collect())
}

/// Returns the events that overlap a range, by time.
pub(super) fn events(
    connection: &Connection,
    from: Timestamp,
    to: Timestamp,
) -> duckdb::Result<Vec<EventMark>> {
    connection
        .prepare(&format!(
            "SELECT epoch_us(happened_at), label, event_kind FROM {} \
             WHERE happened_at < ? AND coalesce(ended_at, happened_at) >= ? \
             ORDER BY happened_at, label, key LIMIT ?",
            current(RecordKind::Event),
        ))?
        .query_map(params![time(to), time(from), EVENTS_MAX as u64], |row| {
            Ok(EventMark {
                happened_at: instant(row, 0)?.unwrap_or_default(),
                label: row.get(1)?,
                event_kind: row.get(2)?,
            })
        })?
        .collect()
}

/// Reads microseconds since 1970.
pub(super) fn instant(row: &Row<'_>, idx: usize) -> duckdb::Result<Option<Timestamp>> {
    let at_us: Option<i64> = row.get(idx)?;
    Ok(at_us.and_then(|at_us| Timestamp::from_microsecond(at_us).ok()))
}

/// Returns the stored version of the data.
pub(super) fn data_version(connection: &Connection) -> duckdb::Result<u64> {
    connection.query_row("SELECT max(version) FROM data_version", [], |row| {
        row.get(0)
    })
}
