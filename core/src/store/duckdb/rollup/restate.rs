//! Tallies changed days anew.

use std::sync::atomic::Ordering;

use duckdb::{Connection, params};
use jiff::Timestamp;

use super::super::bucket;
use super::super::person;
use super::super::state::time;
use super::{Rollup, list};
use crate::plan::Span;

/// Days that are tallied in one transaction: one scan of their rows, while a commit waits.
const DAYS_MAX: usize = 92;

impl Rollup {
    /// Tallies some changed days, the newest first. Returns whether it is behind with others.
    pub(in super::super) fn catch_up(&self, connection: &Connection) -> duckdb::Result<bool> {
        if !self.is_behind.swap(false, Ordering::AcqRel) {
            return Ok(false);
        }
        let days = changed(connection)?;
        if !days.is_empty() {
            self.restate(connection, &days)?;
        }
        let is_behind = days.len() == DAYS_MAX;
        match is_behind {
            true => self.is_behind.store(true, Ordering::Release),
            false => self.weigh(connection)?,
        }
        Ok(is_behind)
    }

    /// Tallies every changed day.
    pub(in super::super) fn catch_up_all(&self, connection: &Connection) -> duckdb::Result<()> {
        self.is_behind.store(true, Ordering::Release);
        while self.catch_up(connection)? {}
        Ok(())
    }

    /// Whether tallies are read: they stand for rows enough.
    pub(super) fn is_worth(&self) -> bool {
        self.is_worth.load(Ordering::Acquire)
    }

