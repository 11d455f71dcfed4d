//! Keeps forecasts and reads them again.

use duckdb::{Connection, params};
use jiff::Timestamp;

use super::state::time;
use crate::store::forecast::{FORETOLD_MAX, Foretelling, QUESTIONS_MAX};

/// Keeps what was not said before; nothing of a question beyond the most that are kept.
pub(super) fn keep(
    connection: &Connection,
    question: &str,
    foretold: &[Foretelling],
) -> duckdb::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    let known = "SELECT count(*) FROM forecast WHERE question = ?";
    let n_known: u64 = transaction.query_row(known, params![question], |row| row.get(0))?;
    let n_questions = "SELECT count(DISTINCT question) FROM forecast";
    let n_questions: u64 = transaction.query_row(n_questions, [], |row| row.get(0))?;
    if n_known == 0 && n_questions >= QUESTIONS_MAX as u64 {
        return Ok(());
    }
    for one in foretold {
        transaction.execute(
            "INSERT INTO forecast SELECT ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM \
             forecast WHERE question = ? AND bucket_start = ? AND ahead = ?)",
            params![
                question,
                time(one.bucket_start),
                one.ahead,
                time(one.made_at),
                one.value,
                one.likely.0,
                one.likely.1,
                one.possible.map(|band| band.0),
                one.possible.map(|band| band.1),
                question,
                time(one.bucket_start),
                one.ahead,
            ],
        )?;
    }
    // The oldest leave first.
    let oldest = format!(
        "DELETE FROM forecast WHERE question = ? AND bucket_start <= (SELECT bucket_start FROM forecast \
         WHERE question = ? ORDER BY bucket_start DESC LIMIT 1 OFFSET {FORETOLD_MAX})"
    );
    transaction.execute(&oldest, params![question, question])?;
    transaction.commit()
}

/// Returns what was said of a question, by bucket and how far ahead.
pub(super) fn read(connection: &Connection, question: &str) -> duckdb::Result<Vec<Foretelling>> {
    let mut statement = connection.prepare(
        "SELECT epoch_us(bucket_start), ahead, epoch_us(made_at), value, likely_low, likely_high, \
         possible_low, possible_high FROM forecast WHERE question = ? ORDER BY bucket_start, ahead",
    )?;
    let mut rows = statement.query(params![question])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let at = |us: i64| Timestamp::from_microsecond(us).ok();
        let (Some(bucket_start), Some(made_at)) = (at(row.get(0)?), at(row.get(2)?)) else {
            continue;
        };
        let possible: (Option<f64>, Option<f64>) = (row.get(6)?, row.get(7)?);
        found.push(Foretelling {
            bucket_start,
            ahead: row.get(1)?,
            made_at,
            value: row.get(3)?,
            likely: (row.get(4)?, row.get(5)?),
            possible: possible.0.zip(possible.1),
        });
    }
    Ok(found)
}
