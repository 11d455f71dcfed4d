//! Webhooks in the database: positions, events that were seen, webhooks kept aside.

use duckdb::{Connection, OptionalExt, Row, params};
use jiff::{SignedDuration, Timestamp};

use super::state::{instant, time};
use crate::record::SourceName;
use crate::store::push::{DeadLetter, EventDigest, LetterNote, PushUnit, SeenEvent};

/// How long an event is remembered: vendors repeat for at most three days.
const EVENTS_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Events remembered per source, whatever their age.
const EVENTS_MAX: u64 = 50_000;
/// Old events are looked for once in so many positions.
const PRUNE_EVERY: u64 = 1_024;
/// Webhooks kept aside per source.
const LETTERS_MAX: u64 = 1_000;
/// Bytes of their bodies per source.
const LETTER_BYTES_MAX: u64 = 64 << 20;
/// Webhooks kept aside that a listing holds.
const NOTES_MAX: u64 = 20;
/// Webhooks kept aside that are read at once.
const LETTERS_AT_ONCE: u64 = 100;

/// Returns the position after the last consumed webhook.
pub(super) fn position(connection: &Connection, source: &str) -> duckdb::Result<u64> {
    let sql = "SELECT position FROM inbox_state WHERE source = ?";
    let found = connection.query_row(sql, params![source], |row| row.get(0));
    Ok(found.optional()?.unwrap_or(0))
}

/// Notes the end of a unit with all that is not rows; of its letters, these.
pub(super) fn note(
    connection: &Connection,
    unit: &Noted,
    letters: &[&DeadLetter],
) -> duckdb::Result<()> {
    let source = unit.source.as_str();
    let sql = "UPDATE inbox_state SET position = ? WHERE source = ?";
    if connection.execute(sql, params![unit.to, source])? == 0 {
        let sql = "INSERT INTO inbox_state VALUES (?, ?)";
        connection.execute(sql, params![source, unit.to])?;
    }
    let sql = "UPDATE source_state SET last_success = ? WHERE source = ?";
    if connection.execute(sql, params![time(unit.committed_at), source])? == 0 {
        let sql = "INSERT INTO source_state VALUES (?, 0, -1, false, ?)";
        connection.execute(sql, params![source, time(unit.committed_at)])?;
    }
    note_events(connection, unit)?;
    for letter in letters {
        note_letter(connection, source, letter)?;
    }
    if !letters.is_empty() {
        bound_letters(connection, source)?;
    }
    Ok(())
}

/// What is left of a unit when its rows are taken out.
pub(super) struct Noted {
    pub(super) source: SourceName,
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) letters: Vec<DeadLetter>,
    pub(super) events: Vec<SeenEvent>,
    pub(super) committed_at: Timestamp,
}

impl Noted {
    /// Takes a unit's batches and rejects out.
    pub(super) fn split(unit: PushUnit) -> (Self, Rows) {
        let rows = Rows {
            batches: unit.batches,
            rejects: unit.rejects,
        };
        let noted = Self {
            source: unit.source,
            from: unit.from,
            to: unit.to,
            letters: unit.letters,
            events: unit.events,
            committed_at: unit.committed_at,
        };
        (noted, rows)
    }
}

/// The rows of a unit.
pub(super) struct Rows {
    pub(super) batches: Vec<crate::store::KindBatch>,
    pub(super) rejects: Vec<crate::store::Reject>,
}

fn note_events(connection: &Connection, unit: &Noted) -> duckdb::Result<()> {
    let source = unit.source.as_str();
    let mut appender = connection.appender("inbox_event")?;
    for event in &unit.events {
        appender.append_row(params![source, hex(&event.digest), time(event.received_at)])?;
    }
    appender.flush()?;
    drop(appender);
    if unit.from / PRUNE_EVERY == unit.to / PRUNE_EVERY {
        return Ok(());
    }
    let oldest = unit.committed_at.saturating_sub(EVENTS_KEPT);
    let oldest = oldest.unwrap_or(Timestamp::MIN);
    connection.execute(
        "DELETE FROM inbox_event WHERE source = ? AND (received_at < ? OR received_at < \
         (SELECT min(received_at) FROM (SELECT received_at FROM inbox_event WHERE source = ? \
         ORDER BY received_at DESC LIMIT ?)))",
        params![source, time(oldest), source, EVENTS_MAX],
    )?;
    Ok(())
}

fn note_letter(connection: &Connection, source: &str, letter: &DeadLetter) -> duckdb::Result<()> {
    let headers = serde_json::to_string(&letter.headers).unwrap_or_default();
    connection.execute(
        "INSERT INTO dead_letter VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            source,
            letter.position,
            letter.event_id,
            time(letter.received_at),
            headers,
            letter.body,
            letter.reason,
            letter.detail
        ],
    )?;
    Ok(())
}

