//! Sums over persons: what a plan about answers of the same persons asks and gets.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use duckdb::types::Value;
use duckdb::{Connection, params_from_iter};

use super::question::{Question, Writing};
use crate::plan::{ClusterPlan, ClusterRow, ClusterSums, Worth};
use crate::store::StoreError;

/// Most sums that are kept: a wall asks for a dozen question sets.
const KEPT_MAX: usize = 256;

/// Most groups of sums that are kept.
const KEPT_GROUPS_MAX: usize = 64;

/// Rows from which on an estimate is steady: what comes within minutes hardly moves it, while the
/// scan of its rows is felt.
const STEADY_ROWS: u64 = 100_000;

/// How long a steady estimate is kept when there is newer data.
const STEADY_FOR: Duration = Duration::from_secs(600);

/// Sums that were asked for: every answer of a survey asks for those of its questions, and they
/// take a scan of a year of rows.
#[derive(Default)]
pub(super) struct KeptClusters {
    by_plan: HashMap<String, Kept>,
}

struct Kept {
    version: u64,
    at: Instant,
    clusters: Vec<ClusterRow>,
}

impl Kept {
    /// Whether this may be taken for the answer at a data version.
    fn is_good(&self, version: u64, is_estimate: bool) -> bool {
        let is_steady = || {
            let n_rows: u64 = self.clusters.iter().map(|row| row.sums.n).sum();
            n_rows >= STEADY_ROWS && self.at.elapsed() < STEADY_FOR
        };
        self.version == version || is_estimate && is_steady()
    }
}

impl KeptClusters {
    /// Returns what is kept of a plan.
    pub(super) fn get(
        &self,
        key: &str,
        version: u64,
        is_estimate: bool,
    ) -> Option<Vec<ClusterRow>> {
        let kept = self.by_plan.get(key)?;
        kept.is_good(version, is_estimate)
            .then(|| kept.clusters.clone())
    }

    /// Keeps the answer to a plan; the oldest goes when there are too many.
    pub(super) fn put(&mut self, key: String, version: u64, clusters: &[ClusterRow]) {
        if clusters.len() > KEPT_GROUPS_MAX {
            return;
        }
        if self.by_plan.len() >= KEPT_MAX && !self.by_plan.contains_key(&key) {
            let oldest = self.by_plan.iter().min_by_key(|(_, kept)| kept.at);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                self.by_plan.remove(&oldest);
            }
        }
        let kept = Kept {
            version,
            at: Instant::now(),
            clusters: clusters.to_vec(),
        };
        self.by_plan.insert(key, kept);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::ClusterSums;

    fn clusters(n: u64) -> Vec<ClusterRow> {
        vec![ClusterRow {
            bucket_idx: 0,
            key: Vec::new(),
            sums: ClusterSums {
                n,
                ..ClusterSums::default()
            },
        }]
    }

    #[test]
    fn only_estimates_over_many_rows_outlast_the_data_they_are_of() {
        for (n, is_estimate, is_kept) in [
            (STEADY_ROWS, true, true),
            (STEADY_ROWS - 1, true, false),
            (STEADY_ROWS, false, false),
        ] {
            let mut kept = KeptClusters::default();
            kept.put("plan".to_owned(), 7, &clusters(n));
            assert!(kept.get("plan", 7, is_estimate).is_some());
            assert_eq!(kept.get("plan", 8, is_estimate).is_some(), is_kept, "{n}");
        }
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut kept = KeptClusters::default();
        for idx in 0..=KEPT_MAX {
            kept.put(idx.to_string(), 1, &clusters(1));
        }
        assert_eq!(kept.by_plan.len(), KEPT_MAX);
        assert!(kept.get("0", 1, false).is_none(), "the oldest went");
        assert!(kept.get(&KEPT_MAX.to_string(), 1, false).is_some());
    }
}