    fn weigh(&self, connection: &Connection) -> duckdb::Result<()> {
        let (n_tallies, n_rows): (u64, u64) = connection.query_row(
            "SELECT (SELECT count(*) FROM rollup), (SELECT count(*) FROM response)",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let is_worth = n_rows >= n_tallies.saturating_mul(self.least_gain);
        self.is_worth.store(is_worth, Ordering::Release);
        Ok(())
    }

    fn restate(&self, connection: &Connection, days: &[Span]) -> duckdb::Result<()> {
        let starts = list(days.iter().map(|day| day.start));
        let transaction = connection.unchecked_transaction()?;
        transaction.execute(
            "DELETE FROM rollup WHERE day_start IN (SELECT make_timestamp(unnest($1::BIGINT[])))",
            params![starts],
        )?;
        self.insert(&transaction, "rollup", days)?;
        self.restate_months(&transaction, days)?;
        transaction.execute(
            "DELETE FROM rollup_changed \
             WHERE day_start IN (SELECT make_timestamp(unnest($1::BIGINT[])))",
            params![starts],
        )?;
        transaction.commit()
    }

    /// Puts the tallies of the months together that hold these days; those of a month with other
    /// changed days are put together again with them.
    fn restate_months(&self, connection: &Connection, days: &[Span]) -> duckdb::Result<()> {
        for month in self.months(days) {
            let span = params![time(month.start), time(month.end)];
            connection.execute(
                "DELETE FROM rollup_month WHERE month_start >= $1 AND month_start < $2",
                span,
            )?;
            let sql = format!("INSERT INTO rollup_month {}", self.month_sql());
            connection.execute(&sql, params![time(month.start), time(month.end)])?;
        }
        Ok(())
    }

    /// Returns the months that hold days in time order.
    fn months(&self, days: &[Span]) -> Vec<Span> {
        let mut months: Vec<Span> = Vec::new();
        for day in days {
            if months.last().is_none_or(|month| day.start >= month.end) {
                months.extend(self.days.month_of(day.start));
            }
        }
        months
    }

    /// Returns the query for the tallies of one month, from those of its days.
    fn month_sql(&self) -> String {
        let keys: String = self
            .keys()
            .iter()
            .map(|(name, _)| format!(", {name}"))
            .collect();
        format!(
            "SELECT $1::TIMESTAMP{keys}, sum(n), sum(n_alone), bit_or(person_bits), \
             sum(n_persons), min(first_at), max(last_at) FROM rollup \
             WHERE day_start >= $1 AND day_start < $2 GROUP BY ALL"
        )
    }

    /// Inserts the tallies of days, in time order, into a table like that of the tallies.
    pub(super) fn insert(
        &self,
        connection: &Connection,
        table: &str,
        days: &[Span],
    ) -> duckdb::Result<()> {
        let (Some(first), Some(last)) = (days.first(), days.last()) else {
            return Ok(());
        };
        let keys: String = self
            .keys()
            .iter()
            .map(|(name, _)| format!(", r.{name}"))
            .collect();
        let (bucket, join) = bucket::of(days, "r.bucket_time");
        let starts = list(days.iter().map(|day| day.start));
        let [alone, bits, _] = person_columns();
        connection.execute(
            &format!(
                "INSERT INTO {table} SELECT \
                 make_timestamp(list_extract($1::BIGINT[], {bucket} + 1)) AS day_start{keys}, \
                 count(*), sum({alone}), bit_or({bits}), count(DISTINCT {PERSON}), \
                 min(r.bucket_time), max(r.bucket_time) \
                 FROM response r{join} WHERE NOT r.superseded \
                 AND r.bucket_time >= $2 AND r.bucket_time < $3 GROUP BY ALL"
            ),
            params![starts, time(first.start), time(last.end)],
        )?;
        Ok(())
    }
}

impl Rollup {
    /// Returns the starts of clean days and months whose tallies are not those of their rows.
    pub(in super::super) fn untrue(
        &self,
        connection: &Connection,
    ) -> duckdb::Result<Vec<Timestamp>> {
        let times = super::occupied(connection)?;
        let mut days: Vec<Span> = Vec::new();
        for at_us in times {
            let at = Timestamp::from_microsecond(at_us).unwrap_or(Timestamp::MAX);
            days.extend(self.days.day_of(at));
        }
        days.sort_unstable_by_key(|day| day.start);
        days.dedup();
        connection.execute_batch(
            "CREATE OR REPLACE TEMP TABLE rollup_anew AS FROM rollup WHERE false; \
             CREATE OR REPLACE TEMP TABLE rollup_month_anew AS FROM rollup_month WHERE false",
        )?;
        for days in days.chunks(DAYS_MAX) {
            self.insert(connection, "rollup_anew", days)?;
        }
        let sql = format!("INSERT INTO rollup_month_anew {}", self.month_sql());
        for month in self.months(&days) {
            connection.execute(&sql, params![time(month.start), time(month.end)])?;
        }
        let changed = instants(connection, "SELECT epoch_us(day_start) FROM rollup_changed")?;
        let mut untrue = differing(connection, "rollup", "day_start")?;
        untrue.retain(|at| !changed.contains(at));
        for at in differing(connection, "rollup_month", "month_start")? {
            let month = self.days.month_of(at);
            let is_in = |day: &Timestamp| {
                month.is_some_and(|month| month.start <= *day && *day < month.end)
            };
            untrue.extend((!changed.iter().any(is_in)).then_some(at));
        }
        connection.execute_batch("DROP TABLE rollup_anew; DROP TABLE rollup_month_anew")?;
        Ok(untrue)
    }
}

/// Returns where a table of tallies differs from the one that was made anew.
fn differing(connection: &Connection, table: &str, at: &str) -> duckdb::Result<Vec<Timestamp>> {
    instants(
        connection,
        &format!(
            "SELECT DISTINCT epoch_us({at}) FROM ((FROM {table} EXCEPT FROM {table}_anew) \
             UNION ALL (FROM {table}_anew EXCEPT FROM {table})) ORDER BY ALL"
        ),
    )
}

fn instants(connection: &Connection, sql: &str) -> duckdb::Result<Vec<Timestamp>> {
    let mut statement = connection.prepare(sql)?;
    let found = statement.query_map([], |row| {
        Ok(Timestamp::from_microsecond(row.get(0)?).unwrap_or(Timestamp::MAX))
    })?;
    found.collect()
}

/// The person of an answer named `r`; null for one that stands for itself.
const PERSON: &str = "(CASE WHEN r.anonymous THEN NULL ELSE r.person END)";

/// Returns, for an answer: 1 where it stands alone, the bit of its person, 1 where it has one.
pub(super) fn person_columns() -> [String; 3] {
    person::person_columns(PERSON)
}

/// Returns the newest changed days, at most [`DAYS_MAX`], in time order.
fn changed(connection: &Connection) -> duckdb::Result<Vec<Span>> {
    let mut statement = connection.prepare(&format!(
        "FROM (SELECT epoch_us(day_start) AS low, epoch_us(day_end) FROM rollup_changed \
         ORDER BY day_start DESC LIMIT {DAYS_MAX}) ORDER BY low"
    ))?;
    let days = statement.query_map([], |row| {
        let at = |us| Timestamp::from_microsecond(us).unwrap_or(Timestamp::MAX);
        Ok(Span {
            start: at(row.get(0)?),
            end: at(row.get(1)?),
        })
    })?;
    days.collect()
}
