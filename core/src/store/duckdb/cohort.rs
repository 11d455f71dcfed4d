//! Invitations and the answers they met: what a plan about cohorts asks and gets.
//!
//! Nearly every pair of invitation and answer has no rival, and is counted where it lies. Where
//! several invitations could claim an answer, or the other way round, the pairs are fetched in the
//! order of their claims and matched one by one.
//!
//! The pairs take several times as long as the counts, and all plans of an answer share them: a
//! connection keeps those it found last, as of the data they were found in.

use std::collections::{BTreeMap, HashSet};

use duckdb::types::Value;
use duckdb::{Connection, OptionalExt, Row, params, params_from_iter};
use jiff::Timestamp;

use super::question::{Question, Writing};
use super::state::{self, instant};
use crate::plan::{CohortPlan, CohortRow, Cohorts};
use crate::record::RecordKind;
use crate::store::StoreError;

/// Most contested pairs of one question; each takes some 100 bytes while they are matched.
const CONTESTED_MAX: usize = 2_000_000;

/// Tables of a reading connection that hold the pairs it found last, and what they were asked by.
pub(super) const KEPT_SQL: &str = "CREATE TEMP TABLE kept_pair (key UBIGINT, id VARCHAR, \
     is_sure BOOLEAN, is_named BOOLEAN, sent BIGINT, source VARCHAR, submission VARCHAR, \
     answered BIGINT); \
     CREATE TEMP TABLE kept_pairs (question VARCHAR, version UBIGINT, n_contested UBIGINT);";

/// The three queries of one plan.
pub(super) struct CohortQuestion {
    pairs: Question,
    counts: Question,
    contested: Question,
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
            contested: writing().contested(plan)?,
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
            "INSERT INTO kept_pair WITH asked AS (SELECT r.key, r.id, r.source, r.survey, r.ticket, r.response, \
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

    /// Writes the counts by group and bucket, of pairs those without rivals.
    fn cohort_counts(mut self, plan: &CohortPlan) -> Result<Question, StoreError> {
        let (rows, key_names) = self.placed(&plan.rows)?;
        let someone = self.someone();
        let is_delivered = "coalesce(r.delivered, true)";
        let sql = format!(
            "SELECT bucket_at{key_names}, epoch_us(min(r.bucket_time)), \
             epoch_us(max(r.bucket_time)), count(*)::UBIGINT, count_if({is_delivered})::UBIGINT, \
             count(sure.key)::UBIGINT, \
             count(DISTINCT {someone}) FILTER (WHERE {is_delivered})::UBIGINT \
             FROM ({rows}) r LEFT JOIN (SELECT key, id FROM kept_pair WHERE is_sure) sure \
             ON sure.key = r.key AND sure.id = r.id GROUP BY bucket_at{key_names}"
        );
        Ok(self.finish(sql))
    }

    /// Writes the pairs that have rivals in the order of their claims, with group and bucket of the
    /// invitation where the plan asks for it.
    fn contested(mut self, plan: &CohortPlan) -> Result<Question, StoreError> {
        let (rows, key_names) = self.placed(&plan.rows)?;
        let sql = format!(
            "WITH contested AS (SELECT *, \
             dense_rank() OVER (ORDER BY key, id)::UBIGINT AS invitation, \
             dense_rank() OVER (ORDER BY source, submission)::UBIGINT AS answer \
             FROM kept_pair WHERE NOT is_sure) \
             SELECT r.bucket_at{key_names}, c.invitation, c.answer \
             FROM contested c LEFT JOIN ({rows}) r ON c.key = r.key AND c.id = r.id \
             ORDER BY c.is_named DESC, c.sent, c.source, c.id, c.answered, c.submission"
        );
        Ok(self.finish(sql))
    }
}

/// Finds the pairs of a plan, unless the connection has them. Returns how many are contested.
fn find_pairs(connection: &Connection, question: &Question) -> duckdb::Result<u64> {
    let version = state::data_version(connection)?;
    let about = format!("{} {:?}", question.sql, question.values);
    let kept: Option<u64> = connection
        .query_row(
            "SELECT n_contested FROM kept_pairs WHERE question = ? AND version = ?",
            params![about, version],
            |row| row.get(0),
        )
        .optional()?;
    if let Some(n_contested) = kept {
        return Ok(n_contested);
    }
    connection.execute_batch("TRUNCATE kept_pairs; TRUNCATE kept_pair")?;
    connection.execute(&question.sql, params_from_iter(question.values.iter()))?;
    let n_contested = connection.query_row(
        "SELECT count(*) FROM kept_pair WHERE NOT is_sure",
        [],
        |row| row.get(0),
    )?;
    connection.execute(
        "INSERT INTO kept_pairs VALUES (?, ?, ?)",
        params![about, version, n_contested],
    )?;
    Ok(n_contested)
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
    for (plan, question) in plans.iter().zip(questions) {
        let n_contested = find_pairs(&transaction, &question.pairs)?;
        if n_contested > CONTESTED_MAX as u64 {
            return Ok(None);
        }
        let n_keys = plan.rows.group.len();
        let mut cohorts = counts(&transaction, &question.counts, n_keys)?;
        if n_contested > 0 {
            let won = matched(&transaction, &question.contested, n_keys)?;
            for row in &mut cohorts.rows {
                let place = (row.key.clone(), row.bucket_idx);
                row.n_responded += won.get(&place).copied().unwrap_or_default();
            }
        }
        answers.push(cohorts);
    }
    // What was kept goes with the transaction that found it, unless that ends well.
    transaction.commit()?;
    Ok(Some(answers))
}

/// Invitations that met an answer, by group and bucket.
type Won = BTreeMap<(Vec<Option<String>>, usize), u64>;

/// Matches what is contested; returns how many invitations met an answer, by group and bucket.
fn matched(connection: &Connection, contested: &Question, n_keys: usize) -> duckdb::Result<Won> {
    let mut statement = connection.prepare_cached(&contested.sql)?;
    let mut found = statement.query(params_from_iter(contested.values.iter()))?;
    let (mut met, mut used) = (HashSet::<u64>::new(), HashSet::<u64>::new());
    let mut won = Won::new();
    while let Some(row) = found.next()? {
        let (invitation, answer) = (row.get(n_keys + 1)?, row.get(n_keys + 2)?);
        if met.contains(&invitation) || used.contains(&answer) {
            continue;
        }
        met.insert(invitation);
        used.insert(answer);
        if let Some(bucket_idx) = row.get::<_, Option<i64>>(0)? {
            *won.entry((key(row, n_keys)?, position(bucket_idx)))
                .or_default() += 1;
        }
    }
    Ok(won)
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
