//! The plans that the store answers.

use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use jiff::Timestamp;

use super::cohort::CohortQuestion;
use super::fold::{self, Folded};
use super::question::Writing;
use super::{DuckStore, answer, cluster, cohort, period, sheet, stance};
use crate::plan::{
    ClusterPlan, ClusterRow, CohortPlan, Cohorts, DataVersion, Dimension, Filter, PeriodPlan,
    Periods, QuestionSet, RowTime, Sheet, SheetPlan, Stance, StancePlan, Survey, Tallies, Tally,
    TallyError, TallyPlan, anonymous_surveys,
};
use crate::record::RecordKind;
use crate::store::StoreError;

impl DuckStore {
    /// Answers plans that are one question; one that is left open is asked by name.
    fn fold(&self, folded: &Folded<'_>, plans: &[TallyPlan]) -> Result<Vec<Tallies>, TallyError> {
        let found = self.read_rolled("answer plans", |connection, rollup| {
            folded.answer(connection, rollup, &self.dimensions)
        });
        let found = found.and_then(|found| found).map_err(unanswered)?;
        let plans = folded.positions.iter().map(|position| &plans[*position]);
        found
            .into_iter()
            .zip(plans)
            .map(|(tallies, plan)| match tallies {
                Some(tallies) => Ok(tallies),
                None => self.count(&fold::by_name(plan)),
            })
            .collect()
    }

    /// Notes how many values the dimension has that a plan splits by, unless it asks for some.
    fn note_width(&self, plan: &TallyPlan, tallies: &Tallies) {
        let [dimension] = &plan.group[..] else {
            return;
        };
        if plan.filter.names(dimension) {
            return;
        }
        let keys: BTreeSet<_> = tallies.rows.iter().map(|row| &row.key).collect();
        let mut widths = self.widths.lock().unwrap_or_else(PoisonError::into_inner);
        let width = widths.entry((plan.kind, dimension.clone())).or_default();
        *width = keys.len().max(*width);
    }

    /// Answers a plan from rows, by name where persons cannot be told otherwise.
    fn count(&self, plan: &TallyPlan) -> Result<Tallies, TallyError> {
        if let Some(tallies) = self.ask(plan)? {
            return Ok(tallies);
        }
        let named = self.ask(&fold::by_name(plan))?;
        Ok(named.unwrap_or_default())
    }

    /// Answers a plan from rows; `None` where it is open whether persons are enough.
    fn ask(&self, plan: &TallyPlan) -> Result<Option<Tallies>, TallyError> {
        let question = Writing::new(plan.kind, &self.dimensions)
            .tally(plan)
            .map_err(unanswered)?;
        self.read("answer a plan", |connection| {
            answer::tally(connection, plan, &question)
        })
        .map_err(unanswered)
    }
}

impl Tally for DuckStore {
    fn tally(&self, plan: &TallyPlan) -> Result<Tallies, TallyError> {
        let mut answers = self.tally_all(std::slice::from_ref(plan))?;
        Ok(answers.pop().unwrap_or_default())
    }

    fn tally_all(&self, plans: &[TallyPlan]) -> Result<Vec<Tallies>, TallyError> {
        let (folding, others): (Vec<_>, Vec<_>) = plans
            .iter()
            .enumerate()
            .partition(|(_, plan)| fold::is_foldable(plan));
        let folded = fold::folded(folding.into_iter());
        let mut answers: Vec<(usize, Tallies)> = Vec::with_capacity(plans.len());
        // A small question keeps one core busy and much of it is planning: side by side they take
        // as long as the longest. Each thread waits for a reader of its own.
        std::thread::scope(|scope| {
            let folded = folded.iter().map(|folded| {
                scope.spawn(move || -> Result<_, TallyError> {
                    let tallies = self.fold(folded, plans)?;
                    Ok(folded.positions.iter().copied().zip(tallies).collect())
                })
            });
            let folded: Vec<_> = folded.collect();
            let others = others.into_iter().map(|(position, plan)| {
                scope.spawn(move || Ok(vec![(position, self.count(plan)?)]))
            });
            let others: Vec<_> = others.collect();
            for thread in folded.into_iter().chain(others) {
                let found: Result<Vec<(usize, Tallies)>, TallyError> = thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                answers.extend(found?);
            }
            Ok(())
        })?;
        answers.sort_by_key(|(position, _)| *position);
        for (position, tallies) in &answers {
            self.note_width(&plans[*position], tallies);
        }
        Ok(answers.into_iter().map(|(_, tallies)| tallies).collect())
    }

    fn clusters(&self, plan: &ClusterPlan) -> Result<Vec<ClusterRow>, TallyError> {
        // Read before the rows: what is kept may be newer than it says, never older.
        let version = self.version.load(Ordering::Acquire);
        let key = format!("{plan:?}");
        let kept = || self.clusters.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(clusters) = kept().get(&key, version, plan.is_estimate) {
            return Ok(clusters);
        }
        let question = Writing::new(plan.rows.kind, &self.dimensions)
            .clusters(plan)
            .map_err(unanswered)?;
        let clusters = self
            .read("sum over persons", |connection| {
                cluster::clusters(connection, plan, &question)
            })
            .map_err(unanswered)?;
        kept().put(key, version, &clusters);
        Ok(clusters)
    }

