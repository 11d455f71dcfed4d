//! Whom a row stands for, and whether those of many rows are enough.

use super::question::Writing;
use crate::plan::Filter;
use crate::record::door::KEY;
use crate::store::StoreError;

/// Bits that persons fall on.
const PERSON_BITS: u32 = 60;

impl Writing<'_> {
    /// Returns whether persons are enough, as a count on the same side; null where it takes their
    /// names to tell. Counting them by name takes a fifth of the time of a question about times.
    pub(super) fn persons_toward(
        &mut self,
        enough: u64,
        among: &Filter,
    ) -> Result<String, StoreError> {
        let among = self.condition(among)?;
        let [alone, bits, named] = person_columns(&self.person());
        let among = format!("FILTER (WHERE {among})");
        let sum = |column: &str| format!("coalesce(sum({column}) {among}, 0)");
        let (alone, named) = (sum(&alone), sum(&named));
        let least = format!("({alone} + coalesce(bit_count(bit_or({bits}) {among}), 0))");
        let most = format!("({alone} + {named})");
        Ok(format!(
            "(CASE WHEN {least} >= {enough} OR {least} = {most} THEN {least} \
             WHEN {most} < {enough} THEN {most} END)::UBIGINT"
        ))
    }

    /// Returns the person of a row, or null for one that stands for itself.
    pub(super) fn person(&mut self) -> String {
        let person = self.named("person");
        match self.kind.column("anonymous") {
            Some(_) => format!(
                "(CASE WHEN {} THEN NULL ELSE {person} END)",
                self.named("anonymous")
            ),
            None => person,
        }
    }

    /// Returns who a row stands for: its person, or itself.
    pub(super) fn someone(&mut self) -> String {
        format!("coalesce({}, {})", self.person(), self.named(KEY))
    }
}

/// Returns, for a row: 1 where it stands alone, the bit of its person, 1 where it has one.
pub(super) fn person_columns(person: &str) -> [String; 3] {
    [
        format!("({person} IS NULL)::UTINYINT"),
        format!(
            "(CASE WHEN {person} IS NULL THEN 0::UBIGINT \
             ELSE 1::UBIGINT << ({person} % {PERSON_BITS})::UBIGINT END)"
        ),
        format!("({person} IS NOT NULL)::UTINYINT"),
    ]
}
