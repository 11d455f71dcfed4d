//! Tallies of answers by civil day, kept beside the rows and never apart from them.
//!
//! A day is clean, when its tallies are those of its rows, or noted as changed. Whatever touches
//! rows notes their days in its own transaction; the writing thread tallies them anew when nothing
//! else waits. A question takes clean whole days from the tallies and everything else from the
//! rows, so it is exact at every moment and after every crash. Whole months without a changed day
//! have tallies of their own, made of those of their days. All of it is derived: a file that was
//! written without it is simply tallied again.

mod read;
mod restate;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use duckdb::types::Value;
use duckdb::{Connection, OptionalExt, params};
use jiff::Timestamp;

pub(super) use self::read::Source;
use super::state;
use super::table::{DimensionSpec, quoted};
use crate::plan::{Days, Span};
use crate::record::RecordKind;

/// Text columns of answers that tallies tell apart.
const TEXTS: [&str; 7] = [
    "source",
    "survey",
    "question",
    "metric",
    "mode",
    "status",
    "direction",
];
/// Flags that tallies tell apart.
const FLAGS: [&str; 2] = ["is_test", "anonymous"];
/// Numbers that tallies tell apart.
const NUMBERS: [&str; 3] = ["scale_min", "scale_max", "score"];

/// Version of the layout; another number lays the tables out anew.
const LAYOUT: u32 = 2;

/// Microseconds of a slot in which a zone's day begins at most once, but for historic offsets.
const SLOT_US: i64 = 15 * 60 * 1_000_000;

/// Changed days up to which a commit has them tallied at once. More of them are a first read, of
/// which the next unit changes the same days again: they wait for its end.
const AT_ONCE_MAX: u64 = 31;

/// What tallies are kept of.
#[derive(Debug, Clone)]
pub struct RollUps {
    /// The days they are kept by.
    pub days: Arc<dyn Days>,
    /// Names of the dimensions they are split by; at most 4 are usual.
    pub dimensions: Vec<String>,
    /// Rows that a tally must stand for on average to be worth reading.
    pub least_gain: u64,
}

/// The tallies of a store.
#[derive(Debug)]
pub(super) struct Rollup {
    days: Arc<dyn Days>,
    /// The dimensions they are split by, those that answers have.
    dimensions: Vec<DimensionSpec>,
    least_gain: u64,
    /// Whether reading them is faster than reading rows.
    is_worth: AtomicBool,
    /// Whether there are days to tally.
    is_behind: AtomicBool,
}

impl Rollup {
    pub(super) fn new(wanted: &RollUps, dimensions: &[DimensionSpec]) -> Self {
        let is_wanted = |spec: &&DimensionSpec| {
            wanted.dimensions.contains(&spec.name) && spec.reach(RecordKind::Response).is_some()
        };
        Self {
            days: Arc::clone(&wanted.days),
            dimensions: dimensions.iter().filter(is_wanted).cloned().collect(),
            least_gain: wanted.least_gain,
            is_worth: AtomicBool::new(false),
            is_behind: AtomicBool::new(true),
        }
    }

    /// Returns the columns that tell tallies apart, with their types, without the day.
    fn keys(&self) -> Vec<(String, &'static str)> {
        let named = |names: &[&str], sql| {
            let names = names.iter().map(|name| (quoted(name), sql));
            names.collect::<Vec<_>>()
        };
        let mut keys = named(&TEXTS, "VARCHAR");
        keys.extend(named(&FLAGS, "BOOLEAN"));
        keys.extend(named(&NUMBERS, "DOUBLE"));
        let dimensions = self.dimensions.iter();
        keys.extend(dimensions.map(|spec| (quoted(&spec.column()), "VARCHAR")));
        keys
    }

    /// Returns a text that changes when tallies made before say something else.
    fn definition(&self) -> String {
        let dimensions: Vec<String> = self
            .dimensions
            .iter()
            .map(|spec| format!("{}={}", spec.name, spec.origin()))
            .collect();
        format!("{LAYOUT};{};{}", self.days.name(), dimensions.join(","))
    }

