//! Gives each scope of an answer the design effect of its questions.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::plan::{ClusterPlan, Dimension, Filter, Keep, Span, TallyPlan};

use super::cluster::Deff;
use super::desk::Desk;
use super::formula::Measured;
use super::scope::{BranchBy, Scope, Spread, Subject, is_identity};
use super::{DesignEffect, KpiError};

/// How far back the answers lie that a design effect is estimated from.
const YEAR: SignedDuration = SignedDuration::from_hours(365 * 24);

/// Design effects by group and bucket.
type Direct = BTreeMap<(Option<String>, usize), Deff>;

impl Desk<'_> {
    /// Estimates the design effects of the questions that an answer is about.
    ///
    /// # Errors
    /// When the answers of the last year cannot be read.
    pub(super) fn weigh(&self, subject: &mut Subject) -> Result<(), KpiError> {
        let total = self.estimate(&subject.scope, None)?;
        subject.scope.weigh(only(&total));
        for branch in &mut subject.branches {
            let split = match &branch.by {
                BranchBy::Dimension(dimension) if is_identity(dimension) => Some(dimension),
                _ => None,
            };
            if split.is_some() {
                branch.deffs = self.estimate(&branch.scope, split)?;
            } else if branch.scope.spread == subject.scope.spread {
                branch.scope.weigh(subject.scope.deff());
            } else {
                let own = self.estimate(&branch.scope, None)?;
                branch.scope.weigh(only(&own));
            }
        }
        Ok(())
    }

    /// Estimates the design effect of the groups that a split pools, where they are questions of
    /// their own.
    ///
    /// # Errors
    /// As [`Desk::weigh`].
    pub(super) fn weigh_rest(
        &self,
        rest: &mut Scope,
        dimension: &Dimension,
        others: Filter,
    ) -> Result<(), KpiError> {
        if !is_identity(dimension) {
            return Ok(());
        }
        if let Spread::Estimated(questions) = &mut rest.spread {
            *questions = Filter::And(vec![questions.clone(), others]);
        }
        let own = self.estimate(rest, None)?;
        rest.weigh(only(&own));
        Ok(())
    }

    /// Returns the design effect of the unsplit answer, as it is told.
    pub(super) fn effect(
        &self,
        scope: &Scope,
        whole: &Measured,
        as_of: Timestamp,
    ) -> Option<DesignEffect> {
        let as_of = match &scope.spread {
            Spread::Plain => return None,
            Spread::Estimated(_) => self.year_end,
            Spread::Direct => as_of,
        };
        let is_shown = self.shown(whole).value.is_some();
        is_shown.then(|| DesignEffect {
            factor: whole.deff.factor(),
            as_of,
        })
    }

    /// Computes the design effect of each cell of a plan from its own rows.
    ///
    /// # Errors
    /// When the rows cannot be read.
    pub(super) fn direct(&self, scope: &Scope, mut rows: TallyPlan) -> Result<Direct, KpiError> {
        let Some(worth) = scope.formula.worth() else {
            return Ok(Direct::new());
        };
        rows.filter = Filter::And(vec![rows.filter, scope.formula.answered()]);
        rows.measures.clear();
        let plan = ClusterPlan {
            rows,
            worth,
            is_estimate: false,
        };
        let clusters = self.rows.clusters(&plan)?;
        let of = |row: crate::plan::ClusterRow| {
            let value = row.key.into_iter().next().flatten();
            ((value, row.bucket_idx), Deff::of(&row.sums, &plan.worth))
        };
        Ok(clusters.into_iter().map(of).collect())
    }

    /// Estimates by group over the year before today; one group without a split, none where the
    /// scope needs no estimate.
    fn estimate(
        &self,
        scope: &Scope,
        split: Option<&Dimension>,
    ) -> Result<BTreeMap<Option<String>, Deff>, KpiError> {
        let (Spread::Estimated(questions), Some(worth)) = (&scope.spread, scope.formula.worth())
        else {
            return Ok(BTreeMap::new());
        };
        let start = self.year_end.saturating_sub(YEAR).unwrap_or(Timestamp::MIN);
        let plan = ClusterPlan {
            rows: TallyPlan {
                kind: scope.formula.kind(),
                filter: questions.clone(),
                buckets: vec![Span {
                    start,
                    end: self.year_end,
                }],
                time: scope.formula.time(),
                group: split.into_iter().cloned().collect(),
                measures: Vec::new(),
                keep: Keep::All,
                as_of: self.as_of,
                // The same for all answers of a day, so that they share the estimate.
                present: self.year_end,
                clock: self.clock.clone(),
            },
            worth,
            is_estimate: true,
        };
        let of = |row: crate::plan::ClusterRow| {
            let value = row.key.into_iter().next().flatten();
            (value, Deff::estimated(&row.sums, &plan.worth))
        };
        Ok(self.rows.clusters(&plan)?.into_iter().map(of).collect())
    }
}

/// Returns the estimate of an unsplit scope.
fn only(estimates: &BTreeMap<Option<String>, Deff>) -> Deff {
    estimates.get(&None).copied().unwrap_or_default()
}
