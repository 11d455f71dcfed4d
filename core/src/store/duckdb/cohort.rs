//! Invitations and the answers they met: what a plan about cohorts asks and gets.
//!
//! Nearly every pair of invitation and answer has no rival, and is taken as it lies. Where several
//! invitations could claim an answer, or the other way round, the pairs are fetched in the order of
//! their claims and matched one by one.
//!
//! Which invitations met an answer does not depend on what is counted of them, and takes several
//! times as long as counting: a connection keeps those it found last, as of the data they were found
//! in.

use std::collections::HashSet;

use duckdb::types::Value;
use duckdb::{Connection, OptionalExt, Row, params, params_from_iter};
use jiff::Timestamp;

use super::question::{Question, Writing};
use super::state::{self, instant};
use crate::plan::{CohortPlan, CohortRow, Cohorts};
use crate::record::RecordKind;
use crate::store::StoreError;

/// Most contested pairs of one question; each takes some 100 bytes while they are matched.
const CONTESTED_MAX: u64 = 2_000_000;

/// Tables of a reading connection: pairs while they are matched, the invitations that met an answer
/// when it last looked, and what was asked then.
pub(super) const KEPT_SQL: &str = "CREATE TEMP TABLE found_pair (key UBIGINT, id VARCHAR, \
     is_sure BOOLEAN, is_named BOOLEAN, sent BIGINT, source VARCHAR, submission VARCHAR, \
     answered BIGINT); \
     CREATE TEMP TABLE kept_met (key UBIGINT, id VARCHAR); \
     CREATE TEMP TABLE kept_question (question VARCHAR, version UBIGINT);";

/// Contested pairs in the order of their claims.
const CONTESTED_SQL: &str = "SELECT dense_rank() OVER (ORDER BY key, id)::UBIGINT, \
     dense_rank() OVER (ORDER BY source, submission)::UBIGINT \
     FROM found_pair WHERE NOT is_sure \
     ORDER BY is_named DESC, sent, source, id, answered, submission";

/// Keeps invitations of contested pairs, given by their rank among those.
const WON_SQL: &str = "INSERT INTO kept_met SELECT DISTINCT key, id FROM (SELECT key, id, \
     dense_rank() OVER (ORDER BY key, id)::UBIGINT AS invitation \
     FROM found_pair WHERE NOT is_sure) \
     WHERE invitation IN (SELECT unnest(?::UBIGINT[]))";

/// The two queries of one plan.
pub(super) struct CohortQuestion {
    pairs: Question,
    counts: Question,
}

impl CohortQuestion {
    /// Writes all of them; `writing` starts one.
    pub(super) fn new<'a>(
        plan: &CohortPlan,
        writing: impl Fn() -> Writing<'a>,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            pairs: writing().pairs(plan)?,
            counts: writing().cohort_counts(plan)?,
        })
    }
}

impl Writing<'_> {
    /// Writes the pairs of invitations and answers, each with the number of its rivals.
    fn pairs(mut self, plan: &CohortPlan) -> Result<Question, StoreError> {
        let as_of = plan.rows.as_of;
        self.about(RecordKind::Invitation);
        let invitations = self.base(as_of);
        let invited = self.person();
        self.about(RecordKind::Response);
        let answers = self.base(as_of);
        let answering = self.person();
        let answered = self.condition(&plan.answered)?;
        let window_us = i64::try_from(plan.window.as_micros()).unwrap_or(i64::MAX);
        let window_us = self.bind(Value::BigInt(window_us));
        self.about(RecordKind::Invitation);
        let in_time = format!("b.answered >= a.sent AND b.answered - a.sent < {window_us}");
        let columns = "a.key, a.id, a.sent, b.source, b.submission, b.answered";
        Ok(self.finish(format!(
            "INSERT INTO found_pair WITH asked AS (SELECT r.key, r.id, r.source, r.survey, r.ticket, r.response, \
             {invited} AS person, epoch_us(r.bucket_time) AS sent \
             FROM {invitations} r WHERE coalesce(r.delivered, true)), \
             answers AS (SELECT r.source, coalesce(r.response, r.id) AS submission, \
             min(epoch_us(r.bucket_time)) AS answered, min(r.survey) AS survey, \
             min({answering}) AS person, min(r.ticket) AS ticket \
             FROM {answers} r WHERE {answered} GROUP BY r.source, submission), \
             pairs AS (\
             SELECT {columns}, true AS is_named FROM asked a JOIN answers b \
             ON a.source = b.source AND a.response = b.submission WHERE {in_time} \
             UNION ALL SELECT {columns}, false FROM asked a JOIN answers b \
             ON a.source = b.source AND a.survey = b.survey AND a.person = b.person \
             WHERE a.response IS NULL AND coalesce(a.ticket = b.ticket, true) AND {in_time}), \
             rivals AS (SELECT *, count(*) OVER (PARTITION BY key, id) AS n_answers, \
             count(*) OVER (PARTITION BY source, submission) AS n_invitations FROM pairs) \
             SELECT key, id, n_answers = 1 AND n_invitations = 1 AS is_sure, is_named, sent, \
             CASE WHEN is_sure THEN NULL ELSE source END, \
             CASE WHEN is_sure THEN NULL ELSE submission END, answered FROM rivals"
        )))
    }

    /// Writes the counts by group and bucket.
    fn cohort_counts(mut self, plan: &CohortPlan) -> Result<Question, StoreError> {
        let (rows, key_names) = self.placed(&plan.rows)?;
        let someone = self.someone();
        let is_delivered = "coalesce(r.delivered, true)";
        let sql = format!(
            "SELECT bucket_at{key_names}, epoch_us(min(r.bucket_time)), \
             epoch_us(max(r.bucket_time)), count(*)::UBIGINT, count_if({is_delivered})::UBIGINT, \
             count_if((r.key, r.id) IN (SELECT key, id FROM kept_met))::UBIGINT, \
             count(DISTINCT {someone}) FILTER (WHERE {is_delivered})::UBIGINT \
             FROM ({rows}) r GROUP BY bucket_at{key_names}"
        );
        Ok(self.finish(sql))
    }
}