    /// Lays the tables out and notes all days as changed, unless they are as this program and its
    /// configuration left them.
    pub(super) fn prepare(&self, connection: &Connection) -> duckdb::Result<()> {
        let version = state::data_version(connection)?;
        if stored(connection)? == Some((self.definition(), version)) {
            return Ok(());
        }
        let transaction = connection.unchecked_transaction()?;
        let keys: String = self
            .keys()
            .iter()
            .map(|(name, sql)| format!(", {name} {sql}"))
            .collect();
        let counts = "n UBIGINT NOT NULL, n_alone UBIGINT NOT NULL, \
             person_bits UBIGINT NOT NULL, n_persons UBIGINT NOT NULL, \
             first_at TIMESTAMP NOT NULL, last_at TIMESTAMP NOT NULL";
        transaction.execute_batch(&format!(
            "DROP TABLE IF EXISTS rollup; DROP TABLE IF EXISTS rollup_month; \
             DROP TABLE IF EXISTS rollup_changed; DROP TABLE IF EXISTS rollup_state; \
             CREATE TABLE rollup (day_start TIMESTAMP NOT NULL{keys}, {counts}); \
             CREATE TABLE rollup_month (month_start TIMESTAMP NOT NULL{keys}, {counts}); \
             CREATE TABLE rollup_changed (day_start TIMESTAMP NOT NULL, \
             day_end TIMESTAMP NOT NULL); \
             CREATE TABLE rollup_state (definition VARCHAR NOT NULL, version UBIGINT NOT NULL);"
        ))?;
        transaction.execute(
            "INSERT INTO rollup_state VALUES (?, ?)",
            params![self.definition(), version],
        )?;
        let times = occupied(&transaction)?;
        self.note(&transaction, times)?;
        transaction.commit()
    }

    /// Notes that the rows at these times came, went or changed, in the transaction that changes
    /// them.
    pub(super) fn note(
        &self,
        connection: &Connection,
        mut times_us: Vec<i64>,
    ) -> duckdb::Result<()> {
        times_us.sort_unstable();
        let mut days: Vec<Span> = Vec::new();
        for at_us in times_us {
            let at = Timestamp::from_microsecond(at_us).unwrap_or(Timestamp::MAX);
            if days.last().is_none_or(|day| at >= day.end) {
                days.extend(self.days.day_of(at));
            }
        }
        if days.is_empty() {
            return Ok(());
        }
        connection.execute(
            "INSERT INTO rollup_changed SELECT make_timestamp(low), make_timestamp(high) FROM (\
             SELECT unnest($1::BIGINT[]) AS low, unnest($2::BIGINT[]) AS high) \
             WHERE make_timestamp(low) NOT IN (SELECT day_start FROM rollup_changed)",
            params![
                list(days.iter().map(|day| day.start)),
                list(days.iter().map(|day| day.end))
            ],
        )?;
        Ok(())
    }

    /// Notes that the tallies and what is noted of them belong to the data as it is now; ends every
    /// transaction that changes data.
    pub(super) fn keep_up(connection: &Connection) -> duckdb::Result<()> {
        connection
            .execute_batch("UPDATE rollup_state SET version = (SELECT version FROM data_version)")
    }

    /// Has changed days tallied soon; after a commit only where they are few.
    pub(super) fn wake(&self, connection: &Connection, is_end: bool) -> duckdb::Result<()> {
        let n_changed: u64 =
            connection.query_row("SELECT count(*) FROM rollup_changed", [], |row| row.get(0))?;
        if n_changed > 0 && (is_end || n_changed <= AT_ONCE_MAX) {
            self.is_behind.store(true, Ordering::Release);
        }
        Ok(())
    }
}

/// Returns the definition and data version that the tallies were last true of.
fn stored(connection: &Connection) -> duckdb::Result<Option<(String, u64)>> {
    let n_tables: u64 = connection.query_row(
        "SELECT count(*) FROM duckdb_tables() WHERE table_name IN \
         ('rollup', 'rollup_month', 'rollup_changed', 'rollup_state') AND database_name = current_database()",
        [],
        |row| row.get(0),
    )?;
    if n_tables < 4 {
        return Ok(None);
    }
    connection
        .query_row("SELECT definition, version FROM rollup_state", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()
}

/// Returns the ends of every slot that holds an answer.
fn occupied(connection: &Connection) -> duckdb::Result<Vec<i64>> {
    let mut statement = connection.prepare(&format!(
        "SELECT DISTINCT epoch_us(bucket_time) // {SLOT_US} FROM response \
         WHERE NOT superseded AND bucket_time IS NOT NULL"
    ))?;
    let mut found = statement.query([])?;
    let mut times = HashSet::new();
    while let Some(row) = found.next()? {
        let slot: i64 = row.get(0)?;
        times.insert(slot * SLOT_US);
        times.insert((slot + 1) * SLOT_US - 1);
    }
    Ok(times.into_iter().collect())
}

fn list(times: impl Iterator<Item = Timestamp>) -> Value {
    let times: Vec<String> = times.map(|at| at.as_microsecond().to_string()).collect();
    Value::Text(format!("[{}]", times.join(",")))
}
