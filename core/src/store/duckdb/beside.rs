//! Columns that a plan needs beside the stored ones: the instant that places a row, seconds within
//! opening hours, and whether a later row is a sequel.
//!
//! The last two are found by joins that take the nearest row before or after (ASOF), so that they
//! cost a sort and not a comparison of every row with every other.

use duckdb::types::Value;
use vocd_plugin::record::ColumnType;

use super::question::Writing;
use super::table::quoted;
use crate::plan::{Clock, Elapsed, Openings, RowTime, Sequel, Window};
use crate::record::door::BUCKET_TIME;
use crate::store::StoreError;

/// A column that is computed once for every row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Beside {
    /// Open seconds of an elapsed time.
    Open(Elapsed),
    /// Whether the row has a sequel.
    Sequel(Sequel),
}

/// The value of a computed column, and the joins that find it.
struct Column {
    value: String,
    joins: String,
}

impl Writing<'_> {
    /// Returns the instant that places a row named `r` in a bucket.
    pub(super) fn time(&mut self, time: RowTime) -> Result<String, StoreError> {
        match time {
            RowTime::Event => Ok(format!("r.{BUCKET_TIME}")),
            RowTime::FirstOf(columns) => self.first_of(columns),
            RowTime::EndOf(columns) => {
                let end = self.first_of(columns)?;
                // Alone, `greatest` would pass over a missing end.
                Ok(format!(
                    "(CASE WHEN {end} IS NOT NULL THEN greatest({end}, r.{BUCKET_TIME}) END)"
                ))
            }
        }
    }

    fn first_of(&mut self, columns: &[&str]) -> Result<String, StoreError> {
        let columns = columns
            .iter()
            .map(|name| self.instant(name))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(format!("coalesce({})", columns.join(", ")))
    }

    /// Returns a column that holds an instant.
    pub(super) fn instant(&mut self, name: &str) -> Result<String, StoreError> {
        match self.kind.column(name).map(|column| column.column_type) {
            Some(ColumnType::Time) => self.column(name),
            _ => Err(self.unknown(name)),
        }
    }

    /// Returns the column of `r` that holds a computed value.
    pub(super) fn beside(&mut self, beside: Beside) -> String {
        let known = self.beside.iter().position(|one| *one == beside);
        let idx = known.unwrap_or_else(|| {
            self.beside.push(beside);
            self.beside.len() - 1
        });
        self.named(&name(idx))
    }

    /// Returns the rows of a table expression with every computed column asked for so far;
    /// `all` are the rows among which sequels are looked for.
    pub(super) fn with_beside(&mut self, rows: String, all: &str) -> Result<String, StoreError> {
        if self.beside.is_empty() {
            return Ok(rows);
        }
        let (mut columns, mut joins) = (String::new(), String::new());
        for (idx, beside) in self.beside.clone().iter().enumerate() {
            let column = match beside {
                Beside::Open(elapsed) => self.open_seconds(elapsed, idx)?,
                Beside::Sequel(sequel) => self.has_sequel(sequel, idx, all)?,
            };
            columns.push_str(&format!(", {} AS {}", column.value, name(idx)));
            joins.push_str(&column.joins);
        }
        Ok(format!("(SELECT r.*{columns} FROM {rows} r{joins})"))
    }

    /// Open seconds up to an instant are those of the openings before the last one, and what has
    /// passed of that; an elapsed time is the difference of its ends.
    fn open_seconds(&mut self, elapsed: &Elapsed, idx: usize) -> Result<Column, StoreError> {
        let Clock::Business(Some(openings)) = self.clock.clone() else {
            return Err(self.unknown("openings"));
        };
        let table = self.openings(&openings);
        let mut joins = String::new();
        let mut open_us = Vec::new();
        for (end, column) in [("a", elapsed.from), ("b", elapsed.to)] {
            let at_us = format!("epoch_us({})", self.instant(column)?);
            let near = format!("open_{end}{idx}");
            joins.push_str(&format!(
                " ASOF LEFT JOIN {table} {near} ON {at_us} >= {near}.opens_us"
            ));
            open_us.push(format!(
                "coalesce({near}.before_us + least({at_us}, {near}.closes_us) - {near}.opens_us, 0)"
            ));
        }
        Ok(Column {
            value: format!("(({}) - ({})) / 1000000", open_us[1], open_us[0]),
            joins,
        })
    }

    fn openings(&mut self, openings: &Openings) -> String {
        let spans = openings.spans();
        let opens: Vec<String> = (spans.iter())
            .map(|span| span.start.as_microsecond().to_string())
            .collect();
        let closes: Vec<String> = (spans.iter())
            .map(|span| span.end.as_microsecond().to_string())
            .collect();
        let opens = self.bind_text(&format!("[{}]", opens.join(",")));
        let closes = self.bind_text(&format!("[{}]", closes.join(",")));
        format!(
            "(SELECT opens_us, closes_us, (sum(closes_us - opens_us) OVER (ORDER BY opens_us) \
             - (closes_us - opens_us))::BIGINT AS before_us FROM (\
             SELECT unnest({opens}::BIGINT[]) AS opens_us, unnest({closes}::BIGINT[]) AS closes_us))"
        )
    }

    /// The nearest later row of the same person and topic decides: those behind it are later still.
    fn has_sequel(&mut self, sequel: &Sequel, idx: usize, all: &str) -> Result<Column, StoreError> {
        let over = self.first_of(sequel.over)?;
        let topic = self.column(sequel.topic)?;
        let person = self.person();
        let (next, topic_name) = (format!("next_{idx}"), quoted(sequel.topic));
        let began_us = format!("epoch_us(r.{BUCKET_TIME})");
        // A row that was over when it began is no sequel of itself.
        let from_us = format!("greatest(epoch_us({over}), {began_us} + 1)");
        let over_us = format!("greatest(epoch_us({over}), {began_us})");
        let within_us = sequel.within.as_micros();
        Ok(Column {
            value: format!("coalesce({next}.began_us - {over_us} < {within_us}, false)"),
            joins: format!(
                " ASOF LEFT JOIN (SELECT person AS of_person, coalesce({topic_name}, '') AS topic, \
                 epoch_us({BUCKET_TIME}) AS began_us FROM {all}) {next} \
                 ON {person} = {next}.of_person AND coalesce({topic}, '') = {next}.topic \
                 AND (CASE WHEN {over} IS NOT NULL THEN {from_us} END) <= {next}.began_us"
            ),
        })
    }

    /// Returns the seconds of an elapsed time that count, and whether they are business seconds.
    fn elapsed(&mut self, elapsed: &Elapsed) -> Result<(String, String), StoreError> {
        let (from, to) = (self.instant(elapsed.from)?, self.instant(elapsed.to)?);
        let all = format!("(epoch_us({to}) - epoch_us({from})) / 1000000");
        let (seconds, is_business) = match self.clock.clone() {
            Clock::Calendar => (all, "false".to_owned()),
            Clock::Business(openings) => {
                let given = self.number(elapsed.business_s)?;
                let is_given = format!("coalesce({given} >= 0, false)");
                let (otherwise, is_business) = match openings {
                    Some(_) => (
                        self.beside(Beside::Open(elapsed.clone())),
                        "true".to_owned(),
                    ),
                    None => (all, is_given.clone()),
                };
                let seconds = format!("CASE WHEN {is_given} THEN {given} ELSE {otherwise} END");
                (seconds, is_business)
            }
        };
        let seconds = format!("(CASE WHEN {from} <= {to} THEN {seconds} END)");
        let is_business = format!("({from} <= {to} AND {is_business})");
        Ok((seconds, is_business))
    }

    /// Returns the aggregates of [`Measure::Order`](crate::plan::Measure::Order), named by the
    /// position of the measure: its numbers, and how many are business seconds.
    pub(super) fn order(&mut self, elapsed: &Elapsed, idx: usize) -> Result<String, StoreError> {
        let (seconds, is_business) = self.elapsed(elapsed)?;
        Ok(format!(
            "list({seconds}) FILTER (WHERE {seconds} IS NOT NULL) AS numbers_{idx}, \
             count_if({is_business}) AS business_{idx}"
        ))
    }

    /// Returns what is told of the `n_{idx}` sorted numbers `order_{idx}`, as a list of lists: the
    /// counts, then each run with its first rank in front.
    pub(super) fn runs(&mut self, quantiles: &[f64], idx: usize) -> String {
        let windows = quantiles.iter().flat_map(|p| Window::around(*p));
        let windows = windows.map(|window| {
            let share = self.bind(Value::Double(window.share));
            let slope = self.bind(Value::Double(window.slope));
            format!("[{share}::DOUBLE, {slope}::DOUBLE]")
        });
        let windows: Vec<String> = windows.collect();
        let n = format!("n_{idx}");
        let rank = |sign| {
            format!(
                "least(greatest(floor({n} * win[1] + sqrt({n}::DOUBLE) * win[2])::BIGINT {sign} {}, 1), \
                 {n})",
                Window::BESIDE
            )
        };
        // Written once for all windows: planning took longer than the sorting where each had its own.
        format!(
            "list_prepend([{n}::DOUBLE, business_{idx}::DOUBLE], list_transform([{}], \
             lambda win: list_prepend({first}::DOUBLE, list_slice(order_{idx}, {first}, {last}))))",
            windows.join(", "),
            first = rank('-'),
            last = rank('+'),
        )
    }
}

fn name(idx: usize) -> String {
    format!("beside_{idx}")
}