/// Finds the invitations that met an answer, unless the connection knows them; `false` when there is
/// too much to match.
fn find_met(connection: &Connection, question: &Question) -> duckdb::Result<bool> {
    let version = state::data_version(connection)?;
    let about = format!("{} {:?}", question.sql, question.values);
    let is_kept = connection
        .query_row(
            "SELECT true FROM kept_question WHERE question = ? AND version = ?",
            params![about, version],
            |row| row.get::<_, bool>(0),
        )
        .optional()?;
    if is_kept.is_some() {
        return Ok(true);
    }
    connection.execute_batch("TRUNCATE kept_question; TRUNCATE kept_met; TRUNCATE found_pair")?;
    connection.execute(&question.sql, params_from_iter(question.values.iter()))?;
    let n_contested: u64 = connection.query_row(
        "SELECT count(*) FROM found_pair WHERE NOT is_sure",
        [],
        |row| row.get(0),
    )?;
    if n_contested > CONTESTED_MAX {
        return Ok(false);
    }
    connection
        .execute_batch("INSERT INTO kept_met SELECT key, id FROM found_pair WHERE is_sure")?;
    if n_contested > 0 {
        connection.execute(WON_SQL, [matched(connection)?])?;
    }
    connection.execute_batch("TRUNCATE found_pair")?;
    connection.execute(
        "INSERT INTO kept_question VALUES (?, ?)",
        params![about, version],
    )?;
    Ok(true)
}

/// Answers plans one after the other, in one state of the data; `None` when there is too much to
/// match.
pub(super) fn cohorts(
    connection: &Connection,
    plans: &[CohortPlan],
    questions: &[CohortQuestion],
) -> duckdb::Result<Option<Vec<Cohorts>>> {
    let transaction = connection.unchecked_transaction()?;
    let mut answers = Vec::with_capacity(plans.len());
    let mut last: Option<&Question> = None;
    for (plan, question) in plans.iter().zip(questions) {
        let pairs = &question.pairs;
        // The plans of an answer nearly always mean the same invitations.
        if last != Some(pairs) && !find_met(&transaction, pairs)? {
            return Ok(None);
        }
        last = Some(pairs);
        answers.push(counts(
            &transaction,
            &question.counts,
            plan.rows.group.len(),
        )?);
    }
    // What was kept goes with the transaction that found it, unless that ends well.
    transaction.commit()?;
    Ok(Some(answers))
}

/// Matches what is contested; returns the ranks of the invitations that met an answer, as a list.
fn matched(connection: &Connection) -> duckdb::Result<String> {
    let mut statement = connection.prepare_cached(CONTESTED_SQL)?;
    let mut found = statement.query([])?;
    let (mut met, mut used) = (HashSet::<u64>::new(), HashSet::<u64>::new());
    while let Some(row) = found.next()? {
        let (invitation, answer) = (row.get(0)?, row.get(1)?);
        if met.contains(&invitation) || used.contains(&answer) {
            continue;
        }
        met.insert(invitation);
        used.insert(answer);
    }
    let met: Vec<String> = met.iter().map(u64::to_string).collect();
    Ok(format!("[{}]", met.join(",")))
}

/// Names what is too much to be matched.
pub(super) fn too_contested() -> StoreError {
    StoreError::Failed {
        what: "match answers with invitations",
        source: format!(
            "more than {CONTESTED_MAX} pairs of invitations and answers are contested; let \
             invitations name their submission in `response`"
        )
        .into(),
    }
}

fn counts(connection: &Connection, question: &Question, n_keys: usize) -> duckdb::Result<Cohorts> {
    let mut statement = connection.prepare_cached(&question.sql)?;
    let mut found = statement.query(params_from_iter(question.values.iter()))?;
    let mut cohorts = Cohorts::default();
    while let Some(row) = found.next()? {
        let times = instant(row, n_keys + 1)?.zip(instant(row, n_keys + 2)?);
        if let Some((first, last)) = times {
            let (from, to): (Timestamp, Timestamp) = cohorts.extent.unwrap_or((first, last));
            cohorts.extent = Some((from.min(first), to.max(last)));
        }
        cohorts.rows.push(CohortRow {
            bucket_idx: position(row.get(0)?),
            key: key(row, n_keys)?,
            n_sent: row.get(n_keys + 3)?,
            n_delivered: row.get(n_keys + 4)?,
            n_responded: row.get(n_keys + 5)?,
            n_persons: row.get(n_keys + 6)?,
        });
    }
    cohorts
        .rows
        .sort_by(|a, b| (&a.key, a.bucket_idx).cmp(&(&b.key, b.bucket_idx)));
    Ok(cohorts)
}

fn key(row: &Row<'_>, n_keys: usize) -> duckdb::Result<Vec<Option<String>>> {
    (1..=n_keys).map(|idx| row.get(idx)).collect()
}

fn position(bucket_idx: i64) -> usize {
    usize::try_from(bucket_idx).unwrap_or(usize::MAX)
}