/// Lets the oldest go where there are too many or they weigh too much.
fn bound_letters(connection: &Connection, source: &str) -> duckdb::Result<()> {
    connection.execute(
        "DELETE FROM dead_letter WHERE source = ? AND position IN (SELECT position FROM (SELECT \
         position, row_number() OVER newest AS n, sum(octet_length(body)) OVER newest AS bytes \
         FROM dead_letter WHERE source = ? WINDOW newest AS (ORDER BY position DESC)) \
         WHERE n > ? OR bytes > ?)",
        params![source, source, LETTERS_MAX, LETTER_BYTES_MAX],
    )?;
    Ok(())
}

/// Returns the events of a source received since, oldest first.
pub(super) fn seen_events(
    connection: &Connection,
    source: &str,
    since: Timestamp,
) -> duckdb::Result<Vec<SeenEvent>> {
    let mut statement = connection.prepare(
        "SELECT digest, epoch_us(received_at) FROM inbox_event WHERE source = ? AND \
         received_at >= ? ORDER BY received_at LIMIT ?",
    )?;
    let rows = statement.query_map(params![source, time(since), 2 * EVENTS_MAX], |row| {
        let digest: String = row.get(0)?;
        Ok((digest, instant(row, 1)?.unwrap_or_default()))
    })?;
    let mut events = Vec::new();
    for row in rows {
        let (digest, received_at) = row?;
        if let Some(digest) = unhex(&digest) {
            events.push(SeenEvent {
                digest,
                received_at,
            });
        }
    }
    Ok(events)
}

/// Returns what is kept aside of every source: how many, and the newest of each.
pub(super) fn letter_notes(
    connection: &Connection,
) -> duckdb::Result<Vec<(SourceName, u64, Vec<LetterNote>)>> {
    let counts: Vec<(String, u64)> = connection
        .prepare(
            "SELECT source, count(*)::UBIGINT FROM dead_letter GROUP BY source ORDER BY source",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<duckdb::Result<_>>()?;
    let mut notes = Vec::new();
    for (source, n_letters) in counts {
        let newest = connection
            .prepare(
                "SELECT position, epoch_us(received_at), octet_length(body)::UBIGINT, reason, \
                 detail FROM dead_letter WHERE source = ? ORDER BY position DESC LIMIT ?",
            )?
            .query_map(params![source, NOTES_MAX], letter_note)?
            .collect::<duckdb::Result<_>>()?;
        if let Some(source) = SourceName::new(&source) {
            notes.push((source, n_letters, newest));
        }
    }
    Ok(notes)
}

/// Returns the sources that have webhooks kept aside.
pub(super) fn letter_sources(connection: &Connection) -> duckdb::Result<Vec<String>> {
    connection
        .prepare("SELECT DISTINCT source FROM dead_letter ORDER BY source")?
        .query_map([], |row| row.get(0))?
        .collect()
}

fn letter_note(row: &Row<'_>) -> duckdb::Result<LetterNote> {
    Ok(LetterNote {
        position: row.get(0)?,
        received_at: instant(row, 1)?.unwrap_or_default(),
        n_bytes: row.get(2)?,
        reason: row.get(3)?,
        detail: row.get(4)?,
    })
}

/// Returns webhooks kept aside from a position on, oldest first.
pub(super) fn letters(
    connection: &Connection,
    source: &str,
    from: u64,
) -> duckdb::Result<Vec<DeadLetter>> {
    connection
        .prepare(
            "SELECT position, event_id, epoch_us(received_at), headers, body, reason, detail \
             FROM dead_letter WHERE source = ? AND position >= ? ORDER BY position LIMIT ?",
        )?
        .query_map(params![source, from, LETTERS_AT_ONCE], |row| {
            let headers: String = row.get(3)?;
            Ok(DeadLetter {
                position: row.get(0)?,
                event_id: row.get(1)?,
                received_at: instant(row, 2)?.unwrap_or_default(),
                headers: serde_json::from_str(&headers).unwrap_or_default(),
                body: row.get(4)?,
                reason: row.get(5)?,
                detail: row.get(6)?,
            })
        })?
        .collect()
}

/// Forgets webhooks kept aside.
pub(super) fn forget_letters(
    connection: &Connection,
    source: &str,
    positions: &[u64],
) -> duckdb::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    for position in positions {
        transaction.execute(
            "DELETE FROM dead_letter WHERE source = ? AND position = ?",
            params![source, position],
        )?;
    }
    transaction.commit()
}

fn hex(digest: &EventDigest) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<EventDigest> {
    Some(u128::from_str_radix(text, 16).ok()?.to_be_bytes())
}