    fn cohorts(&self, plan: &CohortPlan) -> Result<Cohorts, TallyError> {
        let mut answers = self.cohorts_all(std::slice::from_ref(plan))?;
        Ok(answers.pop().unwrap_or_default())
    }

    fn cohorts_all(&self, plans: &[CohortPlan]) -> Result<Vec<Cohorts>, TallyError> {
        let writing = |plan: &CohortPlan| Writing::new(plan.rows.kind, &self.dimensions);
        let questions = plans
            .iter()
            .map(|plan| CohortQuestion::new(plan, || writing(plan)))
            .collect::<Result<Vec<_>, _>>()
            .map_err(unanswered)?;
        let found = self.read("match answers with invitations", |connection| {
            cohort::cohorts(connection, plans, &questions)
        });
        found
            .and_then(|cohorts| cohorts.ok_or_else(cohort::too_contested))
            .map_err(unanswered)
    }

    fn question_sets(&self, metric: &str) -> Result<Vec<QuestionSet>, TallyError> {
        // Read before the rows: what is kept may be newer than it says, never older.
        let version = self.version.load(Ordering::Acquire);
        let kept = || {
            self.questions
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some((known, sets)) = kept().get(metric)
            && *known == version
        {
            return Ok(sets.clone());
        }
        let sets = self
            .read_rolled("list questions", |connection, rollup| {
                match rollup.map(|rollup| rollup.question_sets(connection, metric)) {
                    Some(Ok(None)) | None => {
                        answer::question_sets(connection, answer::ANSWERS, metric)
                    }
                    Some(Ok(Some(sets))) => Ok(sets),
                    Some(Err(error)) => Err(error),
                }
            })
            .map_err(unanswered)?;
        let metrics = RecordKind::Response
            .column("metric")
            .map_or(&[][..], |column| column.values);
        if metrics.contains(&metric) {
            kept().insert(metric.to_owned(), (version, sets.clone()));
        }
        Ok(sets)
    }

    fn anonymous_surveys(&self) -> Result<BTreeSet<Survey>, TallyError> {
        // Read before the rows: what is kept may be newer than it says, never older.
        let version = self.version.load(Ordering::Acquire);
        let kept = || (self.anonymous.lock()).unwrap_or_else(PoisonError::into_inner);
        if let Some((known, surveys)) = &*kept()
            && *known == version
        {
            return Ok(surveys.clone());
        }
        let surveys = anonymous_surveys(|plan| self.tally(plan))?;
        *kept() = Some((version, surveys.clone()));
        Ok(surveys)
    }

    fn n_values(&self, kind: RecordKind, dimension: &Dimension) -> Option<usize> {
        let widths = self.widths.lock().unwrap_or_else(PoisonError::into_inner);
        widths.get(&(kind, dimension.clone())).copied()
    }

    fn extent(
        &self,
        kind: RecordKind,
        filter: &Filter,
        time: RowTime,
        as_of: Option<Timestamp>,
    ) -> Result<Option<(Timestamp, Timestamp)>, TallyError> {
        let question = answer::extent_question(kind, &self.dimensions, filter, time, as_of)
            .map_err(unanswered)?;
        self.read("find the extent of rows", |connection| {
            answer::extent(connection, &question)
        })
        .map_err(unanswered)
    }

    fn periods(&self, plan: &PeriodPlan) -> Result<Periods, TallyError> {
        let question = Writing::new(plan.kind, &self.dimensions)
            .periods(plan)
            .map_err(unanswered)?;
        self.read("list the periods of customers", |connection| {
            period::periods(connection, &question)
        })
        .map_err(unanswered)
    }

    fn stances(&self, plan: &StancePlan) -> Result<Vec<Stance>, TallyError> {
        let question = Writing::new(RecordKind::Response, &self.dimensions)
            .stances(plan)
            .map_err(unanswered)?;
        self.read("list the answers of customers", |connection| {
            stance::stances(connection, &question)
        })
        .map_err(unanswered)
    }

    fn sheet(&self, plan: &SheetPlan) -> Result<Sheet, TallyError> {
        let question = Writing::new(plan.kind, &self.dimensions)
            .sheet(plan)
            .map_err(unanswered)?;
        self.read("list single rows", |connection| {
            sheet::sheet(connection, plan, &question)
        })
        .map_err(unanswered)
    }

    fn data_version(&self) -> DataVersion {
        DataVersion(self.version.load(Ordering::Acquire))
    }
}

fn unanswered(error: StoreError) -> TallyError {
    match error {
        StoreError::Deadline { deadline_s } => TallyError::Deadline { deadline_s },
        other => TallyError::Store(Box::new(other)),
    }
}
