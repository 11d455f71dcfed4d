//! Sums over persons: what a plan about answers of the same persons asks and gets.

use std::collections::HashMap;

use duckdb::types::Value;
use duckdb::{Connection, params_from_iter};

use super::question::{Question, Writing};
use crate::plan::{ClusterPlan, ClusterRow, ClusterSums, Worth};
use crate::store::StoreError;

/// Most sums that are kept: a wall asks for a dozen question sets.
const KEPT_MAX: usize = 256;

/// Most groups of sums that are kept.
const KEPT_GROUPS_MAX: usize = 64;

/// Sums as of a data version: every answer of a survey asks for those of its questions, and they
/// take a scan of a year of rows.
#[derive(Default)]
pub(super) struct KeptClusters {
    version: u64,
    by_plan: HashMap<String, Vec<ClusterRow>>,
}

impl KeptClusters {
    /// Returns what is kept of a plan.
    pub(super) fn get(&self, plan: &str, version: u64) -> Option<Vec<ClusterRow>> {
        let found = self.by_plan.get(plan)?;
        (self.version == version).then(|| found.clone())
    }

    /// Keeps the answer to a plan; what belongs to another version goes.
    pub(super) fn put(&mut self, plan: String, version: u64, clusters: &[ClusterRow]) {
        if self.version != version || self.by_plan.len() >= KEPT_MAX {
            self.by_plan.clear();
            self.version = version;
        }
        if clusters.len() <= KEPT_GROUPS_MAX {
            self.by_plan.insert(plan, clusters.to_vec());
        }
    }
}

impl Writing<'_> {
    /// Writes the sums of a plan: rows to persons, persons to groups.
    pub(super) fn clusters(mut self, plan: &ClusterPlan) -> Result<Question, StoreError> {
        let (rows, key_names) = self.placed(&plan.rows)?;
        let person = self.someone();
        let worth = self.worth(&plan.worth)?;
        let sql = format!(
            "SELECT bucket_at{key_names}, sum(size)::UBIGINT, count(*)::UBIGINT, \
             count_if(size > 1)::UBIGINT, sum(total), sum(squares), sum(total * total), \
             sum(total * size), sum(size * size) FROM (\
             SELECT bucket_at{key_names}, count(*)::DOUBLE AS size, sum(worth) AS total, \
             sum(worth * worth) AS squares FROM (\
             SELECT bucket_at{key_names}, {person} AS person, {worth} AS worth FROM ({rows}) r) \
             GROUP BY bucket_at{key_names}, person) \
             GROUP BY bucket_at{key_names}"
        );
        Ok(self.finish(sql))
    }

    /// Returns what a row named `r` adds, never null.
    fn worth(&mut self, worth: &Worth) -> Result<String, StoreError> {
        let classes = match worth {
            Worth::Column(column) => return Ok(format!("coalesce({}, 0.0)", self.number(column)?)),
            Worth::Classes(classes) => classes,
        };
        let mut text = "CASE".to_owned();
        for (filter, weight) in classes {
            let condition = self.condition(filter)?;
            let weight = self.bind(Value::Double(*weight));
            text.push_str(&format!(" WHEN {condition} THEN {weight}"));
        }
        text.push_str(" ELSE 0.0::DOUBLE END");
        Ok(text)
    }
}

/// Runs such a question.
pub(super) fn clusters(
    connection: &Connection,
    plan: &ClusterPlan,
    question: &Question,
) -> duckdb::Result<Vec<ClusterRow>> {
    let n_keys = plan.rows.group.len();
    let mut statement = connection.prepare_cached(&question.sql)?;
    let mut found = statement.query(params_from_iter(question.values.iter()))?;
    let mut clusters = Vec::new();
    while let Some(row) = found.next()? {
        let bucket_idx: i64 = row.get(0)?;
        let key = (1..=n_keys)
            .map(|idx| row.get(idx))
            .collect::<duckdb::Result<Vec<Option<String>>>>()?;
        clusters.push(ClusterRow {
            bucket_idx: usize::try_from(bucket_idx).unwrap_or(usize::MAX),
            key,
            sums: ClusterSums {
                n: row.get(n_keys + 1)?,
                n_persons: row.get(n_keys + 2)?,
                n_repeaters: row.get(n_keys + 3)?,
                sum: row.get(n_keys + 4)?,
                squares: row.get(n_keys + 5)?,
                person_squares: row.get(n_keys + 6)?,
                person_products: row.get(n_keys + 7)?,
                size_squares: row.get(n_keys + 8)?,
            },
        });
    }
    clusters.sort_by(|a, b| (&a.key, a.bucket_idx).cmp(&(&b.key, b.bucket_idx)));
    Ok(clusters)
}
