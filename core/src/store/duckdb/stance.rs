//! What customers answered, by the account that retention counts.

use duckdb::{Connection, params_from_iter};

use super::question::{Question, Writing};
use super::state::time;
use crate::plan::{Stance, StancePlan};
use crate::store::StoreError;

impl Writing<'_> {
    /// Writes the question for the answers of customers.
    pub(super) fn stances(mut self, plan: &StancePlan) -> Result<Question, StoreError> {
        let base = self.base(plan.as_of);
        let unit = self.unit();
        let rows = self.condition(&plan.rows)?;
        let to = self.bind(time(plan.to));
        let n_rows = plan.answers_max.saturating_add(1);
        Ok(self.finish(format!(
            "SELECT {unit}, epoch_us(r.bucket_time), r.score FROM {base} r \
             WHERE {rows} AND r.score IS NOT NULL AND r.person IS NOT NULL \
             AND NOT coalesce(r.anonymous, false) AND r.bucket_time < {to} LIMIT {n_rows}"
        )))
    }
}

/// Runs the question for the answers of customers.
pub(super) fn stances(connection: &Connection, question: &Question) -> duckdb::Result<Vec<Stance>> {
    connection
        .prepare(&question.sql)?
        .query_map(params_from_iter(question.values.iter()), |row| {
            Ok(Stance {
                customer: row.get(0)?,
                at_us: row.get(1)?,
                score: row.get(2)?,
            })
        })?
        .collect()
}
